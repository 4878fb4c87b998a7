//! From a row of a table to a prompt with outcomes.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Outcome, OutcomeColumns, OutcomeSource, PROMPT, RoutedPrompt, SET, TASK, quoted};
use crate::data::record::{id_text, plain};
use crate::data::rows::kind;
use crate::data::{Digest, Metadata, text_name};

const IDS: [&str; 2] = ["id", "_id"];
const PROMPTS: [&str; 4] = ["prompt", "query", "question", "text"];
const OUTCOMES: [&str; 2] = ["outcomes", "scores"];
const MODEL: &str = "model";
pub(super) const TASKS: [&str; 4] = ["task", "task_name", "eval_name", "category"];
/// The fields of an outcome.
const FIELDS: [&str; 9] = [
    "score",
    "cost_usd",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "latency_ms",
    "ttft_ms",
    "confidence",
    "error",
];

/// What a row says.
pub(super) struct Said {
    pub(super) prompt: RoutedPrompt,
    pub(super) outcomes: Vec<(String, Outcome)>,
    /// Whether it is one of several rows of the prompt, with one model each.
    pub(super) alone: bool,
}

/// The outcomes of a row by model, the columns that hold them, and whether the row is that of one model.
type Found = (Vec<(String, Outcome)>, Vec<String>, bool);

