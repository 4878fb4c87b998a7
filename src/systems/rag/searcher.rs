//! All variants over one index, sharing the searches that they have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;

use super::config::{Retrieve, Variant};
use super::fuse::fuse;
use super::retrieve::{Dense, Found, Lexical, Query, Retrieved, Retriever, milliseconds};
use crate::data;
use crate::indexes::{Bm25Params, Index};

/// Searches one index in several ways.
pub struct Searcher<'a> {
    index: &'a Index,
    variants: &'a [Variant],
    depth: usize,
    /// One lexical retriever for each setting of BM25 that a variant asks for, with the depth that is needed.
    lexical: Vec<(Bm25Params, usize, Lexical<'a>)>,
    /// The dense retriever with the depth that is needed.
    dense: Option<(usize, Dense<'a>)>,
}

impl<'a> Searcher<'a> {
    /// Prepares the retrievers that the variants ask for.
    ///
    /// # Errors
    /// Where a variant needs vectors and the index has none.
    pub fn new(index: &'a Index, variants: &'a [Variant], depth: usize) -> anyhow::Result<Self> {
        let mut lexical: Vec<(Bm25Params, usize)> = Vec::new();
        let mut dense = None;
        for Variant { name, retrieve } in variants {
            if let Some((params, depth)) = retrieve.lexical(depth) {
                match lexical.iter_mut().find(|(known, _)| *known == params) {
                    Some((_, deepest)) => *deepest = depth.max(*deepest),
                    None => lexical.push((params, depth)),
                }
            }
            if let Some(depth) = retrieve.dense(depth) {
                ensure!(
                    index.flat.is_some(),
                    "variant `{name}` searches by vectors, the index has none; choose another `embedder` for the index or drop the variant"
                );
                dense = dense.max(Some(depth));
            }
        }
        let lexical = lexical
            .into_iter()
            .map(|(params, depth)| (params, depth, Lexical::new(index, params)));
        Ok(Self {
            index,
            variants,
            depth,
            lexical: lexical.collect(),
            dense: dense.map(|depth| (depth, Dense::new(index))),
        })
    }

    /// What every variant finds for every query: `found[query][variant]`, the last stage being the answer.
    pub fn search(&self, batch: &[&data::Query]) -> Vec<Vec<Retrieved>> {
        let queries = self.queries(batch);
        let lexical: Vec<Vec<Retrieved>> = self
            .lexical
            .iter()
            .map(|(_, depth, lexical)| lexical.retrieve(&queries, *depth))
            .collect();
        let dense = self
            .dense
            .as_ref()
            .map(|(depth, dense)| dense.retrieve(&queries, *depth));
        let one = |place: usize| {
            let lexical = |params: Bm25Params| {
                let which = self
                    .lexical
                    .iter()
                    .position(|(known, _, _)| *known == params);
                lexical[which.expect("a retriever was made for every variant")][place].clone()
            };
            let dense = || {
                dense
                    .as_ref()
                    .expect("a retriever was made for every variant")[place]
                    .clone()
            };
            self.variants
                .iter()
                .map(|variant| self.assemble(&variant.retrieve, lexical, dense))
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
