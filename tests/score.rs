//! `ragkit score` as a user runs it: formats, options, and a fixed verdict on every odd input.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use serde_json::Value;

use crate::index_and_search::parquet;
use crate::sandbox::Sandbox;

const QRELS: &str = "q1 0 a 2\nq1 0 b 0\nq1 0 c 1\nq2 0 a 1\nq2 0 d -1\n";
const RUN: &str = "q1 Q0 b 1 3.0 mine\nq1 Q0 a 2 2.0 mine\nq1 Q0 x 3 1.0 mine\nq2 Q0 d 1 0.5 mine\nq2 Q0 a 2 0.25 mine\n";

fn sandbox() -> Sandbox {
    Sandbox::new().file("qrels", QRELS).file("run", RUN)
}

fn values(sandbox: &Sandbox, arguments: &str) -> Vec<(String, f64)> {
    let shown = sandbox.ok(&format!("score {arguments} --format json"));
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let rows = shown["summary"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["metric"].as_str().unwrap().to_owned(),
            row["mean"].as_f64().unwrap(),
        )
    })
    .collect()
}

#[track_caller]
fn value(sandbox: &Sandbox, arguments: &str, expected: f64) {
    let found = values(sandbox, arguments)[0].1;
    assert!(
        (found - expected).abs() < 1e-12,
        "{arguments}: {found}, not {expected}"
    );
}

#[test]
fn metrics_and_options_worked_by_hand() {
    let sandbox = sandbox();
    value(&sandbox, "qrels run -m RR", f64::midpoint(0.5, 0.5));
    value(&sandbox, "qrels run -m P(rel=2)@2", f64::midpoint(0.5, 0.0));
    value(&sandbox, "qrels run -m P@2 -l 2", f64::midpoint(0.5, 0.0));
    value(&sandbox, "qrels run -m RR -J", f64::midpoint(0.5, 1.0));
    value(&sandbox, "qrels run -m RR -M 1", 0.0);
    value(
        &sandbox,
        "qrels run -m Judged@3",
        f64::midpoint(2.0 / 3.0, 1.0),
    );
    value(&sandbox, "qrels run -m num_ret", 5.0);
    let log3 = 3_f64.log2();
    value(
        &sandbox,
        "qrels run -m nDCG@2",
        f64::midpoint(2.0 / log3 / (2.0 + 1.0 / log3), 1.0 / log3),
    );
    value(
        &sandbox,
        "qrels run -m nDCG@2 --gain exponential",
        f64::midpoint(3.0 / log3 / (3.0 + 1.0 / log3), 1.0 / log3),
    );
    value(
        &sandbox,
        "qrels run -m utility_1,0,0,1 -N 100",
        f64::midpoint(1.0 + 96.0, 1.0 + 98.0),
    );
    let geometric = (0.25_f64 * 0.5).sqrt();
    value(&sandbox, "qrels run -m gm_map", geometric);
    let all = values(&sandbox, "qrels run -m P -m map -m P_5 -m all_trec");
    assert_eq!(all[0].0, "P@5");
    assert_eq!(all.iter().filter(|(name, _)| name == "P@5").count(), 1);
    let own = sandbox.file("self", "q1 Q0 q1 1 9 t\nq1 Q0 a 2 8 t\n");
    value(&own, "qrels self -m RR --missing skip", 0.5);
    value(&own, "qrels self -m RR --missing skip --without-self", 1.0);
}

