//! `ModernBERT` (Warner et al. 2024): norms before each half of a layer, positions by rotation, most layers of which see near tokens only, and
//! gated feed-forward.

use anyhow::ensure;
use candle_core::{Device, Result, Tensor};

use super::config::Config;
use super::kernels::{Activation, Attention};
use super::layers::{Linear, Norm, attend};
use super::parts::Parts;
use super::settings::Settings;

/// What the family's `config.json` says beside the shape.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the file's")]
pub(super) struct Modern {
    /// The layers that see all tokens: every so many, from the first on, or those that are named.
    global: Global,
    /// The farthest token that the others see.
    reach: usize,
    /// The base of the rotations in layers that see all tokens, and in the others.
    bases: [f64; 2],
    attention_bias: bool,
    inner_bias: bool,
    norm_bias: bool,
    /// Whether the first map of a classification head has a bias.
    head_bias: bool,
    pub(super) head_activation: Activation,
    /// Whether a sequence is classified by the mean over its tokens.
    pub(super) classifies_mean: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Global {
    Every(usize),
    Named(Vec<bool>),
}

impl Modern {
    pub(super) fn read(settings: &Settings) -> anyhow::Result<Self> {
        let flag = |key| Ok::<_, anyhow::Error>(settings.flag(key)?.unwrap_or(false));
        let pooling = settings.text(&["classifier_pooling"])?.unwrap_or("cls");
        ensure!(
            ["cls", "mean"].contains(&pooling),
            "`{}` asks for the pooling `{pooling}`; take a model with `cls` or `mean`",
            settings.path()
        );
        let named = settings.texts(&["layer_types"])?;
        let named = named.map(|named| named.iter().map(|name| name == "full_attention").collect());
        Ok(Self {
            global: match named {
                Some(named) => Global::Named(named),
                None => Global::Every(
                    settings
                        .number(&["global_attn_every_n_layers"])?
                        .unwrap_or(3)
                        .max(1),
                ),
            },
            reach: settings.number(&["local_attention"])?.unwrap_or(128) / 2,
            bases: [
                base(settings, "full_attention", "global_rope_theta", 160_000.0)?,
                base(settings, "sliding_attention", "local_rope_theta", 10_000.0)?,
            ],
            attention_bias: flag("attention_bias")?,
            inner_bias: flag("mlp_bias")?,
            norm_bias: flag("norm_bias")?,
            head_bias: flag("classifier_bias")?,
            head_activation: Activation::read(settings, &["classifier_activation"])?
                .unwrap_or(Activation::Gelu),
            classifies_mean: pooling == "mean",
        })
    }

    /// Holds it against the shape.
    pub(super) fn check(&self, config: &Config, settings: &Settings) -> anyhow::Result<()> {
        let dim = config.hidden / config.heads;
        ensure!(
            dim.is_multiple_of(2),
            "`{}` gives each head {dim} dimensions, which cannot be rotated in pairs; take the file that came with the weights",
            settings.path()
        );
        if let Global::Named(named) = &self.global {
            ensure!(
                named.len() == config.layers,
                "`{}` has {} `layer_types` for {} layers; take the file that came with the weights",
                settings.path(),
                named.len(),
                config.layers
            );
        }
        Ok(())
    }

    fn is_global(&self, layer: usize) -> bool {
        match &self.global {
            Global::Every(step) => layer.is_multiple_of(*step),
            Global::Named(named) => named[layer],
        }
    }

    /// A norm of the transformer.
    pub(super) fn norm(&self, parts: &Parts<'_>, name: &str) -> anyhow::Result<Norm> {
        self.whole_norm(parts, &parts.weights.prefixed(name))
    }

    /// As [`Self::norm`], by its whole name.
    fn whole_norm(&self, parts: &Parts<'_>, name: &str) -> anyhow::Result<Norm> {
        let hidden = parts.config.hidden;
        parts.norm_of(&parts.weights.whole_norm_if(name, hidden, self.norm_bias)?)
    }

