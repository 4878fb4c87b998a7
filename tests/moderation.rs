//! Moderators, from outside: what every layer decides, what metrics say of it, and what is refused.

mod attacks;
mod demo;
mod groups;
mod input;
mod killed;
mod labels;
mod layers;
mod learned;
mod slow;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::rag_small::{Row, rows};
use crate::sandbox::Sandbox;

/// A finished run.
pub struct Ended {
    pub folder: PathBuf,
    pub summary: Vec<Value>,
}

/// Runs the config, which must succeed.
#[track_caller]
pub fn eval(sandbox: &Sandbox, arguments: &str) -> Ended {
    let shown = sandbox.ok(&format!("eval {arguments} --format json"));
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    Ended {
        folder: sandbox.path(result["run"].as_str().unwrap()),
        summary: result["summary"].as_array().unwrap().clone(),
    }
}

impl Ended {
    /// The row of a variant's metric in a slice.
    pub fn row(&self, variant: &str, metric: &str, slice: &str) -> Option<&Value> {
        self.summary.iter().find(|row| {
            row["variant"] == variant && row["metric"] == metric && row["slice"] == slice
        })
    }

    /// Its mean over all posts, or in a slice.
    #[track_caller]
    pub fn mean_in(&self, variant: &str, metric: &str, slice: &str) -> f64 {
        let row = self.row(variant, metric, slice);
        let row = row.unwrap_or_else(|| panic!("no row of {variant} {metric} {slice}"));
        row["mean"].as_f64().unwrap_or_else(|| panic!("{row}"))
    }

    #[track_caller]
    pub fn mean(&self, variant: &str, metric: &str) -> f64 {
        self.mean_in(variant, metric, "all")
    }

    #[track_caller]
    pub fn near(&self, variant: &str, metric: &str, expected: f64) {
        let found = self.mean(variant, metric);
        assert!(
            (found - expected).abs() < 1e-9,
            "{variant} {metric}: {found} and not {expected}"
        );
    }

    /// The rows of one of its files.
    pub fn rows(&self, file: &str) -> Vec<Row> {
        rows(&self.folder, file)
    }

    /// What became of each post, by `id`: the action, and the rule that decided it.
    pub fn decisions(&self, variant: &str) -> Vec<(String, String, String)> {
        let results = self.rows("results.parquet");
        let texts = self.rows("texts.parquet");
        let is = |row: &&Row| row["variant"] == variant && row["stage"] == "policy";
        let actions = results.iter().filter(is);
        let rules = texts.iter().filter(is);
        let text = |row: &Row, name: &str| row[name].as_str().unwrap().to_owned();
        actions
            .zip(rules)
            .map(|(action, rule)| {
                assert_eq!(action["example_id"], rule["example_id"]);
                (
                    text(action, "example_id"),
                    text(action, "item"),
                    text(rule, "text"),
                )
            })
            .collect()
    }

    /// What stands beside the metrics.
    pub fn sheet(&self) -> Value {
        json_of(&self.folder.join("moderation.json"))
    }

    pub fn manifest(&self) -> Value {
        json_of(&self.folder.join("manifest.json"))
    }

    /// The slices that there are rows of.
    pub fn slices(&self) -> Vec<String> {
        let mut slices: Vec<String> = Vec::new();
        for row in &self.summary {
            let slice = row["slice"].as_str().unwrap().to_owned();
            if !slices.contains(&slice) {
                slices.push(slice);
            }
        }
        slices
    }

