//! Approximate dense search: a graph (HNSW) proposes rows, and [`Flat`] scores them.
//!
//! The write side is `build` (`hnsw_rs` makes the links), the read side an immutable image that is mapped from its file:
//! links, and the vectors in 8 bits a dimension. Nothing of `hnsw_rs` is in the file, and nothing of it runs in a search.
//! Among documents that differ less than those 8 bits tell, only a wider search (`ef`) finds the nearest.
//! Source: Malkov and Yashunin 2018.

mod build;
mod codes;
mod config;
mod error;
mod file;
mod graph;
mod walk;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

pub use config::{Breadth, HnswConfig};
use error::HnswError;
use file::Image;
use walk::Scratch;

use super::documents::Visible;
use super::flat::Flat;
use super::top::Hit;
use crate::models::Matrix;

/// From so many vectors on a graph is searched unless told otherwise. A query is faster from about 2,000 on (32,000
/// × 384: eight times at 99.5 % recall), but building the graph of so few pays off only after thousands of queries.
pub const GRAPH_PAYS_FROM: usize = 10_000;

/// A graph over the vectors of a [`Flat`].
pub struct Hnsw {
    flat: Arc<Flat>,
    image: Image,
    /// Memory of searches that are done.
    spare: Mutex<Vec<Scratch>>,
}

impl Hnsw {
    /// Builds the graph. Time grows a little faster than the rows.
    ///
    /// # Errors
    /// Where a vector holds a value that is not finite, or has a length that is neither 1 nor 0 to within 0.01.
    pub fn build(flat: Arc<Flat>, config: &HnswConfig) -> Result<Self, HnswError> {
        let built = build::build(flat.vectors(), config)?;
        Ok(Self {
            image: Image::new(&built, flat.vectors())?,
            flat,
            spare: Mutex::default(),
        })
    }

    /// Writes the graph to a file, without the vectors.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        self.image.save(path)
    }

    /// Opens what [`Self::save`] wrote, over the same vectors.
    ///
    /// # Errors
    /// [`HnswError::Damaged`] where the file is not what was written, or is of other vectors.
    pub fn open(path: &Path, flat: Arc<Flat>) -> anyhow::Result<Self> {
        Ok(Self {
            image: Image::open(path, flat.vectors().rows(), flat.dim())?,
            flat,
            spare: Mutex::default(),
        })
    }

    /// About the best `k` documents of each query, as [`Flat::search`] orders and scores them, among those visible to it.
    ///
    /// Where few rows are visible, or a walk meets too few that are, all visible rows are compared. `ef` is how many
    /// candidates a walk keeps: more find more and take longer; fewer than `k` are taken as `k`.
    ///
    /// # Errors
    /// Where the queries have another dimension than the index, or hold a value that is not finite.
    ///
    /// # Panics
    /// Where `visible` is of another number than the queries.
    pub fn search(
        &self,
        queries: &Matrix,
        k: usize,
        ef: Breadth,
        visible: &[&Visible],
    ) -> Result<Vec<Vec<Hit>>, HnswError> {
        assert_eq!(queries.rows(), visible.len(), "one caller a query");
        if queries.rows() > 0 && queries.dim() != self.flat.dim() {
            return Err(HnswError::QueryDimension {
                expected: self.flat.dim(),
                found: queries.dim(),
            });
        }
        for query in 0..queries.rows() {
            let not_finite = |value: &&f32| !value.is_finite();
            if let Some(&value) = queries.row(query).iter().find(not_finite) {
                return Err(HnswError::QueryNotFinite { query, value });
            }
        }
        let found = visible.par_iter().enumerate().map(|(query, visible)| {
            self.search_one(queries.row(query), k, ef.get().max(k), visible)
        });
        Ok(found.collect())
    }

    fn search_one(&self, query: &[f32], k: usize, ef: usize, visible: &Visible) -> Vec<Hit> {
        // As in the exact search: it is equally near to everything.
        if query.iter().all(|value| *value == 0.0) {
            return Vec::new();
        }
        let rows = self.flat.vectors().rows();
        let seen = visible.count(rows);
        let exact = || {
            let rows = 0..u32::try_from(rows).expect("rows are counted in u32");
            let seen = rows.filter(|row| visible.contains(*row));
            self.flat.best_of(query, seen, k)
        };
        // A walk has to pass by `rows / seen` nodes for each that it may keep.
        if seen.saturating_mul(seen) <= ef.saturating_mul(rows).saturating_mul(EXACT_PER_CANDIDATE)
        {
            return exact();
        }
        let (graph, codes) = self.image.parts();
        let rows_of = |node| {
            let rows = graph.rows(node).iter().copied();
            rows.filter(|row| visible.contains(*row))
        };
        let mut scratch = self.spare().pop().unwrap_or_default();
        let found = scratch
            .walk(&graph, &codes, query, ef, seen / 2, |node| {
                seen == rows || rows_of(node).next().is_some()
            })
            .map(|nodes| self.flat.best_of(query, nodes.flat_map(rows_of), k));
        self.spare().push(scratch);
        found.unwrap_or_else(exact)
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        // Whatever a search left behind, the next one does not depend on it.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows that are compared exactly in the time in which a walk keeps one more candidate, measured on 32,000 rows of 384
/// dimensions; where there is little between the two, the exact search is the better answer.
const EXACT_PER_CANDIDATE: usize = 8;

#[cfg(test)]
mod tests;
