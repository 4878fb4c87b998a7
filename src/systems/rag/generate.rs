//! Generation: a prompt is packed with the best passages, a model answers, and what it says is verified.

use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::answers::Verifier;
use super::config::{Component, OnFailure, Variant};
use super::models::{Models, Written};
use super::prompt::{Candidate, Packed, Packer, PromptConfig};
use super::retrieve::{Found, milliseconds};
use crate::analysis::Analyser;
use crate::claims::{CitationsConfig, Reading, SourceText};
use crate::data::Metadata;
use crate::indexes::{Index, Origin, Shown};
use crate::models::language::{Extractive, ExtractiveConfig, LanguageModel, Prompt};
use crate::outputs::Answer;

/// How a variant answers in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerConfig {
    /// What writes: a name in `system.rag.models`, or `extractive`, which needs no model.
    pub model: String,
    /// How the prompt is made.
    pub prompt: PromptConfig,
    /// How the answer is verified.
    pub citations: CitationsConfig,
    /// How sentences are selected, where `extractive` answers, or stands in for a language model that failed.
    pub extractive: ExtractiveConfig,
}

impl Default for AnswerConfig {
    fn default() -> Self {
        Self {
            model: Self::EXTRACTIVE.to_owned(),
            prompt: PromptConfig::default(),
            citations: CitationsConfig::default(),
            extractive: ExtractiveConfig::default(),
        }
    }
}

impl AnswerConfig {
    /// The name of the model that selects sentences.
    pub const EXTRACTIVE: &str = "extractive";

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        self.prompt.validate()?;
        self.citations.validate()?;
        self.extractive.validate()
    }
}

/// Writes the answers of one variant.
pub(super) struct Writer {
    config: AnswerConfig,
    packer: Packer,
}

/// A question with the passages that may answer it, best first.
pub(super) struct Asked<'a> {
    pub(super) question: &'a str,
    pub(super) history: &'a [String],
    pub(super) passages: Vec<Passage<'a>>,
}

/// A passage with where it comes from.
pub(super) struct Passage<'a> {
    pub(super) origin: Origin<'a>,
    pub(super) shown: &'a Shown,
}

/// An answer.
pub(super) struct Answered {
    /// The stages that made it.
    pub(super) stages: Vec<Found>,
    pub(super) answer: Answer,
    /// The texts that it was to rest on, each with what was said of it, as the model saw them.
    pub(super) sources: Vec<(String, String)>,
}

/// Passages are looked at for each that the prompt is to hold: some say what others say.
const LOOKED_AT: usize = 4;

impl Writer {
    /// Reads the template and opens the tokenizer.
    pub(super) fn new(config: &AnswerConfig) -> anyhow::Result<Self> {
        Ok(Self {
            packer: config.prompt.open()?,
            config: config.clone(),
        })
    }

    /// What its answers are a function of, beside its config: the template and the tokenizer.
    pub(super) fn digest(&self) -> &str {
        self.packer.digest()
    }

    /// What scores its answers.
    pub(super) fn verifier(&self) -> Verifier {
        Verifier {
            config: self.config.citations,
            thinks: self.packer.template().thinks(),
        }
    }

    /// The most passages that it looks at.
    pub(super) fn candidates(&self) -> usize {
        self.config.prompt.chunks.get() * LOOKED_AT
    }

