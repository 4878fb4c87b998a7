//! Completions that were recorded: a model that costs nothing, waits for nobody and never changes its mind.
//!
//! A file of JSON lines, each with `prompt_hash`, or with `system` and `user`, and with `text`. Files of the cache of completions
//! are of that form, so a copy of one replays what a server answered.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Clock, Completion, Finish, LanguageModel, Prompt};
use crate::data::{Checksum, DataError, Digest, Place};
use crate::models::{TokenizerConfig, Tokens};

/// A file of recorded completions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    /// The file (JSONL).
    pub path: PathBuf,
}

impl ReplayConfig {
    /// Whether the file is there.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.path.is_file(),
            "the recorded completions `{}` are not there; name the file that holds them",
            self.path.display()
        );
        Ok(())
    }
}

/// A line of the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    prompt_hash: Option<String>,
    system: Option<String>,
    user: Option<String>,
    text: String,
    finish: Option<Finish>,
    tokens_in: Option<u64>,
    #[serde(default)]
    cached_tokens_in: u64,
    tokens_out: Option<u64>,
    #[serde(default)]
    estimated: bool,
    #[serde(default)]
    clock: Clock,
    /// The cache's checksum of the line.
    #[serde(rename = "check")]
    _check: Option<String>,
}

impl Line {
    /// The hash of its prompt.
    fn hash(&self) -> Result<String, &'static str> {
        match (&self.prompt_hash, &self.user) {
            (Some(hash), None) if self.system.is_none() => Ok(hash.to_ascii_lowercase()),
            (None, Some(user)) => {
                let prompt = Prompt {
                    system: self.system.clone().unwrap_or_default(),
                    user: user.clone(),
                    ..Prompt::default()
                };
                Ok(prompt.hash())
            }
            _ => Err(
                "must say what it answers: by `prompt_hash`, or by `user` and, where there is one, `system`",
            ),
        }
    }
}

/// Completions that were recorded.
pub(super) struct Replay {
    path: PathBuf,
    digest: String,
    /// By the hash of the prompt.
    lines: HashMap<String, Line>,
    words: Tokens,
}

impl Replay {
    pub(super) fn open(config: &ReplayConfig) -> anyhow::Result<Self> {
        let path = &config.path;
        config.check()?;
        let sha256 = Checksum::of_file(path)?.sha256;
        let mut lines: HashMap<String, Line> = HashMap::new();
        for (number, text) in (1..).zip(fs_err::read_to_string(path)?.lines()) {
            if text.trim().is_empty() {
                continue;
            }
            let wrong = |message: String| DataError::at(path, Place::Line(number), message);
            let line: Line = serde_json::from_str(text).map_err(|error| {
                wrong(format!(
                    "is no recorded completion: {error}; mend or remove the line"
                ))
            })?;
            let hash = line.hash().map_err(|message| wrong(message.to_owned()))?;
            let first = lines.entry(hash).or_insert_with(|| line.clone());
            if first.text != line.text {
                return Err(wrong(
                    "answers the prompt of an earlier line with another text; keep one of them"
                        .to_owned(),
                )
                .into());
            }
        }
        Ok(Self {
            path: path.clone(),
            digest: Digest::default().with("replay", sha256).finish(),
            lines,
            words: TokenizerConfig::Words.open()?.0,
        })
    }

    /// Equal digests, equal files.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    fn one(&self, prompt: &Prompt) -> anyhow::Result<Completion> {
        let hash = prompt.hash();
        let Some(line) = self.lines.get(&hash) else {
            bail!(
                "`{}` has no completion of the prompt `{hash}`; record it, or ask a model",
                self.path.display()
            );
        };
        let count = |text: &str| anyhow::Ok(self.words.of(text)?.len() as u64);
        let tokens_in = match line.tokens_in {
            Some(tokens) => tokens,
            None => count(&prompt.system)? + count(&prompt.user)?,
        };
        let tokens_out = match line.tokens_out {
            Some(tokens) => tokens,
            None => count(&line.text)?,
        };
        Ok(Completion {
            text: line.text.clone(),
            finish: line.finish.unwrap_or(Finish::Stop),
            tokens_in,
            cached_tokens_in: line.cached_tokens_in.min(tokens_in),
            tokens_out,
            estimated: line.estimated || line.tokens_in.is_none() || line.tokens_out.is_none(),
            clock: line.clock,
        })
    }
}

impl LanguageModel for Replay {
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>> {
        let one = |prompt| self.one(prompt).map_err(|error| format!("{error:#}"));
        prompts.iter().map(one).collect()
    }
}
