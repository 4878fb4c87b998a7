//! Faithfulness: the fit against SciPy, the shipped weights against a new training, and the commands around them.

use std::collections::BTreeMap;
use std::process::Command;

use ragkit::learning::nonnegative::{Row, fit};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::real_data::data_folder;
use crate::sandbox::{Sandbox, eval_in_checkout};

#[derive(Deserialize)]
struct Problem {
    l2: f64,
    weights: Vec<f64>,
    labels: Vec<bool>,
    values: Vec<Vec<f64>>,
    coefficients: Vec<f64>,
    intercept: f64,
}

#[test]
fn the_fit_is_that_of_scipy_under_the_same_bounds() {
    let problems: Vec<Problem> =
        serde_json::from_str(include_str!("golden/faithfulness_fit.json")).unwrap();
    let mut at_bound = 0;
    for problem in problems {
        let rows = problem
            .values
            .iter()
            .zip(&problem.labels)
            .zip(&problem.weights);
        let rows: Vec<Row> = rows
            .map(|((values, label), weight)| Row {
                values: values.clone(),
                label: *label,
                weight: *weight,
            })
            .collect();
        let found = fit(&rows, problem.l2);
        let expected = problem.coefficients.iter().chain([&problem.intercept]);
        for (found, expected) in found
            .coefficients
            .iter()
            .chain([&found.intercept])
            .zip(expected)
        {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        at_bound += found.coefficients.iter().filter(|one| **one == 0.0).count();
    }
    assert!(
        at_bound > 0,
        "a feature that means the opposite gets no weight"
    );
}

/// Figures by slice of one variant and metric.
fn figures(summary: &Value, variant: &str, metric: &str) -> BTreeMap<String, f64> {
    let rows = summary["summary"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["variant"] == variant && row["metric"] == metric);
    rows.map(|row| {
        (
            row["slice"].as_str().unwrap().to_owned(),
            row["mean"].as_f64().unwrap(),
        )
    })
    .collect()
}

#[test]
fn the_shipped_weights_are_those_of_a_training_and_hold_on_families_left_out() {
    let Some(data) = data_folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("words.json");
    let output = Command::new(env!("CARGO_BIN_EXE_ragkit"))
        .args([
            "train",
            "faithfulness",
            "configs/faithfulness/train.toml",
            "--format",
            "json",
            "--out",
        ])
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RAGKIT_DATA", &data)
        .env("RAGKIT_CACHE", folder.path().join("cache"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let trained: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let shipped: Value =
        serde_json::from_str(include_str!("../configs/faithfulness/words.json")).unwrap();
    assert_eq!(trained, shipped);
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        shipped
    );

    // The evaluation scores answers of a set by weights that never saw its family, and comes to what the training says of them.
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragkit"));
    command.env("RAGKIT_DATA", &data);
    let config = "configs/faithfulness.toml --variants words,trained,rouge2,tokens,length";
    let summary = eval_in_checkout(&mut command, &[], config, None);
    let found = figures(&summary, "trained", "AUROC");
    for family in shipped["families"].as_array().unwrap() {
        for set in family["sets"].as_array().unwrap() {
            let slice = format!("set={}", set["name"].as_str().unwrap());
            let expected = set["trained"]["auroc"].as_f64().unwrap();
            assert!(
                (found[&slice] - expected).abs() < 1e-9,
                "{slice} {found:?} {expected}"
            );
        }
    }
    assert!(
        found["set=begin"] > 0.94 && found["set=faithdial"] > 0.85,
        "{found:?}"
    );
    assert!(
        found["set=halueval"] > 0.92 && found["set=expertqa"] > 0.57,
        "{found:?}"
    );
    let length = figures(&summary, "length", "AUROC");
    // ✓ .94 by an independent count of the answers' lengths.
    assert!((length["set=halueval"] - 0.94).abs() < 0.01, "{length:?}");
    let without = figures(&summary, "trained", "AUROCWithoutLength");
    let of_length = figures(&summary, "length", "AUROCWithoutLength");
    assert!(
        without["set=halueval"] > 0.72 && of_length["set=halueval"] < 0.6,
        "{without:?} {of_length:?}"
    );
}

const LABELLED: &str = r#"{"id": "a", "answer": "The office opens at 8.", "contexts": ["The office opens at 8 and closes at 17."], "supported": true, "document": "1"}
{"id": "b", "answer": "The office opens at 9.", "contexts": ["The office opens at 8 and closes at 17."], "supported": false, "document": "1"}
{"id": "c", "answer": "Dogs are welcome in Bonn.", "contexts": ["In Bonn, dogs are welcome on Fridays."], "supported": true, "document": "2"}
{"id": "d", "answer": "Lions eat the chairs of Paris.", "contexts": ["In Bonn, dogs are welcome on Fridays."], "supported": false, "document": "2"}
{"id": "e", "answer": "?!", "contexts": ["In Bonn, dogs are welcome on Fridays."], "supported": false, "document": "3"}
"#;

#[test]
fn scorers_are_held_against_labels_and_claims_are_written_down() {
    let config = r#"
name = "scorers"
metrics = ["AUROC", "BalancedAccuracy", "Scored"]
cluster = "document"
dataset.labelled = [{ path = "labelled.jsonl" }]
[[system.faithfulness.variants]]
name = "words"
scorer.words = { threshold = 0.5 }
[[system.faithfulness.variants]]
name = "yes"
scorer.baseline.by = "yes"
"#;
    let sandbox = Sandbox::new()
        .file("labelled.jsonl", LABELLED)
        .file("config.toml", config);
    let summary: Value =
        serde_json::from_str(&sandbox.ok("eval config.toml --format json").stdout).unwrap();
    let all = |variant: &str, metric: &str| figures(&summary, variant, metric)["all"];
    // `e` claims nothing: it is in `Scored` and in nothing else.
    assert_eq!(
        (all("words", "AUROC"), all("words", "BalancedAccuracy")),
        (1.0, 1.0)
    );
    assert_eq!((all("words", "Scored"), all("yes", "AUROC")), (0.8, 0.5));
    assert_eq!(all("yes", "BalancedAccuracy"), 0.5);
    let run = sandbox.runs().pop().unwrap();
    assert!(run.join("claims.parquet").exists());
    // Two scorers are compared like two systems.
    let run = run.file_name().unwrap().to_str().unwrap().to_owned();
    let compared = sandbox.ok(&format!(
        "compare reports/{run}:yes reports/{run}:words --metric AUROC --format json"
    ));
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    assert!(compared.to_string().contains("0.5"), "{compared}");
}

#[test]
fn a_judge_that_no_model_of_the_config_is_behind_says_so() {
    let config = r#"
name = "scorers"
metrics = ["AUROC"]
dataset.labelled = [{ path = "labelled.jsonl" }]
[[system.faithfulness.variants]]
name = "judge"
scorer.judge.model = "gpt"
"#;
    let sandbox = Sandbox::new()
        .file("labelled.jsonl", LABELLED)
        .file("config.toml", config);
    sandbox.fails(
        "eval config.toml",
        "`config.toml` is not a valid config: variant `judge`: `judge.model = \"gpt\"` is no language model of this config, which has none; declare it in the `models` beside",
    );
}

#[test]
fn what_a_judge_will_cost_is_told_before_it_is_asked() {
    let config = r#"
name = "scorers"
metrics = ["AUROC"]
dataset.labelled = [{ path = "labelled.jsonl" }]
[system.faithfulness.models.gpt.openai]
url = "http://localhost:9/v1"
model = "gpt"
max_output_tokens = 500
usd_per_million = { input = 0.0, output = 10.0 }
[[system.faithfulness.variants]]
name = "judge"
scorer.judge = { model = "gpt", votes = 3, claims = "sentences" }
"#;
    let sandbox = Sandbox::new()
        .file("labelled.jsonl", LABELLED)
        .file("config.toml", config);
    // Four answers of one sentence each, of which `e` is none: 4 × 3 votes × 500 tokens × 10 USD / 10^6 = 0.06 USD.
    let bill = sandbox.ok("eval config.toml --dry-run").stdout;
    assert!(
        bill.contains("# judge `gpt`: about 12 calls")
            && bill.contains("cost: at most about 0.06 USD"),
        "{bill}"
    );
    let bill = sandbox.ok("eval config.toml --dry-run --limit 2").stdout;
    assert!(bill.contains("# judge `gpt`: about 6 calls"), "{bill}");
}

/// A run of recorded answers of which some claim what no context says.
fn recorded(answers: usize) -> Sandbox {
    let (mut queries, mut qrels, mut outputs) = (
        String::new(),
        "query-id\tcorpus-id\tscore\n".to_owned(),
        String::new(),
    );
    for number in 0..answers {
        queries += &format!(
            "{}\n",
            json!({"_id": format!("q{number}"), "text": format!("When does office {number} open?")})
        );
        qrels += &format!("q{number}\td{number}\t1\n");
        let said = if number % 3 == 0 {
            "The moon is made of cheese."
        } else {
            "The office opens at 8."
        };
        outputs += &format!(
            "{}\n",
            json!({"query_id": format!("q{number}"), "answer": format!("{said} It closes at 17."), "contexts": ["The office opens at 8. It closes at 17."]})
        );
    }
    Sandbox::new()
        .file("data/corpus.jsonl", "{\"_id\": \"d0\", \"title\": \"\", \"text\": \"An office.\"}\n")
        .file("data/queries.jsonl", queries)
        .file("data/qrels/test.tsv", qrels)
        .file("outputs.jsonl", outputs)
        .file("config.toml", "name = \"recorded\"\nmetrics = [\"Faithfulness\", \"ClaimlessRate\"]\ndataset.source.beir.path = \"data\"\n[system.recorded]\noutputs = \"outputs.jsonl\"\n")
}

#[test]
fn labels_of_a_few_answers_estimate_all_of_them() {
    let sandbox = recorded(60);
    let summary: Value =
        serde_json::from_str(&sandbox.ok("eval config.toml --format json").stdout).unwrap();
    let faithfulness = figures(&summary, "outputs", "Faithfulness")["all"];
    assert!(
        (faithfulness - (20.0 * 0.5 + 40.0) / 60.0).abs() < 1e-9,
        "{faithfulness}"
    );
    let run = sandbox.runs().pop().unwrap();
    let run = format!("reports/{}", run.file_name().unwrap().to_str().unwrap());
    sandbox.ok(&format!("estimate {run} --next 20 --out sheet.csv"));
    let sheet = String::from_utf8(sandbox.read("sheet.csv")).unwrap();
    assert_eq!(sheet.lines().count(), 1 + 20 * 2);
    // A person who sees what the scorer sees.
    let mut lines = sheet.lines();
    let mut filled = format!("{}\n", lines.next().unwrap());
    for line in lines {
        filled += &format!("{line}{}\n", u8::from(!line.contains("cheese")));
    }
    let sandbox = sandbox.file("sheet.csv", &filled);
    let found = sandbox.ok(&format!("estimate {run} --labels sheet.csv --format json"));
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let estimate = &found["estimate"];
    let mean = estimate["labels_and_scorer"]["mean"].as_f64().unwrap();
    assert!((mean - faithfulness).abs() < 1e-9, "{found}");
    let width = |what: &str| {
        estimate[what]["ci_high"].as_f64().unwrap() - estimate[what]["ci_low"].as_f64().unwrap()
    };
    assert!(
        width("labels_and_scorer") < width("labels_alone"),
        "{found}"
    );
    // Labels that are not the first of the order are no random sample.
    let mut few: Vec<&str> = filled.lines().collect();
    few.drain(1..3);
    let sandbox = sandbox.file("few.csv", few.join("\n"));
    let shown = sandbox.run(&format!("estimate {run} --labels few.csv"));
    assert!(
        shown.code == Some(2) && shown.stderr.contains("no random sample"),
        "{shown:?}"
    );
    sandbox.ok(&format!("estimate {run} --labels few.csv --uniform"));
}

#[test]
fn the_doctor_finds_fault_with_scorers_that_do_not_read() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run("doctor --tier constant,yes,length --format json");
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    let found: Value = serde_json::from_str(&shown.stdout).unwrap();
    for scorer in found["scorers"].as_array().unwrap() {
        let failed = scorer["findings"].as_array().unwrap().iter();
        let failed = failed.filter(|one| one["verdict"] == "fail");
        let failed: Vec<&str> = failed.map(|one| one["check"].as_str().unwrap()).collect();
        assert_eq!(
            failed,
            ["delete", "number", "entity", "negation"],
            "{}",
            scorer["name"]
        );
    }
}
