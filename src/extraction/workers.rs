//! Extraction of many files, each in a process that may die: whatever a file does to its reader (an endless loop, a stack
//! that overflows, memory without end), it is one refused file.

use std::collections::{HashSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Refusal, extract};
use crate::data::{Document, FileEntry, Files, Limits, Place};

/// A file from which nothing was extracted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedFile {
    /// Its path inside the folder.
    pub file: String,
    /// Why.
    pub reason: Refusal,
}

/// The documents of many files, in the order of their names, whatever the number of processes.
pub struct Extraction {
    path: PathBuf,
    limits: Limits,
    left: VecDeque<FileEntry>,
    ready: VecDeque<Document>,
    idle: Mutex<Vec<Worker>>,
    ids: HashSet<String>,
    refused: Vec<RefusedFile>,
}

/// Files that are read together, in parallel.
const BATCH: usize = 64;

impl Extraction {
    /// Looks which files there are.
    pub fn open(files: &Files) -> anyhow::Result<Self> {
        let left: VecDeque<FileEntry> = files.entries()?.into();
        Ok(Self {
            path: files.path.resolve()?,
            limits: files.limits.clone(),
            left,
            ready: VecDeque::new(),
            idle: Mutex::new(Vec::new()),
            ids: HashSet::new(),
            refused: Vec::new(),
        })
    }

