//! From a row of named columns to a record with an id and a text.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answers::texts;
use super::rows::kind;
use super::{Block, DataError, Digest, GoldAnswer, Place, Predicate};

/// Named facts about a document or a query, as text.
pub type Metadata = BTreeMap<String, String>;

/// Which column of a table means what.
///
/// Where a name is absent the usual ones are tried (`_id` or `id`, `title`, `text`, `access`, `vector`, `blocks`,
/// `filter`, `answers`, `nuggets`, `answerable`, `history`, and BEIR's `metadata` object); a column that is named here must be in
/// every row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// The unique id: text or a whole number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Columns to keep as metadata.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<String>,
    /// Access labels: a list, or one text with the labels separated by `;`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// The user's own vector: a list of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// Of a query: its right answers, a list of texts or one text. An empty list says that there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// Of a query: the facts that a whole answer holds, a list of texts or one text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nuggets: Option<String>,
    /// Of a query: whether the documents answer it, true or false, `yes` or `no`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answerable: Option<String>,
    /// Of a query: what was said before it, oldest first, a list of texts or one text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
}

impl Fields {
    /// The columns of these names, kept as they are.
    pub(super) fn keeping(columns: &[&str]) -> Self {
        Self {
            metadata: columns.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Whether nothing was named.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a column of this name may be read: it was named, or is one of the usual ones.
    pub(super) fn may_ask_for(&self, column: &str) -> bool {
        let named = [
            &self.id,
            &self.title,
            &self.text,
            &self.access,
            &self.vector,
            &self.answers,
            &self.nuggets,
            &self.answerable,
            &self.history,
        ];
        let usual = [
            "_id",
            "id",
            "title",
            "text",
            "access",
            "vector",
            "metadata",
            "blocks",
            "filter",
            "answers",
            "nuggets",
            "answerable",
            "history",
        ];
        usual.contains(&column)
            || named.iter().any(|name| name.as_deref() == Some(column))
            || self.metadata.iter().any(|name| name == column)
    }

    /// Reads one row. `place` is where it stands in `path`.
    pub(super) fn record(
        &self,
        path: &Path,
        place: Place,
        row: &Map<String, Value>,
    ) -> Result<Record, DataError> {
        let columns = Columns { path, place, row };
        let id = columns.take(self.id.as_deref(), &["_id", "id"])?;
        let id = id.ok_or_else(|| columns.missing("id", "`_id` or `id`"))?;
        let id = id_text(id).map_err(|reason| columns.fault(reason))?;
        let text = columns.take(self.text.as_deref(), &["text"])?;
        if text.is_none() {
            return Err(columns.missing("text", "`text`"));
        }
        let text = columns.text("text", text)?;
        Ok(Record {
            title: columns.text("title", columns.take(self.title.as_deref(), &["title"])?)?,
            blocks: columns.blocks(&text)?,
            filter: columns.filter(),
            gold: columns.gold(self)?,
            history: texts(
                "history",
                columns.take(self.history.as_deref(), &["history"])?,
            ),
            text,
            access: columns.labels(columns.take(self.access.as_deref(), &["access"])?)?,
            vector: columns.vector(columns.take(self.vector.as_deref(), &["vector"])?)?,
            metadata: columns.metadata(&self.metadata)?,
            id,
        })
    }
}

/// What one row says.
#[derive(Debug)]
pub(super) struct Record {
    pub id: String,
    pub title: String,
    pub text: String,
    pub metadata: Metadata,
    /// `None` where the row has no access column at all.
    pub access: Option<Vec<String>>,
    pub vector: Option<Vec<f32>>,
    pub blocks: Vec<Block>,
    /// What is wrong with it, where it is none: a table of documents may have a column of this name too.
    pub filter: Result<Predicate, String>,
    /// What is wrong with it, where it is none, as with `filter`.
    pub gold: Result<GoldAnswer, String>,
    /// What is wrong with it, where it is none, as with `filter`.
    pub history: Result<Option<Vec<String>>, String>,
}

/// An id: text without the white space around it, or a whole number.
pub(super) fn id_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("the id is empty".to_owned()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        other => Err(format!(
            "the id must be text or a whole number, found {other}; write it as text"
        )),
    }
}

struct Columns<'a> {
    path: &'a Path,
    place: Place,
    row: &'a Map<String, Value>,
}

impl<'a> Columns<'a> {
    fn fault(&self, message: impl Into<String>) -> DataError {
        DataError::at(self.path, self.place, message)
    }

    fn missing(&self, what: &str, tried: &str) -> DataError {
        let names = self
            .row
            .keys()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
        // What queries alone have, no option of the command line names.
        let option = match what {
            "answers" | "nuggets" | "answerable" | "history" => String::new(),
            _ => format!(" (`--{what}`)"),
        };
        self.fault(format!(
            "no column {tried} for the {what}; the columns are {names}; name one in `fields.{what}`{option}"
        ))
    }

