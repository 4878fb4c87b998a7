//! The encoder against transformers and sentence-transformers; `tests/golden/oracle` makes the golden figures.

mod classifier;
mod failures;
mod heads;
mod late_interaction;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device as Place, Tensor, safetensors};
use fs_err as fs;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::failures::failure;
use super::made::{self, write_weights};
use super::*;

#[derive(Deserialize)]
struct Tiny {
    texts: Vec<String>,
    tokenizers: BTreeMap<String, Value>,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    tokenizer: String,
    files: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    ids: Vec<Vec<u32>>,
    pooled: Vec<Vec<f32>>,
    /// The token vectors of the second text.
    tokens: Vec<f32>,
}

fn tiny() -> Tiny {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/encoder_tiny.json"
    ));
    serde_json::from_str(text).unwrap()
}

impl Tiny {
    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    /// A folder with one of the models in it.
    fn folder(&self, model: &Model) -> TempDir {
        made::folder(
            &model.files,
            &self.tokenizers[&model.tokenizer],
            &model.tensors,
        )
    }
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - right).abs())
        .fold(0.0, f32::max)
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix
        .values()
        .iter()
        .map(|value| value.to_bits())
        .collect()
}

#[test]
fn every_family_gives_what_the_reference_gives() {
    let tiny = tiny();
    for model in &tiny.models {
        let folder = tiny.folder(model);
        let encoder = Encoder::load(folder.path()).unwrap();
        let ids: Vec<Vec<u32>> = encoder
            .tokeniser
            .encode(&tiny.texts())
            .unwrap()
            .into_iter()
            .map(|sequence| sequence.ids)
            .collect();
        assert_eq!(ids, model.ids, "{}", model.name);
        let tokens = encoder.token_vectors(&tiny.texts()).unwrap();
        let worst = largest_difference(tokens[1].values(), &model.tokens);
        assert!(worst < 1e-5, "{}: tokens differ by {worst}", model.name);
        let pooled = encoder.pooled(&tiny.texts()).unwrap();
        for (row, golden) in model.pooled.iter().enumerate() {
            let worst = largest_difference(pooled.row(row), golden);
            assert!(worst < 1e-5, "{} {row}: {worst}", model.name);
        }
    }
}

