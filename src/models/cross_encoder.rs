//! Cross-encoders: query and passage are read together, by a sequence classifier.

use anyhow::{Context as _, ensure};

use super::{Label, Scorer, SequenceClassifier};

/// Scores a pair by the logits of a classifier that read it.
///
/// With one label the score is its logit, of which sentence-transformers' score is the sigmoid: the order is the same.
/// With several it is the log-odds of one label under softmax, `ln(p / (1 - p))`: any number, above 0 where the label is
/// likelier than all others together.
pub struct CrossEncoder {
    classifier: SequenceClassifier,
    label: usize,
}

impl CrossEncoder {
    /// A scorer by this label, which may be left out where the classifier has one only.
    ///
    /// # Errors
    /// Where the classifier has no such label, or several and none is chosen.
    pub fn new(classifier: SequenceClassifier, label: Option<&Label>) -> anyhow::Result<Self> {
        let labels = classifier.labels();
        let all = || {
            let quoted: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            quoted.join(", ")
        };
        let label = match label {
            None => {
                ensure!(
                    labels.len() == 1,
                    "the classifier has {} labels; say with `label` which of them means that a passage is relevant: {}",
                    labels.len(),
                    all()
                );
                0
            }
            Some(Label::Number(number)) => {
                ensure!(
                    *number < labels.len(),
                    "the classifier has no label number {number}; take one below {}, or a name: {}",
                    labels.len(),
                    all()
                );
                *number
            }
            Some(Label::Name(name)) => {
                labels
                    .iter()
                    .position(|label| label == name)
                    .with_context(|| {
                        format!(
                            "the classifier has no label `{name}`; take one of {}",
                            all()
                        )
                    })?
            }
        };
        Ok(Self { classifier, label })
    }

    /// The number of the output that the score is of.
    pub fn label(&self) -> usize {
        self.label
    }
}

impl Scorer for CrossEncoder {
    fn score(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Vec<f32>> {
        let logits = self.classifier.logits_of_pairs(pairs)?;
        let rows = (0..logits.rows()).map(|row| logits.row(row));
        Ok(rows.map(|row| relevance(row, self.label)).collect())
    }
}

/// The logit where there is one, the log-odds of `label` against the others where there are several.
fn relevance(logits: &[f32], label: usize) -> f32 {
    if let [logit] = logits {
        return *logit;
    }
    let others = || {
        let others = logits
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != label);
        others.map(|(_, logit)| f64::from(*logit))
    };
    // Taking the largest out first keeps the exponentials from overflowing.
    let largest = others().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = others().map(|logit| (logit - largest).exp()).sum();
    #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
    let odds = (f64::from(logits[label]) - largest - sum.ln()) as f32;
    odds
}
