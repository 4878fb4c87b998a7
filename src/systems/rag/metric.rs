//! The metrics of a RAG system: of rankings of documents, and of how chunks cover gold answers.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::metrics::spans::SpanMetric;
use crate::metrics::{Aggregate, Metric};

/// A metric of a RAG system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RagMetric {
    /// Of a ranking of documents; chunks stand for their documents, each at its best.
    Ranking(Metric),
    /// Of how a ranking of chunks covers the gold spans.
    Span(SpanMetric),
}

impl RagMetric {
    /// How deep a ranking must be for it, where it has a cutoff.
    pub fn cutoff(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Ranking(metric) => metric.cutoff,
            Self::Span(metric) => metric.cutoff(),
        }
    }

    /// Whether it is a mean over examples, as a metric of a run must be.
    pub fn is_mean(&self) -> bool {
        match self {
            Self::Ranking(metric) => metric.aggregate() == Aggregate::Mean,
            Self::Span(_) => true,
        }
    }
}

impl FromStr for RagMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match SpanMetric::named(name) {
            Some(metric) => metric.map(Self::Span),
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
        }
    }
}
