//! What a gate promises, held against simulation: false alarms, power, coverage.

use std::path::Path;

use ragkit::comparison::{Difference, Question, adjust};
use ragkit::gate::{Answer, no_worse};
use ragkit::metrics::paired::{Paired, Test};
use ragkit::metrics::significance::{PATTERNS, sign_flip};
use ragkit::metrics::statistics::{Interval, intervals, mean, standard_error};
use ragkit::metrics::{Better, Clusters, power};
use ragkit::report::{ALL, Run, RunPath};
use rayon::prelude::*;

use crate::crafted::noise;

/// A row with this p-value, as a gate sees it.
fn row(values: &[f64], p_value: f64) -> Difference {
    let count = |holds: fn(&f64) -> bool| values.iter().filter(|value| holds(value)).count() as u64;
    let found = Paired {
        before: 0.0,
        after: mean(values).unwrap(),
        difference: mean(values).unwrap(),
        interval: None,
        standard_error: standard_error(values, None),
        p_value,
        test: Test::SignFlip,
        above: count(|d| *d > 0.0),
        level: count(|d| *d == 0.0),
        below: count(|d| *d < 0.0),
    };
    let metric = ("m", Better::Higher);
    Difference::new(
        ["a", "b"],
        metric,
        ALL,
        values.len(),
        None,
        0,
        &found,
        &Question::default(),
    )
}

/// Whether a gate of these checks sees any regression, and whether any test rejects at all.
fn alarms(columns: &[Vec<f64>], clusters: Option<&Clusters>, min_effect: f64) -> (bool, bool) {
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let p_values = sign_flip(&views, clusters, 17, PATTERNS);
    let mut rows: Vec<Difference> = columns
        .iter()
        .zip(p_values)
        .map(|(values, p)| row(values, p.unwrap()))
        .collect();
    adjust(&mut rows);
    let family = rows.len();
    let is_alarm =
        |row: &Difference| no_worse(row, min_effect, family, 0.05, 0.8).0 == Answer::Regression;
    (
        rows.iter().any(is_alarm),
        rows.iter().any(|row| row.p_holm.unwrap() < 0.05),
    )
}

const REPETITIONS: usize = 2000;

/// What a level of 5 % allows in so many repetitions: two Monte Carlo standard errors more.
fn allowed() -> f64 {
    0.05 + 2.0 * (0.05 * 0.95 / REPETITIONS as f64).sqrt()
}

fn share(repetitions: impl ParallelIterator<Item = bool>) -> f64 {
    repetitions.filter(|alarm| *alarm).count() as f64 / REPETITIONS as f64
}

/// The differences of two systems on the demo's 158 queries, by metric.
fn demo_differences() -> Vec<Vec<f64>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/baselines/demo/v0001");
    let run = Run::open(RunPath::finished(&folder).unwrap()).unwrap();
    let (before, after) = (run.scores("bm25").unwrap(), run.scores("hybrid").unwrap());
    let columns = before.metrics.iter().zip(&after.metrics);
    columns
        .map(|((_, before), (_, after))| {
            before
                .iter()
                .zip(after)
                .map(|(before, after)| after.unwrap() - before.unwrap())
                .collect()
        })
        .collect()
}

/// Two systems that differ, their scores swapped query by query by a coin: no difference is left, whatever the scores are.
#[test]
fn systems_swapped_by_coin_raise_no_more_alarms_than_promised() {
    let real = demo_differences();
    assert_eq!((real.len(), real[0].len()), (4, 158));
    let swapped = |repetition: usize, column: &[f64], keep: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let coin = |place: usize| noise(repetition * 1000 + place) < 0.5;
        let kept = column.iter().enumerate().filter(|(place, _)| keep(*place));
        kept.map(|(place, d)| if coin(place) { -d } else { *d })
            .collect()
    };
    let one = |repetition| alarms(&[swapped(repetition, &real[0], &|_| true)], None, 0.0);
    let rejected = share((0..REPETITIONS).into_par_iter().map(|i| one(i).1));
    let alarmed = share((0..REPETITIONS).into_par_iter().map(|i| one(i).0));
    assert!(
        rejected <= allowed() && alarmed <= allowed(),
        "{rejected}, {alarmed}"
    );
    // The test can fail: its level is used, not merely kept.
    assert!(rejected > 0.03, "{rejected}");

    // Twenty checks: four metrics over all queries and over four slices.
    let twenty = |repetition: usize| {
        let slices = (0..5).flat_map(|slice| real.iter().map(move |column| (slice, column)));
        let columns: Vec<Vec<f64>> = slices
            .map(|(slice, column)| {
                swapped(repetition, column, &|place| {
                    slice == 4 || place % 4 == slice
                })
            })
            .collect();
        // Columns of one length are tested together; a family may have several lengths.
        let p_values: Vec<f64> = columns
            .iter()
            .map(|values| sign_flip(&[values], None, 17, PATTERNS)[0].unwrap())
            .collect();
        let mut rows: Vec<Difference> = columns
            .iter()
            .zip(p_values)
            .map(|(values, p)| row(values, p))
            .collect();
        adjust(&mut rows);
        rows.iter()
            .any(|row| no_worse(row, 0.0, rows.len(), 0.05, 0.8).0 == Answer::Regression)
    };
    let alarmed = share((0..REPETITIONS).into_par_iter().map(twenty));
    assert!(alarmed <= allowed(), "{alarmed} of twenty checks each");
}

