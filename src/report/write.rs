//! Writing the files of a run. Each appears whole, by a rename, and carries the run's identity in its footer.

mod claims;
mod words;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, UInt32Array, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::spent::Spent;
use super::{Identity, RunPath, SummaryRow, files};
use crate::metrics::MetricFacts;
use crate::metrics::statistics::Interval;
use crate::outputs::{Item, Output, Pass, Stage, Usage};
use crate::whole_file::WholeFile;

/// Examples that become one batch of rows.
const BATCH: usize = 1024;

/// One example with what every variant produced and scored.
#[derive(Debug)]
pub struct Evaluated {
    /// Its id.
    pub id: String,
    /// The slices that it belongs to, beside `all`: `field=value`.
    pub slices: Vec<String>,
    /// The cluster that it belongs to; one without is alone.
    pub cluster: Option<String>,
    /// By variant.
    pub outputs: Vec<Output>,
    /// By variant and metric; `None` where the variant has no such value.
    pub scores: Vec<Vec<Option<f64>>>,
    /// What is known to be right and wrong: the grades of items that were judged.
    pub grades: HashMap<String, i32>,
}

/// Makes rows of examples under the variants and the metrics.
type Rows = fn(&[Evaluated], &[String], &[MetricFacts]) -> anyhow::Result<RecordBatch>;

/// Writes every Parquet file of the run.
pub fn write(
    run: &RunPath,
    identity: &Identity,
    metrics: &[MetricFacts],
    examples: &[Evaluated],
    summary: &[SummaryRow],
) -> anyhow::Result<()> {
    let variants = &identity.variants;
    let footer = identity.to_json();
    let batches = |rows: Rows| {
        // One empty batch where there is no example, so that the file has its columns all the same.
        let parts = examples
            .chunks(BATCH)
            .chain(examples.is_empty().then_some(examples));
        parts.map(move |part| rows(part, variants, metrics))
    };
    write_file(&run.file(files::EXAMPLES), &footer, batches(example_rows))?;
    write_file(&run.file(files::RESULTS), &footer, batches(result_rows))?;
    write_file(&run.file(files::TIMINGS), &footer, batches(timing_rows))?;
    let any = |of: fn(&Output) -> bool| {
        let mut outputs = examples.iter().flat_map(|example| &example.outputs);
        outputs.any(of)
    };
    if any(|output| output.answer.is_some()) {
        write_file(
            &run.file(files::ANSWERS),
            &footer,
            batches(words::answer_rows),
        )?;
        write_file(
            &run.file(files::CITATIONS),
            &footer,
            batches(words::citation_rows),
        )?;
    }
    let is_claimed = |output: &Output| {
        let answer = output.answer.as_ref();
        answer.is_some_and(|answer| answer.claims.is_some())
    };
    if any(is_claimed) {
        write_file(
            &run.file(files::CLAIMS),
            &footer,
            batches(claims::claim_rows),
        )?;
    }
    if any(|output| output.stages.iter().any(words::is_worded)) {
        write_file(&run.file(files::TEXTS), &footer, batches(words::text_rows))?;
    }
    write_file(
        &run.file(files::SUMMARY),
        &footer,
        std::iter::once(summary_rows(summary)),
    )
}

/// A row of a file of scores: of one query, or of all.
#[derive(Debug)]
pub struct ScoreRow<'a> {
    /// The run.
    pub run: &'a str,
    /// The query; `None` for all of them together.
    pub query: Option<&'a str>,
    /// The metric's name.
    pub metric: &'a str,
    /// The value.
    pub value: f64,
    /// The interval of the value over all queries, where there is one.
    pub interval: Option<Interval>,
    /// The convention of the value.
    pub convention: &'a str,
}

