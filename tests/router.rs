//! Routers, from outside: what is read, what every stage does, and what it costs.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Mean of a variant's metric in a slice; `None` where there is no such row, or no number in it.
fn figure(summary: &Value, variant: &str, metric: &str, slice: &str) -> Option<f64> {
    let rows = summary["summary"].as_array().unwrap();
    let is = |row: &&Value| {
        row["variant"] == variant && row["metric"] == metric && row["slice"] == slice
    };
    rows.iter().find(is)?["mean"].as_f64()
}

fn eval(sandbox: &Sandbox) -> Value {
    let shown = sandbox.ok("eval config.toml --format json");
    serde_json::from_str(&shown.stdout).unwrap()
}

/// Four prompts of two tenants and two models: `dear` is always right, `cheap` on the first two.
fn rows() -> Vec<Value> {
    let row = |number: usize, tenant: &str, cheap: f64| {
        json!({
            "id": format!("p{number}"),
            "prompt": format!("What is question {number} about?"),
            "tenant": tenant,
            "task": if number < 2 { "easy" } else { "hard" },
            "outcomes": {
                "cheap": { "score": cheap, "cost_usd": 0.001, "tokens_in": 10, "tokens_out": 20, "latency_ms": 100.0, "ttft_ms": 10.0, "confidence": cheap * 0.8 + 0.1 },
                "dear": { "score": 1.0, "cost_usd": 0.01, "tokens_in": 11, "tokens_out": 30, "latency_ms": 1000.0, "ttft_ms": 200.0, "confidence": 0.9 },
            },
        })
    };
    vec![
        row(0, "acme", 1.0),
        row(1, "bank", 1.0),
        row(2, "acme", 0.0),
        row(3, "bank", 0.0),
    ]
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

const HEAD: &str = r#"
name = "routed"
metrics = ["Quality", "CostUSD", "TokensIn", "TokensOut", "OracleQuality", "Regret"]
slices = ["tenant"]
dataset.outcomes = [{ path = "outcomes.jsonl" }]
"#;

fn routed(rows: &[Value], system: &str) -> Sandbox {
    Sandbox::new()
        .file("outcomes.jsonl", lines(rows))
        .file("config.toml", format!("{HEAD}\n{system}"))
}

const SINGLES: &str = r#"
[[system.router.variants]]
name = "cheap"
choose.single = "cheap"
[[system.router.variants]]
name = "dear"
choose.single = "dear"
[[system.router.variants]]
name = "oracle"
choose.oracle = {}
[[system.router.variants]]
name = "tasks"
classify.given = {}
choose.by_task = { tasks = { easy = ["cheap"] }, otherwise = ["dear"] }
"#;

#[test]
fn quality_and_cost_are_those_of_the_chosen_models_and_tenants_sum_to_the_bill() {
    let summary = eval(&routed(&rows(), SINGLES));
    let all = |variant: &str, metric: &str| figure(&summary, variant, metric, "all").unwrap();
    for (variant, quality, cost) in [
        ("cheap", 0.5, 0.001),
        ("dear", 1.0, 0.01),
        // The oracle takes the cheaper of two right answers.
        ("oracle", 1.0, 0.0055),
        ("tasks", 1.0, 0.0055),
    ] {
        assert_eq!(all(variant, "Quality"), quality, "{variant}");
        assert!((all(variant, "CostUSD") - cost).abs() < 1e-12, "{variant}");
        // What tenants are billed for is what was consumed.
        for metric in ["CostUSD", "TokensIn", "TokensOut"] {
            let tenants = ["tenant=acme", "tenant=bank"];
            let billed =
                tenants.map(|tenant| figure(&summary, variant, metric, tenant).unwrap() * 2.0);
            assert!((billed[0] + billed[1] - all(variant, metric) * 4.0).abs() < 1e-12);
        }
    }
    assert_eq!(all("tasks", "TokensIn"), 10.5);
    assert_eq!(all("cheap", "Regret"), 0.5);
}

#[test]
fn a_matrix_is_the_same_in_every_form() {
    let expected = eval(&routed(&rows(), SINGLES));
    let score = |row: &Value, model: &str, field: &str| row["outcomes"][model][field].to_string();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let mut long = "id,prompt,tenant,task,model,score,cost_usd,tokens_in,tokens_out,latency_ms,ttft_ms,confidence\n".to_owned();
    let mut wide = "id,prompt,tenant,task,cheap,dear,cheap|usd,dear|usd,cheap|in,dear|in,cheap|out,dear|out,cheap|answer\n".to_owned();
    for row in rows() {
        let head = ["id", "prompt", "tenant", "task"]
            .map(|field| text(&row, field))
            .join(",");
        for model in ["cheap", "dear"] {
            let fields = [
                "score",
                "cost_usd",
                "tokens_in",
                "tokens_out",
                "latency_ms",
                "ttft_ms",
                "confidence",
            ];
            long += &format!(
                "{head},{model},{}\n",
                fields.map(|field| score(&row, model, field)).join(",")
            );
        }
        let cells = ["score", "cost_usd", "tokens_in", "tokens_out"];
        let cells = cells.map(|field| {
            format!(
                "{},{}",
                score(&row, "cheap", field),
                score(&row, "dear", field)
            )
        });
        wide += &format!("{head},{},an answer\n", cells.join(","));
    }
    let list = serde_json::to_string(&rows()).unwrap();
    let wide_source = r#"{ path = "outcomes.csv", columns = { score = "{model}", cost_usd = "{model}|usd", tokens_in = "{model}|in", tokens_out = "{model}|out" } }"#;
    for (file, content, source) in [
        ("outcomes.csv", long, r#"{ path = "outcomes.csv" }"#),
        ("outcomes.csv", wide, wide_source),
        ("outcomes.json", list, r#"{ path = "outcomes.json" }"#),
    ] {
        let config = format!("{HEAD}\n{SINGLES}").replace(r#"{ path = "outcomes.jsonl" }"#, source);
        let sandbox = Sandbox::new()
            .file(file, content)
            .file("config.toml", config);
        assert_eq!(eval(&sandbox)["summary"], expected["summary"], "{source}");
    }
}

#[test]
fn tenants_get_only_what_they_allow() {
    let system = r#"
[system.router]
models = { cheap = { region = "eu" }, dear = { region = "us" } }
tiers = { gold = "quality", saver = { quality_per_usd = 50.0 } }
[[system.router.tenants]]
name = "acme"
tier = "saver"
[[system.router.tenants]]
name = "bank"
regions = ["eu"]
[[system.router.variants]]
name = "dear"
choose.single = "dear"
[[system.router.variants]]
name = "oracle"
choose.oracle = {}
"#;
    let mut sandbox = routed(&rows(), system);
    let config =
        format!("{HEAD}\n{system}").replace(r#""Regret""#, r#""Regret", "PolicyViolations""#);
    sandbox = sandbox.file("config.toml", config);
    let summary = eval(&sandbox);
    let of = |variant, metric, tenant| figure(&summary, variant, metric, tenant).unwrap();
    // The bank's prompts go to the one model in the union, right or wrong.
    assert_eq!(of("dear", "Quality", "tenant=bank"), 0.5);
    assert_eq!(of("oracle", "Quality", "tenant=bank"), 0.5);
    assert_eq!(of("dear", "Quality", "tenant=acme"), 1.0);
    assert_eq!(of("dear", "PolicyViolations", "all"), 0.0);
    // 50 of quality per USD: 1 − .5 is more than 0 − .05.
    assert_eq!(of("oracle", "Quality", "tenant=acme"), 1.0);
    let dearer = system.replace("50.0", "200.0");
    let summary = eval(&routed(&rows(), &dearer));
    assert_eq!(
        figure(&summary, "oracle", "Quality", "tenant=acme"),
        Some(0.5),
        "1 − 2 is less than 0 − .2"
    );
    let fails = |from: &str, to: &str, message: &str| {
        let sandbox = routed(&rows(), &system.replace(from, to));
        sandbox.fails("eval config.toml", message);
    };
    fails(
        "name = \"bank\"",
        "name = \"other\"",
        "the prompt `p1` is of the tenant `bank`, which `system.router.tenants` does not have: which models may answer it is not known",
    );
    fails(
        "regions = [\"eu\"]",
        "regions = [\"ch\"]",
        "no model may answer the tenant `bank`: none of its `models` runs in its `regions`; say in `system.router.models` where each runs",
    );
    fails(
        "tier = \"saver\"",
        "tier = \"silver\"",
        "`config.toml` is not a valid config: the tenant `acme` is of the tier `silver`, which `system.router.tiers` does not have",
    );
}

#[test]
fn a_cascade_pays_for_both_models_and_the_judge() {
    let system = r#"
[[system.router.variants]]
name = "cascade"
choose.single = "dear"
cascade = { first = "cheap", judge.logged = {}, accept.from = 0.5, judge_cost_usd = 0.0005, judge_latency_ms = 40 }
[[system.router.variants]]
name = "blind"
choose.single = "dear"
cascade = { first = "cheap", judge.simulated = { sensitivity = 1.0, specificity = 0.0 }, judge_cost_usd = 0.0005 }
"#;
    let metrics = r#""EscalationRate", "FirstCostUSD", "FullCostUSD", "CascadeSavings", "BreakEvenEscalation", "JudgeAUROC", "TTFTMs", "EscalatedTTFTMs", "LatencyMs", "AcceptedQuality", "Regret""#;
    let config = format!("{HEAD}\n{system}").replace(r#""Regret""#, metrics);
    let sandbox = routed(&rows(), system).file("config.toml", config);
    let summary = eval(&sandbox);
    let near = |variant: &str, metric: &str, expected: f64| {
        let found = figure(&summary, variant, metric, "all").unwrap();
        assert!(
            (found - expected).abs() < 1e-9,
            "{variant} {metric}: {found} and not {expected}"
        );
    };
    // Two of four answers stay.
    near("cascade", "Quality", 1.0);
    near("cascade", "EscalationRate", 0.5);
    near("cascade", "AcceptedQuality", 1.0);
    near("cascade", "CostUSD", 0.001 + 0.0005 + 0.5 * 0.01);
    near("cascade", "CascadeSavings", 1.0 - 0.0065 / 0.01);
    near("cascade", "BreakEvenEscalation", 1.0 - 0.0015 / 0.01);
    near("cascade", "JudgeAUROC", 1.0);
    near("cascade", "EscalatedTTFTMs", 100.0 + 40.0 + 200.0);
    // What the judge must see whole is shown when it is whole.
    near("cascade", "TTFTMs", f64::midpoint(340.0, 140.0));
    near("cascade", "LatencyMs", 140.0 + 0.5 * 1000.0);
    // A judge that lets everything stay.
    near("blind", "Quality", 0.5);
    near("blind", "EscalationRate", 0.0);
    near("blind", "CostUSD", 0.0015);
    assert_eq!(figure(&summary, "blind", "EscalatedTTFTMs", "all"), None);
}

#[test]
fn who_fails_is_replaced_and_who_cannot_be_is_an_error() {
    let mut rows = rows();
    rows[0]["outcomes"]["dear"] = json!({ "error": "503", "latency_ms": 7.0 });
    rows[1]["outcomes"]["dear"] = json!({ "error": "503", "latency_ms": 7.0 });
    rows[1]["outcomes"]["cheap"] = json!({ "error": "timeout", "latency_ms": 9.0 });
    let system = r#"
[[system.router.variants]]
name = "chain"
choose.single = "dear"
fallback = ["cheap"]
[[system.router.variants]]
name = "alone"
choose.single = "dear"
"#;
    let config =
        format!("{HEAD}\n{system}").replace(r#""Regret""#, r#""FallbackRate", "LatencyMs""#);
    let sandbox = routed(&rows, system).file("config.toml", config);
    let summary = eval(&sandbox);
    let of = |variant, metric| figure(&summary, variant, metric, "all").unwrap();
    assert_eq!(
        (of("chain", "Quality"), of("alone", "Quality")),
        (0.75, 0.5)
    );
    assert_eq!(of("chain", "FallbackRate"), 0.5);
    // Who gives no answer charges nothing: .001 of p0, nothing of p1, twice .01.
    assert!((of("chain", "CostUSD") - 0.021 / 4.0).abs() < 1e-12);
    assert_eq!(of("chain", "LatencyMs"), (107.0 + 16.0 + 2000.0) / 4.0);
    let shown = sandbox.ok("report");
    assert!(
        shown.stdout.contains("chain: 1 examples ended in an error")
            && shown.stdout.contains("alone: 2 examples"),
        "{}",
        shown.stdout
    );
}

#[test]
fn answers_are_served_again_to_the_same_tenant_only() {
    let mut rows = rows();
    let again = |row: &Value, id: &str, prompt: &str, tenant: &str| {
        let mut again = row.clone();
        again["id"] = json!(id);
        again["prompt"] = json!(prompt);
        again["tenant"] = json!(tenant);
        again
    };
    let first = "How do I cancel my subscription to the monthly newsletter of the shop?";
    rows[0]["prompt"] = json!(first);
    rows[1]["prompt"] = json!("Who painted the ceiling?");
    rows[2]["prompt"] = json!("Sum all primes below one million.");
    // The same words, of the same tenant and of another; other words for the same; almost the same for something else.
    rows.push(again(&rows[0], "same", first, "acme"));
    rows.push(again(&rows[0], "other", first, "bank"));
    rows.push(again(
        &rows[0],
        "said",
        "How do I cancel my subscription to the monthly newsletter of this shop?",
        "acme",
    ));
    rows.push(again(
        &rows[2],
        "not",
        "How do I cancel my subscription to the weekly newsletter of the shop?",
        "acme",
    ));
    rows[6]["same_as"] = json!("p0");
    let system = r#"
[[system.router.variants]]
name = "exact"
cache = {}
choose.single = "cheap"
[[system.router.variants]]
name = "semantic"
cache.semantic = { embedder.terms = {}, threshold.fixed = 0.8 }
choose.single = "cheap"
"#;
    let metrics = r#""CacheHitRate", "CacheExactHitRate", "CacheSemanticHitRate", "CacheFalseHitRate", "CacheFalseHitsPerRequest""#;
    let config = format!("{HEAD}\n{system}").replace(r#""Regret""#, metrics);
    let sandbox = routed(&rows, system).file("config.toml", config);
    let summary = eval(&sandbox);
    let of = |variant, metric| figure(&summary, variant, metric, "all").unwrap();
    assert_eq!(of("exact", "CacheHitRate"), 1.0 / 8.0);
    assert_eq!(of("exact", "CacheFalseHitRate"), 0.0);
    assert_eq!(of("semantic", "CacheExactHitRate"), 1.0 / 8.0);
    assert_eq!(of("semantic", "CacheSemanticHitRate"), 2.0 / 8.0);
    assert_eq!(of("semantic", "CacheFalseHitRate"), 1.0 / 3.0);
    assert_eq!(of("semantic", "CacheFalseHitsPerRequest"), 1.0 / 8.0);
    // Another tenant is not served what one was answered, however near.
    assert_eq!(
        figure(&summary, "semantic", "CacheHitRate", "tenant=bank"),
        Some(0.0)
    );
    // An answer to something else is worth nothing, whoever it was right for; one from the cache costs nothing.
    assert!((of("semantic", "CostUSD") - 5.0 * 0.001 / 8.0).abs() < 1e-12);
    // Of 3 hits one is false: by Clopper and Pearson .0084 to .9057.
    let rows = summary["summary"].as_array().unwrap();
    let row = rows.iter().find(|row| {
        row["variant"] == "semantic"
            && row["metric"] == "CacheFalseHitRate"
            && row["slice"] == "all"
    });
    let row = row.unwrap();
    assert!(
        (row["ci_low"].as_f64().unwrap() - 0.0084).abs() < 1e-4
            && (row["ci_high"].as_f64().unwrap() - 0.9057).abs() < 1e-4,
        "{row}"
    );
    let unnamed: Vec<Value> = rows_without_same(&sandbox);
    routed(&unnamed, system).fails(
        "eval config.toml --variants semantic",
        "variant `semantic`: `cache.semantic` serves prompts with answers to others, and nothing says which of these are right: name in the field `same_as` of a prompt the earlier one whose answer serves as well",
    );
}

#[test]
fn a_trade_weighs_scores_and_no_order_of_preference() {
    let system = r#"
[system.router]
tiers = { saver = { quality_per_usd = 1000.0 }, unused = { usd_per_1k = 1.0 } }
[[system.router.tenants]]
name = "acme"
tier = "saver"
[[system.router.tenants]]
name = "bank"
[[system.router.variants]]
name = "dear"
choose.single = "dear"
[[system.router.variants]]
name = "tasks"
classify.given = {}
choose.by_task = { tasks = { easy = ["dear"] }, otherwise = ["dear"] }
"#;
    let summary = eval(&routed(&rows(), system));
    for variant in ["dear", "tasks"] {
        assert_eq!(figure(&summary, variant, "Quality", "all"), Some(1.0));
        assert_eq!(figure(&summary, variant, "CostUSD", "all"), Some(0.01));
    }
}

#[test]
fn a_cascade_is_held_against_the_same_way_without_it() {
    let mut rows = rows();
    // The first model answers nothing to p0, whom no judge looks at; the second nothing to p2, who is fallen back on.
    rows[0]["outcomes"]["cheap"] = json!({ "error": "503", "latency_ms": 5.0 });
    rows[2]["outcomes"]["dear"] = json!({ "error": "503", "latency_ms": 5.0 });
    for row in &mut rows {
        row["outcomes"]["spare"] = json!({ "score": 0.5, "cost_usd": 0.02, "latency_ms": 50.0 });
    }
    let system = r#"
[[system.router.variants]]
name = "cascade"
choose.single = "dear"
cascade = { first = "cheap", judge.logged = {}, judge_cost_usd = 0.0004 }
fallback = ["cheap", "spare"]
[[system.router.variants]]
name = "direct"
choose.single = "dear"
fallback = ["spare"]
"#;
    let metrics =
        r#""CascadeSavings", "JudgeCostUSD", "JudgeAUROC", "EscalationRate", "FullCostUSD""#;
    let config = format!("{HEAD}\n{system}").replace(r#""Regret""#, metrics);
    let sandbox = routed(&rows, system).file("config.toml", config);
    let summary = eval(&sandbox);
    let of = |variant, metric| figure(&summary, variant, metric, "all").unwrap();
    let near = |found: f64, expected: f64| {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} and not {expected}"
        );
    };
    near(of("cascade", "JudgeCostUSD"), 0.0003);
    near(of("cascade", "EscalationRate"), 0.75);
    assert_eq!(of("cascade", "JudgeAUROC"), 1.0);
    // p0: .01; p1: .0014; p2: .0014, whose doubted answer is all there is before `spare`; p3: .0114.
    near(
        of("cascade", "CostUSD"),
        (0.01 + 0.0014 + 0.0014 + 0.0114) / 4.0,
    );
    // Without the cascade p2 would go from `dear` to `cheap`, which answers.
    near(
        of("cascade", "FullCostUSD"),
        (0.01 + 0.01 + 0.001 + 0.01) / 4.0,
    );
}

#[test]
fn what_failed_is_not_served_again() {
    let mut rows = rows();
    rows[2]["prompt"] = rows[0]["prompt"].clone();
    rows[0]["outcomes"]["cheap"] = json!({ "error": "503" });
    rows[2]["outcomes"]["cheap"]["score"] = json!(1.0);
    let system =
        "[[system.router.variants]]\nname = \"cached\"\ncache = {}\nchoose.single = \"cheap\"\n";
    let config = format!("{HEAD}\n{system}").replace(r#""Regret""#, r#""CacheHitRate""#);
    let summary = eval(&routed(&rows, system).file("config.toml", config));
    assert_eq!(figure(&summary, "cached", "CacheHitRate", "all"), Some(0.0));
    assert_eq!(
        figure(&summary, "cached", "Quality", "tenant=acme"),
        Some(0.5)
    );
}

#[test]
fn the_design_s_own_router_runs_on_outcomes() {
    let models = [
        "gpt-4o-mini",
        "gpt-4o",
        "o3",
        "claude-haiku-4-5",
        "claude-sonnet-4-0",
        "claude-opus-4-0",
    ];
    let mut text = String::new();
    for number in 0..40 {
        let outcome = |place: usize| json!({ "score": f64::from(u8::from(!(number + place).is_multiple_of(3))), "tokens_in": 100, "tokens_out": 50, "latency_ms": 900.0, "ttft_ms": 90.0 });
        let outcomes: serde_json::Map<String, Value> = models
            .iter()
            .enumerate()
            .map(|(place, model)| ((*model).to_owned(), outcome(place)))
            .collect();
        let tenants = ["acme", "nordbank", "klinik"];
        let row = json!({
            "id": number.to_string(), "prompt": format!("Write a python function number {number} please"), "task": "coding",
            "tenant": tenants[number % 3], "split": if number < 20 { "past" } else { "now" }, "outcomes": outcomes,
        });
        text += &format!("{row}\n");
    }
    let sandbox = Sandbox::new()
        .file("router-outcomes.jsonl", text)
        .file(
            "configs/prices.toml",
            include_str!("../configs/prices.toml"),
        )
        .file("config.toml", include_str!("../configs/router.toml"));
    let summary = eval(&sandbox);
    assert_eq!(
        figure(&summary, "by-task", "PolicyViolations", "all"),
        Some(0.0)
    );
    assert_eq!(
        figure(&summary, "by-task", "TaskAccuracy", "all"),
        Some(1.0)
    );
    // 100 tokens at 3 and 50 at 15 USD per million: the hospital's one model.
    let cost = figure(&summary, "strongest", "CostUSD", "tenant=klinik").unwrap();
    assert!((cost - 1.05e-3).abs() < 1e-12, "{cost}");
}

fn rows_without_same(sandbox: &Sandbox) -> Vec<Value> {
    let text = String::from_utf8(sandbox.read("outcomes.jsonl")).unwrap();
    let rows = text.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().remove("same_as");
        row
    });
    rows.collect()
}

#[test]
fn a_figure_that_is_not_defined_is_null_with_its_reason() {
    let system = r#"
[system.router]
pair = { strong = "cheap", weak = "dear" }
[[system.router.variants]]
name = "oracle"
choose.oracle = {}
"#;
    let config =
        format!("{HEAD}\n{system}").replace(r#""Regret""#, r#""APGR", "CPT80", "PGR", "AIQ""#);
    let sandbox = routed(&rows(), system).file("config.toml", config);
    let summary = eval(&sandbox);
    let rows = summary["summary"].as_array().unwrap();
    for metric in ["APGR", "CPT80", "PGR"] {
        let row = rows
            .iter()
            .find(|row| row["metric"] == metric && row["slice"] == "all")
            .unwrap();
        assert!(
            row["mean"].is_null()
                && row["undefined"]
                    .as_str()
                    .unwrap()
                    .contains("no better than the weak"),
            "{row}"
        );
    }
    assert!(figure(&summary, "oracle", "AIQ", "all").is_some());
    let shown = sandbox.ok("report");
    assert!(shown.stdout.contains("not defined"), "{}", shown.stdout);
    // A variant that predicts nothing has no curve, which a comparison says.
    let two = format!(
        "{}\n[[system.router.variants]]\nname = \"single\"\nchoose.single = \"dear\"\n",
        String::from_utf8(sandbox.read("config.toml")).unwrap()
    );
    let sandbox = sandbox.file("config.toml", two);
    eval(&sandbox);
    let run = sandbox.runs().pop().unwrap();
    let run = run.file_name().unwrap().to_str().unwrap().to_owned();
    let shown = sandbox.ok(&format!(
        "compare reports/{run}:oracle reports/{run}:single --metric AIQ"
    ));
    let said =
        format!("note: `AIQ` has no value in `reports/{run}:single`, so nothing of it is compared");
    assert!(shown.stderr.contains(&said), "{}", shown.stderr);
    // Every policy is in the table, and in the picture.
    let run = sandbox.runs().pop().unwrap();
    let picture = String::from_utf8(std::fs::read(run.join("curves.svg")).unwrap()).unwrap();
    assert!(
        picture.starts_with("<svg")
            && picture.contains("oracle")
            && run.join("curves.parquet").exists()
    );
}

#[test]
fn what_is_no_outcome_is_told_with_its_line() {
    let fails = |change: &dyn Fn(&mut Vec<Value>), message: &str| {
        let mut rows = rows();
        change(&mut rows);
        routed(&rows, SINGLES).fails("eval config.toml", message);
    };
    fails(
        &|rows| rows[1]["outcomes"]["cheap"]["score"] = json!(7),
        "`outcomes.jsonl` line 2: the score of `cheap` is 7, which is not of 0 to 1; name the source's scale, as in `scale = [1, 10]`",
    );
    fails(
        &|rows| rows[2]["outcomes"]["cheap"]["score"] = json!("NaN"),
        "`outcomes.jsonl` line 3: the score of `cheap` must be a number, or true or false, found `NaN`",
    );
    fails(
        &|rows| rows[2]["outcomes"]["cheap"]["cost_usd"] = json!(-1),
        "`outcomes.jsonl` line 3: `cost_usd` of `cheap` is -1; it must be a number of 0 or more",
    );
    fails(
        &|rows| rows[2]["outcomes"]["cheap"]["tokens"] = json!(1),
        "`outcomes.jsonl` line 3: the outcome of `cheap` has a field `tokens`, which is none of `score`, `cost_usd`, `tokens_in`, `cached_tokens_in`, `tokens_out`, `latency_ms`, `ttft_ms`, `confidence`, `error`",
    );
    fails(
        &|rows| rows[3]["id"] = json!("p0"),
        "`outcomes.jsonl` line 4: the id `p0` stands already in `outcomes.jsonl` line 1; ids must be unique in a set, so mend it or name the sets apart in `set`",
    );
    fails(
        &|rows| rows[3]["prompt"] = json!(" "),
        "`outcomes.jsonl` line 4: `prompt` is blank",
    );
    fails(
        &|rows| rows[0]["outcomes"]["cheap"]["cost_usd"] = Value::Null,
        "`CostUSD` needs what every answer costs, and that of `cheap` for the prompt `p0` is not known: give `cost_usd`, or its tokens and a price in the table that `system.router.prices` names",
    );
    // A prompt without an outcome of a model is counted and left out of all figures that rest on outcomes.
    let mut rows = rows();
    rows[3]["outcomes"].as_object_mut().unwrap().remove("dear");
    let sandbox = routed(&rows, SINGLES);
    let shown = sandbox.ok("eval config.toml --format json");
    assert!(
        shown
            .stderr
            .contains("1 prompts have outcomes of some models only, and count as without"),
        "{}",
        shown.stderr
    );
    let summary: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(figure(&summary, "cheap", "Quality", "all"), Some(2.0 / 3.0));
}

#[test]
fn costs_come_from_tokens_where_none_is_logged() {
    let mut rows = rows();
    for row in &mut rows {
        for model in ["cheap", "dear"] {
            row["outcomes"][model]
                .as_object_mut()
                .unwrap()
                .remove("cost_usd");
        }
    }
    let prices = |as_of: &str| {
        format!(
            "[models.cheap]\nusd_per_million = {{ input = 1.0, output = 2.0 }}\nsource = \"a test\"\nas_of = \"{as_of}\"\n[models.dear]\nusd_per_million = {{ input = 10.0, output = 20.0 }}\nsource = \"a test\"\nas_of = \"{as_of}\"\n"
        )
    };
    let system = format!("[system.router]\nprices = \"prices.toml\"\n{SINGLES}");
    let sandbox = routed(&rows, &system).file("prices.toml", prices("2020-01-01"));
    let shown = sandbox.ok("eval config.toml --format json");
    assert!(
        shown
            .stderr
            .contains("prices more than 180 days old: `cheap` of 2020-01-01, `dear` of 2020-01-01"),
        "{}",
        shown.stderr
    );
    let summary: Value = serde_json::from_str(&shown.stdout).unwrap();
    // 10 · 1 + 20 · 2 and 11 · 10 + 30 · 20 millionths.
    for (variant, cost) in [("cheap", 50e-6), ("dear", 710e-6)] {
        let found = figure(&summary, variant, "CostUSD", "all").unwrap();
        assert!((found - cost).abs() < 1e-15, "{variant}: {found}");
    }
    routed(&rows, &system).file("prices.toml", prices("soon")).fails(
        "eval config.toml",
        "`prices.toml`: `as_of` of `cheap` is no date such as 2026-11-25: input contains invalid characters",
    );
}

#[test]
fn a_router_learns_from_the_past_only() {
    // The answer hangs on one word, which the past shows; what is evaluated twice is dropped from the past.
    let mut rows = Vec::new();
    for number in 0..60 {
        let (word, cheap) = if number % 2 == 0 {
            ("fish", 1.0)
        } else {
            ("integrals", 0.0)
        };
        let mut row = crate::router::rows().remove(0);
        row["id"] = json!(format!("p{number}"));
        row["prompt"] = json!(format!(
            "Tell me something about {word}, number {}",
            number % 40
        ));
        row["split"] = json!(if number < 40 { "past" } else { "now" });
        row["outcomes"]["cheap"]["score"] = json!(cheap);
        row["task"] = json!(word);
        rows.push(row);
    }
    let system = r#"
[system.router]
split.field = { train = "past", test = "now" }
[[system.router.variants]]
name = "learned"
choose.predict.learner.ridge = { l2 = 0.1 }
trade.quality_per_usd = 20.0
[[system.router.variants]]
name = "budget"
choose.predict.learner.knn = { k = 3 }
trade.usd_per_1k = 5.6
[[system.router.variants]]
name = "tasks"
classify.learned.learner.logistic = {}
choose.best_by_task = {}
"#;
    let config = format!("{HEAD}\n{system}").replace(
        r#""Regret""#,
        r#""Savings", "TaskAccuracy", "MacroF1", "CalibrationError""#,
    );
    let sandbox = routed(&rows, system).file("config.toml", config);
    let shown = sandbox.ok("eval config.toml --format json");
    assert!(
        shown
            .stderr
            .contains("20 prompts to learn from, 20 to evaluate")
            && shown
                .stderr
                .contains("20 dropped from the former, for their text is evaluated"),
        "{}",
        shown.stderr
    );
    let summary: Value = serde_json::from_str(&shown.stdout).unwrap();
    let of = |variant, metric| figure(&summary, variant, metric, "all").unwrap();
    assert_eq!(of("learned", "Quality"), 1.0);
    assert!(
        (of("learned", "CostUSD") - 0.0055).abs() < 1e-12,
        "half of the prompts go to the cheap model"
    );
    assert!((of("learned", "Savings") - 0.45).abs() < 1e-9);
    assert!((of("budget", "CostUSD") - 0.0055).abs() < 1e-12 && of("budget", "Quality") == 1.0);
    assert_eq!(
        (of("tasks", "TaskAccuracy"), of("tasks", "MacroF1")),
        (1.0, 1.0)
    );
    let unsplit = system.replace("split.field = { train = \"past\", test = \"now\" }", "");
    routed(&rows, &unsplit).fails(
        "eval config.toml",
        "`config.toml` is not a valid config: variant `learned`: there is nothing to learn from; say by `system.router.split` which prompts are",
    );
}

#[test]
fn a_router_that_was_kept_routes_as_it_did_and_refuses_what_it_learned_from() {
    let config = include_str!("../configs/router-demo.toml");
    let outcomes = include_str!("../datasets/router-demo/outcomes.jsonl");
    let prices = include_str!("../datasets/router-demo/prices.toml");
    let head = config.split("[[system.router.variants]]").next().unwrap();
    let with = |variants: &str| format!("{head}{variants}").replace("datasets/router-demo/", "");
    let fresh = r#"
[[system.router.variants]]
name = "learned"
classify.learned.learner.logistic = { l2 = 0.1 }
choose.predict.learner.ridge = { l2 = 3.0 }
trade.quality_per_usd = 20.0
"#;
    let kept = r#"
[[system.router.variants]]
name = "kept"
classify.trained = "kept"
choose.trained = "kept"
trade.quality_per_usd = 20.0
"#;
    let sandbox = Sandbox::new()
        .file("outcomes.jsonl", outcomes)
        .file("prices.toml", prices)
        .file("fresh.toml", with(fresh))
        .file("config.toml", with(&format!("{fresh}{kept}")));
    let shown = sandbox.ok("train router fresh.toml --variant learned --out kept --format json");
    let tradeoffs: Value = serde_json::from_str(&shown.stdout).unwrap();
    let rises = |name: &str| {
        let rows = tradeoffs.as_array().unwrap().iter();
        let values: Vec<f64> = rows.map(|row| row[name].as_f64().unwrap()).collect();
        values.len() > 2 && values.windows(2).all(|pair| pair[0] < pair[1])
    };
    assert!(rises("usd_per_1k") && rises("quality"), "{tradeoffs}");
    let summary = eval(&sandbox);
    let rows = |variant: &str| -> Vec<Value> {
        let rows = summary["summary"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["variant"] == variant).cloned();
        rows.map(|mut row| {
            row["variant"] = Value::Null;
            row
        })
        .collect()
    };
    assert_eq!(rows("kept"), rows("learned"));
    sandbox.fails(
        "train router fresh.toml --variant learned --out kept",
        "`kept` is not empty; give `--out` a new path",
    );
    let all = with(kept).replace(
        "train = \"past\", test = \"now\"",
        "train = \"now\", test = \"past\"",
    );
    let sandbox = sandbox.file("config.toml", all);
    sandbox.fails(
        "eval config.toml",
        "variant `kept`: `kept` was trained on 100 of the prompts that are evaluated; divide them as at its training (`split`: learned from `past`, evaluated `now`)",
    );
}

/// The pairs of the cache's evaluation, with every answer given to one tenant and every question asked by another.
#[test]
fn no_answer_crosses_from_one_tenant_to_another() {
    let pairs = include_str!("../datasets/cache/pairs.jsonl");
    let outcomes = json!({ "m": { "score": 1.0 } });
    let of = |asks: &str| {
        let mut rows = Vec::new();
        for line in pairs.lines().take(200) {
            let pair: Value = serde_json::from_str(line).unwrap();
            let id = pair["_id"]
                .as_str()
                .or(pair["id"].as_str())
                .unwrap()
                .to_owned();
            // Asked by a tenant that asks nothing else, so that only its own pair can hit.
            let mut cached = json!({ "id": format!("{id}-cached"), "prompt": pair["cached"], "tenant": format!("{id}-a"), "outcomes": outcomes });
            let mut asked = json!({ "id": id, "prompt": pair["text"], "tenant": format!("{id}-{asks}"), "outcomes": outcomes });
            cached["part"] = json!("held");
            asked["part"] = json!("asked");
            if pair["same"]
                .as_bool()
                .or(pair["same"].as_str().map(|same| same == "true"))
                .unwrap()
            {
                asked["same_as"] = cached["id"].clone();
            }
            rows.extend([cached, asked]);
        }
        rows
    };
    let system = r#"
[[system.router.variants]]
name = "semantic"
cache.semantic = { embedder.terms = {}, threshold.fixed = 0.7 }
choose.single = "m"
[[system.router.variants]]
name = "guarded"
cache.semantic = { embedder.terms = {}, threshold.fixed = 0.7, guards = ["numbers", "negation", "entities", "order"] }
choose.single = "m"
"#;
    let head = HEAD
        .replace(
            "\"CostUSD\", \"TokensIn\", \"TokensOut\", \"OracleQuality\", \"Regret\"",
            "\"CacheHitRate\", \"CacheFalseHitsPerRequest\"",
        )
        .replace("\"tenant\"", "\"part\"");
    let run = |asks: &str| {
        let sandbox = Sandbox::new()
            .file("outcomes.jsonl", lines(&of(asks)))
            .file("config.toml", format!("{head}\n{system}"));
        eval(&sandbox)
    };
    let (crossing, own) = (run("b"), run("a"));
    for variant in ["semantic", "guarded"] {
        assert_eq!(
            figure(&crossing, variant, "CacheHitRate", "part=asked"),
            Some(0.0)
        );
    }
    let hits = |variant: &str| figure(&own, variant, "CacheHitRate", "part=asked").unwrap();
    let wrong =
        |variant: &str| figure(&own, variant, "CacheFalseHitsPerRequest", "part=asked").unwrap();
    assert!(
        hits("semantic") > 0.3 && wrong("semantic") > 0.3,
        "{} {}",
        hits("semantic"),
        wrong("semantic")
    );
    assert!(
        wrong("guarded") < wrong("semantic") / 2.0,
        "{} {}",
        wrong("guarded"),
        wrong("semantic")
    );
}
