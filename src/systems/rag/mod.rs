//! Enterprise RAG. So far its first half: initial retrieval (lexical, dense) and fusion.

mod config;
mod fuse;
mod gold;
mod indexes;
mod metric;
mod retrieve;
mod searcher;

use std::collections::{HashMap, HashSet};

use anyhow::{Context, ensure};

use super::System;
use crate::data::{self, Judged};
use crate::indexes::{Hit, Index, Origin};
use crate::metrics::spans::{Coverage, RankedChunk, Stretch};
use crate::metrics::{Better, Judgements, Metric, MetricFacts, Rules};
use crate::models::TokenizerConfig;
use crate::outputs::{Item, Output, Stage};

pub use config::{
    Config, Dense, GraphSearch, Hybrid, IndexChoice, Retrieve, Search, Variant, Variation,
};
pub use fuse::{Fusion, Rrf};
pub use indexes::{Indexes, WantedIndex};
pub use metric::RagMetric;
use retrieve::EXACT;
pub use retrieve::{Found, Retrieved};
pub use searcher::Searcher;

/// Retrieval in several variants, judged.
pub struct Rag<'a> {
    judged: &'a Judged,
    metrics: &'a [RagMetric],
    rules: Rules,
    depth: usize,
    groups: Vec<Group<'a>>,
    /// For each variant its group, and its place there.
    place_of: Vec<(usize, usize)>,
    tokens: String,
}

/// An index with the variants that search it.
struct Group<'a> {
    index: &'a Index,
    searcher: Searcher<'a>,
    /// The row of each passage, where documents are cut or gold spans are to be covered.
    rows: HashMap<&'a str, u32>,
}

impl<'a> Rag<'a> {
    /// Prepares the variants of `config`.
    ///
    /// # Errors
    /// Where a variant needs vectors and its index has none, grades are too high for a metric, or a gold span is not what stands
    /// in its document.
    pub fn new(
        indexes: &'a Indexes,
        judged: &'a Judged,
        config: &'a Config,
        metrics: &'a [RagMetric],
    ) -> anyhow::Result<Self> {
        let highest = judged.qrels.highest_grade();
        for metric in metrics {
            if let RagMetric::Ranking(metric) = metric {
                metric.check_grades(highest).map_err(anyhow::Error::msg)?;
            }
        }
        let covers = metrics
            .iter()
            .any(|metric| matches!(metric, RagMetric::Span(_)));
        ensure!(
            !covers || !judged.spans.is_empty(),
            "a metric of gold spans needs gold spans, and the dataset names none; give their file as `spans`"
        );
        let mut rag = Self {
            judged,
            metrics,
            rules: Rules::with_highest_grade(highest),
            depth: config.depth.get(),
            groups: Vec::new(),
            place_of: vec![(0, 0); config.variants.len()],
            tokens: String::new(),
        };
        let mut tokenizers: Vec<TokenizerConfig> = Vec::new();
        for wanted in config.indexes() {
            let variation = wanted.variation;
            let (places, variants): (Vec<usize>, Vec<&Variant>) = (0..)
                .zip(&config.variants)
                .filter(|(_, variant)| variant.variation() == variation)
                .unzip();
            let index = indexes
                .of(variants[0])
                .context("the index of a variant is not open")?;
            gold::check(index, judged)?;
            let tokenizer = index.manifest.config.resolved_tokenizer();
            if !tokenizers.contains(&tokenizer) {
                tokenizers.push(tokenizer);
            }
            for (inside, place) in places.into_iter().enumerate() {
                rag.place_of[place] = (rag.groups.len(), inside);
            }
            rag.groups
                .push(Group::new(index, variants, rag.depth, covers)?);
        }
        ensure!(
            !covers || tokenizers.len() == 1,
            "the variants' indexes count tokens in different ways, so their gold spans cannot be held against tokens; name one `tokenizer` in `system.rag.index.build`"
        );
        rag.tokens = match tokenizers.first() {
            Some(TokenizerConfig::Model(model)) => format!("those of `{model}`"),
            _ => "words and signs".to_owned(),
        };
        Ok(rag)
    }

    fn group(&self, variant: usize) -> &Group<'a> {
        &self.groups[self.place_of[variant].0]
    }

    /// How the documents are cut and each set of vectors is searched, in words.
    pub fn searches(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for note in self
            .groups
            .iter()
            .flat_map(|group| group.searcher.dense_notes())
        {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }
}

impl<'a> Group<'a> {
    fn new(
        index: &'a Index,
        variants: Vec<&'a Variant>,
        depth: usize,
        covers: bool,
    ) -> anyhow::Result<Self> {
        let mut rows = HashMap::new();
        if covers || index.is_cut() {
            for row in 0..u32::try_from(index.documents.len())? {
                rows.insert(index.documents.id(row), row);
            }
        }
        Ok(Self {
            index,
            searcher: Searcher::new(index, variants, depth)?,
            rows,
        })
    }

