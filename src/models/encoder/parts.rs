//! Reads the parts of a transformer, under each family's names.

use candle_core::{Device, Tensor};

use super::config::{Config, Family};
use super::kernels::Activation;
use super::layers::{Layer, Linear, Norm};
use super::weights::Weights;

/// Where a family keeps the parts of a layer.
pub(super) struct Names {
    layers: &'static str,
    attention: [&'static str; 3],
    attended: &'static str,
    attended_norm: &'static str,
    inner: &'static str,
    outer: &'static str,
    outer_norm: &'static str,
}

pub(super) const BERT: Names = Names {
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

pub(super) const DISTILBERT: Names = Names {
    layers: "transformer.layer",
    attention: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    attended: "attention.out_lin",
    attended_norm: "sa_layer_norm",
    inner: "ffn.lin1",
    outer: "ffn.lin2",
    outer_norm: "output_layer_norm",
};

pub(super) const MPNET: Names = Names {
    attention: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attended: "attention.attn.o",
    attended_norm: "attention.LayerNorm",
    ..BERT
};

pub(super) const DEBERTA: Names = Names {
    attention: [
        "attention.self.query_proj",
        "attention.self.key_proj",
        "attention.self.value_proj",
    ],
    ..BERT
};

impl Names {
    /// The whole name of a part of a layer.
    pub(super) fn of(&self, layer: usize, part: &str) -> String {
        format!("{}.{layer}.{part}", self.layers)
    }

    /// The maps to queries, to keys and to values.
    pub(super) fn attention(&self) -> [&'static str; 3] {
        self.attention
    }
}

/// Reads the parts of a model.
pub(super) struct Parts<'a> {
    pub(super) weights: &'a Weights,
    pub(super) config: &'a Config,
    pub(super) device: &'a Device,
}

impl Parts<'_> {
    /// The vector of each token of the vocabulary.
    pub(super) fn words(&self) -> anyhow::Result<Tensor> {
        self.table(self.config.family.words(), self.config.vocabulary)
    }

    /// The sum of a position's and a type's vector, as far as the family has them.
    pub(super) fn places(&self) -> anyhow::Result<Option<Tensor>> {
        let Config {
            positions, types, ..
        } = *self.config;
        let positions = if self.config.has_position_table() {
            Some(self.table("embeddings.position_embeddings.weight", positions)?)
        } else {
            None
        };
        if types == 0 {
            return Ok(positions);
        }
        let types = self.table("embeddings.token_type_embeddings.weight", types)?;
        Ok(Some(match positions {
            Some(positions) => types
                .unsqueeze(1)?
                .broadcast_add(&positions)?
                .flatten(0, 1)?,
            None => types,
        }))
    }

    fn table(&self, name: &str, rows: usize) -> anyhow::Result<Tensor> {
        let width = match &self.config.family {
            Family::Deberta(deberta) => deberta.table_width(self.config),
            _ => self.config.hidden,
        };
        let table = self.weights.get(name, &[rows, width])?;
        Ok(table.to_device(self.device)?)
    }

    pub(super) fn layers(&self, names: &Names) -> anyhow::Result<Vec<Layer>> {
        (0..self.config.layers)
            .map(|layer| self.layer(names, layer))
            .collect()
    }

    fn layer(&self, names: &Names, layer: usize) -> anyhow::Result<Layer> {
        let Config {
            hidden,
            inner,
            activation,
            ..
        } = *self.config;
        let linear = |part: &str, from: usize, to: usize, activation| {
            let (weight, bias) = self.weights.linear(&names.of(layer, part), from, to)?;
            anyhow::Ok(Linear::new(&weight, &bias, activation, self.device)?)
        };
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for part in names.attention {
            let (weight, bias) = self
                .weights
                .linear(&names.of(layer, part), hidden, hidden)?;
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
            attended_norm: self.norm(&names.of(layer, names.attended_norm))?,
            inner: linear(names.inner, hidden, inner, activation)?,
            outer: linear(names.outer, inner, hidden, Activation::Identity)?,
            outer_norm: self.norm(&names.of(layer, names.outer_norm))?,
            distances: None,
        })
    }

    pub(super) fn norm(&self, name: &str) -> anyhow::Result<Norm> {
        self.norm_of(&self.weights.norm(name, self.config.hidden)?)
    }

    /// The norm by scale and shift.
    pub(super) fn norm_of(&self, affine: &Tensor) -> anyhow::Result<Norm> {
        Ok(Norm {
            affine: affine.to_device(self.device)?,
            epsilon: self.config.epsilon,
        })
    }
}
