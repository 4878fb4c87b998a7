//! Servers that give away the key, lie about tokens, or write what others do not.

use std::time::{Duration, Instant};

use ragkit::caches::CachedModel;
use ragkit::models::language::{Completion, LanguageModel, LanguageModelConfig, Record};
use serde_json::{Value, json};

use crate::chat_server::{
    ANTHROPIC, OPENAI, Part, Reply, Server, events, prompts, said, secret, whole,
};

const PROTOCOLS: [&str; 2] = [OPENAI, ANTHROPIC];

/// What comes of one request that is answered so.
fn answer(
    protocol: &str,
    more: &str,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<Completion, String> {
    let server = Server::new(move |_, _| reply());
    let more = format!("retries = 0\n{more}");
    let completion = server.ask(protocol, &more, &prompts(1)).remove(0);
    assert_eq!(server.requests(), 1);
    completion
}

#[test]
fn no_part_of_the_key_is_shown_however_it_is_written() {
    let (_, key) = secret();
    let escaped: String = key.bytes().map(|sign| format!("\\u{sign:04x}")).collect();
    let shown = |status: u16, text: String| {
        let reply = move || Reply::Whole(status, "", text.clone());
        answer(OPENAI, "", reply).unwrap_err()
    };
    for written in [&key, &escaped] {
        for padding in 250..300 {
            if padding % 7 != 0 {
                continue;
            }
            let message = format!("{} key Bearer {written}", "x".repeat(padding));
            let error = format!("{{\"error\": {{\"message\": \"{message}\"}}}}");
            for shown in [shown(200, error.clone()), shown(400, error)] {
                assert!(shown.contains("xxx"), "{shown}");
                assert!(!shown.contains(&key[..4]), "{shown}");
                assert!(!shown.contains(&escaped[..18]), "{shown}");
            }
        }
    }
    // The model's own words.
    let text = format!("a {escaped} b").replace('\\', "\\\\");
    let body = whole(OPENAI, "", &Value::Null).to_string();
    let body = body.replace("said: ", &text);
    let completion = answer(OPENAI, "", move || Reply::Whole(200, "", body.clone()));
    assert_eq!(completion.unwrap().text, "a [key] b");
}

/// An answer with these counts of the prompt and of the completion.
fn counted(protocol: &str, streamed: bool, counts: &[Value; 2]) -> Reply {
    let names = match protocol {
        OPENAI => ["prompt_tokens", "completion_tokens"],
        _ => ["input_tokens", "output_tokens"],
    };
    let usage = json!({ names[0]: counts[0], names[1]: counts[1] });
    if !streamed {
        return Reply::Whole(200, "", whole(protocol, "x", &usage).to_string());
    }
    let mut parts = events(protocol, &[&said("x")], 0, [77_777, 88_888]);
    for part in &mut parts {
        if let Part::Send(text) = part {
            *text = text
                .replace("77777", &counts[0].to_string())
                .replace("88888", &counts[1].to_string());
        }
    }
    Reply::Parts(parts, true)
}

#[test]
fn counts_that_cannot_be_are_not_counted() {
    let bad = [
        json!(-1),
        json!(50.0),
        json!("50"),
        json!(null),
        json!([]),
        json!(u64::MAX),
        json!(1_000_000_000_000_u64),
    ];
    for protocol in PROTOCOLS {
        for streamed in [true, false] {
            for bad in &bad {
                for counts in [[json!(9), bad.clone()], [bad.clone(), json!(8)]] {
                    let reply = counts.clone();
                    let reply = move || counted(protocol, streamed, &reply);
                    let completion = answer(protocol, "", reply).unwrap();
                    assert_eq!(completion.text, "said: x");
                    // `You answer . question 0`; `said : x`.
                    let [tokens_in, tokens_out] = counts.clone().map(|count| count.as_u64());
                    let is_small = |count: &u64| *count < 10;
                    let tokens_in = tokens_in.filter(is_small).unwrap_or(5);
                    let tokens_out = tokens_out.filter(is_small).unwrap_or(3);
                    let found = (completion.tokens_in, completion.tokens_out);
                    assert_eq!(found, (tokens_in, tokens_out), "{protocol} {counts:?}");
                    assert!(completion.estimated, "{protocol} {streamed} {counts:?}");
                }
            }
        }
        for usage in [json!("none"), json!(7), json!([1])] {
            let body = whole(protocol, "x", &usage).to_string();
            let completion = answer(protocol, "", move || Reply::Whole(200, "", body.clone()));
            assert!(completion.unwrap().estimated, "{usage}");
        }
    }
    // A part of the prompt that cannot be read leaves the sum unknown.
    let usage = json!({ "input_tokens": 6, "cache_read_input_tokens": -1, "output_tokens": 4 });
    let body = whole(ANTHROPIC, "x", &usage).to_string();
    let completion = answer(ANTHROPIC, "", move || Reply::Whole(200, "", body.clone()));
    let completion = completion.unwrap();
    assert_eq!((completion.tokens_in, completion.estimated), (5, true));
}

#[test]
fn counts_that_are_lies_stop_nobody() {
    for protocol in PROTOCOLS {
        for count in [1_000_000_000, 1_000_000_000_000, u64::MAX] {
            let counts = [json!(count), json!(count)];
            let server = Server::new(move |_, _| counted(protocol, true, &counts));
            let start = Instant::now();
            let more = "concurrency = 1\nmax_output_tokens = 10\ntokens_per_minute = 60000";
            let completions = server.ask(protocol, more, &prompts(3));
            assert!(completions.iter().all(Result::is_ok), "{completions:?}");
            assert!(start.elapsed() < Duration::from_secs(20));
        }
    }
}

#[test]
fn a_text_may_come_in_parts_and_among_others() {
    let parts = json!([{ "type": "text", "text": "sa" }, { "type": "image" }, { "type": "text", "text": "id" }]);
    let other = json!({ "index": 1, "message": { "content": "other" }, "finish_reason": "length" });
    let first = json!({ "index": 0, "message": { "content": parts }, "finish_reason": "stop" });
    let body = json!({ "choices": [other, first] }).to_string();
    let completion = answer(OPENAI, "stream = false", move || {
        Reply::Whole(200, "", body.clone())
    });
    assert_eq!(completion.unwrap().text, "said");

    for protocol in PROTOCOLS {
        let completion = answer(protocol, "", move || {
            let mut parts = events(protocol, &["sa", "id"], 0, [7, 3]);
            if protocol == OPENAI {
                let other = json!({ "choices": [{ "index": 1, "delta": { "content": "other" }, "finish_reason": "length" }] });
                for place in (1..parts.len() - 1).rev() {
                    parts.insert(place, Part::Send(format!("data: {other}\n\n")));
                }
            }
            // The mark comes apart, and the first event holds what is not said again.
            parts.remove(0);
            parts.insert(0, Part::Send("\u{feff}".into()));
            Reply::Parts(parts, true)
        });
        let completion = completion.unwrap();
        assert_eq!(completion.text, "said", "{protocol}");
    }
    let completion = answer(ANTHROPIC, "", move || {
        let mut parts = events(ANTHROPIC, &["said"], 0, [7, 3]);
        if let Part::Send(text) = &mut parts[0] {
            let data = text.split_once("data").unwrap().1;
            *text = format!("\u{feff}data{data}");
        }
        Reply::Parts(parts, true)
    });
    // The prompt's count stands in the first event.
    assert_eq!(completion.unwrap().tokens_in, 7);
}

#[test]
fn what_the_cache_keeps_is_what_both_give_out() {
    let server = Server::new(|_, log| {
        let text = format!("answer {}", log.requests.len());
        let mut parts = events(OPENAI, &[&text], 0, [7, 3]);
        // Both ask before either is answered.
        parts.insert(0, Part::Pause(1000));
        Reply::Parts(parts, true)
    });
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "");
    let open = || CachedModel::open(config.open().unwrap(), folder.path()).unwrap();
    let (first, second) = (open(), open());
    let ask = |model: &CachedModel| model.complete(&prompts(1)).remove(0).unwrap();
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| ask(&second));
        (ask(&first), other.join().unwrap())
    });
    assert_eq!(server.requests(), 2);
    assert_eq!(first, second);
    let file = folder
        .path()
        .join(format!("{}.jsonl", config.open().unwrap().digest));
    let text = std::fs::read_to_string(file).unwrap();
    let kept: Vec<Record> = text
        .lines()
        .map(|line| Record::parse(line.as_bytes()).unwrap())
        .collect();
    assert_eq!(kept.len(), 1, "{text}");
    assert_eq!(kept[0].completion.text, first.text);
}

