//! The table of what each variant of a pipeline gains and costs.

use serde_json::{Value, json};

use crate::rag_small::{HEAD, near, small};

/// A pipeline, and the same with a rewritten question.
pub const VARIANTS: &str = r#"
[system.rag.pipeline]
answer = {}
retrieve.lexical = {}

[[system.rag.variants]]
name = "plain"

[[system.rag.variants]]
name = "history"
understand.rewrite.history = {}
"#;

/// The differences of the ablation are those that `ragkit compare` finds.
#[test]
fn an_ablation_is_the_comparison_with_the_baseline() {
    let config = HEAD.replace("\"RR\", \"R@10\", \"F1\"", "\"RR\", \"F1\", \"R@10\"") + VARIANTS;
    let sandbox = small("").file("config.toml", config);
    let shown = sandbox.ok("eval config.toml --ablate --format json");
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    let ablation = &result["ablation"];
    assert_eq!(ablation["baseline"], "plain");
    let [row] = ablation["rows"].as_array().unwrap().as_slice() else {
        panic!("{ablation}")
    };
    assert_eq!(
        (&row["variant"], &row["slice"], &row["n"]),
        (&json!("history"), &json!("all"), &json!(8))
    );
    assert_eq!(row["differs"], "with rewriting (history: turns 2)");
    let run = result["run"].as_str().unwrap();
    let compared = sandbox.ok(&format!(
        "compare {run}:plain {run}:history --metric RR,F1,R@10 --format json"
    ));
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    let expected = compared["differences"].as_array().unwrap();
    let quality = row["quality"].as_array().unwrap();
    assert_eq!(
        (quality.len(), expected.len()),
        (3, 3),
        "the first three metrics"
    );
    for (gain, expected) in quality.iter().zip(expected) {
        let mut gain = gain.as_object().unwrap().clone();
        let percent = gain.remove("relative_percent").unwrap();
        // How many examples a difference that matters would need is asked of comparisons alone.
        let mut expected = expected.as_object().unwrap().clone();
        expected.remove("needed");
        assert_eq!(gain, expected);
        near(
            &percent,
            100.0 * gain["difference"].as_f64().unwrap() / gain["baseline_mean"].as_f64().unwrap(),
        );
    }
    // One query of six moves its document from the second place to the first.
    near(&quality[0]["difference"], 0.5 / 6.0);
    near(&quality[1]["difference"], (2.0 / 3.0 - 1.0 / 3.0) / 7.0);
    assert_eq!(row["tokens_in"], Value::Null);
    near(
        &ablation["levels"][0]["quality"][0][1],
        (1.0 + 1.0 + 0.0 + 1.0 + 0.5 + 1.0) / 6.0,
    );

    // The table has a row for the baseline and one for every variant, with what differs.
    let table = sandbox.ok("eval config.toml --ablate").stdout;
    for part in [
        "plain",
        "the baseline itself",
        "history",
        "with rewriting (history: turns 2)",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    // Against another one it is turned round.
    let shown = sandbox.ok("eval config.toml --ablate=history --format json");
    let turned: Value = serde_json::from_str(&shown.stdout).unwrap();
    let row = &turned["ablation"]["rows"][0];
    assert_eq!(
        (&row["variant"], &row["differs"]),
        (&json!("plain"), &json!("without rewriting"))
    );
    near(&row["quality"][0]["difference"], -0.5 / 6.0);
    sandbox.fails(
        "eval config.toml --ablate=none",
        "there is no variant `none` to hold the others against; the config has plain, history",
    );
    let alone = sandbox.run("eval config.toml --ablate --variants plain");
    assert_eq!(alone.code, Some(2));
    assert!(
        alone
            .stderr
            .contains("there is nothing to hold against `plain`; add a variant to the config"),
        "{}",
        alone.stderr
    );
}

/// What cannot be shown is told before the run, which may take hours.
#[test]
fn an_ablation_that_cannot_be_is_told_before_the_run() {
    let sandbox = small(VARIANTS);
    for arguments in [
        "eval config.toml --ablate=none",
        "eval config.toml --ablate --variants plain",
    ] {
        let shown = sandbox.run(arguments);
        assert_eq!(shown.code, Some(2));
        assert!(sandbox.runs().is_empty(), "{arguments}: it ran first");
    }
}
