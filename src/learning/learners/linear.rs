//! Least squares and logistic regression with an l2 penalty, a line a model, in f64.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::algebra::{Centred, Cholesky, add, column, dot};
use super::{Rows, sigmoid};

/// Minimises, for each model, Σ (score − intercept − w·x)² + l2 · |w|²: scikit-learn's `Ridge(alpha = l2)`. Features are not standardised and the
/// intercept is not penalised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    /// The penalty, above 0, so that it has one answer where there are more features than rows too.
    pub l2: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { l2: 1.0 }
    }
}

/// Minimises, for each model, Σ cross entropy + l2 / 2 · |w|²: scikit-learn's `LogisticRegression(C = 1 / l2)`, where a score of 0.7 is a row of weight 0.7
/// with label 1 and one of 0.3 with label 0. The intercept is not penalised. A model whose scores are all alike gets that score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logistic {
    /// The penalty, above 0.
    pub l2: f64,
}

impl Default for Logistic {
    fn default() -> Self {
        Self { l2: 1.0 }
    }
}

/// One line a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear(Vec<Line>);

/// How one model's score depends on the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// Not at all.
    Constant(f64),
    /// The score is intercept + w·x.
    Score(f64, Vec<f64>),
    /// Its log-odds are.
    Odds(f64, Vec<f64>),
}

/// A gradient shorter than this is none.
const STILL: f64 = 1e-8;
/// Newton's steps at most.
const STEPS: usize = 200;
/// Steps of conjugate gradients for one of Newton's.
const INNER_STEPS: usize = 100;

impl Ridge {
    pub(super) fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize) -> Linear {
        let centred = Centred::new(rows, targets.len() / models);
        let factor = Cholesky::new(centred.gram(), self.l2);
        let line = |model: usize| {
            let scores = column(targets, models, model);
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let mut coefficients = vec![0.0; rows.dim];
            for (row, score) in scores.iter().enumerate() {
                add(&mut coefficients, score - mean, centred.row(row));
            }
            factor.solve(&mut coefficients);
            let intercept = mean - dot(&coefficients, &centred.centres);
            Line::Score(intercept, coefficients)
        };
        Linear((0..models).map(line).collect())
    }
}

impl Logistic {
    pub(super) fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize) -> Linear {
        let ones = vec![1.0; targets.len() / models];
        self.fit_weighed(rows, targets, &ones, models)
    }

    /// As [`super::Learner::fit`], with what each row counts for, above 0: as so many rows alike.
    pub fn fit_weighed(
        &self,
        rows: Rows<'_>,
        targets: &[f64],
        weights: &[f64],
        models: usize,
    ) -> Linear {
        let centred = Centred::new(rows, targets.len() / models);
        // The Hessian at log-odds of 0, which is its upper bound (Böhning and Lindsay 1988): one factor preconditions all models.
        let mut bound = centred.gram();
        bound.iter_mut().for_each(|entry| *entry *= 0.25);
        let factor = Cholesky::new(bound, self.l2);
        let line = |model: usize| {
            let scores = column(targets, models, model);
            if scores
                .iter()
                .all(|score| score.total_cmp(&scores[0]).is_eq())
            {
                return Line::Constant(scores[0]);
            }
            let mut coefficients = newton(&centred, &factor, &scores, weights, self.l2);
            let intercept = coefficients.pop().expect("the intercept is the last");
            let intercept = intercept - dot(&coefficients, &centred.centres);
            Line::Odds(intercept, coefficients)
        };
        Linear((0..models).into_par_iter().map(line).collect())
    }
}

impl Linear {
    pub(super) fn predict(&self, row: &[f32]) -> Vec<f64> {
        let row: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
        let score = |line: &Line| match line {
            Line::Constant(score) => *score,
            Line::Score(intercept, coefficients) => intercept + dot(coefficients, &row),
            Line::Odds(intercept, coefficients) => sigmoid(intercept + dot(coefficients, &row)),
        };
        self.0.iter().map(score).collect()
    }
}

