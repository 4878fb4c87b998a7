//! Correlations, agreement with people, and their intervals, against those of SciPy and NumPy (`golden/README.md`).

use ragkit::metrics::Clusters;
use ragkit::metrics::answer::AnswerFacts;
use ragkit::metrics::correlation::{interval_of, kendall, pairwise_agreement, pearson, spearman};
use serde_json::Value;

use crate::answers::{json, metric, same, text};
use crate::golden::{golden, numbers};
use crate::real_data::data_folder;

#[test]
fn correlations_are_those_of_scipy() {
    let golden = golden("answers");
    for case in golden["correlations"].as_array().unwrap() {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        same(pearson(&x, &y).unwrap(), &case["pearson"], "pearson");
        same(spearman(&x, &y).unwrap(), &case["spearman"], "spearman");
        same(kendall(&x, &y).unwrap(), &case["kendall"], "kendall");
    }
}

type Correlation = fn(&[f64], &[f64]) -> Option<f64>;

fn correlation(name: &str) -> Correlation {
    match name {
        "pearson" => pearson,
        "spearman" => spearman,
        _ => kendall,
    }
}

/// Both sides are Monte Carlo: theirs of 100,000 resamples, ours of 10,000.
#[track_caller]
fn same_interval(of: Correlation, x: &[f64], y: &[f64], clusters: &Clusters, expected: &Value) {
    let figure = |drawn: &[usize]| {
        let pick = |column: &[f64]| {
            drawn
                .iter()
                .map(|place| column[*place])
                .collect::<Vec<f64>>()
        };
        of(&pick(x), &pick(y))
    };
    let found = interval_of(figure, clusters, 17).unwrap();
    let expected = numbers(expected);
    let tolerance = 0.03 * (expected[1] - expected[0]);
    assert!(
        (found.low - expected[0]).abs() < tolerance && (found.high - expected[1]).abs() < tolerance,
        "{found:?}, the other tool says {expected:?}"
    );
}

#[test]
fn intervals_of_correlations_are_those_of_scipy() {
    let golden = golden("answers");
    for case in golden["intervals"].as_array().unwrap() {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let names: Vec<Option<String>> = match case["clusters"].as_array() {
            Some(names) => names.iter().map(|name| Some(name.to_string())).collect(),
            None => vec![None; x.len()],
        };
        let clusters = Clusters::by_name(names.iter().map(Option::as_deref));
        same_interval(
            correlation(text(&case["figure"])),
            &x,
            &y,
            &clusters,
            &case["interval"],
        );
    }
}

#[test]
fn scores_go_with_what_people_prefer_as_the_other_tools_say() {
    let Some(data) = data_folder() else { return };
    let rows = json(&data, "rag/ragchecker_meta/human_labeled_data.json");
    let rows = rows.as_array().unwrap();
    let pairs: Vec<String> = rows
        .iter()
        .map(|row| row["instance_id"].to_string())
        .collect();
    let pairs = Clusters::by_name(pairs.iter().map(|pair| Some(pair.as_str())));
    let golden = golden("answers");
    for (name, labels) in golden["ragchecker_meta"]["figures"].as_object().unwrap() {
        let score = |row: &Value, model: &str| {
            let golds = [text(&row["gt_answer"]).to_owned()];
            let facts = AnswerFacts {
                text: text(&row[model]["response"]),
                golds: &golds,
                ..AnswerFacts::default()
            };
            metric(name).score(&facts).unwrap()
        };
        let differences: Vec<f64> = rows
            .iter()
            .map(|row| score(row, "model2") - score(row, "model1"))
            .collect();
        for (label, expected) in labels.as_object().unwrap() {
            let label = format!("{label}_label");
            let human: Vec<f64> = rows
                .iter()
                .map(|row| row[&label].as_f64().unwrap())
                .collect();
            for figure in ["pearson", "spearman", "kendall"] {
                let found = correlation(figure)(&differences, &human).unwrap();
                same(
                    found,
                    &expected["rows"][figure],
                    &format!("{name} {label} {figure}"),
                );
            }
            let agreement = pairwise_agreement(&differences, &human).unwrap();
            same(
                agreement,
                &expected["rows"]["agreement"],
                &format!("{name} {label}"),
            );
            if name == "F1" {
                let interval = &expected["intervals_of_rows"]["pearson"];
                same_interval(pearson, &differences, &human, &pairs, interval);
            }
        }
    }
}
