//! Truncated singular value decomposition of a sparse matrix by a randomised range finder.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::sparse::Csr;

/// A direction whose singular value is below this share of the largest is numerically no direction.
const RANK_TOLERANCE: f64 = 1e-9;

/// How the range of the matrix is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sketch {
    /// Columns beyond those asked for.
    pub(super) oversamples: usize,
    /// Passes of subspace iteration.
    pub(super) passes: usize,
    /// Seed of the first random projection.
    pub(super) seed: u64,
}

/// The leading right singular vectors of `matrix`, row after row (one row a column of `matrix`), and their number:
/// `min(rank, dim)`. The sign of each is such that its largest entry is positive.
///
/// Source: Halko, Martinsson and Tropp 2011, algorithm 4.4, with a seeded ±1 sketch; the last step takes the
/// eigenvectors of the small Gram matrix. One thread does the dense algebra, so the result does not depend on threads.
pub(super) fn right_singular_vectors(
    matrix: &Csr,
    dim: usize,
    sketch: Sketch,
) -> (Vec<f64>, usize) {
    let transposed = matrix.transposed();
    let width = (dim + sketch.oversamples)
        .min(matrix.height())
        .min(matrix.width());
    // Two buffers for all passes: `wide` has one row a column of `matrix`, `tall` one row a row.
    let (mut wide, mut tall) = (signs(matrix.width() * width, sketch.seed), Vec::new());
    for _ in 0..=sketch.passes {
        matrix.times(&wide, width, &mut tall);
        orthonormalise(&mut tall, width);
        transposed.times(&tall, width, &mut wide);
    }
    let projected = MatRef::from_row_major_slice(&wide, matrix.width(), width);
    let mut gram = Mat::zeros(width, width);
    matmul(
        gram.as_mut(),
        Accum::Replace,
        projected.transpose(),
        projected,
        1.0,
        Par::Seq,
    );
    let eigen = gram
        .self_adjoint_eigen(Side::Lower)
        .expect("a Gram matrix of finite numbers has eigenvectors");

    // Eigenvalues come in ascending order; a singular value is the root of one.
    let largest = eigen.S().column_vector()[width - 1].max(0.0).sqrt();
    let singular = |rank: usize| eigen.S().column_vector()[width - 1 - rank].max(0.0).sqrt();
    let rank = (0..dim.min(width))
        .take_while(|&rank| singular(rank) > largest * RANK_TOLERANCE)
        .count();
    let rotation = Mat::from_fn(width, rank, |row, column| {
        eigen.U()[(row, width - 1 - column)] / singular(column)
    });
    let mut vectors = Mat::zeros(matrix.width(), rank);
    matmul(
        vectors.as_mut(),
        Accum::Replace,
        projected,
        rotation.as_ref(),
        1.0,
        Par::Seq,
    );
    for column in 0..rank {
        let entries = vectors.col(column).iter().copied();
        if entries.fold(0.0_f64, |most, value| {
            if value.abs() > most.abs() {
                value
            } else {
                most
            }
        }) < 0.0
        {
            vectors
                .col_mut(column)
                .iter_mut()
                .for_each(|value| *value = -*value);
        }
    }
    let mut values = vec![0.0; matrix.width() * rank];
    copy_row_major(vectors.as_ref(), &mut values);
    (values, rank)
}

/// Replaces the columns of `values` (row after row) by an orthonormal basis of what they span.
fn orthonormalise(values: &mut [f64], width: usize) {
    let basis = MatRef::from_row_major_slice(values, values.len() / width, width)
        .qr()
        .compute_thin_Q();
    copy_row_major(basis.as_ref(), values);
}

fn copy_row_major(matrix: MatRef<'_, f64>, values: &mut [f64]) {
    MatMut::from_row_major_slice_mut(values, matrix.nrows(), matrix.ncols()).copy_from(matrix);
}

/// `count` seeded draws of +1 or −1.
fn signs(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut bits = 0;
    let draw = |index: usize| {
        if index.is_multiple_of(64) {
            bits = rng.next_u64();
        }
        let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
        bits >>= 1;
        sign
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_known_rank_gives_its_singular_vectors() {
        // 3·u₁v₁ᵀ + 1·u₂v₂ᵀ with v₁ = (1,1,0,0)/√2 and v₂ = (0,0,1,-1)/√2.
        let rows = [
            vec![(0, 3.0), (1, 3.0)],
            vec![(2, 1.0), (3, -1.0)],
            vec![],
            vec![(0, 1.5), (1, 1.5)],
        ];
        let (vectors, rank) = right_singular_vectors(
            &Csr::from_rows(rows, 4),
            3,
            Sketch {
                oversamples: 8,
                passes: 4,
                seed: 7,
            },
        );
        assert_eq!(rank, 2);
        let half = 0.5_f64.sqrt();
        let expected = [half, 0.0, half, 0.0, 0.0, half, 0.0, -half];
        // The sign of v₂ is free: both of its entries are largest.
        let sign = vectors[5].signum();
        for (place, (value, expected)) in vectors.iter().zip(expected).enumerate() {
            let expected = if place % 2 == 1 {
                sign * expected
            } else {
                expected
            };
            assert!((value - expected).abs() < 1e-9, "{vectors:?}");
        }
    }
}
