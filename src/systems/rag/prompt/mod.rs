//! Prompt construction: what was found and what is asked, as messages for a language model that fit into its budget of tokens.

mod chosen;
mod pack;
mod packing;

mod template;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

pub(super) use self::pack::{Candidate, Packed, Packer};
pub(super) use self::template::Template;
use crate::data::PathText;
use crate::models::TokenizerConfig;

/// How a prompt is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptConfig {
    /// The template's file; one of ragkit's own unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PathText>,
    /// Of ragkit's own templates the one that has the model reason step by step before it answers.
    pub chain_of_thought: bool,
    /// The most tokens of a prompt: of all messages together, without what a server puts around each.
    pub budget_tokens: NonZeroUsize,
    /// What counts as a token.
    pub tokenizer: TokenizerConfig,
    /// The most sources of a prompt.
    pub chunks: NonZeroUsize,
    /// In which order they stand.
    pub order: Order,
    /// What is done with a source that does not fit any more.
    pub when_full: WhenFull,
    /// A source that is cut keeps so many tokens or more; the first one fewer where there is no more room.
    pub smallest_part_tokens: NonZeroUsize,
}

impl Default for PromptConfig {
    fn default() -> Self {
        Self {
            template: None,
            chain_of_thought: false,
            budget_tokens: const { NonZeroUsize::new(3000).expect("not 0") },
            tokenizer: TokenizerConfig::default(),
            chunks: const { NonZeroUsize::new(5).expect("not 0") },
            order: Order::default(),
            when_full: WhenFull::default(),
            smallest_part_tokens: const { NonZeroUsize::new(30).expect("not 0") },
        }
    }
}

/// The order of the sources in a prompt; they are numbered in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Best first.
    #[default]
    Rank,
    /// Best last, next to the question.
    Reverse,
    /// Best first, second best last, and so on inwards: models use least what stands in the middle (Liu et al. 2023, "Lost in the
    /// Middle").
    Edges,
    /// What is of one document together, in the order of its text; documents by their best source.
    Document,
}

/// What is done with a source that does not fit any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// It is left out, and the next one is tried.
    #[default]
    Skip,
    /// It is the end: no source stands in a prompt from which a better one was left out.
    Stop,
    /// What fits of it is taken, which is the end.
    Truncate,
}

/// A text that may stand in a `<source>` of a prompt as data.
pub(super) fn as_data(text: &str) -> String {
    crate::prompts::quoted(text, &["source".to_owned()])
}

impl PromptConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.template.is_none() || !self.chain_of_thought,
            "`chain_of_thought` chooses between ragkit's own templates, and `template` names another; leave one of them out"
        );
        ensure!(
            self.smallest_part_tokens <= self.budget_tokens,
            "`smallest_part_tokens = {}` is more than `budget_tokens = {}`; lower it",
            self.smallest_part_tokens,
            self.budget_tokens
        );
        Ok(())
    }

    /// Reads the template and opens the tokenizer.
    ///
    /// # Errors
    /// Where either cannot be read, or the template alone is longer than the budget.
    pub fn open(&self) -> anyhow::Result<Packer> {
        let template = match &self.template {
            Some(path) => Template::load(&path.resolve()?)?,
            None => Template::built_in(self.chain_of_thought),
        };
        Packer::new(self, template)
    }
}
