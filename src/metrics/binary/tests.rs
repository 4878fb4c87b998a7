use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;

use super::*;
use crate::metrics::statistics::{mean, normal_interval};

/// Of the golden figures; the derivatives are differences, good to about 1e-7 of their size.
const CLOSE: f64 = 1e-9;
const CLOSE_SLOPE: f64 = 2e-6;

fn cases() -> Vec<Value> {
    let text = include_str!("../../../tests/golden/moderation_metrics.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    golden["binary"].as_array().unwrap().clone()
}

fn columns(case: &Value) -> (Vec<bool>, Vec<f64>, Vec<bool>) {
    let labels = serde_json::from_value(case["labels"].clone()).unwrap();
    let scores: Vec<f64> = serde_json::from_value(case["scores"].clone()).unwrap();
    let decisions = scores.iter().map(|score| *score >= 0.5).collect();
    (labels, scores, decisions)
}

fn assert_figure(case: &Value, name: &str, values: Option<Vec<f64>>) {
    let (golden, values) = (&case["figures"][name], values.unwrap());
    let value = golden["value"].as_f64().unwrap();
    let found = mean(&values).unwrap();
    assert!((found - value).abs() < CLOSE, "{name}: {found} {value}");
    let pseudo: Vec<f64> = serde_json::from_value(golden["pseudo_values"].clone()).unwrap();
    assert_eq!(pseudo.len(), values.len(), "{name}");
    for (place, (found, golden)) in values.iter().zip(&pseudo).enumerate() {
        let slack = CLOSE_SLOPE * (1.0 + golden.abs());
        assert!(
            (found - golden).abs() < slack,
            "{name}[{place}]: {found} {golden}"
        );
    }
}

#[test]
fn figures_and_influences_are_those_of_scikit_learn() {
    for case in cases() {
        let (labels, scores, decisions) = columns(&case);
        assert_figure(&case, "precision", precision(&labels, &decisions));
        assert_figure(&case, "recall", recall(&labels, &decisions));
        let rate = false_positive_rate(&labels, &decisions);
        assert_figure(&case, "false_positive_rate", rate);
        assert_figure(&case, "f1", f1(&labels, &decisions));
        assert_figure(&case, "accuracy", accuracy(&labels, &decisions));
        assert_figure(&case, "lift", average_precision_lift(&labels, &scores));
        for at in [0.001, 0.03, 0.5] {
            let values = precision_at_prevalence(&labels, &decisions, at);
            assert_figure(&case, &format!("precision@{at}"), values);
            let values = average_precision_at_prevalence(&labels, &scores, at);
            assert_figure(&case, &format!("average_precision@{at}"), values);
        }
        // At the sample's own prevalence it is the plain one.
        let own = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
        let values = average_precision_at_prevalence(&labels, &scores, own).unwrap();
        let plain = case["average_precision"].as_f64().unwrap();
        assert!((mean(&values).unwrap() - plain).abs() < CLOSE);
    }
}

#[test]
fn rates_at_a_threshold_are_those_of_the_curve() {
    let check = |pairs: &Value, figure: &dyn Fn(f64) -> Option<f64>| {
        for pair in pairs.as_array().unwrap() {
            let (at, golden) = (pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap());
            let found = figure(at).unwrap();
            assert!((found - golden).abs() < CLOSE, "at {at}: {found} {golden}");
        }
    };
    for case in cases() {
        let (labels, scores, _) = columns(&case);
        check(&case["fpr_at_recall"], &|at| {
            false_positive_rate_at_recall(&labels, &scores, at)
        });
        check(&case["recall_at_fpr"], &|at| {
            recall_at_false_positive_rate(&labels, &scores, at)
        });
    }
    let labels = [true, false];
    assert_eq!(false_positive_rate_at_recall(&labels, &[0.5; 2], 1.1), None);
    assert_eq!(
        recall_at_false_positive_rate(&labels, &[0.5; 2], -0.1),
        None
    );
    // Tied, both are decided together: no alarm means nothing found.
    assert_eq!(
        recall_at_false_positive_rate(&labels, &[0.5; 2], 0.5),
        Some(0.0)
    );
    assert_eq!(
        false_positive_rate_at_recall(&labels, &[0.5; 2], 0.1),
        Some(1.0)
    );
}

#[test]
fn what_is_not_defined_is_none() {
    let (yes, no) = ([true; 3], [false; 3]);
    assert_eq!(precision(&yes, &no), None);
    assert_eq!(recall(&no, &yes), None);
    assert_eq!(false_positive_rate(&yes, &yes), None);
    assert_eq!(f1(&no, &no), None);
    assert_eq!(accuracy(&[], &[]), None);
    assert_eq!(precision_at_prevalence(&yes, &yes, 0.1), None);
    let mixed = [true, false, true];
    assert_eq!(precision_at_prevalence(&mixed, &no, 0.1), None);
    assert_eq!(average_precision_at_prevalence(&no, &[0.1; 3], 0.1), None);
    assert_eq!(average_precision_lift(&yes, &[0.1; 3]), None);
    assert_eq!(precision(&no, &yes), Some(vec![0.0; 3]));
}

/// The anchor of the issue: at a prevalence of 0.1 %, 90 % found and 1 % false alarms, 8.3 % of what is decided positive is so.
#[test]
fn rare_positives_make_most_decisions_wrong() {
    let labels: Vec<bool> = (0..1_000).map(|place| place < 500).collect();
    let decisions: Vec<bool> = (0..1_000)
        .map(|place| !(450..995).contains(&place))
        .collect();
    let values = precision_at_prevalence(&labels, &decisions, 0.001).unwrap();
    assert!((mean(&values).unwrap() - 0.082_644_628).abs() < 1e-8);
}

/// In samples of 300 of a population whose figures are known, 95 % intervals hold them in 92 % to 98 %.
#[test]
fn intervals_hold_the_truth() {
    const SAMPLES: usize = 600;
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    // Of positives, 30 %, scores are the highest of two uniform ones: 3/4 of them are above one half, and half of the negatives.
    let (share, found, alarms, at) = (0.3, 0.75, 0.5, 0.05);
    // The precision where a share x² of positives and x of negatives scores below x, averaged over the positives, by Simpson's rule.
    let precision_from =
        |x: f64| at * (1.0 - x * x) / (at * (1.0 - x * x) + (1.0 - at) * (1.0 - x));
    let steps = 2_000;
    let simpson = |k: usize| {
        let x = (k as f64 / f64::from(steps)).min(1.0 - 1e-12);
        let weight = if k == 0 || k == 2_000 {
            1.0
        } else {
            2.0 + 2.0 * (k % 2) as f64
        };
        weight * 2.0 * x * precision_from(x)
    };
    let area = (0..=2_000).map(simpson).sum::<f64>() / (3.0 * f64::from(steps));
    let decided = share * found + (1.0 - share) * alarms;
    let truths = [
        share * found / decided,
        2.0 * share * found / (share + decided),
        at * found / (at * found + (1.0 - at) * alarms),
        area,
    ];
    let mut held = [0; 4];
    for _ in 0..SAMPLES {
        let labels: Vec<bool> = (0..300).map(|_| uniform() < share).collect();
        let score = |label: &bool| {
            let score = uniform();
            if *label { score.max(uniform()) } else { score }
        };
        let scores: Vec<f64> = labels.iter().map(score).collect();
        let decisions: Vec<bool> = scores.iter().map(|score| *score >= 0.5).collect();
        let figures = [
            precision(&labels, &decisions),
            f1(&labels, &decisions),
            precision_at_prevalence(&labels, &decisions, at),
            average_precision_at_prevalence(&labels, &scores, at),
        ];
        for ((held, figure), truth) in held.iter_mut().zip(figures).zip(truths) {
            let interval = normal_interval(&figure.unwrap(), None).unwrap();
            *held += usize::from(interval.low <= truth && truth <= interval.high);
        }
    }
    for held in held {
        let share = held as f64 / SAMPLES as f64;
        assert!((0.92..0.98).contains(&share), "{share}");
    }
}
