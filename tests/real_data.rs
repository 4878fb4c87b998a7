//! Real data, against figures that others reached on the same files (`golden/README.md`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::eval_in_checkout;

/// The folder of the real data: `$RAGKIT_DATA`, or `../shared/data`. Says plainly where there is none.
pub fn data_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("RAGKIT_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no real data in `{}`; set RAGKIT_DATA",
        folder.display()
    );
    None
}

/// The folder of the encoder. Says plainly where there is none.
pub fn model_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let models = std::env::var_os("RAGKIT_MODELS").map_or(beside, PathBuf::from);
    let folder = models.join("all-MiniLM-L6-v2");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no encoder in `{}`; fetch it with `just model`",
        folder.display()
    );
    None
}

/// Runs a config of `configs/` in a sandbox and looks figures up by variant and metric.
fn eval(data: &Path, config: &str, cache: Option<&Path>) -> impl Fn(&str, &str) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragkit"));
    let result = eval_in_checkout(command.env("RAGKIT_DATA", data), &[], config, cache);
    move |variant, metric| {
        let rows = result["summary"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|r| r["variant"] == variant && r["metric"] == metric && r["slice"] == "all");
        row.unwrap_or_else(|| panic!("no {metric} of {variant}"))["mean"]
            .as_f64()
            .unwrap()
    }
}

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{value} is not {expected} ± {tolerance}"
    );
}

#[test]
fn scifact_is_where_others_are() {
    let Some(data) = data_folder() else { return };
    let of = eval(
        &data,
        "configs/scifact.toml --variants bm25,lsa,hybrid",
        None,
    );
    // bm25s 0.3.16 with the same tokens: equal but for rounding.
    near(of("bm25", "nDCG@10"), 0.685_71, 5e-5);
    near(of("bm25", "R@100"), 0.920_89, 5e-5);
    near(of("bm25", "RR"), 0.654_87, 5e-5);
    near(of("bm25", "AP"), 0.644_65, 5e-5);
    // scikit-learn's LSA: .5956, .5909, .5946 by seed and .5908 by an exact decomposition; R@100 .8983, exact .9050.
    near(of("lsa", "nDCG@10"), 0.593, 0.006);
    assert!(of("lsa", "nDCG@10") >= 0.590 && of("lsa", "R@100") >= 0.895);
    // The two lists fused by NumPy: .6381 / .9160, between .624 and .651 by the order of ties alone.
    assert!(of("hybrid", "nDCG@10") >= 0.635 && of("hybrid", "R@100") >= 0.915);
}

/// The encoder's figures, where its vectors are in this checkout's cache already: to embed SciFact takes minutes.
#[test]
fn scifact_with_the_encoder_is_where_sentence_transformers_is() {
    let Some(data) = data_folder() else { return };
    let Some(_) = model_folder() else { return };
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ragkit");
    let embedded = std::fs::read_dir(cache.join("embeddings"))
        .into_iter()
        .flatten()
        .flatten();
    // 5,183 vectors of 384 f32, each with a key and a checksum.
    if !embedded
        .into_iter()
        .any(|file| file.metadata().unwrap().len() >= 5_183 * (384 * 4 + 40))
    {
        eprintln!(
            "SKIPPED: SciFact is not embedded yet; run `ragkit eval configs/scifact.toml` in this checkout"
        );
        return;
    }
    let of = eval(
        &data,
        "configs/scifact.toml --variants minilm,minilm_hnsw,hybrid_minilm",
        Some(&cache),
    );
    // sentence-transformers 6.2 with exact search; reciprocal rank fusion of its lists and BM25's.
    near(of("minilm", "nDCG@10"), 0.6451, 0.001);
    near(of("minilm", "R@100"), 0.9250, 0.001);
    near(of("minilm", "RR"), 0.6110, 0.001);
    near(of("minilm_hnsw", "nDCG@10"), of("minilm", "nDCG@10"), 0.002);
    assert!(of("minilm_hnsw", "ANN-R@50") >= 0.99);
    assert!(of("hybrid_minilm", "nDCG@10") >= 0.705 && of("hybrid_minilm", "R@100") >= 0.940);
}

#[test]
fn cranfield_is_where_others_are() {
    let Some(data) = data_folder() else { return };
    let of = eval(&data, "configs/cranfield.toml", None);
    // bm25s 0.3.16 with the same tokens.
    near(of("bm25", "AP"), 0.420_52, 5e-5);
    near(of("bm25", "nDCG@10"), 0.521_54, 5e-5);
    near(of("bm25", "R@100"), 0.755_09, 5e-5);
    near(of("bm25", "P@10"), 0.307_11, 5e-5);
    near(of("bm25", "RR"), 0.809_82, 5e-5);
}