/// Reads the rows of a file.
pub(super) struct Reader<'a> {
    source: &'a OutcomeSource,
    /// The file's name without its ending.
    stem: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a OutcomeSource, path: &Path) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Self {
            source,
            stem: stem.into_owned(),
        }
    }

    pub(super) fn said(&self, number: u64, row: &Map<String, Value>) -> Result<Said, String> {
        let id = match first(row, &IDS) {
            Some((_, value)) => Some(id_text(value)?),
            None => None,
        };
        let text = prompt_text(row)?;
        let (outcomes, taken, alone) = self.outcomes(row)?;
        // Rows of one prompt with a model each are told to belong together by its text, where they have no id.
        let id = id.unwrap_or_else(|| {
            if alone {
                Digest::default().with("text", &text).finish()[..12].to_owned()
            } else {
                format!("{}-{number}", self.stem)
            }
        });
        let mut metadata = self.metadata(row, &taken);
        metadata.insert(PROMPT.to_owned(), text_name(&text));
        Ok(Said {
            prompt: RoutedPrompt {
                id,
                text,
                outcomes: Vec::new(),
                metadata,
            },
            outcomes,
            alone,
        })
    }

    /// The outcomes of a row, the columns that hold them, and whether the row is that of one model.
    fn outcomes(&self, row: &Map<String, Value>) -> Result<Found, String> {
        if let Some(columns) = &self.source.columns {
            let models = columns.models(&row.keys().map(String::as_str).collect::<Vec<_>>());
            let mut taken = Vec::new();
            let mut outcomes = Vec::new();
            for model in &models {
                let mut fields = Map::new();
                for (field, pattern) in columns.patterns() {
                    let column = OutcomeColumns::column(pattern, model);
                    let value = row.get(&column).ok_or_else(|| {
                        format!(
                            "no column `{column}` for `{field}` of the model `{model}`; the columns are {}",
                            quoted(row.keys().map(String::as_str))
                        )
                    })?;
                    fields.insert(field.to_owned(), value.clone());
                }
                outcomes.push(((*model).to_owned(), self.outcome(model, &fields)?));
            }
            // Other columns of a model, such as its answers, are no metadata of the prompt.
            let of_model = |name: &&String| models.iter().any(|model| is_of(name, model));
            taken.extend(row.keys().filter(of_model).cloned());
            return Ok((outcomes, taken, false));
        }
        if let Some((name, value)) = first(row, &OUTCOMES) {
            let parsed: Value;
            let value = match value {
                // In a table of texts alone an object is written as JSON.
                Value::String(text) => {
                    parsed = serde_json::from_str(text)
                        .map_err(|error| format!("`{name}` is no JSON object: {error}"))?;
                    &parsed
                }
                other => other,
            };
            let Value::Object(by_model) = value else {
                return Err(format!(
                    "`{name}` must be an object with the models' names, found {}",
                    kind(value)
                ));
            };
            let read = |(model, value): (&String, &Value)| {
                let outcome = match value {
                    Value::Object(fields) => self.outcome(model, fields),
                    score => {
                        let fields = Map::from_iter([("score".to_owned(), score.clone())]);
                        self.outcome(model, &fields)
                    }
                };
                Ok((model.clone(), outcome?))
            };
            let outcomes: Result<_, String> = by_model.iter().map(read).collect();
            return Ok((outcomes?, vec![name.to_owned()], false));
        }
        let Some(Value::String(model)) = row.get(MODEL) else {
            return Err(format!(
                "no column `outcomes` (or `scores`) with an object, and no column `model` with a name; the columns are {}; where each model has columns of its own, name them in the source's `columns`",
                quoted(row.keys().map(String::as_str))
            ));
        };
        let fields = FIELDS
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), row.get(*field)?.clone())));
        let outcome = self.outcome(model, &fields.collect())?;
        let taken = FIELDS.iter().copied().chain([MODEL]).map(str::to_owned);
        Ok((vec![(model.clone(), outcome)], taken.collect(), true))
    }

    fn outcome(&self, model: &str, fields: &Map<String, Value>) -> Result<Outcome, String> {
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(format!(
                "the outcome of `{model}` has a field `{unknown}`, which is none of {}",
                quoted(FIELDS)
            ));
        }
        let number = |name: &str, most: f64| -> Result<Option<f64>, String> {
            let Some(number) = number(fields.get(name))
                .map_err(|what| format!("`{name}` of `{model}` must be a number, found {what}"))?
            else {
                return Ok(None);
            };
            if !(0.0..=most).contains(&number) {
                let range = if most.is_finite() {
                    "of 0 to 1"
                } else {
                    "of 0 or more"
                };
                return Err(format!(
                    "`{name}` of `{model}` is {number}; it must be a number {range}"
                ));
            }
            Ok(Some(number))
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of 0 to 2^53"
        )]
        let count = |name: &str| -> Result<Option<u64>, String> {
            match number(name, f64::INFINITY)? {
                None => Ok(None),
                Some(number) if number.fract() == 0.0 && number < 9e15 => Ok(Some(number as u64)),
                Some(number) => Err(format!(
                    "`{name}` of `{model}` is {number}; it must be a whole number"
                )),
            }
        };
        let error = match fields.get("error") {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(Value::String(text)) if is_none(text) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => {
                return Err(format!(
                    "`error` of `{model}` must say in words why there is no answer, found {other}"
                ));
            }
        };
        let score = self.score(model, fields.get("score"))?;
        if let (Some(error), Some(score)) = (&error, score)
            && score > 0.0
        {
            return Err(format!(
                "`{model}` has a score of {score} and the error `{error}`; an answer that there is not has no score"
            ));
        }
        Ok(Outcome {
            score,
            cost_usd: number("cost_usd", f64::INFINITY)?,
            tokens_in: count("tokens_in")?,
            cached_tokens_in: count("cached_tokens_in")?,
            tokens_out: count("tokens_out")?,
            latency_ms: number("latency_ms", f64::INFINITY)?,
            ttft_ms: number("ttft_ms", f64::INFINITY)?,
            confidence: number("confidence", 1.0)?,
            error,
        })
    }

    /// A score on the scale of 0 to 1.
    fn score(&self, model: &str, value: Option<&Value>) -> Result<Option<f64>, String> {
        let truth = match value {
            Some(Value::Bool(truth)) => Some(*truth),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Some(Value::String(text)) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        if let Some(truth) = truth {
            return Ok(Some(f64::from(u8::from(truth))));
        }
        let found = number(value).map_err(|what| {
            format!("the score of `{model}` must be a number, or true or false, found {what}")
        })?;
        let Some(score) = found else { return Ok(None) };
        let [low, high] = self.source.scale.unwrap_or([0.0, 1.0]);
        if !(low..=high).contains(&score) {
            return Err(format!(
                "the score of `{model}` is {score}, which is not of {low} to {high}; name the source's scale, as in `scale = [1, 10]`"
            ));
        }
        Ok(Some((score - low) / (high - low)))
    }

    /// Every column that is none of the others, as text; what is null or blank says nothing.
    fn metadata(&self, row: &Map<String, Value>, taken: &[String]) -> Metadata {
        let mut metadata = Metadata::from([(
            SET.to_owned(),
            self.source.set.clone().unwrap_or_else(|| self.stem.clone()),
        )]);
        metadata.extend(
            self.source
                .split
                .clone()
                .map(|split| ("split".to_owned(), split)),
        );
        let read = [first(row, &IDS), first(row, &PROMPTS)]
            .into_iter()
            .flatten();
        let read: Vec<&str> = read.map(|(name, _)| name).collect();
        let nested = row.get("metadata").and_then(Value::as_object);
        let columns = row.iter().filter(|(name, value)| {
            let is_nested = name.as_str() == "metadata" && value.is_object();
            !name.is_empty()
                && !read.contains(&name.as_str())
                && !taken.contains(name)
                && !is_nested
        });
        for (name, value) in nested.into_iter().flatten().chain(columns) {
            let value = plain(value);
            if !value.trim().is_empty() && value != "null" {
                metadata.insert(name.clone(), value);
            }
        }
        if let Some((_, task)) = first(row, &TASKS) {
            metadata.insert(TASK.to_owned(), plain(task));
        }
        metadata
    }
}

