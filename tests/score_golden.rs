//! `ragkit score` beside the tools whose numbers it reproduces (`golden/README.md`).

use std::fmt::Write;
use std::path::Path;

use ragkit::data::{PathText, Qrels, QrelsFile, Rankings};
use ragkit::metrics::Metric;
use ragkit::metrics::trec_eval::{self, Line, Version};
use ragkit::scoring::{Convention, Scores, Tool, score};
use serde_json::Value;

use crate::cases::{Case, case};
use crate::golden::golden;
use crate::real_data::data_folder;
use crate::sandbox::Sandbox;

/// The case as files in `folder`, read back.
fn read(case: &Case, folder: &Path) -> (Qrels, Rankings) {
    let (mut qrels, mut run) = (String::new(), String::new());
    for (query, document, grade) in &case.qrels {
        writeln!(qrels, "{query} 0 {document} {grade}").unwrap();
    }
    for ((query, document, score), rank) in case.run.iter().zip(&case.ranks) {
        writeln!(run, "{query} Q0 {document} {rank} {score} t").unwrap();
    }
    std::fs::write(folder.join("qrels"), qrels).unwrap();
    std::fs::write(folder.join("run"), run).unwrap();
    let path = PathText::literal(folder.join("qrels").to_str().unwrap());
    (
        QrelsFile::at(path).read().unwrap(),
        Rankings::read(&folder.join("run")).unwrap(),
    )
}

fn names(list: &Value) -> Vec<Metric> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|name| name.as_str().unwrap().parse().unwrap())
        .collect()
}

/// The values over all queries.
fn totals(
    rankings: &Rankings,
    qrels: &Qrels,
    metrics: &[Metric],
    convention: &Convention,
) -> Vec<f64> {
    let scores: Scores = score(rankings, qrels, metrics, convention).unwrap();
    let total = |(place, metric)| scores.total(place, metric, convention.missing);
    metrics.iter().enumerate().map(total).collect()
}

#[test]
fn a_thousand_runs_without_ties_score_as_in_three_tools() {
    let (golden, folder) = (golden("score"), tempfile::tempdir().unwrap());
    let metrics = names(&golden["metrics"]);
    let cases = golden["untied"].as_array().unwrap();
    assert_eq!(cases.len(), 1000);
    for (number, expected) in cases.iter().enumerate() {
        let (qrels, rankings) = read(&case(number as u64, false), folder.path());
        let expected = expected.as_array().unwrap();
        let asked: Vec<Metric> = (0..expected.len())
            .map(|j| metrics[(12 * number + j) % metrics.len()].clone())
            .collect();
        let convention = Convention::of(Some(Tool::IrMeasures), qrels.highest_grade());
        let found = totals(&rankings, &qrels, &asked, &convention);
        for ((metric, found), expected) in asked.iter().zip(found).zip(expected) {
            let expected = expected.as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-9,
                "case {number}: {metric} is {found}, the tools say {expected}"
            );
        }
    }
}

#[test]
fn runs_with_ties_score_as_in_each_tool() {
    let (golden, folder) = (golden("score"), tempfile::tempdir().unwrap());
    let tools = [
        ("trec_eval-9", Tool::TrecEval9),
        ("ir-measures", Tool::IrMeasures),
        ("ranx", Tool::Ranx),
        ("msmarco", Tool::MsMarco),
    ];
    let cases = golden["tied"].as_array().unwrap();
    assert_eq!(cases.len(), 150);
    for (number, expected) in cases.iter().enumerate() {
        let (qrels, rankings) = read(&case(number as u64, true), folder.path());
        for (name, tool) in tools {
            // The second figure of MS MARCO's counts all judged queries, which the script does not know.
            let metrics = if tool == Tool::MsMarco {
                vec!["RR@10".parse().unwrap()]
            } else {
                names(&golden["tied_metrics"][name])
            };
            let mut convention = Convention::of(Some(tool), qrels.highest_grade());
            convention.missing = ragkit::scoring::Missing::Zero;
            let found = totals(&rankings, &qrels, &metrics, &convention);
            for ((metric, found), expected) in metrics
                .iter()
                .zip(found)
                .zip(expected[name].as_array().unwrap())
            {
                let expected = expected.as_f64().unwrap();
                assert!(
                    (found - expected).abs() < 1e-9,
                    "case {number}: {metric} is {found}, {name} says {expected}"
                );
            }
        }
    }
}

