//! The commands as a user runs them.

use crate::sandbox::{CONFIG, Sandbox};

#[test]
fn help_teaches_every_command() {
    let sandbox = Sandbox::new();
    for command in [
        "",
        "index",
        "search",
        "eval",
        "report",
        "data",
        "data list",
        "data verify",
    ] {
        let shown = sandbox.ok(&format!("{command} --help"));
        assert!(shown.stdout.contains("Usage: ragkit"), "{command}");
    }
    assert!(
        sandbox
            .ok("--help")
            .stdout
            .contains("Exit codes: 0 done, 1 the verdict is no, 2 could not do it.")
    );
    assert!(sandbox.ok("--version").stdout.starts_with("ragkit 0."));
    assert_eq!(sandbox.run("evil").code, Some(2));
}

#[test]
fn eval_prints_one_json_object_and_writes_the_run() {
    let sandbox = Sandbox::with_dataset();
    let shown = sandbox.ok("eval config.toml --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let run = result["run"].as_str().unwrap();
    let mut files: Vec<String> = std::fs::read_dir(sandbox.path(run))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "examples.parquet",
            "manifest.json",
            "monitoring.html",
            "monitoring.parquet",
            "results.parquet",
            "summary.parquet",
            "timings.parquet"
        ]
    );
    let rows = result["summary"].as_array().unwrap();
    // 3 variants × 3 metrics × (all, kind=plain, kind=short)
    assert_eq!(rows.len(), 27);
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "variant", "metric", "slice", "n", "mean", "ci_low", "ci_high"
        ]
    );
    // Everything was found by words but what q4 asks for: its best document stands first all the same.
    let bm25 = |metric: &str| {
        rows.iter()
            .find(|r| r["variant"] == "bm25" && r["metric"] == metric && r["slice"] == "all")
            .unwrap()
    };
    assert_eq!(bm25("RR")["n"], 5);
    assert_eq!(
        shown.stderr,
        "building the index `.ragkit/indexes/small`\nvectors `lsa` searched exactly\n"
    );
    // The second time the index is current.
    assert_eq!(
        sandbox.ok("eval config.toml --format json").stderr,
        "vectors `lsa` searched exactly\n"
    );
    assert_eq!(sandbox.runs().len(), 2);
}

