//! Gold answers of queries: beside their text, in a file of their own, and in no digest that they are not asked for.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder};
use parquet::arrow::ArrowWriter;
use ragkit::data::{AnswersFile, Gold, Judged, PathText, Query, Source};

use crate::sandbox::Sandbox;

/// What [`Judged::digest`] said of the sandbox's dataset before there were gold answers.
const DIGEST: &str = "ce56b6fd58cf909fea6c9b94513a7ded796faaa634612e62a03248ccc76a3cd2";

fn folder(sandbox: &Sandbox) -> Source {
    Source::beir_at(PathText::literal(sandbox.path("data").to_str().unwrap()))
}

fn read(sandbox: &Sandbox, gold: Gold) -> Judged {
    Judged::read(&folder(sandbox), gold).unwrap()
}

/// What reading says is wrong, the sandbox's path left out.
pub fn wrong<T>(sandbox: &Sandbox, read: anyhow::Result<T>) -> String {
    let Err(error) = read else {
        panic!("nothing was wrong")
    };
    let here = format!("{}/", sandbox.path("").display());
    format!("{error:#}").replace(&here.replace("//", "/"), "")
}

fn ids(judged: &Judged) -> Vec<&str> {
    judged
        .queries
        .iter()
        .map(|query| query.id.as_str())
        .collect()
}

/// A dataset with these queries, of which `a` is judged.
fn with_queries(queries: &str) -> Sandbox {
    Sandbox::new()
        .file("data/corpus.jsonl", "{\"_id\": \"d\", \"text\": \"t\"}\n")
        .file("data/qrels/test.tsv", "a\td\t1\n")
        .file("data/queries.jsonl", queries)
}

const QUERIES: &str = r#"{"_id": "a", "text": "judged, nothing known"}
{"_id": "b", "text": "two answers", "answers": ["Bern", "Berne"], "nuggets": ["capital since 1848"], "history": ["Where?", "Here."]}
{"_id": "c", "text": "one text", "answers": "Bern", "history": "Where?"}
{"_id": "d", "text": "no answer", "answers": []}
{"_id": "e", "text": "said so", "answerable": "No"}
{"_id": "f", "text": "nuggets alone", "answers": [], "nuggets": ["a fact"]}
{"_id": "g", "text": "the usual refusal", "answers": ["Nobody knows."], "answerable": false}
{"_id": "h", "text": "nothing known", "answers": null, "nuggets": null, "answerable": "", "history": []}
"#;

