//! Gold answers: what is known of the right answer to a query, beside its text or in a file of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::id_text;
use super::rows::kind;
use super::{DataError, Fields, Format, PathText, Place, Table};

/// What is known of the right answer to a query.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct GoldAnswer {
    /// Right answers, each of which will do; empty where none is known or there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// The facts that a whole answer holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nuggets: Vec<String>,
    /// Whether the documents answer the query; absent where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answerable: Option<bool>,
}

impl GoldAnswer {
    /// Whether an answer can be held against it.
    pub fn is_known(&self) -> bool {
        self.answerable.is_some()
    }

    /// From the values of its columns. Where `answerable` is not given it follows: with answers or nuggets there is an answer, with an empty
    /// list of answers there is none.
    pub(super) fn from_values(
        answers: Option<&Value>,
        nuggets: Option<&Value>,
        answerable: Option<&Value>,
    ) -> Result<Self, String> {
        let answers = texts("answers", answers)?;
        let nuggets = texts("nuggets", nuggets)?.unwrap_or_default();
        let follows = match &answers {
            _ if !nuggets.is_empty() => Some(true),
            Some(answers) => Some(!answers.is_empty()),
            None => None,
        };
        Ok(Self {
            answerable: yes_or_no(answerable)?.or(follows),
            answers: answers.unwrap_or_default(),
            nuggets,
        })
    }
}

/// A list of texts, or one text; `None` where the column is absent or its cell empty.
pub(super) fn texts(name: &str, value: Option<&Value>) -> Result<Option<Vec<String>>, String> {
    let is_text = |text: &String| !text.trim().is_empty();
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(is_text).map(|text| vec![text])),
        Some(Value::Array(items)) => {
            let text = |item: &Value| item.as_str().map(str::to_owned).filter(is_text);
            let texts: Option<Vec<String>> = items.iter().map(text).collect();
            let fault = || format!("`{name}` must hold texts that are not empty, and nothing else");
            texts.map(Some).ok_or_else(fault)
        }
        Some(other) => Err(format!(
            "`{name}` must be a list of texts, or one text, found {}",
            kind(other)
        )),
    }
}

fn yes_or_no(value: Option<&Value>) -> Result<Option<bool>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(answerable)) => Ok(Some(*answerable)),
        Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "yes" | "true" => Ok(Some(true)),
            "no" | "false" => Ok(Some(false)),
            _ => Err(format!(
                "`answerable` must be `yes`, `no`, `true` or `false`, found `{text}`"
            )),
        },
        Some(other) => Err(format!(
            "`answerable` must be true or false, found {}",
            kind(other)
        )),
    }
}

/// A file of gold answers: rows with `_id` (or `id`, `query_id`, `query`) of a query and its `answers`, `nuggets` and `answerable`,
/// as the table of queries may have them too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswersFile {
    /// The file.
    pub path: PathText,
    /// Its format; told from the file's ending where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// The gold answers of a file.
#[derive(Debug, Default)]
pub struct Answers {
    /// The file.
    pub path: PathBuf,
    /// By query, with the place where each stands.
    pub queries: BTreeMap<String, (Place, GoldAnswer)>,
}

const IDS: [&str; 4] = ["_id", "id", "query_id", "query"];

impl AnswersFile {
    /// A file at `path`.
    pub fn at(path: PathText) -> Self {
        Self { path, format: None }
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// With the file and the line of a row without an id, without a gold answer, with one of a wrong type, or with the id of an earlier one.
    pub fn read(&self) -> anyhow::Result<Answers> {
        let path = self.path.resolve()?;
        let columns = [&IDS[..], &["answers", "nuggets", "answerable"]].concat();
        let table = Table {
            format: self.format,
            fields: Fields::keeping(&columns),
            ..Table::at(self.path.clone())
        };
        let mut answers = Answers {
            path: path.clone(),
            ..Answers::default()
        };
        for row in table.rows(&path)? {
            let (place, row) = row?;
            let fault = |reason: String| DataError::at(&path, place, reason);
            let (query, gold) = gold_of(&row).map_err(fault)?;
            if let Some((earlier, _)) = answers.queries.get(&query) {
                let message = format!(
                    "query `{query}` has its gold answer already in {earlier}; keep one of the two"
                );
                return Err(fault(message).into());
            }
            answers.queries.insert(query, (place, gold));
        }
        Ok(answers)
    }
}

fn gold_of(row: &Map<String, Value>) -> Result<(String, GoldAnswer), String> {
    let id = IDS.iter().find_map(|name| row.get(*name));
    let id = id.ok_or("no column `_id` for the query that this is the answer to")?;
    let id = id_text(id)?;
    let [answers, nuggets, answerable] =
        ["answers", "nuggets", "answerable"].map(|name| row.get(name));
    let gold = GoldAnswer::from_values(answers, nuggets, answerable)?;
    if !gold.is_known() {
        return Err(format!(
            "query `{id}` has neither `answers` nor `nuggets` nor `answerable`; give one or drop the row"
        ));
    }
    Ok((id, gold))
}
