//! The monitoring view of a run: figures worked by hand, and a page that stands by itself.

use std::path::Path;

use polars::prelude::{ParquetReader, SerReader};
use ragkit::outputs::{Answer, Output, Pass, Stage, Usage};
use ragkit::report::{Run, RunPath, files, summarise, write_monitoring};

use crate::crafted::{Crafted, noise};

fn stage(name: &str, latency_ms: f64) -> Stage {
    Stage {
        name: name.to_owned(),
        items: Vec::new(),
        latency_ms,
        batch_size: 1,
        ..Stage::default()
    }
}

fn asking(name: &str, latency_ms: f64, usage: Usage) -> Stage {
    Stage {
        usage: Some(usage),
        ..stage(name, latency_ms)
    }
}

/// Writes the view into the folder of a run.
pub fn monitor(crafted: &Crafted, folder: &Path) {
    let identity = &crafted.identity;
    let notes = vec![String::new(); identity.variants.len()];
    let (variants, metrics) = (&identity.variants, &identity.metrics);
    let summary = summarise(&crafted.examples, variants, &notes, metrics, 17);
    let run = RunPath(folder.to_owned());
    write_monitoring(&run, identity, metrics, &crafted.examples, &summary).unwrap();
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    variant: String,
    slice: String,
    component: String,
    aside: bool,
    what: String,
    n: u64,
    value: f64,
}

fn rows(folder: &Path) -> Vec<Row> {
    let file = std::fs::File::open(folder.join(files::MONITORING)).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let text = |name: &str, row: usize| {
        let column = frame.column(name).unwrap().str().unwrap();
        column.get(row).unwrap().to_owned()
    };
    (0..frame.height())
        .map(|row| Row {
            variant: text("variant", row),
            slice: text("slice", row),
            component: text("component", row),
            aside: frame
                .column("aside")
                .unwrap()
                .bool()
                .unwrap()
                .get(row)
                .unwrap(),
            what: text("what", row),
            n: frame.column("n").unwrap().u64().unwrap().get(row).unwrap(),
            value: frame
                .column("value")
                .unwrap()
                .f64()
                .unwrap()
                .get(row)
                .unwrap(),
        })
        .collect()
}

fn find<'a>(rows: &'a [Row], key: [&str; 4]) -> Option<&'a Row> {
    let mut found = rows
        .iter()
        .filter(|row| [&row.variant, &row.slice, &row.component, &row.what] == key);
    let first = found.next();
    assert!(found.next().is_none(), "{key:?} is there twice");
    first
}

#[track_caller]
fn holds(rows: &[Row], key: [&str; 4], n: u64, value: f64) {
    let row = find(rows, key).unwrap_or_else(|| panic!("there is no {key:?}"));
    assert_eq!(row.n, n, "{key:?}");
    assert!(
        (row.value - value).abs() < 1e-12,
        "{key:?}: {}, not {value}",
        row.value
    );
}

/// Four examples: two are asked, one needs no model and is degraded, one fails. The third and the first are `kind=long`.
pub fn worked() -> Crafted {
    let mut crafted = Crafted::new(&["a", "b"], 4, |_, place| noise(place));
    let answer = |refused: bool, confidence: f64| {
        Some(Answer {
            refused,
            confidence,
            review: refused,
            ..Answer::default()
        })
    };
    let of_a = [
        Output {
            stages: vec![
                Stage {
                    batch_size: 4,
                    ..stage("embed", 2.0)
                },
                stage("dense", 10.0),
                Stage {
                    aside: true,
                    ..stage("exact", 50.0)
                },
                asking(
                    "generate",
                    100.0,
                    Usage {
                        calls: 1,
                        tokens_in: 100,
                        cached_tokens_in: 20,
                        tokens_out: 10,
                        cost_usd: Some(0.001),
                        ttft_ms: Some(30.0),
                        ..Usage::default()
                    },
                ),
            ],
            answer: answer(false, 0.9),
            ..Output::default()
        },
        Output {
            stages: vec![
                stage("embed", 4.0),
                stage("dense", 20.0),
                stage("dense", 5.0),
                asking(
                    "generate",
                    200.0,
                    Usage {
                        calls: 1,
                        cached_calls: 1,
                        tokens_in: 300,
                        tokens_out: 30,
                        cost_usd: Some(0.003),
                        ..Usage::default()
                    },
                ),
            ],
            answer: answer(true, 0.1),
            ..Output::default()
        },
        Output {
            stages: vec![
                stage("embed", 6.0),
                stage("dense", 30.0),
                Stage {
                    degraded: Some("no reranker".to_owned()),
                    ..stage("rerank", 0.0)
                },
            ],
            ..Output::default()
        },
        Output::failed("no <answer>"),
    ];
    for (example, output) in crafted.examples.iter_mut().zip(of_a) {
        example.outputs[0] = output;
    }
    crafted
}

