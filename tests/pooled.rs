//! AUROC and the like as means of pseudo-values, against scikit-learn, DeLong's covariance and a true bootstrap (`golden/README.md`).

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use ragkit::metrics::correlation::interval_of;
use ragkit::metrics::pooled::{auroc, best_threshold, without_length};
use ragkit::metrics::statistics::{Interval, mean, standard_error};
use ragkit::metrics::{Clusters, Pooled};
use serde_json::Value;

use crate::golden::{golden, numbers};
use crate::real_data::data_folder;

fn labels(case: &Value) -> Vec<bool> {
    let labels = case["labels"].as_array().unwrap();
    labels
        .iter()
        .map(|label| label.as_bool().unwrap())
        .collect()
}

#[track_caller]
pub fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found}, the other tool says {expected}"
    );
}

#[test]
fn values_and_influences_are_those_of_scikit_learn() {
    let mut checked = 0;
    for case in golden("pooled")["cases"].as_array().unwrap() {
        let (labels, scores, lengths) = (
            labels(case),
            numbers(&case["scores"]),
            numbers(&case["lengths"]),
        );
        for (name, expected) in case["figures"].as_object().unwrap() {
            let metric: Pooled = name.parse().unwrap();
            let found = metric.pseudo_values(&labels, &scores, &lengths).unwrap();
            let value = expected["value"].as_f64().unwrap();
            near(mean(&found).unwrap(), value, 1e-12, name);
            for (found, expected) in found.iter().zip(numbers(&expected["pseudo_values"])) {
                // Theirs are differences of figures: rounding errors of 1e-16 over steps of 1e-4, times 150 examples.
                near(*found, expected, 1e-5, &format!("pseudo-value of {name}"));
                checked += 1;
            }
        }
    }
    assert!(checked > 2_500, "only {checked} pseudo-values");
}

#[test]
fn variances_are_those_of_delong() {
    for case in golden("pooled")["cases"].as_array().unwrap() {
        if case["delong"].is_null() {
            continue;
        }
        let labels = labels(case);
        let columns = [numbers(&case["scores"]), numbers(&case["other"])]
            .map(|scores| Pooled::Auroc.pseudo_values(&labels, &scores, &[]).unwrap());
        let differences = columns[0].iter().zip(&columns[1]);
        let differences: Vec<f64> = differences.map(|(a, b)| a - b).collect();
        let expected: Vec<Vec<f64>> = case["delong"]
            .as_array()
            .unwrap()
            .iter()
            .map(numbers)
            .collect();
        let of_difference = expected[0][0] + expected[1][1] - 2.0 * expected[0][1];
        // DeLong divides by m − 1 within each class, a mean over examples by N − 1.
        let fewest = labels.iter().filter(|label| **label).count();
        let fewest = fewest.min(labels.len() - fewest) as f64;
        for (column, variance) in [
            (&columns[0], expected[0][0]),
            (&columns[1], expected[1][1]),
            (&differences, of_difference),
        ] {
            let found = standard_error(column, None).unwrap().powi(2);
            assert!(
                found <= variance * (1.0 + 1e-9) && found >= variance * (1.0 - 1.0 / fewest),
                "{found}, DeLong says {variance} ({fewest} of the smaller class)"
            );
        }
    }
}

#[test]
fn the_best_threshold_is_that_of_all_cuts() {
    for case in golden("pooled")["cases"].as_array().unwrap() {
        let (labels, scores) = (labels(case), numbers(&case["scores"]));
        let threshold = best_threshold(&labels, &scores).unwrap();
        let decisions: Vec<f64> = scores
            .iter()
            .map(|score| f64::from(u8::from(*score >= threshold)))
            .collect();
        let found = Pooled::BalancedAccuracy
            .value(&labels, &decisions, &[])
            .unwrap();
        near(
            found,
            case["best_balanced_accuracy"].as_f64().unwrap(),
            1e-12,
            "accuracy",
        );
        let cuts = numbers(&case["best_cuts"]);
        let middle = f64::midpoint(cuts[0], cuts[cuts.len() - 1]);
        let nearest = cuts
            .iter()
            .map(|cut| (cut - middle).abs())
            .fold(f64::INFINITY, f64::min);
        near(
            (threshold - middle).abs(),
            nearest,
            1e-12,
            "distance from the middle",
        );
    }
}

