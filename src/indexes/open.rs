//! Opening an index: every file is checked before it is believed.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;

use super::bm25::Bm25;
use super::documents::{self, Documents};
use super::flat::Flat;
use super::manifest::{EmbedderConfig, Manifest, OpenError};
use super::store::{bm25_in, vectors_in};
use crate::analysis::Analyser;
use crate::data::Checksum;
use crate::models::{Embedder, Lsa, Matrix};

/// An open index.
pub struct Index {
    /// What it is.
    pub manifest: Manifest,
    /// Its documents.
    pub documents: Documents,
    /// Its inverted index.
    pub bm25: Bm25,
    /// Its vectors, where it has any.
    pub flat: Option<Flat>,
    /// What embeds a query, where the index brings it.
    pub embedder: Option<Box<dyn Embedder + Send>>,
    /// What analyses a query.
    pub analyser: Analyser,
}

impl Index {
    /// Opens the index at `path`, which may be read-only, after checking every file against its checksum.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut manifest = Manifest::load(path)?;
        loop {
            let folder = manifest.folder.clone();
            match Self::open_folder(path, manifest) {
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

    fn open_folder(path: &Path, manifest: Manifest) -> anyhow::Result<Self> {
        let folder = path.join(&manifest.folder);
        check_files(path, &folder, &manifest)?;
        let analyser = Analyser::new(&manifest.config.analyser)?;
        let documents = Documents::open(documents::path_in(&folder))?;
        let ties = documents.ties();
        let flat = match manifest.dim {
            None => None,
            Some(dim) => {
                let vectors = Matrix::load(&vectors_in(&folder), dim)?;
                ensure!(
                    vectors.rows() == documents.len(),
                    "the index `{}` has {} vectors for {} documents; rebuild it with `ragkit index`",
                    path.display(),
                    vectors.rows(),
                    documents.len()
                );
                Some(Flat::new(vectors, Arc::clone(&ties)))
            }
        };
        let embedder: Option<Box<dyn Embedder + Send>> =
            match (&manifest.config.embedder, manifest.dim) {
                (EmbedderConfig::Lsa(_), Some(dim)) => {
                    Some(Box::new(Lsa::load(&folder, dim, analyser.clone())?))
                }
                _ => None,
            };
        Ok(Self {
            bm25: Bm25::open(&bm25_in(&folder), ties)?,
            documents,
            flat,
            embedder,
            analyser,
            manifest,
        })
    }
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
