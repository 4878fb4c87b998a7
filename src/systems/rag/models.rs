//! The models that pipelines ask, each open once: those that write and those that rerank.

use std::collections::BTreeMap;

use anyhow::Context;

use super::config::{Component, Config, Variant};
use super::generate::AnswerConfig;
use super::metric::RagMetric;

use crate::caches::language_model;
use crate::faithfulness;
use crate::models::language::{Completion, Finish, LanguageModel, Price, Prompt};
use crate::models::{OpenedScorer, Scorer, ScorerConfig};
use crate::outputs::Usage;

/// The models that some variants ask.
#[derive(Default)]
pub struct Models {
    writers: BTreeMap<String, Writer>,
    scorers: Vec<(ScorerConfig, OpenedScorer)>,
    faithfulness: Option<faithfulness::OpenedScorer>,
}

/// A language model with its prices.
struct Writer {
    model: Box<dyn LanguageModel + Send>,
    digest: String,
    price: Option<Price>,
}

impl Models {
    /// Opens what the variants of `config` ask; what language models answer is looked up and kept in the cache if they are to
    /// `remember` it.
    ///
    /// # Errors
    /// Where a model is missing or its key is; with the variant that asks it.
    pub fn open(config: &Config, metrics: &[RagMetric], remember: bool) -> anyhow::Result<Self> {
        let mut models = Self::default();
        if RagMetric::need_verdicts(metrics) {
            let opened = config.faithfulness.open(&config.models, remember);
            models.faithfulness = Some(opened.context("`system.rag.faithfulness`")?);
        }
        for variant in &config.variants {
            models
                .open_for(config, variant, remember)
                .with_context(|| format!("variant `{}`", variant.name))?;
        }
        Ok(models)
    }

    fn open_for(
        &mut self,
        config: &Config,
        variant: &Variant,
        remember: bool,
    ) -> anyhow::Result<()> {
        for name in variant.language_models() {
            if name == AnswerConfig::EXTRACTIVE || self.writers.contains_key(name) {
                continue;
            }
            // Each name has a budget and limits of its own, also where two ask the same model.
            let opened = language_model(&config.models[name], remember);
            let opened = opened.with_context(|| format!("the language model `{name}`"))?;
            let writer = Writer {
                model: opened.model,
                digest: opened.digest,
                price: opened.price,
            };
            self.writers.insert(name.to_owned(), writer);
        }
        if let Some(answer) = &variant.answer {
            // A template that does not fit is told before an index is built.
            answer.prompt.open().context("`answer.prompt`")?;
        }
        if variant.has(Component::Reranker)
            && let Some(scorer) = variant
                .rerank
                .as_ref()
                .and_then(|rerank| rerank.by.scorer())
            && self.scorer(&scorer).is_none()
        {
            let opened = scorer.open()?;
            self.scorers.push((scorer, opened));
        }
        Ok(())
    }

    /// What the numbers of a run are a function of, beside its config: the digest of every model.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let writers = self.writers.iter();
        let writers = writers.map(|(name, writer)| (name.clone(), writer.digest.clone()));
        let scorers = self.scorers.iter().map(|(config, opened)| {
            (
                format!("{}:{}", config.name(), config.model()),
                opened.digest.clone(),
            )
        });
        let faithfulness = self.faithfulness.iter();
        let faithfulness =
            faithfulness.map(|opened| ("faithfulness".to_owned(), opened.digest.clone()));
        writers.chain(scorers).chain(faithfulness).collect()
    }

    /// What says whether answers are faithful, where that is measured.
    pub(super) fn faithfulness(&self) -> Option<&faithfulness::OpenedScorer> {
        self.faithfulness.as_ref()
    }

    pub(super) fn scorer(&self, config: &ScorerConfig) -> Option<&(dyn Scorer + Send)> {
        let found = self.scorers.iter().find(|(known, _)| known == config);
        found.map(|(_, opened)| opened.scorer.as_ref())
    }

    /// What the model of this name makes of the prompts, each with its bill.
    pub(super) fn write(&self, name: &str, prompts: &[Prompt]) -> Vec<Result<Written, String>> {
        let Some(writer) = self.writers.get(name) else {
            return vec![Err(format!("the language model `{name}` is not open")); prompts.len()];
        };
        let completions = writer.model.complete(prompts).into_iter();
        completions
            .map(|completion| Ok(Written::new(completion?, writer.price.as_ref())))
            .collect()
    }
}

/// What a language model wrote, with its bill.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) text: String,
    /// What is wrong with it, if anything.
    pub(super) fault: Option<String>,
    pub(super) usage: Usage,
    pub(super) latency_ms: f64,
}

impl Written {
    pub(super) fn new(completion: Completion, price: Option<&Price>) -> Self {
        Self {
            usage: Usage::of(&completion, price),
            fault: match completion.finish {
                Finish::Stop => None,
                Finish::Length => Some("it was cut off at `max_output_tokens`".to_owned()),
                Finish::Filtered => Some("the server withheld it".to_owned()),
            },
            latency_ms: completion.clock.latency_ms,
            text: completion.text,
        }
    }
}
