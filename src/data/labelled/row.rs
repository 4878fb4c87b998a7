//! From a row of a table to a labelled answer.

use std::path::Path;

use serde_json::{Map, Value};

use super::Labelled;
use crate::data::record::{id_text, plain};
use crate::data::recorded::passages;
use crate::data::rows::kind;
use crate::data::{DataError, Digest, Metadata, Passage, Place, Table};

/// The metadata field that names the set.
pub(super) const SET: &str = "set";

const ID: [&str; 2] = ["id", "_id"];
const QUESTION: [&str; 2] = ["question", "user_input"];
const ANSWER: [&str; 3] = ["answer", "response", "claim"];
const CONTEXTS: [&str; 6] = [
    "contexts",
    "context",
    "evidence",
    "knowledge",
    "retrieved_contexts",
    "doc",
];
const LABEL: [&str; 3] = ["supported", "label", "faithful"];

const SUPPORTED: [&str; 6] = ["true", "1", "yes", "supported", "faithful", "entailment"];
const UNSUPPORTED: [&str; 8] = [
    "false",
    "0",
    "no",
    "unsupported",
    "unfaithful",
    "hallucination",
    "contradiction",
    "neutral",
];

/// What a row lacks, so that it cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum Missing {
    /// People's label.
    Label,
    /// The answer.
    Answer,
    /// A context with a text.
    Contexts,
}

/// What a row says, or what it lacks.
type Said = Result<Labelled, Missing>;

/// The rows of a table, one after the other.
pub(super) fn rows(
    table: &Table,
    path: &Path,
) -> Result<impl Iterator<Item = Result<(Place, Said), DataError>>, DataError> {
    let path = path.to_owned();
    let numbered = (1_u64..).zip(table.whole_rows(&path)?);
    Ok(numbered.map(move |(number, row)| {
        let (place, columns) = row?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let said = Row(&columns).said(number, &stem);
        let said = said.map_err(|message| DataError::at(&path, place, message))?;
        Ok((place, said))
    }))
}

/// The columns of a row.
struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    fn said(&self, number: u64, stem: &str) -> Result<Said, String> {
        let id = match self.first(&ID) {
            Some((_, value)) => id_text(value)?,
            None => number.to_string(),
        };
        let (label, answer, contexts) = (
            self.column(&LABEL, "people's label")?,
            self.column(&ANSWER, "the answer")?,
            self.column(&CONTEXTS, "what the answer should rest on")?,
        );
        let Some(supported) = supported(label)? else {
            return Ok(Err(Missing::Label));
        };
        let Some(answer) = text(answer)? else {
            return Ok(Err(Missing::Answer));
        };
        let contexts = self::contexts(contexts)?;
        if contexts.is_empty() {
            return Ok(Err(Missing::Contexts));
        }
        let question = self.first(&QUESTION).map(text).transpose()?.flatten();
        let mut metadata = self.metadata(stem);
        let document = metadata.entry("document".to_owned());
        document.or_insert_with(|| document_of(&contexts));
        Ok(Ok(Labelled {
            id,
            question: question.unwrap_or_default(),
            answer,
            contexts,
            supported,
            metadata,
        }))
    }

    /// The first of these columns that the row has.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        let found = names
            .iter()
            .map(|name| self.0.get(*name).map(|value| (*name, value)));
        found.flatten().next()
    }

    fn column(
        &self,
        names: &[&'static str],
        what: &str,
    ) -> Result<(&'static str, &'a Value), String> {
        let missing = || {
            format!(
                "no column `{}` (or {}) for {what}; the columns are {}",
                names[0],
                quoted(names[1..].iter().copied()),
                quoted(self.0.keys().map(String::as_str))
            )
        };
        self.first(names).ok_or_else(missing)
    }

    /// Every column that is none of those above, as text; what is null or blank says nothing.
    fn metadata(&self, stem: &str) -> Metadata {
        let names: [&[&'static str]; 5] = [&ID, &QUESTION, &ANSWER, &CONTEXTS, &LABEL];
        let taken: Vec<&str> = names
            .into_iter()
            .filter_map(|names| self.first(names))
            .map(|(name, _)| name)
            .collect();
        let mut metadata = Metadata::from([(SET.to_owned(), stem.to_owned())]);
        let nested = self.0.get("metadata").and_then(Value::as_object);
        let columns = self.0.iter().filter(|(name, value)| {
            !taken.contains(&name.as_str()) && (name.as_str() != "metadata" || !value.is_object())
        });
        let told = nested.into_iter().flatten().chain(columns);
        for (name, value) in told.filter(|(_, value)| !value.is_null()) {
            let value = plain(value);
            if !value.trim().is_empty() {
                metadata.insert(name.clone(), value);
            }
        }
        metadata
    }
}

/// The label; `None` where the cell says nothing.
fn supported((name, value): (&str, &Value)) -> Result<Option<bool>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::Bool(supported) => return Ok(Some(*supported)),
        Value::String(text) => text.trim().to_lowercase(),
        // As Python's tables have it where a cell of the column is empty.
        Value::Number(number) if number.as_f64() == Some(1.0) => "1".to_owned(),
        Value::Number(number) if number.as_f64() == Some(0.0) => "0".to_owned(),
        other => other.to_string(),
    };
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text.is_empty() {
        return Ok(None);
    }
    let is_among = |known: &[&str]| known.contains(&text);
    if is_among(&SUPPORTED) || is_among(&UNSUPPORTED) {
        return Ok(Some(is_among(&SUPPORTED)));
    }
    Err(format!(
        "`{name}` is {value}, which is no label; write {} for what the contexts support, and {} for what they do not",
        quoted(SUPPORTED),
        quoted(UNSUPPORTED)
    ))
}

/// A text; `None` where the cell says nothing.
fn text((name, value): (&str, &Value)) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(format!("`{name}` must be text, found {}", kind(other))),
    }
}

/// The contexts that hold a text.
fn contexts((name, value): (&str, &Value)) -> Result<Vec<Passage>, String> {
    let listed = |items: &[Value]| passages(items).map_err(|fault| format!("`{name}`: {fault}"));
    let passages = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => listed(items)?,
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => listed(&items)?,
            // A text may begin with a bracket, or be a number, and is no list for that.
            _ => vec![Passage {
                text: text.clone(),
                ..Passage::default()
            }],
        },
        other => {
            return Err(format!(
                "`{name}` must be one text, or a list of texts or of objects, found {}",
                kind(other)
            ));
        }
    };
    let has_text = |passage: &Passage| !passage.text.trim().is_empty();
    Ok(passages.into_iter().filter(has_text).collect())
}

/// A name for what an answer rests on: the same for the same letters and digits, whatever stands between them and in whatever case, so that one
/// text that two collections hold is one document.
pub(in crate::data) fn document_of(contexts: &[Passage]) -> String {
    let texts = contexts.iter().map(|passage| passage.text.to_lowercase());
    let digest = texts.fold(Digest::default(), |digest, text| {
        let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        digest.with("text", plain)
    });
    digest.finish()[..12].to_owned()
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names = names.into_iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}
