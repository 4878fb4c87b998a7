//! Test collections in other layouts, written in BEIR's: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`, and beside them
//! `spans/SPLIT.jsonl` where answers are stretches of documents, `answers.jsonl` where gold answers are known, and `outputs.jsonl` where the
//! collection holds what systems answered. A collection of labelled answers has none of these, but `labelled.jsonl`.

mod begin;
mod expertqa;
mod faithdial;
mod halueval;
mod labelled;
mod layout;
mod msmarco;
mod pubmedqa;
mod ragchecker;
mod scifact;
mod scifact_claims;
mod sgml;
mod source;
mod squad;
mod write;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::{Map, Value};

pub use self::layout::Layout;
pub use self::source::Converted;
use super::rows::Row;
use super::{
    DataError, Encoding, GoldAnswer, GoldSpan, Judgement, Labelled, LeftOut, PathText, Place,
    QrelsFile, Recorded, columns, rows, smart,
};

/// Where a collection lies.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its layout.
    pub layout: Layout,
    /// The files of its documents; for SQuAD, PubMedQA, RAGChecker and labelled answers those of everything.
    pub corpus: Vec<PathBuf>,
    /// The file of its queries; for SciFact that of its claims.
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
    /// Queries whose gold spans have no place in the documents, and are left out.
    pub unplaced: usize,
    /// Queries whose answer is known, or that there is none.
    pub answers: usize,
    /// Recorded outputs of systems.
    pub outputs: usize,
    /// Labelled answers; where there are any, there is nothing else.
    pub labelled: usize,
    /// Those of them that are supported.
    pub supported: usize,
    /// Rows that are no labelled answer.
    pub left_out: LeftOut,
}

impl fmt::Display for Written {
    /// One line; of what there need not be, only what there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            documents,
            queries,
            judgements,
            ..
        } = self;
        if self.labelled > 0 {
            let (labelled, supported) = (self.labelled, self.supported);
            write!(
                f,
                "{labelled} labelled answers, {supported} of them supported"
            )?;
            if self.left_out.rows() > 0 {
                write!(f, " (left out: {})", self.left_out)?;
            }
            return Ok(());
        }
        write!(
            f,
            "{documents} documents, {queries} queries, {judgements} judgements"
        )?;
        if self.dangling > 0 {
            write!(f, " ({} of documents that are not there)", self.dangling)?;
        }
        if self.spans > 0 {
            write!(f, ", {} gold spans", self.spans)?;
        }
        if self.unplaced > 0 {
            write!(f, " (those of {} queries have no place)", self.unplaced)?;
        }
        if self.answers > 0 {
            write!(f, ", {} gold answers", self.answers)?;
        }
        if self.outputs > 0 {
            write!(f, ", {} recorded outputs", self.outputs)?;
        }
        Ok(())
    }
}

/// A judgement.
struct Judged {
    query: String,
    document: String,
    grade: i32,
}

