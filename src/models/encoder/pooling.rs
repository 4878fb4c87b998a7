//! From the vectors of a text's tokens to the vector of the text, as sentence-transformers' module files say.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::settings::{Settings, json};

/// One way to make a vector of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The first token's vector.
    First,
    /// The largest value in each dimension.
    Max,
    Mean,
    /// The sum divided by the square root of the number of tokens.
    MeanRoot,
    /// The mean with weights 1, 2, 3 … from the first token on.
    WeightedMean,
    /// The last token's vector.
    Last,
}

/// Names in the order in which sentence-transformers concatenates them: as a flag of older files and as a word of newer
/// ones.
const MODES: [(&str, &str, Mode); 6] = [
    ("pooling_mode_cls_token", "cls", Mode::First),
    ("pooling_mode_max_tokens", "max", Mode::Max),
    ("pooling_mode_mean_tokens", "mean", Mode::Mean),
    (
        "pooling_mode_mean_sqrt_len_tokens",
        "mean_sqrt_len_tokens",
        Mode::MeanRoot,
    ),
    (
        "pooling_mode_weightedmean_tokens",
        "weightedmean",
        Mode::WeightedMean,
    ),
    ("pooling_mode_lasttoken", "lasttoken", Mode::Last),
];

/// How token vectors become one; several ways are laid end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pooling(Vec<Mode>);

/// What the module files of a model folder say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Modules {
    /// The folder of the transformer's own files.
    pub(super) transformer: PathBuf,
    pub(super) pooling: Pooling,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Modules {
    /// Reads `modules.json` and what it points at; a folder without one is a transformer whose tokens are averaged.
    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("modules.json");
        let mut modules = Self {
            transformer: folder.to_owned(),
            pooling: Pooling(vec![Mode::Mean]),
        };
        if !path.is_file() {
            return Ok(modules);
        }
        let listed: Vec<Module> = serde_json::from_value(json(&path)?).with_context(|| {
            format!(
                "`{}` is not a list of modules; fetch the file again",
                path.display()
            )
        })?;
        for module in listed {
            match module.kind.rsplit('.').next() {
                // Joining an empty path would leave a slash at the end of every name in a message.
                Some("Transformer") if module.path.is_empty() => {}
                Some("Transformer") => modules.transformer = folder.join(module.path),
                Some("Pooling") => {
                    modules.pooling = Pooling::load(&folder.join(module.path).join("config.json"))?;
                }
                // Vectors are normalised at the seam in any case.
                Some("Normalize") => {}
                _ => bail!(
                    "`{}` asks for the module `{}`; take a model of transformer, pooling and normalisation alone",
                    path.display(),
                    module.kind
                ),
            }
        }
        Ok(modules)
    }
}

impl Pooling {
    fn load(path: &Path) -> anyhow::Result<Self> {
        let settings = Settings::load(path)?;
        let mut modes = Vec::new();
        if let Some(names) = settings.texts(&["pooling_mode"])? {
            for name in names {
                match MODES.iter().find(|(_, word, _)| *word == name) {
                    Some((_, _, mode)) => modes.push(*mode),
                    None => bail!(
                        "`{}` asks for the pooling `{name}`; take a model with {}",
                        path.display(),
                        MODES.map(|(_, word, _)| format!("`{word}`")).join(", ")
                    ),
                }
            }
            ensure!(
                !modes.is_empty(),
                "`{}` names no pooling; fetch the file again",
                path.display()
            );
        } else {
            for (flag, _, mode) in MODES {
                if settings.flag(flag)? == Some(true) {
                    modes.push(mode);
                }
            }
            if modes.is_empty() {
                modes.push(Mode::Mean);
            }
        }
        Ok(Self(modes))
    }

    /// Dimensions of a text's vector where tokens have `hidden`.
    pub(super) fn dim(&self, hidden: usize) -> usize {
        self.0.len() * hidden
    }

    /// The vector of a text from its tokens' vectors; a text without tokens gets zeros.
    pub(super) fn pool(&self, tokens: &[f32], hidden: usize) -> Vec<f32> {
        if tokens.is_empty() {
            return vec![0.0; self.dim(hidden)];
        }
        self.0
            .iter()
            .flat_map(|mode| mode.pool(tokens, hidden))
            .collect()
    }
}

impl Mode {
    fn pool(self, tokens: &[f32], hidden: usize) -> Vec<f32> {
        let rows = || tokens.chunks_exact(hidden);
        let count = rows().len() as f32;
        match self {
            Self::First => tokens[..hidden].to_vec(),
            Self::Last => tokens[tokens.len() - hidden..].to_vec(),
            Self::Max => folded(rows(), f32::NEG_INFINITY, |_, max, value| max.max(value)),
            Self::Mean => mean(rows(), |_| 1.0, count),
            Self::MeanRoot => mean(rows(), |_| 1.0, count.sqrt()),
            Self::WeightedMean => mean(rows(), |row| row as f32 + 1.0, count * (count + 1.0) / 2.0),
        }
    }
}

fn folded<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    start: f32,
    fold: impl Fn(usize, f32, f32) -> f32,
) -> Vec<f32> {
    let mut rows = rows.enumerate().peekable();
    let width = rows.peek().map_or(0, |(_, row)| row.len());
    let mut pooled = vec![start; width];
    for (place, row) in rows {
        for (pooled, value) in pooled.iter_mut().zip(row) {
            *pooled = fold(place, *pooled, *value);
        }
    }
    pooled
}

fn mean<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    weight: impl Fn(usize) -> f32,
    divisor: f32,
) -> Vec<f32> {
    let mut sums = folded(rows, 0.0, |row, sum, value| sum + weight(row) * value);
    sums.iter_mut().for_each(|sum| *sum /= divisor);
    sums
}
