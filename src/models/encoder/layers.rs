//! The transformer, over candle's tensors: embeddings and layers of attention and feed-forward.
//!
//! Sequences are packed one behind the other into one matrix of tokens, never padded.

use anyhow::Context as _;
use candle_core::{Device, Result, Tensor};

use super::composed;
use super::config::{Config, Family};
use super::kernels::{Activation, AddNorm, Attention, Product, pack};
use super::tokens::Sequence;
use super::weights::Weights;

/// Where a family keeps the parts of a layer.
struct Names {
    layers: &'static str,
    attention: [&'static str; 3],
    attended: &'static str,
    attended_norm: &'static str,
    inner: &'static str,
    outer: &'static str,
    outer_norm: &'static str,
}

const BERT: Names = Names {
    layers: "encoder.layer",
    attention: [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    ],
    attended: "attention.output.dense",
    attended_norm: "attention.output.LayerNorm",
    inner: "intermediate.dense",
    outer: "output.dense",
    outer_norm: "output.LayerNorm",
};

const DISTILBERT: Names = Names {
    layers: "transformer.layer",
    attention: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    attended: "attention.out_lin",
    attended_norm: "sa_layer_norm",
    inner: "ffn.lin1",
    outer: "ffn.lin2",
    outer_norm: "output_layer_norm",
};

const MPNET: Names = Names {
    attention: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attended: "attention.attn.o",
    attended_norm: "attention.LayerNorm",
    ..BERT
};

/// A linear map, and what follows it.
pub(super) struct Linear {
    /// Packed for the kernel on the CPU, `[out, in]` elsewhere.
    weight: Tensor,
    bias: Tensor,
    activation: Activation,
}

impl Linear {
    /// The map by weights `[out, in]` and a bias `[out]`.
    pub(super) fn new(
        weight: &Tensor,
        bias: &Tensor,
        activation: Activation,
        device: &Device,
    ) -> Result<Self> {
        let weight = if device.is_cpu() {
            pack(weight, bias)?
        } else {
            weight.to_device(device)?
        };
        Ok(Self {
            weight,
            bias: bias.to_device(device)?,
            activation,
        })
    }

    /// From `[rows, in]` to `[rows, out]`.
    pub(super) fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        if inputs.device().is_cpu() {
            let product = Product {
                width: self.bias.elem_count(),
                activation: self.activation,
            };
            inputs.apply_op2_no_bwd(&self.weight, &product)
        } else {
            composed::linear(inputs, &self.weight, &self.bias, self.activation)
        }
    }
}

/// Residual sum and layer norm.
struct Norm {
    /// Scale and shift.
    affine: Tensor,
    epsilon: f64,
}

impl Norm {
    fn forward(&self, left: &Tensor, right: &Tensor) -> Result<Tensor> {
        if left.device().is_cpu() {
            #[expect(clippy::cast_possible_truncation, reason = "added to values in f32")]
            let epsilon = self.epsilon as f32;
            left.apply_op3_no_bwd(right, &self.affine, &AddNorm { epsilon })
        } else {
            composed::add_norm(left, right, &self.affine, self.epsilon)
        }
    }
}

struct Layer {
    attention: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

/// An encoder of the BERT family.
pub(super) struct Transformer {
    config: Config,
    device: Device,
    words: Tensor,
    /// The sum of a position's and a type's vector: all positions of the first type, then those of the next.
    places: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    /// What is added to scores by distance.
    bias: Option<Tensor>,
}

impl Transformer {
    pub(super) fn load(config: Config, weights: &Weights, device: &Device) -> anyhow::Result<Self> {
        let hidden = config.hidden;
        let table = |name: &str, rows: usize| -> anyhow::Result<Tensor> {
            let name = format!("embeddings.{name}_embeddings.weight");
            Ok(weights.get(&name, &[rows, hidden])?.to_device(device)?)
        };
        let mut places = table("position", config.positions)?;
        if config.types > 0 {
            let types = table("token_type", config.types)?.unsqueeze(1)?;
            places = types.broadcast_add(&places)?.flatten(0, 1)?;
        }
        let bias = match config.family {
            Family::Mpnet => Some(distance_bias(&config, weights)?.to_device(device)?),
            _ => None,
        };
        let names = match config.family {
            Family::Bert | Family::Roberta => BERT,
            Family::Distilbert => DISTILBERT,
            Family::Mpnet => MPNET,
        };
        let parts = Parts {
            weights,
            config: &config,
            device,
        };
        Ok(Self {
            words: table("word", config.vocabulary)?,
            places,
            norm: parts.norm("embeddings.LayerNorm")?,
            layers: (0..config.layers)
                .map(|layer| parts.layer(&names, layer))
                .collect::<anyhow::Result<_>>()?,
            bias,
            device: device.clone(),
            config,
        })
    }

