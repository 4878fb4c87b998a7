//! How much of a difference the judge makes by itself, where a run records judgements that were repeated.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Joined, Side};

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

/// The judgements of one metric by example.
type Judgements = BTreeMap<String, Vec<f64>>;

impl JudgeNoise {
    /// The noise in the mean difference of `metric` over these pairs; `None` where neither side has repeated judgements.
    pub(super) fn of(
        baseline: &Side,
        candidate: &Side,
        metric: &str,
        joined: &Joined,
        places: &[usize],
    ) -> anyhow::Result<Option<Self>> {
        let mut of_sides = Vec::new();
        let pairs = || places.iter().map(|&place| joined.places[place]);
        let before: Vec<&String> = pairs().map(|(one, _)| &baseline.scores.ids[one]).collect();
        let after: Vec<&String> = pairs()
            .map(|(_, other)| &candidate.scores.ids[other])
            .collect();
        for (side, ids) in [(baseline, before), (candidate, after)] {
            let judgements = side.run.judgements(&side.variant, metric)?;
            of_sides.push(Repeated::of(&judgements, &ids));
        }
        let repeated: u64 = of_sides.iter().map(|side| side.examples).sum();
        if repeated == 0 {
            return Ok(None);
        }
        // One judge: its noise is pooled over both sides.
        let squares: f64 = of_sides.iter().map(|side| side.squares).sum();
        let freedom: f64 = of_sides.iter().map(|side| side.freedom).sum();
        let variance = squares / freedom;
        let shares: f64 = of_sides.iter().map(|side| side.shares).sum();
        Ok(Some(Self {
            repeated,
            flipped: of_sides.iter().map(|side| side.flipped).sum(),
            sd: variance.sqrt(),
            standard_error: (variance * shares).sqrt() / places.len() as f64,
        }))
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
    fn of(judgements: &Judgements, ids: &[&String]) -> Self {
        let mut found = Self::default();
        for id in ids {
            let values = judgements.get(*id).map_or(&[][..], Vec::as_slice);
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
