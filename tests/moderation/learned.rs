//! Classifiers that are learned, kept, and learned by cross-validation; thresholds that are solved for.

use serde_json::{Value, json};

use super::{Ended, eval, learnable, lines};
use crate::sandbox::Sandbox;

const HEAD: &str = r#"
name = "kept"
metrics = ["Caught", "WronglyRemoved", "AUROC(*)", "AveragePrecision(*)", "Score(*)"]
dataset.posts = [{ path = "posts.jsonl" }]
[system.moderation]
learn = { posts = [{ path = "learn.jsonl" }], held = { folds = 3 } }
"#;

const FRESH: &str = r#"
[[system.moderation.variants]]
name = "fresh"
normalise = {}
fast.learned.members = [{ linear = { l2 = 0.1 } }]
thresholds.f1 = {}
"#;

const KEPT: &str = r#"
[[system.moderation.variants]]
name = "kept"
normalise = {}
fast.trained = "kept"
thresholds.f1 = {}
"#;

/// A sandbox with a moderator in `kept` that learned from 60 posts, and 40 others to evaluate.
fn trained(config: &str) -> (Sandbox, Value) {
    let sandbox = Sandbox::new()
        .file("learn.jsonl", lines(&learnable(60, "a")))
        .file("posts.jsonl", lines(&learnable(40, "b")))
        .file("fresh.toml", format!("{HEAD}{FRESH}"))
        .file("config.toml", format!("{HEAD}{config}"));
    let shown = sandbox.ok("train moderation fresh.toml --variant fresh --out kept --format json");
    assert!(
        shown.stderr.contains("learned from 60 posts"),
        "{}",
        shown.stderr
    );
    let facts = serde_json::from_str(&shown.stdout).unwrap();
    (sandbox, facts)
}

fn without_variant(run: &Ended, variant: &str) -> Vec<Value> {
    let rows = run.summary.iter().filter(|row| row["variant"] == variant);
    rows.cloned()
        .map(|mut row| {
            row["variant"] = Value::Null;
            row
        })
        .collect()
}

#[test]
fn a_moderator_that_was_kept_decides_as_one_that_learns_anew() {
    let (sandbox, facts) = trained(&format!("{FRESH}{KEPT}"));
    assert_eq!(facts["categories"], json!(["hate", "spam"]));
    assert_eq!(facts["names"].as_array().unwrap().len(), 60);
    let run = eval(&sandbox, "config.toml");
    assert_eq!(run.decisions("fresh"), run.decisions("kept"));
    assert_eq!(
        without_variant(&run, "fresh"),
        without_variant(&run, "kept")
    );
    assert_eq!(run.decisions("kept").len(), 40);
    // A word tells each category, so both are told.
    assert!(run.mean("kept", "AUROC(spam)") > 0.99 && run.mean("kept", "AUROC(hate)") > 0.99);
    sandbox.fails(
        "train moderation fresh.toml --variant fresh --out kept",
        "`kept` is not empty; give `--out` a new path",
    );
}

