//! Scoring the runs of any system against judgements, under stated conventions.

mod convention;
mod order;
mod trec_lines;

use std::collections::HashMap;

use anyhow::{bail, ensure};
use foldhash::fast::FixedState;
use rayon::prelude::*;

use crate::data::{DataError, Judgement, Qrels, Rankings, Retrieved};
use crate::metrics::ties::{self, Bounds, TiedRanking};
use crate::metrics::{Aggregate, Judgements, Metric};

pub use convention::{Convention, Missing, Order, Ties, Tool};
pub use trec_lines::trec_lines;

/// The values of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryScores<V> {
    /// The query's id.
    pub query: String,
    /// Whether the run has nothing for it.
    pub missing: bool,
    /// A value per metric.
    pub values: Vec<V>,
    /// The ranking seen through its judgements, in the run's own order.
    pub judgements: Judgements,
}

/// What a run scores, query by query in the order of their ids' bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores<V = f64> {
    /// Every query that counts.
    pub queries: Vec<QueryScores<V>>,
    /// Queries of the run that nobody judged: they are passed over.
    pub not_judged: usize,
}

impl<V> Scores<V> {
    /// Judged queries that the run lacks and that count all the same.
    pub fn missing(&self) -> usize {
        self.queries.iter().filter(|query| query.missing).count()
    }
}

impl Scores {
    /// The values of one metric, query by query.
    pub fn column(&self, metric: usize) -> Vec<f64> {
        self.queries
            .iter()
            .map(|query| query.values[metric])
            .collect()
    }

    /// The one value of a metric over all queries.
    pub fn total(&self, place: usize, metric: &Metric, missing: Missing) -> f64 {
        let aggregate = metric.aggregate();
        let counted = |query: &&QueryScores<f64>| {
            !(aggregate == Aggregate::Sum && query.missing && missing == Missing::ZeroInMeans)
        };
        let queries = self.queries.iter().filter(counted);
        let sum = queries.fold(0.0, |sum, query| sum + aggregate.part(query.values[place]));
        match aggregate {
            Aggregate::Sum => sum,
            Aggregate::Mean | Aggregate::GeometricMean => {
                aggregate.whole(sum / self.queries.len().max(1) as f64)
            }
        }
    }
}

/// Scores a run by these metrics.
///
/// # Errors
/// Where no query of the run is judged, or the rank column cannot be ranked by.
pub fn score(
    rankings: &Rankings,
    qrels: &Qrels,
    metrics: &[Metric],
    convention: &Convention,
) -> anyhow::Result<Scores> {
    check_grades(metrics, qrels)?;
    let metrics: Vec<Metric> = metrics
        .iter()
        .map(|metric| convention.reading(metric))
        .collect();
    // Each order is made once for all the metrics that want it.
    let mut orders = vec![convention.order];
    let wanted: Vec<usize> = metrics
        .iter()
        .map(|metric| {
            let order = convention.order_for(metric);
            orders
                .iter()
                .position(|known| *known == order)
                .unwrap_or_else(|| {
                    orders.push(order);
                    orders.len() - 1
                })
        })
        .collect();
    let queries = paired(rankings, qrels, convention)?;
    let twice = queries.not_judged > 0 || queries.pairs.iter().any(|pair| pair.retrieved.is_none());
    let one = |pair: &Pair<'_>| {
        let grades = pair.grades();
        let judged_orders = orders
            .iter()
            .map(|order| {
                let ranked = order::ranked(rankings, pair.documents(), *order, twice)?;
                // A depth counts what is left when the query itself is taken out.
                let ranked = ranked
                    .into_iter()
                    .filter(|one| pair.keeps(rankings, one, convention));
                let ranked = ranked.take(convention.depth);
                let looked_up = ranked.map(|one| grades.get(rankings.document(one)).copied());
                Ok(pair.judge(looked_up.collect(), convention))
            })
            .collect::<Result<Vec<Judgements>, DataError>>()?;
        let value = |(metric, order): (&Metric, &usize)| {
            metric.score(&judged_orders[*order], &convention.rules)
        };
        Ok(pair.scores(
            metrics.iter().zip(&wanted).map(value).collect(),
            judged_orders[0].clone(),
        ))
    };
    queries.map(one)
}

