//! What the file says, before every variant has all its stages.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use serde::Deserialize;

use super::super::generate::AnswerConfig;
use super::super::rerank::Rerank;
use super::super::understand::Understand;
use super::{Component, Config, IndexChoice, OnFailure, Retrieve, Variant};
use crate::analysis::AnalyserConfig;
use crate::chunking::Chunking;
use crate::faithfulness::ScorerConfig;
use crate::metrics::answer::Normalisation;
use crate::models::language::LanguageModelConfig;

/// `[system.rag]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declared {
    #[serde(default)]
    index: IndexChoice,
    #[serde(default = "default_depth")]
    depth: NonZeroUsize,
    #[serde(default)]
    models: BTreeMap<String, LanguageModelConfig>,
    normalisation: Option<Normalisation>,
    #[serde(default)]
    faithfulness: ScorerConfig,
    /// The stages of every variant that does not say otherwise.
    #[serde(default)]
    pipeline: Pipeline,
    variants: Vec<DeclaredVariant>,
}

fn default_depth() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("100 is not 0") }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pipeline {
    understand: Understand,
    retrieve: Option<Retrieve>,
    rerank: Option<Rerank>,
    answer: Option<AnswerConfig>,
    on_failure: OnFailure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredVariant {
    name: String,
    chunking: Option<Chunking>,
    analyser: Option<AnalyserConfig>,
    sections: Option<NonZeroUsize>,
    #[serde(default)]
    understand: Understand,
    retrieve: Option<Retrieve>,
    rerank: Option<Rerank>,
    answer: Option<AnswerConfig>,
    on_failure: Option<OnFailure>,
    #[serde(default)]
    without: Vec<Switch>,
    #[serde(default)]
    unavailable: Vec<Component>,
}

/// A stage of the pipeline that a variant does without.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Switch {
    Rewrite,
    Prf,
    MultiQuery,
    Hyde,
    Rerank,
    Answer,
}

impl TryFrom<Declared> for Config {
    type Error = String;

    fn try_from(declared: Declared) -> Result<Self, String> {
        let pipeline = &declared.pipeline;
        let variants = declared.variants.into_iter();
        Ok(Self {
            variants: variants
                .map(|variant| variant.with(pipeline))
                .collect::<Result<_, _>>()?,
            index: declared.index,
            depth: declared.depth,
            models: declared.models,
            normalisation: declared.normalisation,
            faithfulness: declared.faithfulness,
        })
    }
}

impl DeclaredVariant {
    /// The variant with the stages that it takes over.
    fn with(self, pipeline: &Pipeline) -> Result<Variant, String> {
        let Self { name, .. } = self;
        let keeps = |switch| !self.without.contains(&switch);
        let retrieve = self.retrieve.or_else(|| pipeline.retrieve.clone());
        let retrieve = retrieve.ok_or_else(|| {
            format!("variant `{name}` does not say how it searches; give it (or `pipeline`) a `retrieve`, as in `retrieve.lexical = {{}}`")
        })?;
        let contradiction = [
            (
                Switch::Rewrite,
                self.understand.rewrite.is_some(),
                "understand.rewrite",
            ),
            (Switch::Prf, self.understand.prf.is_some(), "understand.prf"),
            (
                Switch::MultiQuery,
                self.understand.multi_query.is_some(),
                "understand.multi_query",
            ),
            (
                Switch::Hyde,
                self.understand.hyde.is_some(),
                "understand.hyde",
            ),
            (Switch::Rerank, self.rerank.is_some(), "rerank"),
            (Switch::Answer, self.answer.is_some(), "answer"),
        ];
        let mut contradiction = contradiction.into_iter();
        if let Some((_, _, stage)) =
            contradiction.find(|(switch, is_own, _)| *is_own && !keeps(*switch))
        {
            return Err(format!(
                "variant `{name}` does `without` a stage that it has: drop its `{stage}`, or take the stage out of `without`"
            ));
        }
        let (own, common) = (self.understand, pipeline.understand.clone());
        Ok(Variant {
            name,
            chunking: self.chunking,
            analyser: self.analyser,
            sections: self.sections,
            understand: Understand {
                rewrite: own
                    .rewrite
                    .or(common.rewrite.filter(|_| keeps(Switch::Rewrite))),
                multi_query: own
                    .multi_query
                    .or(common.multi_query.filter(|_| keeps(Switch::MultiQuery))),
                hyde: own.hyde.or(common.hyde.filter(|_| keeps(Switch::Hyde))),
                prf: own.prf.or(common.prf.filter(|_| keeps(Switch::Prf))),
            },
            retrieve,
            rerank: self
                .rerank
                .or_else(|| pipeline.rerank.clone().filter(|_| keeps(Switch::Rerank))),
            answer: self
                .answer
                .or_else(|| pipeline.answer.clone().filter(|_| keeps(Switch::Answer))),
            on_failure: self.on_failure.unwrap_or(pipeline.on_failure),
            unavailable: self.unavailable,
        })
    }
}
