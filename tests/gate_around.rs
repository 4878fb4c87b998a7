//! What stands around a verdict: judges, baselines, formats, latency, clusters.

use serde_json::Value;

use crate::crafted::{Crafted, noise};
use crate::gate::{GATE, lower, pair, verdict};
use crate::sandbox::Sandbox;

/// A judge asked three times that disagrees with itself: a drop within its noise is no regression.
#[test]
fn a_drop_within_the_noise_of_the_judge_is_no_regression() {
    use polars::prelude::{Column, DataFrame, ParquetWriter};
    let judged = |sandbox: &Sandbox, name: &str, drop: f64| {
        let mut run = Crafted::new(&["a"], 400, |_, _| 0.5);
        run.identity.metrics[0].judge = Some("judge-1".to_owned());
        lower(&mut run, |place| drop * (0.5 + noise(place + 77)));
        let run = run.write(&sandbox.path(name));
        let rows = run
            .examples
            .iter()
            .enumerate()
            .flat_map(|(place, example)| {
                let value = example.scores[0][0].unwrap();
                [-0.4, 0.0, 0.4]
                    .map(|d| (example.id.clone(), value + d * (1.0 + 0.1 * noise(place))))
            });
        let (ids, values): (Vec<String>, Vec<f64>) = rows.unzip();
        let same = |text: &'static str| vec![text; ids.len()];
        let columns = vec![
            Column::new("variant".into(), same("a")),
            Column::new("metric".into(), same("nDCG@10")),
            Column::new("value".into(), &values),
            Column::new("example_id".into(), &ids),
        ];
        let mut frame = DataFrame::new(ids.len(), columns).unwrap();
        let file =
            std::fs::File::create(sandbox.path(&format!("{name}/judgements.parquet"))).unwrap();
        ParquetWriter::new(file).finish(&mut frame).unwrap();
    };
    for (drop, expected) in [(0.02, "inconclusive"), (0.2, "regression")] {
        let sandbox = Sandbox::new().file("gate.toml", GATE);
        judged(&sandbox, "base", 0.0);
        judged(&sandbox, "new", drop);
        let (_, answer, because) = verdict(&sandbox, "");
        assert_eq!(answer, expected, "{because}");
        let table = sandbox.ok("compare base new").stdout;
        assert!(table.contains("(800 of 800 flip)"), "{table}");
    }
}

#[test]
fn promoted_baselines_never_change_and_are_lowered_with_a_reason_only() {
    let sandbox = pair(|new| lower(new, |place| 0.001 * noise(place + 5)));
    sandbox.ok("gate promote gate.toml base");
    let ledger = String::from_utf8(sandbox.read("kept/ledger.jsonl")).unwrap();
    assert!(
        ledger.contains("\"version\":1") && !ledger.contains("reason"),
        "{ledger}"
    );
    assert_eq!(sandbox.run("gate check gate.toml new").code, Some(0));
    let shown = sandbox.run("gate promote gate.toml new");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown.stderr.contains(
            "this run would lower the baseline: nDCG@10 of a on all: 0.490664 → 0.490175"
        ),
        "{}",
        shown.stderr
    );
    let mut command = sandbox.command("gate promote gate.toml new --reason");
    assert!(
        command
            .arg("the labels were mended")
            .status()
            .unwrap()
            .success()
    );
    let ledger = String::from_utf8(sandbox.read("kept/ledger.jsonl")).unwrap();
    assert!(
        ledger.lines().count() == 2
            && ledger.contains("the labels were mended")
            && ledger.contains("lowered"),
        "{ledger}"
    );
    assert!(
        sandbox.path("kept/v0001/examples.parquet").exists()
            && !sandbox.path("kept/v0002/results.parquet").exists()
    );
    // A better run needs no reason.
    sandbox.ok("gate promote gate.toml base");
    std::fs::copy(
        sandbox.path("new/examples.parquet"),
        sandbox.path("kept/v0003/examples.parquet"),
    )
    .unwrap();
    let shown = sandbox.run("gate check gate.toml new");
    assert!(
        shown.code == Some(2)
            && shown
                .stderr
                .contains("is not as it was when it was promoted"),
        "{shown:#?}"
    );
}

