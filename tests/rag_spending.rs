//! What a pipeline spends on its language model: counted whatever comes of it, and never more than it may.

use serde_json::{Value, json};

use crate::chat_server::{ANTHROPIC, OPENAI, Reply, Server};
use crate::rag_scripted::{
    ONE, QUERIES, config, dollars, kind, reply, run_of, scripted, spent, tokens,
};
use crate::rag_small::{Row, near, rows, small, the, the_text};

/// What the server had cached of a prompt has a price of its own.
#[test]
fn cached_tokens_of_a_prompt_cost_less() {
    let price = "usd_per_million = { input = 2.0, output = 10.0 }";
    for protocol in [OPENAI, ANTHROPIC] {
        let server = Server::new(move |_, _| {
            let text = "The garage opens at seven [1].";
            let answer = match protocol {
                OPENAI => json!({
                    "choices": [{ "message": { "content": text }, "finish_reason": "stop" }],
                    "usage": { "prompt_tokens": 350, "completion_tokens": 12, "prompt_tokens_details": { "cached_tokens": 200 } },
                }),
                _ => json!({
                    "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn",
                    "usage": { "input_tokens": 100, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 200, "output_tokens": 12 },
                }),
            };
            Reply::Whole(200, "", answer.to_string())
        });
        let text = config(protocol, &server.url, "stream = false", ONE);
        let text = text.replace(
            price,
            "usd_per_million = { input = 2.0, cached_input = 0.5, output = 10.0 }",
        );
        let sandbox = small(&text);
        let run = run_of(&sandbox, "config.toml");
        let (examples, texts) = (rows(&run, "examples.parquet"), rows(&run, "texts.parquet"));
        for query in QUERIES {
            let (row, text) = (
                the(&examples, "answer", query),
                the(&texts, "answer", query),
            );
            assert_eq!(
                (&row["tokens_in"], &row["tokens_out"]),
                (&json!(350), &json!(12)),
                "{protocol}"
            );
            assert_eq!(
                (
                    &text["tokens_in"],
                    &text["cached_tokens_in"],
                    &text["tokens_out"]
                ),
                (&json!(350), &json!(200), &json!(12)),
                "{protocol}"
            );
            for row in [row, text] {
                near(
                    &row["cost_usd"],
                    (150.0 * 2.0 + 200.0 * 0.5 + 12.0 * 10.0) / 1e6,
                );
            }
        }
    }
}

/// What was billed stands in the bill, whatever became of the example.
fn billed() -> (Vec<Row>, Vec<Row>) {
    let server = Server::new(|asked, _| match kind(asked.prompt) {
        "rewrite" => reply(OPENAI, " \n", tokens("rewrite")),
        "multi_query" => reply(OPENAI, "garage parking", tokens("multi_query")),
        "generate" if asked.prompt.contains("train travel") => Reply::Whole(400, "", "no".into()),
        kind => reply(OPENAI, "The garage opens at seven [1].", tokens(kind)),
    });
    let variants = r#"
[[system.rag.variants]]
name = "all"
retrieve.lexical = {}
understand.rewrite.model = { model = "chat" }
understand.multi_query = { model = "chat" }
answer = { model = "chat" }
"#;
    let sandbox = small(&config(OPENAI, &server.url, "retries = 0", variants));
    let run = run_of(&sandbox, "config.toml");
    let examples = rows(&run, "examples.parquet");
    spent(the(&examples, "all", "leave"), &["multi_query", "generate"]);
    (examples, rows(&run, "texts.parquet"))
}

#[test]
fn a_rewriting_that_is_empty_leaves_the_question_and_is_paid_for() {
    let (examples, texts) = billed();
    let note = the_text(&texts, "all", "lunch", "rewrite");
    assert_eq!(note["degraded"], "the language model wrote nothing");
    spent(
        the(&examples, "all", "lunch"),
        &["rewrite", "multi_query", "generate"],
    );
}

