//! The SMART format of the classic test collections: `.I id` starts a record, `.T`, `.A`, `.B`, `.W` its fields.

use std::path::Path;

use serde_json::{Map, Value};

use super::rows::{Lines, Row};
use super::{DataError, Encoding, Place};

/// Reads every record of a SMART file: columns `id`, `title` (`.T`), `author` (`.A`), `source` (`.B`) and `text` (`.W`). Other
/// fields, such as CACM's `.N`, `.K` and `.X`, are passed over.
///
/// A field's lines are joined by one blank. A field that a record lacks is absent from its row, but for an empty `text`.
pub(super) fn read(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut field = Field::None;
    for line in Lines::open(path, encoding)? {
        let (number, line) = line?;
        if let Some(id) = line.strip_prefix(".I ") {
            let record = [("id", id.trim()), ("text", "")]
                .map(|(name, value)| (name.to_owned(), Value::from(value)));
            let record = Map::from_iter(record);
            rows.push(Ok((Place::Line(number), record)));
            field = Field::None;
            continue;
        }
        if line.trim_end() == ".I" {
            field = Field::None; // Cranfield's files end with a mark that starts nothing.
            continue;
        }
        let Some(Ok((_, record))) = rows.last_mut() else {
            return Err(DataError::at(
                path,
                Place::Line(number),
                "expected `.I` and an id: a SMART file starts with one",
            ));
        };
        if let Some(begun) = marker(line.trim_end()) {
            field = begun;
            if let Field::Kept(name) = field {
                record.entry(name).or_insert_with(|| Value::from(""));
            }
        } else if let Field::Kept(name) = field {
            if let Some(Value::String(text)) = record.get_mut(name) {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(line.trim());
            }
        } else if field == Field::None && !line.trim().is_empty() {
            return Err(DataError::at(
                path,
                Place::Line(number),
                "text before the first field marker (`.T`, `.A`, `.B`, `.W`)",
            ));
        }
    }
    Ok(rows)
}

/// What the lines belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    None,
    Kept(&'static str),
    PassedOver,
}

/// The field that a line begins: a dot and a capital letter, alone.
fn marker(line: &str) -> Option<Field> {
    Some(match line.as_bytes() {
        b".T" => Field::Kept("title"),
        b".A" => Field::Kept("author"),
        b".B" => Field::Kept("source"),
        b".W" => Field::Kept("text"),
        [b'.', b'A'..=b'Z'] => Field::PassedOver,
        _ => return None,
    })
}
