//! A run that is killed while its language model answers: nothing that was answered is asked again.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ragkit::models::language::Prompt;
use serde_json::Value;

use crate::chat_server::{Asked, OPENAI, Reply, Server, events};
use crate::rag_scripted::{ONE, command, config, question, run_of, same_files};
use crate::rag_small::HEAD;
use crate::sandbox::Sandbox;

/// A dataset of many queries.
fn many(url: &str, batch_size: usize) -> Sandbox {
    let head = HEAD.replace("batch_size = 3", &format!("batch_size = {batch_size}"));
    let corpus: String = (0..60).map(|i| format!("{{\"_id\": \"d{i}\", \"text\": \"Garage number{i} opens at seven. Parking there costs {i} euros.\"}}\n")).collect();
    let queries: String = (0..60).map(|i| format!("{{\"_id\": \"q{i}\", \"text\": \"garage number{i}\", \"answers\": [\"at seven\"]}}\n")).collect();
    let qrels: String = (0..60).map(|i| format!("q{i}\td{i}\t1\n")).collect();
    Sandbox::new()
        .file("data/corpus.jsonl", corpus)
        .file("data/queries.jsonl", queries)
        .file("data/qrels/test.tsv", qrels)
        .file(
            "config.toml",
            format!("{head}{}", config(OPENAI, url, "concurrency = 3", ONE)),
        )
}

/// The hashes of the prompts that a cache holds.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(sandbox.path(".ragkit/completions")) else {
        return Vec::new();
    };
    let mut hashes = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // The last line may be cut off.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        hashes.extend(whole.lines().map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["prompt_hash"]
                .as_str()
                .unwrap()
                .to_owned()
        }));
    }
    hashes
}

/// The hash of what a request asks.
fn hash(asked: &Asked) -> String {
    let messages = asked.body["messages"].as_array().unwrap();
    Prompt {
        system: messages[0]["content"].as_str().unwrap().to_owned(),
        user: asked.prompt.to_owned(),
        ..Prompt::default()
    }
    .hash()
}

#[test]
fn what_was_answered_before_a_kill_is_not_asked_again() {
    killed(3);
}

/// The journal knows batches; what is in the middle of one only the cache knows.
#[test]
fn what_was_answered_before_a_kill_in_the_only_batch_is_not_asked_again() {
    killed(60);
}

fn killed(batch_size: usize) {
    let hashes = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&hashes);
    let server = Server::new(move |asked, _| {
        log.lock().unwrap().push(hash(asked));
        let text = format!("{} opens at seven [1].", question(asked.prompt));
        Reply::Parts(events(OPENAI, &[&text], 60, [300, 12]), true)
    });
    let sandbox = many(&server.url, batch_size);
    let mut child = command(&sandbox, "eval config.toml")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while kept(&sandbox).len() < 20 {
        assert!(
            child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_mins(1),
            "it ended before it could be killed"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = kept(&sandbox);
    assert!((20..60).contains(&before.len()));
    std::thread::sleep(Duration::from_millis(300)); // What the server was still busy with.
    let answered = server.log.lock().unwrap().answered.len();
    assert!(
        answered - before.len() <= 3,
        "{answered} answered, {} kept: no more are lost than were asked at the same time",
        before.len()
    );
    let requests = server.requests();

    let run = run_of(&sandbox, "config.toml");
    assert_eq!(sandbox.runs().len(), 1, "the run is continued");
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(
        manifest["resumed_examples"].as_u64() > Some(0),
        batch_size < 20,
        "{manifest}"
    );
    assert_eq!(
        server.requests() - requests,
        60 - before.len(),
        "only what is not kept is asked"
    );
    let asked = hashes.lock().unwrap().clone();
    for hash in &before {
        assert_eq!(
            asked.iter().filter(|other| *other == hash).count(),
            1,
            "asked again"
        );
    }

    // As if nothing had happened.
    let undisturbed = many(&server.url, batch_size);
    same_files(&run, &run_of(&undisturbed, "config.toml"));
}
