//! Two systems on the same examples: how far apart they are, and whether that can be chance.

use std::collections::HashMap;

use super::Clusters;
use super::significance::{mcnemar, sign_flip};
use super::statistics::{Interval, intervals, mean, standard_error};

/// The values of two systems, example by example.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The first system's.
    pub before: &'a [f64],
    /// The second system's.
    pub after: &'a [f64],
}

/// Which test a p-value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Sign-flip randomisation of the mean difference, of whole clusters where there are any.
    SignFlip,
    /// The exact McNemar test: all values are 0 or 1.
    McNemar,
}

/// What a pair of columns says.
#[derive(Debug, Clone, PartialEq)]
pub struct Paired {
    /// Mean of the first system.
    pub before: f64,
    /// Mean of the second system.
    pub after: f64,
    /// Mean of after − before.
    pub difference: f64,
    /// Its 95 % interval; `None` where the data cannot tell.
    pub interval: Option<Interval>,
    /// Its standard error, over clusters where there are any; `None` of a single one.
    pub standard_error: Option<f64>,
    /// Two-sided probability of a difference as large by chance.
    pub p_value: f64,
    /// What the p-value is of.
    pub test: Test,
    /// Examples on which the second system is above, level with and below the first.
    pub above: u64,
    #[expect(missing_docs, reason = "said above")]
    pub level: u64,
    #[expect(missing_docs, reason = "said above")]
    pub below: u64,
}

/// Compares the pairs, which all have one value an example, in the same order: they see the same sign flips and the same
/// resamples; `patterns` are the random sign patterns. Examples of one cluster are flipped and drawn together.
///
/// `None` for a pair without an example. All values must be finite.
///
/// # Panics
/// Where lengths differ.
pub fn paired(
    pairs: &[Pair<'_>],
    clusters: Option<&Clusters>,
    seed: u64,
    patterns: usize,
) -> Vec<Option<Paired>> {
    let differences: Vec<Vec<f64>> = pairs
        .iter()
        .map(|pair| {
            assert_eq!(pair.before.len(), pair.after.len(), "values come in pairs");
            let both = pair.after.iter().zip(pair.before);
            both.map(|(after, before)| after - before).collect()
        })
        .collect();
    let columns: Vec<&[f64]> = differences.iter().map(Vec::as_slice).collect();
    let intervals = intervals(&columns, clusters, seed);
    // McNemar's test takes examples for independent; where they are not, clusters are flipped.
    let flipped: Vec<usize> = (0..pairs.len())
        .filter(|&place| clusters.is_some() || !pairs[place].is_binary())
        .collect();
    let units: Vec<&[f64]> = flipped.iter().map(|&place| columns[place]).collect();
    let p_values = sign_flip(&units, clusters, seed, patterns);
    let p_values: HashMap<usize, Option<f64>> = flipped.into_iter().zip(p_values).collect();
    let of_pair = |(place, pair): (usize, &Pair<'_>)| {
        let count = |holds: fn(&f64) -> bool| {
            differences[place]
                .iter()
                .filter(|value| holds(value))
                .count() as u64
        };
        let (above, below) = (count(|d| *d > 0.0), count(|d| *d < 0.0));
        let (p_value, test) = match p_values.get(&place) {
            Some(p) => ((*p)?, Test::SignFlip),
            None => (mcnemar(above, below), Test::McNemar),
        };
        Some(Paired {
            before: mean(pair.before)?,
            after: mean(pair.after)?,
            difference: mean(&differences[place])?,
            interval: intervals[place],
            standard_error: standard_error(columns[place], clusters),
            p_value,
            test,
            above,
            level: pair.after.len() as u64 - above - below,
            below,
        })
    };
    pairs.iter().enumerate().map(of_pair).collect()
}

impl Pair<'_> {
    #[expect(
        clippy::float_cmp,
        reason = "outcomes are these two numbers and no others"
    )]
    fn is_binary(&self) -> bool {
        let mut values = self.before.iter().chain(self.after);
        values.all(|value| *value == 0.0 || *value == 1.0)
    }
}
