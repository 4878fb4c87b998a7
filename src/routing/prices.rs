//! A table of what language models cost.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::data::Outcome;
use crate::models::language::Price;

/// A file such as `configs/prices.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// By the model's name.
    pub models: BTreeMap<String, Priced>,
}

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priced {
    /// US dollars per million tokens.
    pub usd_per_million: Price,
    /// Where the price was read.
    pub source: String,
    /// When it held, as `2026-11-25`.
    pub as_of: String,
}

/// A price of so many days is told to be old.
const STALE_DAYS: i64 = 180;

impl PriceTable {
    /// Reads a table.
    ///
    /// # Errors
    /// Where it is none, or a price or a date cannot be.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs_err::read_to_string(path).context("cannot read the table of prices")?;
        let table: Self = toml::from_str(&text)
            .with_context(|| format!("`{}` is not a table of prices", path.display()))?;
        for (model, priced) in &table.models {
            let price = priced.usd_per_million.validate();
            price.with_context(|| format!("`{}`: model `{model}`", path.display()))?;
            priced.date().with_context(|| {
                format!(
                    "`{}`: `as_of` of `{model}` is no date such as 2026-11-25",
                    path.display()
                )
            })?;
            ensure!(
                !priced.source.trim().is_empty(),
                "`{}`: the price of `{model}` has no `source`",
                path.display()
            );
        }
        Ok(table)
    }

    /// What is to be said on `today` of the prices of these models that are old; `None` where none is.
    pub fn stale<'m>(
        &self,
        models: impl IntoIterator<Item = &'m str>,
        today: NaiveDate,
    ) -> Option<String> {
        let old = models.into_iter().filter_map(|model| {
            let priced = self.models.get(model)?;
            let days = (today - priced.date().ok()?).num_days();
            (days > STALE_DAYS).then(|| format!("`{model}` of {}", priced.as_of))
        });
        let old: Vec<String> = old.collect();
        (!old.is_empty())
            .then(|| format!("prices more than {STALE_DAYS} days old: {}", old.join(", ")))
    }
}

impl Priced {
    fn date(&self) -> anyhow::Result<NaiveDate> {
        Ok(NaiveDate::parse_from_str(&self.as_of, "%Y-%m-%d")?)
    }

    /// What an answer costs by its tokens; `None` where they are not known.
    pub fn cost_usd(&self, outcome: &Outcome) -> Option<f64> {
        let cached = outcome.cached_tokens_in.unwrap_or_default();
        Some(
            self.usd_per_million
                .of_tokens(outcome.tokens_in?, cached, outcome.tokens_out?),
        )
    }
}
