//! Completions from servers that speak both protocols, and misbehave as servers do.

use std::time::{Duration, Instant};

use ragkit::caches::CachedModel;
use ragkit::models::language::{Finish, LanguageModel};
use serde_json::{Value, json};

use crate::chat_server::{
    ANTHROPIC, OPENAI, Part, Reply, Server, events, good, prompt, prompts, said, secret, whole,
};

const PROTOCOLS: [&str; 2] = [OPENAI, ANTHROPIC];

/// An answer up to its first piece of text.
fn begun(protocol: &str) -> Vec<Part> {
    let mut parts = events(protocol, &["sai", "d: "], 0, [7, 3]);
    let is_piece = |part: &Part| matches!(part, Part::Send(text) if text.contains("sai"));
    let place = parts.iter().position(is_piece).unwrap();
    parts.truncate(place + 1);
    parts
}

/// What goes wrong with the first request of a prompt, by the prompt's number.
fn mishap(protocol: &str, number: usize, prompt: &str) -> Reply {
    let send = |text: &str| Reply::Parts(vec![Part::Send(text.into())], true);
    match number {
        0 => Reply::Whole(429, "retry-after: 0\r\n", "slow down".into()),
        1 => Reply::Whole(500, "", "{}".into()),
        2 => Reply::Whole(503, "retry-after: 0\r\n", "<html>busy</html>".into()),
        3 => Reply::Nothing(Duration::ZERO),
        // Cut off in the middle of a stream: by the end of the connection, and as if that were all.
        4 => Reply::Parts(begun(protocol), false),
        5 => Reply::Parts(begun(protocol), true),
        6 => send("data: {\"choices\": [{\"del\n\n"),
        // All that vLLM says where it breaks down before the first token.
        7 => send("data: [DONE]\n\n"),
        8 => Reply::Whole(200, "", "<html>welcome</html>".into()),
        9 => Reply::Whole(200, "", "{\"choices\": [{\"mess".into()),
        10 => Reply::Whole(200, "", "{}".into()),
        // An error in the middle of a stream.
        11 => {
            let mut parts = begun(protocol);
            let error = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded", "code": 500 } });
            parts.push(Part::Send(format!(
                "event: error\ndata: {error}\n\ndata: [DONE]\n\n"
            )));
            Reply::Parts(parts, true)
        }
        12 => Reply::Whole(529, "", "{\"type\": \"error\"}".into()),
        13 => Reply::Whole(408, "", String::new()),
        _ => good(protocol, prompt),
    }
}

const MISHAPS: usize = 14;

