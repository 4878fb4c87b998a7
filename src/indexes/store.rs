//! The index directory: one manifest that names one data folder, so that an index is replaced as a whole or not at all.
//!
//! A new index is written into a folder of its own; renaming `manifest.json` over the old one is the moment at which it
//! becomes the index. What a killed build left behind is removed by the next.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::bm25::Bm25;
use super::documents::{self, Documents};
use super::flat::Flat;
use super::manifest::{EmbedderConfig, FORMAT, IndexConfig, Manifest};
use crate::analysis::Analyser;
use crate::data::{Checksum, Source};
use crate::models::{Embedder, Lsa, Matrix};
use crate::whole_file::WholeFile;

const DATA_PREFIX: &str = "data-";

pub(super) fn bm25_in(folder: &Path) -> PathBuf {
    folder.join("bm25")
}

pub(super) fn vectors_in(folder: &Path) -> PathBuf {
    folder.join("vectors.f32")
}

/// An index that cannot be opened, and what to do.
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
    /// A data file is not what was written.
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
    /// Opens the index at `path` after checking every file against its checksum.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let manifest = read_manifest(path)?;
        let folder = path.join(&manifest.folder);
        check_files(path, &folder, &manifest)?;
        let analyser = Analyser::new(&manifest.config.analyser)?;
        let documents = Documents::open(documents::path_in(&folder))?;
        let ties = documents.ties();
        let (flat, embedder) = match manifest.dim {
            None => (None, None),
            Some(dim) => {
                let vectors = Matrix::load(&vectors_in(&folder), dim)?;
                if vectors.rows() != documents.len() {
                    bail!(
                        "the index `{}` has {} vectors for {} documents; rebuild it with `ragkit index`",
                        path.display(),
                        vectors.rows(),
                        documents.len()
                    );
                }
                let embedder: Option<Box<dyn Embedder + Send>> = match &manifest.config.embedder {
                    EmbedderConfig::Lsa(_) => {
                        Some(Box::new(Lsa::load(&folder, dim, analyser.clone())?))
                    }
                    EmbedderConfig::Vectors | EmbedderConfig::None => None,
                };
                (Some(Flat::new(vectors, Arc::clone(&ties))), embedder)
            }
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

fn read_manifest(path: &Path) -> anyhow::Result<Manifest> {
    let shown = path.display().to_string();
    let file = path.join(Manifest::FILE);
    if !file.exists() {
        return Err(OpenError::NotAnIndex(shown).into());
    }
    let text = fs_err::read(&file)?;
    let fault = |error: serde_json::Error| OpenError::Manifest {
        path: shown.clone(),
        message: error.to_string(),
    };
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(fault)?;
    // The format is looked at first: a manifest of another format need not have the fields of this one.
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found != u64::from(FORMAT) => {
            Err(OpenError::Format { path: shown, found }.into())
        }
        _ => Ok(serde_json::from_value(value).map_err(fault)?),
    }
}

fn check_files(path: &Path, folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for (file, expected) in &manifest.files {
        let damaged = |fault| OpenError::Damaged {
            path: path.display().to_string(),
            file: file.clone(),
            fault,
        };
        let found = match Checksum::of_file(&folder.join(file)) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged("is missing").into());
            }
            Err(error) => return Err(error.into()),
        };
        if found.bytes != expected.bytes {
            return Err(damaged("has another size than when it was written").into());
        }
        if found.sha256 != expected.sha256 {
            return Err(damaged("has another checksum than when it was written").into());
        }
    }
    Ok(())
}

/// Whether `path` holds an index of exactly this source, as it is now, under this config.
pub fn is_current(path: &Path, source: &Source, config: &IndexConfig) -> anyhow::Result<bool> {
    if !path.join(Manifest::FILE).exists() {
        return Ok(false);
    }
    match read_manifest(path) {
        Ok(manifest) => {
            Ok(manifest.digest == Manifest::digest(source, &Manifest::checksums(source)?, config)?)
        }
        Err(_) => Ok(false),
    }
}

/// The one writer of an index directory.
pub(super) struct Store {
    path: PathBuf,
    _lock: std::fs::File,
}

impl Store {
    /// Makes the directory and keeps every other writer out of it while this value lives.
    pub(super) fn lock(path: &Path) -> anyhow::Result<Self> {
        let left_over =
            |name: &str| name.starts_with(DATA_PREFIX) || name.starts_with(WholeFile::PREFIX);
        let known = |name: &str| name == Manifest::FILE || name == ".lock" || left_over(name);
        if path.exists() {
            for entry in fs_err::read_dir(path)? {
                let name = entry?.file_name();
                if !known(&name.to_string_lossy()) {
                    bail!(
                        "`{}` is no index directory: it holds `{}`; give `--out` an empty or a new path",
                        path.display(),
                        name.display()
                    );
                }
            }
        }
        fs_err::create_dir_all(path)?;
        let lock = fs_err::File::create(path.join(".lock"))?.into_file();
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another ragkit is building the index `{}`; wait for it to end",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).context("cannot lock the index directory");
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// A fresh data folder, removed again unless it is committed.
    pub(super) fn new_folder(&self) -> anyhow::Result<TempDir> {
        let current = read_manifest(&self.path)
            .map(|manifest| manifest.folder)
            .unwrap_or_default();
        self.remove_all_but(&current)?;
        Ok(tempfile::Builder::new()
            .prefix(DATA_PREFIX)
            .tempdir_in(&self.path)?)
    }

    /// Makes `folder` the data of this index.
    pub(super) fn commit(
        &self,
        folder: TempDir,
        mut manifest: Manifest,
    ) -> anyhow::Result<Manifest> {
        let name = folder
            .path()
            .file_name()
            .context("a data folder has a name")?
            .to_string_lossy()
            .into_owned();
        for file in files_under(folder.path())? {
            let inside = file
                .strip_prefix(folder.path())?
                .to_string_lossy()
                .into_owned();
            manifest.files.insert(inside, Checksum::of_file(&file)?);
        }
        manifest.folder.clone_from(&name);
        let mut file = WholeFile::create(self.path.join(Manifest::FILE))?;
        serde_json::to_writer_pretty(&mut file, &manifest)?;
        let _ = folder.keep();
        file.finish()?;
        self.remove_all_but(&name)?;
        Ok(manifest)
    }

    /// Removes every data folder but this one, and every unfinished file.
    fn remove_all_but(&self, keep: &str) -> anyhow::Result<()> {
        for entry in fs_err::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(DATA_PREFIX) && name != keep {
                fs_err::remove_dir_all(entry.path())?;
            } else if name.starts_with(WholeFile::PREFIX) {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// All files below `folder`, but for tantivy's lock files, which say nothing.
fn files_under(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(files_under(&entry.path())?);
        } else if entry
            .path()
            .extension()
            .is_none_or(|ending| ending != "lock")
        {
            files.push(entry.path());
        }
    }
    Ok(files)
}
