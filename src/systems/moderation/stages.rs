//! The stages of a moderator, by the names that they have in the files.

use std::time::Instant;

use crate::outputs::{Item, Stage};

pub(super) const NORMALISE: &str = "normalise";
pub(super) const PREFILTER: &str = "prefilter";
pub(super) const FAST: &str = "fast";
pub(super) const SLOW: &str = "slow";
pub(super) const POLICY: &str = "policy";
/// Aside: what the classifiers say of a post that never reaches them.
pub(super) const UNASKED: &str = "fast unasked";
/// Aside: the probability of each category that counts.
pub(super) const SCORES: &str = "scores";
/// Aside: the categories whose threshold it reaches.
pub(super) const FLAGS: &str = "flags";
/// Aside: what would be decided without each layer, as `fast/approve`.
pub(super) const WITHOUT: &str = "without";
/// Aside: the categories that are flagged of the post that this one is a changed copy of.
pub(super) const REFERENCE: &str = "reference";

/// What work makes, and how many milliseconds it takes.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64() * 1e3)
}

/// A thing with a score.
pub(super) fn item(id: &str, score: f64) -> Item {
    Item {
        id: id.to_owned(),
        score,
    }
}

/// A stage that chose these.
pub(super) fn stage(name: &str, items: Vec<Item>, latency_ms: f64, batch_size: u32) -> Stage {
    Stage {
        name: name.to_owned(),
        items,
        latency_ms,
        batch_size,
        ..Stage::default()
    }
}
