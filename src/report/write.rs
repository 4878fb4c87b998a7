//! Writing the files of a run. Each appears whole, by a rename, and carries the run's identity in its footer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder, UInt32Builder,
    UInt64Builder,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Identity, RunPath, SummaryRow, files};
use crate::metrics::MetricFacts;
use crate::outputs::Output;
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
    /// By variant.
    pub outputs: Vec<Output>,
    /// By variant and metric.
    pub scores: Vec<Vec<f64>>,
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
    let batches = |rows: Rows| {
        // One empty batch where there is no example, so that the file has its columns all the same.
        let parts = examples
            .chunks(BATCH)
            .chain(examples.is_empty().then_some(examples));
        parts.map(move |part| rows(part, variants, metrics))
    };
    write_file(&run.file(files::EXAMPLES), identity, batches(example_rows))?;
    write_file(&run.file(files::RESULTS), identity, batches(result_rows))?;
    write_file(&run.file(files::TIMINGS), identity, batches(timing_rows))?;
    write_file(
        &run.file(files::SUMMARY),
        identity,
        std::iter::once(summary_rows(summary)),
    )
}

fn write_file(
    path: &Path,
    identity: &Identity,
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
            identity.to_json(),
        )]))
        .build();
    let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties))?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(file.finish()?)
}

/// Every pair of an example and a variant, with the output and the scores.
fn pairs<'a>(
    examples: &'a [Evaluated],
    variants: &'a [String],
) -> impl Iterator<Item = (&'a Evaluated, &'a str, &'a Output, &'a [f64])> {
    examples.iter().flat_map(move |example| {
        let outputs = example.outputs.iter().zip(&example.scores).zip(variants);
        outputs.map(move |((output, scores), variant)| {
            (example, variant.as_str(), output, scores.as_slice())
        })
    })
}

fn example_rows(
    examples: &[Evaluated],
    variants: &[String],
    metrics: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let (mut variant_column, mut id, mut error) = (
        StringBuilder::new(),
        StringBuilder::new(),
        StringBuilder::new(),
    );
    let mut slices = ListBuilder::new(StringBuilder::new());
    let mut values: Vec<Float64Builder> = metrics.iter().map(|_| Float64Builder::new()).collect();
    // No stage counts tokens or asks for money yet, and none has a cache: the columns are there and empty.
    let (mut tokens_in, mut tokens_out) = (Int64Builder::new(), Int64Builder::new());
    let (mut cost_usd, mut cache) = (Float64Builder::new(), StringBuilder::new());
    for (example, variant, output, scores) in pairs(examples, variants) {
        variant_column.append_value(variant);
        id.append_value(&example.id);
        slices.append_value(example.slices.iter().map(Some));
        values
            .iter_mut()
            .zip(scores)
            .for_each(|(column, &score)| column.append_value(score));
        tokens_in.append_null();
        tokens_out.append_null();
        cost_usd.append_null();
        cache.append_null();
        error.append_option(output.error.as_deref());
    }
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("variant", Arc::new(variant_column.finish())),
        ("example_id", Arc::new(id.finish())),
        ("slices", Arc::new(slices.finish())),
    ];
    for (facts, mut column) in metrics.iter().zip(values) {
        columns.push((&facts.name, Arc::new(column.finish())));
    }
    columns.push(("tokens_in", Arc::new(tokens_in.finish())));
    columns.push(("tokens_out", Arc::new(tokens_out.finish())));
    columns.push(("cost_usd", Arc::new(cost_usd.finish())));
    columns.push(("cache", Arc::new(cache.finish())));
    columns.push(("error", Arc::new(error.finish())));
    batch(columns)
}

fn result_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let (mut variant_column, mut id, mut stage_column) = (
        StringBuilder::new(),
        StringBuilder::new(),
        StringBuilder::new(),
    );
    let (mut rank, mut item_column, mut score) = (
        UInt32Builder::new(),
        StringBuilder::new(),
        Float64Builder::new(),
    );
    for (example, variant, output, _) in pairs(examples, variants) {
        for stage in &output.stages {
            for (place, item) in (1..).zip(&stage.items) {
                variant_column.append_value(variant);
                id.append_value(&example.id);
                stage_column.append_value(&stage.name);
                rank.append_value(place);
                item_column.append_value(&item.id);
                score.append_value(item.score);
            }
        }
    }
    batch(vec![
        ("variant", Arc::new(variant_column.finish())),
        ("example_id", Arc::new(id.finish())),
        ("stage", Arc::new(stage_column.finish())),
        ("rank", Arc::new(rank.finish())),
        ("item", Arc::new(item_column.finish())),
        ("score", Arc::new(score.finish())),
    ])
}

fn timing_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let (mut variant_column, mut id, mut stage_column) = (
        StringBuilder::new(),
        StringBuilder::new(),
        StringBuilder::new(),
    );
    let (mut latency_ms, mut batch_size) = (Float64Builder::new(), UInt32Builder::new());
    for (example, variant, output, _) in pairs(examples, variants) {
        for stage in &output.stages {
            variant_column.append_value(variant);
            id.append_value(&example.id);
            stage_column.append_value(&stage.name);
            latency_ms.append_value(stage.latency_ms);
            batch_size.append_value(stage.batch_size);
        }
    }
    batch(vec![
        ("variant", Arc::new(variant_column.finish())),
        ("example_id", Arc::new(id.finish())),
        ("stage", Arc::new(stage_column.finish())),
        ("latency_ms", Arc::new(latency_ms.finish())),
        ("batch_size", Arc::new(batch_size.finish())),
    ])
}

fn summary_rows(rows: &[SummaryRow]) -> anyhow::Result<RecordBatch> {
    let text = |of: fn(&SummaryRow) -> &str| -> ArrayRef {
        let mut column = StringBuilder::new();
        rows.iter().for_each(|row| column.append_value(of(row)));
        Arc::new(column.finish())
    };
    let number = |of: fn(&SummaryRow) -> Option<f64>| -> ArrayRef {
        let mut column = Float64Builder::new();
        rows.iter().for_each(|row| column.append_option(of(row)));
        Arc::new(column.finish())
    };
    let mut n = UInt64Builder::new();
    rows.iter().for_each(|row| n.append_value(row.n));
    batch(vec![
        ("variant", text(|row| &row.variant)),
        ("metric", text(|row| &row.metric)),
        ("slice", text(|row| &row.slice)),
        ("n", Arc::new(n.finish())),
        ("mean", number(|row| Some(row.mean))),
        ("ci_low", number(|row| row.ci_low)),
        ("ci_high", number(|row| row.ci_high)),
        ("unit", text(|row| &row.unit)),
        ("convention", text(|row| &row.convention)),
    ])
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> anyhow::Result<RecordBatch> {
    // Every column may be empty in a row: the schema must not depend on which rows there are.
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )?)
}
