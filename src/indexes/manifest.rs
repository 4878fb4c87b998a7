//! What an index is made of, and how one tells that it is whole and current.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analysis::AnalyserConfig;
use crate::data::{Checksum, Digest, PathText, Source};
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
    /// Each source file as it was read, by what it is: `corpus`, `vectors`, `vector_ids`.
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
    /// SHA-256 of this manifest without its seal: an edited manifest is no manifest.
    pub seal: String,
}

/// A manifest that cannot be relied on, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error(
        "`{0}` is not an index: it has no `manifest.json`; build one with `ragkit index PATH --out {0}`"
    )]
    NotAnIndex(String),
    /// The manifest is not one.
    #[error(
        "the manifest of the index `{path}` cannot be read: {message}; rebuild it with `ragkit index`"
    )]
    Manifest {
        /// The index.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// Another layout.
    #[error(
        "the index `{path}` has format {found}, this ragkit reads format {FORMAT}; rebuild it with `ragkit index`"
    )]
    Format {
        /// The index.
        path: String,
        /// Its format.
        found: u64,
    },
    /// A file is not what was written.
    #[error("the index `{path}` is damaged: `{file}` {fault}; rebuild it with `ragkit index`")]
    Damaged {
        /// The index.
        path: String,
        /// The file at fault.
        file: String,
        /// What is wrong with it.
        fault: &'static str,
    },
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
        table.path = PathText(String::new());
        if let Some(vectors) = &mut table.vectors {
            vectors.npy.0.clear();
            vectors.ids.0.clear();
        }
        Ok(Digest::default()
            .with("format", FORMAT.to_le_bytes())
            // Another version may analyse or fit otherwise.
            .with("ragkit", env!("CARGO_PKG_VERSION"))
            .with("table", serde_json::to_vec(&table)?)
            .with("files", serde_json::to_vec(files)?)
            .with("config", serde_json::to_vec(config)?)
            .finish())
    }

    /// The checksums of the source's corpus files.
    pub(super) fn checksums(source: &Source) -> anyhow::Result<BTreeMap<String, Checksum>> {
        let roles = ["corpus", "vectors", "vector_ids"].map(str::to_owned);
        let files = source.corpus_files()?;
        roles
            .into_iter()
            .zip(&files)
            .map(|(role, path)| Ok((role, Checksum::of_file(path)?)))
            .collect()
    }

    /// The manifest with its seal.
    pub(super) fn sealed(mut self) -> anyhow::Result<Self> {
        self.seal = self.expected_seal()?;
        Ok(self)
    }

    fn expected_seal(&self) -> anyhow::Result<String> {
        let unsealed = Self {
            seal: String::new(),
            ..self.clone()
        };
        Ok(Digest::default()
            .with("manifest", serde_json::to_vec(&unsealed)?)
            .finish())
    }

    /// Reads the manifest of the index at `path`.
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let file = path.join(Self::FILE);
        if !file.exists() {
            return Err(OpenError::NotAnIndex(shown).into());
        }
        let text = fs_err::read(&file)?;
        let fault = |error: serde_json::Error| OpenError::Manifest {
            path: shown.clone(),
            message: error.to_string(),
        };
        let value: Value = serde_json::from_slice(&text).map_err(fault)?;
        // The format is looked at first: a manifest of another format need not have the fields of this one.
        if let Some(found) = value.get("format").and_then(Value::as_u64)
            && found != u64::from(FORMAT)
        {
            return Err(OpenError::Format { path: shown, found }.into());
        }
        let manifest: Self = serde_json::from_value(value).map_err(fault)?;
        if manifest.seal != manifest.expected_seal()? {
            let file = Self::FILE.to_owned();
            return Err(OpenError::Damaged {
                path: shown,
                file,
                fault: "was edited since it was written",
            }
            .into());
        }
        Ok(manifest)
    }

    /// The data folder that the manifest at `path` names, whatever its format and state; `None` where the file is
    /// not a manifest of ragkit's at all.
    pub(super) fn folder_of(path: &Path) -> Option<String> {
        let value: Value =
            serde_json::from_slice(&fs_err::read(path.join(Self::FILE)).ok()?).ok()?;
        value.get("format")?.as_u64()?;
        Some(value.get("folder")?.as_str()?.to_owned())
    }
}