/// Coefficients of centred features and, last, the intercept, by Newton's method with conjugate gradients inside: a Hessian is never formed, so that a step
/// costs some passes over the rows instead of rows × features².
fn newton(rows: &Centred, factor: &Cholesky, scores: &[f64], weights: &[f64], l2: f64) -> Vec<f64> {
    let dim = rows.dim;
    let mut found = vec![0.0; dim + 1];
    let mut odds = vec![0.0; scores.len()];
    let loss = |found: &[f64], odds: &[f64]| {
        let terms = odds.iter().zip(scores).zip(weights);
        let terms = terms.map(|((odds, score), weight)| {
            weight * (odds.max(0.0) + (-odds.abs()).exp().ln_1p() - score * odds)
        });
        terms.sum::<f64>() + l2 / 2.0 * dot(&found[..dim], &found[..dim])
    };
    for _ in 0..STEPS {
        let chances: Vec<f64> = odds.iter().map(|odds| sigmoid(*odds)).collect();
        let mut descent = vec![0.0; dim + 1];
        for (row, (chance, score)) in chances.iter().zip(scores).enumerate() {
            let pull = weights[row] * (score - chance);
            add(&mut descent[..dim], pull, rows.row(row));
            descent[dim] += pull;
        }
        add(&mut descent[..dim], -l2, &found[..dim]);
        if dot(&descent, &descent).sqrt() < STILL {
            break;
        }
        let bends = chances.iter().zip(weights);
        let bends: Vec<f64> = bends
            .map(|(chance, weight)| weight * chance * (1.0 - chance))
            .collect();
        let step = conjugate_gradients(rows, factor, &bends, l2, &descent);
        let moves: Vec<f64> = (0..scores.len())
            .map(|row| dot(&step[..dim], rows.row(row)) + step[dim])
            .collect();
        let (before, slope) = (loss(&found, &odds), dot(&descent, &step));
        let mut length = 1.0;
        loop {
            let (mut next, mut next_odds) = (found.clone(), odds.clone());
            add(&mut next, length, &step);
            add(&mut next_odds, length, &moves);
            // Close to the minimum the loss falls by less than its rounding.
            let enough = 1e-4 * length * slope - 1e-12 * before.abs();
            if before - loss(&next, &next_odds) >= enough || length < 1e-6 {
                (found, odds) = (next, next_odds);
                break;
            }
            length /= 2.0;
        }
    }
    found
}

/// Solves Hessian · step = descent, as well as Newton's method can use (a residual that falls faster than the gradient).
fn conjugate_gradients(
    rows: &Centred,
    factor: &Cholesky,
    bends: &[f64],
    l2: f64,
    descent: &[f64],
) -> Vec<f64> {
    let dim = rows.dim;
    let precondition = |residual: &[f64]| {
        let mut solved = residual.to_vec();
        factor.solve(&mut solved[..dim]);
        // Centred features do not share curvature with the intercept.
        solved[dim] /= 0.25 * bends.len() as f64;
        solved
    };
    let times_hessian = |direction: &[f64]| {
        let mut product = vec![0.0; dim + 1];
        for (row, bend) in bends.iter().enumerate() {
            let moved = dot(&direction[..dim], rows.row(row)) + direction[dim];
            let pull = bend * moved;
            add(&mut product[..dim], pull, rows.row(row));
            product[dim] += pull;
        }
        add(&mut product[..dim], l2, &direction[..dim]);
        product
    };
    let mut step = vec![0.0; dim + 1];
    let mut residual = descent.to_vec();
    let mut solved = precondition(&residual);
    let mut direction = solved.clone();
    let mut size = dot(&residual, &solved);
    let length = dot(descent, descent).sqrt();
    let enough = length * length.sqrt().min(0.1);
    for _ in 0..INNER_STEPS {
        let product = times_hessian(&direction);
        let curvature = dot(&direction, &product);
        if curvature <= 0.0 {
            break;
        }
        add(&mut step, size / curvature, &direction);
        add(&mut residual, -size / curvature, &product);
        if dot(&residual, &residual).sqrt() <= enough {
            break;
        }
        solved = precondition(&residual);
        let next = dot(&residual, &solved);
        for (direction, solved) in direction.iter_mut().zip(&solved) {
            *direction = solved + next / size * *direction;
        }
        size = next;
    }
    step
}
