//! What each example adds to a figure of all of them, worked out by hand for each figure: the derivative of the figure with respect to the
//! weight of the example, times the number of examples.

use super::{DECIDED, levels};
use crate::metrics::statistics::mean;

/// Labels of which some are positive and some are not.
pub(super) struct Classes<'a> {
    labels: &'a [bool],
    positives: f64,
    negatives: f64,
}

impl<'a> Classes<'a> {
    pub(super) fn of(labels: &'a [bool], scores: &[f64]) -> Option<Self> {
        assert_eq!(labels.len(), scores.len(), "one score a label");
        let positives = labels.iter().filter(|label| **label).count();
        let negatives = labels.len() - positives;
        (positives > 0 && negatives > 0).then_some(Self {
            labels,
            positives: positives as f64,
            negatives: negatives as f64,
        })
    }

    fn all(&self) -> f64 {
        self.positives + self.negatives
    }

    /// AUROC A. With the placement v of an example, the share of the other class on the right side of it, and m examples of its class:
    /// A + (v − A) N / m.
    pub(super) fn of_ranks(&self, scores: &[f64]) -> Vec<f64> {
        let mut placements = vec![0.0; scores.len()];
        let (mut positives_below, mut negatives_below) = (0.0, 0.0);
        for level in levels(scores) {
            let positives = level.iter().filter(|place| self.labels[**place]).count() as f64;
            let negatives = level.len() as f64 - positives;
            let of_positive = (negatives_below + negatives / 2.0) / self.negatives;
            let of_negative = 1.0 - (positives_below + positives / 2.0) / self.positives;
            for place in level {
                placements[place] = if self.labels[place] {
                    of_positive
                } else {
                    of_negative
                };
            }
            positives_below += positives;
            negatives_below += negatives;
        }
        self.of_rates(&placements, 1.0)
    }

    /// Balanced accuracy.
    pub(super) fn of_decisions(&self, scores: &[f64]) -> Vec<f64> {
        let told = self.labels.iter().zip(scores);
        let told = told.map(|(label, score)| number((*score >= DECIDED) == *label));
        self.of_rates(&told.collect::<Vec<_>>(), 0.5)
    }

    /// The mean R̄ of the rates of both classes, each the mean of a part v over the class: R̄ + weight (v − R) N / m for the rate R of
    /// the example's class and its m examples. A change of one rate changes R̄ by half of that, but that of AUROC, where
    /// both rates are the same number and change together.
    fn of_rates(&self, parts: &[f64], weight: f64) -> Vec<f64> {
        let rate = |class: bool, count: f64| {
            let of_class = parts.iter().zip(self.labels);
            let of_class = of_class.filter(|(_, label)| **label == class);
            of_class.map(|(part, _)| part).sum::<f64>() / count
        };
        let positive = rate(true, self.positives);
        let negative = rate(false, self.negatives);
        let value = f64::midpoint(positive, negative);
        let influence = |(part, label): (&f64, &bool)| {
            let (rate, count) = if *label {
                (positive, self.positives)
            } else {
                (negative, self.negatives)
            };
            value + weight * (part - rate) * self.all() / count
        };
        parts.iter().zip(self.labels).map(influence).collect()
    }

    /// Average precision P. An example k counts as itself where it is positive (y = 1), and in the precision pᵢ = Tᵢ / Rᵢ of every positive i
    /// that does not score above it: `P + N / m (y (p_k − P) + Σᵢ (y − pᵢ) / Rᵢ)`.
    pub(super) fn of_precision(&self, scores: &[f64]) -> Vec<f64> {
        let levels = levels(scores);
        let found: Vec<f64> = levels
            .iter()
            .map(|level| level.iter().filter(|place| self.labels[**place]).count() as f64)
            .collect();
        let mut precisions = vec![0.0; levels.len()];
        let mut retrieved = vec![0.0; levels.len()];
        let (mut positives, mut all) = (0.0, 0.0);
        for level in (0..levels.len()).rev() {
            positives += found[level];
            all += levels[level].len() as f64;
            precisions[level] = positives / all;
            retrieved[level] = all;
        }
        let weighted = found.iter().zip(&precisions).map(|(found, p)| found * p);
        let value = weighted.sum::<f64>() / self.positives;
        let mut values = vec![0.0; scores.len()];
        let (mut shares, mut products) = (0.0, 0.0);
        for (level, places) in levels.iter().enumerate() {
            shares += found[level] / retrieved[level];
            products += found[level] * precisions[level] / retrieved[level];
            for place in places {
                let own = if self.labels[*place] {
                    precisions[level] - value + shares
                } else {
                    0.0
                };
                values[*place] = value + (own - products) * self.all() / self.positives;
            }
        }
        values
    }

    /// κ = 1 − (1 − o) / (1 − e) of the observed agreement o and that by chance e, which is below 1 where there are labels of both kinds.
    /// With the shares p of positive labels and q of positive decisions, an example with label y and decision d moves o by a − o (a: whether they
    /// agree) and e by (y − p) (2q − 1) + (d − q) (2p − 1).
    pub(super) fn of_chance_corrected_agreement(&self, scores: &[f64]) -> Vec<f64> {
        let both = || {
            let both = self.labels.iter().zip(scores);
            both.map(|(label, score)| (number(*label), number(*score >= DECIDED)))
        };
        let agree = |(label, decision): (f64, f64)| 1.0 - (label - decision).abs();
        let share = |of: &dyn Fn((f64, f64)) -> f64| {
            mean(&both().map(of).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        let observed = share(&agree);
        let (labels, decisions) = (share(&|(label, _)| label), share(&|(_, decision)| decision));
        let disagreement = 1.0 - labels * decisions - (1.0 - labels) * (1.0 - decisions);
        let value = 1.0 - (1.0 - observed) / disagreement;
        let influence = |(label, decision): (f64, f64)| {
            let of_observed = agree((label, decision)) - observed;
            let of_chance = (label - labels) * (2.0 * decisions - 1.0)
                + (decision - decisions) * (2.0 * labels - 1.0);
            value + (of_observed - (1.0 - value) * of_chance) / disagreement
        };
        both().map(influence).collect()
    }
}

fn number(truth: bool) -> f64 {
    f64::from(u8::from(truth))
}
