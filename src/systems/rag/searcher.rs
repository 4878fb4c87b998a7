//! All variants over one index, sharing the searches that they have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;

use super::config::{self, Retrieve, Variant};
use super::fuse::fuse;
use super::retrieve::{Dense, Found, Lexical, Query, Retrieved, Way, milliseconds};
use crate::data;
use crate::indexes::{Bm25Params, Index};

/// Searches one index in several ways.
pub struct Searcher<'a> {
    index: &'a Index,
    variants: &'a [Variant],
    depth: usize,
    /// One lexical retriever for each setting of BM25 that a variant asks for, with the depth that is needed.
    lexical: Vec<(Bm25Params, usize, Lexical<'a>)>,
    /// The sets of vectors that a variant asks for.
    sets: Vec<(&'a str, Dense<'a>)>,
    /// Each way of searching a set, which is a place in `sets`, with the depth that is needed.
    dense: Vec<(usize, Way, usize)>,
    /// For each variant its place in `dense`.
    dense_of: Vec<Option<usize>>,
}

impl<'a> Searcher<'a> {
    /// Prepares the retrievers that the variants ask for.
    ///
    /// # Errors
    /// Where a variant needs vectors that the index does not have.
    pub fn new(index: &'a Index, variants: &'a [Variant], depth: usize) -> anyhow::Result<Self> {
        let mut searcher = Self {
            index,
            variants,
            depth,
            lexical: Vec::new(),
            sets: Vec::new(),
            dense: Vec::new(),
            dense_of: Vec::new(),
        };
        for Variant { name, retrieve } in variants {
            if let Some((params, depth)) = retrieve.lexical(depth) {
                searcher.add_lexical(params, depth);
            }
            let dense = retrieve
                .dense(depth)
                .map(|(dense, depth)| searcher.add_dense(dense, depth));
            let dense = dense
                .transpose()
                .map_err(|reason| anyhow!("variant `{name}` {reason}"))?;
            searcher.dense_of.push(dense);
        }
        Ok(searcher)
    }

    fn add_lexical(&mut self, params: Bm25Params, depth: usize) {
        match self
            .lexical
            .iter_mut()
            .find(|(known, _, _)| *known == params)
        {
            Some((_, deepest, _)) => *deepest = depth.max(*deepest),
            None => self
                .lexical
                .push((params, depth, Lexical::new(self.index, params))),
        }
    }

    fn add_dense(&mut self, dense: &'a config::Dense, depth: usize) -> Result<usize, String> {
        let name = self
            .index
            .manifest
            .config
            .vectors_named(dense.vectors.as_deref())?;
        let vectors = self.index.vectors.get(name);
        let vectors =
            vectors.ok_or_else(|| format!("searches the vectors `{name}`, which are not open"))?;
        let set = self
            .sets
            .iter()
            .position(|(known, _)| *known == name)
            .unwrap_or_else(|| {
                self.sets.push((name, Dense::new(vectors)));
                self.sets.len() - 1
            });
        let way = Way::of(dense.search, vectors, depth);
        if matches!(dense.search, config::Search::Hnsw(_)) && way == Way::Exact {
            return Err(format!(
                "searches the graph of the vectors `{name}`, which have none; build the index with one"
            ));
        }
        // A walk of the same breadth passes the same nodes, whatever it is cut to, so sharing it changes nothing.
        let same = |known: &(usize, Way, usize)| (known.0, known.1) == (set, way);
        Ok(if let Some(place) = self.dense.iter().position(same) {
            self.dense[place].2 = depth.max(self.dense[place].2);
            place
        } else {
            self.dense.push((set, way, depth));
            self.dense.len() - 1
        })
    }

    /// How a variant searches vectors, in words; empty where it does not.
    pub(super) fn dense_note(&self, variant: usize) -> String {
        let note = |place: usize| self.dense_notes().swap_remove(place);
        self.dense_of[variant].map(note).unwrap_or_default()
    }

