//! How far two columns of numbers go together, such as a metric and what people prefer, and intervals for figures of that kind.

use std::cmp::Ordering;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::Clusters;
use super::statistics::{Interval, RESAMPLES, bca, below, mean};

/// Fewer values tell nothing: two always lie on a line.
const LEAST: usize = 3;

/// The least share of resamples in which a figure must have a value for its interval to mean anything.
const DEFINED: f64 = 0.95;

/// Pearson's r, −1..=1; `None` of fewer than three values, or where one column is constant but for rounding.
///
/// # Panics
/// Where the columns differ in length.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if !can_correlate(x, y) {
        return None;
    }
    let centred = |values: &[f64]| -> Option<Vec<f64>> {
        let centre = mean(values)?;
        let centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
        let length = centred.iter().map(|d| d * d).sum::<f64>().sqrt();
        Some(centred.iter().map(|d| d / length).collect())
    };
    let (x, y) = (centred(x)?, centred(y)?);
    let r: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
    Some(r.clamp(-1.0, 1.0))
}

/// Spearman's ρ, −1..=1: [`pearson`] of the ranks, those that are equal at the mean of their ranks. `None` as there.
///
/// # Panics
/// Where the columns differ in length.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if !can_correlate(x, y) {
        return None;
    }
    let ranks = |values: &[f64]| -> Vec<f64> {
        let levels = levels(values);
        let mut before = 0;
        let rank_of_level = |count: &usize| {
            let rank = before as f64 + f64::midpoint(*count as f64, 1.0);
            before += count;
            rank
        };
        let ranks: Vec<f64> = counts(&levels).iter().map(rank_of_level).collect();
        levels.iter().map(|level| ranks[*level]).collect()
    };
    pearson(&ranks(x), &ranks(y))
}

/// Kendall's τ-b, −1..=1: pairs that go the same way less those that do not, divided by the geometric mean of the pairs that are
/// no ties in x and in y. `None` as for [`pearson`]. O(n log n).
///
/// Source: Kendall 1945, "The treatment of ties in ranking problems"; counted as Knight 1966 does, with a binary indexed tree.
///
/// # Panics
/// Where the columns differ in length.
pub fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    if !can_correlate(x, y) {
        return None;
    }
    let (x, y) = (levels(x), levels(y));
    let mut both: Vec<(usize, usize)> = x.iter().copied().zip(y.iter().copied()).collect();
    both.sort_unstable();
    let pairs = |n: usize| n * (n - 1) / 2;
    let all = pairs(both.len());
    let tied = |levels: &[usize]| counts(levels).into_iter().map(pairs).sum::<usize>();
    let (tied_x, tied_y) = (tied(&x), tied(&y));
    let tied_both: usize = both
        .chunk_by(|a, b| a == b)
        .map(|same| pairs(same.len()))
        .sum();
    let discordant = inversions(both.iter().map(|(_, y)| *y));
    let concordant = all + tied_both - tied_x - tied_y - discordant;
    let tau = (concordant as f64 - discordant as f64)
        / ((all - tied_x) as f64).sqrt()
        / ((all - tied_y) as f64).sqrt();
    Some(tau.clamp(-1.0, 1.0))
}

/// The share of the pairs that a metric decides as people do: of those in which people prefer one (`preferences` not 0), where
/// the metric's difference has the same sign; a difference of 0 counts one half. 0..=1, by chance 0.5; `None` where nobody
/// prefers anything.
///
/// # Panics
/// Where the columns differ in length.
pub fn pairwise_agreement(differences: &[f64], preferences: &[f64]) -> Option<f64> {
    assert_eq!(
        differences.len(),
        preferences.len(),
        "one preference a pair"
    );
    let agreement = |(d, h): (&f64, &f64)| match (d * h.signum()).partial_cmp(&0.0) {
        _ if h.abs() <= 0.0 => None,
        Some(Ordering::Greater) => Some(1.0),
        Some(Ordering::Equal) => Some(0.5),
        _ => Some(0.0),
    };
    let decided: Vec<f64> = differences
        .iter()
        .zip(preferences)
        .filter_map(agreement)
        .collect();
    mean(&decided)
}

