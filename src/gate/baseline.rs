//! Named baselines that never change: a folder of numbered versions and a ledger that says why each came to be.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::data::Checksum;
use crate::report::{Run, RunPath, files};
use crate::whole_file::WholeFile;

const LEDGER: &str = "ledger.jsonl";

/// What a version keeps of a run: enough to compare with, example by example, and small enough for a repository.
const KEPT: [&str; 3] = [files::MANIFEST, files::EXAMPLES, files::SUMMARY];

/// What it keeps where the run has it: without it the noise of a judge would be another.
const KEPT_TOO: &str = files::JUDGEMENTS;

/// A named baseline.
pub struct Ledger {
    folder: PathBuf,
    /// Its versions, oldest first.
    pub versions: Vec<Promotion>,
}

/// A line of the ledger: how a version came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Its number, from 1; its files are in `v0001` and so on.
    pub version: u32,
    /// When, in UTC.
    pub promoted_utc: String,
    /// The run that it was.
    pub run: String,
    /// Why it was accepted though something is lower; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is lower than in the version before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowered: Vec<String>,
    /// What differed from the version before and was waived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<String>,
    /// Size and checksum of each of its files.
    pub files: BTreeMap<String, Checksum>,
}

impl Ledger {
    /// Reads the baseline in `folder`; without a version where there is none yet.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(LEDGER);
        let text = if path.exists() {
            fs_err::read_to_string(&path)?
        } else {
            String::new()
        };
        Ok(Self {
            folder: folder.to_owned(),
            versions: parse(&text, &path)?,
        })
    }

    fn version(&self, number: u32) -> PathBuf {
        self.folder.join(format!("v{number:04}"))
    }

    /// The newest version, after a look that it is as it was promoted.
    pub fn newest(&self) -> anyhow::Result<Option<Run>> {
        let Some(newest) = self.versions.last() else {
            return Ok(None);
        };
        let path = self.version(newest.version);
        for file in KEPT {
            ensure!(
                newest.files.contains_key(file),
                "`{}` does not say what `{file}` of version {} was",
                self.folder.join(LEDGER).display(),
                newest.version
            );
        }
        for (file, expected) in &newest.files {
            let file = path.join(file);
            let found = Checksum::of_file(&file)?;
            ensure!(
                found == *expected,
                "`{}` is not as it was when it was promoted; a baseline never changes: restore it, or promote another run",
                file.display()
            );
        }
        Ok(Some(Run::open(RunPath::finished(&path)?)?))
    }

    /// Keeps `run` as the next version. What is `lowered` needs a `reason`.
    pub fn promote(
        &self,
        run: &Run,
        lowered: Vec<String>,
        waived: Vec<String>,
        reason: Option<String>,
    ) -> anyhow::Result<PathBuf> {
        if reason
            .as_ref()
            .is_none_or(|reason| reason.trim().is_empty())
            && !lowered.is_empty()
        {
            bail!(
                "this run would lower the baseline: {}; where that is meant, say why with `--reason TEXT`",
                lowered.join("; ")
            );
        }
        fs_err::create_dir_all(&self.folder)?;
        let path = self.folder.join(LEDGER);
        let mut ledger = fs_err::OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)?;
        // One promotion at a time; the lock ends with the process.
        ledger.file().lock().context("cannot lock the ledger")?;
        let mut text = String::new();
        ledger.read_to_string(&mut text)?;
        let versions = parse(&text, &path)?;
        ensure!(
            versions == self.versions,
            "`{}` has a version more than a moment ago; look at it and promote again",
            path.display()
        );
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        ledger.set_len(whole as u64)?;
        // A folder without its line is what a promotion left that was killed: it was never a version.
        let newest = versions.last().map_or(0, |newest| newest.version);
        let version = (newest + 1..=u32::MAX)
            .find(|number| !self.version(*number).exists())
            .context("no number is free")?;
        let unfinished = tempfile::Builder::new()
            .prefix(WholeFile::PREFIX)
            .tempdir_in(&self.folder)?;
        let mut kept = BTreeMap::new();
        let too = Some(KEPT_TOO).filter(|name| run.path.file(name).exists());
        for name in KEPT.into_iter().chain(too) {
            let copy = unfinished.path().join(name);
            fs_err::copy(run.path.file(name), &copy)?;
            kept.insert(name.to_owned(), Checksum::of_file(&copy)?);
        }
        let folder = self.version(version);
        fs_err::rename(unfinished.keep(), &folder)?;
        let name = run.path.0.file_name().unwrap_or_default();
        let promotion = Promotion {
            version,
            promoted_utc: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            run: name.to_string_lossy().into_owned(),
            reason,
            lowered,
            waived,
            files: kept,
        };
        let mut line = serde_json::to_string(&promotion)?;
        line.push('\n');
        ledger.write_all(line.as_bytes())?;
        ledger.sync_all()?;
        Ok(folder)
    }
}

/// The lines of a ledger; a last one without its end was cut off by the end of a process, and never counted.
fn parse(text: &str, path: &Path) -> anyhow::Result<Vec<Promotion>> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut versions: Vec<Promotion> = Vec::new();
    for (number, line) in whole.lines().enumerate() {
        let promotion: Promotion = serde_json::from_str(line).with_context(|| {
            format!("`{}:{}` is no line of a ledger", path.display(), number + 1)
        })?;
        let last = versions.last().map_or(0, |last| last.version);
        ensure!(
            promotion.version > last,
            "`{}:{}` has version {} after {last}; a ledger is only ever added to",
            path.display(),
            number + 1,
            promotion.version
        );
        versions.push(promotion);
    }
    Ok(versions)
}