#[test]
fn what_another_process_got_meanwhile_is_not_asked_again() {
    let server = Server::new(|asked, _| {
        let mut parts = events(OPENAI, &[&said(asked.prompt)], 0, [7, 3]);
        parts.insert(0, Part::Pause(50));
        Reply::Parts(parts, true)
    });
    let folder = tempfile::tempdir().unwrap();
    let config = server.config(OPENAI, "concurrency = 1");
    let open = || CachedModel::open(config.open().unwrap(), folder.path()).unwrap();
    let (first, second) = (open(), open());
    let asked = prompts(30);
    let reversed: Vec<_> = asked.iter().rev().cloned().collect();
    let (first, mut second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| second.complete(&reversed));
        (first.complete(&asked), other.join().unwrap())
    });
    second.reverse();
    // They meet somewhere, and may both ask for what stands there.
    assert!(server.requests() <= 31, "{}", server.requests());
    let cached = |completions: &[Result<Completion, String>]| {
        let is_cached = |completion: &&Result<Completion, String>| {
            completion
                .as_ref()
                .is_ok_and(|completion| completion.clock.cached)
        };
        completions.iter().filter(is_cached).count()
    };
    assert_eq!(cached(&first) + cached(&second) + server.requests(), 60);
    for (first, second) in first.into_iter().zip(second) {
        assert_eq!(first.unwrap().text, second.unwrap().text);
    }
}

#[test]
fn a_key_in_the_place_of_a_name_is_not_shown() {
    for name in ["sk-0123456789abcdef", "", "1KEY", "A KEY", "É"] {
        let config = json!({ "openai": { "url": "http://x", "model": "m", "key_env": name } });
        let config: LanguageModelConfig = serde_json::from_value(config).unwrap();
        for error in [config.validate(), config.check()] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("`key_env` is no name of an"), "{error}");
            assert!(name.is_empty() || !error.contains(name), "{error}");
        }
    }
}

#[test]
fn a_timeout_names_its_setting() {
    let hangs = || Reply::Nothing(Duration::from_mins(1));
    let stalls = || {
        let mut parts = events(OPENAI, &["a"], 0, [7, 3]);
        parts.insert(2, Part::Pause(60_000));
        Reply::Parts(parts, true)
    };
    for name in ["timeout_seconds", "silence_seconds"] {
        let more = format!("{name} = 1");
        for error in [answer(OPENAI, &more, hangs), answer(OPENAI, &more, stalls)] {
            let error = error.unwrap_err();
            assert!(
                error.ends_with(&format!("than `{name}`; raise it")),
                "{error}"
            );
        }
    }
}
