//! Gold spans and filters, in runs as a user makes them.

use std::fmt::Write;

use serde_json::json;

use crate::sandbox::Sandbox;

/// Six documents on subjects of their own, three questions whose answers are stretches of them.
fn sandbox() -> Sandbox {
    let subjects = [
        "otters", "herons", "badgers", "lynxes", "falcons", "beavers",
    ];
    let mut corpus = String::new();
    for (number, subject) in subjects.iter().enumerate() {
        let sentences: String = (0..30)
            .map(|place| {
                format!(
                    "Sentence {place} says of {subject} what number {} is. ",
                    place * 7 + number
                )
            })
            .collect();
        let text = format!(
            "{sentences}The motto of all {subject} is: patience, always patience. {sentences}"
        );
        let row = json!({ "_id": subject, "text": text, "metadata": { "author": if number % 2 == 0 { "Ann" } else { "Bo" }, "date": format!("202{number}-05-01") } });
        writeln!(corpus, "{row}").unwrap();
    }
    let (mut queries, mut spans) = (String::new(), String::new());
    for (number, line) in corpus.lines().take(3).enumerate() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (subject, text) = (row["_id"].as_str().unwrap(), row["text"].as_str().unwrap());
        let start = text.find("patience, always").unwrap();
        let query = json!({ "_id": format!("q{number}"), "text": format!("motto of {subject}") });
        let span = json!({ "query": format!("q{number}"), "document": subject, "start": start, "end": start + 25, "text": "patience, always patience" });
        writeln!(queries, "{query}").unwrap();
        writeln!(spans, "{span}").unwrap();
    }
    let mut config = String::from(
        "name = \"cut\"\nmetrics = [\"SpanNDCG@10\", \"SpanYield@3\", \"SpanR@60tok\", \"nDCG@10\"]\n\
         [dataset.source.tables]\ncorpus.path = \"corpus.jsonl\"\nqueries.path = \"queries.jsonl\"\nspans.path = \"spans.jsonl\"\n\
         [system.rag]\ndepth = 50\nindex.build.vectors = {}\n",
    );
    for (name, chunking) in [
        ("whole", "\"whole\""),
        ("fixed", "{ fixed = { size = 40 } }"),
        ("twice", "{ fixed = { size = 40, overlap = 20 } }"),
        ("levels", "{ hierarchical = { size = 40 } }"),
    ] {
        write!(
            config,
            "[[system.rag.variants]]\nname = \"{name}\"\nchunking = {chunking}\nretrieve.lexical = {{}}\n"
        ).unwrap();
    }
    Sandbox::new()
        .file("corpus.jsonl", corpus)
        .file("queries.jsonl", queries)
        .file("spans.jsonl", spans)
        .file("config.toml", config)
}

#[test]
fn chunkings_are_compared_by_what_they_cover() {
    let sandbox = sandbox();
    let shown = sandbox.ok("eval config.toml --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let mean = |variant: &str, metric: &str| -> f64 {
        let rows = result["summary"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["variant"] == variant && row["metric"] == metric)
            .unwrap();
        row["mean"].as_f64().unwrap()
    };
    for variant in ["whole", "fixed", "twice", "levels"] {
        assert!(
            (mean(variant, "nDCG@10") - 1.0).abs() < 1e-12,
            "{variant}: the right document is first however it is cut"
        );
        assert!(
            (mean(variant, "SpanNDCG@10") - 1.0).abs() < 1e-12,
            "{variant}"
        );
    }
    assert!(
        mean("whole", "SpanR@60tok").abs() < 1e-12,
        "a document that does not fit holds nothing of the answer"
    );
    assert!((mean("fixed", "SpanR@60tok") - 1.0).abs() < 1e-12);
    assert!(mean("fixed", "SpanYield@3") > 5.0 * mean("whole", "SpanYield@3"));
    assert!(
        mean("twice", "SpanYield@3") <= mean("fixed", "SpanYield@3") + 1e-12,
        "overlap alone wins nothing"
    );
}

#[test]
fn a_gold_span_that_is_not_there_is_an_error() {
    let sandbox = sandbox();
    let spans = String::from_utf8(sandbox.read("spans.jsonl")).unwrap();
    let wrong = spans.replacen("patience, always patience", "Patience, always patience", 1);
    let start =
        serde_json::from_str::<serde_json::Value>(wrong.lines().next().unwrap()).unwrap()["start"]
            .as_u64()
            .unwrap();
    let sandbox = sandbox.file("spans.jsonl", wrong);
    let shown = sandbox.run("eval config.toml");
    let message = format!(
        "query `q0`: its gold span from {start} to {} of `otters` is `patience, always patience` there and not `Patience, always patience`; count Unicode code points of the extracted text (`ragkit extract` shows it)",
        start + 25
    );
    assert!(shown.stderr.contains(&message), "{}", shown.stderr);
    let sandbox = sandbox.file(
        "spans.jsonl",
        "{\"query\": \"q0\", \"document\": \"otters\", \"start\": 899990, \"end\": 900000}\n",
    );
    assert!(
        sandbox
            .run("eval config.toml")
            .stderr
            .contains("lies behind the")
    );
    let sandbox = sandbox.file(
        "spans.jsonl",
        "{\"query\": \"q0\", \"document\": \"otters\", \"start\": 5, \"end\": 5}\n",
    );
    assert!(
        sandbox
            .run("eval config.toml")
            .stderr
            .contains("line 1: the span from 5 to 5 holds no character")
    );
}

#[test]
fn filters_hold_in_words_and_vectors_alike() {
    let sandbox = sandbox();
    sandbox.ok("index corpus.jsonl --out i --chunk sentence --chunk-size 40 --dim 4");
    let documents = |arguments: &str| -> Vec<String> {
        let shown = sandbox.ok(&format!("search i motto -k 1000 --format json {arguments}"));
        let lines: Vec<serde_json::Value> = serde_json::from_str(&shown.stdout).unwrap();
        let mut documents: Vec<String> = lines
            .iter()
            .map(|line| {
                line["id"]
                    .as_str()
                    .unwrap()
                    .split('#')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        documents.sort();
        documents.dedup();
        documents
    };
    for by in ["lexical", "dense"] {
        assert_eq!(
            documents(&format!("--by {by} --where author=ann")),
            ["badgers", "falcons", "otters"],
            "{by}"
        );
        assert_eq!(
            documents(&format!(
                "--by {by} --where author=Ann --where date>=2022 --where date<=2022-12"
            )),
            ["badgers"],
            "{by}"
        );
        assert_eq!(
            documents(&format!("--by {by} --where author=Zoe")),
            Vec::<String>::new(),
            "{by}"
        );
    }
}
