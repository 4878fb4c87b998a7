//! What holds of every ranking metric and every interval.

use proptest::prelude::*;
use ragkit::metrics::statistics::{intervals, mean};
use ragkit::metrics::{Judgements, Measure, Metric, Rules};

/// Grades of 12 documents and an order in which some of them are ranked.
fn cases() -> impl Strategy<Value = (Vec<i32>, Vec<usize>)> {
    (
        prop::collection::vec(-1..4, 12),
        Just((0..12).collect::<Vec<usize>>()).prop_shuffle(),
        0_usize..=12,
    )
        .prop_map(|(grades, mut order, length)| {
            order.truncate(length);
            (grades, order)
        })
}

fn judgements(grades: &[i32], order: &[usize]) -> Judgements {
    let names: Vec<String> = (0..grades.len()).map(|i| format!("d{i}")).collect();
    let judged = names.iter().map(String::as_str).zip(grades.iter().copied());
    Judgements::new(order.iter().map(|&i| names[i].as_str()), judged)
}

fn metrics() -> Vec<Metric> {
    let names = [
        "nDCG",
        "nDCG(dcg='exp-log2')",
        "AP",
        "RR",
        "Rprec",
        "Bpref",
        "infAP",
        "ERR",
        "RBP",
        "Judged@5",
        "SetP",
        "SetR",
        "SetF",
        "SetAP",
        "IPrec@0.5",
        "relative_P_3",
        "binG",
        "ndcg_rel",
        "Rndcg",
        "11pt_avg",
        "Rprec_mult_0.20",
    ];
    let cut = ["nDCG", "AP", "RR", "P", "R", "Success"]
        .iter()
        .flat_map(|name| [1, 3, 10].map(|k| format!("{name}@{k}")));
    let names = names.map(str::to_owned).into_iter().chain(cut);
    names.map(|name| name.parse().unwrap()).collect()
}

fn value(metric: &Metric, judgements: &Judgements) -> f64 {
    metric.score(
        judgements,
        &Rules {
            highest_grade: Some(3),
            ..Rules::default()
        },
    )
}

proptest! {
    #[test]
    fn every_metric_lies_between_0_and_1((grades, order) in cases()) {
        for metric in metrics() {
            let value = value(&metric, &judgements(&grades, &order));
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{metric} = {value}");
        }
    }

    #[test]
    fn a_perfect_ranking_scores_1((grades, _) in cases()) {
        let mut order: Vec<usize> = (0..grades.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(grades[i]));
        let relevant = grades.iter().filter(|&&grade| grade > 0).count();
        prop_assume!(relevant > 0);
        let judgements = judgements(&grades, &order);
        for metric in metrics() {
            let (k, all) = (metric.depth().min(12) as f64, relevant as f64);
            let reachable = match metric.measure {
                Measure::Precision => all.min(k) / metric.depth() as f64,
                Measure::Recall => all.min(k) / all,
                Measure::AveragePrecision if metric.cutoff.is_some() => all.min(k) / all,
                // These know no ranking that is perfect for every set of judgements.
                Measure::ExpectedReciprocalRank
                | Measure::RankBiasedPrecision { .. }
                | Measure::Judged
                | Measure::SetPrecision
                | Measure::SetF(_)
                | Measure::SetAveragePrecision
                | Measure::InferredAp
                | Measure::PrecisionAtMultiple(_) => continue,
                _ => 1.0,
            };
            prop_assert!((value(&metric, &judgements) - reachable).abs() < 1e-12, "{metric}");
        }
    }

    #[test]
    fn moving_a_better_document_up_never_lowers_a_score((grades, order) in cases(), place in 1_usize..12) {
        if place < order.len() {
            let (mut better, mut worse) = (order.clone(), order);
            better[place - 1..=place].sort_by_key(|&i| std::cmp::Reverse(grades[i]));
            worse[place - 1..=place].sort_by_key(|&i| grades[i]);
            for name in ["nDCG", "nDCG@3", "nDCG(dcg='exp-log2')@10", "ERR", "RBP", "AP", "Bpref"] {
                let metric: Metric = name.parse().unwrap();
                let (better, worse) = (judgements(&grades, &better), judgements(&grades, &worse));
                prop_assert!(value(&metric, &better) >= value(&metric, &worse) - 1e-12, "{metric}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_the_queries_changes_no_mean(values in prop::collection::vec(0.0_f64..1.0, 1..60)) {
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        prop_assert!((mean(&values).unwrap() - mean(&reversed).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_its_mean_and_depends_on_no_other_column(values in prop::collection::vec(0.0_f64..1.0, 8..60)) {
        let other: Vec<f64> = values.iter().map(|value| 1.0 - value * value).collect();
        let alone = intervals(&[&values], None, 5)[0].unwrap();
        prop_assert_eq!(intervals(&[&other, &values], None, 5)[1], Some(alone));
        let mean = mean(&values).unwrap();
        prop_assert!(alone.low <= mean && mean <= alone.high);
    }
}

/// 95 % intervals of means hold the true mean about 95 times in 100.
#[test]
fn intervals_cover_as_often_as_they_say() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    // Reciprocal ranks of a fair spread: 1, 1/2, 1/3, 0 with equal shares; the true mean is 11/24.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let samples: Vec<Vec<f64>> = (0..400)
        .map(|_| {
            (0..80)
                .map(|_| [1.0, 0.5, 1.0 / 3.0, 0.0][(rng.next_u32() >> 30) as usize])
                .collect()
        })
        .collect();
    let views: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
    let covered = intervals(&views, None, 9)
        .iter()
        .flatten()
        .filter(|i| i.low <= 11.0 / 24.0 && 11.0 / 24.0 <= i.high)
        .count();
    // Binomial(400, .95): below 365 (91.3 %) or above 395 once in a thousand.
    assert!((365..=395).contains(&covered), "{covered} of 400");
}
