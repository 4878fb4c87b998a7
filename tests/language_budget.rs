//! What may be spent on language models, and what it costs.

use std::time::Duration;

use ragkit::models::language::{Price, Prompt};
use serde_json::json;

use crate::chat_server::{OPENAI, Part, Reply, Server, events, good, prompt, prompts, said, whole};

/// What a server that bills does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    /// It refuses the first requests of some prompts, and bills some of which nothing whole arrives.
    Loses,
    /// It bills without saying how much.
    CountsNothing,
}

/// A server that bills the words of a prompt, and 10 tokens for a completion or, where the client cannot know, all 50.
fn billing(wrong: Wrong) -> Server {
    Server::new(move |asked, log| {
        let words = 2 + asked.prompt.split(' ').count() as u64;
        let number: u64 = asked.prompt.split(' ').nth(1).unwrap().parse().unwrap();
        let text = said(asked.prompt);
        let mut parts = events(OPENAI, &[&text], 1, [words, 10]);
        let loses = wrong == Wrong::Loses && asked.attempt == 0;
        match number % 6 {
            0 if loses => Reply::Whole(429, "retry-after: 0\r\n", String::new()),
            1 if loses => Reply::Whole(500, "", String::new()),
            2 if loses => {
                log.billed += words + 50;
                Reply::Nothing(Duration::ZERO)
            }
            3 if loses => {
                log.billed += words + 50;
                parts.truncate(3);
                Reply::Parts(parts, false)
            }
            _ if wrong == Wrong::CountsNothing => {
                log.billed += words + 50;
                parts.retain(
                    |part| !matches!(part, Part::Send(text) if text.contains("\"prompt_tokens\"")),
                );
                Reply::Parts(parts, true)
            }
            4 => {
                log.billed += words + 10;
                let usage = json!({ "prompt_tokens": words, "completion_tokens": 10 });
                Reply::Whole(200, "", whole(OPENAI, asked.prompt, &usage).to_string())
            }
            _ => {
                log.billed += words + 10;
                Reply::Parts(parts, true)
            }
        }
    })
}

#[test]
fn a_budget_is_never_exceeded() {
    // Of a million tokens each costs a dollar, so that the bill in dollars is that in tokens.
    let dollars = "usd_per_million = { input = 1, output = 1 }\nmax_usd = 0.02";
    let tokens = "max_tokens_total = 20000";
    for (wrong, budget, name) in [
        (Wrong::Nothing, tokens, "max_tokens_total"),
        (Wrong::Loses, tokens, "max_tokens_total"),
        (Wrong::Loses, dollars, "max_usd"),
        (Wrong::CountsNothing, tokens, "max_tokens_total"),
    ] {
        let server = billing(wrong);
        let more = format!("concurrency = 64\nmax_output_tokens = 50\nretries = 9\n{budget}");
        let words = "word ".repeat(20);
        let asked: Vec<Prompt> = (0..1000)
            .map(|i| prompt(&format!("question {i} {words}")))
            .collect();
        let completions = server.ask(OPENAI, &more, &asked);
        let (good, bad): (Vec<_>, Vec<_>) = completions.into_iter().partition(Result::is_ok);
        let billed = server.log.lock().unwrap().billed;
        assert!(billed <= 20_000, "{billed}");
        for error in bad {
            let error = error.unwrap_err();
            assert!(
                error.starts_with("the budget of `small` does not suffice: the prompt may "),
                "{error}"
            );
            assert!(
                error.ends_with(&format!("; raise `{name}`, what was answered is kept")),
                "{error}"
            );
        }
        if wrong == Wrong::Nothing {
            // It waits for what others leave, however many ask at the same time: a request less than 500 tokens is left.
            assert!(billed > 20_000 - 500, "{billed}");
            assert_eq!(good.len() as u64, billed / 35, "{billed}");
        }
        assert!(good.len() > 20, "{}", good.len());
    }
}

#[test]
fn a_budget_that_is_too_small_says_so() {
    let server = Server::new(|asked, _| good(OPENAI, asked.prompt));
    let errors = server.ask(OPENAI, "max_tokens_total = 600", &prompts(1));
    let body = json!({
        "model": "small", "messages": [{ "role": "system", "content": "You answer." }, { "role": "user", "content": "question 0" }],
        "max_tokens": 512, "stream_options": { "include_usage": true }, "temperature": 0.0, "stream": true
    });
    let most = body.to_string().len() + 512;
    let expected = format!(
        "the budget of `small` does not suffice: the prompt may take {most} tokens, and of `max_tokens_total = 600` there are 0 tokens spent; raise `max_tokens_total`, what was answered is kept"
    );
    assert_eq!((errors, server.requests()), (vec![Err(expected)], 0));
}

#[test]
fn prices_are_per_million() {
    let price = |cached_input| Price {
        input: 3.0,
        cached_input,
        output: 15.0,
    };
    let server = Server::new(|asked, _| {
        let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": { "cached_tokens": 400 } });
        Reply::Whole(200, "", whole(OPENAI, asked.prompt, &usage).to_string())
    });
    let completion = server.ask(OPENAI, "", &prompts(1)).remove(0).unwrap();
    let close = |cost: f64, expected: f64| (cost - expected).abs() < 1e-12;
    assert!(close(price(None).cost(&completion), 0.0045));
    assert!(close(
        price(Some(0.3)).cost(&completion),
        0.0018 + 0.000_12 + 0.0015
    ));
}
