//! The dense algebra that the learners share, in f64 and in one order.

use rayon::prelude::*;

use super::learners::Rows;

/// Rows whose columns have a mean of 0.
pub(super) struct Centred {
    pub(super) dim: usize,
    /// The means taken off.
    pub(super) centres: Vec<f64>,
    values: Vec<f64>,
}

impl Centred {
    pub(super) fn new(rows: Rows<'_>, count: usize) -> Self {
        let mut centres = vec![0.0; rows.dim];
        for row in 0..count {
            for (centre, value) in centres.iter_mut().zip(rows.row(row)) {
                *centre += f64::from(*value);
            }
        }
        centres
            .iter_mut()
            .for_each(|centre| *centre /= count as f64);
        let shifted = |row| {
            let row = rows.row(row).iter().zip(&centres);
            row.map(|(value, centre)| f64::from(*value) - centre)
        };
        Self {
            dim: rows.dim,
            values: (0..count).flat_map(shifted).collect(),
            centres,
        }
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }

    /// The lower half of features × features, row after row; the upper half is 0.
    pub(super) fn gram(&self) -> Vec<f64> {
        let mut gram = vec![0.0; self.dim * self.dim];
        if self.dim == 0 {
            return gram;
        }
        let columns: Vec<Vec<f64>> = (0..self.dim)
            .map(|column| self.values.iter().skip(column).step_by(self.dim).copied())
            .map(Iterator::collect)
            .collect();
        let entries = |(place, entries): (usize, &mut [f64])| {
            for (entry, other) in entries.iter_mut().zip(&columns[..=place]) {
                *entry = dot(&columns[place], other);
            }
        };
        gram.par_chunks_mut(self.dim).enumerate().for_each(entries);
        gram
    }
}

/// L of L·Lᵀ = gram + l2 · 1.
pub(super) struct Cholesky {
    dim: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    pub(super) fn new(gram: Vec<f64>, l2: f64) -> Self {
        let mut lower = gram;
        let dim = lower.len().isqrt();
        for row in 0..dim {
            let (above, rest) = lower.split_at_mut(row * dim);
            for column in 0..row {
                let other = &above[column * dim..][..=column];
                rest[column] -= dot(&rest[..column], &other[..column]);
                rest[column] /= other[column];
            }
            // No pivot of such a matrix is below l2 but by rounding.
            let pivot = rest[row] + l2 - dot(&rest[..row], &rest[..row]);
            rest[row] = pivot.max(l2).sqrt();
        }
        Self { dim, lower }
    }

    pub(super) fn solve(&self, values: &mut [f64]) {
        for row in 0..self.dim {
            let entries = &self.lower[row * self.dim..][..=row];
            values[row] = (values[row] - dot(&entries[..row], &values[..row])) / entries[row];
        }
        for row in (0..self.dim).rev() {
            let entries = &self.lower[row * self.dim..][..=row];
            values[row] /= entries[row];
            let value = values[row];
            add(&mut values[..row], -value, &entries[..row]);
        }
    }
}

/// In lanes of a fixed number, which the compiler turns into vectors without another result.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    let mut lanes = [0.0_f64; LANES];
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// Adds `factor` times `other`.
pub(super) fn add(values: &mut [f64], factor: f64, other: &[f64]) {
    for (value, other) in values.iter_mut().zip(other) {
        *value += factor * other;
    }
}

/// The scores of one model.
pub(super) fn column(targets: &[f64], models: usize, model: usize) -> Vec<f64> {
    targets
        .iter()
        .skip(model)
        .step_by(models)
        .copied()
        .collect()
}
