//! Paired tests, intervals and power against other implementations (see `golden/README.md`).

use ragkit::metrics::paired::{Pair, Test, paired};
use ragkit::metrics::significance::{PATTERNS, mcnemar, sign_flip};
use ragkit::metrics::statistics::{Interval, exact_share, intervals, mean};
use ragkit::metrics::{Clusters, power};
use serde_json::Value;

use crate::crafted::noise;
use crate::golden::{golden, numbers};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Ten thousand random patterns scatter around the exact share.
#[track_caller]
fn near_p(found: f64, exact: f64, name: &str) {
    let tolerance = 4.0 * (exact * (1.0 - exact) / 10_000.0).sqrt() + 2e-4;
    assert!(
        (found - exact).abs() <= tolerance,
        "{name}: p {found}, exactly {exact}"
    );
}

#[track_caller]
fn near_interval(found: Interval, expected: &Value, share: f64, step: f64, name: &str) {
    let (low, high) = (number(&expected[0]), number(&expected[1]));
    let tolerance = share * (high - low) + step;
    assert!(
        (found.low - low).abs() < tolerance && (found.high - high).abs() < tolerance,
        "{name}: {found:?}, scipy says [{low}, {high}]"
    );
}

#[test]
fn paired_samples_are_those_of_scipy() {
    for (name, sample) in golden("paired")["samples"].as_object().unwrap() {
        let (before, after) = (numbers(&sample["a"]), numbers(&sample["b"]));
        let pair = Pair {
            before: &before,
            after: &after,
        };
        let found = paired(&[pair], None, 17, PATTERNS).remove(0).unwrap();
        assert_eq!(found.test, Test::SignFlip, "{name}");
        assert!(
            (found.difference - number(&sample["mean"])).abs() < 1e-12,
            "{name}"
        );
        let exact = number(&sample["permutation_p_exact"]);
        if before.len() <= 13 {
            assert!(
                (found.p_value - exact).abs() < 1e-12,
                "{name}: {}, {exact}",
                found.p_value
            );
        }
        near_p(found.p_value, exact, name);
        // Few values: 10,000 resamples of eight hit the same few means.
        let share = if before.len() < 20 { 0.05 } else { 0.03 };
        near_interval(found.interval.unwrap(), &sample["bca"], share, 0.0, name);
        assert_eq!(found.above + found.level + found.below, before.len() as u64);
    }
}

