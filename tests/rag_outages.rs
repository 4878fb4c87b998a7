//! What is left of a pipeline where a component is out of service, for all queries or for one.

use serde_json::{Value, json};

use crate::chat_server::{OPENAI, Reply, Server};
use crate::rag_scripted::{self, QUERIES, asked, config, scripted};
use crate::rag_small::{HEAD, of, ranking, rows, run_of, small, the, the_text};

/// Both searches, and what fails for whom.
const OUTAGES: &str = r#"
index.build.vectors.lsa = { embedder.lsa = { dim = 4 } }

[system.rag.pipeline]
answer = {}
retrieve.hybrid = { depth = 6 }

[[system.rag.variants]]
name = "both"

[[system.rag.variants]]
name = "words"
retrieve.lexical = {}

[[system.rag.variants]]
name = "vectors"
retrieve.dense = {}

[[system.rag.variants]]
name = "no_dense"
unavailable = ["dense"]
on_failure = "degrade"

[[system.rag.variants]]
name = "no_lexical"
unavailable = ["lexical"]
on_failure = "degrade"

[[system.rag.variants]]
name = "stopped"
unavailable = ["dense"]

[[system.rag.variants]]
name = "nothing"
unavailable = ["dense", "lexical"]
on_failure = "degrade"
"#;

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn without_one_index_the_other_decides() {
    let sandbox = small(OUTAGES);
    // So many as the hybrid takes of each list.
    let text = String::from_utf8(sandbox.read("config.toml")).unwrap();
    let text = text
        .replacen("depth = 10", "depth = 6", 1)
        .replacen("\"R@10\", ", "", 1);
    let sandbox = sandbox.file("config.toml", text);
    let (run, result) = run_of(&sandbox, "config.toml");
    let texts = rows(&run, "texts.parquet");
    let (examples, answers) = (
        rows(&run, "examples.parquet"),
        rows(&run, "answers.parquet"),
    );
    let queries = [
        "leave",
        "train",
        "telescope",
        "garage",
        "hidden",
        "board",
        "lunch",
        "laptops",
    ];
    let mut differing = 0;
    for query in queries {
        let list = |variant: &str| ranking(&run, variant, query, None);
        assert_eq!(list("no_dense"), list("words"), "{query}");
        assert_eq!(list("no_lexical"), list("vectors"), "{query}");
        differing += usize::from(list("both") != list("words"));
        for (degraded, alone) in [("no_dense", "words"), ("no_lexical", "vectors")] {
            assert_eq!(
                the(&answers, degraded, query)["answer"],
                the(&answers, alone, query)["answer"],
                "{query}"
            );
            for metric in ["RR", "F1", "ContextPrecision", "RefusalAccuracy"] {
                assert_eq!(
                    the(&examples, degraded, query)[metric],
                    the(&examples, alone, query)[metric],
                    "{query} {metric}"
                );
            }
        }
        let note = |variant: &str| the_text(&texts, variant, query, "fuse")["degraded"].clone();
        assert_eq!(
            note("no_dense"),
            "the dense index is unavailable, as `unavailable` says"
        );
        assert_eq!(
            note("no_lexical"),
            "the lexical index is unavailable, as `unavailable` says"
        );
        assert!(
            of(&texts, "both", query)
                .iter()
                .all(|row| row["stage"] == "generate" && row["degraded"] == Value::Null)
        );
    }
    assert!(differing > 0, "the vectors matter where they are there");

    // Every query of a variant that may not go on is an error, counted and scored 0.
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(
        manifest["errors"],
        json!({ "both": 0, "words": 0, "vectors": 0, "no_dense": 0, "no_lexical": 0, "stopped": 8, "nothing": 8 })
    );
    for variant in ["stopped", "nothing"] {
        for query in queries {
            let row = the(&examples, variant, query);
            let component = if variant == "stopped" {
                "dense"
            } else {
                "lexical"
            };
            assert_eq!(
                row["error"],
                format!("the {component} index is unavailable, as `unavailable` says")
            );
            for metric in [
                "RR",
                "F1",
                "EM",
                "NuggetRecall",
                "RefusalAccuracy",
                "ContextPrecision",
                "ContextRecall",
            ] {
                // What does not apply to a query does not apply to its error either.
                let expected = &the(&examples, "both", query)[metric];
                let expected = if expected.is_null() {
                    Value::Null
                } else {
                    json!(0.0)
                };
                assert_eq!(row[metric], expected, "{variant} {query} {metric}");
            }
            assert_eq!(
                row["InventedCitations"],
                Value::Null,
                "less would be better: no value, not 0"
            );
            assert!(of(&answers, variant, query).is_empty());
        }
    }
    let summary = result["summary"].as_array().unwrap();
    let row = summary
        .iter()
        .find(|row| {
            row["variant"] == "stopped"
                && row["metric"] == "RefusalAccuracy"
                && row["slice"] == "all"
        })
        .unwrap();
    assert_eq!((&row["n"], &row["mean"]), (&json!(7), &json!(0.0)));
}