#[test]
fn a_moderator_that_was_kept_refuses_what_it_cannot_judge() {
    let (sandbox, _) = trained(KEPT);
    let mut known = learnable(40, "b");
    known[7] = learnable(60, "a").swap_remove(30);
    // The same letters, written otherwise.
    let shouted = known[7]["text"].as_str().unwrap().to_uppercase();
    known[7]["text"] = json!(format!("{shouted}!!"));
    let posts = lines(&learnable(40, "b"));
    let sandbox = sandbox.file("posts.jsonl", lines(&known));
    sandbox.fails(
        "eval config.toml",
        "variant `kept`: `kept` was trained on 1 of the posts that are evaluated; leave them out, or learn anew with `fast.learned`",
    );
    let sandbox = sandbox.file("posts.jsonl", posts);
    sandbox.ok("eval config.toml");
    let with = |sandbox: Sandbox, from: &str, to: &str| {
        sandbox.file("config.toml", format!("{HEAD}{KEPT}").replace(from, to))
    };
    for normalise in ["", "normalise = { leet = false }"] {
        let sandbox = with(trained(KEPT).0, "normalise = {}", normalise);
        sandbox.fails(
            "eval config.toml",
            "variant `kept`: `kept` was trained on texts that were normalised otherwise; take over its `normalise`, which stands in `moderator.json` there",
        );
    }
    let sandbox = with(
        sandbox,
        "thresholds.f1 = {}",
        "thresholds.balanced_accuracy = {}",
    );
    let shown = sandbox.run("eval config.toml");
    assert!(
        shown.code == Some(2)
            && shown
                .stderr
                .contains("`kept` was trained with other `thresholds`"),
        "{shown:?}"
    );
    let sandbox = with(
        sandbox,
        "name = \"kept\"\nmetrics",
        "name = \"kept\"\nsystem.moderation.categories = [\"spam\"]\nmetrics",
    );
    let shown = sandbox.run("eval config.toml");
    assert!(shown.code == Some(2), "{shown:?}");
}

#[test]
fn a_moderator_that_is_not_whole_is_no_moderator() {
    let (sandbox, _) = trained(KEPT);
    let weights = sandbox.read("kept/member-0.safetensors");
    let facts = sandbox.read("kept/moderator.json");
    let sandbox = sandbox.file("kept/member-0.safetensors", &weights[..weights.len() / 2]);
    let shown = sandbox.run("eval config.toml");
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown
            .stderr
            .starts_with("error: variant `kept`: `kept/member-0.safetensors`: "),
        "{}",
        shown.stderr
    );
    let sandbox = sandbox
        .file("kept/member-0.safetensors", &weights)
        .file("kept/moderator.json", &facts[..facts.len() / 2]);
    let shown = sandbox.run("eval config.toml");
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown.stderr.starts_with("error: variant `kept`: `kept/moderator.json` is no trained moderator of this ragkit; train it again with `ragkit train moderation`"),
        "{}",
        shown.stderr
    );
    std::fs::remove_file(sandbox.path("kept/moderator.json")).unwrap();
    let shown = sandbox.run("eval config.toml");
    assert!(
        shown.code == Some(2)
            && shown.stderr.contains(
                "`kept` is no trained moderator; make one with `ragkit train moderation`"
            ),
        "{shown:?}"
    );
}

/// Thresholds at which mistakes cost least follow the costs, and the decisions follow the thresholds.
#[test]
fn thresholds_are_where_costs_are_least() {
    let costs = |positive: f64, negative: f64, review: f64| {
        format!(
            "thresholds.costs = {{ cost_false_positive = {positive:?}, cost_false_negative = {negative:?}, cost_review = {review:?} }}"
        )
    };
    // Of posts with the word `maybe` a third are spam, of posts with `surely` nearly all are, of others none.
    let post = |number: usize, prefix: &str| {
        let (word, spam) = match number % 4 {
            0 => ("surely", !number.is_multiple_of(40)),
            1 => ("maybe", number % 12 == 1),
            _ => ("never", false),
        };
        json!({ "id": format!("{prefix}{number}"), "text": format!("{word} {prefix}{number}"), "labels": { "spam": u8::from(spam) } })
    };
    let posts = |prefix: &str| {
        lines(
            &(0..120)
                .map(|number| post(number, prefix))
                .collect::<Vec<_>>(),
        )
    };
    let fresh = FRESH.replace("thresholds.f1 = {}", "");
    let mut config = HEAD.to_owned();
    let given = [
        // A review is dearer than any mistake, so nothing is reviewed: from 1/2 on, from 1/10 on.
        ("even", costs(1.0, 1.0, 50.0)),
        ("strict", costs(1.0, 9.0, 50.0)),
        // Reviews are cheap: whatever is unclear goes to people.
        ("people", costs(1.0, 1.0, 0.2)),
    ];
    for (name, thresholds) in &given {
        config += &fresh.replace(
            "name = \"fresh\"",
            &format!("name = \"{name}\"\n{thresholds}"),
        );
    }
    let sandbox = Sandbox::new()
        .file("learn.jsonl", posts("a"))
        .file("posts.jsonl", posts("b"))
        .file("config.toml", config);
    let run = eval(&sandbox, "config.toml");
    for (variant, surely, maybe) in [
        ("even", "reject", "approve"),
        ("strict", "reject", "reject"),
        ("people", "reject", "escalate"),
    ] {
        let decisions = run.decisions(variant);
        for (number, (id, action, _)) in decisions.iter().enumerate() {
            let expected = match number % 4 {
                0 => surely,
                1 => maybe,
                _ => "approve",
            };
            assert_eq!(action, expected, "{variant} {id}");
        }
        // The thresholds that were chosen are those that decide.
        let shown = sandbox.ok(&format!(
            "train moderation config.toml --variant {variant} --out {variant} --format json"
        ));
        let facts: Value = serde_json::from_str(&shown.stdout).unwrap();
        let cut = |place: usize| facts["cuts"][0][place].as_f64().unwrap_or(f64::INFINITY);
        let examples = run.rows("examples.parquet");
        let own = examples.iter().filter(|row| row["variant"] == variant);
        for (row, (id, action, _)) in own.zip(&decisions) {
            let score = row["Score(spam)"].as_f64().unwrap();
            let expected = if score >= cut(1) {
                "reject"
            } else if score >= cut(0) {
                "escalate"
            } else {
                "approve"
            };
            assert_eq!(action, expected, "{variant} {id} {score}");
        }
    }
}

