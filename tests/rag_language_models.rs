//! The answer pipeline with a language model: what every stage asks and pays, and what becomes of the key.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::chat_server::{ANTHROPIC, OPENAI, Reply, Server};
use crate::rag_scripted::{
    KEY, ONE, QUERIES, STAGES, asked, config, kind, no_key_in, question, reply, run, run_of,
    same_files, scripted, spent,
};
use crate::rag_small::{HEAD, near, of, ranking, rows, small, the, the_text};
use crate::sandbox::Sandbox;

#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn stages_of(protocol: &'static str) {
    let server = scripted(protocol);
    let sandbox = small(&config(protocol, &server.url, "", STAGES));
    let run = run_of(&sandbox, "config.toml");

    // Every prompt once, whichever variants and queries have it; one query has a history; two ask the same in other words.
    let asked = asked(&server);
    assert!(
        asked
            .values()
            .flat_map(BTreeMap::values)
            .all(|times| *times == 1),
        "{asked:#?}"
    );
    let number = |kind: &str| asked[kind].len();
    assert_eq!(
        (number("rewrite"), number("multi_query"), number("hyde")),
        (1, 7, 7)
    );
    // The variant that rewrites differs from the first in one query, the one that reorders in those that find two documents or more.
    let lists = |variant: &str| -> BTreeMap<&str, Vec<String>> {
        QUERIES
            .map(|query| (query, ranking(&run, variant, query, None)))
            .into()
    };
    let several = lists("answer")
        .values()
        .filter(|list| list.len() > 1)
        .count();
    assert_eq!(number("generate"), 8 + 1 + several);

    let (texts, examples) = (rows(&run, "texts.parquet"), rows(&run, "examples.parquet"));
    for query in QUERIES {
        spent(the(&examples, "answer", query), &["generate"]);
        spent(the(&examples, "wordings", query), &["multi_query"]);
        spent(the(&examples, "guess", query), &["hyde"]);
        let rewritten = if query == "lunch" {
            &["rewrite", "generate"][..]
        } else {
            &["generate"]
        };
        spent(the(&examples, "rewrite", query), rewritten);
        spent(the_text(&texts, "answer", query, "generate"), &["generate"]);
        assert_eq!(the_text(&texts, "answer", query, "generate")["calls"], 1);
        if lists("answer")[query].len() > 1 {
            spent(the(&examples, "order", query), &["rerank", "generate"]);
            // The first two change places.
            let (mut expected, found) = (
                lists("answer")[query].clone(),
                lists("order")[query].clone(),
            );
            expected.swap(0, 1);
            assert_eq!(found, expected, "{query}");
        }
    }
    assert_eq!(
        the_text(&texts, "rewrite", "lunch", "rewrite")["text"],
        "lunch canteen costs\n(as asked before)"
    );
    assert_eq!(
        lists("rewrite")["lunch"][0],
        "d5",
        "the first line is what is searched for"
    );
    assert_eq!(lists("answer")["lunch"][0], "d3");
    assert_eq!(
        ranking(&run, "guess", "telescope", None)[0],
        "d3",
        "what is like the guess, as nothing is like the question"
    );
    assert_eq!(
        ranking(&run, "guess", "leave", None)[0],
        "d1",
        "the question counts as much as the guess"
    );
    // Both wordings find the garage alone; only the query finds what it asks for.
    let found = ranking(&run, "wordings", "train", Some("wordings"));
    assert_eq!(found[..2], ["d3", "d8"], "1/61 twice, and 1/61");
    assert_eq!(ranking(&run, "wordings", "train", Some("lexical")), ["d8"]);

    // The first answer by hand: of its four citations one holds and one is invented; it claims five things.
    let row = the(&examples, "answer", "leave");
    let citations = rows(&run, "citations.parquet");
    let cited: Vec<(Value, Value, Value)> = of(&citations, "answer", "leave")
        .iter()
        .map(|row| {
            (
                row["cites"].clone(),
                row["item"].clone(),
                row["verified"].clone(),
            )
        })
        .collect();
    let (yes, no, null) = (json!(true), json!(false), Value::Null);
    assert_eq!(
        cited,
        [
            (json!(1), json!("d1"), yes),
            (json!(2), json!("d2"), no.clone()),
            (json!(1), json!("d1"), no.clone()),
            (json!(9), null.clone(), no),
            (null.clone(), null.clone(), null.clone()),
        ]
    );
    near(&row["CitationPrecision"], 1.0 / 4.0);
    near(&row["CitationRecall"], 1.0 / 5.0);
    near(&row["InventedCitations"], 1.0);
    let answers = rows(&run, "answers.parquet");
    assert_eq!(the(&answers, "answer", "hidden")["refused"], true);
    near(&the(&examples, "answer", "board")["RefusalAccuracy"], 0.0);

    again(&sandbox, &server, &run);
    no_key_in(&sandbox.path(""));
}