/// Reads a file of rows.
type Reader = fn(&Path, Encoding) -> Result<Vec<Row>, DataError>;

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
    /// How many queries' spans have no place.
    unplaced: usize,
    /// By query.
    answers: Vec<(String, GoldAnswer)>,
    outputs: Vec<Recorded>,
    labelled: Vec<Labelled>,
    left_out: LeftOut,
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
        if self.layout.is_labelled() && contents.labelled.is_empty() {
            return Err(contents.unlabelled(&self.corpus[0]).into());
        }
        let beside = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let beside = beside.unwrap_or(Path::new("."));
        fs_err::create_dir_all(beside)?;
        let working = tempfile::Builder::new()
            .prefix(".converting-")
            .tempdir_in(beside)?;
        // As open as other folders, unlike the temporary one around it.
        let folder = working.path().join("whole");
        fs_err::create_dir(&folder)?;
        let written = if self.layout.is_labelled() {
            contents.write_labelled(&folder)?
        } else {
            contents.write(&folder, split)?
        };
        if out.exists() {
            fs_err::remove_dir(out)?;
        }
        fs_err::rename(&folder, out)?;
        Ok(written)
    }

    fn read(&self) -> anyhow::Result<Contents> {
        ensure!(
            self.volumes.is_none() || self.layout == Layout::Squad,
            "volumes are joined of SQuAD's articles only"
        );
        match self.layout {
            Layout::Squad => {
                self.check_alone("SQuAD's files hold documents, queries and judgements")?;
                let into = self
                    .volumes
                    .map_or(squad::Into::Paragraphs, squad::Into::Volumes);
                Ok(squad::read(&self.corpus, into)?)
            }
            Layout::PubMedQa => {
                self.check_alone("PubMedQA's files hold documents, queries and judgements")?;
                Ok(pubmedqa::read(&self.corpus)?)
            }
            Layout::RagChecker => {
                self.check_alone("RAGChecker's files hold queries and what systems answered")?;
                Ok(ragchecker::read(&self.corpus)?)
            }
            Layout::Begin | Layout::FaithDial | Layout::HaluEval | Layout::ExpertQa => {
                self.check_alone("the files of labelled answers hold everything")?;
                let read = match self.layout {
                    Layout::Begin => begin::read,
                    Layout::FaithDial => faithdial::read,
                    Layout::HaluEval => halueval::read,
                    _ => expertqa::read,
                };
                Ok(read(&self.corpus)?)
            }
            Layout::SciFact | Layout::SciFactClaims => {
                let claims = self.queries.as_ref().context(
                    "SciFact's claims are its queries; give `claims_validation.csv` or `claims_train.csv` as `queries` (`--queries`)",
                )?;
                ensure!(
                    self.qrels.is_none()
                        && !self.ordinal_queries
                        && self.encoding == Encoding::Utf8,
                    "SciFact's claims hold their ids and judgements, in UTF-8; give the corpus and the claims and nothing else"
                );
                let read = match self.layout {
                    Layout::SciFact => scifact::read,
                    _ => scifact_claims::read,
                };
                read(&self.corpus, claims)
            }
            Layout::Smart => self.read_parts(smart::read, smart::read),
            Layout::Trec => self.read_parts(sgml::documents, sgml::topics),
            Layout::MsMarco => self.read_parts(msmarco::read, msmarco::read),
        }
    }

    /// Nothing is given but the files that hold everything.
    fn check_alone(&self, what: &str) -> anyhow::Result<()> {
        ensure!(
            self.queries.is_none()
                && self.qrels.is_none()
                && !self.ordinal_queries
                && self.encoding == Encoding::Utf8,
            "{what}, in UTF-8; give the files and nothing else"
        );
        Ok(())
    }

    /// Reads a collection whose documents, queries and judgements are in files of their own.
    fn read_parts(&self, documents: Reader, queries: Reader) -> anyhow::Result<Contents> {
        let rows = |path: &PathBuf, read: Reader| {
            read(path, self.encoding).map(|rows| FromFile {
                path: path.clone(),
                rows,
            })
        };
        let documents = self.corpus.iter().map(|path| rows(path, documents));
        let mut contents = Contents {
            documents: documents.collect::<Result<_, _>>()?,
            ..Contents::default()
        };
        if let Some(path) = &self.queries {
            let mut queries = rows(path, queries)?;
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
    let mut file = QrelsFile::at(path_text(path)?);
    file.grades = grades.iter().cloned().collect();
    Ok(file)
}

fn path_text(path: &Path) -> anyhow::Result<PathText> {
    let text = path.to_str().context("the path is not UTF-8")?;
    Ok(PathText::literal(text))
}

/// A row of these columns.
fn row<const N: usize>(columns: [(&str, Value); N]) -> Map<String, Value> {
    columns
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Adds a row behind the others.
fn push(rows: &mut Vec<Row>, columns: Map<String, Value>) {
    rows.push(Ok((Place::Row(rows.len() as u64 + 1), columns)));
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
