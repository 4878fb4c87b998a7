//! Linear maps: `activation(x Wᵀ + b)` in one pass over the output.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::math::Activation;
use super::tile::{self, COLUMNS, Lane, ROWS};
use super::values;

/// Rows that one task computes: their inputs stay in the second-level cache while all weights pass by.
const BLOCK: usize = 8 * ROWS;

/// Lays weights `[out, in]` and a bias `[out]` out as the kernel reads them, `[panels, 1 + in, 16]`: sixteen outputs
/// side by side, the bias as the first step.
pub(in super::super) fn pack(weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (width, depth) = weight.dims2()?;
    let panels = width.div_ceil(COLUMNS);
    Tensor::cat(&[&bias.unsqueeze(1)?, weight], 1)?
        .pad_with_zeros(0, 0, panels * COLUMNS - width)?
        .reshape((panels, COLUMNS, 1 + depth))?
        .transpose(1, 2)?
        .contiguous()
}

/// A linear map of the rows of `[rows, in]` by packed weights.
pub(in super::super) struct Product {
    /// Outputs; the last panel may hold more columns than are wanted.
    pub(in super::super) width: usize,
    pub(in super::super) activation: Activation,
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, depth) = inputs_layout.shape().dims2()?;
        let inputs = values(inputs, inputs_layout)?;
        let (weights, _) = values(weights, weights_layout)?.as_chunks();
        let block = rows
            .div_ceil(rayon::current_num_threads())
            .next_multiple_of(ROWS)
            .min(BLOCK);
        let arch = Arch::new();
        let mut outputs = vec![0.0; rows * self.width];
        outputs
            .par_chunks_mut(block * self.width)
            .zip(inputs.par_chunks(block * depth))
            .for_each(|(outputs, inputs)| {
                arch.dispatch(Block {
                    product: self,
                    depth,
                    inputs,
                    weights,
                    outputs,
                });
            });
        Ok((CpuStorage::F32(outputs), (rows, self.width).into()))
    }
}

struct Block<'a> {
    product: &'a Product,
    depth: usize,
    inputs: &'a [f32],
    weights: &'a [Lane],
    outputs: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn with_simd<S: Simd>(self, _: S) {
        let Product { width, activation } = *self.product;
        let count = self.inputs.len() / self.depth;
        for (panel, weights) in self.weights.chunks_exact(1 + self.depth).enumerate() {
            let (bias, weights) = (weights[0], &weights[1..]);
            let columns = (width - panel * COLUMNS).min(COLUMNS);
            for row in (0..count).step_by(ROWS) {
                let left = tile::rows(
                    &self.inputs[row * self.depth..],
                    self.depth,
                    self.depth,
                    count - row,
                );
                let mut sums = tile::multiply(left, weights, [bias; ROWS]);
                for (place, sums) in sums.iter_mut().enumerate().take(count - row) {
                    activation.apply(sums);
                    let start = (row + place) * width + panel * COLUMNS;
                    self.outputs[start..start + columns].copy_from_slice(&sums[..columns]);
                }
            }
        }
    }
}