/// Of a list that counts nothing beside the other the order is still its own, once the other is gone.
#[test]
fn a_list_without_weight_is_what_is_left() {
    let rest = r#"
index.build.vectors.lsa = { embedder.lsa = { dim = 4 } }

[[system.rag.variants]]
name = "words"
retrieve.lexical = {}

[[system.rag.variants]]
name = "left"
retrieve.hybrid = { depth = 10, weights = [0.0, 1.0] }
unavailable = ["dense"]
on_failure = "degrade"
"#;
    let head = HEAD.replace("\"F1\", \"EM\", \"NuggetRecall\", \"RefusalAccuracy\", \"ContextPrecision\", \"ContextRecall\", \"CitationPrecision\", \"CitationRecall\", \"InventedCitations\"", "\"P@1\"");
    let sandbox = small("").file("config.toml", format!("{head}{rest}"));
    let (run, _) = run_of(&sandbox, "config.toml");
    for query in ["leave", "train", "board", "lunch", "laptops"] {
        assert_eq!(
            ranking(&run, "left", query, None),
            ranking(&run, "words", query, None),
            "{query}"
        );
    }
}

/// Who has no language model asks none, for whatever stage.
fn unavailable(rerank: &str) {
    let server = scripted(OPENAI);
    let variants = r#"
[system.rag.pipeline]
understand.rewrite.model = { model = "chat" }
understand.multi_query = { model = "chat" }
understand.hyde = { model = "chat" }
retrieve.hybrid = { depth = 5 }
RERANK
answer = { model = "chat" }
on_failure = "degrade"

[[system.rag.variants]]
name = "down"
unavailable = ["language_model"]

[[system.rag.variants]]
name = "plain"
without = ["rewrite", "multi_query", "hyde", "rerank"]
answer = {}

[[system.rag.variants]]
name = "stopped"
unavailable = ["language_model"]
on_failure = "error"
"#;
    let sandbox = small(&config(
        OPENAI,
        &server.url,
        "",
        &variants.replace("RERANK", rerank),
    ));
    let run = rag_scripted::run_of(&sandbox, "config.toml");
    assert_eq!(
        server.requests(),
        0,
        "{:?}",
        asked(&server).into_keys().collect::<Vec<_>>()
    );
    let (examples, answers) = (
        rows(&run, "examples.parquet"),
        rows(&run, "answers.parquet"),
    );
    let texts = rows(&run, "texts.parquet");
    for query in QUERIES {
        assert_eq!(
            ranking(&run, "down", query, None),
            ranking(&run, "plain", query, None),
            "{query}"
        );
        assert_eq!(
            the(&answers, "down", query)["answer"],
            the(&answers, "plain", query)["answer"],
            "{query}"
        );
        let stages = ["multi_query", "hyde", "generate", "rerank"];
        for stage in &stages[..if rerank.is_empty() { 3 } else { 4 }] {
            let note = the_text(&texts, "down", query, stage)["degraded"]
                .as_str()
                .unwrap();
            assert!(
                note.contains("the language model is unavailable, as `unavailable` says"),
                "{stage}: {note}"
            );
        }
        let error = the(&examples, "stopped", query)["error"].as_str().unwrap();
        assert!(
            error.contains("the language model is unavailable, as `unavailable` says"),
            "{error}"
        );
        assert_eq!(
            the(&examples, "down", query)["tokens_in"],
            Value::Null,
            "nothing was asked"
        );
    }
}

