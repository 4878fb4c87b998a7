//! How differently scores treat the posts that name a group: figures computed by hand, and none where a group has one class.

use serde_json::{Value, json};

use super::{eval, lines};
use crate::sandbox::Sandbox;

/// Text, label, score. `manly`, `womanly` and `mantle` name nobody.
const POSTS: [(&str, u8, f64); 16] = [
    ("a woman", 1, 0.9),
    ("Women say so", 1, 0.4),
    ("of women", 0, 0.5),
    ("one WOMAN more", 0, 0.2),
    ("no woman", 0, 0.4),
    ("a man", 1, 0.8),
    ("two men", 0, 0.85),
    ("man overboard", 0, 0.1),
    ("women and men", 0, 0.45),
    ("an elder", 1, 0.7),
    ("the elders", 1, 0.3),
    ("nobody here", 1, 0.6),
    ("none", 1, 0.35),
    ("manly and womanly", 0, 0.3),
    ("a mantle", 0, 0.05),
    ("nothing", 0, 0.65),
];

const CONFIG: &str = r#"
name = "groups"
metrics = ["AUROC(hate)", "SubgroupAUC(hate,*)", "BPSNAUC(hate,*)", "BNSPAUC(hate,*)", "SubgroupAUC(hate)", "BPSNAUC(hate)", "BNSPAUC(hate)", "BiasAUC(hate)"]
dataset.posts = [{ path = "posts.jsonl" }]
[system.moderation.groups]
women = ["woman", "women"]
men = ["man", "men"]
elders = ["elder", "elders"]
[[system.moderation.variants]]
name = "theirs"
fast.outputs = "outputs.jsonl"
"#;

fn sandbox(config: &str) -> Sandbox {
    let posts = (0..).zip(POSTS).map(|(number, (text, label, _))| {
        json!({ "id": format!("p{number}"), "text": text, "labels": { "hate": label } })
    });
    let outputs = (0..).zip(POSTS).map(
        |(number, (_, _, score))| json!({ "id": format!("p{number}"), "category_scores": { "hate": score } }),
    );
    Sandbox::new()
        .file("posts.jsonl", lines(&posts.collect::<Vec<Value>>()))
        .file("outputs.jsonl", lines(&outputs.collect::<Vec<Value>>()))
        .file("config.toml", config)
}

#[test]
fn figures_of_groups_are_those_of_pairs_counted_one_by_one() {
    let run = eval(&sandbox(CONFIG), "config.toml");
    for (metric, expected) in [
        ("AUROC(hate)", 44.0 / 63.0),
        // Of 2 · 4 pairs 5 are in order and one is tied.
        ("SubgroupAUC(hate,women)", 0.6875),
        ("SubgroupAUC(hate,men)", 2.0 / 3.0),
        ("BPSNAUC(hate,women)", 0.7),
        ("BPSNAUC(hate,men)", 10.0 / 18.0),
        ("BNSPAUC(hate,women)", 0.8),
        ("BNSPAUC(hate,men)", 1.0),
        ("BNSPAUC(hate,elders)", 11.5 / 18.0),
        // Power means (p = −5) of the groups that have both classes, by Python.
        ("SubgroupAUC(hate)", 0.676_603_056_419_537_4),
        ("BPSNAUC(hate)", 0.604_165_838_007_817),
        ("BNSPAUC(hate)", 0.740_805_183_749_408_4),
        ("BiasAUC(hate)", 0.679_996_694_147_365_4),
    ] {
        run.near("theirs", metric, expected);
    }
}

#[test]
fn a_group_of_one_class_has_no_figure_and_is_named() {
    let sandbox = sandbox(CONFIG);
    let run = eval(&sandbox, "config.toml");
    for metric in ["SubgroupAUC(hate,elders)", "BPSNAUC(hate,elders)"] {
        let row = run.row("theirs", metric, "all").unwrap();
        assert!(row["mean"].is_null(), "{row}");
        assert!(!row["undefined"].as_str().unwrap().is_empty(), "{row}");
    }
    let row = |figure: &str| json!({ "variant": "theirs", "category": "hate", "figure": figure, "groups": ["elders"] });
    let shown = sandbox.ok("report --format json");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        shown["moderation"]["unknown_groups"],
        json!([row("SubgroupAUC"), row("BPSNAUC")])
    );
    assert!(sandbox.ok("report").stdout.contains("elders"));
}

#[test]
fn groups_that_are_asked_for_must_be_named() {
    let none = CONFIG.replace(
        "[system.moderation.groups]",
        "[system.moderation.deployment.prevalence]",
    );
    let none: String = none
        .lines()
        .filter(|line| !line.contains("man\"") && !line.contains("elder"))
        .map(|line| format!("{line}\n"))
        .collect();
    sandbox(&none).fails(
        "eval config.toml",
        "`SubgroupAUC(hate)` needs groups; name them, as in `groups = { women = [\"woman\", \"women\"] }`",
    );
    let other = CONFIG.replace("SubgroupAUC(hate,*)", "SubgroupAUC(hate,children)");
    sandbox(&other).fails(
        "eval config.toml",
        "`SubgroupAUC(hate,children)` is of the group `children`, which `system.moderation.groups` does not name",
    );
}
