//! What a scoring found: means with intervals, and paired differences with tests.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::comparison::{Difference, Question, adjust};
use crate::data::Qrels;
use crate::metrics::paired::{Pair, paired};
use crate::metrics::significance::patterns_for;
use crate::metrics::statistics::{self, Interval, intervals};
use crate::metrics::{Aggregate, Better, Metric};
use crate::report::{ALL, ScoreRow, SummaryRow, write_scores};
use crate::scoring::{Convention, Scores};

/// A run and what it scored.
pub(super) struct Scored<V = f64> {
    pub tag: String,
    pub path: PathBuf,
    pub scores: Scores<V>,
}

/// Everything that is shown.
pub(super) struct Outcome {
    /// How each run is called.
    pub names: Vec<String>,
    pub runs: Vec<Scored>,
    pub metrics: Vec<String>,
    pub judged_queries: usize,
    pub summary: Vec<SummaryRow>,
    pub differences: Vec<Difference>,
    /// The convention of every metric, in its order.
    pub conventions: Vec<String>,
    pub seed: u64,
}

/// How each run is called: by its tag, its file's name or its path, whichever is the first that tells all apart.
pub(super) fn names<V>(runs: &[Scored<V>]) -> Vec<String> {
    let by =
        |name: &dyn Fn(&Scored<V>) -> String| -> Vec<String> { runs.iter().map(name).collect() };
    let file = |run: &Scored<V>| {
        run.path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let tells_apart = |names: &Vec<String>| {
        let different: HashSet<&String> = names.iter().collect();
        different.len() == names.len() && names.iter().all(|name| !name.is_empty())
    };
    [by(&|run| run.tag.clone()), by(&file)]
        .into_iter()
        .find(tells_apart)
        .unwrap_or_else(|| {
            let paths = by(&|run| run.path.display().to_string());
            let numbered = |(number, path): (usize, &String)| {
                let earlier = paths[..number]
                    .iter()
                    .filter(|other| *other == path)
                    .count();
                if earlier == 0 {
                    path.clone()
                } else {
                    format!("{path} #{}", earlier + 1)
                }
            };
            paths.iter().enumerate().map(numbered).collect()
        })
}

impl Outcome {
    pub(super) fn new(
        qrels: &Qrels,
        runs: Vec<Scored>,
        metrics: &[Metric],
        convention: &Convention,
        seed: u64,
    ) -> Self {
        let names = names(&runs);
        let conventions: Vec<String> = metrics
            .iter()
            .map(|metric| convention.describe(metric))
            .collect();
        let summary = names
            .iter()
            .zip(&runs)
            .flat_map(|(name, run)| summarise(name, run, metrics, &conventions, convention, seed));
        Self {
            summary: summary.collect(),
            differences: differences(&names, &runs, metrics, seed),
            metrics: metrics.iter().map(Metric::to_string).collect(),
            judged_queries: qrels.queries.len(),
            names,
            runs,
            conventions,
            seed,
        }
    }

    /// Writes every value to a Parquet file.
    pub(super) fn write_parquet(&self, path: &Path) -> anyhow::Result<()> {
        let mut rows = Vec::new();
        for row in &self.summary {
            let interval = row
                .ci_low
                .zip(row.ci_high)
                .map(|(low, high)| Interval { low, high });
            rows.push(ScoreRow {
                run: &row.variant,
                query: None,
                metric: &row.metric,
                value: row.mean,
                interval,
                convention: &row.convention,
            });
        }
        for (name, run) in self.names.iter().zip(&self.runs) {
            for query in &run.scores.queries {
                for (place, value) in query.values.iter().enumerate() {
                    rows.push(ScoreRow {
                        run: name,
                        query: Some(&query.query),
                        metric: &self.metrics[place],
                        value: *value,
                        interval: None,
                        convention: &self.conventions[place],
                    });
                }
            }
        }
        let footer = serde_json::json!({ "ragkit": crate::version(), "seed": self.seed });
        write_scores(path, &footer.to_string(), &rows)
    }
}

/// The values of a run over all queries, with intervals where they are means.
fn summarise(
    name: &str,
    run: &Scored,
    metrics: &[Metric],
    conventions: &[String],
    convention: &Convention,
    seed: u64,
) -> Vec<SummaryRow> {
    let parts = |(place, metric): (usize, &Metric)| -> Vec<f64> {
        let part = |value| metric.aggregate().part(value);
        run.scores.column(place).into_iter().map(part).collect()
    };
    let columns: Vec<Vec<f64>> = metrics.iter().enumerate().map(parts).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let row = |((place, metric), interval): ((usize, &Metric), Option<Interval>)| {
        let aggregate = metric.aggregate();
        let interval = interval.filter(|_| aggregate != Aggregate::Sum);
        let of_interval = match aggregate {
            Aggregate::Sum => String::new(),
            _ => format!(
                "; {}",
                statistics::convention(run.scores.queries.len(), None, seed)
            ),
        };
        SummaryRow {
            variant: name.to_owned(),
            metric: metric.to_string(),
            slice: ALL.to_owned(),
            n: run.scores.queries.len() as u64,
            mean: run.scores.total(place, metric, convention.missing),
            ci_low: interval.map(|interval| aggregate.whole(interval.low)),
            ci_high: interval.map(|interval| aggregate.whole(interval.high)),
            unit: "1".to_owned(),
            convention: conventions[place].clone() + &of_interval,
            undefined: None,
        }
    };
    metrics
        .iter()
        .enumerate()
        .zip(intervals(&views, None, seed))
        .map(row)
        .collect()
}

/// How far every other run is from the first on the queries that both have, tested as one family.
fn differences(
    names: &[String],
    runs: &[Scored],
    metrics: &[Metric],
    seed: u64,
) -> Vec<Difference> {
    let Some((baseline, others)) = runs.split_first() else {
        return Vec::new();
    };
    let means: Vec<usize> = (0..metrics.len())
        .filter(|place| metrics[*place].aggregate() == Aggregate::Mean)
        .collect();
    let before: HashMap<&str, &[f64]> = baseline
        .scores
        .queries
        .iter()
        .map(|query| (query.query.as_str(), query.values.as_slice()))
        .collect();
    let question = Question {
        seed,
        ..Question::default()
    };
    let patterns = patterns_for(others.len() * means.len(), question.alpha);
    let mut differences = Vec::new();
    for (name, other) in names[1..].iter().zip(others) {
        let pairs: Vec<(&[f64], &[f64])> = other
            .scores
            .queries
            .iter()
            .filter_map(|query| Some((*before.get(query.query.as_str())?, query.values.as_slice())))
            .collect();
        let columns: Vec<[Vec<f64>; 2]> = means
            .iter()
            .map(|&place| {
                let both = pairs.iter();
                let (before, after) = both
                    .map(|(before, after)| (before[place], after[place]))
                    .unzip();
                [before, after]
            })
            .collect();
        let views: Vec<Pair<'_>> = columns
            .iter()
            .map(|[before, after]| Pair { before, after })
            .collect();
        for (place, found) in means.iter().zip(paired(&views, None, seed, patterns)) {
            differences.extend(found.map(|found| {
                let metric = metrics[*place].to_string();
                let row = (metric.as_str(), Better::Higher);
                let names = [names[0].as_str(), name];
                Difference::new(names, row, ALL, pairs.len(), None, 0, &found, &question)
            }));
        }
    }
    adjust(&mut differences);
    differences
}
