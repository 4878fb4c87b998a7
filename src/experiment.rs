//! The experiment file: the root of the config, and how it becomes something that runs.
//!
//! Loading parses and validates and touches no other file; paths in it are relative to the working directory.

mod indexes;

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

pub use self::indexes::PlacedIndex;
use crate::caches;
use crate::data::convert::Converted;
use crate::data::{Card, Digest, Judged, PathText, Source};
use crate::indexes::{Index, Manifest};
use crate::metrics::MetricFacts;
use crate::report::{Identity, IndexFacts, VectorsSearched};
use crate::systems::rag::{self, Indexes, RagMetric, WantedIndex};

/// A file of `configs/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Names the run directory.
    pub name: Name,
    /// Seed of every random choice but those that have their own.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Examples that are run together.
    #[serde(default = "default_batch_size")]
    pub batch_size: NonZeroUsize,
    /// What to measure.
    pub metrics: Vec<RagMetric>,
    /// Fields of the examples by which to slice the summary.
    #[serde(default)]
    pub slices: Vec<String>,
    /// The field of the examples that names what they belong to, such as a document or a conversation. Examples of one
    /// cluster are not independent: intervals and tests draw whole clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What to run over.
    pub dataset: Dataset,
    /// What to run.
    pub system: SystemConfig,
}

fn default_seed() -> u64 {
    17
}

fn default_batch_size() -> NonZeroUsize {
    const { NonZeroUsize::new(32).expect("32 is not 0") }
}

/// A name that can be part of a file name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
            return Err(format!(
                "the name `{name}` must be 1 to 100 letters, digits, `-` or `_`: it names a directory"
            ));
        }
        Ok(Self(name))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Where the examples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dataset {
    /// A dataset card.
    Card(PathText),
    /// Files, named here.
    Source(Source),
    /// Files in another layout than BEIR's, which are converted into the cache.
    Converted(Converted),
}

/// Which system, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemConfig {
    /// Enterprise RAG.
    Rag(rag::Config),
}

