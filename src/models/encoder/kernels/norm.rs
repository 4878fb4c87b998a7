//! Residual sum and layer norm in one pass.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::tile::{COLUMNS, Lane};
use super::values;

/// Rows that one task normalises.
const BLOCK: usize = 64;

/// `norm(a + b)` over the rows of `[rows, hidden]`; the third tensor `[2, hidden]` holds scale and shift.
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
        let (_, hidden) = left_layout.shape().dims2()?;
        let left = values(left, left_layout)?;
        let right = values(right, right_layout)?;
        let (scale, shift) = values(affine, affine_layout)?.split_at(hidden);
        let arch = Arch::new();
        let mut outputs = vec![0.0; left.len()];
        outputs
            .par_chunks_mut(BLOCK * hidden)
            .zip(left.par_chunks(BLOCK * hidden))
            .zip(right.par_chunks(BLOCK * hidden))
            .for_each(|((outputs, left), right)| {
                arch.dispatch(Block {
                    epsilon: self.epsilon,
                    scale,
                    shift,
                    left,
                    right,
                    outputs,
                });
            });
        Ok((CpuStorage::F32(outputs), left_layout.shape().clone()))
    }
}

struct Block<'a> {
    epsilon: f32,
    scale: &'a [f32],
    shift: &'a [f32],
    left: &'a [f32],
    right: &'a [f32],
    outputs: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "inlined into the dispatch")]
    fn with_simd<S: Simd>(self, _: S) {
        let hidden = self.scale.len();
        let rows = self
            .outputs
            .chunks_exact_mut(hidden)
            .zip(self.left.chunks_exact(hidden))
            .zip(self.right.chunks_exact(hidden));
        for ((output, left), right) in rows {
            for ((output, left), right) in output.iter_mut().zip(left).zip(right) {
                *output = left + right;
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
