//! Exact dense search: every vector is compared. The oracle for every approximate index.
#![expect(
    clippy::inline_always,
    reason = "what a dispatch compiles for the machine's vectors has to be inlined into it"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::documents::Visible;
use super::top::{Hit, Top};
use crate::models::Matrix;

/// Rows that one task compares: with 512 dimensions 2 MiB of vectors.
const BLOCK_ROWS: usize = 1024;
/// Queries that share one pass over a row.
const TOGETHER: usize = 4;
/// Independent partial sums of a dot product. Their number, and not the machine's vector width, fixes the order of
/// summation, so that a score is the same on every machine and in every batch.
const LANES: usize = 16;

/// Vectors by row, searched one by one.
pub struct Flat {
    vectors: Matrix,
    ties: Arc<[u32]>,
}

impl Flat {
    /// An index of these vectors, normalised already where a dot product is to be a cosine; `ties` decides between
    /// equal scores, row by row (see [`Hit::tie`]).
    ///
    /// # Panics
    /// Where the two differ in length.
    pub fn new(vectors: Matrix, ties: Arc<[u32]>) -> Self {
        assert_eq!(vectors.rows(), ties.len(), "one tie-breaker a vector");
        Self { vectors, ties }
    }

    /// Dimensions.
    pub fn dim(&self) -> usize {
        self.vectors.dim()
    }

    /// The best `k` documents of each query by dot product, best first, among those visible to that query.
    ///
    /// A query of zeros finds nothing: it is equally near to everything.
    ///
    /// # Panics
    /// Where the queries have another dimension than the index, or `visible` another number than the queries.
    pub fn search(&self, queries: &Matrix, k: usize, visible: &[&Visible]) -> Vec<Vec<Hit>> {
        assert!(
            queries.dim() == self.dim() && queries.rows() == visible.len(),
            "queries that fit the index"
        );
        let empty = || -> Vec<Top> { (0..queries.rows()).map(|_| Top::new(k)).collect() };
        let blocks = self.vectors.rows().div_ceil(BLOCK_ROWS);
        let tops = (0..blocks)
            .into_par_iter()
            .fold(empty, |mut tops, block| {
                self.search_block(block * BLOCK_ROWS, queries, visible, &mut tops);
                tops
            })
            .reduce(empty, |left, right| {
                left.into_iter()
                    .zip(right)
                    .map(|(l, r)| l.merged(r))
                    .collect()
            });
        let is_zero = |query: usize| queries.row(query).iter().all(|value| *value == 0.0);
        tops.into_iter()
            .enumerate()
            .map(|(query, top)| {
                if is_zero(query) {
                    Vec::new()
                } else {
                    top.into_hits()
                }
            })
            .collect()
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.vectors.rows()
    }

    /// The vectors, row by row.
    pub(super) fn vectors(&self) -> &Matrix {
        &self.vectors
    }

    /// The best `k` of these rows for one query, best first, each with the very score that [`Self::search`] gives it.
    pub(super) fn best_of(
        &self,
        query: &[f32],
        rows: impl IntoIterator<Item = u32>,
        k: usize,
    ) -> Vec<Hit> {
        let (mut rows, mut top) = (rows.into_iter(), Top::new(k));
        let (arch, mut group) = (Arch::new(), [0; TOGETHER]);
        loop {
            let mut count = 0;
            for (place, row) in group.iter_mut().zip(&mut rows) {
                *place = row;
                count += 1;
            }
            if count == 0 {
                return top.into_hits();
            }
            // A dot product is the same from either side, so here four rows share one query; those left over from the
            // group before stand in where fewer than four are left.
            let scores = arch.dispatch(Dots {
                row: query,
                others: group.map(|row| self.vectors.row(row as usize)),
            });
            for (&row, score) in group.iter().zip(scores).take(count) {
                top.push(Hit {
                    row,
                    tie: self.ties[row as usize],
                    score: f64::from(score),
                });
            }
        }
    }

    fn search_block(&self, start: usize, queries: &Matrix, visible: &[&Visible], tops: &mut [Top]) {
        let end = (start + BLOCK_ROWS).min(self.vectors.rows());
        let arch = Arch::new();
        let mut scores = vec![[0.0_f32; TOGETHER]; end - start];
        for first in (0..queries.rows()).step_by(TOGETHER) {
            let count = TOGETHER.min(queries.rows() - first);
            // The last query stands in where fewer than four are left.
            let group: [&[f32]; TOGETHER] =
                std::array::from_fn(|place| queries.row(first + place.min(count - 1)));
            arch.dispatch(BlockDots {
                vectors: &self.vectors,
                start,
                queries: group,
                scores: &mut scores,
            });
            for place in 0..count {
                let (top, visible) = (&mut tops[first + place], visible[first + place]);
                for (row, scores) in (start..end).zip(&scores) {
                    let (tie, row) = (
                        self.ties[row],
                        u32::try_from(row).expect("rows are counted in u32"),
                    );
                    if visible.contains(row) {
                        top.push(Hit {
                            row,
                            tie,
                            score: f64::from(scores[place]),
                        });
                    }
                }
            }
        }
    }
}