#[test]
fn clustered_samples_are_those_of_scipy() {
    for (name, sample) in golden("paired")["clusters"].as_object().unwrap() {
        let after = numbers(&sample["difference"]);
        let before = vec![0.0; after.len()];
        let names: Vec<String> = sample["cluster"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
        let pair = Pair {
            before: &before,
            after: &after,
        };
        let found = paired(&[pair], Some(&clusters), 17, PATTERNS)
            .remove(0)
            .unwrap();
        let exact = number(&sample["permutation_p_exact"]);
        if clusters.count() <= 13 {
            assert!(
                (found.p_value - exact).abs() < 1e-12,
                "{name}: {}, {exact}",
                found.p_value
            );
        }
        near_p(found.p_value, exact, name);
        near_interval(found.interval.unwrap(), &sample["bca"], 0.03, 0.0, name);
        // What comes of taking the examples for independent is another number.
        let naive = paired(&[pair], None, 17, PATTERNS).remove(0).unwrap();
        assert!(naive.standard_error != found.standard_error, "{name}");
    }
}

/// From 1,000 clusters on the interval is analytic.
#[test]
fn the_analytic_interval_of_a_ratio_is_that_of_scipy() {
    let sample = &golden("paired")["clusters_formula"];
    let h = |c: u32| f64::from(c.wrapping_mul(2_654_435_761)) / 4_294_967_296.0;
    let (mut values, mut names) = (Vec::new(), Vec::new());
    for c in 0..1500 {
        let size = 1.0 + (6.0 * h(c)).floor();
        let sum = size * (h(c).powi(4) - 0.25) + 0.1 * (h(c + 1500) - 0.5);
        let mut left = size;
        while left > 0.0 {
            values.push(sum / size);
            names.push(c.to_string());
            left -= 1.0;
        }
    }
    let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
    assert_eq!(clusters.count(), 1500);
    assert!((mean(&values).unwrap() - number(&sample["mean"])).abs() < 1e-12);
    let found = intervals(&[&values], Some(&clusters), 17)[0].unwrap();
    near_interval(found, &sample["bca"], 0.01, 0.0, "seed 2");
    near_interval(found, &sample["bca_other_seed"], 0.01, 0.0, "seed 3");
}

#[test]
fn mcnemar_shares_and_power_are_those_of_scipy() {
    let golden = golden("paired");
    for case in golden["mcnemar"].as_array().unwrap() {
        let count = |name: &str| case[name].as_u64().unwrap();
        let (found, expected) = (mcnemar(count("wins"), count("losses")), number(&case["p"]));
        assert!(
            (found - expected).abs() <= 1e-9 * expected.max(1e-3),
            "{case}: {found}"
        );
    }
    for case in golden["binary_interval"].as_array().unwrap() {
        let found = exact_share(
            case["successes"].as_u64().unwrap(),
            case["n"].as_u64().unwrap(),
        );
        assert!(
            (found.low - number(&case["low"])).abs() < 1e-9,
            "{case}: {found:?}"
        );
        assert!(
            (found.high - number(&case["high"])).abs() < 1e-9,
            "{case}: {found:?}"
        );
    }
    for case in golden["power"].as_array().unwrap() {
        let error = number(&case["sd"]) / number(&case["n"]).sqrt();
        let found = power::power(number(&case["delta"]), error, number(&case["alpha"]));
        assert!(
            (found - number(&case["power"])).abs() < 1e-9,
            "{case}: {found}"
        );
    }
    for case in golden["needed"].as_array().unwrap() {
        let (alpha, at, delta) = (
            number(&case["alpha"]),
            number(&case["power"]),
            number(&case["delta"]),
        );
        let needed = power::examples_needed(100, number(&case["sd"]) / 10.0, delta, alpha, at);
        assert!(
            (needed - number(&case["needed"]).ceil()).abs() < 1e-9,
            "{case}: {needed}"
        );
        let error = number(&case["sd"]) / number(&case["needed"]).sqrt();
        let detectable = power::minimum_detectable(error, alpha, at);
        assert!((detectable - delta).abs() < 1e-9, "{case}: {detectable}");
    }
}

/// Binary values are tested by McNemar, which for few examples is the enumerated sign-flip test.
#[test]
fn binary_values_are_tested_exactly() {
    let before: Vec<f64> = (0..200)
        .map(|i| f64::from(u8::from(noise(i) < 0.6)))
        .collect();
    let after: Vec<f64> = (0..200)
        .map(|i| f64::from(u8::from(noise(i + 1000) < 0.7)))
        .collect();
    let found = paired(
        &[Pair {
            before: &before,
            after: &after,
        }],
        None,
        17,
        PATTERNS,
    )
    .remove(0)
    .unwrap();
    assert_eq!(found.test, Test::McNemar);
    assert!((found.p_value - mcnemar(found.above, found.below)).abs() < 1e-15);
    let few = Pair {
        before: &before[..12],
        after: &after[..12],
    };
    let found = paired(&[few], None, 17, PATTERNS).remove(0).unwrap();
    let differences: Vec<f64> = after[..12]
        .iter()
        .zip(&before[..12])
        .map(|(a, b)| a - b)
        .collect();
    let flipped = sign_flip(&[&differences], None, 17, PATTERNS)[0].unwrap();
    assert!((found.p_value - flipped).abs() < 1e-12);
}
