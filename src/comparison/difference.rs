//! The rows of a comparison: metric × slice.

use anyhow::{Context, bail};
use serde::Serialize;

use super::judge::Judged;
use super::{JudgeNoise, Pairing, Question};
use crate::metrics::paired::{Pair, Paired, Test, paired};
use crate::metrics::significance::{fewest, holm, patterns_for};
use crate::metrics::{Better, Clusters, Column, MetricFacts, power};
use crate::report::{ALL, Scores};

/// A slice of fewer examples is shown and not tested: it would cost the others power and decide nothing.
const TESTED_FROM: usize = 20;

/// The paired difference of a variant from a baseline on one metric over one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The variant.
    pub variant: String,
    /// What it is compared with.
    pub baseline: String,
    /// The metric's name.
    pub metric: String,
    /// `all`, or `field=value`.
    pub slice: String,
    /// Which values are good.
    pub better: Better,
    /// Examples that both have a value for.
    pub n: u64,
    /// Clusters of them, where examples come in clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<u64>,
    /// Examples that only one of the two has a value for; they are not in `n`.
    pub unpaired: u64,
    /// Mean of the baseline over the same examples.
    pub baseline_mean: f64,
    /// Mean of the variant over the same examples.
    pub mean: f64,
    /// Mean of variant − baseline.
    pub difference: f64,
    /// Lower end of its 95 % interval; absent where the data cannot tell.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Two-sided probability of a difference as large if the two did not differ; absent where it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same, adjusted by Holm's method for all differences that were tested together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_holm: Option<f64>,
    /// Which test it is.
    pub test: Test,
    /// Examples on which the variant is better.
    pub wins: u64,
    /// Examples on which the two are level.
    pub ties: u64,
    /// Examples on which the variant is worse.
    pub losses: u64,
    /// Standard error of the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// The smallest true difference that these examples would show with the asked power.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Examples that it would take for the smallest difference that matters; clusters, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<f64>,
    /// The part of the judge in it, where judgements were repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeNoise>,
}

impl Difference {
    /// A row from what was found, for a whole set or a slice of it.
    #[expect(clippy::too_many_arguments, reason = "one for each column of the row")]
    pub fn new(
        [baseline, variant]: [&str; 2],
        (metric, better): (&str, Better),
        slice: &str,
        n: usize,
        clusters: Option<&Clusters>,
        unpaired: usize,
        found: &Paired,
        question: &Question,
    ) -> Self {
        let units = clusters.map_or(n, Clusters::count);
        let error = found.standard_error.filter(|error| *error > 0.0);
        let (wins, losses) = match better {
            Better::Higher => (found.above, found.below),
            Better::Lower => (found.below, found.above),
        };
        Self {
            variant: variant.to_owned(),
            baseline: baseline.to_owned(),
            metric: metric.to_owned(),
            slice: slice.to_owned(),
            better,
            n: n as u64,
            clusters: clusters.map(|clusters| clusters.count() as u64),
            unpaired: unpaired as u64,
            baseline_mean: found.before,
            mean: found.after,
            difference: found.difference,
            ci_low: found.interval.map(|interval| interval.low),
            ci_high: found.interval.map(|interval| interval.high),
            p_value: (slice == ALL || n >= TESTED_FROM).then_some(found.p_value),
            p_holm: None,
            test: found.test,
            wins,
            ties: found.level,
            losses,
            standard_error: found.standard_error,
            detectable: error
                .filter(|_| units >= fewest(1, question.alpha))
                .map(|error| power::minimum_detectable(error, question.alpha, question.power)),
            needed: error.filter(|_| question.min_effect > 0.0).map(|error| {
                let (alpha, power) = (question.alpha, question.power);
                power::examples_needed(units, error, question.min_effect, alpha, power)
                    .max(fewest(1, alpha) as f64)
            }),
            judge: None,
        }
    }

    /// The difference as a gain: positive where it is for the better.
    pub fn gain(&self) -> f64 {
        self.better.gain(self.difference)
    }
}

/// The rows of every pairing, tested as one family: with as many sign patterns as it takes, their p-values adjusted.
pub fn family(
    pairings: &[Pairing<'_>],
    question: &Question,
) -> anyhow::Result<Vec<Vec<Difference>>> {
    let all = |question: &Question| -> anyhow::Result<Vec<Vec<Difference>>> {
        let rows = |pairing| differences(pairing, question);
        pairings.iter().map(rows).collect()
    };
    let mut found = all(question)?;
    let patterns = patterns_for(tested(found.iter().flatten()), question.alpha);
    if patterns > question.patterns {
        found = all(&Question {
            patterns,
            ..question.clone()
        })?;
    }
    adjust(found.iter_mut().flatten());
    Ok(found)
}

/// How many of the rows are tested.
pub fn tested<'a>(rows: impl Iterator<Item = &'a Difference>) -> usize {
    rows.filter(|row| row.p_value.is_some()).count()
}

/// Adjusts the p-values of all rows as one family.
pub fn adjust<'a>(rows: impl IntoIterator<Item = &'a mut Difference>) {
    let (tested, p_values): (Vec<&mut Difference>, Vec<f64>) = rows
        .into_iter()
        .filter_map(|row| row.p_value.map(|p| (row, p)))
        .unzip();
    for (row, adjusted) in tested.into_iter().zip(holm(&p_values)) {
        row.p_holm = Some(adjusted);
    }
}

