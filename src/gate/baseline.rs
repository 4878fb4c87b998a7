//! Named baselines that never change: a folder of numbered versions and a ledger that says why each came to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::data::Checksum;
use crate::report::{Run, RunPath, files};
use crate::whole_file::WholeFile;

const LEDGER: &str = "ledger.jsonl";

/// What a version keeps of a run: enough to compare with, example by example, and small enough for a repository.
const KEPT: [&str; 3] = [files::MANIFEST, files::EXAMPLES, files::SUMMARY];

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
        let read = |(number, line): (usize, &str)| {
            serde_json::from_str(line).with_context(|| {
                format!("`{}:{}` is no line of a ledger", path.display(), number + 1)
            })
        };
        let versions = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let versions: Vec<Promotion> = versions.map(read).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            versions,
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
        &mut self,
        run: &Run,
        lowered: Vec<String>,
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
        let version = self.versions.last().map_or(0, |newest| newest.version) + 1;
        let path = self.version(version);
        fs_err::create_dir_all(&self.folder)?;
        ensure!(
            !path.exists(),
            "`{}` is there and stands in no ledger; take it away",
            path.display()
        );
        // The folder appears whole, and counts from its line in the ledger on.
        let unfinished = tempfile::Builder::new()
            .prefix(WholeFile::PREFIX)
            .tempdir_in(&self.folder)?;
        let mut kept = BTreeMap::new();
        for name in KEPT {
            let copy = unfinished.path().join(name);
            fs_err::copy(run.path.file(name), &copy)?;
            kept.insert(name.to_owned(), Checksum::of_file(&copy)?);
        }
        fs_err::rename(unfinished.keep(), &path)?;
        let folder = run.path.0.file_name().unwrap_or_default();
        self.versions.push(Promotion {
            version,
            promoted_utc: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            run: folder.to_string_lossy().into_owned(),
            reason,
            lowered,
            files: kept,
        });
        let mut ledger = WholeFile::create(self.folder.join(LEDGER))?;
        for promotion in &self.versions {
            serde_json::to_writer(&mut ledger, promotion)?;
            std::io::Write::write_all(&mut ledger, b"\n")?;
        }
        ledger.finish()?;
        Ok(path)
    }
}
