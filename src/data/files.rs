//! A folder of documents in the formats that people write them in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::{AnswersFile, Checksum, Digest, PathText, QrelsFile, SpansFile, Table};

/// Documents as files, and for an evaluation queries and what answers them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// A folder, with all that lies below it but what is hidden, or one file.
    pub path: PathText,
    /// What one file may take.
    #[serde(default)]
    pub limits: Limits,
    /// How many files may be refused before an index of the others counts as failed; any number where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failures: Option<usize>,
    /// The queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<Table>,
    /// The judgements of whole documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qrels: Option<QrelsFile>,
    /// The stretches of documents that answer the queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans: Option<SpansFile>,
    /// The gold answers of the queries, where these do not hold them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersFile>,
}

/// What one file may take: one from outside may be made to do harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Its size.
    pub file_mib: u64,
    /// What it may unpack to, in all.
    pub unpacked_mib: u64,
    /// What it may unpack to as a multiple of its size; 16 MiB are always allowed.
    pub unpacked_ratio: u64,
    /// How deeply it may be nested: elements in elements, archives in archives, mails in mails.
    pub depth: u32,
    /// Processor time, so that a busy machine refuses what an idle one refuses; by the clock six times as much.
    pub seconds: u32,
}

impl Limits {
    /// How long one file may take by the clock.
    pub fn by_the_clock(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds) * 6)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_mib: 256,
            unpacked_mib: 1024,
            unpacked_ratio: 200,
            depth: 200,
            seconds: 10,
        }
    }
}

/// One file, or a folder that is one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path inside the folder, with `/`: the id of its document.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Files {
    /// Documents at `path`, and nothing else.
    pub fn at(path: PathText) -> Self {
        Self {
            path,
            limits: Limits::default(),
            max_failures: None,
            queries: None,
            qrels: None,
            spans: None,
            answers: None,
        }
    }

    /// The files, sorted by name. Links are not followed. A folder that holds an unpacked Slack export is one entry.
    pub fn entries(&self) -> anyhow::Result<Vec<FileEntry>> {
        let root = self.path.resolve()?;
        ensure!(
            root.exists(),
            "there is no `{}`; name a folder of documents or a file",
            root.display()
        );
        ensure!(
            root.is_file() || root.is_dir(),
            "`{}` is neither a folder nor a file; write what it yields to a file first",
            root.display()
        );
        if root.is_file() {
            let name = root
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            return Ok(vec![FileEntry { name, path: root }]);
        }
        let mut entries = Vec::new();
        let mut walk = WalkDir::new(&root).sort_by_file_name().into_iter();
        while let Some(found) = walk.next() {
            let found = match found {
                Ok(found) => found,
                // What cannot be looked into is an entry that will be refused.
                Err(error) if error.depth() > 0 && error.path().is_some() => {
                    let path = error.path().unwrap_or(&root).to_owned();
                    let name = name_inside(&root, &path);
                    entries.push(FileEntry { name, path });
                    continue;
                }
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("cannot look through `{}`", root.display()));
                }
            };
            let is_hidden =
                found.depth() > 0 && found.file_name().to_string_lossy().starts_with('.');
            let is_folder = found.file_type().is_dir();
            let is_export = is_folder && is_slack_export(found.path());
            if is_folder && (is_hidden || is_export) {
                walk.skip_current_dir();
            }
            if !is_hidden && (is_export || found.file_type().is_file()) {
                entries.push(FileEntry {
                    name: name_inside(&root, found.path()),
                    path: found.into_path(),
                });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// What is wrong with so many `refused` files, if they are more than may be.
    pub fn check_refused(&self, refused: usize) -> anyhow::Result<()> {
        if let Some(allowed) = self.max_failures {
            ensure!(
                refused <= allowed,
                "{refused} files of `{}` were refused, {allowed} may be (`max_failures`); `ragkit extract` lists them",
                self.path
            );
        }
        Ok(())
    }

    /// One checksum over the names and contents of all files.
    pub fn checksum(&self) -> anyhow::Result<Checksum> {
        let (mut bytes, mut digest) = (0, Digest::default());
        for entry in self.entries()? {
            for path in files_below(&entry.path)? {
                let file = Checksum::of_file(&path)?;
                bytes += file.bytes;
                digest = digest
                    .with(&name_inside(&entry.path, &path), "")
                    .with(&entry.name, file.sha256);
            }
        }
        Ok(Checksum {
            bytes,
            sha256: digest.finish(),
        })
    }
}

impl FileEntry {
    /// The file's bytes; of a folder those of a zip archive of it, as which it was exported.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        if self.path.is_file() {
            return Ok(fs_err::read(&self.path)?);
        }
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        for path in files_below(&self.path)? {
            zip.start_file(name_inside(&self.path, &path), stored)?;
            std::io::copy(&mut fs_err::File::open(&path)?, &mut zip)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

fn is_slack_export(folder: &Path) -> bool {
    folder.join("users.json").is_file() && folder.join("channels.json").is_file()
}

fn name_inside(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts = inside.iter().map(|part| part.to_string_lossy());
    let name = parts.collect::<Vec<_>>().join("/");
    if name.is_empty() {
        ".".to_owned()
    } else {
        name
    }
}

fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for found in WalkDir::new(path).sort_by_file_name() {
        let found = found?;
        if found.file_type().is_file() {
            files.push(found.into_path());
        }
    }
    Ok(files)
}
