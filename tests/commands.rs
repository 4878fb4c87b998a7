//! The commands as a user runs them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::Float32Type;
use parquet::arrow::ArrowWriter;

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
    assert_eq!(shown.stderr, "building the index `.ragkit/indexes/small`\n");
    // The second time the index is current.
    assert_eq!(sandbox.ok("eval config.toml --format json").stderr, "");
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
        "building the index `.ragkit/indexes/small`\n"
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
        ".ragkit/indexes/small/{}/vectors.f32",
        manifest["folder"].as_str().unwrap()
    );
    let sandbox = sandbox.file(&vectors, "short");
    let second = sandbox.ok("eval config.toml --format json");
    assert_eq!(
        second.stderr,
        "the index `.ragkit/indexes/small` is damaged: `vectors.f32` has another size than when it was written; rebuild it with `ragkit index`\nbuilding the index `.ragkit/indexes/small`\n"
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
        "# embedding calls: 3, on this machine; model calls over the network: 0",
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
        "lsa vectors of",
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
fn search_respects_access_and_explains_its_scores() {
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("index data --out i");
    let hits = |arguments: &str| -> Vec<serde_json::Value> {
        serde_json::from_str(
            &sandbox
                .ok(&format!("search i {arguments} --format json"))
                .stdout,
        )
        .unwrap()
    };
    let ids = |hits: &[serde_json::Value]| {
        hits.iter()
            .map(|hit| hit["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // d9, d19, … are for rangers only.
    for by in ["lexical", "dense", "hybrid"] {
        let all = ids(&hits(&format!("sighting --by {by} -k 40")));
        let open = ids(&hits(&format!("sighting --by {by} -k 40 --access")));
        let rangers = ids(&hits(&format!(
            "sighting --by {by} -k 40 --access rangers,others"
        )));
        assert_eq!((all.len(), open.len(), rangers.len()), (40, 36, 40), "{by}");
        assert!(!open.contains(&"d9".to_owned()) && all == rangers);
    }
    let explained = hits("otter --by lexical --explain");
    for hit in &explained {
        let terms: f64 = hit["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|term| term["score"].as_f64().unwrap())
            .sum();
        assert!(
            (terms - hit["score"].as_f64().unwrap()).abs() < 1e-6,
            "{hit}"
        );
    }
    let text = sandbox.ok("search i otter --explain -k 1").stdout;
    for part in [
        "lexical: rank ",
        "dense: rank ",
        "fuse: rank 1",
        "`otter`: idf ",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert_eq!(
        sandbox.ok("search i zebra --by lexical").stdout,
        "nothing found\n"
    );
    sandbox.ok("index data --out words --embedder none");
    sandbox.fails("search words otter --by dense", "variant `search` searches by vectors, the index has none; choose another `embedder` for the index or drop the variant");
}

#[test]
fn equal_scores_are_ranked_by_descending_id_at_any_depth() {
    let rows: String = (0..30)
        .map(|i| format!("{{\"_id\": \"d{i:02}\", \"text\": \"same words\"}}\n"))
        .collect();
    let sandbox = Sandbox::new().file("c.jsonl", rows);
    sandbox.ok("index c.jsonl --out i");
    for by in ["lexical", "dense", "hybrid"] {
        for k in [1, 7, 30] {
            let hits: Vec<serde_json::Value> = serde_json::from_str(
                &sandbox
                    .ok(&format!("search i words --by {by} -k {k} --format json"))
                    .stdout,
            )
            .unwrap();
            let expected: Vec<String> = (0..30).rev().take(k).map(|i| format!("d{i:02}")).collect();
            assert_eq!(
                hits.iter()
                    .map(|hit| hit["id"].as_str().unwrap())
                    .collect::<Vec<_>>(),
                expected,
                "{by} {k}"
            );
        }
    }
}

/// A Parquet file with these columns.
fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let columns = columns
        .iter()
        .map(|(name, column)| (*name, column.clone(), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn formats_of_a_corpus_give_one_index() {
    let sandbox = Sandbox::new()
        .file("c.jsonl", "{\"id\": 1, \"title\": \"T\", \"text\": \"otter river\", \"access\": [\"x\", \"y\"]}\n{\"id\": 2, \"title\": \"\", \"text\": \"heron\", \"access\": []}\n")
        .file("c.csv", "id,title,text,access\n1,T,otter river,y; x\n2,,heron,\n")
        .file("c.tsv", "key\thead\tbody\tgroups\n1\tT\totter river\tx;y\n2\t\theron\t\n");
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("title", Arc::new(StringArray::from(vec![Some("T"), None]))),
        (
            "text",
            Arc::new(StringArray::from(vec!["otter river", "heron"])),
        ),
        (
            "access",
            Arc::new(StringArray::from(vec![Some("x;y"), None])),
        ),
    ];
    let sandbox = sandbox.file("c.parquet", parquet(&columns));
    sandbox.ok("index c.jsonl --out a");
    sandbox.ok("index c.csv --out b");
    sandbox.ok("index c.tsv --out c --id key --title head --text body --access groups");
    sandbox.ok("index c.parquet --out d");
    let documents = |index: &str| {
        let manifest: serde_json::Value =
            serde_json::from_slice(&sandbox.read(format!("{index}/manifest.json"))).unwrap();
        sandbox.read(format!(
            "{index}/{}/documents.parquet",
            manifest["folder"].as_str().unwrap()
        ))
    };
    assert!(
        ["b", "c", "d"]
            .iter()
            .all(|index| documents(index) == documents("a"))
    );

    // Columns that nobody asked for may be of any type; metadata of any type becomes text.
    let when = TimestampMillisecondArray::from(vec![0, 86_400_000]);
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(StringArray::from(vec!["1", "2"]))),
        ("text", Arc::new(StringArray::from(vec!["otter", "heron"]))),
        ("when", Arc::new(when)),
        (
            "noise",
            Arc::new(BinaryArray::from(vec![b"\xff".as_slice(), b""])),
        ),
    ];
    let sandbox = sandbox.file("w.parquet", parquet(&columns));
    sandbox.ok("index w.parquet --out w --metadata when --embedder none");
    let hits: Vec<serde_json::Value> =
        serde_json::from_str(&sandbox.ok("search w heron --format json").stdout).unwrap();
    assert_eq!(hits[0]["metadata"]["when"], "1970-01-02T00:00:00");

    // A list column of vectors.
    let vectors = ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some([Some(3.0), Some(4.0)]),
        Some([Some(0.0), Some(1.0)]),
    ]);
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(StringArray::from(vec!["1", "2"]))),
        ("text", Arc::new(StringArray::from(vec!["otter", "heron"]))),
        ("embedding", Arc::new(vectors)),
    ];
    let sandbox = sandbox.file("v.parquet", parquet(&columns));
    sandbox.ok("index v.parquet --out v --vector embedding");
    let manifest: serde_json::Value =
        serde_json::from_slice(&sandbox.read("v/manifest.json")).unwrap();
    let stored = sandbox.read(format!(
        "v/{}/vectors.f32",
        manifest["folder"].as_str().unwrap()
    ));
    let values: Vec<f32> = stored
        .chunks(4)
        .map(|c| f32::from_le_bytes(c.try_into().unwrap()))
        .collect();
    assert_eq!(values, [0.6, 0.8, 0.0, 1.0]);
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

#[cfg(unix)]
#[test]
fn an_index_opens_where_nobody_can_write() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    fn protect(path: &std::path::Path) {
        if path.is_dir() {
            std::fs::read_dir(path)
                .unwrap()
                .for_each(|entry| protect(&entry.unwrap().path()));
        }
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("index data --out i");
    std::fs::set_permissions(sandbox.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    protect(&sandbox.path("i"));
    let mut command = sandbox.command("search i otter");
    // Root may write everywhere: then be nobody.
    if sandbox
        .path("i/probe")
        .parent()
        .is_some_and(|i| std::fs::write(i.join("probe"), "").is_ok())
    {
        command = sandbox.command("search i otter");
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
