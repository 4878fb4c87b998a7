//! Enterprise RAG: a query is understood, searched for by words and by vectors, the lists are fused and reranked, a prompt is packed with
//! the best passages, an answer is written, and its citations are verified.

mod answers;
mod assemble;
mod config;
mod fuse;
mod generate;
mod gold;
mod group;
mod indexes;
mod judge;
mod listwise;
mod metric;
mod models;
mod prf;
mod prompt;
mod recorded;
mod rerank;
mod retrieve;
mod searcher;
mod understand;

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, ensure};

use super::System;
use crate::data::{self, GoldSpan, Judged};
use crate::faithfulness::OpenedScorer;
use crate::indexes::Origin;
use crate::metrics::answer::{AnswerMetric, Normalisation};
use crate::metrics::spans::{Coverage, RankedChunk, Stretch};
use crate::metrics::{Better, Judgements, MetricFacts, Rules};
use crate::models::TokenizerConfig;
use crate::outputs::{Output, Source};

pub use crate::claims::CitationsConfig;
pub use config::{
    Component, Config, Dense, GraphSearch, Hybrid, IndexChoice, OnFailure, Retrieve, Search,
    Variant, Variation,
};
pub use fuse::{Fusion, Rrf};
pub use generate::AnswerConfig;
use group::Group;
pub use indexes::{Indexes, WantedIndex};
pub use listwise::Listwise;
use metric::RELEVANT_DOCUMENTS;
pub use metric::RagMetric;
pub use models::Models;
pub use prf::Rm3;
pub use prompt::PromptConfig;
pub use recorded::{Recorded, RecordedConfig};
pub use rerank::{By, Rerank};
use retrieve::EXACT;
pub use retrieve::{Found, Retrieved};
pub use searcher::{Retrieval, Searcher};
pub use understand::{ByModel, History, Hyde, MultiQuery, Rewrite, Understand};

/// Pipelines in several variants, judged.
pub struct Rag<'a> {
    judged: &'a Judged,
    metrics: &'a [RagMetric],
    rules: Rules,
    depth: usize,
    groups: Vec<Group<'a>>,
    /// For each variant its group, and its place there.
    place_of: Vec<(usize, usize)>,
    tokens: String,
    normalisation: Normalisation,
    scorer: Option<&'a OpenedScorer>,
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
        models: &'a Models,
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
            normalisation: Normalisation::default(),
            scorer: models.faithfulness(),
        };
        let first = indexes.first().context("a run has an index")?;
        let language = first.manifest.config.analyser.language;
        let of_index = || answers::normalisation(language);
        rag.normalisation = config.normalisation.unwrap_or_else(of_index);
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
                .push(Group::new(index, variants, rag.depth, covers, models)?);
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

    /// The digests of the models that it asks and of the templates of its prompts, by name.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let mut digests: BTreeMap<String, String> = BTreeMap::new();
        for group in &self.groups {
            digests.extend(group.digests());
        }
        digests
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
        example.fact(name)
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
            for (outputs, variants) in outputs.iter_mut().zip(group.run(batch)) {
                let places =
                    (0..self.place_of.len()).filter(|variant| self.place_of[*variant].0 == number);
                for (variant, output) in places.zip(variants) {
                    outputs[variant] = output;
                }
            }
        }
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let relevance = if self.judged.spans.is_empty() {
            RELEVANT_DOCUMENTS
        } else {
            "relevant is what overlaps a gold span, before it was cut to fit; queries without a span are left out"
        };
        let facts = |metric: &RagMetric| {
            let facts = metric.facts(&self.rules, &self.tokens, self.normalisation);
            metric.explained(facts, relevance, "the index", self.scorer)
        };
        let mut facts: Vec<MetricFacts> = self.metrics.iter().map(facts).collect();
        if self.searches_a_graph() {
            facts.push(MetricFacts {
                name: format!("ANN-R@{GRAPH_RECALL_DEPTH}"),
                unit: "1".to_owned(),
                better: Better::Higher,
                judge: None,
                pooled: None,
                aside: false,
                exact: false,
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
                let document = group.document(&item.id);
                if let Some(grade) = of_documents.get(document) {
                    grades.insert(item.id.clone(), *grade);
                }
            }
        }
        grades
    }

    fn score(&self, variant: usize, example: &data::Query, output: &Output) -> Vec<Option<f64>> {
        let group = self.group(variant);
        // An example with an error scores 0, whatever was found before.
        let list = if output.error.is_some() {
            &[]
        } else {
            output.list()
        };
        let ranked = group.documents(list);
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
            list.iter()
                .filter_map(|item| group.origin(&item.id))
                .map(ranked_chunk),
        );
        let is_judged = self.judged.is_judged(&example.id);
        let mut answers = self.answer_scores(variant, example, output).into_iter();
        let value = |metric: &RagMetric| match metric {
            RagMetric::Ranking(metric) => is_judged.then(|| metric.score(&judgements, &self.rules)),
            RagMetric::Span(metric) => metric.score(&coverage),
            RagMetric::Answer(_) => answers.next().flatten(),
        };
        let mut scores: Vec<Option<f64>> = self.metrics.iter().map(value).collect();
        if self.searches_a_graph() {
            let whole = Some(output).filter(|output| output.error.is_none());
            scores.push(whole.and_then(graph_recall));
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
    /// A value for each metric of answers; none of a variant that gives none.
    fn answer_scores(
        &self,
        variant: usize,
        example: &data::Query,
        output: &Output,
    ) -> Vec<Option<f64>> {
        let metrics = self.metrics.iter().filter_map(RagMetric::of_answers);
        let metrics: Vec<AnswerMetric> = metrics.collect();
        let group = self.group(variant);
        let Some(verifier) = group.verifier(self.place_of[variant].1) else {
            return vec![None; metrics.len()];
        };
        if metrics.is_empty() {
            return Vec::new();
        }
        let scorer = answers::Scorer {
            query: example,
            evidence: self.evidence(group, example, output),
            verifier,
            analyser: group.index.analyser.clone(),
            weight: &|term| group.weight(term),
            normalisation: self.normalisation,
        };
        scorer.score(output, &metrics)
    }

    /// What is relevant to a query: its gold spans where the dataset has any, else the documents with a grade above 0.
    fn evidence(
        &self,
        group: &Group<'_>,
        example: &data::Query,
        output: &Output,
    ) -> answers::Evidence {
        let answer = output.answer.iter().filter(|_| output.error.is_none());
        let sources = answer.flat_map(|answer| &answer.sources);
        if !self.judged.spans.is_empty() {
            let spans = self.judged.spans.get(&example.id);
            let spans = spans.map_or(&[][..], Vec::as_slice);
            let meets = |source: &Source, span: &GoldSpan| {
                // A passage without a place is its whole document.
                source.document == span.document
                    && group
                        .origin(&source.item)
                        .is_none_or(|origin| origin.start < span.end && span.start < origin.end)
            };
            return answers::Evidence {
                sources: sources
                    .clone()
                    .map(|source| spans.iter().any(|span| meets(source, span)))
                    .collect(),
                relevant: spans
                    .iter()
                    .map(|span| sources.clone().any(|source| meets(source, span)))
                    .collect(),
                gold: spans.iter().filter_map(|span| span.text.clone()).collect(),
            };
        }
        let documents = sources.map(|source| source.document.as_str());
        answers::Evidence::of_documents(self.judged, &example.id, &documents)
    }

    fn searches_a_graph(&self) -> bool {
        self.groups
            .iter()
            .any(|group| group.searcher.searches_a_graph())
    }
}
