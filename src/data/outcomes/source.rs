//! Where outcomes lie, and which column holds what.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::tasks::{TaskFile, Tasks};
use crate::data::labelled::Paths;
use crate::data::{Encoding, Format, Table};

/// One or more sources that are read as one matrix, as `outcomes = [{ path = "outcomes.jsonl" }]` in a config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutcomeSources(pub Vec<OutcomeSource>);

/// Files of outcomes of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeSource {
    /// The files.
    pub path: Paths,
    /// Their format; told from their endings where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Their character encoding (text formats only).
    #[serde(default, skip_serializing_if = "is_utf8")]
    pub encoding: Encoding,
    /// The set that the prompts are of, instead of the name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// What the prompts have in the field `split`, where their rows do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The scores that stand for 0 and 1, of a scale such as `[1, 10]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<[f64; 2]>,
    /// The columns of each model, where it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<OutcomeColumns>,
    /// What kind of task each prompt is, where another file says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskFile>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_utf8(encoding: &Encoding) -> bool {
    *encoding == Encoding::Utf8
}

/// The names of the columns of each model, with `{model}` where its name stands, as `score = "{model}"` and `cost_usd = "{model}|total_cost"`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeColumns {
    /// The models; where absent, those of which there is a column by a name that is more than the model's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// [`super::Outcome::score`].
    pub score: String,
    /// [`super::Outcome::cost_usd`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<String>,
    /// [`super::Outcome::tokens_in`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<String>,
    /// [`super::Outcome::tokens_out`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<String>,
    /// [`super::Outcome::latency_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<String>,
    /// [`super::Outcome::ttft_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<String>,
    /// [`super::Outcome::confidence`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
}

/// What stands for a model's name.
const MODEL: &str = "{model}";

impl OutcomeColumns {
    /// The field of an outcome and the name of its column, for each that has one.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let others = [
            ("cost_usd", &self.cost_usd),
            ("tokens_in", &self.tokens_in),
            ("tokens_out", &self.tokens_out),
            ("latency_ms", &self.latency_ms),
            ("ttft_ms", &self.ttft_ms),
            ("confidence", &self.confidence),
        ];
        let others = others.into_iter();
        let others = others.filter_map(|(field, pattern)| Some((field, pattern.as_deref()?)));
        std::iter::once(("score", self.score.as_str())).chain(others)
    }

    /// The models that have columns among these.
    pub(super) fn models<'a>(&'a self, columns: &[&'a str]) -> Vec<&'a str> {
        if !self.models.is_empty() {
            return self.models.iter().map(String::as_str).collect();
        }
        let mut models: Vec<&str> = Vec::new();
        for (before, behind) in self
            .patterns()
            .filter_map(|(_, pattern)| pattern.split_once(MODEL))
        {
            if before.is_empty() && behind.is_empty() {
                continue;
            }
            let named = columns.iter();
            let named = named.filter_map(|name| name.strip_prefix(before)?.strip_suffix(behind));
            for model in named.filter(|model| !model.is_empty()) {
                if !models.contains(&model) {
                    models.push(model);
                }
            }
        }
        models
    }

    /// The column that a pattern names for a model.
    pub(super) fn column(pattern: &str, model: &str) -> String {
        pattern.replace(MODEL, model)
    }

    fn validate(&self) -> anyhow::Result<()> {
        for (field, pattern) in self.patterns() {
            ensure!(
                pattern.matches(MODEL).count() == 1,
                "`columns.{field} = \"{pattern}\"` must hold `{MODEL}` once, where the model's name stands"
            );
        }
        let tells = |(_, pattern): (_, &str)| pattern != MODEL;
        ensure!(
            !self.models.is_empty() || self.patterns().any(tells),
            "`columns` does not tell which columns are models; name them in `columns.models`"
        );
        Ok(())
    }
}

impl OutcomeSource {
    pub(super) fn tables(&self) -> impl Iterator<Item = Table> {
        let table = |path: &crate::data::PathText| Table {
            format: self.format,
            encoding: self.encoding,
            ..Table::at(path.clone())
        };
        self.path.all().iter().map(table)
    }

    pub(super) fn read_tasks(&self) -> anyhow::Result<Tasks> {
        let mut tasks = Tasks::default();
        for file in &self.tasks {
            file.read(self.split.as_deref(), &mut tasks)?;
        }
        Ok(tasks)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.path.all().is_empty(),
            "`outcomes` has a source whose `path` names no file; name at least one"
        );
        if let Some([low, high]) = self.scale {
            ensure!(
                low.is_finite() && high.is_finite() && low < high,
                "`scale = [{low}, {high}]` must be two numbers, the lower one first"
            );
        }
        self.columns
            .as_ref()
            .map_or(Ok(()), OutcomeColumns::validate)
    }
}

impl OutcomeSources {
    /// Checks what can be told without a look at the files.
    ///
    /// # Errors
    /// Where there is no source, or one of them is at fault.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.0.is_empty(),
            "`outcomes` is empty; name at least one source, as in `outcomes = [{{ path = \"outcomes.jsonl\" }}]`"
        );
        let sources = self.0.iter().map(OutcomeSource::validate);
        sources
            .collect::<anyhow::Result<()>>()
            .context("`dataset.outcomes`")
    }
}
