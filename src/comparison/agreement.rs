//! Whether a metric prefers the answers that people prefer.

use anyhow::ensure;
use serde::Serialize;

use super::{Pairing, metrics};
use crate::metrics::Clusters;
use crate::metrics::correlation::{interval_of, kendall, pairwise_agreement, pearson, spearman};
use crate::metrics::statistics::Interval;
use crate::report::{Style, estimate, text_table};

/// How a metric's differences between two systems go together with a person's preference between their answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The metric.
    pub metric: String,
    /// Examples that have a difference and a preference.
    pub n: usize,
    /// Pearson's r, Spearman's ρ and Kendall's τ-b of difference and preference.
    pub pearson: Option<Figure>,
    /// Of the ranks.
    pub spearman: Option<Figure>,
    /// Of the order of pairs.
    pub kendall: Option<Figure>,
    /// The share of the examples with a preference in which the metric has the same; no difference counts one half.
    pub agreement: Option<Figure>,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Its lower end; absent where the data cannot tell.
    pub ci_low: Option<f64>,
    /// Its upper end.
    pub ci_high: Option<f64>,
}

type Statistic = fn(&[f64], &[f64]) -> Option<f64>;

/// Holds the differences of every metric in common against the numbers of a field of the examples, by which the run is sliced: positive
/// where the candidate is preferred.
///
/// # Errors
/// Where the run is not sliced by the field, or a value of it is no number.
pub fn agreements(
    pairing: &Pairing<'_>,
    field: &str,
    asked: &[String],
    seed: u64,
) -> anyhow::Result<Vec<Agreement>> {
    let scores = &pairing.candidate.scores;
    let mut preference: Vec<Option<f64>> = vec![None; scores.ids.len()];
    for (slice, places) in &scores.slices {
        let Some(value) = slice
            .strip_prefix(field)
            .and_then(|rest| rest.strip_prefix('='))
        else {
            continue;
        };
        let number: f64 = value.parse().unwrap_or(f64::NAN);
        ensure!(
            number.is_finite(),
            "the preference `{slice}` is no number; code it from a negative one for the baseline to a positive one for the candidate"
        );
        places
            .iter()
            .for_each(|place| preference[*place] = Some(number));
    }
    ensure!(
        preference.iter().any(Option::is_some),
        "the run is not sliced by `{field}`; run it with `--slices {field}`, so that its examples say what people preferred"
    );
    let names = metrics(pairing).0.into_iter();
    let names = names.filter(|name| {
        asked.is_empty() || asked.iter().any(|asked| asked.eq_ignore_ascii_case(name))
    });
    Ok(names
        .filter_map(|metric| agreement(pairing, metric, &preference, seed))
        .collect())
}

fn agreement(
    pairing: &Pairing<'_>,
    metric: &str,
    preference: &[Option<f64>],
    seed: u64,
) -> Option<Agreement> {
    let facts = &pairing.candidate.scores.metrics;
    let (facts, _) = facts.iter().find(|(facts, _)| facts.name == metric)?;
    let (mut differences, mut preferences, mut clusters) = (Vec::new(), Vec::new(), Vec::new());
    let values = pairing.values(metric)?;
    for ((_, place), pair) in pairing.places.iter().zip(values) {
        if let ((Some(before), Some(after)), Some(preferred)) = (pair, preference[*place]) {
            differences.push(facts.better.gain(after - before));
            preferences.push(preferred);
            clusters.push(pairing.candidate.scores.clusters[*place].as_deref());
        }
    }
    let clusters = Clusters::by_name(clusters);
    let figure = |statistic: Statistic| {
        let of = |places: &[usize]| {
            let pick = |column: &[f64]| places.iter().map(|place| column[*place]).collect();
            let (x, y): (Vec<f64>, Vec<f64>) = (pick(&differences), pick(&preferences));
            statistic(&x, &y)
        };
        let value = statistic(&differences, &preferences)?;
        let interval: Option<Interval> = interval_of(of, &clusters, seed);
        Some(Figure {
            value,
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
        })
    };
    Some(Agreement {
        metric: metric.to_owned(),
        n: differences.len(),
        pearson: figure(pearson),
        spearman: figure(spearman),
        kendall: figure(kendall),
        agreement: figure(pairwise_agreement),
    })
}

/// A table of agreements.
pub fn agreement_table(style: Style, agreements: &[Agreement]) -> String {
    let header = ["metric", "n", "agreement", "Pearson", "Spearman", "Kendall"];
    let cell = |figure: Option<Figure>| {
        let estimated = |one: Figure| estimate(one.value, one.ci_low, one.ci_high, false);
        figure.map_or_else(|| "-".to_owned(), estimated)
    };
    let rows = agreements.iter().map(|row| {
        let figures = [row.agreement, row.pearson, row.spearman, row.kendall];
        let texts = [row.metric.clone(), row.n.to_string()];
        texts.into_iter().chain(figures.map(cell)).collect()
    });
    text_table(style, &header, rows, 1)
}
