//! `ragkit compare` and `ragkit gate check`: each kind of run has its fixed verdict.

use ragkit::metrics::Better;
use serde_json::Value;

use crate::crafted::{Crafted, noise};
use crate::sandbox::{Sandbox, Shown};

pub const GATE: &str = r#"baseline = "kept"

[[rules]]
no_worse = { metric = "nDCG@10", min_effect = 0.01 }
"#;

/// What a test does to a run before it is written.
type Change = fn(&mut Crafted);

fn score(_: usize, place: usize) -> f64 {
    noise(place)
}

/// A run of 400 examples in `base`, another in `new`, changed as the test wants it, and a gate over them.
pub fn pair(change: impl FnOnce(&mut Crafted)) -> Sandbox {
    let sandbox = Sandbox::new().file("gate.toml", GATE);
    Crafted::new(&["a"], 400, score).write(&sandbox.path("base"));
    let mut new = Crafted::new(&["a"], 400, score);
    change(&mut new);
    new.write(&sandbox.path("new"));
    sandbox
}

fn check(sandbox: &Sandbox, more: &str) -> Shown {
    sandbox.run(&format!("gate check gate.toml new --baseline base {more}"))
}

/// Exit code, verdict, and why, of the first check that is not ok.
pub fn verdict(sandbox: &Sandbox, more: &str) -> (i32, String, String) {
    let shown = check(sandbox, &format!("--format json {more}"));
    let parsed: Value =
        serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{shown:#?}"));
    let checks = parsed["checks"].as_array().unwrap();
    let told = checks
        .iter()
        .find(|check| check["answer"] != "ok")
        .unwrap_or(&checks[0]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        shown.code.unwrap(),
        text(&parsed["answer"]),
        text(&told["because"]),
    )
}

pub fn lower(new: &mut Crafted, by: impl Fn(usize) -> f64) {
    for (place, example) in new.examples.iter_mut().enumerate() {
        example.scores[0][0] = example.scores[0][0].map(|value| value - by(place));
    }
}

#[test]
fn the_three_answers() {
    let same = pair(|_| {});
    assert_eq!(
        verdict(&same, ""),
        (0, "ok".into(), "the same on all 400 examples".into())
    );

    let worse = pair(|new| lower(new, |place| 0.2 * noise(place + 5000)));
    let (code, answer, because) = verdict(&worse, "");
    assert_eq!((code, answer.as_str()), (1, "regression"));
    assert!(
        because.starts_with("worse by 0.0968 (p = 0.0001 of 1 tests)"),
        "{because}"
    );

    let noisy = pair(|new| lower(new, |place| 1.0 * (noise(place + 5000) - 0.48)));
    let (code, answer, because) = verdict(&noisy, "");
    assert_eq!((code, answer.as_str()), (0, "inconclusive"), "{because}");
    assert!(
        because.contains("these examples show a drop of 0.04") && because.contains("takes about"),
        "{because}"
    );
    let strict = noisy.file("gate.toml", format!("on_inconclusive = \"fail\"\n{GATE}"));
    assert_eq!(verdict(&strict, "").0, 1);

    // A change too small to matter is shown to be that.
    let tiny = pair(|new| lower(new, |place| 0.002 * noise(place + 5000)));
    assert_eq!(
        verdict(&tiny, ""),
        (
            0,
            "ok".into(),
            "no drop of 0.01 or more (95 % interval)".into()
        )
    );
    // Better is no regression, however large.
    let better = pair(|new| lower(new, |place| -0.2 * noise(place + 5000)));
    assert_eq!(verdict(&better, "").0, 0);
    // And where lower is better, higher is the regression.
    let cost = Sandbox::new().file("gate.toml", GATE);
    for (name, change) in [("base", 0.0), ("new", 0.1)] {
        let mut run = Crafted::new(&["a"], 400, |_, place| {
            noise(place) + change * noise(place + 7000)
        });
        run.identity.metrics[0].better = Better::Lower;
        run.write(&cost.path(name));
    }
    assert_eq!(verdict(&cost, "").1, "regression");
}

#[test]
fn what_cannot_be_compared_is_said_and_is_no_success() {
    let cases: [(&str, Change, &str); 7] = [
        (
            "queries",
            |new| drop(new.examples.remove(7)),
            "examples only in the baseline: 1 (q00007), only in the candidate: none",
        ),
        (
            "k",
            |new| drop(new.identity.conditions.insert("k".into(), "100".into())),
            "`k` is 10 in the baseline, 100 in the candidate",
        ),
        (
            "corpus",
            |new| {
                new.identity
                    .conditions
                    .insert("corpus".into(), "decaf".into());
            },
            "`corpus` is c0ffee in the baseline, decaf in the candidate",
        ),
        (
            "queries",
            |new| drop(new.identity.conditions.remove("queries")),
            "`queries` is beef in the baseline, not recorded in the candidate",
        ),
        (
            "judge",
            |new| new.identity.metrics[0].judge = Some("judge-2".into()),
            "`nDCG@10` was judged by nobody in the baseline, by judge-2 in the candidate",
        ),
        (
            "convention",
            |new| new.identity.metrics[0].convention = "exponential gain".into(),
            "`nDCG@10` is not the same measure",
        ),
        (
            "convention",
            |new| new.identity.metrics[0].better = Better::Lower,
            "`nDCG@10` is not the same measure",
        ),
    ];
    for (name, change, message) in cases {
        let sandbox = pair(change);
        let (code, answer, because) = verdict(&sandbox, "");
        assert_eq!((code, answer.as_str()), (2, "cannot_compare"), "{name}");
        assert!(
            because.contains(message) && because.ends_with(&format!("`--waive {name}`")),
            "{because}"
        );
        assert_eq!(
            verdict(&sandbox, &format!("--waive {name}")).0,
            0,
            "{name}, waived"
        );
        // `compare` says the same.
        let shown = sandbox.run("compare base new");
        assert_eq!(shown.code, Some(2), "{shown:#?}");
        assert!(shown.stderr.contains(message), "{}", shown.stderr);
        sandbox.ok(&format!("compare base new --waive {name}"));
        // A waiver in the gate file is shown with its reason.
        let gate = format!("waive.{name} = \"on purpose\"\n{GATE}");
        let shown = check(&sandbox.file("gate.toml", gate), "");
        assert!(
            shown.code == Some(0) && shown.stdout.contains("(on purpose)"),
            "{shown:#?}"
        );
    }
    let dropped = pair(|new| drop(new.examples.remove(7)));
    let shown = check(&dropped, "--waive queries");
    assert!(
        shown
            .stdout
            .contains("left out, being on one side only: q00007"),
        "{}",
        shown.stdout
    );
}

#[test]
fn broken_runs_have_their_verdicts() {
    let nan = pair(|new| new.examples[3].scores[0][0] = Some(f64::NAN));
    let (code, _, because) = verdict(&nan, "");
    assert!(
        code == 2 && because.contains("example `q00003`: its `nDCG@10` is no finite number"),
        "{because}"
    );

    let twice = pair(|new| new.examples[4].id = "q00003".to_owned());
    let (code, _, because) = verdict(&twice, "");
    assert!(
        code == 2 && because.contains("example `q00003` is there twice"),
        "{because}"
    );

    let empty = pair(|new| new.examples.clear());
    let (code, answer, because) = verdict(&empty, "");
    assert_eq!(
        (code, answer.as_str(), because.as_str()),
        (
            1,
            "regression",
            "the run has no example: nothing was evaluated"
        )
    );

    let failed = pair(|new| {
        for example in &mut new.examples {
            example.outputs[0].error = Some("the server is down".to_owned());
            example.scores[0][0] = Some(0.0);
        }
    });
    let (code, _, because) = verdict(&failed, "");
    assert_eq!(
        (code, because.as_str()),
        (1, "all 400 examples ended in an error")
    );

    let other = pair(|new| new.identity.variants[0] = "b".to_owned());
    assert_eq!(verdict(&other, "").0, 2, "no such variant in the baseline");

    let sandbox = pair(|_| {});
    let shown = sandbox.run("gate check gate.toml new");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown
            .stdout
            .contains("there is no baseline: give one with `--baseline RUN`"),
        "{}",
        shown.stdout
    );
    sandbox.fails(
        "gate check gate.toml nowhere",
        "there is no run directory `nowhere`",
    );
    std::fs::write(sandbox.path("new/examples.parquet"), "PAR1 and no more").unwrap();
    let (code, _, because) = verdict(&sandbox, "");
    assert!(
        code == 2 && because.contains("is not readable as Parquet"),
        "{because}"
    );
}

