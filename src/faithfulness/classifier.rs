//! Tier 2: any classifier of pairs of texts, or of the tokens of an answer behind its sources, from a local folder.

mod labels;
mod prompt;
mod sequences;
#[cfg(test)]
mod tests;
mod tokens;
mod windows;

use std::ops::Range;

use anyhow::ensure;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::labels::Meaning;
use super::{Scorer, Subject, Verdict};
use crate::data::Digest;
use crate::models::{
    Device, HeadKind, Label, SequenceClassifier, TokenClassifier, TokenizerConfig, Tokens,
    model_folder,
};
use crate::outputs::Claim;

/// `classifier`: a model for natural language inference, or one trained to find what sources do not support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierConfig {
    /// The folder, as transformers saves a model: a name in `$RAGKIT_MODELS` (`models` unless set), or a path with a `/` in it.
    pub model: String,
    /// Where it computes.
    #[serde(default)]
    pub device: Device,
    /// What it gives labels to, where the model's `config.json` names no architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadKind>,
    /// The labels that mean that a text is supported, where their names do not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supported: Vec<Label>,
    /// The labels that mean that it is not: the other way to say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<Label>,
    /// A claim is supported from this on, 0..=1.
    #[serde(default = "half")]
    pub threshold: f64,
    /// What of an answer is judged by itself.
    #[serde(default)]
    pub granularity: Granularity,
    /// Tokens of the sources that are read at once; as many as the model takes, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<usize>,
    /// At most so many tokens at the end of a window stand at the beginning of the next as well.
    #[serde(default = "overlap")]
    pub overlap_tokens: usize,
    /// What a model that gives labels to tokens reads before the answer: with `{contexts}` (numbered passages), `{question}` and `{count}`.
    /// `LettuceDetect`'s prompts, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

fn half() -> f64 {
    0.5
}

fn overlap() -> usize {
    64
}

/// What of an answer is one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// Each sentence that claims something.
    #[default]
    Sentence,
    /// All of them together, from the beginning of the first to the end of the last.
    Answer,
}

impl ClassifierConfig {
    /// The classifier in this folder.
    pub fn at(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            device: Device::default(),
            head: None,
            supported: Vec::new(),
            unsupported: Vec::new(),
            threshold: half(),
            granularity: Granularity::default(),
            window_tokens: None,
            overlap_tokens: overlap(),
            template: None,
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.model.is_empty(),
            "`classifier` names no `model`; give the name of a folder"
        );
        ensure!(
            (0.0..=1.0).contains(&self.threshold),
            "`classifier.threshold = {}` must be a number from 0 to 1",
            self.threshold
        );
        ensure!(
            self.supported.is_empty() || self.unsupported.is_empty(),
            "`classifier` names labels under `supported` and under `unsupported`; keep one of them, the labels left over mean the other"
        );
        ensure!(
            self.window_tokens != Some(0),
            "`classifier.window_tokens` must be above 0"
        );
        ensure!(
            self.template
                .as_ref()
                .is_none_or(|template| template.contains("{contexts}")),
            "`classifier.template` does not say where the sources stand; put `{{contexts}}` in it"
        );
        Ok(())
    }

    /// Checks that the folder is there.
    pub fn check(&self) -> anyhow::Result<()> {
        model_folder(&self.model).map(|_| ())
    }
}

/// Tier 2: how probable a classifier finds it that each claim is supported.
///
/// * A model that gives labels to pairs of texts reads each context before each claim, in windows that it can take: the support of a claim is the largest
///   probability over all windows (`SummaC-ZS`, Laban et al. 2022; `MiniCheck`, Tang et al. 2024), and that window is its evidence.
/// * A model that gives labels to tokens reads all contexts, and the question, before the answer. The support of a claim is 1 - the largest probability that
///   one of its tokens is hallucinated, of each token the smallest over all windows: what one window supports is supported.
///
/// A claim without any context has the support 0.
pub struct Classifier {
    config: ClassifierConfig,
    model: Model,
    meaning: Meaning,
    tokens: Tokens,
}

