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
#[derive(Debug)]
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
        match pairs::read(&path, &["relevance", "grade", "score", "rel"])? {
            Pairs::Rows(triples) => {
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
                let judged =
                    columns::parse(&path, &text, |number, line| self.judgement(number, line))?;
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
        check_documents(&path, &queries)?;
        Ok(Qrels { path, queries })
    }

    fn judgement<'t>(
        &self,
        number: u64,
        line: &'t str,
    ) -> Result<Option<(&'t str, Judgement)>, String> {
        // Ids in columns that tabs separate may hold blanks.
        let tabs = line.split('\t').count();
        let (columns, count) = if (3..=4).contains(&tabs) {
            let mut columns = [""; 4];
            for (column, text) in columns.iter_mut().zip(line.split('\t')) {
                *column = text.trim();
            }
            (columns, tabs)
        } else {
            columns::split(line)
        };
        let (([query, document, grade, _], 3) | ([query, _, document, grade], 4)) =
            (columns, count)
        else {
            let count = line.split_whitespace().count();
            return Err(format!(
                "{count} columns; expected `query document grade` or TREC's `query 0 document grade`"
            ));
        };
        if number == 1 && HEADERS.contains(&query.to_ascii_lowercase().as_str()) {
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

/// No document is judged twice for one query.
fn check_documents(
    path: &Path,
    queries: &BTreeMap<String, Vec<Judgement>>,
) -> Result<(), DataError> {
    let twice = |(query, judgements): (&String, &Vec<Judgement>)| {
        let mut seen = HashMap::with_capacity_and_hasher(judgements.len(), FixedState::default());
        judgements.iter().find_map(|judgement| {
            let earlier = seen.insert(judgement.document.as_str(), judgement.line)?;
            let message = format!(
                "query `{query}` and document `{}` are judged already in line {earlier}; keep one of the two",
                judgement.document
            );
            Some((judgement.line, message))
        })
    };
    // The first of the file, whatever its query.
    let first = queries.par_iter().filter_map(twice).min();
    first.map_or(Ok(()), |(line, message)| {
        Err(DataError::at(path, Place::Line(line), message))
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
