//! Ways in which a gate once passed though it should not have, and in which honest users were refused.

use ragkit::metrics::Better;
use serde_json::Value;

use crate::crafted::{Crafted, noise};
use crate::gate::{GATE, lower, pair, verdict};
use crate::sandbox::Sandbox;

fn clustered(run: &mut Crafted, of: impl Fn(usize) -> usize) {
    run.identity.cluster = Some("document".to_owned());
    for (place, example) in run.examples.iter_mut().enumerate() {
        example.cluster = Some(format!("c{}", of(place)));
    }
}

/// Two runs of 400 examples, both in the clusters, the second worse by a drop that differs from example to example.
fn clusters(of: impl Fn(usize) -> usize + Copy, drop: f64) -> Sandbox {
    let sandbox = Sandbox::new().file("gate.toml", GATE);
    for (name, drop) in [("base", 0.0), ("new", drop)] {
        let mut run = Crafted::new(&["a"], 400, |_, place| noise(place));
        lower(&mut run, |place| drop * noise(place + 99));
        clustered(&mut run, of);
        run.write(&sandbox.path(name));
    }
    sandbox
}

#[test]
fn few_clusters_can_decide_nothing_and_say_so() {
    for of in [|_| 0, |place: usize| place % 5] {
        let (code, _, because) = verdict(&clusters(of, 0.5), "");
        assert!(
            code == 2
                && because.contains("clusters can never show a drop at level 0.05: 6 are needed"),
            "{because}"
        );
    }
    let (code, _, because) = verdict(&clusters(|place| place % 40, 0.5), "");
    assert!(
        code == 1 && because.starts_with("worse by 0.2"),
        "{because}"
    );
    // Two clusters of equal means, in which examples differ: no interval, and no exact one either.
    let floor = "[[rules]]\nfloor = { metric = \"nDCG@10\", value = 0.9 }\n";
    let sandbox = Sandbox::new().file("gate.toml", floor);
    let mut run = Crafted::new(&["a"], 400, |_, place| f64::from(u8::from(place % 4 < 2)));
    clustered(&mut run, |place| place % 2);
    run.write(&sandbox.path("new"));
    let shown = sandbox.run("gate check gate.toml new");
    assert!(
        shown.stdout.contains("0.5000: 2 clusters give no interval"),
        "{}",
        shown.stdout
    );
}

#[test]
fn other_clusters_and_other_slices_are_other_conditions() {
    let sandbox = pair(|new| clustered(new, |place| place % 40));
    let (code, _, because) = verdict(&sandbox, "");
    assert!(
        code == 2
            && because.contains(
                "not clustered alike: by none in the baseline, by `document` in the candidate"
            ),
        "{because}"
    );
    let relabelled = pair(|new| {
        new.examples
            .iter_mut()
            .for_each(|example| example.slices = vec!["kind=long".to_owned()]);
    });
    let (code, _, because) = verdict(&relabelled, "");
    assert!(
        code == 2
            && because.contains("slice `kind=long` does not have the same examples on both sides"),
        "{because}"
    );
}

/// 600 tests in one family: the smallest p-value must still survive its adjustment.
#[test]
fn a_large_family_still_finds_a_collapse() {
    let rule =
        "[[rules]]\nno_worse = { metric = \"nDCG@10\", min_effect = 0.01, slices = [\"topic\"] }\n";
    let sandbox = Sandbox::new().file("gate.toml", rule);
    for (name, scale) in [("base", 1.0), ("new", 0.1)] {
        let mut run = Crafted::new(&["a"], 12_000, |_, place| noise(place) * scale);
        for (place, example) in run.examples.iter_mut().enumerate() {
            example.slices = vec![format!("topic={}", place % 600)];
        }
        run.write(&sandbox.path(name));
    }
    let shown = sandbox.run("gate check gate.toml new --baseline base --format json");
    let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
    let checks = parsed["checks"].as_array().unwrap();
    let fallen = checks
        .iter()
        .filter(|check| check["answer"] == "regression")
        .count();
    assert!(
        parsed["family"] == 601 && fallen > 590,
        "{fallen} of {}",
        parsed["family"]
    );
}

