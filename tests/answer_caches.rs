//! Caches of answers, against figures that others reached on the same pairs (`golden/oracle/s19_cache.py`), and as a user runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use ragkit::caches::{BlockKey, Guard, PrefixCache, SemanticCache};
use ragkit::data::{Checksum, PathText, QuestionPairs, Table};
use ragkit::outputs::Output;
use ragkit::systems::System;
use ragkit::systems::cache::{CacheMetric, CacheSystem, Config, Halves};
use serde_json::{Value, json};

use crate::real_data::{data_folder, model_folder};
use crate::sandbox::Sandbox;

const PAIRS: &str = "datasets/cache/pairs.jsonl";

fn golden() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/cache_pairs.json"
    ));
    serde_json::from_str(text).unwrap()
}

fn in_checkout(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn pairs() -> QuestionPairs {
    let path = in_checkout(PAIRS).display().to_string();
    QuestionPairs::read(&Table::at(PathText::literal(&path))).unwrap()
}

/// `[system.cache]` of `configs/cache.toml`, with the variants that are wanted.
fn config(wanted: &dyn Fn(&str) -> bool) -> Config {
    let text = std::fs::read_to_string(in_checkout("configs/cache.toml")).unwrap();
    let config: toml::Value = toml::from_str(&text).unwrap();
    let mut config: Config = config["system"]["cache"].clone().try_into().unwrap();
    config.variants.retain(|variant| wanted(&variant.name));
    config
}

fn metrics(names: &[&str]) -> Vec<CacheMetric> {
    names
        .iter()
        .map(|name| CacheMetric::named(name).unwrap())
        .collect()
}

fn ids(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|id| id.as_str().unwrap()).collect()
}

#[test]
fn the_pairs_are_those_of_the_golden_figures_and_their_strata_are_large_enough() {
    let golden = golden();
    let found = Checksum::of_file(&in_checkout(PAIRS)).unwrap().sha256;
    assert_eq!(
        golden["pairs_sha256"],
        json!(found),
        "the pairs have changed: run the oracle again"
    );
    let pairs = pairs().pairs;
    let mut strata: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in &pairs {
        *strata.entry(&pair.metadata["stratum"]).or_default() += 1;
        assert_eq!(
            pair.same,
            pair.metadata["stratum"] == "paraphrase",
            "{}",
            pair.id
        );
    }
    assert!(pairs.len() >= 600 && strata.len() == 6, "{strata:?}");
    assert!(strata.values().all(|count| *count >= 100), "{strata:?}");
}

#[test]
fn the_split_is_that_of_the_oracle() {
    let golden = golden();
    let halves = Halves::of(&pairs(), &config(&|_| true).split).unwrap();
    let fit: BTreeSet<&str> = halves.fit.iter().map(|pair| pair.id.as_str()).collect();
    assert_eq!(fit, ids(&golden["fit"]));
}

#[test]
fn every_guard_refuses_the_pairs_that_it_refuses_in_python() {
    let golden = golden();
    for guard in [
        Guard::Numbers,
        Guard::Negation,
        Guard::Entities,
        Guard::Order,
    ] {
        let refused = ids(&golden["refused"][guard.name()]);
        assert!(refused.len() > 40, "{guard:?}");
        for pair in pairs().pairs {
            let mut cache = SemanticCache::new(Some(0.0), &[guard]);
            cache.insert(&pair.cached, &[1.0]);
            assert_eq!(
                cache.get(&pair.text, &[1.0]).is_none(),
                refused.contains(pair.id.as_str()),
                "{guard:?} {}: {} | {}",
                pair.id,
                pair.text,
                pair.cached
            );
        }
    }
}