/// The 95 % BCa bootstrap interval of any figure of the examples, of which whole clusters are drawn.
///
/// `figure` computes it from the places of the examples drawn, some more than once; `None` where they do not
/// give it a value, as for a correlation of equal ones. Resample `i` draws from stream `i` of ChaCha8 under `seed`, as
/// [`super::statistics::intervals`] does, so the result does not depend on the number of threads. `None` of fewer than two clusters, where all
/// resamples give the same, where more than 5 % of them or any set without one cluster gives no value.
///
/// Source: Efron 1987, "Better bootstrap confidence intervals"; the acceleration by the jackknife over clusters. Examples that
/// are alone are clusters of one: `Clusters::by_name` of `None`s.
pub fn interval_of(
    figure: impl Fn(&[usize]) -> Option<f64> + Sync,
    clusters: &Clusters,
    seed: u64,
) -> Option<Interval> {
    let members = clusters.members();
    if members.len() < 2 {
        return None;
    }
    let all: Vec<usize> = (0..clusters.examples()).collect();
    let centre = figure(&all)?;
    let resample = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream as u64);
        let draw = |_| &members[below(&mut rng, members.len())];
        let drawn: Vec<usize> = (0..members.len()).flat_map(draw).copied().collect();
        figure(&drawn)
    };
    let resampled: Vec<Option<f64>> = (0..RESAMPLES).into_par_iter().map(resample).collect();
    let mut resampled: Vec<f64> = resampled.into_iter().flatten().collect();
    if (resampled.len() as f64) < DEFINED * RESAMPLES as f64 {
        return None;
    }
    resampled.sort_unstable_by(f64::total_cmp);
    if !varies(&resampled) {
        return None;
    }
    let without = |left_out: usize| {
        let others = (0..members.len()).filter(|cluster| *cluster != left_out);
        let drawn: Vec<usize> = others
            .flat_map(|cluster| members[cluster].iter().copied())
            .collect();
        figure(&drawn)
    };
    let without: Option<Vec<f64>> = (0..members.len()).into_par_iter().map(without).collect();
    Some(bca(centre, &resampled, &without?))
}

/// Whether there are enough values and both columns vary.
fn can_correlate(x: &[f64], y: &[f64]) -> bool {
    assert_eq!(x.len(), y.len(), "columns of one length");
    x.len() >= LEAST && varies(x) && varies(y)
}

/// Whether values differ by more than rounding.
fn varies(values: &[f64]) -> bool {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low > 1e-12 * low.abs().max(high.abs())
}

/// For each value how many different values are smaller.
fn levels(values: &[f64]) -> Vec<usize> {
    // −0 is 0 to whoever compares, but not to `total_cmp`.
    let value = |place: usize| values[place] + 0.0;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut levels = vec![0; values.len()];
    let same = |a: &usize, b: &usize| value(*a).total_cmp(&value(*b)).is_eq();
    for (level, places) in order.chunk_by(same).enumerate() {
        places.iter().for_each(|place| levels[*place] = level);
    }
    levels
}

/// How many values have each level.
fn counts(levels: &[usize]) -> Vec<usize> {
    let mut counts = vec![0; levels.iter().max().map_or(0, |highest| highest + 1)];
    levels.iter().for_each(|level| counts[*level] += 1);
    counts
}

