//! Rows of a text table, JSON lines or CSV, as JSON objects with the line each came from.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{DataError, Encoding, Place};

/// One row: where it stands and its columns.
pub(super) type Row = Result<(Place, Map<String, Value>), DataError>;

/// The bytes of `path` as a reader that yields UTF-8, whatever `encoding` the file has.
pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Box<dyn BufRead>, DataError> {
    let file = file(path)?;
    Ok(match encoding {
        Encoding::Utf8 => Box::new(BufReader::with_capacity(1 << 18, file)),
        Encoding::Latin1 => {
            let mut bytes = Vec::new();
            BufReader::new(file)
                .read_to_end(&mut bytes)
                .map_err(|error| DataError::file(path, error.to_string()))?;
            // Latin-1 is the first 256 code points of Unicode, so the byte is the character.
            let text: String = bytes.into_iter().map(char::from).collect();
            Box::new(std::io::Cursor::new(text.into_bytes()))
        }
    })
}

/// The file at `path`.
pub(super) fn file(path: &Path) -> Result<std::fs::File, DataError> {
    match fs_err::File::open(path) {
        Ok(file) => Ok(file.into_file()),
        Err(error) => Err(DataError::file(
            path,
            format!("cannot be opened: {}", plain(&error)),
        )),
    }
}

/// The operating system's words without the path, which the caller's error names already.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

/// Lines of a text file, numbered from 1, without their line ends.
pub(super) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    number: u64,
}

impl Lines {
    pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Self, DataError> {
        Ok(Self {
            path: path.to_owned(),
            reader: open(path, encoding)?,
            number: 0,
        })
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, String), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        self.number += 1;
        let place = Place::Line(self.number);
        match self.reader.read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(DataError::at(&self.path, place, error.to_string()))),
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        if self.number == 1 && bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        Some(match String::from_utf8(bytes) {
            Ok(line) => Ok((self.number, line)),
            Err(error) => Err(DataError::at(
                &self.path,
                place,
                format!(
                    "not UTF-8 at byte {}; if it is text, convert it, for example with `iconv -f latin1 -t utf-8`",
                    error.utf8_error().valid_up_to() + 1
                ),
            )),
        })
    }
}

/// One JSON object a line; blank lines are passed over.
pub(super) fn jsonl(
    path: &Path,
    encoding: Encoding,
) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
    let path = path.to_owned();
    let lines = Lines::open(&path, encoding)?
        .filter(|line| !matches!(line, Ok((_, text)) if text.trim().is_empty()));
    Ok(Box::new(lines.map(move |line| {
        let (number, line) = line?;
        let fault = |message: String| DataError::at(&path, Place::Line(number), message);
        match serde_json::from_str(&line) {
            Ok(Value::Object(object)) => Ok((Place::Line(number), object)),
            Ok(other) => Err(fault(format!(
                "expected a JSON object, found {}",
                kind(&other)
            ))),
            Err(error) => Err(fault(format!(
                "not valid JSON: {}; expected one JSON object a line",
                json_message(&error)
            ))),
        }
    })))
}

/// The objects of one JSON list, with their places in it.
pub(super) fn json(
    path: &Path,
    encoding: Encoding,
) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
    let mut text = String::new();
    open(path, encoding)?
        .read_to_string(&mut text)
        .map_err(|error| DataError::file(path, error.to_string()))?;
    let items: Vec<Value> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let place = Place::Line(error.line() as u64);
            let message = format!("not a JSON list of objects: {}", json_message(&error));
            DataError::at(path, place, message)
        })?;
    let path = path.to_owned();
    Ok(Box::new((1..).zip(items).map(move |(number, item)| {
        let place = Place::Row(number);
        match item {
            Value::Object(object) => Ok((place, object)),
            other => {
                let found = kind(&other);
                Err(DataError::at(
                    &path,
                    place,
                    format!("expected a JSON object, found {found}"),
                ))
            }
        }
    })))
}

/// `serde_json`'s words, with its "line 1 column 7" cut to the column: the line is the file's, not the parser's.
fn json_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => format!("{message} at column {}", error.column()),
        None => text,
    }
}

/// What a JSON value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A table with tabs between its cells, in which a quotation mark is one; its first line is the header unless the names of the columns are given.
pub(super) fn tabbed(
    path: &Path,
    encoding: Encoding,
    header: Option<Vec<String>>,
) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
    let mut lines = Lines::open(path, encoding)?;
    let header = if let Some(header) = header {
        header
    } else {
        let first = lines.next().transpose()?;
        let (_, first) =
            first.ok_or_else(|| DataError::file(path, "is empty; expected a header line"))?;
        first.split('\t').map(str::to_owned).collect()
    };
    let path = path.to_owned();
    let whole = lines.filter(|line| !matches!(line, Ok((_, text)) if text.is_empty()));
    Ok(Box::new(whole.map(move |line| {
        let (number, line) = line?;
        let cells: Vec<&str> = line.split('\t').collect();
        if cells.len() != header.len() {
            let message = format!("{} columns, expected {}", cells.len(), header.len());
            return Err(DataError::at(&path, Place::Line(number), message));
        }
        let named = header.iter().zip(cells);
        let row = named.map(|(name, cell)| (name.clone(), Value::from(cell)));
        Ok((Place::Line(number), row.collect()))
    })))
}

/// A table with a header line; every cell is a string and a row of another length than the header is an error.
pub(super) fn csv(
    path: &Path,
    encoding: Encoding,
    delimiter: u8,
) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
    let path = path.to_owned();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(open(&path, encoding)?);
    let header = reader
        .headers()
        .map_err(|error| csv_error(&path, &error))?
        .clone();
    if header.is_empty() {
        return Err(DataError::file(&path, "is empty; expected a header line"));
    }
    if let Some(name) =
        (1..header.len()).find_map(|i| header.iter().take(i).find(|name| *name == &header[i]))
    {
        return Err(DataError::at(
            &path,
            Place::Line(1),
            format!("two columns are called `{name}`"),
        ));
    }
    let mut record = csv::StringRecord::new();
    Ok(Box::new(std::iter::from_fn(move || {
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                let columns = header
                    .iter()
                    .zip(&record)
                    .map(|(name, cell)| (name.to_owned(), Value::from(cell)));
                Some(Ok((Place::Line(line), columns.collect())))
            }
            Err(error) => Some(Err(csv_error(&path, &error))),
        }
    })))
}

fn csv_error(path: &Path, error: &csv::Error) -> DataError {
    let place = |position: &Option<csv::Position>| position.as_ref().map(|p| Place::Line(p.line()));
    match error.kind() {
        csv::ErrorKind::Utf8 { pos, err } => DataError {
            path: path.to_owned(),
            place: place(pos),
            message: format!(
                "not UTF-8 in column {}; name the file's `encoding` or convert it",
                err.field() + 1
            ),
        },
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => DataError {
            path: path.to_owned(),
            place: place(pos),
            message: format!("{len} columns, the header has {expected_len}"),
        },
        _ => DataError::file(path, error.to_string()),
    }
}
