//! Answers of other systems, scored as ours are.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::rag_ablation::VARIANTS;
use crate::rag_small::{HEAD, Row, near, of, rows, run_of, small, the};
use crate::sandbox::Sandbox;

/// Answers of a model that were recorded for the prompts of the eight documents, whatever they are.
const ANSWERS: [(&str, &str); 8] = [
    // Right; of the wrong source; with a wrong number; invented; without a source.
    (
        "leave",
        "Parental leave lasts 16 weeks [1]. It is paid in full [2]. Leave lasts 18 weeks [1]. It is paid in full [9]. Bananas are yellow.",
    ),
    ("train", "Travel by train is free [1]."),
    ("telescope", "It lasts two years [1]."),
    ("garage", "I don't have enough information."),
    ("hidden", "I cannot answer that."),
    ("board", "Nine million [1]."),
    ("lunch", "Six euros [1][2]."),
    ("laptops", "Laptops are replaced every four years [1]."),
];

const METRICS: [&str; 11] = [
    "RR",
    "R@10",
    "F1",
    "EM",
    "NuggetRecall",
    "RefusalAccuracy",
    "ContextPrecision",
    "ContextRecall",
    "CitationPrecision",
    "CitationRecall",
    "InventedCitations",
];

const RECORDED: &str = "[system.recorded]\noutputs = \"recorded.jsonl\"\n";

/// The head of a config without its system.
fn head() -> String {
    HEAD.split("[system.rag]").next().unwrap().to_owned()
}

/// A line of a recorded file.
fn line(query: &str, variant: &str, answer: &str, contexts: &Value) -> Value {
    json!({ "query_id": query, "variant": variant, "answer": answer, "contexts": contexts })
}

/// What stands in the corpus, by id.
fn documents(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let text = String::from_utf8(sandbox.read("data/corpus.jsonl")).unwrap();
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["_id"].as_str().unwrap().to_owned(), row))
        .collect()
}

/// The answers of a run as the file of recorded outputs that another system would write.
fn recorded(sandbox: &Sandbox, run: &Path) -> String {
    let documents = documents(sandbox);
    let line = |row: &Row| {
        let sources = row["sources"].as_array().unwrap().iter();
        let contexts = sources.map(|id| {
            let document = &documents[id.as_str().unwrap()];
            json!({ "id": id, "title": document["title"], "text": document["text"] })
        });
        line(
            row["example_id"].as_str().unwrap(),
            row["variant"].as_str().unwrap(),
            row["answer"].as_str().unwrap(),
            &contexts.collect(),
        )
    };
    rows(run, "answers.parquet")
        .iter()
        .map(|row| line(row).to_string() + "\n")
        .collect()
}

/// A config whose language model says what it is told: the prompts are taken from a run over what nobody recorded.
fn told() -> Sandbox {
    let variants = |model: &str| {
        format!(
            "\n[system.rag.models.told.replay]\npath = \"told.jsonl\"\n\n[system.rag.pipeline]\nretrieve.lexical = {{}}\n\n[[system.rag.variants]]\nname = \"plain\"\nanswer = {{}}\n\n[[system.rag.variants]]\nname = \"told\"\nanswer = {{ model = \"{model}\" }}\n"
        )
    };
    let sandbox = small(&variants("told")).file("told.jsonl", "");
    let (run, _) = run_of(&sandbox, "config.toml");
    let examples = rows(&run, "examples.parquet");
    let recorded = ANSWERS.map(|(query, answer)| {
        // The error says which prompt it was.
        let error = the(&examples, "told", query)["error"].as_str().unwrap();
        let hash = error.split('`').find(|part| part.len() == 64).unwrap();
        json!({ "prompt_hash": hash, "text": answer, "tokens_in": 100, "tokens_out": 10 })
            .to_string()
            + "\n"
    });
    sandbox.file("told.jsonl", recorded.concat())
}

