//! Fourteen posts of which every decision is known: layers, policy, metrics.

use serde_json::{Value, json};

use super::{Ended, eval, lines};
use crate::sandbox::Sandbox;

/// Id, text, what people say (hate, spam), what the classifier says of the two, and what else is known.
const POSTS: [(&str, &str, [u8; 2], [f64; 2], &str); 14] = [
    (
        "listed",
        "get cheap pills here",
        [0, 1],
        [0.05, 0.95],
        "feed",
    ),
    (
        "only-listed",
        "Cheap PILLS for all",
        [0, 1],
        [0.05, 0.1],
        "feed",
    ),
    ("clear", "a clear one", [1, 0], [0.95, 0.1], "feed"),
    ("unclear", "an unclear one", [1, 0], [0.7, 0.1], "feed"),
    (
        "german",
        "one from Germany",
        [1, 0],
        [0.55, 0.05],
        "region=de",
    ),
    (
        "american",
        "one from America",
        [1, 0],
        [0.55, 0.05],
        "region=us",
    ),
    (
        "minor",
        "one of a child",
        [1, 0],
        [0.35, 0.05],
        "author_age=15",
    ),
    (
        "adult",
        "one of an adult",
        [0, 0],
        [0.35, 0.05],
        "author_age=30",
    ),
    ("direct", "a letter", [0, 0], [0.05, 0.45], "direct"),
    ("feed", "a notice", [0, 0], [0.05, 0.45], "feed"),
    ("advert", "an advert", [0, 1], [0.05, 0.55], "feed"),
    (
        "recalled",
        "the cheap pills recall goes on",
        [0, 0],
        [0.02, 0.02],
        "feed",
    ),
    (
        "pattern",
        "write to me at x@example.org",
        [0, 1],
        [0.02, 0.02],
        "feed",
    ),
    (
        "reported",
        "I saw cheap pills again and told them",
        [0, 0],
        [0.02, 0.1],
        "feed",
    ),
];

const CONFIG: &str = r#"
name = "layers"
metrics = [
    "Approved", "AgeGated", "Escalated", "Removed", "Caught", "CaughtBySeveral", "CaughtJointly", "Missed", "WronglyRemoved", "WronglyAgeGated", "WronglyEscalated",
    "RemovalPrecision", "ReviewPrecision", "Reach(prefilter)", "Reach(fast)", "Reach(slow)", "Reach(review)", "Stopped(prefilter)", "Stopped(fast)", "Stopped(review)",
    "LayerPrecision(prefilter)", "LayerPrecision(fast)", "LayerPrecision(review)", "CaughtBy(prefilter)", "CaughtBy(fast)", "CaughtBy(slow)", "CaughtBy(review)",
    "CaughtOnlyBy(prefilter)", "CaughtOnlyBy(fast)", "CaughtOnlyBy(slow)", "CaughtOnlyBy(review)", "CaughtWithout(prefilter)", "CaughtWithout(fast)",
    "CaughtWithout(review)", "WronglyStoppedWithout(prefilter)", "WronglyStoppedWithout(fast)", "CostPer1k", "CostPer1k(prefilter)", "CostPer1k(fast)",
    "CostPer1k(review)",
]
slices = ["surface", "region"]
batch_size = 4
dataset.posts = [{ path = "posts.jsonl" }]

[system.moderation]
deployment.posts_per_day = 1e8
usd_per_1k = { prefilter = 1.0, fast = 2.0, review = 100.0 }

[[system.moderation.variants]]
name = "all"
fast.outputs = "outputs.jsonl"
[system.moderation.variants.prefilter]
lists = [{ path = "list.txt", category = "spam" }]
patterns = [{ name = "address", category = "spam", regex = '\b\w+@\w+\.org\b', action = "escalate" }]
[system.moderation.variants.policy]
version = "7"
default = "approve"
rules = [
    { name = "spam-direct", category = "spam", at_least = 0.4, where = { surface = ["direct"] }, action = "reject" },
    { name = "hate-de", category = "hate", at_least = 0.5, where = { region = ["de"] }, action = "reject" },
    { name = "hate-minor", category = "hate", at_least = 0.3, where = { author_age = { below = 18 } }, action = "escalate" },
    { name = "clear", at_least = 0.9, action = "reject" },
    { name = "unclear", at_least = 0.6, action = "escalate" },
    { name = "advert", category = "spam", at_least = 0.5, action = "age-gate" },
]
"#;

fn sandbox() -> Sandbox {
    let posts: Vec<Value> = POSTS
        .iter()
        .map(|(id, text, [hate, spam], _, known)| {
            let mut post =
                json!({ "id": id, "text": text, "labels": { "hate": hate, "spam": spam } });
            let (field, value) = known.split_once('=').unwrap_or(("surface", known));
            post[field] = json!(value);
            post
        })
        .collect();
    let outputs: Vec<Value> = POSTS
        .iter()
        .map(|(id, _, _, [hate, spam], _)| json!({ "id": id, "hate": hate, "spam": spam }))
        .collect();
    Sandbox::new()
        .file("posts.jsonl", lines(&posts))
        .file("outputs.jsonl", lines(&outputs))
        .file(
            "list.txt",
            "# what is sold\ncheap pills\n!cheap pills recall\n",
        )
        .file("config.toml", CONFIG)
}

