//! Figures of routers against an independent implementation in exact arithmetic (`oracle/s25_routing.py`).

use std::collections::BTreeMap;

use ragkit::metrics::macro_f1;
use ragkit::metrics::routing::{Curve, Kind, Routes, RoutingStatistic, envelope, height};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    macro_f1: Vec<Classes>,
    calibration: Vec<Calibration>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    m: usize,
    s: Vec<f64>,
    c: Vec<f64>,
    p: Vec<f64>,
    d: Vec<f64>,
    expected: Expected,
    #[serde(default)]
    influence: BTreeMap<String, Influence>,
}

#[derive(Deserialize)]
struct Expected {
    curve: Vec<(f64, f64)>,
    envelope: Vec<(f64, f64)>,
    aiq: Option<f64>,
    aiq_gain: Option<f64>,
    savings_by_ref: Vec<Option<f64>>,
    perf_gain_by_ref: Vec<Option<f64>>,
    apgr: Option<f64>,
    cpt20: Option<f64>,
    cpt50: Option<f64>,
    cpt80: Option<f64>,
    calibration_error: f64,
    oracle_envelope: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Influence {
    influence: Option<Vec<f64>>,
    /// Prompts whose weight moves the figure otherwise up than down.
    kinks: Vec<usize>,
}

#[derive(Deserialize)]
struct Classes {
    name: String,
    #[serde(rename = "true")]
    truth: Vec<i32>,
    given: Vec<i32>,
    macro_f1: f64,
}

#[derive(Deserialize)]
struct Calibration {
    p: Vec<f64>,
    s: Vec<f64>,
    #[serde(rename = "calibration_error")]
    error: f64,
}

fn golden() -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/routing.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

impl Case {
    fn routes(&self) -> Routes<'_> {
        Routes {
            models: self.m,
            quality: &self.s,
            cost: &self.c,
            predicted: &self.p,
            predicted_cost: &self.d,
        }
    }

    fn pseudo_values(&self, statistic: RoutingStatistic) -> Option<Vec<f64>> {
        let models: Vec<usize> = match statistic {
            // The strong one is the last.
            RoutingStatistic::Apgr | RoutingStatistic::Cpt(_) => vec![self.m - 1, 0],
            _ => (0..self.m).collect(),
        };
        let column = |model: usize, kind: &Kind| -> Vec<f64> {
            let all = match kind {
                Kind::Quality => &self.s,
                Kind::Cost => &self.c,
                Kind::Predicted => &self.p,
                Kind::PredictedCost => &self.d,
            };
            all.iter().skip(model).step_by(self.m).copied().collect()
        };
        let of_model = |model: &usize| -> Vec<Vec<f64>> {
            statistic
                .kinds()
                .iter()
                .map(|kind| column(*model, kind))
                .collect()
        };
        let columns: Vec<Vec<f64>> = models.iter().flat_map(of_model).collect();
        statistic.pseudo_values(&columns)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < 1e-9,
        "{what}: {found} and not {expected}"
    );
}

#[test]
fn figures_are_those_of_exact_arithmetic() {
    let golden = golden();
    assert!(golden.cases.len() >= 15);
    for case in &golden.cases {
        let Expected {
            aiq,
            aiq_gain,
            apgr,
            ..
        } = case.expected;
        let name = &case.name;
        let curve = Curve::of(&case.routes()).coordinates();
        assert_eq!(curve.len(), case.expected.curve.len(), "{name}: policies");
        for (found, expected) in curve.iter().zip(&case.expected.curve) {
            near(found.0, expected.0, name);
            near(found.1, expected.1, name);
        }
        let corners: Vec<(f64, f64)> = envelope(&curve)
            .into_iter()
            .map(|place| curve[place])
            .collect();
        // By height, for corners on one line are none in exact arithmetic.
        for (x, y) in &case.expected.envelope {
            near(height(&corners, x + 1e-15).unwrap(), *y, name);
        }
        let mut figures = vec![
            (RoutingStatistic::Aiq, aiq),
            (RoutingStatistic::AiqGain, aiq_gain),
            (RoutingStatistic::Apgr, apgr),
            (RoutingStatistic::Cpt(20), case.expected.cpt20),
            (RoutingStatistic::Cpt(50), case.expected.cpt50),
            (RoutingStatistic::Cpt(80), case.expected.cpt80),
            (
                RoutingStatistic::CalibrationError,
                Some(case.expected.calibration_error),
            ),
        ];
        for model in 0..case.m {
            let gain = case.expected.perf_gain_by_ref[model];
            figures.push((RoutingStatistic::PerformanceGain(model), gain));
            // Who never reaches the model's quality, or at a higher cost, saves nothing; the oracle says null, or less than nothing.
            let costs: f64 = case.c.iter().skip(model).step_by(case.m).sum();
            let saved = case.expected.savings_by_ref[model].unwrap_or(0.0).max(0.0);
            figures.push((
                RoutingStatistic::Savings(model),
                (costs > 0.0).then_some(saved),
            ));
        }
        for (statistic, expected) in figures {
            let found = case.pseudo_values(statistic).map(|values| mean(&values));
            match expected {
                Some(expected) => near(found.unwrap(), expected, &format!("{name} {statistic:?}")),
                None => assert_eq!(found, None, "{name} {statistic:?}"),
            }
        }
    }
}