#[test]
fn figures_worked_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    monitor(&worked(), folder.path());
    let rows = rows(folder.path());
    let holds = |component, what, n, value| holds(&rows, ["a", "all", component, what], n, value);
    // 112, 229 and 36 ms; a failure has no clock, and what stands aside makes nobody wait.
    holds("total", "latency_mean_ms", 3, 377.0 / 3.0);
    holds("total", "latency_p50_ms", 3, 112.0);
    holds("total", "latency_p95_ms", 3, 112.0 + 0.9 * 117.0);
    holds("total", "latency_p99_ms", 3, 112.0 + 0.98 * 117.0);
    // Twice in one answer: 25 ms together.
    holds("dense", "latency_p50_ms", 3, 25.0);
    holds("embed", "batch_size_max", 3, 4.0);
    holds("exact", "latency_p50_ms", 1, 50.0);
    for (component, ms) in [
        ("embed", 12.0),
        ("dense", 65.0),
        ("rerank", 0.0),
        ("generate", 300.0),
    ] {
        let n = find(&rows, ["a", "all", component, "latency_p50_ms"])
            .unwrap()
            .n;
        holds(component, "latency_share", n, ms / 377.0);
    }
    // Per example, also those that asked for nothing.
    for component in ["generate", "total"] {
        holds(component, "calls", 4, 0.5);
        holds(component, "cached_calls", 4, 0.25);
        holds(component, "tokens_in", 4, 100.0);
        holds(component, "cached_tokens_in", 4, 5.0);
        holds(component, "tokens_out", 4, 10.0);
        holds(component, "cost_usd", 4, 0.001);
    }
    holds("generate", "ttft_p50_ms", 1, 30.0);
    holds("total", "error_rate", 4, 0.25);
    holds("total", "degraded_rate", 4, 0.25);
    holds("rerank", "degraded_rate", 4, 0.25);
    holds("dense", "degraded_rate", 4, 0.0);
    holds("total", "refusal_rate", 2, 0.5);
    holds("total", "review_rate", 2, 0.5);
    holds("total", "confidence_mean", 2, 0.5);
    for absent in [
        ["a", "all", "exact", "latency_share"],
        ["a", "all", "dense", "tokens_in"],
        ["a", "all", "total", "ttft_p50_ms"],
        ["a", "all", "dense", "error_rate"],
        ["b", "all", "total", "tokens_in"],
        ["b", "all", "total", "refusal_rate"],
    ] {
        assert_eq!(find(&rows, absent), None, "{absent:?}");
    }
    assert!(
        find(&rows, ["a", "all", "exact", "latency_p50_ms"])
            .unwrap()
            .aside
    );
}

#[test]
fn slices_have_their_own_figures() {
    let folder = tempfile::tempdir().unwrap();
    monitor(&worked(), folder.path());
    let rows = rows(folder.path());
    // The first and the third example: 112 and 36 ms.
    holds(
        &rows,
        ["a", "kind=long", "total", "latency_p50_ms"],
        2,
        74.0,
    );
    holds(&rows, ["a", "kind=long", "total", "tokens_in"], 2, 50.0);
    holds(&rows, ["a", "kind=long", "total", "degraded_rate"], 2, 0.5);
    // The second, and the one that failed.
    holds(
        &rows,
        ["a", "kind=short", "total", "latency_p99_ms"],
        1,
        229.0,
    );
    holds(&rows, ["a", "kind=short", "total", "error_rate"], 2, 0.5);
    holds(
        &rows,
        ["a", "kind=short", "rerank", "degraded_rate"],
        2,
        0.0,
    );
    let mut slices: Vec<&str> = rows.iter().map(|row| row.slice.as_str()).collect();
    slices.dedup();
    assert_eq!(slices, ["all", "kind=long", "kind=short"].repeat(2));
    // In the order in which they run, wherever one was seen first.
    let of_all = rows
        .iter()
        .filter(|row| (row.variant.as_str(), row.slice.as_str()) == ("a", "all"));
    let mut components: Vec<&str> = of_all.map(|row| row.component.as_str()).collect();
    components.dedup();
    assert_eq!(
        components,
        ["embed", "dense", "rerank", "exact", "generate", "total"]
    );
}

