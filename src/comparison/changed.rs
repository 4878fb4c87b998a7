//! The examples that changed most, and the first stage at which the two sides part.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::{Pairing, Side};
use crate::metrics::Better;
use crate::report::{Ranked, Steps};

/// One example that changed, with what both sides produced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The example.
    pub example_id: String,
    /// The metric by which it changed.
    pub metric: String,
    /// The baseline's value.
    pub baseline: f64,
    /// The candidate's.
    pub candidate: f64,
    /// candidate − baseline.
    pub difference: f64,
    /// The first stage whose lists differ; absent where lists are not kept, or all are equal.
    pub parts_at: Option<String>,
    /// The baseline's lists, stage by stage.
    pub baseline_lists: Vec<StageList>,
    /// The candidate's.
    pub candidate_lists: Vec<StageList>,
}

/// Everything that changed whose sides part at one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parting {
    /// The first stage whose lists differ; `-` where all lists are equal.
    pub stage: String,
    /// Examples.
    pub examples: u64,
    /// Those that are better for it.
    pub wins: u64,
    /// Those that are worse for it.
    pub losses: u64,
    /// What they add to the mean difference: all partings together give it.
    pub share: f64,
}

/// The list of one stage for one example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageList {
    /// The stage.
    pub stage: String,
    /// Its items, best first.
    pub items: Vec<Ranked>,
}

/// The first stage whose lists differ, in the order in which the stages ran; `None` where none does.
///
/// Stages are told by their names: one that only prepares the next has no list and shifts nothing. A stage that only one side has,
/// such as the fusion of a hybrid, is where the two part if all before it was equal.
fn first_parting<T>(
    before: &Steps<T>,
    after: &Steps<T>,
    equal: impl Fn(&T, &T) -> bool,
) -> Option<String> {
    let has = |steps: &Steps<T>, name: &str| steps.values().any(|(known, _)| known == name);
    let (mut ones, mut others) = (before.values(), after.values());
    loop {
        return match (ones.next(), others.next()) {
            (Some((one, list)), Some((other, changed))) if one == other => {
                if equal(list, changed) {
                    continue;
                }
                Some(one.clone())
            }
            (Some((one, _)), Some((other, _))) if has(before, other) && has(after, one) => {
                Some(format!("{one} / {other}"))
            }
            (Some((one, _)), _) if !has(after, one) => Some(format!("{one} (baseline only)")),
            (_, Some((other, _))) => Some(format!("{other} (candidate only)")),
            (Some((one, _)), None) => Some(format!("{one} (baseline only)")),
            (None, None) => None,
        };
    }
}

/// Whether two values differ at all: two scorings of the same answer are the same number.
fn has_changed(before: f64, after: f64) -> bool {
    before.total_cmp(&after).is_ne()
}

/// Pairs of a metric's values, by id.
fn pairs<'a>(pairing: &Pairing<'a>, metric: &str) -> Vec<(&'a str, f64, f64)> {
    let values = pairing.values(metric).unwrap_or_default();
    let ids = &pairing.baseline.scores.ids;
    let both = pairing.places.iter().zip(values);
    both.filter_map(|(&(one, _), (before, after))| Some((ids[one].as_str(), before?, after?)))
        .collect()
}

/// The `count` examples that lost most and the `count` that gained most by `metric`, in this order, worst and best first.
pub fn changed(
    pairing: &Pairing<'_>,
    metric: &str,
    better: Better,
    count: usize,
) -> anyhow::Result<[Vec<Changed>; 2]> {
    let Pairing {
        baseline,
        candidate,
        ..
    } = pairing;
    let mut pairs = pairs(pairing, metric);
    pairs.retain(|(_, before, after)| has_changed(*before, *after));
    let gain = |(_, before, after): &(&str, f64, f64)| better.gain(after - before);
    // A stable sort: examples that changed alike stand in the order of their ids.
    pairs.sort_by(|a, b| gain(a).total_cmp(&gain(b)));
    let losses: Vec<_> = pairs
        .iter()
        .filter(|pair| gain(pair) < 0.0)
        .take(count)
        .copied()
        .collect();
    pairs.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
    let wins: Vec<_> = pairs
        .iter()
        .filter(|pair| gain(pair) > 0.0)
        .take(count)
        .copied()
        .collect();
    let wanted: HashSet<&str> = losses.iter().chain(&wins).map(|(id, _, _)| *id).collect();
    let lists = |side: &Side| {
        if side.run.has_results() {
            side.run.lists(&side.variant, &|id| wanted.contains(id))
        } else {
            Ok(HashMap::new())
        }
    };
    let (mut before, mut after) = (lists(baseline)?, lists(candidate)?);
    let mut show = |(id, one, other): (&str, f64, f64)| {
        let (of_baseline, of_candidate) = (
            before.remove(id).unwrap_or_default(),
            after.remove(id).unwrap_or_default(),
        );
        Changed {
            example_id: id.to_owned(),
            metric: metric.to_owned(),
            baseline: one,
            candidate: other,
            difference: other - one,
            parts_at: if baseline.run.has_results() && candidate.run.has_results() {
                first_parting(&of_baseline, &of_candidate, |one, other| {
                    same_items(one, other)
                })
            } else {
                None
            },
            baseline_lists: shown(of_baseline),
            candidate_lists: shown(of_candidate),
        }
    };
    let losses = losses.into_iter().map(&mut show).collect();
    Ok([losses, wins.into_iter().map(show).collect()])
}

