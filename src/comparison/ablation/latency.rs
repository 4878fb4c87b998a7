//! How much longer answers take.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Delta;
use crate::comparison::timed::{LEAST_UNITS, RESAMPLES, Timed, drawn, number, percentiles};
use crate::metrics::statistics::quantile;
use crate::report::Call;

/// A quantile of the latencies, as `ragkit report` prints it; `None` of none.
pub(super) fn quantile_ms(calls: &[&Call], probability: f64) -> Option<f64> {
    let sorted = Timed::new(calls.iter().map(|call| (*call, 0))).sorted_ms();
    (!sorted.is_empty()).then(|| quantile(&sorted, probability))
}

/// The differences of P50 and P95 over the examples that both timed; `None` where there are none.
///
/// The interval is a paired percentile bootstrap: both sides are drawn with the same examples; where calls serve several, with the
/// same batches of examples, since what shares a call shares its clock. Absent of fewer than [`LEAST_UNITS`] of them, and where all
/// draws agree. `rounds` are those of the run, 0 where it did not alternate its variants.
pub(super) fn deltas(
    before: &[&Call],
    after: &[&Call],
    rounds: usize,
    seed: u64,
) -> [Option<Delta>; 2] {
    let examples = |calls: &[&Call]| -> BTreeSet<String> {
        calls.iter().map(|call| call.example.clone()).collect()
    };
    let (ones, others) = (examples(before), examples(after));
    let shared = |calls: &[&'_ Call]| -> Vec<Call> {
        let both = |call: &&Call| ones.contains(&call.example) && others.contains(&call.example);
        calls.iter().copied().filter(both).cloned().collect()
    };
    let (before, after) = (shared(before), shared(after));
    if before.is_empty() {
        return [None, None];
    }
    let alone = before.iter().chain(&after).all(|call| call.batch_size <= 1);
    let rounds = u32::try_from(rounds.max(1)).unwrap_or(u32::MAX);
    // Of a call that served one example, the example itself is what is drawn.
    let unit = |call: &Call| {
        let example = alone.then(|| call.example.clone());
        (example, if alone { 0 } else { call.block / rounds })
    };
    let known = number(before.iter().chain(&after), unit);
    let [before, after] = [&before, &after]
        .map(|calls| Timed::new(calls.iter().map(|call| (call, known[&unit(call)]))));
    [0.50, 0.95].map(|probability| {
        let value = |timed: &Timed| quantile(&timed.sorted_ms(), probability);
        let draws = || {
            let draw = |draw: u64| {
                let weights = drawn(known.len(), seed, draw);
                let of = |timed: &Timed| timed.quantile(probability, |unit, _| weights[unit]);
                of(&after) - of(&before)
            };
            percentiles((0..RESAMPLES).into_par_iter().map(draw).collect())
        };
        let interval = (known.len() >= LEAST_UNITS).then(draws);
        let (one, other) = (value(&before), value(&after));
        // But for rounding.
        let least = 1e-12 * one.max(other);
        let interval = interval.filter(|interval| interval.high - interval.low > least);
        Some(Delta::new(one, other, interval))
    })
}
