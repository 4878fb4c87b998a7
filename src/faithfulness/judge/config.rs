//! What is asked of a judge.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::data::PathText;

/// `judge`: a language model that votes on every claim.
///
/// Votes tell more than one only where they can differ. Each has a prompt of its own (its number, the wording of the task, the order of
/// the sources), so they differ a little for a model of temperature 0 too; a temperature above 0 is the model's own parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeConfig {
    /// The language model's name in the config's table of models.
    pub model: String,
    /// What is voted on.
    #[serde(default)]
    pub claims: Claims,
    /// Votes on a claim, 1..=15. One vote is a verdict, and says nothing about itself: agreement needs two.
    #[serde(default = "default_votes")]
    pub votes: usize,
    /// Claims of an answer that are judged, 1..=1000: the first. Where there are more, the verdict says so.
    #[serde(default = "default_max_claims")]
    pub max_claims: usize,
    /// A claim is supported where more than this share of its votes says so, 0 ≤ share < 1. At 1/2 a tie is not supported.
    #[serde(default = "default_threshold")]
    pub threshold: f64,
    /// Whether votes quote what they rest on, which becomes the claim's evidence.
    #[serde(default = "default_quotes")]
    pub quotes: bool,
    /// A file of prompts; ragkit's own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PathText>,
}

/// What a judge votes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claims {
    /// The sentences of the answer as they are.
    Sentences,
    /// Atomic claims, into which the model splits the sentences with one more prompt an answer.
    #[default]
    Decompose,
}

fn default_votes() -> usize {
    1
}

fn default_max_claims() -> usize {
    30
}

fn default_threshold() -> f64 {
    0.5
}

fn default_quotes() -> bool {
    true
}

impl JudgeConfig {
    /// The most votes on a claim.
    pub const MOST_VOTES: usize = 15;

    /// A judge of this model, all else at its default.
    pub fn of(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            claims: Claims::default(),
            votes: default_votes(),
            max_claims: default_max_claims(),
            threshold: default_threshold(),
            quotes: default_quotes(),
            prompts: None,
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.model.is_empty(),
            "`judge.model = \"\"` must be the name of a model in the config's table of models"
        );
        ensure!(
            (1..=Self::MOST_VOTES).contains(&self.votes),
            "`judge.votes = {}` must be a whole number from 1 to {}",
            self.votes,
            Self::MOST_VOTES
        );
        ensure!(
            (1..=1000).contains(&self.max_claims),
            "`judge.max_claims = {}` must be a whole number from 1 to 1000",
            self.max_claims
        );
        ensure!(
            (0.0..1.0).contains(&self.threshold),
            "`judge.threshold = {}` must be at least 0 and below 1: a claim is supported where more than this share of its votes says so",
            self.threshold
        );
        Ok(())
    }
}
