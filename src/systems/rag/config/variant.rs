//! One pipeline, stage by stage.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::super::generate::AnswerConfig;
use super::super::prf::Rm3;
use super::super::rerank::Rerank;
use super::super::understand::Understand;
use super::Retrieve;
use crate::analysis::AnalyserConfig;
use crate::chunking::Chunking;
use crate::indexes::{Bm25Params, IndexConfig};
use crate::models::language::LanguageModelConfig;

/// One pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// How documents are cut, if not as `system.rag.index.build` says: the variant then has an index of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Chunking>,
    /// How text becomes terms, if not as `system.rag.index.build` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analyser: Option<AnalyserConfig>,
    /// Where the index has sections (`chunking.hierarchical`): how many are found first, to search the chunks in them; 10 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sections: Option<NonZeroUsize>,
    /// What becomes of a query before it is searched for.
    #[serde(skip_serializing_if = "Understand::is_none")]
    pub understand: Understand,
    /// How it searches.
    pub retrieve: Retrieve,
    /// What puts the best into a better order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank: Option<Rerank>,
    /// How it answers in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerConfig>,
    /// What happens where a component fails.
    #[serde(skip_serializing_if = "OnFailure::is_default")]
    pub on_failure: OnFailure,
    /// Components that fail for every query, to see what is left of the quality.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Component>,
}

/// What happens to a query where a component fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It ends in an error, which scores 0.
    #[default]
    Error,
    /// It goes on without: of two lists with the one that is there; without the reranker in the order as it was found; without the
    /// language model with the question as it was asked, and with extracted sentences as the answer.
    Degrade,
}

impl OnFailure {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What can be out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// What searches by words.
    Lexical,
    /// What searches by vectors.
    Dense,
    /// What reranks.
    Reranker,
    /// What writes.
    LanguageModel,
}

impl Component {
    /// Why it did nothing.
    pub(in crate::systems::rag) fn outage(self) -> String {
        let name = match self {
            Self::Lexical => "the lexical index",
            Self::Dense => "the dense index",
            Self::Reranker => "the reranker",
            Self::LanguageModel => "the language model",
        };
        format!("{name} is unavailable, as `unavailable` says")
    }
}

/// In what an index departs from the one that the config describes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Variation {
    chunking: Option<Chunking>,
    analyser: Option<AnalyserConfig>,
}

impl Variation {
    /// Whether it does not.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The index as it is to be.
    pub fn of(&self, base: &IndexConfig) -> IndexConfig {
        let base = base.clone();
        IndexConfig {
            chunking: self.chunking.clone().unwrap_or(base.chunking),
            analyser: self.analyser.clone().unwrap_or(base.analyser),
            ..base
        }
    }
}

impl Variant {
    /// A variant that searches the config's own index and does no more.
    pub fn new(name: &str, retrieve: Retrieve) -> Self {
        Self {
            name: name.to_owned(),
            chunking: None,
            analyser: None,
            sections: None,
            understand: Understand::default(),
            retrieve,
            rerank: None,
            answer: None,
            on_failure: OnFailure::default(),
            unavailable: Vec::new(),
        }
    }

    /// In what its index departs from the config's.
    pub fn variation(&self) -> Variation {
        Variation {
            chunking: self.chunking.clone(),
            analyser: self.analyser.clone(),
        }
    }

    /// How many sections it finds first, where there are any.
    pub(in crate::systems::rag) fn sections(&self) -> usize {
        self.sections.map_or(10, NonZeroUsize::get)
    }

    /// The lexical search that it needs, and its depth.
    pub(in crate::systems::rag) fn lexical(&self, depth: usize) -> Option<(LexicalSearch, usize)> {
        let (params, depth) = self.retrieve.lexical(depth)?;
        let prf = self.understand.prf;
        Some((LexicalSearch { params, prf }, depth))
    }

    pub(in crate::systems::rag) fn has(&self, component: Component) -> bool {
        !self.unavailable.contains(&component)
    }

    /// The names of the language models that it asks; none where they are unavailable.
    pub fn language_models(&self) -> Vec<&str> {
        if self.has(Component::LanguageModel) {
            self.named_models()
        } else {
            Vec::new()
        }
    }

    /// The language models that it asks once a query, each with about the tokens of a prompt; `None` for prompts of a question alone.
    pub fn calls(&self) -> Vec<(&str, Option<usize>)> {
        if !self.has(Component::LanguageModel) {
            return Vec::new();
        }
        let understand = self.understand.models().into_iter();
        let rerank = self
            .rerank
            .iter()
            .filter_map(|rerank| Some((rerank.model()?, Some(rerank.prompt_tokens()))));
        let answer = self.answer.iter().map(|answer| {
            let budget = answer.prompt.budget_tokens.get();
            (answer.model.as_str(), Some(budget))
        });
        understand
            .map(|name| (name, None))
            .chain(rerank)
            .chain(answer)
            .collect()
    }

    fn named_models(&self) -> Vec<&str> {
        let understand = self.understand.models();
        let rerank = self.rerank.iter().filter_map(Rerank::model);
        let answer = self.answer.iter().map(|answer| answer.model.as_str());
        understand.into_iter().chain(rerank).chain(answer).collect()
    }

    /// Checks what serde cannot of all stages but the index.
    pub(super) fn validate(
        &self,
        models: &BTreeMap<String, LanguageModelConfig>,
    ) -> anyhow::Result<()> {
        self.retrieve.validate()?;
        self.understand.validate()?;
        if let Some(rerank) = &self.rerank {
            rerank.validate()?;
        }
        if let Some(answer) = &self.answer {
            answer.validate()?;
        }
        ensure!(
            self.understand.prf.is_none() || self.retrieve.lexical(0).is_some(),
            "`understand.prf` adds words to a search by words, and it searches by vectors only"
        );
        ensure!(
            self.understand.hyde.is_none() || self.retrieve.dense(0).is_some(),
            "`understand.hyde` searches by the vector of a made-up passage, and it searches by words only"
        );
        for name in self.named_models() {
            ensure!(
                name == AnswerConfig::EXTRACTIVE || models.contains_key(name),
                "there is no language model `{name}`; declare it as `[system.rag.models.{name}]`, or take `extractive`"
            );
        }
        Ok(())
    }
}

/// A search by words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::systems::rag) struct LexicalSearch {
    pub(in crate::systems::rag) params: Bm25Params,
    pub(in crate::systems::rag) prf: Option<Rm3>,
}
