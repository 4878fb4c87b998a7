//! What makes a long run survive `kill -9`: every batch is written down before the next begins.
//!
//! A line of JSON an example, after one line with the run's identity. A line that was cut off by the end of the process
//! is dropped and its example run again.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::outputs::Output;
use crate::report::{Identity, RunPath};

const FILE: &str = "journal.jsonl";

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
                    && let Some(found) = Self::resume(run, &digest)?
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
    fn resume(run: RunPath, digest: &str) -> anyhow::Result<Option<(Self, Done)>> {
        let Ok(mut file) = File::options().read(true).write(true).open(run.file(FILE)) else {
            return Ok(None);
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
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
                // Only a whole line ends with a newline and parses; what comes after a broken one is run again too.
                let Some(Ok(Line { id, outputs })) =
                    line.ends_with(b"\n").then(|| serde_json::from_slice(&line))
                else {
                    break;
                };
                done.insert(id.into_owned(), outputs.into_owned());
            }
            whole += line.len() as u64;
            line.clear();
        }
        if whole == 0 {
            return Ok(None);
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Some((Self { run, file }, done)))
    }

    /// Writes down what a batch produced.
    pub(super) fn append(&mut self, batch: &[(&str, Vec<Output>)]) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for (id, outputs) in batch {
            serde_json::to_writer(
                &mut lines,
                &Line {
                    id: (*id).into(),
                    outputs: outputs.into(),
                },
            )?;
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
