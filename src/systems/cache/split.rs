//! The pairs in two halves: thresholds are fitted on the one and evaluated on the other.

use std::collections::BTreeSet;

use anyhow::ensure;

use super::config::Split;
use crate::data::{Digest, QuestionPair, QuestionPairs};

/// The pairs in two halves, with the questions that caches hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Halves {
    /// The pairs that thresholds are fitted on.
    pub fit: Vec<QuestionPair>,
    /// The pairs that are evaluated.
    pub test: Vec<QuestionPair>,
    /// The distinct cached questions of all pairs in the order of the file, each with its id: that of the first pair that has it.
    pub(super) cached: Vec<(String, String)>,
    /// A digest of all pairs.
    pub(super) digest: String,
}

impl Halves {
    /// Divides the pairs: their clusters are ordered by SHA-256 of seed and name ([`Digest`]), the first half, rounded down, is for fitting. A pair
    /// without the field that names clusters is a cluster of its own.
    ///
    /// # Errors
    /// Where no pair has the field, or a half has no pair of one label.
    pub fn of(pairs: &QuestionPairs, split: &Split) -> anyhow::Result<Self> {
        ensure!(
            pairs
                .pairs
                .iter()
                .any(|pair| pair.metadata.contains_key(&split.by)),
            "no pair has the field `{}` that `system.cache.split.by` names; the fields are {}",
            split.by,
            pairs.fields().join(", ")
        );
        let key = |pair: &QuestionPair| {
            let (kind, name) = match pair.metadata.get(&split.by) {
                Some(cluster) => ("cluster", cluster),
                None => ("pair", &pair.id),
            };
            Digest::default()
                .with("seed", split.seed.to_string())
                .with(kind, name)
                .finish()
        };
        let keys: BTreeSet<String> = pairs.pairs.iter().map(key).collect();
        let first_of_test = keys.iter().nth(keys.len() / 2).cloned();
        let (fit, test): (Vec<QuestionPair>, Vec<QuestionPair>) = pairs
            .pairs
            .iter()
            .cloned()
            .partition(|pair| Some(key(pair)) < first_of_test);
        for (what, half) in [("fitting", &fit), ("evaluation", &test)] {
            for label in [true, false] {
                ensure!(
                    half.iter().any(|pair| pair.same == label),
                    "the half for {what} of `{}` has no pair with `same = {label}`; add pairs, or take another `system.cache.split.seed`",
                    pairs.path.display()
                );
            }
        }
        let (mut cached, mut seen) = (Vec::new(), BTreeSet::new());
        for pair in &pairs.pairs {
            if seen.insert(&pair.cached) {
                cached.push((pair.id.clone(), pair.cached.clone()));
            }
        }
        Ok(Self {
            fit,
            test,
            cached,
            digest: pairs.digest(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::data::Metadata;

    fn pair(id: &str, base: Option<&str>, same: bool) -> QuestionPair {
        let base = base.map(|base| ("base".to_owned(), base.to_owned()));
        QuestionPair {
            id: id.to_owned(),
            text: format!("What of {id}?"),
            cached: format!("What of {base:?}?"),
            same,
            metadata: Metadata::from_iter(base),
        }
    }

    fn pairs() -> QuestionPairs {
        let clusters = (0..41).flat_map(|cluster| {
            let base = format!("b{cluster}");
            (0..3).map(move |place| pair(&format!("{base}-{place}"), Some(&base), place == 0))
        });
        QuestionPairs {
            path: PathBuf::from("pairs.jsonl"),
            pairs: clusters.chain([pair("alone", None, true)]).collect(),
        }
    }

    #[test]
    fn clusters_stay_together_and_the_seed_decides() {
        let pairs = pairs();
        let of = |seed| {
            let by = "base".to_owned();
            Halves::of(&pairs, &Split { seed, by }).unwrap()
        };
        let bases = |half: &[QuestionPair]| -> BTreeSet<String> {
            let base = |pair: &QuestionPair| pair.metadata.get("base").unwrap_or(&pair.id).clone();
            half.iter().map(base).collect()
        };
        for seed in [0, 17, 18] {
            let halves = of(seed);
            assert_eq!(halves, of(seed));
            assert!(bases(&halves.fit).is_disjoint(&bases(&halves.test)));
            assert_eq!(
                (bases(&halves.fit).len(), bases(&halves.test).len()),
                (21, 21)
            );
            assert_eq!(halves.fit.len() + halves.test.len(), 41 * 3 + 1);
            assert_eq!(halves.cached.len(), 42);
            assert_eq!(halves.cached[1].0, "b1-0");
        }
        assert_ne!(of(17).fit, of(18).fit);
    }

    #[test]
    fn what_cannot_be_divided_says_so() {
        let split = |by: &str| Split {
            seed: 17,
            by: by.to_owned(),
        };
        assert_eq!(
            Halves::of(&pairs(), &split("topic"))
                .unwrap_err()
                .to_string(),
            "no pair has the field `topic` that `system.cache.split.by` names; the fields are `base`"
        );
        let mut few = pairs();
        few.pairs.truncate(3);
        assert_eq!(
            Halves::of(&few, &split("base")).unwrap_err().to_string(),
            "the half for fitting of `pairs.jsonl` has no pair with `same = true`; add pairs, or take another `system.cache.split.seed`"
        );
    }
}
