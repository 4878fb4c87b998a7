//! Against scikit-learn and SciPy (`tests/golden/oracle/s26_calibration.py`).

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Problem {
    logits: Vec<f64>,
    labels: Vec<bool>,
    weights: Vec<f64>,
    asked: Vec<f64>,
    temperature_scale: f64,
    platt: [f64; 2],
    isotonic: Vec<f64>,
    isotonic_points: usize,
}

impl Problem {
    fn rows(&self) -> Vec<HeldOut> {
        let rows = self.logits.iter().zip(&self.labels).zip(&self.weights);
        rows.map(|((logit, label), weight)| HeldOut {
            logit: *logit,
            label: *label,
            weight: *weight,
        })
        .collect()
    }
}

fn golden() -> Vec<Problem> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/moderation_calibration.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

/// Rows of weight 1.
fn rows(pairs: &[(f64, bool)]) -> Vec<HeldOut> {
    let row = |(logit, label): &(f64, bool)| HeldOut {
        logit: *logit,
        label: *label,
        weight: 1.0,
    };
    pairs.iter().map(row).collect()
}

const FITTED: [Calibration; 3] = [
    Calibration::Temperature,
    Calibration::Platt,
    Calibration::Isotonic,
];

#[test]
fn maps_are_those_of_scikit_learn_and_scipy() {
    for problem in golden() {
        let rows = problem.rows();
        let Calibrator::Temperature { scale } = Calibration::Temperature.fit(&rows).unwrap() else {
            panic!("a temperature");
        };
        let wanted = problem.temperature_scale;
        assert!((scale - wanted).abs() < 1e-6, "{scale} {wanted}");
        let Calibrator::Platt { scale, offset } = Calibration::Platt.fit(&rows).unwrap() else {
            panic!("a scale and an offset");
        };
        let [a, b] = problem.platt;
        assert!(
            (scale - a).abs() < 1e-6 && (offset - b).abs() < 1e-6,
            "{scale} {offset} {a} {b}"
        );
        let isotonic = Calibration::Isotonic.fit(&rows).unwrap();
        for (logit, wanted) in problem.asked.iter().zip(&problem.isotonic) {
            let found = isotonic.chance(*logit);
            assert!((found - wanted).abs() < 1e-9, "{logit}: {found} {wanted}");
        }
        let Calibrator::Isotonic { logits, .. } = isotonic else {
            panic!("points");
        };
        assert_eq!(logits.len(), problem.isotonic_points);
    }
}

#[test]
fn every_map_rises_or_stays_level_stays_inside_and_comes_back_from_json() {
    for problem in golden() {
        let mut rows = problem.rows();
        for turned in [false, true] {
            // A classifier that is worse than none.
            rows.iter_mut().for_each(|row| row.label ^= turned);
            for calibration in FITTED {
                let fitted = calibration.fit(&rows).unwrap();
                let at = |step: i32| fitted.chance(f64::from(step) / 16.0);
                for step in -400..400 {
                    assert!(at(step) <= at(step + 1), "{fitted:?} {step}");
                    assert!((0.0..=1.0).contains(&at(step)));
                }
                let json = serde_json::to_string(&fitted).unwrap();
                assert_eq!(serde_json::from_str::<Calibrator>(&json).unwrap(), fitted);
            }
        }
    }
}

#[test]
fn without_a_fit_a_logit_is_what_it_says() {
    let none = Calibration::None.fit(&[]).unwrap();
    assert!((none.chance(0.0) - 0.5).abs() < 1e-15);
    assert!((none.chance(3_f64.ln()) - 0.75).abs() < 1e-12);
    assert_eq!(serde_json::to_string(&none).unwrap(), r#"{"none":{}}"#);
}

#[test]
fn what_turns_the_order_around_tells_nothing() {
    let turned = rows(&[(2.0, false), (1.0, false), (0.5, false), (-1.0, true)]);
    let chance = |calibration: Calibration| calibration.fit(&turned).unwrap().chance(1.5);
    assert!((chance(Calibration::Temperature) - 0.5).abs() < 1e-12);
    // Platt's targets: (2/3 + 3 · 1/5) / 4.
    assert!((chance(Calibration::Platt) - (2.0 / 3.0 + 0.6) / 4.0).abs() < 1e-12);
    assert!((chance(Calibration::Isotonic) - 0.25).abs() < 1e-12);
}

#[test]
fn classes_that_lie_apart_and_logits_that_are_alike_are_fitted() {
    let apart = rows(&[(-2.0, false), (-1.0, false), (1.0, true), (3.0, true)]);
    let alike = rows(&[(4.0, false), (4.0, false), (4.0, true)]);
    for calibration in FITTED {
        let found = calibration.fit(&apart).unwrap();
        assert!(
            found.chance(-1.5) < 0.5 && found.chance(1.5) > 0.5,
            "{found:?}"
        );
        let found = calibration.fit(&alike).unwrap();
        let wanted = match calibration {
            Calibration::Temperature => 0.5,
            Calibration::Platt => (2.0 / 3.0 + 2.0 / 4.0) / 3.0,
            _ => 1.0 / 3.0,
        };
        assert!((found.chance(4.0) - wanted).abs() < 1e-6, "{found:?}");
    }
    let Calibrator::Temperature { scale } = Calibration::Temperature.fit(&apart).unwrap() else {
        panic!("a temperature");
    };
    assert!(scale.is_finite() && scale <= GREATEST_SCALE);
}

#[test]
fn both_zeros_are_one_logit() {
    let zeros = rows(&[(-0.0, true), (0.0, false), (1.0, true)]);
    let found = Calibration::Isotonic.fit(&zeros).unwrap();
    assert!((found.chance(0.0) - 0.5).abs() < 1e-12, "{found:?}");
    assert!((found.chance(-0.0) - 0.5).abs() < 1e-12);
    assert!((found.chance(0.5) - 0.75).abs() < 1e-12);
}

#[test]
fn rows_that_cannot_be_fitted_are_refused() {
    let message = |rows: &[HeldOut]| {
        let errors = FITTED.map(|calibration| calibration.fit(rows).unwrap_err().to_string());
        assert_eq!(errors[0], errors[1]);
        assert_eq!(errors[0], errors[2]);
        errors[0].clone()
    };
    assert!(message(&[]).contains("none of the 0 rows to calibrate on is positive"));
    assert!(message(&rows(&[(1.0, true)])).contains("is negative"));
    assert!(message(&rows(&[(f64::NAN, true)])).contains("finite"));
    let mut weighted = rows(&[(1.0, true), (0.0, false)]);
    weighted[1].weight = 0.0;
    assert!(message(&weighted).contains("none of the 1 rows to calibrate on is negative"));
    weighted[1].weight = -1.0;
    assert!(message(&weighted).contains("weight"));
}
