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
        self.of_tokens(
            completion.tokens_in,
            completion.cached_tokens_in,
            completion.tokens_out,
        )
    }

    /// What a call costs, in US dollars, by its tokens; of those of the prompt so many were cached.
    pub fn of_tokens(&self, tokens_in: u64, cached_tokens_in: u64, tokens_out: u64) -> f64 {
        let cached = cached_tokens_in.min(tokens_in);
        let fresh = tokens_in - cached;
        let cached_input = self.cached_input.unwrap_or(self.input);
        (fresh as f64 * self.input + cached as f64 * cached_input + tokens_out as f64 * self.output)
            / 1e6
    }

    /// Checks that the prices can be.
    ///
    /// # Errors
    /// Where one cannot, with its name.
    pub fn validate(&self) -> anyhow::Result<()> {
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
