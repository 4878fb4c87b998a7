//! What an index is made of, and how one tells that it is whole and current.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hnsw::HnswConfig;
use crate::analysis::AnalyserConfig;
use crate::chunking::{Chunking, Similarity};
use crate::data::{Checksum, CorpusFrom, Digest, PathText, Source};
use crate::extraction::RefusedFile;
use crate::models::{EmbedderConfig, LsaConfig, TokenizerConfig};

/// The layout of an index directory. Raised whenever an index written before cannot be read any more.
pub(super) const FORMAT: u32 = 3;

/// What to build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndexConfig {
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
    /// How documents are cut into chunks.
    pub chunking: Chunking,
    /// What a token of a chunk is: by default one of the model that embeds the chunks, where there is one and documents are cut, or
    /// else a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerConfig>,
    /// Sets of vectors, by the name that a search asks for them; none for lexical search only.
    pub vectors: BTreeMap<String, VectorsConfig>,
}

impl Default for IndexConfig {
    fn default() -> Self {
        let lsa = VectorsConfig::from(EmbedderConfig::Lsa(LsaConfig::default()));
        Self {
            analyser: AnalyserConfig::default(),
            chunking: Chunking::default(),
            tokenizer: None,
            vectors: BTreeMap::from([("lsa".to_owned(), lsa)]),
        }
    }
}

/// One set of vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorsConfig {
    /// How text becomes vectors.
    pub embedder: EmbedderConfig,
    /// The graph for approximate search; none unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw: Option<HnswConfig>,
}

impl From<EmbedderConfig> for VectorsConfig {
    fn from(embedder: EmbedderConfig) -> Self {
        Self {
            embedder,
            hnsw: None,
        }
    }
}

impl IndexConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        self.chunking.validate()?;
        for (name, vectors) in &self.vectors {
            ensure!(
                vectors.embedder != EmbedderConfig::Own || self.chunking == Chunking::Whole,
                "the vectors `{name}` are your own, one a document: they have none for chunks; take `chunking = \"whole\"` or give the chunks as documents"
            );
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            ensure!(
                !name.is_empty() && name.len() <= 64 && name.chars().all(fits),
                "the vectors' name `{name}` must be 1 to 64 letters, digits, `-` or `_`: it names a directory"
            );
            vectors
                .embedder
                .validate()
                .with_context(|| format!("vectors `{name}`"))?;
        }
        Ok(())
    }

    /// What a token of a chunk is.
    pub fn resolved_tokenizer(&self) -> TokenizerConfig {
        if let Some(tokenizer) = &self.tokenizer {
            return tokenizer.clone();
        }
        let model = |set: &VectorsConfig| match &set.embedder {
            EmbedderConfig::Encoder(encoder) => Some(encoder.model.clone()),
            _ => None,
        };
        let mut models = self.vectors.values().filter_map(model);
        match (&self.chunking, models.next(), models.next()) {
            (Chunking::Whole, ..) | (_, None, _) | (_, _, Some(_)) => TokenizerConfig::Words,
            (_, Some(only), None) => TokenizerConfig::Model(only),
        }
    }

    /// The model by whose vectors sentences are compared, where documents are cut by that.
    pub(super) fn similarity_model(&self) -> Option<EmbedderConfig> {
        match &self.chunking {
            Chunking::Semantic(semantic) => match &semantic.similarity {
                Similarity::Encoder(encoder) => Some(EmbedderConfig::Encoder(encoder.clone())),
                Similarity::Terms => None,
            },
            _ => None,
        }
    }

    /// The set of vectors that is meant: the one of that name, or the only one.
    pub fn vectors_named<'a>(&'a self, name: Option<&'a str>) -> Result<&'a str, String> {
        let names: Vec<String> = self
            .vectors
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        match (name, self.vectors.keys().next()) {
            (_, None) => Err("searches by vectors, the index has none; give the index `vectors` or drop the variant".to_owned()),
            (Some(name), _) if self.vectors.contains_key(name) => Ok(name),
            (Some(name), _) => Err(format!("searches the vectors `{name}`, the index has {}", names.join(", "))),
            (None, Some(only)) if names.len() == 1 => Ok(only),
            (None, _) => Err(format!("must say which `vectors` it searches: {}", names.join(", "))),
        }
    }
}

/// What an index says of one set of its vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorFacts {
    /// Dimensions.
    pub dim: usize,
    /// What the vectors and their graph are a function of, beside the documents.
    pub digest: String,
    /// The digest of the model alone, where the model does not lie in the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// `manifest.json` of an index directory: everything that says what the index is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout's version.
    pub format: u32,
    /// The ragkit that built it.
    pub ragkit: String,
    /// What the documents and their terms are a function of: the source files, the analyser, and the version of ragkit.
    /// With equal digests of vectors, equal search results, but for graphs that were not built deterministically.
    pub digest: String,
    /// Where the documents came from.
    pub source: Source,
    /// Each source file as it was read, by what it is: `corpus`, `vectors`, `vector_ids`.
    pub source_files: BTreeMap<String, Checksum>,
    /// What was asked for.
    pub config: IndexConfig,
    /// Documents.
    pub documents: usize,
    /// What they were cut into, sections too; as many as documents where they were not.
    pub passages: usize,
    /// Passages without any term: kept, but no query finds them by words.
    pub empty_passages: usize,
    /// Tokens of all passages.
    pub tokens: usize,
    /// Files from which nothing was extracted.
    pub refused: Vec<RefusedFile>,
    /// Distinct terms.
    pub terms: usize,
    /// Its sets of vectors: those of the config.
    pub vectors: BTreeMap<String, VectorFacts>,
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

    /// The digest of the passages and terms of an index over these files under this config; `models` are those that cut the
    /// documents.
    pub(super) fn digest(
        source: &Source,
        files: &BTreeMap<String, Checksum>,
        config: &IndexConfig,
        models: &[String],
    ) -> anyhow::Result<String> {
        // The mapping of columns counts, the place of the file does not.
        let how = match source.corpus() {
            CorpusFrom::Table(mut table) => {
                table.path = PathText(String::new());
                if let Some(vectors) = &mut table.vectors {
                    vectors.npy.0.clear();
                    vectors.ids.0.clear();
                }
                serde_json::to_vec(&table)?
            }
            CorpusFrom::Files(files) => serde_json::to_vec(&files.limits)?,
        };
        Ok(Digest::default()
            .with("format", FORMAT.to_le_bytes())
            // Another version may extract, cut, analyse or fit otherwise; so may another commit.
            .with("ragkit", crate::version())
            .with("how", how)
            .with("files", serde_json::to_vec(files)?)
            .with("analyser", serde_json::to_vec(&config.analyser)?)
            .with("chunking", serde_json::to_vec(&config.chunking)?)
            .with("models", serde_json::to_vec(models)?)
            .finish())
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