/// Posts in pairs, whose label is drawn and hangs on nothing but the pair's own words.
fn pairs(second: impl Fn(&str) -> String) -> Vec<Value> {
    let syllables = [
        "mor", "tev", "sud", "pal", "ger", "onw", "bra", "kil", "zen", "fup", "dax",
    ];
    let mut state: u64 = 9;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut posts = Vec::new();
    for number in 0..80 {
        let words: Vec<String> = (0..4)
            .map(|_| {
                let syllables =
                    [draw(11), draw(11), draw(11), draw(11)].map(|place| syllables[place]);
                syllables.concat()
            })
            .collect();
        let (text, label) = (words.join(" "), draw(2));
        let twin = |id: &str, twin: &str, text: &str| json!({ "id": format!("{id}{number}"), "twin": format!("{twin}{number}"), "text": text, "labels": { "odd": label } });
        posts.push(twin("a", "b", &text));
        posts.push(twin("b", "a", &second(&text)));
    }
    posts
}

/// How well the label of one post is told by what was learned from others.
fn told(posts: &[Value], learn: &str) -> f64 {
    let config = format!(
        r#"
name = "folds"
metrics = ["AUROC(odd)"]
dataset.posts = [{{ path = "posts.jsonl" }}]
[system.moderation]
learn = {{ folds = 20, held = {{ share = 0.15 }}{learn} }}
[[system.moderation.variants]]
name = "linear"
fast.learned.members = [{{ linear = {{ l2 = 0.1 }} }}]
"#
    );
    let sandbox = Sandbox::new()
        .file("posts.jsonl", lines(posts))
        .file("config.toml", config);
    eval(&sandbox, "config.toml").mean("linear", "AUROC(odd)")
}

#[test]
fn posts_of_one_text_are_never_in_different_folds() {
    // The same letters in other cases and with other marks are the same text.
    let same = pairs(|text| format!("{}!", text.to_uppercase()));
    let found = told(&same, "");
    assert!(
        (0.3..0.7).contains(&found),
        "{found}: nothing is to be known of texts that were not seen"
    );
}

#[test]
fn what_belongs_together_is_never_parted() {
    let similar = pairs(|text| format!("{text} again"));
    let (parted, kept) = (told(&similar, ""), told(&similar, ", together = \"twin\""));
    assert!(parted > 0.9, "{parted}: a twin tells the label");
    assert!((0.3..0.7).contains(&kept), "{kept}: no twin was seen");
}
