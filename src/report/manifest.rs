//! What a run is: everything that its numbers are a function of, and where and when it ran.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::Digest;
use crate::metrics::MetricFacts;

/// What the numbers are a function of. It stands in `manifest.json` and in the footer of every Parquet file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The experiment's name.
    pub name: String,
    /// The ragkit that ran it.
    pub ragkit: String,
    /// The resolved config, with every default filled in.
    pub config: serde_json::Value,
    /// Seed of the intervals.
    pub seed: u64,
    /// What must be equal in two runs for their numbers to be comparable, by name: digests of the corpus and of the judged
    /// queries, how many results were kept.
    pub conditions: BTreeMap<String, String>,
    /// The metrics, in the order of their columns.
    pub metrics: Vec<MetricFacts>,
    /// The indexes searched; none in a manifest of the time when a run had one, kept under another name.
    #[serde(default)]
    pub indexes: Vec<IndexFacts>,
    /// The digests of the models that rerank and write, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, String>,
    /// The variants that ran, in the order of the config.
    pub variants: Vec<String>,
    /// Fields of the examples by which the summary is sliced.
    pub slices: Vec<String>,
    /// The field of the examples that names their cluster.
    pub cluster: Option<String>,
    /// Rounds over every block in which the variants were alternated; 0 where they ran together.
    pub interleaved_rounds: usize,
    /// Examples that were to be evaluated.
    pub examples: usize,
    /// Queries without a judgement, which are not evaluated.
    pub unjudged: usize,
    /// Relevant documents that are not in the index: they can never be found, and count as relevant all the same.
    pub dangling: usize,
}

/// An index behind a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFacts {
    /// The variants that search it.
    pub variants: Vec<String>,
    /// What the index is a function of.
    pub digest: String,
    /// How documents are cut, in words; absent where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Documents.
    pub documents: usize,
    /// What they were cut into; as many as documents where they were not.
    pub passages: usize,
    /// Passages without any term.
    pub empty_passages: usize,
    /// Files from which nothing was extracted.
    pub refused_files: usize,
    /// Distinct terms.
    pub terms: usize,
    /// Tokens of all passages.
    pub tokens: usize,
    /// The sets of vectors that are searched.
    pub vectors: Vec<VectorsSearched>,
}

/// A set of vectors behind a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorsSearched {
    /// Its name.
    pub name: String,
    /// The kind of its embedder.
    pub embedder: String,
    /// Dimensions.
    pub dim: usize,
    /// What it is a function of, beside the documents.
    pub digest: String,
}

impl Identity {
    /// A digest of all of it: equal digests, equal numbers.
    pub fn digest(&self) -> String {
        Digest::default().with("identity", self.to_json()).finish()
    }

    /// As one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data is JSON")
    }
}

/// `manifest.json` of a run directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the numbers are a function of.
    pub identity: Identity,
    /// Examples that ended in an error, by variant.
    pub errors: BTreeMap<String, usize>,
    /// What computed the vectors.
    pub device: String,
    /// Where it ran.
    pub host: Host,
    /// When it was finished, in UTC (`2026-11-24T03:04:05Z`).
    pub finished_utc: String,
    /// Wall time of this process, an interrupted one's excluded.
    pub seconds: f64,
    /// Examples that were taken over from an interrupted run.
    pub resumed_examples: usize,
}

impl Manifest {
    /// The class of machine, as far as speed depends on it.
    pub fn hardware(&self) -> String {
        let host = &self.host;
        format!(
            "{}, {} processors, {} threads, {}",
            host.platform, host.processors, host.threads, self.device
        )
    }
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Logical processors.
    pub processors: usize,
    /// Threads that ragkit used.
    pub threads: usize,
}

impl Host {
    /// This machine.
    pub fn current() -> Self {
        let name =
            fs_err::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
        Self {
            name: name
                .or_else(|_| std::env::var("HOSTNAME"))
                .unwrap_or_else(|_| "unknown".into()),
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads: rayon::current_num_threads(),
        }
    }
}
