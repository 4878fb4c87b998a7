//! Two variants, of one run or of two, compared example by example.

mod changed;
mod difference;
mod identity;
mod joined;
mod judge;
mod question;
mod side;
mod table;

pub use changed::{Changed, Parting, StageList, changed, partings};
pub use difference::{Difference, adjust, differences, family, tested};
pub use identity::{Mismatch, check_waiver, metrics, mismatches, waive};
pub use joined::Joined;
pub use judge::JudgeNoise;
pub use question::{Question, Sliced};
pub use side::{Side, named, sides};
pub use table::{changed_text, difference_list, difference_table, parting_table};

use crate::report::Run;

/// How far every other variant of a run is from its first, on every metric and slice, as one family of tests.
pub fn within(run: &Run) -> anyhow::Result<Vec<Difference>> {
    let identity = &run.manifest.identity;
    let question = Question {
        seed: identity.seed,
        ..Question::default()
    };
    let Some((first, others)) = identity.variants.split_first() else {
        return Ok(Vec::new());
    };
    let baseline = Side::of(run, first)?;
    let pair = |other: &String| -> anyhow::Result<(Side, Side, Joined)> {
        let candidate = Side::of(run, other)?;
        let joined = Joined::new(&baseline.scores, &candidate.scores);
        Ok((baseline.clone(), candidate, joined))
    };
    let pairs: Vec<_> = others.iter().map(pair).collect::<anyhow::Result<_>>()?;
    Ok(family(&pairs, &question)?.into_iter().flatten().collect())
}