    /// The column that was named, which must be there, or the first of the usual ones that is.
    fn take(&self, named: Option<&str>, usual: &[&str]) -> Result<Option<&'a Value>, DataError> {
        match named {
            Some(name) => match self.row.get(name) {
                Some(value) => Ok(Some(value)),
                None => Err(self.missing(usual[usual.len() - 1], &format!("`{name}`"))),
            },
            None => Ok(usual.iter().find_map(|name| self.row.get(*name))),
        }
    }

    fn text(&self, what: &str, value: Option<&Value>) -> Result<String, DataError> {
        match value {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => {
                Err(self.fault(format!("the {what} must be text, found {}", kind(other))))
            }
        }
    }

    fn labels(&self, value: Option<&Value>) -> Result<Option<Vec<String>>, DataError> {
        let clean = |label: &str| label.trim().to_owned();
        let mut labels: Vec<String> = match value {
            None => return Ok(None),
            // The column is there and empty: nothing is held, which is not the same as everything.
            Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) if text.trim().is_empty() => Vec::new(),
            Some(Value::String(text)) => text.split(';').map(clean).collect(),
            Some(Value::Array(items)) => {
                let text = |item: &Value| item.as_str().map(clean);
                let texts: Option<_> = items.iter().map(text).collect();
                texts.ok_or_else(|| self.fault("an access label must be text and not empty"))?
            }
            Some(other) => {
                return Err(self.fault(format!(
                    "the access labels must be a list of texts, or one text separated by `;`, found {}",
                    kind(other)
                )));
            }
        };
        if labels.iter().any(String::is_empty) {
            return Err(self.fault("an access label must be text and not empty"));
        }
        labels.sort();
        labels.dedup();
        Ok(Some(labels))
    }

    fn vector(&self, value: Option<&Value>) -> Result<Option<Vec<f32>>, DataError> {
        let items = match value {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => {
                return Err(self.fault(format!(
                    "the vector must be a list of numbers, found {}",
                    kind(other)
                )));
            }
        };
        if items.is_empty() {
            return Err(self.fault("the vector is empty"));
        }
        let mut vector = Vec::with_capacity(items.len());
        for (dimension, item) in items.iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "vectors are stored as f32")]
            match item.as_f64().map(|number| number as f32) {
                Some(number) if number.is_finite() => vector.push(number),
                _ => {
                    return Err(self.fault(format!(
                        "the vector's dimension {} is not a finite number (NaN, infinite or missing); mend or drop the row",
                        dimension + 1
                    )));
                }
            }
        }
        Ok(Some(vector))
    }

    /// What the stretches of the text are.
    fn blocks(&self, text: &str) -> Result<Vec<Block>, DataError> {
        // A column of this name that holds no list is somebody else's.
        let Some(value @ Value::Array(_)) = self.row.get("blocks") else {
            return Ok(Vec::new());
        };
        let blocks: Vec<Block> = Vec::deserialize(value)
            .map_err(|error| self.fault(format!("`blocks` must be a list of blocks: {error}")))?;
        Block::check_all(&blocks, text).map_err(|reason| self.fault(reason))?;
        Ok(blocks)
    }

    /// Which documents a query is about.
    fn filter(&self) -> Result<Predicate, String> {
        Predicate::from_json(self.row.get("filter").unwrap_or(&Value::Null))
    }

    /// What is known of a query's right answer.
    fn gold(&self, fields: &Fields) -> Result<Result<GoldAnswer, String>, DataError> {
        let answers = self.take(fields.answers.as_deref(), &["answers"])?;
        let nuggets = self.take(fields.nuggets.as_deref(), &["nuggets"])?;
        let answerable = self.take(fields.answerable.as_deref(), &["answerable"])?;
        Ok(GoldAnswer::from_values(answers, nuggets, answerable))
    }

    fn metadata(&self, named: &[String]) -> Result<Metadata, DataError> {
        let mut metadata = Metadata::new();
        if named.is_empty() {
            if let Some(Value::Object(object)) = self.row.get("metadata") {
                metadata.extend(
                    object
                        .iter()
                        .map(|(name, value)| (name.clone(), plain(value))),
                );
            }
            return Ok(metadata);
        }
        for name in named {
            let value = self
                .take(Some(name), &["metadata"])?
                .unwrap_or(&Value::Null);
            metadata.insert(name.clone(), plain(value));
        }
        Ok(metadata)
    }
}

/// A name for a text: the same for the same letters and digits, whatever stands between them and in whatever case.
pub fn text_name(text: &str) -> String {
    let plain = text.to_lowercase();
    let plain: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
    // Signs alone are told apart as they are.
    let plain = if plain.is_empty() {
        text.to_owned()
    } else {
        plain
    };
    Digest::default().with("text", plain).finish()[..12].to_owned()
}

/// A metadata value as text: text as it is, a list of texts with `; ` between them, everything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    let texts = value
        .as_array()
        .and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    match (value.as_str(), texts) {
        (Some(text), _) => text.to_owned(),
        (None, Some(texts)) if !texts.is_empty() => texts.join("; "),
        _ => value.to_string(),
    }
}
