//! Learners against scikit-learn, against truths they should recover, and on input that has nothing to learn from.

use serde::Deserialize;

use super::*;
use crate::learning::newton::sigmoid;

/// Made by `tests/golden/oracle/s25_learners.py`.
#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    boosting_mse: f64,
}

#[derive(Deserialize)]
struct Case {
    dim: usize,
    models: usize,
    k: usize,
    l2: f64,
    rows: Vec<f32>,
    targets: Vec<f64>,
    test: Vec<f32>,
    knn: Vec<f64>,
    ridge: Vec<f64>,
    logistic: Vec<f64>,
}

fn golden() -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/learners.json");
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn rows(dim: usize, values: &[f32]) -> Rows<'_> {
    Rows { dim, values }
}

fn all_defaults() -> [Learner; 5] {
    [
        Learner::Knn(Knn::default()),
        Learner::Ridge(Ridge::default()),
        Learner::Logistic(Logistic::default()),
        Learner::Factorisation(Factorisation::default()),
        Learner::Trees(Trees::default()),
    ]
}

/// `SplitMix64` to 24 bits, uniform on 0..1, as in the script.
fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let draw = |_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let bits = u16::try_from(z >> 48).unwrap();
        let rest = u8::try_from((z >> 40) & 0xFF).unwrap();
        (f32::from(bits) * 256.0 + f32::from(rest)) / 16_777_216.0
    };
    (0..count).map(draw).collect()
}

fn scores(learned: &Learned, dim: usize, values: &[f32]) -> Vec<f64> {
    let rows = values.chunks_exact(dim);
    rows.flat_map(|row| learned.predict(row)).collect()
}

fn mean_squared_error(predicted: &[f64], wanted: &[f64]) -> f64 {
    let errors = predicted.iter().zip(wanted);
    errors.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / wanted.len() as f64
}

