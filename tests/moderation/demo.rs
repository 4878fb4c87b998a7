//! The demo: twice the same, its figures recounted, and what drifts in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Ended, demo, eval, fewer_folds, lines, same_files};
use crate::rag_small::Row;
use crate::sandbox::Sandbox;

/// What tests look at of the demo, which runs once for all of them.
struct Shown {
    run: Ended,
    examples: Vec<Row>,
    results: Vec<Row>,
    sheet: Value,
    report: Value,
    table: String,
}

static DEMO: LazyLock<Shown> = LazyLock::new(|| {
    let sandbox = demo(str::to_owned);
    let run = eval(&sandbox, "config.toml");
    Shown {
        examples: run.rows("examples.parquet"),
        results: run.rows("results.parquet"),
        sheet: run.sheet(),
        report: serde_json::from_str(&sandbox.ok("report --format json").stdout).unwrap(),
        table: sandbox.ok("report").stdout,
        run,
    }
});

const VARIANTS: [&str; 2] = ["full", "unnormalised"];

#[test]
fn the_same_posts_give_the_same_files() {
    let (one, two) = (demo(fewer_folds), demo(fewer_folds));
    same_files(
        &eval(&one, "config.toml --threads 1").folder,
        &eval(&two, "config.toml --threads 2").folder,
    );
}

#[test]
fn the_parts_of_layers_sum_up_in_the_whole_and_in_slices() {
    let layers = ["prefilter", "fast", "slow", "review"];
    let parts = layers.map(|layer| format!("\"CaughtBy({layer})\", \"CaughtOnlyBy({layer})\""));
    let metrics = format!(
        "slices = [\"surface\"]\nmetrics = [\"Caught\", \"Missed\", \"CaughtBySeveral\", \"CaughtJointly\", {}]\n",
        parts.join(", ")
    );
    let sandbox = demo(|config| {
        let (head, rest) = config.split_once("metrics = [").unwrap();
        let (_, rest) = rest.split_once("\n]\n").unwrap();
        fewer_folds(&format!("{head}{metrics}{rest}"))
    });
    let run = eval(&sandbox, "config.toml");
    for variant in VARIANTS {
        run.parts_sum_up(variant, &layers);
    }
    assert!(run.slices().len() >= 5, "{:?}", run.slices());
}

/// Labels by post, from the file.
fn violations() -> BTreeMap<String, Option<bool>> {
    let text = include_str!("../../datasets/moderation/posts.jsonl");
    text.lines()
        .map(|line| {
            let post: Value = serde_json::from_str(line).unwrap();
            let labels = post["labels"].as_object().unwrap();
            let is = |wanted: u64| move |label: &&Value| label.as_u64() == Some(wanted);
            let violates = if labels.values().any(|label| label.as_u64() == Some(1)) {
                Some(true)
            } else if labels.len() == 6 && labels.values().filter(is(0)).count() == 6 {
                Some(false)
            } else {
                None
            };
            (post["id"].as_str().unwrap().to_owned(), violates)
        })
        .collect()
}

