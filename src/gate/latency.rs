//! Quantiles of latency, and how far they can be trusted: what is drawn at random is what was independent.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::metrics::statistics::{self, Interval, below};
use crate::report::Call;

/// Resamples behind an interval.
pub(super) const RESAMPLES: u64 = 2_000;

/// Fewer units than this say little about how much units differ.
pub(super) const LEAST_UNITS: usize = 20;

/// Latencies, sorted, each with the unit that it is drawn with and its call.
pub(super) struct Timed {
    sorted: Vec<(f64, usize, u32)>,
}

impl Timed {
    /// The calls, each with the number of its unit.
    pub(super) fn new<'a>(calls: impl IntoIterator<Item = (&'a Call, usize)>) -> Self {
        let timed = calls
            .into_iter()
            .map(|(call, unit)| (call.latency_ms, unit, call.call.unwrap_or(0)));
        let mut sorted: Vec<(f64, usize, u32)> = timed.collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        Self { sorted }
    }

    /// The quantile where each latency counts `weight` times: the smallest at which the share is reached.
    pub(super) fn quantile(&self, probability: f64, weight: impl Fn(usize, u32) -> f64) -> f64 {
        let weights = || {
            self.sorted
                .iter()
                .map(|(_, unit, call)| weight(*unit, *call))
        };
        let (total, mut reached) = (weights().sum::<f64>(), 0.0);
        for ((latency, _, _), weight) in self.sorted.iter().zip(weights()) {
            reached += weight;
            if weight > 0.0 && reached >= probability * total {
                return *latency;
            }
        }
        f64::NAN
    }
}

/// Numbers for what the calls have in common, by its order.
pub(super) fn number<'a, K: Ord>(
    calls: &'a [Call],
    key: impl Fn(&'a Call) -> K,
) -> BTreeMap<K, usize> {
    let mut numbers: BTreeMap<K, usize> = calls.iter().map(|call| (key(call), 0)).collect();
    numbers
        .values_mut()
        .enumerate()
        .for_each(|(number, place)| *place = number);
    numbers
}

pub(super) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// How often each of `count` units is drawn.
pub(super) fn drawn(count: usize, seed: u64, number: u64) -> Vec<f64> {
    let mut rng = stream(seed, number);
    let mut weights = vec![0.0; count];
    (0..count).for_each(|_| weights[below(&mut rng, count)] += 1.0);
    weights
}

/// The 95 % percentile interval of a statistic over random draws.
pub(super) fn percentiles(mut draws: Vec<f64>) -> Interval {
    draws.sort_unstable_by(f64::total_cmp);
    Interval {
        low: statistics::quantile(&draws, 0.025),
        high: statistics::quantile(&draws, 0.975),
    }
}

/// A quantile of the latencies with its 95 % interval, and what was drawn.
///
/// Answers of one call share its time, and an example that is asked again takes much the same time again: what is independent are
/// examples where each call serves one, and batches of examples where a call serves several. One answer a unit: the interval
/// of the order statistics, which holds for any distribution, open above where the sample is too small to say how large the
/// quantile can be. Otherwise a bootstrap over units; `None` of fewer than 20.
pub(super) fn estimate(
    calls: &[Call],
    rounds: usize,
    probability: f64,
    seed: u64,
) -> (f64, Option<Interval>, String) {
    let alone = calls.iter().all(|call| call.batch_size <= 1);
    let rounds = u32::try_from(rounds.max(1)).unwrap_or(u32::MAX);
    let (examples, batches) = (
        number(calls, |call| &call.example),
        number(calls, |call| call.block / rounds),
    );
    let unit = |call: &Call| {
        if alone {
            examples[&call.example]
        } else {
            batches[&(call.block / rounds)]
        }
    };
    let (count, name) = if alone {
        (examples.len(), "examples")
    } else {
        (batches.len(), "batches")
    };
    let timed = Timed::new(calls.iter().map(|call| (call, unit(call))));
    let sorted: Vec<f64> = timed
        .sorted
        .iter()
        .map(|(latency, _, _)| *latency)
        .collect();
    // As `ragkit report` prints it.
    let value = statistics::quantile(&sorted, probability);
    let interval = if count == calls.len() {
        order_statistics(&timed, probability)
    } else if count >= LEAST_UNITS {
        let draws = (0..RESAMPLES).into_par_iter().map(|number| {
            let weights = drawn(count, seed, number);
            timed.quantile(probability, |unit, _| weights[unit])
        });
        Some(percentiles(draws.collect()))
    } else {
        None
    };
    (value, interval, format!("{count} {name}"))
}

/// The smallest and the largest rank between which the quantile lies with 95 %.
fn order_statistics(timed: &Timed, probability: f64) -> Option<Interval> {
    let n = timed.sorted.len();
    let below = Binomial::new(probability, n as u64).ok()?;
    let rank = |share: f64| usize::try_from(below.inverse_cdf(share)).unwrap_or(n);
    let (low, high) = (rank(0.025), rank(0.975) + 1);
    let at = |rank: usize| {
        timed
            .sorted
            .get(rank.wrapping_sub(1))
            .map(|(latency, _, _)| *latency)
    };
    Some(Interval {
        low: at(low).unwrap_or(0.0),
        high: at(high).unwrap_or(f64::INFINITY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks by scipy.stats.binom.ppf(0.025, n, p) and .ppf(0.975, n, p) + 1.
    #[test]
    fn ranks_of_the_order_statistics_are_those_of_scipy() {
        let call = |rank: u32| Call {
            example: rank.to_string(),
            block: 0,
            call: None,
            batch_size: 1,
            latency_ms: f64::from(rank),
        };
        for (n, probability, low, high) in [
            (158, 0.50, 67.0, 92.0),
            (158, 0.95, 144.0, 156.0),
            (158, 0.99, 154.0, f64::INFINITY),
        ] {
            let calls: Vec<Call> = (1..=n).map(call).collect();
            let (_, interval, of) = estimate(&calls, 0, probability, 17);
            assert_eq!(
                (interval, of.as_str()),
                (Some(Interval { low, high }), "158 examples"),
                "P{probability}"
            );
        }
    }
}
