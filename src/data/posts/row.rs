//! From a row of a table to a post.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::source::{LabelColumn, PostSource, VoteColumns};
use super::{Label, SET, check_category};
use crate::data::Metadata;
use crate::data::record::{id_text, plain};
use crate::data::rows::kind;

const IDS: [&str; 2] = ["id", "_id"];
const TEXTS: [&str; 7] = [
    "text", "post", "content", "message", "comment", "prompt", "tweet",
];
const LABELS: &str = "labels";
const VOTES: &str = "votes";

/// What a row says.
pub(super) struct Said {
    pub(super) id: String,
    /// `None` where it is blank.
    pub(super) text: Option<String>,
    /// By category, of those that the row speaks of.
    pub(super) labels: BTreeMap<String, Label>,
    pub(super) metadata: Metadata,
}

/// Reads the rows of one file of a source.
pub(super) struct Reader<'a> {
    source: &'a PostSource,
    stem: String,
    /// Whether labels matter.
    is_labelled: bool,
    /// Columns that the source names for a category and no row had yet.
    missing: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a PostSource, path: &Path, is_labelled: bool) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let columns = source.labels.iter().flat_map(|(category, label)| {
            let own = label.column.as_deref().unwrap_or(category);
            let votes = label.votes.as_ref();
            let votes = votes
                .into_iter()
                .flat_map(|votes| [&*votes.yes, &*votes.all]);
            let named = std::iter::once(own).chain(votes);
            named.map(move |column| (column.to_owned(), category.clone()))
        });
        Self {
            missing: columns.filter(|_| is_labelled).collect(),
            source,
            stem: stem.into_owned(),
            is_labelled,
        }
    }

    /// What is wrong with the file as a whole, once all its rows were read.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.missing.first() {
            Some((column, category)) => Err(format!(
                "no row has the column `{column}` that `labels.{category}` names"
            )),
            None => Ok(()),
        }
    }

    /// What a row says, `number` being its own in the file, from 1.
    pub(super) fn said(&mut self, number: u64, row: &Map<String, Value>) -> Result<Said, String> {
        let (id_column, id) = match named(row, self.source.id.as_deref(), &IDS)? {
            Some((name, value)) => (Some(name), id_text(value)?),
            None => (None, number.to_string()),
        };
        let Some((text_column, text)) = named(row, self.source.text.as_deref(), &TEXTS)? else {
            return Err(format!(
                "no column for the post's text ({}); name it in `text`; the columns are {}",
                quoted(TEXTS),
                quoted(row.keys().map(String::as_str))
            ));
        };
        let text = match text {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text.clone()),
            other => {
                return Err(format!(
                    "`{text_column}` must be text, found {}",
                    kind(other)
                ));
            }
        };
        let taken = [id_column, Some(text_column), Some(LABELS), Some(VOTES)];
        self.missing.retain(|(column, _)| !row.contains_key(column));
        Ok(Said {
            id,
            text,
            labels: self.labels(row)?,
            metadata: self.metadata(row, &taken),
        })
    }

    fn labels(&self, row: &Map<String, Value>) -> Result<BTreeMap<String, Label>, String> {
        if !self.is_labelled {
            return Ok(BTreeMap::new());
        }
        if self.source.labels.is_empty() {
            return inline(row);
        }
        let label = |(category, column): (&String, &LabelColumn)| {
            let label = column.label(category, row)?;
            Ok((category.clone(), label))
        };
        self.source.labels.iter().map(label).collect()
    }

    /// Every other column as text; what is null or blank says nothing.
    fn metadata(&self, row: &Map<String, Value>, taken: &[Option<&str>]) -> Metadata {
        let mut metadata = Metadata::from([(SET.to_owned(), self.stem.clone())]);
        let nested = row.get("metadata").and_then(Value::as_object);
        let columns = row.iter().filter(|(name, value)| {
            let is_nested = name.as_str() == "metadata" && value.is_object();
            !name.is_empty() && !taken.contains(&Some(name.as_str())) && !is_nested
        });
        for (name, value) in nested.into_iter().flatten().chain(columns) {
            let value = plain(value);
            if !value.trim().is_empty() && value != "null" {
                metadata.insert(name.clone(), value);
            }
        }
        if let Some(set) = &self.source.set {
            metadata.insert(SET.to_owned(), set.clone());
        }
        metadata
    }
}

