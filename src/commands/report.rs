//! `ragkit report`: show a run.

mod moderation;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Rendering, print};
use crate::comparison::{self, Difference, difference_table};
use crate::report::{
    Latency, Run, RunPath, SummaryRow, index_facts, latency_table, metric_table, reports_folder,
};
use crate::systems::moderation::Sheet;

/// Show a run: every metric with its interval, differences from the first variant, latency per stage.
///
/// Intervals are 95 % BCa bootstrap intervals over the examples (or their clusters). A difference is paired: both variants saw the same
/// examples, so its interval is the one that tells whether they differ.
#[derive(Args)]
pub struct Arguments {
    /// The run directory; the newest finished one of --reports unless given.
    run: Option<PathBuf>,
    /// Where run directories are.
    #[arg(long, value_name = "DIR", default_value_os_t = reports_folder())]
    reports: PathBuf,
    /// How to print; JSON has `run`, `manifest`, `summary`, `differences` (`detectable`: at level 0.05 with power 0.8),
    /// `latencies`, and of moderators `moderation`.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

#[derive(Serialize)]
struct Whole<'a> {
    run: String,
    manifest: &'a crate::report::Manifest,
    summary: Vec<SummaryRow>,
    differences: Vec<Difference>,
    latencies: Vec<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderation: Option<Sheet>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = match &arguments.run {
        Some(path) => RunPath::finished(path)?,
        None => RunPath::newest(&arguments.reports)?,
    };
    let run = Run::open(path)?;
    print(render(&run, arguments.format)?)
}

/// The run as text.
pub(super) fn render(run: &Run, rendering: Rendering) -> anyhow::Result<String> {
    let (summary, differences, latencies) =
        (run.summary()?, comparison::within(run)?, run.latencies()?);
    let sheet = Sheet::read(run)?;
    let path = run.path.0.display().to_string();
    let Some(style) = rendering.style() else {
        let whole = Whole {
            run: path,
            manifest: &run.manifest,
            summary,
            differences,
            latencies,
            moderation: sheet,
        };
        return Ok(serde_json::to_string_pretty(&whole)?);
    };
    let identity = &run.manifest.identity;
    let mut notes = vec![index_facts(identity)];
    notes.push(if identity.unjudged > 0 {
        format!(
            "{} examples; {} queries without a judgement were left out",
            identity.examples, identity.unjudged
        )
    } else {
        format!("{} examples", identity.examples)
    });
    if identity.dangling > 0 {
        notes.push(format!(
            "{} relevant documents are not in the index and count as not found",
            identity.dangling
        ));
    }
    for (variant, errors) in run
        .manifest
        .errors
        .iter()
        .filter(|(_, errors)| **errors > 0)
    {
        notes.push(format!("{variant}: {errors} examples ended in an error and count as 0; see `error` in examples.parquet"));
    }
    if latencies.iter().any(|row| row.batch_size > 1) {
        notes.push(
            "where a call serves several queries, its latency is divided by their number"
                .to_owned(),
        );
    }
    let mut parts = vec![
        format!("{}: {path}", identity.name),
        metric_table(style, &identity.variants, &summary),
    ];
    if !differences.is_empty() {
        parts.push(
            "difference from the first variant, paired by example; p adjusted for all tests of the table (Holm):"
                .to_owned(),
        );
        parts.push(difference_table(style, &identity.variants, &differences));
    }
    if let Some(sheet) = &sheet {
        parts.extend(moderation::tables(sheet, style));
    }
    parts.extend([latency_table(style, &latencies), notes.join("\n")]);
    Ok(parts.join("\n\n"))
}
