//! How language models are configured, and where their key is not.

use ragkit::models::language::LanguageModelConfig;
use serde_json::json;

use crate::chat_server::{ANTHROPIC, OPENAI, Reply, Server, prompts, secret};

#[test]
fn the_key_is_shown_nowhere() {
    let (name, key) = secret();
    let server = Server::new(|asked, _| Reply::Whole(500, "", asked.head.to_owned()));
    let config = server.config(OPENAI, "retries = 0");
    let opened = config.open().unwrap();
    let error = opened.model.complete(&prompts(1)).remove(0).unwrap_err();
    assert!(error.contains("Bearer [key]") || error.contains("answers 500"));
    let shown = format!("{config:?}{}{error}", opened.digest);
    assert!(shown.contains(&name) && !shown.contains(&key));
    assert!(!serde_json::to_string(&config).unwrap().contains(&key));
    // Nor does the digest depend on it, or on how the model is asked.
    let other = server.config(
        OPENAI,
        "concurrency = 3\nstream = false\nmax_tokens_total = 10000",
    );
    assert_eq!(other.open().unwrap().digest, opened.digest);
    let others = [
        "max_output_tokens = 4",
        "temperature = 0.1",
        "top_p = 0.9",
        "seed = 0",
        "stop = [\"x\"]",
        "extra.x = 1",
        "omit = [\"temperature\"]",
    ];
    let mut digests: Vec<String> = others
        .map(|more| server.config(OPENAI, more).open().unwrap().digest)
        .into();
    digests.push(server.config(ANTHROPIC, "").open().unwrap().digest);
    digests.push(opened.digest);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), others.len() + 2);
}

#[test]
fn configs_that_cannot_be_kept_are_refused() {
    let refusal = |text: &str| {
        let kind = if text.contains("anthropic") {
            ""
        } else {
            "[openai]\n"
        };
        let text = format!("{kind}{text}\nurl = \"http://localhost/v1\"\nmodel = \"m\"");
        let config: LanguageModelConfig = toml::from_str(&text).unwrap();
        config.validate().unwrap_err().to_string()
    };
    for (text, message) in [
        (
            "concurrency = 0",
            "`concurrency = 0` must be a whole number from 1 to 1024",
        ),
        (
            "max_output_tokens = 0",
            "`max_output_tokens = 0` must be a whole number from 1 to 1000000",
        ),
        (
            "temperature = nan",
            "`temperature = NaN` must be from 0 to 2",
        ),
        ("top_p = 0.0", "`top_p = 0` must be above 0 and at most 1"),
        (
            "silence_seconds = 200",
            "`silence_seconds = 200` must be a whole number from 1 to 120",
        ),
        (
            "retries = 101",
            "`retries = 101` must be a whole number from 0 to 100",
        ),
        (
            "stop = [\"\"]",
            "`stop` holds an empty text, which ends everything; leave it out",
        ),
        (
            "max_usd = 1",
            "`max_usd` needs the prices; give `usd_per_million = { input = …, output = … }`",
        ),
        (
            "max_usd = 0.0",
            "`max_usd = 0` must be above 0 and at most 1000000",
        ),
        (
            "usd_per_million = { input = -1, output = 1 }",
            "`usd_per_million.input = -1` must be from 0 to 1000000",
        ),
        (
            "max_usd = 1\nusd_per_million = { input = 1, output = 1 }\nextra.tools = [{ cache_control = {} }]",
            "`max_usd` cannot be kept with `cache_control`, as writing the server's cache costs more than `input`; give `max_tokens_total`",
        ),
        (
            "extra.n = 2",
            "`extra.n` is not for `extra`; set it by ragkit's own name for it, or leave it out",
        ),
        (
            "[anthropic]\nseed = 1",
            "`seed`: the Messages API has none; leave it out",
        ),
        (
            "[anthropic]\nomit = [\"max_tokens\"]",
            "`omit = [\"max_tokens\"]`: the Messages API needs it; leave it out of `omit`",
        ),
    ] {
        assert_eq!(refusal(text), message);
    }
    for url in ["ftp://x", "http://user:pass@x/v1", "https://x/v1?key=1"] {
        let config = json!({ "openai": { "url": url, "model": "m" } });
        let config: LanguageModelConfig = serde_json::from_value(config).unwrap();
        assert!(config.validate().is_err(), "{url}");
    }
    let config =
        json!({ "openai": { "url": "http://x", "model": "m", "key_env": "RAGKIT_NO_SUCH_KEY" } });
    let config: LanguageModelConfig = serde_json::from_value(config).unwrap();
    assert_eq!(
        config.check().unwrap_err().to_string(),
        "the endpoint's key is missing; set the environment variable `RAGKIT_NO_SUCH_KEY`"
    );
}