#[test]
fn every_format_of_the_same_run_scores_the_same() {
    let run: [(&str, ArrayRef); 3] = [
        (
            "q_id",
            Arc::new(StringArray::from(vec!["q1", "q1", "q1", "q2", "q2"])),
        ),
        (
            "doc_id",
            Arc::new(StringArray::from(vec!["b", "a", "x", "d", "a"])),
        ),
        (
            "score",
            Arc::new(Float64Array::from(vec![3.0, 2.0, 1.0, 0.5, 0.25])),
        ),
    ];
    let qrels: [(&str, ArrayRef); 3] = [
        (
            "query_id",
            Arc::new(StringArray::from(vec!["q1", "q1", "q1", "q2", "q2"])),
        ),
        (
            "doc_id",
            Arc::new(StringArray::from(vec!["a", "b", "c", "a", "d"])),
        ),
        (
            "relevance",
            Arc::new(Int64Array::from(vec![2, 0, 1, 1, -1])),
        ),
    ];
    let sandbox = sandbox()
        .file("run.gz", gzip(RUN))
        .file(
            "run.json",
            r#"{"q1": {"b": 3.0, "a": 2, "x": 1}, "q2": {"d": 0.5, "a": 0.25}}"#,
        )
        .file("run.parquet", parquet(&run))
        .file("run.tabs", RUN.replace(' ', "\t").replace('\n', "  \r\n"))
        .file(
            "run.marco",
            "q1\tb\t1\nq1\ta\t2\nq1\tx\t3\nq2\td\t1\nq2\ta\t2\n",
        )
        .file(
            "qrels.tsv",
            "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq1\tc\t1\nq2\ta\t1\nq2\td\t-1\n",
        )
        .file(
            "qrels.json",
            r#"{"q1": {"a": 2, "b": 0, "c": 1}, "q2": {"a": 1, "d": -1}}"#,
        )
        .file("qrels.parquet", parquet(&qrels));
    let expected = values(&sandbox, "qrels run");
    for run in ["run.gz", "run.json", "run.parquet", "run.tabs", "run.marco"] {
        assert_eq!(values(&sandbox, &format!("qrels {run}")), expected, "{run}");
    }
    for qrels in ["qrels.tsv", "qrels.json", "qrels.parquet"] {
        assert_eq!(
            values(&sandbox, &format!("{qrels} run")),
            expected,
            "{qrels}"
        );
    }
    let file = |text: &str| text.replace("mine", "t");
    let mut command = sandbox.command("score qrels - --format json");
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(file(RUN).as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["summary"][0]["mean"].as_f64(), Some(expected[0].1));
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn odd_input_has_a_fixed_verdict() {
    let run = |text: &str, message: &str| {
        sandbox()
            .file("odd", text)
            .fails("score qrels odd", message);
    };
    run("", "`odd`: holds no result");
    run("\n# nothing\n", "`odd`: holds no result");
    run(
        "q1 Q0 a 1 2.0 t\nq1 Q0 b 2 1.0 t\nq1 Q0 a 3 0.5 t\n",
        "`odd` line 3: document `a` stands twice under query `q1`; keep one of the two",
    );
    run(
        "q1 Q0 a 1 nan t\n",
        "`odd` line 1: the score is NaN, which cannot be ranked; mend or drop the line",
    );
    run(
        "q1 Q0 a 1 2,5 t\n",
        "`odd` line 1: the score `2,5` is not a number; expected TREC's `query Q0 document rank score tag`",
    );
    run(
        "q1 Q0 a 1 2.0 t\nq1 Q0 b 2 1.0\n",
        "`odd` line 2: 5 columns; expected TREC's `query Q0 document rank score tag`",
    );
    run(
        "q1\ta\t1\nq1\tb\n",
        "`odd` line 2: 2 columns; expected MS MARCO's `query document rank`, as in the first line",
    );
    run(
        "q1 a x\n",
        "`odd` line 1: the rank `x` is not a whole number from 1; expected TREC's `query Q0 document rank score tag` or MS MARCO's `query document rank`",
    );
    run(
        "q9 Q0 a 1 2.0 t\n",
        "no query of `odd` is judged in `qrels`; are the two of the same dataset?",
    );
    sandbox().file("odd", b"q1 Q0 a 1 2.0 t\nq1 Q0 \xE4 2 1.0 t\n").fails("score qrels odd", "`odd` line 2: is not UTF-8; if it is text, convert it, for example with `iconv -f latin1 -t utf-8`");
    sandbox().file("odd.gz", b"\x1F\x8B\x08\x00").fails(
        "score qrels odd.gz",
        "`odd.gz`: is not whole as gzip: unexpected end of file; fetch or pack it again",
    );
    sandbox().file("odd.json", "{\"q1\": 3}").fails("score qrels odd.json", "`odd.json`: not what was expected, `{\"query\": {\"document\": number}}`: invalid type: integer `3`, expected an object at line 1 column 8");
    sandbox().fails("score qrels none", "`none`: cannot be opened: no such file");
    sandbox().fails("score qrels run -m nDGC@10", "`nDGC@10` is not a metric: expected nDCG, AP, RR, P@k, R@k, Success@k, Rprec, Bpref, infAP, ERR, RBP, Judged, SetP, SetR, SetF, SetAP, IPrec@r, NumQ, NumRet, NumRel, NumRelRet or a name of trec_eval's, with `@k` where a cutoff is meant");
    sandbox().fails(
        "score qrels run -m P(level=2)@5",
        "`P(level=2)@5` is not a metric: it has no parameter `level`",
    );
    sandbox().fails(
        "score qrels run --ties bounds -m infAP",
        "`infAP` has no bounds over ties here; leave it out or choose a rule for ties",
    );
    let ranks = sandbox().file("ranks", "q1 Q0 a 0 2.0 t\n");
    ranks.fails(
        "score qrels ranks --as msmarco",
        "`ranks` line 1: the rank column holds no whole number from 1, by which `msmarco` ranks",
    );
}

/// Not at fault, but to be told.
#[test]
fn queries_on_one_side_only_are_told() {
    let sandbox = sandbox().file("part", "q1 Q0 a 1 2.0 t\nq9 Q0 a 1 2.0 t\n");
    let shown = sandbox.ok("score qrels part -m RR --format json");
    assert_eq!(
        shown.stderr,
        "note: `part` lacks 1 judged queries; they count 0\nnote: `part` has 1 queries that nobody judged; they are passed over\n"
    );
    value(&sandbox, "qrels part -m RR", 0.5);
    value(&sandbox, "qrels part -m RR --as trec_eval-10", 1.0);
    value(&sandbox, "qrels part -m RR --as trec_eval-10 -c", 0.5);
    value(&sandbox, "qrels part -m num_rel --as trec_eval-9 -c", 2.0);
    value(&sandbox, "qrels part -m num_rel --as trec_eval-10 -c", 3.0);
    let text = sandbox
        .ok("score qrels part -m recip_rank -m num_q --format trec -qc")
        .stdout;
    let expected = "recip_rank            \tq1\t1.0000\nrecip_rank            \tq2\t0.0000\nnum_q                 \tall\t2\nrecip_rank            \tall\t0.5000\n";
    assert_eq!(text, expected);
    let text = sandbox
        .ok("score qrels part -m recip_rank --format trec --as trec_eval-9 -qcn")
        .stdout;
    assert_eq!(text, "recip_rank            \tq1\t1.0000\n");
}

/// What a review by fresh eyes found.
#[test]
fn what_once_went_wrong() {
    // Tabs and blanks in one line.
    for qrels in [
        "q1\t0 a\t2\nq1\t0 b\t0\nq1\t0 c\t1\nq2\t0 a\t1\nq2\t0 d\t-1\n",
        "q1 0\ta\t2\nq1 0\tb\t0\nq1 0\tc\t1\nq2 0\ta\t1\nq2 0\td\t-1\n",
        "# comment\nquery-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq1\tc\t1\nq2\ta\t1\nq2\td\t-1\n",
    ] {
        value(
            &sandbox().file("mixed", qrels),
            "mixed run -m RR",
            f64::midpoint(0.5, 0.5),
        );
    }
    // An id with a blank, and a query that is called as a header is.
    let named = Sandbox::new()
        .file("qrels", "query\tthe doc\t1\n")
        .file("run.json", r#"{"query": {"the doc": 1}}"#);
    value(&named, "qrels run.json -m RR", 1.0);
    // Clicks as grades.
    let clicks = Sandbox::new()
        .file("qrels", "q1 0 a 2000\n")
        .file("run", "q1 Q0 a 1 1 t\n");
    clicks.fails("score qrels run -m ERR", "`ERR` takes 2 to the power of a grade, and the judgements go up to 2000; more than 100 is no grade: say what they are worth with `nDCG(gains={…})`, or leave it out");
    value(&clicks, "qrels run -m nDCG", 1.0);
    // A gain of one's own is kept, and a query's own document takes no place.
    let sandbox = sandbox().file("self", "q1 Q0 q1 1 9 t\nq1 Q0 x 2 8 t\nq1 Q0 a 3 7 t\n");
    let name = &values(
        &sandbox,
        "qrels run -m nDCG(gains={1:1,2:1})@2 --gain exponential",
    )[0]
    .0;
    assert_eq!(name, "nDCG(gains={1:1,2:1})@2");
    value(
        &sandbox,
        "qrels self -m RR --missing skip --without-self -M 2",
        0.5,
    );
    value(&sandbox, "qrels self -m NumQ --as ir-measures", 1.0);
    // Flags may be repeated, and trec_eval's formats named.
    let text = sandbox
        .ok("score --format trec -q -q -l1 -l2 -R qrels -T trec_results -m P.2 -m P_1 qrels run")
        .stdout;
    assert_eq!(
        text.lines().last(),
        Some("P_2                   \tall\t0.2500")
    );
    assert_eq!(text.lines().count(), 6);
    assert_eq!(sandbox.ok("score --format trec -n qrels run").stdout, "");
    sandbox.fails(
        "score qrels run --ties bounds --parquet x",
        "`--parquet` goes with neither `--format trec` nor `--ties bounds`",
    );
    sandbox.fails(
        "score qrels run --as msmarco -m RR -l 3",
        "no query of `qrels` has a document of grade 3 or more, and those without are left out",
    );
}

#[test]
fn several_runs_are_compared() {
    let good: String = (0..30)
        .map(|q| format!("q{q} Q0 a 1 2 good\nq{q} Q0 b 2 1 good\n"))
        .collect();
    let bad: String = (0..30)
        .map(|q| format!("q{q} Q0 b 1 2 bad\nq{q} Q0 a 2 1 bad\n"))
        .collect();
    let qrels: String = (0..30)
        .map(|q| format!("q{q} 0 a {}\n", 1 + q % 3))
        .collect();
    let sandbox = Sandbox::new()
        .file("qrels", qrels)
        .file("good", good)
        .file("bad", bad);
    let shown =
        sandbox.ok("score qrels good bad -m RR -m R@2 --format json --parquet all.parquet -q");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let difference = &shown["differences"][0];
    assert_eq!(
        (
            difference["variant"].as_str(),
            difference["difference"].as_f64()
        ),
        (Some("bad"), Some(-0.5))
    );
    // Of 10,000 patterns none is as extreme as 30 equal signs; two tests.
    let p = difference["p_value"].as_f64().unwrap();
    assert!((p - 1.0 / 10_001.0).abs() < 1e-12);
    assert_eq!(difference["p_holm"].as_f64(), Some(2.0 * p));
    assert_eq!(shown["differences"][1]["p_holm"].as_f64(), Some(1.0));
    assert_eq!(
        shown["runs"][1]["per_query"]["q7"]["RR"].as_f64(),
        Some(0.5)
    );
    let table = sandbox.ok("score qrels good bad -m RR").stdout;
    assert!(
        table.contains("bad − good") && table.contains("-0.5000 [no interval] p=0.0001"),
        "{table}"
    );
    assert!(sandbox.read("all.parquet").starts_with(b"PAR1"));
    for threads in ["1", "2"] {
        let again = sandbox.ok(&format!(
            "--threads {threads} score qrels good bad -m RR -m R@2 --format json -q"
        ));
        assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap(), shown);
    }
}

#[test]
fn a_constant_scorer_is_found_out() {
    let run: String = (0..20)
        .map(|d| format!("q1 Q0 d{d:02} {} 1.0 t\n", d + 1))
        .collect();
    let sandbox = Sandbox::new()
        .file("qrels", "q1 0 d19 1\n")
        .file("run", run);
    let shown = sandbox.ok("score qrels run --ties bounds -m RR@10 -m nDCG@10 --format json");
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    for row in shown["ties"].as_array().unwrap() {
        assert_eq!(
            (
                row["lowest"].as_f64(),
                row["highest"].as_f64(),
                row["width"].as_f64()
            ),
            (Some(0.0), Some(1.0), Some(1.0))
        );
    }
    // The same run by the rules of two tools.
    value(&sandbox, "qrels run -m RR@10 --as trec_eval-10", 1.0);
    value(&sandbox, "qrels run -m RR@10 --as ir-measures", 0.0);
    value(&sandbox, "qrels run -m RR@10 --ties file-order", 0.0);
}

#[test]
fn scores_that_differ_in_f64_only() {
    let sandbox = Sandbox::new().file("qrels", "q1 0 a 1\n").file(
        "run",
        "q1 Q0 a 1 0.12345678912 t\nq1 Q0 b 2 0.12345678911 t\n",
    );
    value(&sandbox, "qrels run -m RR", 1.0);
    value(&sandbox, "qrels run -m RR --as trec_eval-10", 1.0);
    value(&sandbox, "qrels run -m RR --as trec_eval-9", 0.5);
    value(&sandbox, "qrels run -m RR --score-precision f32", 0.5);
}

#[test]
fn explain_tells_definition_conventions_and_source() {
    let shown = Sandbox::new()
        .ok("score --explain ERR@20 --as ir-measures")
        .stdout;
    assert_eq!(
        shown,
        "ERR@20\n  definition: expected 1 / rank at which a reader stops who is satisfied by grade g with probability (2^g − 1) / 2^highest\n  range: 0 to below 1\n  nothing retrieved or relevant: 0\n  over queries: arithmetic mean over the queries\n  conventions: as ir-measures 0.4.3; highest grade 4; ties by descending id, f64 scores; a judged query that is not in the run counts 0 in means and is not counted\n  source: Chapelle et al. 2009; TREC's gdeval.pl, whose highest grade is always 4\n"
    );
    let all = Sandbox::new().ok("score --explain all_trec").stdout;
    assert!(all.matches("source:").count() > 60, "{all}");
}
