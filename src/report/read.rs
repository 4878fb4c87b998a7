//! Questions asked of a finished run, with polars.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use polars::prelude::{Column, DataFrame, ParquetReader, SerReader, Series};
use serde::Serialize;

use super::{Manifest, RunPath, SummaryRow, files};
use crate::metrics::statistics;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where it is.
    pub path: RunPath,
    /// What it is.
    pub manifest: Manifest,
}

/// The latency of one stage of one variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Latency {
    /// The variant.
    pub variant: String,
    /// The stage.
    pub stage: String,
    /// Examples that were timed.
    pub n: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The most examples that one call served; above 1 the figures are shares of a call.
    pub batch_size: u64,
}

impl Latency {
    /// The percentiles of so many, of which there is at least one.
    fn of(variant: &str, stage: &str, mut latencies: Vec<f64>, batch_size: u64) -> Self {
        latencies.sort_unstable_by(f64::total_cmp);
        Self {
            variant: variant.to_owned(),
            stage: stage.to_owned(),
            n: latencies.len() as u64,
            p50_ms: statistics::quantile(&latencies, 0.50),
            p95_ms: statistics::quantile(&latencies, 0.95),
            p99_ms: statistics::quantile(&latencies, 0.99),
            batch_size,
        }
    }
}

/// One claim of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRow {
    /// The example that was answered.
    pub example: String,
    /// What is claimed.
    pub text: String,
    /// The stretch of a source that supports it best.
    pub evidence: Option<String>,
    /// How well, 0..=1.
    pub support: Option<f64>,
}

impl Run {
    /// Opens the run at `path`.
    pub fn open(path: RunPath) -> anyhow::Result<Self> {
        let file = path.file(files::MANIFEST);
        let manifest = serde_json::from_slice(&fs_err::read(&file)?).with_context(|| {
            format!(
                "`{}` is not a manifest of a run by this ragkit; run it again with `ragkit eval`",
                file.display()
            )
        })?;
        Ok(Self { path, manifest })
    }

    pub(super) fn read(&self, file: &str) -> anyhow::Result<DataFrame> {
        let path = self.path.file(file);
        ensure!(
            path.exists(),
            "`{}` is missing; the run is not whole",
            path.display()
        );
        let read = ParquetReader::new(fs_err::File::open(&path)?.into_file()).finish();
        read.with_context(|| format!("`{}` is not readable as Parquet", path.display()))
    }

    /// `summary.parquet`, row by row.
    pub fn summary(&self) -> anyhow::Result<Vec<SummaryRow>> {
        let frame = self.read(files::SUMMARY)?;
        let texts = |name| texts(&frame, name);
        let numbers = |name| numbers(&frame, name);
        let (variants, metrics, slices) = (texts("variant")?, texts("metric")?, texts("slice")?);
        let (units, conventions) = (texts("unit")?, texts("convention")?);
        let counts = frame.column("n")?.u64()?.to_vec();
        let reasons = frame.column("undefined")?.str()?;
        let (means, lows, highs) = (numbers("mean")?, numbers("ci_low")?, numbers("ci_high")?);
        (0..frame.height())
            .map(|row| {
                Ok(SummaryRow {
                    variant: variants[row].clone(),
                    metric: metrics[row].clone(),
                    slice: slices[row].clone(),
                    n: counts[row].context("a summary row without its count")?,
                    mean: means[row].unwrap_or(f64::NAN),
                    undefined: reasons.get(row).map(str::to_owned),
                    ci_low: lows[row],
                    ci_high: highs[row],
                    unit: units[row].clone(),
                    convention: conventions[row].clone(),
                })
            })
            .collect()
    }

