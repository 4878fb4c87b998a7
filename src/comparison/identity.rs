//! Whether two runs may be compared at all.

use anyhow::ensure;
use serde::Serialize;

use super::{Pairing, Side};
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
pub fn metrics<'a>(pairing: &Pairing<'a>) -> (Vec<&'a str>, Vec<&'a str>) {
    let names = |side: &'a Side| {
        let metrics = side.scores.metrics.iter();
        metrics.map(|(facts, _)| facts.name.as_str())
    };
    let before: Vec<&str> = names(pairing.baseline).collect();
    let after: Vec<&str> = names(pairing.candidate).collect();
    let (common, new): (Vec<&str>, Vec<&str>) =
        after.iter().partition(|name| before.contains(name));
    let gone = before.into_iter().filter(|name| !after.contains(name));
    (common, gone.chain(new).collect())
}

/// What differs between two sides that must not, for these metrics.
pub fn mismatches(pairing: &Pairing<'_>, metrics: &[&str]) -> Vec<Mismatch> {
    let (before, after) = (
        &pairing.baseline.run.manifest,
        &pairing.candidate.run.manifest,
    );
    let mut found = of_manifests(before, after, metrics);
    // Other examples follow from other queries.
    let known = found.iter().any(|mismatch| mismatch.name == "queries");
    let of_examples = pairing.mismatches().into_iter();
    found.extend(of_examples.filter(|mismatch| !known || mismatch.name != "queries"));
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
    names.sort_unstable();
    names.dedup();
    let details: Vec<&str> = open.iter().map(|one| one.detail.as_str()).collect();
    Err(format!(
        "these runs cannot be compared: {}; where that is as it should be, say so with `--waive {}`",
        details.join("; "),
        names.join(",")
    ))
}