#[test]
fn gold_answers_stand_beside_the_text_of_a_query() {
    let sandbox = with_queries(QUERIES);
    let judged = read(&sandbox, Gold::Answers);
    assert_eq!(ids(&judged), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(judged.unjudged, 1);
    let known: Vec<_> = judged
        .queries
        .iter()
        .map(|query| (query.answers.len(), query.nuggets.len(), query.answerable))
        .collect();
    assert_eq!(
        known,
        [
            (0, 0, None),
            (2, 1, Some(true)),
            (1, 0, Some(true)),
            (0, 0, Some(false)),
            (0, 0, Some(false)),
            (0, 1, Some(true)),
            (1, 0, Some(false)),
        ]
    );
    assert_eq!(judged.queries[1].answers, ["Bern", "Berne"]);
    assert_eq!(judged.queries[1].nuggets, ["capital since 1848"]);
    assert_eq!(judged.queries[1].history, ["Where?", "Here."]);
    assert_eq!(judged.queries[2].history, ["Where?"]);
    assert!(judged.is_judged("a") && !judged.is_judged("b") && !judged.is_judged("nobody"));

    let only_judged = read(&sandbox, Gold::Judgements);
    assert_eq!(ids(&only_judged), ["a"]);
    assert_eq!(only_judged.unjudged, 7);
}

#[test]
fn the_columns_can_have_other_names() {
    let rows = r#"{"_id": "a", "text": "t", "reference": "Bern", "facts": ["f"], "known": true, "turns": ["x"], "answers": 7}
"#;
    let sandbox = with_queries(rows);
    let source = tables(
        &sandbox,
        "fields = { answers = \"reference\", nuggets = \"facts\", answerable = \"known\", history = \"turns\" }",
    );
    let judged = Judged::read(&source, Gold::Answers).unwrap();
    let expected = Query {
        id: "a".into(),
        text: "t".into(),
        answers: vec!["Bern".into()],
        nuggets: vec!["f".into()],
        answerable: Some(true),
        history: vec!["x".into()],
        ..Query::default()
    };
    assert_eq!(judged.queries, [expected]);
    let missing = tables(&sandbox, "fields.answers = \"gold\"");
    assert_eq!(
        wrong(&sandbox, Judged::read(&missing, Gold::Judgements)),
        "`data/queries.jsonl` line 1: no column `gold` for the answers; the columns are `_id`, `text`, `reference`, `facts`, `known`, `turns`, `answers`; name one in `fields.answers`"
    );
}

/// The sandbox's dataset as tables; `queries` is added to that of the queries.
fn tables(sandbox: &Sandbox, queries: &str) -> Source {
    let path = sandbox.path("data").display().to_string();
    let text = format!(
        "[tables]\ncorpus.path = \"{path}/corpus.jsonl\"\nqrels.path = \"{path}/qrels/test.tsv\"\n[tables.queries]\npath = \"{path}/queries.jsonl\"\n{queries}\n"
    );
    toml::from_str(&text).unwrap()
}

#[test]
fn gold_that_is_none_is_refused_where_it_is_asked_for() {
    for (column, message) in [
        (
            r#""answers": 7"#,
            "`answers` must be a list of texts, or one text, found a number",
        ),
        (
            r#""answers": ["x", 7]"#,
            "`answers` must hold texts that are not empty, and nothing else",
        ),
        (
            r#""nuggets": [" "]"#,
            "`nuggets` must hold texts that are not empty, and nothing else",
        ),
        (
            r#""answerable": "perhaps""#,
            "`answerable` must be `yes`, `no`, `true` or `false`, found `perhaps`",
        ),
        (
            r#""answerable": 1"#,
            "`answerable` must be true or false, found a number",
        ),
    ] {
        let rows = format!(
            "{{\"_id\": \"z\", \"text\": \"t\"}}\n{{\"_id\": \"a\", \"text\": \"t\", {column}}}\n"
        );
        let sandbox = with_queries(&rows);
        assert_eq!(
            wrong(&sandbox, Judged::read(&folder(&sandbox), Gold::Answers)),
            format!("`data/queries.jsonl` line 2: {message}")
        );
        // Somebody else's column of that name stops no ranking.
        assert_eq!(ids(&read(&sandbox, Gold::Judgements)), ["a"]);
    }
    let sandbox = with_queries("{\"_id\": \"a\", \"text\": \"t\", \"history\": {}}\n");
    assert_eq!(
        wrong(&sandbox, Judged::read(&folder(&sandbox), Gold::Judgements)),
        "`data/queries.jsonl` line 1: `history` must be a list of texts, or one text, found an object"
    );
}

const ANSWERS: &str = r#"{"_id": "q6", "answers": ["Nobody."]}
{"_id": "q1", "answerable": false}
"#;

#[test]
fn a_file_of_answers_joins_a_folder() {
    let sandbox = Sandbox::with_dataset().file("data/answers.jsonl", ANSWERS);
    let judged = read(&sandbox, Gold::Answers);
    assert_eq!(ids(&judged), ["q1", "q2", "q3", "q4", "q5", "q6"]);
    assert_eq!(judged.unjudged, 0);
    assert_eq!(judged.queries[0].answerable, Some(false));
    assert_eq!(judged.queries[1].answerable, None);
    assert_eq!(judged.queries[5].answers, ["Nobody."]);
    assert!(!judged.is_judged("q6") && judged.is_judged("q1"));

    for (rows, message) in [
        (
            "{\"_id\": \"q7\", \"answers\": []}\n",
            "`data/answers.jsonl` line 3: query `q7` has a gold answer but is not in `data/queries.jsonl`; add it there or drop its answer",
        ),
        (
            "\n{\"id\": \"q1\", \"answers\": []}\n",
            "`data/answers.jsonl` line 4: query `q1` has its gold answer already in line 2; keep one of the two",
        ),
        (
            "{\"query\": \"q2\", \"answer\": \"yes\"}\n",
            "`data/answers.jsonl` line 3: query `q2` has neither `answers` nor `nuggets` nor `answerable`; give one or drop the row",
        ),
        (
            "{\"answers\": []}\n",
            "`data/answers.jsonl` line 3: no column `_id` for the query that this is the answer to",
        ),
        (
            "{\"_id\": 1.5, \"answers\": []}\n",
            "`data/answers.jsonl` line 3: the id must be text or a whole number, found 1.5; write it as text",
        ),
    ] {
        let sandbox =
            Sandbox::with_dataset().file("data/answers.jsonl", format!("{ANSWERS}{rows}"));
        assert_eq!(
            wrong(&sandbox, Judged::read(&folder(&sandbox), Gold::Answers)),
            message
        );
        assert_eq!(read(&sandbox, Gold::Judgements).queries.len(), 5);
    }
    let both = with_queries("{\"_id\": \"a\", \"text\": \"t\", \"answers\": \"x\"}\n").file(
        "data/answers.jsonl",
        "{\"_id\": \"a\", \"answers\": \"y\"}\n",
    );
    assert_eq!(
        wrong(&both, Judged::read(&folder(&both), Gold::Answers)),
        "`data/queries.jsonl` line 1: query `a` has a gold answer here and another in `data/answers.jsonl` line 1; keep one of the two"
    );
}

#[test]
fn a_table_of_answers_joins_tables() {
    let sandbox =
        with_queries("{\"_id\": \"a\", \"text\": \"t\"}\n{\"_id\": \"b\", \"text\": \"t\"}\n")
            .file(
                "data/gold.csv",
                "query_id,answers,answerable\nb,Bern,\na,,no\n",
            );
    let path = sandbox.path("data/gold.csv").display().to_string();
    let source = tables(&sandbox, &format!("[tables.answers]\npath = \"{path}\""));
    let judged = Judged::read(&source, Gold::Answers).unwrap();
    let known: Vec<_> = judged
        .queries
        .iter()
        .map(|query| (query.answers.concat(), query.answerable))
        .collect();
    assert_eq!(
        known,
        [
            (String::new(), Some(false)),
            ("Bern".to_owned(), Some(true))
        ]
    );
    let written = toml::to_string(&source).unwrap();
    assert_eq!(toml::from_str::<Source>(&written).unwrap(), source);
}

#[test]
fn the_digest_is_what_it_was_until_gold_answers_are_asked_for() {
    let sandbox = Sandbox::with_dataset();
    assert_eq!(read(&sandbox, Gold::Judgements).digest(), DIGEST);
    assert_eq!(read(&sandbox, Gold::Answers).digest(), DIGEST);
    let sandbox = sandbox.file("data/answers.jsonl", ANSWERS);
    assert_eq!(read(&sandbox, Gold::Judgements).digest(), DIGEST);
    let with_answers = read(&sandbox, Gold::Answers).digest();
    assert_ne!(with_answers, DIGEST);

    // The same by columns is the same, another answer is not, nor is an earlier turn.
    let inside = r#"{"_id": "q1", "text": "otter near the river", "metadata": {"kind": "plain"}, "answerable": "no"}
{"_id": "q2", "text": "herons in forests", "metadata": {"kind": "plain"}}
{"_id": "q3", "text": "badger mountain", "metadata": {"kind": "short"}, "access": []}
{"_id": "q4", "text": "lynx sighting number 3", "metadata": {"kind": "short"}}
{"_id": "q5", "text": "falcon", "metadata": {"kind": "short"}, "access": ["rangers"]}
{"_id": "q6", "text": "nobody judged this one", "answers": "Nobody."}
"#;
    let of = |queries: &str, gold| {
        let sandbox = Sandbox::with_dataset().file("data/queries.jsonl", queries);
        read(&sandbox, gold).digest()
    };
    assert_eq!(of(inside, Gold::Answers), with_answers);
    assert_eq!(of(inside, Gold::Judgements), DIGEST);
    assert_ne!(
        of(&inside.replace("Nobody.", "Somebody."), Gold::Answers),
        with_answers
    );
    let later = inside.replace(
        "\"text\": \"falcon\"",
        "\"text\": \"falcon\", \"history\": [\"Hello.\"]",
    );
    assert_ne!(of(&later, Gold::Judgements), DIGEST);
}

#[test]
fn answers_do_without_judgements() {
    let sandbox = Sandbox::new()
        .file("data/corpus.jsonl", "{\"_id\": \"d\", \"text\": \"t\"}\n")
        .file("data/queries.jsonl", QUERIES);
    let judged = read(&sandbox, Gold::Answers);
    assert_eq!(ids(&judged), ["b", "c", "d", "e", "f", "g"]);
    assert_eq!(judged.unjudged, 2);
    assert!(judged.qrels.queries.is_empty());
    assert_eq!(
        wrong(&sandbox, Judged::read(&folder(&sandbox), Gold::Judgements)),
        "`data/qrels/test.tsv`: cannot be opened: no such file"
    );
    // A folder of judgements without the split that is asked for is a mistake, whatever answers there are.
    let sandbox = sandbox.file("data/qrels/dev.tsv", "b\td\t1\n");
    assert_eq!(
        wrong(&sandbox, Judged::read(&folder(&sandbox), Gold::Answers)),
        "`data/qrels/test.tsv`: cannot be opened: no such file"
    );
    let nothing = Sandbox::new().file("data/queries.jsonl", "{\"_id\": \"a\", \"text\": \"t\"}\n");
    assert_eq!(
        wrong(&nothing, Judged::read(&folder(&nothing), Gold::Answers)),
        "no query of `data/queries.jsonl` has a judgement or a known answer; give `answers` or `answerable` in its rows, or their file as `answers`"
    );
}

fn write_parquet(path: &Path, columns: &RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, columns.schema(), None).unwrap();
    writer.write(columns).unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_has_lists_of_its_own() {
    let sandbox = Sandbox::with_dataset();
    let mut lists = ListBuilder::new(StringBuilder::new());
    lists.append_value([Some("Nobody.")]);
    lists.append_null();
    lists.append_value(Vec::<Option<&str>>::new());
    let columns = RecordBatch::try_from_iter([
        (
            "_id",
            Arc::new(StringArray::from(vec!["q6", "q1", "q2"])) as _,
        ),
        ("answers", Arc::new(lists.finish()) as _),
        (
            "answerable",
            Arc::new(BooleanArray::from(vec![None, Some(false), None])) as _,
        ),
        (
            "other",
            Arc::new(StringArray::from(vec!["x", "y", "z"])) as _,
        ),
    ])
    .unwrap();
    write_parquet(&sandbox.path("gold.parquet"), &columns);
    let file = AnswersFile::at(PathText::literal(
        sandbox.path("gold.parquet").to_str().unwrap(),
    ));
    let answers = file.read().unwrap();
    let known: Vec<_> = answers
        .queries
        .iter()
        .map(|(id, (place, gold))| {
            (
                id.as_str(),
                place.to_string(),
                gold.answers.concat(),
                gold.answerable,
            )
        })
        .collect();
    assert_eq!(
        known,
        [
            ("q1", "row 2".to_owned(), String::new(), Some(false)),
            ("q2", "row 3".to_owned(), String::new(), Some(false)),
            ("q6", "row 1".to_owned(), "Nobody.".to_owned(), Some(true)),
        ]
    );
}
