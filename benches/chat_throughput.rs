//! How much of a chat server's capacity the language model client keeps busy: 1,000 prompts of 6 KB at concurrency 64, streamed and through
//! the cache, against a local server of 64 slots that takes a fixed time for each.
//!
//! ```sh
//! cargo bench --bench chat_throughput            # 500 ms and 20 tokens a request; or: -- MILLISECONDS TOKENS
//! ```
//!
//! 1,000 requests over 64 slots are 15.6 rounds, so 16 full ones cap any client at 97.7 %.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and prints"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use ragkit::caches::CachedModel;
use ragkit::models::language::{LanguageModel, LanguageModelConfig, Prompt};

const SLOTS: usize = 64;
const REQUESTS: usize = 1000;

/// What every request takes.
#[derive(Clone, Copy)]
struct Service {
    time: Duration,
    tokens: u32,
}

/// The slots in use, and when the first request began and the last one ended.
#[derive(Default)]
struct Load {
    used: usize,
    served: usize,
    window: Option<(Instant, Instant)>,
}

type Shared = Arc<(Mutex<Load>, Condvar)>;

fn main() {
    let given = std::env::args().filter_map(|argument| argument.parse().ok());
    let given: Vec<u32> = given.collect();
    let service = Service {
        time: Duration::from_millis(given.first().copied().unwrap_or(500).into()),
        tokens: given.get(1).copied().unwrap_or(20),
    };
    let shared = Shared::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = Arc::clone(&shared);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&server);
            std::thread::spawn(move || while serve(&stream, service, &shared).is_some() {});
        }
    });

    let config = format!("[openai]\nurl = \"{url}\"\nmodel = \"m\"\nconcurrency = {SLOTS}\n");
    let config: LanguageModelConfig = toml::from_str(&config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = CachedModel::open(config.open().unwrap(), folder.path()).unwrap();
    let context = "The quick brown fox jumps over the lazy dog. ".repeat(130);
    let prompt = |number: usize| Prompt {
        system: "You answer.".to_owned(),
        user: format!("{context}{number}"),
        ..Prompt::default()
    };
    let prompts: Vec<Prompt> = (0..REQUESTS).map(prompt).collect();
    let started = Instant::now();
    let completions = model.complete(&prompts);
    let whole = started.elapsed();
    assert!(completions.iter().all(Result::is_ok));

    let load = shared.0.lock().unwrap();
    assert_eq!(load.served, REQUESTS, "nothing is asked twice");
    let (first, last) = load.window.unwrap();
    let busy = service.time.as_secs_f64() * REQUESTS as f64 / SLOTS as f64;
    println!(
        "{REQUESTS} requests of {} ms and {} tokens over {SLOTS} slots: {:.1} % of capacity while the server worked, {:.1} % of the whole call of {:.2} s",
        service.time.as_millis(),
        service.tokens,
        100.0 * busy / (last - first).as_secs_f64(),
        100.0 * busy / whole.as_secs_f64(),
        whole.as_secs_f64()
    );
}

/// Answers one request of a connection; `None` where it is closed.
fn serve(stream: &TcpStream, service: Service, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    read_request(stream)?;
    let (load, freed) = &**shared;
    {
        let full = |load: &mut Load| load.used >= SLOTS;
        let mut load = freed.wait_while(load.lock().unwrap(), full).unwrap();
        load.used += 1;
    }
    let started = Instant::now();
    let mut out = stream;
    out.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )
    .ok()?;
    for token in 1..=service.tokens {
        wait_until(started + service.time * token / (service.tokens + 1));
        send(
            out,
            r#"data: {"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}"#,
        )?;
    }
    wait_until(started + service.time);
    {
        let mut load = load.lock().unwrap();
        load.used -= 1;
        load.served += 1;
        let first = load.window.map_or(started, |(first, _)| first.min(started));
        load.window = Some((first, Instant::now()));
        freed.notify_one();
    }
    send(
        out,
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    )?;
    let tokens = service.tokens;
    send(
        out,
        &format!(
            r#"data: {{"choices":[],"usage":{{"prompt_tokens":1200,"completion_tokens":{tokens}}}}}"#
        ),
    )?;
    send(out, "data: [DONE]")?;
    out.write_all(b"0\r\n\r\n").ok()
}

fn read_request(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()
}

fn wait_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}

fn send(mut out: &TcpStream, event: &str) -> Option<()> {
    write!(out, "{:x}\r\n{event}\n\n\r\n", event.len() + 2).ok()
}
