//! The values that a metric has over some examples: its own, or the pseudo-values of one that is no mean.

use serde::{Deserialize, Serialize};

use super::classes::macro_f1;
use super::routing::RoutingStatistic;
use super::statistics::{self, Interval};
use super::{Clusters, MetricFacts, Pooled};

/// What a metric that is no mean over examples is computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PooledFrom {
    /// What is computed.
    pub statistic: Statistic,
    /// The metrics of the same examples that it is computed from, in the order that the statistic names.
    pub columns: Vec<String>,
}

/// A statistic of some columns of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Of labels, 1 or 0; what a scorer says; and lengths, where the statistic takes their influence out.
    Labels(Pooled),
    /// Of quality, cost, predicted quality and predicted cost of each model.
    Routing(RoutingStatistic),
    /// The macro-averaged F1 of given and decided classes.
    MacroF1,
    /// 1 − the mean of the first column / the mean of the second.
    Shortfall,
    /// (The mean of the first column − that of the third) / (that of the second − that of the third).
    Recovered,
}

impl Statistic {
    /// One value an example, whose mean is the statistic ([`super::pooled`]). `None` where it is not defined.
    fn pseudo_values(self, columns: &[Vec<f64>]) -> Option<Vec<f64>> {
        match self {
            Self::Labels(pooled) => {
                let labels: Vec<bool> = columns[0].iter().map(|label| *label > 0.5).collect();
                let lengths = columns.get(2).map_or(&[][..], Vec::as_slice);
                pooled.pseudo_values(&labels, &columns[1], lengths)
            }
            Self::Routing(statistic) => statistic.pseudo_values(columns),
            Self::MacroF1 => macro_f1(&columns[0], &columns[1]),
            Self::Shortfall => {
                let parts = columns[0].iter().zip(&columns[1]);
                let parts: Vec<(f64, f64)> = parts.map(|(a, b)| (b - a, *b)).collect();
                ratio(&parts)
            }
            Self::Recovered => {
                let parts = columns[0].iter().zip(&columns[1]).zip(&columns[2]);
                let parts: Vec<(f64, f64)> = parts
                    .map(|((is, most), least)| (is - least, most - least))
                    .collect();
                ratio(&parts)
            }
        }
    }

    /// The 95 % interval of the statistic from its pseudo-values over examples or whole clusters; `None` where they cannot tell.
    fn interval_of(self, values: &[f64], clusters: Option<&Clusters>) -> Option<Interval> {
        match self {
            Self::Labels(pooled) => pooled.interval_of(values, clusters),
            Self::Routing(_) | Self::MacroF1 | Self::Shortfall | Self::Recovered => {
                statistics::normal_interval(values, clusters)
            }
        }
    }
}

/// Pseudo-values of the ratio of two means, of which the second must be above 0: r + (a − r b) / b̄.
fn ratio(parts: &[(f64, f64)]) -> Option<Vec<f64>> {
    let count = parts.len() as f64;
    let above = parts.iter().map(|part| part.0).sum::<f64>() / count;
    let below = parts.iter().map(|part| part.1).sum::<f64>() / count;
    let value = above / below;
    let of_part = |(a, b): &(f64, f64)| value + (a - value * b) / below;
    (below > 0.0).then(|| parts.iter().map(of_part).collect())
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
        let Some(pooled) = &self.pooled else {
            return statistics::convention(examples, clusters, seed);
        };
        let drawn = if clusters.is_some() {
            "clusters"
        } else {
            "examples"
        };
        let way = match pooled.statistic {
            Statistic::Labels(_) => "score interval",
            _ => "normal interval",
        };
        format!("95 % {way}, delta method over {drawn}")
    }

    /// The metric's values over the examples at `places`. Each side says what an example scores by the name of a metric that is stored. Without
    /// examples where a pooled metric cannot be computed of them, as AUROC of examples that are all alike.
    pub fn over<const N: usize>(&self, places: &[usize], sides: [Side<'_>; N]) -> Column<N> {
        let Some(pooled) = &self.pooled else {
            return of_all(&self.name, places, sides);
        };
        let mut places = places.to_vec();
        for name in &pooled.columns {
            places = of_all(name, &places, sides).places;
        }
        let of_side = |side: Side<'_>| {
            let column = |name: &String| -> Vec<f64> {
                let values = places.iter().filter_map(|&place| side(name, place));
                values.collect()
            };
            let columns: Vec<Vec<f64>> = pooled.columns.iter().map(column).collect();
            pooled.statistic.pseudo_values(&columns)
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
