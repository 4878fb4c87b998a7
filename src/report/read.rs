//! Questions asked of a finished run, with polars.

use std::path::Path;

use anyhow::{Context, ensure};
use polars::prelude::{
    DataFrame, IntoLazy, JoinArgs, JoinType, LazyFrame, PlRefPath, QuantileMethod, ScanArgsParquet,
    col, len, lit,
};
use serde::Serialize;

use super::summary::slices;
use super::{Manifest, RunPath, SummaryRow, files};
use crate::metrics::statistics;

/// A finished run.
pub struct Run {
    /// Where it is.
    pub path: RunPath,
    /// What it is.
    pub manifest: Manifest,
}

/// The paired difference of a variant from the first one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The variant.
    pub variant: String,
    /// The first variant.
    pub baseline: String,
    /// The metric's name.
    pub metric: String,
    /// `all`, or `field=value`.
    pub slice: String,
    /// Examples in the mean.
    pub n: u64,
    /// Mean of variant − baseline over the same examples.
    pub difference: f64,
    /// Lower end of its 95 % interval; absent where the data cannot tell.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
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

impl Run {
    /// Opens the run at `path`.
    pub fn open(path: RunPath) -> anyhow::Result<Self> {
        let file = path.file(files::MANIFEST);
        let manifest = serde_json::from_slice(&fs_err::read(&file)?)
            .with_context(|| format!("`{}` is not a run's manifest", file.display()))?;
        Ok(Self { path, manifest })
    }

    fn scan(&self, file: &str) -> anyhow::Result<LazyFrame> {
        scan(&self.path.file(file))
    }

    /// `summary.parquet`, row by row.
    pub fn summary(&self) -> anyhow::Result<Vec<SummaryRow>> {
        let frame = self.scan(files::SUMMARY)?.collect()?;
        let texts = |name| texts(&frame, name);
        let numbers = |name| numbers(&frame, name);
        let (variants, metrics, slices) = (texts("variant")?, texts("metric")?, texts("slice")?);
        let (units, conventions) = (texts("unit")?, texts("convention")?);
        let counts = frame.column("n")?.u64()?.to_vec();
        let (means, lows, highs) = (numbers("mean")?, numbers("ci_low")?, numbers("ci_high")?);
        (0..frame.height())
            .map(|row| {
                Ok(SummaryRow {
                    variant: variants[row].clone(),
                    metric: metrics[row].clone(),
                    slice: slices[row].clone(),
                    n: counts[row].context("a summary row without its count")?,
                    mean: means[row].context("a summary row without its mean")?,
                    ci_low: lows[row],
                    ci_high: highs[row],
                    unit: units[row].clone(),
                    convention: conventions[row].clone(),
                })
            })
            .collect()
    }

    /// For every other variant, metric and slice: how far it is from the first variant on the same examples.
    pub fn differences(&self) -> anyhow::Result<Vec<Difference>> {
        let identity = &self.manifest.identity;
        let Some((baseline, others)) = identity.variants.split_first() else {
            return Ok(Vec::new());
        };
        let mut metrics: Vec<String> = Vec::new();
        for row in self.summary()? {
            if !metrics.contains(&row.metric) {
                metrics.push(row.metric);
            }
        }
        let examples = self.scan(files::EXAMPLES)?;
        let of = |variant: &str| examples.clone().filter(col("variant").eq(lit(variant)));
        let mut differences = Vec::new();
        for other in others {
            let mut wanted = vec![col("slices")];
            wanted.extend(metrics.iter().map(|metric| {
                (col(format!("{metric}_right").as_str()) - col(metric.as_str()))
                    .alias(metric.as_str())
            }));
            let on = || [col("example_id")];
            let joined = of(baseline)
                .join(of(other), on(), on(), JoinArgs::new(JoinType::Inner))
                .select(wanted)
                .collect()?;
            ensure!(
                joined.height() == identity.examples,
                "`{}` has {} of {} examples in both `{baseline}` and `{other}`; the file is not the run's",
                self.path.file(files::EXAMPLES).display(),
                joined.height(),
                identity.examples
            );
            let columns: Vec<Vec<f64>> = metrics
                .iter()
                .map(|metric| {
                    numbers(&joined, metric)?
                        .into_iter()
                        .collect::<Option<_>>()
                        .context("an example without its score")
                })
                .collect::<anyhow::Result<_>>()?;
            for (slice, places) in slices(memberships(&joined)?.iter().map(Vec::as_slice)) {
                let parts: Vec<Vec<f64>> = columns
                    .iter()
                    .map(|column| places.iter().map(|&place| column[place]).collect())
                    .collect();
                let views: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
                let intervals = statistics::intervals(&views, identity.seed);
                for ((metric, values), interval) in metrics.iter().zip(&parts).zip(intervals) {
                    let Some(difference) = statistics::mean(values) else {
                        continue;
                    };
                    differences.push(Difference {
                        variant: other.clone(),
                        baseline: baseline.clone(),
                        metric: metric.clone(),
                        slice: slice.clone(),
                        n: values.len() as u64,
                        difference,
                        ci_low: interval.map(|interval| interval.low),
                        ci_high: interval.map(|interval| interval.high),
                    });
                }
            }
        }
        Ok(differences)
    }

