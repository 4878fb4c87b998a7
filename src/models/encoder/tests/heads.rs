//! Heads over sequences and over tokens, of all families, against transformers; `tests/golden/oracle/s23_classifier.py` makes
//! the golden figures.

mod failures;

use super::*;

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<(String, String)>,
    texts: Vec<String>,
    models: Vec<Classifier>,
}

#[derive(Deserialize)]
struct Classifier {
    name: String,
    tokenizer: String,
    head: HeadKind,
    files: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    /// How far the reference is from itself in f32.
    f32_error: f32,
    pair_ids: Vec<Vec<u32>>,
    /// Of a head over sequences.
    #[serde(default)]
    pair_logits: Vec<Vec<f32>>,
    #[serde(default)]
    text_logits: Vec<Vec<f32>>,
    /// Of a head over tokens: those of the second texts.
    #[serde(default)]
    pairs: Vec<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<(usize, usize)>,
    logits: Vec<Vec<f32>>,
}

fn golden() -> (Golden, BTreeMap<String, Value>) {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/faithfulness_classifier.json"
    ));
    (serde_json::from_str(text).unwrap(), tiny().tokenizers)
}

impl Golden {
    fn pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(a, b)| (a.as_str(), b.as_str())).collect()
    }

    fn of(&self, kind: HeadKind) -> impl Iterator<Item = &Classifier> {
        self.models.iter().filter(move |model| model.head == kind)
    }

    fn named(&self, name: &str) -> &Classifier {
        self.models.iter().find(|one| one.name == name).unwrap()
    }
}

impl Classifier {
    fn folder(&self, tokenizers: &BTreeMap<String, Value>) -> TempDir {
        made::folder(&self.files, &tokenizers[&self.tokenizer], &self.tensors)
    }
}

fn sequences(folder: &Path) -> anyhow::Result<SequenceClassifier> {
    SequenceClassifier::load_on(folder, Device::Cpu)
}

fn tokens(folder: &Path) -> anyhow::Result<TokenClassifier> {
    TokenClassifier::load_on(folder, Device::Cpu)
}

fn assert_rows(matrix: &Matrix, golden: &[Vec<f32>], model: &Classifier) {
    let name = &model.name;
    assert_eq!(matrix.rows(), golden.len(), "{name}");
    for (row, golden) in golden.iter().enumerate() {
        let worst = largest_difference(matrix.row(row), golden);
        assert!(worst < model.f32_error.max(2e-5), "{name} {row}: {worst}");
    }
}

#[test]
fn heads_over_sequences_give_what_the_reference_gives() {
    let (golden, tokenizers) = golden();
    let texts: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    for model in golden.of(HeadKind::Sequence) {
        let folder = model.folder(&tokenizers);
        assert_eq!(HeadKind::of(folder.path()).unwrap(), HeadKind::Sequence);
        let classifier = sequences(folder.path()).unwrap();
        let read = classifier.tokeniser.encode_pairs(&golden.pairs()).unwrap();
        let ids: Vec<Vec<u32>> = read.into_iter().map(|sequence| sequence.ids).collect();
        assert_eq!(ids, model.pair_ids, "{}", model.name);
        let logits = classifier.logits_of_pairs(&golden.pairs()).unwrap();
        assert_rows(&logits, &model.pair_logits, model);
        let logits = classifier.logits(&texts).unwrap();
        assert_rows(&logits, &model.text_logits, model);
    }
}

#[test]
fn heads_over_tokens_give_what_the_reference_gives() {
    let (golden, tokenizers) = golden();
    for model in golden.of(HeadKind::Token) {
        let folder = model.folder(&tokenizers);
        assert_eq!(HeadKind::of(folder.path()).unwrap(), HeadKind::Token);
        let classifier = tokens(folder.path()).unwrap();
        let found = classifier.logits_of_pairs(&golden.pairs()).unwrap();
        for ((found, golden), (_, text)) in found.iter().zip(&model.pairs).zip(golden.pairs()) {
            let places: Vec<(usize, usize)> = found
                .tokens
                .iter()
                .map(|token| (token.start, token.end))
                .collect();
            assert_eq!(places, golden.tokens, "{} {text}", model.name);
            assert!(
                found
                    .tokens
                    .iter()
                    .all(|token| text.get(token.clone()).is_some())
            );
            assert_rows(&found.logits, &golden.logits, model);
        }
    }
}

