//! Fused kernels for the CPU, as candle's custom operations.
//!
//! No number depends on the machine's vector width, on the number of threads or on the other rows of a batch.

mod attention;
mod math;
mod norm;
mod product;
mod relative;
mod tile;

use candle_core::{CpuStorage, Layout, Result, bail};

pub(super) use attention::Attention;
pub(super) use math::Activation;
pub(super) use norm::AddNorm;
pub(super) use product::{Product, pack};
pub(super) use relative::Disentangled;

/// The values of a tensor that lies in memory row after row.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a kernel was given a tensor that is not contiguous"),
    }
}
