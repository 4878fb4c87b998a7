//! The metrics of a RAG system: of rankings of documents, of how chunks cover gold answers, and of answers in words.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::Gold;
use crate::faithfulness::OpenedScorer;
use crate::metrics::answer::{AnswerMetric, Normalisation};
use crate::metrics::spans::SpanMetric;
use crate::metrics::{Aggregate, Better, Metric, MetricFacts, Rules};

/// What is relevant where no gold spans are known.
pub(super) const RELEVANT_DOCUMENTS: &str = "relevant are documents with a grade above 0";

/// A metric of a RAG system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RagMetric {
    /// Of a ranking of documents; chunks stand for their documents, each at its best.
    Ranking(Metric),
    /// Of how a ranking of chunks covers the gold spans.
    Span(SpanMetric),
    /// Of an answer in words.
    Answer(AnswerMetric),
}

impl RagMetric {
    /// How deep a ranking must be for it, where it has a cutoff.
    pub fn cutoff(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Ranking(metric) => metric.cutoff,
            Self::Span(metric) => metric.cutoff(),
            Self::Answer(_) => None,
        }
    }

    /// The metric of answers that it is.
    pub(super) fn of_answers(&self) -> Option<AnswerMetric> {
        match self {
            Self::Answer(metric) => Some(*metric),
            Self::Ranking(_) | Self::Span(_) => None,
        }
    }

    /// Whether it is of an answer in words.
    pub fn needs_answers(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    /// Whether any of these needs a scorer of faithfulness.
    pub fn need_verdicts(metrics: &[Self]) -> bool {
        let mut answers = metrics.iter().filter_map(Self::of_answers);
        answers.any(AnswerMetric::needs_verdicts)
    }

    /// Which queries these metrics can be asked of.
    pub fn gold(metrics: &[Self]) -> Gold {
        if metrics.iter().any(Self::needs_answers) {
            Gold::Answers
        } else {
            Gold::Judgements
        }
    }

    /// What a report says of it: under the rules of rankings, of spans that are held against such `tokens`, of answers that are made
    /// comparable this way.
    pub(super) fn facts(
        &self,
        rules: &Rules,
        tokens: &str,
        normalisation: Normalisation,
    ) -> MetricFacts {
        match self {
            Self::Ranking(metric) => MetricFacts {
                name: metric.to_string(),
                unit: "1".to_owned(),
                better: Better::Higher,
                judge: None,
                pooled: None,
                aside: false,
                exact: false,
                convention: format!(
                    "{}; {}",
                    metric.explanation().definition,
                    metric.convention(rules)
                ),
            },
            Self::Span(metric) => metric.facts(tokens),
            Self::Answer(metric) => metric.facts(normalisation),
        }
    }

    /// What a report says of it, with what is relevant, whose rarity of terms weighs them, and what scores faithfulness, where that matters.
    pub(super) fn explained(
        &self,
        mut facts: MetricFacts,
        relevance: &str,
        weighed_by: &str,
        scorer: Option<&OpenedScorer>,
    ) -> MetricFacts {
        if let Self::Answer(metric) = self {
            if metric.needs_relevance() {
                facts.convention += "; ";
                facts.convention += relevance;
            }
            if *metric == AnswerMetric::AnswerRelevance {
                facts.convention += "; weights: idf in ";
                facts.convention += weighed_by;
            }
            if let Some(scorer) = scorer.filter(|_| metric.needs_verdicts()) {
                facts.convention += "; scorer: ";
                facts.convention += &scorer.description;
                facts.judge = Some(scorer.digest.clone());
            }
        }
        facts
    }

    /// Whether it compares the ids of what was found with judgements.
    pub(super) fn compares_ids(&self) -> bool {
        match self {
            Self::Ranking(_) | Self::Span(_) => true,
            Self::Answer(metric) => metric.needs_relevance(),
        }
    }

    /// Whether it is a mean over examples, as a metric of a run must be.
    pub fn is_mean(&self) -> bool {
        match self {
            Self::Ranking(metric) => metric.aggregate() == Aggregate::Mean,
            Self::Span(_) | Self::Answer(_) => true,
        }
    }
}

impl FromStr for RagMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(metric) = SpanMetric::named(name) {
            return metric.map(Self::Span);
        }
        match AnswerMetric::named(name) {
            Some(metric) => Ok(Self::Answer(metric)),
            None => name
                .parse()
                .map(Self::Ranking)
                .map_err(|error: crate::metrics::UnknownMetric| error.to_string()),
        }
    }
}

impl TryFrom<String> for RagMetric {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<RagMetric> for String {
    fn from(metric: RagMetric) -> Self {
        metric.to_string()
    }
}

impl fmt::Display for RagMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranking(metric) => metric.fmt(f),
            Self::Span(metric) => metric.fmt(f),
            Self::Answer(metric) => metric.fmt(f),
        }
    }
}
