//! Late interaction against a computation in NumPy from transformers' hidden states;
//! `tests/golden/oracle/s17_cross_encoder.py` makes the golden figures.

use std::path::PathBuf;

use super::*;
use crate::models::{Scorer as _, ScorerConfig};

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<(String, String)>,
    late_prefixes: [String; 2],
    late: Vec<Late>,
}

#[derive(Deserialize)]
struct Late {
    name: String,
    scores: Vec<f32>,
}

fn golden() -> Golden {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/cross_encoder_tiny.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect()
}

#[test]
fn every_family_gives_what_numpy_gives() {
    let (tiny, golden) = (tiny(), golden());
    let [query, document] = &golden.late_prefixes;
    for (model, late) in tiny.models.iter().zip(&golden.late) {
        assert_eq!(model.name, late.name);
        let folder = tiny.folder(model);
        let encoder = Encoder::load(folder.path()).unwrap();
        let max_sim = LateInteraction::new(encoder, query, document);
        let scores = max_sim.score(&borrowed(&golden.pairs)).unwrap();
        let worst = largest_difference(&scores, &late.scores);
        assert!(worst < 1e-5, "{}: {worst}", model.name);
    }
}

#[test]
fn a_score_depends_on_its_own_pair_only_and_not_on_the_threads() {
    let (tiny, golden) = (tiny(), golden());
    let folder = tiny.folder(&tiny.models[0]);
    let max_sim = LateInteraction::new(Encoder::load(folder.path()).unwrap(), "", "");
    // Every query with every passage: both are shared, and come in an order of their own.
    let pairs = borrowed(&golden.pairs);
    let crossed: Vec<(&str, &str)> = pairs
        .iter()
        .flat_map(|(_, passage)| pairs.iter().map(|(query, _)| (*query, *passage)))
        .collect();
    let together = max_sim.score(&crossed).unwrap();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let again = pool.build().unwrap().install(|| max_sim.score(&crossed));
        assert_eq!(again.unwrap(), together, "{threads}");
    }
    for (pair, score) in crossed.iter().zip(&together) {
        assert_eq!(max_sim.score(&[*pair]).unwrap(), [*score]);
    }
    assert!(max_sim.score(&[]).unwrap().is_empty());
}

#[test]
fn a_text_meets_itself_fully_and_nothing_not_at_all() {
    let tiny = tiny();
    for model in &tiny.models {
        let folder = tiny.folder(model);
        let max_sim = LateInteraction::new(Encoder::load(folder.path()).unwrap(), "", "");
        let text = tiny.texts[0].as_str();
        let scores = max_sim.score(&[(text, text), (text, ""), ("", text), ("", "")]);
        let scores = scores.unwrap();
        assert!(
            (scores[0] - 1.0).abs() < 1e-6,
            "{}: {}",
            model.name,
            scores[0]
        );
        assert_eq!(scores[1..], [0.0; 3], "{}", model.name);
    }
}

#[test]
fn a_config_names_the_folder_and_what_is_put_before_texts() {
    let (tiny, golden) = (tiny(), golden());
    let folder = tiny.folder(&tiny.models[0]);
    let open = |prefixes: &str| {
        let text = format!(
            "late = {{ model = '{}', {prefixes} }}",
            folder.path().display()
        );
        let config: ScorerConfig = toml::from_str(&text).unwrap();
        config.validate().unwrap();
        assert_eq!(config.name(), "late");
        config.open().unwrap()
    };
    let prefixed = open("device = 'cpu', query_prefix = 'q: ', document_prefix = 'p: '");
    let scores = prefixed.scorer.score(&borrowed(&golden.pairs)).unwrap();
    assert!(largest_difference(&scores, &golden.late[0].scores) < 1e-5);
    let others = [
        "device = 'cpu'",
        "query_prefix = 'p: ', document_prefix = 'q: '",
    ];
    for other in others.map(open) {
        assert_ne!(prefixed.digest, other.digest);
        assert_ne!(
            other.scorer.score(&borrowed(&golden.pairs)).unwrap(),
            scores
        );
    }
}

#[test]
fn vectors_that_are_not_numbers_are_an_error() {
    let tiny = tiny();
    let folder = tiny.folder(&tiny.models[0]);
    write_weights(folder.path(), &tiny.models[0].tensors, |tensor| {
        (tensor * f64::NAN).unwrap()
    });
    let max_sim = LateInteraction::new(Encoder::load(folder.path()).unwrap(), "", "");
    assert_eq!(
        max_sim
            .score(&[("ships", "the sea")])
            .unwrap_err()
            .to_string(),
        "the encoder gives token vectors that are not numbers; fetch its weights again"
    );
}

#[derive(Deserialize)]
struct MiniLm {
    pairs: Vec<(String, String)>,
    scores: Vec<f32>,
    /// Claim, abstract, score.
    scifact: Vec<(String, String, f32)>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// The texts of a file of SciFact by id, where it is there.
fn scifact(name: &str) -> Option<HashMap<String, Row>> {
    let folder = PathBuf::from(std::env::var_os("RAGKIT_DATA")?);
    let text = fs::read_to_string(folder.join("rag/scifact_beir").join(name)).ok()?;
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(rows.map(|row: Row| (row.id.clone(), row)).collect())
}

#[test]
#[expect(clippy::print_stderr, reason = "tells what was not tested")]
fn mini_lm_gives_what_numpy_gives() {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/late_minilm.json"
    ));
    let golden: MiniLm = serde_json::from_str(text).unwrap();
    let models = std::env::var("RAGKIT_MODELS").unwrap_or_else(|_| "models".into());
    let folder = Path::new(&models).join("all-MiniLM-L6-v2");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no encoder in `{models}`; fetch it with `just model`");
        return;
    }
    let max_sim = LateInteraction::new(Encoder::load(&folder).unwrap(), "", "");
    let scores = max_sim.score(&borrowed(&golden.pairs)).unwrap();
    let worst = largest_difference(&scores, &golden.scores);
    assert!(worst < 2e-6, "{worst}");
    let (Some(claims), Some(abstracts)) = (scifact("queries.jsonl"), scifact("corpus.jsonl"))
    else {
        eprintln!("SKIPPED: SciFact; set RAGKIT_DATA");
        return;
    };
    let pairs = golden.scifact.iter().map(|(claim, passage, _)| {
        let passage = &abstracts[passage];
        let passage = format!("{} {}", passage.title, passage.text);
        (claims[claim].text.clone(), passage)
    });
    let pairs: Vec<(String, String)> = pairs.collect();
    let expected: Vec<f32> = golden.scifact.iter().map(|(_, _, score)| *score).collect();
    let scores = max_sim.score(&borrowed(&pairs)).unwrap();
    let worst = largest_difference(&scores, &expected);
    assert!(worst < 2e-6, "{worst}");
    for (pair, score) in borrowed(&pairs).iter().zip(&scores) {
        assert_eq!(max_sim.score(&[*pair]).unwrap(), [*score]);
    }
}
