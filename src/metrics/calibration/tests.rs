use serde_json::Value;

use super::*;

fn cases() -> Vec<(Value, Vec<bool>, Vec<f64>, usize)> {
    let text = include_str!("../../../tests/golden/moderation_metrics.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    let columns = |case: &Value| {
        let labels = serde_json::from_value(case["labels"].clone()).unwrap();
        let probabilities = serde_json::from_value(case["probabilities"].clone()).unwrap();
        let wanted = serde_json::from_value(case["wanted"].clone()).unwrap();
        (case.clone(), labels, probabilities, wanted)
    };
    golden["calibration"]
        .as_array()
        .unwrap()
        .iter()
        .map(columns)
        .collect()
}

fn assert_close(found: f64, golden: &Value, slack: f64, of: &str) {
    let golden = golden.as_f64().unwrap();
    assert!((found - golden).abs() < slack, "{of}: {found} {golden}");
}

#[test]
fn errors_are_those_of_the_package() {
    for (case, labels, probabilities, wanted) in cases() {
        let ece = expected_calibration_error(&labels, &probabilities, wanted).unwrap();
        assert_close(mean(&ece).unwrap(), &case["ece"], 1e-12, "ECE");
        let square = |probabilities: &[f64]| {
            let values = debiased_square_error(&labels, probabilities, wanted);
            mean(&values.unwrap()).unwrap()
        };
        assert_close(square(&probabilities), &case["square"], 1e-12, "pairs");
        // Alike within a bin, they are in the same bins again.
        let levelled: Vec<f64> = serde_json::from_value(case["levelled"].clone()).unwrap();
        let golden = &case["square_of_levelled"];
        assert_close(square(&levelled), golden, 1e-12, "square");
        let debiased = debiased_calibration_error(&labels, &probabilities, wanted).unwrap();
        assert_close(debiased, &case["debiased"], 1e-12, "debiased");
        // The package draws; 20,000 times here.
        if !case["debiased_by_package"].is_null() {
            assert_close(debiased, &case["debiased_by_package"], 1e-3, "drawn");
        }
    }
}

#[test]
fn bins_and_terms_are_those_of_another_way() {
    for (case, labels, probabilities, wanted) in cases() {
        let found = bins(&labels, &probabilities, wanted);
        let golden = case["bins"].as_array().unwrap();
        assert_eq!(found.len(), golden.len());
        for (bin, golden) in found.iter().zip(golden) {
            let count = bin.count as f64;
            let of_bin = [
                bin.lower,
                bin.upper,
                count,
                bin.mean_probability,
                bin.share_positive,
            ];
            for (place, figure) in of_bin.into_iter().enumerate() {
                assert_close(figure, &golden[place], 1e-12, "bin");
            }
        }
        let score = mean(&brier(&labels, &probabilities).unwrap()).unwrap();
        assert_close(score, &case["brier"], 1e-12, "Brier");
        let terms = brier_terms(&labels, &probabilities, wanted).unwrap();
        let by_place = [
            terms.reliability,
            terms.resolution,
            terms.uncertainty,
            terms.within_variance,
            terms.within_covariance,
        ];
        for (place, term) in by_place.into_iter().enumerate() {
            assert_close(term, &case["terms"][place], 1e-12, "term");
        }
        let sum = terms.reliability - terms.resolution + terms.uncertainty + terms.within_variance
            - terms.within_covariance;
        assert!((sum - score).abs() < 1e-14);
    }
}

#[test]
fn ties_are_never_split_and_order_does_not_matter() {
    // Two thirds are tied, and the others of each side keep bins of their own.
    let probabilities = [0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8, 0.9];
    let labels = [
        false, true, true, false, true, false, true, true, false, false, true, true,
    ];
    let found = bins(&labels, &probabilities, 3);
    let counts: Vec<usize> = found.iter().map(|bin| bin.count).collect();
    assert_eq!(counts, [2, 8, 2]);
    let backwards = |values: &[bool]| values.iter().rev().copied().collect::<Vec<_>>();
    let reversed: Vec<f64> = probabilities.iter().rev().copied().collect();
    assert_eq!(bins(&backwards(&labels), &reversed, 3), found);
    assert_eq!(bins(&labels, &[0.3; 12], 15).len(), 1);
    assert_eq!(bins(&labels, &probabilities, 100).len(), 5);
}

#[test]
fn nothing_has_no_error() {
    assert!(bins(&[], &[], 15).is_empty());
    assert_eq!(brier(&[], &[]), None);
    assert_eq!(brier_terms(&[], &[], 15), None);
    assert_eq!(expected_calibration_error(&[], &[], 15), None);
    assert_eq!(debiased_calibration_error(&[], &[], 15), None);
    assert_eq!(debiased_square_error(&[], &[], 15), None);
}

/// Perfect probabilities have a plain error of about 0.055 over 500 examples, of which the correction leaves 2 − √2. The squared one has no bias at all, and
/// normal intervals that hold the truth: of perfect probabilities, and of such that are 0.08 too high.
#[test]
fn the_corrections_take_the_bias_away() {
    use crate::metrics::statistics::normal_interval;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let samples = 400;
    for too_high in [0.0, 0.08] {
        let (mut plain, mut debiased, mut square, mut held) = (0.0, 0.0, 0.0, 0);
        for _ in 0..samples {
            let probabilities: Vec<f64> = (0..500).map(|_| 0.1 + 0.8 * uniform()).collect();
            let is_positive = |p: &f64| uniform() < p - too_high;
            let labels: Vec<bool> = probabilities.iter().map(is_positive).collect();
            let error = expected_calibration_error(&labels, &probabilities, BINS);
            plain += mean(&error.unwrap()).unwrap() / f64::from(samples);
            let error = debiased_calibration_error(&labels, &probabilities, BINS);
            debiased += error.unwrap() / f64::from(samples);
            let error = debiased_square_error(&labels, &probabilities, BINS).unwrap();
            square += mean(&error).unwrap() / f64::from(samples);
            let interval = normal_interval(&error, None).unwrap();
            let truth = too_high * too_high;
            held += i32::from(interval.low <= truth && truth <= interval.high);
        }
        if too_high > 0.0 {
            assert!(
                (debiased - too_high).abs() < 0.005 && plain > debiased,
                "{debiased}"
            );
        } else {
            assert!((0.045..0.07).contains(&plain), "{plain}");
            let left = debiased / plain;
            assert!((left - (2.0 - 2.0_f64.sqrt())).abs() < 0.02, "{left}");
        }
        assert!((square - too_high * too_high).abs() < 5e-4, "{square}");
        let held = f64::from(held) / f64::from(samples);
        assert!(held > 0.93, "{held}");
    }
}
