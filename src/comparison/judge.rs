//! How much of a difference the judge makes by itself, where a run records judgements that were repeated.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Pairing, Side};

/// The noise of a judge in a mean difference, from examples that it judged more than once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JudgeNoise {
    /// Examples, on either side, that were judged more than once.
    pub repeated: u64,
    /// Those of them whose judgements are not all on one side of ½.
    pub flipped: u64,
    /// Standard deviation of one judgement of one example.
    pub sd: f64,
    /// Standard error that the judge alone gives the mean difference.
    pub standard_error: f64,
}

/// The judgements of one metric by both sides, by example.
pub(super) struct Judged([BTreeMap<String, Vec<f64>>; 2]);

impl Judged {
    /// Those that the two runs record of `metric`.
    pub(super) fn read(pairing: &Pairing<'_>, metric: &str) -> anyhow::Result<Self> {
        let of = |side: &Side| side.run.judgements(&side.variant, metric);
        Ok(Self([of(pairing.baseline)?, of(pairing.candidate)?]))
    }

    /// The noise in the mean difference over these pairs; `None` where no example of them was judged more than once.
    pub(super) fn noise(&self, pairing: &Pairing<'_>, pairs: &[usize]) -> Option<JudgeNoise> {
        let places = || pairs.iter().map(|&pair| pairing.places[pair]);
        let [before, after] = &self.0;
        let (one, other) = (&pairing.baseline.scores.ids, &pairing.candidate.scores.ids);
        let sides = [
            Repeated::of(before, places().map(|(place, _)| &one[place])),
            Repeated::of(after, places().map(|(_, place)| &other[place])),
        ];
        let sum = |of: fn(&Repeated) -> f64| sides.iter().map(of).sum::<f64>();
        let repeated = sides.iter().map(|side| side.examples).sum();
        // One judge: its noise is pooled over both sides.
        let variance = sum(|side| side.squares) / sum(|side| side.freedom);
        (repeated > 0).then(|| JudgeNoise {
            repeated,
            flipped: sides.iter().map(|side| side.flipped).sum(),
            sd: variance.sqrt(),
            standard_error: (variance * sum(|side| side.shares)).sqrt() / pairs.len() as f64,
        })
    }
}

/// One side's repeated judgements.
#[derive(Default)]
struct Repeated {
    examples: u64,
    flipped: u64,
    /// Squared distances from the mean of each example, and how many of them are free.
    squares: f64,
    freedom: f64,
    /// Σ 1 / judgements of the example: what the variance of a judgement counts in that of the sum of the means.
    shares: f64,
}

impl Repeated {
    fn of<'a>(
        judgements: &BTreeMap<String, Vec<f64>>,
        ids: impl Iterator<Item = &'a String>,
    ) -> Self {
        let mut found = Self::default();
        for id in ids {
            let values = judgements.get(id).map_or(&[][..], Vec::as_slice);
            found.shares += 1.0 / values.len().max(1) as f64;
            if values.len() < 2 {
                continue;
            }
            let centre = values.iter().sum::<f64>() / values.len() as f64;
            found.examples += 1;
            let above = values.iter().filter(|value| **value >= 0.5).count();
            found.flipped += u64::from(above > 0 && above < values.len());
            found.squares += values
                .iter()
                .map(|value| (value - centre).powi(2))
                .sum::<f64>();
            found.freedom += (values.len() - 1) as f64;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two examples, each judged 0 and 1: the variance of a judgement is ½, that of a mean of two ¼.
    #[test]
    fn repeated_judgements_worked_by_hand() {
        let ids = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let judgements = ids[..2].iter().map(|id| (id.clone(), vec![0.0, 1.0]));
        let found = Repeated::of(&judgements.collect(), ids.iter());
        assert_eq!((found.examples, found.flipped), (2, 2));
        // `c` was judged once.
        let sums = [found.squares, found.freedom, found.shares];
        let expected = [1.0, 2.0, 2.0];
        for (found, expected) in sums.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{sums:?}");
        }
    }
}