/// How many pairs of levels stand in falling order.
fn inversions(levels: impl ExactSizeIterator<Item = usize>) -> usize {
    // A binary indexed tree: how many earlier ones have each level; no more levels than values.
    let mut tree = vec![0_usize; levels.len() + 1];
    let mut inversions = 0;
    for (earlier, level) in levels.enumerate() {
        let (mut up_to, mut node) = (0, level + 1);
        while node > 0 {
            up_to += tree[node];
            node &= node - 1;
        }
        inversions += earlier - up_to;
        let mut node = level + 1;
        while node < tree.len() {
            tree[node] += 1;
            node += node & node.wrapping_neg();
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alone(examples: usize) -> Clusters {
        Clusters::by_name(std::iter::repeat_n(None, examples))
    }

    #[test]
    fn columns_that_cannot_tell_have_no_correlation() {
        for of in [pearson, spearman, kendall] {
            assert_eq!(of(&[1.0, 2.0], &[1.0, 2.0]), None);
            assert_eq!(of(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]), None);
            assert_eq!(of(&[1.0, 2.0, 3.0], &[0.0, -0.0, 0.0]), None);
            let falling = of(&[1.0, 2.0, 4.0], &[-1.0, -2.0, -4.0]).unwrap();
            assert!((falling + 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn agreement_counts_what_people_decided() {
        let differences = [0.2, -0.1, 0.0, 0.5, -0.0, 0.3];
        let preferences = [1.0, 2.0, -1.0, 0.0, 0.0, 0.5];
        assert_eq!(
            pairwise_agreement(&differences, &preferences),
            Some((1.0 + 0.0 + 0.5 + 1.0) / 4.0)
        );
        assert_eq!(pairwise_agreement(&[1.0], &[0.0]), None);
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_intervals() {
        let values: Vec<f64> = (0..60_u32).map(|i| f64::from(i * i % 17)).collect();
        let names: Vec<String> = (0..60).map(|i| format!("c{}", i * 7 % 13)).collect();
        let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
        for clusters in [&clusters, &alone(60)] {
            let figure = |drawn: &[usize]| {
                let drawn: Vec<f64> = drawn.iter().map(|place| values[*place]).collect();
                mean(&drawn)
            };
            let found = interval_of(figure, clusters, 17).unwrap();
            let expected =
                super::super::statistics::intervals(&[&values], Some(clusters), 17)[0].unwrap();
            assert!(
                (found.low - expected.low).abs() < 1e-12,
                "{found:?} {expected:?}"
            );
            assert!(
                (found.high - expected.high).abs() < 1e-12,
                "{found:?} {expected:?}"
            );
        }
    }

    #[test]
    fn a_figure_that_cannot_vary_has_no_interval() {
        assert_eq!(interval_of(|_| Some(1.0), &alone(5), 1), None);
        assert_eq!(
            interval_of(|drawn| Some(drawn.len() as f64), &alone(1), 1),
            None
        );
        assert_eq!(
            interval_of(
                |drawn| (drawn[0] > 0).then_some(drawn[0] as f64),
                &alone(5),
                1
            ),
            None
        );
    }

    proptest! {
        #[test]
        fn kendall_is_that_of_all_pairs(pairs in prop::collection::vec((0_i8..5, 0_i8..5), 3..40)) {
            let x: Vec<f64> = pairs.iter().map(|(x, _)| f64::from(*x)).collect();
            let y: Vec<f64> = pairs.iter().map(|(_, y)| f64::from(*y)).collect();
            let (mut sum, mut of_x, mut of_y) = (0, 0, 0);
            for (i, (xi, yi)) in pairs.iter().enumerate() {
                for (xj, yj) in &pairs[..i] {
                    let (dx, dy) = (i32::from((xi - xj).signum()), i32::from((yi - yj).signum()));
                    sum += dx * dy;
                    of_x += dx.abs();
                    of_y += dy.abs();
                }
            }
            match kendall(&x, &y) {
                Some(tau) => prop_assert!((tau - f64::from(sum) / (f64::from(of_x) * f64::from(of_y)).sqrt()).abs() < 1e-12),
                None => prop_assert!(of_x == 0 || of_y == 0),
            }
        }
    }
}
