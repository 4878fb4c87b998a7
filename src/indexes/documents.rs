//! The documents of an index: ids and access labels in memory, texts on disk (`documents.parquet`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Array, AsArray, ListBuilder, RecordBatch, StringArray, StringBuilder};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::data::Document;

/// Writes `documents.parquet`, a batch at a time.
pub(super) struct DocumentsWriter {
    path: PathBuf,
    writer: Option<ArrowWriter<std::fs::File>>,
}

impl DocumentsWriter {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, writer: None }
    }

    pub(super) fn write(&mut self, documents: &[Document]) -> anyhow::Result<()> {
        let text = |of: fn(&Document) -> &str| {
            Arc::new(StringArray::from_iter_values(documents.iter().map(of)))
        };
        let mut metadata = StringBuilder::new();
        let mut access = ListBuilder::new(StringBuilder::new());
        for document in documents {
            metadata.append_value(serde_json::to_string(&document.metadata)?);
            access.append_value(document.access.iter().map(|label| Some(label.as_str())));
        }
        let batch = RecordBatch::try_from_iter([
            ("id", text(|document| &document.id) as Arc<dyn Array>),
            ("title", text(|document| &document.title)),
            ("text", text(|document| &document.text)),
            ("metadata", Arc::new(metadata.finish())),
            ("access", Arc::new(access.finish())),
        ])?;
        if self.writer.is_none() {
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .build();
            let file = fs_err::File::create(&self.path)?.into_file();
            self.writer = Some(ArrowWriter::try_new(
                file,
                batch.schema(),
                Some(properties),
            )?);
        }
        self.writer
            .as_mut()
            .context("the writer was made above")?
            .write(&batch)?;
        Ok(())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        if let Some(writer) = self.writer {
            writer.close()?;
        }
        Ok(())
    }
}

/// The documents of an open index.
pub struct Documents {
    path: PathBuf,
    ids: Vec<String>,
    /// The labels of each document, as numbers into `labels`.
    access: Vec<Vec<u32>>,
    labels: HashMap<String, u32>,
}

/// A document as `search` shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, as JSON.
    pub metadata: serde_json::Value,
}

impl Documents {
    pub(super) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&path)?.into_file())?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["id", "access"]);
        let (mut ids, mut access, mut labels) = (Vec::new(), Vec::new(), HashMap::new());
        for batch in builder.with_projection(mask).build()? {
            let batch = batch?;
            ids.extend(
                batch
                    .column(0)
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned),
            );
            for list in batch.column(1).as_list::<i32>().iter() {
                let list = list.context("a document without its list of access labels")?;
                let numbers = list.as_string::<i32>().iter().flatten().map(|label| {
                    let next = u32::try_from(labels.len()).expect("fewer than 2^32 labels");
                    *labels.entry(label.to_owned()).or_insert(next)
                });
                access.push(numbers.collect());
            }
        }
        Ok(Self {
            path,
            ids,
            access,
            labels,
        })
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of one row.
    pub fn id(&self, row: u32) -> &str {
        &self.ids[row as usize]
    }

    /// For each row its place when all ids are sorted descending.
    pub(super) fn ties(&self) -> Arc<[u32]> {
        let mut rows: Vec<usize> = (0..self.ids.len()).collect();
        rows.sort_unstable_by(|&a, &b| self.ids[b].cmp(&self.ids[a]));
        let mut ties = vec![0; rows.len()];
        for (place, row) in (0..).zip(rows) {
            ties[row] = place;
        }
        ties.into()
    }

    /// What a caller with these labels may see: documents without a label, and those that share one. `None` sees all.
    pub fn visible(&self, access: Option<&[String]>) -> Visible {
        let Some(access) = access else {
            return Visible::everything();
        };
        let held: Vec<u32> = access
            .iter()
            .filter_map(|label| self.labels.get(label).copied())
            .collect();
        let sees = |labels: &Vec<u32>| {
            labels.is_empty() || labels.iter().any(|label| held.contains(label))
        };
        Visible::rows(self.access.iter().map(sees).collect())
    }

    /// Reads title, text and metadata of some rows, in the order asked for.
    pub fn read(&self, rows: &[u32]) -> anyhow::Result<Vec<Shown>> {
        let mut sorted = rows.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut selectors = Vec::new();
        let mut next = 0;
        for &row in &sorted {
            selectors.push(RowSelector::skip((row - next) as usize));
            selectors.push(RowSelector::select(1));
            next = row + 1;
        }
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&self.path)?.into_file())?;
        let mask = ProjectionMask::columns(
            builder.parquet_schema(),
            ["id", "title", "text", "metadata"],
        );
        let reader = builder
            .with_projection(mask)
            .with_row_selection(RowSelection::from(selectors))
            .build()?;
        let mut found = HashMap::new();
        let mut order = sorted.iter();
        for batch in reader {
            let batch = batch?;
            let text = |column: usize, row: usize| {
                batch
                    .column(column)
                    .as_string::<i32>()
                    .value(row)
                    .to_owned()
            };
            for row in 0..batch.num_rows() {
                let metadata = serde_json::from_str(&text(3, row))?;
                let shown = Shown {
                    id: text(0, row),
                    title: text(1, row),
                    text: text(2, row),
                    metadata,
                };
                found.insert(
                    *order.next().context("more rows than were asked for")?,
                    shown,
                );
            }
        }
        rows.iter()
            .map(|row| {
                found
                    .get(row)
                    .cloned()
                    .with_context(|| format!("the index has no row {row}"))
            })
            .collect()
    }
}

/// Which documents a search may return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible(Option<Vec<bool>>);

impl Visible {
    /// All documents.
    pub fn everything() -> Self {
        Self(None)
    }

    /// Those whose row says so.
    pub fn rows(rows: Vec<bool>) -> Self {
        Self(Some(rows))
    }

    /// Whether the document of `row` is one of them.
    pub fn contains(&self, row: u32) -> bool {
        self.0.as_ref().is_none_or(|rows| rows[row as usize])
    }

    /// How many of the first `rows` documents are among them.
    pub(super) fn count(&self, rows: usize) -> usize {
        self.0
            .as_ref()
            .map_or(rows, |seen| seen.iter().filter(|seen| **seen).count())
    }
}

/// The file inside the index's data folder.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder.join("documents.parquet")
}
