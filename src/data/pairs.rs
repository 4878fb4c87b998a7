//! Query, document and number from the formats that have no lines of their own: JSON objects and Parquet tables.

use std::fmt;
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Number, Value};

use super::rows::file;
use super::table::cell;
use super::{DataError, Place, columns};

/// A query, a document, and a number as text: a score or a grade.
pub(super) type Triple = (String, String, String);

/// What a file without lines holds.
pub(super) enum Pairs {
    /// It is a text file with lines.
    Lines,
    /// Its rows, in the order of the file.
    Rows(Vec<Triple>),
}

/// Reads `path` if it is JSON (`{"query": {"document": number}}`) or Parquet, as its name tells.
pub(super) fn read(path: &Path, number_columns: &[&str]) -> Result<Pairs, DataError> {
    let ending = |path: &Path| path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    let packed = ending(path).is_some_and(|ending| ending == "gz");
    let kind = if packed {
        ending(Path::new(path.file_stem().unwrap_or_default()))
    } else {
        ending(path)
    };
    match kind.as_ref().and_then(|kind| kind.to_str()) {
        Some("json") => json(path).map(Pairs::Rows),
        Some("parquet" | "parq") => parquet(path, number_columns).map(Pairs::Rows),
        _ => Ok(Pairs::Lines),
    }
}

/// The entries of a JSON object in their order, one with a key that was there before included.
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

fn json(path: &Path) -> Result<Vec<Triple>, DataError> {
    let text = columns::text(path)?;
    let queries: Entries<Entries<Number>> = serde_json::from_str(&text).map_err(|error| {
        let message =
            format!("not what was expected, `{{\"query\": {{\"document\": number}}}}`: {error}");
        DataError::file(path, message)
    })?;
    let rows = queries.0.into_iter().flat_map(|(query, documents)| {
        let row = move |(document, number): (String, Number)| {
            (query.clone(), document, number.to_string())
        };
        documents.0.into_iter().map(row)
    });
    Ok(rows.collect())
}

const QUERY: [&str; 7] = [
    "query_id", "query-id", "q_id", "qid", "query", "topic", "topic_id",
];
const DOCUMENT: [&str; 7] = [
    "doc_id",
    "document_id",
    "corpus-id",
    "corpus_id",
    "docno",
    "docid",
    "document",
];

fn parquet(path: &Path, number_columns: &[&str]) -> Result<Vec<Triple>, DataError> {
    let fault = |error: &dyn fmt::Display| {
        DataError::file(path, format!("not readable as Parquet: {error}"))
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(file(path)?)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| fault(&error))?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| fault(&error))?;
        let wanted = [&QUERY[..], &DOCUMENT[..], number_columns];
        let mut places = [0; 3];
        for (place, names) in places.iter_mut().zip(wanted) {
            *place = column(&batch, names).ok_or_else(|| {
                DataError::file(path, format!("has no column called {}", listed(names)))
            })?;
        }
        for row in 0..batch.num_rows() {
            let text = |column: usize| {
                let value =
                    cell(batch.column(column).as_ref(), row).map_err(|error| error.to_string())?;
                match value {
                    Value::String(text) => Ok(text),
                    Value::Number(number) => Ok(number.to_string()),
                    Value::Null => Err(format!(
                        "column `{}` is empty or NaN",
                        batch.schema().field(column).name()
                    )),
                    other => Err(format!(
                        "column `{}` holds {other}",
                        batch.schema().field(column).name()
                    )),
                }
            };
            let here = Place::Row(rows.len() as u64 + 1);
            let triple = || -> Result<Triple, String> {
                Ok((text(places[0])?, text(places[1])?, text(places[2])?))
            };
            rows.push(triple().map_err(|message| DataError::at(path, here, message))?);
        }
    }
    Ok(rows)
}

fn column(batch: &RecordBatch, names: &[&str]) -> Option<usize> {
    names
        .iter()
        .find_map(|name| batch.schema().index_of(name).ok())
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}
