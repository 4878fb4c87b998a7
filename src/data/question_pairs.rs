//! Pairs of questions, labelled: whether the answer to the one answers the other.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use serde_json::{Map, Value};

use super::rows::kind;
use super::{DataError, Digest, Metadata, Place, Table};

/// A new question beside one whose answer is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionPair {
    /// Its id, unique in the table.
    pub id: String,
    /// The new question.
    pub text: String,
    /// The question whose answer is known.
    pub cached: String,
    /// Whether that answer is right for the new question.
    pub same: bool,
    /// What else is known of the pair; its fields can be slices.
    pub metadata: Metadata,
}

/// The pairs of a table, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionPairs {
    /// The file that they came from.
    pub path: PathBuf,
    /// The pairs.
    pub pairs: Vec<QuestionPair>,
}

impl QuestionPairs {
    /// Reads a table of text with the columns `cached` and `same` (`true` or `false`) beside those of a table of queries (`_id` or `id`, `text`,
    /// `metadata`).
    ///
    /// # Errors
    /// Where a row is no such pair, an id stands twice, one pair of questions has two labels, or all pairs have one.
    pub fn read(table: &Table) -> anyhow::Result<Self> {
        let path = table.path.resolve()?;
        let (mut pairs, mut ids) = (Vec::new(), HashMap::new());
        let mut labels: HashMap<(String, String), (bool, Place)> = HashMap::new();
        for row in table.rows(&path)? {
            let (place, row) = row?;
            let fault = |message: String| DataError::at(&path, place, message);
            let pair = pair(table, &path, place, &row)?;
            if let Some(earlier) = ids.insert(pair.id.clone(), place) {
                let message = format!(
                    "the id `{}` stands already in {earlier}; ids must be unique",
                    pair.id
                );
                return Err(fault(message).into());
            }
            let questions = (pair.text.clone(), pair.cached.clone());
            if let Some((label, earlier)) = labels.insert(questions, (pair.same, place))
                && label != pair.same
            {
                let message = format!(
                    "`same` is {}, and {label} for the same two questions in {earlier}; drop one of them",
                    pair.same
                );
                return Err(fault(message).into());
            }
            pairs.push(pair);
        }
        for label in [true, false] {
            ensure!(
                pairs.iter().any(|pair| pair.same == label),
                "`{}` has no pair with `same = {label}`; both kinds are needed, those that should be found and those that should not",
                path.display()
            );
        }
        Ok(Self { path, pairs })
    }

    /// A digest of the pairs, whatever file they came from.
    pub fn digest(&self) -> String {
        let with = |digest: Digest, pair: &QuestionPair| {
            let parts = (
                &pair.id,
                &pair.text,
                &pair.cached,
                pair.same,
                &pair.metadata,
            );
            let parts = serde_json::to_vec(&parts).expect("plain data is JSON");
            digest.with("pair", parts)
        };
        self.pairs.iter().fold(Digest::default(), with).finish()
    }

    /// The names of the pairs' metadata fields, sorted.
    pub fn fields(&self) -> Vec<String> {
        let names = self.pairs.iter().flat_map(|pair| pair.metadata.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        names.into_iter().map(|name| format!("`{name}`")).collect()
    }
}

fn pair(
    table: &Table,
    path: &Path,
    place: Place,
    row: &Map<String, Value>,
) -> Result<QuestionPair, DataError> {
    let fault = |message: String| DataError::at(path, place, message);
    let column = |name: &str| {
        let missing = || {
            fault(format!(
                "no column `{name}`; a pair has `text`, `cached` and `same`"
            ))
        };
        row.get(name).ok_or_else(missing)
    };
    let cached = match column("cached")? {
        Value::String(text) => text.clone(),
        other => {
            let message = format!("`cached` must be text, found {}", kind(other));
            return Err(fault(message));
        }
    };
    let same = match column("same")? {
        Value::Bool(same) => *same,
        // As tables of text have it.
        Value::String(text) if text == "true" => true,
        Value::String(text) if text == "false" => false,
        other => {
            let message = format!("`same` must be true or false, found {other}");
            return Err(fault(message));
        }
    };
    let record = table.fields.record(path, place, row)?;
    for (name, text) in [("text", &record.text), ("cached", &cached)] {
        if text.trim().is_empty() {
            return Err(fault(format!("`{name}` is empty; a question has words")));
        }
    }
    Ok(QuestionPair {
        id: record.id,
        text: record.text,
        cached,
        same,
        metadata: record.metadata,
    })
}