#[test]
fn a_stale_index_is_rebuilt_and_says_so() {
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("eval config.toml");
    let config = CONFIG.replace(
        "depth = 10",
        "depth = 10\nindex.build.analyser.stem = false",
    );
    let sandbox = sandbox.file("config.toml", config);
    assert_eq!(
        sandbox.ok("eval config.toml").stderr,
        "building the index `.ragkit/indexes/small`\nvectors `lsa` searched exactly\n"
    );
    let left: Vec<_> = std::fs::read_dir(sandbox.path(".ragkit/indexes/small"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(
        left.len(),
        3,
        "one data folder, the manifest and the lock: {left:?}"
    );
}

#[test]
fn a_damaged_index_of_its_own_is_rebuilt_and_says_so() {
    let sandbox = Sandbox::with_dataset();
    let first = sandbox.ok("eval config.toml --format json");
    let manifest: serde_json::Value =
        serde_json::from_slice(&sandbox.read(".ragkit/indexes/small/manifest.json")).unwrap();
    let vectors = format!(
        ".ragkit/indexes/small/{}/vectors/lsa/vectors.f32",
        manifest["folder"].as_str().unwrap()
    );
    let sandbox = sandbox.file(&vectors, "short");
    let second = sandbox.ok("eval config.toml --format json");
    assert_eq!(
        second.stderr,
        "the index `.ragkit/indexes/small` is damaged: `vectors/lsa/vectors.f32` has another size than when it was written; rebuild it with `ragkit index`\nbuilding the index `.ragkit/indexes/small`\nvectors `lsa` searched exactly\n"
    );
    let summary =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["summary"].clone();
    assert_eq!(summary(&first.stdout), summary(&second.stdout));
}

#[test]
fn dry_run_prints_the_config_and_the_bill_and_does_nothing() {
    let sandbox = Sandbox::with_dataset();
    let shown = sandbox.ok("eval config.toml --dry-run --limit 3");
    for line in [
        "seed = 17",
        "# 3 judged queries (1 without a judgement are left out)",
        "# index `.ragkit/indexes/small`: to be built from 40 documents",
        "# rows: 3 queries × 3 variants = 9",
        "# texts to embed: 3 queries and the documents, those in the cache excepted; over the network: none",
        "# tokens: 0; cost: 0 USD",
        "# seconds: unknown until a first run",
    ] {
        assert!(
            shown.stdout.lines().any(|found| found == line),
            "no line `{line}` in\n{}",
            shown.stdout
        );
    }
    assert!(!sandbox.path("reports").exists() && !sandbox.path(".ragkit").exists());
    sandbox.ok("eval config.toml");
    assert!(
        sandbox
            .ok("eval config.toml --dry-run")
            .stdout
            .contains("at the pace of the last finished run")
    );
}

#[test]
fn limit_variants_slices_and_seed_narrow_a_run() {
    let sandbox = Sandbox::with_dataset();
    let shown = sandbox.ok("eval config.toml --limit 2 --variants lsa,bm25 --seed 5 --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let rows = result["summary"].as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| row["n"] == 2 && row["variant"] != "hybrid")
    );
    let manifest: serde_json::Value = serde_json::from_slice(
        &sandbox.read(format!("{}/manifest.json", result["run"].as_str().unwrap())),
    )
    .unwrap();
    assert_eq!(manifest["identity"]["seed"], 5);
    assert_eq!(
        manifest["identity"]["variants"],
        serde_json::json!(["bm25", "lsa"])
    );
}

#[test]
fn a_variant_scores_the_same_alone_and_in_company() {
    let sandbox = Sandbox::with_dataset();
    let rows = |arguments: &str, variant: &str| -> Vec<serde_json::Value> {
        let shown = sandbox.ok(&format!("eval config.toml --format json {arguments}"));
        let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
        result["summary"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["variant"] == variant)
            .cloned()
            .collect()
    };
    for variant in ["bm25", "lsa", "hybrid"] {
        assert_eq!(
            rows("", variant),
            rows(&format!("--variants {variant}"), variant)
        );
    }
}

#[test]
fn report_shows_differences_and_latency_in_every_format() {
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("eval config.toml");
    let text = sandbox.ok("report").stdout;
    for part in [
        "hybrid − bm25",
        "kind=plain",
        "P95 ms",
        "fuse",
        "40 documents (0 without a term)",
        "vectors `lsa` by lsa of",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let run = sandbox.runs()[0]
        .strip_prefix(sandbox.path(""))
        .unwrap()
        .display()
        .to_string();
    let markdown = sandbox
        .ok(&format!("report {run} --format markdown"))
        .stdout;
    assert!(
        markdown.contains("| metric") && markdown.contains("|--"),
        "{markdown}"
    );
    let whole: serde_json::Value =
        serde_json::from_str(&sandbox.ok("report --format json").stdout).unwrap();
    // A difference is the difference of the means, for every metric and slice.
    let rows = whole["summary"].as_array().unwrap();
    let mean = |variant: &str, row: &serde_json::Value| {
        let same = |r: &&serde_json::Value| {
            r["variant"] == variant && r["metric"] == row["metric"] && r["slice"] == row["slice"]
        };
        rows.iter().find(same).unwrap()["mean"].as_f64().unwrap()
    };
    let differences = whole["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 18);
    for row in differences {
        let expected = mean(row["variant"].as_str().unwrap(), row) - mean("bm25", row);
        assert!(
            (row["difference"].as_f64().unwrap() - expected).abs() < 1e-12,
            "{row}"
        );
    }
    assert_eq!(whole["latencies"].as_array().unwrap().len(), 7);
    Sandbox::new().fails(
        "report",
        "`reports` holds no finished run; make one with `ragkit eval CONFIG`",
    );
    sandbox.fails(
        "report data",
        "`data` is not a finished run: it has no `manifest.json`; where it was interrupted, the same `ragkit eval` continues it",
    );
}

#[test]
fn data_verify_tells_a_copy_from_another() {
    let sandbox = Sandbox::with_dataset();
    let sum = |path: &str| {
        let bytes = sandbox.read(path);
        let shown = ragkit::data::Checksum::of_file(&sandbox.path(path)).unwrap();
        format!(
            "\"{path}\" = {{ bytes = {}, sha256 = \"{}\" }}\n",
            bytes.len(),
            shown.sha256
        )
    };
    let card = format!(
        "name = \"small\"\nabout = \"a test\"\nlicence = \"none\"\norigin = \"here\"\n[expect]\ndocuments = 40\njudged_queries = 5\njudgements = 8\n[source.beir]\npath = \"data\"\n[files]\n{}{}",
        sum("data/corpus.jsonl"),
        sum("data/qrels/test.tsv")
    );
    let sandbox = sandbox.file("datasets/small.toml", card);
    assert!(sandbox.ok("data list").stdout.starts_with(
        "small\n  a test\n  40 documents, 5 judged queries, 8 judgements; licence: none"
    ));
    let shown = sandbox.ok("data verify");
    assert!(
        shown
            .stdout
            .contains("ok   judged documents that are not in the corpus: none"),
        "{}",
        shown.stdout
    );
    let sandbox = sandbox.file("data/qrels/test.tsv", "q1\td0\t1\nq1\tgone\t1\n");
    let shown = sandbox.run("data verify small");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown.stdout.contains(
            "FAIL judged documents that are not in the corpus: 1, the first is `gone` in line 2"
        ),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("FAIL judgements: 2, the card says 8"),
        "{}",
        shown.stdout
    );
    assert_eq!(
        shown.stderr,
        "error: 1 of 1 datasets are not what their cards say\n"
    );
}

#[test]
fn a_closed_standard_error_loses_nothing() {
    let sandbox = Sandbox::with_dataset();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output = sandbox
        .command("eval config.toml --format json")
        .stderr(full)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
}

#[test]
fn two_evals_at_once_share_one_build() {
    let sandbox = Sandbox::with_dataset();
    let run = || {
        sandbox
            .command("eval config.toml --format json")
            .output()
            .unwrap()
    };
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(run);
        (run(), other.join().unwrap())
    });
    let summary = |output: &std::process::Output| {
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        result["summary"].clone()
    };
    assert!(one.status.success() && two.status.success());
    assert_eq!(summary(&one), summary(&two));
    assert_eq!(sandbox.runs().len(), 2);
}

#[test]
fn a_foreign_folder_among_the_runs_is_passed_over() {
    let sandbox = Sandbox::with_dataset().file("reports/small-20991231-000000/manifest.json", "{}");
    sandbox.ok("eval config.toml");
    sandbox.ok("eval config.toml --dry-run");
    assert!(
        sandbox
            .ok("report")
            .stdout
            .starts_with("small: reports/small-2")
    );
}
