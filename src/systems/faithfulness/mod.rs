//! Scorers of faithfulness, judged by people: how well each tells answers that their sources support from those that they do not.

mod bill;
mod config;
mod metric;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use anyhow::Context as _;

use super::System;
use crate::claims::Claiming;
use crate::data::{Labelled, LabelledAnswers};
use crate::faithfulness::{Context, OpenedScorer, Subject, Verdict, Whole, quote};
use crate::metrics::MetricFacts;
use crate::outputs::{Answer, Item, Output, Source, Stage};

pub use self::config::{Config, Variant};
pub use self::metric::{Each, FaithfulnessMetric};

/// Scorers in several variants.
pub struct Faithfulness<'a> {
    metrics: Vec<FaithfulnessMetric>,
    conditions: BTreeMap<String, String>,
    variants: Vec<(&'a str, OpenedScorer)>,
}

impl<'a> Faithfulness<'a> {
    /// Opens the scorers of `config`, whose models `remember` in the caches what they compute. What each metric is computed from is measured too.
    ///
    /// # Errors
    /// Where a model is missing or cannot be read.
    pub fn open(
        answers: &LabelledAnswers,
        config: &'a Config,
        metrics: &[FaithfulnessMetric],
        remember: bool,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let mut all = metrics.to_vec();
        for each in metrics.iter().flat_map(|metric| metric.needs()) {
            let metric = FaithfulnessMetric::Each(each);
            if !all.contains(&metric) {
                all.push(metric);
            }
        }
        let open = |variant: &'a Variant| {
            let opened = variant.scorer.open(&config.models, remember);
            let opened = opened.with_context(|| format!("variant `{}`", variant.name))?;
            anyhow::Ok((variant.name.as_str(), opened))
        };
        Ok(Self {
            metrics: all,
            conditions: BTreeMap::from([("answers".to_owned(), answers.digest())]),
            variants: config
                .variants
                .iter()
                .map(open)
                .collect::<anyhow::Result<_>>()?,
        })
    }

    /// What must be equal in two runs for their numbers to be comparable.
    pub fn conditions(&self) -> &BTreeMap<String, String> {
        &self.conditions
    }

    /// The digest of each variant's scorer.
    pub fn models(&self) -> BTreeMap<String, String> {
        let digest =
            |(name, opened): &(&str, OpenedScorer)| ((*name).to_owned(), opened.digest.clone());
        self.variants.iter().map(digest).collect()
    }
}

/// Answers as scorers see them, each with its sentences.
fn subjects<'s>(answers: &[&'s Labelled], read: &'s [Claiming]) -> Vec<Subject<'s>> {
    let subject = |(answer, read): (&&'s Labelled, &'s Claiming)| Subject {
        question: &answer.question,
        answer: &read.words,
        sentences: &read.sentences,
        contexts: answer.contexts.iter().map(Context::from).collect(),
        set: Some(answer.set()),
    };
    answers.iter().zip(read).map(subject).collect()
}

/// What a scorer says of one answer, as an output of its variant.
fn output(example: &Labelled, subject: &Subject<'_>, verdict: Result<Verdict, String>) -> Output {
    let mut verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => return Output::failed(error),
    };
    quote(&mut verdict.claims, &subject.contexts);
    let source = |(number, passage): (u32, &crate::data::Passage)| Source {
        item: passage
            .id
            .clone()
            .unwrap_or_else(|| format!("context-{number}")),
        title: passage.title.clone(),
        ..Source::default()
    };
    Output {
        answer: Some(Answer {
            text: example.answer.clone(),
            sources: (1..).zip(&example.contexts).map(source).collect(),
            claims: Some(verdict.claims),
            ..Answer::default()
        }),
        stages: vec![Stage {
            name: "score".to_owned(),
            items: verdict.whole.iter().map(chosen).collect(),
            usage: verdict.usage,
            degraded: verdict.degraded,
            ..Stage::default()
        }],
        ..Output::default()
    }
}

/// What a scorer chooses where it says that an answer is supported, and where not.
const SUPPORTED: &str = "supported";
const UNSUPPORTED: &str = "unsupported";

/// What is said of a whole answer, as what a stage chooses.
fn chosen(whole: &Whole) -> Item {
    let id = if whole.supported {
        SUPPORTED
    } else {
        UNSUPPORTED
    };
    Item {
        id: id.to_owned(),
        score: whole.support,
    }
}

impl System for Faithfulness<'_> {
    type Example = Labelled;

    fn id<'e>(&self, example: &'e Labelled) -> &'e str {
        &example.id
    }

    fn fact<'e>(&self, example: &'e Labelled, name: &str) -> Option<&'e str> {
        example.metadata.get(name).map(String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.variants.iter();
        notes
            .map(|(_, opened)| opened.description.clone())
            .collect()
    }

    fn run(&self, batch: &[&Labelled]) -> Vec<Vec<Output>> {
        let read: Vec<Claiming> = batch
            .iter()
            .map(|example| Claiming::whole(&example.answer))
            .collect();
        let subjects = subjects(batch, &read);
        let mut outputs: Vec<Vec<Output>> = vec![Vec::new(); batch.len()];
        for (_, opened) in &self.variants {
            let started = Instant::now();
            let verdicts = opened.scorer.score(&subjects);
            let latency_ms = started.elapsed().as_secs_f64() * 1e3 / batch.len() as f64;
            for (place, verdict) in verdicts.into_iter().enumerate() {
                let mut output = output(batch[place], &subjects[place], verdict);
                for stage in &mut output.stages {
                    stage.latency_ms = latency_ms;
                    stage.batch_size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
                }
                outputs[place].push(output);
            }
        }
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        self.metrics.iter().map(|metric| metric.facts()).collect()
    }

    fn grades(&self, _: &Labelled, _: &[Output]) -> HashMap<String, i32> {
        HashMap::new()
    }

    fn score(&self, _: usize, example: &Labelled, output: &Output) -> Vec<Option<f64>> {
        let whole = output.list().first().map(|item| Whole {
            support: item.score,
            supported: item.id == SUPPORTED,
        });
        let words = example.answer.split_whitespace().count();
        let value = |metric: &FaithfulnessMetric| match metric {
            FaithfulnessMetric::Each(each) => each.value(example.supported, words, whole),
            FaithfulnessMetric::Pooled(_) => None,
        };
        self.metrics.iter().map(value).collect()
    }
}