const DECISIONS: [(&str, &str, &str); 14] = [
    ("listed", "reject", "spam: list.txt:2 (prefilter)"),
    ("only-listed", "reject", "spam: list.txt:2 (prefilter)"),
    ("clear", "reject", "hate: clear (fast)"),
    ("unclear", "escalate", "hate: unclear (fast)"),
    ("german", "reject", "hate: hate-de (fast)"),
    ("american", "approve", "default (fast)"),
    ("minor", "escalate", "hate: hate-minor (fast)"),
    ("adult", "approve", "default (fast)"),
    ("direct", "reject", "spam: spam-direct (fast)"),
    ("feed", "approve", "default (fast)"),
    ("advert", "age-gate", "spam: advert (fast)"),
    ("recalled", "approve", "default (fast)"),
    ("pattern", "escalate", "spam: address (prefilter)"),
    ("reported", "reject", "spam: list.txt:2 (prefilter)"),
];

fn is_decided(run: &Ended) {
    let found = run.decisions("all");
    let found: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|(id, action, rule)| (id.as_str(), action.as_str(), rule.as_str()))
        .collect();
    assert_eq!(found, DECISIONS);
}

#[test]
fn every_decision_is_that_of_the_rule_and_layer_that_a_person_finds() {
    let sandbox = sandbox();
    let run = eval(&sandbox, "config.toml");
    is_decided(&run);
    // Nine posts violate and five do not.
    let (bad, benign, all) = (9.0, 5.0, 14.0);
    for (metric, expected) in [
        ("Approved", 4.0 / all),
        ("AgeGated", 1.0 / all),
        ("Escalated", 3.0 / all),
        ("Removed", 6.0 / all),
        ("Caught", 8.0 / bad),
        ("Missed", 1.0 / bad),
        ("WronglyRemoved", 2.0 / benign),
        ("WronglyAgeGated", 0.0),
        ("WronglyEscalated", 0.0),
        ("RemovalPrecision", 4.0 / 6.0),
        ("ReviewPrecision", 1.0),
        ("Reach(prefilter)", 1.0),
        ("Reach(fast)", 10.0 / all),
        ("Reach(slow)", 0.0),
        ("Reach(review)", 3.0 / all),
        ("Stopped(prefilter)", 3.0 / all),
        ("Stopped(fast)", 4.0 / all),
        ("Stopped(review)", 3.0 / all),
        ("LayerPrecision(prefilter)", 2.0 / 3.0),
        ("LayerPrecision(fast)", 3.0 / 4.0),
        ("LayerPrecision(review)", 1.0),
        ("CaughtBy(prefilter)", 2.0 / bad),
        ("CaughtBy(fast)", 3.0 / bad),
        ("CaughtBy(slow)", 0.0),
        ("CaughtBy(review)", 3.0 / bad),
        // `listed` would be caught without any one layer; `unclear` and `minor` need classifiers and people, `pattern` the prefilter and people.
        ("CaughtOnlyBy(prefilter)", 1.0 / bad),
        ("CaughtOnlyBy(fast)", 3.0 / bad),
        ("CaughtOnlyBy(slow)", 0.0),
        ("CaughtOnlyBy(review)", 0.0),
        ("CaughtBySeveral", 1.0 / bad),
        ("CaughtJointly", 3.0 / bad),
        ("CaughtWithout(prefilter)", 6.0 / bad),
        ("CaughtWithout(fast)", 3.0 / bad),
        ("CaughtWithout(review)", 5.0 / bad),
        ("WronglyStoppedWithout(prefilter)", 1.0 / benign),
        ("WronglyStoppedWithout(fast)", 1.0 / benign),
        ("CostPer1k(prefilter)", 1.0),
        ("CostPer1k(fast)", 20.0 / all),
        ("CostPer1k(review)", 300.0 / all),
        ("CostPer1k", 1.0 + 320.0 / all),
    ] {
        run.near("all", metric, expected);
    }
    run.parts_sum_up("all", &["prefilter", "fast", "slow", "review"]);
    let slices = [
        "all",
        "surface=feed",
        "surface=direct",
        "region=de",
        "region=us",
    ];
    let mut found = run.slices();
    found.retain(|slice| slices.contains(&slice.as_str()));
    assert_eq!(found.len(), slices.len(), "{:?}", run.slices());
    assert_eq!(run.mean_in("all", "Caught", "region=us"), 0.0);
    assert_eq!(run.mean_in("all", "Caught", "region=de"), 1.0);
    // Nothing violates there, so nothing can be caught.
    let direct = run.row("all", "Caught", "surface=direct");
    assert!(direct.is_none_or(|row| row["mean"].is_null()), "{direct:?}");
}

