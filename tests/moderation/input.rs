//! What is no post, no label and no probability is told with its file and line.

use serde_json::{Value, json};

use super::{eval, lines};
use crate::sandbox::Sandbox;

const CONFIG: &str = r#"
name = "input"
metrics = ["Caught", "Accuracy(hate)"]
dataset.posts = [{ path = "posts.jsonl" }]
[[system.moderation.variants]]
name = "theirs"
fast.outputs = "outputs.jsonl"
"#;

fn posts() -> Vec<Value> {
    (0..4)
        .map(|number| json!({ "id": format!("p{number}"), "text": format!("post {number}"), "labels": { "hate": number % 2 } }))
        .collect()
}

fn outputs() -> Vec<Value> {
    (0..4)
        .map(|number| json!({ "id": format!("p{number}"), "hate": 0.9 }))
        .collect()
}

fn with(posts: &[Value], outputs: &[Value]) -> Sandbox {
    Sandbox::new()
        .file("posts.jsonl", lines(posts))
        .file("outputs.jsonl", lines(outputs))
        .file("config.toml", CONFIG)
}

#[test]
fn a_post_without_a_probability_is_an_error_and_is_counted() {
    let sandbox = with(&posts(), &outputs()[..3]);
    let run = eval(&sandbox, "config.toml");
    assert_eq!(run.manifest()["errors"], json!({ "theirs": 1 }));
    let examples = run.rows("examples.parquet");
    assert_eq!(
        examples[3]["error"],
        "`fast.outputs` has no row of this post"
    );
    assert!(examples[..3].iter().all(|row| row["error"].is_null()));
    // It is not kept from anybody: of two posts that violate one is missed, and one of four is flagged as people say it.
    run.near("theirs", "Caught", 0.5);
    run.near("theirs", "Accuracy(hate)", 0.25);
    let shown = sandbox.ok("report").stdout;
    assert!(
        shown.contains("theirs: 1 examples ended in an error"),
        "{shown}"
    );
    // A post that is there with nothing said of it is no error: it is approved, for no rule can match.
    let mut unsaid = outputs();
    unsaid[3]["hate"] = Value::Null;
    let sandbox = with(&posts(), &unsaid);
    let run = eval(&sandbox, "config.toml");
    assert_eq!(
        run.manifest()["errors"]
            .get("theirs")
            .and_then(Value::as_u64)
            .unwrap_or(0),
        0
    );
    assert_eq!(run.decisions("theirs")[3].1, "approve");
    run.near("theirs", "Caught", 0.5);
    assert_eq!(run.row("theirs", "Accuracy(hate)", "all").unwrap()["n"], 3);
}

#[test]
fn what_is_no_probability_is_told_with_its_line() {
    let fails = |change: &dyn Fn(&mut Vec<Value>), message: &str| {
        let mut outputs = outputs();
        change(&mut outputs);
        with(&posts(), &outputs).fails("eval config.toml", &format!("variant `theirs`: {message}"));
    };
    fails(
        &|rows| rows[2]["hate"] = json!(1.2),
        "`outputs.jsonl` line 3: `hate` is 1.2, which is no number from 0 to 1",
    );
    fails(
        &|rows| rows[1]["hate"] = json!("NaN"),
        "`outputs.jsonl` line 2: `hate` is \"NaN\", which is no number from 0 to 1",
    );
    fails(
        &|rows| rows[3]["id"] = json!("p1"),
        "`outputs.jsonl` line 4: the id `p1` comes twice",
    );
    fails(
        &|rows| {
            for row in rows {
                row["hatred"] = row["hate"].take();
            }
        },
        "`outputs.jsonl` says nothing of any category; those are `hate`: give each a column of its name, or an object `probabilities`",
    );
    fails(
        &|rows| {
            rows[0].as_object_mut().unwrap().remove("id");
        },
        "`outputs.jsonl` line 1: no column `id`; the columns are `hate`",
    );
    let sandbox = with(&posts(), &outputs());
    sandbox
        .file("config.toml", CONFIG.replace("outputs.jsonl", "none.jsonl"))
        .fails(
            "eval config.toml",
            "variant `theirs`: there is no file `none.jsonl`",
        );
    let sandbox = with(&posts(), &outputs());
    let chosen = format!("{CONFIG}thresholds.f1 = {{}}\n");
    sandbox.file("config.toml", chosen).fails(
        "eval config.toml",
        "variant `theirs`: `fast.outputs` holds probabilities alone, so `thresholds` must be `fixed` or `given`",
    );
}

