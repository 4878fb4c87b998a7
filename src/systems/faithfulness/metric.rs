//! The metrics of scorers of faithfulness, held against what people say.

use std::fmt;

use crate::faithfulness::Whole;
use crate::metrics::{Better, MetricFacts, Pooled, PooledFrom, Statistic};

/// A metric of a scorer of faithfulness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaithfulnessMetric {
    /// Of all answers together: how well scores or decisions go with the labels.
    Pooled(Pooled),
    /// A value of each answer.
    Each(Each),
}

/// What is known of each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// Whether people say that it is supported.
    Label,
    /// How well the scorer says that it is supported.
    Support,
    /// Whether that is enough.
    Decision,
    /// Its words.
    AnswerLength,
    /// Whether the scorer gave a score.
    Scored,
    /// Whether one that people call supported is told as such.
    RecallSupported,
    /// Whether one that people call unsupported is told as such.
    RecallUnsupported,
}

impl Each {
    const ALL: [Self; 7] = [
        Self::Label,
        Self::Support,
        Self::Decision,
        Self::AnswerLength,
        Self::Scored,
        Self::RecallSupported,
        Self::RecallUnsupported,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Label => "Label",
            Self::Support => "Support",
            Self::Decision => "Decision",
            Self::AnswerLength => "AnswerLength",
            Self::Scored => "Scored",
            Self::RecallSupported => "RecallSupported",
            Self::RecallUnsupported => "RecallUnsupported",
        }
    }

    fn definition(self) -> &'static str {
        match self {
            Self::Label => "1 where people say that the answer is supported, 0 where not",
            Self::Support => "how well the scorer says that the answer is supported, 0 to 1",
            Self::Decision => "1 where that reaches the scorer's threshold",
            Self::AnswerLength => "words of the answer, by white space",
            Self::Scored => {
                "1 where the scorer gave a score; answers without one are left out of all other metrics of the scorer"
            }
            Self::RecallSupported => {
                "of the answers that people call supported, the share that the scorer does"
            }
            Self::RecallUnsupported => {
                "of the answers that people call not supported, the share that the scorer does"
            }
        }
    }
}

impl FaithfulnessMetric {
    /// The metric of this name, whatever its letter case; `None` where it is none of these.
    pub fn named(name: &str) -> Option<Self> {
        if let Ok(pooled) = name.parse() {
            return Some(Self::Pooled(pooled));
        }
        let mut each = Each::ALL.into_iter();
        let each = each.find(|each| each.name().eq_ignore_ascii_case(name))?;
        Some(Self::Each(each))
    }

    /// What must be known of each answer to compute it.
    pub(super) fn needs(self) -> Vec<Each> {
        match self {
            Self::Each(each) => vec![each],
            Self::Pooled(pooled) => {
                let score = score(pooled);
                let mut needs = vec![Each::Label, score];
                needs.extend(length(pooled));
                needs
            }
        }
    }

    /// What a report says of it.
    pub(super) fn facts(self) -> MetricFacts {
        match self {
            Self::Pooled(pooled) => MetricFacts {
                pooled: Some(PooledFrom {
                    statistic: Statistic::Labels(pooled),
                    columns: self
                        .needs()
                        .iter()
                        .map(|each| each.name().to_owned())
                        .collect(),
                }),
                ..pooled.facts()
            },
            Self::Each(each) => MetricFacts {
                name: each.name().to_owned(),
                unit: if each == Each::AnswerLength {
                    "words"
                } else {
                    "1"
                }
                .to_owned(),
                better: Better::Higher,
                judge: None,
                pooled: None,
                aside: false,
                exact: false,
                convention: each.definition().to_owned(),
            },
        }
    }
}

/// What is held against the labels.
fn score(pooled: Pooled) -> Each {
    match pooled {
        Pooled::Auroc | Pooled::AurocWithoutLength | Pooled::AveragePrecision => Each::Support,
        Pooled::BalancedAccuracy | Pooled::Kappa => Each::Decision,
    }
}

fn length(pooled: Pooled) -> Option<Each> {
    (pooled == Pooled::AurocWithoutLength).then_some(Each::AnswerLength)
}

impl Each {
    /// The value for one answer, `label` being what people say and `words` its length; `None` where it has no such value.
    pub(super) fn value(self, label: bool, words: usize, whole: Option<Whole>) -> Option<f64> {
        let of_truth = |truth: bool| Some(f64::from(u8::from(truth)));
        match self {
            Self::Label => of_truth(label),
            Self::AnswerLength => Some(words as f64),
            Self::Scored => of_truth(whole.is_some()),
            Self::Support => Some(whole?.support),
            Self::Decision => of_truth(whole?.supported),
            Self::RecallSupported if label => of_truth(whole?.supported),
            Self::RecallUnsupported if !label => of_truth(!whole?.supported),
            Self::RecallSupported | Self::RecallUnsupported => None,
        }
    }
}

impl fmt::Display for FaithfulnessMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pooled(pooled) => pooled.fmt(f),
            Self::Each(each) => f.write_str(each.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_what_they_need_is_said() {
        for metric in ["AUROC", "aurocwithoutlength", "BalancedAccuracy", "Support"] {
            let found = FaithfulnessMetric::named(metric).unwrap();
            assert!(found.to_string().eq_ignore_ascii_case(metric));
        }
        assert_eq!(FaithfulnessMetric::named("Faithfulness"), None);
        assert_eq!(
            FaithfulnessMetric::Pooled(Pooled::AurocWithoutLength).needs(),
            [Each::Label, Each::Support, Each::AnswerLength]
        );
        assert_eq!(
            FaithfulnessMetric::Pooled(Pooled::BalancedAccuracy).needs(),
            [Each::Label, Each::Decision]
        );
    }

    #[test]
    fn an_answer_without_a_score_counts_where_it_belongs() {
        let values = |label, whole| Each::ALL.map(|each| each.value(label, 7, whole));
        let whole = |support: f64| {
            let supported = support >= 0.5;
            Some(Whole { support, supported })
        };
        // Label, Support, Decision, AnswerLength, Scored, RecallSupported, RecallUnsupported.
        let (yes, no) = (Some(1.0), Some(0.0));
        assert_eq!(
            values(true, whole(0.25)),
            [yes, Some(0.25), no, Some(7.0), yes, no, None]
        );
        assert_eq!(
            values(false, whole(0.25)),
            [no, Some(0.25), no, Some(7.0), yes, None, yes]
        );
        assert_eq!(
            values(true, None),
            [yes, None, None, Some(7.0), no, None, None]
        );
    }
}
