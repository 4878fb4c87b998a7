//! Whether two runs may be compared at all.

use serde::Serialize;

use super::{Joined, Side};
use crate::report::{Identity, Manifest};

/// Something that must be equal in two runs and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// By what name it is waived: `corpus`, `queries`, `k`, `convention`, `judge`, `hardware`.
    pub name: String,
    /// What differs.
    pub detail: String,
}

/// What differs between two sides that must not, for these metrics; the machines too where `time` counts.
pub fn mismatches(
    baseline: &Side,
    candidate: &Side,
    joined: &Joined,
    metrics: &[&str],
    time: bool,
) -> Vec<Mismatch> {
    let mut found = of_manifests(
        &baseline.run.manifest,
        &candidate.run.manifest,
        metrics,
        time,
    );
    if found.iter().all(|mismatch| mismatch.name != "queries") {
        found.extend(joined.mismatch());
    }
    found
}

fn of_manifests(
    baseline: &Manifest,
    candidate: &Manifest,
    metrics: &[&str],
    time: bool,
) -> Vec<Mismatch> {
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
    let (one, other) = (baseline.hardware(), candidate.hardware());
    if time && one != other {
        differ(
            "hardware",
            format!("the baseline ran on {one}, the candidate on {other}"),
        );
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
