//! Metric × slice: means with their intervals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Evaluated;
use crate::metrics::statistics::Interval;
use crate::metrics::{Clusters, Column, MetricFacts, intervals, statistics};

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
    /// The mean; no number, which is null in JSON and Parquet, where the metric is not defined: the convention says why.
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
    /// Why the metric is not defined, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undefined: Option<String>,
}

impl SummaryRow {
    /// Whether there is a mean.
    pub fn is_defined(&self) -> bool {
        self.undefined.is_none()
    }
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
        let stored = |variant: usize| {
            move |name: &str, place: usize| {
                let metric = metrics.iter().position(|facts| facts.name == name)?;
                examples[place].scores[variant][metric]
            }
        };
        let column = |(variant, metric): (usize, usize)| -> Column<1> {
            metrics[metric].over(&places, [&stored(variant)])
        };
        let told = (0..metrics.len()).filter(|metric| !metrics[*metric].aside);
        let cells = (0..variants.len())
            .flat_map(|variant| told.clone().map(move |metric| (variant, metric)));
        let columns: Vec<Column<1>> = cells.clone().map(column).collect();
        let clusters = |places: &[usize]| {
            clustered.then(|| {
                let names = places
                    .iter()
                    .map(|&place| examples[place].cluster.as_deref());
                Clusters::by_name(names)
            })
        };
        let all = clusters(&places);
        // Columns of all examples share their resamples; what only some have is resampled by itself.
        let is_whole = |column: &Column<1>| column.places.len() == places.len();
        let named = cells.clone().map(|(_, metric)| &metrics[metric]);
        let named: Vec<(&MetricFacts, &Column<1>)> = named.zip(&columns).collect();
        let whole = named.iter().filter(|(_, column)| is_whole(column));
        let whole: Vec<(&MetricFacts, &Column<1>)> = whole.copied().collect();
        let mut of_whole = intervals(&whole, all.as_ref(), seed).into_iter();
        let found = named.iter().map(|(facts, column)| {
            if is_whole(column) {
                return of_whole.next().flatten();
            }
            let clusters = clusters(&column.places);
            intervals(&[(*facts, *column)], clusters.as_ref(), seed)[0]
        });
        let found: Vec<Option<Interval>> = found.collect();
        for (((variant, metric), column), interval) in cells.zip(&columns).zip(found) {
            let [values] = &column.values;
            let mean = statistics::mean(values);
            let undefined = match mean {
                Some(_) => None,
                // What was not measured at all is not told; what was, and comes to no figure, is.
                None => match metrics[metric].undefined(&places, &stored(variant)) {
                    Some(reason) => Some(reason.to_owned()),
                    None => continue,
                },
            };
            rows.push(SummaryRow {
                variant: variants[variant].clone(),
                metric: metrics[metric].name.clone(),
                slice: slice.clone(),
                n: values.len() as u64,
                mean: mean.unwrap_or(f64::NAN),
                undefined,
                ci_low: interval.map(|interval| interval.low),
                ci_high: interval.map(|interval| interval.high),
                unit: metrics[metric].unit.clone(),
                convention: format!(
                    "{}; {}; {}",
                    metrics[metric].convention,
                    notes[variant],
                    metrics[metric].interval_convention(values.len(), all.as_ref(), seed)
                ),
            });
        }
    }
    rows
}
