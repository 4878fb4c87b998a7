//! Which examples two sides have in common.

use std::cmp::Ordering;

use serde::Serialize;

use super::Mismatch;
use crate::report::Scores;

/// The examples of two sides by their ids.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joined {
    /// Places in the baseline and in the candidate of the examples that both have, in the order of their ids.
    #[serde(skip)]
    pub places: Vec<(usize, usize)>,
    /// Ids that only the baseline has.
    pub only_baseline: Vec<String>,
    /// Ids that only the candidate has.
    pub only_candidate: Vec<String>,
}

impl Joined {
    /// Whether both have the same examples.
    pub fn is_whole(&self) -> bool {
        self.only_baseline.is_empty() && self.only_candidate.is_empty()
    }

    /// That they have not, where they have not.
    pub fn mismatch(&self) -> Option<Mismatch> {
        let few = |ids: &[String]| {
            let more = if ids.len() > 3 { ", …" } else { "" };
            match ids {
                [] => "none".to_owned(),
                ids => format!(
                    "{} ({}{more})",
                    ids.len(),
                    ids[..ids.len().min(3)].join(", ")
                ),
            }
        };
        (!self.is_whole()).then(|| Mismatch {
            name: "queries".to_owned(),
            detail: format!(
                "examples only in the baseline: {}, only in the candidate: {}",
                few(&self.only_baseline),
                few(&self.only_candidate)
            ),
        })
    }

    /// Joins by id.
    pub fn new(baseline: &Scores, candidate: &Scores) -> Self {
        let mut joined = Self {
            places: Vec::with_capacity(baseline.ids.len()),
            only_baseline: Vec::new(),
            only_candidate: Vec::new(),
        };
        let (before, after) = (&baseline.ids, &candidate.ids);
        let (mut one, mut other) = (0, 0);
        while one < before.len() || other < after.len() {
            let order = match (before.get(one), after.get(other)) {
                (Some(before), Some(after)) => before.cmp(after),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            match order {
                Ordering::Less => joined.only_baseline.push(before[one].clone()),
                Ordering::Greater => joined.only_candidate.push(after[other].clone()),
                Ordering::Equal => joined.places.push((one, other)),
            }
            one += usize::from(order != Ordering::Greater);
            other += usize::from(order != Ordering::Less);
        }
        joined
    }
}
