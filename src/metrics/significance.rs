//! Tests of paired differences, with the same p-values on any number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

use super::Clusters;

/// Random sign patterns behind a p-value, unless more tests than these can serve are made together.
pub const PATTERNS: usize = 10_000;

/// The patterns that a family of so many tests takes: the smallest p-value, 1 / (patterns + 1), must stay well below
/// `alpha` after it was adjusted.
pub fn patterns_for(family: usize, alpha: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number, and one that is too large saturates"
    )]
    let wanted = (20.0 * family as f64 / alpha).ceil() as usize;
    PATTERNS.max(wanted)
}

/// The fewest examples, or clusters, that can be significant in a family of so many tests: with `n` of them no sign-flip
/// p-value is below 2 / 2^n.
pub fn fewest(family: usize, alpha: f64) -> usize {
    let mut n = 1;
    while 2.0_f64.powi(1 - n) * family as f64 >= alpha {
        n += 1;
    }
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Differences whose signs one byte of a pattern holds, and bytes that are looked up together.
const BYTE: usize = 8;
const BYTES: usize = 4;
const WORD: usize = BYTE * BYTES;
/// Columns that are looked up together: one vector of doubles.
const LANES: usize = 4;
/// Words of a pattern that one task draws at least, and how many tasks there are at most: both fixed, so that sums are added
/// in one order on any number of threads.
const TASK: usize = 64;
const TASKS: usize = 64;

/// Two-sided p-values of the sign-flip randomisation test that the mean of each column of paired differences is 0.
///
/// All columns have one value an example and see the same flips, which are those of whole clusters where there are any. Where the 2^n patterns of signs are no more than
/// `patterns`, all are looked at and p is the share of those that are at least as extreme as the data; otherwise
/// so many random ones are, and p = (extreme + 1) / (patterns + 1), which is never 0. `None` without an example, or where a difference is not finite.
///
/// Source: Fisher 1935; Smucker et al. 2007 for retrieval; Phipson and Smyth 2010 for the + 1.
///
/// # Panics
/// Where the columns differ in length.
pub fn sign_flip(
    columns: &[&[f64]],
    clusters: Option<&Clusters>,
    seed: u64,
    patterns: usize,
) -> Vec<Option<f64>> {
    if let Some(clusters) = clusters {
        let sums: Vec<Vec<f64>> = columns.iter().map(|column| clusters.sums(column)).collect();
        let sums: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
        return sign_flip(&sums, None, seed, patterns);
    }
    let count = columns.first().map_or(0, |column| column.len());
    assert!(
        columns.iter().all(|column| column.len() == count),
        "columns of one length"
    );
    if count == 0 {
        return vec![None; columns.len()];
    }
    let all = 1_usize
        .checked_shl(u32::try_from(count).unwrap_or(u32::MAX))
        .filter(|all| *all <= patterns);
    let sums = match all {
        Some(all) => every_pattern(columns, all),
        None => random_patterns(columns, seed, patterns),
    };
    let p = |(column, sums): (&&[f64], &Vec<f64>)| {
        if !column.iter().all(|value| value.is_finite()) {
            return None;
        }
        let observed = column.iter().sum::<f64>().abs();
        // Equal but for rounding counts as equal: the sums are added in different orders.
        let slack = 1e-12 * column.iter().map(|value| value.abs()).sum::<f64>();
        let extreme = sums
            .iter()
            .filter(|sum| sum.abs() >= observed - slack)
            .count();
        Some(match all {
            Some(all) => extreme as f64 / all as f64,
            None => (extreme + 1) as f64 / (patterns + 1) as f64,
        })
    };
    columns.iter().zip(&sums).map(p).collect()
}

/// The sums of every column under all patterns of signs.
fn every_pattern(columns: &[&[f64]], all: usize) -> Vec<Vec<f64>> {
    let signed = |pattern: usize, (place, value): (usize, &f64)| {
        if pattern >> place & 1 == 1 {
            -value
        } else {
            *value
        }
    };
    let sum = |column: &[f64], pattern| {
        column
            .iter()
            .enumerate()
            .map(|value| signed(pattern, value))
            .sum()
    };
    let sums = |column: &&[f64]| (0..all).map(|pattern| sum(column, pattern)).collect();
    columns.iter().map(sums).collect()
}

/// The sums of every column under random patterns. Eight examples at a time: the 256 sums that they can have are made once and
/// then looked up by a byte of every pattern, for four columns at once.
fn random_patterns(columns: &[&[f64]], seed: u64, patterns: usize) -> Vec<Vec<f64>> {
    let groups: Vec<&[&[f64]]> = columns.chunks(LANES).collect();
    let none = || vec![vec![[0.0; LANES]; patterns]; groups.len()];
    let words = columns[0].len().div_ceil(WORD);
    let length = TASK.max(words.div_ceil(TASKS));
    let tasks: Vec<Vec<Vec<[f64; LANES]>>> = (0..words.div_ceil(length))
        .into_par_iter()
        .map(|task| {
            let mut sums = none();
            let mut flips = vec![[0_u8; BYTES]; patterns];
            for word in task * length..((task + 1) * length).min(words) {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(word as u64);
                rng.fill_bytes(flips.as_flattened_mut());
                for (group, sums) in groups.iter().zip(&mut sums) {
                    add_signed(group, word * WORD, &flips, sums);
                }
            }
            sums
        })
        .collect();
    let mut total = none();
    for sums in tasks {
        let totals = total.iter_mut().flatten().flatten();
        for (total, sum) in totals.zip(sums.iter().flatten().flatten()) {
            *total += sum;
        }
    }
    let of_column = |column: usize| {
        let sums = total[column / LANES].iter();
        sums.map(|lanes| lanes[column % LANES]).collect()
    };
    (0..columns.len()).map(of_column).collect()
}

/// Adds to the sums of up to four columns their values from `start` on, as many as a word has signs for, under every pattern.
fn add_signed(columns: &[&[f64]], start: usize, flips: &[[u8; BYTES]], sums: &mut [[f64; LANES]]) {
    let mut tables = vec![[[0.0; LANES]; 256]; BYTES];
    for (byte, table) in tables.iter_mut().enumerate() {
        let from = start + byte * BYTE;
        for (lane, column) in columns.iter().enumerate() {
            let values = &column[from.min(column.len())..column.len().min(from + BYTE)];
            for (entry, sum) in table.iter_mut().zip(signed_sums(values)) {
                entry[lane] = sum;
            }
        }
    }
    for (sums, flips) in sums.iter_mut().zip(flips) {
        let [one, two, three, four]: [&[f64; LANES]; BYTES] =
            std::array::from_fn(|byte| &tables[byte][usize::from(flips[byte])]);
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += (one[lane] + two[lane]) + (three[lane] + four[lane]);
        }
    }
}

