//! The values that a metric has over some examples: its own, or the pseudo-values of one that is no mean.

use serde::{Deserialize, Serialize};

use super::statistics::{self, Interval};
use super::{Clusters, MetricFacts, Pooled};

/// What a metric that is no mean over examples is computed from: the values of other metrics of the same examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PooledFrom {
    /// What is computed.
    pub statistic: Pooled,
    /// The metric that says what is true of each example: 1 or 0.
    pub label: String,
    /// The metric that is held against it.
    pub score: String,
    /// The metric whose influence on the score is taken out, by a statistic that does so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<String>,
}

/// What the examples of one side score: by the name of a metric that is stored, and the place of an example.
pub type Side<'a> = &'a dyn Fn(&str, usize) -> Option<f64>;

/// The values of a metric on `N` sides over those examples of which every side has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<const N: usize> {
    /// The places of the examples, in the order in which they were given.
    pub places: Vec<usize>,
    /// For each side a value an example. Those of a pooled metric are pseudo-values, whose mean is the metric over these very examples.
    pub values: [Vec<f64>; N],
}

impl MetricFacts {
    /// The convention of the metric's interval over so many examples, or clusters of them, for reports.
    pub fn interval_convention(
        &self,
        examples: usize,
        clusters: Option<&Clusters>,
        seed: u64,
    ) -> String {
        if self.pooled.is_none() {
            return statistics::convention(examples, clusters, seed);
        }
        let drawn = if clusters.is_some() {
            "clusters"
        } else {
            "examples"
        };
        format!("95 % score interval, delta method over {drawn}")
    }

    /// The metric's values over the examples at `places`. Each side says what an example scores by the name of a metric that is stored. Without
    /// examples where a pooled metric cannot be computed of them, as AUROC of examples that are all alike.
    pub fn over<const N: usize>(&self, places: &[usize], sides: [Side<'_>; N]) -> Column<N> {
        let Some(pooled) = &self.pooled else {
            return of_all(&self.name, places, sides);
        };
        let names = [
            Some(&pooled.label),
            Some(&pooled.score),
            pooled.length.as_ref(),
        ];
        let mut places = places.to_vec();
        for name in names.into_iter().flatten() {
            places = of_all(name, &places, sides).places;
        }
        let of_side = |side: Side<'_>| {
            let column = |name: &str| -> Vec<f64> {
                places
                    .iter()
                    .filter_map(|&place| side(name, place))
                    .collect()
            };
            let labels: Vec<bool> = column(&pooled.label)
                .iter()
                .map(|label| *label > 0.5)
                .collect();
            let lengths = pooled.length.as_deref().map(column).unwrap_or_default();
            pooled
                .statistic
                .pseudo_values(&labels, &column(&pooled.score), &lengths)
        };
        let values: Option<Vec<Vec<f64>>> = sides.iter().map(|side| of_side(side)).collect();
        let values: Option<[Vec<f64>; N]> = values.and_then(|values| values.try_into().ok());
        match values {
            Some(values) => Column { places, values },
            None => Column {
                places: Vec::new(),
                values: std::array::from_fn(|_| Vec::new()),
            },
        }
    }
}

/// The 95 % interval of each metric from its values over the same examples: of those that are means by resamples that they share, of a pooled one by its
/// own way.
pub fn intervals(
    columns: &[(&MetricFacts, &[f64])],
    clusters: Option<&Clusters>,
    seed: u64,
) -> Vec<Option<Interval>> {
    let means = columns.iter().filter(|(facts, _)| facts.pooled.is_none());
    let means: Vec<&[f64]> = means.map(|(_, values)| *values).collect();
    let mut of_means = statistics::intervals(&means, clusters, seed).into_iter();
    let interval = |(facts, values): &(&MetricFacts, &[f64])| match &facts.pooled {
        Some(pooled) => pooled.statistic.interval_of(values, clusters),
        None => of_means.next().flatten(),
    };
    columns.iter().map(interval).collect()
}

/// The values that are stored under a name.
fn of_all<const N: usize>(name: &str, places: &[usize], sides: [Side<'_>; N]) -> Column<N> {
    let mut column = Column {
        places: Vec::with_capacity(places.len()),
        values: std::array::from_fn(|_| Vec::with_capacity(places.len())),
    };
    for &place in places {
        let values: Option<Vec<f64>> = sides.iter().map(|side| side(name, place)).collect();
        let Some(values) = values else { continue };
        column.places.push(place);
        for (side, value) in column.values.iter_mut().zip(values) {
            side.push(value);
        }
    }
    column
}