#[test]
fn every_format_of_a_verdict() {
    let sandbox = pair(|new| lower(new, |place| 0.2 * noise(place + 5000)));
    let summary = sandbox.path("summary.md");
    let mut command = sandbox.command("gate check gate.toml new --baseline base --format github --junit j.xml --markdown m.md --json v.json");
    let output = command
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("::error file=gate.toml,line=3,title=ragkit gate%3A no_worse::REGRESSION: nDCG@10 of a, 0.4"), "{text}");
    for markdown in [
        std::fs::read_to_string(&summary).unwrap(),
        String::from_utf8(sandbox.read("m.md")).unwrap(),
    ] {
        assert!(
            markdown.starts_with("### gate gate.toml: failed (1 regression)"),
            "{markdown}"
        );
        assert!(
            markdown.contains("| REGRESSION | no_worse | a       | nDCG@10 |"),
            "{markdown}"
        );
    }
    let junit = String::from_utf8(sandbox.read("j.xml")).unwrap();
    assert!(
        junit.contains("tests=\"1\"")
            && junit.contains("failures=\"1\"")
            && junit.contains("<failure message=\"REGRESSION: nDCG@10 of a, "),
        "{junit}"
    );
    let json: Value = serde_json::from_slice(&sandbox.read("v.json")).unwrap();
    assert_eq!(
        (&json["exit_code"], &json["family"]),
        (&1.into(), &1.into())
    );
}

const RATIO: &str = r#"noise = "noise.json"

[[rules]]
ratio = { metric = "latency_p50_ms", variant = "b", to = "a", max = 1.10 }
"#;

fn timed(sandbox: &Sandbox, name: &str, factor: f64) {
    let run = Crafted::new(&["a", "b"], 200, |_, place| noise(place));
    let latency = |variant: usize, place: usize, call: u32| {
        let jitter = noise(place * 10 + variant * 4 + call as usize);
        (1.0 + 0.3 * jitter) * if variant == 1 { factor } else { 1.0 }
    };
    run.timed(latency).write(&sandbox.path(name));
}

#[test]
fn a_ratio_needs_alternated_variants_and_measured_noise() {
    let sandbox = Sandbox::new().file("gate.toml", RATIO);
    timed(&sandbox, "same", 1.0);
    timed(&sandbox, "slow", 1.4);
    Crafted::new(&["a", "b"], 200, |_, place| noise(place)).write(&sandbox.path("together"));
    let answer = |run: &str| {
        let shown = sandbox.run(&format!("gate check gate.toml {run} --format json"));
        let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
        (
            shown.code.unwrap(),
            parsed["checks"][0]["because"].as_str().unwrap().to_owned(),
        )
    };
    assert!(
        answer("together")
            .1
            .contains("not timed in turns; make the run with `ragkit eval --interleave`")
    );
    assert_eq!(answer("together").0, 2);
    let (code, because) = answer("same");
    assert!(
        code == 2 && because.contains("the noise of this machine"),
        "{because}"
    );
    let shown = sandbox.ok("gate calibrate gate.toml same");
    let noise: Value = serde_json::from_str(&shown.stdout).unwrap();
    let of = noise["linux-x86_64, 2 processors, 2 threads, cpu"][0]["ratio"]
        .as_f64()
        .unwrap();
    assert!((1.0..1.1).contains(&of), "{noise}");
    assert_eq!(answer("same").0, 0, "{}", answer("same").1);
    let (code, because) = answer("slow");
    assert!(code == 1 && because.starts_with("1.4"), "{because}");
    let (code, _) = answer("together");
    assert_eq!(code, 2);
}

