//! Vectors from a server: a small one that speaks the protocol, and fails as servers do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const KEY: &str = "sk-very-secret-0123456789";

/// A request: its head, and its body.
type Request = (String, Value);

/// A server on this machine that answers as `answer` says, by the number of the request and its body.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn new(answer: impl Fn(usize, &Value) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (requests, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let (log, count) = (Arc::clone(&requests), Arc::new(AtomicUsize::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, count, answer) =
                    (Arc::clone(&log), Arc::clone(&count), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some((head, body)) = read(&stream) else {
                        return;
                    };
                    log.lock().unwrap().push((head, body.clone()));
                    let (status, text) = answer(count.fetch_add(1, Ordering::SeqCst), &body);
                    let length = text.len();
                    let mut stream = stream;
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\nretry-after: 0\r\n\r\n{text}"
                    );
                });
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).ok()?))
}

/// Vectors of three dimensions that count a text's letters `a`, `e` and `o`, in reverse order, as a server may.
fn vectors(body: &Value) -> String {
    let texts = body["input"].as_array().unwrap();
    let count = |text: &Value, letter: char| text.as_str().unwrap().matches(letter).count();
    let data = texts.iter().enumerate().rev().map(|(index, text)| {
        json!({ "index": index, "embedding": (['a', 'e', 'o'].map(|letter| count(text, letter))) })
    });
    json!({ "data": data.collect::<Vec<_>>(), "usage": { "total_tokens": 10 * texts.len() } })
        .to_string()
}

