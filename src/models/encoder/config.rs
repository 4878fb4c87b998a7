//! What `config.json` says of a transformer, under each family's own names.

use std::path::Path;

use anyhow::{bail, ensure};

use super::deberta::Deberta;
use super::kernels::Activation;
use super::modern::Modern;
use super::settings::Settings;

/// The families of encoders that can be read; they differ in the names of their weights, in how tokens know their places and
/// in whether there are token types.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Family {
    Bert,
    Distilbert,
    /// `roberta`, `xlm-roberta` and `camembert`.
    Roberta,
    Mpnet,
    /// `deberta-v2`, which the models of the third version say too.
    Deberta(Deberta),
    /// `modernbert`, which Ettin's encoders say too.
    Modern(Modern),
}

impl Family {
    /// Where it keeps the vectors of its vocabulary.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Modern(_) => "embeddings.tok_embeddings.weight",
            _ => "embeddings.word_embeddings.weight",
        }
    }
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
    /// Rows of the position table; the usual length of texts where there is none.
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
            Some("deberta-v2") => Family::Deberta(Deberta::read(&settings)?),
            Some("modernbert") => Family::Modern(Modern::read(&settings)?),
            other => bail!(
                "`{}` describes a model of type `{}`; take one of type `bert`, `camembert`, `deberta-v2`, `distilbert`, `modernbert`, `mpnet`, `roberta` or `xlm-roberta`",
                settings.path(),
                other.unwrap_or("(none)")
            ),
        };
        if let Some(kind) = settings.text(&["position_embedding_type"])? {
            ensure!(
                kind == "absolute" || matches!(family, Family::Modern(_)),
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
                Family::Deberta(_) => settings.number(&["type_vocab_size"])?.unwrap_or(0),
                Family::Distilbert | Family::Mpnet | Family::Modern(_) => 0,
            },
            epsilon: match family {
                // Fixed in the model's code.
                Family::Distilbert => 1e-12,
                Family::Deberta(_) => settings.float("layer_norm_eps")?.unwrap_or(1e-7),
                Family::Modern(_) => settings.float("norm_eps")?.unwrap_or(1e-5),
                _ => settings.float("layer_norm_eps")?.unwrap_or(1e-12),
            },
            activation: Activation::read(
                &settings,
                &["hidden_act", "hidden_activation", "activation"],
            )?
            .unwrap_or(Activation::Gelu),
            padding: settings.number(&["pad_token_id"])?.unwrap_or(match family {
                Family::Roberta | Family::Mpnet => 1,
                _ => 0,
            }),
            family,
        };
        config.check(&settings)?;
        Ok(config)
    }

    fn check(&self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(
            self.hidden.is_multiple_of(self.heads),
            "`{}` divides {} dimensions among {} heads, which leaves a rest; take the file that came with the weights",
            settings.path(),
            self.hidden,
            self.heads
        );
        ensure!(
            self.positions > self.first_position(),
            "`{}` has {} positions, all of them before the first token's; take the file that came with the weights",
            settings.path(),
            self.positions
        );
        ensure!(
            self.epsilon.is_finite() && self.epsilon >= 0.0,
            "`{}` has the `{}` {}, which is below 0; take the file that came with the weights",
            settings.path(),
            match self.family {
                Family::Modern(_) => "norm_eps",
                _ => "layer_norm_eps",
            },
            self.epsilon
        );
        match &self.family {
            Family::Modern(modern) => modern.check(self, settings),
            _ => Ok(()),
        }
    }

    /// The row of the position table that the first token takes.
    pub(super) fn first_position(&self) -> usize {
        match self.family {
            Family::Roberta | Family::Mpnet => self.padding.saturating_add(1),
            _ => 0,
        }
    }

    /// Whether every token has a row of the position table.
    pub(super) fn has_position_table(&self) -> bool {
        match &self.family {
            Family::Deberta(deberta) => deberta.absolute,
            Family::Modern(_) => false,
            _ => true,
        }
    }

    /// The tokens of the longest text, where a model was saved with this length: at most as many as there are positions. Where
    /// positions are no table, the saved length stands, if there is one.
    pub(super) fn longest(&self, saved: Option<usize>) -> usize {
        let positions = self.positions - self.first_position();
        if self.has_position_table() {
            return saved.unwrap_or(positions).min(positions);
        }
        saved
            .filter(|saved| *saved < Settings::NO_LIMIT)
            .unwrap_or(positions)
    }
}

impl Activation {
    /// The activation that the first of these keys names, if any is there.
    pub(super) fn read(settings: &Settings, keys: &[&str]) -> anyhow::Result<Option<Self>> {
        Ok(match settings.text(keys)? {
            None => None,
            Some("gelu" | "gelu_python") => Some(Self::Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh" | "gelu_fast") => Some(Self::GeluTanh),
            Some("relu") => Some(Self::Relu),
            Some("tanh") => Some(Self::Tanh),
            Some(other) => bail!(
                "`{}` asks for the activation `{other}`; take a model with `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`, `relu` or `tanh`",
                settings.path()
            ),
        })
    }
}
