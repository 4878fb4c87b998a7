//! The metrics of a cache of answers.

use std::fmt;

use crate::metrics::{Better, MetricFacts};

/// A metric of a cache of answers, of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheMetric {
    /// How often an answer that could be taken is taken.
    HitRate,
    /// How often an answer is taken that must not be.
    FalseHitRate,
    /// How often an answer that is taken is wrong.
    WrongAnswerRate,
    /// How often hit and miss are as they should be.
    Correct,
}

/// What a cache made of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took no answer.
    Miss,
    /// It took the answer of the pair's own cached question.
    Own,
    /// It took another one.
    Other,
    /// It could not be asked.
    Error,
}

impl CacheMetric {
    const ALL: [Self; 4] = [
        Self::HitRate,
        Self::FalseHitRate,
        Self::WrongAnswerRate,
        Self::Correct,
    ];

    /// The metric of this name, whatever its letter case; `None` where it is none of a cache.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|metric| metric.name().eq_ignore_ascii_case(name))
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(|metric| format!("`{metric}`")).join(", ")
    }

    fn name(self) -> &'static str {
        match self {
            Self::HitRate => "HitRate",
            Self::FalseHitRate => "FalseHitRate",
            Self::WrongAnswerRate => "WrongAnswerRate",
            Self::Correct => "Correct",
        }
    }

    /// What a report says of it; `how` is how the pairs were divided and what the cache held.
    pub(super) fn facts(self, how: &str) -> MetricFacts {
        let (better, definition) = match self {
            Self::HitRate => (
                Better::Higher,
                "of the pairs with the same answer, the share whose cached answer is taken (recall)",
            ),
            Self::FalseHitRate => (
                Better::Lower,
                "of the pairs with different answers, the share for which an answer is taken",
            ),
            Self::WrongAnswerRate => (
                Better::Lower,
                "of the hits, the share whose answer is wrong (1 - precision); it depends on the mix of the pairs and is no rate in use",
            ),
            Self::Correct => (
                Better::Higher,
                "the share of pairs where a right answer is taken, or none where none is right",
            ),
        };
        MetricFacts {
            name: self.name().to_owned(),
            unit: "1".to_owned(),
            better,
            judge: None,
            pooled: None,
            aside: false,
            exact: matches!(self, Self::FalseHitRate | Self::WrongAnswerRate),
            convention: format!(
                "{definition}; {how}; a pair that ended in an error counts as the worst"
            ),
        }
    }

    /// The value for one pair, `same` being its label; `None` where the metric is not about it.
    pub(super) fn score(self, same: bool, outcome: Outcome) -> Option<f64> {
        let is_right = outcome == Outcome::Own && same;
        let is_hit = matches!(outcome, Outcome::Own | Outcome::Other);
        let is_error = outcome == Outcome::Error;
        let value = match self {
            Self::HitRate if same => is_right,
            Self::FalseHitRate if !same => is_hit || is_error,
            Self::WrongAnswerRate if is_hit || is_error => !is_right,
            Self::Correct => is_right || (!same && outcome == Outcome::Miss),
            Self::HitRate | Self::FalseHitRate | Self::WrongAnswerRate => return None,
        };
        Some(f64::from(u8::from(value)))
    }
}

impl fmt::Display for CacheMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for metric in CacheMetric::ALL {
            assert_eq!(CacheMetric::named(&metric.to_string()), Some(metric));
        }
        assert_eq!(CacheMetric::named("hitrate"), Some(CacheMetric::HitRate));
        assert_eq!(CacheMetric::named("nDCG@10"), None);
    }

    #[test]
    fn every_outcome_counts_where_it_belongs() {
        use Outcome::{Error, Miss, Other, Own};
        let scores = |same, outcome| CacheMetric::ALL.map(|metric| metric.score(same, outcome));
        let (yes, no) = (Some(1.0), Some(0.0));
        // HitRate, FalseHitRate, WrongAnswerRate, Correct.
        for (same, outcome, expected) in [
            (true, Own, [yes, None, no, yes]),
            (true, Other, [no, None, yes, no]),
            (true, Miss, [no, None, None, no]),
            (true, Error, [no, None, yes, no]),
            (false, Own, [None, yes, yes, no]),
            (false, Other, [None, yes, yes, no]),
            (false, Miss, [None, no, None, yes]),
            (false, Error, [None, yes, yes, no]),
        ] {
            assert_eq!(scores(same, outcome), expected, "{same} {outcome:?}");
        }
    }
}
