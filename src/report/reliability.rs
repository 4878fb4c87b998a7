//! Reliability diagrams of classifiers: what comes true of their scores, as a table and as a picture.

mod draw;

use std::sync::Arc;

use arrow::array::{UInt32Array, UInt64Array};

use super::svg::{inside, write_picture};
use super::write::{batch, numbers, texts, write_file};
use super::{Evaluated, Identity, RunPath, files};
use crate::metrics::calibration::{BINS, Bin, bins};
use crate::metrics::statistics::{Interval, wilson_share};
use crate::metrics::{Classification, MetricFacts, Statistic};

/// Steps of equal width, over 0..=1, in which scores are counted for the picture.
const STEPS: usize = 20;

/// What the scores of a variant for a category are, and what comes true of them.
struct Reading<'a> {
    /// Which of the categories.
    category: usize,
    variant: &'a str,
    /// Lowest first.
    bins: Vec<Bin>,
    /// How many scores are in each step.
    counts: [usize; STEPS],
}

/// What is drawn.
struct Picture<'a> {
    categories: Vec<&'a str>,
    /// By variant, then by category; only where there is an example with label and score.
    readings: Vec<Reading<'a>>,
}

/// A row of the table.
struct Row<'a> {
    variant: &'a str,
    category: &'a str,
    /// From 1, lowest first.
    number: u32,
    bin: &'a Bin,
    interval: Interval,
}

/// Writes `reliability.parquet` and `reliability.svg` where a metric holds the scores of a category against what comes true of them, of all examples.
pub fn write_reliability(
    run: &RunPath,
    identity: &Identity,
    metrics: &[MetricFacts],
    examples: &[Evaluated],
) -> anyhow::Result<()> {
    let picture = Picture::of(identity, metrics, examples);
    if picture.readings.is_empty() {
        return Ok(());
    }
    let rows = &picture.rows();
    let places = rows.iter().map(|row| row.number);
    let counts = rows.iter().map(|row| row.bin.count as u64);
    let columns = batch(vec![
        ("variant", texts(rows, |row| Some(row.variant))),
        ("category", texts(rows, |row| Some(row.category))),
        ("bin", Arc::new(UInt32Array::from_iter_values(places))),
        ("lower", numbers(rows, |row| Some(row.bin.lower))),
        ("upper", numbers(rows, |row| Some(row.bin.upper))),
        ("count", Arc::new(UInt64Array::from_iter_values(counts))),
        (
            "mean_score",
            numbers(rows, |row| Some(row.bin.mean_probability)),
        ),
        (
            "share_positive",
            numbers(rows, |row| Some(row.bin.share_positive)),
        ),
        ("ci_low", numbers(rows, |row| Some(row.interval.low))),
        ("ci_high", numbers(rows, |row| Some(row.interval.high))),
    ]);
    write_file(
        &run.file(files::RELIABILITY),
        &identity.to_json(),
        std::iter::once(columns),
    )?;
    write_picture(
        run.file(files::RELIABILITY_PICTURE),
        &picture.svg(&identity.name)?,
    )
}

impl<'a> Picture<'a> {
    fn of(identity: &'a Identity, metrics: &'a [MetricFacts], examples: &[Evaluated]) -> Self {
        let pairs = pairs(metrics);
        let mut readings = Vec::new();
        for (number, variant) in identity.variants.iter().enumerate() {
            for (category, places) in pairs.iter().enumerate() {
                let values = |example: &Evaluated| {
                    let [label, score] = places.map(|place| example.scores[number][place]);
                    Some((label? > 0.5, score?))
                };
                let (labels, scores): (Vec<bool>, Vec<f64>) =
                    examples.iter().filter_map(values).unzip();
                if !scores.is_empty() {
                    readings.push(Reading {
                        category,
                        variant,
                        bins: bins(&labels, &scores, BINS),
                        counts: counts(&scores),
                    });
                }
            }
        }
        let name = |[_, score]: &[usize; 2]| inside(&metrics[*score].name);
        Self {
            categories: pairs.iter().map(name).collect(),
            readings,
        }
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for reading in &self.readings {
            rows.extend((1..).zip(&reading.bins).map(|(number, bin)| Row {
                variant: reading.variant,
                category: self.categories[reading.category],
                number,
                bin,
                interval: interval(bin),
            }));
        }
        rows
    }
}

/// The places of the columns, labels and scores, of every category whose calibration is measured.
fn pairs(metrics: &[MetricFacts]) -> Vec<[usize; 2]> {
    use Classification as C;
    let place = |name: &String| metrics.iter().position(|facts| facts.name == *name);
    let mut pairs = Vec::new();
    for facts in metrics {
        if let Some(pooled) = &facts.pooled
            && let Statistic::Classification(
                C::CalibrationError
                | C::SquaredCalibrationError
                | C::DebiasedCalibrationError
                | C::Reliability,
            ) = pooled.statistic
            && let [label, score] = pooled.columns.as_slice()
            && let (Some(label), Some(score)) = (place(label), place(score))
            && !pairs.contains(&[label, score])
        {
            pairs.push([label, score]);
        }
    }
    pairs
}

/// How many scores are in each step; what is beyond 0..=1 is in the nearest.
fn counts(scores: &[f64]) -> [usize; STEPS] {
    let mut counts = [0; STEPS];
    for score in scores {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "negative numbers become 0, which is the first step"
        )]
        let step = (score * STEPS as f64) as usize;
        counts[step.min(STEPS - 1)] += 1;
    }
    counts
}

/// The 95 % interval of the share positive.
fn interval(bin: &Bin) -> Interval {
    wilson_share(bin.share_positive, bin.count)
}

#[cfg(test)]
mod tests;