    /// What stands before the map to the logits in a head of either kind.
    pub(super) fn head(&self, parts: &Parts<'_>) -> anyhow::Result<(Linear, Norm)> {
        let hidden = parts.config.hidden;
        let (weight, bias) =
            parts
                .weights
                .whole_linear_if("head.dense", hidden, hidden, self.head_bias)?;
        Ok((
            Linear::new(&weight, &bias, self.head_activation, parts.device)?,
            self.whole_norm(parts, "head.norm")?,
        ))
    }
}

/// The base of the rotations of a kind of layers, under its name in new files and in old ones.
fn base(settings: &Settings, new: &str, old: &str, usual: f64) -> anyhow::Result<f64> {
    let inner = settings.inner("rope_parameters")?.inner(new)?;
    let scaled = settings.inner("rope_scaling")?;
    for kind in [
        inner.text(&["rope_type"])?,
        scaled.text(&["rope_type", "type"])?,
    ] {
        ensure!(
            kind.is_none_or(|kind| kind == "default"),
            "`{}` asks for rotations of type `{}`; take a model with `default` ones",
            settings.path(),
            kind.unwrap_or_default()
        );
    }
    let base = match inner.float("rope_theta")? {
        Some(base) => base,
        None => settings.float(old)?.unwrap_or(usual),
    };
    ensure!(
        base.is_finite() && base > 0.0,
        "`{}` has rotations with the base {base}, which must be above 0; take the file that came with the weights",
        settings.path()
    );
    Ok(base)
}

/// The layers, with the norm behind the last.
pub(super) struct Layers {
    all: Vec<Layer>,
    norm: Norm,
    bases: [f64; 2],
}

struct Layer {
    /// The first layer has none.
    attention_norm: Option<Norm>,
    attention: Linear,
    attended: Linear,
    inner_norm: Norm,
    inner: Linear,
    gate: Linear,
    outer: Linear,
    /// The farthest token that is seen, where that is not every one.
    reach: Option<usize>,
}

impl Layers {
    pub(super) fn load(modern: &Modern, parts: &Parts<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            all: (0..parts.config.layers)
                .map(|layer| Layer::load(modern, parts, layer))
                .collect::<anyhow::Result<_>>()?,
            norm: modern.norm(parts, "final_norm")?,
            bases: modern.bases,
        })
    }

    /// From the embeddings `[tokens, hidden]`.
    pub(super) fn forward(
        &self,
        mut tokens: Tensor,
        lengths: &[usize],
        heads: usize,
    ) -> Result<Tensor> {
        let dim = tokens.dim(1)? / heads;
        let [global, local] = self
            .bases
            .map(|base| Rotations::new(base, dim, lengths, tokens.device()));
        let (global, local) = (global?, local?);
        for layer in &self.all {
            let rotations = if layer.reach.is_none() {
                &global
            } else {
                &local
            };
            tokens = layer.forward(&tokens, lengths, heads, rotations)?;
        }
        self.norm.forward(&tokens)
    }
}

impl Layer {
    fn load(modern: &Modern, parts: &Parts<'_>, layer: usize) -> anyhow::Result<Self> {
        let Config {
            hidden,
            inner,
            activation,
            ..
        } = *parts.config;
        let name = |part: &str| format!("layers.{layer}.{part}");
        let weights = |part: &str, from: usize, to: usize, has_bias: bool| {
            let name = parts.weights.prefixed(&name(part));
            parts.weights.whole_linear_if(&name, from, to, has_bias)
        };
        let linear = |(weight, bias): &(Tensor, Tensor), activation| {
            Linear::new(weight, bias, activation, parts.device)
        };
        let (weight, bias) = weights("mlp.Wi", hidden, inner.saturating_mul(2), modern.inner_bias)?;
        let half = |half: usize| {
            let weight = weight.narrow(0, half * inner, inner)?;
            Ok::<_, candle_core::Error>((weight, bias.narrow(0, half * inner, inner)?))
        };
        let attention = weights("attn.Wqkv", hidden, 3 * hidden, modern.attention_bias)?;
        let attended = weights("attn.Wo", hidden, hidden, modern.attention_bias)?;
        let outer = weights("mlp.Wo", inner, hidden, modern.inner_bias)?;
        Ok(Self {
            attention_norm: match layer {
                0 => None,
                _ => Some(modern.norm(parts, &name("attn_norm"))?),
            },
            attention: linear(&attention, Activation::Identity)?,
            attended: linear(&attended, Activation::Identity)?,
            inner_norm: modern.norm(parts, &name("mlp_norm"))?,
            inner: linear(&half(0)?, activation)?,
            gate: linear(&half(1)?, Activation::Identity)?,
            outer: linear(&outer, Activation::Identity)?,
            reach: (!modern.is_global(layer)).then_some(modern.reach),
        })
    }

