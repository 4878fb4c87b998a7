//! Two variants, of one run or of two, compared example by example.

mod ablation;
mod agreement;
mod changed;
mod difference;
mod identity;
mod judge;
mod pairing;
mod question;
mod side;
mod table;
pub(crate) mod timed;

pub use ablation::{
    Ablation, AblationOf, Change, Claim, Claimed, Delta, Gain, Levels, Tradeoff, ablate,
};
pub use agreement::{Agreement, Figure, agreement_table, agreements};
pub use changed::{Changed, Parting, StageList, changed, partings};
pub use difference::{Difference, adjust, differences, family, tested};
pub use identity::{Mismatch, check_waiver, metrics, mismatches, waive};
pub use judge::JudgeNoise;
pub use pairing::{Pairing, some_of};
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
    let others: Vec<Side> = others
        .iter()
        .map(|other| Side::of(run, other))
        .collect::<anyhow::Result<_>>()?;
    let pairings = others.iter().map(|other| Pairing::new(&baseline, other));
    let rows = family(&pairings.collect::<Vec<_>>(), &question)?;
    Ok(rows.into_iter().flatten().collect())
}
