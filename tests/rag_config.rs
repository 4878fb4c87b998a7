//! How the config of a pipeline is resolved, what it is refused for, and what a dry run says that it will take.

use std::sync::{Arc, Mutex};

use ragkit::experiment::Experiment;
use serde_json::json;

use crate::chat_server::{OPENAI, Server};
use crate::rag_answers::EXTRACTIVE;
use crate::rag_scripted::{ONE, config, count, reply, run, run_of, scripted};
use crate::rag_small::{HEAD, dry_run, small};

/// A variant that takes over every stage, one that leaves some out, one that has its own.
const RESOLVED: &str = r#"
[system.rag.models.chat.openai]
url = "http://localhost:9/v1"
model = "m"
max_output_tokens = 100
usd_per_million = { input = 2.0, output = 10.0 }

[system.rag.pipeline]
understand.rewrite.history = { turns = 1 }
understand.multi_query = { model = "chat", queries = 2 }
understand.prf = {}
retrieve.hybrid = { depth = 5 }
rerank = { from = 4, by.listwise = { model = "chat" } }
answer = { model = "chat", prompt = { budget_tokens = 1000 } }
on_failure = "degrade"

[[system.rag.variants]]
name = "all"

[[system.rag.variants]]
name = "bare"
without = ["rewrite", "multi_query", "prf", "rerank", "answer"]
on_failure = "error"

[[system.rag.variants]]
name = "own"
without = ["rerank", "multi_query"]
understand.hyde = { model = "chat" }
retrieve.dense = {}
understand.rewrite.model = { model = "chat" }
answer = {}
unavailable = ["language_model"]
"#;

#[test]
fn variants_take_over_the_stages_of_the_pipeline() {
    // Search by vectors only cannot be given more words: the third must do without.
    let broken = small(RESOLVED);
    broken.fails(
        "eval config.toml --dry-run",
        "`config.toml` is not a valid config: variant `own`: `understand.prf` adds words to a search by words, and it searches by vectors only",
    );
    let rest = RESOLVED.replace(
        "[\"rerank\", \"multi_query\"]",
        "[\"rerank\", \"multi_query\", \"prf\"]",
    );
    let sandbox = small(&rest);
    let (resolved, bill) = dry_run(&sandbox, "config.toml");
    let sandbox = sandbox.file("again.toml", &resolved);
    let of = |file: &str| Experiment::load(&sandbox.path(file)).unwrap();
    assert_eq!(of("again.toml"), of("config.toml"));
    assert_eq!(
        dry_run(&sandbox, "again.toml"),
        (resolved.clone(), bill.clone())
    );

    let resolved: toml::Value = toml::from_str(&resolved).unwrap();
    let variants = resolved["system"]["rag"]["variants"].as_array().unwrap();
    let has = |variant: usize, path: &str| {
        path.split('.')
            .try_fold(&variants[variant], |at, key| at.get(key))
            .cloned()
    };
    for path in [
        "understand.rewrite.history",
        "understand.multi_query",
        "understand.prf",
        "rerank.by.listwise",
        "answer",
    ] {
        assert!(has(0, path).is_some(), "{path}");
        assert!(has(1, path).is_none(), "{path}");
    }
    assert_eq!(
        has(0, "understand.multi_query.queries")
            .unwrap()
            .as_integer(),
        Some(2)
    );
    assert_eq!(
        has(0, "retrieve.hybrid.depth"),
        has(1, "retrieve.hybrid.depth")
    );
    assert_eq!(has(0, "on_failure").unwrap().as_str(), Some("degrade"));
    assert_eq!(has(1, "on_failure"), None, "the default is not written");
    assert!(
        has(2, "understand.rewrite.model").is_some()
            && has(2, "understand.rewrite.history").is_none()
    );
    assert!(
        has(2, "understand.hyde").is_some()
            && has(2, "understand.multi_query").is_none()
            && has(2, "rerank").is_none()
    );
    assert_eq!(
        has(2, "answer.model").unwrap().as_str(),
        Some("extractive"),
        "its own answer, not a mixture of both"
    );
    assert!(has(2, "retrieve.dense").is_some() && has(2, "retrieve.hybrid").is_none());

    // Eight queries. The first variant asks for other wordings, an order and an answer; the third has no model to ask.
    let line = bill
        .iter()
        .find(|line| line.starts_with("# language model `chat`"))
        .unwrap();
    assert!(
        line.starts_with("# language model `chat`: at most 24 calls, "),
        "{line}"
    );
    // An answer's prompt counts its budget, an order's four passages of 1,500 characters, the others 150: 1000 + 1710 + 150.
    assert!(
        line.contains("about 22880 in") && line.contains("2400 out"),
        "{line}"
    );
    assert!(
        bill.contains(&"# rows: 8 queries × 3 variants = 24".to_owned()),
        "{bill:?}"
    );
    assert!(
        bill.iter()
            .any(|line| line.contains("over the network: yes")),
        "{bill:?}"
    );
    assert!(
        !sandbox.path(".ragkit").exists() && sandbox.runs().is_empty(),
        "a dry run leaves nothing behind"
    );
}

