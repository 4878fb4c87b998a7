//! What `DeBERTa` adds to scores: how well a query's or a key's content fits their distance.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::attention::{Added, Attention, Heads};
use super::tile::{self, COLUMNS, Lane, ROWS};
use super::values;

/// [`Attention`] whose scores are `(q·k + q·K[d] + k·Q[d]) × scale` (He et al. 2021, eq. 4): `K` and `Q` are keys and queries of distances,
/// and `d` is the row of the distance from key to query.
///
/// The second input `[2, rows, hidden]` holds `K` and `Q`.
pub(in super::super) struct Disentangled<'a> {
    pub(in super::super) attention: Attention<'a>,
    /// The row of each distance, from `-reach` to `reach`; those that are farther take the row at its end. None may be smaller than
    /// the one before.
    pub(in super::super) by_distance: &'a [u32],
    pub(in super::super) scale: f32,
    /// Whether `q·K[d]` counts.
    pub(in super::super) has_keys: bool,
    /// Whether `k·Q[d]` counts.
    pub(in super::super) has_queries: bool,
}

impl CustomOp2 for Disentangled<'_> {
    fn name(&self) -> &'static str {
        "disentangled-attention"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        layout: &Layout,
        positions: &CpuStorage,
        positions_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let positions = values(positions, positions_layout)?;
        let (keys, queries) = positions.split_at(positions.len() / 2);
        let added = Added::Relative(Positions {
            keys: self.has_keys.then_some(keys),
            queries: self.has_queries.then_some(queries),
            by_distance: self.by_distance,
        });
        self.attention
            .attend(values(inputs, layout)?, layout, added, self.scale)
    }
}

/// Keys and queries of distances, `[rows, hidden]` each.
#[derive(Clone, Copy)]
pub(super) struct Positions<'a> {
    keys: Option<&'a [f32]>,
    queries: Option<&'a [f32]>,
    by_distance: &'a [u32],
}

/// The part of [`Positions`] that one sequence needs.
pub(super) struct Relative<'a> {
    by_distance: &'a [u32],
    /// The first row that is needed.
    first: usize,
    /// Panels of sixteen rows from there on.
    panels: usize,
    /// The keys of these rows, by head `[panels, dim, 16 rows]`.
    keys: Option<Vec<Lane>>,
    /// Each key of the sequence with each query of these rows, by head `[tokens, 16 × panels]`.
    by_key: Option<Vec<f32>>,
}

impl<'a> Positions<'a> {
    /// For a sequence with these inputs `[tokens, 3 × hidden]`.
    pub(super) fn of(self, inputs: &[f32], shape: Heads, arch: Arch) -> Relative<'a> {
        let tokens = inputs.len() / 3 / shape.hidden();
        let mut relative = Relative {
            by_distance: self.by_distance,
            first: 0,
            panels: 0,
            keys: None,
            by_key: None,
        };
        let farthest = tokens.saturating_sub(1);
        let (first, last) = (relative.row(0, farthest), relative.row(farthest, 0));
        relative.first = first;
        relative.panels = (last + 1 - first).div_ceil(COLUMNS);
        let needed = |table: &[f32]| {
            let rows = &table[first * shape.hidden()..(last + 1) * shape.hidden()];
            shape.pack(rows, shape.hidden(), 0)
        };
        relative.keys = self.keys.map(needed);
        relative.by_key = self.queries.map(needed).map(|queries| {
            let stride = relative.panels * COLUMNS;
            let mut products = vec![0.0; shape.heads * tokens * stride];
            products
                .par_chunks_mut(tokens * stride)
                .enumerate()
                .for_each(|(head, products)| {
                    arch.dispatch(ByKey {
                        shape,
                        head,
                        inputs,
                        queries: &queries[head * relative.panels * shape.dim..]
                            [..relative.panels * shape.dim],
                        products,
                    });
                });
            products
        });
        relative
    }
}

impl Relative<'_> {
    /// The row of the distance from a key to a query.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn row(&self, query: usize, key: usize) -> usize {
        let reach = self.by_distance.len() / 2;
        let place = (query + reach).saturating_sub(key).min(2 * reach);
        self.by_distance[place] as usize
    }

    /// Adds to the scores of six queries, of which the first stands at `first` in the sequence, `stride` scores apart.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    pub(super) fn add(
        &self,
        scores: &mut [f32],
        stride: usize,
        queries: [&[f32]; ROWS],
        (head, first, tokens): (usize, usize, usize),
    ) {
        let dim = queries[0].len();
        let width = self.panels * COLUMNS;
        let mut by_query = vec![0.0; if self.keys.is_some() { ROWS * width } else { 0 }];
        if let Some(keys) = &self.keys {
            let keys = &keys[head * self.panels * dim..][..self.panels * dim];
            for (panel, keys) in keys.chunks_exact(dim).enumerate() {
                let sums = tile::multiply(queries, keys, [[0.0; COLUMNS]; ROWS]);
                for (place, sums) in sums.iter().enumerate() {
                    by_query[place * width + panel * COLUMNS..][..COLUMNS].copy_from_slice(sums);
                }
            }
        }
        let by_key = self
            .by_key
            .as_ref()
            .map(|by_key| &by_key[head * tokens * width..][..tokens * width]);
        for place in 0..ROWS.min(tokens - first) {
            let scores = &mut scores[place * stride..][..tokens];
            for (key, score) in scores.iter_mut().enumerate() {
                let row = self.row(first + place, key) - self.first;
                if self.keys.is_some() {
                    *score += by_query[place * width + row];
                }
                if let Some(by_key) = by_key {
                    *score += by_key[key * width + row];
                }
            }
        }
    }
}

/// The keys of one head, each with all queries of distances.
struct ByKey<'a> {
    shape: Heads,
    head: usize,
    inputs: &'a [f32],
    queries: &'a [Lane],
    products: &'a mut [f32],
}

impl WithSimd for ByKey<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn with_simd<S: Simd>(self, _: S) {
        let dim = self.shape.dim;
        let hidden = self.shape.hidden();
        let tokens = self.inputs.len() / 3 / hidden;
        let width = self.queries.len() / dim * COLUMNS;
        for row in (0..tokens).step_by(ROWS) {
            let start = row * 3 * hidden + hidden + self.head * dim;
            let keys = tile::rows(&self.inputs[start..], 3 * hidden, dim, tokens - row);
            for (panel, queries) in self.queries.chunks_exact(dim).enumerate() {
                let sums = tile::multiply(keys, queries, [[0.0; COLUMNS]; ROWS]);
                for (place, sums) in sums.iter().enumerate().take(tokens - row) {
                    let start = (row + place) * width + panel * COLUMNS;
                    self.products[start..start + COLUMNS].copy_from_slice(sums);
                }
            }
        }
    }
}
