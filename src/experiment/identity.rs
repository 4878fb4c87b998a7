//! What the numbers of a run are a function of.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context;

use super::{Experiment, SystemConfig};
use crate::data::{Digest, Judged};
use crate::indexes::{Index, Manifest};
use crate::metrics::MetricFacts;
use crate::report::{Identity, IndexFacts, VectorsSearched};
use crate::systems::rag::{self, Indexes, WantedIndex};

impl Experiment {
    /// What the numbers of a run are a function of, whatever the system: `variants` of it over `examples`, under `conditions` that must be
    /// equal in two runs for their numbers to be comparable.
    pub fn identity(
        &self,
        variants: Vec<String>,
        examples: usize,
        conditions: BTreeMap<String, String>,
        metrics: Vec<MetricFacts>,
    ) -> anyhow::Result<Identity> {
        Ok(Identity {
            name: self.name.0.clone(),
            ragkit: crate::version().to_owned(),
            config: serde_json::to_value(self)?,
            seed: self.seed,
            conditions,
            metrics,
            indexes: Vec::new(),
            models: BTreeMap::new(),
            variants,
            slices: self.slices.clone(),
            cluster: self.cluster.clone(),
            interleaved_rounds: 0,
            examples,
            unjudged: 0,
            dangling: 0,
        })
    }

    /// As [`Self::identity`], of RAG pipelines over `judged` in `opened`, which ask `models`.
    pub fn rag_identity(
        &self,
        judged: &Judged,
        opened: &Indexes,
        models: BTreeMap<String, String>,
        metrics: Vec<MetricFacts>,
        interleaved_rounds: usize,
    ) -> anyhow::Result<Identity> {
        let SystemConfig::Rag(config) = &self.system else {
            anyhow::bail!("`system.{}` has no indexes", self.system.name());
        };
        let index = opened.first().context("a run has an index")?;
        let known: HashSet<&str> = index.documents.names().iter().map(String::as_str).collect();
        let relevant = judged
            .queries
            .iter()
            .flat_map(|query| judged.grades(&query.id))
            .filter(|(_, grade)| *grade > 0);
        let dangling = relevant.filter(|(document, _)| !known.contains(document));
        let facts = |wanted: WantedIndex| {
            let index = opened
                .of(&wanted.variants[0])
                .context("every variant has an index")?;
            Ok(index_facts(index, &wanted.variants))
        };
        let indexes = config.indexes().into_iter().map(facts);
        let variants = config.variants.iter().map(|variant| variant.name.clone());
        let conditions = conditions(config, judged, &index.manifest);
        let examples = judged.queries.len();
        Ok(Identity {
            indexes: indexes.collect::<anyhow::Result<_>>()?,
            models,
            interleaved_rounds,
            unjudged: judged.unjudged,
            dangling: dangling.count(),
            ..self.identity(variants.collect(), examples, conditions, metrics)?
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