fn sandbox(server: &Server, more: &str) -> Sandbox {
    let config = format!(
        "name = \"remote\"\nmetrics = [\"RR\"]\ndataset.source.beir.path = \"data\"\n[system.rag]\ndepth = 10\n\
         index.build.vectors.remote = {{ embedder.endpoint = {{ url = \"{}\", model = \"small\", dim = 3, key_env = \"MY_KEY\", batch = 16{more} }} }}\n\
         [[system.rag.variants]]\nname = \"dense\"\nretrieve.dense = {{}}\n[[system.rag.variants]]\nname = \"bm25\"\nretrieve.lexical = {{}}\n",
        server.url
    );
    Sandbox::with_dataset().file("config.toml", config)
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(sandbox: &Sandbox, arguments: &str) -> Ended {
    let output = sandbox
        .command(arguments)
        .env("MY_KEY", KEY)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Every file below the sandbox, that the key must not be in.
fn holds_the_key(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holds_the_key(&path));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(KEY.len())
            .any(|part| part == KEY.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn vectors_come_from_a_server_once_and_the_key_stays_secret() {
    let server = Server::new(|_, body| (200, vectors(body)));
    let sandbox = sandbox(&server, "");
    let first = run(&sandbox, "eval config.toml --format json");
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let requests = server.requests();
    assert!(requests.iter().all(|(head, body)| {
        head.starts_with("POST /v1/embeddings ")
            && head.contains(&format!("Bearer {KEY}"))
            && body["model"] == "small"
            && body["input"].as_array().unwrap().len() <= 16
    }));
    // 40 documents in three requests, five queries in one.
    assert_eq!(requests.len(), 3 + 1);
    let again = run(&sandbox, "eval config.toml --format json --seed 5");
    let mean = |ended: &Ended| {
        serde_json::from_str::<Value>(&ended.stdout).unwrap()["summary"][0]["mean"].clone()
    };
    assert_eq!(mean(&again), mean(&first));
    assert_eq!(server.requests().len(), 4, "nothing is embedded twice");
    assert_eq!(holds_the_key(&sandbox.path("")), [] as [&str; 0]);
    let dry = run(&sandbox, "eval config.toml --dry-run");
    assert!(
        dry.stdout
            .contains("over the network: yes, by the endpoints of the config"),
        "{}",
        dry.stdout
    );
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let server = Server::new(|number, body| {
        if number < 2 {
            (503, "busy".into())
        } else {
            (200, vectors(body))
        }
    });
    assert_eq!(
        run(&sandbox(&server, ", concurrency = 1"), "eval config.toml").code,
        Some(0)
    );

    let server = Server::new(|_, _| (429, format!("slow down, {KEY}")));
    let ended = run(
        &sandbox(&server, ", concurrency = 1, retries = 2"),
        "eval config.toml",
    );
    let expected = format!(
        "error: gave up after 3 attempts: `{}/embeddings` answers 429 Too Many Requests: slow down, [key]\n",
        server.url
    );
    assert_eq!(
        (
            ended.code,
            ended
                .stderr
                .replace("building the index `.ragkit/indexes/remote`\n", "")
        ),
        (Some(2), expected)
    );
    assert_eq!(server.requests().len(), 3);

    let server = Server::new(|_, _| (307, String::new()));
    let ended = run(&sandbox(&server, ", concurrency = 1"), "eval config.toml");
    assert!(
        ended.stderr.contains("answers 307 Temporary Redirect"),
        "{}",
        ended.stderr
    );
    assert_eq!((ended.code, server.requests().len()), (Some(2), 1));

    let server = Server::new(|_, _| (401, format!("no such key: {KEY}")));
    let ended = run(&sandbox(&server, ", concurrency = 1"), "eval config.toml");
    assert!(
        ended
            .stderr
            .contains("answers 401 Unauthorized: no such key: [key]"),
        "{}",
        ended.stderr
    );
    assert_eq!((ended.code, server.requests().len()), (Some(2), 1));
}

#[test]
fn not_even_a_part_of_the_key_is_shown() {
    let server = Server::new(|_, _| (401, format!("{}{KEY}", "x".repeat(295))));
    let ended = run(&sandbox(&server, ""), "eval config.toml");
    assert!(
        ended.stderr.ends_with("x[key]\n") && !ended.stderr.contains(&KEY[..3]),
        "{}",
        ended.stderr
    );
    let sandbox = sandbox(&server, "");
    let mut command = sandbox.command("eval config.toml");
    let output = command.env("MY_KEY", "two\nlines").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: variant `dense`: the endpoint's key in the environment variable `MY_KEY` holds what no key does, such as a blank or a line end; set it again, or run the variants that need none: `--variants bm25`\n"
    );
}

#[test]
fn sets_of_the_same_model_share_its_vectors() {
    let server = Server::new(|_, body| (200, vectors(body)));
    let sandbox = sandbox(&server, "");
    let config = String::from_utf8(sandbox.read("config.toml")).unwrap();
    let (set, again): (Vec<&str>, Vec<&str>) = config
        .lines()
        .partition(|line| line.starts_with("index.build.vectors.remote"));
    let second = set[0].replacen("remote", "second", 1);
    let place = again.iter().position(|line| *line == "depth = 10").unwrap();
    let (head, tail) = again.split_at(place + 1);
    let variants = "retrieve.dense = { vectors = \"remote\" }\n[[system.rag.variants]]\nname = \"second\"\nretrieve.dense = { vectors = \"second\" }";
    let tail = tail.join("\n").replacen("retrieve.dense = {}", variants, 1);
    let config = format!("{}\n{}\n{second}\n{tail}\n", head.join("\n"), set[0]);
    let sandbox = sandbox.file("config.toml", config);
    let ended = run(&sandbox, "eval config.toml --format json");
    assert_eq!(
        (ended.code, server.requests().len()),
        (Some(0), 3 + 1),
        "{}",
        ended.stderr
    );
}

#[test]
fn answers_that_are_no_vectors_are_errors() {
    let with = |answer: fn(&Value) -> String, message: &str| {
        let server = Server::new(move |_, body| (200, answer(body)));
        let ended = run(
            &sandbox(&server, ", concurrency = 1, retries = 0"),
            "eval config.toml",
        );
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    };
    with(
        |_| "{\"data\": [{\"index\": 0, \"embedding\": [1, 2]}]}".into(),
        "gives vectors of 2 dimensions, the config says `dim = 3`",
    );
    with(
        |_| "{\"data\": [{\"index\": 0, \"embedding\": [1, 2, 1e39]}]}".into(),
        "answers with what is no list of vectors: json: number out of range",
    );
    with(
        |_| "{\"data\": [{\"index\": 99, \"embedding\": [1, 2, 3]}]}".into(),
        "gives a vector for text 99 of 16",
    );
    with(
        |_| {
            r#"{"data": [{"index": 0, "embedding": [1, 2, 3]}, {"index": 0, "embedding": [1, 2, 3]}], "usage": null}"#.into()
        },
        "gives two vectors for text 0 of 16",
    );
    with(
        |_| "{\"data\": []}".into(),
        "gives fewer vectors than texts",
    );
    with(
        |_| "<html>".into(),
        "answers with what is no list of vectors",
    );
}

#[test]
fn a_budget_ends_the_work_and_keeps_what_was_embedded() {
    let server = Server::new(|_, body| (200, vectors(body)));
    let poor = sandbox(&server, ", concurrency = 1, max_tokens = 200");
    let ended = run(&poor, "eval config.toml");
    assert!(ended.stderr.contains("the budget of `small` is spent: 320 tokens of 200; raise `max_tokens`, what is embedded is kept"), "{}", ended.stderr);
    assert_eq!((ended.code, server.requests().len()), (Some(2), 2));
    // The second run asks for what the first did not get to: the last documents, and the queries.
    let ended = run(&poor, "eval config.toml");
    assert_eq!(
        (ended.code, server.requests().len()),
        (Some(0), 4),
        "{}",
        ended.stderr
    );
    let missing = sandbox(&server, "");
    missing.fails("eval config.toml", "variant `dense`: the endpoint's key is missing; set the environment variable `MY_KEY`, or run the variants that need none: `--variants bm25`");
    missing.ok("eval config.toml --variants bm25");
}