#[test]
fn thresholds_worked_by_hand() {
    let threshold = |labels: &[bool], scores: &[f64]| best_threshold(labels, scores);
    assert_eq!(threshold(&[false, true], &[0.25, 0.75]), Some(0.5));
    // From 0.25 on and from 0.75 on are as good; 0.5 is the lower of the two cuts that are equally far from the middle.
    assert_eq!(
        threshold(&[false, true, false, true], &[0.0, 0.25, 0.5, 0.75]),
        Some(0.125)
    );
    // Upside down: nothing is better than to say yes to all.
    assert_eq!(threshold(&[true, false], &[0.25, 0.75]), Some(0.25));
    assert_eq!(threshold(&[true, true], &[0.25, 0.75]), None);
    // Between neighbouring numbers there is none.
    let next = f64::from_bits(0.5_f64.to_bits() + 1);
    assert_eq!(threshold(&[false, true], &[0.5, next]), Some(next));
}

#[test]
fn what_the_length_explains_is_taken_out() {
    let lengths: Vec<f64> = (0..60_u32).map(|i| f64::from(i * 7 % 31)).collect();
    let labels: Vec<bool> = lengths.iter().map(|length| *length > 12.0).collect();
    let scores: Vec<f64> = lengths
        .iter()
        .map(|length| 0.3 - 0.07 * length.ln_1p())
        .collect();
    assert_eq!(auroc(&labels, &scores), Some(0.0));
    let rest = Pooled::AurocWithoutLength.value(&labels, &scores, &lengths);
    assert_eq!(rest, Some(0.5), "rounding errors are in no order");
    // One length explains nothing.
    assert_eq!(without_length(&scores, &[3.0; 60]), scores);
    assert_eq!(without_length(&[0.5; 60], &lengths), [0.5; 60]);
    assert!(without_length(&[], &[]).is_empty());
}

/// The interval by pseudo-values, as a report makes it, and that of resamples in each of which AUROC is computed anew.
fn both_intervals(
    labels: &[bool],
    scores: &[f64],
    clusters: &Clusters,
) -> (f64, Interval, Interval) {
    let values = Pooled::Auroc.pseudo_values(labels, scores, &[]).unwrap();
    let value = mean(&values).unwrap();
    let found = Pooled::Auroc.interval_of(&values, Some(clusters)).unwrap();
    let figure = |drawn: &[usize]| {
        let labels: Vec<bool> = drawn.iter().map(|place| labels[*place]).collect();
        let scores: Vec<f64> = drawn.iter().map(|place| scores[*place]).collect();
        auroc(&labels, &scores)
    };
    let expected = interval_of(figure, clusters, 17).unwrap();
    (value, found, expected)
}

fn uniform(i: u32, salt: u32) -> f64 {
    let mixed = i.wrapping_mul(2_654_435_761).rotate_left(13) ^ salt.wrapping_mul(2_246_822_519);
    f64::from(mixed.wrapping_mul(3_266_489_917) ^ (mixed >> 15)) / 4_294_967_296.0
}

/// Labels and scores in clusters of one to seven that share a part of their scores.
fn clustered(n: u32, distance: f64) -> (Vec<bool>, Vec<f64>, Clusters) {
    let logit = |share: f64| (share.clamp(1e-9, 1.0 - 1e-9) / (1.0 - share).max(1e-9)).ln();
    let cluster = |i: u32| (f64::from(i) / 4.0 + 3.0 * uniform(i, 4)).floor() as u32;
    let labels: Vec<bool> = (0..n)
        .map(|i| uniform(i, 1) + 0.3 * uniform(cluster(i), 5) < 0.55)
        .collect();
    let score = |i: u32| {
        let shift = if labels[i as usize] { distance } else { 0.0 };
        logit(uniform(i, 2)) + logit(uniform(cluster(i), 3)) + shift
    };
    let scores = (0..n).map(score).collect();
    let names: Vec<String> = (0..n).map(|i| cluster(i).to_string()).collect();
    let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
    (labels, scores, clusters)
}

#[test]
fn intervals_are_those_of_a_true_cluster_bootstrap() {
    for (n, distance, tolerance) in [
        (100, 1.5, 0.08),
        (100, 6.0, 0.15),
        (400, 1.5, 0.05),
        (400, 6.0, 0.08),
        (1200, 1.5, 0.04),
        (1200, 6.0, 0.05),
    ] {
        let (labels, scores, clusters) = clustered(n, distance);
        let (value, found, expected) = both_intervals(&labels, &scores, &clusters);
        let width = expected.high - expected.low;
        println!(
            "n {n}, {} clusters, AUROC {value:.3}: {found:?}, by resamples {expected:?}",
            clusters.count()
        );
        near(found.low, expected.low, tolerance * width, "lower end");
        near(found.high, expected.high, tolerance * width, "upper end");
        near(found.high - found.low, width, tolerance * width, "width");
    }
}

