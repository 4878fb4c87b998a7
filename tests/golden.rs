//! Figures of other implementations (see `golden/README.md`).

use ragkit::metrics::significance::{PATTERNS, holm, sign_flip};
use ragkit::metrics::statistics::intervals;
use ragkit::metrics::ties::{TiedRanking, bounds};
use ragkit::metrics::{Judgements, Metric, Rules};
use serde_json::Value;

pub fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap();
    list.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn grades(object: &Value) -> impl Iterator<Item = (&str, i32)> {
    let object = object.as_object().unwrap().iter();
    object.map(|(document, grade)| {
        (
            document.as_str(),
            i32::try_from(grade.as_i64().unwrap()).unwrap(),
        )
    })
}

fn run(list: &Value) -> Vec<(&str, f64)> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|hit| (hit[0].as_str().unwrap(), hit[1].as_f64().unwrap()))
        .collect()
}

/// trec_eval's names are names of ragkit's too.
#[test]
fn metrics_are_those_of_pytrec_eval() {
    let mut checked = 0;
    for case in golden("metrics")["cases"].as_array().unwrap() {
        let mut run = run(&case["run"]);
        run.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(a.0)));
        let judgements = Judgements::new(
            run.iter().map(|(document, _)| *document),
            grades(&case["qrels"]),
        );
        for (name, expected) in case["expected"].as_object().unwrap() {
            let metric: Metric = name.parse().unwrap();
            let (value, expected) = (
                metric.score(&judgements, &Rules::default()),
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
fn bounds_are_those_of_all_orders() {
    let golden = golden("ties");
    let metrics: Vec<Metric> = golden["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().parse().unwrap())
        .collect();
    let rules = Rules {
        highest_grade: Some(4),
        ..Rules::default()
    };
    let mut checked = 0;
    for case in golden["cases"].as_array().unwrap() {
        let mut run = run(&case[1]);
        run.sort_by(|a, b| b.1.total_cmp(&a.1));
        let judged: Vec<(&str, i32)> = grades(&case[0]).collect();
        let grade = |document: &str| {
            judged
                .iter()
                .find(|(judged, _)| *judged == document)
                .map(|(_, grade)| *grade)
        };
        #[expect(clippy::float_cmp, reason = "equal scores are what makes a group")]
        let groups = run.chunk_by(|a, b| a.1 == b.1);
        let ranking = TiedRanking {
            groups: groups
                .map(|group| group.iter().map(|(document, _)| grade(document)).collect())
                .collect(),
            judged: judged.iter().map(|(_, grade)| *grade).collect(),
        };
        for (metric, expected) in metrics.iter().zip(case[2].as_array().unwrap()) {
            let found = bounds(metric, &ranking, &rules);
            // [lowest, mean, highest], without the mean for IPrec; one number where all orders agree.
            let expected = expected
                .as_f64()
                .map_or_else(|| numbers(expected), |one| vec![one; 3]);
            let (lowest, highest) = (expected[0], expected[expected.len() - 1]);
            let near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
            assert!(
                near(found.lowest, lowest) && near(found.highest, highest),
                "{metric}: {found:?}, not {expected:?} in {case}"
            );
            if let (Some(mean), true) = (found.expected, expected.len() == 3) {
                assert!(
                    near(mean, expected[1]),
                    "{metric}: {found:?}, not {expected:?} in {case}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 120 * 14, "only {checked} means");
}

#[test]
fn p_values_are_exact_or_near_it() {
    let golden = golden("randomisation");
    for (name, sample) in golden["samples"].as_object().unwrap() {
        let differences: Vec<f64> = numbers(&sample["differences_in_1024ths"])
            .iter()
            .map(|d| d / 1024.0)
            .collect();
        let found = sign_flip(&[&differences], None, 17, PATTERNS)[0].unwrap();
        let exact = sample["p"].as_f64().unwrap();
        // All patterns where they are few; otherwise 10,000 random ones, whose share scatters.
        let tolerance = if differences.len() <= 13 {
            1e-12
        } else {
            4.0 * (exact * (1.0 - exact) / 10_000.0).sqrt() + 2e-4
        };
        assert!(
            (found - exact).abs() <= tolerance,
            "{name}: {found}, exactly {exact}"
        );
    }
    for family in golden["holm"].as_array().unwrap() {
        let expected = numbers(&family["adjusted"]);
        for (found, expected) in holm(&numbers(&family["p"])).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn intervals_are_those_of_scipy() {
    for (name, sample) in golden("bca")["samples"].as_object().unwrap() {
        let values = numbers(&sample["values"]);
        let found = intervals(&[&values], None, 17)[0];
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

/// From 1,000 values on the interval is analytic.
#[test]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small whole numbers"
)]
fn analytic_intervals_are_those_of_scipy_too() {
    let h: Vec<f64> = (0..1000_u32)
        .map(|i| f64::from(i.wrapping_mul(2_654_435_761)) / 4_294_967_296.0)
        .collect();
    let golden = golden("abc");
    for (name, sample) in golden["samples"].as_object().unwrap() {
        let value = |h: &f64| match name.as_str() {
            "rr" => Some(1.0 / f64::from((1.0 + 12.0 * h) as u32))
                .filter(|rr| *rr >= 0.1)
                .unwrap_or(0.0),
            "binary" => f64::from(u8::from(*h < 0.03)),
            _ => h.powi(8),
        };
        let values: Vec<f64> = h.iter().map(value).collect();
        let found = intervals(&[&values], None, 17)[0].unwrap();
        for ends in sample["BCa"].as_array().unwrap() {
            let (low, high) = (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap());
            // Means of a binary sample lie 1/1000 apart.
            let tolerance = 0.01 * (high - low) + if name == "binary" { 0.001 } else { 0.0 };
            assert!(
                (found.low - low).abs() < tolerance && (found.high - high).abs() < tolerance,
                "{name}: {found:?}, scipy says [{low}, {high}]"
            );
        }
    }
}