enum Model {
    Sequences(SequenceClassifier),
    Tokens(TokenClassifier),
}

impl Model {
    fn labels(&self) -> &[String] {
        match self {
            Self::Sequences(model) => model.labels(),
            Self::Tokens(model) => model.labels(),
        }
    }
}

/// What the claims of an answer came to.
struct Judged {
    claims: Vec<Claim>,
    degraded: Option<String>,
}

impl Classifier {
    /// Reads the model.
    ///
    /// # Errors
    /// Where it is not there or cannot be read, or it cannot be told what its head or its labels mean.
    pub fn open(config: &ClassifierConfig) -> anyhow::Result<Self> {
        let folder = model_folder(&config.model)?;
        let kind = match config.head {
            Some(kind) => kind,
            None => HeadKind::of(&folder)?,
        };
        let model = match kind {
            HeadKind::Sequence => {
                Model::Sequences(SequenceClassifier::load_on(&folder, config.device)?)
            }
            HeadKind::Token => Model::Tokens(TokenClassifier::load_on(&folder, config.device)?),
        };
        Ok(Self {
            meaning: Meaning::of(model.labels(), kind, &config.supported, &config.unsupported)?,
            tokens: TokenizerConfig::Model(config.model.clone()).open()?.0,
            model,
            config: config.clone(),
        })
    }

    /// Equal digests, equal verdicts.
    pub fn digest(&self) -> anyhow::Result<String> {
        // A model is known by its files, wherever they lie and compute.
        let config = ClassifierConfig {
            model: String::new(),
            device: Device::default(),
            ..self.config.clone()
        };
        let model = match &self.model {
            Model::Sequences(model) => model.digest(),
            Model::Tokens(model) => model.digest(),
        };
        let digest = Digest::default().with("model", model);
        Ok(digest.with("config", serde_json::to_vec(&config)?).finish())
    }

    /// Tier, what the labels mean, threshold and its origin, for reports.
    pub fn describe(&self) -> String {
        format!(
            "tier 2 (classifier `{}`, {}), threshold {} (the config's)",
            self.config.model,
            self.meaning.describe(self.model.labels()),
            self.config.threshold
        )
    }

    fn verdict(&self, subject: &Subject<'_>) -> anyhow::Result<Verdict> {
        let (Some(first), Some(last)) = (subject.sentences.first(), subject.sentences.last())
        else {
            return Ok(Verdict::default());
        };
        let whole = first.start..last.end;
        let claims = match self.config.granularity {
            Granularity::Sentence => subject.sentences,
            Granularity::Answer => std::slice::from_ref(&whole),
        };
        let judged = match &self.model {
            Model::Sequences(model) => self.judge_sequences(model, subject, claims)?,
            Model::Tokens(model) => self.judge_tokens(model, subject, claims)?,
        };
        Ok(Verdict {
            degraded: judged.degraded,
            ..Verdict::by_mean(judged.claims, self.config.threshold)
        })
    }

    /// A claim of this support.
    fn claim(&self, range: &Range<usize>, support: f64) -> Claim {
        Claim {
            start: range.start,
            end: range.end,
            support,
            supported: support >= self.config.threshold,
            ..Claim::default()
        }
    }

    /// The tokens that are left for sources beside these, as many as a window may have.
    fn room(&self, pair: usize, taken: usize) -> usize {
        let left = pair.saturating_sub(taken + SLACK).max(1);
        left.min(self.config.window_tokens.unwrap_or(usize::MAX))
    }
}

/// So many tokens more may a text have where it is cut out of another or put behind one.
const SLACK: usize = 4;

impl Scorer for Classifier {
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        let verdict = |subject| {
            let verdict = self.verdict(subject);
            verdict.map_err(|error| format!("{error:#}"))
        };
        subjects.par_iter().map(verdict).collect()
    }
}