/// Every metric and slice that the question asks for. P-values are not adjusted yet: see [`adjust`].
///
/// # Errors
/// Where a metric that is asked for is not there on both sides.
pub fn differences(pairing: &Pairing<'_>, question: &Question) -> anyhow::Result<Vec<Difference>> {
    let candidate = &pairing.candidate.scores;
    question.slices.check(candidate)?;
    let columns = columns(pairing, &question.metrics)?;
    let clustered = candidate.clusters.iter().any(Option::is_some);
    let mut rows = Vec::new();
    for (slice, places) in pairing.slices(&question.slices) {
        let clusters = |pairs: &[usize]| {
            clustered.then(|| {
                let names = pairs
                    .iter()
                    .map(|&pair| candidate.clusters[pairing.places[pair].1].as_deref());
                Clusters::by_name(names)
            })
        };
        let parts = columns.iter().map(|column| column.over(pairing, &places));
        let parts: Vec<(Column<2>, usize)> = parts.collect();
        // Columns of all examples share their flips and resamples; what only some have is taken by itself.
        let (whole, partial): (Vec<usize>, Vec<usize>) =
            (0..parts.len()).partition(|&column| parts[column].0.places.len() == places.len());
        let groups = std::iter::once(whole).chain(partial.into_iter().map(|column| vec![column]));
        let mut found = vec![None; parts.len()];
        for group in groups.filter(|group| !group.is_empty()) {
            let clusters = clusters(&parts[group[0]].0.places);
            let pairs: Vec<Pair<'_>> = group.iter().map(|&column| pair(&parts[column].0)).collect();
            let results = paired(&pairs, clusters.as_ref(), question.seed, question.patterns);
            for (&column, result) in group.iter().zip(results) {
                found[column] = result.map(|result| (result, clusters.clone()));
            }
        }
        for ((column, (part, unpaired)), found) in columns.iter().zip(&parts).zip(found) {
            let Some((found, clusters)) = found else {
                continue;
            };
            let mut row = Difference::new(
                [&pairing.baseline.variant, &pairing.candidate.variant],
                (&column.facts.name, column.facts.better),
                slice,
                part.places.len(),
                clusters.as_ref(),
                *unpaired,
                &found,
                question,
            );
            row.judge = column.judged.noise(pairing, &part.places);
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The values of a metric on both sides, pair by pair.
struct Measured<'a> {
    facts: &'a MetricFacts,
    values: Vec<(Option<f64>, Option<f64>)>,
    judged: Judged,
}

impl Measured<'_> {
    /// Those of a slice that both sides have, and how many only one has.
    fn over(&self, pairing: &Pairing<'_>, places: &[usize]) -> (Column<2>, usize) {
        let side = |scores: &'_ Scores, name: &str, place: usize| scores.values(name)?[place];
        let before =
            |name: &str, pair: usize| side(&pairing.baseline.scores, name, pairing.places[pair].0);
        let after =
            |name: &str, pair: usize| side(&pairing.candidate.scores, name, pairing.places[pair].1);
        let one_sided = |place: &&usize| {
            let (before, after) = self.values[**place];
            before.is_some() != after.is_some()
        };
        (
            self.facts.over(places, [&before, &after]),
            places.iter().filter(one_sided).count(),
        )
    }
}

fn pair(column: &Column<2>) -> Pair<'_> {
    let [before, after] = &column.values;
    Pair { before, after }
}

fn columns<'a>(pairing: &Pairing<'a>, asked: &[String]) -> anyhow::Result<Vec<Measured<'a>>> {
    for name in asked {
        for side in [pairing.baseline, pairing.candidate] {
            side.scores.values(name).with_context(|| {
                let metrics = side.scores.metrics.iter();
                let known: Vec<&str> = metrics.map(|(facts, _)| facts.name.as_str()).collect();
                format!(
                    "`{}` has no metric `{name}`; it has {}",
                    side.run.path.0.display(),
                    known.join(", ")
                )
            })?;
        }
    }
    let jumps = |facts: &MetricFacts| {
        let pooled = facts.pooled.as_ref();
        pooled.is_some_and(|pooled| pooled.statistic.jumps(pairing.places.len()))
    };
    // What others are computed from is compared where it is asked for.
    let is_asked = |facts: &MetricFacts| {
        let names = |one: &String| one.eq_ignore_ascii_case(&facts.name);
        (asked.is_empty() && !facts.aside && !jumps(facts)) || asked.iter().any(names)
    };
    let metrics = pairing.candidate.scores.metrics.iter();
    if let Some((facts, _)) = metrics
        .clone()
        .find(|(facts, _)| is_asked(facts) && jumps(facts))
    {
        bail!(
            "a difference of `{}` has no interval: it jumps where two policies are near each other; look at its interval on either side in `ragkit report`",
            facts.name
        );
    }
    metrics
        .filter(|(facts, _)| is_asked(facts))
        .filter_map(|(facts, _)| Some((facts, pairing.values(&facts.name)?)))
        .map(|(facts, values)| {
            Ok(Measured {
                facts,
                values,
                judged: Judged::read(pairing, &facts.name)?,
            })
        })
        .collect()
}