/// The column that a source names, or the first of the usual ones that the row has.
fn named<'a>(
    row: &'a Map<String, Value>,
    name: Option<&'a str>,
    usual: &[&'static str],
) -> Result<Option<(&'a str, &'a Value)>, String> {
    if let Some(name) = name {
        let value = row.get(name).ok_or_else(|| {
            format!(
                "no column `{name}`; the columns are {}",
                quoted(row.keys().map(String::as_str))
            )
        })?;
        return Ok(Some((name, value)));
    }
    let mut usual = usual.iter();
    Ok(usual.find_map(|name| Some((*name, row.get(*name)?))))
}

impl LabelColumn {
    fn label(&self, category: &str, row: &Map<String, Value>) -> Result<Label, String> {
        let name = self.column.as_deref().unwrap_or(category);
        let is_positive = match row.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let value = plain(value);
                let value = value.trim();
                let is_among = |known: &[String]| known.iter().any(|one| same(one, value));
                if value.is_empty() {
                    None
                } else if self.positive.is_empty() {
                    Some(yes_or_no(value).ok_or_else(|| {
                        format!("`{name}` is `{value}`, which is neither 1 nor 0; name its values in `labels.{category}`, as in `positive = [\"{value}\"]`")
                    })?)
                } else if is_among(&self.positive) {
                    Some(true)
                } else {
                    (self.negative.is_empty() || is_among(&self.negative)).then_some(false)
                }
            }
        };
        let votes = self.votes.as_ref();
        Ok(Label {
            is_positive,
            votes: votes.map(|votes| votes.of(row)).transpose()?.flatten(),
        })
    }
}

/// Whether two cells say the same: as text whatever its letter case, or as numbers, as pandas writes `1.0` for 1 in a column with gaps.
fn same(one: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    one.eq_ignore_ascii_case(other) || number(one).is_some_and(|one| number(other) == Some(one))
}

impl VoteColumns {
    fn of(&self, row: &Map<String, Value>) -> Result<Option<[u32; 2]>, String> {
        let count = |name: &String| {
            let Some(value) = row.get(name).filter(|value| !value.is_null()) else {
                return Ok(None);
            };
            let count = plain(value);
            let parsed = count.trim().parse::<u32>();
            parsed
                .map(Some)
                .map_err(|_| format!("`{name}` is `{count}`, which is no number of votes"))
        };
        let Some((yes, all)) = count(&self.yes)?.zip(count(&self.all)?) else {
            return Ok(None);
        };
        let no = all.checked_sub(yes).ok_or_else(|| {
            format!(
                "`{}` is {yes}, more than all votes (`{}`: {all})",
                self.yes, self.all
            )
        })?;
        Ok(Some([yes, no]))
    }
}

/// What the columns `labels` and `votes` say, objects or their JSON.
fn inline(row: &Map<String, Value>) -> Result<BTreeMap<String, Label>, String> {
    let Some(labels) = object(row, LABELS)? else {
        return Err(format!(
            "no column `{LABELS}`; name the columns that say what posts are, as in `labels.hate = {{ column = \"…\", positive = [\"…\"] }}`; the columns are {}",
            quoted(row.keys().map(String::as_str))
        ));
    };
    let mut read = BTreeMap::new();
    for (category, value) in labels {
        check_category(&category)?;
        let is_positive = match &value {
            Value::Null => None,
            value => Some(yes_or_no(&plain(value)).ok_or_else(|| {
                format!("`{LABELS}.{category}` is {value}, which is neither 1 nor 0 nor null")
            })?),
        };
        let label = Label {
            is_positive,
            votes: None,
        };
        read.insert(category, label);
    }
    for (category, value) in object(row, VOTES)?.into_iter().flatten() {
        let votes: [u32; 2] = serde_json::from_value(value.clone()).map_err(|_| {
            format!("`{VOTES}.{category}` is {value}; it must be two counts, those for it and those against, as in [2, 1]")
        })?;
        read.entry(category).or_default().votes = Some(votes);
    }
    Ok(read)
}

fn object(row: &Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, String> {
    let fault = |value: &Value| {
        format!(
            "`{name}` must be an object by category, found {}",
            kind(value)
        )
    };
    match row.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        // In a table of texts alone an object is written as JSON.
        Some(value @ Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Some(object)),
            _ => Err(fault(value)),
        },
        Some(other) => Err(fault(other)),
    }
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "1" | "1.0" | "true" | "yes" => Some(true),
        "0" | "0.0" | "false" | "no" => Some(false),
        _ => None,
    }
}

pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names = names.into_iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}