#[test]
fn intervals_stay_within_bounds_and_change_nothing_far_from_them() {
    let plain = Interval {
        low: 0.90,
        high: 1.04,
    };
    let found = Pooled::Auroc.interval(0.97, plain);
    assert!(
        found.low > 0.5 && found.low < 0.97 && found.high > 0.97 && found.high < 1.0,
        "{found:?}"
    );
    let kappa = Pooled::Kappa.interval(
        -0.9,
        Interval {
            low: -1.2,
            high: -0.6,
        },
    );
    assert!(kappa.low > -1.0 && kappa.high < 0.0, "{kappa:?}");
    let narrow = Pooled::Auroc.interval(
        0.7,
        Interval {
            low: 0.699,
            high: 0.701,
        },
    );
    near(narrow.low, 0.699, 1e-5, "lower end");
    near(narrow.high, 0.701, 1e-5, "upper end");
    let bound = Pooled::Auroc.interval(
        1.0,
        Interval {
            low: 0.9,
            high: 1.1,
        },
    );
    assert_eq!(
        bound,
        Interval {
            low: 0.9,
            high: 1.0
        }
    );
}

/// A crude scorer: the share of the words of a response that its source has.
pub fn overlap(response: &str, source: &str) -> f64 {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| word.len() > 3)
            .map(str::to_lowercase)
            .collect()
    };
    let source = words(source);
    let response = words(response);
    let known = response.iter().filter(|word| source.contains(word)).count();
    known as f64 / response.len().max(1) as f64
}

#[test]
fn begin_has_the_interval_of_a_true_cluster_bootstrap() {
    let Some(data) = data_folder() else { return };
    let rows = begin(&data);
    assert!(rows.len() > 1_100, "{} rows", rows.len());
    let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
    let scores: Vec<f64> = rows.iter().map(|row| row.2).collect();
    let clusters = Clusters::by_name(rows.iter().map(|row| Some(row.0.as_str())));
    let (value, found, expected) = both_intervals(&labels, &scores, &clusters);
    let width = expected.high - expected.low;
    println!(
        "BEGIN, {} rows, {} documents, AUROC {value:.4}: {found:?}, by resamples {expected:?}",
        rows.len(),
        clusters.count()
    );
    near(found.low, expected.low, 0.04 * width, "lower end");
    near(found.high, expected.high, 0.04 * width, "upper end");
}

/// Document, label, score of every response of BEGIN that is attributable or not.
pub fn begin(data: &Path) -> Vec<(String, bool, f64)> {
    let mut rows = Vec::new();
    for set in ["cmu", "tc", "wow"] {
        let file = data.join(format!("rag/begin/begin_dev_{set}.tsv"));
        let text = std::fs::read_to_string(file).unwrap();
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        for line in lines {
            let row: BTreeMap<&str, &str> = header.iter().copied().zip(line).collect();
            let label = row["begin_label"].to_lowercase();
            let (source, response) = (row["knowledge"], row["response"]);
            rows.push((
                source.to_owned(),
                label.starts_with("fully"),
                overlap(response, source),
            ));
        }
    }
    rows
}

proptest! {
    #[test]
    fn auroc_is_the_share_of_pairs(examples in prop::collection::vec((any::<bool>(), 0_i8..6), 2..50)) {
        let labels: Vec<bool> = examples.iter().map(|(label, _)| *label).collect();
        let scores: Vec<f64> = examples.iter().map(|(_, score)| f64::from(*score)).collect();
        let of = |class: bool| examples.iter().filter(move |(label, _)| *label == class).map(|(_, score)| *score);
        let pairs = of(true).flat_map(|positive| of(false).map(move |negative| match positive.cmp(&negative) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        }));
        match (mean(&pairs.collect::<Vec<f64>>()), auroc(&labels, &scores)) {
            (Some(expected), Some(found)) => prop_assert!((found - expected).abs() < 1e-12),
            (expected, found) => prop_assert_eq!(expected, found),
        }
    }

    #[test]
    fn pseudo_values_have_the_metric_as_their_mean_and_reversed_scores_the_rest(
        examples in prop::collection::vec((any::<bool>(), 0_u8..9), 2..50)
    ) {
        let labels: Vec<bool> = examples.iter().map(|(label, _)| *label).collect();
        let scores: Vec<f64> = examples.iter().map(|(_, score)| f64::from(*score) / 8.0).collect();
        let reversed: Vec<f64> = scores.iter().map(|score| -score).collect();
        if let (Some(one), Some(other)) = (auroc(&labels, &scores), auroc(&labels, &reversed)) {
            prop_assert!((one + other - 1.0).abs() < 1e-12);
        }
        for metric in Pooled::ALL {
            let lengths = vec![1.0; labels.len()];
            if let Some(value) = metric.value(&labels, &scores, &lengths) {
                prop_assert!(value.is_finite() && (-1.0 - 1e-12..=1.0 + 1e-12).contains(&value), "{metric}: {value}");
            }
        }
    }
}
