//! All variants over one index, sharing the searches that they have in common.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
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
    variants: Vec<&'a Variant>,
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
    pub fn new(index: &'a Index, variants: Vec<&'a Variant>, depth: usize) -> anyhow::Result<Self> {
        let mut searcher = Self {
            index,
            variants: Vec::new(),
            depth,
            lexical: Vec::new(),
            sets: Vec::new(),
            dense: Vec::new(),
            dense_of: Vec::new(),
        };
        for variant in &variants {
            let Variant { name, retrieve, .. } = variant;
            let depth = if index.documents.has_sections() {
                depth.max(variant.sections())
            } else {
                depth
            };
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
        searcher.variants = variants;
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

    /// How deep a variant's rankings are and how it searches, in words.
    pub(super) fn note(&self, place: usize) -> String {
        let variant = self.variants[place];
        let dense = |place: usize| self.dense_notes().swap_remove(place);
        let sections = if self.index.documents.has_sections() {
            format!("of the chunks in the best {} sections", variant.sections())
        } else {
            String::new()
        };
        let notes = [
            variant.retrieve.depth_note(self.depth),
            sections,
            self.dense_of[place].map(dense).unwrap_or_default(),
        ];
        let said = notes.iter().filter(|note| !note.is_empty()).cloned();
        said.collect::<Vec<_>>().join("; ")
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
        let all: Vec<usize> = (0..self.variants.len()).collect();
        let queries = match self.queries(batch) {
            Ok(queries) => queries,
            Err(error) => return vec![vec![Err(format!("{error:#}")); all.len()]; batch.len()],
        };
        if !self.index.documents.has_sections() {
            return self.search_as(&all, &queries, false);
        }
        let sections: Vec<Query<'_>> = queries
            .iter()
            .map(|query| query.among(self.index.documents.sections(&query.visible)))
            .collect();
        let sections = self.search_as(&all, &sections, true);
        let mut found = vec![Vec::with_capacity(all.len()); batch.len()];
        for variant in all {
            let coarse: Vec<Retrieved> = sections
                .iter()
                .map(|variants| {
                    variants[variant]
                        .clone()
                        .map(|stages| self.sections(variant, &stages))
                })
                .collect();
            let mut inside = Vec::with_capacity(queries.len());
            for (query, coarse) in queries.iter().zip(&coarse) {
                let hits = coarse.as_ref().map_or(&[][..], |stages| &stages[0].hits);
                let sections: Vec<u32> = hits.iter().map(|hit| hit.row).collect();
                inside.push(query.among(self.index.documents.chunks_in(&sections, &query.visible)));
            }
            let fine = self.search_as(&[variant], &inside, false);
            for ((found, coarse), mut fine) in found.iter_mut().zip(coarse).zip(fine) {
                let both = coarse.and_then(|mut stages| {
                    stages.extend(fine.swap_remove(0)?);
                    Ok(stages)
                });
                found.push(both);
            }
        }
        found
    }

    /// The stage that found sections: its hits are those that a variant looks into.
    fn sections(&self, variant: usize, stages: &[Found]) -> Vec<Found> {
        let last = stages.last();
        let mut hits = last.map_or_else(Vec::new, |found| found.hits.clone());
        hits.truncate(self.variants[variant].sections());
        vec![Found {
            stage: "sections",
            hits,
            latency_ms: stages.iter().map(|found| found.latency_ms).sum(),
            batch_size: last.map_or(1, |found| found.batch_size),
        }]
    }

    /// What some variants find for every query, `found[query][…]` in the order in which they are named: as many as they return, or
    /// as many `sections` as they look into.
    fn search_as(
        &self,
        variants: &[usize],
        queries: &[Query<'_>],
        sections: bool,
    ) -> Vec<Vec<Retrieved>> {
        let asks = |wanted: &dyn Fn(usize) -> bool| variants.iter().any(|variant| wanted(*variant));
        let lexical: Vec<Vec<Retrieved>> = self
            .lexical
            .iter()
            .map(|(params, depth, lexical)| {
                let of = |variant: usize| self.variants[variant].retrieve.lexical(0);
                let is_asked =
                    asks(&|variant| of(variant).is_some_and(|(known, _)| known == *params));
                if is_asked {
                    lexical.retrieve(queries, *depth)
                } else {
                    Vec::new()
                }
            })
            .collect();
        let is_asked = |place: usize| asks(&|variant| self.dense_of[variant] == Some(place));
        let of_set =
            |set: usize| (0..self.dense.len()).filter(move |place| self.dense[*place].0 == set);
        let embedded: Vec<_> = self
            .sets
            .iter()
            .enumerate()
            .map(|(place, (_, set))| of_set(place).any(is_asked).then(|| set.embed(queries)))
            .collect();
        let dense: Vec<Vec<Retrieved>> = self
            .dense
            .iter()
            .enumerate()
            .map(|(place, (set, way, depth))| match &embedded[*set] {
                Some(embedded) if is_asked(place) => {
                    self.sets[*set].1.retrieve(queries, embedded, *way, *depth)
                }
                _ => Vec::new(),
            })
            .collect();
        let one = |query: usize| {
            let lexical = |params: Bm25Params| {
                let which = self
                    .lexical
                    .iter()
                    .position(|(known, _, _)| *known == params);
                lexical[which.expect("a retriever was made for every variant")][query].clone()
            };
            let variant = |variant: &usize| {
                let dense = || {
                    let which = self.dense_of[*variant];
                    dense[which.expect("a retriever was made for every variant")][query].clone()
                };
                let found = self.variants[*variant];
                let depth = if sections {
                    found.sections()
                } else {
                    self.depth
                };
                Self::assemble(&found.retrieve, depth, lexical, dense)
            };
            variants.iter().map(variant).collect()
        };
        (0..queries.len()).map(one).collect()
    }

    fn queries<'q>(&self, batch: &[&'q data::Query]) -> anyhow::Result<Vec<Query<'q>>> {
        let mut views: HashMap<(Option<&[String]>, &data::Predicate), Arc<_>> = HashMap::new();
        let query = |query: &&'q data::Query| {
            let access = query.access.as_deref();
            let visible = match views.entry((access, &query.filter)) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(new) => {
                    let visible = self.index.documents.visible(access, &query.filter)?;
                    Arc::clone(new.insert(Arc::new(visible)))
                }
            };
            Ok(Query {
                text: &query.text,
                vector: query.vector.as_deref(),
                visible,
            })
        };
        batch.iter().map(query).collect()
    }

    /// What one variant makes of the searches that it shares with the others.
    fn assemble(
        retrieve: &Retrieve,
        most: usize,
        lexical: impl Fn(Bm25Params) -> Retrieved,
        dense: impl Fn() -> Retrieved,
    ) -> Retrieved {
        let hybrid = match retrieve {
            Retrieve::Lexical(params) => {
                return lexical(*params).map(|found| cut(found, most));
            }
            Retrieve::Dense(_) => return dense().map(|found| cut(found, most)),
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
        hits.truncate(most);
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
