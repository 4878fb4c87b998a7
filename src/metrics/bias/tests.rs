use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

const NAMES: [&str; 3] = ["subgroup", "bpsn", "bnsp"];

fn close(found: f64, golden: &Value, slack: f64) -> bool {
    (found - golden.as_f64().unwrap()).abs() < slack
}

#[test]
fn figures_and_influences_are_those_of_scikit_learn() {
    let text = include_str!("../../../tests/golden/moderation_metrics.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    for case in golden["binary"].as_array().unwrap() {
        let labels: Vec<bool> = serde_json::from_value(case["labels"].clone()).unwrap();
        let scores: Vec<f64> = serde_json::from_value(case["scores"].clone()).unwrap();
        let groups: Vec<Vec<bool>> = serde_json::from_value(case["groups"].clone()).unwrap();
        let mut figures = Vec::new();
        for (kind, name) in GroupAuc::ALL.into_iter().zip(NAMES) {
            let values = kind.pseudo_values(&labels, &scores, &groups[0]).unwrap();
            figures.push((name.to_owned(), values));
            let over = power_mean(kind, &labels, &scores, &groups).unwrap();
            assert!(over.unknown.is_empty());
            figures.push((format!("mean_{name}"), over.pseudo_values));
        }
        let all = combined(&labels, &scores, &groups).unwrap();
        figures.push(("combined".to_owned(), all.pseudo_values));
        for (name, values) in figures {
            let golden = &case["figures"][&name];
            assert!(
                close(mean(&values).unwrap(), &golden["value"], 1e-9),
                "{name}"
            );
            for (found, golden) in values
                .iter()
                .zip(golden["pseudo_values"].as_array().unwrap())
            {
                let slack = 5e-6 * (1.0 + golden.as_f64().unwrap().abs());
                assert!(close(*found, golden, slack), "{name}: {found} {golden}");
            }
        }
    }
}

#[test]
fn a_group_of_one_class_has_no_figure() {
    let labels = [true, false, true, false, true];
    let scores = [0.9, 0.1, 0.8, 0.3, 0.2];
    let positives_only = [true, false, true, false, false];
    let figure = |kind: GroupAuc| kind.pseudo_values(&labels, &scores, &positives_only);
    assert_eq!(figure(GroupAuc::Subgroup), None);
    assert_eq!(figure(GroupAuc::BackgroundPositive), None);
    let found = mean(&figure(GroupAuc::BackgroundNegative).unwrap()).unwrap();
    assert!((found - 1.0).abs() < 1e-12);

    let both = [true, true, false, false, true];
    let groups = [positives_only.to_vec(), both.to_vec(), vec![false; 5]];
    let over = power_mean(GroupAuc::Subgroup, &labels, &scores, &groups).unwrap();
    assert_eq!(over.unknown, [0, 2]);
    let alone = GroupAuc::Subgroup
        .pseudo_values(&labels, &scores, &both)
        .unwrap();
    for (one, of_one_group) in alone.iter().zip(&over.pseudo_values) {
        assert!((one - of_one_group).abs() < 1e-12);
    }
    let none = power_mean(GroupAuc::Subgroup, &labels, &scores, &groups[..1]);
    assert_eq!(none, None);
    assert_eq!(combined(&labels, &scores, &groups[..1]), None);
    assert_eq!(combined(&labels, &scores, &groups).unwrap().unknown, [0, 2]);
}

#[test]
fn a_figure_of_0_makes_the_mean_0() {
    let (labels, scores) = ([true, false, true, false], [0.1, 0.9, 0.8, 0.2]);
    let groups = [
        vec![true, true, false, false],
        vec![false, false, true, true],
    ];
    let over = power_mean(GroupAuc::Subgroup, &labels, &scores, &groups).unwrap();
    assert_eq!(over.pseudo_values, [0.0; 4]);
}

/// FNV-1a of 64 bits.
fn hash(text: &str) -> u64 {
    let step = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// Whether the term stands in the phrase, case aside, and no word goes on at its ends.
fn mentions(phrase: &str, term: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    phrase.match_indices(term).any(|(at, found)| {
        let before = phrase[..at].chars().next_back();
        let after = phrase[at + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Every identity term of the bias madlibs, on all of its 76,564 phrases, with scores that anybody can recompute.
#[test]
#[expect(clippy::print_stderr, reason = "tells what was not tested")]
fn the_madlibs_have_the_areas_that_scikit_learn_finds() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("RAGKIT_DATA").map_or(beside, PathBuf::from);
    let path = folder.join("moderation/unintended_bias/madlibs.csv");
    if !path.is_file() {
        eprintln!("SKIPPED: the bias madlibs; set RAGKIT_DATA");
        return;
    }
    let text = include_str!("../../../tests/golden/moderation_bias.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    let (mut labels, mut scores, mut phrases) = (Vec::new(), Vec::new(), Vec::new());
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        let (label, phrase) = (&row[1] == "toxic", row[2].to_owned());
        let first = phrase.split(' ').next().unwrap();
        let score = hash(&phrase) % 160 + 64 * u64::from(label) + hash(first) % 32;
        labels.push(label);
        scores.push(score as f64 / 256.0);
        phrases.push(phrase.to_lowercase());
    }
    assert_eq!(labels.len() as u64, golden["rows"].as_u64().unwrap());
    let terms = golden["terms"].as_array().unwrap();
    let mut groups = Vec::new();
    for term in terms {
        let name = term["term"].as_str().unwrap();
        let members: Vec<bool> = phrases
            .iter()
            .map(|phrase| mentions(phrase, name))
            .collect();
        let count = members.iter().filter(|member| **member).count();
        assert_eq!(count as u64, term["count"].as_u64().unwrap(), "{name}");
        for (place, kind) in GroupAuc::ALL.into_iter().enumerate() {
            let values = kind.pseudo_values(&labels, &scores, &members);
            let (found, golden) = (
                values.map(|values| mean(&values).unwrap()),
                &term["areas"][place],
            );
            match found {
                Some(found) => assert!(close(found, golden, 1e-9), "{name}: {found}"),
                None => assert!(golden.is_null(), "{name}"),
            }
        }
        groups.push(members);
    }
    assert_eq!(groups.len(), 51);
    let all = combined(&labels, &scores, &groups).unwrap();
    // One term is in no phrase.
    let nowhere = terms.iter().position(|term| term["count"] == 0).unwrap();
    assert_eq!(all.unknown, [nowhere]);
    assert!(close(
        mean(&all.pseudo_values).unwrap(),
        &golden["combined"],
        1e-9
    ));
    for (place, kind) in GroupAuc::ALL.into_iter().enumerate() {
        let over = power_mean(kind, &labels, &scores, &groups).unwrap();
        let found = mean(&over.pseudo_values).unwrap();
        assert!(close(found, &golden["power_means"][place], 1e-9), "{found}");
    }
}