    /// Every way of searching a set of vectors, in words.
    pub(super) fn dense_notes(&self) -> Vec<String> {
        let note = |(set, way, _): &(usize, Way, usize)| {
            let name = self.sets[*set].0;
            match way {
                Way::Exact => format!("vectors `{name}` searched exactly"),
                Way::Graph(ef) => format!("vectors `{name}` searched by HNSW with ef {}", ef.get()),
            }
        };
        self.dense.iter().map(note).collect()
    }

    /// Whether any variant searches a graph.
    pub(super) fn searches_a_graph(&self) -> bool {
        self.dense
            .iter()
            .any(|(_, way, _)| matches!(way, Way::Graph(_)))
    }

    /// What every variant finds for every query: `found[query][variant]`, the last stage being the answer.
    pub fn search(&self, batch: &[&data::Query]) -> Vec<Vec<Retrieved>> {
        let queries = self.queries(batch);
        let lexical: Vec<Vec<Retrieved>> = self
            .lexical
            .iter()
            .map(|(_, depth, lexical)| lexical.retrieve(&queries, *depth))
            .collect();
        let embedded: Vec<_> = self
            .sets
            .iter()
            .map(|(_, set)| set.embed(&queries))
            .collect();
        let dense: Vec<Vec<Retrieved>> = self
            .dense
            .iter()
            .map(|(set, way, depth)| {
                self.sets[*set]
                    .1
                    .retrieve(&queries, &embedded[*set], *way, *depth)
            })
            .collect();
        let one = |place: usize| {
            let lexical = |params: Bm25Params| {
                let which = self
                    .lexical
                    .iter()
                    .position(|(known, _, _)| *known == params);
                lexical[which.expect("a retriever was made for every variant")][place].clone()
            };
            let variants = self.variants.iter().zip(&self.dense_of);
            variants
                .map(|(variant, dense_of)| {
                    let dense = || {
                        let which = dense_of.expect("a retriever was made for every variant");
                        dense[which][place].clone()
                    };
                    self.assemble(&variant.retrieve, lexical, dense)
                })
                .collect()
        };
        (0..queries.len()).map(one).collect()
    }

    fn queries<'q>(&self, batch: &[&'q data::Query]) -> Vec<Query<'q>> {
        let mut views: HashMap<Option<&[String]>, Arc<_>> = HashMap::new();
        let query = |query: &&'q data::Query| {
            let access = query.access.as_deref();
            let visible = views
                .entry(access)
                .or_insert_with(|| Arc::new(self.index.documents.visible(access)));
            Query {
                text: &query.text,
                vector: query.vector.as_deref(),
                visible: Arc::clone(visible),
            }
        };
        batch.iter().map(query).collect()
    }

    /// What one variant makes of the searches that it shares with the others.
    fn assemble(
        &self,
        retrieve: &Retrieve,
        lexical: impl Fn(Bm25Params) -> Retrieved,
        dense: impl Fn() -> Retrieved,
    ) -> Retrieved {
        let hybrid = match retrieve {
            Retrieve::Lexical(params) => {
                return lexical(*params).map(|found| cut(found, self.depth));
            }
            Retrieve::Dense(_) => return dense().map(|found| cut(found, self.depth)),
            Retrieve::Hybrid(hybrid) => hybrid,
        };
        let depth = hybrid.depth.get();
        let (mut stages, dense) = (cut(lexical(hybrid.lexical)?, depth), cut(dense()?, depth));
        let started = Instant::now();
        let [words, vectors] =
            [&stages, &dense].map(|list| list.last().map_or(&[][..], |found| &found.hits));
        let mut hits = fuse(
            [(words, hybrid.weights[0]), (vectors, hybrid.weights[1])],
            hybrid.fusion,
        );
        hits.truncate(self.depth);
        stages.extend(dense);
        stages.push(Found {
            stage: "fuse",
            hits,
            latency_ms: milliseconds(started, 1),
            batch_size: 1,
        });
        Ok(stages)
    }
}

/// The stages with no list longer than `depth`.
fn cut(mut stages: Vec<Found>, depth: usize) -> Vec<Found> {
    stages
        .iter_mut()
        .for_each(|found| found.hits.truncate(depth));
    stages
}
