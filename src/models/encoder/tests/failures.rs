//! What a user reads when a model folder is not what it should be.

use serde_json::{Value, json};

use super::*;

/// The whole chain of an error, as ragkit prints it.
pub(super) fn failure(folder: &Path) -> String {
    match Encoder::load(folder) {
        Ok(_) => panic!("loaded"),
        Err(error) => format!("{error:#}").replace(&folder.display().to_string(), "M"),
    }
}

#[test]
fn what_is_wrong_with_a_folder_is_named() {
    let tiny = tiny();
    let model = &tiny.models[0];
    let with = |name: &str, change: &dyn Fn(&mut Value)| {
        let folder = tiny.folder(model);
        let mut content = model.files[name].clone();
        change(&mut content);
        fs::write(folder.path().join(name), content.to_string()).unwrap();
        failure(folder.path())
    };
    let without = |name: &str| {
        let folder = tiny.folder(model);
        fs::remove_file(folder.path().join(name)).unwrap();
        failure(folder.path())
    };
    let holding = |name: &str, bytes: &[u8]| {
        let folder = tiny.folder(model);
        fs::write(folder.path().join(name), bytes).unwrap();
        failure(folder.path())
    };
    let set = |key: &'static str, value: Value| {
        with("config.json", &move |content| content[key] = value.clone())
    };
    assert_eq!(
        set("model_type", json!("gpt2")),
        "`M/config.json` describes a model of type `gpt2`; take one of type `bert`, `camembert`, `deberta-v2`, `distilbert`, `modernbert`, `mpnet`, `roberta` or `xlm-roberta`"
    );
    assert_eq!(
        set("hidden_act", json!("silu")),
        "`M/config.json` asks for the activation `silu`; take a model with `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`, `relu` or `tanh`"
    );
    assert_eq!(
        set("hidden_size", json!("many")),
        "`M/config.json` says `hidden_size` = `\"many\"`, which is not a count; take the file that came with the weights"
    );
    assert_eq!(
        set("vocab_size", json!(0)),
        "`M/config.json` does not say `vocab_size`, a count above 0; take the file that came with the weights"
    );
    assert_eq!(
        set("num_attention_heads", json!(5)),
        "`M/config.json` divides 32 dimensions among 5 heads, which leaves a rest; take the file that came with the weights"
    );
    assert_eq!(
        set("intermediate_size", json!(65)),
        "tensor `encoder.layer.0.intermediate.dense.weight` of `M/model.safetensors` has the shape [64, 32], `config.json` asks for [65, 32]; take files that belong together"
    );
    assert_eq!(
        set("num_hidden_layers", json!(3)),
        "`M/model.safetensors` has no tensor `encoder.layer.2.attention.self.query.weight`; take the weights that belong to `config.json`"
    );
    assert_eq!(
        set("position_embedding_type", json!("relative_key")),
        "`M/config.json` asks for positions of type `relative_key`; take a model with `absolute` ones"
    );
    assert_eq!(
        with("modules.json", &|content| content[1]["type"] =
            json!("sentence_transformers.models.Dense")),
        "`M/modules.json` asks for the module `sentence_transformers.models.Dense`; take a model of transformer, pooling and normalisation alone"
    );
    assert_eq!(
        with(
            "1_Pooling/config.json",
            &|content| content["pooling_mode"] = json!("attention")
        ),
        "`M/1_Pooling/config.json` asks for the pooling `attention`; take a model with `cls`, `max`, `mean`, `mean_sqrt_len_tokens`, `weightedmean`, `lasttoken`"
    );
    assert_eq!(
        with(
            "sentence_bert_config.json",
            &|content| content["max_seq_length"] = json!(2)
        ),
        "`M` cuts texts to 2 tokens, which leaves none beside the 2 special ones; take the files that came with the weights"
    );
    assert_eq!(
        without("config.json"),
        "cannot read `M/config.json`; give a folder with a Hugging Face model in it: failed to open file `M/config.json`: No such file or directory (os error 2)"
    );
    assert_eq!(
        without("model.safetensors"),
        "`M/model.safetensors` is missing; give a folder with a Hugging Face model in it, saved with `safe_serialization=True`"
    );
    assert!(
        without("tokenizer.json")
            .starts_with("cannot read `M/tokenizer.json`; save the model with a fast tokenizer: ")
    );
    assert!(
        holding("config.json", b"{\"model_type\":")
            .starts_with("`M/config.json` is not JSON; fetch the file again: ")
    );
    assert!(holding("config.json", b"[]").starts_with("`M/config.json` is not a JSON object"));
    assert!(
        holding("tokenizer.json", b"{}")
            .starts_with("`M/tokenizer.json` is not a tokenizer; fetch the file again: ")
    );
    let whole = fs::read(tiny.folder(model).path().join("model.safetensors")).unwrap();
    for length in [0, 7, 100, whole.len() - 1] {
        assert!(holding("model.safetensors", &whole[..length]).starts_with(
            "`M/model.safetensors` is not a whole safetensors file; fetch it again: "
        ));
    }
}

#[test]
fn a_norm_that_makes_nan_is_an_error() {
    let tiny = tiny();
    let folder = tiny.folder(&tiny.models[0]);
    let mut config = tiny.models[0].files["config.json"].clone();
    config["layer_norm_eps"] = json!(-1.0);
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    assert_eq!(
        failure(folder.path()),
        "`M/config.json` has the `layer_norm_eps` -1, which is below 0; take the file that came with the weights"
    );
}

#[test]
fn a_token_type_that_the_model_does_not_know_is_an_error() {
    let tiny = tiny();
    let folder = tiny.folder(&tiny.models[0]);
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer = tiny.tokenizers["wordpiece"].clone();
    let sequence =
        |id: &str, of_token: u32| json!({ "Sequence": { "id": id, "type_id": of_token } });
    tokenizer["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [sequence("A", 5)],
        "pair": [sequence("A", 0), sequence("B", 1)],
        "special_tokens": {},
    });
    fs::write(&path, tokenizer.to_string()).unwrap();
    let embedded = Encoder::load(folder.path()).unwrap().embed(&["the sea"]);
    let expected = format!(
        "`{}` gives the token type 5, the model knows 2; take files that belong together",
        path.display()
    );
    assert_eq!(embedded.unwrap_err().to_string(), expected);
}

#[test]
fn a_token_that_the_model_does_not_know_is_an_error() {
    let tiny = tiny();
    let model = &tiny.models[0];
    let folder = tiny.folder(model);
    let mut config = model.files["config.json"].clone();
    let mut tensors = model.tensors.clone();
    config["vocab_size"] = json!(20);
    tensors.insert("embeddings.word_embeddings.weight".into(), vec![20, 32]);
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    write_weights(folder.path(), &tensors, |tensor| tensor);
    let error = Encoder::load(folder.path())
        .unwrap()
        .embed(&["the sea"])
        .unwrap_err();
    assert!(
        format!("{error:#}").ends_with(", the model knows 20; take files that belong together")
    );
}
