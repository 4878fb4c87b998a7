//! The rankings that some system produced: a run, in TREC's meaning of the word.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::pairs::{self, Pairs};
use super::{DataError, Place, columns};

/// A part of the text of a run. Offsets of 32 bits halve the memory that a large run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// The longest text whose parts a [`Span`] can name.
const LONGEST: usize = u32::MAX as usize;

/// One retrieved document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retrieved {
    document: Span,
    /// How strongly; more is better. Never NaN.
    pub score: f64,
    /// What the rank column says, where it holds a whole number from 1.
    pub rank: Option<u32>,
}

/// A run: what was retrieved for each query.
#[derive(Debug)]
pub struct Rankings {
    /// The file that it came from.
    pub path: PathBuf,
    /// Its tag, as the last line of the file has it; the file's name where the format has none.
    pub tag: String,
    text: String,
    has_lines: bool,
    retrieved: Vec<Retrieved>,
    queries: Vec<(Span, Range<usize>)>,
}

/// A row of a run before the rows of a query are brought together.
struct Row {
    query: Span,
    retrieved: Retrieved,
}

const EXPECTED: &str = "expected TREC's `query Q0 document rank score tag`";

impl Rankings {
    /// Reads a run: TREC's six columns, MS MARCO's three (`query document rank`), each plain or gzip, JSON
    /// (`{"query": {"document": score}}`) or Parquet (`query_id`, `doc_id`, `score`). `-` is standard input.
    ///
    /// # Errors
    /// A line of another form, a score that is no number or NaN, no row at all, a document that stands twice under one
    /// query. Each names the line.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let (text, rows, has_lines) = match pairs::read(path, &["score", "sim", "relevance"])? {
            Pairs::Lines => {
                let text = columns::text(path)?;
                check_length(path, &text)?;
                let rows = lines(path, &text)?;
                (text, rows, true)
            }
            Pairs::Rows(triples) => {
                let (text, rows) = triples_as_rows(path, triples)?;
                (text, vec![rows], false)
            }
        };
        if rows.iter().all(Vec::is_empty) {
            return Err(DataError::file(path, "holds no result"));
        }
        let tag = has_lines.then(|| tag(&text)).flatten().map_or_else(
            || {
                path.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            },
            str::to_owned,
        );
        let (retrieved, queries) = by_query(&text, &rows);
        drop(rows);
        let rankings = Self {
            path: path.to_owned(),
            tag,
            text,
            has_lines,
            retrieved,
            queries,
        };
        rankings.check_documents()?;
        Ok(rankings)
    }

    /// No document stands twice under one query.
    fn check_documents(&self) -> Result<(), DataError> {
        let twice = |(query, range): &(Span, Range<usize>)| {
            let mut seen = HashSet::with_capacity_and_hasher(range.len(), FixedState::default());
            let documents = &self.retrieved[range.clone()];
            let again = documents
                .iter()
                .find(|retrieved| !seen.insert(self.document(retrieved)))?;
            Some((slice(&self.text, *query), again))
        };
        match self.queries.par_iter().find_map_first(twice) {
            None => Ok(()),
            Some((query, again)) => {
                let document = self.document(again);
                Err(self.fault(again, format!("document `{document}` stands twice under query `{query}`; keep one of the two")))
            }
        }
    }

    /// The ids of the queries with what was retrieved for each in the order of the file; queries in the order of
    /// their bytes.
    pub fn queries(&self) -> impl Iterator<Item = (&str, &[Retrieved])> {
        let query = |(query, range): &(Span, Range<usize>)| {
            (slice(&self.text, *query), &self.retrieved[range.clone()])
        };
        self.queries.iter().map(query)
    }

    /// What was retrieved for a query, in the order of the file.
    pub fn of(&self, query: &str) -> Option<&[Retrieved]> {
        let place = self
            .queries
            .binary_search_by(|(span, _)| slice(&self.text, *span).cmp(query));
        Some(&self.retrieved[self.queries[place.ok()?].1.clone()])
    }

    /// The id of a retrieved document.
    pub fn document(&self, retrieved: &Retrieved) -> &str {
        slice(&self.text, retrieved.document)
    }

    /// An error about one retrieved document.
    pub fn fault(&self, retrieved: &Retrieved, message: impl Into<String>) -> DataError {
        let before = &self.text.as_bytes()[..retrieved.document.start as usize];
        DataError {
            path: self.path.clone(),
            place: self
                .has_lines
                .then(|| Place::Line(columns::line_number(before))),
            message: message.into(),
        }
    }
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "texts are no longer than `LONGEST`"
)]
fn span_at(start: usize, part: &str) -> Span {
    Span {
        start: start as u32,
        end: (start + part.len()) as u32,
    }
}