fn number(prompt: &str) -> usize {
    prompt.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn nothing_is_lost_and_nothing_answered_twice() {
    const ROUND: usize = MISHAPS + 2;
    for protocol in PROTOCOLS {
        let server = Server::new(move |asked, _| match asked.attempt {
            0 => mishap(protocol, number(asked.prompt) % ROUND, asked.prompt),
            _ => good(protocol, asked.prompt),
        });
        let folder = tempfile::tempdir().unwrap();
        let config = server.config(protocol, "concurrency = 16");
        let open = || CachedModel::open(config.open().unwrap(), folder.path()).unwrap();
        let asked = prompts(3 * ROUND);
        let first = open().complete(&asked);
        for (place, (completion, prompt)) in first.iter().zip(&asked).enumerate() {
            let completion = completion.as_ref().unwrap();
            assert_eq!(completion.text, said(&prompt.user), "order is kept");
            let attempts = 1 + u32::from(place % ROUND < MISHAPS);
            assert_eq!(completion.clock.attempts, attempts, "prompt {place}");
            assert_eq!((completion.tokens_in, completion.tokens_out), (7, 3));
            assert!(!completion.clock.cached && !completion.estimated);
        }
        let requests = 3 * (2 * MISHAPS + 2);
        assert_eq!(server.requests(), requests);
        let answered = server.log.lock().unwrap().answered.clone();
        assert_eq!(answered.len(), asked.len());
        assert!(answered.values().all(|count| *count == 1), "{answered:?}");
        // All is in the cache: nothing is asked again, and the clock is that of the first time.
        let again = open().complete(&asked);
        assert_eq!(server.requests(), requests);
        for (again, first) in again.into_iter().zip(first) {
            let mut again = again.unwrap();
            assert!(again.clock.cached);
            again.clock.cached = false;
            assert_eq!(again, first.unwrap());
        }
    }
}

#[test]
fn a_server_that_hangs_is_left() {
    let left = |protocol: &'static str, more: &str| {
        let server = Server::new(
            move |asked, _| match (asked.attempt, number(asked.prompt)) {
                (0, 0) => Reply::Nothing(Duration::from_mins(1)),
                // In the middle of a stream.
                (0, 1) => {
                    let mut parts = begun(protocol);
                    parts.push(Part::Pause(60_000));
                    Reply::Parts(parts, true)
                }
                _ => good(protocol, asked.prompt),
            },
        );
        let completions = server.ask(protocol, more, &prompts(3));
        for (place, completion) in completions.into_iter().enumerate() {
            let completion = completion.unwrap();
            assert_eq!(completion.text, said(&format!("question {place}")));
            assert!(completion.clock.attempts >= if place < 2 { 2 } else { 1 });
        }
        assert_eq!(server.log.lock().unwrap().waited_out, 0);
    };
    std::thread::scope(|scope| {
        for protocol in PROTOCOLS {
            scope.spawn(move || left(protocol, "timeout_seconds = 1"));
            scope.spawn(move || left(protocol, "silence_seconds = 1"));
        }
    });
}

#[test]
fn requests_are_those_of_the_protocols() {
    let server = Server::new(|asked, _| {
        let protocol = if asked.head.starts_with("POST /v1/messages ") {
            ANTHROPIC
        } else {
            OPENAI
        };
        let text = json!({ "head": asked.head, "body": asked.body }).to_string();
        Reply::Parts(events(protocol, &[&text], 0, [1, 1]), true)
    });
    let ask = |protocol: &str, more: &str| {
        let text = server.ask(protocol, more, &[prompt("Why?")]).remove(0);
        let text: Value = serde_json::from_str(&text.unwrap().text).unwrap();
        let head = text["head"].as_str().unwrap().to_owned();
        (head, text["body"].clone())
    };
    let more =
        "max_output_tokens = 9\ntop_p = 0.5\nstop = [\"END\"]\nextra.reasoning.effort = \"low\"";
    let (head, body) = ask(OPENAI, &format!("seed = 4\n{more}"));
    assert!(head.starts_with("POST /v1/chat/completions "), "{head}");
    // The server repeated the key; what is given out is cleared of it.
    assert!(head.contains("authorization: Bearer [key]\r\n"), "{head}");
    assert_eq!(
        body,
        json!({
            "model": "small",
            "messages": [{ "role": "system", "content": "You answer." }, { "role": "user", "content": "Why?" }],
            "max_tokens": 9, "temperature": 0.0, "top_p": 0.5, "seed": 4, "stop": ["END"], "reasoning": { "effort": "low" },
            "stream": true, "stream_options": { "include_usage": true }
        })
    );
    let (_, body) = ask(
        OPENAI,
        "omit = [\"temperature\", \"max_tokens\", \"stream_options\"]",
    );
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["max_completion_tokens", "messages", "model", "stream"]
    );
    let (head, body) = ask(ANTHROPIC, more);
    assert!(head.contains("x-api-key: [key]\r\n"), "{head}");
    assert!(head.contains("anthropic-version: 2023-06-01\r\n"), "{head}");
    assert_eq!(
        body,
        json!({
            "model": "small", "system": "You answer.", "messages": [{ "role": "user", "content": "Why?" }],
            "max_tokens": 9, "temperature": 0.0, "top_p": 0.5, "stop_sequences": ["END"], "reasoning": { "effort": "low" },
            "stream": true
        })
    );
}