#[test]
fn a_row_depends_on_its_own_pair_only_and_not_on_the_threads() {
    let (golden, tokenizers) = golden();
    // Enough pairs for several batches.
    let pairs = golden.pairs().repeat(4);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap()
    };
    for model in &golden.models {
        let folder = model.folder(&tokenizers);
        if model.head == HeadKind::Sequence {
            let classifier = sequences(folder.path()).unwrap();
            let together = classifier.logits_of_pairs(&pairs).unwrap();
            for threads in [1, 3] {
                let again = with(threads).install(|| classifier.logits_of_pairs(&pairs));
                assert_eq!(bits(&again.unwrap()), bits(&together), "{}", model.name);
            }
            for (row, pair) in pairs.iter().enumerate().take(golden.pairs.len()) {
                let alone = classifier.logits_of_pairs(&[*pair]).unwrap();
                assert_eq!(alone.row(0), together.row(row), "{}", model.name);
            }
        } else {
            let classifier = tokens(folder.path()).unwrap();
            let together = classifier.logits_of_pairs(&pairs).unwrap();
            for threads in [1, 3] {
                let again = with(threads).install(|| classifier.logits_of_pairs(&pairs));
                assert_eq!(again.unwrap(), together, "{}", model.name);
            }
            for (row, pair) in pairs.iter().enumerate().take(golden.pairs.len()) {
                let alone = classifier.logits_of_pairs(&[*pair]).unwrap();
                assert_eq!(alone, together[row..=row], "{}", model.name);
            }
            assert!(classifier.logits_of_pairs(&[]).unwrap().is_empty());
        }
    }
}

#[test]
fn labels_and_problem_types_are_read() {
    let (golden, tokenizers) = golden();
    for name in ["modernbert-token", "deberta-v3"] {
        let model = golden.named(name);
        let folder = model.folder(&tokenizers);
        let read = || match model.head {
            HeadKind::Sequence => {
                let read = sequences(folder.path()).unwrap();
                (read.labels().to_vec(), read.is_multi_label())
            }
            HeadKind::Token => {
                let read = tokens(folder.path()).unwrap();
                (read.labels().to_vec(), read.is_multi_label())
            }
        };
        let mut config = model.files["config.json"].clone();
        assert_eq!(read().0[1], config["id2label"]["1"].as_str().unwrap());
        assert!(!read().1);
        config["id2label"] = Value::Null;
        config["problem_type"] = json!("multi_label_classification");
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        assert_eq!(read().0[1], "LABEL_1");
        assert!(read().1);
    }
}

#[test]
fn texts_without_a_limit_may_be_long_where_positions_are_no_table() {
    let (golden, tokenizers) = golden();
    let long = "rivers and bridges stand in the passage ".repeat(40);
    for (name, unlimited) in [
        ("deberta-v3", 64),
        ("modernbert", 128),
        ("deberta-v2-apart", 96),
    ] {
        let model = golden.named(name);
        let folder = model.folder(&tokenizers);
        let limit = |limit: Value| {
            let settings = json!({ "model_max_length": limit }).to_string();
            fs::write(folder.path().join("tokenizer_config.json"), settings).unwrap();
            let classifier = sequences(folder.path()).unwrap();
            let special = classifier.tokeniser.special(true).unwrap();
            let logits = classifier.logits_of_pairs(&[(&long, "the sea")]).unwrap();
            assert!(logits.values().iter().all(|logit| logit.is_finite()));
            classifier.pair_tokens() + special
        };
        assert_eq!(limit(json!(1e30)), unlimited, "{name}");
        let said = if name == "deberta-v2-apart" { 96 } else { 300 };
        assert_eq!(limit(json!(300)), said, "{name}");
    }
}