impl Experiment {
    /// Reads and validates an experiment file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs_err::read_to_string(path).context("cannot read the config")?;
        let parsed: Result<Self, _> = toml::from_str(&text);
        // toml's message ends in a line break, and begins with the place and the line at fault.
        let experiment = parsed.map_err(|error| {
            anyhow::anyhow!(
                "`{}` is not a valid config: {}",
                path.display(),
                error.to_string().trim_end()
            )
        })?;
        experiment
            .validate()
            .with_context(|| format!("`{}` is not a valid config", path.display()))?;
        Ok(experiment)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.metrics.is_empty(),
            "`metrics` is empty; name at least one, as in `metrics = [\"nDCG@10\"]`"
        );
        for (place, slice) in self.slices.iter().enumerate() {
            ensure!(
                !self.slices[..place].contains(slice),
                "`slices` names `{slice}` twice"
            );
        }
        for (place, metric) in self.metrics.iter().enumerate() {
            ensure!(
                !self.metrics[..place].contains(metric),
                "`metrics` names `{metric}` twice"
            );
            ensure!(
                metric.is_mean(),
                "`{metric}` is no mean over examples, so it has no interval here; `ragkit score` knows it"
            );
        }
        let SystemConfig::Rag(config) = &self.system;
        config.validate(&self.metrics)
    }

    /// Keeps the named variants only, in the order of the config.
    pub fn keep_variants(&mut self, names: &[String]) -> anyhow::Result<()> {
        let SystemConfig::Rag(config) = &mut self.system;
        for name in names {
            if !config.variants.iter().any(|variant| variant.name == *name) {
                let known: Vec<_> = config
                    .variants
                    .iter()
                    .map(|variant| format!("`{}`", variant.name))
                    .collect();
                bail!(
                    "there is no variant `{name}`; the config has {}",
                    known.join(", ")
                );
            }
        }
        config
            .variants
            .retain(|variant| names.contains(&variant.name));
        Ok(())
    }

    /// Where the data lies.
    pub fn source(&self) -> anyhow::Result<Source> {
        match &self.dataset {
            Dataset::Source(source) => Ok(source.clone()),
            Dataset::Card(path) => Card::load(&path.resolve()?)?.source(&caches::folder()),
            Dataset::Converted(converted) => converted.source(&caches::folder()),
        }
    }

    /// What the numbers of a run over `judged` in `opened` are a function of, `metrics` being those of its system.
    pub fn identity(
        &self,
        judged: &Judged,
        opened: &Indexes,
        metrics: Vec<MetricFacts>,
        interleaved_rounds: usize,
    ) -> anyhow::Result<Identity> {
        let SystemConfig::Rag(config) = &self.system;
        let index = opened.first().context("a run has an index")?;
        let known: HashSet<&str> = index.documents.names().iter().map(String::as_str).collect();
        let relevant = judged
            .queries
            .iter()
            .flat_map(|query| judged.grades(&query.id))
            .filter(|(_, grade)| *grade > 0);
        let facts = |wanted: WantedIndex| {
            let index = opened
                .of(&wanted.variants[0])
                .context("every variant has an index")?;
            Ok(index_facts(index, &wanted.variants))
        };
        let indexes: Vec<IndexFacts> = config
            .indexes()
            .into_iter()
            .map(facts)
            .collect::<anyhow::Result<_>>()?;
        Ok(Identity {
            name: self.name.0.clone(),
            ragkit: crate::version().to_owned(),
            config: serde_json::to_value(self)?,
            seed: self.seed,
            conditions: conditions(config, judged, &index.manifest),
            metrics,
            indexes,
            variants: config
                .variants
                .iter()
                .map(|variant| variant.name.clone())
                .collect(),
            slices: self.slices.clone(),
            cluster: self.cluster.clone(),
            interleaved_rounds,
            examples: judged.queries.len(),
            unjudged: judged.unjudged,
            dangling: relevant
                .filter(|(document, _)| !known.contains(document))
                .count(),
        })
    }
}

/// What a run says of an index.
fn index_facts(index: &Index, variants: &[rag::Variant]) -> IndexFacts {
    let manifest = &index.manifest;
    IndexFacts {
        variants: variants
            .iter()
            .map(|variant| variant.name.clone())
            .collect(),
        digest: manifest.digest.clone(),
        cut: index.is_cut().then(|| manifest.config.chunking.describe()),
        documents: manifest.documents,
        passages: manifest.passages,
        empty_passages: manifest.empty_passages,
        refused_files: manifest.refused.len(),
        terms: manifest.terms,
        tokens: manifest.tokens,
        vectors: index
            .vectors
            .keys()
            .map(|name| searched(manifest, name))
            .collect(),
    }
}

/// What must be equal in two runs for their numbers to be comparable.
fn conditions(config: &rag::Config, judged: &Judged, index: &Manifest) -> BTreeMap<String, String> {
    let corpus = index
        .source_files
        .iter()
        .filter(|(what, _)| what.as_str() == "corpus")
        .fold(Digest::default(), |digest, (what, file)| {
            digest.with(what, &file.sha256)
        });
    BTreeMap::from([
        ("corpus".to_owned(), corpus.finish()),
        ("queries".to_owned(), judged.digest()),
        ("k".to_owned(), config.depth.to_string()),
    ])
}

/// What a run says of a set of vectors.
fn searched(manifest: &Manifest, name: &str) -> VectorsSearched {
    let (config, facts) = (
        manifest.config.vectors.get(name),
        manifest.vectors.get(name),
    );
    VectorsSearched {
        name: name.to_owned(),
        embedder: config
            .map_or("", |config| config.embedder.name())
            .to_owned(),
        dim: facts.map_or(0, |facts| facts.dim),
        digest: facts.map_or_else(String::new, |facts| facts.digest.clone()),
    }
}