    /// Leaves out what is about to be written, where it lies in the folder.
    #[must_use]
    pub fn without(mut self, out: &Path) -> Self {
        if let Ok(out) = fs_err::canonicalize(out) {
            let is_it =
                |entry: &FileEntry| fs_err::canonicalize(&entry.path).is_ok_and(|path| path == out);
            self.left.retain(|entry| !is_it(entry));
        }
        self
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many files are left to be read, and how large they are together; an unpacked export counts as nothing.
    pub fn left(&self) -> (usize, u64) {
        let bytes = |entry: &FileEntry| match fs_err::metadata(&entry.path) {
            Ok(found) if found.is_file() => found.len(),
            _ => 0,
        };
        (self.left.len(), self.left.iter().map(bytes).sum())
    }

    /// The files from which nothing was extracted, of those read so far.
    pub fn refused(self) -> Vec<RefusedFile> {
        self.refused
    }

    fn read_some(&mut self) -> anyhow::Result<()> {
        let entries: Vec<FileEntry> = self.left.drain(..self.left.len().min(BATCH)).collect();
        let read = |entry: FileEntry| -> anyhow::Result<_> {
            let idle = self
                .idle
                .lock()
                .map_err(|_| anyhow!("a thread that extracts died"))?
                .pop();
            let mut worker = match idle {
                Some(worker) => worker,
                None => Worker::start(&self.limits)?,
            };
            let found = worker.read(&entry, &self.limits);
            // One that was killed is not used again.
            if !matches!(found, Err(Refusal::TooSlow(_) | Refusal::Crashed(_))) {
                self.idle
                    .lock()
                    .map_err(|_| anyhow!("a thread that extracts died"))?
                    .push(worker);
            }
            Ok((entry, found))
        };
        let found: Vec<_> = entries
            .into_par_iter()
            .map(read)
            .collect::<anyhow::Result<_>>()?;
        for (entry, found) in found {
            let reason = match found {
                Ok(documents)
                    if documents
                        .iter()
                        .all(|document| !self.ids.contains(&document.id)) =>
                {
                    self.ids
                        .extend(documents.iter().map(|document| document.id.clone()));
                    self.ready.extend(documents);
                    continue;
                }
                Ok(_) => Refusal::Unreadable("a document of this name was there before".to_owned()),
                Err(reason) => reason,
            };
            self.refused.push(RefusedFile {
                file: entry.name,
                reason,
            });
        }
        Ok(())
    }
}

impl Iterator for Extraction {
    type Item = anyhow::Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.left.is_empty() {
            if let Err(error) = self.read_some() {
                self.left.clear();
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// What a worker is asked.
#[derive(Serialize, Deserialize)]
struct Request {
    name: String,
    path: PathBuf,
    limits: Limits,
}

/// What it answers; the documents as lines of a BEIR corpus.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Documents(Vec<Map<String, Value>>),
    Refused(Refusal),
}

/// The name of the hidden subcommand that [`serve`]s.
pub const WORKER_COMMAND: &str = "extraction-worker";

/// A process that reads one file after the other.
struct Worker {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<std::io::Result<String>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn start(limits: &Limits) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot tell where ragkit itself is")?;
        let mut child = Command::new(program)
            .arg(WORKER_COMMAND)
            .arg(
                (limits.unpacked_mib.saturating_mul(4))
                    .max(4096)
                    .to_string(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a process for extraction")?;
        let requests = child.stdin.take().context("a worker's input")?;
        let output = child.stdout.take().context("a worker's output")?;
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            requests,
            answers,
        })
    }

    fn read(&mut self, entry: &FileEntry, limits: &Limits) -> Result<Vec<Document>, Refusal> {
        let request = Request {
            name: entry.name.clone(),
            path: entry.path.clone(),
            limits: limits.clone(),
        };
        let line = serde_json::to_string(&request)
            .map_err(|_| Refusal::Unreadable("its name is not UTF-8; rename it".to_owned()))?;
        if writeln!(self.requests, "{line}").is_err() {
            return Err(self.crashed());
        }
        let answer = self.answer(limits)?;
        // What cannot be understood is this file's fault alone.
        match serde_json::from_str(&answer) {
            Ok(Answer::Refused(refusal)) => Err(refusal),
            Ok(Answer::Documents(rows)) => (1..)
                .zip(&rows)
                .map(|(row, columns)| Document::from_row(&entry.path, Place::Row(row), columns))
                .collect::<Result<_, _>>()
                .map_err(|error| Refusal::Unreadable(error.message)),
            Err(error) => Err(Refusal::Crashed(error.to_string())),
        }
    }

    /// The next line that the process writes, within the time that a file may take.
    fn answer(&mut self, limits: &Limits) -> Result<String, Refusal> {
        const LOOK_EVERY: Duration = Duration::from_millis(200);
        let begun = Instant::now();
        let allowed = Duration::from_secs(limits.seconds.into());
        let used_before = self.processor_time();
        loop {
            match self.answers.recv_timeout(LOOK_EVERY) {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) => return Err(Refusal::Crashed(error.to_string())),
                Err(RecvTimeoutError::Disconnected) => return Err(self.crashed()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // Where the system does not tell the processor time, the clock decides.
            let used = match (used_before, self.processor_time()) {
                (Some(before), Some(now)) => now.saturating_sub(before),
                _ => begun.elapsed(),
            };
            // The reader itself looks at the clock too, and says so where it can.
            let late = limits.by_the_clock() + LOOK_EVERY;
            if used > allowed || begun.elapsed() > late {
                return Err(Refusal::TooSlow(limits.seconds));
            }
        }
    }

    /// The processor time that the process has used, where the system tells: its one thread does all the work.
    fn processor_time(&self) -> Option<Duration> {
        let path = format!("/proc/{}/schedstat", self.child.id());
        let nanoseconds = fs_err::read_to_string(path).ok()?;
        let nanoseconds = nanoseconds.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }

    fn crashed(&mut self) -> Refusal {
        let how = self
            .child
            .wait()
            .map_or_else(|error| error.to_string(), |status| status.to_string());
        Refusal::Crashed(how)
    }
}

/// Answers requests, a line each, until there are no more: what a worker does.
pub fn serve(requests: impl BufRead, mut answers: impl Write) -> anyhow::Result<()> {
    for line in requests.lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let answer = match read(&request) {
            Ok(documents) => {
                let row = |document: &Document| match serde_json::to_value(document) {
                    Ok(Value::Object(columns)) => Ok(columns),
                    other => Err(anyhow!("a document is an object, not {other:?}")),
                };
                Answer::Documents(documents.iter().map(row).collect::<Result<_, _>>()?)
            }
            Err(refusal) => Answer::Refused(refusal),
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

fn read(request: &Request) -> Result<Vec<Document>, Refusal> {
    let Request { name, path, limits } = request;
    let size = fs_err::metadata(path).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    if size.len() > limits.file_mib << 20 {
        return Err(Refusal::TooLarge(limits.file_mib));
    }
    let entry = FileEntry {
        name: name.clone(),
        path: path.clone(),
    };
    let bytes = entry
        .read()
        .map_err(|error| Refusal::Unreadable(format!("{error:#}")))?;
    let extracted = std::panic::catch_unwind(|| extract(name, &bytes, limits));
    extracted.unwrap_or_else(|_| Err(Refusal::Crashed("it panicked".to_owned())))
}