    fn forward(
        &self,
        tokens: &Tensor,
        lengths: &[usize],
        heads: usize,
        rotations: &Rotations,
    ) -> Result<Tensor> {
        let inputs = match &self.attention_norm {
            Some(norm) => self.attention.forward(&norm.forward(tokens)?)?,
            None => self.attention.forward(tokens)?,
        };
        let attention = Attention {
            lengths,
            heads,
            reach: self.reach,
        };
        let attended = attend(&rotations.apply(&inputs, heads)?, &attention, None)?;
        let middle = (tokens + self.attended.forward(&attended)?)?;
        let normed = self.inner_norm.forward(&middle)?;
        let gated = (self.inner.forward(&normed)? * self.gate.forward(&normed)?)?;
        middle + self.outer.forward(&gated)?
    }
}

/// Rotations of pairs of dimensions by a token's position (Su et al. 2021), a dimension of the first half with the one of the second.
struct Rotations {
    /// Cosines and sines of each token's angles, `[tokens, 1, dim / 2]`.
    cosines: Tensor,
    sines: Tensor,
}

impl Rotations {
    fn new(base: f64, dim: usize, lengths: &[usize], device: &Device) -> Result<Self> {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let half = dim / 2;
        // Rounded to f32 where the reference rounds.
        #[expect(clippy::cast_possible_truncation, reason = "as the reference")]
        let frequencies: Vec<f32> = (0..half)
            .map(|pair| base.powf(-((2 * pair) as f64 / dim as f64)) as f32)
            .collect();
        let angles = |position: usize| {
            let angles = frequencies.iter();
            angles.map(move |frequency| f64::from(position as f32 * frequency))
        };
        let tokens = lengths.iter().flat_map(|length| 0..*length);
        let count = lengths.iter().sum::<usize>();
        let table = |of: fn(f64) -> f64| {
            #[expect(clippy::cast_possible_truncation, reason = "at most 1")]
            let by_position: Vec<f32> = (0..longest)
                .flat_map(|position| angles(position).map(move |angle| of(angle) as f32))
                .collect();
            let values = tokens
                .clone()
                .flat_map(|position| &by_position[position * half..(position + 1) * half]);
            Tensor::from_vec(values.copied().collect(), (count, 1, half), device)
        };
        Ok(Self {
            cosines: table(f64::cos)?,
            sines: table(f64::sin)?,
        })
    }

    /// Rotates the queries and keys among `[tokens, 3 × hidden]`.
    fn apply(&self, inputs: &Tensor, heads: usize) -> Result<Tensor> {
        let (tokens, width) = inputs.dims2()?;
        let dim = width / 3 / heads;
        let parts = inputs.reshape((tokens, 3 * heads, dim))?;
        let rotated = parts.narrow(1, 0, 2 * heads)?;
        let (left, right) = (
            rotated.narrow(2, 0, dim / 2)?,
            rotated.narrow(2, dim / 2, dim / 2)?,
        );
        let times = |part: &Tensor, table: &Tensor| part.broadcast_mul(table);
        let rotated = Tensor::cat(
            &[
                (times(&left, &self.cosines)? - times(&right, &self.sines)?)?,
                (times(&right, &self.cosines)? + times(&left, &self.sines)?)?,
            ],
            2,
        )?;
        Tensor::cat(&[rotated, parts.narrow(1, 2 * heads, heads)?], 1)?.reshape((tokens, width))
    }
}
