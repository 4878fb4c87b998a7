//! Two variants, of one run or of two, compared example by example.

mod changed;
mod difference;
mod identity;
mod joined;
mod judge;
mod side;
mod table;

pub use changed::{Changed, Parting, changed, partings};
pub use difference::{Difference, Question, Sliced, adjust, differences};
pub use identity::{Mismatch, mismatches, waive};
pub use joined::Joined;
pub use judge::JudgeNoise;
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
    let side = |variant: &String| Side::of(run, variant);
    let (baseline, mut rows) = (side(first)?, Vec::new());
    for other in others {
        let candidate = side(other)?;
        let joined = Joined::new(&baseline.scores, &candidate.scores);
        rows.extend(differences(&baseline, &candidate, &joined, &question)?);
    }
    adjust(&mut rows);
    Ok(rows)
}
