//! The SMART format of the classic test collections: `.I id` starts a record, `.T`, `.A`, `.B`, `.W` its fields.

use std::path::Path;

use serde_json::{Map, Value};

use super::rows::{Lines, Row};
use super::{DataError, Encoding, Place};

/// Reads every record of a SMART file: columns `id`, `title` (`.T`), `author` (`.A`), `source` (`.B`) and `text` (`.W`).
///
/// A field's lines are joined by one blank. A field that a record lacks is absent from its row, but for an empty `text`.
pub(super) fn read(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut field: Option<&'static str> = None;
    for line in Lines::open(path, encoding)? {
        let (number, line) = line?;
        if let Some(id) = line.strip_prefix(".I ") {
            let record = [("id", id.trim()), ("text", "")]
                .map(|(name, value)| (name.to_owned(), Value::from(value)));
            let record = Map::from_iter(record);
            rows.push(Ok((Place::Line(number), record)));
            field = None;
            continue;
        }
        if line.trim_end() == ".I" {
            field = None; // Cranfield's files end with a mark that starts nothing.
            continue;
        }
        let Some(Ok((_, record))) = rows.last_mut() else {
            return Err(DataError::at(
                path,
                Place::Line(number),
                "expected `.I` and an id: a SMART file starts with one",
            ));
        };
        if let Some(name) = marker(line.trim_end()) {
            record.entry(name).or_insert_with(|| Value::from(""));
            field = Some(name);
        } else if let Some(Value::String(text)) = field.and_then(|name| record.get_mut(name)) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(line.trim());
        } else if !line.trim().is_empty() {
            return Err(DataError::at(
                path,
                Place::Line(number),
                "text before the first field marker (`.T`, `.A`, `.B`, `.W`)",
            ));
        }
    }
    Ok(rows)
}

fn marker(line: &str) -> Option<&'static str> {
    Some(match line {
        ".T" => "title",
        ".A" => "author",
        ".B" => "source",
        ".W" => "text",
        _ => return None,
    })
}
