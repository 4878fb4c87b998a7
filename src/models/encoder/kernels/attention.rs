//! Attention over packed sequences: scores, softmax and the weighted mean, six queries at a time.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::math::exp;
use super::norm::sum;
use super::relative::{Positions, Relative};
use super::tile::{self, COLUMNS, Lane, ROWS};
use super::values;

/// Queries that one task answers.
const BLOCK: usize = 8 * ROWS;

/// Each token attends to all tokens of its own sequence.
///
/// Input `[tokens, 3 × hidden]`: query, key and value side by side, the sequences one behind the other. Output
/// `[tokens, hidden]`. As a second input it takes a table `[heads, 2 × reach + 1]` of what to add to a score by the
/// distance from query to key, from one end of the table to the other; farther tokens take the value at its end.
pub(in super::super) struct Attention<'a> {
    /// Tokens of each sequence.
    pub(in super::super) lengths: &'a [usize],
    pub(in super::super) heads: usize,
    /// The farthest token before or behind it that a token attends to, where that is not every one.
    pub(in super::super) reach: Option<usize>,
}

/// What is added to scores.
#[derive(Clone, Copy)]
pub(super) enum Added<'a> {
    Nothing,
    /// By distance, a table for each head.
    Bias(&'a [f32]),
    /// By content and distance.
    Relative(Positions<'a>),
}

impl<'a> Added<'a> {
    /// The part that one sequence needs.
    fn of(self, inputs: &[f32], shape: Heads, arch: Arch) -> AddedTo<'a> {
        match self {
            Self::Nothing => AddedTo::Nothing,
            Self::Bias(bias) => AddedTo::Bias(bias),
            Self::Relative(positions) => AddedTo::Relative(positions.of(inputs, shape, arch)),
        }
    }
}

/// What is added to the scores of one sequence.
enum AddedTo<'a> {
    Nothing,
    Bias(&'a [f32]),
    Relative(Relative<'a>),
}

impl CustomOp1 for Attention<'_> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, inputs: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let inputs = values(inputs, layout)?;
        self.attend(inputs, layout, Added::Nothing, self.scale(layout)?)
    }
}

impl CustomOp2 for Attention<'_> {
    fn name(&self) -> &'static str {
        "biased-attention"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let added = Added::Bias(values(bias, bias_layout)?);
        let inputs = values(inputs, layout)?;
        self.attend(inputs, layout, added, self.scale(layout)?)
    }
}

impl Attention<'_> {
    fn scale(&self, layout: &Layout) -> Result<f32> {
        let (_, width) = layout.shape().dims2()?;
        Ok(1.0 / ((width / 3 / self.heads) as f32).sqrt())
    }

    /// Attends with what is added to the products of queries and keys, before they are scaled where it comes from content, behind that where it
    /// is a bias.
    pub(super) fn attend(
        &self,
        inputs: &[f32],
        layout: &Layout,
        added: Added<'_>,
        scale: f32,
    ) -> Result<(CpuStorage, Shape)> {
        let (tokens, width) = layout.shape().dims2()?;
        let shape = Heads {
            heads: self.heads,
            dim: width / 3 / self.heads,
        };
        let hidden = width / 3;
        let mut outputs = vec![0.0; tokens * hidden];

        let mut sequences = Vec::with_capacity(self.lengths.len());
        let (mut inputs, mut rest) = (inputs, outputs.as_mut_slice());
        for length in self.lengths {
            let (input, inputs_left) = inputs.split_at(length * width);
            let (output, outputs_left) = rest.split_at_mut(length * hidden);
            sequences.push((input, output));
            (inputs, rest) = (inputs_left, outputs_left);
        }
        let arch = Arch::new();
        sequences.into_par_iter().for_each(|(input, output)| {
            let keys = shape.pack_keys(input);
            let values = shape.pack_values(input);
            let added = added.of(input, shape, arch);
            output
                .par_chunks_mut(BLOCK * hidden)
                .enumerate()
                .for_each(|(block, output)| {
                    arch.dispatch(Block {
                        shape,
                        first: block * BLOCK,
                        inputs: input,
                        keys: &keys,
                        values: &values,
                        added: &added,
                        scale,
                        reach: self.reach,
                        output,
                    });
                });
        });
        Ok((CpuStorage::F32(outputs), (tokens, hidden).into()))
    }
}

#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) heads: usize,
    pub(super) dim: usize,
}

impl Heads {
    pub(super) fn hidden(self) -> usize {
        self.heads * self.dim
    }

    /// The keys of a sequence, by head `[panels of tokens, dim, 16 tokens]`.
    fn pack_keys(self, inputs: &[f32]) -> Vec<Lane> {
        self.pack(inputs, 3 * self.hidden(), self.hidden())
    }

    /// Vectors `[hidden]` that start at `offset` of every `stride` values, by head `[panels of vectors, dim, 16 vectors]`.
    pub(super) fn pack(self, inputs: &[f32], stride: usize, offset: usize) -> Vec<Lane> {
        let panels = (inputs.len() / stride).div_ceil(COLUMNS);
        let mut packed = vec![[0.0; COLUMNS]; self.heads * panels * self.dim];
        for (place, row) in inputs.chunks_exact(stride).enumerate() {
            let vectors = row[offset..offset + self.hidden()].chunks_exact(self.dim);
            for (head, vector) in vectors.enumerate() {
                let panel = (head * panels + place / COLUMNS) * self.dim;
                for (lane, value) in packed[panel..panel + self.dim].iter_mut().zip(vector) {
                    lane[place % COLUMNS] = *value;
                }
            }
        }
        packed
    }