/// Writes a file of scores: `run`, `query_id` (null over all queries), `metric`, `value`, `ci_low`, `ci_high`,
/// `convention`.
pub fn write_scores(path: &Path, footer: &str, rows: &[ScoreRow<'_>]) -> anyhow::Result<()> {
    let columns = |rows: &[ScoreRow<'_>]| {
        batch(vec![
            ("run", texts(rows, |row| Some(row.run))),
            ("query_id", texts(rows, |row| row.query)),
            ("metric", texts(rows, |row| Some(row.metric))),
            ("value", numbers(rows, |row| Some(row.value))),
            ("ci_low", numbers(rows, |row| Some(row.interval?.low))),
            ("ci_high", numbers(rows, |row| Some(row.interval?.high))),
            ("convention", texts(rows, |row| Some(row.convention))),
        ])
    };
    write_file(path, footer, std::iter::once(columns(rows)))
}

pub(super) fn write_file(
    path: &Path,
    footer: &str,
    batches: impl IntoIterator<Item = anyhow::Result<RecordBatch>>,
) -> anyhow::Result<()> {
    let mut file = WholeFile::create(path.to_owned())?;
    let mut batches = batches.into_iter().peekable();
    let schema = match batches.peek() {
        Some(Ok(batch)) => batch.schema(),
        _ => return batches.next().map_or(Ok(()), |batch| batch.map(|_| ())),
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "ragkit".to_owned(),
            footer.to_owned(),
        )]))
        .build();
    let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties))?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(file.finish()?)
}

/// One example under one variant.
struct Row<'a> {
    example: &'a Evaluated,
    variant: &'a str,
    output: &'a Output,
    scores: &'a [Option<f64>],
}

fn rows<'a>(examples: &'a [Evaluated], variants: &'a [String]) -> Vec<Row<'a>> {
    let of_example = |example: &'a Evaluated| {
        let outputs = example.outputs.iter().zip(&example.scores).zip(variants);
        outputs.map(move |((output, scores), variant)| Row {
            example,
            variant,
            output,
            scores,
        })
    };
    examples.iter().flat_map(of_example).collect()
}

fn example_rows(
    examples: &[Evaluated],
    variants: &[String],
    metrics: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let mut slices = ListBuilder::new(StringBuilder::new());
    rows.iter()
        .for_each(|row| slices.append_value(row.example.slices.iter().map(Some)));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("variant", texts(&rows, |row| Some(row.variant))),
        ("example_id", texts(&rows, |row| Some(&row.example.id))),
        ("slices", Arc::new(slices.finish())),
        (
            "cluster",
            texts(&rows, |row| row.example.cluster.as_deref()),
        ),
    ];
    // What is no mean has no value of one example: it is computed from the columns of others.
    let stored = metrics.iter().enumerate();
    for (place, facts) in stored.filter(|(_, facts)| facts.pooled.is_none()) {
        columns.push((&facts.name, numbers(&rows, |row| row.scores[place])));
    }
    let spent: Vec<Option<Spent>> = rows.iter().map(|row| Spent::of(row.output)).collect();
    let tokens = |of: fn(&Spent) -> u64| -> ArrayRef {
        let count = |spent: &Option<Spent>| i64::try_from(of(spent.as_ref()?)).ok();
        Arc::new(spent.iter().map(count).collect::<Int64Array>())
    };
    columns.push(("tokens_in", tokens(|spent| spent.tokens_in)));
    columns.push(("tokens_out", tokens(|spent| spent.tokens_out)));
    columns.push((
        "cost_usd",
        numbers(&spent, |spent| spent.as_ref()?.cost_usd),
    ));
    columns.push(("error", texts(&rows, |row| row.output.error.as_deref())));
    batch(columns)
}

fn result_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let rows: Vec<Ranked<'_>> = rows.iter().flat_map(items).collect();
    batch(vec![
        ("variant", texts(&rows, |row| Some(row.of.variant))),
        ("example_id", texts(&rows, |row| Some(&row.of.example.id))),
        ("stage", texts(&rows, |row| Some(&row.stage.name))),
        (
            "step",
            Arc::new(rows.iter().map(|row| row.step).collect::<UInt32Array>()),
        ),
        (
            "rank",
            Arc::new(rows.iter().map(|row| row.rank).collect::<UInt32Array>()),
        ),
        ("item", texts(&rows, |row| Some(&row.item.id))),
        ("score", numbers(&rows, |row| Some(row.item.score))),
        (
            "grade",
            Arc::new(
                rows.iter()
                    .map(|row| row.of.example.grades.get(&row.item.id).copied())
                    .collect::<Int32Array>(),
            ),
        ),
        (
            "aside",
            Arc::new(
                rows.iter()
                    .map(|row| Some(row.stage.aside))
                    .collect::<BooleanArray>(),
            ),
        ),
    ])
}

/// One item that a stage chose.
struct Ranked<'a> {
    of: &'a Row<'a>,
    stage: &'a Stage,
    /// Which stage of the example it is, from 0.
    step: u32,
    rank: u32,
    item: &'a Item,
}