#[test]
fn a_gate_with_a_mistake_points_at_it() {
    let cases = [
        (
            "rules = []",
            "`gate.toml` is not a valid gate: it has no rule, so nothing could break it",
        ),
        (
            "[[rules]]\nno_worse = { metric = \"RR\", min_effect = -1.0 }",
            "`gate.toml` is not a valid gate: line 1: `min_effect` must be a number from 0",
        ),
        (
            "waive.everything = \"\"\n[[rules]]\ncompleteness = { min = 1.0 }",
            "`gate.toml` is not a valid gate: `everything` is nothing that can be waived; there are corpus, queries, k, convention, judge, clusters, slices, hardware, values, errors",
        ),
        (
            "[[rules]]\nratio = { metric = \"nDCG@10\", variant = \"a\", to = \"b\", max = 1.0 }",
            "`gate.toml` is not a valid gate: line 1: `ratio` compares latencies: latency_p50_ms, latency_p95_ms or latency_p99_ms, not `nDCG@10`",
        ),
    ];
    for (text, message) in cases {
        let sandbox = pair(|_| {}).file("gate.toml", text);
        sandbox.fails("gate check gate.toml new", message);
    }
    let typo = pair(|_| {}).file("gate.toml", "[[rules]]\nno_worse = { metrik = \"RR\" }");
    let shown = typo.run("gate check gate.toml new");
    assert!(
        shown.code == Some(2)
            && shown.stderr.contains("2 | no_worse = { metrik")
            && shown.stderr.contains("unknown field `metrik`"),
        "{}",
        shown.stderr
    );
}

