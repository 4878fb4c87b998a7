//! Latencies under random draws: what is drawn is what was independent.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::metrics::statistics::{self, Interval, below};
use crate::report::Call;

/// Resamples behind an interval.
pub(crate) const RESAMPLES: u64 = 2_000;

/// Fewer units than this say little about how much units differ.
pub(crate) const LEAST_UNITS: usize = 20;

/// Latencies, sorted, each with the unit that it is drawn with and its call.
pub(crate) struct Timed {
    sorted: Vec<(f64, usize, u32)>,
}

impl Timed {
    /// The calls, each with the number of its unit.
    pub(crate) fn new<'a>(calls: impl IntoIterator<Item = (&'a Call, usize)>) -> Self {
        let timed = calls
            .into_iter()
            .map(|(call, unit)| (call.latency_ms, unit, call.call.unwrap_or(0)));
        let mut sorted: Vec<(f64, usize, u32)> = timed.collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        Self { sorted }
    }

    /// The latencies, sorted.
    pub(crate) fn sorted_ms(&self) -> Vec<f64> {
        self.sorted.iter().map(|(latency, ..)| *latency).collect()
    }

    /// The quantile where each latency counts `weight` times: the smallest at which the share is reached.
    pub(crate) fn quantile(&self, probability: f64, weight: impl Fn(usize, u32) -> f64) -> f64 {
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
pub(crate) fn number<'a, K: Ord>(
    calls: impl IntoIterator<Item = &'a Call>,
    key: impl Fn(&'a Call) -> K,
) -> BTreeMap<K, usize> {
    let calls = calls.into_iter();
    let mut numbers: BTreeMap<K, usize> = calls.map(|call| (key(call), 0)).collect();
    numbers
        .values_mut()
        .enumerate()
        .for_each(|(number, place)| *place = number);
    numbers
}

/// Random numbers of draw `number`.
pub(crate) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// How often each of `count` units is drawn.
pub(crate) fn drawn(count: usize, seed: u64, number: u64) -> Vec<f64> {
    let mut rng = stream(seed, number);
    let mut weights = vec![0.0; count];
    (0..count).for_each(|_| weights[below(&mut rng, count)] += 1.0);
    weights
}

/// The 95 % percentile interval of a statistic over random draws.
pub(crate) fn percentiles(mut draws: Vec<f64>) -> Interval {
    draws.sort_unstable_by(f64::total_cmp);
    Interval {
        low: statistics::quantile(&draws, 0.025),
        high: statistics::quantile(&draws, 0.975),
    }
}
