//! Relevance judgements: which document answers which query, and how well.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::rows::Lines;
use super::{DataError, Encoding, PathText, Place};

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
    /// The line of the file.
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

impl QrelsFile {
    /// Reads the whole file.
    pub fn read(&self) -> anyhow::Result<Qrels> {
        let path = self.path.resolve()?;
        let mut queries: BTreeMap<String, Vec<Judgement>> = BTreeMap::new();
        for line in Lines::open(&path, Encoding::Utf8)? {
            let (number, line) = line?;
            let fault = |message: String| DataError::at(&path, Place::Line(number), message);
            let columns: Vec<&str> = if line.contains('\t') {
                line.split('\t').map(str::trim).collect()
            } else {
                line.split_whitespace().collect()
            };
            let (query, document, grade) = match *columns.as_slice() {
                [] | [""] => continue,
                [query, document, grade] | [query, _, document, grade] => (query, document, grade),
                _ => {
                    return Err(fault(format!(
                        "{} columns; expected `query document grade` or TREC's `query 0 document grade`",
                        columns.len()
                    ))
                    .into());
                }
            };
            let Ok(code) = grade.parse::<i32>() else {
                if number == 1 {
                    continue; // BEIR's header.
                }
                return Err(fault(format!("the grade `{grade}` is not a whole number")).into());
            };
            let grade = match self.grades.get(grade) {
                Some(&grade) => grade,
                None if self.grades.is_empty() => code,
                None => {
                    return Err(fault(format!(
                        "the grade `{grade}` is not one of those listed in `grades`"
                    ))
                    .into());
                }
            };
            let judged = queries.entry(query.to_owned()).or_default();
            if let Some(earlier) = judged
                .iter()
                .find(|judgement| judgement.document == document)
            {
                return Err(fault(format!(
                    "query `{query}` and document `{document}` are judged already in line {}; keep one of the two",
                    earlier.line
                ))
                .into());
            }
            judged.push(Judgement {
                document: document.to_owned(),
                grade,
                line: number,
            });
        }
        if queries.is_empty() {
            return Err(DataError::file(&path, "holds no judgement").into());
        }
        Ok(Qrels { path, queries })
    }
}
