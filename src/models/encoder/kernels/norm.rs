//! Residual sum and layer norm in one pass.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::tile::{COLUMNS, Lane};
use super::values;

/// Rows that one task normalises.
const BLOCK: usize = 64;

/// `norm(a + b)`, or `norm(a)`, over the rows of `[rows, hidden]`; the last tensor `[2, hidden]` holds scale and shift.
pub(in super::super) struct AddNorm {
    pub(in super::super) epsilon: f32,
}

impl CustomOp3 for AddNorm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        left: &CpuStorage,
        left_layout: &Layout,
        right: &CpuStorage,
        right_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let outputs = self.norm(
            values(left, left_layout)?,
            Some(values(right, right_layout)?),
            values(affine, affine_layout)?,
        );
        Ok((outputs, left_layout.shape().clone()))
    }
}

impl CustomOp2 for AddNorm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let outputs = self.norm(
            values(inputs, layout)?,
            None,
            values(affine, affine_layout)?,
        );
        Ok((outputs, layout.shape().clone()))
    }
}

impl AddNorm {
    fn norm(&self, left: &[f32], right: Option<&[f32]>, affine: &[f32]) -> CpuStorage {
        let hidden = affine.len() / 2;
        let (scale, shift) = affine.split_at(hidden);
        let arch = Arch::new();
        let mut outputs = left.to_vec();
        outputs
            .par_chunks_mut(BLOCK * hidden)
            .enumerate()
            .for_each(|(block, outputs)| {
                arch.dispatch(Block {
                    epsilon: self.epsilon,
                    scale,
                    shift,
                    right: right.map(|right| &right[block * BLOCK * hidden..][..outputs.len()]),
                    outputs,
                });
            });
        CpuStorage::F32(outputs)
    }
}

struct Block<'a> {
    epsilon: f32,
    scale: &'a [f32],
    shift: &'a [f32],
    /// What is added to the rows first.
    right: Option<&'a [f32]>,
    /// The rows, normalised in place.
    outputs: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn with_simd<S: Simd>(self, _: S) {
        let hidden = self.scale.len();
        for (row, output) in self.outputs.chunks_exact_mut(hidden).enumerate() {
            if let Some(right) = self.right {
                let right = &right[row * hidden..][..hidden];
                for (output, right) in output.iter_mut().zip(right) {
                    *output += right;
                }
            }
            let mean = sum(output, |value| value) / hidden as f32;
            let variance = sum(output, |value| (value - mean) * (value - mean)) / hidden as f32;
            let factor = 1.0 / (variance + self.epsilon).sqrt();
            for ((output, scale), shift) in output.iter_mut().zip(self.scale).zip(self.shift) {
                *output = ((*output - mean) * factor).mul_add(*scale, *shift);
            }
        }
    }
}

/// The sum of a function of each value, in sixteen partial sums: their number, and not the machine's vector width,
/// fixes the order.
#[inline(always)]
#[expect(clippy::inline_always, reason = "inlined into the dispatch")]
pub(super) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (lanes, rest) = values.as_chunks::<COLUMNS>();
    let mut sums: Lane = [0.0; COLUMNS];
    for lane in lanes {
        for (sum, value) in sums.iter_mut().zip(lane) {
            *sum += of(*value);
        }
    }
    let rest: f32 = rest.iter().map(|value| of(*value)).sum();
    total(&sums) + rest
}

/// Apart, because the compiler gives up vectors in the loop above where it sees the lanes added up in order.
#[inline(never)]
fn total(lanes: &Lane) -> f32 {
    lanes.iter().sum()
}
