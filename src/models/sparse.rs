//! Sparse matrices, row by row, and their products with dense ones.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// How often each term occurs in each document: the columns of a document-term matrix.
#[derive(Debug, Default)]
pub struct TermCounts {
    /// The vocabulary, sorted.
    pub terms: Vec<String>,
    /// For each term where it occurs: `(document, count)`, documents ascending.
    pub postings: Vec<Vec<(u32, u32)>>,
    /// Number of documents, those without any term included.
    pub documents: usize,
}

/// A sparse matrix in compressed rows.
#[derive(Debug, Clone)]
pub(super) struct Csr {
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    width: usize,
}

impl Csr {
    /// From rows of `(column, value)`.
    pub(super) fn from_rows<R: IntoIterator<Item = (u32, f64)>>(
        rows: impl IntoIterator<Item = R>,
        width: usize,
    ) -> Self {
        let mut matrix = Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            width,
        };
        for row in rows {
            for (column, value) in row {
                matrix.columns.push(column);
                matrix.values.push(value);
            }
            matrix.starts.push(matrix.columns.len());
        }
        matrix
    }

    pub(super) fn height(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The entries of one row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> + Clone {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()]
            .iter()
            .copied()
            .zip(self.values[range].iter().copied())
    }

    /// Scales every row to length 1; a row of zeros stays as it is.
    pub(super) fn normalise_rows(&mut self) {
        for row in 0..self.height() {
            let entries = &mut self.values[self.starts[row]..self.starts[row + 1]];
            let norm = entries
                .iter()
                .map(|value| value * value)
                .sum::<f64>()
                .sqrt();
            if norm > 0.0 {
                entries.iter_mut().for_each(|value| *value /= norm);
            }
        }
    }

    /// The rows that `keep` names, in that order.
    pub(super) fn select(&self, keep: impl IntoIterator<Item = usize>) -> Self {
        Self::from_rows(keep.into_iter().map(|row| self.row(row)), self.width)
    }

    pub(super) fn transposed(&self) -> Self {
        let mut starts = vec![0; self.width + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for column in 0..self.width {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut columns = vec![0; self.columns.len()];
        let mut values = vec![0.0; self.values.len()];
        for row in 0..self.height() {
            for (column, value) in self.row(row) {
                let place = &mut next[column as usize];
                columns[*place] = u32::try_from(row).expect("rows are counted in u32");
                values[*place] = value;
                *place += 1;
            }
        }
        Self {
            starts,
            columns,
            values,
            width: self.height(),
        }
    }

    /// The product with a dense matrix of `dim` columns, both row after row, written over `product`.
    ///
    /// Each row is summed by one thread in the order of its entries, so the result is the same on any number of threads.
    pub(super) fn times(&self, dense: &[f64], dim: usize, product: &mut Vec<f64>) {
        assert_eq!(
            dense.len(),
            self.width * dim,
            "the dense matrix has one row a column"
        );
        product.resize(self.height() * dim, 0.0);
        let arch = Arch::new();
        product
            .par_chunks_mut(dim)
            .enumerate()
            .with_min_len(16)
            .for_each(|(row, sums)| {
                arch.dispatch(RowTimes {
                    entries: self.row(row),
                    dense,
                    sums,
                });
            });
    }
}

/// A sparse row times a dense matrix, whose rows are as long as `sums`.
///
/// A type and not a closure, because only what is always inlined into the dispatch is compiled for the machine's vectors.
struct RowTimes<'a, E> {
    entries: E,
    dense: &'a [f64],
    sums: &'a mut [f64],
}

impl<E: Iterator<Item = (u32, f64)>> WithSimd for RowTimes<'_, E> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "what a dispatch compiles for the machine's vectors has to be inlined into it"
    )]
    fn with_simd<S: Simd>(self, _: S) {
        let dim = self.sums.len();
        self.sums.fill(0.0);
        for (column, factor) in self.entries {
            let values = &self.dense[column as usize * dim..][..dim];
            for (sum, value) in self.sums.iter_mut().zip(values) {
                *sum += factor * value;
            }
        }
    }
}
