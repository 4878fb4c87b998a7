//! Where runs are: `reports/<name>-<stamp>/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::{Manifest, files};
use crate::whole_file::WholeFile;

/// Where runs go unless told otherwise.
pub fn reports_folder() -> PathBuf {
    PathBuf::from("reports")
}

/// A run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPath(pub PathBuf);

impl RunPath {
    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Whether the run was finished: its manifest is written last.
    pub fn is_finished(&self) -> bool {
        self.file(files::MANIFEST).exists()
    }

    /// Removes what a process that was killed in the middle of writing left.
    pub fn remove_unfinished_files(&self) -> anyhow::Result<()> {
        for entry in fs_err::read_dir(&self.0)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(WholeFile::PREFIX)
            {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// A new directory in `reports` for a run of `name` that starts now.
    pub fn create(reports: &Path, name: &str) -> anyhow::Result<Self> {
        fs_err::create_dir_all(reports)?;
        let stamp = stamp();
        for attempt in 1..1000 {
            let suffix = if attempt == 1 {
                String::new()
            } else {
                format!("-{attempt}")
            };
            let path = reports.join(format!("{name}-{stamp}{suffix}"));
            // `create_dir`, and not `create_dir_all`, tells a directory that was there from one that was made.
            match fs_err::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        bail!("`{}` holds too many runs of this second", reports.display())
    }

    /// The runs of `name` in `reports`, newest first.
    pub fn all(reports: &Path, name: &str) -> anyhow::Result<Vec<Self>> {
        let mut found: Vec<PathBuf> = Vec::new();
        if reports.is_dir() {
            for entry in fs_err::read_dir(reports)? {
                let path = entry?.path();
                let of_this_name = |folder: &str| folder.strip_prefix(name).is_some_and(is_stamp);
                if path
                    .file_name()
                    .and_then(|folder| folder.to_str())
                    .is_some_and(of_this_name)
                {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found.into_iter().rev().map(Self).collect())
    }

    /// The run at `path`, which must be finished.
    pub fn finished(path: &Path) -> anyhow::Result<Self> {
        let run = Self(path.to_owned());
        ensure!(
            path.is_dir(),
            "there is no run directory `{}`",
            path.display()
        );
        ensure!(
            run.is_finished(),
            "`{}` is not a finished run: it has no `{}`; where it was interrupted, the same `ragkit eval` continues it",
            path.display(),
            files::MANIFEST
        );
        Ok(run)
    }

    /// The newest finished run in `reports`; what is not a run of ragkit's is passed over.
    pub fn newest(reports: &Path) -> anyhow::Result<Self> {
        let mut finished = Vec::new();
        if reports.is_dir() {
            for entry in fs_err::read_dir(reports)? {
                let run = Self(entry?.path());
                if let Ok(text) = fs_err::read(run.file(files::MANIFEST))
                    && serde_json::from_slice::<Manifest>(&text).is_ok()
                {
                    let modified = fs_err::metadata(run.file(files::MANIFEST))?.modified()?;
                    finished.push((modified, run.0));
                }
            }
        }
        let newest = finished.into_iter().max().map(|(_, path)| Self(path));
        newest.with_context(|| {
            format!(
                "`{}` holds no finished run; make one with `ragkit eval CONFIG`",
                reports.display()
            )
        })
    }
}

/// Whether this is `-20261124-030405` with or without a counter.
fn is_stamp(text: &str) -> bool {
    let digits = |part: Option<&str>, length| {
        part.is_some_and(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = text.split('-');
    parts.next() == Some("") && digits(parts.next(), 8) && digits(parts.next(), 6)
}

fn stamp() -> String {
    chrono::Utc::now().format("%Y%m%d-%H%M%S").to_string()
}
