//! Enterprise RAG. So far its first half: initial retrieval (lexical, dense) and fusion.

mod config;
mod fuse;
mod retrieve;
mod searcher;

use super::System;
use crate::data::{self, Judged};
use crate::indexes::{Hit, Index};
use crate::metrics::{Judgements, Metric, MetricFacts, Rules};
use crate::outputs::{Item, Output, Stage};

pub use config::{Config, Dense, Hybrid, IndexChoice, Retrieve, Variant};
pub use fuse::{Fusion, Rrf};
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
    /// Where a variant needs vectors and the index has none.
    pub fn new(
        index: &'a Index,
        judged: &'a Judged,
        config: &'a Config,
        metrics: &'a [Metric],
    ) -> anyhow::Result<Self> {
        let depth = config.depth.get();
        let searcher = Searcher::new(index, &config.variants, depth)?;
        Ok(Self {
            index,
            judged,
            metrics,
            rules: Rules::with_highest_grade(judged.qrels.highest_grade()),
            variants: &config.variants,
            depth,
            searcher,
        })
    }

    fn output(&self, retrieved: Retrieved) -> Output {
        match retrieved {
            Ok(stages) => Output {
                stages: stages.iter().map(|found| self.stage(found)).collect(),
                error: None,
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
        }
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
        self.variants
            .iter()
            .map(|variant| variant.retrieve.depth_note(self.depth))
            .collect()
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
            unit: "1",
            convention: format!(
                "{}; {}",
                metric.explanation().definition,
                metric.convention(&self.rules)
            ),
        };
        self.metrics.iter().map(facts).collect()
    }

    fn score(&self, example: &data::Query, output: &Output) -> Vec<f64> {
        let ranked = output.answer().iter().map(|item| item.id.as_str());
        let judgements = Judgements::new(ranked, self.judged.grades(&example.id));
        self.metrics
            .iter()
            .map(|metric| metric.score(&judgements, &self.rules))
            .collect()
    }
}
