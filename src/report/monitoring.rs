//! The monitoring view of a run: quality, latency, tokens, cost and failures, by component and slice, as an on-call engineer
//! wants them. `monitoring.parquet` is for machines, `monitoring.html` for eyes.
//!
//! Both carry clocks, so that they differ between equal runs as `timings.parquet` does.

mod draw;
mod figures;
mod format;
mod page;
mod section;
mod tally;

use std::io::Write;
use std::sync::Arc;

use arrow::array::UInt64Array;

use self::figures::{Figures, Row};
use super::write::{batch, numbers, texts, write_file};
use super::{Evaluated, Identity, RunPath, SummaryRow, files};
use crate::metrics::MetricFacts;
use crate::whole_file::WholeFile;

/// The component that stands for all stages of an answer together, those aside left out.
const TOTAL: &str = "total";

/// Writes `monitoring.parquet` and `monitoring.html` of the run.
///
/// The table is in long form: `variant`, `slice`, `component` (a stage, or `total`), `aside`, `what`, `n` (what the value is of:
/// clocks, answers or examples) and `value`. A stage that stands twice in one answer counts with the sum of its clocks. In a run that
/// alternated its variants every call is a clock. Quantiles are those of [`super::Run::latencies`]. Tokens and costs are means over
/// all examples of the slice: one that asked for nothing counts as 0. Costs are there only where everything that was asked for has
/// a price.
pub fn write_monitoring(
    run: &RunPath,
    identity: &Identity,
    metrics: &[MetricFacts],
    examples: &[Evaluated],
    summary: &[SummaryRow],
) -> anyhow::Result<()> {
    let figures = Figures::of(examples, &identity.variants);
    let footer = identity.to_json();
    let rows = std::iter::once(columns(&figures.rows));
    write_file(&run.file(files::MONITORING), &footer, rows)?;
    let told: Vec<MetricFacts> = metrics
        .iter()
        .filter(|facts| !facts.aside)
        .cloned()
        .collect();
    let known: Vec<SummaryRow> = summary
        .iter()
        .filter(|row| row.is_defined())
        .cloned()
        .collect();
    let page = page::Page {
        identity,
        metrics: &told,
        summary: &known,
        figures: &figures,
    };
    let mut file = WholeFile::create(run.file(files::MONITORING_PAGE))?;
    file.write_all(page.html()?.as_bytes())?;
    Ok(file.finish()?)
}

fn columns(rows: &[Row]) -> anyhow::Result<arrow::array::RecordBatch> {
    batch(vec![
        ("variant", texts(rows, |row| Some(&row.variant))),
        ("slice", texts(rows, |row| Some(&row.slice))),
        ("component", texts(rows, |row| Some(&row.component))),
        (
            "aside",
            Arc::new(
                rows.iter()
                    .map(|row| Some(row.aside))
                    .collect::<arrow::array::BooleanArray>(),
            ),
        ),
        ("what", texts(rows, |row| Some(row.what.name()))),
        (
            "n",
            Arc::new(rows.iter().map(|row| row.n).collect::<UInt64Array>()),
        ),
        ("value", numbers(rows, |row| Some(row.value))),
    ])
}
