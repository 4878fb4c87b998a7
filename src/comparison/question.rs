//! What is asked of a comparison.

use anyhow::ensure;

use crate::metrics::significance::PATTERNS;
use crate::report::{ALL, Scores, field_of};

/// What is asked of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The metrics, by name; all that both sides have where empty.
    pub metrics: Vec<String>,
    /// Which slices.
    pub slices: Sliced,
    /// Level of the tests.
    pub alpha: f64,
    /// Power that the figures on detectability are for.
    pub power: f64,
    /// The smallest difference that matters; 0 where none is named, and then nothing is said of how many examples it takes.
    pub min_effect: f64,
    /// Seed of flips and resamples.
    pub seed: u64,
    /// Random sign patterns behind a p-value.
    pub patterns: usize,
}

/// Which slices are compared, beside all examples.
#[derive(Debug, Clone, PartialEq)]
pub enum Sliced {
    /// Every slice of the runs.
    Every,
    /// Those of these fields.
    By(Vec<String>),
}

impl Default for Question {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            slices: Sliced::Every,
            alpha: 0.05,
            power: 0.8,
            min_effect: 0.0,
            seed: 17,
            patterns: PATTERNS,
        }
    }
}

impl Sliced {
    /// Whether the slices of every field that is named are there.
    ///
    /// # Errors
    /// Names the field that no example has.
    pub fn check(&self, scores: &Scores) -> anyhow::Result<()> {
        let Self::By(fields) = self else {
            return Ok(());
        };
        let slices = scores.slices.iter();
        let mut known: Vec<&str> = slices.filter_map(|(slice, _)| field_of(slice)).collect();
        known.dedup();
        for field in fields.iter().filter(|field| !field.is_empty()) {
            ensure!(
                known.contains(&field.as_str()),
                "the run has no slices by `{field}`; it has {}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            );
        }
        Ok(())
    }

    pub(crate) fn has(&self, slice: &str) -> bool {
        match self {
            Self::Every => true,
            Self::By(fields) => {
                let named = |field: &str| fields.iter().any(|known| known == field);
                slice == ALL || field_of(slice).is_some_and(named)
            }
        }
    }
}