/// The same once more: nothing is asked, and the files are the same.
fn again(sandbox: &Sandbox, server: &Server, run: &Path) {
    let requests = server.requests();
    let second = run_of(sandbox, "config.toml --threads 1");
    assert_eq!(
        server.requests(),
        requests,
        "what was answered is asked again"
    );
    assert!(second != run);
    let files = same_files(run, &second);
    for file in [
        "examples",
        "results",
        "summary",
        "answers",
        "citations",
        "texts",
    ] {
        assert!(
            files.contains(&format!("{file}.parquet")),
            "{file} is not written"
        );
    }
    // Only the clock tells that nothing was paid.
    let cached = |run: &Path| -> u64 {
        rows(run, "timings.parquet")
            .iter()
            .filter_map(|row| row["cached_calls"].as_u64())
            .sum()
    };
    let calls = rows(run, "texts.parquet")
        .iter()
        .filter_map(|row| row["calls"].as_u64())
        .sum::<u64>();
    assert_eq!(cached(&second), calls);
    assert_eq!(cached(run), calls - requests as u64);
}

#[test]
fn every_stage_asks_what_it_must_and_no_more_by_openai() {
    stages_of(OPENAI);
}

#[test]
fn every_stage_asks_what_it_must_and_no_more_by_anthropic() {
    stages_of(ANTHROPIC);
}

#[test]
fn a_server_that_repeats_the_key_does_not_give_it_away() {
    for protocol in [OPENAI, ANTHROPIC] {
        let server = Server::new(move |asked, _| {
            let header = if protocol == OPENAI {
                format!("Bearer {KEY}")
            } else {
                KEY.to_owned()
            };
            assert!(asked.head.contains(&header), "{}", asked.head);
            if asked.prompt.contains("train travel") {
                return Reply::Whole(
                    400,
                    "",
                    format!("{{\"error\": {{\"message\": \"the key {KEY} may not\"}}}}"),
                );
            }
            reply(protocol, &format!("Your key is {KEY} [1]."), [7, 3])
        });
        let sandbox = small(&config(protocol, &server.url, "", ONE));
        let shown = run(&sandbox, "eval config.toml");
        assert_eq!(shown.code, Some(0), "{shown:#?}");
        assert!(
            !shown.stdout.contains(KEY) && !shown.stderr.contains(KEY),
            "{shown:#?}"
        );
        let run = &sandbox.runs()[0];
        assert_eq!(
            the(&rows(run, "answers.parquet"), "answer", "leave")["answer"],
            "Your key is [key] [1]."
        );
        let examples = rows(run, "examples.parquet");
        let error = the(&examples, "answer", "train")["error"].as_str().unwrap();
        assert!(
            error.contains("400") && error.contains("the key [key] may not"),
            "{error}"
        );
        no_key_in(&sandbox.path(""));
    }
}

