//! Eight documents and nine questions, so few that every figure of a pipeline over them can be worked out by hand; and the files of a run.

use std::path::{Path, PathBuf};

use polars::prelude::{AnyValue, DataFrame, ParquetReader, SerReader};
use serde_json::{Map, Value, json};

use crate::sandbox::Sandbox;

/// A row of a file of a run.
pub type Row = Map<String, Value>;

/// The rows of a file of a run.
pub fn rows(run: &Path, file: &str) -> Vec<Row> {
    let path = run.join(file);
    let frame: DataFrame = ParquetReader::new(std::fs::File::open(&path).unwrap())
        .finish()
        .unwrap();
    let columns = frame.columns();
    (0..frame.height())
        .map(|row| {
            let cell = |value: AnyValue| match value {
                AnyValue::Null => Value::Null,
                AnyValue::Boolean(value) => json!(value),
                AnyValue::String(value) => json!(value),
                AnyValue::StringOwned(value) => json!(value.as_str()),
                AnyValue::UInt32(value) => json!(value),
                AnyValue::UInt64(value) => json!(value),
                AnyValue::Int32(value) => json!(value),
                AnyValue::Int64(value) => json!(value),
                AnyValue::Float64(value) => json!(value),
                AnyValue::List(list) => {
                    let texts = list.str().unwrap().iter();
                    json!(texts.collect::<Vec<Option<&str>>>())
                }
                other => panic!("{other:?}"),
            };
            let cells = columns
                .iter()
                .map(|column| (column.name().to_string(), cell(column.get(row).unwrap())));
            cells.collect()
        })
        .collect()
}

/// The rows of one variant and example.
pub fn of<'r>(rows: &'r [Row], variant: &str, example: &str) -> Vec<&'r Row> {
    let is = |row: &&Row| row["variant"] == variant && row["example_id"] == example;
    rows.iter().filter(is).collect()
}

/// The only row of one variant and example.
#[track_caller]
pub fn the<'r>(rows: &'r [Row], variant: &str, example: &str) -> &'r Row {
    let found = of(rows, variant, example);
    assert_eq!(found.len(), 1, "{variant} {example}: {found:?}");
    found[0]
}

/// The row of a stage that wrote or failed.
#[track_caller]
pub fn the_text<'r>(rows: &'r [Row], variant: &str, example: &str, stage: &str) -> &'r Row {
    let mut found = of(rows, variant, example);
    found.retain(|row| row["stage"] == stage);
    assert_eq!(found.len(), 1, "{variant} {example} {stage}: {found:?}");
    found[0]
}

/// The items of one stage, best first; of the last stage where none is named.
pub fn ranking(run: &Path, variant: &str, example: &str, stage: Option<&str>) -> Vec<String> {
    let results = rows(run, "results.parquet");
    let mut found = of(&results, variant, example);
    let last = found.iter().map(|row| row["step"].as_u64()).max().flatten();
    found.retain(|row| match stage {
        Some(stage) => row["stage"] == stage,
        None => row["step"].as_u64() == last,
    });
    found.sort_by_key(|row| row["rank"].as_u64());
    let items = found.iter().map(|row| row["item"].as_str().unwrap());
    items.map(str::to_owned).collect()
}

#[track_caller]
pub fn near(found: &Value, expected: f64) {
    let number = found.as_f64();
    let number = number.unwrap_or_else(|| panic!("{found}, not {expected}"));
    assert!(
        (number - expected).abs() < 1e-12,
        "{number}, not {expected}"
    );
}

/// The run that a config makes, and what was shown.
pub fn run_of(sandbox: &Sandbox, config: &str) -> (PathBuf, Value) {
    let shown = sandbox.ok(&format!("eval {config} --format json"));
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    (sandbox.path(result["run"].as_str().unwrap()), result)
}

/// Eight documents; one of them is the board's.
pub const CORPUS: &str = r#"{"_id": "d1", "text": "Parental leave lasts 16 weeks. It is paid in full. Bananas are yellow."}
{"_id": "d2", "text": "Sick leave needs a note from a doctor. The note is due after three days."}
{"_id": "d3", "text": "The garage opens at seven. Parking costs two euros."}
{"_id": "d4", "title": "Board", "text": "The merger with Acme closes in March. It is worth nine million.", "access": ["board"]}
{"_id": "d5", "title": "Canteen hours", "text": "The canteen serves lunch from noon. Lunch costs six euros."}
{"_id": "d6", "text": "Laptops are replaced every four years. Old laptops are recycled."}
{"_id": "d7", "text": "The merger office in Bern has forty desks. Desks are shared."}
{"_id": "d8", "text": "Travel by train is free. Travel by plane needs approval."}
"#;

/// What is asked: of the last nothing is known, and it is left out.
pub const QUERIES: &str = r#"{"_id": "leave", "text": "weeks of parental leave", "answers": ["16 weeks", "a year"], "nuggets": ["leave lasts 16 weeks", "it is paid in full"]}
{"_id": "train", "text": "train travel free", "answers": ["Travel by train is free"]}
{"_id": "telescope", "text": "telescope warranty", "answers": []}
{"_id": "garage", "text": "garage opens", "answerable": false}
{"_id": "hidden", "text": "Acme merger worth", "answers": ["nine million"], "access": []}
{"_id": "board", "text": "Acme merger worth", "answers": ["nine million"], "access": ["board"]}
{"_id": "lunch", "text": "costs", "history": ["lunch canteen"], "answers": ["six euros"]}
{"_id": "laptops", "text": "laptops"}
{"_id": "nobody", "text": "desks"}
"#;

pub const QRELS: &str = "query-id\tcorpus-id\tscore\nleave\td1\t1\nleave\td3\t1\ntrain\td8\t1\nhidden\td4\t1\nboard\td4\t1\nlunch\td5\t1\nlaptops\td6\t1\n";

/// The head of a config over these documents.
pub const HEAD: &str = r#"name = "small"
metrics = ["RR", "R@10", "F1", "EM", "NuggetRecall", "RefusalAccuracy", "ContextPrecision", "ContextRecall", "CitationPrecision", "CitationRecall", "InventedCitations"]
batch_size = 3
dataset.source.beir.path = "data"

[system.rag]
depth = 10
"#;

/// These documents and queries with a config of this head's continuation.
pub fn small(rest: &str) -> Sandbox {
    Sandbox::new()
        .file("data/corpus.jsonl", CORPUS)
        .file("data/queries.jsonl", QUERIES)
        .file("data/qrels/test.tsv", QRELS)
        .file("config.toml", format!("{HEAD}{rest}"))
}

/// What a dry run prints: the config, and the bill.
pub fn dry_run(sandbox: &Sandbox, config: &str) -> (String, Vec<String>) {
    let shown = sandbox.ok(&format!("eval {config} --dry-run"));
    let (bill, config): (Vec<&str>, Vec<&str>) = shown
        .stdout
        .lines()
        .partition(|line| line.starts_with("# "));
    (
        config.join("\n"),
        bill.into_iter().map(str::to_owned).collect(),
    )
}
