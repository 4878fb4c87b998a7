//! What the kernels compute, composed of candle's own operations: for devices other than the CPU, and the oracle that
//! the kernels are tested against.

use candle_core::{D, Result, Tensor};

use super::kernels::Activation;

/// `activation(x Wᵀ + b)`.
pub(super) fn linear(
    inputs: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    let outputs = inputs.matmul(&weight.t()?)?.broadcast_add(bias)?;
    match activation {
        Activation::Identity => Ok(outputs),
        Activation::Gelu => outputs.gelu_erf(),
        Activation::GeluTanh => outputs.gelu(),
        Activation::Relu => outputs.relu(),
        Activation::Tanh => outputs.tanh(),
    }
}

/// `norm(a + b)`, with scale and shift in the rows of `affine`.
pub(super) fn add_norm(
    left: &Tensor,
    right: &Tensor,
    affine: &Tensor,
    epsilon: f64,
) -> Result<Tensor> {
    let sum = (left + right)?;
    let centred = sum.broadcast_sub(&sum.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    centred
        .broadcast_div(&deviation)?
        .broadcast_mul(&affine.get(0)?)?
        .broadcast_add(&affine.get(1)?)
}

/// Attention of each sequence to itself; see [`super::kernels::Attention`].
pub(super) fn attention(
    inputs: &Tensor,
    lengths: &[usize],
    heads: usize,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let dim = inputs.dim(1)? / 3 / heads;
    let mut start = 0;
    let mut outputs = Vec::with_capacity(lengths.len());
    for length in lengths {
        let parts = inputs
            .narrow(0, start, *length)?
            .reshape((*length, 3, heads, dim))?
            .permute((1, 2, 0, 3))?;
        let part = |place| parts.get(place)?.contiguous();
        let scores = part(0)?.matmul(&part(1)?.t()?)?;
        let mut scores = (scores / (dim as f64).sqrt())?;
        if let Some(bias) = bias {
            scores = (scores + by_distance(bias, *length)?)?;
        }
        let weights = scores
            .broadcast_sub(&scores.max_keepdim(D::Minus1)?)?
            .exp()?;
        let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
        let output = weights.matmul(&part(2)?)?;
        outputs.push(output.transpose(0, 1)?.reshape((*length, heads * dim))?);
        start += length;
    }
    Tensor::cat(&outputs, 0)
}

/// A table `[heads, 2 × reach + 1]` by distance spread over `[heads, query, key]`.
fn by_distance(bias: &Tensor, length: usize) -> Result<Tensor> {
    let (heads, width) = bias.dims2()?;
    let reach = width / 2;
    let place = |query: usize, key: usize| (key + reach).saturating_sub(query).min(2 * reach);
    let places: Vec<u32> = (0..length)
        .flat_map(|query| (0..length).map(move |key| (query, key)))
        .map(|(query, key)| u32::try_from(place(query, key)).unwrap_or(u32::MAX))
        .collect();
    let places = Tensor::from_vec(places, length * length, bias.device())?;
    bias.index_select(&places, 1)?
        .reshape((heads, length, length))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::models::encoder::kernels::{AddNorm, Attention, Product, pack};

    fn tensor(shape: &[usize], seed: u32) -> Tensor {
        let value = |place: usize| {
            let place = u32::try_from(place).unwrap();
            (place.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0
        };
        let count = shape.iter().product();
        Tensor::from_vec((0..count).map(value).collect(), shape, &Device::Cpu).unwrap()
    }

    fn assert_close(left: &Tensor, right: &Tensor, tolerance: f32) {
        assert_eq!(left.dims(), right.dims());
        let difference = (left - right).unwrap().abs().unwrap();
        let worst = difference.flatten_all().unwrap().max(0).unwrap();
        let worst = worst.to_scalar::<f32>().unwrap();
        assert!(worst < tolerance, "differ by {worst}");
    }

    #[test]
    fn the_product_kernel_gives_what_candle_gives() {
        let activations = [
            Activation::Identity,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Relu,
            Activation::Tanh,
        ];
        for (rows, depth, width) in [(1, 1, 1), (5, 7, 16), (6, 32, 17), (131, 40, 50)] {
            let inputs = tensor(&[rows, depth], 1);
            let (weight, bias) = (tensor(&[width, depth], 2), tensor(&[width], 3));
            let packed = pack(&weight, &bias).unwrap();
            for activation in activations {
                let product = Product { width, activation };
                let fused = inputs.apply_op2_no_bwd(&packed, &product).unwrap();
                let composed = linear(&inputs, &weight, &bias, activation).unwrap();
                assert_close(&fused, &composed, 1e-4);
            }
        }
    }

    #[test]
    fn the_norm_kernel_gives_what_candle_gives() {
        for (rows, hidden) in [(1, 3), (70, 16), (200, 37)] {
            let (left, right) = (tensor(&[rows, hidden], 1), tensor(&[rows, hidden], 2));
            let affine = tensor(&[2, hidden], 3);
            let fused = left
                .apply_op3_no_bwd(&right, &affine, &AddNorm { epsilon: 1e-5 })
                .unwrap();
            let composed = add_norm(&left, &right, &affine, 1e-5).unwrap();
            assert_close(&fused, &composed, 1e-5);
        }
    }

    #[test]
    fn the_attention_kernel_gives_what_candle_gives() {
        for (lengths, heads, dim) in [(&[1][..], 1, 1), (&[5, 1, 16, 17], 3, 7), (&[97, 2], 2, 32)]
        {
            let tokens = lengths.iter().sum();
            let inputs = tensor(&[tokens, 3 * heads * dim], 1);
            let operation = Attention { lengths, heads };
            let fused = inputs.apply_op1_no_bwd(&operation).unwrap();
            let composed = attention(&inputs, lengths, heads, None).unwrap();
            assert_close(&fused, &composed, 1e-5);
            let bias = tensor(&[heads, 2 * 20 + 1], 2);
            let fused = inputs.apply_op2_no_bwd(&bias, &operation).unwrap();
            let composed = super::attention(&inputs, lengths, heads, Some(&bias)).unwrap();
            assert_close(&fused, &composed, 1e-5);
        }
    }
}
