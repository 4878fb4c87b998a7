//! MS MARCO's `collection.tsv` and `queries.tsv`: an id, a tab, a text; or id, address, title and body of a document.

use std::path::Path;

use serde_json::json;

use super::row;
use crate::data::rows::{Lines, Row};
use crate::data::{DataError, Encoding, Place};

/// Every line as a row.
pub(super) fn read(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let lines = Lines::open(path, encoding)?;
    let is_blank = |line: &Result<(u64, String), _>| {
        line.as_ref().is_ok_and(|(_, line)| line.trim().is_empty())
    };
    let rows = lines.filter(|line| !is_blank(line)).map(|line| {
        let (number, line) = line?;
        let columns: Vec<&str> = line.split('\t').collect();
        let columns = match *columns.as_slice() {
            [id, text] => row([("id", json!(id)), ("text", json!(text))]),
            [id, url, title, body] => row([
                ("id", json!(id)),
                ("title", json!(title)),
                ("text", json!(body)),
                ("url", json!(url)),
            ]),
            _ => {
                let message = format!(
                    "{} columns; expected `id text` or `id url title body`, separated by tabs",
                    columns.len()
                );
                return Err(DataError::at(path, Place::Line(number), message));
            }
        };
        Ok((Place::Line(number), columns))
    });
    Ok(rows.collect())
}