#[test]
fn recorded_answers_score_as_they_did_when_they_were_given() {
    let sandbox = told();
    let (first, _) = run_of(&sandbox, "config.toml");
    let file = recorded(&sandbox, &first);
    let sandbox = sandbox
        .file("recorded.jsonl", file)
        .file("recorded.toml", head() + RECORDED);
    let (again, _) = run_of(&sandbox, "recorded.toml");
    let (given, scored) = (
        rows(&first, "examples.parquet"),
        rows(&again, "examples.parquet"),
    );
    assert_eq!((given.len(), scored.len()), (16, 16));
    for row in &given {
        let other = the(
            &scored,
            row["variant"].as_str().unwrap(),
            row["example_id"].as_str().unwrap(),
        );
        assert_eq!(
            (&row["error"], &other["error"]),
            (&Value::Null, &Value::Null)
        );
        for metric in METRICS {
            assert_eq!(
                other[metric], row[metric],
                "{} {} {metric}",
                row["variant"], row["example_id"]
            );
        }
    }
    // They are not all the same, and these are as by hand.
    let leave = the(&scored, "told", "leave");
    near(&leave["CitationPrecision"], 0.25);
    near(&leave["CitationRecall"], 0.2);
    near(&leave["InventedCitations"], 1.0);
    near(&the(&scored, "told", "telescope")["RefusalAccuracy"], 0.0);
    near(&the(&scored, "told", "garage")["RefusalAccuracy"], 1.0);
    near(&the(&scored, "told", "board")["EM"], 1.0);
    // Two citations, of which that of the canteen holds.
    near(&the(&scored, "told", "lunch")["CitationPrecision"], 0.5);
    assert_eq!(
        the(&scored, "told", "hidden")["CitationPrecision"],
        Value::Null
    );

    // Sentence by sentence too, but for the numbers that rest on how rare words are.
    let columns = [
        "sentence",
        "text",
        "cites",
        "item",
        "verified",
        "best_source",
    ];
    let sentences = |run: &Path| -> Vec<Vec<Value>> {
        rows(run, "citations.parquet")
            .iter()
            .map(|row| columns.map(|column| row[column].clone()).to_vec())
            .collect()
    };
    assert_eq!(sentences(&again), sentences(&first));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn rows_that_fit_no_query_or_failed_or_are_missing() {
    let contexts = json!([{ "id": "d8", "text": "Travel by train is free." }]);
    let mut lines = vec![
        line("train", "a", "Travel by train is free [1].", &contexts),
        json!({ "query_id": "leave", "variant": "a", "error": "HTTP 500", "tokens_in": 7, "tokens_out": 0, "cost_usd": 0.25 }),
        line("nobody", "a", "Forty.", &contexts),
        line("q999", "a", "Forty.", &contexts),
        line("train", "b", "I don't know.", &json!([])),
    ];
    lines[0]["tokens_in"] = json!(120);
    lines[0]["tokens_out"] = json!(12);
    lines[0]["cost_usd"] = json!(0.5);
    lines[0]["latency_ms"] = json!(812.5);
    let text = |lines: &[Value]| {
        lines
            .iter()
            .map(|line| line.to_string() + "\n")
            .collect::<String>()
    };
    let sandbox = small("")
        .file("recorded.jsonl", text(&lines))
        .file("recorded.toml", head() + RECORDED);
    let shown = sandbox.ok("eval recorded.toml --format json");
    assert!(
        shown.stderr.contains(
            "note: 2 recorded answers are to queries that are not evaluated; they are left out"
        ),
        "{}",
        shown.stderr
    );
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    let run = sandbox.path(result["run"].as_str().unwrap());
    let examples = rows(&run, "examples.parquet");
    assert_eq!(examples.len(), 16);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["errors"], json!({ "a": 7, "b": 7 }));

    let train = the(&examples, "a", "train");
    for metric in [
        "RR",
        "R@10",
        "F1",
        "EM",
        "RefusalAccuracy",
        "ContextPrecision",
        "ContextRecall",
        "CitationPrecision",
        "CitationRecall",
    ] {
        near(&train[metric], 1.0);
    }
    assert_eq!(
        (
            &train["tokens_in"],
            &train["tokens_out"],
            &train["cost_usd"]
        ),
        (&json!(120), &json!(12), &json!(0.5))
    );
    let timings = rows(&run, "timings.parquet");
    let clocks = of(&timings, "a", "train");
    let clock = clocks
        .iter()
        .find(|row| row["stage"] == "generate")
        .unwrap();
    near(&clock["latency_ms"], 812.5);

    let leave = the(&examples, "a", "leave");
    assert_eq!(leave["error"], "HTTP 500");
    for metric in [
        "RR",
        "R@10",
        "F1",
        "EM",
        "NuggetRecall",
        "RefusalAccuracy",
        "ContextPrecision",
        "ContextRecall",
    ] {
        near(&leave[metric], 0.0);
    }
    assert_eq!(
        the(&examples, "a", "lunch")["error"],
        "the file has no answer to it"
    );
    near(&the(&examples, "a", "lunch")["RR"], 0.0);
    near(&the(&examples, "b", "train")["RefusalAccuracy"], 0.0);
    near(&the(&examples, "b", "train")["ContextRecall"], 0.0);

    // Two answers of one system to one query: which of them counts is for the user to say.
    lines.insert(
        3,
        line("train", "a", "Travel by train is dear [1].", &contexts),
    );
    sandbox.file("recorded.jsonl", text(&lines)).fails(
        "eval recorded.toml",
        "`recorded.jsonl` line 4: `a` answers query `train` already in line 1; keep one of the two, or name their systems apart in `variant`",
    );
    // A metric of rankings needs ids, one of answers does not.
    let nameless = line(
        "train",
        "a",
        "Travel by train is free [1].",
        &json!(["Travel by train is free."]),
    )
    .to_string();
    let sandbox = small("")
        .file("recorded.jsonl", nameless)
        .file("recorded.toml", head() + RECORDED);
    sandbox.fails(
        "eval recorded.toml",
        "`recorded.jsonl`, line 1: a context has no `id`, and `RR` compares ids with judgements; give it one, or drop the metric",
    );
    let text = head()
        .replace("\"RR\", \"R@10\", ", "")
        .replace("\"ContextPrecision\", \"ContextRecall\", ", "")
        + RECORDED;
    let sandbox = sandbox.file("recorded.toml", text);
    let (run, _) = run_of(&sandbox, "recorded.toml");
    near(
        &the(&rows(&run, "examples.parquet"), "a", "train")["CitationPrecision"],
        1.0,
    );
    let strange = line("q999", "a", "x", &json!([])).to_string();
    let sandbox = small("")
        .file("recorded.jsonl", strange)
        .file("recorded.toml", head() + RECORDED);
    sandbox.fails("eval recorded.toml", "`recorded.jsonl` answers no query of the dataset; its `query_id` must be the ids of the queries");
}