#[test]
fn a_language_model_that_is_unavailable_is_not_asked() {
    unavailable("");
}

#[test]
fn a_language_model_that_is_unavailable_is_not_asked_for_an_order_either() {
    unavailable("rerank = { by.listwise = { model = \"chat\" } }");
}

/// A server that is down, and a reranker that is: with `degrade` the sentences and the order of the pipeline without, else errors.
#[test]
fn a_server_that_is_down_leaves_what_needs_none() {
    let variants = r#"
[system.rag.pipeline]
retrieve.lexical = {}
answer = {}

[[system.rag.variants]]
name = "plain"

[[system.rag.variants]]
name = "degraded"
answer = { model = "chat" }
on_failure = "degrade"

[[system.rag.variants]]
name = "failed"
answer = { model = "chat" }

[[system.rag.variants]]
name = "unordered"
rerank = { by.listwise = { model = "chat" } }
on_failure = "degrade"

[[system.rag.variants]]
name = "no_reranker"
rerank = { by.listwise = { model = "chat" } }
unavailable = ["reranker"]
on_failure = "degrade"

[[system.rag.variants]]
name = "unranked"
rerank = { by.listwise = { model = "chat" } }
unavailable = ["reranker"]
"#;
    let server = Server::new(|_, _| Reply::Whole(500, "", "out of order".into()));
    let sandbox = small(&config(OPENAI, &server.url, "retries = 0", variants));
    let run = rag_scripted::run_of(&sandbox, "config.toml");
    let (examples, answers) = (
        rows(&run, "examples.parquet"),
        rows(&run, "answers.parquet"),
    );
    let texts = rows(&run, "texts.parquet");
    for query in QUERIES {
        for variant in ["degraded", "unordered", "no_reranker"] {
            assert_eq!(
                the(&answers, variant, query)["answer"],
                the(&answers, "plain", query)["answer"],
                "{variant} {query}"
            );
            assert_eq!(
                ranking(&run, variant, query, None),
                ranking(&run, "plain", query, None),
                "{variant} {query}"
            );
            for metric in [
                "RR",
                "F1",
                "EM",
                "RefusalAccuracy",
                "CitationRecall",
                "ContextRecall",
            ] {
                assert_eq!(
                    the(&examples, variant, query)[metric],
                    the(&examples, "plain", query)[metric],
                    "{variant} {query} {metric}"
                );
            }
        }
        let note = the_text(&texts, "degraded", query, "generate")["degraded"]
            .as_str()
            .unwrap();
        assert!(
            note.contains("answers 500 Internal Server Error: out of order")
                && note.ends_with("; sentences are extracted"),
            "{note}"
        );
        let note = the_text(&texts, "no_reranker", query, "rerank")["degraded"].clone();
        assert_eq!(note, "the reranker is unavailable, as `unavailable` says");
        let error = the(&examples, "failed", query)["error"].as_str().unwrap();
        assert!(
            error.starts_with("generate: ")
                && error.contains("answers 500 Internal Server Error: out of order"),
            "{error}"
        );
        assert_eq!(
            the(&examples, "unranked", query)["error"],
            "the reranker is unavailable, as `unavailable` says"
        );
        for metric in ["RR", "F1", "RefusalAccuracy"] {
            let applies = !the(&examples, "plain", query)[metric].is_null();
            let expected = if applies { json!(0.0) } else { Value::Null };
            assert_eq!(
                the(&examples, "failed", query)[metric],
                expected,
                "{query} {metric}"
            );
        }
    }
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    let errors = json!({ "plain": 0, "degraded": 0, "failed": 8, "unordered": 0, "no_reranker": 0, "unranked": 8 });
    assert_eq!(manifest["errors"], errors);
    // What failed is not kept: the next run asks again.
    let requests = server.requests();
    rag_scripted::run_of(&sandbox, "config.toml --variants degraded");
    assert_eq!(server.requests(), requests + 8);
}
