//! Tier 0: by the words of sentence and source, without any model.

use anyhow::ensure;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::trained::Weights;
use super::{Context, Scorer, Subject, Verdict};
use crate::analysis::{Analyser, AnalyserConfig};
use crate::claims::{ClaimWords, EvidenceWords, best_support};
use crate::outputs::{Claim, Evidence};

/// `words`: how much of a sentence's words, numbers, names and denials its sources have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordsConfig {
    /// A sentence is supported from this on, 0..=1; where absent, from where it tells best on the collections that tier 1 was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
}

impl WordsConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        if let Some(threshold) = self.threshold {
            ensure!(
                (0.0..=1.0).contains(&threshold),
                "`words.threshold = {threshold}` must be a number from 0 to 1"
            );
        }
        Ok(())
    }
}

/// Tier 0: [`best_support`] of the best context, every term counting alike, times the share of names known.
pub struct Words {
    threshold: f64,
    description: String,
    analyser: Analyser,
}

impl Words {
    /// Opens the scorer.
    ///
    /// # Errors
    /// Where the language has no stop words and the config wants them dropped.
    pub fn open(config: &WordsConfig) -> anyhow::Result<Self> {
        let (fitted, quality) = Weights::of_words()?;
        let (threshold, origin) = match config.threshold {
            Some(threshold) => (threshold, "the config's"),
            None => (
                fitted,
                "best balanced accuracy on the collections below, each counting alike",
            ),
        };
        Ok(Self {
            threshold,
            description: format!(
                "tier 0 (words); threshold {threshold:.4} ({origin}); AUROC/balanced accuracy at a threshold without the set's family: {quality}"
            ),
            analyser: Analyser::new(&config.analyser)?,
        })
    }

    /// Tier, threshold and its origin, and what it is worth, for reports.
    pub(super) fn describe(&self) -> &str {
        &self.description
    }

    fn verdict(&self, subject: &Subject<'_>) -> Verdict {
        let mut analyser = self.analyser.clone();
        let read = |context: &Context<'_>| {
            EvidenceWords::new(context.text, context.about, &mut self.analyser.clone())
        };
        let evidence: Vec<EvidenceWords> = subject.contexts.iter().map(read).collect();
        let claims = subject.sentences.iter().map(|range| {
            let claim = ClaimWords::new(&subject.answer[range.clone()], &mut analyser, &|_| 1.0);
            let mut best = (0.0, None);
            for (number, source) in (1..).zip(&evidence) {
                let (support, stretch) = best_support(&claim, source);
                if support > best.0 || number == 1 {
                    let evidence = stretch.map(|stretch| Evidence {
                        source: number,
                        start: stretch.start,
                        end: stretch.end,
                        ..Evidence::default()
                    });
                    best = (support, evidence);
                }
            }
            let (support, evidence) = best;
            Claim {
                start: range.start,
                end: range.end,
                support,
                supported: support >= self.threshold,
                evidence,
                ..Claim::default()
            }
        });
        Verdict::by_mean(claims.collect(), self.threshold)
    }
}

impl Scorer for Words {
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        let verdicts = subjects.par_iter().map(|subject| Ok(self.verdict(subject)));
        verdicts.collect()
    }
}
