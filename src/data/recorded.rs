//! Recorded outputs: what another system retrieved and answered, to be scored without running it.

use std::collections::HashMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::id_text;
use super::rows::kind;
use super::{DataError, Fields, Format, PathText, Place, Table};

/// A file of recorded outputs: a row for each query that a system was asked.
///
/// | column | other names | holds |
/// |---|---|---|
/// | `query_id` | `_id`, `id` | the query |
/// | `answer` | `response` | the answer in words |
/// | `contexts` | `retrieved_contexts` | what was retrieved, best first: texts, or objects with `text` and, as far as known, `id`, `title` and `score` |
/// | `variant` | | the system's name; that of the file without its ending where absent |
/// | `tokens_in`, `tokens_out` | | tokens of its prompts and completions |
/// | `cost_usd`, `latency_ms` | | what the answer cost, and how long it took |
/// | `error` | | why there is no answer |
///
/// Other columns are passed over, such as ragas' `user_input` and `reference`. In a table of texts alone (CSV) a list is written as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFile {
    /// The file.
    pub path: PathText,
    /// Its format; told from the file's ending where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// The recorded outputs of a file, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Recordings {
    /// The file.
    pub path: PathBuf,
    /// Its rows with the place of each; no variant answers a query twice.
    pub outputs: Vec<(Place, Recorded)>,
}

/// What a system produced for one query.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Recorded {
    /// The query's id.
    pub query_id: String,
    /// The system's name.
    pub variant: String,
    /// The answer in words, which may be empty; absent where the system gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What it retrieved, best first.
    pub contexts: Vec<Passage>,
    /// Tokens of its prompts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u64>,
    /// Tokens of its completions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u64>,
    /// What it cost, 0 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How long it took, 0 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A text that a system retrieved.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Passage {
    /// Its id, where it is known: that of a document or of a passage of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its title, empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Its text.
    pub text: String,
    /// How well it matched; more is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

const COLUMNS: [&str; 13] = [
    "query_id",
    "_id",
    "id",
    "answer",
    "response",
    "contexts",
    "retrieved_contexts",
    "variant",
    "tokens_in",
    "tokens_out",
    "cost_usd",
    "latency_ms",
    "error",
];

impl RecordedFile {
    /// A file at `path`.
    pub fn at(path: PathText) -> Self {
        Self { path, format: None }
    }

    /// Reads the whole file. Whether there are such queries is not looked at.
    ///
    /// # Errors
    /// With file and line, where a column holds what it should not, a row says nothing, or a variant answers a query twice; and where
    /// the file holds no row.
    pub fn read(&self) -> anyhow::Result<Recordings> {
        let path = self.path.resolve()?;
        let table = Table {
            format: self.format,
            fields: Fields::keeping(&COLUMNS),
            ..Table::at(self.path.clone())
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut outputs: Vec<(Place, Recorded)> = Vec::new();
        let mut seen = HashMap::new();
        for row in table.rows(&path)? {
            let (place, row) = row?;
            let fault = |reason: String| DataError::at(&path, place, reason);
            let output = Columns(&row).output(&stem).map_err(fault)?;
            let key = (output.variant.clone(), output.query_id.clone());
            if let Some(earlier) = seen.insert(key, place) {
                let message = format!(
                    "`{}` answers query `{}` already in {earlier}; keep one of the two, or name their systems apart in `variant`",
                    output.variant, output.query_id
                );
                return Err(fault(message).into());
            }
            outputs.push((place, output));
        }
        if outputs.is_empty() {
            return Err(DataError::file(&path, "holds no output").into());
        }
        Ok(Recordings { path, outputs })
    }
}

impl Recordings {
    /// The names of the systems, in the order in which they first come.
    pub fn variants(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, output) in &self.outputs {
            if !names.contains(&output.variant.as_str()) {
                names.push(&output.variant);
            }
        }
        names
    }
}

/// The columns of a row. A cell that is null or, in a table of texts alone, blank says nothing.
struct Columns<'a>(&'a Map<String, Value>);

