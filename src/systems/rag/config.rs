//! `[system.rag]`: which index, and which pipelines over it.

mod declared;
mod differences;
mod retrieve;
mod variant;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use anyhow::{Context, anyhow, ensure};
use serde::{Deserialize, Serialize};

use super::generate::AnswerConfig;
use super::metric::RagMetric;
use crate::data::PathText;
use crate::faithfulness::ScorerConfig;
use crate::indexes::IndexConfig;
use crate::metrics::answer::Normalisation;
use crate::models::EmbedderConfig;
use crate::models::language::LanguageModelConfig;
use crate::systems::check_names;
use declared::Declared;

pub use retrieve::{Dense, GraphSearch, Hybrid, Retrieve, Search};
pub(super) use variant::LexicalSearch;
pub use variant::{Component, OnFailure, Variant, Variation};

/// A RAG system under evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Declared")]
pub struct Config {
    /// The index to search, unless a variant cuts or analyses the documents in a way of its own.
    pub index: IndexChoice,
    /// Documents, or chunks where documents are cut, that a variant returns for a query.
    pub depth: NonZeroUsize,
    /// Language models, by the names that variants call them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, LanguageModelConfig>,
    /// How answers and gold answers are made comparable, by language; that of the first variant's analyser unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<Normalisation>,
    /// What says whether answers are faithful, for all variants alike; asked where a metric needs it.
    #[serde(default, skip_serializing_if = "ScorerConfig::is_default")]
    pub faithfulness: ScorerConfig,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

/// Where the index comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexChoice {
    /// An index that the user built. It is never changed; where it does not fit, that is an error.
    Path(PathText),
    /// An index that this config owns: built, and rebuilt when it is stale, in `$RAGKIT_CACHE`.
    Build(IndexConfig),
}

impl Default for IndexChoice {
    fn default() -> Self {
        Self::Build(IndexConfig::default())
    }
}

impl Config {
    /// The config of each variant by itself.
    pub fn single_variants(&self) -> Vec<Self> {
        let only = |variant: &Variant| Self {
            variants: vec![variant.clone()],
            ..self.clone()
        };
        self.variants.iter().map(only).collect()
    }

    /// Whether any variant gives answers in words.
    pub fn answers(&self) -> bool {
        self.variants.iter().any(|variant| variant.answer.is_some())
    }

    /// Checks what serde cannot: ranges and fields that belong together.
    pub fn validate(&self, metrics: &[RagMetric]) -> anyhow::Result<()> {
        ensure!(
            !self.variants.is_empty(),
            "`system.rag.variants` is empty; declare one with `[[system.rag.variants]]`"
        );
        if let IndexChoice::Build(index) = &self.index {
            index.validate()?;
        }
        for (name, model) in &self.models {
            ensure!(
                name != AnswerConfig::EXTRACTIVE,
                "`system.rag.models.extractive` has the name of the model that selects sentences; give it another"
            );
            let model = model.validate();
            model.with_context(|| format!("`system.rag.models.{name}`"))?;
        }
        for variant in &self.variants {
            let name = &variant.name;
            self.validate_index(variant)
                .and_then(|()| variant.validate(&self.models))
                .with_context(|| format!("variant `{name}`"))?;
            self.validate_vectors(variant)?;
        }
        self.faithfulness
            .validate(&self.models)
            .context("`system.rag.faithfulness`")?;
        check_names(self.variants.iter().map(|variant| variant.name.as_str()))?;
        metrics.iter().try_for_each(|metric| self.reaches(metric))
    }

    /// Whether rankings are deep enough for a metric, and whether there are answers where it asks for them.
    fn reaches(&self, metric: &RagMetric) -> anyhow::Result<()> {
        ensure!(
            !metric.needs_answers() || self.answers(),
            "`{metric}` is a metric of answers, and no variant gives any; give them an `answer`, as in `pipeline.answer = {{}}`"
        );
        let cutoff = metric.cutoff().map_or(0, NonZeroUsize::get);
        ensure!(
            cutoff <= self.depth.get(),
            "`{metric}` needs rankings {cutoff} deep, `system.rag.depth` is {}; raise it or drop the metric",
            self.depth
        );
        for Variant { name, retrieve, .. } in &self.variants {
            let reach = retrieve.reach(self.depth.get());
            ensure!(
                cutoff <= reach,
                "`{metric}` needs rankings {cutoff} deep, variant `{name}` fuses at most {reach} documents; raise its `depth` or drop the metric"
            );
        }
        Ok(())
    }

    /// Checks that the vectors that a variant searches are there.
    fn validate_vectors(&self, variant: &Variant) -> anyhow::Result<()> {
        let Variant { name, retrieve, .. } = variant;
        if let (IndexChoice::Build(index), Some((dense, _))) = (&self.index, retrieve.dense(0)) {
            let set = index.vectors_named(dense.vectors.as_deref());
            let set = set.map_err(|reason| anyhow!("variant `{name}` {reason}"))?;
            let is_own = index
                .vectors
                .get(set)
                .is_some_and(|set| matches!(set.embedder, EmbedderConfig::Own));
            ensure!(
                variant.understand.hyde.is_none() || !is_own,
                "variant `{name}`: `understand.hyde` embeds a made-up passage, and the vectors `{set}` are your own, which nothing embeds; drop it or search other vectors"
            );
            let has_graph = index.vectors.get(set).is_some_and(|set| set.hnsw.is_some());
            ensure!(
                has_graph || !matches!(dense.search, Search::Hnsw(_)),
                "variant `{name}` searches the graph of the vectors `{set}`, which have none; give them one with `hnsw = {{}}`"
            );
        }
        Ok(())
    }

    /// Checks what a variant says of its index.
    fn validate_index(&self, variant: &Variant) -> anyhow::Result<()> {
        let variation = variant.variation();
        let IndexChoice::Build(base) = &self.index else {
            ensure!(
                variation.is_none(),
                "`chunking` and `analyser` are those of an index that the config builds; `system.rag.index` names one that is there"
            );
            return Ok(());
        };
        let index = variation.of(base);
        index.validate()?;
        ensure!(
            variant.sections.is_none() || index.chunking.has_sections(),
            "`sections` goes with `chunking.hierarchical`, here there are {}",
            index.chunking.describe()
        );
        Ok(())
    }
}
