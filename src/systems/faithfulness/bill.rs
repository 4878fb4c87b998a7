//! What judges would ask, before any is asked.

use super::{Config, subjects};
use crate::claims::Claiming;
use crate::data::Labelled;
use crate::faithfulness::judge::{Estimate, Judge};
use crate::faithfulness::{JudgeConfig, ScorerConfig};
use crate::models::language::{Completion, LanguageModel, Prompt};

/// Stands where a judge has its model while it is only counted what it would ask.
struct Unasked;

impl LanguageModel for Unasked {
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>> {
        vec![Err("nothing is asked yet".to_owned()); prompts.len()]
    }
}

impl Config {
    /// The judges among the scorers, each with what it would ask to judge `answers`. No model is opened.
    ///
    /// # Errors
    /// Where a judge's prompts cannot be read.
    pub fn bills(&self, answers: &[Labelled]) -> anyhow::Result<Vec<(&JudgeConfig, Estimate)>> {
        let read: Vec<Claiming> = answers
            .iter()
            .map(|answer| Claiming::whole(&answer.answer))
            .collect();
        let answers: Vec<&Labelled> = answers.iter().collect();
        let subjects = subjects(&answers, &read);
        let judges = self
            .variants
            .iter()
            .filter_map(|variant| match &variant.scorer {
                ScorerConfig::Judge(judge) => Some(judge),
                _ => None,
            });
        let bill = |judge| {
            let estimate = Judge::new(judge, &Unasked, "", None)?.estimate(&subjects)?;
            Ok((judge, estimate))
        };
        judges.map(bill).collect()
    }
}
