//! What the layouts of labelled answers share: which rows are left out, what their documents are called, how they are written.

use std::path::Path;

use serde_json::Value;

use super::write::write_lines;
use super::{Contents, Written};
use crate::data::rows::Row;
use crate::data::{DataError, Labelled, Metadata, Missing, Passage};

impl Contents {
    /// Adds a labelled answer, unless it lacks what makes it one; without a label it is `None`.
    pub(super) fn label(&mut self, supported: Option<bool>, one: Labelled) {
        let missing = match supported {
            None => Missing::Label,
            Some(_) if one.answer.trim().is_empty() => Missing::Answer,
            Some(_) if one.contexts.is_empty() => Missing::Contexts,
            Some(supported) => {
                self.labelled.push(Labelled { supported, ..one });
                return;
            }
        };
        self.left_out.count(missing);
    }

    /// The error where `path`, and what may stand beside it, holds no labelled answer.
    pub(super) fn unlabelled(&self, path: &Path) -> DataError {
        let left_out = match self.left_out.rows() {
            0 => String::new(),
            _ => format!(" (left out: {})", self.left_out),
        };
        DataError::file(path, format!("holds no labelled answer{left_out}"))
    }

    /// Writes `labelled.jsonl` to a folder.
    pub(super) fn write_labelled(&self, folder: &Path) -> anyhow::Result<Written> {
        write_lines(&folder.join("labelled.jsonl"), self.labelled.iter())?;
        Ok(Written {
            labelled: self.labelled.len(),
            supported: self.labelled.iter().filter(|one| one.supported).count(),
            left_out: self.left_out,
            ..Written::default()
        })
    }
}

/// Text as the only context; none where it is blank.
pub(super) fn context(text: &str) -> Vec<Passage> {
    let passage = Passage {
        text: text.to_owned(),
        ..Passage::default()
    };
    Some(passage)
        .filter(|passage| !passage.text.trim().is_empty())
        .into_iter()
        .collect()
}

/// The metadata of a set's answer, without what is blank.
pub(super) fn metadata<const N: usize>(fields: [(&str, &str); N]) -> Metadata {
    let told = fields.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The cell of a row of a collection in layout `layout`, whose columns are told where it is missing.
pub(super) fn cell<'a>(
    row: &'a serde_json::Map<String, Value>,
    name: &str,
    layout: &str,
) -> Result<&'a str, String> {
    let text = row.get(name).and_then(Value::as_str);
    text.ok_or_else(|| format!("no text in a column `{name}`; {layout}"))
}

/// Calls `read` with every row and its number in the file, from 1; what it finds wrong is told by file and line.
pub(super) fn each_row(
    path: &Path,
    rows: impl Iterator<Item = Row>,
    mut read: impl FnMut(usize, &serde_json::Map<String, Value>) -> Result<(), String>,
) -> Result<(), DataError> {
    for (number, row) in (1..).zip(rows) {
        let (place, row) = row?;
        read(number, &row).map_err(|message| DataError::at(path, place, message))?;
    }
    Ok(())
}
