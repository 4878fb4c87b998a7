//! A completion as a line of a file: what the cache writes and replay reads.

use serde::{Deserialize, Serialize};

use super::{Completion, Prompt};
use crate::data::Digest;

/// A completion, and the prompt that it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`Prompt::hash`].
    pub prompt_hash: String,
    /// What was answered.
    #[serde(flatten)]
    pub completion: Completion,
}

impl Prompt {
    /// The SHA-256, in lower-case hexadecimal, of what a model reads of the prompt: `system` and `user`, each under its name as
    /// [`Digest`] takes parts.
    pub fn hash(&self) -> String {
        Digest::default()
            .with("system", &self.system)
            .with("user", &self.user)
            .finish()
    }
}

/// What stands between a record and its checksum; no text in JSON can hold it, whose quotes are escaped.
const CHECK: &str = ",\"check\":\"";

impl Record {
    /// The record as one line of JSON without its end. The last field, `check`, is a checksum of all before it.
    pub fn line(&self) -> anyhow::Result<String> {
        let mut line = serde_json::to_string(self)?;
        let check = checksum(&line);
        line.truncate(line.len() - 1); // The brace that closes it.
        Ok(format!("{line}{CHECK}{check}\"}}"))
    }

    /// The record on a line, if it is as it was written.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (fields, check) = line.strip_suffix("\"}")?.rsplit_once(CHECK)?;
        let record = format!("{fields}}}");
        (check == checksum(&record)).then(|| serde_json::from_str(&record).ok())?
    }
}

fn checksum(text: &str) -> String {
    let mut sum = Digest::default().with("record", text).finish();
    sum.truncate(16);
    sum
}
