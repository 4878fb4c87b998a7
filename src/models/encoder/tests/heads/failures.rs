//! What a user reads when the folder of a classifier is not what it should be.

use super::*;

/// What the error says where a file of a model is changed.
fn failure(
    model: &Classifier,
    tokenizers: &BTreeMap<String, Value>,
    change: &dyn Fn(&Path),
) -> String {
    let folder = model.folder(tokenizers);
    change(folder.path());
    let error = match model.head {
        HeadKind::Sequence => sequences(folder.path()).err(),
        HeadKind::Token => tokens(folder.path()).err(),
    };
    let error = error.unwrap_or_else(|| panic!("{} loads", model.name));
    format!("{error:#}").replace(&folder.path().display().to_string(), "M")
}

#[test]
fn a_tensor_that_is_missing_or_has_another_shape_is_named() {
    let (golden, tokenizers) = golden();
    for name in [
        "bert",
        "deberta-v2",
        "deberta-v2-apart",
        "deberta-v3-token",
        "modernbert",
        "modernbert-later",
        "modernbert-token-later",
    ] {
        let model = golden.named(name);
        for tensor in model.tensors.keys() {
            let error = failure(model, &tokenizers, &|folder| {
                let mut tensors = model.tensors.clone();
                tensors.remove(tensor);
                write_weights(folder, &tensors, |tensor| tensor);
            });
            let whole = format!("`M/model.safetensors` has no tensor `{tensor}`");
            // Without the vocabulary it is not known what stands before the names.
            let short = tensor.split_once('.').map_or("", |(_, rest)| rest);
            let short = format!("`M/model.safetensors` has no tensor `{short}`");
            assert!(
                error.starts_with(&whole) || error.starts_with(&short),
                "{tensor}: {error}"
            );
            let error = failure(model, &tokenizers, &|folder| {
                let mut tensors = model.tensors.clone();
                tensors.get_mut(tensor).unwrap()[0] += 1;
                write_weights(folder, &tensors, |tensor| tensor);
            });
            let shape = format!("tensor `{tensor}` of `M/model.safetensors` has the shape ");
            let outputs = "labels, and the head in `M/model.safetensors` has";
            assert!(
                error.starts_with(&shape) || error.contains(outputs),
                "{tensor}: {error}"
            );
        }
    }
}

/// What the error says where a model's `config.json` says something else.
fn failure_of(
    name: &str,
    key: &str,
    value: &Value,
    (golden, tokenizers): &(Golden, BTreeMap<String, Value>),
) -> String {
    let model = golden.named(name);
    failure(model, tokenizers, &|folder| {
        let mut config = model.files["config.json"].clone();
        config[key] = value.clone();
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
    })
}

#[test]
fn what_a_config_of_a_modernbert_asks_for_and_is_not_there_is_named() {
    let golden = golden();
    for (model, key, value, error) in [
        (
            "modernbert",
            "classifier_pooling",
            json!("max"),
            "`M/config.json` asks for the pooling `max`; take a model with `cls` or `mean`",
        ),
        (
            "modernbert",
            "classifier_activation",
            json!("silu"),
            "`M/config.json` asks for the activation `silu`; take a model with `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`, `relu` or `tanh`",
        ),
        (
            "modernbert",
            "num_attention_heads",
            json!(32),
            "`M/config.json` gives each head 1 dimensions, which cannot be rotated in pairs; take the file that came with the weights",
        ),
        (
            "modernbert",
            "norm_eps",
            json!(-1.0),
            "`M/config.json` has the `norm_eps` -1, which is below 0; take the file that came with the weights",
        ),
        (
            "modernbert",
            "global_rope_theta",
            json!(0.0),
            "`M/config.json` has rotations with the base 0, which must be above 0; take the file that came with the weights",
        ),
        (
            "modernbert",
            "rope_scaling",
            json!({ "type": "linear", "factor": 2.0 }),
            "`M/config.json` asks for rotations of type `linear`; take a model with `default` ones",
        ),
        (
            "modernbert",
            "intermediate_size",
            json!(1e30),
            "tensor `model.layers.0.mlp.Wi.weight` of `M/model.safetensors` has the shape [48, 32], `config.json` asks for [18446744073709551615, 32]; take files that belong together",
        ),
        (
            "modernbert-later",
            "layer_types",
            json!(["full_attention"]),
            "`M/config.json` has 1 `layer_types` for 3 layers; take the file that came with the weights",
        ),
        (
            "modernbert-later",
            "rope_parameters",
            json!([]),
            "`M/config.json` says `rope_parameters` = `[]`, which is not an object; take the file that came with the weights",
        ),
    ] {
        assert_eq!(
            failure_of(model, key, &value, &golden),
            error,
            "{model} {key}"
        );
    }
}