    /// What layers catch is what all of them catch together, whichever way it is divided.
    #[track_caller]
    pub fn parts_sum_up(&self, variant: &str, layers: &[&str]) {
        for slice in self.slices() {
            let Some(caught) = self.row(variant, "Caught", &slice) else {
                continue;
            };
            let n = caught["n"].as_f64().unwrap();
            if n == 0.0 {
                continue;
            }
            let posts = |metric: &str| (self.mean_in(variant, metric, &slice) * n).round();
            let of_layers = |metric: &str| {
                let layers = layers.iter();
                let each = layers.map(|layer| posts(&format!("{metric}({layer})")));
                each.sum::<f64>()
            };
            let caught = posts("Caught");
            assert_eq!(of_layers("CaughtBy"), caught, "{variant} {slice}");
            let others = posts("CaughtBySeveral") + posts("CaughtJointly");
            assert_eq!(
                of_layers("CaughtOnlyBy") + others,
                caught,
                "{variant} {slice}"
            );
            assert_eq!(posts("Missed"), n - caught, "{variant} {slice}");
        }
    }
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Checks that two runs have the same files, clocks aside.
#[track_caller]
pub fn same_files(one: &Path, other: &Path) {
    let names = |run: &Path| {
        let entries = std::fs::read_dir(run).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let clocks = ["timings", "monitoring", "manifest"];
        names.retain(|name| !clocks.iter().any(|clock| name.starts_with(clock)));
        names.sort();
        names
    };
    assert_eq!(names(one), names(other));
    for name in names(one) {
        let read = |run: &Path| std::fs::read(run.join(&name)).unwrap();
        if name == "moderation.json" {
            let without = |run: &Path| without_clocks(json_of(&run.join(&name)));
            assert_eq!(without(one), without(other));
        } else {
            assert!(read(one) == read(other), "{name} differs");
        }
    }
}

/// The sheet without its latencies, and without the claims about these.
fn without_clocks(mut sheet: Value) -> Value {
    for row in sheet["layers"].as_array_mut().unwrap() {
        row["p50_ms"] = Value::Null;
        row["p99_ms"] = Value::Null;
    }
    let claims = sheet["claims"].as_array_mut().unwrap();
    claims.retain(|row| !row["claim"].as_str().unwrap().ends_with(" ms"));
    assert!(!claims.is_empty());
    sheet
}

pub fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// The demo with its data, in a sandbox; `change` is made to its config.
pub fn demo(change: impl Fn(&str) -> String) -> Sandbox {
    let config = include_str!("../configs/moderation-demo.toml");
    let mut sandbox = Sandbox::new().file("config.toml", change(config));
    let files = [
        (
            "posts.jsonl",
            include_str!("../datasets/moderation/posts.jsonl"),
        ),
        (
            "benign.jsonl",
            include_str!("../datasets/moderation/benign.jsonl"),
        ),
        (
            "policy.toml",
            include_str!("../datasets/moderation/policy.toml"),
        ),
        (
            "blocklists/en-harassment.txt",
            include_str!("../datasets/moderation/blocklists/en-harassment.txt"),
        ),
        (
            "blocklists/en-spam.txt",
            include_str!("../datasets/moderation/blocklists/en-spam.txt"),
        ),
        (
            "blocklists/de-harassment.txt",
            include_str!("../datasets/moderation/blocklists/de-harassment.txt"),
        ),
        (
            "blocklists/de-spam.txt",
            include_str!("../datasets/moderation/blocklists/de-spam.txt"),
        ),
    ];
    for (name, text) in files {
        sandbox = sandbox.file(&format!("datasets/moderation/{name}"), text);
    }
    sandbox
}

/// The demo with fewer folds: other figures, in a fifth of the time.
pub fn fewer_folds(config: &str) -> String {
    let folds = "learn = { folds = 5, held = { folds = 4 } }";
    assert!(config.contains(folds), "{config}");
    config.replace(folds, "learn = { folds = 2, held = { share = 0.3 } }")
}

/// Posts of a made-up language: every post of the category `spam` has a word that no other has.
pub fn learnable(count: usize, prefix: &str) -> Vec<Value> {
    let fillers = [
        "morla", "tevik", "sudrin", "palmo", "gerta", "onwi", "bralk",
    ];
    let word = |number: usize, step: usize| fillers[(number * step + number / 7) % fillers.len()];
    (0..count)
        .map(|number| {
            let spam = number % 3 == 0;
            let told = if spam { "zapp" } else { "hollin" };
            let text = format!(
                "{} {told} {} {} {prefix}{number}",
                word(number, 1),
                word(number, 3),
                word(number, 5)
            );
            let hate = number % 4 == 1;
            let text = if hate { format!("{text} grumf") } else { text };
            serde_json::json!({
                "id": format!("{prefix}{number}"),
                "text": text,
                "labels": { "hate": u8::from(hate), "spam": u8::from(spam) },
            })
        })
        .collect()
}
