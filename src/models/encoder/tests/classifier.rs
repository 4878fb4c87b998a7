//! Classifiers and cross-encoders against transformers; `tests/golden/oracle/s17_cross_encoder.py` makes the golden figures.

use super::*;
use crate::models::{CrossEncoder, Label, Scorer as _, ScorerConfig};

#[derive(Deserialize)]
struct Golden {
    pairs: Vec<(String, String)>,
    texts: Vec<String>,
    /// The label that the scores of models with several are of.
    chosen: usize,
    models: Vec<Classifier>,
}

#[derive(Deserialize)]
struct Classifier {
    name: String,
    tokenizer: String,
    files: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    pair_ids: Vec<Vec<u32>>,
    /// Empty where the family has no types.
    pair_types: Vec<Vec<u32>>,
    pair_logits: Vec<Vec<f32>>,
    text_logits: Vec<Vec<f32>>,
    scores: Vec<f32>,
}

fn golden() -> (Golden, BTreeMap<String, Value>) {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/cross_encoder_tiny.json"
    ));
    (serde_json::from_str(text).unwrap(), tiny().tokenizers)
}

impl Golden {
    fn pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(a, b)| (a.as_str(), b.as_str())).collect()
    }

    fn named(&self, name: &str) -> &Classifier {
        self.models.iter().find(|one| one.name == name).unwrap()
    }

    /// What chooses the label of the scores.
    fn label(&self, model: &Classifier) -> Option<Label> {
        (model.pair_logits[0].len() > 1).then_some(Label::Number(self.chosen))
    }
}

impl Classifier {
    fn folder(&self, tokenizers: &BTreeMap<String, Value>) -> TempDir {
        made::folder(&self.files, &tokenizers[&self.tokenizer], &self.tensors)
    }
}

fn load(folder: &Path) -> anyhow::Result<SequenceClassifier> {
    SequenceClassifier::load_on(folder, Device::Cpu)
}

fn assert_rows(matrix: &Matrix, golden: &[Vec<f32>], name: &str) {
    assert_eq!(matrix.rows(), golden.len());
    for (row, golden) in golden.iter().enumerate() {
        let worst = largest_difference(matrix.row(row), golden);
        assert!(worst < 2e-5, "{name} {row}: {worst}");
    }
}

#[test]
fn every_family_gives_the_logits_and_scores_that_the_reference_gives() {
    let (golden, tokenizers) = golden();
    let pairs = golden.pairs();
    let texts: Vec<&str> = golden.texts.iter().map(String::as_str).collect();
    for model in &golden.models {
        let folder = model.folder(&tokenizers);
        let classifier = load(folder.path()).unwrap();
        for (place, sequence) in classifier
            .tokeniser
            .encode_pairs(&pairs)
            .unwrap()
            .iter()
            .enumerate()
        {
            assert_eq!(
                sequence.ids, model.pair_ids[place],
                "{} {place}",
                model.name
            );
            let types = &model.pair_types[place];
            assert!(
                types.is_empty() || sequence.types == *types,
                "{} {place}",
                model.name
            );
        }
        let logits = classifier.logits_of_pairs(&pairs).unwrap();
        assert_rows(&logits, &model.pair_logits, &model.name);
        let logits = classifier.logits(&texts).unwrap();
        assert_rows(&logits, &model.text_logits, &model.name);

        let cross = CrossEncoder::new(classifier, golden.label(model).as_ref()).unwrap();
        let scores = cross.score(&pairs).unwrap();
        let worst = largest_difference(&scores, &model.scores);
        assert!(worst < 5e-5, "{}: {worst}", model.name);
    }
}

#[test]
fn a_score_depends_on_its_own_pair_only_and_not_on_the_threads() {
    let (golden, tokenizers) = golden();
    // Enough pairs for several batches.
    let pairs = golden.pairs().repeat(6);
    for model in &golden.models {
        let folder = model.folder(&tokenizers);
        let classifier = load(folder.path()).unwrap();
        let cross = CrossEncoder::new(classifier, golden.label(model).as_ref()).unwrap();
        let together = cross.score(&pairs).unwrap();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let again = pool.build().unwrap().install(|| cross.score(&pairs));
            assert_eq!(again.unwrap(), together, "{} {threads}", model.name);
        }
        for (pair, score) in pairs.iter().zip(&together).take(golden.pairs.len()) {
            assert_eq!(cross.score(&[*pair]).unwrap(), [*score], "{}", model.name);
        }
        assert!(cross.score(&[]).unwrap().is_empty());
    }
}

#[test]
fn a_tokenizer_that_types_the_pairs_of_a_model_without_types_changes_nothing() {
    let (golden, tokenizers) = golden();
    let model = golden.named("xlm-roberta-1");
    let folder = model.folder(&tokenizers);
    let mut tokenizer = tokenizers[&model.tokenizer].clone();
    let pair = tokenizer["post_processor"]["pair"].as_array_mut().unwrap();
    pair[4]["Sequence"]["type_id"] = json!(1);
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let logits = load(folder.path())
        .unwrap()
        .logits_of_pairs(&golden.pairs());
    assert_rows(&logits.unwrap(), &model.pair_logits, &model.name);
}

