//! The index directory: one manifest that names one data folder, so that an index is replaced as a whole or not at all.
//!
//! A new index is written into a folder of its own; renaming `manifest.json` over the old one is the moment at which it
//! becomes the index, and only then is the old folder removed. What a killed build left behind is removed by the next.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::manifest::Manifest;
use crate::data::Checksum;
use crate::whole_file::WholeFile;

/// How the names of data folders begin; nothing else in an index directory is ever removed.
const DATA_PREFIX: &str = "ragkit-data-";
const LOCK: &str = ".ragkit-lock";

pub(super) fn bm25_in(folder: &Path) -> PathBuf {
    folder.join("bm25")
}

/// The folder of one set of vectors.
pub(super) fn set_in(folder: &Path, name: &str) -> PathBuf {
    folder.join("vectors").join(name)
}

pub(super) fn vectors_in(set: &Path) -> PathBuf {
    set.join("vectors.f32")
}

pub(super) fn graph_in(set: &Path) -> PathBuf {
    set.join("graph.hnsw")
}

/// The one writer of an index directory.
pub(super) struct Store {
    path: PathBuf,
    _lock: File,
}

impl Store {
    /// Makes the directory and keeps every other writer out of it while this value lives; `None` where another writer
    /// is in it.
    pub(super) fn try_lock(path: &Path) -> anyhow::Result<Option<Self>> {
        let lock = lock_file(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self {
                path: path.to_owned(),
                _lock: lock,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).context("cannot lock the index directory")
            }
        }
    }

    /// As [`Self::try_lock`], but waits until the other writer is done.
    pub(super) fn lock(path: &Path) -> anyhow::Result<Self> {
        let lock = lock_file(path)?;
        lock.lock().context("cannot lock the index directory")?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// A fresh data folder, removed again unless it is committed.
    pub(super) fn new_folder(&self) -> anyhow::Result<TempDir> {
        self.remove_all_but(&Manifest::folder_of(&self.path).unwrap_or_default())?;
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
        let manifest = manifest.sealed()?;
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

/// The lock of the directory, which is made where it is missing, and refused where it holds what is not an index.
fn lock_file(path: &Path) -> anyhow::Result<File> {
    if path.exists() {
        for entry in fs_err::read_dir(path)? {
            let name = entry?.file_name();
            let shown = name.to_string_lossy();
            let ours = shown == LOCK
                || shown.starts_with(DATA_PREFIX)
                || shown.starts_with(WholeFile::PREFIX);
            let manifest = shown == Manifest::FILE && Manifest::folder_of(path).is_some();
            if !ours && !manifest {
                bail!(
                    "`{}` is no index directory: it holds `{shown}`; give `--out` an empty or a new path",
                    path.display()
                );
            }
        }
    }
    fs_err::create_dir_all(path)?;
    Ok(fs_err::File::create(path.join(LOCK))?.into_file())
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