    /// The values of a sequence, by head `[panels of dimensions, tokens, 16 dimensions]`.
    fn pack_values(self, inputs: &[f32]) -> Vec<Lane> {
        let tokens = inputs.len() / 3 / self.hidden();
        let panels = self.dim.div_ceil(COLUMNS);
        let mut packed = vec![[0.0; COLUMNS]; self.heads * panels * tokens];
        for (token, row) in inputs.chunks_exact(3 * self.hidden()).enumerate() {
            let values = row[2 * self.hidden()..].chunks_exact(self.dim);
            for (head, value) in values.enumerate() {
                for (panel, part) in value.chunks(COLUMNS).enumerate() {
                    let place = (head * panels + panel) * tokens + token;
                    packed[place][..part.len()].copy_from_slice(part);
                }
            }
        }
        packed
    }
}

/// Some queries of one sequence, with all its keys and values.
struct Block<'a> {
    shape: Heads,
    /// The first query's place in the sequence.
    first: usize,
    inputs: &'a [f32],
    keys: &'a [Lane],
    values: &'a [Lane],
    added: &'a AddedTo<'a>,
    scale: f32,
    reach: Option<usize>,
    output: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn with_simd<S: Simd>(self, _: S) {
        let Heads { heads, dim } = self.shape;
        let hidden = self.shape.hidden();
        let tokens = self.inputs.len() / 3 / hidden;
        let key_panels = tokens.div_ceil(COLUMNS);
        let value_panels = dim.div_ceil(COLUMNS);
        let count = self.output.len() / hidden;
        let stride = key_panels * COLUMNS;
        let mut scores = vec![0.0_f32; ROWS * stride];
        for head in 0..heads {
            let keys = &self.keys[head * key_panels * dim..][..key_panels * dim];
            let values = &self.values[head * value_panels * tokens..][..value_panels * tokens];
            for row in (0..count).step_by(ROWS) {
                let first = self.first + row;
                let (from, to) = self.seen(first, tokens);
                let start = first * 3 * hidden + head * dim;
                let queries = tile::rows(&self.inputs[start..], 3 * hidden, dim, count - row);
                for panel in from / COLUMNS..to.div_ceil(COLUMNS) {
                    let keys = &keys[panel * dim..][..dim];
                    let sums = tile::multiply(queries, keys, [[0.0; COLUMNS]; ROWS]);
                    for (place, sums) in sums.iter().enumerate() {
                        scores[place * stride + panel * COLUMNS..][..COLUMNS].copy_from_slice(sums);
                    }
                }
                if let AddedTo::Relative(relative) = self.added {
                    relative.add(&mut scores, stride, queries, (head, first, tokens));
                }
                let mut factors = [0.0; ROWS];
                for (place, factor) in factors.iter_mut().enumerate().take(count - row) {
                    let scores = &mut scores[place * stride + from..][..to - from];
                    scores.iter_mut().for_each(|score| *score *= self.scale);
                    if let AddedTo::Bias(bias) = self.added {
                        let bias = &bias[head * (bias.len() / heads)..][..bias.len() / heads];
                        add_bias(scores, bias, first + place);
                    }
                    if let Some(reach) = self.reach {
                        hide(scores, from, first + place, reach);
                    }
                    *factor = 1.0 / exponentials(scores);
                }
                let weights = tile::rows(&scores[from..], stride, to - from, ROWS);
                for (panel, values) in values.chunks_exact(tokens).enumerate() {
                    let values = &values[from..to];
                    let sums = tile::multiply(weights, values, [[0.0; COLUMNS]; ROWS]);
                    let columns = (dim - panel * COLUMNS).min(COLUMNS);
                    for place in 0..ROWS.min(count - row) {
                        let start = (row + place) * hidden + head * dim + panel * COLUMNS;
                        let output = &mut self.output[start..start + columns];
                        for (output, sum) in output.iter_mut().zip(&sums[place]) {
                            *output = sum * factors[place];
                        }
                    }
                }
            }
        }
    }
}

impl Block<'_> {
    /// The keys that six queries see, of which the first stands here: the first key, and the one behind the last.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn seen(&self, first: usize, tokens: usize) -> (usize, usize) {
        match self.reach {
            None => (0, tokens),
            Some(reach) => (
                first.saturating_sub(reach),
                (first + ROWS).saturating_add(reach).min(tokens),
            ),
        }
    }
}

/// Takes the keys that are farther from a query than it sees out of its scores, which start at the key `from`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "inlined into the dispatch")]
fn hide(scores: &mut [f32], from: usize, query: usize, reach: usize) {
    for (key, score) in (from..).zip(scores) {
        if key.abs_diff(query) > reach {
            *score = f32::MIN;
        }
    }
}

/// Replaces scores by the exponentials of their distance to the highest, and sums these.
#[inline(always)]
#[expect(clippy::inline_always, reason = "inlined into the dispatch")]
fn exponentials(scores: &mut [f32]) -> f32 {
    let (lanes, rest) = scores.as_chunks::<COLUMNS>();
    let mut highest: Lane = [f32::MIN; COLUMNS];
    for lane in lanes {
        for (highest, score) in highest.iter_mut().zip(lane) {
            *highest = if *score > *highest { *score } else { *highest };
        }
    }
    let highest = highest.iter().chain(rest).copied().fold(f32::MIN, f32::max);
    for score in scores.iter_mut() {
        *score = exp(*score - highest);
    }
    sum(scores, |score| score)
}

/// Adds what one query at this place adds to its scores.
#[inline(always)]
#[expect(clippy::inline_always, reason = "inlined into the dispatch")]
fn add_bias(scores: &mut [f32], bias: &[f32], query: usize) {
    let reach = bias.len() / 2;
    for (key, score) in scores.iter_mut().enumerate() {
        *score += bias[(key + reach).saturating_sub(query).min(2 * reach)];
    }
}