#[test]
fn a_config_names_the_folder_and_the_label() {
    let (golden, tokenizers) = golden();
    let model = golden.named("bert-3");
    let folder = model.folder(&tokenizers);
    let open = |label: &str| {
        let text = format!(
            "cross = {{ model = '{}', {label} }}",
            folder.path().display()
        );
        let config: ScorerConfig = toml::from_str(&text).unwrap();
        config.validate().unwrap();
        config.check().unwrap();
        assert_eq!(config.name(), "cross");
        config.open()
    };
    let failure = |label: &str| open(label).err().map(|error| format!("{error:#}"));
    let named = open("device = 'cpu', label = 'entailment'").unwrap();
    let scores = named.scorer.score(&golden.pairs()).unwrap();
    assert!(largest_difference(&scores, &model.scores) < 5e-5);
    assert_eq!(named.digest, open("label = 1").unwrap().digest);
    assert_ne!(named.digest, open("label = 2").unwrap().digest);
    assert_eq!(
        failure("device = 'cpu'").unwrap(),
        "the classifier has 3 labels; say with `label` which of them means that a passage is relevant: `contradiction`, `entailment`, `neutral`"
    );
    assert_eq!(
        failure("label = 'relevant'").unwrap(),
        "the classifier has no label `relevant`; take one of `contradiction`, `entailment`, `neutral`"
    );
    assert_eq!(
        failure("label = 3").unwrap(),
        "the classifier has no label number 3; take one below 3, or a name: `contradiction`, `entailment`, `neutral`"
    );
    assert!(toml::from_str::<ScorerConfig>("cross = { model = 'm', labels = 1 }").is_err());
    let nothing: ScorerConfig = toml::from_str("cross.model = ''").unwrap();
    assert_eq!(
        nothing.validate().unwrap_err().to_string(),
        "the scorer `cross` names no `model`; give the name of a folder"
    );
    let missing: ScorerConfig = toml::from_str("cross.model = 'a/b'").unwrap();
    assert!(missing.check().is_err());
}

#[test]
fn what_is_wrong_with_a_classifier_is_named() {
    let (golden, tokenizers) = golden();
    let model = golden.named("bert-3");
    let failing = |model: &Classifier, change: &dyn Fn(&Path)| {
        let folder = model.folder(&tokenizers);
        change(folder.path());
        let error = load(folder.path()).err().expect("an error");
        format!("{error:#}").replace(&folder.path().display().to_string(), "M")
    };
    let set = |key: &'static str, value: Value| {
        failing(model, &move |folder| {
            let mut config = model.files["config.json"].clone();
            config[key] = value.clone();
            fs::write(folder.join("config.json"), config.to_string()).unwrap();
        })
    };
    let without = |model: &Classifier, part: &str| {
        failing(model, &|folder| {
            let mut tensors = model.tensors.clone();
            tensors.retain(|name, _| !name.contains(part));
            write_weights(folder, &tensors, |tensor| tensor);
        })
    };
    assert_eq!(
        set("id2label", json!({ "0": "no", "1": "yes" })),
        "`M/config.json` has 2 labels, and the head in `M/model.safetensors` has 3 outputs; take files that belong together"
    );
    assert_eq!(
        set("id2label", json!({ "0": "no", "2": "yes", "3": "maybe" })),
        "`M/config.json` says `id2label` = `{\"0\":\"no\",\"2\":\"yes\",\"3\":\"maybe\"}`, which is not a text for each number from 0 on; take the file that came with the weights"
    );
    assert_eq!(
        without(model, "classifier"),
        "`M/model.safetensors` has no tensor `classifier.weight`, so no classification head; take a model that was saved as a `…ForSequenceClassification`"
    );
    assert_eq!(
        without(golden.named("mpnet-1"), "classifier"),
        "`M/model.safetensors` has no tensor `classifier.out_proj.weight`, so no classification head; take a model that was saved as a `…ForSequenceClassification`"
    );
    assert_eq!(
        without(model, "pooler"),
        "`M/model.safetensors` has no tensor `bert.pooler.dense.weight`; take the weights that belong to `config.json`"
    );
    assert_eq!(
        failing(model, &|folder| {
            let settings = json!({ "model_max_length": 3 }).to_string();
            fs::write(folder.join("tokenizer_config.json"), settings).unwrap();
        }),
        "`M` cuts texts to 3 tokens, which leaves none beside the 3 special ones; take the files that came with the weights"
    );
    assert_eq!(
        failing(model, &|folder| {
            let mut tokenizer = tokenizers[&model.tokenizer].clone();
            tokenizer["post_processor"] = Value::Null;
            fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
        }),
        "`M/tokenizer.json` adds no special tokens, and the head reads the first of them; take the files that came with the weights"
    );
}

#[test]
fn labels_without_names_are_numbered() {
    let (golden, tokenizers) = golden();
    let model = golden.named("roberta-3");
    let folder = model.folder(&tokenizers);
    assert_eq!(
        load(folder.path()).unwrap().labels(),
        ["contradiction", "entailment", "neutral"]
    );
    let mut config = model.files["config.json"].clone();
    config["id2label"] = Value::Null;
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    assert_eq!(
        load(folder.path()).unwrap().labels(),
        ["LABEL_0", "LABEL_1", "LABEL_2"]
    );
}

#[test]
fn logits_that_are_not_numbers_are_an_error() {
    let (golden, tokenizers) = golden();
    let model = golden.named("bert-1");
    let folder = model.folder(&tokenizers);
    write_weights(folder.path(), &model.tensors, |tensor| {
        (tensor * f64::NAN).unwrap()
    });
    let logits = load(folder.path()).unwrap().logits(&["the sea"]);
    assert_eq!(
        logits.unwrap_err().to_string(),
        "the classifier gives logits that are not numbers; fetch its weights again"
    );
}
