//! Metric × slice: means with their intervals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Evaluated;
use crate::metrics::{Clusters, MetricFacts, statistics};

/// The slice that holds every example.
pub const ALL: &str = "all";

/// The field that a slice `field=value` is of; `None` of `all`.
pub fn field_of(slice: &str) -> Option<&str> {
    slice.split_once('=').map(|(field, _)| field)
}

/// One row of `summary.parquet`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryRow {
    /// The variant.
    pub variant: String,
    /// The metric's name.
    pub metric: String,
    /// `all`, or `field=value`.
    pub slice: String,
    /// Examples in the mean, those that ended in an error included.
    pub n: u64,
    /// The mean.
    pub mean: f64,
    /// Lower end of its 95 % interval; absent where the data cannot tell.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// The unit of the values.
    #[serde(skip)]
    pub unit: String,
    /// The convention of the number and of its interval.
    #[serde(skip)]
    pub convention: String,
}

/// The examples of each slice, by their place; `all` comes first, the others in the order of their names.
pub(super) fn slices<'a>(
    slices: impl IntoIterator<Item = &'a [String]>,
) -> Vec<(String, Vec<usize>)> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut all = Vec::new();
    for (place, slices) in slices.into_iter().enumerate() {
        all.push(place);
        for slice in slices {
            members.entry(slice).or_default().push(place);
        }
    }
    let others = members
        .into_iter()
        .map(|(slice, places)| (slice.to_owned(), places));
    std::iter::once((ALL.to_owned(), all))
        .chain(others)
        .collect()
}

/// Means and intervals of every variant, metric and slice. A variant's note becomes part of the convention.
pub fn summarise(
    examples: &[Evaluated],
    variants: &[String],
    notes: &[String],
    metrics: &[MetricFacts],
    seed: u64,
) -> Vec<SummaryRow> {
    let clustered = examples.iter().any(|example| example.cluster.is_some());
    let mut rows = Vec::new();
    for (slice, places) in slices(examples.iter().map(|example| example.slices.as_slice())) {
        let column = |variant: usize, metric: usize| -> Vec<f64> {
            let scores = places
                .iter()
                .map(|&place| examples[place].scores[variant][metric]);
            scores.flatten().collect()
        };
        let cells = (0..variants.len())
            .flat_map(|variant| (0..metrics.len()).map(move |metric| (variant, metric)));
        let columns: Vec<_> = cells
            .clone()
            .map(|(variant, metric)| column(variant, metric))
            .collect();
        let clusters = |has: &dyn Fn(&Evaluated) -> bool| {
            clustered.then(|| {
                let examples = places.iter().map(|&place| &examples[place]);
                let names = examples.filter(|example| has(example));
                Clusters::by_name(names.map(|example| example.cluster.as_deref()))
            })
        };
        let all = clusters(&|_| true);
        // Columns of all examples share their resamples; what only some have is resampled by itself.
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let whole: Vec<&[f64]> = views
            .iter()
            .copied()
            .filter(|values| values.len() == places.len())
            .collect();
        let mut of_whole = statistics::intervals(&whole, all.as_ref(), seed).into_iter();
        let intervals = cells
            .clone()
            .zip(&views)
            .map(|((variant, metric), values)| {
                if values.len() == places.len() {
                    return of_whole.next().flatten();
                }
                let clusters = clusters(&|example| example.scores[variant][metric].is_some());
                statistics::intervals(&[values], clusters.as_ref(), seed)[0]
            });
        let intervals: Vec<Option<statistics::Interval>> = intervals.collect();
        for (((variant, metric), values), interval) in cells.zip(&columns).zip(intervals) {
            let Some(mean) = statistics::mean(values) else {
                continue;
            };
            rows.push(SummaryRow {
                variant: variants[variant].clone(),
                metric: metrics[metric].name.clone(),
                slice: slice.clone(),
                n: values.len() as u64,
                mean,
                ci_low: interval.map(|interval| interval.low),
                ci_high: interval.map(|interval| interval.high),
                unit: metrics[metric].unit.clone(),
                convention: format!(
                    "{}; {}; {}",
                    metrics[metric].convention,
                    notes[variant],
                    statistics::convention(values.len(), all.as_ref(), seed)
                ),
            });
        }
    }
    rows
}