#[test]
fn what_is_no_post_is_told_with_its_line() {
    let fails = |change: &dyn Fn(&mut Vec<Value>), message: &str| {
        let mut posts = posts();
        change(&mut posts);
        with(&posts, &outputs()).fails("eval config.toml", message);
    };
    fails(
        &|rows| rows[1]["labels"]["hate"] = json!(2),
        "`posts.jsonl` line 2: `labels.hate` is 2, which is neither 1 nor 0 nor null",
    );
    fails(
        &|rows| rows[1]["labels"]["hate"] = json!("maybe"),
        "`posts.jsonl` line 2: `labels.hate` is \"maybe\", which is neither 1 nor 0 nor null",
    );
    fails(
        &|rows| rows[2]["labels"] = json!([1]),
        "`posts.jsonl` line 3: `labels` must be an object by category, found a list",
    );
    fails(
        &|rows| rows[2]["labels"]["hate speech"] = json!(1),
        "`posts.jsonl` line 3: the category `hate speech` must be a word without spaces and without any of `( ) , | * / : =`, for it stands in names of metrics",
    );
    fails(
        &|rows| rows[2]["text"] = json!(["a", "b"]),
        "`posts.jsonl` line 3: `text` must be text, found a list",
    );
    fails(
        &|rows| rows[2]["text"] = json!(7),
        "`posts.jsonl` line 3: `text` must be text, found a number",
    );
    fails(
        &|rows| rows[3]["id"] = json!("p0"),
        "`posts.jsonl` line 4: the id `p0` stands already in `posts.jsonl` line 1; ids must be unique in a set, so mend it or name the sets apart in `set`",
    );
    fails(
        &|rows| rows[0]["votes"] = json!({ "hate": [1] }),
        "`posts.jsonl` line 1: `votes.hate` is [1]; it must be two counts, those for it and those against, as in [2, 1]",
    );
    fails(
        &|rows| rows[0]["votes"] = json!({ "hate": [3, -1] }),
        "`posts.jsonl` line 1: `votes.hate` is [3,-1]; it must be two counts, those for it and those against, as in [2, 1]",
    );
    fails(
        &|rows| {
            for row in rows {
                row["text"] = json!(" ");
            }
        },
        "`posts.jsonl`: there is no post",
    );
    fails(
        &|rows| {
            for row in rows {
                row["labels"] = json!({});
            }
        },
        "`posts.jsonl`: no post has a label of any category",
    );
}

#[test]
fn columns_of_a_table_are_what_the_source_says_they_are() {
    let config = |source: &str| CONFIG.replace("{ path = \"posts.jsonl\" }", source);
    let scores = "id,hate\n1,0.9\n2,0.9\n3,0.1\n";
    let sandbox = |table: &str, source: &str| {
        let config = config(source).replace("outputs.jsonl", "outputs.csv");
        Sandbox::new()
            .file("posts.csv", table)
            .file("posts.tsv", table)
            .file("outputs.csv", scores)
            .file("config.toml", config)
    };
    let votes = r#"{ path = "posts.csv", labels.hate = { column = "class", positive = ["HATE"], votes = { yes = "yes", all = "all" } } }"#;
    let table = "tweet,class,yes,all\none,hate,3,3\ntwo,none,1,3\nthree,Hate,2,3\n";
    let run = eval(&sandbox(table, votes), "config.toml");
    run.near("theirs", "Caught", 0.5);
    let fails = |from: &str, to: &str, message: &str| {
        sandbox(&table.replacen(from, to, 1), votes).fails("eval config.toml", message);
    };
    fails(
        "1,3",
        "4,3",
        "`posts.csv` line 3: `yes` is 4, more than all votes (`all`: 3)",
    );
    fails(
        "1,3",
        "-1,3",
        "`posts.csv` line 3: `yes` is `-1`, which is no number of votes",
    );
    fails(
        "1,3",
        "1.5,3",
        "`posts.csv` line 3: `yes` is `1.5`, which is no number of votes",
    );
    fails(
        "tweet",
        "words",
        "`posts.csv` line 2: no column for the post's text (`text`, `post`, `content`, `message`, `comment`, `prompt`, `tweet`); name it in `text`; the columns are `words`, `class`, `yes`, `all`",
    );
    let plain = r#"{ path = "posts.csv", labels.hate = { column = "class" } }"#;
    sandbox(table, plain).fails(
        "eval config.toml",
        "`posts.csv` line 2: `class` is `hate`, which is neither 1 nor 0; name its values in `labels.hate`, as in `positive = [\"hate\"]`",
    );
    // A table without a header, in which a quotation mark is one.
    let headless = r#"{ path = "posts.tsv", columns = ["class", "message"], labels.hate = { column = "class", positive = ["hate"] } }"#;
    let table = "hate\tone \"of many\nnone\ttwo\nhate\tthree\"\n";
    let untitled = sandbox(table, headless);
    let run = eval(&untitled, "config.toml");
    run.near("theirs", "Caught", 0.5);
    assert_eq!(run.rows("examples.parquet").len(), 3);
    sandbox("hate\tone\nnone\ttwo\tmore\n", headless).fails(
        "eval config.toml",
        "`posts.tsv` line 2: 3 columns, expected 2",
    );
    sandbox("hate\tone\nnone\n", headless).fails(
        "eval config.toml",
        "`posts.tsv` line 2: 1 columns, expected 2",
    );
}
