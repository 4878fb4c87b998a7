//! Enterprise RAG. So far its first half: initial retrieval (lexical, dense) and fusion.

mod config;
mod fuse;
mod retrieve;
mod searcher;

use std::collections::HashMap;

use super::System;
use crate::data::{self, Judged};
use crate::indexes::{Hit, Index};
use crate::metrics::{Better, Judgements, Metric, MetricFacts, Rules};
use crate::outputs::{Item, Output, Stage};

pub use config::{Config, Dense, GraphSearch, Hybrid, IndexChoice, Retrieve, Search, Variant};
pub use fuse::{Fusion, Rrf};
use retrieve::EXACT;
pub use retrieve::{Found, Retrieved};
pub use searcher::Searcher;

/// Retrieval over one index, in several variants, judged.
pub struct Rag<'a> {
    index: &'a Index,
    judged: &'a Judged,
    metrics: &'a [Metric],
    rules: Rules,
    variants: &'a [Variant],
    depth: usize,
    searcher: Searcher<'a>,
}

impl<'a> Rag<'a> {
    /// Prepares the variants of `config`.
    ///
    /// # Errors
    /// Where a variant needs vectors and the index has none, or grades are too high for a metric.
    pub fn new(
        index: &'a Index,
        judged: &'a Judged,
        config: &'a Config,
        metrics: &'a [Metric],
    ) -> anyhow::Result<Self> {
        let depth = config.depth.get();
        let highest = judged.qrels.highest_grade();
        let checked = metrics
            .iter()
            .try_for_each(|metric| metric.check_grades(highest));
        checked.map_err(anyhow::Error::msg)?;
        let searcher = Searcher::new(index, &config.variants, depth)?;
        Ok(Self {
            index,
            judged,
            metrics,
            rules: Rules::with_highest_grade(highest),
            variants: &config.variants,
            depth,
            searcher,
        })
    }

    fn output(&self, retrieved: Retrieved) -> Output {
        match retrieved {
            Ok(stages) => Output {
                stages: stages.iter().map(|found| self.stage(found)).collect(),
                ..Output::default()
            },
            Err(error) => Output::failed(error),
        }
    }

    fn stage(&self, found: &Found) -> Stage {
        let item = |hit: &Hit| Item {
            id: self.index.documents.id(hit.row).to_owned(),
            score: hit.score,
        };
        Stage {
            name: found.stage.to_owned(),
            items: found.hits.iter().map(item).collect(),
            latency_ms: found.latency_ms,
            batch_size: found.batch_size,
            aside: found.stage == EXACT,
        }
    }
}

/// How deep the graph's answers are compared with those of exact search.
const GRAPH_RECALL_DEPTH: usize = 50;

/// The share of what exact search found that the graph found too, or what is as near, as ann-benchmarks counts; where the
/// graph was searched and there was anything to find.
fn graph_recall(output: &Output) -> Option<f64> {
    let top = |name: &str| {
        let stage = output.stages.iter().find(|stage| stage.name == name)?;
        Some(&stage.items[..stage.items.len().min(GRAPH_RECALL_DEPTH)])
    };
    let (exact, found) = (top(EXACT)?, top("dense")?);
    let furthest = exact.last()?.score;
    let near = found.iter().filter(|item| item.score >= furthest).count();
    Some(near as f64 / exact.len() as f64)
}

impl Rag<'_> {
    /// How each set of vectors is searched, in words.
    pub fn searches(&self) -> Vec<String> {
        self.searcher.dense_notes()
    }
}

impl System for Rag<'_> {
    type Example = data::Query;

    fn id<'q>(&self, example: &'q data::Query) -> &'q str {
        &example.id
    }

    fn fact<'q>(&self, example: &'q data::Query, name: &str) -> Option<&'q str> {
        example.metadata.get(name).map(String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        let note = |(place, variant): (usize, &Variant)| {
            let notes = [
                variant.retrieve.depth_note(self.depth),
                self.searcher.dense_note(place),
            ];
            notes
                .iter()
                .filter(|note| !note.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join("; ")
        };
        self.variants.iter().enumerate().map(note).collect()
    }

    fn run(&self, batch: &[&data::Query]) -> Vec<Vec<Output>> {
        let found = self.searcher.search(batch);
        found
            .into_iter()
            .map(|variants| {
                variants
                    .into_iter()
                    .map(|retrieved| self.output(retrieved))
                    .collect()
            })
            .collect()
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let facts = |metric: &Metric| MetricFacts {
            name: metric.to_string(),
            unit: "1".to_owned(),
            better: Better::Higher,
            judge: None,
            convention: format!(
                "{}; {}",
                metric.explanation().definition,
                metric.convention(&self.rules)
            ),
        };
        let mut facts: Vec<MetricFacts> = self.metrics.iter().map(facts).collect();
        if self.searcher.searches_a_graph() {
            facts.push(MetricFacts {
                name: format!("ANN-R@{GRAPH_RECALL_DEPTH}"),
                unit: "1".to_owned(),
                better: Better::Higher,
                judge: None,
                convention: format!("the share of the {GRAPH_RECALL_DEPTH} best documents of exact search (of all where it ranks fewer) that HNSW found; as near is as good"),
            });
        }
        facts
    }

    fn grades(&self, example: &data::Query) -> HashMap<String, i32> {
        let grades = self.judged.grades(&example.id);
        grades
            .map(|(document, grade)| (document.to_owned(), grade))
            .collect()
    }

    fn score(&self, example: &data::Query, output: &Output) -> Vec<Option<f64>> {
        let ranked = output.answer().iter().map(|item| item.id.as_str());
        let judgements = Judgements::new(ranked, self.judged.grades(&example.id));
        let value = |metric: &Metric| Some(metric.score(&judgements, &self.rules));
        let mut scores: Vec<Option<f64>> = self.metrics.iter().map(value).collect();
        if self.searcher.searches_a_graph() {
            scores.push(graph_recall(output));
        }
        scores
    }
}
