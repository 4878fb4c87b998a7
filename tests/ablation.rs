//! What variants gain and cost against one of them.

use ragkit::comparison::{
    Ablation, AblationOf, Change, Claim, Claimed, Question, Sliced, ablate, within,
};
use ragkit::outputs::{Output, Usage};
use ragkit::report::{Run, RunPath, Style};
use serde_json::Value;

use crate::crafted::{Crafted, noise};
use crate::golden::{golden, numbers};

fn against(variant: &str, claimed: Option<Claimed>) -> AblationOf {
    AblationOf {
        variant: variant.to_owned(),
        differs: format!("what {variant} does"),
        claimed,
    }
}

fn open(folder: &tempfile::TempDir) -> Run {
    Run::open(RunPath(folder.path().to_owned())).unwrap()
}

/// All examples, no slices.
fn whole() -> Question {
    Question {
        slices: Sliced::By(Vec::new()),
        ..Question::default()
    }
}

/// Gives every answer its latency in one stage; `latency` of variant and place.
fn clocked(
    mut crafted: Crafted,
    batch_size: u32,
    latency: impl Fn(usize, usize) -> f64,
) -> Crafted {
    for (place, example) in crafted.examples.iter_mut().enumerate() {
        for (variant, output) in example.outputs.iter_mut().enumerate() {
            output.batch = u32::try_from(place).unwrap() / batch_size * batch_size;
            output.stages.truncate(1);
            output.stages[0].latency_ms = latency(variant, place);
            output.stages[0].batch_size = batch_size;
        }
    }
    crafted
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// The rows of quality are those that `ragkit report` shows, tested as the same family.
#[test]
fn quality_is_that_of_the_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let score = |variant: usize, place: usize| {
        (noise(place) + 0.1 * noise(1000 * variant + place)).min(1.0)
    };
    Crafted::new(&["a", "b", "c"], 60, score).write(folder.path());
    let run = open(&folder);
    let variants = [against("a", None), against("b", None), against("c", None)];
    let found = ablate(&run, "a", &variants, &Question::default()).unwrap();
    let expected = within(&run).unwrap();
    let quality = found.rows.iter().flat_map(|row| &row.quality);
    let quality: Vec<_> = quality.map(|gain| gain.difference.clone()).collect();
    assert_eq!(quality, expected);
    assert_eq!(found.tests, 6, "two variants, three slices of one metric");
    let slices: Vec<_> = found
        .rows
        .iter()
        .map(|row| (row.variant.as_str(), row.slice.as_str()))
        .collect();
    let of = |variant| ["all", "kind=long", "kind=short"].map(|slice| (variant, slice));
    assert_eq!(
        slices,
        [of("b"), of("c")].concat(),
        "the baseline is not held against itself"
    );
    for gain in found.rows.iter().flat_map(|row| &row.quality) {
        let row = &gain.difference;
        near(
            gain.relative_percent.unwrap(),
            100.0 * (row.mean / row.baseline_mean - 1.0),
        );
    }
    let all = &found.levels[0];
    assert_eq!((all.slice.as_str(), all.n), ("all", 60));
    near(all.quality[0].1.unwrap(), expected[0].baseline_mean);
}

