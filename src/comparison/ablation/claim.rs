//! What the design card of such systems claims.

use serde::Serialize;
use serde::ser::SerializeStruct;

/// Where the claims stand.
const SOURCE: &str = "seed.md, case study 1 (enterprise RAG), trade-offs of the retrieval pipeline";

/// A claim of the design card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// Hybrid search in place of dense search alone.
    Hybrid,
    /// Reranking by a cross-encoder.
    Rerank,
    /// Searching with a hypothetical answer; claimed for vague queries only.
    Hyde,
}

impl Claim {
    /// What it is about.
    pub fn about(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid over dense",
            Self::Rerank => "reranking",
            Self::Hyde => "HyDE on vague queries",
        }
    }

    /// What it adds to relevance, in percent of what there was before.
    pub fn relevance_percent(self) -> f64 {
        match self {
            Self::Hybrid => 15.0,
            Self::Rerank => 25.0,
            Self::Hyde => 10.0,
        }
    }

    /// What it adds to latency.
    pub fn latency_ms(self) -> f64 {
        match self {
            Self::Hybrid => 20.0,
            Self::Rerank => 100.0,
            Self::Hyde => 150.0,
        }
    }
}

/// Which way a variant goes from the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It has what the baseline has not.
    Added,
    /// It has not what the baseline has.
    Removed,
}

/// What is claimed for the difference between a variant and the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// Which way the variant goes.
    pub change: Change,
}

impl Claimed {
    /// What is claimed of the relevance, in percent of the baseline's.
    pub fn relevance_percent(self) -> f64 {
        let added = self.claim.relevance_percent();
        match self.change {
            Change::Added => added,
            Change::Removed => -100.0 * added / (100.0 + added),
        }
    }

    /// What is claimed of the latency, variant − baseline.
    pub fn latency_ms(self) -> f64 {
        match self.change {
            Change::Added => self.claim.latency_ms(),
            Change::Removed => -self.claim.latency_ms(),
        }
    }
}

/// With its figures, for who reads the JSON.
impl Serialize for Claimed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Claimed", 5)?;
        fields.serialize_field("claim", &self.claim)?;
        fields.serialize_field("change", &self.change)?;
        fields.serialize_field("relevance_percent", &self.relevance_percent())?;
        fields.serialize_field("latency_ms", &self.latency_ms())?;
        fields.serialize_field("source", SOURCE)?;
        fields.end()
    }
}

/// `reranking: +25 % for +100 ms`; `reranking left out: -20 % for -100 ms`.
impl std::fmt::Display for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left_out = match self.change {
            Change::Added => "",
            Change::Removed => " left out",
        };
        write!(
            f,
            "{}{left_out}: {:+.0} % for {:+.0} ms",
            self.claim.about(),
            self.relevance_percent(),
            self.latency_ms()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_turned_round_undoes_itself() {
        for claim in [Claim::Hybrid, Claim::Rerank, Claim::Hyde] {
            let [added, removed] =
                [Change::Added, Change::Removed].map(|change| Claimed { claim, change });
            let [up, down] =
                [added, removed].map(|claimed| 1.0 + claimed.relevance_percent() / 100.0);
            assert!((up * down - 1.0).abs() < 1e-12, "{claim:?}");
            assert!((added.latency_ms() + removed.latency_ms()).abs() < 1e-12);
        }
    }

    #[test]
    fn claims_in_words() {
        let shown = |claim, change| Claimed { claim, change }.to_string();
        assert_eq!(
            shown(Claim::Rerank, Change::Added),
            "reranking: +25 % for +100 ms"
        );
        assert_eq!(
            shown(Claim::Rerank, Change::Removed),
            "reranking left out: -20 % for -100 ms"
        );
        assert_eq!(
            shown(Claim::Hybrid, Change::Removed),
            "hybrid over dense left out: -13 % for -20 ms"
        );
        assert_eq!(
            shown(Claim::Hyde, Change::Added),
            "HyDE on vague queries: +10 % for +150 ms"
        );
    }
}
