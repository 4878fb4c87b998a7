//! `[system.rag]`: which index, and which ways of searching it.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use anyhow::{anyhow, ensure};
use serde::{Deserialize, Serialize};

use super::fuse::Fusion;
use super::metric::RagMetric;
use crate::analysis::AnalyserConfig;
use crate::chunking::Chunking;
use crate::data::PathText;
use crate::indexes::{Bm25Params, Breadth, IndexConfig};

/// Retrieval under evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The index to search, unless a variant cuts or analyses the documents in a way of its own.
    #[serde(default)]
    pub index: IndexChoice,
    /// Documents, or chunks where documents are cut, that a variant returns for a query.
    #[serde(default = "default_depth")]
    pub depth: NonZeroUsize,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

fn default_depth() -> NonZeroUsize {
    const { NonZeroUsize::new(100).expect("100 is not 0") }
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

/// One way of searching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// How documents are cut, if not as `system.rag.index.build` says: the variant then has an index of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Chunking>,
    /// How text becomes terms, if not as `system.rag.index.build` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyser: Option<AnalyserConfig>,
    /// Where the index has sections (`chunking.hierarchical`): how many are found first, to search the chunks in them; 10 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<NonZeroUsize>,
    /// How it searches.
    pub retrieve: Retrieve,
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
    /// A variant that searches the config's own index.
    pub fn new(name: &str, retrieve: Retrieve) -> Self {
        Self {
            name: name.to_owned(),
            chunking: None,
            analyser: None,
            sections: None,
            retrieve,
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
    pub(super) fn sections(&self) -> usize {
        self.sections.map_or(10, NonZeroUsize::get)
    }
}

/// How a variant searches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retrieve {
    /// By words: BM25.
    Lexical(Bm25Params),
    /// By vectors.
    Dense(Dense),
    /// By both, fused.
    Hybrid(Hybrid),
}

/// Dense retrieval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dense {
    /// The set of vectors to search; the only one of the index where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vectors: Option<String>,
    /// How they are searched.
    pub search: Search,
}

/// How vectors are searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Search {
    /// By the graph where the vectors have one and are many enough for it to pay, else exactly.
    #[default]
    Auto,
    /// By comparing every vector.
    Exact,
    /// By the graph. What it misses is measured against exact search.
    Hnsw(GraphSearch),
}

/// A search by the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraphSearch {
    /// Candidates that a walk keeps: more find more and take longer.
    pub ef: Breadth,
}

impl Default for GraphSearch {
    fn default() -> Self {
        Self {
            ef: Breadth::default_ef(),
        }
    }
}

/// Lexical and dense retrieval, fused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hybrid {
    /// Documents that are taken from each of the two lists.
    pub depth: NonZeroUsize,
    /// How the two lists become one.
    pub fusion: Fusion,
    /// What each list counts: lexical, dense.
    pub weights: [f64; 2],
    /// The parameters of the lexical part.
    pub lexical: Bm25Params,
    /// The dense part.
    pub dense: Dense,
}

impl Default for Hybrid {
    fn default() -> Self {
        Self {
            depth: const { NonZeroUsize::new(50).expect("50 is not 0") },
            fusion: Fusion::default(),
            weights: [1.0, 1.0],
            lexical: Bm25Params::default(),
            dense: Dense::default(),
        }
    }
}

impl Retrieve {
    /// The BM25 parameters and the depth that this needs of the lexical search.
    pub(super) fn lexical(&self, depth: usize) -> Option<(Bm25Params, usize)> {
        match self {
            Self::Lexical(params) => Some((*params, depth)),
            Self::Dense(_) => None,
            Self::Hybrid(hybrid) => Some((hybrid.lexical, hybrid.depth.get())),
        }
    }

    /// The most documents that this can return for a query.
    fn reach(&self, depth: usize) -> usize {
        match self {
            Self::Lexical(_) | Self::Dense(_) => depth,
            Self::Hybrid(hybrid) => depth.min(2 * hybrid.depth.get()),
        }
    }

    /// How deep its rankings are, in words.
    pub(super) fn depth_note(&self, depth: usize) -> String {
        match self {
            Self::Lexical(_) | Self::Dense(_) => format!("rankings up to {depth} deep"),
            Self::Hybrid(hybrid) => format!(
                "rankings of the first {0} by words and the first {0} by vectors, fused, up to {1} deep",
                hybrid.depth,
                self.reach(depth)
            ),
        }
    }

    /// The dense search that this needs, and its depth.
    pub fn dense(&self, depth: usize) -> Option<(&Dense, usize)> {
        match self {
            Self::Lexical(_) => None,
            Self::Dense(dense) => Some((dense, depth)),
            Self::Hybrid(hybrid) => Some((&hybrid.dense, hybrid.depth.get())),
        }
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

    /// Checks what serde cannot: ranges and fields that belong together.
    pub fn validate(&self, metrics: &[RagMetric]) -> anyhow::Result<()> {
        ensure!(
            !self.variants.is_empty(),
            "`system.rag.variants` is empty; declare one with `[[system.rag.variants]]`"
        );
        if let IndexChoice::Build(index) = &self.index {
            index.validate()?;
        }
        let mut names = HashSet::new();
        for variant in &self.variants {
            let Variant { name, retrieve, .. } = variant;
            self.validate_index(variant)
                .map_err(|error| error.context(format!("variant `{name}`")))?;
            if let (IndexChoice::Build(index), Some((dense, _))) = (&self.index, retrieve.dense(0))
            {
                let set = index.vectors_named(dense.vectors.as_deref());
                let set = set.map_err(|reason| anyhow!("variant `{name}` {reason}"))?;
                let has_graph = index.vectors.get(set).is_some_and(|set| set.hnsw.is_some());
                ensure!(
                    has_graph || !matches!(dense.search, Search::Hnsw(_)),
                    "variant `{name}` searches the graph of the vectors `{set}`, which have none; give them one with `hnsw = {{}}`"
                );
            }
            ensure!(
                names.insert(name),
                "two variants are called `{name}`; give each its own name"
            );
            ensure!(
                !name.is_empty() && !name.contains([':', '/', ',']),
                "the variant name `{name}` must not be empty nor hold `:`, `/` or `,`, which separate names"
            );
            if let Some((params, _)) = retrieve.lexical(0) {
                params
                    .validate()
                    .map_err(|error| error.context(format!("variant `{name}`")))?;
            }
            if let Retrieve::Hybrid(hybrid) = retrieve {
                hybrid
                    .fusion
                    .validate()
                    .map_err(|error| error.context(format!("variant `{name}`")))?;
                let [lexical, dense] = hybrid.weights;
                ensure!(
                    [lexical, dense]
                        .iter()
                        .all(|weight| (0.0..=1e6).contains(weight))
                        && lexical + dense > 0.0,
                    "variant `{name}`: `weights = [{lexical}, {dense}]` must be numbers from 0 to 1000000, not both 0"
                );
            }
        }
        for metric in metrics {
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