#[test]
fn every_measure_of_trec_eval_by_level_and_judged_only() {
    let (golden, folder) = (golden("trec"), tempfile::tempdir().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect::<Vec<_>>()
    };
    let asked = list(&golden["asked"]);
    let lines = trec_eval::lines(asked.iter().map(String::as_str), Version::V9).unwrap();
    let metrics: Vec<Metric> = lines
        .iter()
        .cloned()
        .filter_map(Line::into_metric)
        .collect();
    let expected_names = list(&golden["names"]);
    let mut checked = 0;
    for (number, rows) in golden["rows"].as_array().unwrap().iter().enumerate() {
        let (qrels, rankings) = read(&case(number as u64, number % 2 == 1), folder.path());
        for row in rows.as_array().unwrap() {
            let mut convention = Convention::of(Some(Tool::TrecEval9), qrels.highest_grade());
            convention.rules.level = i32::try_from(row[0].as_i64().unwrap()).unwrap();
            convention.judged_only = row[1].as_bool().unwrap();
            let scores = score(&rankings, &qrels, &metrics, &convention).unwrap();
            let query = scores
                .queries
                .iter()
                .find(|query| query.query == row[2].as_str().unwrap())
                .unwrap();
            for (name, expected) in expected_names.iter().zip(row[3].as_array().unwrap()) {
                let place = lines.iter().position(|line| line.name == *name).unwrap();
                // pytrec_eval gives the logarithm of what is averaged geometrically.
                let found = metrics[place].aggregate().part(query.values[place]);
                // It knows no value where everything was taken out of a ranking; ragkit says 0.
                let expected = expected.as_f64().unwrap_or(0.0);
                assert!(
                    (found - expected).abs() < 2e-9,
                    "case {number} {row}: {name} is {found}, not {expected}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000, "only {checked} figures");
}

/// trec_eval's own expected output for its own test files.
#[test]
fn trec_eval_prints_the_same_lines() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("metrics/trec_eval/test");
    for (arguments, files, expected) in [
        ("", ["qrels.test", "results.test"], "out.test"),
        ("-m all_trec", ["qrels.test", "results.test"], "out.test.a"),
        (
            "-m all_trec -q",
            ["qrels.test", "results.test"],
            "out.test.aq",
        ),
        (
            "-m all_trec -qc",
            ["qrels.test", "results.trunc"],
            "out.test.aqc",
        ),
        (
            "-m official",
            ["qrels.test.with-comments", "results.test"],
            "out.test",
        ),
        (
            "",
            ["qrels.comment.test", "results.comment.test"],
            "out.comment.test",
        ),
    ] {
        let [qrels, run] = files.map(|file| folder.join(file).display().to_string());
        let shown = Sandbox::new().ok(&format!("score --format trec {arguments} {qrels} {run}"));
        let expected_lines = std::fs::read_to_string(folder.join(expected)).unwrap();
        assert_eq!(shown.stdout, expected_lines, "{arguments} {files:?}");
    }
}

/// Clarke's qrels and run, as ir-measures has them: one more real pair of files.
#[test]
fn means_of_a_real_run_do_not_depend_on_the_order_of_its_lines() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("metrics/ir_measures/tests");
    let text = std::fs::read_to_string(folder.join("compat.run")).unwrap();
    let reversed: String = text.lines().rev().flat_map(|line| [line, "\n"]).collect();
    let sandbox = Sandbox::new().file("run", &text).file("reversed", reversed);
    let qrels = folder.join("compat.qrels").display().to_string();
    let [one, other] = ["run", "reversed"]
        .map(|run| sandbox.ok(&format!("score --format trec -q -m all_trec {qrels} {run}")));
    assert_eq!(one.stdout, other.stdout);
}
