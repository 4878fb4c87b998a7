//! Support by a model that finds the tokens of an answer that its sources do not support.

use std::ops::Range;

use super::prompt::Prompt;
use super::windows::Cut;
use super::{Classifier, Judged};
use crate::faithfulness::Subject;
use crate::models::TokenClassifier;

/// A stretch of the answer with the probability that it is not supported.
type Doubted = (Range<usize>, f64);

impl Classifier {
    pub(super) fn judge_tokens(
        &self,
        model: &TokenClassifier,
        subject: &Subject<'_>,
        claims: &[Range<usize>],
    ) -> anyhow::Result<Judged> {
        let room = model.pair_tokens();
        let answer = Cut::of(subject.answer, &self.tokens)?;
        // An answer that leaves no room for its sources is read in parts.
        let parts = if answer.tokens() + super::SLACK <= room / 2 {
            std::iter::once(0..subject.answer.len()).collect()
        } else {
            answer.windows((room / 2).saturating_sub(super::SLACK), 0)
        };
        let mut doubted: Vec<Doubted> = Vec::new();
        for part in parts {
            let text = &subject.answer[part.clone()];
            let taken = self.tokens.of(text)?.len();
            let prompts = self.prompts(subject, self.room(room, taken))?;
            let of_part = self.least_doubted(model, &prompts, text)?;
            doubted.extend(of_part.into_iter().map(|(token, doubt)| {
                let moved = token.start + part.start..token.end + part.start;
                (moved, doubt)
            }));
        }
        let support = |claim: &Range<usize>| {
            let own = doubted.iter().filter(|(token, _)| {
                token.start < token.end && token.start < claim.end && token.end > claim.start
            });
            let doubt = own.map(|(_, doubt)| *doubt).reduce(f64::max);
            doubt.map(|doubt| 1.0 - doubt)
        };
        let supports: Vec<Option<f64>> = claims.iter().map(support).collect();
        let unread = supports.iter().filter(|support| support.is_none()).count();
        let has_sources = subject
            .contexts
            .iter()
            .any(|context| !context.text.trim().is_empty());
        Ok(Judged {
            claims: claims
                .iter()
                .zip(supports)
                .map(|(claim, support)| {
                    self.claim(claim, support.filter(|_| has_sources).unwrap_or(0.0))
                })
                .collect(),
            degraded: (has_sources && unread > 0).then(|| {
                format!(
                    "{unread} of {} claims were not read by the model",
                    claims.len()
                )
            }),
        })
    }

    /// The fewest prompts of at most `room` tokens that have all contexts in them, in order, as far as whole passages go.
    fn prompts(&self, subject: &Subject<'_>, room: usize) -> anyhow::Result<Vec<String>> {
        let prompt = Prompt {
            template: self.config.template.as_deref(),
            question: subject.question.trim(),
        };
        let frame = self.tokens.of(&prompt.with(&[]))?.len();
        // A frame that takes all room would leave none for what it asks about: the prompt then loses its end.
        let room = room.saturating_sub(frame).max(room / 2);
        let mut prompts = Vec::new();
        let mut passages: Vec<String> = Vec::new();
        let mut taken = 0;
        for context in &subject.contexts {
            let whole = match context.about {
                "" => context.text.to_owned(),
                about => format!("{about}\n{}", context.text),
            };
            let cut = Cut::of(&whole, &self.tokens)?;
            let inside = room.saturating_sub(NUMBER).max(1);
            for window in cut.windows(inside, self.config.overlap_tokens) {
                let passage = whole[window].to_owned();
                let own = self.tokens.of(&passage)?.len() + NUMBER;
                if taken + own > room && !passages.is_empty() {
                    prompts.push(prompt.with(&passages));
                    passages.clear();
                    taken = 0;
                }
                taken += own;
                passages.push(passage);
            }
        }
        prompts.push(prompt.with(&passages));
        Ok(prompts)
    }

    /// For each token of a text the smallest probability, over all prompts, that it is not supported.
    fn least_doubted(
        &self,
        model: &TokenClassifier,
        prompts: &[String],
        text: &str,
    ) -> anyhow::Result<Vec<Doubted>> {
        let pairs: Vec<(&str, &str)> = prompts
            .iter()
            .map(|prompt| (prompt.as_str(), text))
            .collect();
        let mut least: Vec<Doubted> = Vec::new();
        for found in model.logits_of_pairs(&pairs)? {
            for (place, token) in found.tokens.into_iter().enumerate() {
                let support = self
                    .meaning
                    .support(found.logits.row(place), model.is_multi_label());
                let doubt = 1.0 - support;
                // The tokens of a text are the same behind any prompt; of a text that is cut the last ones are missing.
                match least.get_mut(place) {
                    Some(before) => before.1 = before.1.min(doubt),
                    None => least.push((token, doubt)),
                }
            }
        }
        Ok(least)
    }
}

/// Tokens of the number before a passage and of the line's end, at most.
const NUMBER: usize = 8;
