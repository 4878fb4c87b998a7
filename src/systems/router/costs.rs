//! What answers cost: as it was logged, or by their tokens.

use anyhow::bail;

use super::config::Config;
use super::division::Division;
use crate::data::{Outcome, RoutedPrompt};
use crate::routing::{PriceTable, Priced};

/// How to tell what an outcome costs.
pub(super) struct Costs {
    priced: Vec<Option<Priced>>,
    /// The first outcome of which it is not known, if any.
    unknown: Option<String>,
    /// What is to be said of the prices.
    pub(super) note: Option<String>,
}

impl Costs {
    pub(super) fn new(division: &Division, config: &Config) -> anyhow::Result<Self> {
        let table = match &config.prices {
            Some(path) => Some(PriceTable::load(&path.resolve()?)?),
            None => None,
        };
        let price = |model: &String| Some(table.as_ref()?.models.get(model)?.clone());
        let today = chrono::Utc::now().date_naive();
        let models = division.models.iter().map(String::as_str);
        let mut costs = Self {
            priced: division.models.iter().map(price).collect(),
            unknown: None,
            note: None,
        };
        let mut by_tokens = false;
        for prompt in division.train.iter().chain(&division.test) {
            for (model, outcome) in prompt.outcomes.iter().enumerate() {
                by_tokens |= outcome.cost_usd.is_none();
                if costs.of(model, outcome).is_none() && costs.unknown.is_none() {
                    let model = &division.models[model];
                    costs.unknown = Some(format!("`{model}` for the prompt `{}`", prompt.id));
                }
            }
        }
        if by_tokens && costs.unknown.is_none() {
            costs.note = table.and_then(|table| table.stale(models, today));
        }
        Ok(costs)
    }

    /// What an answer cost.
    pub(super) fn of(&self, model: usize, outcome: &Outcome) -> Option<f64> {
        // Who gives no answer charges nothing, unless it is logged.
        if outcome.error.is_some() {
            return Some(outcome.cost_usd.unwrap_or(0.0));
        }
        let priced = || self.priced[model].as_ref()?.cost_usd(outcome);
        outcome.cost_usd.or_else(priced)
    }

    /// Whether all of them are known.
    pub(super) fn are_known(&self) -> bool {
        self.unknown.is_none()
    }

    /// The error where they are not.
    pub(super) fn demand(&self, what: &str) -> anyhow::Result<()> {
        if let Some(unknown) = &self.unknown {
            bail!(
                "{what} needs what every answer costs, and that of {unknown} is not known: give `cost_usd`, or its tokens and a price in the table that `system.router.prices` names"
            );
        }
        Ok(())
    }

    /// The mean over some prompts for each model.
    pub(super) fn means(&self, prompts: &[&RoutedPrompt], models: usize) -> Vec<f64> {
        let mean = |model: usize| {
            let costs = prompts
                .iter()
                .map(|prompt| self.of(model, &prompt.outcomes[model]));
            costs.map(Option::unwrap_or_default).sum::<f64>() / prompts.len().max(1) as f64
        };
        (0..models).map(mean).collect()
    }
}
