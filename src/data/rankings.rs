//! The rankings that some system produced: a run, in TREC's meaning of the word.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::pairs::{self, Pairs};
use super::{DataError, Place, columns};

/// A part of the text of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    length: u32,
}

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
    tag: Span,
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
                let rows = lines(path, &text)?;
                (text, rows, true)
            }
            Pairs::Rows(triples) => {
                let (text, rows) = triples_as_rows(path, triples)?;
                (text, rows, false)
            }
        };
        let Some(last) = rows.last() else {
            return Err(DataError::file(path, "holds no result"));
        };
        let stem = || {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let tag = match slice(&text, last.tag) {
            "" => stem(),
            tag => tag.to_owned(),
        };
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
            let mut seen = HashSet::with_capacity(range.len());
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
        let before = &self.text.as_bytes()[..retrieved.document.start];
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
    &text[span.start..span.start + span.length as usize]
}

fn lines(path: &Path, text: &str) -> Result<Vec<Row>, DataError> {
    // The first line tells which format it is, so that a line cut short is not taken for one of the other.
    let is_content = |line: &&str| {
        !matches!(
            line.trim_ascii_start().as_bytes().first(),
            None | Some(b'#')
        )
    };
    let first = text.lines().find(is_content).unwrap_or_default();
    let ms_marco = first.split_ascii_whitespace().count() == 3;
    let span = |part: &str| {
        // A part of `text`, so it lies in it.
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        let length = u32::try_from(part.len()).map_err(|_| "a column is longer than 4 GiB")?;
        Ok::<_, String>(Span { start, length })
    };
    columns::parse(path, text, |_, line| {
        let mut parts = line.split_ascii_whitespace();
        let mut next = || parts.next();
        if ms_marco {
            let (Some(query), Some(document), Some(rank), None) = (next(), next(), next(), next())
            else {
                let count = line.split_ascii_whitespace().count();
                return Err(format!(
                    "{count} columns; expected MS MARCO's `query document rank`, as in the first line"
                ));
            };
            let whole = rank.parse().ok().filter(|rank| *rank > 0);
            let rank: u32 = whole.ok_or_else(|| format!("the rank `{rank}` is not a whole number from 1; {EXPECTED} or MS MARCO's `query document rank`"))?;
            let retrieved = Retrieved {
                document: span(document)?,
                score: -f64::from(rank),
                rank: Some(rank),
            };
            return Ok(Some(Row {
                query: span(query)?,
                retrieved,
                tag: Span {
                    start: 0,
                    length: 0,
                },
            }));
        }
        let (Some(query), Some(_), Some(document), Some(rank), Some(score), Some(tag)) =
            (next(), next(), next(), next(), next(), next())
        else {
            let count = line.split_ascii_whitespace().count();
            return Err(format!("{count} columns; {EXPECTED}"));
        };
        let retrieved = Retrieved {
            document: span(document)?,
            score: parse_score(score)?,
            rank: rank.parse().ok().filter(|rank| *rank > 0),
        };
        Ok(Some(Row {
            query: span(query)?,
            retrieved,
            tag: span(tag)?,
        }))
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
            let start = text.len();
            text.push_str(part);
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            Span { start, length }
        };
        let (query, document) = (keep(&query), keep(&document));
        let score = parse_score(&score)
            .map_err(|message| DataError::at(path, Place::Row(number), message))?;
        let retrieved = Retrieved {
            document,
            score,
            rank: None,
        };
        rows.push(Row {
            query,
            retrieved,
            tag: Span {
                start: 0,
                length: 0,
            },
        });
    }
    Ok((text, rows))
}

/// The rows brought together by query, their order kept inside; queries in the order of their bytes.
fn by_query(text: &str, rows: &[Row]) -> (Vec<Retrieved>, Vec<(Span, Range<usize>)>) {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut firsts: Vec<Span> = Vec::new();
    let mut last: Option<(&str, usize)> = None;
    let of_row: Vec<usize> = rows
        .iter()
        .map(|row| {
            let query = slice(text, row.query);
            if let Some((known, number)) = last
                && known == query
            {
                return number;
            }
            let number = *numbers.entry(query).or_insert_with(|| {
                firsts.push(row.query);
                firsts.len() - 1
            });
            last = Some((query, number));
            number
        })
        .collect();
    let mut order: Vec<usize> = (0..firsts.len()).collect();
    order.sort_unstable_by_key(|number| slice(text, firsts[*number]));
    let mut counts = vec![0; firsts.len()];
    for number in &of_row {
        counts[*number] += 1;
    }
    let (mut starts, mut queries, mut start) = (vec![0; firsts.len()], Vec::new(), 0);
    for number in order {
        starts[number] = start;
        queries.push((firsts[number], start..start + counts[number]));
        start += counts[number];
    }
    let mut retrieved: Vec<Retrieved> = rows.iter().map(|row| row.retrieved).collect();
    for (row, number) in rows.iter().zip(of_row) {
        retrieved[starts[number]] = row.retrieved;
        starts[number] += 1;
    }
    (retrieved, queries)
}