#[test]
fn a_row_depends_on_its_own_text_only_and_not_on_the_threads() {
    let tiny = tiny();
    // Enough texts for several batches.
    let texts = tiny.texts().repeat(12);
    for model in &tiny.models {
        let folder = tiny.folder(model);
        let encoder = Encoder::load(folder.path()).unwrap();
        let together = encoder.embed(&texts).unwrap();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let again = pool.install(|| encoder.embed(&texts).unwrap());
            assert_eq!(bits(&again), bits(&together), "{} {threads}", model.name);
        }
        for (row, text) in texts.iter().enumerate().take(4) {
            let alone = encoder.embed(&[text]).unwrap();
            let bits_of = |row: &[f32]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits_of(alone.row(0)), bits_of(together.row(row)));
            let norm: f32 = alone.row(0).iter().map(|value| value * value).sum();
            assert!((norm - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn half_precision_weights_are_read_as_what_they_hold() {
    let tiny = tiny();
    let model = &tiny.models[0];
    for dtype in [DType::F16, DType::BF16] {
        let halved = tiny.folder(model);
        write_weights(halved.path(), &model.tensors, |tensor| {
            tensor.to_dtype(dtype).unwrap()
        });
        let rounded = tiny.folder(model);
        write_weights(rounded.path(), &model.tensors, |tensor| {
            let halved = tensor.to_dtype(dtype).unwrap();
            halved.to_dtype(DType::F32).unwrap()
        });
        let [halved, rounded] = [&halved, &rounded].map(|folder| {
            let encoder = Encoder::load(folder.path()).unwrap();
            (encoder.embed(&tiny.texts()).unwrap(), encoder.digest)
        });
        assert_eq!(bits(&halved.0), bits(&rounded.0));
        assert_ne!(halved.1, rounded.1);
    }
}

#[test]
fn split_files_old_names_and_bare_folders_are_read() {
    let tiny = tiny();
    let model = &tiny.models[0];
    let embedded =
        |folder: &Path| bits(&Encoder::load(folder).unwrap().embed(&tiny.texts()).unwrap());
    let folder = tiny.folder(model);
    let expected = embedded(folder.path());

    let whole = folder.path().join("model.safetensors");
    let mut first = safetensors::load(&whole, &Place::Cpu).unwrap();
    for (new, old) in [("weight", "gamma"), ("bias", "beta")] {
        let tensor = first
            .remove(&format!("embeddings.LayerNorm.{new}"))
            .unwrap();
        first.insert(format!("embeddings.LayerNorm.{old}"), tensor);
    }
    let second: HashMap<String, Tensor> = first
        .extract_if(|name, _| name.starts_with("encoder."))
        .collect();
    let mut map = serde_json::Map::new();
    for (name, tensors) in [("a.safetensors", &first), ("b.safetensors", &second)] {
        safetensors::save(tensors, folder.path().join(name)).unwrap();
        map.extend(tensors.keys().map(|key| (key.clone(), json!(name))));
    }
    let index = folder.path().join("model.safetensors.index.json");
    fs::write(&index, json!({ "weight_map": map }).to_string()).unwrap();
    fs::remove_file(whole).unwrap();
    assert_eq!(embedded(folder.path()), expected);

    // Without module files tokens are averaged, as this model's module files say too.
    fs::remove_file(folder.path().join("modules.json")).unwrap();
    fs::remove_file(folder.path().join("sentence_bert_config.json")).unwrap();
    fs::write(
        folder.path().join("tokenizer_config.json"),
        r#"{"model_max_length": 1e30}"#,
    )
    .unwrap();
    let encoder = Encoder::load(folder.path()).unwrap();
    let [short, long] =
        [1, 3].map(|row| encoder.token_vectors(&[&tiny.texts[row]]).unwrap()[0].rows());
    assert_eq!((short, long), (model.ids[1].len(), 96));
    let rows = encoder.embed(&tiny.texts()[..3]).unwrap();
    assert_eq!(bits(&rows), expected[..3 * 32]);

    fs::write(&index, "{}").unwrap();
    assert_eq!(
        failure(folder.path()),
        "`M/model.safetensors.index.json` has no `weight_map` that names a file; fetch it again"
    );
}

#[test]
fn a_text_without_tokens_gets_zeros() {
    let tiny = tiny();
    let folder = tiny.folder(&tiny.models[0]);
    let mut tokenizer = tiny.tokenizers["wordpiece"].clone();
    tokenizer["post_processor"] = Value::Null;
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let encoder = Encoder::load(folder.path()).unwrap();
    let rows = encoder.embed(&["", "the sea", ""]).unwrap();
    assert!(
        rows.row(0)
            .iter()
            .chain(rows.row(2))
            .all(|value| *value == 0.0)
    );
    assert_eq!(rows.row(1), encoder.embed(&["the sea"]).unwrap().row(0));
    assert_eq!(encoder.embed(&[""]).unwrap().row(0), rows.row(0));
    assert_eq!(encoder.embed(&[]).unwrap().rows(), 0);
}

#[test]
fn the_digest_follows_every_file_that_matters() {
    let tiny = tiny();
    let folder = tiny.folder(&tiny.models[0]);
    let digest = |folder: &Path| Encoder::load(folder).unwrap().digest().to_owned();
    let before = digest(folder.path());
    assert_eq!(before, digest(tiny.folder(&tiny.models[0]).path()));
    let path = folder.path().join("1_Pooling/config.json");
    fs::write(&path, r#"{"pooling_mode": "max"}"#).unwrap();
    assert_ne!(before, digest(folder.path()));
}

#[derive(Deserialize)]
struct MiniLm {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
}

#[test]
#[expect(clippy::print_stderr, reason = "tells what was not tested")]
fn mini_lm_gives_what_sentence_transformers_gives() {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/encoder_minilm.json"
    ));
    let golden: MiniLm = serde_json::from_str(text).unwrap();
    let models = std::env::var("RAGKIT_MODELS").unwrap_or_else(|_| "models".into());
    let folder = Path::new(&models).join("all-MiniLM-L6-v2");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no encoder in `{models}`; fetch it with `just model`");
        return;
    }
    let encoder = Encoder::load(&folder).unwrap();
    let texts: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    let rows = encoder.embed(&texts).unwrap();
    for (row, vector) in golden.vectors.iter().enumerate() {
        let cosine: f64 = rows
            .row(row)
            .iter()
            .zip(vector)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
        assert!(cosine > 0.999_999, "{row}: {cosine}");
        assert!(largest_difference(rows.row(row), vector) < 1e-6);
        let alone = encoder.embed(&texts[row..=row]).unwrap();
        assert_eq!(alone.row(0), rows.row(row));
    }
}
