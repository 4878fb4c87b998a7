//! What the kernels compute, composed of candle's own operations: for devices other than the CPU, and the oracle that
//! the kernels are tested against.

use candle_core::{D, Result, Tensor};

use super::kernels::{Activation, Attention, Disentangled};

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

/// Layer norm, with scale and shift in the rows of `affine`.
pub(super) fn norm(inputs: &Tensor, affine: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centred = inputs.broadcast_sub(&inputs.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    centred
        .broadcast_div(&deviation)?
        .broadcast_mul(&affine.get(0)?)?
        .broadcast_add(&affine.get(1)?)
}

/// Attention of each sequence to itself; see [`super::kernels::Attention`].
pub(super) fn attention(
    inputs: &Tensor,
    attention: &Attention<'_>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let dim = inputs.dim(1)? / 3 / attention.heads;
    attended(inputs, attention, |queries, keys| {
        let length = queries.dim(1)?;
        let mut scores = (queries.matmul(&keys.t()?)? / (dim as f64).sqrt())?;
        if let Some(bias) = bias {
            scores = (scores + by_distance(bias, length)?)?;
        }
        if let Some(reach) = attention.reach {
            let hidden = |(query, key): (usize, usize)| {
                if key.abs_diff(query) > reach {
                    f32::MIN
                } else {
                    0.0
                }
            };
            let hidden: Vec<f32> = pairs(length).map(hidden).collect();
            let hidden = Tensor::from_vec(hidden, (length, length), inputs.device())?;
            scores = scores.broadcast_add(&hidden)?;
        }
        Ok(scores)
    })
}

/// Attention by content and distance; see [`super::kernels::Disentangled`].
pub(super) fn disentangled(
    inputs: &Tensor,
    positions: &Tensor,
    operation: &Disentangled<'_>,
) -> Result<Tensor> {
    let (_, rows, hidden) = positions.dims3()?;
    let heads = operation.attention.heads;
    // `[heads, dim, rows]`
    let positions = |place: usize| {
        let split = positions
            .get(place)?
            .reshape((rows, heads, hidden / heads))?;
        split.permute((1, 2, 0))?.contiguous()
    };
    let reach = operation.by_distance.len() / 2;
    attended(inputs, &operation.attention, |queries, keys| {
        let length = queries.dim(1)?;
        let row = |(query, key): (usize, usize)| {
            operation.by_distance[(query + reach).saturating_sub(key).min(2 * reach)]
        };
        let places = |swapped: bool| {
            let pairs = pairs(length);
            let rows = pairs.map(|(a, b)| row(if swapped { (b, a) } else { (a, b) }));
            Tensor::from_vec(rows.collect(), (1, length, length), inputs.device())?
                .broadcast_as((heads, length, length))?
                .contiguous()
        };
        let mut scores = queries.matmul(&keys.t()?)?;
        if operation.has_keys {
            scores = (scores + queries.matmul(&positions(0)?)?.gather(&places(false)?, 2)?)?;
        }
        if operation.has_queries {
            let by_key = keys.matmul(&positions(1)?)?.gather(&places(true)?, 2)?;
            scores = (scores + by_key.t()?)?;
        }
        scores * f64::from(operation.scale)
    })
}

/// The mean of values by the softmax of what `scores` makes of queries and keys, each `[heads, tokens, dim]`.
fn attended(
    inputs: &Tensor,
    attention: &Attention<'_>,
    scores: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let heads = attention.heads;
    let dim = inputs.dim(1)? / 3 / heads;
    let mut start = 0;
    let mut outputs = Vec::with_capacity(attention.lengths.len());
    for length in attention.lengths {
        let parts = inputs
            .narrow(0, start, *length)?
            .reshape((*length, 3, heads, dim))?
            .permute((1, 2, 0, 3))?;
        let part = |place| parts.get(place)?.contiguous();
        let scores = scores(&part(0)?, &part(1)?)?;
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

/// Every query with every key.
fn pairs(length: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..length).flat_map(move |query| (0..length).map(move |key| (query, key)))
}

/// A table `[heads, 2 × reach + 1]` by distance spread over `[heads, query, key]`.
fn by_distance(bias: &Tensor, length: usize) -> Result<Tensor> {
    let (heads, width) = bias.dims2()?;
    let reach = width / 2;
    let place = |query: usize, key: usize| (key + reach).saturating_sub(query).min(2 * reach);
    let places: Vec<u32> = pairs(length)
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
    use crate::models::encoder::kernels::{AddNorm, Product, pack};

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
            let composed = norm(&(&left + &right).unwrap(), &affine, 1e-5).unwrap();
            assert_close(&fused, &composed, 1e-5);
            let fused = left.apply_op2_no_bwd(&affine, &AddNorm { epsilon: 1e-5 });
            let composed = norm(&left, &affine, 1e-5).unwrap();
            assert_close(&fused.unwrap(), &composed, 1e-5);
        }
    }

    #[test]
    fn the_attention_kernel_gives_what_candle_gives() {
        for (lengths, heads, dim) in [(&[1][..], 1, 1), (&[5, 1, 16, 17], 3, 7), (&[97, 2], 2, 32)]
        {
            let tokens = lengths.iter().sum();
            let inputs = tensor(&[tokens, 3 * heads * dim], 1);
            for reach in [None, Some(0), Some(3), Some(64)] {
                let operation = Attention {
                    lengths,
                    heads,
                    reach,
                };
                let fused = inputs.apply_op1_no_bwd(&operation).unwrap();
                let composed = attention(&inputs, &operation, None).unwrap();
                assert_close(&fused, &composed, 1e-5);
            }
            let operation = Attention {
                lengths,
                heads,
                reach: None,
            };
            let bias = tensor(&[heads, 2 * 20 + 1], 2);
            let fused = inputs.apply_op2_no_bwd(&bias, &operation).unwrap();
            let composed = attention(&inputs, &operation, Some(&bias)).unwrap();
            assert_close(&fused, &composed, 1e-5);
        }
    }

    #[test]
    fn attention_by_distance_gives_what_candle_gives() {
        for (lengths, heads, dim) in [(&[1][..], 1, 1), (&[5, 1, 16, 17], 3, 7), (&[97, 2], 2, 32)]
        {
            let inputs = tensor(&[lengths.iter().sum(), 3 * heads * dim], 1);
            let positions = tensor(&[2, 40, heads * dim], 2);
            // Near distances have a row each, farther ones share one.
            let by_distance: Vec<u32> = (-30..=30_i32)
                .map(|distance| u32::try_from(distance.clamp(-20, 19) + 20).unwrap())
                .collect();
            for (has_keys, has_queries) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let operation = Disentangled {
                    attention: Attention {
                        lengths,
                        heads,
                        reach: None,
                    },
                    by_distance: &by_distance,
                    scale: 0.2,
                    has_keys,
                    has_queries,
                };
                let fused = inputs.apply_op2_no_bwd(&positions, &operation).unwrap();
                let composed = disentangled(&inputs, &positions, &operation).unwrap();
                assert_close(&fused, &composed, 1e-5);
            }
        }
    }
}
