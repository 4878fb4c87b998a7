//! Metrics: pure functions over slices, and the names by which a config, a report and a gate ask for them.
//!
//! Names are written as ir-measures writes them (`nDCG@10`, `R@100`, `RR`, `AP`, `P@5`, `Success@1`) and read
//! case-insensitively, with the usual aliases (`mrr`, `map`, `recall@100`). Nothing here knows about indexes,
//! models or files.

pub mod ranking;
pub mod statistics;

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use ranking::Judgements;

/// A ranking metric with its cutoff. Every value lies in 0..=1 and more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Metric {
    /// [`ranking::ndcg`]
    Ndcg(Option<NonZeroUsize>),
    /// [`ranking::average_precision`]
    AveragePrecision(Option<NonZeroUsize>),
    /// [`ranking::reciprocal_rank`]
    ReciprocalRank(Option<NonZeroUsize>),
    /// [`ranking::precision`]
    Precision(NonZeroUsize),
    /// [`ranking::recall`]
    Recall(NonZeroUsize),
    /// [`ranking::success`]
    Success(NonZeroUsize),
}

impl Metric {
    /// The metric of one query's ranking.
    pub fn score(self, judgements: &Judgements) -> f64 {
        let depth = |cutoff: Option<NonZeroUsize>| cutoff.map_or(usize::MAX, NonZeroUsize::get);
        match self {
            Self::Ndcg(k) => ranking::ndcg(judgements, depth(k)),
            Self::AveragePrecision(k) => ranking::average_precision(judgements, depth(k)),
            Self::ReciprocalRank(k) => ranking::reciprocal_rank(judgements, depth(k)),
            Self::Precision(k) => ranking::precision(judgements, k),
            Self::Recall(k) => ranking::recall(judgements, k.get()),
            Self::Success(k) => ranking::success(judgements, k.get()),
        }
    }

    /// How deep a ranking must be for this metric to be what its name says.
    pub fn cutoff(self) -> Option<usize> {
        match self {
            Self::Ndcg(k) | Self::AveragePrecision(k) | Self::ReciprocalRank(k) => {
                k.map(NonZeroUsize::get)
            }
            Self::Precision(k) | Self::Recall(k) | Self::Success(k) => Some(k.get()),
        }
    }

    /// The convention that the number follows, in words.
    pub fn convention(self) -> &'static str {
        match self {
            Self::Ndcg(_) => {
                "trec_eval: linear gain, log2(rank+1) discount, ideal over all judged documents, 0 without a relevant one"
            }
            Self::AveragePrecision(_) | Self::Recall(_) => {
                "trec_eval: divided by all relevant documents, 0 without one"
            }
            Self::ReciprocalRank(_) => {
                "trec_eval: 1/rank of the first relevant document, 0 without one"
            }
            Self::Precision(_) => "trec_eval: divided by k also where fewer were retrieved",
            Self::Success(_) => "trec_eval: 1 where a relevant document stands in the first k",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Ndcg(_) => "nDCG",
            Self::AveragePrecision(_) => "AP",
            Self::ReciprocalRank(_) => "RR",
            Self::Precision(_) => "P",
            Self::Recall(_) => "R",
            Self::Success(_) => "Success",
        };
        match self.cutoff() {
            Some(k) => write!(f, "{name}@{k}"),
            None => f.write_str(name),
        }
    }
}

/// What a report says about a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricFacts {
    /// Its name, such as `nDCG@10`.
    pub name: String,
    /// The unit of its values; `1` where it has none.
    pub unit: &'static str,
    /// The convention that it follows.
    pub convention: String,
}

/// A name that is no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a metric: {reason}")]
pub struct UnknownMetric {
    name: String,
    reason: &'static str,
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = |reason| UnknownMetric {
            name: text.to_owned(),
            reason,
        };
        let (name, cutoff) = match text.split_once('@') {
            Some((name, cutoff)) => {
                let k = cutoff
                    .parse()
                    .map_err(|_| fault("the cutoff after `@` must be a whole number from 1"))?;
                (name, Some(k))
            }
            None => (text, None),
        };
        let needed = || cutoff.ok_or(fault("it needs a cutoff, as in `P@10`"));
        Ok(match name.to_ascii_lowercase().as_str() {
            "ndcg" => Self::Ndcg(cutoff),
            "ap" | "map" => Self::AveragePrecision(cutoff),
            "rr" | "mrr" => Self::ReciprocalRank(cutoff),
            "p" | "precision" => Self::Precision(needed()?),
            "r" | "recall" => Self::Recall(needed()?),
            "success" => Self::Success(needed()?),
            _ => {
                return Err(fault(
                    "expected nDCG, AP, RR, P@k, R@k or Success@k, with `@k` where a cutoff is meant",
                ));
            }
        })
    }
}

impl TryFrom<String> for Metric {
    type Error = UnknownMetric;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_it_is_written() {
        for (given, written) in [
            ("ndcg@10", "nDCG@10"),
            ("NDCG", "nDCG"),
            ("map", "AP"),
            ("AP@1000", "AP@1000"),
            ("mrr@10", "RR@10"),
            ("rr", "RR"),
            ("precision@5", "P@5"),
            ("recall@100", "R@100"),
            ("success@1", "Success@1"),
        ] {
            let metric: Metric = given.parse().unwrap();
            assert_eq!(metric.to_string(), written);
            assert_eq!(written.parse::<Metric>().unwrap(), metric);
        }
    }

    #[test]
    fn a_wrong_name_says_what_is_wrong() {
        let message = |text: &str| text.parse::<Metric>().unwrap_err().to_string();
        assert_eq!(
            message("ndgc@10"),
            "`ndgc@10` is not a metric: expected nDCG, AP, RR, P@k, R@k or Success@k, with `@k` where a cutoff is meant"
        );
        assert_eq!(
            message("P"),
            "`P` is not a metric: it needs a cutoff, as in `P@10`"
        );
        assert_eq!(
            message("nDCG@0"),
            "`nDCG@0` is not a metric: the cutoff after `@` must be a whole number from 1"
        );
    }
}
