//! `DeBERTa` of the second and third version (He et al. 2021): attention by content and distance, each with vectors of its own.

use anyhow::ensure;
use candle_core::{Result, Tensor};

use super::composed;
use super::config::Config;
use super::kernels::{Activation, Attention, Disentangled};
use super::layers::{Layer, Linear, Norm, rows};
use super::parts::{DEBERTA, Parts};
use super::settings::Settings;

/// What the family's `config.json` says beside the shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Deberta {
    /// Whether there is a position table as well.
    pub(super) absolute: bool,
    /// What is known of distances, where anything is.
    relative: Option<Known>,
    /// Terms of a score: one, and another for each of those that `pos_att_type` names.
    terms: usize,
    /// Dimensions of the word table, where they are not those of the layers.
    table_width: Option<usize>,
    /// Tokens that are mixed behind the first layer.
    mixed: Option<(usize, Activation)>,
    pub(super) head_activation: Activation,
}

/// What is known of distances.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the file's")]
struct Known {
    /// Near distances have a row each, farther ones share so many by their logarithm; none where each has its own.
    buckets: Option<usize>,
    /// From here on distances are not told apart.
    farthest: usize,
    /// Whether they have keys, and queries.
    keys: bool,
    queries: bool,
    /// Whether the maps to keys and queries are those of tokens.
    shares_maps: bool,
    is_normed: bool,
}

impl Deberta {
    pub(super) fn read(settings: &Settings) -> anyhow::Result<Self> {
        let flag = |key, usual| Ok::<_, anyhow::Error>(settings.flag(key)?.unwrap_or(usual));
        let kinds = settings.texts(&["pos_att_type"])?.unwrap_or_default();
        let has = |kind: &str| {
            let kinds = kinds.iter().flat_map(|kinds| kinds.split('|'));
            kinds
                .map(|kind| kind.trim().to_lowercase())
                .any(|one| one == kind)
        };
        let (keys, queries) = (has("c2p"), has("p2c"));
        let positions = settings.needed_number(&["max_position_embeddings"])?;
        let farthest = settings.number_unless_negative("max_relative_positions")?;
        let normed = settings.text(&["norm_rel_ebd"])?.unwrap_or("none");
        let kernel = settings.number(&["conv_kernel_size"])?.unwrap_or(0);
        ensure!(
            kernel == 0 || kernel < 64 && !kernel.is_multiple_of(2),
            "`{}` mixes {kernel} tokens, which has no middle or no end; take the file that came with the weights",
            settings.path()
        );
        ensure!(
            kernel == 0 || settings.number(&["conv_groups"])?.unwrap_or(1) == 1,
            "`{}` mixes tokens in groups of dimensions; take a model with `conv_groups` = 1",
            settings.path()
        );
        let relative = Known {
            buckets: settings
                .number_unless_negative("position_buckets")?
                .filter(|buckets| *buckets > 0),
            farthest: farthest.filter(|far| *far > 0).unwrap_or(positions),
            keys,
            queries,
            shares_maps: flag("share_att_key", false)?,
            is_normed: normed
                .split('|')
                .any(|part| part.trim().eq_ignore_ascii_case("layer_norm")),
        };
        ensure!(
            relative.farthest < LARGEST && relative.buckets.unwrap_or(0) < LARGEST,
            "`{}` knows more distances than there can be; take the file that came with the weights",
            settings.path()
        );
        Ok(Self {
            absolute: flag("position_biased_input", true)?,
            relative: flag("relative_attention", false)?.then_some(relative),
            terms: 1 + usize::from(keys) + usize::from(queries),
            table_width: settings.number(&["embedding_size"])?,
            mixed: match kernel {
                0 => None,
                _ => Some((
                    kernel,
                    Activation::read(settings, &["conv_act"])?.unwrap_or(Activation::Tanh),
                )),
            },
            head_activation: Activation::read(settings, &["pooler_hidden_act"])?
                .unwrap_or(Activation::Gelu),
        })
    }

    /// Dimensions of the tables.
    pub(super) fn table_width(&self, config: &Config) -> usize {
        self.table_width.unwrap_or(config.hidden)
    }

