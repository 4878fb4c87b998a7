//! Initial retrieval: by words, and by vectors.

use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use super::config::{GraphSearch, Search};
use crate::indexes::{
    Bm25Params, Bm25Scorer, Breadth, GRAPH_PAYS_FROM, Hit, Index, Vectors, Visible,
};
use crate::models::Matrix;

/// The stage that shows what exact search finds, beside an approximate one.
pub(super) const EXACT: &str = "exact";

/// What is asked, and on whose behalf.
pub(super) struct Query<'a> {
    pub text: &'a str,
    pub vector: Option<&'a [f32]>,
    /// The documents that the caller may see.
    pub visible: Arc<Visible>,
}

impl Query<'_> {
    /// The same question of other passages.
    pub(super) fn among(&self, visible: Visible) -> Self {
        Query {
            text: self.text,
            vector: self.vector,
            visible: Arc::new(visible),
        }
    }

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

impl Lexical<'_> {
    /// The best `k` documents that each query's caller may see.
    pub(super) fn retrieve(&self, queries: &[Query<'_>], k: usize) -> Vec<Retrieved> {
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

/// By vectors: one set of them, searched in one or several ways.
pub(super) struct Dense<'a> {
    vectors: &'a Vectors,
}

/// The vectors of queries, or why a query has none.
pub(super) struct Embedded {
    vectors: Matrix,
    errors: Vec<Option<String>>,
    latency_ms: f64,
}

/// How vectors are searched, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Exact,
    Graph(Breadth),
}

impl Way {
    /// What `search` comes to for these vectors, `depth` deep.
    pub(super) fn of(search: Search, vectors: &Vectors, depth: usize) -> Self {
        match (search, &vectors.hnsw) {
            (Search::Hnsw(graph), Some(_)) => Self::Graph(graph.ef.at_least(depth)),
            (Search::Auto, Some(_)) if vectors.flat.rows() >= GRAPH_PAYS_FROM => {
                Self::Graph(GraphSearch::default().ef.at_least(depth))
            }
            _ => Self::Exact,
        }
    }
}

impl<'a> Dense<'a> {
    pub(super) fn new(vectors: &'a Vectors) -> Self {
        Self { vectors }
    }

    /// The vectors of these queries, shared by all ways of searching the set.
    pub(super) fn embed(&self, queries: &[Query<'_>]) -> anyhow::Result<Embedded> {
        let started = Instant::now();
        let (vectors, errors) = match &self.vectors.embedder {
            None => own_vectors(queries, self.vectors.flat.dim()),
            Some(embedder) => {
                let prefix = &self.vectors.query_prefix;
                let texts: Vec<String> = queries
                    .iter()
                    .map(|query| format!("{prefix}{}", query.text))
                    .collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let errors = queries.iter().map(|query| query.require_text().err());
                (embedder.embed(&texts)?, errors.collect())
            }
        };
        Ok(Embedded {
            vectors,
            errors,
            latency_ms: milliseconds(started, queries.len()),
        })
    }

    /// The best `k` documents that each query's caller may see. Where the graph is searched, so are all vectors, as a stage of
    /// its own: what the graph missed can then be told.
    pub(super) fn retrieve(
        &self,
        queries: &[Query<'_>],
        embedded: &anyhow::Result<Embedded>,
        way: Way,
        k: usize,
    ) -> Vec<Retrieved> {
        let found = embedded.as_ref().map_err(|error| format!("{error:#}"));
        let found = found.and_then(|embedded| self.search(queries, embedded, way, k));
        found.unwrap_or_else(|error| vec![Err(error); queries.len()])
    }

    fn search(
        &self,
        queries: &[Query<'_>],
        embedded: &Embedded,
        way: Way,
        k: usize,
    ) -> Result<Vec<Retrieved>, String> {
        let visible: Vec<&Visible> = queries.iter().map(|query| query.visible.as_ref()).collect();
        let batch_size = u32::try_from(queries.len()).unwrap_or(u32::MAX);
        let stage = |stage, hits, latency_ms| Found {
            stage,
            hits,
            latency_ms,
            batch_size,
        };
        let timed = |search: &dyn Fn() -> Result<Vec<Vec<Hit>>, String>| {
            let started = Instant::now();
            Ok::<_, String>((search()?, milliseconds(started, queries.len())))
        };
        let exact = timed(&|| Ok(self.vectors.flat.search(&embedded.vectors, k, &visible)))?;
        let graph = match (way, &self.vectors.hnsw) {
            (Way::Graph(ef), Some(hnsw)) => Some(timed(&|| {
                let found = hnsw.search(&embedded.vectors, k, ef, &visible);
                found.map_err(|error| error.to_string())
            })?),
            _ => None,
        };
        let stages = |query: usize| {
            if let Some(error) = &embedded.errors[query] {
                return Err(error.clone());
            }
            let mut stages = vec![stage("embed", Vec::new(), embedded.latency_ms)];
            let (hits, latency_ms) = &exact;
            let name = if graph.is_some() { EXACT } else { "dense" };
            stages.push(stage(name, hits[query].clone(), *latency_ms));
            if let Some((hits, latency_ms)) = &graph {
                stages.push(stage("dense", hits[query].clone(), *latency_ms));
            }
            Ok(stages)
        };
        Ok((0..queries.len()).map(stages).collect())
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
