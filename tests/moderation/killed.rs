//! A run that is killed goes on where it was, and comes to the same files.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{eval, lines, same_files};
use crate::chat_server::{OPENAI, Reply, Server, events};
use crate::sandbox::Sandbox;

const POSTS: usize = 60;

fn sandbox(server: &Server) -> Sandbox {
    let posts: Vec<Value> = (0..POSTS)
        .map(|number| json!({ "id": format!("p{number}"), "text": format!("post {number}"), "labels": { "hate": number % 2 } }))
        .collect();
    let outputs: Vec<Value> = (0..POSTS)
        .map(|number| json!({ "id": format!("p{number}"), "hate": 0.5 }))
        .collect();
    let config = format!(
        r#"
name = "killed"
metrics = ["Caught", "Escalated", "CostPer1k", "AUROC(hate)"]
batch_size = 3
dataset.posts = [{{ path = "posts.jsonl" }}]
[system.moderation.models.reader.openai]
url = "{}"
model = "small"
concurrency = 3
[[system.moderation.variants]]
name = "slow"
fast.outputs = "outputs.jsonl"
slow.model = "reader"
"#,
        server.url
    );
    Sandbox::new()
        .file("posts.jsonl", lines(&posts))
        .file("outputs.jsonl", lines(&outputs))
        .file("config.toml", config)
}

#[test]
fn a_killed_run_goes_on_and_asks_nothing_twice() {
    let server = Server::new(|asked, _| {
        let number = asked.prompt.split("post ").nth(1).unwrap_or_default();
        let digits = number.chars().take_while(char::is_ascii_digit).count();
        let text = format!("{{\"hate\": 0.{}}}", &number[..digits]);
        Reply::Parts(events(OPENAI, &[&text], 40, [100, 10]), true)
    });
    let killed = sandbox(&server);
    let mut child = killed
        .command("eval config.toml")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = || {
        let runs = killed.runs();
        let text = runs
            .first()
            .and_then(|run| std::fs::read(run.join("journal")).ok());
        text.map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
    };
    let started = Instant::now();
    while journal() < 12 {
        assert!(
            child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_mins(1),
            "it ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(300)); // What the server was still busy with.
    let before = server.requests();
    assert!(before < POSTS);
    let run = eval(&killed, "config.toml");
    assert_eq!(killed.runs().len(), 1, "the run is continued");
    let resumed = run.manifest()["resumed_examples"].as_u64().unwrap();
    assert!((9..60).contains(&resumed), "{resumed}");
    // A batch that was under way is lost at most.
    assert!(
        server.requests() <= POSTS + 6,
        "{} of {POSTS}",
        server.requests()
    );
    let other = sandbox(&server);
    let undisturbed = eval(&other, "config.toml");
    same_files(&run.folder, &undisturbed.folder);
}
