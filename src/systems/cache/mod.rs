//! A cache of answers: which answers it takes that it may take, and which that it must not, on labelled pairs of questions.

mod config;
mod fit;
mod held;
mod metric;
mod split;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;

use self::fit::fit;
use self::held::{Caches, Held};
use self::metric::Outcome;
use super::System;
use crate::caches::{Embeddings, ExactCache, Guard, Nearest, SemanticCache};
use crate::data::{Digest, QuestionPair};
use crate::metrics::MetricFacts;
use crate::models::{Embedder, Matrix};
use crate::outputs::{Item, Output, Stage};

pub use self::config::{
    Cache, Config, Exact, Fitted, Holds, QuestionEmbedder, Semantic, Split, Threshold, Variant,
};
pub use self::metric::CacheMetric;
pub use self::split::Halves;

/// The stage that says what is taken from the cache: the cached question on a hit, nothing on a miss.
const LOOKUP: &str = "lookup";
/// The stage beside it that says how near the nearest question is that the guards admit, taken or not.
const NEAREST: &str = "nearest";

/// Caches in several variants, judged on the half of the pairs that no threshold was fitted on.
pub struct CacheSystem<'a> {
    metrics: &'a [CacheMetric],
    how: String,
    conditions: BTreeMap<String, String>,
    held: Held<'a>,
    models: Vec<Model<'a>>,
    variants: Vec<Prepared<'a>>,
}

/// What makes vectors of questions, for all variants that ask for the same.
struct Model<'a> {
    config: &'a QuestionEmbedder,
    embedder: Arc<dyn Embedder + Send>,
    digest: String,
}

/// A variant that is ready.
struct Prepared<'a> {
    name: &'a str,
    note: String,
    caches: Caches,
}