    /// The answers to the questions, in order.
    pub(super) fn answer(
        &self,
        asked: &[Asked<'_>],
        index: &Index,
        variant: &Variant,
        models: &Models,
    ) -> Vec<Result<Answered, String>> {
        let packed: Vec<Result<(Packed, f64), String>> =
            asked.par_iter().map(|asked| self.pack(asked)).collect();
        let whole = packed.iter().flatten();
        let prompts: Vec<Prompt> = whole.map(|(packed, _)| packed.prompt.clone()).collect();
        let weight = |term: &str| f64::from(index.bm25.idf(term).unwrap_or_default());
        let mut written = self
            .write(&prompts, index, &weight, variant, models)
            .into_iter();
        let of_whole = packed
            .iter()
            .map(|packed| packed.is_ok().then(|| written.next()));
        let written: Vec<Option<_>> = of_whole.map(Option::flatten).collect();
        let reading = Reading {
            config: self.config.citations,
            refusal: self.packer.template().refusal(),
            thinks: self.packer.template().thinks(),
            weight: &weight,
        };
        let together: Vec<_> = packed.into_iter().zip(written).collect();
        together
            .into_par_iter()
            .map_init(
                || index.analyser.clone(),
                |analyser, (packed, written)| {
                    let (packed, packing_ms) = packed?;
                    let written =
                        written.unwrap_or_else(|| Err("nothing was written".to_owned()))?;
                    let started = Instant::now();
                    let answer = read(&reading, &written.text, &packed, analyser);
                    let verifying_ms = milliseconds(started, 1);
                    let stages = vec![
                        Found::preparing("prompt", packing_ms, 1),
                        written.stage,
                        Found::preparing("verify", verifying_ms, 1),
                    ];
                    Ok(Answered {
                        stages,
                        answer,
                        sources: packed
                            .prompt
                            .sources
                            .into_iter()
                            .zip(packed.about)
                            .collect(),
                    })
                },
            )
            .collect()
    }

    fn pack(&self, asked: &Asked<'_>) -> Result<(Packed, f64), String> {
        let started = Instant::now();
        let metadata: Vec<Metadata> = asked.passages.iter().map(|one| facts(one.shown)).collect();
        let candidates = asked.passages.iter().zip(&metadata);
        let candidates: Vec<Candidate<'_>> = candidates
            .map(|(Passage { origin, shown }, metadata)| Candidate {
                item: &shown.id,
                document: origin.document,
                title: &shown.title,
                text: &shown.text,
                metadata,
                stretch: Some(origin.start..origin.end),
            })
            .collect();
        let packed = self
            .packer
            .pack(asked.question, &asked.history.join("\n"), &candidates);
        let packed = packed.map_err(|error| format!("prompt: {error:#}"))?;
        Ok((packed, milliseconds(started, 1)))
    }

    fn write(
        &self,
        prompts: &[Prompt],
        index: &Index,
        weight: &(dyn Fn(&str) -> f64 + Sync),
        variant: &Variant,
        models: &Models,
    ) -> Vec<Result<Raw, String>> {
        let extract = |prompts: &[Prompt]| {
            let analyser = index.analyser.clone();
            let refusal = self.packer.template().refusal();
            Extractive::new(self.config.extractive, analyser, weight, refusal).complete(prompts)
        };
        let extracted = |completion: crate::models::language::Completion, degraded| Raw {
            stage: Found {
                text: Some(completion.text.clone()),
                degraded,
                ..Found::preparing("generate", completion.clock.latency_ms, 1)
            },
            text: completion.text,
        };
        if self.config.model == AnswerConfig::EXTRACTIVE {
            let completions = extract(prompts).into_iter();
            return completions
                .map(|completion| Ok(extracted(completion?, None)))
                .collect();
        }
        let written = if variant.has(Component::LanguageModel) {
            models.write(&self.config.model, prompts)
        } else {
            vec![Err(Component::LanguageModel.outage()); prompts.len()]
        };
        let one = |(written, prompt): (Result<Written, String>, &Prompt)| match written {
            Ok(written) => Ok(Raw {
                stage: Found {
                    text: Some(written.text.clone()),
                    usage: Some(written.usage),
                    degraded: written.fault,
                    ..Found::preparing("generate", written.latency_ms, 1)
                },
                text: written.text,
            }),
            Err(reason) if variant.on_failure == OnFailure::Degrade => {
                let completion = extract(std::slice::from_ref(prompt)).swap_remove(0)?;
                Ok(extracted(
                    completion,
                    Some(format!("{reason}; sentences are extracted")),
                ))
            }
            Err(reason) => Err(format!("generate: {reason}")),
        };
        written.into_iter().zip(prompts).map(one).collect()
    }
}

fn read(reading: &Reading<'_>, text: &str, packed: &Packed, analyser: &mut Analyser) -> Answer {
    let question = &packed.prompt.question;
    let shown = packed.prompt.sources.iter().zip(&packed.about);
    let sources: Vec<SourceText<'_>> = packed
        .sources
        .iter()
        .zip(shown)
        .map(|(source, (text, about))| SourceText {
            source,
            text,
            about,
        })
        .collect();
    Answer {
        prompt_tokens: packed.tokens,
        prefix_tokens: packed.fixed_tokens,
        dropped_sources: packed.dropped,
        duplicate_sources: packed.duplicates,
        forgotten_lines: packed.forgotten,
        ..reading.read(question, text, &sources, analyser)
    }
}

/// What a model wrote, with the stage that says so.
struct Raw {
    text: String,
    stage: Found,
}

/// What is known of a passage, as text.
fn facts(shown: &Shown) -> Metadata {
    let object = shown.metadata.as_object();
    let facts = object.into_iter().flatten().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    facts.collect()
}