#[test]
fn its_figures_are_those_of_its_decisions_counted_again() {
    let violations = violations();
    for variant in VARIANTS {
        let of_stage = |stage: &str| -> BTreeMap<&str, &str> {
            let rows = DEMO.results.iter();
            let rows = rows.filter(|row| row["variant"] == variant && row["stage"] == stage);
            rows.map(|row| {
                (
                    row["example_id"].as_str().unwrap(),
                    row["item"].as_str().unwrap(),
                )
            })
            .collect()
        };
        let (decided, stopped) = (of_stage("policy"), of_stage("prefilter"));
        assert_eq!(decided.len(), 1188);
        let count = |violates: Option<bool>, is: &dyn Fn(&str, &str) -> bool| {
            let posts = decided.iter().filter(|(id, action)| {
                (violates.is_none() || violations[**id] == violates) && is(id, action)
            });
            posts.count() as f64
        };
        let (bad, benign) = (
            count(Some(true), &|_, _| true),
            count(Some(false), &|_, _| true),
        );
        // ✓ Python over the file.
        assert_eq!((bad, benign), (435.0, 675.0));
        let all = |action: &'static str| move |_: &str, found: &str| found == action;
        let (escalated, removed) = (all("escalate"), all("reject"));
        let kept = |_: &str, action: &str| action != "approve";
        let by = |id: &str| stopped.contains_key(id);
        let stopped_by_list =
            |id: &str, action: &str| action != "approve" && action != "escalate" && by(id);
        let by_classifiers =
            |id: &str, action: &str| action != "approve" && action != "escalate" && !by(id);
        for (metric, expected) in [
            ("Caught", count(Some(true), &kept) / bad),
            ("Missed", 1.0 - count(Some(true), &kept) / bad),
            ("WronglyRemoved", count(Some(false), &removed) / benign),
            ("WronglyEscalated", count(Some(false), &escalated) / benign),
            ("Escalated", count(None, &escalated) / 1188.0),
            (
                "CaughtBy(prefilter)",
                count(Some(true), &stopped_by_list) / bad,
            ),
            ("CaughtBy(fast)", count(Some(true), &by_classifiers) / bad),
            ("CaughtBy(review)", count(Some(true), &escalated) / bad),
            ("Stopped(prefilter)", count(None, &stopped_by_list) / 1188.0),
        ] {
            DEMO.run.near(variant, metric, expected);
        }
        let known = count(Some(true), &removed) + count(Some(false), &removed);
        DEMO.run.near(
            variant,
            "RemovalPrecision",
            count(Some(true), &removed) / known,
        );
        // Classifiers are never asked of what the prefilter stops.
        let reach = 1188.0 - stopped.len() as f64;
        let cost = 0.0001 + 0.001 * reach / 1188.0 + 500.0 * count(None, &escalated) / 1188.0;
        DEMO.run.near(variant, "CostPer1k", cost);
    }
    // Floors that leave room for another learner, and would not stand one that learns nothing.
    let full = |metric: &str| DEMO.run.mean("full", metric);
    assert!((0.72..0.9).contains(&full("Caught")), "{}", full("Caught"));
    assert!(full("LayerPrecision(prefilter)") > 0.85);
    for category in [
        "hate",
        "harassment",
        "violence",
        "sexual",
        "self-harm",
        "spam",
    ] {
        let lift = full(&format!("Lift({category})"));
        assert!(lift > 2.0, "{category}: {lift}");
    }
    assert!(full("CaughtBy(prefilter)") > DEMO.run.mean("unnormalised", "CaughtBy(prefilter)"));
}

/// Average precision as it is defined, over the scores that the run kept.
#[test]
fn average_precision_is_that_of_its_scores() {
    for variant in VARIANTS {
        for category in ["hate", "spam"] {
            let number = |row: &Row, metric: &str| row[&format!("{metric}({category})")].as_f64();
            let own = DEMO.examples.iter().filter(|row| row["variant"] == variant);
            let mut scored: Vec<(f64, bool)> = own
                .filter_map(|row| Some((number(row, "Score")?, number(row, "Label")? > 0.5)))
                .collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            let positives = scored.iter().filter(|(_, label)| *label).count() as f64;
            let (mut seen, mut found, mut sum) = (0.0, 0.0, 0.0);
            for level in scored.chunk_by(|a, b| a.0 == b.0) {
                let own = level.iter().filter(|(_, label)| *label).count() as f64;
                seen += level.len() as f64;
                found += own;
                sum += own / positives * found / seen;
            }
            DEMO.run
                .near(variant, &format!("AveragePrecision({category})"), sum);
            DEMO.run.near(
                variant,
                &format!("Lift({category})"),
                sum * scored.len() as f64 / positives,
            );
        }
    }
}

#[test]
fn a_new_word_raises_an_alarm() {
    let drift = DEMO.sheet["drift"].as_array().unwrap();
    let burst = drift
        .iter()
        .find(|row| row["of"] == "words" && row["statistic"] == "burst");
    let burst = burst.unwrap();
    assert_eq!(burst["alarm"], true, "{burst}");
    let terms = burst["terms"].as_array().unwrap();
    // ✓ Python over the file: 13 posts of the second period have the word, and none of the first.
    assert!(terms.contains(&json!(["lumakey", 13])), "{burst}");
    assert!(
        burst["p"].as_f64().unwrap() < 0.01 && burst["value"].as_f64().unwrap() > 5.0,
        "{burst}"
    );
    for row in drift {
        let p = row["p"].as_f64().unwrap();
        assert!(
            (0.0..=1.0).contains(&p) && (row["alarm"] == false || p < 0.05),
            "{row}"
        );
    }
    assert!(DEMO.table.contains("lumakey"), "{}", DEMO.table);
}