    /// The map from the tables' dimensions to the layers', where they differ.
    pub(super) fn projection(&self, parts: &Parts<'_>) -> anyhow::Result<Option<Linear>> {
        let (from, to) = (self.table_width(parts.config), parts.config.hidden);
        if from == to {
            return Ok(None);
        }
        let name = parts.weights.prefixed("embeddings.embed_proj");
        let (weight, bias) = parts.weights.whole_linear_if(&name, from, to, false)?;
        let map = Linear::new(&weight, &bias, Activation::Identity, parts.device)?;
        Ok(Some(map))
    }

    pub(super) fn layers(&self, parts: &Parts<'_>) -> anyhow::Result<Vec<Layer>> {
        let mut layers = parts.layers(&DEBERTA)?;
        let dim = parts.config.hidden / parts.config.heads;
        let scale = 1.0 / ((dim * self.terms) as f32).sqrt();
        let Some(known) = &self.relative else {
            // Without distances scores are products alone, and the scale is still that of all terms.
            for layer in &mut layers {
                layer.distances = Some(Distances::none(scale, parts)?);
            }
            return Ok(layers);
        };
        let (table, by_distance) = (known.table(parts)?, known.by_distance());
        for (place, layer) in layers.iter_mut().enumerate() {
            layer.distances = Some(Distances {
                positions: known.positions(&table, parts, place)?,
                by_distance: by_distance.clone(),
                scale,
                has_keys: known.keys,
                has_queries: known.queries,
            });
        }
        Ok(layers)
    }

    /// What the first layer's tokens are mixed with.
    pub(super) fn mixing(&self, parts: &Parts<'_>) -> anyhow::Result<Option<Mixing>> {
        let Some((kernel, activation)) = self.mixed else {
            return Ok(None);
        };
        let hidden = parts.config.hidden;
        let get =
            |name: &str, shape: &[usize]| parts.weights.get(&format!("encoder.conv.{name}"), shape);
        // From `[to, from, neighbours]` to a linear map of neighbours laid end to end.
        let weight = get("conv.weight", &[hidden, hidden, kernel])?;
        let weight = weight.transpose(1, 2)?.contiguous()?;
        let weight = weight.reshape((hidden, kernel * hidden))?;
        Ok(Some(Mixing {
            kernel,
            map: Linear::new(
                &weight,
                &get("conv.bias", &[hidden])?,
                activation,
                parts.device,
            )?,
            norm: parts.norm("encoder.conv.LayerNorm")?,
        }))
    }
}

/// Far more distances than any text has.
const LARGEST: usize = 1 << 20;

impl Known {
    /// Rows of one half of the table.
    fn span(&self) -> usize {
        self.buckets.unwrap_or(self.farthest)
    }

    /// The vector of each distance, `[2 × span, hidden]`.
    fn table(&self, parts: &Parts<'_>) -> anyhow::Result<Tensor> {
        let shape = [2 * self.span(), parts.config.hidden];
        let table = parts.weights.get("encoder.rel_embeddings.weight", &shape)?;
        let table = table.to_device(parts.device)?;
        Ok(if self.is_normed {
            parts.norm("encoder.LayerNorm")?.forward(&table)?
        } else {
            table
        })
    }

    /// Keys and queries of distances in a layer, `[2, 2 × span, hidden]`, zeros for what does not count.
    fn positions(&self, table: &Tensor, parts: &Parts<'_>, layer: usize) -> anyhow::Result<Tensor> {
        let hidden = parts.config.hidden;
        let [query, key, _] = DEBERTA.attention();
        let (query, key) = if self.shares_maps {
            (query, key)
        } else {
            (
                "attention.self.pos_query_proj",
                "attention.self.pos_key_proj",
            )
        };
        let mapped = |counts: bool, part: &str| {
            if !counts {
                return anyhow::Ok(table.zeros_like()?);
            }
            let name = DEBERTA.of(layer, part);
            let (weight, bias) = parts.weights.linear(&name, hidden, hidden)?;
            let map = Linear::new(&weight, &bias, Activation::Identity, parts.device)?;
            Ok(map.forward(table)?)
        };
        let both = [mapped(self.keys, key)?, mapped(self.queries, query)?];
        Ok(Tensor::stack(&both, 0)?)
    }

