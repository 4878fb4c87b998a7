//! Rows of `f32`: what crosses every seam between models and indexes.

use std::path::Path;

use anyhow::ensure;

/// A dense matrix, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    dim: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// A matrix of `values.len() / dim` rows.
    ///
    /// # Panics
    /// Where `values` is not whole rows.
    pub fn new(dim: usize, values: Vec<f32>) -> Self {
        assert!(
            if dim == 0 {
                values.is_empty()
            } else {
                values.len().is_multiple_of(dim)
            },
            "whole rows"
        );
        Self { dim, values }
    }

    /// Columns.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dim..(row + 1) * self.dim]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Adds a row.
    ///
    /// # Panics
    /// Where the row has another length than those before it.
    pub fn push(&mut self, row: &[f32]) {
        if self.values.is_empty() {
            self.dim = row.len();
        }
        assert_eq!(row.len(), self.dim, "rows of one length");
        self.values.extend_from_slice(row);
    }

    /// Scales a row to length 1 in place; a row of zeros stays as it is.
    pub fn normalise(row: &mut [f32]) {
        let norm = row
            .iter()
            .map(|value| f64::from(*value).powi(2))
            .sum::<f64>()
            .sqrt();
        if norm > 0.0 {
            for value in row {
                #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
                let scaled = (f64::from(*value) / norm) as f32;
                *value = scaled;
            }
        }
    }

    /// Writes the values as little-endian `f32`.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let bytes: Vec<u8> = self
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Ok(fs_err::write(path, bytes)?)
    }

    /// Reads what [`Self::save`] wrote.
    pub fn load(path: &Path, dim: usize) -> anyhow::Result<Self> {
        let bytes = fs_err::read(path)?;
        ensure!(
            dim > 0 && bytes.len().is_multiple_of(4 * dim),
            "`{}` is not whole rows of {dim} dimensions",
            path.display()
        );
        let values = bytes
            .chunks_exact(4)
            .map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
        Ok(Self {
            dim,
            values: values.collect(),
        })
    }
}