/// Orders that are none.
#[test]
fn an_order_is_made_whole_and_the_fault_noted() {
    let server = Server::new(|asked, _| {
        let text = match question(asked.prompt) {
            "costs" => "[2] > [2] > [7]",
            "weeks of parental leave" => "I would rather not say.",
            _ => "[1] > [2]",
        };
        reply(OPENAI, text, [7, 3])
    });
    let variants = r#"
[[system.rag.variants]]
name = "order"
retrieve.lexical = {}
rerank = { by.listwise = { model = "chat" } }
answer = {}
"#;
    let sandbox = small(&config(OPENAI, &server.url, "", variants));
    let run = run_of(&sandbox, "config.toml");
    let (texts, examples) = (rows(&run, "texts.parquet"), rows(&run, "examples.parquet"));
    let note = |query: &str| the_text(&texts, "order", query, "rerank")["degraded"].clone();
    assert_eq!(
        ranking(&run, "order", "lunch", Some("rerank")),
        ["d5", "d3"]
    );
    assert_eq!(
        note("lunch"),
        "the language model left out 1 of 2 passages, named 1 again and 1 that there are not"
    );
    near(&the(&examples, "order", "lunch")["RR"], 1.0);
    assert_eq!(
        ranking(&run, "order", "leave", Some("rerank")),
        ["d1", "d2"],
        "as they were found"
    );
    assert_eq!(
        note("leave"),
        "the language model left out 2 of 2 passages, named 0 again and 0 that there are not"
    );
    assert_eq!(note("board"), Value::Null);
    assert!(examples.iter().all(|row| row["error"].is_null()));
}

/// There is nothing to order in a list of one or none.
#[test]
fn a_list_of_one_is_not_put_in_order() {
    let server = scripted(OPENAI);
    let sandbox = small(&config(OPENAI, &server.url, "", STAGES));
    run_of(&sandbox, "config.toml --variants order");
    for prompt in asked(&server)["rerank"].keys() {
        assert!(
            prompt.contains("<source id=\"2\">"),
            "asked for an order of what has none: {prompt}"
        );
    }
}

/// What fails for one query is nothing to the others, which have the answers that they have without it.
#[test]
fn one_failure_is_of_one_query() {
    let broken = Server::new(
        |asked, _| match (kind(asked.prompt), question(asked.prompt)) {
            ("multi_query", "train travel free" | "garage opens") => {
                Reply::Whole(400, "", "no".into())
            }
            ("multi_query", "costs") => reply(OPENAI, "lunch\ncanteen\nnoon", [40, 6]),
            ("multi_query", _) => reply(OPENAI, "garage parking", [40, 6]),
            (kind, question) => reply(OPENAI, &format!("{kind} {question} [1]."), [300, 12]),
        },
    );
    let variants = r#"
[system.rag.pipeline]
understand.multi_query = { model = "chat" }
retrieve.hybrid = { depth = 5 }
answer = { model = "chat" }

[[system.rag.variants]]
name = "stopped"

[[system.rag.variants]]
name = "degraded"
on_failure = "degrade"

[[system.rag.variants]]
name = "without"
without = ["multi_query"]
"#;
    let text = config(OPENAI, &broken.url, "", variants);
    let text = format!("{}{text}", HEAD.replace("batch_size = 3", "batch_size = 8"));
    let sandbox = small("").file("config.toml", text);
    let run = run_of(&sandbox, "config.toml");
    let (examples, answers) = (
        rows(&run, "examples.parquet"),
        rows(&run, "answers.parquet"),
    );
    for query in QUERIES {
        let error = the(&examples, "stopped", query)["error"].as_str();
        let lists =
            ["stopped", "degraded", "without"].map(|variant| ranking(&run, variant, query, None));
        if ["train", "garage"].contains(&query) {
            assert!(
                error.is_some_and(
                    |error| error.starts_with("multi_query: ") && error.contains("400")
                ),
                "{query}: {error:?}"
            );
            assert_eq!(lists[1], lists[2], "{query}: as without the other wordings");
        } else {
            assert_eq!(error, None, "{query}");
            assert_eq!(lists[0], lists[1], "{query}");
            let asked = &the(&answers, "stopped", query)["answer"];
            let words = if query == "lunch" {
                "generate costs [1]."
            } else {
                "generate "
            };
            assert!(
                asked.as_str().unwrap().starts_with(words),
                "{query}: {asked}"
            );
        }
        assert_eq!(the(&examples, "degraded", query)["error"], Value::Null);
    }
    // Of the four wordings three are of the canteen alone.
    assert_eq!(ranking(&run, "stopped", "lunch", None)[0], "d5");
    assert_eq!(ranking(&run, "without", "lunch", Some("lexical"))[0], "d3");
}