/// Runs the variants whose names are `wanted`, and holds similarities (`column` of the golden ones), thresholds and hits by stratum against the
/// oracle's.
fn matches_the_oracle(wanted: &dyn Fn(&str) -> bool, column: usize, tolerance: f64) {
    let golden = golden();
    let config = config(wanted);
    let halves = Halves::of(&pairs(), &config.split).unwrap();
    let metrics = metrics(&["HitRate", "FalseHitRate"]);
    // A developer's cache of vectors is used where one is named.
    let remember = std::env::var_os("RAGKIT_CACHE").is_some();
    let system = CacheSystem::new(&halves, &config, &metrics, remember).unwrap();
    let batch: Vec<_> = halves.test.iter().collect();
    let outputs: Vec<Vec<Output>> = batch
        .chunks(100)
        .flat_map(|batch| system.run(batch))
        .collect();
    let mut furthest: f64 = 0.0;
    for (place, variant) in config.variants.iter().enumerate() {
        let expected = &golden["variants"][&variant.name];
        let mut hits: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for (pair, outputs) in halves.test.iter().zip(&outputs) {
            let output = &outputs[place];
            let scores = system.score(place, pair, output);
            let ([Some(hit), None] | [None, Some(hit)]) = scores[..] else {
                panic!("one of the two rates is about a pair: {scores:?}");
            };
            assert_eq!(scores[0].is_some(), pair.same);
            let counted = [1, u64::from(hit == 1.0)];
            let all = (!pair.same).then_some("different");
            for slice in all.into_iter().chain([pair.metadata["stratum"].as_str()]) {
                let sums = hits.entry(slice).or_default();
                *sums = [sums[0] + counted[0], sums[1] + counted[1]];
            }
            if let Some(nearest) = output.stages.iter().find(|stage| stage.aside) {
                for item in &nearest.items {
                    let known = golden["similarities"][&pair.id][column].as_f64().unwrap();
                    furthest = furthest.max((item.score - known).abs());
                }
            }
        }
        let hits: Value = hits
            .into_iter()
            .map(|(slice, [n, hits])| (slice.to_owned(), json!({"n": n, "hits": hits})))
            .collect();
        assert_eq!(hits, expected["test"], "{}", variant.name);
        let note = &system.notes()[place];
        if let Some(threshold) = expected["threshold"].as_f64() {
            let said = note.split("hits from ").nth(1).unwrap();
            let said: f64 = said.split(' ').next().unwrap().parse().unwrap();
            assert!((said - threshold).abs() < 1e-4, "{note}, not {threshold}");
        }
        if let Some(fit) = expected["fit"].as_object() {
            let (same, different) = (&fit["same"], &fit["different"]);
            let said = format!(
                "{} of {} with different answers and {} of {} with the same hit there",
                different[1], different[0], same[1], same[0]
            );
            assert!(note.contains(&said), "{note}: not {said}");
            let never = note.contains("hits never");
            assert_eq!(never, expected["threshold"].is_null(), "{note}");
        }
    }
    assert!(furthest < tolerance, "similarities differ by {furthest}");
}

#[test]
fn exact_and_letter_caches_hit_what_they_hit_by_scikit_learn() {
    matches_the_oracle(
        &|name| name == "exact" || name.starts_with("terms"),
        0,
        1e-5,
    );
}

#[test]
fn semantic_caches_hit_what_they_hit_by_sentence_transformers() {
    if model_folder().is_none() {
        return;
    }
    matches_the_oracle(&|name| name.starts_with("minilm"), 1, 1e-4);
}

#[test]
fn blocks_are_held_as_vllm_holds_them() {
    let Some(data) = data_folder() else {
        return;
    };
    let golden = &golden()["prefix"];
    let text = std::fs::read_to_string(data.join(golden["file"].as_str().unwrap())).unwrap();
    let requests: Vec<(u64, Vec<BlockKey>)> = text
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let keys = row["hash_ids"].as_array().unwrap().iter();
            let keys = keys.map(|key| BlockKey::from(key.as_u64().unwrap()));
            (row["input_length"].as_u64().unwrap(), keys.collect())
        })
        .collect();
    assert_eq!(golden["requests"], json!(requests.len()));
    for replay in golden["replays"].as_array().unwrap() {
        let capacity = replay["capacity"].as_u64();
        let capacity = capacity.map(|blocks| usize::try_from(blocks).unwrap().try_into().unwrap());
        let mut cache = PrefixCache::new(512.try_into().unwrap(), capacity);
        let (mut blocks, mut tokens) = (0, 0);
        for (length, keys) in &requests {
            let found = cache.account_blocks(keys) as u64;
            blocks += found;
            tokens += (512 * found).min(*length);
        }
        assert_eq!(
            (&replay["hit_blocks"], &replay["hit_tokens"]),
            (&json!(blocks), &json!(tokens)),
            "{replay}"
        );
    }
}