#[test]
fn a_baseline_of_errors_is_no_measure() {
    let sandbox = pair(|_| {});
    let fail = |count: usize| {
        let mut base = Crafted::new(&["a"], 400, |_, place| noise(place));
        for example in &mut base.examples[..count] {
            example.outputs[0].error = Some("down".to_owned());
            example.scores[0][0] = Some(0.0);
        }
        base.write(&sandbox.path("base"));
        verdict(&sandbox, "")
    };
    let (code, _, because) = fail(300);
    assert!(
        code == 2 && because.starts_with("300 of 400 examples of the baseline ended in an error"),
        "{because}"
    );
    assert_eq!(fail(2).0, 0);
    fail(400);
    let shown = sandbox.run("gate promote gate.toml base --reason x");
    assert!(
        shown.code == Some(2) && shown.stderr.contains("this run is no baseline"),
        "{}",
        shown.stderr
    );
    // Where less is better, an error would be the best value.
    let rule = "[[rules]]\nceiling = { metric = \"nDCG@10\", value = 0.9 }\n";
    let cost = pair(|new| {
        new.identity.metrics[0].better = Better::Lower;
        new.examples[0].outputs[0].error = Some("down".to_owned());
    })
    .file("gate.toml", rule);
    let (code, _, because) = verdict(&cost, "");
    assert!(
        code == 2
            && because.starts_with("1 examples ended in an error and count as 0, the best value"),
        "{because}"
    );
}

#[test]
fn a_run_that_lost_rows_is_not_whole() {
    let rule = "[[rules]]\ncompleteness = { min = 1.0 }\n";
    let sandbox = pair(|_| {}).file("gate.toml", rule);
    let manifest = String::from_utf8(sandbox.read("new/manifest.json")).unwrap();
    let sandbox = sandbox.file(
        "new/manifest.json",
        manifest.replace("\"examples\": 400", "\"examples\": 500"),
    );
    let (code, _, because) = verdict(&sandbox, "");
    assert!(
        code == 2 && because.contains("has 400 examples of variant `a`, its manifest says 500"),
        "{because}"
    );
    sandbox.fails(
        "gate check gate.toml base --baseline base",
        "a run is no worse than itself: `base` is given as run and as baseline",
    );
}

#[test]
fn a_new_variant_is_promoted_with_a_reason() {
    let sandbox = Sandbox::new().file("gate.toml", GATE);
    Crafted::new(&["a"], 400, |_, place| noise(place)).write(&sandbox.path("one"));
    Crafted::new(&["a", "b"], 400, |_, place| noise(place)).write(&sandbox.path("two"));
    sandbox.ok("gate promote gate.toml one");
    let shown = sandbox.run("gate promote gate.toml two");
    assert!(
        shown.code == Some(2)
            && shown.stderr.contains(
                "of b on all cannot be compared: baseline: `kept/v0001` has no variant `b`"
            ),
        "{}",
        shown.stderr
    );
    sandbox.ok("gate promote gate.toml two --reason second-variant");
    sandbox.ok("gate check gate.toml one:a");
    // What a killed promotion left is no version, and stands in nobody's way.
    std::fs::create_dir(sandbox.path("kept/v0003")).unwrap();
    let better = |name: &str| {
        let run = Crafted::new(&["a", "b"], 400, |_, place| {
            noise(place) + 0.1 * noise(place + 5)
        });
        run.write(&sandbox.path(name));
    };
    better("three");
    let shown = sandbox.ok("gate promote gate.toml three");
    assert_eq!(shown.stdout.trim_end(), "kept/v0004");
    let ledger = String::from_utf8(sandbox.read("kept/ledger.jsonl")).unwrap();
    let torn = sandbox.file(
        "kept/ledger.jsonl",
        format!("{ledger}{{\"version\":5,\"prom"),
    );
    torn.ok("gate check gate.toml three --baseline two");
    let shown = torn.run("gate check gate.toml two:a");
    assert!(
        shown.stdout.contains("baseline  kept/v0004"),
        "{}",
        shown.stdout
    );
    let without = ledger.replace("\"files\":{", "\"files\":{}, \"gone\":{");
    let shown = torn
        .file("kept/ledger.jsonl", without)
        .run("gate check gate.toml two");
    assert_eq!(shown.code, Some(2), "{shown:#?}");
}

