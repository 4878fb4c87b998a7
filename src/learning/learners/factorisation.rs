//! Prompts and models as vectors of one small space.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Rows;
use crate::learning::algebra::{Centred, add, column, dot};
use crate::learning::newton::sigmoid;

/// A prompt with features x is the vector A·x + a, a model the vector v with a bias b, and the score expected is sigmoid(v · (A·x + a) + b): matrix
/// factorisation in the spirit of `RouteLLM` and `LLMRouterBench`, though those multiply elementwise and learn from pairs or from single labels.
///
/// What is minimised is Σ cross entropy over prompts and models, with scores as soft labels, + l2 / 2 · (Σ A² + Σ v²). All parameters move in each
/// epoch, by Adam (Kingma and Ba 2015; β 0.9 and 0.999) on all rows, at a rate that falls linearly to 0. A and v start at seeded random values, a at
/// 0 and b at the log-odds of the model's mean: it starts at the constant prediction and leaves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Factorisation {
    /// Dimensions of the space, at least 1.
    pub rank: usize,
    /// The penalty, 0 or more.
    pub l2: f64,
    /// Steps of Adam, at least 1.
    pub epochs: usize,
    /// Adam's first rate, above 0.
    pub learning_rate: f64,
}

impl Default for Factorisation {
    fn default() -> Self {
        Self {
            rank: 16,
            l2: 1.0,
            epochs: 200,
            learning_rate: 0.05,
        }
    }
}

/// The vectors learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    rank: usize,
    dim: usize,
    models: usize,
    /// A (rank × dim), a (rank), v (models × rank) and b (models), row after row.
    parameters: Vec<f64>,
}

/// Rows that are summed by one thread.
const BLOCK: usize = 512;

impl Factorisation {
    pub(super) fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize, seed: u64) -> Factors {
        let count = targets.len() / models;
        // Centred features converge sooner and are taken back into `a` at the end: it is the same model with the same penalty.
        let centred = Centred::new(rows, count);
        let mut factors = Factors::start(self.rank, rows.dim, targets, models, seed);
        let size = factors.parameters.len();
        let (mut first, mut second) = (vec![0.0_f64; size], vec![0.0_f64; size]);
        let (mut first_decay, mut second_decay) = (1.0, 1.0);
        for epoch in 0..self.epochs {
            let slope = self.slope(&factors, &centred, targets);
            first_decay *= 0.9;
            second_decay *= 0.999;
            let rate = self.learning_rate * (1.0 - epoch as f64 / self.epochs as f64);
            let moments = first.iter_mut().zip(&mut second).zip(&slope);
            for (parameter, ((first, second), slope)) in factors.parameters.iter_mut().zip(moments)
            {
                *first = 0.9 * *first + 0.1 * slope;
                *second = 0.999 * *second + 0.001 * slope * slope;
                let spread = (*second / (1.0 - second_decay)).sqrt();
                *parameter -= rate * (*first / (1.0 - first_decay)) / (spread + 1e-8);
            }
        }
        for place in 0..self.rank {
            let shift = dot(factors.projection(place), &centred.centres);
            factors.parameters[self.rank * rows.dim + place] -= shift;
        }
        factors
    }

    /// The gradient of what is minimised, divided by the number of scores: Adam's own constants are for slopes of about that size.
    fn slope(&self, factors: &Factors, rows: &Centred, targets: &[f64]) -> Vec<f64> {
        let block = |(block, scores): (usize, &[f64])| {
            let mut slope = vec![0.0; factors.parameters.len()];
            for (place, scores) in scores.chunks_exact(factors.models).enumerate() {
                factors.add_slope(rows.row(block * BLOCK + place), scores, &mut slope);
            }
            slope
        };
        let blocks: Vec<Vec<f64>> = targets
            .par_chunks(BLOCK * factors.models)
            .enumerate()
            .map(block)
            .collect();
        let mut slope = vec![0.0; factors.parameters.len()];
        for block in blocks {
            add(&mut slope, 1.0, &block);
        }
        let [projection, shift, vectors, _] = factors.starts();
        for penalised in [
            projection..shift,
            vectors..vectors + factors.models * factors.rank,
        ] {
            add(
                &mut slope[penalised.clone()],
                self.l2,
                &factors.parameters[penalised],
            );
        }
        slope
            .iter_mut()
            .for_each(|slope| *slope /= targets.len() as f64);
        slope
    }
}

impl Factors {
    fn start(rank: usize, dim: usize, targets: &[f64], models: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Uniform on ±width.
        let mut draw = |width: f64| {
            let bits = u32::try_from(rng.next_u64() >> 32).expect("the upper half of 64 bits");
            width * (f64::from(bits) / f64::from(u32::MAX) * 2.0 - 1.0)
        };
        let mut parameters: Vec<f64> = (0..rank * dim).map(|_| draw(0.1)).collect();
        parameters.extend(vec![0.0; rank]);
        parameters.extend((0..models * rank).map(|_| draw(0.1)));
        for model in 0..models {
            let scores = column(targets, models, model);
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let mean = mean.clamp(1e-3, 1.0 - 1e-3);
            parameters.push((mean / (1.0 - mean)).ln());
        }
        Self {
            rank,
            dim,
            models,
            parameters,
        }
    }

    /// Where A, a, v and b start.
    fn starts(&self) -> [usize; 4] {
        let shift = self.rank * self.dim;
        let vectors = shift + self.rank;
        [0, shift, vectors, vectors + self.models * self.rank]
    }

    fn projection(&self, place: usize) -> &[f64] {
        &self.parameters[place * self.dim..(place + 1) * self.dim]
    }

    fn vector(&self, model: usize) -> &[f64] {
        &self.parameters[self.starts()[2] + model * self.rank..][..self.rank]
    }

    fn prompt(&self, row: &[f64]) -> Vec<f64> {
        let shift = self.starts()[1];
        (0..self.rank)
            .map(|place| self.parameters[shift + place] + dot(self.projection(place), row))
            .collect()
    }

    fn score(&self, model: usize, prompt: &[f64]) -> f64 {
        let bias = self.parameters[self.starts()[3] + model];
        sigmoid(dot(self.vector(model), prompt) + bias)
    }

    /// Adds the gradient of one prompt's cross entropies.
    fn add_slope(&self, row: &[f64], scores: &[f64], slope: &mut [f64]) {
        let [_, shift, vectors, biases] = self.starts();
        let prompt = self.prompt(row);
        let mut pull = vec![0.0; self.rank];
        for (model, score) in scores.iter().enumerate() {
            let error = self.score(model, &prompt) - score;
            add(&mut pull, error, self.vector(model));
            let vector = vectors + model * self.rank;
            add(&mut slope[vector..vector + self.rank], error, &prompt);
            slope[biases + model] += error;
        }
        for (place, pull) in pull.iter().enumerate() {
            slope[shift + place] += pull;
            let projection = place * self.dim..(place + 1) * self.dim;
            add(&mut slope[projection], *pull, row);
        }
    }

    pub(super) fn predict(&self, row: &[f32]) -> Vec<f64> {
        let row: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
        let prompt = self.prompt(&row);
        (0..self.models)
            .map(|model| self.score(model, &prompt))
            .collect()
    }
}
