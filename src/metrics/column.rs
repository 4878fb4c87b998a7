//! The values that a metric has over some examples: its own, or the pseudo-values of one that is no mean.

use serde::{Deserialize, Serialize};

use super::binary::ratio;
use super::classes::macro_f1;
use super::classification::Classification;
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
    /// Of labels of a category and what a classifier says of it.
    Classification(Classification),
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
            Self::Classification(figure) => figure.pseudo_values(columns),
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

    /// Why the statistic may not be defined.
    fn undefined(self) -> &'static str {
        match self {
            Self::Labels(_) => "all labels are the same",
            Self::Routing(statistic) => statistic.undefined(),
            Self::Classification(figure) => figure.undefined(),
            Self::MacroF1 => "there is no example",
            Self::Shortfall => "the mean that it is a share of is 0",
            Self::Recovered => {
                "there is no gap to recover: the strong side is no better than the weak one"
            }
        }
    }

    /// Whether it jumps, so that its pseudo-values tell too little of how far it scatters: then no difference of it is tested.
    pub fn jumps(self, examples: usize) -> bool {
        match self {
            Self::Routing(statistic) => statistic.jumps(examples),
            Self::Classification(figure) => figure.jumps(),
            _ => false,
        }
    }

    /// The 95 % interval of the statistic over examples or whole clusters; `None` where they cannot tell.
    fn interval_of(
        self,
        column: &Column<1>,
        clusters: Option<&Clusters>,
        seed: u64,
    ) -> Option<Interval> {
        let [values] = &column.values;
        match self {
            Self::Labels(pooled) => pooled.interval_of(values, clusters),
            Self::Classification(figure) if figure.is_biased() => None,
            Self::Classification(figure) if let Some(like) = figure.bounded_like() => {
                like.interval_of(values, clusters)
            }
            _ if self.jumps(values.len()) => {
                let figure = |places: &[usize]| {
                    let drawn =
                        |input: &Vec<f64>| places.iter().map(|place| input[*place]).collect();
                    let drawn: Vec<Vec<f64>> = column.inputs.iter().map(drawn).collect();
                    statistics::mean(&self.pseudo_values(&drawn)?)
                };
                statistics::percentile_interval(values.len(), clusters, seed, figure)
            }
            _ => statistics::normal_interval(values, clusters),
        }
    }
}

/// What the examples of one side score: by the name of a metric that is stored, and the place of an example.
pub type Side<'a> = &'a dyn Fn(&str, usize) -> Option<f64>;

/// The values of a metric on `N` sides over those examples of which every side has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<const N: usize> {
    /// The places of the examples, in the order in which they were given.
    pub places: Vec<usize>,
    /// What the values of the first side are computed from, of a statistic whose interval must be computed from it anew.
    inputs: Vec<Vec<f64>>,
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
        if self.exact {
            return match clusters {
                None => "95 % exact interval, Clopper and Pearson".to_owned(),
                Some(_) => {
                    "95 % exact interval, Clopper and Pearson after Korn and Graubard over clusters"
                        .to_owned()
                }
            };
        }
        let Some(pooled) = &self.pooled else {
            return statistics::convention(examples, clusters, seed);
        };
        let drawn = if clusters.is_some() {
            "clusters"
        } else {
            "examples"
        };
        let way = match pooled.statistic {
            Statistic::Labels(_) => "score interval, delta method",
            Statistic::Classification(figure) if figure.is_biased() => {
                return "no interval: it is too high by what labels scatter".to_owned();
            }
            Statistic::Classification(figure) if figure.bounded_like().is_some() => {
                "score interval, delta method"
            }
            statistic if statistic.jumps(examples) => "percentile interval, bootstrap",
            _ => "normal interval, delta method",
        };
        format!("95 % {way} over {drawn}")
    }

    /// Why the metric is not defined over the examples at `places`, where it is not although all that it is computed from is known of one of them.
    pub fn undefined(&self, places: &[usize], side: Side<'_>) -> Option<&'static str> {
        let pooled = self.pooled.as_ref()?;
        let is_known = |place: &usize| {
            let mut columns = pooled.columns.iter();
            columns.all(|name| side(name, *place).is_some())
        };
        places
            .iter()
            .any(is_known)
            .then(|| pooled.statistic.undefined())
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
            let values = pooled.statistic.pseudo_values(&columns)?;
            Some((values, columns))
        };
        let mut inputs = Vec::new();
        let mut values = Vec::with_capacity(N);
        for side in sides {
            let Some((of_side, columns)) = of_side(side) else {
                return Column {
                    places: Vec::new(),
                    inputs: Vec::new(),
                    values: std::array::from_fn(|_| Vec::new()),
                };
            };
            if pooled.statistic.jumps(places.len()) && inputs.is_empty() {
                inputs = columns;
            }
            values.push(of_side);
        }
        let mut values = values.into_iter();
        Column {
            places,
            inputs,
            values: std::array::from_fn(|_| values.next().unwrap_or_default()),
        }
    }
}

/// The 95 % interval of each metric from its values over the same examples: of those that are means by resamples that they share, of a pooled one by its
/// own way.
pub fn intervals(
    columns: &[(&MetricFacts, &Column<1>)],
    clusters: Option<&Clusters>,
    seed: u64,
) -> Vec<Option<Interval>> {
    let is_mean = |facts: &MetricFacts| facts.pooled.is_none() && !facts.exact;
    let means = columns.iter().filter(|(facts, _)| is_mean(facts));
    let means: Vec<&[f64]> = means
        .map(|(_, column)| column.values[0].as_slice())
        .collect();
    let mut of_means = statistics::intervals(&means, clusters, seed).into_iter();
    let interval = |(facts, column): &(&MetricFacts, &Column<1>)| match &facts.pooled {
        Some(pooled) => pooled.statistic.interval_of(column, clusters, seed),
        None if facts.exact => statistics::exact_interval(&column.values[0], clusters),
        None => of_means.next().flatten(),
    };
    columns.iter().map(interval).collect()
}

/// The values that are stored under a name.
fn of_all<const N: usize>(name: &str, places: &[usize], sides: [Side<'_>; N]) -> Column<N> {
    let mut column = Column {
        places: Vec::with_capacity(places.len()),
        inputs: Vec::new(),
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
