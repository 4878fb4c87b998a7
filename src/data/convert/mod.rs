//! Test collections in other layouts, written in BEIR's: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

mod msmarco;
mod sgml;
mod squad;

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};

use super::rows::Row;
use super::{DataError, Encoding, PathText, QrelsFile, rows, smart};

/// The layout that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// SMART: Cranfield, CACM, MED and the like.
    Smart,
    /// SQuAD's JSON: paragraphs are the documents, each question is judged for its own paragraph.
    Squad,
    /// TREC: documents and topics in SGML.
    Trec,
    /// MS MARCO: `collection.tsv` and `queries.tsv`.
    MsMarco,
}

/// Where a collection lies.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its layout.
    pub layout: Layout,
    /// The files of its documents; for SQuAD those of everything.
    pub corpus: Vec<PathBuf>,
    /// The file of its queries.
    pub queries: Option<PathBuf>,
    /// The file of its judgements, with what its grades count.
    pub qrels: Option<QrelsFile>,
    /// The character encoding of its files.
    pub encoding: Encoding,
    /// Queries are numbered by their place in the file, from 1, whatever id they have.
    pub ordinal_queries: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Documents.
    pub documents: usize,
    /// Queries.
    pub queries: usize,
    /// Judgements.
    pub judgements: usize,
}

/// A judgement: query, document, grade.
type Judged = (String, String, i32);

impl Collection {
    /// Writes the collection to the folder `out`, which must be new or empty, with its judgements as `split`.
    ///
    /// # Errors
    /// Where a file cannot be read as what it should be, or an id stands twice.
    pub fn convert(&self, out: &Path, split: &str) -> anyhow::Result<Written> {
        if out.exists() {
            let mut entries = fs_err::read_dir(out)?;
            ensure!(
                entries.next().is_none(),
                "`{}` is not empty; give `--out` a new path",
                out.display()
            );
        }
        let (documents, queries, judged) = self.read()?;
        fs_err::create_dir_all(out.join("qrels"))?;
        let mut written = Written {
            documents: write_rows(&out.join("corpus.jsonl"), documents)?,
            ..Written::default()
        };
        if let Some(queries) = queries {
            written.queries = write_rows(&out.join("queries.jsonl"), queries)?;
        }
        let mut file = BufWriter::new(fs_err::File::create(
            out.join(format!("qrels/{split}.tsv")),
        )?);
        writeln!(file, "query-id\tcorpus-id\tscore")?;
        for (query, document, grade) in &judged {
            writeln!(file, "{query}\t{document}\t{grade}")?;
        }
        file.flush()?;
        written.judgements = judged.len();
        Ok(written)
    }

    /// Documents, queries and judgements.
    #[expect(clippy::type_complexity, reason = "three lists, once")]
    fn read(&self) -> anyhow::Result<(Vec<Row>, Option<Vec<Row>>, Vec<Judged>)> {
        if self.layout == Layout::Squad {
            let (mut documents, mut queries, mut judged) = (Vec::new(), Vec::new(), Vec::new());
            for path in &self.corpus {
                squad::read(path, &mut documents, &mut queries, &mut judged)?;
            }
            return Ok((documents, Some(queries), judged));
        }
        let mut documents = Vec::new();
        for path in &self.corpus {
            documents.extend(match self.layout {
                Layout::Smart | Layout::Squad => smart::read(path, self.encoding)?,
                Layout::Trec => sgml::documents(path, self.encoding)?,
                Layout::MsMarco => msmarco::read(path, self.encoding)?,
            });
        }
        let queries = match &self.queries {
            None => None,
            Some(path) => {
                let mut queries = match self.layout {
                    Layout::Smart | Layout::Squad => smart::read(path, self.encoding)?,
                    Layout::Trec => sgml::topics(path, self.encoding)?,
                    Layout::MsMarco => msmarco::read(path, self.encoding)?,
                };
                if self.ordinal_queries {
                    for (number, row) in (1_u64..)
                        .zip(&mut queries)
                        .filter_map(|(n, row)| Some((n, row.as_mut().ok()?)))
                    {
                        row.1.insert("id".into(), number.to_string().into());
                    }
                }
                Some(queries)
            }
        };
        let mut judged = Vec::new();
        if let Some(file) = &self.qrels {
            for (query, judgements) in file.read()?.queries {
                judged.extend(
                    judgements
                        .into_iter()
                        .map(|one| (query.clone(), one.document, one.grade)),
                );
            }
        }
        Ok((documents, queries, judged))
    }
}

/// Judgements at a path, with what their grades count.
pub fn qrels_at(path: &Path, grades: &[(String, i32)]) -> anyhow::Result<QrelsFile> {
    let text = path.to_str().context("the path is not UTF-8")?;
    let mut file = QrelsFile::at(PathText::literal(text));
    file.grades = grades.iter().cloned().collect();
    Ok(file)
}

/// Writes rows with their columns `id`, `title` and `text` by BEIR's names, and all others as metadata.
fn write_rows(path: &Path, rows: Vec<Row>) -> anyhow::Result<usize> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    let (mut seen, mut count) = (HashSet::new(), 0);
    for row in rows {
        let (place, mut row) = row?;
        let mut take = |name: &str| match row.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let (id, title, text) = (take("id"), take("title"), take("text"));
        ensure!(!id.is_empty(), "{place}: a record has no id");
        ensure!(
            seen.insert(id.clone()),
            "{place}: the id `{id}` stands there twice; ids must be unique"
        );
        let mut shown = json!({ "_id": id, "title": title, "text": text });
        if !row.is_empty() {
            shown["metadata"] = Value::Object(row);
        }
        serde_json::to_writer(&mut file, &shown)?;
        file.write_all(b"\n")?;
        count += 1;
    }
    file.flush()?;
    Ok(count)
}

/// A row of these columns.
fn row<const N: usize>(columns: [(&str, Value); N]) -> Map<String, Value> {
    columns
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The whole text of a file.
fn text(path: &Path, encoding: Encoding) -> Result<String, DataError> {
    use std::io::Read;
    let mut text = String::new();
    rows::open(path, encoding)?
        .read_to_string(&mut text)
        .map_err(|error| {
            DataError::file(
                path,
                format!("cannot be read as text: {error}; name its encoding"),
            )
        })?;
    Ok(text)
}
