//! Gold answers as stretches of documents: what an answer rests on, whatever the documents are cut into.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DataError, Fields, Format, Judgement, PathText, Place, Qrels, Table};

/// A stretch of a document that answers a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GoldSpan {
    /// The document.
    pub document: String,
    /// Its first character, counted in Unicode code points of the document's text from 0.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// What stands there; checked against the document where it is given.
    pub text: Option<String>,
}

/// A file of gold spans: rows with `query`, `document`, `start`, `end` and, for a check, `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpansFile {
    /// The file.
    pub path: PathText,
    /// Its format; told from the file's ending where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// The gold spans of each query.
#[derive(Debug, Default)]
pub struct Spans {
    /// The file.
    pub path: PathBuf,
    /// By query, in the order of the file, with the place where its first stands.
    pub queries: BTreeMap<String, (Place, Vec<GoldSpan>)>,
}

impl Spans {
    /// The judgements that they come to: the document of a gold span is relevant.
    pub(super) fn judgements(&self) -> Qrels {
        let relevant = |(place, spans): &(Place, Vec<GoldSpan>)| {
            let documents: BTreeSet<&String> = spans.iter().map(|span| &span.document).collect();
            let judgement = |document: &String| Judgement {
                document: document.clone(),
                grade: 1,
                line: place.number(),
            };
            documents.into_iter().map(judgement).collect()
        };
        Qrels {
            path: self.path.clone(),
            queries: self
                .queries
                .iter()
                .map(|(query, spans)| (query.clone(), relevant(spans)))
                .collect(),
        }
    }
}

impl SpansFile {
    /// A file at `path`.
    pub fn at(path: PathText) -> Self {
        Self { path, format: None }
    }

    /// Reads the whole file.
    pub fn read(&self) -> anyhow::Result<Spans> {
        let path = self.path.resolve()?;
        let columns = ["query", "document", "start", "end", "text"];
        let table = Table {
            format: self.format,
            fields: Fields::keeping(&columns),
            ..Table::at(self.path.clone())
        };
        let mut spans = Spans::default();
        for row in table.rows(&path)? {
            let (place, row) = row?;
            let (query, span) = span(&row).map_err(|reason| DataError::at(&path, place, reason))?;
            spans
                .queries
                .entry(query)
                .or_insert((place, Vec::new()))
                .1
                .push(span);
        }
        spans.path = path;
        Ok(spans)
    }
}

fn span(row: &Map<String, Value>) -> Result<(String, GoldSpan), String> {
    let text = |name: &str| match row.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("a gold span needs a `{name}`")),
    };
    let number = |name: &str| {
        let number = text(name)?.parse::<usize>();
        number.map_err(|_| format!("`{name}` must be a whole number of characters from 0"))
    };
    let span = GoldSpan {
        document: text("document")?,
        start: number("start")?,
        end: number("end")?,
        text: row
            .get("text")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
    };
    if span.end <= span.start {
        return Err(format!(
            "the span from {} to {} holds no character",
            span.start, span.end
        ));
    }
    if let Some(text) = &span.text
        && text.chars().count() != span.end - span.start
    {
        return Err(format!(
            "the span from {} to {} is {} characters long, its `text` {}; count Unicode code points",
            span.start,
            span.end,
            span.end - span.start,
            text.chars().count()
        ));
    }
    Ok((text("query")?, span))
}
