//! What an index is made of, and how one tells that it is whole and current.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::analysis::AnalyserConfig;
use crate::data::{Checksum, Digest, Source};
use crate::models::LsaConfig;

/// The layout of an index directory. Raised whenever an index written before cannot be read any more.
pub(super) const FORMAT: u32 = 1;

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndexConfig {
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
    /// How text becomes vectors.
    pub embedder: EmbedderConfig,
}

/// Where the vectors of an index come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbedderConfig {
    /// No vectors: lexical search only.
    None,
    /// Latent semantic analysis, fitted on the corpus.
    Lsa(LsaConfig),
    /// The user's own vectors, from the corpus and from the queries, scaled to length 1.
    Vectors,
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self::Lsa(LsaConfig::default())
    }
}

impl EmbedderConfig {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lsa(_) => "lsa",
            Self::Vectors => "vectors",
        }
    }
}

/// `manifest.json` of an index directory: everything that says what the index is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout's version.
    pub format: u32,
    /// The ragkit that built it.
    pub ragkit: String,
    /// What the index is a function of: its source files, its config, and the version of ragkit. Equal digests, equal search results.
    pub digest: String,
    /// Where the documents came from.
    pub source: Source,
    /// Each source file as it was read.
    pub source_files: BTreeMap<String, Checksum>,
    /// What was asked for.
    pub config: IndexConfig,
    /// Documents.
    pub documents: usize,
    /// Documents without any term: kept, but no query finds them by words.
    pub empty_documents: usize,
    /// Distinct terms.
    pub terms: usize,
    /// Dimensions of the vectors, where there are any.
    pub dim: Option<usize>,
    /// The folder beside this file that holds the data.
    pub folder: String,
    /// Each data file, by its path inside the folder.
    pub files: BTreeMap<String, Checksum>,
}

impl Manifest {
    /// The name of the file.
    pub(super) const FILE: &'static str = "manifest.json";

    /// The digest of an index over these files under this config.
    pub(super) fn digest(
        source: &Source,
        files: &BTreeMap<String, Checksum>,
        config: &IndexConfig,
    ) -> anyhow::Result<String> {
        // The mapping of columns counts, the place of the file does not.
        let mut table = source.corpus();
        table.path = crate::data::PathText(String::new());
        if let Some(vectors) = &mut table.vectors {
            vectors.npy.0.clear();
            vectors.ids.0.clear();
        }
        let contents: Vec<&Checksum> = files.values().collect();
        Ok(Digest::default()
            .with("format", FORMAT.to_le_bytes())
            // Another version may analyse or fit otherwise.
            .with("ragkit", env!("CARGO_PKG_VERSION"))
            .with("table", serde_json::to_vec(&table)?)
            .with("contents", serde_json::to_vec(&contents)?)
            .with("config", serde_json::to_vec(config)?)
            .finish())
    }

    /// The checksums of the source's corpus files, by file name.
    pub(super) fn checksums(source: &Source) -> anyhow::Result<BTreeMap<String, Checksum>> {
        source
            .corpus_files()?
            .iter()
            .map(|path| Ok((file_name(path), Checksum::of_file(path)?)))
            .collect()
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
