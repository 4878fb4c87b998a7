//! What a scorer must hold to pass.

use std::collections::BTreeMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::Check;

/// Of fewer cases nothing is said: with 20 the interval of a share is up to ±.23 wide.
pub const LEAST_CASES: usize = 20;

/// The least share of the cases of each check that must come out as they should, 0..=1; a check without a limit is told and never fails.
///
/// The defaults are what a team needs to act on a score, not what the best scorer reaches:
///
/// | check | default | why |
/// |---|---|---|
/// | `base` | .80 | more than one false alarm in five, and nobody reads the alarms |
/// | `delete` | .90 | nothing is left to rest on: the coarsest fault that there is |
/// | `number`, `entity` | .80 | one wrong figure or name makes an answer wrong, and both can be looked up |
/// | `negation` | .50 | hard by words: whoever misses more than half does not look for it |
/// | `role` | none | no count of words sees it; told, so that it is known |
/// | `unrelated` | .95 | retrieval adds such contexts every day |
/// | `shuffle`, `repeat` | .98 | nothing has changed |
/// | `paraphrase` | .70 | less, and it is the wording that is scored |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<Check, f64>);

impl Default for Limits {
    fn default() -> Self {
        Self(BTreeMap::from([
            (Check::Base, 0.8),
            (Check::Delete, 0.9),
            (Check::Number, 0.8),
            (Check::Entity, 0.8),
            (Check::Negation, 0.5),
            (Check::Unrelated, 0.95),
            (Check::Shuffle, 0.98),
            (Check::Paraphrase, 0.7),
            (Check::Repeat, 0.98),
        ]))
    }
}

impl Limits {
    /// The limit of a check.
    pub fn of(&self, check: Check) -> Option<f64> {
        self.0.get(&check).copied()
    }

    /// With another limit for a check; 0 takes it away.
    ///
    /// # Errors
    /// Where it is no share.
    pub fn set(&mut self, check: Check, limit: f64) -> anyhow::Result<()> {
        ensure!(
            (0.0..=1.0).contains(&limit),
            "the limit `{limit}` of `{}` must be a number from 0 to 1",
            check.name()
        );
        if limit > 0.0 {
            self.0.insert(check, limit);
        } else {
            self.0.remove(&check);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shares_and_can_be_taken_away() {
        let mut limits = Limits::default();
        assert_eq!(limits.of(Check::Role), None);
        limits.set(Check::Role, 0.5).unwrap();
        limits.set(Check::Base, 0.0).unwrap();
        assert_eq!(
            (limits.of(Check::Role), limits.of(Check::Base)),
            (Some(0.5), None)
        );
        assert!(
            limits.set(Check::Base, 1.5).is_err() && limits.set(Check::Base, f64::NAN).is_err()
        );
    }
}