    /// The last layer's vectors of all tokens, row after row, the sequences one behind the other.
    ///
    /// No sequence may be longer than [`Config::longest`].
    pub(super) fn forward(&self, sequences: &[Sequence]) -> anyhow::Result<Vec<f32>> {
        if sequences.iter().all(|one| one.ids.is_empty()) {
            return Ok(Vec::new());
        }
        self.run(sequences)
            .and_then(|tokens| tokens.flatten_all()?.to_vec1())
            .context("the encoder failed")
    }

    /// The last layer's vector of the first token of each sequence, `[sequences, hidden]`; none may be empty.
    pub(super) fn first_tokens(&self, sequences: &[Sequence]) -> Result<Tensor> {
        let mut next = 0;
        let starts = sequences.iter().map(|one| {
            let start = next;
            next += one.ids.len();
            u32::try_from(start).unwrap_or(u32::MAX)
        });
        let starts: Vec<u32> = starts.collect();
        let starts = Tensor::from_vec(starts, sequences.len(), &self.device)?;
        self.run(sequences)?.index_select(&starts, 0)
    }

    fn run(&self, sequences: &[Sequence]) -> Result<Tensor> {
        let lengths: Vec<usize> = sequences.iter().map(|one| one.ids.len()).collect();
        let rows = |table: &Tensor, rows: Vec<u32>| {
            let count = rows.len();
            table.index_select(&Tensor::from_vec(rows, count, &self.device)?, 0)
        };
        let ids = sequences.iter().flat_map(|one| &one.ids);
        let words = rows(&self.words, ids.copied().collect())?;
        let places = sequences.iter().flat_map(|one| self.places_of(one));
        let places = rows(&self.places, places.collect())?;
        let mut tokens = self.norm.forward(&words, &places)?;
        for layer in &self.layers {
            let attended = self.attend(&layer.attention.forward(&tokens)?, &lengths)?;
            let attended = layer.attended.forward(&attended)?;
            let middle = layer.attended_norm.forward(&attended, &tokens)?;
            let outer = layer.outer.forward(&layer.inner.forward(&middle)?)?;
            tokens = layer.outer_norm.forward(&outer, &middle)?;
        }
        Ok(tokens)
    }

    fn attend(&self, inputs: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        let heads = self.config.heads;
        if !inputs.device().is_cpu() {
            return composed::attention(inputs, lengths, heads, self.bias.as_ref());
        }
        let attention = Attention { lengths, heads };
        match &self.bias {
            Some(bias) => inputs.apply_op2_no_bwd(bias, &attention),
            None => inputs.apply_op1_no_bwd(&attention),
        }
    }

    /// The row of [`Self::places`] for each token; where a family counts behind its padding token, that token in a
    /// text does not count.
    fn places_of(&self, sequence: &Sequence) -> Vec<u32> {
        let first = self.config.first_position();
        let mut next = first;
        let mut position = |id: u32| {
            if first > 0 && id as usize == self.config.padding {
                return self.config.padding;
            }
            next += 1;
            next - 1
        };
        let mut place = |(id, kind): (&u32, &u32)| match self.config.types {
            0 => position(*id),
            _ => *kind as usize * self.config.positions + position(*id),
        };
        let tokens = sequence.ids.iter().zip(&sequence.types);
        tokens
            .map(|token| u32::try_from(place(token)).unwrap_or(u32::MAX))
            .collect()
    }
}

/// Reads the parts of a model.
struct Parts<'a> {
    weights: &'a Weights,
    config: &'a Config,
    device: &'a Device,
}

impl Parts<'_> {
    fn layer(&self, names: &Names, layer: usize) -> anyhow::Result<Layer> {
        let Config {
            hidden,
            inner,
            activation,
            ..
        } = *self.config;
        let name = |part: &str| format!("{}.{layer}.{part}", names.layers);
        let linear = |part: &str, from: usize, to: usize, activation| {
            let (weight, bias) = self.weights.linear(&name(part), from, to)?;
            anyhow::Ok(Linear::new(&weight, &bias, activation, self.device)?)
        };
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for part in names.attention {
            let (weight, bias) = self.weights.linear(&name(part), hidden, hidden)?;
            weights.push(weight);
            biases.push(bias);
        }
        Ok(Layer {
            attention: Linear::new(
                &Tensor::cat(&weights, 0)?,
                &Tensor::cat(&biases, 0)?,
                Activation::Identity,
                self.device,
            )?,
            attended: linear(names.attended, hidden, hidden, Activation::Identity)?,
            attended_norm: self.norm(&name(names.attended_norm))?,
            inner: linear(names.inner, hidden, inner, activation)?,
            outer: linear(names.outer, inner, hidden, Activation::Identity)?,
            outer_norm: self.norm(&name(names.outer_norm))?,
        })
    }

    fn norm(&self, name: &str) -> anyhow::Result<Norm> {
        let affine = self.weights.norm(name, self.config.hidden)?;
        Ok(Norm {
            affine: affine.to_device(self.device)?,
            epsilon: self.config.epsilon,
        })
    }
}

/// The bias by distance of `mpnet`: distances share [`BUCKETS`] rows of a table, near ones a row each, farther ones by their
/// logarithm.
fn distance_bias(config: &Config, weights: &Weights) -> anyhow::Result<Tensor> {
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