    /// Percentiles of every variant's stages, in the order in which they ran.
    pub fn latencies(&self) -> anyhow::Result<Vec<Latency>> {
        let at = |share: f64, name: &str| {
            col("latency_ms")
                .quantile(lit(share), QuantileMethod::Linear)
                .alias(name)
        };
        let frame = self
            .scan(files::TIMINGS)?
            .collect()?
            .lazy()
            .group_by_stable([col("variant"), col("stage")])
            .agg([
                len().alias("n"),
                at(0.50, "p50_ms"),
                at(0.95, "p95_ms"),
                at(0.99, "p99_ms"),
                col("batch_size").max(),
            ])
            .collect()?;
        let (variants, stages) = (texts(&frame, "variant")?, texts(&frame, "stage")?);
        let (counts, batches) = (
            frame.column("n")?.u32()?.to_vec(),
            frame.column("batch_size")?.u32()?.to_vec(),
        );
        let [p50, p95, p99] = [
            numbers(&frame, "p50_ms")?,
            numbers(&frame, "p95_ms")?,
            numbers(&frame, "p99_ms")?,
        ];
        (0..frame.height())
            .map(|row| {
                Ok(Latency {
                    variant: variants[row].clone(),
                    stage: stages[row].clone(),
                    n: counts[row].unwrap_or(0).into(),
                    p50_ms: p50[row].context("a stage without latency")?,
                    p95_ms: p95[row].context("a stage without latency")?,
                    p99_ms: p99[row].context("a stage without latency")?,
                    batch_size: batches[row].unwrap_or(1).into(),
                })
            })
            .collect()
    }
}

fn scan(path: &Path) -> anyhow::Result<LazyFrame> {
    ensure!(
        path.exists(),
        "`{}` is missing; the run is not whole",
        path.display()
    );
    // A run's name is a name and no pattern.
    let args = ScanArgsParquet {
        glob: false,
        ..ScanArgsParquet::default()
    };
    let scanned = LazyFrame::scan_parquet(PlRefPath::new(path.to_string_lossy()), args);
    scanned.with_context(|| format!("`{}` is not readable as Parquet", path.display()))
}

fn texts(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<String>> {
    let column = frame.column(name)?.str()?;
    column
        .iter()
        .map(|text| {
            text.map(str::to_owned)
                .with_context(|| format!("an empty `{name}`"))
        })
        .collect()
}

fn numbers(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<Option<f64>>> {
    Ok(frame.column(name)?.f64()?.to_vec())
}

/// The slices of each row.
fn memberships(frame: &DataFrame) -> anyhow::Result<Vec<Vec<String>>> {
    let lists = frame.column("slices")?.list()?;
    (0..lists.len())
        .map(|row| {
            let list = lists
                .get_as_series(row)
                .context("an example without its list of slices")?;
            Ok(list.str()?.iter().flatten().map(str::to_owned).collect())
        })
        .collect()
}