impl<'a> Columns<'a> {
    fn output(&self, stem: &str) -> Result<Recorded, String> {
        let id = self.first(&["query_id", "_id", "id"]);
        let id =
            id.ok_or("no column `query_id` (or `_id` or `id`) for the query that was asked")?;
        let error = self.text(&["error"])?.filter(|error| !error.is_empty());
        // A table of texts alone cannot leave a cell out.
        let is_given = |answer: &String| error.is_none() || !answer.is_empty();
        let output = Recorded {
            query_id: id_text(id)?,
            variant: self.text(&["variant"])?.unwrap_or_else(|| stem.into()),
            answer: self.text(&["answer", "response"])?.filter(is_given),
            contexts: self.contexts()?,
            tokens_in: self.count("tokens_in")?,
            tokens_out: self.count("tokens_out")?,
            cost_usd: self.amount("cost_usd")?,
            latency_ms: self.amount("latency_ms")?,
            error,
        };
        if output.variant.trim().is_empty() {
            return Err("`variant` is empty; name the system or drop the column".to_owned());
        }
        if output.answer.is_none() && output.contexts.is_empty() && output.error.is_none() {
            return Err(
                "the row has no `answer` (or `response`), no `contexts` (or `retrieved_contexts`) and no `error`"
                    .to_owned(),
            );
        }
        Ok(output)
    }

    fn first(&self, names: &[&str]) -> Option<&'a Value> {
        let values = names.iter().filter_map(|name| self.0.get(*name));
        values.into_iter().find(|value| !value.is_null())
    }

    fn text(&self, names: &[&str]) -> Result<Option<String>, String> {
        match self.first(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!(
                "`{}` must be text, found {}",
                names[0],
                kind(other)
            )),
        }
    }

    fn count(&self, name: &str) -> Result<Option<u64>, String> {
        let number = self.number(name)?;
        let whole = |number: serde_json::Number| {
            let fault = || format!("`{name}` must be a whole number from 0, found {number}");
            number.as_u64().ok_or_else(fault)
        };
        number.map(whole).transpose()
    }

    fn amount(&self, name: &str) -> Result<Option<f64>, String> {
        let number = self.number(name)?;
        let amount = |number: serde_json::Number| {
            let fault = || format!("`{name}` must be a number from 0, found {number}");
            number
                .as_f64()
                .filter(|number| *number >= 0.0)
                .ok_or_else(fault)
        };
        number.map(amount).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<serde_json::Number>, String> {
        match self.first(&[name]) {
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => match serde_json::from_str(text.trim()) {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("`{name}` must be a number, found `{text}`")),
            },
            None => Ok(None),
            Some(other) => Err(format!("`{name}` must be a number, found {}", kind(other))),
        }
    }

    fn contexts(&self) -> Result<Vec<Passage>, String> {
        let expected = |found: &str| {
            format!("`contexts` must be a list of texts or of objects, found {found}")
        };
        match self.first(&["contexts", "retrieved_contexts"]) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => passages(items),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(Vec::new()),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(items)) => passages(&items),
                _ => Err(expected("one text; write the list as JSON")),
            },
            Some(other) => Err(expected(kind(other))),
        }
    }
}

/// The passages of a list: texts, or objects with `text`.
pub(super) fn passages(items: &[Value]) -> Result<Vec<Passage>, String> {
    (1..)
        .zip(items)
        .map(|(number, item)| passage(item).map_err(|reason| format!("context {number}: {reason}")))
        .collect()
}

fn passage(item: &Value) -> Result<Passage, String> {
    let columns = match item {
        Value::String(text) => {
            return Ok(Passage {
                text: text.clone(),
                ..Passage::default()
            });
        }
        Value::Object(columns) => Columns(columns),
        other => {
            return Err(format!(
                "expected a text or an object, found {}",
                kind(other)
            ));
        }
    };
    let score = columns.number("score")?;
    Ok(Passage {
        id: columns
            .first(&["id", "_id", "doc_id"])
            .map(id_text)
            .transpose()?,
        title: columns.text(&["title"])?.unwrap_or_default(),
        text: columns.text(&["text"])?.ok_or("it has no `text`")?,
        score: score.and_then(|score| score.as_f64()),
    })
}