#[test]
fn the_sheet_has_the_layers_that_posts_come_to_and_their_claims() {
    let sandbox = sandbox();
    let sheet = eval(&sandbox, "config.toml").sheet();
    let layers = sheet["layers"].as_array().unwrap();
    let names: Vec<&str> = layers
        .iter()
        .map(|row| row["layer"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["prefilter", "fast", "review"]);
    let near = |row: &Value, name: &str, expected: f64| {
        let found = row[name].as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-9, "{name} of {row}");
    };
    near(&layers[0], "stopped", 3.0 / 14.0);
    near(&layers[0], "precision", 2.0 / 3.0);
    near(&layers[1], "reach", 10.0 / 14.0);
    near(&layers[1], "caught_only_by", 3.0 / 9.0);
    near(&layers[2], "usd_per_1k", 300.0 / 14.0);
    assert!(layers[2]["p99_ms"].is_null(), "nobody times people");
    let claims = sheet["claims"].as_array().unwrap();
    let claim = |start: &str| {
        let mut claims = claims.iter();
        let found = claims.find(|row| row["claim"].as_str().unwrap().starts_with(start));
        found.unwrap().clone()
    };
    let stops = claim("the prefilter stops");
    assert_eq!(
        (&stops["found"], &stops["met"]),
        (&json!("21.4 %"), &json!(false))
    );
    assert!(
        claim("the fast path alone")["met"].is_null(),
        "there is no slow path to leave things to"
    );
    // The queue: 9 of 14 posts violate, of which 3 are escalated, and none of the others is.
    let queue = &sheet["queues"][0];
    near(queue, "prevalence", 9.0 / 14.0);
    near(queue, "reviewed", 3.0 / 14.0);
    near(queue, "items_per_day", 3.0 / 14.0 * 100e6);
    near(queue, "precision", 1.0);
    assert_eq!(queue["of_sample"], true);
}

/// One post in ten violates, whatever the sample holds.
#[test]
fn figures_are_weighed_to_the_share_of_violations_in_deployment() {
    let metrics = "metrics = [\"DeployedEscalated\", \"DeployedRemoved\", \"DeployedReviewPrecision\", \"DeployedCostPer1k\",";
    let config = CONFIG.replace("metrics = [", metrics).replace(
        "usd_per_1k =",
        "deployment.prevalence.any = 0.1\nusd_per_1k =",
    );
    // `feed` goes to people: 3 of 9 that violate, and 1 of 5 others.
    let config = config.replace(
        "{ name = \"clear\"",
        "{ name = \"notice\", category = \"spam\", at_least = 0.42, below = 0.5, action = \"escalate\" }, { name = \"clear\"",
    );
    let sandbox = sandbox().file("config.toml", config);
    let run = eval(&sandbox, "config.toml");
    let weighed = |bad: f64, benign: f64| 0.1 * bad / 9.0 + 0.9 * benign / 5.0;
    run.near("all", "DeployedEscalated", weighed(3.0, 1.0));
    run.near("all", "DeployedRemoved", weighed(4.0, 2.0));
    run.near(
        "all",
        "DeployedReviewPrecision",
        weighed(3.0, 0.0) / weighed(3.0, 1.0),
    );
    // Six of the nine and four of the five come to the classifiers.
    let cost = weighed(9.0 + 2.0 * 6.0 + 300.0, 5.0 + 2.0 * 4.0 + 100.0);
    run.near("all", "DeployedCostPer1k", cost);
    let queue = &run.sheet()["queues"][0];
    assert_eq!(queue["of_sample"], false);
    let reviewed = queue["reviewed"].as_f64().unwrap();
    assert!((reviewed - weighed(3.0, 1.0)).abs() < 1e-12, "{queue}");
}

#[test]
fn a_policy_that_cannot_be_is_refused() {
    let fails = |from: &str, to: &str, message: &str| {
        let sandbox = sandbox().file("config.toml", CONFIG.replace(from, to));
        sandbox.fails("eval config.toml", message);
    };
    fails(
        "category = \"hate\", at_least = 0.3",
        "category = \"violence\", at_least = 0.3",
        "variant `all`: the policy: rule 3 (`hate-minor`): there is no category `violence`; take of `hate`, `spam`",
    );
    fails(
        "at_least = 0.6, action",
        "at_least = 0.95, action",
        "variant `all`: the policy: rule 5 (`unclear`) is never reached: `clear` before it matches every post that it would; put it first or drop it",
    );
    fails(
        "category = \"spam\" }]",
        "category = \"violence\" }]",
        "variant `all`: `prefilter` is of the category `violence`, which is not moderated here; those are hate, spam",
    );
    fails(
        "at_least = 0.9, action",
        "at_least = \"sure\", action",
        "variant `all`: the policy: rule 4 (`clear`): category `hate` has no threshold `sure`; take of `reject`, `review`",
    );
}