#[test]
fn floors_and_completeness() {
    let with = |rule: &str, change: Change| {
        let sandbox = pair(change).file("gate.toml", format!("[[rules]]\n{rule}\n"));
        verdict(&sandbox, "")
    };
    let floor = |value: f64| {
        with(
            &format!("floor = {{ metric = \"ndcg@10\", value = {value} }}"),
            |_| {},
        )
    };
    // The mean is .49, its interval [.46, .52].
    assert_eq!((floor(0.45).0, floor(0.45).1.as_str()), (0, "ok"));
    assert_eq!((floor(0.49).0, floor(0.49).1.as_str()), (0, "inconclusive"));
    assert_eq!((floor(0.55).0, floor(0.55).1.as_str()), (1, "regression"));
    let ceiling = with("ceiling = { metric = \"nDCG@10\", value = 0.4 }", |_| {});
    assert_eq!(ceiling.0, 1);
    assert_eq!(
        with(
            "ceiling = { metric = \"latency_p95_ms\", value = 2.5 }",
            |_| {}
        )
        .0,
        0,
        "two stages of 1 ms"
    );
    assert_eq!(
        with(
            "ceiling = { metric = \"latency_p95_ms\", value = 1.5 }",
            |_| {}
        )
        .0,
        1
    );
    assert_eq!(
        with(
            "ceiling = { metric = \"latency_p95_ms\", value = 1.5, stage = \"fuse\" }",
            |_| {}
        )
        .0,
        0
    );
    assert_eq!(
        with(
            "ceiling = { metric = \"latency_p95_ms\", value = 1.5, stage = \"rerank\" }",
            |_| {}
        )
        .0,
        2
    );
    assert_eq!(
        with("floor = { metric = \"faithfulness\", value = 0.5 }", |_| {}).0,
        2
    );

    let few_fail: Change = |new| {
        for example in &mut new.examples[..6] {
            example.outputs[0].error = Some("timeout".to_owned());
        }
    };
    assert_eq!(
        with("completeness = { min = 0.99 }", few_fail).2,
        "394 of 400 examples, wanted 0.99 of them"
    );
    assert_eq!(with("completeness = { min = 0.99 }", few_fail).0, 1);
    assert_eq!(with("completeness = { min = 0.98 }", few_fail).0, 0);
    let no_value: Change = |new| {
        new.examples[..6]
            .iter_mut()
            .for_each(|example| example.scores[0][0] = None);
    };
    assert_eq!(
        with(
            "completeness = { min = 0.99, metric = \"nDCG@10\" }",
            no_value
        )
        .0,
        1
    );
}

