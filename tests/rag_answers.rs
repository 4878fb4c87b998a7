//! The answer pipeline as a user runs it, on a corpus so small that every figure is worked out by hand.

use serde_json::{Value, json};

use crate::rag_small::{Row, near, of, rows, run_of, small, the, the_text};

pub const EXTRACTIVE: &str = r#"
[system.rag.pipeline]
answer = {}
retrieve.lexical = {}

[[system.rag.variants]]
name = "plain"

[[system.rag.variants]]
name = "history"
understand.rewrite.history = {}

[[system.rag.variants]]
name = "feedback"
understand.prf = { documents = 3, terms = 8 }
"#;

#[track_caller]
fn scores(examples: &[Row], variant: &str, example: &str, expected: &[(&str, Option<f64>)]) {
    let row = the(examples, variant, example);
    assert_eq!(row["error"], Value::Null);
    for (metric, expected) in expected {
        match expected {
            Some(expected) => near(&row[*metric], *expected),
            None => assert_eq!(row[*metric], Value::Null, "{variant} {example} {metric}"),
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn extracted_answers_score_what_they_do_by_hand() {
    let sandbox = small(EXTRACTIVE);
    let (run, result) = run_of(&sandbox, "config.toml");
    let (examples, answers) = (
        rows(&run, "examples.parquet"),
        rows(&run, "answers.parquet"),
    );
    assert_eq!(
        examples.len(),
        3 * 8,
        "the query of which nothing is known is left out"
    );
    let answer = |variant: &str, example: &str, text: &str, sources: &[&str]| {
        let row = the(&answers, variant, example);
        assert_eq!(row["answer"], text);
        assert_eq!(row["sources"], json!(sources), "{variant} {example}");
    };

    // Of the seven documents that everybody may see two speak of leave. The answer has five words, the gold two.
    answer(
        "plain",
        "leave",
        "Parental leave lasts 16 weeks. [1]",
        &["d1", "d2"],
    );
    scores(
        &examples,
        "plain",
        "leave",
        &[
            ("RR", Some(1.0)),
            ("R@10", Some(0.5)),
            ("F1", Some(2.0 * 0.4 / 1.4)),
            ("EM", Some(0.0)),
            ("NuggetRecall", Some(0.5)),
            ("RefusalAccuracy", Some(1.0)),
            ("ContextPrecision", Some(0.5)),
            ("ContextRecall", Some(0.5)),
            ("CitationPrecision", Some(1.0)),
            ("CitationRecall", Some(1.0)),
            ("InventedCitations", Some(0.0)),
        ],
    );
    answer("plain", "train", "Travel by train is free. [1]", &["d8"]);
    scores(
        &examples,
        "plain",
        "train",
        &[
            ("RR", Some(1.0)),
            ("F1", Some(1.0)),
            ("EM", Some(1.0)),
            ("NuggetRecall", Some(1.0)),
            ("RefusalAccuracy", Some(1.0)),
            ("ContextPrecision", Some(1.0)),
            ("ContextRecall", Some(1.0)),
        ],
    );
    // Nothing speaks of it: refused, which is right.
    answer(
        "plain",
        "telescope",
        "I don't have enough information.",
        &[],
    );
    scores(
        &examples,
        "plain",
        "telescope",
        &[
            ("RR", None),
            ("R@10", None),
            ("F1", Some(1.0)),
            ("EM", Some(1.0)),
            ("NuggetRecall", None),
            ("RefusalAccuracy", Some(1.0)),
            ("ContextPrecision", None),
            ("ContextRecall", None),
            ("CitationPrecision", None),
            ("CitationRecall", None),
            ("InventedCitations", Some(0.0)),
        ],
    );
    // Answered, though the question is said to have no answer.
    answer("plain", "garage", "The garage opens at seven. [1]", &["d3"]);
    scores(
        &examples,
        "plain",
        "garage",
        &[
            ("RR", None),
            ("F1", Some(0.0)),
            ("EM", Some(0.0)),
            ("NuggetRecall", None),
            ("RefusalAccuracy", Some(0.0)),
            ("ContextPrecision", None),
            ("CitationPrecision", Some(1.0)),
            ("CitationRecall", Some(1.0)),
        ],
    );
    // Who may not see the document is not told what stands in it, and loses the point.
    answer(
        "plain",
        "hidden",
        "I don't have enough information.",
        &["d7"],
    );
    scores(
        &examples,
        "plain",
        "hidden",
        &[
            ("RR", Some(0.0)),
            ("R@10", Some(0.0)),
            ("F1", Some(0.0)),
            ("EM", Some(0.0)),
            ("NuggetRecall", Some(0.0)),
            ("RefusalAccuracy", Some(0.0)),
            ("ContextPrecision", Some(0.0)),
            ("ContextRecall", Some(0.0)),
            ("CitationPrecision", None),
            ("CitationRecall", None),
        ],
    );
    // Eleven words without articles, two of them the gold's.
    answer(
        "plain",
        "board",
        "The merger with Acme closes in March. [1]\nIt is worth nine million. [1]",
        &["d4", "d7"],
    );
    scores(
        &examples,
        "plain",
        "board",
        &[
            ("RR", Some(1.0)),
            ("F1", Some(4.0 / 13.0)),
            ("EM", Some(0.0)),
            ("NuggetRecall", Some(1.0)),
            ("ContextPrecision", Some(0.5)),
            ("ContextRecall", Some(1.0)),
            ("CitationPrecision", Some(1.0)),
            ("CitationRecall", Some(1.0)),
        ],
    );
    // The shorter document first, whose sentence is the answer; with what was said before, the right one.
    answer(
        "plain",
        "lunch",
        "Parking costs two euros. [1]",
        &["d3", "d5"],
    );
    scores(
        &examples,
        "plain",
        "lunch",
        &[
            ("RR", Some(0.5)),
            ("F1", Some(1.0 / 3.0)),
            ("ContextPrecision", Some(0.5)),
            ("ContextRecall", Some(1.0)),
        ],
    );
    answer(
        "history",
        "lunch",
        "Lunch costs six euros. [1]",
        &["d5", "d3"],
    );
    scores(
        &examples,
        "history",
        "lunch",
        &[
            ("RR", Some(1.0)),
            ("F1", Some(2.0 / 3.0)),
            ("NuggetRecall", Some(1.0)),
        ],
    );
    // Judged, and no answer is known.
    scores(
        &examples,
        "plain",
        "laptops",
        &[
            ("RR", Some(1.0)),
            ("F1", None),
            ("EM", None),
            ("NuggetRecall", None),
            ("RefusalAccuracy", None),
            ("ContextPrecision", Some(1.0)),
        ],
    );

    // Means are over the queries that a metric applies to.
    let summary = result["summary"].as_array().unwrap();
    let mean = |metric: &str, n: u64, expected: f64| {
        let is = |row: &&Value| {
            row["variant"] == "plain" && row["metric"] == metric && row["slice"] == "all"
        };
        let row = summary.iter().find(is).unwrap();
        assert_eq!(row["n"], n, "{metric}");
        near(&row["mean"], expected);
    };
    mean("RR", 6, (1.0 + 1.0 + 0.0 + 1.0 + 0.5 + 1.0) / 6.0);
    mean("EM", 7, 2.0 / 7.0);
    mean("RefusalAccuracy", 7, 5.0 / 7.0);
    mean("NuggetRecall", 5, (0.5 + 1.0 + 0.0 + 1.0 + 0.0) / 5.0);
    mean("CitationPrecision", 6, 1.0);
}

#[test]
fn citations_are_listed_sentence_by_sentence() {
    let sandbox = small(EXTRACTIVE);
    let (run, _) = run_of(&sandbox, "config.toml");
    let (citations, answers) = (
        rows(&run, "citations.parquet"),
        rows(&run, "answers.parquet"),
    );
    let found = of(&citations, "plain", "board");
    assert_eq!(found.len(), 2);
    for (row, (number, text)) in found.iter().zip([
        (1, "The merger with Acme closes in March. [1]"),
        (2, "It is worth nine million. [1]"),
    ]) {
        assert_eq!(row["sentence"], number);
        assert_eq!(row["text"], text);
        assert_eq!(
            (&row["cites"], &row["item"], &row["verified"]),
            (&json!(1), &json!("d4"), &json!(true))
        );
        assert_eq!(
            (&row["best_source"], &row["support"], &row["best_support"]),
            (&json!(1), &json!(1.0), &json!(1.0))
        );
    }
    let refused = the(&citations, "plain", "telescope");
    for column in [
        "cites",
        "item",
        "support",
        "verified",
        "best_source",
        "best_support",
    ] {
        assert_eq!(
            refused[column],
            Value::Null,
            "{column}: a refusal cites and claims nothing"
        );
    }
    let told = the(&answers, "plain", "board");
    assert_eq!(told["source_titles"], json!(["Board", "d7"]));
    assert_eq!(
        (&told["refused"], &told["review"], &told["confidence"]),
        (&json!(false), &json!(false), &json!(1.0))
    );
    let refused = the(&answers, "plain", "hidden");
    assert_eq!(
        (
            &refused["refused"],
            &refused["review"],
            &refused["confidence"]
        ),
        (&json!(true), &json!(false), &json!(0.0))
    );
    // What stands before the sources is the same in every prompt.
    let prefixes: Vec<i64> = answers
        .iter()
        .map(|row| row["prefix_tokens"].as_i64().unwrap())
        .collect();
    assert!(
        prefixes[0] > 50 && prefixes.iter().all(|prefix| *prefix == prefixes[0]),
        "{prefixes:?}"
    );
    assert!(
        answers
            .iter()
            .all(|row| row["prompt_tokens"].as_i64() > Some(prefixes[0]))
    );
}

/// What a caller may not see shows in no file of the run but that of the caller who may.
#[test]
fn nobody_is_told_of_a_document_that_is_not_for_them() {
    let sandbox = small(EXTRACTIVE);
    let (run, _) = run_of(&sandbox, "config.toml");
    let mut seen_by_the_board = 0;
    for file in [
        "results.parquet",
        "answers.parquet",
        "citations.parquet",
        "texts.parquet",
    ] {
        for row in rows(&run, file) {
            let text = serde_json::to_string(&row).unwrap();
            // `closes`, `March`, `nine` and `million` stand in no other document.
            let told = ["d4", "million", "march", "March", "Board", "nine"]
                .iter()
                .any(|word| text.contains(word));
            seen_by_the_board += usize::from(told);
            // Whoever brings no labels sees everything.
            let may = row["example_id"] == "board"
                || ["leave", "train", "telescope", "garage", "lunch", "laptops"]
                    .iter()
                    .any(|id| row["example_id"] == *id);
            assert!(may || !told, "{file}: {text}");
        }
    }
    assert!(seen_by_the_board > 10, "the words are there to be found");
    let texts = rows(&run, "texts.parquet");
    let words = |example: &str| {
        the_text(&texts, "feedback", example, "prf")["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // The words of the one document that a search finds among the visible ones, after those of the query.
    assert!(
        words("hidden").contains("bern^") && words("hidden").contains("desk^"),
        "{}",
        words("hidden")
    );
    assert!(
        words("board").contains("million^") && words("board").contains("nine^"),
        "{}",
        words("board")
    );
}
