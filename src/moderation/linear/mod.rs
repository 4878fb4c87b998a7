//! Logistic regression over hashed n-grams, one set of weights a category.

mod config;
mod file;
mod fit;
mod rows;
#[cfg(test)]
mod tests;
mod weights;

pub use config::{ClassWeight, LinearConfig};
use weights::Weights;

use crate::moderation::ngrams::{Family, Ngrams, SparseRow};

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    config: LinearConfig,
    ngrams: Ngrams,
    categories: Vec<String>,
    /// The log-odds of a text without n-grams, one a category.
    intercepts: Vec<f64>,
    weights: Weights,
}

/// What an n-gram brings to the log-odds of a category.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Characters or words.
    pub family: Family,
    /// The n-gram; where several of a text share a bucket, the first as strings are sorted.
    pub ngram: String,
    /// Its value times its weight.
    pub log_odds: f64,
}

impl Linear {
    /// How it was trained.
    pub fn config(&self) -> &LinearConfig {
        &self.config
    }

    /// What it tells, in the order of log-odds.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The log-odds of each category for a text that is normalised as those were that it was trained on. `row` is a buffer.
    ///
    /// # Panics
    /// Where `logits` has not one place a category.
    pub fn logits(&self, text: &str, row: &mut SparseRow, logits: &mut [f64]) {
        logits.copy_from_slice(&self.intercepts);
        self.ngrams.row(text, row);
        self.weights.add(row.indices(), row.values(), logits);
    }

    /// The n-grams of a text that bring most to the log-odds of a category, by size, up or down; at most `most`. With the intercept, all of them sum up to
    /// the log-odds.
    ///
    /// # Panics
    /// Where there is no such category.
    pub fn contributions(&self, text: &str, category: usize, most: usize) -> Vec<Contribution> {
        assert!(category < self.categories.len(), "a category of this model");
        let mut row = SparseRow::default();
        self.ngrams.row(text, &mut row);
        let features = row.indices().iter().zip(row.values());
        // The names are in the order of the row: by family, then by bucket.
        let names = self.ngrams.names(text);
        let mut found: Vec<Contribution> = names
            .into_iter()
            .zip(features)
            .map(|(((family, _), names), (bucket, value))| Contribution {
                family,
                ngram: names.into_iter().next().unwrap_or_default(),
                log_odds: f64::from(*value) * f64::from(self.weights.get(*bucket, category)),
            })
            .collect();
        // The sort is stable: what brings the same stays in the order of the row.
        found.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
        found.truncate(most);
        found
    }
}