/// One model that answers: its whole bill is known.
#[test]
fn a_bill_is_calls_times_tokens_times_prices() {
    let rest = r#"
[system.rag.models.chat.openai]
url = "http://localhost:9/v1"
model = "m"
max_output_tokens = 500
usd_per_million = { input = 2.5, output = 10.0 }

[system.rag.models.free.anthropic]
url = "http://localhost:9/v1"
model = "m"

[[system.rag.variants]]
name = "paid"
retrieve.lexical = {}
answer = { model = "chat", prompt = { budget_tokens = 4000 } }

[[system.rag.variants]]
name = "unpriced"
retrieve.lexical = {}
answer = { model = "free" }
"#;
    let (_, bill) = dry_run(&small(rest), "config.toml");
    // 8 × (4000 × 2.5 + 500 × 10) / 10^6 = 0.12.
    let line = |name: &str| {
        bill.iter()
            .find(|line| line.starts_with(&format!("# language model `{name}`")))
            .unwrap()
            .clone()
    };
    assert!(
        line("chat").contains("at most 8 calls")
            && line("chat").contains("32000 in")
            && line("chat").contains("4000 out"),
        "{bill:?}"
    );
    assert!(line("chat").contains("; cost: about 0.12 USD"), "{bill:?}");
    assert!(
        line("free").ends_with("cost: unknown, the config names no `usd_per_million`"),
        "{bill:?}"
    );
    // Fewer queries, a smaller bill.
    let sandbox = small(rest);
    let shown = sandbox.ok("eval config.toml --dry-run --limit 2 --variants paid");
    assert!(
        shown.stdout.contains("`chat`: at most 2 calls")
            && shown.stdout.contains("cost: about 0.03 USD"),
        "{}",
        shown.stdout
    );
    let (_, bill) = dry_run(&small(EXTRACTIVE), "config.toml");
    assert!(
        bill.contains(&"# tokens: 0; cost: 0 USD".to_owned()),
        "{bill:?}"
    );
    assert!(
        bill.iter()
            .any(|line| line.ends_with("over the network: none")),
        "{bill:?}"
    );
}

#[test]
fn stages_that_cannot_be_are_told_with_the_place() {
    let fails = |from: &str, to: &str, message: &str| {
        assert!(EXTRACTIVE.contains(from));
        small(&EXTRACTIVE.replacen(from, to, 1)).fails("eval config.toml", message);
    };
    let variant = |to: &str| format!("understand.prf = {{ documents = 3, terms = 8 }}\n{to}");
    let prf = "understand.prf = { documents = 3, terms = 8 }";
    // What a name may be is told, with the line. The head of the config has seven lines, the variant's addition is line 21 of the rest.
    let wrong_name = |to: &str, place: &str, name: &str| {
        let shown = small(&EXTRACTIVE.replacen(prf, &variant(to), 1)).run("eval config.toml");
        assert_eq!(shown.code, Some(2));
        for part in [place, name, "expected one of"] {
            assert!(shown.stderr.contains(part), "{part}: {}", shown.stderr);
        }
    };
    wrong_name("without = [\"reranking\"]", "line 23", "reranking");
    wrong_name("unavailable = [\"sparse\"]", "line 23", "sparse");
    let sparse = small(&EXTRACTIVE.replacen("answer = {}", "answer = { mode = \"x\" }", 1))
        .run("eval config.toml");
    assert!(
        sparse.code == Some(2)
            && sparse.stderr.contains("line 10")
            && sparse.stderr.contains("mode"),
        "{}",
        sparse.stderr
    );

    fails(
        prf,
        "understand.hyde = { model = \"extractive\" }",
        "`config.toml` is not a valid config: variant `feedback`: `understand` asks `extractive` to write, which only selects sentences; name a language model of `system.rag.models`",
    );
    fails(
        prf,
        "understand.hyde = { model = \"chat\" }",
        "`config.toml` is not a valid config: variant `feedback`: `understand.hyde` searches by the vector of a made-up passage, and it searches by words only",
    );
    fails(
        "answer = {}",
        "answer = { model = \"chat\" }",
        "`config.toml` is not a valid config: variant `plain`: there is no language model `chat`; declare it as `[system.rag.models.chat]`, or take `extractive`",
    );
    fails(
        "answer = {}\n",
        "",
        "`config.toml` is not a valid config: `F1` is a metric of answers, and no variant gives any; give them an `answer`, as in `pipeline.answer = {}`",
    );
    fails(
        "retrieve.lexical = {}",
        "",
        "`config.toml` is not a valid config: TOML parse error at line 6, column 2\n  |\n6 | [system.rag]\n  |  ^^^^^^\nvariant `plain` does not say how it searches; give it (or `pipeline`) a `retrieve`, as in `retrieve.lexical = {}`",
    );
}

