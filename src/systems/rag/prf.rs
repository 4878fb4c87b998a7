//! Pseudo-relevance feedback: the words of the first documents found join those of the query.

use std::collections::BTreeMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::analysis::Analyser;
use crate::indexes::{Hit, Shown};

/// RM3: the query's words and those of a relevance model of the first documents, mixed.
///
/// P(t) = λ · q(t) + (1 − λ) · r(t), q being the query's words as shares of its length, and r the `terms` highest of
/// Σ over the first documents of (score of the document / Σ of their scores) · (tf(t) / length), scaled to sum 1.
/// Source: Lavrenko and Croft 2001; Abdul-Jaleel et al. 2004.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rm3 {
    /// Documents that are taken to be relevant, 1..=1000.
    pub documents: usize,
    /// Words that are taken from them, 1..=1000.
    pub terms: usize,
    /// λ: what the query's own words count, 0..=1.
    pub original_weight: f32,
}

impl Default for Rm3 {
    /// Anserini's.
    fn default() -> Self {
        Self {
            documents: 10,
            terms: 10,
            original_weight: 0.5,
        }
    }
}

impl Rm3 {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        for (name, number) in [("documents", self.documents), ("terms", self.terms)] {
            ensure!(
                (1..=1000).contains(&number),
                "`understand.prf.{name} = {number}` must be a whole number from 1 to 1000"
            );
        }
        ensure!(
            (0.0..=1.0).contains(&self.original_weight),
            "`understand.prf.original_weight = {}` must lie between 0 and 1",
            self.original_weight
        );
        Ok(())
    }

    /// The words to search for with their weights, the highest first, words of equal weight in the order of the alphabet; the query's
    /// own where nothing was found.
    pub(super) fn expand(
        self,
        query: &[String],
        found: &[(Hit, Shown)],
        analyser: &mut Analyser,
    ) -> Vec<(String, f32)> {
        let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
        let own = f64::from(self.original_weight);
        let total: f64 = found.iter().map(|(hit, _)| hit.score).sum();
        let mut relevant: BTreeMap<String, f64> = BTreeMap::new();
        for (hit, shown) in found {
            let terms = analyser.terms(&shown.searched());
            let share = hit.score / total / terms.len().max(1) as f64;
            for term in terms {
                *relevant.entry(term).or_default() += share;
            }
        }
        let mut relevant: Vec<(String, f64)> = relevant.into_iter().collect();
        relevant.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        relevant.truncate(self.terms);
        let sum: f64 = relevant.iter().map(|(_, weight)| weight).sum();
        let own = if sum > 0.0 { own } else { 1.0 };
        for term in query {
            *weights.entry(term).or_default() += own / query.len() as f64;
        }
        for (term, weight) in &relevant {
            *weights.entry(term).or_default() += (1.0 - own) * weight / sum;
        }
        let mut weights: Vec<(String, f32)> = weights
            .into_iter()
            .filter(|(_, weight)| *weight > 0.0)
            .map(|(term, weight)| {
                #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
                let weight = weight as f32;
                (term.to_owned(), weight)
            })
            .collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::AnalyserConfig;

    fn found(score: f64, text: &str) -> (Hit, Shown) {
        let hit = Hit {
            row: 0,
            tie: 0,
            score,
        };
        let shown = Shown {
            id: String::new(),
            title: String::new(),
            text: text.to_owned(),
            metadata: serde_json::Value::Null,
        };
        (hit, shown)
    }

    #[test]
    fn words_of_the_first_documents_join_by_their_share() {
        let rm3 = Rm3 {
            terms: 2,
            ..Rm3::default()
        };
        let mut analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        // r: `vaccin` 3/4 · 1/2, `flu` 3/4 · 1/2 + 1/4 · 1/4; `cold` is third and left out.
        let documents = [found(3.0, "flu vaccine"), found(1.0, "flu cold nose ear")];
        let weights = rm3.expand(&["flu".to_owned()], &documents, &mut analyser);
        let (flu, vaccine) = (0.4375_f32, 0.375_f32);
        assert_eq!(weights[0].0, "flu");
        assert!((weights[0].1 - (0.5 + 0.5 * flu / (flu + vaccine))).abs() < 1e-6);
        assert_eq!(weights[1].0, "vaccin");
        assert!((weights[1].1 - 0.5 * vaccine / (flu + vaccine)).abs() < 1e-6);
        assert_eq!(weights.len(), 2);
    }

    #[test]
    fn a_query_that_finds_nothing_stays_as_it_is() {
        let mut analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        let query = ["flu".to_owned(), "shot".to_owned(), "flu".to_owned()];
        let weights = Rm3::default().expand(&query, &[], &mut analyser);
        assert_eq!(weights.len(), 2);
        assert!((weights[0].1 - 2.0 / 3.0).abs() < 1e-6 && weights[0].0 == "flu");
    }
}
