//! A language model on a server of this machine that knows its way about the eight documents, and pipelines that ask it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ragkit::models::TokenizerConfig;
use serde_json::{Value, json};

use crate::chat_server::{Reply, Server, events};
use crate::rag_small::{Row, near, rows};
use crate::sandbox::{Sandbox, Shown};

pub const KEY: &str = "sk-very-secret-0123456789";

pub fn command(sandbox: &Sandbox, arguments: &str) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("RAG_KEY", KEY);
    command
}

pub fn run(sandbox: &Sandbox, arguments: &str) -> Shown {
    let output = command(sandbox, arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Shown {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// The folder of a run, which must succeed.
#[track_caller]
pub fn run_of(sandbox: &Sandbox, arguments: &str) -> std::path::PathBuf {
    let shown = run(sandbox, &format!("eval {arguments} --format json"));
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    sandbox.path(result["run"].as_str().unwrap())
}

/// An answer with its bill.
pub fn reply(protocol: &str, text: &str, tokens: [u64; 2]) -> Reply {
    Reply::Parts(events(protocol, &[text], 0, tokens), true)
}

/// What a prompt is for.
pub fn kind(prompt: &str) -> &'static str {
    for (words, kind) in [
        ("Last question: ", "rewrite"),
        (" other wordings of it", "multi_query"),
        ("\n\nPassage:", "hyde"),
        ("The numbers of all passages", "rerank"),
        ("Provide a clear concise answer", "generate"),
    ] {
        if prompt.contains(words) {
            return kind;
        }
    }
    panic!("{prompt}")
}

/// What a request of each kind takes, in and out.
pub fn tokens(kind: &str) -> [u64; 2] {
    match kind {
        "rewrite" => [50, 5],
        "multi_query" => [40, 6],
        "hyde" => [30, 20],
        "rerank" => [200, 8],
        _ => [300, 12],
    }
}

/// What these cost at 2 and 10 dollars a million.
pub fn dollars(kinds: &[&str]) -> f64 {
    let cost = |kind: &&str| {
        let [tokens_in, tokens_out] = tokens(kind);
        (tokens_in as f64 * 2.0 + tokens_out as f64 * 10.0) / 1e6
    };
    kinds.iter().map(cost).sum()
}

/// The question of a prompt.
pub fn question(prompt: &str) -> &str {
    let (_, behind) = prompt
        .rsplit_once("uestion: ")
        .or(prompt.split_once("Query: "))
        .unwrap();
    behind.split("\n\n").next().unwrap()
}

/// A server that knows its way about the eight documents.
pub fn scripted(protocol: &'static str) -> Server {
    Server::new(move |asked, _| {
        let kind = kind(asked.prompt);
        let text = match (kind, question(asked.prompt)) {
            ("rewrite", _) => "lunch canteen costs\n(as asked before)",
            ("multi_query", _) => "1. garage parking\n- opens at seven\n3. one too many",
            ("hyde", _) => "Parking in the garage costs two euros, and it opens at seven.",
            ("rerank", _) => "[2] > [1] > [3]",
            // Right, and of the wrong source; invented; of the right source with a wrong number; without a source.
            (_, "weeks of parental leave") => {
                "Parental leave lasts 16 weeks [1]. It is paid in full [2]. Leave lasts 18 weeks [1]. It is paid in full [9]. Bananas are yellow."
            }
            (_, "Acme merger worth") => "I don't have enough information.",
            _ => "The garage opens at seven [1].",
        };
        reply(protocol, text, tokens(kind))
    })
}

pub fn config(protocol: &str, url: &str, more: &str, variants: &str) -> String {
    format!(
        r#"
index.build.vectors.lsa = {{ embedder.lsa = {{ dim = 7 }} }}

[system.rag.models.chat.{protocol}]
url = "{url}"
model = "small"
key_env = "RAG_KEY"
usd_per_million = {{ input = 2.0, output = 10.0 }}
{more}
{variants}"#
    )
}

pub const STAGES: &str = r#"
[system.rag.pipeline]
retrieve.lexical = {}
answer = { model = "chat" }

[[system.rag.variants]]
name = "answer"

[[system.rag.variants]]
name = "rewrite"
understand.rewrite.model = { model = "chat" }

[[system.rag.variants]]
name = "wordings"
understand.multi_query = { model = "chat", queries = 2 }
without = ["answer"]

[[system.rag.variants]]
name = "guess"
retrieve.dense = {}
understand.hyde = { model = "chat" }
without = ["answer"]

[[system.rag.variants]]
name = "order"
rerank = { from = 2, by.listwise = { model = "chat" } }
"#;

/// What asks for an answer only.
pub const ONE: &str = r#"
[[system.rag.variants]]
name = "answer"
retrieve.lexical = {}
answer = { model = "chat" }
"#;

pub const QUERIES: [&str; 8] = [
    "leave",
    "train",
    "telescope",
    "garage",
    "hidden",
    "board",
    "lunch",
    "laptops",
];

/// How often each prompt was asked for, by its kind.
pub fn asked(server: &Server) -> BTreeMap<&'static str, BTreeMap<String, usize>> {
    let mut asked: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for (_, prompt) in &server.log.lock().unwrap().requests {
        *asked
            .entry(kind(prompt))
            .or_default()
            .entry(prompt.clone())
            .or_default() += 1;
    }
    asked
}

#[track_caller]
pub fn spent(row: &Row, kinds: &[&str]) {
    let sum = |place: usize| kinds.iter().map(|kind| tokens(kind)[place]).sum::<u64>();
    assert_eq!(
        (&row["tokens_in"], &row["tokens_out"]),
        (&json!(sum(0)), &json!(sum(1))),
        "{row:?}"
    );
    near(&row["cost_usd"], dollars(kinds));
}

/// Checks that two runs have the same files, clocks aside, and returns their names.
#[track_caller]
pub fn same_files(one: &Path, other: &Path) -> Vec<String> {
    let names = |run: &Path| {
        let entries = std::fs::read_dir(run).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.retain(|name| {
            !name.starts_with("timings")
                && !name.starts_with("monitoring")
                && name != "manifest.json"
        });
        names.sort();
        names
    };
    assert_eq!(names(one), names(other));
    for name in names(one) {
        assert!(
            std::fs::read(one.join(&name)).unwrap() == std::fs::read(other.join(&name)).unwrap(),
            "{name} differs"
        );
    }
    names(one)
}

/// The key stands in no file, compressed or not.
#[track_caller]
pub fn no_key_in(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_key_in(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        let in_run = path.parent().unwrap().join("examples.parquet").exists();
        if in_run
            && path.extension().is_some_and(|ending| ending == "parquet")
            && !path.ends_with("monitoring.parquet")
        {
            let name = path.file_name().unwrap().to_str().unwrap();
            text += &serde_json::to_string(&rows(path.parent().unwrap(), name)).unwrap();
        }
        assert!(!text.contains(KEY), "{} holds the key", path.display());
    }
}

/// Tokens of the messages of a request, as the config's tokenizer counts them.
pub fn count(body: &Value) -> i64 {
    let words = TokenizerConfig::Words.open().unwrap().0;
    let messages = body["messages"].as_array().unwrap().iter();
    let count = messages.map(|message| {
        words
            .of(message["content"].as_str().unwrap())
            .unwrap()
            .len()
    });
    i64::try_from(count.sum::<usize>()).unwrap()
}