/// Where variants are timed in turns every call is asked anew, and the bill says so.
#[test]
fn the_bill_of_a_run_in_turns_is_what_it_asks_at_most() {
    let server = scripted(OPENAI);
    let sandbox = small(&config(OPENAI, &server.url, "", ONE));
    let shown = run(&sandbox, "eval config.toml --interleave --dry-run");
    let line = shown
        .stdout
        .lines()
        .find(|line| line.starts_with("# language model `chat`"))
        .unwrap();
    let most: usize = line
        .split("at most ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    run_of(&sandbox, "config.toml --interleave");
    assert!(
        server.requests() <= most,
        "{} requests, the bill says: {line}",
        server.requests()
    );
}

/// What a prompt for an order takes is in the bill, within a half of it.
#[test]
fn the_bill_of_an_order_is_about_what_it_takes() {
    let counts = Arc::<Mutex<i64>>::default();
    let written = Arc::clone(&counts);
    let server = Server::new(move |asked, _| {
        *written.lock().unwrap() += count(asked.body);
        reply(OPENAI, "[1] > [2]", [300, 12])
    });
    let long: String = (0..40)
        .map(|i| format!("Sentence number {i} of the garage is here. "))
        .collect();
    let corpus: String = (0..20)
        .map(|i| {
            json!({ "_id": format!("d{i}"), "text": format!("Garage {i}. {long}") }).to_string()
                + "\n"
        })
        .collect();
    let variants = "\n[[system.rag.variants]]\nname = \"order\"\nretrieve.lexical = {}\nrerank = { by.listwise = { model = \"chat\" } }\nanswer = {}\n";
    let text = format!(
        "{}{}",
        HEAD.replace("depth = 10", "depth = 20"),
        config(OPENAI, &server.url, "", variants)
    );
    let sandbox = small("")
        .file("config.toml", text)
        .file("data/corpus.jsonl", corpus)
        .file(
            "data/queries.jsonl",
            "{\"_id\": \"q\", \"text\": \"garage\", \"answers\": [\"x\"]}\n",
        )
        .file("data/qrels/test.tsv", "q\td3\t1\n");
    let shown = run(&sandbox, "eval config.toml --dry-run");
    let line = shown
        .stdout
        .lines()
        .find(|line| line.starts_with("# language model `chat`"))
        .unwrap();
    let most: i64 = line
        .split("tokens: about ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    run_of(&sandbox, "config.toml");
    let taken = *counts.lock().unwrap();
    assert!(
        taken > 3000 && (taken / 2..taken * 3 / 2).contains(&most),
        "{taken} tokens, the bill says: {line}"
    );
}

/// A guess at an answer is embedded: where queries bring their own vectors nothing embeds it.
#[test]
fn a_guess_needs_what_embeds_it() {
    let server = scripted(OPENAI);
    let variants = "\n[[system.rag.variants]]\nname = \"guess\"\nretrieve.dense = {}\nunderstand.hyde = { model = \"chat\" }\nanswer = {}\n";
    let text = config(OPENAI, &server.url, "", variants)
        .replace("embedder.lsa = { dim = 7 }", "embedder = \"own\"");
    let corpus = "{\"_id\": \"d1\", \"text\": \"a\", \"vector\": [1.0, 0.0]}\n{\"_id\": \"d2\", \"text\": \"b\", \"vector\": [0.0, 1.0]}\n";
    let sandbox = small(&text)
        .file("data/corpus.jsonl", corpus)
        .file("data/queries.jsonl", "{\"_id\": \"q\", \"text\": \"garage\", \"answers\": [\"x\"], \"vector\": [1.0, 0.1]}\n")
        .file("data/qrels/test.tsv", "q\td1\t1\n");
    let shown = run(&sandbox, "eval config.toml");
    assert!(
        shown.code == Some(2) && shown.stderr.contains("understand.hyde"),
        "the guess is paid for and left aside: {} requests, {shown:#?}",
        server.requests()
    );
}

#[test]
fn a_template_that_does_not_fit_is_told_before_anything_runs() {
    let server = scripted(OPENAI);
    let variant = ONE.replace(
        "{ model = \"chat\" }",
        "{ model = \"chat\", prompt = { budget_tokens = 100 } }",
    );
    let sandbox = small(&config(OPENAI, &server.url, "", &variant));
    let shown = run(&sandbox, "eval config.toml");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown
            .stderr
            .contains("tokens by itself, `budget_tokens` is 100; raise it or shorten the template"),
        "{}",
        shown.stderr
    );
    assert_eq!(server.requests(), 0);
    assert!(
        sandbox.runs().is_empty() && !sandbox.path(".ragkit/indexes").exists(),
        "something ran before"
    );
}

#[test]
fn a_key_that_is_missing_is_named_before_anything_runs() {
    let server = scripted(OPENAI);
    let sandbox = small(&config(OPENAI, &server.url, "", ONE));
    let shown = sandbox.run("eval config.toml");
    assert_eq!((shown.code, shown.stdout.as_str()), (Some(2), ""));
    assert!(
        shown
            .stderr
            .starts_with("error: variant `answer`: the language model `chat`: "),
        "{}",
        shown.stderr
    );
    assert!(
        shown
            .stderr
            .contains("set the environment variable `RAG_KEY`"),
        "{}",
        shown.stderr
    );
    assert!(
        sandbox.runs().is_empty() && !sandbox.path(".ragkit/indexes").exists(),
        "something ran before"
    );
    assert_eq!(server.requests(), 0);
}