/// Six questions with two answers each, and which of them people prefer.
#[test]
fn a_metric_agrees_with_people_as_by_hand() {
    // Of the gold's two words an answer may have both (F1 1), one (2/3) or none (0).
    let (both, one, none) = ("alpha beta", "alpha", "gamma");
    let authored = [
        (both, one, Some(-1)),
        (none, both, Some(2)),
        (one, one, Some(1)),
        (both, none, Some(1)),
        (one, both, Some(0)),
        (none, both, None),
    ];
    let mut queries = String::new();
    let mut outputs = String::new();
    for (number, (a, b, preferred)) in authored.into_iter().enumerate() {
        let metadata =
            preferred.map_or_else(|| json!({}), |preferred| json!({ "preferred": preferred }));
        queries += &(json!({ "_id": format!("q{number}"), "text": "alpha?", "answers": ["alpha beta"], "metadata": metadata }).to_string() + "\n");
        for (variant, answer) in [("a", a), ("b", b)] {
            outputs +=
                &(line(&format!("q{number}"), variant, answer, &json!([])).to_string() + "\n");
        }
    }
    let config = format!(
        "name = \"people\"\nmetrics = [\"F1\", \"EM\"]\ndataset.source.tables.queries.path = \"queries.jsonl\"\ndataset.source.tables.corpus.path = \"corpus.jsonl\"\n{RECORDED}"
    );
    let sandbox = Sandbox::new()
        .file("corpus.jsonl", "{\"_id\": \"d\", \"text\": \"alpha\"}\n")
        .file("queries.jsonl", queries)
        .file("recorded.jsonl", outputs)
        .file("config.toml", config);
    let shown = sandbox.ok("eval config.toml --slices preferred --format json");
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    let run = result["run"].as_str().unwrap();
    let compare = |sides: [&str; 2]| -> Vec<Value> {
        let [from, to] = sides;
        let shown = sandbox.ok(&format!(
            "compare {run}:{from} {run}:{to} --preference preferred --slices= --format json"
        ));
        let compared: Value = serde_json::from_str(&shown.stdout).unwrap();
        compared["pairs"][0]["agreements"]
            .as_array()
            .unwrap()
            .clone()
    };
    let found = compare(["a", "b"]);
    assert_eq!(found.len(), 2);
    // Differences −1/3, 1, 0, −1, 1/3 with preferences −1, 2, 1, 1, 0: two of the four preferences are the metric's, one is half.
    assert_eq!(
        (&found[0]["metric"], &found[0]["n"]),
        (&json!("F1"), &json!(5))
    );
    near(&found[0]["agreement"]["value"], 2.5 / 4.0);
    near(
        &found[0]["pearson"]["value"],
        (4.0 / 3.0) / (20.0_f64 / 9.0 * 5.2).sqrt(),
    );
    // Of exact matches −1, 1, 0, −1, 1.
    near(&found[1]["agreement"]["value"], 2.5 / 4.0);
    near(&found[1]["pearson"]["value"], 2.0 / (4.0_f64 * 5.2).sqrt());
    // Turned round, what was right is wrong.
    let turned = compare(["b", "a"]);
    near(&turned[0]["agreement"]["value"], 1.5 / 4.0);
    near(
        &turned[0]["pearson"]["value"],
        -(4.0 / 3.0) / (20.0_f64 / 9.0 * 5.2).sqrt(),
    );
    sandbox.fails(
        &format!("compare {run}:a {run}:b --preference liked"),
        "the run is not sliced by `liked`; run it with `--slices liked`, so that its examples say what people preferred",
    );
}

