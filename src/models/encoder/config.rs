//! What `config.json` says of a transformer, under each family's own names.

use std::path::Path;

use anyhow::{bail, ensure};

use super::kernels::Activation;
use super::settings::Settings;

/// The families of encoders that can be read; they differ in the names of their weights, in their position tables and
/// in whether there are token types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Bert,
    Distilbert,
    /// `roberta`, `xlm-roberta` and `camembert`.
    Roberta,
    Mpnet,
}

/// The shape of a transformer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    pub(super) family: Family,
    pub(super) vocabulary: usize,
    /// Dimensions of a token's vector.
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// Dimensions between the two linear maps of a layer's second half.
    pub(super) inner: usize,
    /// Rows of the position table.
    pub(super) positions: usize,
    /// Rows of the token type table; 0 where the family has none.
    pub(super) types: usize,
    pub(super) epsilon: f64,
    pub(super) activation: Activation,
    /// The token whose positions do not count, in the families that start to count behind it.
    pub(super) padding: usize,
}

impl Config {
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let settings = Settings::load(path)?;
        let family = match settings.text(&["model_type"])? {
            Some("bert") => Family::Bert,
            Some("distilbert") => Family::Distilbert,
            Some("roberta" | "xlm-roberta" | "camembert") => Family::Roberta,
            Some("mpnet") => Family::Mpnet,
            other => bail!(
                "`{}` describes a model of type `{}`; take one of type `bert`, `camembert`, `distilbert`, `mpnet`, `roberta` or `xlm-roberta`",
                settings.path(),
                other.unwrap_or("(none)")
            ),
        };
        let activation = match settings.text(&["hidden_act", "activation"])? {
            None | Some("gelu" | "gelu_python") => Activation::Gelu,
            Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Activation::GeluTanh,
            Some("relu") => Activation::Relu,
            Some(other) => bail!(
                "`{}` asks for the activation `{other}`; take a model with `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast` or `relu`",
                settings.path()
            ),
        };
        if let Some(kind) = settings.text(&["position_embedding_type"])? {
            ensure!(
                kind == "absolute",
                "`{}` asks for positions of type `{kind}`; take a model with `absolute` ones",
                settings.path()
            );
        }
        ensure!(
            settings.flag("is_decoder")? != Some(true),
            "`{}` describes a decoder; take an encoder",
            settings.path()
        );
        let config = Self {
            family,
            vocabulary: settings.needed_number(&["vocab_size"])?,
            hidden: settings.needed_number(&["hidden_size", "dim"])?,
            layers: settings.needed_number(&["num_hidden_layers", "n_layers"])?,
            heads: settings.needed_number(&["num_attention_heads", "n_heads"])?,
            inner: settings.needed_number(&["intermediate_size", "hidden_dim"])?,
            positions: settings.needed_number(&["max_position_embeddings"])?,
            types: match family {
                Family::Bert | Family::Roberta => {
                    settings.number(&["type_vocab_size"])?.unwrap_or(2)
                }
                Family::Distilbert | Family::Mpnet => 0,
            },
            epsilon: match family {
                // Fixed in the model's code.
                Family::Distilbert => 1e-12,
                _ => settings.float("layer_norm_eps")?.unwrap_or(1e-12),
            },
            activation,
            padding: settings.number(&["pad_token_id"])?.unwrap_or(match family {
                Family::Bert | Family::Distilbert => 0,
                Family::Roberta | Family::Mpnet => 1,
            }),
        };
        ensure!(
            config.hidden.is_multiple_of(config.heads),
            "`{}` divides {} dimensions among {} heads, which leaves a rest; take the file that came with the weights",
            settings.path(),
            config.hidden,
            config.heads
        );
        ensure!(
            config.positions > config.first_position(),
            "`{}` has {} positions, all of them before the first token's; take the file that came with the weights",
            settings.path(),
            config.positions
        );
        ensure!(
            config.epsilon.is_finite() && config.epsilon >= 0.0,
            "`{}` has the `layer_norm_eps` {}, which is below 0; take the file that came with the weights",
            settings.path(),
            config.epsilon
        );
        Ok(config)
    }

    /// The row of the position table that the first token takes.
    pub(super) fn first_position(&self) -> usize {
        match self.family {
            Family::Bert | Family::Distilbert => 0,
            Family::Roberta | Family::Mpnet => self.padding.saturating_add(1),
        }
    }

    /// The tokens of the longest text that has a position for each.
    pub(super) fn longest(&self) -> usize {
        self.positions - self.first_position()
    }
}
