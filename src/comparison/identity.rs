//! Whether two runs may be compared at all.

use anyhow::bail;
use serde::Serialize;

use crate::report::Manifest;

/// Something that must be equal in two runs and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// By what name it is waived: `corpus`, `queries`, `k`, `convention`, `judge`, `hardware`.
    pub name: String,
    /// What differs.
    pub detail: String,
}

/// What differs between two runs that must not, for these metrics; the machines too where time is compared.
pub fn mismatches(
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
        let of = |identity: &'_ crate::report::Identity| {
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

/// The mismatches that are waived; an error with those that are not.
pub fn refuse_unless_waived(
    found: Vec<Mismatch>,
    waived: &[String],
) -> anyhow::Result<Vec<Mismatch>> {
    let (waived, open): (Vec<Mismatch>, Vec<Mismatch>) = found
        .into_iter()
        .partition(|mismatch| waived.contains(&mismatch.name));
    if open.is_empty() {
        return Ok(waived);
    }
    let mut names: Vec<&str> = open.iter().map(|mismatch| mismatch.name.as_str()).collect();
    names.dedup();
    let details: Vec<&str> = open
        .iter()
        .map(|mismatch| mismatch.detail.as_str())
        .collect();
    bail!(
        "these runs cannot be compared: {}; where that is as it should be, say so with `--waive {}`",
        details.join("; "),
        names.join(",")
    )
}
