//! Whether two runs may be compared at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::ensure;
use serde::Serialize;

use super::{Joined, Side};
use crate::report::{Identity, Manifest};

/// Something that must be equal in two runs and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// By what name it is waived, such as `corpus`.
    pub name: String,
    /// What differs.
    pub detail: String,
}

/// What can be waived: `hardware`, `values` and `errors` are for gates.
const WAIVERS: [&str; 10] = [
    "corpus",
    "queries",
    "k",
    "convention",
    "judge",
    "clusters",
    "slices",
    "hardware",
    "values",
    "errors",
];

/// Whether `name` is something that can be waived.
pub fn check_waiver(name: &str) -> anyhow::Result<()> {
    ensure!(
        WAIVERS.contains(&name),
        "`{name}` is nothing that can be waived; there are {}",
        WAIVERS.join(", ")
    );
    Ok(())
}

/// The metrics that both sides have, and those that only one has.
pub fn metrics<'a>(baseline: &'a Side, candidate: &'a Side) -> (Vec<&'a str>, Vec<&'a str>) {
    let names = |side: &'a Side| {
        side.scores
            .metrics
            .iter()
            .map(|(facts, _)| facts.name.as_str())
    };
    let (before, after): (Vec<&str>, Vec<&str>) =
        (names(baseline).collect(), names(candidate).collect());
    let (common, new): (Vec<&str>, Vec<&str>) =
        after.iter().partition(|name| before.contains(name));
    let gone = before.into_iter().filter(|name| !after.contains(name));
    (common, gone.chain(new).collect())
}

/// What differs between two sides that must not, for these metrics.
pub fn mismatches(
    baseline: &Side,
    candidate: &Side,
    joined: &Joined,
    metrics: &[&str],
) -> Vec<Mismatch> {
    let mut found = of_manifests(&baseline.run.manifest, &candidate.run.manifest, metrics);
    found.extend(of_examples(baseline, candidate, joined));
    if found.iter().all(|mismatch| mismatch.name != "queries") {
        found.extend(joined.mismatch());
    }
    found
}

fn of_manifests(baseline: &Manifest, candidate: &Manifest, metrics: &[&str]) -> Vec<Mismatch> {
    let (before, after) = (&baseline.identity, &candidate.identity);
    let mut found = Vec::new();
    let mut differ = |name: &str, detail: String| {
        found.push(Mismatch {
            name: name.to_owned(),
            detail,
        });
    };
    let mut names: Vec<&String> = before
        .conditions
        .keys()
        .chain(after.conditions.keys())
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let shown = |value: Option<&String>| {
            value.map_or("not recorded".to_owned(), |value| {
                value.chars().take(12).collect()
            })
        };
        let (one, other) = (before.conditions.get(name), after.conditions.get(name));
        if one != other {
            let detail = format!(
                "`{name}` is {} in the baseline, {} in the candidate",
                shown(one),
                shown(other)
            );
            differ(name, detail);
        }
    }
    for metric in metrics {
        let of = |identity: &'_ Identity| {
            identity
                .metrics
                .iter()
                .find(|facts| facts.name == *metric)
                .cloned()
        };
        let (Some(one), Some(other)) = (of(before), of(after)) else {
            differ("convention", format!("`{metric}` is not measured in both"));
            continue;
        };
        if (&one.convention, one.better, &one.unit)
            != (&other.convention, other.better, &other.unit)
        {
            let detail = format!(
                "`{metric}` is not the same measure: \"{}\" in the baseline, \"{}\" in the candidate",
                one.convention, other.convention
            );
            differ("convention", detail);
        }
        if one.judge != other.judge {
            let shown = |judge: &Option<String>| judge.clone().unwrap_or("nobody".to_owned());
            let detail = format!(
                "`{metric}` was judged by {} in the baseline, by {} in the candidate",
                shown(&one.judge),
                shown(&other.judge)
            );
            differ("judge", detail);
        }
    }
    found
}

/// Examples that do not belong together in the same way on both sides.
fn of_examples(baseline: &Side, candidate: &Side, joined: &Joined) -> Vec<Mismatch> {
    let (before, after) = (&baseline.scores, &candidate.scores);
    let mut found = Vec::new();
    let mut places = joined.places.iter();
    if places.any(|&(one, other)| before.clusters[one] != after.clusters[other]) {
        let field = |side: &Side| {
            let field = side.run.manifest.identity.cluster.as_ref();
            field.map_or("none".to_owned(), |field| format!("`{field}`"))
        };
        found.push(Mismatch {
            name: "clusters".to_owned(),
            detail: format!(
                "examples are not clustered alike: by {} in the baseline, by {} in the candidate",
                field(baseline),
                field(candidate)
            ),
        });
    }
    let pair_of = |places: &[usize], of: &HashMap<usize, usize>| -> BTreeSet<usize> {
        places
            .iter()
            .filter_map(|place| of.get(place).copied())
            .collect()
    };
    let pairs = joined.places.iter().enumerate();
    let (ones, others): (HashMap<usize, usize>, HashMap<usize, usize>) = pairs
        .map(|(pair, &(one, other))| ((one, pair), (other, pair)))
        .unzip();
    let members = |side: &Side, of: &HashMap<usize, usize>| -> BTreeMap<String, BTreeSet<usize>> {
        let slices = side
            .scores
            .slices
            .iter()
            .filter(|(slice, _)| slice.contains('='));
        slices
            .map(|(slice, places)| (slice.clone(), pair_of(places, of)))
            .collect()
    };
    let (before, after) = (members(baseline, &ones), members(candidate, &others));
    // A field that only one of the two is sliced by is no contradiction.
    let field = |slice: &str| slice.split_once('=').map(|(field, _)| field.to_owned());
    let fields = |members: &BTreeMap<String, BTreeSet<usize>>| -> BTreeSet<String> {
        members.keys().filter_map(|slice| field(slice)).collect()
    };
    let (of_before, of_after) = (fields(&before), fields(&after));
    let shared = |slice: &&String| {
        field(slice).is_some_and(|field| of_before.contains(&field) && of_after.contains(&field))
    };
    let differing = before.keys().chain(after.keys()).filter(shared);
    if let Some(slice) = differing
        .into_iter()
        .find(|slice| before.get(*slice) != after.get(*slice))
    {
        found.push(Mismatch {
            name: "slices".to_owned(),
            detail: format!("slice `{slice}` does not have the same examples on both sides"),
        });
    }
    found
}

/// The mismatches that are waived; why there is no comparison where others are left.
pub fn waive(
    found: Vec<Mismatch>,
    is_waived: impl Fn(&str) -> bool,
) -> Result<Vec<Mismatch>, String> {
    let (waived, open): (Vec<Mismatch>, Vec<Mismatch>) = found
        .into_iter()
        .partition(|mismatch| is_waived(&mismatch.name));
    if open.is_empty() {
        return Ok(waived);
    }
    let mut names: Vec<&str> = open.iter().map(|one| one.name.as_str()).collect();
    names.dedup();
    let details: Vec<&str> = open.iter().map(|one| one.detail.as_str()).collect();
    Err(format!(
        "these runs cannot be compared: {}; where that is as it should be, say so with `--waive {}`",
        details.join("; "),
        names.join(",")
    ))
}
