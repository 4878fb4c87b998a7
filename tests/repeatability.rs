//! The same inputs and seed give the same files, byte for byte: on one thread or two, after `kill -9`, offline.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{CONFIG, Sandbox, corpus, eval_in_checkout};

const EQUAL: [&str; 3] = ["examples.parquet", "results.parquet", "summary.parquet"];

#[track_caller]
fn same_files(one: &Path, other: &Path) {
    for file in EQUAL {
        assert!(
            std::fs::read(one.join(file)).unwrap() == std::fs::read(other.join(file)).unwrap(),
            "{file} differs"
        );
    }
}

/// A dataset of many queries, run in small batches, so that there is time to kill the run.
fn large() -> Sandbox {
    let queries: String = (0..1500).map(|i| format!("{{\"_id\": \"q{i}\", \"text\": \"otter near the river number {i}\", \"metadata\": {{\"kind\": \"k{}\"}}}}\n", i % 3)).collect();
    let qrels: String = (0..1500)
        .map(|i| format!("q{i}\td{}\t1\n", i % 700))
        .collect();
    Sandbox::new()
        .file("data/corpus.jsonl", corpus(700))
        .file("data/queries.jsonl", queries)
        .file("data/qrels/test.tsv", qrels)
        .file("config.toml", CONFIG)
}

fn run_of(sandbox: &Sandbox, arguments: &str) -> PathBuf {
    let shown = sandbox.ok(&format!("eval config.toml --format json {arguments}"));
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    sandbox.path(result["run"].as_str().unwrap())
}

#[test]
fn one_thread_and_two_give_the_same_files() {
    let (one, two) = (large(), large());
    same_files(&run_of(&one, "--threads 1"), &run_of(&two, "--threads 2"));
}