#[test]
fn answers_as_a_whole_are_understood_and_counted() {
    let usages = |protocol: &str| match protocol {
        OPENAI => {
            json!({ "prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 20 } })
        }
        _ => {
            json!({ "input_tokens": 6, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 20, "output_tokens": 4 })
        }
    };
    for protocol in PROTOCOLS {
        let server = Server::new(move |asked, _| {
            let usage = match number(asked.prompt) {
                0 => usages(protocol),
                _ => Value::Null,
            };
            Reply::Whole(200, "", whole(protocol, asked.prompt, &usage).to_string())
        });
        // One that was asked for a stream may answer as it likes.
        for more in ["stream = false", "stream = true"] {
            let completions = server.ask(protocol, more, &prompts(2));
            let [counted, estimated] = [0, 1].map(|place| completions[place].clone().unwrap());
            assert_eq!(counted.text, "said: question 0");
            let clock = (counted.clock.ttft_ms, counted.clock.inter_token_ms);
            assert_eq!(clock, (None, None));
            let tokens = (
                counted.tokens_in,
                counted.cached_tokens_in,
                counted.tokens_out,
            );
            assert_eq!((tokens, counted.estimated), ((30, 20, 4), false));
            // `You answer .`, `question 1`; `said : question 1`.
            let tokens = (estimated.tokens_in, estimated.tokens_out);
            assert_eq!((tokens, estimated.estimated), ((5, 4), true));
        }
    }
}

#[test]
fn ends_have_their_reasons() {
    let reasons = [
        (OPENAI, "stop", Finish::Stop),
        (OPENAI, "length", Finish::Length),
        (OPENAI, "content_filter", Finish::Filtered),
        (ANTHROPIC, "end_turn", Finish::Stop),
        (ANTHROPIC, "stop_sequence", Finish::Stop),
        (ANTHROPIC, "max_tokens", Finish::Length),
        (ANTHROPIC, "refusal", Finish::Filtered),
    ];
    for (protocol, reason, finish) in reasons {
        let server = Server::new(move |asked, _| {
            let answer = whole(protocol, asked.prompt, &Value::Null).to_string();
            let answer = answer.replace("\"end_turn\"", "\"stop\"");
            Reply::Whole(
                200,
                "",
                answer.replace("\"stop\"", &format!("\"{reason}\"")),
            )
        });
        let completion = server.ask(protocol, "", &prompts(1)).remove(0);
        assert_eq!(completion.unwrap().finish, finish, "{reason}");
    }
}

#[test]
fn tokens_are_timed_as_they_come() {
    for protocol in PROTOCOLS {
        let server = Server::new(move |asked, _| {
            let mut parts = events(protocol, &["a", "b", "c", "d", "e"], 30, [7, 5]);
            parts.insert(0, Part::Pause(120));
            assert!(asked.body["stream"].as_bool().unwrap());
            Reply::Parts(parts, true)
        });
        let clock = server
            .ask(protocol, "", &prompts(1))
            .remove(0)
            .unwrap()
            .clock;
        let (ttft, inter_token) = (clock.ttft_ms.unwrap(), clock.inter_token_ms.unwrap());
        assert!(ttft >= 150.0, "{ttft}");
        // Not quite the 30 of the script: the first may have been read late.
        assert!(inter_token >= 10.0, "{inter_token}");
        assert!(clock.latency_ms >= 270.0, "{}", clock.latency_ms);
        assert!(clock.latency_ms >= ttft + 4.0 * inter_token);
    }
}

#[test]
fn refusals_for_good_are_not_repeated() {
    let server = |status: u16, text: &str| {
        let text = text.to_owned();
        Server::new(move |_, _| Reply::Whole(status, "retry-after: 0\r\n", text.clone()))
    };
    let (_, key) = secret();
    let place = |server: &Server| format!("`{}/chat/completions` answers ", server.url);

    let odd = server(400, &format!("{}{key}", "x".repeat(295)));
    let errors = odd.ask(OPENAI, "concurrency = 1", &prompts(3));
    let expected = format!("{}400 Bad Request: {}[key]", place(&odd), "x".repeat(295));
    assert!(
        errors.iter().all(|error| *error == Err(expected.clone())),
        "{errors:?}"
    );
    assert_eq!(odd.requests(), 3);

    // What is wrong for all is asked once.
    for (status, name) in [(401, "Unauthorized"), (404, "Not Found")] {
        let closed = server(status, "no");
        let errors = closed.ask(OPENAI, "concurrency = 1", &prompts(3));
        let reason = format!("{}{status} {name}: no", place(&closed));
        assert_eq!(errors[0], Err(reason.clone()));
        let reason = format!("not asked, as another prompt's request failed for all: {reason}");
        assert_eq!(errors[1..], [Err(reason.clone()), Err(reason)]);
        assert_eq!(closed.requests(), 1);
    }

    let spent = server(429, "{\"error\": {\"code\": \"insufficient_quota\"}}");
    let errors = spent.ask(OPENAI, "concurrency = 1", &prompts(3));
    assert_eq!((errors.iter().flatten().count(), spent.requests()), (0, 1));

    let busy = server(429, "slow down");
    let errors = busy.ask(OPENAI, "retries = 2", &prompts(2));
    let expected = format!(
        "gave up after 3 attempts: {}429 Too Many Requests: slow down",
        place(&busy)
    );
    assert_eq!(errors, [Err(expected.clone()), Err(expected)]);
    assert_eq!(busy.requests(), 6);

    let bad = json!({ "error": { "message": "too long", "type": "BadRequestError", "code": 400 } });
    let bad = server(200, &bad.to_string());
    let errors = bad.ask(OPENAI, "", &prompts(1));
    let expected = format!("{}with an error: too long", place(&bad));
    assert_eq!((errors, bad.requests()), (vec![Err(expected)], 1));

    let nobody = Server {
        url: "http://127.0.0.1:9/v1".into(),
        ..bad
    };
    let errors = nobody.ask(OPENAI, "concurrency = 1\nretries = 1", &prompts(2));
    let [first, second] = [0, 1].map(|place| errors[place].clone().unwrap_err());
    assert!(
        first.starts_with(
            "gave up after 2 attempts: `http://127.0.0.1:9/v1/chat/completions` does not answer: "
        ),
        "{first}"
    );
    assert!(second.ends_with(&first) && second.starts_with("not asked"));
}

#[test]
fn the_rate_is_kept_and_a_pause_is_for_all() {
    let server = Server::new(|asked, _| match (asked.attempt, asked.prompt) {
        (0, "question 0") => Reply::Whole(429, "retry-after: 1\r\n", String::new()),
        (_, "question 1") => {
            let mut parts = events(OPENAI, &[&said(asked.prompt)], 0, [7, 3]);
            parts.insert(0, Part::Pause(800));
            Reply::Parts(parts, true)
        }
        _ => good(OPENAI, asked.prompt),
    });
    let completions = server.ask(OPENAI, "concurrency = 2", &prompts(3));
    assert!(completions.iter().all(Result::is_ok));
    let requests = server.log.lock().unwrap().requests.clone();
    let first = |prompt: &str| requests.iter().position(|(_, asked)| asked == prompt);
    let refused = requests[first("question 0").unwrap()].0;
    let next = requests[first("question 2").unwrap()].0;
    assert!(next - refused >= Duration::from_secs(1), "it waited too");

    let start = Instant::now();
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let more = "concurrency = 64\nrequests_per_minute = 1800";
    let completions = server.ask(OPENAI, more, &prompts(50));
    assert!(completions.iter().all(Result::is_ok));
    // Thirty at once and one more, the others one in a thirtieth of a second.
    assert!(start.elapsed() >= Duration::from_millis(19 * 1000 / 30));

    let start = Instant::now();
    // A request takes five words and the answer's 512; 505 of the latter are given back.
    let more = "concurrency = 1\ntokens_per_minute = 600";
    let completions = server.ask(OPENAI, more, &prompts(3));
    assert!(completions.iter().all(Result::is_ok));
    // Ten of the thirty tokens are there at once, and the last request waits for those before it only.
    assert!(start.elapsed() >= Duration::from_millis(900));
}