#[test]
fn what_another_config_asks_for_and_is_not_there_is_named() {
    let golden = golden();
    for (model, key, value, error) in [
        (
            "deberta-v3",
            "position_buckets",
            json!(18),
            "tensor `deberta.encoder.rel_embeddings.weight` of `M/model.safetensors` has the shape [32, 32], `config.json` asks for [36, 32]; take files that belong together",
        ),
        (
            "deberta-v3",
            "position_buckets",
            json!(1e30),
            "`M/config.json` knows more distances than there can be; take the file that came with the weights",
        ),
        (
            "deberta-v3",
            "position_biased_input",
            json!(true),
            "`M/model.safetensors` has no tensor `deberta.embeddings.position_embeddings.weight`; take the weights that belong to `config.json`",
        ),
        (
            "deberta-v3",
            "max_position_embeddings",
            json!(0),
            "`M/config.json` does not say `max_position_embeddings`, a count above 0; take the file that came with the weights",
        ),
        (
            "deberta-v2",
            "conv_kernel_size",
            json!(4),
            "`M/config.json` mixes 4 tokens, which has no middle or no end; take the file that came with the weights",
        ),
        (
            "deberta-v2",
            "conv_groups",
            json!(2),
            "`M/config.json` mixes tokens in groups of dimensions; take a model with `conv_groups` = 1",
        ),
        (
            "bert",
            "id2label",
            json!({ "0": "only" }),
            "`M/config.json` has 1 labels, and the head in `M/model.safetensors` has 2 outputs; take files that belong together",
        ),
    ] {
        assert_eq!(
            failure_of(model, key, &value, &golden),
            error,
            "{model} {key}"
        );
    }
}

#[test]
fn what_an_architecture_does_not_tell_is_asked_for() {
    let (golden, tokenizers) = golden();
    let model = golden.named("bert");
    let folder = model.folder(&tokenizers);
    for named in [json!(null), json!(["BertModel"]), json!([])] {
        let mut config = model.files["config.json"].clone();
        config["architectures"] = named;
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let error = format!("{:#}", HeadKind::of(folder.path()).unwrap_err());
        assert_eq!(
            error.replace(&folder.path().display().to_string(), "M"),
            "`M/config.json` does not tell in `architectures` whether its head is a `…ForSequenceClassification` or a `…ForTokenClassification`; say so with `head = 'sequence'` or `head = 'token'`"
        );
    }
}

#[test]
fn logits_that_are_not_numbers_are_an_error() {
    let (golden, tokenizers) = golden();
    for model in &golden.models {
        let folder = model.folder(&tokenizers);
        write_weights(folder.path(), &model.tensors, |tensor| {
            (tensor * f64::NAN).unwrap()
        });
        let pairs = [("the sea", "the sea")];
        let error = match model.head {
            HeadKind::Sequence => sequences(folder.path())
                .unwrap()
                .logits_of_pairs(&pairs)
                .err(),
            HeadKind::Token => tokens(folder.path()).unwrap().logits_of_pairs(&pairs).err(),
        };
        assert_eq!(
            error.unwrap().to_string(),
            "the classifier gives logits that are not numbers; fetch its weights again"
        );
    }
}
