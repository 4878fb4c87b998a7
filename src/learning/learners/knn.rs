//! The mean score of the nearest training prompts.

use serde::{Deserialize, Serialize};

use super::Rows;

/// Takes the mean of the `k` nearest training rows by cosine; the earlier of two that are as near. Rows have length 1, so that the cosine is their dot
/// product. Exact: every row is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knn {
    /// Number of neighbours; all rows where there are fewer.
    pub k: usize,
}

impl Default for Knn {
    fn default() -> Self {
        Self { k: 40 }
    }
}

/// The training rows with their scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    k: usize,
    dim: usize,
    models: usize,
    values: Vec<f32>,
    targets: Vec<f64>,
}

impl Knn {
    pub(super) fn fit(&self, rows: Rows<'_>, targets: &[f64], models: usize) -> Neighbours {
        Neighbours {
            k: self.k,
            dim: rows.dim,
            models,
            values: rows.values.to_vec(),
            targets: targets.to_vec(),
        }
    }
}

impl Neighbours {
    pub(super) fn predict(&self, row: &[f32]) -> Vec<f64> {
        let count = self.targets.len() / self.models;
        let cosine = |other: usize| dot(row, &self.values[other * self.dim..][..self.dim]);
        let mut nearest: Vec<(f32, usize)> =
            (0..count).map(|other| (cosine(other), other)).collect();
        let k = self.k.min(count);
        if k < count {
            nearest.select_nth_unstable_by(k, |(a, first), (b, second)| {
                b.total_cmp(a).then(first.cmp(second))
            });
            nearest.truncate(k);
        }
        // Summed in the order of the rows: the order that the selection leaves is the standard library's affair.
        nearest.sort_unstable_by_key(|(_, other)| *other);
        let mut means = vec![0.0; self.models];
        for (_, other) in nearest {
            let scores = &self.targets[other * self.models..][..self.models];
            for (mean, score) in means.iter_mut().zip(scores) {
                *mean += score;
            }
        }
        for mean in &mut means {
            *mean /= k as f64;
        }
        means
    }
}

/// In lanes of a fixed number, which the compiler turns into vectors without another result.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}
