//! A server that speaks both protocols of language models, and does what a test says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ragkit::models::language::{Completion, LanguageModelConfig, Prompt};
use serde_json::{Value, json};

/// What the server does with a request.
pub enum Reply {
    /// Status, further headers, body.
    Whole(u16, &'static str, String),
    /// Parts of a body, chunk by chunk, and whether it ends as it should.
    Parts(Vec<Part>, bool),
    /// Nothing for so long, then the end of the connection.
    Nothing(Duration),
}

#[derive(Clone)]
pub enum Part {
    Send(String),
    Pause(u64),
}

impl Part {
    /// Whether an answer is whole with it.
    fn is_last(&self) -> bool {
        let ends = |text: &String| text.contains("\"stop\"") || text.contains("message_stop");
        matches!(self, Self::Send(text) if ends(text))
    }
}

/// A request.
pub struct Asked<'a> {
    /// Requests of this prompt before it.
    pub attempt: usize,
    /// The user's message.
    pub prompt: &'a str,
    pub body: &'a Value,
    pub head: &'a str,
}

/// What the server remembers.
#[derive(Default)]
pub struct Log {
    /// When requests came, and their prompts.
    pub requests: Vec<(Instant, String)>,
    /// Answers that were sent to their end, by prompt.
    pub answered: BTreeMap<String, usize>,
    /// Requests that got nothing, whose client stayed until the server had enough.
    pub waited_out: usize,
    /// Tokens that were billed, by what the test says.
    pub billed: u64,
}

/// A server on this machine.
pub struct Server {
    pub url: String,
    pub log: Arc<Mutex<Log>>,
}

impl Server {
    pub fn new(reply: impl Fn(&Asked, &mut Log) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (log, reply) = (Arc::<Mutex<Log>>::default(), Arc::new(reply));
        let server = Self {
            url,
            log: Arc::clone(&log),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some((head, body)) = read(&mut reader) {
                        if serve(&stream, &head, &body, &*reply, &log).is_none() {
                            break;
                        }
                    }
                    let _ = stream.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        server
    }

    pub fn requests(&self) -> usize {
        self.log.lock().unwrap().requests.len()
    }

    /// A config of the model on this server.
    pub fn config(&self, protocol: &str, more: &str) -> LanguageModelConfig {
        let key = secret().0;
        let text = format!(
            "[{protocol}]\nurl = \"{}\"\nmodel = \"small\"\nkey_env = \"{key}\"\n{more}",
            self.url
        );
        let config: LanguageModelConfig = toml::from_str(&text).unwrap();
        config.validate().unwrap();
        config
    }

    pub fn ask(
        &self,
        protocol: &str,
        more: &str,
        prompts: &[Prompt],
    ) -> Vec<Result<Completion, String>> {
        let opened = self.config(protocol, more).open().unwrap();
        opened.model.complete(prompts)
    }
}

fn read(reader: &mut impl BufRead) -> Option<(String, Value)> {
    let (mut head, mut length) = (String::new(), 0);
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
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).ok()?))
}

/// Answers one request; nothing where the connection ends with it.
fn serve(
    mut stream: &TcpStream,
    head: &str,
    body: &Value,
    reply: &dyn Fn(&Asked, &mut Log) -> Reply,
    log: &Mutex<Log>,
) -> Option<()> {
    let messages = body["messages"].as_array().unwrap();
    let prompt = messages.last().unwrap()["content"].as_str().unwrap();
    let reply = {
        let mut log = log.lock().unwrap();
        let same = |(_, other): &&(Instant, String)| other == prompt;
        let attempt = log.requests.iter().filter(same).count();
        log.requests.push((Instant::now(), prompt.to_owned()));
        let asked = Asked {
            attempt,
            prompt,
            body,
            head,
        };
        reply(&asked, &mut log)
    };
    let is_answer = match reply {
        Reply::Nothing(time) => {
            std::thread::sleep(time);
            log.lock().unwrap().waited_out += 1;
            return None;
        }
        Reply::Whole(status, headers, text) => {
            let length = text.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}"
            );
            stream.write_all(answer.as_bytes()).ok()?;
            status == 200 && text.contains("said")
        }
        Reply::Parts(parts, ends) => {
            let head = "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).ok()?;
            let is_answer = parts.iter().any(Part::is_last);
            for part in parts {
                match part {
                    Part::Pause(time) => {
                        std::thread::sleep(Duration::from_millis(time));
                        log.lock().unwrap().waited_out += usize::from(!is_answer);
                    }
                    Part::Send(text) => {
                        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                        stream.write_all(chunk.as_bytes()).ok()?;
                    }
                }
            }
            if !ends {
                return None;
            }
            stream.write_all(b"0\r\n\r\n").ok()?;
            is_answer
        }
    };
    if is_answer {
        let mut log = log.lock().unwrap();
        *log.answered.entry(prompt.to_owned()).or_default() += 1;
    }
    Some(())
}

