//! Initial retrieval: by words, and by vectors.

use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use super::config::{GraphSearch, LexicalSearch, Search};
use super::prf::Rm3;
use crate::analysis::Analyser;
use crate::indexes::{Bm25Scorer, Breadth, GRAPH_PAYS_FROM, Hit, Index, Vectors, Visible};
use crate::models::Matrix;
use crate::outputs::Usage;

/// The stage that shows what exact search finds, beside an approximate one.
pub(super) const EXACT: &str = "exact";

/// What is asked, and on whose behalf.
pub(super) struct Query<'a> {
    pub(super) text: &'a str,
    /// Passages that are like an answer: the vector searched for is the mean of theirs and the text's.
    pub(super) passages: &'a [String],
    pub(super) vector: Option<&'a [f32]>,
    /// The documents that the caller may see.
    pub(super) visible: Arc<Visible>,
}

impl Query<'_> {
    /// The same question of other passages.
    pub(super) fn among(&self, visible: Visible) -> Self {
        Query {
            visible: Arc::new(visible),
            ..*self
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

/// What one stage of retrieval found, or wrote on the way.
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
    /// Whether it only writes or prepares: the list is that of a stage before.
    pub writes: bool,
    /// What it wrote.
    pub text: Option<String>,
    /// What it asked of a language model.
    pub usage: Option<Usage>,
    /// Why it was not done as the config says.
    pub degraded: Option<String>,
}

impl Found {
    pub(super) fn new(
        stage: &'static str,
        hits: Vec<Hit>,
        latency_ms: f64,
        batch_size: u32,
    ) -> Self {
        Self {
            stage,
            hits,
            latency_ms,
            batch_size,
            writes: false,
            text: None,
            usage: None,
            degraded: None,
        }
    }

    /// A stage that prepares the next.
    pub(super) fn preparing(stage: &'static str, latency_ms: f64, batch_size: u32) -> Self {
        Self {
            writes: true,
            ..Self::new(stage, Vec::new(), latency_ms, batch_size)
        }
    }
}

/// Why there is no answer to a query, with the stages that ran before: what they asked for is paid for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct Failed {
    /// Why.
    pub reason: String,
    /// The stages in the order they ran.
    pub stages: Vec<Found>,
}

impl From<String> for Failed {
    fn from(reason: String) -> Self {
        let stages = Vec::new();
        Self { reason, stages }
    }
}

/// The stages of one query's retrieval in the order they ran, or why there are none.
pub type Retrieved = Result<Vec<Found>, String>;

/// By words.
pub(super) struct Lexical<'a> {
    index: &'a Index,
    scorer: Bm25Scorer<'a>,
    prf: Option<Rm3>,
}

impl<'a> Lexical<'a> {
    pub(super) fn new(index: &'a Index, search: LexicalSearch) -> Self {
        Self {
            index,
            scorer: index.bm25.scorer(search.params),
            prf: search.prf,
        }
    }
}

impl Lexical<'_> {
    /// The best `k` documents that each query's caller may see.
    pub(super) fn retrieve(&self, queries: &[Query<'_>], k: usize) -> Vec<Retrieved> {
        let search = |analyser: &mut Analyser, query: &Query<'_>| {
            query.require_text()?;
            let started = Instant::now();
            let terms = analyser.terms(query.text);
            let mut stages = Vec::new();
            let weighted = match self.prf {
                Some(prf) => {
                    let weighted = self.expand(prf, analyser, &terms, query)?;
                    stages.push(Found {
                        text: Some(words(&weighted)),
                        ..Found::preparing("prf", milliseconds(started, 1), 1)
                    });
                    Some(weighted)
                }
                None => None,
            };
            let started = Instant::now();
            let hits = match &weighted {
                Some(terms) => self.scorer.search_weighted(terms, k, &query.visible),
                None => self.scorer.search(&terms, k, &query.visible),
            };
            let hits = hits.map_err(|error| format!("{error:#}"))?;
            stages.push(Found::new("lexical", hits, milliseconds(started, 1), 1));
            Ok(stages)
        };
        let queries = queries.par_iter();
        queries
            .map_init(|| self.index.analyser.clone(), search)
            .collect()
    }

    /// The words to search for: those of the query and of what a first search finds among what the caller may see.
    fn expand(
        &self,
        prf: Rm3,
        analyser: &mut Analyser,
        terms: &[String],
        query: &Query<'_>,
    ) -> Result<Vec<(String, f32)>, String> {
        let first = self.scorer.search(terms, prf.documents, &query.visible);
        let found = first.and_then(|hits| {
            let rows: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
            let shown = self.index.documents.read(&rows)?;
            Ok(hits.into_iter().zip(shown).collect::<Vec<_>>())
        });
        let found = found.map_err(|error| format!("prf: {error:#}"))?;
        Ok(prf.expand(terms, &found, analyser))
    }
}

/// Words with their weights, as a reader is shown them.
fn words(weighted: &[(String, f32)]) -> String {
    let word = |(term, weight): &(String, f32)| format!("{term}^{weight:.4}");
    weighted.iter().map(word).collect::<Vec<_>>().join(" ")
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
                let [query, document] = [&self.vectors.query_prefix, &self.vectors.document_prefix];
                let mut texts: Vec<String> = Vec::with_capacity(queries.len());
                for asked in queries {
                    texts.push(format!("{query}{}", asked.text));
                    let passages = asked.passages.iter();
                    texts.extend(passages.map(|passage| format!("{document}{passage}")));
                }
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let errors = queries.iter().map(|query| query.require_text().err());
                let rows = embedder.embed(&texts)?;
                (means(&rows, queries), errors.collect())
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
        let stage = |stage, hits, latency_ms| Found::new(stage, hits, latency_ms, batch_size);
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

/// For each query the mean of its rows, of length 1: that of its text and those of its passages.
fn means(rows: &Matrix, queries: &[Query<'_>]) -> Matrix {
    let mut means = Matrix::new(rows.dim(), Vec::new());
    let mut next = 0;
    for query in queries {
        let mut mean = rows.row(next).to_vec();
        for row in 1..=query.passages.len() {
            let values = rows.row(next + row);
            mean.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += value);
        }
        if !query.passages.is_empty() {
            Matrix::normalise(&mut mean);
        }
        means.push(&mean);
        next += 1 + query.passages.len();
    }
    means
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
