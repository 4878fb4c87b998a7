//! The transformer, over candle's tensors: embeddings and layers of attention and feed-forward.
//!
//! Sequences are packed one behind the other into one matrix of tokens, never padded.

use anyhow::Context as _;
use candle_core::{Device, Result, Tensor};

use super::composed;
use super::config::{Config, Family};
use super::deberta::{Distances, Mixing};
use super::kernels::{Activation, AddNorm, Attention, Product, pack};
use super::modern;
use super::mpnet::distance_bias;
use super::parts::{self, Parts};
use super::tokens::Sequence;
use super::weights::Weights;

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

/// Layer norm, of a residual sum too.
pub(super) struct Norm {
    /// Scale and shift.
    pub(super) affine: Tensor,
    pub(super) epsilon: f64,
}

impl Norm {
    /// The norm of a sum.
    pub(super) fn of_sum(&self, left: &Tensor, right: &Tensor) -> Result<Tensor> {
        if left.device().is_cpu() {
            left.apply_op3_no_bwd(right, &self.affine, &self.kernel())
        } else {
            composed::norm(&(left + right)?, &self.affine, self.epsilon)
        }
    }

    pub(super) fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
        if inputs.device().is_cpu() {
            inputs.apply_op2_no_bwd(&self.affine, &self.kernel())
        } else {
            composed::norm(inputs, &self.affine, self.epsilon)
        }
    }

    fn kernel(&self) -> AddNorm {
        #[expect(clippy::cast_possible_truncation, reason = "added to values in f32")]
        let epsilon = self.epsilon as f32;
        AddNorm { epsilon }
    }
}

/// A layer that normalises what each of its halves adds up to.
pub(super) struct Layer {
    pub(super) attention: Linear,
    pub(super) attended: Linear,
    pub(super) attended_norm: Norm,
    pub(super) inner: Linear,
    pub(super) outer: Linear,
    pub(super) outer_norm: Norm,
    /// Of a family whose tokens know their distances by what is learnt about them.
    pub(super) distances: Option<Distances>,
}

/// The layers of a family.
enum Layers {
    /// Normalised behind each half.
    Behind {
        layers: Vec<Layer>,
        /// What is added to scores by distance.
        bias: Option<Tensor>,
        /// What the first layer's tokens are mixed with.
        mixing: Option<Mixing>,
    },
    /// Normalised before each half.
    Before(modern::Layers),
}

/// An encoder.
pub(super) struct Transformer {
    config: Config,
    device: Device,
    words: Tensor,
    /// The sum of a position's and a type's vector: all positions of the first type, then those of the next; without position table
    /// the types alone.
    places: Option<Tensor>,
    /// To [`Config::hidden`] dimensions, where the tables have others.
    projection: Option<Linear>,
    norm: Norm,
    layers: Layers,
}

