//! What a collection holds, written as BEIR's files and those that stand beside them.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::ensure;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Contents, FromFile, Judged, Written};
use crate::data::{DataError, GoldSpan};

impl Contents {
    /// Writes the files to a folder.
    pub(super) fn write(self, folder: &Path, split: &str) -> anyhow::Result<Written> {
        let documents = write_rows(&folder.join("corpus.jsonl"), self.documents)?;
        let queries = self
            .queries
            .map(|rows| write_rows(&folder.join("queries.jsonl"), rows));
        let queries = queries.transpose()?;
        let mut written = Written {
            documents: documents.len(),
            queries: queries.as_ref().map_or(0, HashSet::len),
            spans: self.spans.len(),
            unplaced: self.unplaced,
            answers: self.answers.len(),
            outputs: self.outputs.len(),
            ..Written::default()
        };
        if let Some(judged) = &self.judged {
            written.judgements = judged.len();
            written.dangling = write_qrels(folder, split, judged, &documents, queries.as_ref())?;
        }
        if !self.spans.is_empty() {
            fs_err::create_dir(folder.join("spans"))?;
            let spans = self.spans.iter().map(|(query, span)| {
                let GoldSpan {
                    document,
                    start,
                    end,
                    text,
                } = span;
                json!({ "query": query, "document": document, "start": start, "end": end, "text": text })
            });
            write_lines(&folder.join(format!("spans/{split}.jsonl")), spans)?;
        }
        if !self.answers.is_empty() {
            let answers = self.answers.iter().map(|(query, gold)| {
                let mut row = json!({ "_id": query });
                let gold = serde_json::to_value(gold).expect("plain data is JSON");
                if let (Value::Object(row), Value::Object(gold)) = (&mut row, gold) {
                    row.extend(gold);
                }
                row
            });
            write_lines(&folder.join("answers.jsonl"), answers)?;
        }
        if !self.outputs.is_empty() {
            write_lines(&folder.join("outputs.jsonl"), self.outputs.iter())?;
        }
        Ok(written)
    }
}

/// Writes judgements; how many are of documents that are not there.
fn write_qrels(
    folder: &Path,
    split: &str,
    judged: &[Judged],
    documents: &HashSet<String>,
    queries: Option<&HashSet<String>>,
) -> anyhow::Result<usize> {
    fs_err::create_dir(folder.join("qrels"))?;
    let path = folder.join(format!("qrels/{split}.tsv"));
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    writeln!(file, "query-id\tcorpus-id\tscore")?;
    let (mut seen, mut dangling) = (HashSet::new(), 0);
    for Judged {
        query,
        document,
        grade,
    } in judged
    {
        ensure!(
            queries.is_none_or(|queries| queries.contains(query)),
            "query `{query}` is judged and is not among the queries; drop its judgements, or give the queries that belong to them"
        );
        ensure!(
            seen.insert((query, document)),
            "query `{query}` and document `{document}` are judged twice; keep one of the two"
        );
        dangling += usize::from(!documents.contains(document));
        writeln!(file, "{query}\t{document}\t{grade}")?;
    }
    file.flush()?;
    Ok(dangling)
}

/// Writes one JSON object a line.
pub(super) fn write_lines(
    path: &Path,
    rows: impl Iterator<Item = impl Serialize>,
) -> anyhow::Result<()> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    for row in rows {
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

/// Writes rows with their columns `id`, `title`, `text` and `blocks` by BEIR's names, and all others as metadata; the ids that it wrote.
fn write_rows(path: &Path, files: Vec<FromFile>) -> anyhow::Result<HashSet<String>> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    let mut ids = HashSet::new();
    for FromFile { path, rows } in files {
        if rows.is_empty() {
            return Err(DataError::file(&path, "holds no record").into());
        }
        for row in rows {
            let (place, mut row) = row?;
            let mut take = |name: &str| match row.remove(name) {
                Some(Value::String(text)) => text,
                _ => String::new(),
            };
            let (id, title, text) = (take("id"), take("title"), take("text"));
            let id = id.trim();
            let fault = if id.is_empty() {
                Some("a record has no id".to_owned())
            } else if id.contains(char::is_control) {
                Some(format!(
                    "the id {id:?} holds a tab or a line end, which no file of judgements can hold"
                ))
            } else if ids.contains(id) {
                Some(format!(
                    "the id `{id}` stands there twice; ids must be unique"
                ))
            } else {
                None
            };
            if let Some(message) = fault {
                return Err(DataError::at(&path, place, message).into());
            }
            let mut shown = json!({ "_id": id, "title": title, "text": text });
            if let Some(blocks) = row.remove("blocks") {
                shown["blocks"] = blocks;
            }
            if !row.is_empty() {
                shown["metadata"] = Value::Object(row);
            }
            serde_json::to_writer(&mut file, &shown)?;
            file.write_all(b"\n")?;
            ids.insert(id.to_owned());
        }
    }
    file.flush()?;
    Ok(ids)
}