/// The demo's posts in two periods, by `period_of` a post's place; the scores are what a hash of the text says.
fn halves(rows: &[Value]) -> Vec<Value> {
    let config = r#"
name = "halves"
metrics = ["Escalated"]
dataset.posts = [{ path = "posts.jsonl" }]
[system.moderation]
drift = { field = "half", before = ["1"], now = ["2"] }
[[system.moderation.variants]]
name = "theirs"
fast.outputs = "outputs.jsonl"
"#;
    let outputs: Vec<Value> = rows
        .iter()
        .map(|post| {
            let text = post["text"].as_str().unwrap();
            let sum: usize = text.bytes().map(usize::from).sum();
            json!({ "id": post["id"], "spam": (sum % 1000) as f64 / 1000.0 })
        })
        .collect();
    let sandbox = Sandbox::new()
        .file("posts.jsonl", lines(rows))
        .file("outputs.jsonl", lines(&outputs))
        .file("config.toml", config);
    let sheet = eval(&sandbox, "config.toml").sheet();
    sheet["drift"].as_array().unwrap().clone()
}

#[test]
fn halves_of_the_same_posts_raise_none() {
    let text = include_str!("../../datasets/moderation/posts.jsonl");
    let posts: Vec<Value> = text
        .lines()
        .map(|line| {
            let post: Value = serde_json::from_str(line).unwrap();
            json!({ "id": post["id"], "text": post["text"], "labels": { "spam": post["labels"]["spam"] }, "period": post["period"] })
        })
        .collect();
    // Every post of the first period in both: nothing differs at all.
    let mut twice = Vec::new();
    for post in posts.iter().filter(|post| post["period"] == "1") {
        for half in ["1", "2"] {
            let mut copy = post.clone();
            copy["half"] = json!(half);
            copy["id"] = json!(format!("{}-{half}", post["id"].as_str().unwrap()));
            twice.push(copy);
        }
    }
    let rows = halves(&twice);
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in &rows {
        assert_eq!(row["alarm"], false, "{row}");
    }
    // One post here, the next there.
    let mut dealt = posts;
    for (place, post) in dealt.iter_mut().enumerate() {
        post["half"] = json!(if place % 2 == 0 { "1" } else { "2" });
    }
    for row in halves(&dealt) {
        assert_eq!(row["alarm"], false, "{row}");
    }
}

#[test]
fn what_is_shown_as_json_is_all_of_it() {
    let moderation = &DEMO.report["moderation"];
    assert_eq!(moderation, &DEMO.sheet);
    for part in ["layers", "claims", "queues", "drift"] {
        assert!(!moderation[part].as_array().unwrap().is_empty(), "{part}");
    }
    assert_eq!(moderation["unknown_groups"], json!([]));
    assert!(moderation.get("attacks").is_none(), "nobody attacked");
    assert_eq!(
        DEMO.report["summary"].as_array().unwrap().len(),
        DEMO.run.summary.len()
    );
    // What the review queue is at deployment: 3 of 1,000 posts violate, whatever the sample holds.
    let queue = &moderation["queues"][0];
    let mean = |metric: &str| DEMO.run.mean("full", metric);
    let escalated = mean("CaughtBy(review)") * 0.003 + mean("WronglyEscalated") * 0.997;
    assert!(
        (queue["reviewed"].as_f64().unwrap() - escalated).abs() < 1e-12,
        "{queue}"
    );
    assert_eq!(queue["of_sample"], false);
    let load = escalated * 100e6 / 86_400.0 * 60.0;
    assert!(
        (queue["load_erlangs"].as_f64().unwrap() / load - 1.0).abs() < 1e-9,
        "{queue}"
    );
    assert!(queue["seats"].as_f64().unwrap() > load);
}
