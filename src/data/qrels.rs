//! Relevance judgements: which document answers which query, and how well.

use std::collections::{BTreeMap, HashMap};
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

/// How the first column of a header line may be called.
const HEADERS: [&str; 6] = ["query-id", "query_id", "qid", "query", "topic", "topic_id"];

impl QrelsFile {
    /// Reads the whole file.
    pub fn read(&self) -> anyhow::Result<Qrels> {
        let path = self.path.resolve()?;
        let mut queries: BTreeMap<String, Vec<Judgement>> = BTreeMap::new();
        let mut seen: HashMap<(String, String), u64> = HashMap::new();
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
            if number == 1 && HEADERS.contains(&query.to_ascii_lowercase().as_str()) {
                continue;
            }
            let Ok(code) = grade.parse::<i32>() else {
                return Err(fault(format!(
                    "the grade `{grade}` is not a whole number, such as 0, 1 or 2"
                ))
                .into());
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
            if let Some(earlier) = seen.insert((query.to_owned(), document.to_owned()), number) {
                let message = format!(
                    "query `{query}` and document `{document}` are judged already in line {earlier}; keep one of the two"
                );
                return Err(fault(message).into());
            }
            let judgement = Judgement {
                document: document.to_owned(),
                grade,
                line: number,
            };
            queries.entry(query.to_owned()).or_default().push(judgement);
        }
        if queries.is_empty() {
            return Err(DataError::file(&path, "holds no judgement").into());
        }
        Ok(Qrels { path, queries })
    }
}
