//! What a gate says.

use serde::Serialize;

use super::OnInconclusive;
use crate::comparison::{Difference, Mismatch};

/// What one check says; the worst of them is what the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The rule was kept.
    Ok,
    /// Too few examples to be worth a test.
    NotTested,
    /// These examples cannot tell.
    Inconclusive,
    /// The rule was broken.
    Regression,
    /// There is nothing to compare.
    CannotCompare,
}

impl Answer {
    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotTested => "not tested",
            Self::Inconclusive => "inconclusive",
            Self::Regression => "REGRESSION",
            Self::CannotCompare => "CANNOT COMPARE",
        }
    }
}

/// One rule on one variant, metric and slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The kind of the rule.
    pub rule: &'static str,
    /// Its line in the gate file.
    pub line: usize,
    /// The variant.
    pub variant: String,
    /// What is looked at.
    pub metric: String,
    /// Over which examples.
    pub slice: String,
    /// What it says.
    pub answer: Answer,
    /// Why, in one sentence.
    pub because: String,
    /// The value that was found, with its 95 % interval.
    pub value: Option<f64>,
    /// Lower end.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// The comparison behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// Everything that a gate says about a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The worst of the checks.
    pub answer: Answer,
    /// The exit code that it comes to.
    pub exit_code: u8,
    /// The gate file.
    pub gate: String,
    /// The run.
    pub run: String,
    /// What it was compared with.
    pub baseline: Option<String>,
    /// Chance of any false alarm among the comparisons.
    pub alpha: f64,
    /// Comparisons that were tested together.
    pub family: usize,
    /// What differs and was waived, with the reason.
    pub waived: Vec<Mismatch>,
    /// Examples that only one side has.
    pub left_out: Vec<String>,
    /// Every check.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// The worst answer of the checks, and what it comes to.
    pub(super) fn conclude(&mut self, on_inconclusive: OnInconclusive) {
        let worst = self.checks.iter().map(|check| check.answer).max();
        self.answer = match worst {
            // Too few examples in a slice is nothing against a run.
            None | Some(Answer::NotTested) => Answer::Ok,
            Some(worst) => worst,
        };
        self.exit_code = match self.answer {
            Answer::Ok | Answer::NotTested => 0,
            Answer::Inconclusive => u8::from(on_inconclusive == OnInconclusive::Fail),
            Answer::Regression => 1,
            Answer::CannotCompare => 2,
        };
    }

    /// The checks with this answer.
    pub fn count(&self, answer: Answer) -> usize {
        self.checks
            .iter()
            .filter(|check| check.answer == answer)
            .count()
    }
}
