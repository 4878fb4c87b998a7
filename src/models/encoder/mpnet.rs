//! What `mpnet` adds to scores by distance.

use anyhow::Context as _;
use candle_core::{Device, Tensor};

use super::config::Config;
use super::weights::Weights;

/// The bias by distance of `mpnet`: distances share [`BUCKETS`] rows of a table, near ones a row each, farther ones by their
/// logarithm.
pub(super) fn distance_bias(config: &Config, weights: &Weights) -> anyhow::Result<Tensor> {
    let table = weights.get(
        "encoder.relative_attention_bias.weight",
        &[BUCKETS, config.heads],
    )?;
    let reach = i32::try_from(config.positions).context("positions that can be counted")?;
    let buckets: Vec<u32> = (-reach..=reach).map(bucket).collect();
    let width = buckets.len();
    let buckets = Tensor::from_vec(buckets, width, &Device::Cpu)?;
    Ok(table.index_select(&buckets, 0)?.t()?.contiguous()?)
}

/// Rows of that table: one half for keys before the query, one for those behind it.
const BUCKETS: usize = 32;

/// The row of a distance from query to key, computed in `f32` as the reference does.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number"
)]
fn bucket(distance: i32) -> u32 {
    const HALF: u32 = 16;
    const EXACT: u32 = 8;
    const FARTHEST: f32 = 128.0;
    let side = if distance > 0 { HALF } else { 0 };
    let far = distance.unsigned_abs();
    if far < EXACT {
        return side + far;
    }
    let steps = (far as f32 / EXACT as f32).ln() / (FARTHEST / EXACT as f32).ln();
    side + (EXACT + (steps * (HALF - EXACT) as f32) as u32).min(HALF - 1)
}
