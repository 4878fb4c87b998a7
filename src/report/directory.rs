//! Where runs are: `reports/<name>-<stamp>/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::files;

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

    /// The run that the user means: a directory, or the newest finished run of `reports`.
    pub fn find(path: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = path {
            let run = Self(path.to_owned());
            if !run.is_finished() {
                bail!(
                    "`{}` is not a finished run: it has no `{}`; `ragkit eval CONFIG` finishes it",
                    path.display(),
                    files::MANIFEST
                );
            }
            return Ok(run);
        }
        let reports = reports_folder();
        let mut finished = Vec::new();
        for entry in fs_err::read_dir(&reports)
            .context("there are no runs yet; make one with `ragkit eval CONFIG`")?
        {
            let manifest = entry?.path().join(files::MANIFEST);
            if manifest.exists() {
                finished.push((fs_err::metadata(&manifest)?.modified()?, manifest));
            }
        }
        let (_, newest) = finished.into_iter().max().with_context(|| {
            format!(
                "`{}` holds no finished run; make one with `ragkit eval CONFIG`",
                reports.display()
            )
        })?;
        Ok(Self(newest.with_file_name("")))
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