fn same_items(before: &[Ranked], after: &[Ranked]) -> bool {
    let items = before.iter().map(|ranked| &ranked.item);
    items.eq(after.iter().map(|ranked| &ranked.item))
}

fn shown(steps: Steps<Vec<Ranked>>) -> Vec<StageList> {
    let list = |(stage, items)| StageList { stage, items };
    steps.into_values().map(list).collect()
}

/// Where the two sides part, over all examples that changed by `metric`; empty where a side keeps no lists.
pub fn partings(
    pairing: &Pairing<'_>,
    metric: &str,
    better: Better,
) -> anyhow::Result<Vec<Parting>> {
    let Pairing {
        baseline,
        candidate,
        ..
    } = pairing;
    if !baseline.run.has_results() || !candidate.run.has_results() {
        return Ok(Vec::new());
    }
    let (before, after) = (
        baseline.run.list_digests(&baseline.variant)?,
        candidate.run.list_digests(&candidate.variant)?,
    );
    let pairs = pairs(pairing, metric);
    let mut found: BTreeMap<String, Parting> = BTreeMap::new();
    let none = Steps::new();
    for (id, one, other) in pairs
        .iter()
        .filter(|(_, one, other)| has_changed(*one, *other))
    {
        let steps = [&before, &after].map(|digests| digests.get(*id).unwrap_or(&none));
        let parting = first_parting(steps[0], steps[1], u64::eq);
        let stage = parting.unwrap_or_else(|| "-".to_owned());
        let entry = found.entry(stage.clone()).or_insert(Parting {
            stage,
            examples: 0,
            wins: 0,
            losses: 0,
            share: 0.0,
        });
        let better = better.gain(other - one) > 0.0;
        entry.examples += 1;
        entry.wins += u64::from(better);
        entry.losses += u64::from(!better);
        entry.share += (other - one) / pairs.len() as f64;
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stages in order, each with a list; a `_` is a stage without one.
    fn steps(stages: &[(&str, u32)]) -> Steps<u32> {
        let with_lists = (0..).zip(stages).filter(|(_, (name, _))| *name != "_");
        with_lists
            .map(|(step, (name, list))| (step, ((*name).to_owned(), *list)))
            .collect()
    }

    #[test]
    fn the_first_stage_that_differs() {
        let lexical = ("lexical", 1);
        let cases = [
            (vec![lexical], vec![lexical], None),
            (vec![lexical], vec![("lexical", 2)], Some("lexical")),
            // A new stage that prepares the next shifts nothing.
            (vec![lexical], vec![("_", 0), lexical], None),
            (
                vec![lexical, ("fuse", 1)],
                vec![("_", 0), lexical, ("fuse", 2)],
                Some("fuse"),
            ),
            (
                vec![lexical],
                vec![lexical, ("fuse", 1)],
                Some("fuse (candidate only)"),
            ),
            (
                vec![lexical, ("dense", 1)],
                vec![("_", 0), ("dense", 1)],
                Some("lexical (baseline only)"),
            ),
            (
                vec![lexical, ("dense", 1)],
                vec![("dense", 1), lexical],
                Some("lexical / dense"),
            ),
            (vec![], vec![lexical], Some("lexical (candidate only)")),
        ];
        for (before, after, expected) in cases {
            let found = first_parting(&steps(&before), &steps(&after), u32::eq);
            assert_eq!(found.as_deref(), expected, "{before:?} → {after:?}");
        }
    }
}