fn items<'a>(of: &'a Row<'a>) -> impl Iterator<Item = Ranked<'a>> {
    let of_stage = move |(step, stage): (u32, &'a Stage)| {
        (1..).zip(&stage.items).map(move |(rank, item)| Ranked {
            of,
            stage,
            step,
            rank,
            item,
        })
    };
    (0..).zip(&of.output.stages).flat_map(of_stage)
}

/// The clock of one stage in one call.
struct Clock<'a> {
    of: &'a Row<'a>,
    stage: &'a str,
    latency_ms: f64,
    usage: Option<&'a Usage>,
    batch_size: u32,
    aside: bool,
    /// The batch, and its round where variants were alternated.
    block: u32,
    /// The call of the block, where variants were alternated.
    call: Option<u32>,
}

fn clocks<'a>(of: &'a Row<'a>) -> Vec<Clock<'a>> {
    let of_stage = |stage: &'a Stage| Clock {
        of,
        stage: &stage.name,
        latency_ms: stage.latency_ms,
        usage: stage.usage.as_ref(),
        batch_size: stage.batch_size,
        aside: stage.aside,
        block: of.output.batch,
        call: None,
    };
    let of_pass = |pass: &'a Pass| {
        pass.latencies_ms
            .iter()
            .map(move |(stage, latency_ms)| Clock {
                of,
                stage,
                latency_ms: *latency_ms,
                usage: None,
                batch_size: pass.batch_size,
                aside: false,
                block: pass.block,
                call: Some(pass.call),
            })
    };
    if of.output.passes.is_empty() {
        let timed = of.output.stages.iter().filter(|stage| stage.batch_size > 0);
        timed.map(of_stage).collect()
    } else {
        of.output.passes.iter().flat_map(of_pass).collect()
    }
}

fn timing_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let rows: Vec<Clock<'_>> = rows.iter().flat_map(clocks).collect();
    let counts = |of: fn(&Clock<'_>) -> Option<u32>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<UInt32Array>())
    };
    batch(vec![
        ("variant", texts(&rows, |row| Some(row.of.variant))),
        ("example_id", texts(&rows, |row| Some(&row.of.example.id))),
        ("stage", texts(&rows, |row| Some(row.stage))),
        ("latency_ms", numbers(&rows, |row| Some(row.latency_ms))),
        ("ttft_ms", numbers(&rows, |row| row.usage?.ttft_ms)),
        (
            "inter_token_ms",
            numbers(&rows, |row| row.usage?.inter_token_ms),
        ),
        ("cached_calls", counts(|row| Some(row.usage?.cached_calls))),
        ("batch_size", counts(|row| Some(row.batch_size))),
        (
            "aside",
            Arc::new(
                rows.iter()
                    .map(|row| Some(row.aside))
                    .collect::<BooleanArray>(),
            ),
        ),
        ("block", counts(|row| Some(row.block))),
        ("call", counts(|row| row.call)),
    ])
}

fn summary_rows(rows: &[SummaryRow]) -> anyhow::Result<RecordBatch> {
    batch(vec![
        ("variant", texts(rows, |row| Some(&row.variant))),
        ("metric", texts(rows, |row| Some(&row.metric))),
        ("slice", texts(rows, |row| Some(&row.slice))),
        (
            "n",
            Arc::new(rows.iter().map(|row| row.n).collect::<UInt64Array>()),
        ),
        (
            "mean",
            numbers(rows, |row| row.is_defined().then_some(row.mean)),
        ),
        ("ci_low", numbers(rows, |row| row.ci_low)),
        ("ci_high", numbers(rows, |row| row.ci_high)),
        ("unit", texts(rows, |row| Some(&row.unit))),
        ("convention", texts(rows, |row| Some(&row.convention))),
        ("undefined", texts(rows, |row| row.undefined.as_deref())),
    ])
}

pub(super) fn texts<R>(rows: &[R], of: impl Fn(&R) -> Option<&str>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

pub(super) fn numbers<R>(rows: &[R], of: impl Fn(&R) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Float64Array>())
}

pub(super) fn batch(columns: Vec<(&str, ArrayRef)>) -> anyhow::Result<RecordBatch> {
    // Every column may be empty in a row: the schema must not depend on which rows there are.
    let columns = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}