/// Means over all examples, in which one that asked for nothing counts as 0.
#[test]
fn tokens_and_costs_worked_by_hand() {
    let mut crafted = Crafted::new(&["a", "b"], 4, |_, place| noise(place));
    let usage = |tokens_in, cost_usd| {
        Some(Usage {
            calls: 1,
            tokens_in,
            tokens_out: tokens_in / 10,
            cost_usd,
            ..Usage::default()
        })
    };
    for (place, example) in crafted.examples.iter_mut().enumerate() {
        example.outputs[0].stages[1].usage = usage(100, Some(0.01));
        example.outputs[1].stages[0].usage = usage(20, Some(0.002)).filter(|_| place % 2 == 0);
        example.outputs[1].stages[1].usage = usage(100, Some(0.01));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut crafted = crafted.write(folder.path());
    let question = Question::default();
    let found = ablate(&open(&folder), "a", &[against("b", None)], &question).unwrap();
    let [all, long, short] = found.rows.as_slice() else {
        panic!("{found:?}");
    };
    let tokens = all.tokens_in.unwrap();
    near(tokens.baseline, 100.0);
    near(tokens.variant, 110.0);
    near(tokens.difference, 10.0);
    near(tokens.relative_percent.unwrap(), 10.0);
    assert!(
        tokens.ci_low.unwrap() < 10.0 && tokens.ci_high.unwrap() > 10.0,
        "{tokens:?}"
    );
    near(all.tokens_out.unwrap().difference, 1.0);
    near(all.cost_usd.unwrap().difference, 0.001);
    near(long.tokens_in.unwrap().difference, 20.0);
    assert_eq!(
        long.tokens_in.unwrap().ci_low,
        None,
        "all the same: the data cannot tell"
    );
    near(short.cost_usd.unwrap().difference, 0.0);
    near(found.levels[0].tokens_in.unwrap(), 100.0);
    near(found.levels[0].cost_usd.unwrap(), 0.01);
    // One of two stages of one answer without a price, and no cost is known; the tokens are.
    crafted.examples[2].outputs[1].stages[1].usage = usage(100, None);
    crafted.write(folder.path());
    let found = ablate(&open(&folder), "a", &[against("b", None)], &question).unwrap();
    assert!(
        found
            .rows
            .iter()
            .all(|row| row.cost_usd.is_none() && row.tokens_in.is_some())
    );
    assert!(found.levels[0].cost_usd.is_some());
    // Against the one without a price nothing has a cost either.
    let found = ablate(&open(&folder), "b", &[against("a", None)], &question).unwrap();
    assert!(found.rows.iter().all(|row| row.cost_usd.is_none()));
    near(found.rows[0].tokens_in.unwrap().difference, -10.0);
}

#[test]
fn latencies_are_those_of_numpy() {
    let golden = golden("ablation");
    let (before, after) = (numbers(&golden["before_ms"]), numbers(&golden["after_ms"]));
    let folder = tempfile::tempdir().unwrap();
    let crafted = Crafted::new(&["a", "b"], before.len(), |_, place| noise(place));
    clocked(crafted, 1, |variant, place| {
        [&before, &after][variant][place]
    })
    .write(folder.path());
    let found = ablate(&open(&folder), "a", &[against("b", None)], &whole()).unwrap();
    let [row] = found.rows.as_slice() else {
        panic!("{found:?}");
    };
    for (delta, name) in [(row.latency_p50_ms, "p50"), (row.latency_p95_ms, "p95")] {
        let (delta, expected) = (delta.unwrap(), &golden[name]);
        let number = |name: &str| expected[name].as_f64().unwrap();
        near(delta.baseline, number("before"));
        near(delta.variant, number("after"));
        near(delta.difference, number("difference"));
        // 2,000 draws against 100,000.
        let (low, high) = (number("ci_low"), number("ci_high"));
        let tolerance = 0.06 * (high - low);
        for (found, expected) in [(delta.ci_low, low), (delta.ci_high, high)] {
            let found = found.unwrap();
            assert!(
                (found - expected).abs() < tolerance,
                "{name}: {delta:?}, numpy says [{low}, {high}]"
            );
        }
        // The draws are paired: unpaired ones would scatter far more.
        assert!(number("unpaired_width") > 2.0 * (high - low), "{name}");
    }
    near(
        found.levels[0].latency_p50_ms.unwrap(),
        golden["p50"]["before"].as_f64().unwrap(),
    );
}

/// A variant that takes 100 ms longer on every example takes 100 ms longer in every draw.
#[test]
fn a_constant_delay_has_no_spread() {
    let folder = tempfile::tempdir().unwrap();
    let crafted = Crafted::new(&["a", "b"], 80, |_, place| noise(place));
    clocked(crafted, 1, |variant, place| {
        40.0 * noise(place) + 100.0 * variant as f64
    })
    .write(folder.path());
    let found = ablate(&open(&folder), "a", &[against("b", None)], &whole()).unwrap();
    for delta in [found.rows[0].latency_p50_ms, found.rows[0].latency_p95_ms] {
        let delta = delta.unwrap();
        near(delta.difference, 100.0);
        assert_eq!((delta.ci_low, delta.ci_high), (None, None));
    }
}

/// What shares a call shares its clock: 160 examples in 10 calls are 10 observations, and in 40 calls 40.
#[test]
fn calls_that_serve_several_are_drawn_whole() {
    let width = |batch_size: u32| {
        let folder = tempfile::tempdir().unwrap();
        let crafted = Crafted::new(&["a", "b"], 160, |_, place| noise(place));
        let of_call = |variant: usize, place: usize| {
            10.0 + noise(1000 * variant + place / batch_size as usize)
        };
        clocked(crafted, batch_size, of_call).write(folder.path());
        let found = ablate(&open(&folder), "a", &[against("b", None)], &whole()).unwrap();
        let delta = found.rows[0].latency_p50_ms.unwrap();
        Some(delta.ci_high? - delta.ci_low?)
    };
    assert_eq!(width(16), None, "ten calls are too few");
    let (alone, fours) = (width(1).unwrap(), width(4).unwrap());
    assert!(fours > 1.4 * alone, "{fours} of 40 calls, {alone} of 160");
}

/// A component that is away may leave nothing that was timed; its row is there all the same.
#[test]
fn a_variant_that_fails_everywhere_has_its_row() {
    let mut crafted = Crafted::new(&["a", "b"], 30, |variant, place| {
        noise(place) * (1 - variant) as f64
    });
    for example in &mut crafted.examples {
        example.outputs[1] = Output::failed("no language model");
    }
    let folder = tempfile::tempdir().unwrap();
    crafted.write(folder.path());
    let found = ablate(&open(&folder), "a", &[against("b", None)], &whole()).unwrap();
    let row = &found.rows[0];
    assert_eq!((row.n, row.latency_p50_ms, row.tokens_in), (30, None, None));
    near(row.quality[0].relative_percent.unwrap(), -100.0);
    assert!(row.quality[0].difference.p_holm.unwrap() < 0.01);
    // And the other way round nothing can be said in percent.
    let found = ablate(&open(&folder), "b", &[against("a", None)], &whole()).unwrap();
    assert_eq!(found.rows[0].quality[0].relative_percent, None);
}

#[test]
fn wrong_names_are_told() {
    let folder = tempfile::tempdir().unwrap();
    Crafted::new(&["a", "b"], 30, |_, place| noise(place)).write(folder.path());
    let run = open(&folder);
    let fails = |baseline: &str, variant: &str, question: &Question, message: &str| {
        let error = ablate(&run, baseline, &[against(variant, None)], question).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    };
    fails("x", "b", &whole(), "has no variant `x`; it has a, b");
    fails("a", "x", &whole(), "has no variant `x`; it has a, b");
    fails("a", "a", &whole(), "there is nothing to hold against `a`");
    let question = Question {
        metrics: vec!["RR".to_owned()],
        ..whole()
    };
    fails("a", "b", &question, "has no metric `RR`; it has nDCG@10");
    let question = Question {
        slices: Sliced::By(vec!["age".to_owned()]),
        ..whole()
    };
    fails("a", "b", &question, "no slices by `age`");
}

/// A variant without the reranker, which asks a language model.
fn without_reranking() -> Ablation {
    let mut crafted = Crafted::new(&["full", "bare"], 40, |variant, _| {
        0.5 - 0.1 * variant as f64
    });
    for example in &mut crafted.examples {
        for (stage, latency_ms) in example.outputs[0].stages.iter_mut().zip([10.0, 120.0]) {
            stage.latency_ms = latency_ms;
        }
        example.outputs[1].stages.truncate(1);
        example.outputs[1].stages[0].latency_ms = 10.0;
        example.outputs[0].stages[1].usage = Some(Usage {
            calls: 1,
            tokens_in: 200,
            tokens_out: 20,
            cost_usd: Some(0.0005),
            ..Usage::default()
        });
    }
    let folder = tempfile::tempdir().unwrap();
    crafted.write(folder.path());
    let claimed = Claimed {
        claim: Claim::Rerank,
        change: Change::Removed,
    };
    let variants = [AblationOf {
        differs: "no <b>reranking</b> | at all".to_owned(),
        ..against("bare", Some(claimed))
    }];
    ablate(&open(&folder), "full", &variants, &whole()).unwrap()
}

#[test]
fn the_table_shows_what_is_there() {
    let found = without_reranking();
    let table = found.table(Style::Markdown);
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 4, "{table}");
    let cells = |row: &str| -> Vec<String> {
        let inside = row.trim_matches('|').replace("\\|", "¦");
        inside
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    assert_eq!(
        cells(rows[0]),
        [
            "variant",
            "what differs",
            "n",
            "nDCG@10",
            "P50 ms",
            "P95 ms",
            "tokens/query",
            "USD/1000 queries",
            "claimed"
        ]
    );
    assert_eq!(
        cells(rows[2]),
        [
            "full",
            "the baseline itself",
            "40",
            "0.5000",
            "130.0",
            "130.0",
            "200.0 in 20.0 out",
            "0.500",
            ""
        ]
    );
    let p = found.rows[0].quality[0].difference.p_holm.unwrap();
    assert_eq!(
        cells(rows[3]),
        [
            "bare".to_owned(),
            "no &lt;b>reranking&lt;/b> ¦ at all".to_owned(),
            "40".to_owned(),
            format!("-0.1000 (-20.0 %) [no interval] p={p:.4}"),
            "-120.0 (-92.3 %) [no interval]".to_owned(),
            "-120.0 (-92.3 %) [no interval]".to_owned(),
            "-200.0 in -20.0 out".to_owned(),
            "-0.500 (-100.0 %) [no interval]".to_owned(),
            "reranking left out: -20 % for -100 ms".to_owned(),
        ]
    );
    assert!(found.table(Style::Terminal).contains("-0.1000 (-20.0 %)"));
}

#[test]
fn json_has_the_claim_with_its_figures() {
    let found = without_reranking();
    let json: Value = serde_json::to_value(&found).unwrap();
    let claimed = &json["rows"][0]["claimed"];
    assert_eq!(
        (&claimed["claim"], &claimed["change"]),
        (&"rerank".into(), &"removed".into())
    );
    near(claimed["relevance_percent"].as_f64().unwrap(), -20.0);
    near(
        json["rows"][0]["quality"][0]["difference"]
            .as_f64()
            .unwrap(),
        -0.1,
    );
    near(
        json["rows"][0]["latency_p50_ms"]["difference"]
            .as_f64()
            .unwrap(),
        -120.0,
    );
}