#[test]
fn the_real_copies_are_what_their_cards_say() {
    let Some(data) = data_folder() else { return };
    let output = Command::new(env!("CARGO_BIN_EXE_ragkit"))
        .args(["data", "verify", "scifact", "cranfield"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RAGKIT_DATA", data)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    // Cranfield judges no document that is not there; SciFact neither.
    assert!(
        output.status.success() && !shown.contains("FAIL"),
        "{shown}"
    );
}

#[test]
fn german_questions_are_answered_as_bm25s_answers_them() {
    let Some(data) = data_folder() else { return };
    let of = eval(&data, "configs/xquad_german.toml", None);
    // By oracle/s15_german.py.
    near(of("english", "nDCG@10"), 0.9339, 0.0002);
    near(of("german", "nDCG@10"), 0.9476, 0.0002);
    near(of("german_unstemmed", "nDCG@10"), 0.9245, 0.0002);
}

/// Figures of `oracle/s20_rag_answers.py`, which computes them anew from the raw data and from the answers.
#[test]
fn extracted_answers_score_what_other_tools_make_of_them() {
    let Some(data) = data_folder() else { return };
    let golden = crate::golden::golden("rag_answers");
    let of = eval(&data, "configs/xquad_answers.toml", None);
    let means = &golden["overlap"]["xquad"]["F1"]["means"];
    for variant in ["words", "one_sentence", "feedback", "top1"] {
        near(of(variant, "F1"), means[variant].as_f64().unwrap(), 1e-6);
    }
    let rm3 = golden["rm3"]["xquad"]["nDCG@10"].as_f64().unwrap();
    near(of("feedback", "nDCG@10"), rm3, 1e-6);
    near(of("words", "ContextRecall"), 0.99, 0.01);
}

/// RAGChecker's people prefer one of two answers: so do the metrics, as often as `oracle/s18_answers.py` finds it of the texts as they are
/// (here without their citation marks).
#[test]
fn scores_of_answers_prefer_what_people_prefer() {
    let Some(data) = data_folder() else { return };
    let golden = crate::golden::golden("answers");
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| -> serde_json::Value {
        let output = Command::new(env!("CARGO_BIN_EXE_ragkit"))
            .args(arguments.split_whitespace())
            .args(["--format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("RAGKIT_DATA", &data)
            .env("RAGKIT_CACHE", folder.path().join("cache"))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let reports = folder.path().join("reports");
    let result = run(&format!(
        "eval configs/ragchecker.toml --reports {}",
        reports.display()
    ));
    let of = result["run"].as_str().unwrap();
    let compared = run(&format!(
        "compare {of}:model1 {of}:model2 --preference overall --slices="
    ));
    let found = compared["pairs"][0]["agreements"].as_array().unwrap();
    for metric in ["F1", "ROUGE-L"] {
        let row = found.iter().find(|row| row["metric"] == metric).unwrap();
        let expected = &golden["ragchecker_meta"]["figures"][metric]["overall"]["pairs"];
        for (figure, name) in [("pearson", "pearson"), ("spearman", "spearman")] {
            let value = row[figure]["value"].as_f64().unwrap();
            near(value, expected[name].as_f64().unwrap(), 0.03);
            assert!(row[figure]["ci_low"].as_f64().unwrap() > 0.3);
        }
    }
}

#[test]
fn chunkings_cover_what_they_were_found_to_cover() {
    let (Some(data), Some(_)) = (data_folder(), model_folder()) else {
        return;
    };
    let of = eval(&data, "configs/chunking.toml", None);
    // Recomputed from the chunks by oracle/spans.py.
    for (variant, ndcg, per_token) in [
        ("whole", 0.9742, 0.0005),
        ("fixed_64", 0.8406, 0.0278),
        ("fixed_500", 0.9603, 0.0038),
        ("structure_256", 0.9627, 0.0101),
        ("hierarchical_128", 0.9308, 0.0180),
    ] {
        near(of(variant, "SpanNDCG@10"), ndcg, 0.002);
        near(of(variant, "SpanYield@10"), per_token, 0.0003);
    }
    near(of("whole", "SpanR@500tok"), 0.0, 1e-12);
    near(of("whole", "nDCG@10"), of("whole", "SpanNDCG@10"), 1e-9);
}
