//! Quantiles of latency, and how far they can be trusted: what is drawn at random is what was independent.

use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::comparison::timed::{LEAST_UNITS, RESAMPLES, Timed, drawn, number, percentiles};
use crate::metrics::statistics::{self, Interval};
use crate::report::Call;

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
    let sorted = timed.sorted_ms();
    // As `ragkit report` prints it.
    let value = statistics::quantile(&sorted, probability);
    let interval = if count == calls.len() {
        order_statistics(&sorted, probability)
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
fn order_statistics(sorted: &[f64], probability: f64) -> Option<Interval> {
    let n = sorted.len();
    let below = Binomial::new(probability, n as u64).ok()?;
    let rank = |share: f64| usize::try_from(below.inverse_cdf(share)).unwrap_or(n);
    let (low, high) = (rank(0.025), rank(0.975) + 1);
    let at = |rank: usize| sorted.get(rank.wrapping_sub(1)).copied();
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