#[test]
fn nearest_neighbours_ridge_and_logistic_regression_agree_with_scikit_learn() {
    for case in golden().cases {
        let rows = rows(case.dim, &case.rows);
        let wanted = [
            (Learner::Knn(Knn { k: case.k }), &case.knn),
            (Learner::Ridge(Ridge { l2: case.l2 }), &case.ridge),
            (Learner::Logistic(Logistic { l2: case.l2 }), &case.logistic),
        ];
        for (learner, wanted) in wanted {
            let learned = learner.fit(rows, &case.targets, case.models, 0);
            let found = scores(&learned, case.dim, &case.test);
            assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(wanted) {
                assert!(
                    (found - wanted).abs() < 1e-6,
                    "{learner:?}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn the_earlier_of_two_rows_as_near_is_the_neighbour() {
    let rows = rows(2, &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    let learned = Learner::Knn(Knn { k: 1 }).fit(rows, &[0.1, 0.2, 0.3], 1, 0);
    assert_eq!(learned.predict(&[1.0, 0.0]), [0.2]);
    let learned = Learner::Knn(Knn { k: 9 }).fit(rows, &[0.25, 0.5, 0.75], 1, 0);
    assert_eq!(learned.predict(&[1.0, 0.0]), [0.5]);
}

#[test]
fn trees_come_as_close_as_scikit_learn_on_a_nonlinear_problem() {
    let (values, noise) = (uniform(3000 * 6, 11), uniform(3000, 12));
    let target = |(row, noise): (&[f32], &f32)| {
        let at = |place: usize| f64::from(row[place]);
        let smooth = 0.5 * at(0) * at(1) + 0.6 * at(2).powi(2) * at(3);
        smooth + 0.4 * (at(4) - 0.5).powi(2) + 0.1 * f64::from(*noise)
    };
    let targets: Vec<f64> = values.chunks_exact(6).zip(&noise).map(target).collect();
    let (train, test) = values.split_at(2000 * 6);
    let rows = rows(6, train);
    let fit = |trees: Trees| Learner::Trees(trees).fit(rows, &targets[..2000], 1, 0);
    let learned = fit(Trees::default());
    let error = mean_squared_error(&scores(&learned, 6, test), &targets[2000..]);
    let wanted = golden().boosting_mse;
    assert!((error / wanted - 1.0).abs() < 0.1, "{error} {wanted}");

    let mut before = f64::INFINITY;
    for rounds in [1, 5, 20, 80, 300] {
        let learned = fit(Trees {
            rounds,
            ..Trees::default()
        });
        let error = mean_squared_error(&scores(&learned, 6, train), &targets[..2000]);
        assert!(error < before, "{rounds} rounds: {error} after {before}");
        before = error;
    }
}

#[test]
fn trees_learn_an_exclusive_or_that_a_line_cannot() {
    let values = uniform(1000 * 2, 3);
    let target = |row: &[f32]| f64::from(u8::from((row[0] > 0.5) != (row[1] > 0.4)));
    let targets: Vec<f64> = values.chunks_exact(2).map(target).collect();
    let rows = rows(2, &values);
    let error = |learner: Learner| {
        let learned = learner.fit(rows, &targets, 1, 0);
        mean_squared_error(&scores(&learned, 2, &values), &targets)
    };
    assert!(error(Learner::Ridge(Ridge::default())) > 0.2);
    assert!(error(Learner::Trees(Trees::default())) < 0.02);
}

#[test]
fn factorisation_recovers_a_truth_of_rank_2() {
    const DIM: usize = 12;
    const MODELS: usize = 6;
    let spread = |count, seed, width: f64| -> Vec<f64> {
        let values = uniform(count, seed);
        let values = values
            .iter()
            .map(|value| width * (f64::from(*value) * 2.0 - 1.0));
        values.collect()
    };
    let values = uniform(1500 * DIM, 21);
    let projection = spread(2 * DIM, 22, 3.0);
    let vectors = spread(2 * MODELS, 23, 2.0);
    let truth = |row: &[f32]| {
        let prompt = |place: usize| -> f64 {
            let terms = projection[place * DIM..].iter().zip(row);
            terms.map(|(a, x)| a * (f64::from(*x) - 0.5)).sum()
        };
        let prompt = [prompt(0), prompt(1)];
        let models = vectors.chunks_exact(2);
        let models = models.map(|v| sigmoid(v[0] * prompt[0] + v[1] * prompt[1]));
        models.collect::<Vec<f64>>()
    };
    let wanted: Vec<f64> = values.chunks_exact(DIM).flat_map(truth).collect();
    // Learned from right and wrong, not from the chances.
    let coins = uniform(wanted.len(), 24);
    let drawn = wanted.iter().zip(&coins);
    let drawn: Vec<f64> = drawn
        .map(|(chance, coin)| f64::from(u8::from(f64::from(*coin) < *chance)))
        .collect();
    let (train, test) = values.split_at(1000 * DIM);
    let rows = rows(DIM, train);
    let settings = Factorisation {
        rank: 2,
        ..Factorisation::default()
    };
    let learned = Learner::Factorisation(settings).fit(rows, &drawn[..1000 * MODELS], MODELS, 5);
    let wanted = &wanted[1000 * MODELS..];
    let error = mean_squared_error(&scores(&learned, DIM, test), wanted);
    let constant = vec![wanted.iter().sum::<f64>() / wanted.len() as f64; wanted.len()];
    let constant = mean_squared_error(&constant, wanted);
    assert!(error < 0.1 * constant, "{error} {constant}");
}

#[test]
fn input_with_nothing_to_learn_from_gives_the_mean() {
    let targets = [0.25, 1.0, 0.75, 1.0, 0.5, 1.0];
    let constant = [0.5_f32; 9];
    for learner in all_defaults() {
        // Rows, columns and what to ask.
        let cases = [
            (3, 0, &constant[..0]),
            (3, 3, &constant[..3]),
            (1, 2, &constant[..2]),
        ];
        for (count, dim, row) in cases {
            let rows = rows(dim, &constant[..count * dim]);
            let found = learner.fit(rows, &targets[..count * 2], 2, 1).predict(row);
            let first = if count == 1 { 0.25 } else { 0.5 };
            assert!((found[0] - first).abs() < 1e-6, "{learner:?}: {found:?}");
            // Log-odds do not reach 1 in a fixed number of steps.
            assert!((found[1] - 1.0).abs() < 0.02, "{learner:?}: {found:?}");
        }
    }
}

#[test]
fn scores_that_are_all_alike_are_what_logistic_regression_gives() {
    let values = uniform(40, 8);
    let rows = rows(2, &values);
    let learned = Learner::Logistic(Logistic::default()).fit(rows, &[1.0; 20], 1, 0);
    assert_eq!(learned.predict(&[0.3, 0.9]), [1.0]);
}

#[test]
fn separable_scores_and_repeated_columns_are_fitted() {
    let values: Vec<f32> = uniform(60, 8)
        .into_iter()
        .flat_map(|value| [value; 3])
        .collect();
    let target = |row: &[f32]| f64::from(u8::from(row[0] > 0.5));
    let targets: Vec<f64> = values.chunks_exact(3).map(target).collect();
    let rows = rows(3, &values);
    let learners = [
        Learner::Ridge(Ridge { l2: 1e-9 }),
        Learner::Logistic(Logistic { l2: 1e-6 }),
    ];
    for learner in learners {
        let learned = learner.fit(rows, &targets, 1, 0);
        let low = learned.predict(&[0.05; 3])[0];
        let high = learned.predict(&[0.95; 3])[0];
        assert!(low < 0.3 && high > 0.7, "{learner:?}: {low} {high}");
    }
}

#[test]
fn the_same_bits_come_back_from_json_and_from_any_number_of_threads() {
    let (values, targets) = (uniform(700 * 9, 31), uniform(700 * 4, 32));
    let targets: Vec<f64> = targets.iter().map(|score| f64::from(*score)).collect();
    let rows = rows(9, &values);
    let asked = uniform(50 * 9, 33);
    let bits = |learned: &Learned| -> Vec<u64> {
        let scores = scores(learned, 9, &asked);
        scores.iter().map(|score| score.to_bits()).collect()
    };
    for learner in all_defaults() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| learner.fit(rows, &targets, 4, 7))
        };
        let learned = with(1);
        assert_eq!(bits(&learned), bits(&with(3)), "{learner:?}");
        let json = serde_json::to_string(&learned).unwrap();
        let read: Learned = serde_json::from_str(&json).unwrap();
        assert_eq!(bits(&learned), bits(&read), "{learner:?}");
    }
}

#[test]
fn settings_have_defaults_and_no_unknown_fields_and_are_checked() {
    let read = |json: &str| serde_json::from_str::<Learner>(json);
    assert_eq!(read(r#"{"knn": {}}"#).unwrap(), Learner::Knn(Knn { k: 40 }));
    assert!(read(r#"{"ridge": {"alpha": 1}}"#).is_err());
    for learner in all_defaults() {
        assert_eq!(learner.validate(), Ok(()));
        let json = serde_json::to_string(&learner).unwrap();
        assert_eq!(read(&json).unwrap(), learner);
    }
    let wrong = [
        (r#"{"knn": {"k": 0}}"#, "knn.k"),
        (r#"{"ridge": {"l2": 0}}"#, "ridge.l2"),
        (r#"{"logistic": {"l2": -1}}"#, "logistic.l2"),
        (r#"{"factorisation": {"rank": 0}}"#, "factorisation.rank"),
        (r#"{"trees": {"depth": 17}}"#, "trees.depth"),
        (
            r#"{"trees": {"learning_rate": 1.5}}"#,
            "trees.learning_rate",
        ),
    ];
    for (json, field) in wrong {
        let message = read(json).unwrap().validate().unwrap_err();
        assert!(message.contains(field), "{message}");
    }
}
