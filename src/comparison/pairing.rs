//! Two sides, and which examples they have in common.

use std::cmp::Ordering;

use super::{Mismatch, Side, Sliced};
use crate::report::field_of;

/// A baseline and a candidate, joined by the ids of their examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairing<'a> {
    /// What is compared with.
    pub baseline: &'a Side,
    /// What may be better.
    pub candidate: &'a Side,
    /// Places in the baseline and in the candidate of the examples that both have, in the order of their ids.
    pub places: Vec<(usize, usize)>,
    /// Ids that only the baseline has.
    pub only_baseline: Vec<String>,
    /// Ids that only the candidate has.
    pub only_candidate: Vec<String>,
}

/// The first of many ids, and how many there are beside.
pub fn some_of(ids: &[String], shown: usize) -> String {
    let first = ids[..ids.len().min(shown)].join(", ");
    match ids.len().saturating_sub(shown) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

impl<'a> Pairing<'a> {
    /// Joins by id.
    pub fn new(baseline: &'a Side, candidate: &'a Side) -> Self {
        let (before, after) = (&baseline.scores.ids, &candidate.scores.ids);
        let mut joined = Self {
            baseline,
            candidate,
            places: Vec::with_capacity(before.len()),
            only_baseline: Vec::new(),
            only_candidate: Vec::new(),
        };
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

    /// Whether both have the same examples.
    pub fn is_whole(&self) -> bool {
        self.only_baseline.is_empty() && self.only_candidate.is_empty()
    }

    /// The values of a metric on both sides, pair by pair; `None` where a side does not measure it.
    pub(super) fn values(&self, metric: &str) -> Option<Vec<(Option<f64>, Option<f64>)>> {
        let before = self.baseline.scores.values(metric)?;
        let after = self.candidate.scores.values(metric)?;
        let pairs = self.places.iter();
        Some(
            pairs
                .map(|&(one, other)| (before[one], after[other]))
                .collect(),
        )
    }

    /// The pairs of every slice of the candidate that is asked for, in the order of their ids.
    pub(super) fn slices(&self, asked: &Sliced) -> Vec<(&'a str, Vec<usize>)> {
        let places = self.places.iter().map(|(_, other)| *other);
        slices_of(self.candidate, places, &|slice| asked.has(slice))
    }

    /// What differs in the examples themselves: which there are, and how they belong together.
    pub(super) fn mismatches(&self) -> Vec<Mismatch> {
        let parts = [
            self.other_examples(),
            self.other_clusters(),
            self.other_slices(),
        ];
        parts.into_iter().flatten().collect()
    }

    fn other_examples(&self) -> Option<Mismatch> {
        let few = |ids: &[String]| match ids {
            [] => "none".to_owned(),
            ids => format!("{} ({})", ids.len(), some_of(ids, 3)),
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

    fn other_clusters(&self) -> Option<Mismatch> {
        let (before, after) = (
            &self.baseline.scores.clusters,
            &self.candidate.scores.clusters,
        );
        let mut places = self.places.iter();
        let differ = places.any(|&(one, other)| before[one] != after[other]);
        let field = |side: &Side| {
            let field = side.run.manifest.identity.cluster.as_ref();
            field.map_or("none".to_owned(), |field| format!("`{field}`"))
        };
        differ.then(|| Mismatch {
            name: "clusters".to_owned(),
            detail: format!(
                "examples are not clustered alike: by {} in the baseline, by {} in the candidate",
                field(self.baseline),
                field(self.candidate)
            ),
        })
    }

    /// A field that only one of the two is sliced by is no contradiction.
    fn other_slices(&self) -> Option<Mismatch> {
        let has = |side: &Side, field: Option<&str>| {
            let mut slices = side.scores.slices.iter();
            field.is_some() && slices.any(|(slice, _)| field_of(slice) == field)
        };
        let shared = |slice: &str| {
            has(self.baseline, field_of(slice)) && has(self.candidate, field_of(slice))
        };
        let ones = self.places.iter().map(|(one, _)| *one);
        let others = self.places.iter().map(|(_, other)| *other);
        let before = slices_of(self.baseline, ones, &shared);
        let after = slices_of(self.candidate, others, &shared);
        // A slice of which no pair is left has nothing to differ in.
        let filled = |slices: Vec<(&'a str, Vec<usize>)>| {
            let filled = slices.into_iter().filter(|(_, pairs)| !pairs.is_empty());
            filled.collect::<Vec<_>>()
        };
        let (before, after) = (filled(before), filled(after));
        let mut all = before.iter().chain(&after);
        let differing = all.find(|slice| before.contains(slice) != after.contains(slice));
        differing.map(|(slice, _)| Mismatch {
            name: "slices".to_owned(),
            detail: format!("slice `{slice}` does not have the same examples on both sides"),
        })
    }
}

/// The pairs of the slices of a side that are `wanted`; `places` are those of its examples, pair by pair.
fn slices_of<'a>(
    side: &'a Side,
    places: impl Iterator<Item = usize>,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<(&'a str, Vec<usize>)> {
    let mut pair_of = vec![None; side.scores.ids.len()];
    places
        .enumerate()
        .for_each(|(pair, place)| pair_of[place] = Some(pair));
    let slices = side.scores.slices.iter();
    slices
        .filter(|(slice, _)| wanted(slice))
        .map(|(slice, members)| {
            let pairs = members.iter().filter_map(|&place| pair_of[place]);
            (slice.as_str(), pairs.collect())
        })
        .collect()
}