impl Model<'_> {
    fn embed(&self, questions: &[&str]) -> anyhow::Result<Matrix> {
        let prefix = self.config.prefix();
        if prefix.is_empty() {
            return self.embedder.embed(questions);
        }
        let texts: Vec<String> = questions
            .iter()
            .map(|question| format!("{prefix}{question}"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.embedder.embed(&texts)
    }
}

impl<'a> CacheSystem<'a> {
    /// Prepares the variants of `config`: opens their models, fills their caches and fits their thresholds. Vectors are kept in the cache of vectors
    /// if it is to `remember` them.
    ///
    /// # Errors
    /// Where a model is missing or fails.
    pub fn new(
        halves: &'a Halves,
        config: &'a Config,
        metrics: &'a [CacheMetric],
        remember: bool,
    ) -> anyhow::Result<Self> {
        config.check_models()?;
        let Split { seed, by } = &config.split;
        let mut system = Self {
            metrics,
            how: format!(
                "pairs of the half of the clusters by `{by}` (seed {seed}) that no threshold was fitted on; {}",
                config.holds
            ),
            conditions: BTreeMap::from([
                ("pairs".to_owned(), halves.digest.clone()),
                ("split".to_owned(), format!("by {by}, seed {seed}")),
                ("holds".to_owned(), config.holds.to_string()),
            ]),
            held: Held::new(&halves.cached, config.holds),
            models: Vec::new(),
            variants: Vec::new(),
        };
        let mut embeddings = Embeddings::default();
        let mut vectors: Vec<Vectors> = Vec::new();
        for variant in &config.variants {
            let prepared = match &variant.cache {
                Cache::Exact(Exact {}) => system.exact(&variant.name),
                Cache::Semantic(semantic) => {
                    let model = system.model(&semantic.embedder, remember, &mut embeddings);
                    let model = model.with_context(|| format!("variant `{}`", variant.name))?;
                    if model == vectors.len() {
                        let embed = |texts: &[&str]| system.models[model].embed(texts);
                        vectors.push(Vectors {
                            cached: embed(&system.held.texts())?,
                            fit: embed(&texts(&halves.fit))?,
                        });
                    }
                    system.semantic(&variant.name, semantic, model, &vectors[model], &halves.fit)
                }
            };
            system.variants.push(prepared);
        }
        Ok(system)
    }

    /// The place of the model that is asked for, opened if no variant has asked for it yet.
    fn model(
        &mut self,
        config: &'a QuestionEmbedder,
        remember: bool,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<usize> {
        let known = self.models.iter().position(|known| known.config == config);
        if let Some(known) = known {
            return Ok(known);
        }
        let opened = config.open()?;
        let digest = Digest::default()
            .with("model", &opened.digest)
            .with("prefix", config.prefix())
            .finish();
        // Counting letters takes no longer than looking the counts up.
        let is_slow = !matches!(config, QuestionEmbedder::Terms(_));
        let embedder: Arc<dyn Embedder + Send> = if remember && is_slow {
            embeddings.of(opened)?
        } else {
            Arc::from(opened.embedder)
        };
        self.models.push(Model {
            config,
            embedder,
            digest,
        });
        Ok(self.models.len() - 1)
    }

    fn exact(&self, name: &'a str) -> Prepared<'a> {
        let questions = self.held.questions;
        let insert = |cache: &mut ExactCache, inside: usize, place: usize| {
            cache.insert(&questions[place].1, inside);
        };
        Prepared {
            name,
            note: "the same words; letter case, white space and punctuation at the end aside"
                .to_owned(),
            caches: Caches::Exact(self.held.fill(&ExactCache::default(), insert)),
        }
    }

    fn semantic(
        &self,
        name: &'a str,
        config: &Semantic,
        model: usize,
        vectors: &Vectors,
        pairs: &[QuestionPair],
    ) -> Prepared<'a> {
        let insert = |cache: &mut SemanticCache, _: usize, place: usize| {
            cache.insert(&self.held.questions[place].1, vectors.cached.row(place));
        };
        let empty = SemanticCache::new(None, &config.guards);
        let mut caches = self.held.fill(&empty, insert);
        let (threshold, fitted) = match config.threshold {
            Threshold::Fixed(threshold) => (Some(threshold), "fixed".to_owned()),
            Threshold::Fitted(Fitted { max_false_hits }) => {
                let nearest = |(pair, row): (&QuestionPair, usize)| {
                    let (cache, _) = self.held.cache(pair);
                    let nearest = caches[cache].nearest(&pair.text, vectors.fit.row(row));
                    (pair.same, nearest.map(|nearest| nearest.similarity))
                };
                let found: Vec<(bool, Option<f64>)> = pairs.iter().zip(0..).map(nearest).collect();
                let fit = fit(&found, max_false_hits);
                let ([same, hits], [different, false_hits]) = (fit.same, fit.different);
                let words = format!(
                    "fitted on the other half, FalseHitRate at most {max_false_hits}: {false_hits} of {different} with different answers and {hits} of {same} with the same hit there"
                );
                (fit.threshold, words)
            }
        };
        for cache in &mut caches {
            cache.set_threshold(threshold);
        }
        let from = match threshold {
            Some(threshold) => format!("from {threshold:.4} on"),
            None => "never, as no threshold keeps the promise".to_owned(),
        };
        let guards: Vec<&str> = config
            .guards
            .iter()
            .map(|guard| Guard::name(*guard))
            .collect();
        let guards = if guards.is_empty() {
            "no guard".to_owned()
        } else {
            format!("guards {}", guards.join(", "))
        };
        Prepared {
            name,
            note: format!(
                "cosine by {}, {guards}; hits {from} ({fitted})",
                config.embedder.name()
            ),
            caches: Caches::Semantic { model, caches },
        }
    }

    /// What must be equal in two runs for their numbers to be comparable.
    pub fn conditions(&self) -> &BTreeMap<String, String> {
        &self.conditions
    }

    /// The digest of the model behind each variant that has one, by the variant's name.
    pub fn models(&self) -> BTreeMap<String, String> {
        let digest = |variant: &Prepared<'_>| match variant.caches {
            Caches::Exact(_) => None,
            Caches::Semantic { model, .. } => {
                Some((variant.name.to_owned(), self.models[model].digest.clone()))
            }
        };
        self.variants.iter().filter_map(digest).collect()
    }

    /// What one variant makes of one pair, whose question has this row in what each model made of the batch.
    fn look_up(
        &self,
        variant: &Prepared<'_>,
        pair: &QuestionPair,
        row: usize,
        embedded: &[Embedded],
    ) -> Output {
        let (cache, first) = self.held.cache(pair);
        let item = |inside: usize, similarity: f64| Item {
            id: self.held.questions[first + inside].0.clone(),
            score: similarity,
        };
        let as_item = |found: Nearest| item(found.place, found.similarity);
        let stages = match &variant.caches {
            Caches::Exact(caches) => {
                let started = Instant::now();
                let taken = caches[cache].get(&pair.text);
                let latency_ms = milliseconds(started);
                let taken = taken.map(|inside| item(inside, 1.0));
                vec![stage(LOOKUP, taken, latency_ms, 1)]
            }
            Caches::Semantic { model, caches } => {
                let Embedded {
                    stage: embed,
                    vectors,
                } = &embedded[*model];
                let vector = match vectors {
                    Ok(vectors) => vectors.row(row),
                    Err(error) => return Output::failed(error.clone()),
                };
                let started = Instant::now();
                let taken = caches[cache].get(&pair.text, vector);
                let latency_ms = milliseconds(started);
                let started = Instant::now();
                let nearest = caches[cache].nearest(&pair.text, vector);
                let beside_ms = milliseconds(started);
                vec![
                    embed.clone(),
                    stage(LOOKUP, taken.map(as_item), latency_ms, 1),
                    Stage {
                        aside: true,
                        ..stage(NEAREST, nearest.map(as_item), beside_ms, 1)
                    },
                ]
            }
        };
        Output {
            stages,
            ..Output::default()
        }
    }

    fn outcome(&self, pair: &QuestionPair, output: &Output) -> Outcome {
        match output.list().first() {
            _ if output.error.is_some() => Outcome::Error,
            None => Outcome::Miss,
            Some(item) if item.id == self.held.questions[self.held.own(pair)].0 => Outcome::Own,
            Some(_) => Outcome::Other,
        }
    }
}

/// The vectors of the cached questions and of the pairs that thresholds are fitted on.
struct Vectors {
    cached: Matrix,
    fit: Matrix,
}

/// What a model made of the questions of a batch.
struct Embedded {
    /// The stage, for each of them.
    stage: Stage,
    vectors: Result<Matrix, String>,
}

fn texts(pairs: &[QuestionPair]) -> Vec<&str> {
    pairs.iter().map(|pair| pair.text.as_str()).collect()
}

fn milliseconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

fn stage(name: &str, item: Option<Item>, latency_ms: f64, batch_size: u32) -> Stage {
    Stage {
        name: name.to_owned(),
        items: Vec::from_iter(item),
        latency_ms,
        batch_size,
        ..Stage::default()
    }
}

impl System for CacheSystem<'_> {
    type Example = QuestionPair;

    fn id<'p>(&self, pair: &'p QuestionPair) -> &'p str {
        &pair.id
    }

    fn fact<'p>(&self, pair: &'p QuestionPair, name: &str) -> Option<&'p str> {
        pair.metadata.get(name).map(String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        let note = |variant: &Prepared<'_>| variant.note.clone();
        self.variants.iter().map(note).collect()
    }

    fn run(&self, batch: &[&QuestionPair]) -> Vec<Vec<Output>> {
        let questions: Vec<&str> = batch.iter().map(|pair| pair.text.as_str()).collect();
        let embed = |model: &Model<'_>| {
            let started = Instant::now();
            let vectors = model.embed(&questions);
            let batch_size = u32::try_from(batch.len()).unwrap_or(u32::MAX);
            let latency_ms = milliseconds(started) / f64::from(batch_size);
            Embedded {
                stage: stage("embed", None, latency_ms, batch_size),
                vectors: vectors.map_err(|error| format!("{error:#}")),
            }
        };
        let embedded: Vec<Embedded> = self.models.iter().map(embed).collect();
        let of_pair = |(pair, row): (&&QuestionPair, usize)| {
            let variants = self.variants.iter();
            variants
                .map(|variant| self.look_up(variant, pair, row, &embedded))
                .collect()
        };
        batch.iter().zip(0..).map(of_pair).collect()
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let facts = |metric: &CacheMetric| metric.facts(&self.how);
        self.metrics.iter().map(facts).collect()
    }

    fn grades(&self, pair: &QuestionPair, outputs: &[Output]) -> HashMap<String, i32> {
        let own = &self.held.questions[self.held.own(pair)].0;
        let mut items = outputs
            .iter()
            .flat_map(|output| &output.stages)
            .flat_map(|stage| &stage.items);
        let is_chosen = items.any(|item| item.id == *own);
        HashMap::from_iter(is_chosen.then(|| (own.clone(), i32::from(pair.same))))
    }

    fn score(&self, _: usize, pair: &QuestionPair, output: &Output) -> Vec<Option<f64>> {
        let outcome = self.outcome(pair, output);
        self.metrics
            .iter()
            .map(|metric| metric.score(pair.same, outcome))
            .collect()
    }
}
