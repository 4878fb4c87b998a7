//! Test collections in other layouts, written in BEIR's: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`, and beside them
//! `spans/SPLIT.jsonl` where answers are stretches of documents.

mod msmarco;
mod sgml;
mod source;
mod squad;

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::source::Converted;
use super::rows::Row;
use super::{DataError, Encoding, GoldSpan, Judgement, PathText, QrelsFile, columns, rows, smart};

/// The layout that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// SMART: Cranfield, CACM, MED and the like.
    Smart,
    /// SQuAD's JSON: paragraphs are the documents, or articles in a row; each question is judged for the one that answers it.
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
    /// SQuAD only: join the articles, in their order, into so many documents.
    pub volumes: Option<NonZeroUsize>,
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
    /// Those of documents that are not there.
    pub dangling: usize,
    /// Gold spans.
    pub spans: usize,
}

/// A judgement.
struct Judged {
    query: String,
    document: String,
    grade: i32,
}

/// Rows with the file that they stand in.
struct FromFile {
    path: PathBuf,
    rows: Vec<Row>,
}

/// What a collection holds, as far as it was asked for.
#[derive(Default)]
struct Contents {
    documents: Vec<FromFile>,
    queries: Option<Vec<FromFile>>,
    judged: Option<Vec<Judged>>,
    /// By query.
    spans: Vec<(String, GoldSpan)>,
}

impl Collection {
    /// Writes the collection to the folder `out`, which must be new or empty and appears whole or not at all, with its
    /// judgements as `split`.
    ///
    /// # Errors
    /// Where a file cannot be read as what it should be, an id stands twice, or a query is judged that is not there.
    pub fn convert(&self, out: &Path, split: &str) -> anyhow::Result<Written> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        ensure!(
            split.chars().all(is_plain) && split.starts_with(|c: char| c.is_ascii_alphanumeric()),
            "the split's name `{split}` must be letters, digits, `-`, `_` or `.`: it names a file"
        );
        if out.exists() {
            let mut entries = fs_err::read_dir(out)?;
            ensure!(
                entries.next().is_none(),
                "`{}` is not empty; give `--out` a new path",
                out.display()
            );
        }
        let contents = self.read()?;
        let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let beside = beside.unwrap_or(Path::new("."));
        fs_err::create_dir_all(beside)?;
        let working = tempfile::Builder::new()
            .prefix(".converting-")
            .tempdir_in(beside)?;
        // As open as other folders, unlike the temporary one around it.
        let folder = working.path().join("whole");
        fs_err::create_dir(&folder)?;
        let written = contents.write(&folder, split)?;
        if out.exists() {
            fs_err::remove_dir(out)?;
        }
        fs_err::rename(&folder, out)?;
        Ok(written)
    }

    fn read(&self) -> anyhow::Result<Contents> {
        if self.layout == Layout::Squad {
            ensure!(
                self.queries.is_none()
                    && self.qrels.is_none()
                    && !self.ordinal_queries
                    && self.encoding == Encoding::Utf8,
                "SQuAD's files hold documents, queries and judgements, in UTF-8; give the files and nothing else"
            );
            let into = self
                .volumes
                .map_or(squad::Into::Paragraphs, squad::Into::Volumes);
            return Ok(squad::read(&self.corpus, into)?);
        }
        ensure!(
            self.volumes.is_none(),
            "volumes are joined of SQuAD's articles only"
        );
        let rows = |path: &PathBuf, trec: fn(&Path, Encoding) -> Result<Vec<Row>, DataError>| {
            let read = match self.layout {
                Layout::Smart | Layout::Squad => smart::read,
                Layout::Trec => trec,
                Layout::MsMarco => msmarco::read,
            };
            read(path, self.encoding).map(|rows| FromFile {
                path: path.clone(),
                rows,
            })
        };
        let documents = self.corpus.iter().map(|path| rows(path, sgml::documents));
        let mut contents = Contents {
            documents: documents.collect::<Result<_, _>>()?,
            ..Contents::default()
        };
        if let Some(path) = &self.queries {
            let mut queries = rows(path, sgml::topics)?;
            if self.ordinal_queries {
                for (number, row) in (1_u64..).zip(queries.rows.iter_mut().flatten()) {
                    row.1.insert("id".into(), number.to_string().into());
                }
            }
            contents.queries = Some(vec![queries]);
        }
        contents.judged = self
            .qrels
            .as_ref()
            .map(|file| self.judged(file))
            .transpose()?;
        Ok(contents)
    }

    fn judged(&self, file: &QrelsFile) -> anyhow::Result<Vec<Judged>> {
        if self.layout == Layout::Smart
            && file.grades.is_empty()
            && let Some(judged) = relevant_pairs(&file.path.resolve()?)
        {
            return Ok(judged);
        }
        let of_query = |(query, judgements): (String, Vec<Judgement>)| {
            judgements.into_iter().map(move |one| Judged {
                query: query.clone(),
                document: one.document,
                grade: one.grade,
            })
        };
        Ok(file
            .read()?
            .queries
            .into_iter()
            .flat_map(of_query)
            .collect())
    }
}

