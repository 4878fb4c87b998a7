//! How a variant searches.

use std::num::NonZeroUsize;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::super::fuse::Fusion;
use crate::indexes::{Bm25Params, Breadth};

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
    pub(in crate::systems::rag) fn lexical(&self, depth: usize) -> Option<(Bm25Params, usize)> {
        match self {
            Self::Lexical(params) => Some((*params, depth)),
            Self::Dense(_) => None,
            Self::Hybrid(hybrid) => Some((hybrid.lexical, hybrid.depth.get())),
        }
    }

    /// The most documents that this can return for a query.
    pub(super) fn reach(&self, depth: usize) -> usize {
        match self {
            Self::Lexical(_) | Self::Dense(_) => depth,
            Self::Hybrid(hybrid) => depth.min(2 * hybrid.depth.get()),
        }
    }

    /// How deep its rankings are, in words.
    pub(in crate::systems::rag) fn depth_note(&self, depth: usize) -> String {
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

    /// Checks what serde cannot.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        if let Some((params, _)) = self.lexical(0) {
            params.validate()?;
        }
        if let Self::Hybrid(hybrid) = self {
            hybrid.fusion.validate()?;
            let [lexical, dense] = hybrid.weights;
            ensure!(
                [lexical, dense]
                    .iter()
                    .all(|weight| (0.0..=1e6).contains(weight))
                    && lexical + dense > 0.0,
                "`weights = [{lexical}, {dense}]` must be numbers from 0 to 1000000, not both 0"
            );
        }
        Ok(())
    }
}
