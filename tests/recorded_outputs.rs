//! Recorded outputs of other systems.

use ragkit::data::{Passage, PathText, Recorded, RecordedFile, Recordings};

use crate::gold_answers::wrong;
use crate::sandbox::Sandbox;

fn recorded(sandbox: &Sandbox, file: &str) -> anyhow::Result<Recordings> {
    RecordedFile::at(PathText::literal(sandbox.path(file).to_str().unwrap())).read()
}

#[test]
fn recorded_outputs_are_read_by_any_of_their_names() {
    let rows = r#"{"query_id": "q1", "variant": "old", "answer": "Bern [1].", "contexts": [{"id": "d1", "title": "T", "text": "Bern is the capital.", "score": 0.5}, {"text": "x"}], "tokens_in": 120, "tokens_out": 4, "cost_usd": 0.002, "latency_ms": 812.5}
{"id": 2, "variant": "old", "error": "HTTP 500"}

{"_id": "q1", "user_input": "Which?", "response": "", "retrieved_contexts": ["one", "two"], "reference": "Bern"}
"#;
    let sandbox = Sandbox::new().file("runs/my system.jsonl", rows);
    let recordings = recorded(&sandbox, "runs/my system.jsonl").unwrap();
    let passage = |text: &str| Passage {
        text: text.into(),
        ..Passage::default()
    };
    let expected = [
        Recorded {
            query_id: "q1".into(),
            variant: "old".into(),
            answer: Some("Bern [1].".into()),
            contexts: vec![
                Passage {
                    id: Some("d1".into()),
                    title: "T".into(),
                    text: "Bern is the capital.".into(),
                    score: Some(0.5),
                },
                passage("x"),
            ],
            tokens_in: Some(120),
            tokens_out: Some(4),
            cost_usd: Some(0.002),
            latency_ms: Some(812.5),
            error: None,
        },
        Recorded {
            query_id: "2".into(),
            variant: "old".into(),
            error: Some("HTTP 500".into()),
            ..Recorded::default()
        },
        Recorded {
            query_id: "q1".into(),
            variant: "my system".into(),
            answer: Some(String::new()),
            contexts: vec![passage("one"), passage("two")],
            ..Recorded::default()
        },
    ];
    let (places, outputs): (Vec<_>, Vec<_>) = recordings.outputs.clone().into_iter().unzip();
    assert_eq!(outputs, expected);
    assert_eq!(
        places
            .iter()
            .map(|place| place.number())
            .collect::<Vec<_>>(),
        [1, 2, 4]
    );
    assert_eq!(recordings.variants(), ["old", "my system"]);

    // As ragkit writes them they are read again.
    let written: String = outputs
        .iter()
        .map(|output| serde_json::to_string(output).unwrap() + "\n")
        .collect();
    let sandbox = sandbox.file("again.jsonl", written);
    let again = recorded(&sandbox, "again.jsonl").unwrap();
    assert!(again.outputs.iter().map(|(_, output)| output).eq(&outputs));

    let csv = "query_id,answer,contexts,tokens_in,cost_usd,error\nq1,Bern,\"[\"\"one\"\", {\"\"text\"\": \"\"two\"\"}]\",7,,\nq2,,,,0.5,timeout\n";
    let sandbox = sandbox.file("table.csv", csv);
    let table = recorded(&sandbox, "table.csv").unwrap().outputs;
    assert_eq!(table[0].1.contexts, [passage("one"), passage("two")]);
    assert_eq!((table[0].1.tokens_in, table[0].1.cost_usd), (Some(7), None));
    let failed = Recorded {
        query_id: "q2".into(),
        variant: "table".into(),
        cost_usd: Some(0.5),
        error: Some("timeout".into()),
        ..Recorded::default()
    };
    assert_eq!(table[1].1, failed);
}

#[test]
fn recorded_outputs_that_are_none_are_refused_by_line() {
    for (row, message) in [
        (
            r#"{"answer": "x"}"#,
            "no column `query_id` (or `_id` or `id`) for the query that was asked",
        ),
        (r#"{"query_id": " ", "answer": "x"}"#, "the id is empty"),
        (
            r#"{"query_id": "b"}"#,
            "the row has no `answer` (or `response`), no `contexts` (or `retrieved_contexts`) and no `error`",
        ),
        (
            r#"{"query_id": "b", "answer": ["x"]}"#,
            "`answer` must be text, found a list",
        ),
        (
            r#"{"query_id": "b", "contexts": "one"}"#,
            "`contexts` must be a list of texts or of objects, found one text; write the list as JSON",
        ),
        (
            r#"{"query_id": "b", "contexts": {"text": "one"}}"#,
            "`contexts` must be a list of texts or of objects, found an object",
        ),
        (
            r#"{"query_id": "b", "contexts": ["one", {"id": "d"}]}"#,
            "context 2: it has no `text`",
        ),
        (
            r#"{"query_id": "b", "contexts": [["one"]]}"#,
            "context 1: expected a text or an object, found a list",
        ),
        (
            r#"{"query_id": "b", "contexts": [{"text": "t", "score": "high"}]}"#,
            "context 1: `score` must be a number, found `high`",
        ),
        (
            r#"{"query_id": "b", "answer": "x", "tokens_in": -1}"#,
            "`tokens_in` must be a whole number from 0, found -1",
        ),
        (
            r#"{"query_id": "b", "answer": "x", "tokens_out": 1.5}"#,
            "`tokens_out` must be a whole number from 0, found 1.5",
        ),
        (
            r#"{"query_id": "b", "answer": "x", "latency_ms": -0.5}"#,
            "`latency_ms` must be a number from 0, found -0.5",
        ),
        (
            r#"{"query_id": "b", "answer": "x", "cost_usd": true}"#,
            "`cost_usd` must be a number, found a boolean",
        ),
        (
            r#"{"query_id": "b", "answer": "x", "variant": ""}"#,
            "`variant` is empty; name the system or drop the column",
        ),
        (
            r#"{"_id": "a", "response": "another"}"#,
            "`f` answers query `a` already in line 1; keep one of the two, or name their systems apart in `variant`",
        ),
    ] {
        let rows = format!("{{\"query_id\": \"a\", \"answer\": \"x\"}}\n\n{row}\n");
        let sandbox = Sandbox::new().file("f.jsonl", rows);
        assert_eq!(
            wrong(&sandbox, recorded(&sandbox, "f.jsonl")),
            format!("`f.jsonl` line 3: {message}")
        );
    }
    let sandbox = Sandbox::new().file("f.jsonl", "\n").file("f.txt", "");
    assert_eq!(
        wrong(&sandbox, recorded(&sandbox, "f.jsonl")),
        "`f.jsonl`: holds no output"
    );
    assert!(wrong(&sandbox, recorded(&sandbox, "f.txt")).contains("cannot tell its format"));
    assert_eq!(
        wrong(&sandbox, recorded(&sandbox, "none.jsonl")),
        "`none.jsonl`: cannot be opened: no such file"
    );
}
