//! What tokens cost.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::Completion;

/// Prices in US dollars per million tokens.
///
/// What a server asks for writing a prompt into its cache has no price of its own: such tokens count as `input`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of the prompt.
    pub input: f64,
    /// Of what the server had cached of the prompt; that of `input` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Of the completion.
    pub output: f64,
}

impl Price {
    /// What a completion costs, in US dollars.
    pub fn cost(&self, completion: &Completion) -> f64 {
        let cached = completion.cached_tokens_in.min(completion.tokens_in);
        let fresh = completion.tokens_in - cached;
        let cached_input = self.cached_input.unwrap_or(self.input);
        (fresh as f64 * self.input
            + cached as f64 * cached_input
            + completion.tokens_out as f64 * self.output)
            / 1e6
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        for (name, price) in [
            ("input", Some(self.input)),
            ("cached_input", self.cached_input),
            ("output", Some(self.output)),
        ] {
            let price = price.unwrap_or(0.0);
            ensure!(
                (0.0..=1e6).contains(&price),
                "`usd_per_million.{name} = {price}` must be from 0 to 1000000"
            );
        }
        Ok(())
    }
}
