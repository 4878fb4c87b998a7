//! Small learners that predict, from a prompt's features, the score that each of several language models would get on it.
//!
//! All are deterministic: the same rows, targets and seed give the same bits whatever the number of threads, because what runs in parallel (a
//! model, a row of a Gram matrix, a block of rows of fixed length) is summed in one order.

mod factorisation;
mod knn;
mod linear;
#[cfg(test)]
mod tests;
mod trees;

use serde::{Deserialize, Serialize};

pub use factorisation::{Factorisation, Factors};
pub use knn::{Knn, Neighbours};
pub use linear::{Line, Linear, Logistic, Ridge};
pub use trees::{Boosted, Trees};

/// Features, one row a prompt; all finite.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Columns.
    pub dim: usize,
    /// Row after row.
    pub values: &'a [f32],
}

impl<'a> Rows<'a> {
    pub(in crate::learning) fn row(self, row: usize) -> &'a [f32] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }
}

/// How to learn; in a config `knn = { k = 40 }`, `ridge = { l2 = 1.0 }` and so on, each field with a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Learner {
    /// The mean of the nearest prompts.
    Knn(Knn),
    /// Least squares with a penalty.
    Ridge(Ridge),
    /// Logistic regression with a penalty.
    Logistic(Logistic),
    /// Prompts and models as vectors of one small space.
    Factorisation(Factorisation),
    /// Gradient-boosted trees.
    Trees(Trees),
}

impl Learner {
    /// Whether all fields are in range; the message names the one that is not.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Knn(knn) => at_least_one("knn.k", knn.k),
            Self::Ridge(ridge) => above_zero("ridge.l2", ridge.l2),
            Self::Logistic(logistic) => above_zero("logistic.l2", logistic.l2),
            Self::Factorisation(factorisation) => {
                at_least_one("factorisation.rank", factorisation.rank)?;
                at_least_one("factorisation.epochs", factorisation.epochs)?;
                above_zero("factorisation.learning_rate", factorisation.learning_rate)?;
                zero_or_more("factorisation.l2", factorisation.l2)
            }
            Self::Trees(trees) => {
                at_least_one("trees.rounds", trees.rounds)?;
                at_least_one("trees.depth", trees.depth)?;
                if trees.depth > trees::DEPTH_LIMIT {
                    return Err(format!(
                        "`trees.depth` must be at most {}, and is {}",
                        trees::DEPTH_LIMIT,
                        trees.depth
                    ));
                }
                above_zero("trees.learning_rate", trees.learning_rate)?;
                if trees.learning_rate > 1.0 {
                    return Err(format!(
                        "`trees.learning_rate` must be at most 1, and is {}",
                        trees.learning_rate
                    ));
                }
                at_least_one("trees.min_leaf", trees.min_leaf)?;
                zero_or_more("trees.l2", trees.l2)
            }
        }
    }

    /// Learns from prompts and the scores that each model got on them: `targets[prompt * models + model]`, from 0 to 1. `seed` matters to
    /// [`Factorisation`] alone.
    ///
    /// # Panics
    /// Where there is no row or no model, or `rows` and `targets` differ in their number of prompts.
    pub fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize, seed: u64) -> Learned {
        assert!(
            models > 0 && !targets.is_empty() && targets.len().is_multiple_of(models),
            "one score for each prompt and model, and at least one prompt"
        );
        assert_eq!(
            rows.values.len(),
            targets.len() / models * rows.dim,
            "as many rows as prompts with scores"
        );
        match self {
            Self::Knn(knn) => Learned::Knn(knn.fit(rows, targets, models)),
            Self::Ridge(ridge) => Learned::Ridge(ridge.fit(rows, targets, models)),
            Self::Logistic(logistic) => Learned::Logistic(logistic.fit(rows, targets, models)),
            Self::Factorisation(factorisation) => {
                Learned::Factorisation(factorisation.fit(rows, targets, models, seed))
            }
            Self::Trees(trees) => Learned::Trees(trees.fit(rows, targets, models)),
        }
    }
}

/// What was learned. Written as JSON and read again (by a reader that rounds floats correctly: `serde_json`'s `float_roundtrip`), it predicts the same
/// to the last bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Learned {
    /// By [`Knn`].
    Knn(Neighbours),
    /// By [`Ridge`].
    Ridge(Linear),
    /// By [`Logistic`].
    Logistic(Linear),
    /// By [`Factorisation`].
    Factorisation(Factors),
    /// By [`Trees`].
    Trees(Boosted),
}

impl Learned {
    /// The score that each model is expected to get on a prompt with these features, as many as were learned from. Least squares and trees are not
    /// bounded: theirs may lie outside 0..=1.
    pub fn predict(&self, row: &[f32]) -> Vec<f64> {
        match self {
            Self::Knn(neighbours) => neighbours.predict(row),
            Self::Ridge(linear) | Self::Logistic(linear) => linear.predict(row),
            Self::Factorisation(factors) => factors.predict(row),
            Self::Trees(boosted) => boosted.predict(row),
        }
    }
}

fn at_least_one(field: &str, value: usize) -> Result<(), String> {
    if value == 0 {
        return Err(format!("`{field}` must be at least 1, and is 0"));
    }
    Ok(())
}

fn above_zero(field: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(format!(
        "`{field}` must be a number above 0, and is {value}"
    ))
}

fn zero_or_more(field: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(format!(
        "`{field}` must be a number of 0 or more, and is {value}"
    ))
}
