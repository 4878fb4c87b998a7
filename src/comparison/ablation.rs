//! What each variant of a run gains and costs against one of them: quality, latency, tokens and money, beside what is usually
//! claimed for it.
//!
//! Everything is variant − baseline over the same examples, so that a variant that leaves a stage out shows what is lost. A claim is
//! turned round where the variant leaves out what the claim is about: what adds 25 % to what there was before is, of what there
//! is with it, 25 / 125 = 20 %.

mod claim;
mod latency;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use serde::Serialize;

pub use self::claim::{Change, Claim, Claimed};
use super::{Difference, Pairing, Question, Side, family, tested};
use crate::metrics::statistics::{Interval, intervals, mean};
use crate::metrics::{Clusters, MetricFacts};
use crate::report::{Call, Run, Spent};

/// A variant to hold against the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct AblationOf {
    /// The variant.
    pub variant: String,
    /// What differs from the baseline, in words.
    pub differs: String,
    /// What is claimed for what differs.
    pub claimed: Option<Claimed>,
}

/// The trade-offs of the variants of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ablation {
    /// The variant that the others are held against.
    pub baseline: String,
    /// What it does by itself, by slice.
    pub levels: Vec<Levels>,
    /// Variant by variant, and slice by slice in each.
    pub rows: Vec<Tradeoff>,
    /// Differences in quality that were tested together; Holm's method adjusts for so many.
    pub tests: usize,
    /// Seed of flips and resamples.
    pub seed: u64,
}

/// What the baseline does by itself on the examples of a slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Levels {
    /// `all`, or `field=value`.
    pub slice: String,
    /// Examples.
    pub n: u64,
    /// Means of the metrics, in the order of the run.
    pub quality: Vec<(String, Option<f64>)>,
    /// Median latency of an answer.
    pub latency_p50_ms: Option<f64>,
    /// 95th percentile of it.
    pub latency_p95_ms: Option<f64>,
    /// Tokens of prompts a query.
    pub tokens_in: Option<f64>,
    /// Tokens of completions a query.
    pub tokens_out: Option<f64>,
    /// Cost of a query.
    pub cost_usd: Option<f64>,
}

/// What a variant gains and costs on the examples of a slice.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tradeoff {
    /// The variant.
    pub variant: String,
    /// What differs from the baseline.
    pub differs: String,
    /// `all`, or `field=value`.
    pub slice: String,
    /// Examples that both have.
    pub n: u64,
    /// The differences in quality.
    pub quality: Vec<Gain>,
    /// Median latency of an answer, over the examples that both timed; absent where one of the two timed none.
    pub latency_p50_ms: Option<Delta>,
    /// 95th percentile of it.
    pub latency_p95_ms: Option<Delta>,
    /// Tokens of prompts a query; absent where neither asks a language model.
    pub tokens_in: Option<Delta>,
    /// Tokens of completions a query.
    pub tokens_out: Option<Delta>,
    /// Cost of a query; absent where neither has one, or something that was asked for has no price.
    pub cost_usd: Option<Delta>,
    /// What is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Claimed>,
}

/// A difference in quality.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// The difference, with its interval and test.
    #[serde(flatten)]
    pub difference: Difference,
    /// The difference in percent of the baseline's mean; absent where that is 0.
    pub relative_percent: Option<f64>,
}

/// A difference in what an answer takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delta {
    /// The baseline's value.
    pub baseline: f64,
    /// The variant's.
    pub variant: f64,
    /// Variant − baseline.
    pub difference: f64,
    /// It in percent of the baseline's; absent where that is 0.
    pub relative_percent: Option<f64>,
    /// Lower end of its 95 % interval; absent where the data cannot tell.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
}

impl Delta {
    fn new(baseline: f64, variant: f64, interval: Option<Interval>) -> Self {
        Self {
            baseline,
            variant,
            difference: variant - baseline,
            relative_percent: relative_percent(variant - baseline, baseline),
            ci_low: interval.map(|interval| interval.low),
            ci_high: interval.map(|interval| interval.high),
        }
    }
}

fn relative_percent(difference: f64, baseline: f64) -> Option<f64> {
    (baseline != 0.0).then(|| 100.0 * difference / baseline.abs())
}

/// A variant with what it scored, how long its answers took and what they asked for.
struct Measured {
    side: Side,
    calls: Vec<Call>,
    spent: BTreeMap<String, Spent>,
}

impl Measured {
    fn of(run: &Run, variant: &str) -> anyhow::Result<Self> {
        let side = Side::of(run, variant)?;
        // A variant of which every example failed may have nothing that was timed.
        let calls = if side.scores.failed.iter().all(|failed| *failed) {
            Vec::new()
        } else {
            run.calls(variant, None)?
        };
        Ok(Self {
            side,
            calls,
            spent: run.spent(variant)?,
        })
    }

    /// The calls of these examples.
    fn calls_of(&self, examples: &BTreeSet<&str>) -> Vec<&Call> {
        let calls = self.calls.iter();
        calls
            .filter(|call| examples.contains(call.example.as_str()))
            .collect()
    }

    /// What an answer took, one value an example; one that asked for nothing took 0.
    fn spent_on(&self, examples: &[&str], of: impl Fn(&Spent) -> f64) -> Vec<f64> {
        let spent = |id: &&str| self.spent.get(*id).map_or(0.0, &of);
        examples.iter().map(spent).collect()
    }

    /// Whether everything that was asked for has a price.
    fn is_priced(&self) -> bool {
        self.spent.values().all(|spent| spent.cost_usd.is_some())
    }
}

