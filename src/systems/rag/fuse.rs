//! Fusion: several rankings of the same documents become one.

use std::collections::HashMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::indexes::Hit;

/// How rankings are fused. More is better in every one of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fusion {
    /// Reciprocal rank fusion: Σ weight / (k + rank), ranks from 1; a list without the document adds nothing.
    ///
    /// Source: Cormack, Clarke and Büttcher 2009.
    Rrf(Rrf),
    /// Scores scaled to 0..=1 within each list, weighted and summed.
    Minmax,
    /// Scores as distance from the list's mean in (population) standard deviations, weighted and summed.
    Zscore,
}

/// Reciprocal rank fusion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rrf {
    /// How slowly a rank's worth falls, ≥ 0.
    pub k: f64,
}

impl Default for Rrf {
    fn default() -> Self {
        Self { k: 60.0 }
    }
}

impl Default for Fusion {
    fn default() -> Self {
        Self::Rrf(Rrf::default())
    }
}

impl Fusion {
    pub(in crate::systems::rag) fn validate(&self) -> anyhow::Result<()> {
        if let Self::Rrf(Rrf { k }) = self {
            ensure!(
                k.is_finite() && *k >= 0.0,
                "`fusion.rrf.k = {k}` must be a number from 0"
            );
        }
        Ok(())
    }
}

/// Fuses ranked lists, each with its weight; best first.
///
/// For min-max and z-score a document that a list did not return gets that list's lowest value: it may be anything
/// below the list's end, never better. A list whose scores are all equal says nothing about order: min-max counts 1
/// for what it returned and 0 for the rest, z-score 0 for all.
pub(super) fn fuse(lists: &[(&[Hit], f64)], fusion: Fusion) -> Vec<Hit> {
    let found = lists.iter().flat_map(|(hits, _)| *hits);
    let mut fused: HashMap<u32, Hit> = found
        .map(|hit| (hit.row, Hit { score: 0.0, ..*hit }))
        .collect();
    for &(hits, weight) in lists {
        let (values, absent) = values(hits, fusion);
        let values: HashMap<u32, f64> = hits.iter().map(|hit| hit.row).zip(values).collect();
        for (row, hit) in &mut fused {
            hit.score += weight * values.get(row).copied().unwrap_or(absent);
        }
    }
    let mut fused: Vec<Hit> = fused.into_values().collect();
    fused.sort_unstable_by(Hit::order);
    fused
}

/// What each hit of a list counts, and what a document counts that is not in it.
fn values(hits: &[Hit], fusion: Fusion) -> (Vec<f64>, f64) {
    let count = hits.len() as f64;
    let scores = || hits.iter().map(|hit| hit.score);
    let low = scores().fold(f64::INFINITY, f64::min);
    let high = scores().fold(f64::NEG_INFINITY, f64::max);
    match fusion {
        Fusion::Rrf(Rrf { k }) => (
            (1..=hits.len())
                .map(|rank| 1.0 / (k + rank as f64))
                .collect(),
            0.0,
        ),
        Fusion::Minmax if high > low => (
            scores().map(|score| (score - low) / (high - low)).collect(),
            0.0,
        ),
        Fusion::Minmax => (vec![1.0; hits.len()], 0.0),
        Fusion::Zscore if high > low => {
            let mean = scores().sum::<f64>() / count;
            let deviation =
                (scores().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
            (
                scores().map(|score| (score - mean) / deviation).collect(),
                (low - mean) / deviation,
            )
        }
        Fusion::Zscore => (vec![0.0; hits.len()], 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Figures by NumPy under the same rule (`tests/golden/README.md`).
    #[test]
    fn fused_lists_are_those_of_numpy() {
        let golden: Value =
            serde_json::from_str(include_str!("../../../tests/golden/fusion.json")).unwrap();
        let mut checked = 0;
        for case in golden["cases"].as_array().unwrap() {
            let position = |document: &str| {
                u32::try_from(case["position"][document].as_u64().unwrap()).unwrap()
            };
            let depth = usize::try_from(case["depth"].as_u64().unwrap()).unwrap();
            let k = case["k"].as_f64().unwrap();
            let lists: Vec<Vec<Hit>> = case["lists"]
                .as_array()
                .unwrap()
                .iter()
                .map(|list| {
                    let hits = list.as_array().unwrap().iter().take(depth).map(|hit| {
                        let row = position(hit[0].as_str().unwrap());
                        Hit {
                            row,
                            tie: row,
                            score: hit[1].as_f64().unwrap(),
                        }
                    });
                    hits.collect()
                })
                .collect();
            for (name, expected) in case["expected"].as_object().unwrap() {
                let (method, weights) = name.split_once('_').unwrap();
                let weights: Vec<f64> = weights
                    .split('_')
                    .map(|weight| weight.parse().unwrap())
                    .collect();
                let fusion = match method {
                    "rrf" => Fusion::Rrf(Rrf { k }),
                    "minmax" => Fusion::Minmax,
                    "zscore" => Fusion::Zscore,
                    other => panic!("{other}"),
                };
                let fused = fuse(&[(&lists[0], weights[0]), (&lists[1], weights[1])], fusion);
                let expected = expected.as_array().unwrap();
                assert_eq!(fused.len(), expected.len());
                for (hit, expected) in fused.iter().zip(expected) {
                    let score = expected[1].as_f64().unwrap();
                    assert!(
                        (hit.score - score).abs() < 1e-12,
                        "{}: {name}: {fused:?}",
                        case["name"]
                    );
                    assert_eq!(
                        hit.row,
                        position(expected[0].as_str().unwrap()),
                        "{}: {name}: {fused:?}",
                        case["name"]
                    );
                    checked += 1;
                }
            }
        }
        assert!(checked > 100, "only {checked} figures");
    }
}