#[test]
fn pseudo_values_are_the_derivatives_by_weight() {
    let mut compared = 0;
    for case in golden().cases {
        for (name, statistic) in [
            ("aiq", RoutingStatistic::Aiq),
            ("aiq_gain", RoutingStatistic::AiqGain),
            ("perf_gain", RoutingStatistic::PerformanceGain(0)),
            ("savings", RoutingStatistic::Savings(0)),
            ("savings_last", RoutingStatistic::Savings(case.m - 1)),
            ("apgr", RoutingStatistic::Apgr),
        ] {
            let Some(Influence {
                influence: Some(expected),
                kinks,
            }) = case.influence.get(name)
            else {
                continue;
            };
            let Some(found) = case.pseudo_values(statistic) else {
                continue;
            };
            let value = mean(&found);
            // Who saves nothing does not save less.
            let is_floor = matches!(statistic, RoutingStatistic::Savings(_)) && value == 0.0;
            if !kinks.is_empty() || is_floor {
                continue;
            }
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - value - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                    "{} {statistic:?}: {} and not {expected}",
                    case.name,
                    found - value
                );
            }
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn the_oracle_s_envelope_is_the_optimum_of_the_linear_program() {
    for case in golden().cases {
        let routes = Routes {
            predicted: &case.s,
            predicted_cost: &case.c,
            ..case.routes()
        };
        let curve = Curve::of(&routes).coordinates();
        let corners: Vec<(f64, f64)> = envelope(&curve)
            .into_iter()
            .map(|place| curve[place])
            .collect();
        for (x, y) in &case.expected.oracle_envelope {
            near(height(&corners, x + 1e-15).unwrap(), *y, &case.name);
        }
    }
}

#[test]
fn tasks_and_calibration_are_scored_as_scikit_learn_does() {
    let golden = golden();
    for classes in &golden.macro_f1 {
        let numbers =
            |classes: &[i32]| classes.iter().copied().map(f64::from).collect::<Vec<f64>>();
        let values = macro_f1(&numbers(&classes.truth), &numbers(&classes.given)).unwrap();
        near(mean(&values), classes.macro_f1, &classes.name);
    }
    for calibration in &golden.calibration {
        let columns = [calibration.s.clone(), calibration.p.clone()];
        let values = RoutingStatistic::CalibrationError
            .pseudo_values(&columns)
            .unwrap();
        near(mean(&values), calibration.error, "calibration");
    }
}

/// What no policy can do is found by trying all policies.
#[test]
fn every_choice_of_few_prompts_is_below_the_oracle_s_envelope() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut draw = |most: u32| f64::from(rng.next_u32() % (most + 1)) / f64::from(most);
    for _ in 0..200 {
        let (prompts, models) = (5, 3);
        let quality: Vec<f64> = (0..prompts * models).map(|_| draw(4)).collect();
        let cost: Vec<f64> = (0..prompts * models).map(|_| 0.1 + draw(7)).collect();
        let curve = Curve::of(&Routes {
            models,
            quality: &quality,
            cost: &cost,
            predicted: &quality,
            predicted_cost: &cost,
        });
        let points = curve.coordinates();
        let corners: Vec<(f64, f64)> = envelope(&points)
            .into_iter()
            .map(|place| points[place])
            .collect();
        for policy in 0..models.pow(prompts as u32) {
            let choice =
                |prompt: usize| prompt * models + policy / models.pow(prompt as u32) % models;
            let sum = |values: &[f64]| {
                (0..prompts)
                    .map(|prompt| values[choice(prompt)])
                    .sum::<f64>()
                    / prompts as f64
            };
            if let Some(most) = height(&corners, sum(&cost) + 1e-12) {
                assert!(sum(&quality) <= most + 1e-9, "{policy}");
            }
        }
    }
}