    /// What the answers of `variant` claim, in the order of the file.
    ///
    /// # Errors
    /// Where the run does not have it: faithfulness was not measured, or it is a baseline that was promoted.
    pub fn claims(&self, variant: &str) -> anyhow::Result<Vec<ClaimRow>> {
        let frame = self.read(files::CLAIMS)?;
        let (variants, examples) = (texts(&frame, "variant")?, texts(&frame, "example_id")?);
        let (claims, evidence) = (texts(&frame, "text")?, frame.column("evidence")?.str()?);
        let supports = numbers(&frame, "support")?;
        let rows = (0..frame.height()).filter(|row| variants[*row] == variant);
        let row = |row: usize| ClaimRow {
            example: examples[row].clone(),
            text: claims[row].clone(),
            evidence: evidence.get(row).map(str::to_owned),
            support: supports[row],
        };
        Ok(rows.map(row).collect())
    }

    /// The percentiles of what some stages of a variant take together, example by example, under the name of the first; `None` where none of them was timed.
    ///
    /// # Errors
    /// Where the timings cannot be read.
    pub fn latency_together(
        &self,
        variant: &str,
        stages: &[&str],
    ) -> anyhow::Result<Option<Latency>> {
        let frame = self.read(files::TIMINGS)?;
        let texts = |name| texts(&frame, name);
        let (variants, examples, names) =
            (texts("variant")?, texts("example_id")?, texts("stage")?);
        let latencies = numbers(&frame, "latency_ms")?;
        let batch_sizes = frame.column("batch_size")?.u32()?.to_vec();
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        let mut batch_size = 0;
        for row in 0..frame.height() {
            if variants[row] == variant && stages.contains(&names[row].as_str()) {
                *sums.entry(&examples[row]).or_default() += latencies[row].unwrap_or(0.0);
                batch_size = batch_size.max(batch_sizes[row].unwrap_or(1));
            }
        }
        if sums.is_empty() {
            return Ok(None);
        }
        let stage = stages.first().copied().unwrap_or_default();
        let sums: Vec<f64> = sums.into_values().collect();
        Ok(Some(Latency::of(variant, stage, sums, batch_size.into())))
    }

    /// Percentiles of every variant's stages, in the order in which they ran.
    pub fn latencies(&self) -> anyhow::Result<Vec<Latency>> {
        let frame = self.read(files::TIMINGS)?;
        let groups = frame.group_by_stable(["variant", "stage"])?.groups()?;
        let (variants, stages) = (texts(&groups, "variant")?, texts(&groups, "stage")?);
        let latencies = numbers(&frame, "latency_ms")?;
        let batch_sizes = frame.column("batch_size")?.u32()?.to_vec();
        let places = lists(groups.column("groups")?)?;
        let row = |((variant, stage), places): ((String, String), Series)| {
            let places: Vec<usize> = places
                .u32()?
                .iter()
                .flatten()
                .map(|place| place as usize)
                .collect();
            let own: Vec<f64> = places
                .iter()
                .filter_map(|&place| latencies[place])
                .collect();
            ensure!(own.len() == places.len(), "a stage without its latency");
            let sizes = places.iter().filter_map(|&place| batch_sizes[place]);
            let batch_size = sizes.max().unwrap_or(1).into();
            Ok(Latency::of(&variant, &stage, own, batch_size))
        };
        variants
            .into_iter()
            .zip(stages)
            .zip(places)
            .map(row)
            .collect()
    }
}

pub(super) fn texts(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<String>> {
    let column = frame.column(name)?.str()?;
    column
        .iter()
        .map(|text| {
            text.map(str::to_owned)
                .with_context(|| format!("an empty `{name}`"))
        })
        .collect()
}

pub(super) fn numbers(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<Option<f64>>> {
    Ok(frame.column(name)?.f64()?.to_vec())
}

/// The lists of a column, each of which must be there.
pub(super) fn lists(column: &Column) -> anyhow::Result<Vec<Series>> {
    let lists = column.list()?;
    let list = |row| {
        lists
            .get_as_series(row)
            .with_context(|| format!("row {row} has no `{}`", column.name()))
    };
    (0..lists.len()).map(list).collect()
}
