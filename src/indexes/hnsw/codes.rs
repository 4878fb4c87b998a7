//! Vectors in 8 bits a dimension: what a walk through the graph compares.
//!
//! A quarter of the memory to fetch, and sums of whole numbers, which are equal on every machine in any order. Only which
//! rows are looked at depends on them: a hit is scored from its vector.
#![expect(
    clippy::inline_always,
    reason = "what a dispatch compiles for the machine's vectors has to be inlined into it"
)]

use super::error::Fault;
use crate::models::Matrix;

/// A code's length is a multiple of this, so that its product needs no remainder.
const LANES: usize = 32;
/// Bytes that memory hands over at once.
const CACHE_LINE: usize = 64;
/// The largest code.
const LARGEST: f32 = 127.0;

/// Bytes of one code.
pub(super) fn width(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

/// The worth of one step in each dimension: its largest value is [`LARGEST`] steps.
pub(super) fn scales(vectors: &Matrix) -> Vec<f32> {
    let mut scales = vec![0.0_f32; vectors.dim()];
    for row in 0..vectors.rows() {
        for (scale, value) in scales.iter_mut().zip(vectors.row(row)) {
            *scale = scale.max(value.abs() / LARGEST);
        }
    }
    scales
}

/// Writes the code of a vector.
pub(super) fn encode(vector: &[f32], scales: &[f32], code: &mut [i8]) {
    for ((code, value), scale) in code.iter_mut().zip(vector).zip(scales) {
        // A dimension without any value has scale 0; casting turns its `0 / 0` into 0, and keeps all in range.
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 steps")]
        let steps = (value / scale).round() as i8;
        *code = steps;
    }
}

/// The codes of all nodes.
#[derive(Clone, Copy)]
pub(super) struct Codes<'w> {
    width: usize,
    all: &'w [i8],
    scales: &'w [f32],
}

impl<'w> Codes<'w> {
    pub(super) fn new(all: &'w [i8], scales: &'w [f32]) -> Self {
        Self {
            width: width(scales.len()),
            all,
            scales,
        }
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        let all = self.scales.iter().all(|scale| scale.is_finite());
        if all { Ok(()) } else { Err(Fault::Scale) }
    }

    /// The query in 16 bits a dimension, scaled so that a product with a code is proportional to that of the vectors
    /// and fits 32 bits.
    pub(super) fn query(&self, query: &[f32], steps: &mut Vec<i16>) {
        let weighted = || {
            query
                .iter()
                .zip(self.scales)
                .map(|(value, scale)| f64::from(*value) * f64::from(*scale))
        };
        let (largest, sum) = weighted().fold((0.0_f64, 0.0), |(largest, sum), value| {
            (largest.max(value.abs()), sum + value.abs())
        });
        // No product of ours has a code beyond 127; a file made up by another may say -128. Half a step a dimension may
        // be lost to rounding up.
        let room = f64::from(i32::MAX) / 128.0 - self.width as f64;
        let factor = (f64::from(i16::MAX) / largest).min(room / sum);
        steps.clear();
        #[expect(clippy::cast_possible_truncation, reason = "at most i16::MAX steps")]
        steps.extend(weighted().map(|value| (value * factor).round() as i16));
        steps.resize(self.width, 0);
    }

    /// Some value that depends on each cache line of a node's code: asking for it has the machine fetch the code.
    #[inline(always)]
    pub(super) fn touch(&self, node: u32) -> i8 {
        let start = node as usize * self.width;
        let code = &self.all[start..start + self.width];
        code.iter()
            .step_by(CACHE_LINE)
            .fold(0, |all, value| all ^ value)
    }

    /// How near each of these nodes is to the query: more is nearer.
    #[inline(always)]
    pub(super) fn nearness<const N: usize>(&self, query: &[i16], nodes: [u32; N]) -> [i32; N] {
        let mut sums = [0; N];
        for (sum, node) in sums.iter_mut().zip(nodes) {
            let start = node as usize * self.width;
            let code = &self.all[start..start + self.width];
            for (step, code) in query.iter().zip(code) {
                *sum += i32::from(*step) * i32::from(*code);
            }
        }
        sums
    }
}