pub const OPENAI: &str = "openai";
pub const ANTHROPIC: &str = "anthropic";

/// Events of an answer in these pieces, each behind a pause.
pub fn events(protocol: &str, pieces: &[&str], pause: u64, tokens: [u64; 2]) -> Vec<Part> {
    let event = |data: &Value| match protocol {
        OPENAI => format!("data: {data}\n\n"),
        _ => format!(
            "event: {}\ndata: {data}\n\n",
            data["type"].as_str().unwrap()
        ),
    };
    let [tokens_in, tokens_out] = tokens;
    let piece = |text: &&str| match protocol {
        OPENAI => {
            json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }], "usage": null })
        }
        _ => {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } })
        }
    };
    let (before, after) = match protocol {
        OPENAI => (
            vec![
                json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }] }),
            ],
            vec![
                json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }),
                json!({ "choices": [], "usage": { "prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out } }),
            ],
        ),
        _ => (
            vec![
                json!({ "type": "message_start", "message": { "id": "m", "role": "assistant", "content": [], "stop_reason": null, "usage": { "input_tokens": tokens_in, "output_tokens": 1 } } }),
                json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
                json!({ "type": "ping" }),
            ],
            vec![
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": tokens_out } }),
                json!({ "type": "message_stop" }),
            ],
        ),
    };
    let mut parts: Vec<Part> = before.iter().map(|data| Part::Send(event(data))).collect();
    for text in pieces {
        if pause > 0 {
            parts.push(Part::Pause(pause));
        }
        parts.push(Part::Send(event(&piece(text))));
    }
    parts.extend(after.iter().map(|data| Part::Send(event(data))));
    if protocol == OPENAI {
        parts.push(Part::Send("data: [DONE]\n\n".into()));
    }
    parts
}

/// What a server that behaves says to a prompt.
pub fn said(prompt: &str) -> String {
    format!("said: {prompt}")
}

pub fn good(protocol: &str, prompt: &str) -> Reply {
    let text = said(prompt);
    let (head, tail) = text.split_at(6);
    Reply::Parts(events(protocol, &[head, tail], 0, [7, 3]), true)
}

/// An answer as a whole.
pub fn whole(protocol: &str, prompt: &str, usage: &Value) -> Value {
    match protocol {
        OPENAI => {
            json!({ "choices": [{ "message": { "role": "assistant", "content": said(prompt) }, "finish_reason": "stop" }], "usage": usage })
        }
        _ => {
            json!({ "type": "message", "content": [{ "type": "text", "text": said(prompt) }], "stop_reason": "end_turn", "usage": usage })
        }
    }
}

pub fn prompts(count: usize) -> Vec<Prompt> {
    (0..count)
        .map(|i| prompt(&format!("question {i}")))
        .collect()
}

pub fn prompt(user: &str) -> Prompt {
    Prompt {
        system: "You answer.".into(),
        user: user.into(),
        ..Prompt::default()
    }
}

/// Some environment variable that can serve as a key, and its value: no test may set one while others run.
pub fn secret() -> (String, String) {
    let mut all: Vec<(String, String)> = std::env::vars().collect();
    all.retain(|(name, value)| {
        let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
        name.chars().all(is_name)
            && value.len() >= 16
            && value.bytes().all(|b| b.is_ascii_graphic())
    });
    all.sort();
    all.into_iter()
        .next()
        .expect("an environment variable of 16 signs")
}