/// Eight questions in the cache, each with one that asks the same and three that do not: of another number, of nothing of the kind, and one that
/// is the next question in the cache.
fn small_pairs() -> String {
    let mut lines = String::new();
    for base in 0..8 {
        let of = |team: usize| format!("How many days off does team {team} get in spring?");
        for (kind, text, same) in [
            ("same", of(base).to_uppercase().replace('?', ""), true),
            ("number", of(base + 20), false),
            ("unrelated", format!("Where is canteen {base}?"), false),
            ("next", of((base + 1) % 8), false),
        ] {
            let pair = json!({
                "_id": format!("{kind}-{base}"),
                "text": text,
                "cached": of(base),
                "same": same,
                "metadata": {"kind": kind, "base": format!("b{base}")},
            });
            writeln!(lines, "{pair}").unwrap();
        }
    }
    lines
}

const SMALL: &str = r#"name = "small"
metrics = ["HitRate", "FalseHitRate", "WrongAnswerRate", "Correct"]
slices = ["kind"]
cluster = "base"
dataset.pairs.path = "pairs.jsonl"

[system.cache]
[[system.cache.variants]]
name = "exact"
cache.exact = {}
[[system.cache.variants]]
name = "terms"
cache.semantic = { embedder.terms = {}, threshold.fixed = 0.5 }
[[system.cache.variants]]
name = "guarded"
cache.semantic = { embedder.terms = { dim = 512 }, threshold.fixed = 0.5, guards = ["numbers"] }
"#;

fn sandbox(config: &str) -> Sandbox {
    Sandbox::new()
        .file("pairs.jsonl", small_pairs())
        .file("config.toml", config)
}

/// The means by variant and metric of all examples, in the order of `metrics`.
fn means(sandbox: &Sandbox) -> BTreeMap<String, Vec<f64>> {
    let shown = sandbox.ok("eval config.toml --format json");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let mut means: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in shown["summary"].as_array().unwrap() {
        if row["slice"] == "all" {
            let of_variant = means.entry(row["variant"].as_str().unwrap().to_owned());
            of_variant.or_default().push(row["mean"].as_f64().unwrap());
        }
    }
    means
}