#[test]
fn what_was_asked_before_an_example_failed_is_paid_for() {
    let (examples, _) = billed();
    assert!(
        the(&examples, "all", "train")["error"]
            .as_str()
            .unwrap()
            .starts_with("generate: ")
    );
    spent(the(&examples, "all", "train"), &["multi_query"]);
}

#[test]
fn a_budget_ends_the_asking_and_is_never_exceeded() {
    for (more, name) in [
        ("max_tokens_total = 2000", "max_tokens_total"),
        ("max_usd = 0.004", "max_usd"),
    ] {
        let server = Server::new(|asked, log| {
            log.billed += tokens(kind(asked.prompt)).iter().sum::<u64>();
            reply(OPENAI, "The garage opens at seven [1].", tokens("generate"))
        });
        let limits = format!("max_output_tokens = 50\nconcurrency = 4\n{more}");
        let sandbox = small(&config(OPENAI, &server.url, &limits, ONE));
        let run = run_of(&sandbox, "config.toml");
        let examples = rows(&run, "examples.parquet");
        let (good, bad): (Vec<&Row>, Vec<&Row>) =
            examples.iter().partition(|row| row["error"].is_null());
        assert!(
            !good.is_empty() && !bad.is_empty(),
            "{} of 8 answered",
            good.len()
        );
        for row in &bad {
            let error = row["error"].as_str().unwrap();
            assert!(
                error.contains("the budget of `small` does not suffice")
                    && error.contains(&format!("raise `{name}`")),
                "{error}"
            );
        }
        assert_eq!(server.requests(), good.len());
        let (billed, cost) = (
            server.log.lock().unwrap().billed,
            good.len() as f64 * dollars(&["generate"]),
        );
        assert!(
            if name == "max_usd" {
                cost <= 0.004
            } else {
                billed <= 2000
            },
            "{billed} tokens, {cost} dollars"
        );
        let said: f64 = good
            .iter()
            .map(|row| row["cost_usd"].as_f64().unwrap())
            .sum();
        assert!((said - cost).abs() < 1e-12);

        // With more to spend the rest is asked for, and only the rest.
        let text = String::from_utf8(sandbox.read("config.toml"))
            .unwrap()
            .replace(more, "");
        let sandbox = sandbox.file("config.toml", text);
        let run = run_of(&sandbox, "config.toml");
        assert_eq!(server.requests(), 8);
        assert!(
            rows(&run, "examples.parquet")
                .iter()
                .all(|row| row["error"].is_null())
        );
    }
}

/// Two names of one model: each with its own budget, whichever is opened first.
#[test]
fn a_budget_holds_for_its_own_model_only() {
    let server = scripted(OPENAI);
    let variants = |first: &str, second: &str| {
        let variant = |name: &str| {
            format!(
                "\n[[system.rag.variants]]\nname = \"{name}\"\nretrieve.lexical = {{}}\nanswer = {{ model = \"{name}\", prompt.chain_of_thought = {} }}\n",
                name == "tight"
            )
        };
        let tight = format!(
            "\n[system.rag.models.tight.openai]\nurl = \"{}\"\nmodel = \"small\"\nkey_env = \"RAG_KEY\"\nmax_tokens_total = 600\n",
            server.url
        );
        format!("{tight}{}{}", variant(first), variant(second))
    };
    for [first, second] in [["chat", "tight"], ["tight", "chat"]] {
        let sandbox = small(&config(OPENAI, &server.url, "", &variants(first, second)));
        let run = run_of(&sandbox, "config.toml");
        let examples = rows(&run, "examples.parquet");
        for query in QUERIES {
            assert_eq!(
                the(&examples, "chat", query)["error"],
                Value::Null,
                "{first} first: it has no budget"
            );
            let error = the(&examples, "tight", query)["error"].as_str();
            assert!(
                error.is_some_and(|error| error.contains("raise `max_tokens_total`")),
                "{first} first: no prompt fits into 600 tokens"
            );
        }
    }
}