/// The first of these columns that a row has.
pub(super) fn first<'a>(
    row: &'a Map<String, Value>,
    names: &[&'static str],
) -> Option<(&'static str, &'a Value)> {
    let mut found = names.iter();
    found.find_map(|name| Some((*name, row.get(*name).filter(|value| !value.is_null())?)))
}

/// The prompt of a row.
pub(super) fn prompt_text(row: &Map<String, Value>) -> Result<String, String> {
    let Some((_, value)) = first(row, &PROMPTS) else {
        return Err(format!(
            "no column `prompt` (or {}); the columns are {}",
            quoted(PROMPTS[1..].iter().copied()),
            quoted(row.keys().map(String::as_str))
        ));
    };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(turns) => {
            let turns = turns.iter().map(|turn| turn.as_str().map(str::to_owned));
            let turns: Option<Vec<String>> = turns.collect();
            turns
                .ok_or("`prompt` must be text, or a list of texts")?
                .join("\n")
        }
        other => {
            return Err(format!(
                "`prompt` must be text, or a list of texts, found {}",
                kind(other)
            ));
        }
    };
    if text.trim().is_empty() {
        return Err("`prompt` is blank".to_owned());
    }
    Ok(text)
}

/// Whether a column is one of a model's: its name, or begins or ends with it and a sign between.
fn is_of(column: &str, model: &str) -> bool {
    let parts = |rest: &str, next: Option<char>| {
        rest.is_empty() || next.is_some_and(|next| !next.is_alphanumeric() && next != ' ')
    };
    let begins = column.strip_prefix(model);
    let ends = column.strip_suffix(model);
    begins.is_some_and(|rest| parts(rest, rest.chars().next()))
        || ends.is_some_and(|rest| parts(rest, rest.chars().last()))
}

/// Whether a cell of text says that there was no error, as tables of others write it.
fn is_none(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    ["", "none", "null", "nan", "false", "0"].contains(&text.as_str())
}

/// A number, or text that is one; `None` where the cell says nothing. An error is what was found.
fn number(value: Option<&Value>) -> Result<Option<f64>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_f64().map(Some).ok_or_else(|| number.to_string()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(format!("`{text}`")),
        },
        Some(other) => Err(kind(other).to_owned()),
    }
}
