//! A cheap model first: how sure a judge is of its answer, and when that is enough.

use anyhow::{Context, bail, ensure};

use super::choose::{Chooser, score};
use super::config::{Accept, Cascade, Judge, Simulated};
use super::known::Known;
use crate::data::{Digest, RoutedPrompt};

/// An answer from this score on is good.
pub(super) const GOOD: f64 = 0.5;

/// A cascade that is ready.
pub(super) struct Opened<'a> {
    pub(super) config: &'a Cascade,
    pub(super) first: usize,
    /// From which confidence on the first answer stays.
    pub(super) accept: f64,
    seed: u64,
}

impl<'a> Opened<'a> {
    pub(super) fn new(
        config: &'a Cascade,
        chooser: &Chooser,
        known: &Known<'_>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let first = known.division.model(&config.first);
        let first = first.context("`cascade.first`")?;
        let mut opened = Self {
            config,
            first,
            accept: 0.0,
            seed,
        };
        if let Judge::Logged(_) = config.judge {
            let evaluated = known.division.evaluated();
            for prompt in evaluated {
                ensure!(
                    prompt.outcomes[first].confidence.is_some()
                        || prompt.outcomes[first].error.is_some(),
                    "the outcome of `{}` for the prompt `{}` has no `confidence`, which `cascade.judge.logged` reads",
                    config.first,
                    prompt.id
                );
            }
        }
        opened.accept = match config.accept {
            Accept::From(from) => from,
            Accept::EscalatedShare(share) => {
                let learned = known.division.learned();
                // Who gives no answer is escalated.
                let looked_at = |prompt: &&RoutedPrompt| {
                    if prompt.outcomes[first].error.is_some() {
                        return Some(f64::NEG_INFINITY);
                    }
                    opened.confidence(prompt, None)
                };
                let confidences: Option<Vec<f64>> = match config.judge {
                    Judge::Predicted(_) => Some(chooser.crossed(first)),
                    _ => learned.iter().map(looked_at).collect(),
                };
                let Some(mut confidences) = confidences else {
                    bail!(
                        "`accept.escalated_share` is fitted on the training part, where some outcome of `{}` has no `confidence`",
                        config.first
                    );
                };
                confidences.sort_by(f64::total_cmp);
                threshold(&confidences, share)
            }
        };
        Ok(opened)
    }

    /// How sure the judge is of the first model's answer; `predicted` is what the router expected of it. `None` where there is no answer to look at.
    pub(super) fn confidence(&self, prompt: &RoutedPrompt, predicted: Option<f64>) -> Option<f64> {
        let outcome = prompt.outcomes.get(self.first)?;
        match self.config.judge {
            _ if outcome.error.is_some() => None,
            Judge::Logged(_) => outcome.confidence,
            Judge::Predicted(_) => predicted,
            Judge::Simulated(Simulated {
                sensitivity,
                specificity,
            }) => {
                let drawn = Digest::default()
                    .with("judge", self.seed.to_string())
                    .with("prompt", &prompt.id)
                    .finish();
                let drawn = u64::from_str_radix(&drawn[..12], 16).unwrap_or_default();
                let drawn = drawn as f64 / (1_u64 << 48) as f64;
                let keeps = if score(prompt, self.first) >= GOOD {
                    drawn < sensitivity
                } else {
                    drawn >= specificity
                };
                Some(f64::from(u8::from(keeps)))
            }
        }
    }
}

/// The confidence below which at most so large a share of these lies, which are sorted.
fn threshold(confidences: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let place = (confidences.len() as f64 * share).floor() as usize;
    confidences.get(place).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn no_more_than_the_share_lies_below() {
        let confidences = [0.1, 0.2, 0.2, 0.7];
        for (share, from) in [
            (0.0, 0.1),
            (0.2, 0.1),
            (0.25, 0.2),
            (0.5, 0.2),
            (0.75, 0.7),
            (1.0, f64::INFINITY),
        ] {
            let found = threshold(&confidences, share);
            assert!(found.total_cmp(&from).is_eq(), "{share}: {found}");
            let below = confidences.iter().filter(|one| **one < found).count();
            assert!(below as f64 <= share * 4.0);
        }
    }
}
