//! Opening an index: every file is checked before it is believed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};

use super::bm25::Bm25;
use super::documents::{self, Documents};
use super::flat::Flat;
use super::hnsw::Hnsw;
use super::manifest::{Manifest, OpenError, VectorFacts, VectorsConfig};
use super::store::{bm25_in, graph_in, set_in, vectors_in};
use crate::analysis::Analyser;
use crate::caches::Embeddings;
use crate::chunking::Chunking;
use crate::data::Checksum;
use crate::models::{Embedder, EmbedderConfig, Lsa, Matrix};

/// An open index.
pub struct Index {
    /// What it is.
    pub manifest: Manifest,
    /// Its documents.
    pub documents: Documents,
    /// Its inverted index.
    pub bm25: Bm25,
    /// The sets of vectors that were asked for.
    pub vectors: BTreeMap<String, Vectors>,
    /// What analyses a query.
    pub analyser: Analyser,
}

/// One set of an open index's vectors.
pub struct Vectors {
    /// Exact search.
    pub flat: Arc<Flat>,
    /// Approximate search, where there is a graph.
    pub hnsw: Option<Hnsw>,
    /// What embeds a query, unless queries bring their own vectors.
    pub embedder: Option<Arc<dyn Embedder + Send>>,
    /// What is put before a query.
    pub query_prefix: String,
    /// What is put before a document.
    pub document_prefix: String,
}

impl Index {
    /// Whether it holds chunks of documents.
    pub fn is_cut(&self) -> bool {
        self.manifest.config.chunking != Chunking::Whole
    }

    /// Opens the index at `path`, which may be read-only, after checking every file against its checksum; with the sets of
    /// vectors that are `wanted`. Models look up and keep their vectors in the cache where they are to `remember` them.
    pub fn open(
        path: &Path,
        wanted: &dyn Fn(&str) -> bool,
        remember: bool,
    ) -> anyhow::Result<Self> {
        let mut manifest = Manifest::load(path)?;
        loop {
            let folder = manifest.folder.clone();
            match Self::open_folder(path, manifest, wanted, remember) {
                Ok(index) => return Ok(index),
                Err(error) => {
                    // Another process may have replaced the index while this one was reading it.
                    manifest = Manifest::load(path)?;
                    if manifest.folder == folder {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn open_folder(
        path: &Path,
        manifest: Manifest,
        wanted: &dyn Fn(&str) -> bool,
        remember: bool,
    ) -> anyhow::Result<Self> {
        let folder = path.join(&manifest.folder);
        check_files(path, &folder, &manifest)?;
        let analyser = Analyser::new(&manifest.config.analyser)?;
        let documents = Documents::open(documents::path_in(&folder))?;
        let ties = documents.ties();
        let (mut vectors, mut embeddings) = (BTreeMap::new(), remember.then(Embeddings::default));
        for (name, facts) in manifest.vectors.iter().filter(|(name, _)| wanted(name)) {
            let config = manifest.config.vectors.get(name).with_context(|| {
                format!(
                    "the index `{}` does not say how its vectors `{name}` were made",
                    path.display()
                )
            })?;
            let set = set_in(&folder, name);
            let set = Vectors::open(&set, config, facts, &ties, &analyser, embeddings.as_mut());
            let set =
                set.with_context(|| format!("vectors `{name}` of the index `{}`", path.display()))?;
            vectors.insert(name.clone(), set);
        }
        Ok(Self {
            bm25: Bm25::open(&bm25_in(&folder), ties)?,
            documents,
            vectors,
            analyser,
            manifest,
        })
    }
}

impl Vectors {
    fn open(
        folder: &Path,
        config: &VectorsConfig,
        facts: &VectorFacts,
        ties: &Arc<[u32]>,
        analyser: &Analyser,
        embeddings: Option<&mut Embeddings>,
    ) -> anyhow::Result<Self> {
        let vectors = Matrix::load(&vectors_in(folder), facts.dim)?;
        ensure!(
            vectors.rows() == ties.len(),
            "{} vectors for {} documents; rebuild it with `ragkit index`",
            vectors.rows(),
            ties.len()
        );
        let flat = Arc::new(Flat::new(vectors, Arc::clone(ties)));
        let graph = config
            .hnsw
            .map(|_| Hnsw::open(&graph_in(folder), Arc::clone(&flat)));
        let embedder: Option<Arc<dyn Embedder + Send>> = match &config.embedder {
            EmbedderConfig::Own => None,
            EmbedderConfig::Lsa(_) => {
                Some(Arc::new(Lsa::load(folder, facts.dim, analyser.clone())?))
            }
            EmbedderConfig::Encoder(_) | EmbedderConfig::Endpoint(_) => {
                let opened = config
                    .embedder
                    .open()?
                    .context("the model opens without a corpus")?;
                let built_with = facts.model.as_deref().unwrap_or_default();
                ensure!(
                    opened.digest == built_with,
                    "it was built with the model {}, the one that is there now is {}; rebuild it with `ragkit index`",
                    short(built_with),
                    short(&opened.digest)
                );
                Some(match embeddings {
                    Some(embeddings) => embeddings.of(opened)?,
                    None => Arc::from(opened.embedder),
                })
            }
        };
        Ok(Self {
            hnsw: graph.transpose()?,
            flat,
            embedder,
            query_prefix: config.embedder.prefixes()[0].to_owned(),
            document_prefix: config.embedder.prefixes()[1].to_owned(),
        })
    }
}

fn short(digest: &str) -> &str {
    &digest[..12.min(digest.len())]
}

fn check_files(path: &Path, folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for (file, expected) in &manifest.files {
        let damaged = |fault| OpenError::Damaged {
            path: path.display().to_string(),
            file: file.clone(),
            fault,
        };
        let data = folder.join(file);
        if !data.exists() {
            return Err(damaged("is missing").into());
        }
        let found = Checksum::of_file(&data)?;
        if found.bytes != expected.bytes {
            return Err(damaged("has another size than when it was written").into());
        }
        if found.sha256 != expected.sha256 {
            return Err(damaged("has another checksum than when it was written").into());
        }
    }
    Ok(())
}