/// A system that cuts documents records passages, of which each is one of its document: ragkit's own runs too.
#[test]
fn passages_that_were_recorded_stand_for_their_documents() {
    let config = HEAD.replace(
        "depth = 10\n",
        "depth = 10\nindex.build.chunking.sentence = { size = 8 }\n",
    ) + VARIANTS;
    let sandbox = small("").file("config.toml", config);
    let shown = sandbox.ok("eval config.toml --variants plain --format json");
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    let first = sandbox.path(result["run"].as_str().unwrap());
    let answers = rows(&first, "answers.parquet");
    // The id of a passage says where it stands: `d1#0-30`.
    let documents = documents(&sandbox);
    let context = |id: &Value| {
        let (document, place) = id.as_str().unwrap().rsplit_once('#').unwrap();
        let (start, end) = place.split_once('-').unwrap();
        let [start, end] = [start, end].map(|number| number.parse::<usize>().unwrap());
        let text = documents[document]["text"].as_str().unwrap();
        json!({ "id": id, "title": documents[document]["title"], "text": text.chars().skip(start).take(end - start).collect::<String>() })
    };
    let file = answers.iter().map(|row| {
        let contexts = row["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(context)
            .collect();
        line(
            row["example_id"].as_str().unwrap(),
            "plain",
            row["answer"].as_str().unwrap(),
            &contexts,
        )
        .to_string()
            + "\n"
    });
    let file: String = file.collect();
    let sandbox = sandbox
        .file("recorded.jsonl", file)
        .file("recorded.toml", head() + RECORDED);
    let (again, _) = run_of(&sandbox, "recorded.toml");
    let (given, scored) = (
        rows(&first, "examples.parquet"),
        rows(&again, "examples.parquet"),
    );
    for row in &given {
        let other = the(&scored, "plain", row["example_id"].as_str().unwrap());
        for metric in [
            "F1",
            "RefusalAccuracy",
            "CitationPrecision",
            "ContextPrecision",
            "ContextRecall",
            "RR",
            "R@10",
        ] {
            assert_eq!(other[metric], row[metric], "{} {metric}", row["example_id"]);
        }
    }
}
