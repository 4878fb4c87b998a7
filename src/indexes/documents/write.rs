//! The passages of an index on their way to disk.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Array, ListBuilder, RecordBatch, StringArray, StringBuilder, UInt32Array};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::chunking::{Part, Passage};
use crate::data::Document;

/// Writes `documents.parquet`, a batch at a time.
pub(in crate::indexes) struct DocumentsWriter {
    path: PathBuf,
    writer: Option<ArrowWriter<std::fs::File>>,
    written: usize,
}

impl DocumentsWriter {
    pub(in crate::indexes) fn new(path: PathBuf) -> Self {
        Self {
            path,
            writer: None,
            written: 0,
        }
    }

    pub(in crate::indexes) fn write(&mut self, passages: &[Passage]) -> anyhow::Result<()> {
        let text = |of: fn(&Document) -> &str| {
            let texts = passages.iter().map(|passage| of(&passage.document));
            Arc::new(StringArray::from_iter_values(texts))
        };
        let number = |of: &dyn Fn(usize, &Part) -> Option<usize>| {
            let numbers = passages.iter().enumerate().map(|(place, passage)| {
                of(self.written + place, &passage.part)
                    .map(u32::try_from)
                    .transpose()
            });
            let numbers: Result<UInt32Array, _> = numbers.collect();
            anyhow::Ok(
                Arc::new(numbers.context("a document of more than 2^32 characters")?)
                    as Arc<dyn Array>,
            )
        };
        let mut metadata = StringBuilder::new();
        let mut access = ListBuilder::new(StringBuilder::new());
        for Passage { document, .. } in passages {
            metadata.append_value(serde_json::to_string(&document.metadata)?);
            access.append_value(document.access.iter().map(|label| Some(label.as_str())));
        }
        let documents = passages.iter().map(|passage| &passage.part.document);
        let batch = RecordBatch::try_from_iter([
            ("id", text(|document| &document.id) as Arc<dyn Array>),
            ("title", text(|document| &document.title)),
            ("text", text(|document| &document.text)),
            ("metadata", Arc::new(metadata.finish())),
            ("access", Arc::new(access.finish())),
            (
                "document",
                Arc::new(StringArray::from_iter_values(documents)),
            ),
            ("start", number(&|_, part| Some(part.start))?),
            ("end", number(&|_, part| Some(part.end))?),
            ("tokens", number(&|_, part| Some(part.tokens))?),
            // The row of the section that a chunk lies in; of a section its own row.
            (
                "section",
                number(&|row, part| {
                    if part.is_section {
                        Some(row)
                    } else {
                        Some(row - part.section?)
                    }
                })?,
            ),
        ])?;
        self.written += passages.len();
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

    pub(in crate::indexes) fn finish(self) -> anyhow::Result<()> {
        if let Some(writer) = self.writer {
            writer.close()?;
        }
        Ok(())
    }
}