impl Transformer {
    pub(super) fn load(config: Config, weights: &Weights, device: &Device) -> anyhow::Result<Self> {
        let parts = Parts {
            weights,
            config: &config,
            device,
        };
        let layers = match &config.family {
            Family::Modern(modern) => Layers::Before(modern::Layers::load(modern, &parts)?),
            Family::Deberta(deberta) => Layers::Behind {
                layers: deberta.layers(&parts)?,
                bias: None,
                mixing: deberta.mixing(&parts)?,
            },
            Family::Mpnet => Layers::Behind {
                layers: parts.layers(&parts::MPNET)?,
                bias: Some(distance_bias(&config, weights)?.to_device(device)?),
                mixing: None,
            },
            Family::Bert | Family::Roberta => Layers::plain(&parts, &parts::BERT)?,
            Family::Distilbert => Layers::plain(&parts, &parts::DISTILBERT)?,
        };
        let norm = match &config.family {
            Family::Modern(modern) => modern.norm(&parts, "embeddings.norm")?,
            _ => parts.norm("embeddings.LayerNorm")?,
        };
        Ok(Self {
            words: parts.words()?,
            places: parts.places()?,
            projection: match &config.family {
                Family::Deberta(deberta) => deberta.projection(&parts)?,
                _ => None,
            },
            norm,
            layers,
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

    /// One vector a sequence, `[sequences, hidden]`, as the family's classifiers read it: the last layer's of the first token, or the mean over all tokens.
    /// No sequence may be empty.
    pub(super) fn summaries(&self, sequences: &[Sequence]) -> Result<Tensor> {
        let lengths = sequences.iter().map(|one| one.ids.len());
        let starts = lengths.scan(0, |next, length| {
            let start = *next;
            *next += length;
            Some((start, length))
        });
        match &self.config.family {
            Family::Modern(modern) if modern.classifies_mean => {
                let tokens = self.run(sequences)?;
                let means = starts.map(|(start, length)| {
                    tokens
                        .narrow(0, start, length)?
                        .contiguous()?
                        .mean_keepdim(0)
                });
                Tensor::cat(&means.collect::<Result<Vec<_>>>()?, 0)
            }
            _ => self.chosen(sequences, starts.map(|(start, _)| start).collect()),
        }
    }

    /// The last layer's vectors of the tokens at these places, the sequences one behind the other.
    pub(super) fn chosen(&self, sequences: &[Sequence], places: Vec<usize>) -> Result<Tensor> {
        self.run(sequences)?
            .index_select(&rows(places.into_iter(), &self.device)?, 0)
    }

    fn run(&self, sequences: &[Sequence]) -> Result<Tensor> {
        let lengths: Vec<usize> = sequences.iter().map(|one| one.ids.len()).collect();
        let ids = sequences.iter().flat_map(|one| &one.ids);
        let ids = rows(ids.map(|id| *id as usize), &self.device)?;
        let words = self.words.index_select(&ids, 0)?;
        let places = match &self.places {
            Some(table) => {
                let places = sequences.iter().flat_map(|one| self.places_of(one));
                Some(table.index_select(&rows(places, &self.device)?, 0)?)
            }
            None => None,
        };
        let tokens = match (&places, &self.projection) {
            (Some(places), None) => self.norm.of_sum(&words, places)?,
            (None, None) => self.norm.forward(&words)?,
            (Some(places), Some(map)) => self.norm.forward(&map.forward(&(words + places)?)?)?,
            (None, Some(map)) => self.norm.forward(&map.forward(&words)?)?,
        };
        match &self.layers {
            Layers::Before(layers) => layers.forward(tokens, &lengths, self.config.heads),
            Layers::Behind {
                layers,
                bias,
                mixing,
            } => {
                let mut outputs = tokens.clone();
                for (place, layer) in layers.iter().enumerate() {
                    outputs =
                        layer.forward(&outputs, &lengths, self.config.heads, bias.as_ref())?;
                    if let (0, Some(mixing)) = (place, mixing) {
                        outputs = mixing.forward(&tokens, &outputs, &lengths)?;
                    }
                }
                Ok(outputs)
            }
        }
    }

    /// The row of [`Self::places`] for each token; where a family counts behind its padding token, that token in a
    /// text does not count.
    fn places_of(&self, sequence: &Sequence) -> Vec<usize> {
        let first = self.config.first_position();
        let mut next = first;
        let mut position = |id: u32| {
            if !self.config.has_position_table() {
                return 0;
            }
            if first > 0 && id as usize == self.config.padding {
                return self.config.padding;
            }
            next += 1;
            next - 1
        };
        let of_a_type = if self.config.has_position_table() {
            self.config.positions
        } else {
            1
        };
        let tokens = sequence.ids.iter().zip(&sequence.types);
        let places = tokens.map(|(id, kind)| match self.config.types {
            0 => position(*id),
            _ => *kind as usize * of_a_type + position(*id),
        });
        places.collect()
    }
}

/// Numbers of rows, as candle wants them.
pub(super) fn rows(rows: impl Iterator<Item = usize>, device: &Device) -> Result<Tensor> {
    let rows: Vec<u32> = rows
        .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
        .collect();
    let count = rows.len();
    Tensor::from_vec(rows, count, device)
}

impl Layers {
    fn plain(parts: &Parts<'_>, names: &parts::Names) -> anyhow::Result<Self> {
        Ok(Self::Behind {
            layers: parts.layers(names)?,
            bias: None,
            mixing: None,
        })
    }
}

impl Layer {
    fn forward(
        &self,
        tokens: &Tensor,
        lengths: &[usize],
        heads: usize,
        bias: Option<&Tensor>,
    ) -> Result<Tensor> {
        let inputs = self.attention.forward(tokens)?;
        let attention = Attention {
            lengths,
            heads,
            reach: None,
        };
        let attended = match &self.distances {
            Some(distances) => distances.attend(&inputs, attention)?,
            None => attend(&inputs, &attention, bias)?,
        };
        let attended = self.attended.forward(&attended)?;
        let middle = self.attended_norm.of_sum(&attended, tokens)?;
        let outer = self.outer.forward(&self.inner.forward(&middle)?)?;
        self.outer_norm.of_sum(&outer, &middle)
    }
}

/// Attention over queries, keys and values side by side.
pub(super) fn attend(
    inputs: &Tensor,
    attention: &Attention<'_>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    if !inputs.device().is_cpu() {
        return composed::attention(inputs, attention, bias);
    }
    match bias {
        Some(bias) => inputs.apply_op2_no_bwd(bias, attention),
        None => inputs.apply_op1_no_bwd(attention),
    }
}
