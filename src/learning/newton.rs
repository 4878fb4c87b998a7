//! Logistic regression by Newton's method with conjugate gradients inside, over any rows: a Hessian is never formed, so a step costs some passes
//! over the rows.

use super::algebra::{add, dot};

/// The rows that a model is fitted on.
pub trait Design {
    /// How many.
    fn rows(&self) -> usize;
    /// Coefficients of a model. The last, which is mostly that of a constant, is not penalised.
    fn columns(&self) -> usize;
    /// A row times coefficients.
    fn dot(&self, row: usize, coefficients: &[f64]) -> f64;
    /// Adds `factor` times a row.
    fn add(&self, row: usize, factor: f64, sums: &mut [f64]);
    /// Adds `factor` times the squares of a row's values.
    fn add_squares(&self, row: usize, factor: f64, sums: &mut [f64]);

    /// About what the Hessian's inverse makes of a residual, `diagonal` being the diagonal of the Hessian: by that alone, unless a design knows better. The nearer,
    /// the fewer steps.
    fn precondition(&self, residual: &[f64], diagonal: &[f64]) -> Vec<f64> {
        let pairs = residual.iter().zip(diagonal);
        // A column without a value has no gradient either.
        let solved = pairs.map(|(residual, bend)| if *bend > 0.0 { residual / bend } else { 0.0 });
        solved.collect()
    }
}

/// What is wanted of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The chance that it should get, 0 to 1.
    pub share: f64,
    /// How much it counts, 0 or more.
    pub weight: f64,
}

/// A gradient that is shorter than this share of the first one is none.
const STILL: f64 = 1e-8;
/// Newton's steps at most.
const STEPS: usize = 200;
/// Steps of conjugate gradients at most for one of Newton's.
const INNER_STEPS: usize = 250;
/// The least share of one of Newton's steps that is tried.
const LEAST_SHARE: f64 = 1e-6;

/// Minimises Σ weight · cross entropy(share, σ(row · coefficients)) + `l2` / 2 · |coefficients but the last|², which is scikit-learn's
/// `LogisticRegression(C = 1 / l2)`. Sums are f64 and in the order of the rows: the same rows give the same bits.
pub fn minimise(design: &impl Design, targets: &[Target], l2: f64) -> Vec<f64> {
    let penalised = design.columns() - 1;
    let mut found = vec![0.0; design.columns()];
    let mut odds = vec![0.0; design.rows()];
    let loss = |found: &[f64], odds: &[f64]| {
        let terms = odds.iter().zip(targets).map(|(odds, target)| {
            let entropy = odds.max(0.0) + (-odds.abs()).exp().ln_1p() - target.share * odds;
            target.weight * entropy
        });
        terms.sum::<f64>() + l2 / 2.0 * dot(&found[..penalised], &found[..penalised])
    };
    let mut first = None;
    for _ in 0..STEPS {
        let mut point = Point::new(design, targets, &odds, l2);
        add(&mut point.descent[..penalised], -l2, &found[..penalised]);
        let length = dot(&point.descent, &point.descent).sqrt();
        let first = *first.get_or_insert(length);
        if length <= STILL * first {
            break;
        }
        // As exact as Newton's method can use, which is more the closer it is, and no more exact than the end has to be.
        let enough = (length * (length / first).sqrt().min(0.1)).max(STILL / 2.0 * first);
        let step = point.step(enough);
        let moves: Vec<f64> = (0..design.rows())
            .map(|row| design.dot(row, &step))
            .collect();
        let (before, slope) = (loss(&found, &odds), dot(&point.descent, &step));
        let mut share = 1.0;
        loop {
            let (mut next, mut next_odds) = (found.clone(), odds.clone());
            add(&mut next, share, &step);
            add(&mut next_odds, share, &moves);
            // Close to the minimum the loss falls by less than its rounding.
            let enough = 1e-4 * share * slope - 1e-12 * before.abs();
            if before - loss(&next, &next_odds) >= enough {
                (found, odds) = (next, next_odds);
                break;
            }
            share /= 2.0;
            if share < LEAST_SHARE {
                return found;
            }
        }
    }
    found
}

/// What the loss looks like around some coefficients.
struct Point<'a, D> {
    design: &'a D,
    l2: f64,
    /// The gradient, with the other sign.
    descent: Vec<f64>,
    /// How much the loss bends with the log-odds of each row.
    bends: Vec<f64>,
    /// The diagonal of the Hessian.
    diagonal: Vec<f64>,
}

impl<'a, D: Design> Point<'a, D> {
    /// Without the penalty's part of `descent`.
    fn new(design: &'a D, targets: &[Target], odds: &[f64], l2: f64) -> Self {
        let columns = design.columns();
        let mut descent = vec![0.0; columns];
        let mut diagonal = vec![l2; columns];
        diagonal[columns - 1] = 0.0;
        let mut bends = Vec::with_capacity(targets.len());
        for (row, (target, odds)) in targets.iter().zip(odds).enumerate() {
            let chance = sigmoid(*odds);
            let bend = target.weight * chance * (1.0 - chance);
            design.add(row, target.weight * (target.share - chance), &mut descent);
            design.add_squares(row, bend, &mut diagonal);
            bends.push(bend);
        }
        Self {
            design,
            l2,
            descent,
            bends,
            diagonal,
        }
    }

    fn times_hessian(&self, direction: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; direction.len()];
        for (row, bend) in self.bends.iter().enumerate() {
            let pull = bend * self.design.dot(row, direction);
            self.design.add(row, pull, &mut product);
        }
        let penalised = direction.len() - 1;
        add(&mut product[..penalised], self.l2, &direction[..penalised]);
        product
    }

    /// Solves Hessian · step = descent by conjugate gradients, until the residual is no longer than `enough`.
    fn step(&self, enough: f64) -> Vec<f64> {
        let precondition = |residual: &[f64]| self.design.precondition(residual, &self.diagonal);
        let mut step = vec![0.0; self.descent.len()];
        let mut residual = self.descent.clone();
        let mut direction = precondition(&residual);
        let mut size = dot(&residual, &direction);
        for _ in 0..INNER_STEPS {
            let product = self.times_hessian(&direction);
            let bend = dot(&direction, &product);
            if bend <= 0.0 {
                break;
            }
            add(&mut step, size / bend, &direction);
            add(&mut residual, -size / bend, &product);
            if dot(&residual, &residual).sqrt() <= enough {
                break;
            }
            let solved = precondition(&residual);
            let next = dot(&residual, &solved);
            for (direction, solved) in direction.iter_mut().zip(&solved) {
                *direction = solved + next / size * *direction;
            }
            size = next;
        }
        step
    }
}

/// The chance of log-odds.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