/// What a run can score over all orders of tied documents. Only for metrics that [`ties::has_bounds`].
///
/// # Errors
/// As [`score`].
pub fn bounds(
    rankings: &Rankings,
    qrels: &Qrels,
    metrics: &[Metric],
    convention: &Convention,
) -> anyhow::Result<Scores<Bounds>> {
    ensure!(
        convention.order.ties != Ties::RankColumn,
        "a run that is ranked by its rank column has no ties"
    );
    ensure!(
        convention.depth == usize::MAX,
        "a depth cuts through tied documents; give the metrics a cutoff instead, as in `AP@100`"
    );
    check_grades(metrics, qrels)?;
    let one = |pair: &Pair<'_>| {
        let grades = pair.grades();
        let groups = order::groups(rankings, pair.documents(), convention.order)?;
        let kept = |group: &Vec<&Retrieved>| {
            let kept = group
                .iter()
                .filter(|one| pair.keeps(rankings, one, convention));
            kept.map(|one| grades.get(rankings.document(one)).copied())
                .filter(|grade| !convention.judged_only || grade.is_some_and(|grade| grade >= 0))
                .collect()
        };
        let ranking = TiedRanking {
            groups: groups.iter().map(kept).collect(),
            judged: grades.into_values().collect(),
        };
        let values = metrics
            .iter()
            .map(|metric| ties::bounds(&convention.reading(metric), &ranking, &convention.rules));
        Ok(pair.scores(values.collect(), Judgements::default()))
    };
    paired(rankings, qrels, convention)?.map(one)
}

fn check_grades(metrics: &[Metric], qrels: &Qrels) -> anyhow::Result<()> {
    let highest = qrels.highest_grade();
    let checked = metrics
        .iter()
        .try_for_each(|metric| metric.check_grades(highest));
    checked.map_err(anyhow::Error::msg)
}

/// A judged query with what was retrieved for it.
struct Pair<'a> {
    query: &'a str,
    judged: &'a [Judgement],
    retrieved: Option<&'a [Retrieved]>,
}

impl Pair<'_> {
    fn documents(&self) -> &[Retrieved] {
        self.retrieved.unwrap_or_default()
    }

    fn grades(&self) -> HashMap<&str, i32, FixedState> {
        let grades = self.judged.iter();
        grades
            .map(|judgement| (judgement.document.as_str(), judgement.grade))
            .collect()
    }

    fn keeps(&self, rankings: &Rankings, one: &Retrieved, convention: &Convention) -> bool {
        !convention.without_self || rankings.document(one) != self.query
    }

    fn judge(&self, ranked: Vec<Option<i32>>, convention: &Convention) -> Judgements {
        let judged = self
            .judged
            .iter()
            .map(|judgement| judgement.grade)
            .collect();
        let judgements = Judgements::from_grades(ranked, judged);
        if convention.judged_only {
            judgements.judged_only()
        } else {
            judgements
        }
    }

    fn scores<V>(&self, values: Vec<V>, judgements: Judgements) -> QueryScores<V> {
        QueryScores {
            query: self.query.to_owned(),
            missing: self.retrieved.is_none(),
            values,
            judgements,
        }
    }
}

/// The queries that count.
struct Paired<'a> {
    pairs: Vec<Pair<'a>>,
    not_judged: usize,
}

impl<'a> Paired<'a> {
    fn map<V: Send>(
        self,
        one: impl Fn(&Pair<'a>) -> Result<QueryScores<V>, DataError> + Sync + Send,
    ) -> anyhow::Result<Scores<V>> {
        let queries = self.pairs.par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(Scores {
            queries,
            not_judged: self.not_judged,
        })
    }
}

fn paired<'a>(
    rankings: &'a Rankings,
    qrels: &'a Qrels,
    convention: &Convention,
) -> anyhow::Result<Paired<'a>> {
    let is_judged = |(query, _): &(&str, &[Retrieved])| qrels.queries.contains_key(*query);
    let judged = rankings.queries().filter(is_judged).count();
    if judged == 0 {
        bail!(
            "no query of `{}` is judged in `{}`; are the two of the same dataset?",
            rankings.path.display(),
            qrels.path.display()
        );
    }
    let level = convention.rules.level;
    let counts = |judged: &[Judgement]| {
        convention.counts_without_relevant() || judged.iter().any(|one| one.grade >= level)
    };
    let pair = |(query, judged): (&'a String, &'a Vec<Judgement>)| Pair {
        query,
        judged,
        retrieved: rankings.of(query),
    };
    let pairs = qrels
        .queries
        .iter()
        .filter(|(_, judged)| counts(judged))
        .map(pair)
        .filter(|pair| pair.retrieved.is_some() || convention.missing != Missing::Skip);
    let pairs: Vec<Pair<'a>> = pairs.collect();
    ensure!(
        !pairs.is_empty(),
        "no query of `{}` has a document of grade {level} or more, and those without are left out",
        qrels.path.display()
    );
    Ok(Paired {
        pairs,
        not_judged: rankings.queries().count() - judged,
    })
}
