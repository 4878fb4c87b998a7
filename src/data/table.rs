//! A file of rows in any of the formats that ragkit reads, opened by its format.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rows::{self, Row};
use super::{DataError, Fields, PathText, Place, VectorFile, smart};

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line (`.jsonl`, `.ndjson`).
    Jsonl,
    /// One JSON list of objects (`.json`).
    Json,
    /// Comma-separated with a header line (`.csv`).
    Csv,
    /// Tab-separated with a header line (`.tsv`).
    Tsv,
    /// Apache Parquet (`.parquet`).
    Parquet,
    /// The SMART format of the classic test collections; must be named, no ending tells it.
    Smart,
}

/// The character encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// ISO 8859-1.
    Latin1,
}

/// A table of documents or queries: where it is and which column means what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The file.
    pub path: PathText,
    /// Its format; told from the file's ending where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Its character encoding (text formats only).
    #[serde(default, skip_serializing_if = "is_utf8")]
    pub encoding: Encoding,
    /// Which column holds what.
    #[serde(default, skip_serializing_if = "Fields::is_default")]
    pub fields: Fields,
    /// The id is the record's position in the file, from 1, and not what the id column says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordinal_ids: bool,
    /// The user's own vectors, in a file beside the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<VectorFile>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_utf8(encoding: &Encoding) -> bool {
    *encoding == Encoding::Utf8
}

impl Table {
    /// A table at `path` with every choice at its default.
    pub fn at(path: PathText) -> Self {
        Self {
            path,
            format: None,
            encoding: Encoding::default(),
            fields: Fields::default(),
            ordinal_ids: false,
            vectors: None,
        }
    }

    /// The rows of the file, one after the other, with the columns that its fields may ask for.
    pub(super) fn rows(&self, path: &Path) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
        self.rows_of(path, Some(&self.fields))
    }

    /// The rows of the file with all their columns.
    pub(super) fn whole_rows(
        &self,
        path: &Path,
    ) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
        self.rows_of(path, None)
    }

    fn rows_of(
        &self,
        path: &Path,
        fields: Option<&Fields>,
    ) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
        match self.format(path)? {
            Format::Jsonl => rows::jsonl(path, self.encoding),
            Format::Json => rows::json(path, self.encoding),
            Format::Csv => rows::csv(path, self.encoding, b','),
            Format::Tsv => rows::csv(path, self.encoding, b'\t'),
            Format::Parquet => parquet_rows(path, fields),
            Format::Smart => Ok(Box::new(smart::read(path, self.encoding)?.into_iter())),
        }
    }

    fn format(&self, path: &Path) -> Result<Format, DataError> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("jsonl" | "ndjson") => Ok(Format::Jsonl),
            Some("json") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some("tsv") => Ok(Format::Tsv),
            Some("parquet") => Ok(Format::Parquet),
            _ => Err(DataError::file(
                path,
                "cannot tell its format from its name; name it in `format` (`--format`): `jsonl`, `json`, `csv`, `tsv`, `parquet` or `smart`",
            )),
        }
    }
}

/// The rows of a Parquet file, with the columns that `fields` may ask for and no other; all where there are none.
fn parquet_rows(
    path: &Path,
    fields: Option<&Fields>,
) -> Result<Box<dyn Iterator<Item = Row>>, DataError> {
    let fault = |error: &dyn std::fmt::Display| {
        DataError::file(path, format!("not readable as Parquet: {error}"))
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(rows::file(path)?)
        .and_then(|builder| {
            let columns = builder
                .parquet_schema()
                .root_schema()
                .get_fields()
                .iter()
                .enumerate();
            let wanted = columns
                .filter(|(_, column)| fields.is_none_or(|fields| fields.may_ask_for(column.name())))
                .map(|(place, _)| place);
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            builder.with_projection(mask).with_batch_size(1024).build()
        })
        .map_err(|error| fault(&error))?;
    let path = path.to_owned();
    let mut first = 1;
    Ok(Box::new(reader.flat_map(move |batch| -> Vec<Row> {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                return vec![Err(DataError::at(
                    &path,
                    Place::Row(first),
                    format!("not readable as Parquet: {error}"),
                ))];
            }
        };
        let start = first;
        first += batch.num_rows() as u64;
        (0..batch.num_rows())
            .map(|row| {
                let place = Place::Row(start + row as u64);
                parquet_row(&batch, row)
                    .map(|columns| (place, columns))
                    .map_err(|m| DataError::at(&path, place, m))
            })
            .collect()
    })))
}

fn parquet_row(batch: &RecordBatch, row: usize) -> Result<Map<String, Value>, String> {
    let schema = batch.schema();
    let mut columns = Map::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let value = cell(column.as_ref(), row)
            .map_err(|error| format!("column `{}`: {error}", field.name()))?;
        columns.insert(field.name().clone(), value);
    }
    Ok(columns)
}

/// One cell as JSON; what JSON has no form for (dates, decimals) becomes the text that arrow writes.
pub(super) fn cell(column: &dyn Array, row: usize) -> Result<Value, ArrowError> {
    use arrow::datatypes as t;
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let list = |items: arrow::array::ArrayRef| -> Result<Value, ArrowError> {
        (0..items.len())
            .map(|item| cell(items.as_ref(), item))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    };
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).into(),
        DataType::Utf8View => column.as_string_view().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int8 => column.as_primitive::<t::Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<t::Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<t::Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<t::Int64Type>().value(row).into(),
        DataType::UInt8 => column.as_primitive::<t::UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<t::UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<t::UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<t::UInt64Type>().value(row).into(),
        // JSON has no NaN: it becomes null here and is refused where a number is needed.
        DataType::Float32 => f64::from(column.as_primitive::<Float32Type>().value(row)).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::List(_) => list(column.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(column.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => list(column.as_fixed_size_list().value(row))?,
        DataType::Float16 => f64::from(column.as_primitive::<t::Float16Type>().value(row)).into(),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(column.as_struct().columns());
            let named = columns
                .map(|(field, column)| Ok((field.name().clone(), cell(column.as_ref(), row)?)));
            Value::Object(named.collect::<Result<_, ArrowError>>()?)
        }
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            cell(
                dictionary.values().as_ref(),
                dictionary.normalized_keys()[row],
            )?
        }
        _ => array_value_to_string(column, row)?.into(),
    })
}
