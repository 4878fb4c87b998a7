//! What people did not say is neither yes nor no, in figures and in learning.

use serde_json::{Map, Value, json};

use super::{eval, lines};
use crate::sandbox::Sandbox;

/// Whether a post is of a category: 1, 0, null, or not said at all, in turn.
fn said(number: usize, round: &[Option<Value>]) -> Option<Value> {
    round[number % round.len()].clone()
}

fn posts(with_unsaid: bool) -> Vec<Value> {
    let hate = [Some(json!(1)), Some(json!(0)), Some(Value::Null), None];
    let spam = [
        Some(json!(true)),
        Some(json!(0)),
        Some(json!(false)),
        Some(Value::Null),
        None,
    ];
    (0..24)
        .map(|number| {
            let mut labels = Map::new();
            for (category, round) in [("hate", &hate[..]), ("spam", &spam[..])] {
                let label = said(number, round);
                labels.extend(label.map(|label| (category.to_owned(), label)));
            }
            labels.insert("quiet".to_owned(), json!(0));
            if with_unsaid {
                labels.insert("unsaid".to_owned(), Value::Null);
            }
            json!({ "id": format!("p{number}"), "text": format!("post {number}"), "labels": labels })
        })
        .collect()
}

/// Posts of which nothing is said score the highest and the lowest, so that a figure that counted them would be another one.
fn outputs() -> Vec<Value> {
    let score = |number: usize, known: bool, step: usize| {
        if known {
            0.1 + ((number * step) % 24) as f64 / 30.0
        } else if number % 8 < 4 {
            0.99
        } else {
            0.01
        }
    };
    (0..24)
        .map(|number| {
            let (hate, spam) = (number % 4 < 2, number % 5 < 3);
            json!({
                "id": format!("p{number}"),
                "hate": score(number, hate, 7),
                "spam": score(number, spam, 11),
                "quiet": 0.5,
                "unsaid": 0.5,
            })
        })
        .collect()
}

const CONFIG: &str = r#"
name = "labels"
metrics = [
    "Violates", "Caught", "WronglyRemoved", "Prevalence(*)", "AUROC(*)", "AveragePrecision(*)", "Lift(*)", "Accuracy(*)", "Precision(*)", "Recall(*)", "F1(*)", "FPR(*)",
    "BalancedAccuracy(*)", "Brier(*)", "ECE(*)",
]
dataset.posts = [{ path = "posts.jsonl" }]
[[system.moderation.variants]]
name = "theirs"
fast.outputs = "outputs.jsonl"
"#;

fn sandbox(posts: &[Value]) -> Sandbox {
    Sandbox::new()
        .file("posts.jsonl", lines(posts))
        .file("outputs.jsonl", lines(&outputs()))
        .file("config.toml", CONFIG)
}

#[test]
fn figures_of_a_category_are_those_of_the_posts_of_which_it_is_known() {
    let all = posts(false);
    let whole = eval(&sandbox(&all), "config.toml");
    for (category, n) in [("hate", 12), ("spam", 15)] {
        let mut known = all.clone();
        known.retain(|post| !post["labels"][category].is_null());
        assert_eq!(known.len(), n);
        let part = eval(&sandbox(&known), "config.toml");
        let mut compared = 0;
        for row in &part.summary {
            let metric = row["metric"].as_str().unwrap();
            if metric.ends_with(&format!("({category})")) {
                let found = whole.row("theirs", metric, "all").unwrap();
                assert_eq!(found, row, "{metric}");
                assert!(row["mean"].is_number(), "{row}");
                compared += 1;
            }
        }
        assert_eq!(compared, 12);
    }
    // Six posts of 12, and 5 of 15.
    whole.near("theirs", "Prevalence(hate)", 0.5);
    whole.near("theirs", "Prevalence(spam)", 1.0 / 3.0);
    let n = |metric: &str| whole.row("theirs", metric, "all").unwrap()["n"].clone();
    assert_eq!((n("AUROC(hate)"), n("Brier(spam)")), (json!(12), json!(15)));
    // A post violates where one label says so, and is benign where every label says so: numbers 1, 17 and 21.
    assert_eq!(
        (n("Caught"), n("WronglyRemoved"), n("Violates")),
        (json!(9), json!(3), json!(12))
    );
}

#[test]
fn what_one_class_cannot_tell_is_undefined_and_never_zero() {
    let run = eval(&sandbox(&posts(true)), "config.toml");
    for metric in [
        "AUROC",
        "AveragePrecision",
        "Lift",
        "BalancedAccuracy",
        "Recall",
    ] {
        let row = run.row("theirs", &format!("{metric}(quiet)"), "all");
        let row = row.unwrap();
        assert!(row["mean"].is_null(), "{row}");
        assert!(!row["undefined"].as_str().unwrap().is_empty(), "{row}");
        // Of a category of which nothing is known nothing is said.
        let row = run.row("theirs", &format!("{metric}(unsaid)"), "all");
        assert!(row.is_none_or(|row| row["mean"].is_null()), "{row:?}");
    }
    run.near("theirs", "Prevalence(quiet)", 0.0);
    run.near("theirs", "FPR(quiet)", 1.0);
    // Nothing is benign where one category is never known.
    for metric in ["Prevalence(unsaid)", "WronglyRemoved"] {
        let row = run.row("theirs", metric, "all");
        assert!(row.is_none_or(|row| row["mean"].is_null()), "{row:?}");
    }
    run.near("theirs", "Violates", 1.0);
}

/// All posts with the word `zapp` that are labelled are spam; of ten times as many nothing is said. Were these taken for no spam, the word would be a sign of none.
#[test]
fn what_is_not_known_is_not_learned() {
    let mut posts = super::learnable(60, "a");
    for number in 0..200 {
        posts.push(json!({ "id": format!("u{number}"), "text": format!("sudrin zapp palmo u{number}"), "labels": { "hate": 0 } }));
    }
    let evaluated = [
        json!({ "id": "new", "text": "gerta zapp onwi", "labels": { "hate": 0, "spam": 1 } }),
        json!({ "id": "old", "text": "gerta hollin onwi", "labels": { "hate": 1, "spam": 0 } }),
    ];
    let config = r#"
name = "masked"
metrics = ["Score(spam)"]
dataset.posts = [{ path = "posts.jsonl" }]
[system.moderation]
learn = { posts = [{ path = "learn.jsonl" }], held = { folds = 3 } }
[[system.moderation.variants]]
name = "linear"
fast.learned.members = [{ linear = { l2 = 0.1 } }]
"#;
    let sandbox = Sandbox::new()
        .file("learn.jsonl", lines(&posts))
        .file("posts.jsonl", lines(&evaluated))
        .file("config.toml", config);
    let run = eval(&sandbox, "config.toml");
    let examples = run.rows("examples.parquet");
    let score = |place: usize| examples[place]["Score(spam)"].as_f64().unwrap();
    assert!(
        score(0) > 0.8 && score(1) < 0.2,
        "{} {}",
        score(0),
        score(1)
    );
}
