//! Figures of other implementations (see `golden/README.md`).

use std::collections::HashMap;

use ragkit::metrics::Metric;
use ragkit::metrics::ranking::Judgements;
use ragkit::metrics::statistics::{intervals, mean};
use serde_json::Value;

use crate::real_data::data_folder;

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The documents of a run in trec_eval's order: score, then id, both descending.
fn ranked(mut run: Vec<(String, f64)>) -> Vec<String> {
    run.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
    run.into_iter().map(|(document, _)| document).collect()
}

/// ragkit's metric for trec_eval's name of it.
fn metric(name: &str) -> Option<Metric> {
    let (family, cutoff) = match name.rsplit_once('_') {
        Some((family, cutoff)) if cutoff.bytes().all(|b| b.is_ascii_digit()) => {
            (family, format!("@{cutoff}"))
        }
        _ => (name, String::new()),
    };
    let family = match family {
        "ndcg" | "ndcg_cut" => "nDCG",
        "map" | "map_cut" => "AP",
        "recip_rank" => "RR",
        "P" => "P",
        "recall" => "R",
        "success" => "Success",
        _ => return None,
    };
    Some(format!("{family}{cutoff}").parse().unwrap())
}

#[test]
fn metrics_are_those_of_pytrec_eval() {
    let mut checked = 0;
    for case in golden("metrics")["cases"].as_array().unwrap() {
        let qrels: Vec<(&str, i32)> = case["qrels"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(d, g)| (d.as_str(), i32::try_from(g.as_i64().unwrap()).unwrap()))
            .collect();
        let run = case["run"].as_array().unwrap().iter();
        let run = ranked(
            run.map(|hit| {
                (
                    hit[0].as_str().unwrap().to_owned(),
                    hit[1].as_f64().unwrap(),
                )
            })
            .collect(),
        );
        let judgements = Judgements::new(run.iter().map(String::as_str), qrels);
        for (name, expected) in case["expected"].as_object().unwrap() {
            let (value, expected) = (
                metric(name).unwrap().score(&judgements),
                expected.as_f64().unwrap(),
            );
            assert!(
                (value - expected).abs() < 1e-12,
                "case {}: {name} is {value}, pytrec_eval says {expected}",
                case["id"]
            );
            checked += 1;
        }
    }
    assert!(checked > 700, "only {checked} figures");
}

#[test]
fn intervals_are_those_of_scipy() {
    for (name, sample) in golden("bca")["samples"].as_object().unwrap() {
        let values: Vec<f64> = sample["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect();
        let found = intervals(&[&values], 17)[0];
        let Some(low) = sample["BCa"]["main"][0].as_f64() else {
            assert_eq!(found, None, "{name}: no interval from equal values");
            continue;
        };
        let (found, high) = (found.unwrap(), sample["BCa"]["main"][1].as_f64().unwrap());
        // Both sides are Monte Carlo: theirs of 200,000 resamples, ours of 10,000. Means of a binary sample lie 1/n
        // apart, so that an end may fall on the next one.
        let step = if values.iter().all(|value| *value == 0.0 || *value == 1.0) {
            1.0 / values.len() as f64
        } else {
            0.0
        };
        let tolerance = 0.03 * (high - low) + step;
        assert!(
            (found.low - low).abs() < tolerance && (found.high - high).abs() < tolerance,
            "{name}: {found:?}, scipy says [{low}, {high}]"
        );
    }
}

/// trec_eval's own expected output for its own test files.
#[test]
fn trec_eval_out_test_to_every_digit() {
    let Some(folder) = data_folder() else { return };
    let folder = folder.join("metrics/trec_eval/test");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut qrels: HashMap<String, Vec<(String, i32)>> = HashMap::new();
    for line in read("qrels.test").lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        qrels
            .entry(columns[0].into())
            .or_default()
            .push((columns[2].into(), columns[3].parse().unwrap()));
    }
    let mut runs: HashMap<String, Vec<(String, f64)>> = HashMap::new();
    for line in read("results.test").lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        runs.entry(columns[0].into())
            .or_default()
            .push((columns[2].into(), columns[4].parse().unwrap()));
    }
    let judged: HashMap<&str, Judgements> = runs
        .iter()
        .map(|(query, run)| {
            let run = ranked(run.clone());
            let grades = qrels[query]
                .iter()
                .map(|(document, grade)| (document.as_str(), *grade));
            (
                query.as_str(),
                Judgements::new(run.iter().map(String::as_str), grades),
            )
        })
        .collect();
    let mut checked = 0;
    for file in ["out.test", "out.test.a", "out.test.aq"] {
        for line in read(file).lines() {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (name, query, expected) = (columns[0], columns[1], columns[2]);
            let Some(metric) = metric(name) else { continue };
            let value = match query {
                "all" => {
                    mean(&judged.values().map(|j| metric.score(j)).collect::<Vec<_>>()).unwrap()
                }
                query => metric.score(&judged[query]),
            };
            assert_eq!(format!("{value:.4}"), expected, "{file}: {name} of {query}");
            checked += 1;
        }
    }
    assert!(checked > 150, "only {checked} figures");
}
