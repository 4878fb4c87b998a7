//! Least squares and logistic regression with an l2 penalty, a line a model, in f64.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Rows;
use crate::learning::algebra::{Centred, Cholesky, add, column, dot};
use crate::learning::newton::{Design, Target, minimise, sigmoid};

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
            let design = Dense {
                rows: &centred,
                factor: &factor,
                count: scores.len(),
            };
            let targets = scores.iter().zip(weights).map(|(share, weight)| Target {
                share: *share,
                weight: *weight,
            });
            let targets: Vec<Target> = targets.collect();
            let mut coefficients = minimise(&design, &targets, self.l2);
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

/// Dense rows with a constant behind them, whose Hessian is at most that of log-odds of 0 (Böhning and Lindsay 1988): its factor preconditions well.
struct Dense<'a> {
    rows: &'a Centred,
    factor: &'a Cholesky,
    count: usize,
}

impl Design for Dense<'_> {
    fn rows(&self) -> usize {
        self.count
    }

    fn columns(&self) -> usize {
        self.rows.dim + 1
    }

    fn dot(&self, row: usize, coefficients: &[f64]) -> f64 {
        let dim = self.rows.dim;
        dot(&coefficients[..dim], self.rows.row(row)) + coefficients[dim]
    }

    fn add(&self, row: usize, factor: f64, sums: &mut [f64]) {
        let dim = self.rows.dim;
        add(&mut sums[..dim], factor, self.rows.row(row));
        sums[dim] += factor;
    }

    fn add_squares(&self, row: usize, factor: f64, sums: &mut [f64]) {
        let dim = self.rows.dim;
        for (sum, value) in sums[..dim].iter_mut().zip(self.rows.row(row)) {
            *sum += factor * value * value;
        }
        sums[dim] += factor;
    }

    fn precondition(&self, residual: &[f64], _: &[f64]) -> Vec<f64> {
        let dim = self.rows.dim;
        let mut solved = residual.to_vec();
        self.factor.solve(&mut solved[..dim]);
        // Centred features do not share curvature with the constant.
        solved[dim] /= 0.25 * self.count as f64;
        solved
    }
}