/// Holds `variants` against `baseline`, all of one run, on the metrics and slices of the question.
///
/// The differences in quality are those of `ragkit compare`, tested as one family. Tokens and costs are means over the examples that
/// both have, with the paired interval of [`intervals`]; an answer that asked for nothing took 0. Latencies are those of whole
/// answers over the examples that both timed, with the interval of a paired percentile bootstrap: both sides are drawn with the same
/// examples, or, where calls serve several, with the same batches. A run that did not alternate its variants
/// (`ragkit eval --interleave`) cannot tell them from what drifts with time.
///
/// # Errors
/// Where the run lacks a variant or a metric, or there is nothing to hold against the baseline.
pub fn ablate(
    run: &Run,
    baseline: &str,
    variants: &[AblationOf],
    question: &Question,
) -> anyhow::Result<Ablation> {
    ensure!(
        variants.iter().any(|asked| asked.variant != baseline),
        "there is nothing to hold against `{baseline}`: the run has no other variant; add one to the config"
    );
    let before = Measured::of(run, baseline)?;
    let others = variants.iter().filter(|asked| asked.variant != baseline);
    let others: Vec<(&AblationOf, Measured)> = others
        .map(|asked| Ok((asked, Measured::of(run, &asked.variant)?)))
        .collect::<anyhow::Result<_>>()?;
    let pairings: Vec<Pairing<'_>> = others
        .iter()
        .map(|(_, after)| Pairing::new(&before.side, &after.side))
        .collect();
    let differences = family(&pairings, question)?;
    let tests = tested(differences.iter().flatten());
    let rounds = run.manifest.identity.interleaved_rounds;
    let mut rows = Vec::new();
    for (((asked, after), pairing), differences) in others.iter().zip(&pairings).zip(differences) {
        for (slice, pairs) in pairing.slices(&question.slices) {
            let quality = differences.iter().filter(|row| row.slice == slice);
            let row = Tradeoff {
                variant: asked.variant.clone(),
                differs: asked.differs.clone(),
                slice: slice.to_owned(),
                n: pairs.len() as u64,
                quality: quality.cloned().map(gain).collect(),
                claimed: asked.claimed,
                ..takes(&before, after, pairing, &pairs, rounds, question.seed)
            };
            rows.push(row);
        }
    }
    Ok(Ablation {
        baseline: baseline.to_owned(),
        levels: levels(&before, question),
        rows,
        tests,
        seed: question.seed,
    })
}

fn gain(difference: Difference) -> Gain {
    Gain {
        relative_percent: relative_percent(difference.difference, difference.baseline_mean),
        difference,
    }
}

/// What both take for the answers of these pairs, apart from quality.
fn takes(
    before: &Measured,
    after: &Measured,
    pairing: &Pairing<'_>,
    pairs: &[usize],
    rounds: usize,
    seed: u64,
) -> Tradeoff {
    let places = pairs.iter().map(|&pair| pairing.places[pair].1);
    let candidate = &after.side.scores;
    let ids: Vec<&str> = places
        .clone()
        .map(|place| candidate.ids[place].as_str())
        .collect();
    let clusters = candidate
        .clusters
        .iter()
        .any(Option::is_some)
        .then(|| Clusters::by_name(places.map(|place| candidate.clusters[place].as_deref())));
    let asked = !before.spent.is_empty() || !after.spent.is_empty();
    let spent = |of: fn(&Spent) -> f64| {
        let (one, other) = (before.spent_on(&ids, of), after.spent_on(&ids, of));
        let differences: Vec<f64> = other
            .iter()
            .zip(&one)
            .map(|(other, one)| other - one)
            .collect();
        let interval = intervals(&[&differences], clusters.as_ref(), seed)[0];
        asked.then_some(Delta::new(mean(&one)?, mean(&other)?, interval))
    };
    let examples: BTreeSet<&str> = ids.iter().copied().collect();
    let [p50, p95] = latency::deltas(
        &before.calls_of(&examples),
        &after.calls_of(&examples),
        rounds,
        seed,
    );
    Tradeoff {
        latency_p50_ms: p50,
        latency_p95_ms: p95,
        tokens_in: spent(|spent| spent.tokens_in as f64),
        tokens_out: spent(|spent| spent.tokens_out as f64),
        cost_usd: spent(|spent| spent.cost_usd.unwrap_or(0.0))
            .filter(|_| before.is_priced() && after.is_priced()),
        ..Tradeoff::default()
    }
}

/// What the baseline does by itself.
fn levels(baseline: &Measured, question: &Question) -> Vec<Levels> {
    let scores = &baseline.side.scores;
    let asks = !baseline.spent.is_empty();
    let level = |(slice, places): &(String, Vec<usize>)| {
        let ids: Vec<&str> = places
            .iter()
            .map(|&place| scores.ids[place].as_str())
            .collect();
        let examples: BTreeSet<&str> = ids.iter().copied().collect();
        let calls = baseline.calls_of(&examples);
        let spent = |of: fn(&Spent) -> f64| mean(&baseline.spent_on(&ids, of)).filter(|_| asks);
        let value = |(facts, _): &(MetricFacts, Vec<Option<f64>>)| {
            let [values] = scores.over(facts, places).values;
            (facts.name.clone(), mean(&values))
        };
        Levels {
            slice: slice.clone(),
            n: places.len() as u64,
            quality: scores.metrics.iter().map(value).collect(),
            latency_p50_ms: latency::quantile_ms(&calls, 0.50),
            latency_p95_ms: latency::quantile_ms(&calls, 0.95),
            tokens_in: spent(|spent| spent.tokens_in as f64),
            tokens_out: spent(|spent| spent.tokens_out as f64),
            cost_usd: spent(|spent| spent.cost_usd.unwrap_or(0.0)).filter(|_| baseline.is_priced()),
        }
    };
    let slices = scores.slices.iter();
    slices
        .filter(|(slice, _)| question.slices.has(slice))
        .map(level)
        .collect()
}
