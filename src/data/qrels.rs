//! Relevance judgements: which document answers which query, and how well.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pairs::{self, Pairs};
use super::{DataError, PathText, Place, columns};

/// A file of judgements: `query document grade` (BEIR, with or without a header) or TREC's `query 0 document grade`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QrelsFile {
    /// The file.
    pub path: PathText,
    /// What each grade of the file counts; a grade that is not listed is an error. As it stands where empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub grades: BTreeMap<String, i32>,
}

/// One judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The document's id.
    pub document: String,
    /// Its grade: positive is relevant, and more is better.
    pub grade: i32,
    /// The line of the file; the row where the format has no lines.
    pub line: u64,
}

/// All judgements of a file, by query.
#[derive(Debug, Default)]
pub struct Qrels {
    /// The file they came from.
    pub path: PathBuf,
    /// The judgements of each query, in the order of the file.
    pub queries: BTreeMap<String, Vec<Judgement>>,
}

/// How the first column of a header line may be called.
const HEADERS: [&str; 6] = ["query-id", "query_id", "qid", "query", "topic", "topic_id"];

impl QrelsFile {
    /// A file whose grades count as they stand.
    pub fn at(path: PathText) -> Self {
        Self {
            path,
            grades: BTreeMap::new(),
        }
    }

    /// Reads the whole file: lines (plain or gzip), JSON (`{"query": {"document": grade}}`) or Parquet (`query_id`,
    /// `doc_id`, `relevance`).
    pub fn read(&self) -> anyhow::Result<Qrels> {
        let path = self.path.resolve()?;
        let mut queries: BTreeMap<String, Vec<Judgement>> = BTreeMap::new();
        let mut place: fn(u64) -> Place = Place::Line;
        match pairs::read(&path, &["relevance", "grade", "score", "rel"])? {
            Pairs::Rows(triples) => {
                place = Place::Row;
                for (row, (query, document, grade)) in (1..).zip(triples) {
                    let grade = self.grade(&grade);
                    let grade =
                        grade.map_err(|message| DataError::at(&path, Place::Row(row), message))?;
                    let judgement = Judgement {
                        document,
                        grade,
                        line: row,
                    };
                    queries.entry(query).or_default().push(judgement);
                }
            }
            Pairs::Lines => {
                let text = columns::text(&path)?;
                let first = text.lines().position(columns::is_content);
                let first = first.map(|place| place as u64 + 1);
                let judged = columns::parse(&path, &text, |number, line| {
                    self.judgement(number, line, Some(number) == first)
                })?;
                let mut judged = judged.into_iter().flatten().peekable();
                while let Some((query, first)) = judged.next() {
                    let judgements = queries.entry(query.to_owned()).or_default();
                    judgements.push(first);
                    while let Some((_, next)) = judged.next_if(|(next, _)| *next == query) {
                        judgements.push(next);
                    }
                }
            }
        }
        if queries.is_empty() {
            return Err(DataError::file(&path, "holds no judgement").into());
        }
        check_documents(&path, &queries, place)?;
        Ok(Qrels { path, queries })
    }

    fn judgement<'t>(
        &self,
        number: u64,
        line: &'t str,
        is_first: bool,
    ) -> Result<Option<(&'t str, Judgement)>, String> {
        let (columns, count) = columns_of(line);
        let (([query, document, grade, _], 3) | ([query, _, document, grade], 4)) =
            (columns, count)
        else {
            let count = line.split_whitespace().count();
            return Err(format!(
                "{count} columns; expected `query document grade` or TREC's `query 0 document grade`"
            ));
        };
        let is_header = HEADERS.contains(&query.to_ascii_lowercase().as_str());
        if is_first && is_header && grade.parse::<i32>().is_err() {
            return Ok(None);
        }
        let grade = self.grade(grade)?;
        let document = document.to_owned();
        Ok(Some((
            query,
            Judgement {
                document,
                grade,
                line: number,
            },
        )))
    }

    fn grade(&self, text: &str) -> Result<i32, String> {
        let code = text
            .parse::<i32>()
            .map_err(|_| format!("the grade `{text}` is not a whole number, such as 0, 1 or 2"))?;
        match self.grades.get(text) {
            Some(&grade) => Ok(grade),
            None if self.grades.is_empty() => Ok(code),
            None => Err(format!(
                "the grade `{text}` is not one of those listed in `grades`"
            )),
        }
    }
}

/// The columns of a line of judgements. Tabs and blanks both separate, but where three columns are separated by tabs, as in
/// BEIR's files, an id may hold blanks; unless they read as TREC's four, whose second is a number.
fn columns_of(line: &str) -> ([&str; 4], usize) {
    let (by_space, count) = columns::split::<4>(line);
    let tabs = line.split('\t').count();
    let is_trec = count == 4 && (tabs != 3 || by_space[1].parse::<i64>().is_ok());
    let by_tab = || line.split('\t').map(str::trim);
    if is_trec || !(3..=4).contains(&tabs) || by_tab().any(str::is_empty) {
        return (by_space, count);
    }
    let mut columns = [""; 4];
    for (column, text) in columns.iter_mut().zip(by_tab()) {
        *column = text;
    }
    (columns, tabs)
}

/// No document is judged twice for one query.
fn check_documents(
    path: &Path,
    queries: &BTreeMap<String, Vec<Judgement>>,
    place: fn(u64) -> Place,
) -> Result<(), DataError> {
    let twice = |(query, judgements): (&String, &Vec<Judgement>)| {
        let mut seen = HashMap::with_capacity_and_hasher(judgements.len(), FixedState::default());
        judgements.iter().find_map(|judgement| {
            let earlier = place(seen.insert(judgement.document.as_str(), judgement.line)?);
            let message = format!(
                "query `{query}` and document `{}` are judged already in {earlier}; keep one of the two",
                judgement.document
            );
            Some((judgement.line, message))
        })
    };
    // The first of the file, whatever its query.
    let first = queries.par_iter().filter_map(twice).min();
    first.map_or(Ok(()), |(line, message)| {
        Err(DataError::at(path, place(line), message))
    })
}

impl Qrels {
    /// The highest grade of all judgements.
    pub fn highest_grade(&self) -> Option<i32> {
        let grades = self
            .queries
            .values()
            .flatten()
            .map(|judgement| judgement.grade);
        grades.max()
    }
}
