use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::metrics::statistics::mean;

type Figure = fn(&[Vec<f64>]) -> Option<Vec<f64>>;

const FIGURES: [(&str, Figure); 3] = [
    ("alpha", krippendorff_alpha),
    ("minority", minority_share),
    ("single", single_rater_accuracy),
];

fn golden() -> Value {
    let text = include_str!("../../../tests/golden/moderation_metrics.json");
    serde_json::from_str(text).unwrap()
}

#[test]
fn figures_and_influences_are_those_of_single_votes() {
    for case in golden()["disagreement"].as_array().unwrap() {
        let votes: Vec<Vec<f64>> = serde_json::from_value(case["votes"].clone()).unwrap();
        for (name, figure) in FIGURES {
            let (golden, found) = (&case["figures"][name], figure(&votes).unwrap());
            let value = golden["value"].as_f64().unwrap();
            assert!((mean(&found).unwrap() - value).abs() < 1e-12, "{name}");
            let pseudo = golden["pseudo_values"].as_array().unwrap();
            assert_eq!(found.len(), pseudo.len());
            for (found, golden) in found.iter().zip(pseudo) {
                let golden = golden.as_f64().unwrap();
                let slack = 2e-6 * (1.0 + golden.abs());
                assert!((found - golden).abs() < slack, "{name}: {found} {golden}");
            }
        }
    }
}

/// The votes of hate speech's raters, three or more a text.
#[test]
#[expect(clippy::print_stderr, reason = "tells what was not tested")]
fn davidsons_raters_disagree_as_the_package_finds() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("RAGKIT_DATA").map_or(beside, PathBuf::from);
    let path = folder.join("moderation/davidson/labeled_data.csv");
    if !path.is_file() {
        eprintln!("SKIPPED: Davidson's votes; set RAGKIT_DATA");
        return;
    }
    let mut votes = vec![Vec::new(); 3];
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        for (column, place) in votes.iter_mut().zip(2..5) {
            column.push(row[place].parse().unwrap());
        }
    }
    let golden = &golden()["davidson"];
    assert_eq!(votes[0].len() as u64, golden["items"].as_u64().unwrap());
    for (name, figure) in FIGURES {
        let found = mean(&figure(&votes).unwrap()).unwrap();
        let golden = golden[name].as_f64().unwrap();
        assert!((found - golden).abs() < 1e-9, "{name}: {found} {golden}");
    }
}

#[test]
fn what_cannot_be_told_is_none() {
    let all_for_one = vec![vec![3.0, 2.0], vec![0.0, 0.0]];
    assert_eq!(krippendorff_alpha(&all_for_one), None);
    assert_eq!(minority_share(&all_for_one), Some(vec![0.0; 2]));
    assert_eq!(single_rater_accuracy(&all_for_one), Some(vec![1.0; 2]));
    let single_votes = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
    assert_eq!(krippendorff_alpha(&single_votes), None);
    assert_eq!(single_rater_accuracy(&single_votes), None);
    assert_eq!(minority_share(&[vec![0.0], vec![0.0]]), None);
    assert_eq!(krippendorff_alpha(&[]), None);
    // Two agree on one item and two on another: perfect, and no item adds anything.
    let perfect = vec![vec![2.0, 0.0], vec![0.0, 2.0]];
    assert_eq!(krippendorff_alpha(&perfect), Some(vec![1.0; 2]));
}