/// A standard normal number, by the sum of twelve uniform ones.
fn normal(place: usize) -> f64 {
    (0..12).map(|part| noise(place * 12 + part)).sum::<f64>() - 6.0
}

#[test]
fn noisy_pairs_raise_no_more_alarms_than_promised() {
    let family = |repetition: usize| -> Vec<Vec<f64>> {
        (0..20)
            .map(|check| {
                (0..50)
                    .map(|example| {
                        let shared = normal(repetition * 5_000 + example);
                        0.3 * (0.5 * shared
                            + 0.8 * normal(repetition * 5_000 + 100 + check * 60 + example))
                    })
                    .collect()
            })
            .collect()
    };
    let alarmed = share(
        (0..REPETITIONS)
            .into_par_iter()
            .map(|i| alarms(&family(i), None, 0.01).0),
    );
    assert!(alarmed <= allowed(), "{alarmed}");
    // What a threshold on the mean would do.
    let naive = (0..REPETITIONS).into_par_iter();
    let naive = share(naive.map(|i| family(i).iter().any(|values| mean(values).unwrap() < -0.01)));
    assert!(naive > 0.9, "{naive}");
}

/// Examples in clusters that share their effect: by cluster the promise holds, by example it would not.
#[test]
fn clusters_swapped_by_coin_raise_no_more_alarms_than_promised() {
    let names: Vec<String> = (0..200).map(|example| (example / 10).to_string()).collect();
    let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
    let values = |repetition: usize| -> Vec<f64> {
        (0..200)
            .map(|example| {
                let cluster = example / 10;
                let size = 0.2 + 0.1 * normal(cluster) + 0.05 * normal(1_000 + example);
                if noise(repetition * 100 + 7_000_000 + cluster) < 0.5 {
                    -size
                } else {
                    size
                }
            })
            .collect()
    };
    let by = |clusters: Option<&Clusters>| {
        share(
            (0..REPETITIONS)
                .into_par_iter()
                .map(|i| alarms(&[values(i)], clusters, 0.0).1),
        )
    };
    let (clustered, naive) = (by(Some(&clusters)), by(None));
    assert!(clustered <= allowed() && clustered > 0.03, "{clustered}");
    assert!(naive > 0.3, "{naive}");
}

#[test]
fn planted_drops_are_caught_as_often_as_predicted() {
    for (examples, drop) in [(283, 0.05), (150, 0.05), (600, 0.05)] {
        let predicted = power::power(drop, 0.3 / f64::from(examples).sqrt(), 0.05);
        let caught = share((0..REPETITIONS).into_par_iter().map(|repetition| {
            let value = |example: usize| 0.3 * normal(repetition * 1_000 + example) - drop;
            let values: Vec<f64> = (0..usize::try_from(examples).unwrap()).map(value).collect();
            alarms(&[values], None, 0.01).0
        }));
        assert!(
            (caught - predicted).abs() < 0.03,
            "n = {examples}: {caught}, predicted {predicted}"
        );
    }
}

#[test]
fn intervals_of_differences_cover_what_they_promise() {
    // Reciprocal ranks of a system and of one that moves a third of them; successes of which a tenth change.
    let rr = |u: f64| 1.0 / (1.0 + (9.0 * u * u).floor());
    let skewed = |place: usize| {
        let before = rr(noise(3 * place));
        if noise(3 * place + 1) < 0.33 {
            rr(noise(3 * place + 2)) - before
        } else {
            0.0
        }
    };
    let binary = |place: usize| {
        let u = noise(place + 50_000_000);
        if u < 0.08 {
            -1.0
        } else if u < 0.13 {
            1.0
        } else {
            0.0
        }
    };
    let far = 3_000_000;
    let truth = |draw: &dyn Fn(usize) -> f64| {
        (0..far).map(|i| draw(i + 100_000_000)).sum::<f64>() / f64::from(3_000_000)
    };
    for (name, draw) in [
        ("skewed", &skewed as &dyn Fn(usize) -> f64),
        ("binary", &binary),
    ] {
        let truth = truth(draw);
        for examples in [300, 1200] {
            let columns: Vec<Vec<f64>> = (0..2000)
                .map(|sample| (0..examples).map(|i| draw(sample * examples + i)).collect())
                .collect();
            let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let found = intervals(&views, None, 17);
            let covers = |interval: &Option<Interval>| {
                interval.is_some_and(|i| i.low <= truth && truth <= i.high)
            };
            let covered = found.iter().filter(|interval| covers(interval)).count();
            assert!(
                (1860..=1950).contains(&covered),
                "{name}, {examples} examples: {covered} of 2000"
            );
        }
    }
}

/// A follow-up question that is searched for with what was said before it is found as well as a person's rewriting of it (.916).
#[test]
fn earlier_turns_tell_what_a_question_means() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ragkit"));
    let result =
        crate::sandbox::eval_in_checkout(&mut command, &[], "configs/conversations.toml", None);
    let value = |variant: &str| {
        let rows = result["summary"].as_array().unwrap();
        let of = |row: &&serde_json::Value| row["variant"] == variant && row["metric"] == "nDCG@10";
        rows.iter().find(of).unwrap()["mean"].as_f64().unwrap()
    };
    assert!((0.15..0.4).contains(&value("as_asked")));
    assert!(value("two_turns") > 0.8 && value("all_turns") > 0.88);
}