#[test]
fn what_a_run_is_called_cannot_break_its_table() {
    let sandbox = pair(|new| new.examples[0].id = "<img src=x>\n## pwn".to_owned());
    let shown =
        sandbox.run("gate check gate.toml new --baseline base --format markdown --waive queries");
    assert!(
        !shown.stdout.contains("\n## pwn") && !shown.stdout.contains("<img"),
        "{}",
        shown.stdout
    );
}

/// A p99 of 100 answers has no upper bound, and can be too slow all the same.
#[test]
fn a_slow_tail_is_found_in_a_small_sample() {
    let at = |milliseconds: f64| {
        let rule = "[[rules]]\nceiling = { metric = \"latency_p99_ms\", value = 5.0 }\n";
        let sandbox = pair(|new| {
            new.examples.truncate(100);
            for stage in new
                .examples
                .iter_mut()
                .flat_map(|example| &mut example.outputs[0].stages)
            {
                stage.latency_ms = milliseconds;
            }
        });
        verdict(&sandbox.file("gate.toml", rule), "")
    };
    assert_eq!((at(500.0).0, at(500.0).1.as_str()), (1, "regression"));
    assert_eq!((at(1.0).0, at(1.0).1.as_str()), (0, "inconclusive"));
}

/// Answers of one call are one observation: 400 examples in five batches tell little.
#[test]
fn a_shared_call_is_one_observation() {
    let rule = "[[rules]]\nceiling = { metric = \"latency_p50_ms\", value = 2.5 }\n";
    let batched = |batches: usize| {
        let sandbox = pair(|new| {
            for (place, example) in new.examples.iter_mut().enumerate() {
                let batch = place % batches;
                example.outputs[0].batch = u32::try_from(batch).unwrap();
                for stage in &mut example.outputs[0].stages {
                    stage.batch_size = 32;
                    stage.latency_ms = 0.5 + noise(batch);
                }
            }
        });
        verdict(&sandbox.file("gate.toml", rule), "")
    };
    assert_eq!(batched(5).1, "inconclusive");
    assert!(
        batched(5).2.contains("5 batches give no interval"),
        "{}",
        batched(5).2
    );
    assert_eq!(batched(50).1, "ok", "{}", batched(50).2);
}

#[test]
fn a_ratio_without_its_variant_is_no_success() {
    let rule = "noise = \"noise.json\"\n[[rules]]\nratio = { metric = \"latency_p50_ms\", variant = \"b\", to = \"a\", max = 1.1 }\n";
    let sandbox = Sandbox::new().file("gate.toml", rule);
    let timed = |name: &str, variants: &[&str], latency: f64| {
        let run = Crafted::new(variants, 100, |_, place| noise(place));
        run.timed(|_, place, call| latency * (1.0 + 0.1 * noise(place + call as usize)))
            .write(&sandbox.path(name));
    };
    timed("both", &["a", "b"], 1.0);
    timed("one", &["a"], 1.0);
    timed("negative", &["a", "b"], -1.0);
    sandbox.ok("gate calibrate gate.toml both");
    assert_eq!(sandbox.run("gate check gate.toml both").code, Some(0));
    for (name, message) in [
        ("one", "the run has no variant `b`; it has a"),
        ("negative", "is no number from 0"),
    ] {
        let shown = sandbox.run(&format!("gate check gate.toml {name}"));
        assert!(
            shown.code == Some(2) && shown.stdout.contains(message),
            "{shown:#?}"
        );
    }
}
