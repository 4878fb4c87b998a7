//! Completions by the hash of their prompts: nothing is asked twice of the same model.
//!
//! One file a model, only ever added to: a [`Record`] a line, written as soon as the answer is there. A line that is not as it
//! was written is passed over, and one cut off by the end of a process dropped. Any number of processes may share the file: who
//! writes holds a lock on it, and takes in first what others have added. The file can be replayed
//! ([`crate::models::language::ReplayConfig`]).

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;

use crate::models::language::{
    Completion, LanguageModel, LanguageModelConfig, OpenedLanguageModel, Prompt, Record,
};

/// A model that remembers its completions. For models that read messages: a completion is known by `system` and `user` alone.
pub struct CachedModel {
    inner: Box<dyn LanguageModel + Send>,
    known: Mutex<Known>,
}

impl CachedModel {
    /// The model with its file in `folder`, which is made where it is missing.
    pub fn open(opened: OpenedLanguageModel, folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(format!("{}.jsonl", opened.digest));
        let known = Known::open(folder, &path).with_context(|| {
            format!(
                "cannot open the cache of completions `{}`; set RAGKIT_CACHE to a folder that can be written",
                path.display()
            )
        })?;
        Ok(Self {
            inner: opened.model,
            known: Mutex::new(known),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

/// Opens a language model. What a server answers is looked up and kept in `$RAGKIT_CACHE` if it is to `remember` it; what was recorded needs
/// no cache.
///
/// # Errors
/// Where the model cannot be opened, or its cache not be written.
pub fn language_model(
    config: &LanguageModelConfig,
    remember: bool,
) -> anyhow::Result<OpenedLanguageModel> {
    let opened = config.open()?;
    if !remember || config.server().is_none() {
        return Ok(opened);
    }
    let (digest, price) = (opened.digest.clone(), opened.price);
    let cached = CachedModel::open(opened, &super::folder().join("completions"))?;
    Ok(OpenedLanguageModel {
        model: Box::new(cached),
        digest,
        price,
    })
}

impl LanguageModel for CachedModel {
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>> {
        let hashes: Vec<String> = prompts.iter().map(Prompt::hash).collect();
        // The prompts that nobody has asked yet, each once: where the first of them stands, and its number by its hash.
        let (mut places, mut numbers) = (Vec::new(), HashMap::new());
        {
            let mut known = self.known();
            if let Err(error) = known.refresh() {
                return vec![Err(format!("{error:#}")); prompts.len()];
            }
            for (place, hash) in hashes.iter().enumerate() {
                if !known.completions.contains_key(hash) && !numbers.contains_key(hash) {
                    numbers.insert(hash, places.len());
                    places.push(place);
                }
            }
        }
        let asked: Vec<Prompt> = places.iter().map(|place| prompts[*place].clone()).collect();
        let answers = Mutex::new(vec![None; asked.len()]);
        let is_wanted = |number: usize| !self.known().has_now(&hashes[places[number]]);
        let ended = self
            .inner
            .complete_each(&asked, &is_wanted, &|number, completion| {
                let kept = match &completion {
                    Ok(completion) => self.known().add(&hashes[places[number]], completion),
                    Err(_) => Ok(()),
                };
                lock(&answers)[number] = Some(completion);
                kept
            });
        let ended = ended.and_then(|()| self.known().sync());
        let lost = ended.map_or_else(|error| format!("{error:#}"), |()| "not asked".to_owned());
        let (answers, known) = (lock(&answers), self.known());
        let of = |(place, hash): (usize, &String)| {
            let number = numbers.get(hash).copied();
            let answer = number.and_then(|number| answers[number].clone());
            let is_answered = matches!(answer, Some(Ok(_)));
            let is_first = number.is_some_and(|number| places[number] == place);
            // What the file keeps is given out, be it what another process got first: a run and its cache say the same.
            let completion = match known.completions.get(hash) {
                Some(kept) => Ok(kept.clone()),
                None => answer.unwrap_or_else(|| Err(lost.clone())),
            };
            completion.map(|mut completion| {
                completion.clock.cached = !(is_answered && is_first);
                completion
            })
        };
        hashes.iter().enumerate().map(of).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is in the file.
struct Known {
    completions: HashMap<String, Completion>,
    file: File,
    /// The bytes of the file whose lines are taken in.
    read: u64,
    /// Whether what was added may not be on the disk yet.
    dirty: bool,
}

impl Known {
    fn open(folder: &Path, path: &Path) -> anyhow::Result<Self> {
        fs_err::create_dir_all(folder)?;
        let file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?
            .into_file();
        let mut known = Self {
            completions: HashMap::new(),
            file,
            read: 0,
            dirty: false,
        };
        known.refresh()?;
        Ok(known)
    }

    /// Takes in the whole lines that were added since, and says whether a part of one follows.
    fn refresh(&mut self) -> anyhow::Result<bool> {
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.read))
            .and_then(|_| self.file.read_to_end(&mut bytes))
            .context("cannot read the cache of completions")?;
        let mut rest = bytes.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            if let Some(record) = Record::parse(&rest[..end]) {
                self.insert(record);
            }
            rest = &rest[end + 1..];
        }
        self.read += (bytes.len() - rest.len()) as u64;
        Ok(!rest.is_empty())
    }

    /// Whether the file has it, also where another process added it since.
    fn has_now(&mut self, hash: &str) -> bool {
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        if length > self.read {
            // A file that cannot be read is reported when the answer is added.
            let _ = self.refresh();
        }
        self.completions.contains_key(hash)
    }

    /// What was answered first stays.
    fn insert(&mut self, record: Record) {
        let Record {
            prompt_hash,
            completion,
        } = record;
        self.completions.entry(prompt_hash).or_insert(completion);
    }

    /// Remembers a completion, and writes it down: the end of the process does not lose it from here on. Where another
    /// process was first, its answer stays the only one.
    fn add(&mut self, hash: &str, completion: &Completion) -> anyhow::Result<()> {
        let record = Record {
            prompt_hash: hash.to_owned(),
            completion: completion.clone(),
        };
        let line = record.line()? + "\n";
        self.file
            .lock()
            .context("cannot lock the cache of completions")?;
        let added = self.append(hash, &line);
        let unlocked = self.file.unlock();
        added.and(unlocked.map_err(Into::into))
            .context("cannot write the cache of completions; set RAGKIT_CACHE to a folder that can be written")?;
        self.insert(record);
        Ok(())
    }

    fn append(&mut self, hash: &str, line: &str) -> anyhow::Result<()> {
        // Nobody else writes now: a part of a line is of a process that was ended.
        if self.refresh()? {
            self.file.set_len(self.read)?;
        }
        if self.completions.contains_key(hash) {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.write_all(line.as_bytes())?;
        self.read += line.len() as u64;
        self.dirty = true;
        Ok(())
    }

    /// Makes what was added outlast the machine too.
    fn sync(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.dirty) {
            let synced = self.file.sync_data();
            synced.context("cannot write the cache of completions")?;
        }
        Ok(())
    }
}