fn check_length(path: &Path, text: &str) -> Result<(), DataError> {
    if text.len() > LONGEST {
        let message = "holds more than 4 GiB of text; score it in parts, by query";
        return Err(DataError::file(path, message));
    }
    Ok(())
}

/// The run's tag: the sixth column of the last line.
fn tag(text: &str) -> Option<&str> {
    let last = text.lines().rfind(|line| columns::is_content(line))?;
    last.split_ascii_whitespace().nth(5)
}

fn lines(path: &Path, text: &str) -> Result<Vec<Vec<Row>>, DataError> {
    // The first line tells which format it is, so that a line cut short is not taken for one of the other.
    let first = text
        .lines()
        .find(|line| columns::is_content(line))
        .unwrap_or_default();
    let ms_marco = columns::split::<3>(first).1 == 3;
    let span = |part: &str| {
        // A part of `text`, which is no longer than `LONGEST`.
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        span_at(start, part)
    };
    let trec = |line: &str| {
        let ([query, _, document, rank, score, _], count) = columns::split(line);
        if count < 6 {
            return Err(format!("{count} columns; {EXPECTED}"));
        }
        let retrieved = Retrieved {
            document: span(document),
            score: parse_score(score)?,
            rank: rank.parse().ok().filter(|rank| *rank > 0),
        };
        let query = span(query);
        Ok(Some(Row { query, retrieved }))
    };
    let by_rank = |line: &str| {
        let ([query, document, rank], count) = columns::split(line);
        if count != 3 {
            return Err(format!(
                "{count} columns; expected MS MARCO's `query document rank`, as in the first line"
            ));
        }
        let whole = rank.parse().ok().filter(|rank| *rank > 0);
        let rank: u32 = whole.ok_or_else(|| format!("the rank `{rank}` is not a whole number from 1; {EXPECTED} or MS MARCO's `query document rank`"))?;
        let retrieved = Retrieved {
            document: span(document),
            score: -f64::from(rank),
            rank: Some(rank),
        };
        let query = span(query);
        Ok(Some(Row { query, retrieved }))
    };
    columns::parse(path, text, |_, line| {
        if ms_marco { by_rank(line) } else { trec(line) }
    })
}

fn parse_score(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(score) if score.is_nan() => {
            Err("the score is NaN, which cannot be ranked; mend or drop the line".into())
        }
        Ok(score) => Ok(score),
        Err(_) => Err(format!("the score `{text}` is not a number; {EXPECTED}")),
    }
}

fn triples_as_rows(
    path: &Path,
    triples: Vec<pairs::Triple>,
) -> Result<(String, Vec<Row>), DataError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for (number, (query, document, score)) in (1..).zip(triples) {
        let mut keep = |part: &str| {
            text.push_str(part);
            check_length(path, &text)?;
            Ok(span_at(text.len() - part.len(), part))
        };
        let (query, document) = (keep(&query)?, keep(&document)?);
        let score = parse_score(&score)
            .map_err(|message| DataError::at(path, Place::Row(number), message))?;
        let retrieved = Retrieved {
            document,
            score,
            rank: None,
        };
        rows.push(Row { query, retrieved });
    }
    Ok((text, rows))
}

/// The rows brought together by query, their order kept inside; queries in the order of their bytes.
fn by_query(text: &str, rows: &[Vec<Row>]) -> (Vec<Retrieved>, Vec<(Span, Range<usize>)>) {
    let query = |row: &Row| slice(text, row.query);
    let together = |a: &Row, b: &Row| query(a) == query(b);
    let stretches = rows.iter().flat_map(|part| part.chunk_by(together));
    let mut stretches: Vec<&[Row]> = stretches.collect();
    stretches.sort_by_key(|stretch| query(&stretch[0]));
    let count = rows.iter().map(Vec::len).sum();
    let (mut retrieved, mut queries) = (Vec::with_capacity(count), Vec::new());
    for of_query in stretches.chunk_by(|a, b| query(&a[0]) == query(&b[0])) {
        let start = retrieved.len();
        let rows = of_query.iter().copied().flatten();
        retrieved.extend(rows.map(|row| row.retrieved));
        queries.push((of_query[0][0].query, start..retrieved.len()));
    }
    (retrieved, queries)
}