#[test]
fn a_run_scores_what_is_taken_and_what_is_not() {
    // HitRate, FalseHitRate, WrongAnswerRate, Correct of the four clusters that are evaluated.
    let own = means(&sandbox(SMALL));
    assert_eq!(own["exact"], [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(own["terms"], [1.0, 2.0 / 3.0, 2.0 / 3.0, 0.5]);
    assert_eq!(own["guarded"], [1.0, 0.0, 0.0, 1.0]);
    // Where the cache holds all questions, the next one is found as itself, which its label says is not the answer.
    let config = SMALL.replace("[system.cache]\n", "[system.cache]\nholds = \"all\"\n");
    let all = means(&sandbox(&config));
    assert_eq!(all["exact"], [1.0, 1.0 / 3.0, 0.5, 0.75]);
    assert_eq!(all["terms"], own["terms"]);
    assert_eq!(all["guarded"], [1.0, 1.0 / 3.0, 0.5, 0.75]);
}

#[test]
fn a_fitted_threshold_keeps_its_promise_or_the_cache_never_hits() {
    let fitted = |most: &str| {
        let fixed = "embedder.terms = {}, threshold.fixed = 0.5";
        let config = SMALL.replace(
            fixed,
            &format!("embedder.terms = {{}}, threshold.fitted.max_false_hits = {most}"),
        );
        let sandbox = sandbox(&config);
        let shown = sandbox.ok("eval config.toml --variants terms");
        (means(&sandbox)["terms"].clone(), shown.stderr)
    };
    // Two of three different pairs differ in a number only and are as near as it gets.
    let (scores, said) = fitted("0.67");
    assert_eq!(scores[..2], [1.0, 2.0 / 3.0]);
    assert!(
        said.contains("8 of 12 with different answers and 4 of 4 with the same hit there"),
        "{said}"
    );
    let (scores, said) = fitted("0.0");
    assert_eq!(scores[1], 0.0);
    assert!(said.contains("0 of 12 with different answers"), "{said}");
}

#[test]
fn what_is_wrong_in_a_config_is_said() {
    let config = |from: &str, to: &str| {
        assert!(SMALL.contains(from));
        sandbox(&SMALL.replace(from, to))
    };
    let invalid = "`config.toml` is not a valid config: ";
    config("fixed = 0.5 }", "fixed = 1.5 }").fails(
        "eval config.toml",
        &format!(
            "{invalid}variant `terms`: `threshold.fixed = 1.5` must be a cosine, from -1 to 1"
        ),
    );
    config(
        "threshold.fixed = 0.5 }",
        "threshold.fitted.max_false_hits = -0.1 }",
    )
    .fails(
        "eval config.toml",
        &format!("{invalid}variant `terms`: `max_false_hits = -0.1` must be a share, from 0 to 1"),
    );
    config("[\"numbers\"]", "[\"numbers\", \"numbers\"]").fails(
        "eval config.toml",
        &format!("{invalid}variant `guarded`: `guards` names `numbers` twice"),
    );
    config("dim = 512", "dim = 0").fails(
        "eval config.toml",
        &format!("{invalid}variant `guarded`: `terms` with 0 dimensions: `dim` must be 1 to 16777216; leave it out for 4096"),
    );
    config("\"exact\"", "\"terms\"").fails(
        "eval config.toml",
        &format!("{invalid}two variants are called `terms`; give each its own name"),
    );
    config("[system.cache]", "[system.cache]\nsplit.by = \"topic\"").fails(
        "eval config.toml",
        "no pair has the field `topic` that `system.cache.split.by` names; the fields are `base`, `kind`",
    );
    config("embedder.terms = {},", "embedder.encoder.model = \"./none\",").fails(
        "eval config.toml",
        "variant `terms`: the model `./none` is not in `.`: put it there, or name another; words can be searched without it, or run the variants that need none: `--variants exact,guarded`",
    );
}

#[test]
fn what_is_wrong_in_the_pairs_is_said_with_its_line() {
    for (row, message) in [
        (
            json!({"_id": "x", "text": "A?", "cached": "B?"}),
            "no column `same`; a pair has `text`, `cached` and `same`",
        ),
        (
            json!({"_id": "x", "text": "A?", "same": true}),
            "no column `cached`; a pair has `text`, `cached` and `same`",
        ),
        (
            json!({"_id": "x", "text": "A?", "cached": "B?", "same": 1}),
            "`same` must be true or false, found 1",
        ),
        (
            json!({"_id": "x", "text": "A?", "cached": 7, "same": true}),
            "`cached` must be text, found a number",
        ),
        (
            json!({"_id": "x", "text": " ", "cached": "B?", "same": true}),
            "`text` is empty; a question has words",
        ),
        (
            json!({"_id": "same-0", "text": "A?", "cached": "B?", "same": true}),
            "the id `same-0` stands already in line 1; ids must be unique",
        ),
        (
            json!({"_id": "x", "text": "Where is canteen 0?", "cached": "How many days off does team 0 get in spring?", "same": true}),
            "`same` is true, and false for the same two questions in line 3; drop one of them",
        ),
    ] {
        sandbox(SMALL)
            .file("pairs.jsonl", format!("{}{row}\n", small_pairs()))
            .fails(
                "eval config.toml",
                &format!("`pairs.jsonl` line 33: {message}"),
            );
    }
    let only_same = small_pairs()
        .lines()
        .step_by(4)
        .fold(String::new(), |all, line| all + line + "\n");
    sandbox(SMALL).file("pairs.jsonl", only_same).fails(
        "eval config.toml",
        "`pairs.jsonl` has no pair with `same = false`; both kinds are needed, those that should be found and those that should not",
    );
}
