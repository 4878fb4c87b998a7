//! Query understanding: what becomes of a query before it is searched for.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::config::{Component, OnFailure, Variant};
use super::models::{Models, Written};
use super::prf::Rm3;
use super::retrieve::{Failed, Found, milliseconds};
use crate::data;
use crate::models::language::Prompt;

/// What becomes of a query: it is rewritten to stand alone, then varied, answered at a guess, and given more words.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Understand {
    /// A query of a conversation becomes one that stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// Other wordings of the query are searched for too, and all lists fused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_query: Option<MultiQuery>,
    /// The vector searched for is the mean of the query's and of a made-up answer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyde: Option<Hyde>,
    /// The search by words is repeated with words of what it found first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prf: Option<Rm3>,
}

/// How a query of a conversation becomes one that stands alone. A query without history is left as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rewrite {
    /// The last turns are put before it.
    History(History),
    /// A language model writes it.
    Model(ByModel),
}

/// The last turns of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// How many.
    pub turns: usize,
}

impl Default for History {
    fn default() -> Self {
        Self { turns: 2 }
    }
}

/// A language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByModel {
    /// Its name in `system.rag.models`.
    pub model: String,
}

/// Other wordings of a query, all searched for, their lists fused by reciprocal rank (k = 60).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiQuery {
    /// The language model that words them.
    pub model: String,
    /// How many, 1..=10.
    #[serde(default = "default_queries")]
    pub queries: usize,
}

fn default_queries() -> usize {
    3
}

/// Hypothetical document embeddings: a language model answers at a guess, and what is like the guess is searched for.
///
/// Source: Gao et al. 2022, who also take the mean with the query's own vector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hyde {
    /// The language model that answers.
    pub model: String,
}

/// A query that is understood.
pub(super) struct Understood {
    /// What is searched for, standing alone.
    pub(super) text: String,
    /// What is to be answered: the question, without turns that were put before it.
    pub(super) question: String,
    /// Other wordings of it.
    pub(super) variations: Vec<String>,
    /// Passages that are like an answer.
    pub(super) passages: Vec<String>,
    pub(super) stages: Vec<Found>,
}

/// All that decides what a variant asks of its searches. Variants that agree in it share their searches.
#[derive(Clone, PartialEq)]
pub(super) struct Asking {
    understand: Understand,
    language_model: bool,
    on_failure: OnFailure,
}

impl Understand {
    /// Whether nothing is done.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The names of the language models that it asks.
    pub(super) fn models(&self) -> Vec<&str> {
        let rewrite = match &self.rewrite {
            Some(Rewrite::Model(ByModel { model })) => Some(model.as_str()),
            Some(Rewrite::History(_)) | None => None,
        };
        let queries = self.multi_query.as_ref().map(|queries| &*queries.model);
        let hyde = self.hyde.as_ref().map(|hyde| &*hyde.model);
        rewrite.into_iter().chain(queries).chain(hyde).collect()
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        if let Some(prf) = self.prf {
            prf.validate()?;
        }
        if let Some(MultiQuery { queries, .. }) = self.multi_query {
            ensure!(
                (1..=10).contains(&queries),
                "`understand.multi_query.queries = {queries}` must be a whole number from 1 to 10"
            );
        }
        for model in self.models() {
            ensure!(
                model != super::generate::AnswerConfig::EXTRACTIVE,
                "`understand` asks `{model}` to write, which only selects sentences; name a language model of `system.rag.models`"
            );
        }
        Ok(())
    }
}

impl Asking {
    pub(super) fn of(variant: &Variant) -> Self {
        Self {
            understand: Understand {
                prf: None,
                ..variant.understand.clone()
            },
            language_model: variant.has(Component::LanguageModel),
            on_failure: variant.on_failure,
        }
    }

    /// Every query understood, or why it could not be.
    pub(super) fn understand(
        &self,
        queries: &[&data::Query],
        models: &Models,
    ) -> Vec<Result<Understood, Failed>> {
        let as_asked = |query: &&data::Query| {
            Ok(Understood {
                text: query.text.clone(),
                question: query.text.clone(),
                variations: Vec::new(),
                passages: Vec::new(),
                stages: Vec::new(),
            })
        };
        let mut understood: Vec<Result<Understood, Failed>> =
            queries.iter().map(as_asked).collect();
        match &self.understand.rewrite {
            Some(Rewrite::History(history)) => history.rewrite(queries, &mut understood),
            Some(Rewrite::Model(ByModel { model })) => {
                let ask = |place: usize, known: &Understood| {
                    let history = &queries[place].history;
                    (!history.is_empty()).then(|| rewriting(history, &known.text))
                };
                let take = |known: &mut Understood, text: &str| {
                    known.text = single_line(text);
                    known.question.clone_from(&known.text);
                };
                self.ask(models, ("rewrite", model), &mut understood, ask, take);
            }
            None => {}
        }
        if let Some(MultiQuery { model, queries }) = &self.understand.multi_query {
            let ask = |_, known: &Understood| Some(rewording(&known.text, *queries));
            let take = |known: &mut Understood, text: &str| {
                known.variations = variations(text, &known.text, *queries);
            };
            self.ask(models, ("multi_query", model), &mut understood, ask, take);
        }
        if let Some(Hyde { model }) = &self.understand.hyde {
            let ask = |_, known: &Understood| Some(guessing(&known.text));
            let take = |known: &mut Understood, text: &str| known.passages.push(text.to_owned());
            self.ask(models, ("hyde", model), &mut understood, ask, take);
        }
        understood
    }