/// Values that are all equal have no bootstrap interval; successes have an exact one.
#[test]
fn a_floor_under_equal_values() {
    let sandbox = Sandbox::new().file(
        "gate.toml",
        "[[rules]]\nfloor = { metric = \"nDCG@10\", value = 0.9 }\n",
    );
    for (count, expected) in [(400, "ok"), (10, "inconclusive")] {
        Crafted::new(&["a"], count, |_, _| 1.0).write(&sandbox.path(&format!("new{count}")));
        let shown = sandbox.run(&format!("gate check gate.toml new{count} --format json"));
        let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(parsed["answer"], expected, "{count} successes");
    }
}

#[test]
fn nothing_in_a_verdict_depends_on_order_or_threads() {
    let vary = |run: &mut Crafted| {
        for (place, example) in run.examples.iter_mut().enumerate() {
            example.outputs[0].stages[0].latency_ms = 4.0 + noise(place);
        }
    };
    let (one, other) = (
        pair(|new| {
            lower(new, |place| 0.05 * (noise(place + 9) - 0.3));
            vary(new);
        }),
        pair(|new| {
            lower(new, |place| 0.05 * (noise(place + 9) - 0.3));
            vary(new);
            new.examples.reverse();
        }),
    );
    // Timings and lists stand in the order of the examples too.
    let ceiling = "[[rules]]\nceiling = { metric = \"latency_p95_ms\", value = 5.0 }\n";
    let rules = format!("{GATE}\n{ceiling}");
    let (one, other) = (
        one.file("gate.toml", &rules),
        other.file("gate.toml", &rules),
    );
    let text =
        |sandbox: &Sandbox, more: &str| check(sandbox, &format!("--format json {more}")).stdout;
    assert_eq!(text(&one, "--threads 1"), text(&other, "--threads 2"));
    let compared = |sandbox: &Sandbox, more: &str| {
        sandbox
            .ok(&format!("compare base new --format json {more}"))
            .stdout
    };
    assert_eq!(
        compared(&one, "--threads 1"),
        compared(&other, "--threads 2")
    );
}

#[test]
fn the_stage_at_which_two_runs_part_is_found() {
    // The scores below ½ come with another order after `fuse`; `retrieve` is the same everywhere.
    let sandbox = Sandbox::new();
    Crafted::new(&["a"], 100, |_, _| 0.9).write(&sandbox.path("base"));
    Crafted::new(&["a"], 100, |_, place| if place < 30 { 0.2 } else { 0.9 })
        .write(&sandbox.path("new"));
    let shown = sandbox.ok("compare base new --format json --examples 2");
    let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
    let pair = &parsed["pairs"][0];
    assert_eq!(pair["partings"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &pair["partings"][0]["stage"],
            &pair["partings"][0]["losses"]
        ),
        (&"fuse".into(), &30.into())
    );
    let lost = &pair["regressed"][0];
    assert_eq!(
        (&lost["example_id"], &lost["parts_at"]),
        (&"q00000".into(), &"fuse".into())
    );
    assert_eq!(
        lost["candidate_lists"][1]["items"][0],
        serde_json::json!({ "rank": 1, "item": "d2", "grade": null })
    );
    assert_eq!(
        lost["candidate_lists"][1]["items"][1],
        serde_json::json!({ "rank": 2, "item": "d1", "grade": 1 })
    );
    let table = sandbox.ok("compare base new --examples 1").stdout;
    assert!(
        table.contains("q00000: nDCG@10 0.9000 → 0.2000 (-0.7000), first differs at fuse"),
        "{table}"
    );
    assert!(table.contains("d1 (grade 1)"), "{table}");
}
