//! Questions asked of a finished run, with polars.

use anyhow::{Context, ensure};
use polars::prelude::{
    ChunkCompareEq, Column, DataFrame, DataFrameJoinOps, JoinArgs, JoinType, MaintainOrderJoin,
    ParquetReader, SerReader, Series,
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
    /// Probability of a difference at least as large if the two did not differ; absent where it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same, adjusted by Holm's method for all differences that were tested together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_holm: Option<f64>,
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

    fn read(&self, file: &str) -> anyhow::Result<DataFrame> {
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
        let examples = self.read(files::EXAMPLES)?;
        let of = |variant: &str| -> anyhow::Result<DataFrame> {
            Ok(examples.filter(&examples.column("variant")?.str()?.equal(variant))?)
        };
        // The bootstrap draws by place: the order of the examples must be the file's.
        let in_order = JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Inner)
        };
        let mut differences = Vec::new();
        for other in others {
            let joined = of(baseline)?.join(
                &of(other)?,
                ["example_id"],
                ["example_id"],
                in_order.clone(),
                None,
            )?;
            ensure!(
                joined.height() == identity.examples,
                "`{}` has {} of {} examples in both `{baseline}` and `{other}`; the file is not the run's",
                self.path.file(files::EXAMPLES).display(),
                joined.height(),
                identity.examples
            );
            let mut columns: Vec<(&String, Vec<f64>)> = Vec::new();
            for metric in &metrics {
                let (before, after) = (
                    numbers(&joined, metric)?,
                    numbers(&joined, &format!("{metric}_right"))?,
                );
                let difference =
                    |(after, before): (Option<f64>, Option<f64>)| Some(after? - before?);
                // A metric that only one of the two has is no difference.
                let differences: Option<Vec<f64>> =
                    after.into_iter().zip(before).map(difference).collect();
                columns.extend(differences.map(|values| (metric, values)));
            }
            for (slice, places) in slices(memberships(&joined)?.iter().map(Vec::as_slice)) {
                let parts: Vec<Vec<f64>> = columns
                    .iter()
                    .map(|(_, column)| places.iter().map(|&place| column[place]).collect())
                    .collect();
                let views: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
                let intervals = statistics::intervals(&views, identity.seed);
                for (((metric, _), values), interval) in columns.iter().zip(&parts).zip(intervals) {
                    let Some(difference) = statistics::mean(values) else {
                        continue;
                    };
                    differences.push(Difference {
                        variant: other.clone(),
                        baseline: baseline.clone(),
                        metric: (*metric).clone(),
                        slice: slice.clone(),
                        n: values.len() as u64,
                        difference,
                        ci_low: interval.map(|interval| interval.low),
                        ci_high: interval.map(|interval| interval.high),
                        p_value: None,
                        p_holm: None,
                    });
                }
            }
        }
        Ok(differences)
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
            let mut sorted: Vec<f64> = places
                .iter()
                .filter_map(|&place| latencies[place])
                .collect();
            sorted.sort_unstable_by(f64::total_cmp);
            ensure!(sorted.len() == places.len(), "a stage without its latency");
            Ok(Latency {
                variant,
                stage,
                n: places.len() as u64,
                p50_ms: statistics::quantile(&sorted, 0.50),
                p95_ms: statistics::quantile(&sorted, 0.95),
                p99_ms: statistics::quantile(&sorted, 0.99),
                batch_size: places
                    .iter()
                    .filter_map(|&place| batch_sizes[place])
                    .max()
                    .unwrap_or(1)
                    .into(),
            })
        };
        variants
            .into_iter()
            .zip(stages)
            .zip(places)
            .map(row)
            .collect()
    }
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
    let slices = |list: Series| Ok(list.str()?.iter().flatten().map(str::to_owned).collect());
    lists(frame.column("slices")?)?
        .into_iter()
        .map(slices)
        .collect()
}

/// The lists of a column, each of which must be there.
fn lists(column: &Column) -> anyhow::Result<Vec<Series>> {
    let lists = column.list()?;
    let list = |row| {
        lists
            .get_as_series(row)
            .with_context(|| format!("row {row} has no `{}`", column.name()))
    };
    (0..lists.len()).map(list).collect()
}
