//! All variants over one index, sharing the searches that they have in common.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;

use super::assemble::assemble;
use super::config::{self, LexicalSearch, Variant};
use super::fuse::{Fusion, fuse};
use super::models::Models;
use super::retrieve::{Dense, Failed, Found, Lexical, Query, Retrieved, Way, milliseconds};
use super::understand::{Asking, Understood};
use crate::data;
use crate::indexes::{Index, Visible};

/// Searches one index in several ways.
pub struct Searcher<'a> {
    index: &'a Index,
    variants: Vec<&'a Variant>,
    depth: usize,
    models: &'a Models,
    /// Variants that ask the same of their searches.
    askings: Vec<(Asking, Vec<usize>)>,
    /// One lexical retriever for each way of searching by words, with the depth that is needed.
    lexical: Vec<(LexicalSearch, usize, Lexical<'a>)>,
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
    pub fn new(
        index: &'a Index,
        variants: Vec<&'a Variant>,
        depth: usize,
        models: &'a Models,
    ) -> anyhow::Result<Self> {
        let mut searcher = Self {
            index,
            variants: Vec::new(),
            depth,
            models,
            askings: Vec::new(),
            lexical: Vec::new(),
            sets: Vec::new(),
            dense: Vec::new(),
            dense_of: Vec::new(),
        };
        for (place, variant) in variants.iter().enumerate() {
            let Variant { name, retrieve, .. } = variant;
            let asking = Asking::of(variant);
            match searcher
                .askings
                .iter_mut()
                .find(|(known, _)| *known == asking)
            {
                Some((_, places)) => places.push(place),
                None => searcher.askings.push((asking, vec![place])),
            }
            let depth = if index.documents.has_sections() {
                depth.max(variant.sections())
            } else {
                depth
            };
            if let Some((search, depth)) = variant.lexical(depth) {
                searcher.add_lexical(search, depth);
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

    fn add_lexical(&mut self, search: LexicalSearch, depth: usize) {
        let mut known = self.lexical.iter_mut();
        if let Some((_, deepest, _)) = known.find(|(known, _, _)| *known == search) {
            *deepest = depth.max(*deepest);
        } else {
            let lexical = Lexical::new(self.index, search);
            self.lexical.push((search, depth, lexical));
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

    /// What every variant finds for every query: `found[query][variant]`.
    pub fn search(&self, batch: &[&data::Query]) -> Vec<Vec<Result<Retrieval, Failed>>> {
        let nothing = Err("no variant searched for it".to_owned().into());
        let mut found = vec![vec![nothing; self.variants.len()]; batch.len()];
        let views = self.views(batch);
        for (asking, variants) in &self.askings {
            let understood = asking.understand(batch, self.models);
            let asked = views.as_ref().map_err(|error| format!("{error:#}"));
            let lists =
                asked.map(|views| self.search_understood(variants, batch, &understood, views));
            let mut lists = lists.map(Vec::into_iter);
            for (query, understood) in understood.into_iter().enumerate() {
                let lists: Result<Vec<Vec<Retrieved>>, Failed> = match (&mut lists, &understood) {
                    (Ok(lists), Ok(known)) => {
                        Ok(lists.by_ref().take(1 + known.variations.len()).collect())
                    }
                    (_, Err(failed)) => Err(failed.clone()),
                    (Err(error), _) => Err(error.clone().into()),
                };
                for (place, variant) in variants.iter().enumerate() {
                    found[query][*variant] = match (&lists, &understood) {
                        (Ok(lists), Ok(known)) => {
                            let lists = lists.iter().map(|list| list[place].clone());
                            self.retrieval(known, lists)
                        }
                        (Err(failed), _) | (_, Err(failed)) => Err(failed.clone()),
                    };
                }
            }
        }
        found
    }

    /// What some variants find for the texts of every query that was understood, one after the other: the query's own, then its
    /// other wordings.
    fn search_understood(
        &self,
        variants: &[usize],
        batch: &[&data::Query],
        understood: &[Result<Understood, Failed>],
        views: &[Arc<Visible>],
    ) -> Vec<Vec<Retrieved>> {
        let mut queries = Vec::new();
        for ((query, known), visible) in batch.iter().zip(understood).zip(views) {
            let Ok(known) = known else { continue };
            let texts = [&known.text].into_iter().chain(&known.variations);
            queries.extend(texts.enumerate().map(|(wording, text)| Query {
                text,
                // A guess is one at the query, and so is a vector.
                passages: if wording == 0 { &known.passages } else { &[] },
                vector: query.vector.as_deref().filter(|_| wording == 0),
                visible: Arc::clone(visible),
            }));
        }
        self.search_texts(variants, &queries)
    }

    /// What a variant makes of the lists of a query's wordings.
    fn retrieval(
        &self,
        understood: &Understood,
        mut lists: impl Iterator<Item = Retrieved>,
    ) -> Result<Retrieval, Failed> {
        let mut stages = understood.stages.clone();
        let failed = |reason: String, stages: &[Found]| Failed {
            reason,
            stages: stages.to_vec(),
        };
        let own = lists.next().unwrap_or_else(|| Ok(Vec::new()));
        let own = own.map_err(|reason| failed(reason, &stages))?;
        let last = |stages: &[Found]| {
            stages
                .last()
                .map_or_else(Vec::new, |found| found.hits.clone())
        };
        let mut hits = vec![last(&own)];
        stages.extend(own);
        let mut latency_ms = 0.0;
        for wording in lists {
            let found = wording.map_err(|reason| failed(reason, &stages))?;
            latency_ms += found.iter().map(|found| found.latency_ms).sum::<f64>();
            hits.push(last(&found));
        }
        if hits.len() > 1 {
            let started = Instant::now();
            let weighted: Vec<_> = hits.iter().map(|hits| (hits.as_slice(), 1.0)).collect();
            let mut fused = fuse(&weighted, Fusion::default());
            fused.truncate(self.depth);
            latency_ms += milliseconds(started, 1);
            stages.push(Found::new("wordings", fused, latency_ms, 1));
        }
        Ok(Retrieval {
            searched: understood.text.clone(),
            question: understood.question.clone(),
            stages,
        })
    }

    /// What some variants find for every text.
    fn search_texts(&self, all: &[usize], queries: &[Query<'_>]) -> Vec<Vec<Retrieved>> {
        if !self.index.documents.has_sections() {
            return self.search_as(all, queries, false);
        }
        let sections: Vec<Query<'_>> = queries
            .iter()
            .map(|query| query.among(self.index.documents.sections(&query.visible)))
            .collect();
        let sections = self.search_as(all, &sections, true);
        let mut found = vec![Vec::with_capacity(all.len()); queries.len()];
        for (place, &variant) in all.iter().enumerate() {
            let coarse: Vec<Retrieved> = sections
                .iter()
                .map(|variants| {
                    let stages = variants[place].clone();
                    stages.map(|stages| self.sections(variant, &stages))
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
        let latency_ms = stages.iter().map(|found| found.latency_ms).sum();
        let batch_size = last.map_or(1, |found| found.batch_size);
        vec![Found::new("sections", hits, latency_ms, batch_size)]
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
            .map(|(search, depth, lexical)| {
                let of = |variant: usize| self.variants[variant].lexical(0);
                let is_asked =
                    asks(&|variant| of(variant).is_some_and(|(known, _)| known == *search));
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
            let variant = |variant: &usize| {
                let asked = self.variants[*variant];
                let lexical = || {
                    let (search, _) = asked.lexical(0).expect("it searches by words");
                    let mut known = self.lexical.iter();
                    let which = known.position(|(known, _, _)| *known == search);
                    lexical[which.expect("a retriever was made for every variant")][query].clone()
                };
                let dense = || {
                    let which = self.dense_of[*variant];
                    dense[which.expect("a retriever was made for every variant")][query].clone()
                };
                let depth = if sections {
                    asked.sections()
                } else {
                    self.depth
                };
                assemble(asked, depth, lexical, dense)
            };
            variants.iter().map(variant).collect()
        };
        (0..queries.len()).map(one).collect()
    }

    /// The documents that each query's caller may see.
    fn views(&self, batch: &[&data::Query]) -> anyhow::Result<Vec<Arc<Visible>>> {
        let mut views: HashMap<(Option<&[String]>, &data::Predicate), Arc<_>> = HashMap::new();
        let mut visible = Vec::with_capacity(batch.len());
        for query in batch {
            let access = query.access.as_deref();
            visible.push(match views.entry((access, &query.filter)) {
                Entry::Occupied(known) => Arc::clone(known.get()),
                Entry::Vacant(new) => {
                    let visible = self.index.documents.visible(access, &query.filter)?;
                    Arc::clone(new.insert(Arc::new(visible)))
                }
            });
        }
        Ok(visible)
    }
}

/// What a variant found for a query.
#[derive(Debug, Clone)]
pub struct Retrieval {
    /// What was searched for: the query as it was understood.
    pub searched: String,
    /// What is to be answered.
    pub question: String,
    /// The stages in the order they ran, the last being the answer.
    pub stages: Vec<Found>,
}