    fn origin(&self, id: &str) -> Option<Origin<'a>> {
        self.rows
            .get(id)
            .map(|row| self.index.documents.origin(*row))
    }

    /// The documents of a ranking, each where its best passage stands.
    fn documents<'o>(&'o self, items: &'o [Item]) -> Vec<&'o str> {
        let ids = items.iter().map(|item| item.id.as_str());
        if !self.index.is_cut() {
            return ids.collect();
        }
        let mut seen = HashSet::new();
        let documents = ids.map(|id| self.origin(id).map_or(id, |origin| origin.document));
        documents
            .filter(|document| seen.insert(*document))
            .collect()
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

impl System for Rag<'_> {
    type Example = data::Query;

    fn id<'q>(&self, example: &'q data::Query) -> &'q str {
        &example.id
    }

    fn fact<'q>(&self, example: &'q data::Query, name: &str) -> Option<&'q str> {
        example.metadata.get(name).map(String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        let note = |(group, place): &(usize, usize)| {
            let group = &self.groups[*group];
            let cut = if group.index.is_cut() {
                format!(
                    "{}; documents by their best one",
                    group.index.manifest.config.chunking.describe()
                )
            } else {
                String::new()
            };
            let notes = [group.searcher.note(*place), cut];
            let said = notes.iter().filter(|note| !note.is_empty()).cloned();
            said.collect::<Vec<_>>().join("; ")
        };
        self.place_of.iter().map(note).collect()
    }

    fn run(&self, batch: &[&data::Query]) -> Vec<Vec<Output>> {
        let mut outputs = vec![vec![Output::default(); self.place_of.len()]; batch.len()];
        for (number, group) in self.groups.iter().enumerate() {
            let found = group.searcher.search(batch);
            for (outputs, variants) in outputs.iter_mut().zip(found) {
                let places = (0..)
                    .zip(&self.place_of)
                    .filter(|(_, (known, _))| *known == number);
                for ((variant, _), retrieved) in places.zip(variants) {
                    let variant: usize = variant;
                    outputs[variant] = group.output(retrieved);
                }
            }
        }
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let ranking = |metric: &Metric| MetricFacts {
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
        let facts = |metric: &RagMetric| match metric {
            RagMetric::Ranking(metric) => ranking(metric),
            RagMetric::Span(metric) => metric.facts(&self.tokens),
        };
        let mut facts: Vec<MetricFacts> = self.metrics.iter().map(facts).collect();
        if self.searches_a_graph() {
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

    fn grades(&self, example: &data::Query, outputs: &[Output]) -> HashMap<String, i32> {
        let of_documents: HashMap<&str, i32> = self.judged.grades(&example.id).collect();
        let mut grades = HashMap::new();
        for (variant, output) in outputs.iter().enumerate() {
            let group = self.group(variant);
            for item in output.stages.iter().flat_map(|stage| &stage.items) {
                // A chunk has the grade of its document.
                let document = group
                    .origin(&item.id)
                    .map_or(item.id.as_str(), |origin| origin.document);
                if let Some(grade) = of_documents.get(document) {
                    grades.insert(item.id.clone(), *grade);
                }
            }
        }
        grades
    }

    fn score(&self, variant: usize, example: &data::Query, output: &Output) -> Vec<Option<f64>> {
        let group = self.group(variant);
        let ranked = group.documents(output.answer());
        let judgements = Judgements::new(ranked, self.judged.grades(&example.id));
        let gold = self
            .judged
            .spans
            .get(&example.id)
            .map_or(&[][..], Vec::as_slice);
        let coverage = Coverage::new(
            gold.iter().map(|span| Stretch {
                document: &span.document,
                start: span.start,
                end: span.end,
            }),
            output
                .answer()
                .iter()
                .filter_map(|item| group.origin(&item.id))
                .map(ranked_chunk),
        );
        let value = |metric: &RagMetric| match metric {
            RagMetric::Ranking(metric) => Some(metric.score(&judgements, &self.rules)),
            RagMetric::Span(metric) => metric.score(&coverage),
        };
        let mut scores: Vec<Option<f64>> = self.metrics.iter().map(value).collect();
        if self.searches_a_graph() {
            scores.push(graph_recall(output));
        }
        scores
    }
}

fn ranked_chunk(origin: Origin<'_>) -> RankedChunk<'_> {
    RankedChunk {
        stretch: Stretch {
            document: origin.document,
            start: origin.start,
            end: origin.end,
        },
        tokens: origin.tokens,
    }
}

impl Rag<'_> {
    fn searches_a_graph(&self) -> bool {
        self.groups
            .iter()
            .any(|group| group.searcher.searches_a_graph())
    }
}