/// A run that alternates its variants records every call, and finds what another run finds.
#[test]
fn eval_alternates_variants() {
    let sandbox = Sandbox::with_dataset();
    let run = |more: &str| {
        let shown = sandbox.ok(&format!("eval config.toml --format json {more}"));
        let result: Value = serde_json::from_str(&shown.stdout).unwrap();
        (
            result["run"].as_str().unwrap().to_owned(),
            result["summary"].clone(),
        )
    };
    let ((together, one), (alternated, other)) = (run(""), run("--interleave=3"));
    assert_eq!(one, other);
    let gate = "[[rules]]\nratio = { metric = \"latency_p95_ms\", variant = \"hybrid\", to = \"bm25\", max = 2.0 }\n";
    let sandbox = sandbox.file("gate.toml", gate);
    let shown = sandbox.run(&format!("gate check gate.toml {together}"));
    assert!(
        shown.stdout.contains("not timed in turns"),
        "{}",
        shown.stdout
    );
    let shown = sandbox.run(&format!("gate check gate.toml {alternated}"));
    assert!(
        shown.stdout.contains("the noise of this machine"),
        "{}",
        shown.stdout
    );
    // Five queries in batches of two, three rounds, two calls a round: every variant is timed 6 times on every query.
    let timings = polars_rows(&sandbox.path(&format!("{alternated}/timings.parquet")));
    assert_eq!(timings, 5 * 6 * (1 + 2 + 4));
}

fn polars_rows(path: &std::path::Path) -> usize {
    use polars::prelude::{ParquetReader, SerReader};
    ParquetReader::new(std::fs::File::open(path).unwrap())
        .finish()
        .unwrap()
        .height()
}

/// Clusters come from the config, and change the interval.
#[test]
fn clusters_come_from_the_config() {
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("eval config.toml");
    let clustered = crate::sandbox::CONFIG.replace("slices =", "cluster = \"kind\"\nslices =");
    let sandbox = sandbox.file("config.toml", clustered);
    let run = sandbox.ok("eval config.toml --format json").stdout;
    let run: Value = serde_json::from_str(&run).unwrap();
    let run = run["run"].as_str().unwrap();
    let shown = sandbox.ok(&format!("compare {run}:bm25 {run}:hybrid --format json"));
    let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        (
            &parsed["differences"][0]["n"],
            &parsed["differences"][0]["clusters"]
        ),
        (&5.into(), &2.into())
    );
}

/// What would let a drop hide: values on one side only, slices that are not there, variants that are gone.
#[test]
fn nothing_hides_a_drop() {
    let gone = pair(|new| {
        for example in &mut new.examples[..40] {
            example.scores[0][0] = None;
        }
    });
    let (code, _, because) = verdict(&gone, "");
    assert!(
        code == 2 && because.starts_with("40 examples have a value on one side only"),
        "{because}"
    );
    assert_eq!(verdict(&gone, "--waive values").0, 0);

    let rule = "no_worse = { metric = \"nDCG@10\", min_effect = 0.01, slices = [\"language\"] }";
    let unknown = pair(|_| {}).file("gate.toml", format!("[[rules]]\n{rule}\n"));
    let (code, _, because) = verdict(&unknown, "");
    assert_eq!(
        (code, because.as_str()),
        (2, "the run has no slices by `language`; it has kind")
    );
    let shown = unknown.run("compare base new --slices language");
    assert!(
        shown.code == Some(2) && shown.stderr.contains("no slices by `language`"),
        "{shown:#?}"
    );

    let sandbox = Sandbox::new().file("gate.toml", GATE);
    Crafted::new(&["a", "b"], 400, |_, place| noise(place)).write(&sandbox.path("base"));
    Crafted::new(&["a"], 400, |_, place| noise(place)).write(&sandbox.path("new"));
    let (code, _, because) = verdict(&sandbox, "");
    assert_eq!(
        (code, because.as_str()),
        (2, "the run has no such variant; it has a")
    );
    let narrowed = sandbox.run("gate check gate.toml new:a --baseline base");
    assert_eq!(narrowed.code, Some(0), "{narrowed:#?}");
}

/// Each rule keeps its own `min_effect`, on whatever line it stands.
#[test]
fn rules_on_one_line_are_two_rules() {
    let rule =
        |effect: f64| format!("{{ no_worse = {{ metric = \"nDCG@10\", min_effect = {effect} }} }}");
    let text = format!("rules = [{}, {}]", rule(0.5), rule(0.01));
    let sandbox = pair(|new| lower(new, |place| 0.2 * noise(place + 5000))).file("gate.toml", text);
    let shown = sandbox.run("gate check gate.toml new --baseline base --format json");
    let parsed: Value = serde_json::from_str(&shown.stdout).unwrap();
    let answers: Vec<&Value> = parsed["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| &check["answer"])
        .collect();
    assert_eq!(answers, ["ok", "regression"]);
}
