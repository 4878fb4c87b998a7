//! Packing: the best sources that fit into the budget, never more. What goes in, what comes out, and what stays from prompt to prompt.

use std::ops::Range;

use anyhow::ensure;

use super::packing::Packing;
use super::template::{Messages, Values};
use super::{PromptConfig, Template};
use crate::data::{Digest, Metadata};
use crate::models::Tokens;
use crate::models::language::Prompt;
use crate::outputs::Source;
use crate::prompts::quoted;

/// A text that may become a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// The passage's id.
    pub item: &'a str,
    /// The document's id.
    pub document: &'a str,
    /// Its title, empty where it has none.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What else is known of it.
    pub metadata: &'a Metadata,
    /// Which characters of the document it is, where that is known.
    pub stretch: Option<Range<usize>>,
}

/// A prompt within its budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The messages; its `sources` are the texts as they stand there.
    pub prompt: Prompt,
    /// Its sources, by number from 1.
    pub sources: Vec<Source>,
    /// What the messages say of each source beside its text (title, date, …), as one line.
    pub about: Vec<String>,
    /// Tokens of both messages.
    pub tokens: usize,
    /// Tokens at their beginning that are the same for every question: what a server's prefix cache can hold.
    pub fixed_tokens: usize,
    /// Of the `chunks` best different candidates those for which there was no room.
    pub dropped: usize,
    /// Candidates that were passed over because they say what a chosen one says.
    pub duplicates: usize,
    /// Lines of what was said before that had no room.
    pub forgotten: usize,
}

/// Makes prompts.
pub struct Packer {
    template: Template,
    pub(super) config: PromptConfig,
    pub(super) tokens: Tokens,
    pub(super) fixed_tokens: usize,
    digest: String,
}

impl Packer {
    pub(super) fn new(config: &PromptConfig, template: Template) -> anyhow::Result<Self> {
        let (tokens, tokenizer) = config.tokenizer.open()?;
        let mut packer = Self {
            digest: Digest::default()
                .with("template", template.digest())
                .with("tokenizer", tokenizer)
                .finish(),
            template,
            config: config.clone(),
            tokens,
            fixed_tokens: 0,
        };
        packer.fixed_tokens = packer.count(&packer.template.head())?;
        let nothing = Values {
            context: "",
            question: "",
            history: "",
        };
        let alone = packer.count(&packer.template.messages(nothing))?;
        ensure!(
            alone <= packer.budget(),
            "the template `{}` takes {alone} tokens by itself, `budget_tokens` is {}; raise it or shorten the template",
            packer.template.path().display(),
            packer.budget()
        );
        Ok(packer)
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Equal digests and configs, equal prompts.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn budget(&self) -> usize {
        self.config.budget_tokens.get()
    }

    /// Tokens of both messages.
    pub(super) fn count(&self, messages: &Messages) -> anyhow::Result<usize> {
        Ok(self.tokens.of(&messages.system)?.len() + self.tokens.of(&messages.user)?.len())
    }

    /// The prompt for a question, with what was said before it (a line a turn, empty where nothing was) and the best of the candidates,
    /// which come best first. Of what was said before, the last lines are kept that fit into half of what the question leaves.
    ///
    /// The prompt as a whole is counted, and never longer than the budget. The first candidate always stands in it: where it is too long
    /// it is cut, at the end of a sentence if that leaves `smallest_part_tokens`, else behind a token; where even its title and metadata
    /// leave no room, these go first. [`Source::truncated`] says so.
    ///
    /// # Errors
    /// Where the question does not fit, or no token of the first candidate does beside it.
    pub fn pack(
        &self,
        question: &str,
        history: &str,
        candidates: &[Candidate<'_>],
    ) -> anyhow::Result<Packed> {
        let tags = self.template.tags();
        let (question_text, history) = (quoted(question, tags), quoted(history, tags));
        let mut packing = Packing::new(self, &question_text, &history)?;
        let (dropped, duplicates) = packing.choose(candidates)?;
        packing.finish(question, dropped, duplicates)
    }
}