impl Contents {
    /// Writes BEIR's files to a folder.
    fn write(self, folder: &Path, split: &str) -> anyhow::Result<Written> {
        let documents = write_rows(&folder.join("corpus.jsonl"), self.documents)?;
        let queries = self
            .queries
            .map(|rows| write_rows(&folder.join("queries.jsonl"), rows));
        let queries = queries.transpose()?;
        let mut written = Written {
            documents: documents.len(),
            queries: queries.as_ref().map_or(0, HashSet::len),
            ..Written::default()
        };
        let Some(judged) = self.judged else {
            return Ok(written);
        };
        fs_err::create_dir(folder.join("qrels"))?;
        let path = folder.join(format!("qrels/{split}.tsv"));
        let mut file = BufWriter::new(fs_err::File::create(path)?);
        writeln!(file, "query-id\tcorpus-id\tscore")?;
        let mut seen = HashSet::new();
        for Judged {
            query,
            document,
            grade,
        } in &judged
        {
            ensure!(
                queries
                    .as_ref()
                    .is_none_or(|queries| queries.contains(query)),
                "query `{query}` is judged and is not among the queries; drop its judgements, or give the queries that belong to them"
            );
            ensure!(
                seen.insert((query, document)),
                "query `{query}` and document `{document}` are judged twice; keep one of the two"
            );
            written.dangling += usize::from(!documents.contains(document));
            writeln!(file, "{query}\t{document}\t{grade}")?;
        }
        file.flush()?;
        written.judgements = judged.len();
        written.spans = self.spans.len();
        if !self.spans.is_empty() {
            write_spans(folder, split, &self.spans)?;
        }
        Ok(written)
    }
}

/// Writes gold spans in the form that [`super::SpansFile`] reads.
fn write_spans(folder: &Path, split: &str, spans: &[(String, GoldSpan)]) -> anyhow::Result<()> {
    fs_err::create_dir(folder.join("spans"))?;
    let path = folder.join(format!("spans/{split}.jsonl"));
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    for (
        query,
        GoldSpan {
            document,
            start,
            end,
            text,
        },
    ) in spans
    {
        let row = json!({ "query": query, "document": document, "start": start, "end": end, "text": text });
        serde_json::to_writer(&mut file, &row)?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

/// SMART's judgements `query document 0 0`, as CACM and CISI have them, all of relevant documents; `None` where the
/// file is of another form.
fn relevant_pairs(path: &Path) -> Option<Vec<Judged>> {
    // What cannot be read is told by who reads the other forms.
    let whole = columns::text(path).ok()?;
    let is_zero = |text: &str| text.parse::<f64>() == Ok(0.0);
    let mut judged = Vec::new();
    for line in whole.lines().filter(|line| !line.trim().is_empty()) {
        let ([query, document, third, fourth], 4) = columns::split(line) else {
            return None;
        };
        // TREC's `query 0 document grade` has its 0 elsewhere.
        if document == "0" || !is_zero(third) || !is_zero(fourth) {
            return None;
        }
        judged.push(Judged {
            query: without_zeros(query).to_owned(),
            document: document.to_owned(),
            grade: 1,
        });
    }
    Some(judged).filter(|judged| !judged.is_empty())
}

/// A number as ids are written: `051` is query 51 elsewhere.
fn without_zeros(number: &str) -> &str {
    match number.trim_start_matches('0') {
        "" => number,
        short => short,
    }
}

/// Judgements at a path, with what their grades count.
pub fn qrels_at(path: &Path, grades: &[(String, i32)]) -> anyhow::Result<QrelsFile> {
    let text = path.to_str().context("the path is not UTF-8")?;
    let mut file = QrelsFile::at(PathText::literal(text));
    file.grades = grades.iter().cloned().collect();
    Ok(file)
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
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