/// One stage without a price, and no cost is known; that of the other stage is.
#[test]
fn a_cost_of_which_a_part_is_unknown_is_not_told() {
    let mut crafted = worked();
    let usage = Usage {
        calls: 1,
        tokens_in: 40,
        ..Usage::default()
    };
    crafted.examples[1].outputs[0]
        .stages
        .insert(0, asking("hyde", 7.0, usage));
    let folder = tempfile::tempdir().unwrap();
    monitor(&crafted, folder.path());
    let rows = rows(folder.path());
    for component in ["hyde", "total"] {
        // Not in a slice either in which it was not asked.
        for slice in ["all", "kind=long", "kind=short"] {
            assert_eq!(
                find(&rows, ["a", slice, component, "cost_usd"]),
                None,
                "{slice}"
            );
        }
    }
    holds(&rows, ["a", "all", "generate", "cost_usd"], 4, 0.001);
    holds(&rows, ["a", "all", "total", "tokens_in"], 4, 110.0);
    // Nothing asked, nothing to pay: that has no price and needs none.
    let hyde = &mut crafted.examples[1].outputs[0].stages[0];
    hyde.usage = Some(Usage::default());
    monitor(&crafted, folder.path());
    holds(
        &self::rows(folder.path()),
        ["a", "all", "total", "cost_usd"],
        4,
        0.001,
    );
}

/// In a run that alternated its variants every call counts, as in `ragkit report`.
#[test]
fn clocks_are_those_of_the_report() {
    let mut crafted = Crafted::new(&["a", "b"], 50, |_, place| noise(place));
    for (place, example) in crafted.examples.iter_mut().enumerate() {
        for (number, stage) in example.outputs[0].stages.iter_mut().enumerate() {
            stage.latency_ms = 10.0 * noise(100 * number + place);
        }
        example.outputs[1].passes = (0..4)
            .map(|call| Pass {
                block: 0,
                call,
                latencies_ms: vec![(
                    "retrieve".to_owned(),
                    5.0 * noise(1000 + 4 * place + call as usize),
                )],
                batch_size: 8,
            })
            .collect();
    }
    let folder = tempfile::tempdir().unwrap();
    let crafted = crafted.write(folder.path());
    monitor(&crafted, folder.path());
    let rows = rows(folder.path());
    let run = Run::open(RunPath(folder.path().to_owned())).unwrap();
    let latencies = run.latencies().unwrap();
    assert_eq!(latencies.len(), 3);
    for row in latencies {
        for (what, value) in [
            ("latency_p50_ms", row.p50_ms),
            ("latency_p95_ms", row.p95_ms),
            ("latency_p99_ms", row.p99_ms),
            ("batch_size_max", row.batch_size as f64),
        ] {
            holds(&rows, [&row.variant, "all", &row.stage, what], row.n, value);
        }
    }
    holds(&rows, ["b", "all", "retrieve", "batch_size_max"], 200, 8.0);
    let mut calls: Vec<f64> = run
        .calls("a", None)
        .unwrap()
        .iter()
        .map(|call| call.latency_ms)
        .collect();
    calls.sort_by(f64::total_cmp);
    let median = f64::midpoint(calls[24], calls[25]);
    holds(&rows, ["a", "all", "total", "latency_p50_ms"], 50, median);
    let page = std::fs::read_to_string(folder.path().join(files::MONITORING_PAGE)).unwrap();
    assert!(page.contains("Variants took turns: 4 clocks an example."));
    assert!(page.contains("divided by their number: retrieve (up to 8)"));
}

#[test]
fn equal_runs_have_equal_views() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for folder in &folders {
        monitor(&worked(), folder.path());
    }
    for file in [files::MONITORING, files::MONITORING_PAGE] {
        let [one, other] = folders
            .each_ref()
            .map(|folder| std::fs::read(folder.path().join(file)).unwrap());
        assert_eq!(one, other, "{file}");
    }
}

/// Of nothing there is nothing to say, and that is no error.
#[test]
fn a_run_without_examples_or_clocks_has_its_view() {
    let folder = tempfile::tempdir().unwrap();
    let mut crafted = Crafted::new(&["a"], 3, |_, place| noise(place));
    crafted
        .examples
        .iter_mut()
        .for_each(|example| example.outputs = vec![Output::failed("no")]);
    monitor(&crafted, folder.path());
    let found = rows(folder.path());
    holds(&found, ["a", "all", "total", "error_rate"], 3, 1.0);
    assert_eq!(find(&found, ["a", "all", "total", "latency_p50_ms"]), None);
    crafted.examples.clear();
    monitor(&crafted, folder.path());
    assert_eq!(rows(folder.path()), []);
}