/// The sum of up to eight values under each pattern of signs; bit `i` set means that value `i` is taken away.
fn signed_sums(values: &[f64]) -> [f64; 256] {
    let mut table = [0.0; 256];
    for (place, value) in values.iter().enumerate() {
        // What the lower bits give is there already: with this bit it is the same less the value.
        let (without, with) = table[..2 << place].split_at_mut(1 << place);
        for (without, with) in without.iter_mut().zip(with) {
            (*without, *with) = (*without + value, *without - value);
        }
    }
    // Bits beyond the last value change nothing.
    let known = 1 << values.len();
    for pattern in known..table.len() {
        table[pattern] = table[pattern % known];
    }
    table
}

/// The two-sided p-value of the exact McNemar test: `wins` of `wins + losses` examples that changed between 0 and 1 did so
/// upwards. 1 where none changed.
///
/// Source: McNemar 1947; exact as a sign test, twice the binomial tail at ½.
pub fn mcnemar(wins: u64, losses: u64) -> f64 {
    let fair = Binomial::new(0.5, wins + losses).expect("½ is a probability");
    (2.0 * fair.cdf(wins.min(losses))).min(1.0)
}

/// Holm's adjusted p-values: those that may be compared with a level while the chance of any false alarm in the family
/// stays below it. In the order of the input.
///
/// Source: Holm 1979.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let (mut adjusted, mut highest) = (vec![0.0; p_values.len()], 0.0_f64);
    for (rank, place) in order.into_iter().enumerate() {
        let multiplied = p_values[place] * (p_values.len() - rank) as f64;
        highest = highest.max(multiplied.min(1.0));
        adjusted[place] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_differences_are_enumerated() {
        // Of 16 patterns only all-positive and all-negative are as extreme.
        let p = sign_flip(&[&[1.0, 2.0, 3.0, 4.0]], None, 1, PATTERNS)[0].unwrap();
        assert!((p - 2.0 / 16.0).abs() < 1e-12);
        assert_eq!(sign_flip(&[&[0.0, 0.0]], None, 1, PATTERNS), [Some(1.0)]);
        assert_eq!(sign_flip(&[&[]], None, 1, PATTERNS), [None]);
    }

    #[test]
    fn a_column_depends_on_no_other() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i % 7) - 2.6).collect();
        let other = vec![1.0; 100];
        assert_eq!(
            sign_flip(&[&other, &values], None, 3, PATTERNS)[1],
            sign_flip(&[&values], None, 3, PATTERNS)[0]
        );
        let certain = sign_flip(&[&other], None, 3, PATTERNS)[0].unwrap();
        assert!((certain - 1.0 / 10_001.0).abs() < 1e-12);
    }

    #[test]
    fn holm_worked_by_hand() {
        assert_eq!(holm(&[0.25, 0.125, 0.5, 0.03125]), [0.5, 0.375, 0.5, 0.125]);
        assert_eq!(holm(&[0.75, 0.75]), [1.0, 1.0]);
    }
}