/// The binary with these arguments, running, with nobody listening.
fn spawn(sandbox: &Sandbox, arguments: &str) -> std::process::Child {
    sandbox
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until `ready`, then kills the child with SIGKILL; false where the child ended before.
fn kill_when(mut child: std::process::Child, ready: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(2) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if ready() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the child neither ended nor got ready");
}

#[test]
fn a_killed_eval_continues_and_ends_in_the_same_files() {
    let (sandbox, undisturbed) = (large(), large());
    sandbox.ok("index config.toml");
    for lines in [40, 400] {
        let child = spawn(&sandbox, "eval config.toml");
        let journal = || {
            let journals = sandbox.runs().into_iter().map(|run| run.join("journal"));
            journals
                .filter_map(|path| std::fs::read(path).ok())
                .map(|bytes| bytes.iter().filter(|&&b| b == b'\n').count())
                .max()
                .unwrap_or(0)
        };
        assert!(
            kill_when(child, || journal() > lines),
            "the run ended before it could be killed"
        );
    }
    // A line that was changed after it was written, and a torn one, which a kill in the middle of a write leaves.
    let journal = sandbox.runs()[0].join("journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    let place = text
        .lines()
        .take(30)
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let (sound, rest) = text.split_at(place);
    let mut bytes = [sound, &rest.replacen("\"id\":\"d", "\"id\":\"e", 1)]
        .concat()
        .into_bytes();
    bytes.extend(br#"{"id":"q999","outputs":[{"stag"#);
    std::fs::write(&journal, bytes).unwrap();

    let shown = sandbox.ok("eval config.toml --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(
        shown.stderr.contains("continued an interrupted run: "),
        "{}",
        shown.stderr
    );
    assert_eq!(sandbox.runs().len(), 1, "one run, continued twice");
    same_files(
        &sandbox.path(result["run"].as_str().unwrap()),
        &run_of(&undisturbed, ""),
    );
}

#[test]
fn an_unfinished_run_is_continued_only_by_an_equal_one() {
    let sandbox = large();
    sandbox.ok("index config.toml");
    let child = spawn(&sandbox, "eval config.toml");
    assert!(kill_when(child, || sandbox
        .runs()
        .first()
        .is_some_and(|run| run.join("journal").exists())));
    run_of(&sandbox, "--seed 18");
    assert_eq!(sandbox.runs().len(), 2, "another seed is another run");
    run_of(&sandbox, "--fresh");
    assert_eq!(sandbox.runs().len(), 3, "--fresh starts anew");
}

fn data_folder_of(sandbox: &Sandbox, index: &str) -> PathBuf {
    let manifest: serde_json::Value =
        serde_json::from_slice(&sandbox.read(format!("{index}/manifest.json"))).unwrap();
    sandbox
        .path(index)
        .join(manifest["folder"].as_str().unwrap())
}

#[test]
fn a_killed_index_leaves_the_previous_one_whole_and_is_built_again() {
    let sandbox = Sandbox::new()
        .file("small.jsonl", corpus(40))
        .file("large.jsonl", corpus(60_000));
    sandbox.ok("index small.jsonl --out i");
    let before = sandbox.ok("search i otter").stdout;
    let folders = || {
        std::fs::read_dir(sandbox.path("i"))
            .unwrap()
            .filter(|e| {
                e.as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with("ragkit-data-")
            })
            .count()
    };
    let child = spawn(&sandbox, "index large.jsonl --out i");
    assert!(
        kill_when(child, || folders() == 2),
        "the build ended before it could be killed"
    );
    assert_eq!(folders(), 2, "what the killed build left behind");
    assert_eq!(sandbox.ok("search i otter").stdout, before);

    sandbox.ok("index large.jsonl --out i --dim 16");
    sandbox.ok("index large.jsonl --out undisturbed --dim 16 --threads 1");
    assert_eq!(folders(), 1, "and the next build removes");
    for file in [
        "documents.parquet",
        "vectors/lsa/vectors.f32",
        "vectors/lsa/components.f32",
        "vectors/lsa/terms.parquet",
    ] {
        let read = |index: &str| std::fs::read(data_folder_of(&sandbox, index).join(file)).unwrap();
        assert!(read("i") == read("undisturbed"), "{file} differs");
    }
    let shown = |index: &str| sandbox.ok(&format!("search {index} otter")).stdout;
    assert_eq!(shown("i"), shown("undisturbed"));
}

#[test]
fn two_builds_of_one_index_do_not_meet() {
    let sandbox = Sandbox::new().file("large.jsonl", corpus(60_000));
    let mut child = spawn(&sandbox, "index large.jsonl --out i");
    while !sandbox.path("i").exists() || std::fs::read_dir(sandbox.path("i")).unwrap().count() < 2 {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the build ended too soon"
        );
    }
    sandbox.fails(
        "index large.jsonl --out i",
        "another ragkit is building the index `i`; wait for it to end",
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The demo in a copy of the checkout's data, without any network: in a network namespace of its own.
#[test]
fn the_demo_runs_with_the_network_cut_off() {
    let probe = Command::new("unshare").args(["-rn", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: `unshare -rn` is not to be had here");
        return;
    }
    let result = eval_in_checkout(
        &mut Command::new("unshare"),
        &["-rn", env!("CARGO_BIN_EXE_ragkit")],
        "configs/demo.toml",
        None,
    );
    let rows = result["summary"].as_array().unwrap();
    let row = |slice: &str| {
        rows.iter()
            .find(|r| r["variant"] == "bm25" && r["metric"] == "nDCG@10" && r["slice"] == slice)
            .unwrap()
    };
    let share = row("kind=paraphrase")["n"].as_f64().unwrap() / row("all")["n"].as_f64().unwrap();
    let ndcg = row("all")["mean"].as_f64().unwrap();
    assert!(
        (0.5..0.9).contains(&ndcg) && share >= 1.0 / 3.0,
        "nDCG@10 {ndcg}, paraphrases {share}"
    );
}
