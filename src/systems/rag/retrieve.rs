//! Initial retrieval: by words, and by vectors.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use rayon::prelude::*;

use crate::indexes::{Bm25Params, Bm25Scorer, Hit, Index, Visible};
use crate::models::Matrix;

/// What is asked, and on whose behalf.
pub(super) struct Query<'a> {
    pub text: &'a str,
    pub vector: Option<&'a [f32]>,
    /// The documents that the caller may see.
    pub visible: Arc<Visible>,
}

impl Query<'_> {
    fn require_text(&self) -> Result<(), String> {
        if self.text.trim().is_empty() {
            Err("the query has no text".to_owned())
        } else {
            Ok(())
        }
    }
}

/// What one stage of retrieval found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name.
    pub stage: &'static str,
    /// Best first, in the order of [`Hit::order`]; empty for a stage that only prepares the next.
    pub hits: Vec<Hit>,
    /// Wall time of the call divided by the queries that it served.
    pub latency_ms: f64,
    /// Queries that the call served.
    pub batch_size: u32,
}

/// The stages of one query's retrieval in the order they ran, or why there are none.
pub type Retrieved = Result<Vec<Found>, String>;

/// Finds the best documents for queries.
pub(super) trait Retriever {
    /// The best `k` documents that each query's caller may see.
    fn retrieve(&self, queries: &[Query<'_>], k: usize) -> Vec<Retrieved>;
}

/// By words.
pub(super) struct Lexical<'a> {
    index: &'a Index,
    scorer: Bm25Scorer<'a>,
}

impl<'a> Lexical<'a> {
    pub(super) fn new(index: &'a Index, params: Bm25Params) -> Self {
        Self {
            index,
            scorer: index.bm25.scorer(params),
        }
    }
}

impl Retriever for Lexical<'_> {
    fn retrieve(&self, queries: &[Query<'_>], k: usize) -> Vec<Retrieved> {
        let one = |analyser: &mut crate::analysis::Analyser, query: &Query<'_>| {
            query.require_text()?;
            let started = Instant::now();
            let terms = analyser.terms(query.text);
            let hits = self
                .scorer
                .search(&terms, k, &query.visible)
                .map_err(|error| format!("{error:#}"))?;
            Ok(vec![Found {
                stage: "lexical",
                hits,
                latency_ms: milliseconds(started, 1),
                batch_size: 1,
            }])
        };
        queries
            .par_iter()
            .map_init(|| self.index.analyser.clone(), one)
            .collect()
    }
}

/// By vectors.
pub(super) struct Dense<'a> {
    index: &'a Index,
}

impl<'a> Dense<'a> {
    /// Dense retrieval over `index`, which must have vectors.
    pub(super) fn new(index: &'a Index) -> Self {
        Self { index }
    }

    fn try_retrieve(&self, queries: &[Query<'_>], k: usize) -> anyhow::Result<Vec<Retrieved>> {
        let flat = self
            .index
            .flat
            .as_ref()
            .context("the index has no vectors")?;
        let started = Instant::now();
        let (vectors, errors) = match &self.index.embedder {
            Some(embedder) => {
                let texts: Vec<&str> = queries.iter().map(|query| query.text).collect();
                (
                    embedder.embed(&texts)?,
                    queries
                        .iter()
                        .map(|query| query.require_text().err())
                        .collect(),
                )
            }
            None => own_vectors(queries, flat.dim()),
        };
        let embedding_ms = milliseconds(started, queries.len());
        let started = Instant::now();
        let visible: Vec<&Visible> = queries.iter().map(|query| query.visible.as_ref()).collect();
        let found = flat.search(&vectors, k, &visible);
        let latency_ms = milliseconds(started, queries.len());
        let batch_size = u32::try_from(queries.len()).unwrap_or(u32::MAX);
        let stages = |(hits, error): (Vec<Hit>, Option<String>)| match error {
            Some(error) => Err(error),
            None => Ok(vec![
                Found {
                    stage: "embed",
                    hits: Vec::new(),
                    latency_ms: embedding_ms,
                    batch_size,
                },
                Found {
                    stage: "dense",
                    hits,
                    latency_ms,
                    batch_size,
                },
            ]),
        };
        Ok(found.into_iter().zip(errors).map(stages).collect())
    }
}

impl Retriever for Dense<'_> {
    fn retrieve(&self, queries: &[Query<'_>], k: usize) -> Vec<Retrieved> {
        self.try_retrieve(queries, k)
            .unwrap_or_else(|error| vec![Err(format!("{error:#}")); queries.len()])
    }
}

/// The vectors that the queries bring, scaled to length 1, and what is wrong with those that bring none that fits.
fn own_vectors(queries: &[Query<'_>], dim: usize) -> (Matrix, Vec<Option<String>>) {
    let mut vectors = Matrix::default();
    let mut errors = Vec::new();
    for query in queries {
        let (mut vector, error) = match query.vector {
            Some(vector) if vector.len() == dim => (vector.to_vec(), None),
            Some(vector) => {
                let message = format!(
                    "the query's vector has {} dimensions, the index has {dim}",
                    vector.len()
                );
                (vec![0.0; dim], Some(message))
            }
            None => (
                vec![0.0; dim],
                Some("the index holds vectors of your own, and the query brings none".to_owned()),
            ),
        };
        Matrix::normalise(&mut vector);
        vectors.push(&vector);
        errors.push(error);
    }
    (vectors, errors)
}

/// Wall time since `started`, divided by the examples that shared it.
pub(super) fn milliseconds(started: Instant, shared_by: usize) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0 / shared_by.max(1) as f64
}