/// The dot product of `row` with each of the others; equal bit for bit from either side, and to those of [`BlockDots`].
///
/// A type and not a closure, because only what is always inlined into the dispatch is compiled for the machine's vectors.
struct Dots<'v, const N: usize> {
    row: &'v [f32],
    others: [&'v [f32]; N],
}

impl<const N: usize> WithSimd for Dots<'_, N> {
    type Output = [f32; N];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f32; N] {
        dots(simd, self.row, self.others)
    }
}

/// The dot products of all rows from `start` on, as many as there are scores, with four queries.
struct BlockDots<'v> {
    vectors: &'v Matrix,
    start: usize,
    queries: [&'v [f32]; TOGETHER],
    scores: &'v mut [[f32; TOGETHER]],
}

impl WithSimd for BlockDots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, scores) in (self.start..).zip(self.scores) {
            *scores = dots(simd, self.vectors.row(row), self.queries);
        }
    }
}

#[inline(always)]
fn dots<S: Simd, const N: usize>(simd: S, row: &[f32], others: [&[f32]; N]) -> [f32; N] {
    let whole = row.len() - row.len() % LANES;
    let (values, _) = S::as_simd_f32s(&row[..whole]);
    let factors = others.map(|other| S::as_simd_f32s(&other[..whole]).0);
    // So many of the machine's vectors hold the partial sums; the places beyond them are never touched.
    let vectors = LANES / S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); LANES]; N];
    for start in (0..values.len()).step_by(vectors) {
        for (sums, factors) in sums.iter_mut().zip(factors) {
            for (place, sum) in sums[..vectors].iter_mut().enumerate() {
                let product = simd.mul_f32s(values[start + place], factors[start + place]);
                *sum = simd.add_f32s(*sum, product);
            }
        }
    }
    let mut products = [0.0; N];
    for ((product, sums), other) in products.iter_mut().zip(&sums).zip(others) {
        let sums: &[f32] = bytemuck::cast_slice(&sums[..vectors]);
        let rest: f32 = row[whole..]
            .iter()
            .zip(&other[whole..])
            .map(|(a, b)| a * b)
            .sum();
        *product = sums.iter().sum::<f32>() + rest;
    }
    products
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix(dim: usize, rows: usize, seed: u32) -> Matrix {
        let value = |place: usize| {
            ((place as u32)
                .wrapping_mul(2_654_435_761)
                .wrapping_add(seed)
                >> 8) as f32
                / 8_388_608.0
                - 1.0
        };
        Matrix::new(dim, (0..dim * rows).map(value).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn finds_what_comparing_in_f64_finds_and_does_not_depend_on_the_batch(dim in 1_usize..40, rows in 1_usize..2500, seed: u32) {
            let (vectors, queries) = (matrix(dim, rows, seed), matrix(dim, 7, seed ^ 0xabcd));
            let flat = Flat::new(vectors.clone(), (0..rows as u32).collect());
            let all = Visible::everything();
            let found = flat.search(&queries, 10, &[&all; 7]);
            for (query, found) in found.iter().enumerate() {
                let alone = flat.search(&Matrix::new(dim, queries.row(query).to_vec()), 10, &[&all]);
                prop_assert_eq!(found, &alone[0]);
                let exact = |row: usize| -> f64 { vectors.row(row).iter().zip(queries.row(query)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
                let mut scores: Vec<f64> = (0..rows).map(exact).collect();
                scores.sort_by(|a, b| b.total_cmp(a));
                for (hit, best) in found.iter().zip(scores) {
                    prop_assert!((hit.score - best).abs() < 1e-4 && (exact(hit.row as usize) - best).abs() < 1e-4);
                }
                prop_assert_eq!(found.len(), rows.min(10));
            }
        }
    }

    #[test]
    fn hidden_rows_are_not_found_and_a_query_of_zeros_finds_nothing() {
        let flat = Flat::new(
            Matrix::new(2, vec![1.0, 0.0, 0.0, 1.0, 0.5, 0.5]),
            [0, 1, 2].into(),
        );
        let visible = Visible::rows(vec![false, true, true]);
        let found = flat.search(
            &Matrix::new(2, vec![1.0, 0.0, 0.0, 0.0]),
            10,
            &[&visible, &visible],
        );
        assert_eq!(
            found[0].iter().map(|hit| hit.row).collect::<Vec<_>>(),
            [2, 1]
        );
        assert_eq!(found[1], []);
    }
}