    /// The row of each distance from key to query, from the farthest behind to the farthest before.
    fn by_distance(&self) -> Vec<u32> {
        // A few more than are told apart, so that both ends stand for all beyond.
        let reach = i64::try_from(self.farthest + 2).unwrap_or(i64::MAX);
        let span = i64::try_from(self.span()).unwrap_or(i64::MAX);
        let row = |distance: i64| {
            let place = self.bucket(distance) + span;
            u32::try_from(place.clamp(0, 2 * span - 1)).unwrap_or(u32::MAX)
        };
        (-reach..=reach).map(row).collect()
    }

    /// The number of a distance, computed in `f32` as the reference does.
    #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
    fn bucket(&self, distance: i64) -> i64 {
        let Some(buckets) = self.buckets else {
            return distance;
        };
        let middle = (buckets / 2) as f32;
        let far = distance.unsigned_abs() as f32;
        if far <= middle {
            return distance;
        }
        let widest = ((self.farthest as f32 - 1.0) / middle).ln();
        let steps = ((far / middle).ln() / widest * (middle - 1.0)).ceil() + middle;
        distance.signum() * steps as i64
    }
}

/// What a layer's attention knows of distances.
pub(super) struct Distances {
    /// Their keys and queries, `[2, rows, hidden]`.
    positions: Tensor,
    by_distance: Vec<u32>,
    scale: f32,
    has_keys: bool,
    has_queries: bool,
}

impl Distances {
    /// Nothing is known.
    fn none(scale: f32, parts: &Parts<'_>) -> Result<Self> {
        let shape = (2, 1, parts.config.hidden);
        Ok(Self {
            positions: Tensor::zeros(shape, candle_core::DType::F32, parts.device)?,
            by_distance: vec![0],
            scale,
            has_keys: false,
            has_queries: false,
        })
    }

    /// Attention over queries, keys and values side by side.
    pub(super) fn attend(&self, inputs: &Tensor, attention: Attention<'_>) -> Result<Tensor> {
        let operation = Disentangled {
            attention,
            by_distance: &self.by_distance,
            scale: self.scale,
            has_keys: self.has_keys,
            has_queries: self.has_queries,
        };
        if inputs.device().is_cpu() {
            inputs.apply_op2_no_bwd(&self.positions, &operation)
        } else {
            composed::disentangled(inputs, &self.positions, &operation)
        }
    }
}

/// Adds to each token a map of its neighbours in the embeddings.
pub(super) struct Mixing {
    /// Neighbours, the token itself among them.
    kernel: usize,
    map: Linear,
    norm: Norm,
}

impl Mixing {
    /// The norm of `outputs` and what is mixed from `tokens`.
    pub(super) fn forward(
        &self,
        tokens: &Tensor,
        outputs: &Tensor,
        lengths: &[usize],
    ) -> Result<Tensor> {
        let (count, hidden) = tokens.dims2()?;
        let none = Tensor::zeros((1, hidden), tokens.dtype(), tokens.device())?;
        let padded = Tensor::cat(&[tokens, &none], 0)?;
        let mut neighbours = Vec::with_capacity(count * self.kernel);
        let mut start = 0;
        for length in lengths {
            for token in 0..*length {
                for step in 0..self.kernel {
                    // What lies outside of the sequence is 0, which the last row is.
                    let place = (token + step).checked_sub(self.kernel / 2);
                    let inside = place.filter(|place| place < length);
                    neighbours.push(inside.map_or(count, |place| start + place));
                }
            }
            start += length;
        }
        let neighbours = rows(neighbours.into_iter(), tokens.device())?;
        let laid = padded.index_select(&neighbours, 0)?;
        let mixed = self
            .map
            .forward(&laid.reshape((count, self.kernel * hidden))?)?;
        self.norm.of_sum(outputs, &mixed)
    }
}
