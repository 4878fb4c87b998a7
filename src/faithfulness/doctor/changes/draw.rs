//! Choices that depend on a seed and on what they are for, and on nothing else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::data::Digest;
use crate::metrics::statistics::below;

/// A sequence of choices.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The choices for one change of one case: the same whatever other cases there are.
    pub fn of(seed: u64, case: &str, change: &str) -> Self {
        let digest = Digest::default()
            .with("seed", seed.to_le_bytes())
            .with("case", case)
            .with("change", change)
            .finish();
        let seed = u64::from_str_radix(&digest[..16], 16).unwrap_or(seed);
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A place below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        below(&mut self.0, count)
    }

    /// The things in a random order.
    pub fn order<T>(&mut self, things: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut things: Vec<T> = things.into_iter().collect();
        for place in (1..things.len()).rev() {
            things.swap(place, self.below(place + 1));
        }
        things
    }
}
