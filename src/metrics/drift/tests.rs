use serde_json::Value;

use super::*;

fn golden() -> Value {
    let text = include_str!("../../../tests/golden/moderation_metrics.json");
    serde_json::from_str(text).unwrap()
}

fn assert_close(found: f64, golden: &Value, slack: f64, of: &str) {
    let golden = golden.as_f64().unwrap();
    assert!((found - golden).abs() < slack, "{of}: {found} {golden}");
}

#[test]
fn scores_drift_as_scipy_finds() {
    for case in golden()["drift"].as_array().unwrap() {
        let before: Vec<f64> = serde_json::from_value(case["before"].clone()).unwrap();
        let now: Vec<f64> = serde_json::from_value(case["now"].clone()).unwrap();
        let wanted = serde_json::from_value(case["wanted"].clone()).unwrap();
        let index = population_stability(&before, &now, wanted).unwrap();
        assert_close(index.value, &case["psi"], 1e-12, "PSI");
        assert_close(index.p, &case["psi_p"], 1e-10, "its p");
        let distance = kolmogorov_smirnov(&before, &now).unwrap();
        assert_close(distance.value, &case["ks"], 1e-14, "KS");
        assert_close(distance.p, &case["ks_p"], 1e-10, "its p");
        // SciPy takes the exact distribution of one sample of the rounded effective size.
        assert_close(distance.p, &case["ks_p_scipy"], 0.02, "SciPy's p");
        let back = kolmogorov_smirnov(&now, &before).unwrap();
        assert_eq!(back, distance);
    }
    for pair in golden()["kolmogorov"].as_array().unwrap() {
        assert_close(kolmogorov(pair[0].as_f64().unwrap()), &pair[1], 1e-13, "Q");
    }
}

#[test]
fn words_drift_as_scipy_finds() {
    for case in golden()["words"].as_array().unwrap() {
        let old: Vec<Vec<String>> = serde_json::from_value(case["old"].clone()).unwrap();
        let new: Vec<Vec<String>> = serde_json::from_value(case["new"].clone()).unwrap();
        let drift = vocabulary_drift(&old, &new, 20_000, 26).unwrap();
        let tested = [drift.divergence_bits, drift.novelty];
        assert_close(tested[0].value, &case["divergence"], 1e-12, "divergence");
        assert_close(tested[1].value, &case["novelty"], 1e-12, "novelty");
        // Four standard errors of 20,000 draws about the share of all choices, of which there are 495 to 924.
        for (place, tested) in tested.into_iter().enumerate() {
            assert_close(tested.p, &case["p_of_all"][place], 0.0145, "p");
        }
        let again = vocabulary_drift(&old, &new, 20_000, 26).unwrap();
        assert_eq!(again, drift);
    }
}

#[test]
fn nothing_to_compare_is_none() {
    assert_eq!(population_stability(&[], &[1.0], 10), None);
    assert_eq!(population_stability(&[1.0], &[], 10), None);
    assert_eq!(population_stability(&[1.0, 1.0], &[2.0], 10), None);
    assert_eq!(kolmogorov_smirnov(&[], &[1.0]), None);
    assert_eq!(jensen_shannon_bits(&[0.0], &[1.0]), None);
    let words = [vec!["a"]];
    assert_eq!(vocabulary_drift(&words, &[vec![]], 10, 1), None);
    assert_eq!(vocabulary_drift(&[], &words, 10, 1), None);
}

#[test]
fn what_is_wholly_new_is_one_bit_away() {
    let old = vec![vec!["a", "b"]; 30];
    let new = vec![vec!["c"]; 30];
    let drift = vocabulary_drift(&old, &new, 199, 1).unwrap();
    let least = Tested {
        value: 1.0,
        p: 1.0 / 200.0,
    };
    assert_eq!((drift.divergence_bits, drift.novelty), (least, least));
    let same = vocabulary_drift(&old, &old, 199, 1).unwrap();
    let most = Tested { value: 0.0, p: 1.0 };
    assert_eq!((same.divergence_bits, same.novelty), (most, most));
}

/// Samples drawn alike are called different at a level of 5 % in about 5 % of the cases.
#[test]
fn alarms_without_drift_are_as_rare_as_they_claim() {
    use rand_chacha::rand_core::Rng;
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut alarms = [0_usize; 4];
    let samples = 600;
    for sample in 0..samples {
        let mut scores = |n: usize| (0..n).map(|_| uniform()).collect::<Vec<f64>>();
        let (before, now) = (scores(400), scores(250));
        let index = population_stability(&before, &now, 10).unwrap();
        let distance = kolmogorov_smirnov(&before, &now).unwrap();
        // Documents of a few terms each, many of them rare.
        let document = |score: &f64| {
            let term = |k: u32| format!("{:.0}", 1.0 / (1e-3 + score * f64::from(k)).fract());
            [3, 7, 11, 19].map(term).to_vec()
        };
        let old: Vec<Vec<String>> = before[..40].iter().map(document).collect();
        let new: Vec<Vec<String>> = now[..25].iter().map(document).collect();
        let words = vocabulary_drift(&old, &new, 99, sample).unwrap();
        let tested = [index, distance, words.divergence_bits, words.novelty];
        for (alarms, tested) in alarms.iter_mut().zip(tested) {
            *alarms += usize::from(tested.p <= 0.05);
        }
    }
    for (place, alarms) in alarms.into_iter().enumerate() {
        let share = alarms as f64 / samples as f64;
        assert!((0.02..0.08).contains(&share), "{place}: {share}");
    }
}
