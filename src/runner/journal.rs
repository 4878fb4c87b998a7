//! What makes a long run survive `kill -9`: every batch is written down before the next begins.
//!
//! A line an example, after one line with the run's identity: a checksum, a blank, and what was produced as JSON. A line
//! that is not as it was written, such as one cut off by the end of the process, is dropped with all that follow.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::data::Digest;
use crate::outputs::Output;
use crate::report::{Identity, RunPath};

const FILE: &str = "journal";

/// The outputs of the examples that are done, by id.
pub(super) type Done = HashMap<String, Vec<Output>>;

/// The journal of a run that is not finished.
pub(super) struct Journal {
    pub(super) run: RunPath,
    file: File,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    outputs: std::borrow::Cow<'a, [Output]>,
}

impl Journal {
    /// The journal of an interrupted run of this identity, with what it holds, or of a new run.
    pub(super) fn open(
        reports: &Path,
        identity: &Identity,
        fresh: bool,
    ) -> anyhow::Result<(Self, Done)> {
        let digest = identity.digest();
        if !fresh {
            for run in RunPath::all(reports, &identity.name)? {
                if !run.is_finished()
                    && let Some(found) = Self::resume(run, &digest, identity.variants.len())?
                {
                    return Ok(found);
                }
            }
        }
        let run = RunPath::create(reports, &identity.name)?;
        let mut file = File::create_new(run.file(FILE))
            .with_context(|| format!("cannot begin `{}`", run.0.display()))?;
        // Locked for as long as this process lives: another one must not take the run for an interrupted one.
        file.lock().context("cannot lock the run's journal")?;
        writeln!(file, "{}", serde_json::to_string(&digest)?)?;
        file.sync_data()?;
        Ok((Self { run, file }, HashMap::new()))
    }

    /// Continues `run` if it is of this identity and no live process holds it.
    fn resume(run: RunPath, digest: &str, variants: usize) -> anyhow::Result<Option<(Self, Done)>> {
        let Ok(mut file) = File::options().read(true).write(true).open(run.file(FILE)) else {
            return Ok(None);
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if run.is_finished() {
            return Ok(None); // Another process finished it between our look and our lock.
        }
        let (mut done, mut whole) = (HashMap::new(), 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if whole == 0 {
                if serde_json::from_slice::<String>(&line).ok().as_deref() != Some(digest) {
                    return Ok(None);
                }
            } else {
                let Some(Line { id, outputs }) = read_line(&line, variants) else {
                    break;
                };
                // What failed may have failed for a while only, as a server that was down: it is tried again.
                if outputs.iter().all(|output| output.error.is_none()) {
                    done.insert(id.into_owned(), outputs.into_owned());
                }
            }
            whole += line.len() as u64;
            line.clear();
        }
        if whole == 0 {
            return Ok(None);
        }
        run.remove_unfinished_files()?;
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Some((Self { run, file }, done)))
    }

    /// Writes down what a batch produced.
    pub(super) fn append(&mut self, batch: &[(&str, Vec<Output>)]) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for (id, outputs) in batch {
            let line = serde_json::to_string(&Line {
                id: (*id).into(),
                outputs: outputs.into(),
            })?;
            lines.extend_from_slice(checksum(&line).as_bytes());
            lines.push(b' ');
            lines.extend_from_slice(line.as_bytes());
            lines.push(b'\n');
        }
        self.file
            .write_all(&lines)
            .and_then(|()| self.file.sync_data())
            .context("cannot write the run's journal")
    }

    /// The run has its manifest: the journal has done its work.
    pub(super) fn finish(self) -> anyhow::Result<RunPath> {
        fs_err::remove_file(self.run.file(FILE))?;
        Ok(self.run)
    }
}

/// A line as it was written, for this number of variants.
fn read_line(line: &[u8], variants: usize) -> Option<Line<'_>> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, text) = text.split_once(' ')?;
    let line: Line<'_> = (sum == checksum(text)).then(|| serde_json::from_str(text).ok())??;
    (line.outputs.len() == variants).then_some(line)
}

fn checksum(text: &str) -> String {
    let mut sum = Digest::default().with("line", text).finish();
    sum.truncate(16);
    sum
}