    /// One stage that a language model writes. Where it fails, the query is left as it is or ends, as the variant says.
    fn ask(
        &self,
        models: &Models,
        (stage, model): (&'static str, &str),
        understood: &mut [Result<Understood, Failed>],
        prompt: impl Fn(usize, &Understood) -> Option<Prompt>,
        take: impl Fn(&mut Understood, &str),
    ) {
        let (mut places, mut prompts) = (Vec::new(), Vec::new());
        for (place, known) in understood.iter().enumerate() {
            if let Some(prompt) = known.as_ref().ok().and_then(|known| prompt(place, known)) {
                places.push(place);
                prompts.push(prompt);
            }
        }
        let written = if self.language_model {
            models.write(model, &prompts)
        } else {
            vec![Err(Component::LanguageModel.outage()); prompts.len()]
        };
        for (place, written) in places.into_iter().zip(written) {
            let Ok(known) = &mut understood[place] else {
                continue;
            };
            match written {
                Ok(Written {
                    text,
                    usage,
                    latency_ms,
                    ..
                }) if text.trim().is_empty() => known.stages.push(Found {
                    usage: Some(usage),
                    degraded: Some("the language model wrote nothing".to_owned()),
                    ..Found::preparing(stage, latency_ms, 1)
                }),
                Ok(Written {
                    text,
                    fault,
                    usage,
                    latency_ms,
                }) => {
                    take(known, &text);
                    known.stages.push(Found {
                        text: Some(text),
                        usage: Some(usage),
                        degraded: fault,
                        ..Found::preparing(stage, latency_ms, 1)
                    });
                }
                Err(reason) if self.on_failure == OnFailure::Degrade => known.stages.push(Found {
                    degraded: Some(reason),
                    ..Found::preparing(stage, 0.0, 1)
                }),
                Err(reason) => {
                    let stages = std::mem::take(&mut known.stages);
                    let reason = format!("{stage}: {reason}");
                    understood[place] = Err(Failed { reason, stages });
                }
            }
        }
    }
}

impl History {
    fn rewrite(self, queries: &[&data::Query], understood: &mut [Result<Understood, Failed>]) {
        for (query, known) in queries.iter().zip(understood) {
            let Ok(known) = known else { continue };
            if query.history.is_empty() {
                continue;
            }
            let started = Instant::now();
            let from = query.history.len().saturating_sub(self.turns);
            let turns = query.history[from..].iter().map(String::as_str);
            let turns: Vec<&str> = turns.chain([known.text.as_str()]).collect();
            known.text = turns.join("\n");
            known.stages.push(Found {
                text: Some(known.text.clone()),
                ..Found::preparing("rewrite", milliseconds(started, 1), 1)
            });
        }
    }
}

/// A prompt without sources.
fn prompt(system: &str, user: String, question: &str) -> Prompt {
    Prompt {
        system: system.to_owned(),
        user,
        question: question.to_owned(),
        sources: Vec::new(),
    }
}

fn rewriting(history: &[String], question: &str) -> Prompt {
    let mut user = "Conversation so far:\n".to_owned();
    for turn in history {
        let _ = writeln!(user, "- {turn}");
    }
    let _ = write!(
        user,
        "\nLast question: {question}\n\nThe last question as one that can be understood without the conversation:"
    );
    prompt(
        "You rewrite the last question of a conversation so that it can be understood alone. Keep its language, names and numbers. Reply with the question only.",
        user,
        question,
    )
}

fn rewording(question: &str, count: usize) -> Prompt {
    let user = format!(
        "Question: {question}\n\n{count} other wordings of it for a search engine, one a line:"
    );
    prompt(
        "You word questions in other ways so that a search finds documents that use other words. Keep their language and meaning. Reply with one wording a line and nothing else.",
        user,
        question,
    )
}

fn guessing(question: &str) -> Prompt {
    prompt(
        "You write the passage of a document that answers a question. Write it in the question's language, in about five sentences, as such a document would be worded. If you do not know the answer, make up a likely one. Reply with the passage only.",
        format!("Question: {question}\n\nPassage:"),
        question,
    )
}

/// The first line that says something.
fn single_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let first = lines.into_iter().find(|line| !line.is_empty());
    first.unwrap_or_default().to_owned()
}

/// The wordings in what a model wrote: a line each, without the bullet or number that it may begin with; none twice and none that is
/// the question itself.
fn variations(text: &str, question: &str, most: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let bare = line.trim_start_matches(['-', '*', '•']).trim_start();
        let digits = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = digits.len() < bare.len() && digits.starts_with(['.', ')', ':']);
        let bare = if numbered { digits[1..].trim() } else { bare };
        let is_new = !bare.is_empty() && bare != question && !found.iter().any(|one| one == bare);
        if is_new && found.len() < most {
            found.push(bare.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_lose_their_bullets_and_repetitions() {
        let text = "1. How long is leave?\n- Leave length\n\n2) How long is leave?\n3.5 days of leave\nasked\nmore";
        assert_eq!(
            variations(text, "asked", 3),
            ["How long is leave?", "Leave length", "5 days of leave"]
        );
    }
}
