//! Asks a server that chats: many prompts at the same time, within its limits and the budget, again where that can help.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::budget::{Budget, Reservation};
use super::chat::ChatConfig;
use super::draft::{Bad, Draft, milliseconds};
use super::limits::Limits;
use super::protocol::Protocol;
use super::{Clock, Completion, Finish, LanguageModel, Prompt, stream};
use crate::models::http::{Connect, Failure, Http, Reached, Refusal, lock, side_by_side};
use crate::models::{TokenizerConfig, Tokens};

/// The most bytes of an answer: more than a million tokens take.
const LONGEST_ANSWER: u64 = 1 << 26;

/// A model on a server.
pub(super) struct ChatModel {
    protocol: Protocol,
    config: ChatConfig,
    http: Http,
    limits: Limits,
    budget: Budget,
    words: Tokens,
}

/// What answered a request, before it is a completion.
struct Answer {
    draft: Draft,
    finish: Finish,
    /// From the request to the last byte that matters.
    latency: Duration,
    /// When the request was sent.
    start: Instant,
}

impl ChatModel {
    pub(super) fn open(protocol: Protocol, config: &ChatConfig) -> anyhow::Result<Self> {
        let connect = Connect {
            url: &config.url,
            key_env: config.key_env.as_deref(),
            key_header: protocol.key_header(),
            timeout: Duration::from_secs(config.timeout_seconds),
            silence: config.silence_seconds.map(Duration::from_secs),
            connections: config.concurrency,
        };
        Ok(Self {
            protocol,
            config: config.clone(),
            http: connect.open()?,
            limits: Limits::new(config),
            budget: Budget::new(config),
            words: TokenizerConfig::Words.open()?.0,
        })
    }

    fn count(&self, text: &str) -> anyhow::Result<u64> {
        Ok(self.words.of(text)?.len() as u64)
    }

    /// One prompt's completion. `stopped` is set to the reason where no other prompt's request would fare better.
    fn one(&self, prompt: &Prompt, stopped: &OnceLock<String>) -> anyhow::Result<Completion> {
        let body = self.protocol.body(&self.config, prompt).to_string();
        let words_in = self.count(&prompt.system)? + self.count(&prompt.user)?;
        let taken = words_in + self.config.max_output_tokens;
        let (mut attempts, mut reached) = (0, Reached::Unknown);
        let answered = self.http.patiently(self.config.retries, || {
            reached = Reached::Unknown;
            if let Some(reason) = stopped.get() {
                let error =
                    anyhow!("not asked, as another prompt's request failed for all: {reason}");
                return Err(Refusal::ForGood(error));
            }
            let reserved = self.budget.reserve(body.len() as u64);
            let reservation = reserved.map_err(Refusal::ForGood)?;
            self.limits.wait(taken);
            attempts += 1;
            match self.attempt(body.as_bytes()) {
                Ok(answer) => {
                    reservation.settle(&answer.draft.counts);
                    Ok(answer)
                }
                Err(failure) => {
                    reached = failure.reached;
                    Err(self.refused(failure, reservation))
                }
            }
        });
        let answer = answered.inspect_err(|error| {
            if matches!(reached, Reached::Nowhere | Reached::RefusedLikeAll) {
                stopped.get_or_init(|| format!("{error:#}"));
            }
        })?;
        let clock = Clock {
            latency_ms: milliseconds(answer.latency),
            attempts,
            ..Clock::default()
        };
        let estimated = [words_in, self.count(&answer.draft.text)?];
        let draft = answer.draft;
        let mut completion = draft.complete(answer.finish, estimated, clock, answer.start);
        completion.text = self.http.cleared_words(completion.text);
        // No request uses more: a server that says so shall not stop those that follow.
        let most = (body.len() as u64).saturating_add(self.config.max_output_tokens);
        let used = completion.tokens_in.saturating_add(completion.tokens_out);
        self.limits.correct(taken, used.min(most));
        Ok(completion)
    }

    /// Settles what a failed request leaves behind.
    fn refused(&self, failure: Failure, reservation: Reservation<'_>) -> Refusal {
        match failure.reached {
            // It may have been billed: what was set aside for it stays spent.
            Reached::Unknown => drop(reservation),
            Reached::Nowhere | Reached::Refused | Reached::RefusedLikeAll => reservation.release(),
        }
        if let Refusal::ForNow(_, Some(wait)) = failure.refusal {
            self.limits.pause(wait);
        }
        failure.refusal
    }

    /// Asks once.
    fn attempt(&self, body: &[u8]) -> Result<Answer, Failure> {
        let start = Instant::now();
        let (path, headers) = (self.protocol.path(), self.protocol.headers());
        let mut response = self.http.post(path, headers, body)?;
        let is_delimited = ["content-length", "transfer-encoding"]
            .iter()
            .any(|name| response.headers().contains_key(*name));
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER);
        let mut reader = BufReader::new(body.reader());
        let mut draft = Draft::default();
        let read = self.read(&mut reader, &mut draft);
        let latency = start.elapsed();
        let Some(finish) = draft.finish else {
            return Err(self.broken(read.err(), &draft));
        };
        if is_delimited {
            // What follows the last event is its end alone, and a connection that is read to its end serves again.
            let _ = std::io::copy(&mut reader.take(LONGEST_TAIL), &mut std::io::sink());
        }
        Ok(Answer {
            draft,
            finish,
            latency,
            start,
        })
    }

    /// Reads an answer up to its end.
    fn read(&self, reader: &mut impl BufRead, draft: &mut Draft) -> Result<(), Bad> {
        if stream::is_whole(reader)? {
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer)?;
            return self.protocol.whole(&answer, draft);
        }
        draft.streamed = true;
        while let Some(event) = stream::next(reader)? {
            if self.protocol.event(&event, draft)? {
                break;
            }
        }
        Ok(())
    }

    /// Why what came is no answer.
    fn broken(&self, bad: Option<Bad>, draft: &Draft) -> Failure {
        let url = self.http.place(self.protocol.path());
        let (text, is_lasting) = match bad {
            Some(Bad::Lasting(text)) => (text, true),
            Some(Bad::Passing(text)) => (text, false),
            None => ("no end: the completion is cut off".to_owned(), false),
        };
        let error = anyhow!("`{url}` answers with {}", self.http.excerpt(&text));
        Failure {
            refusal: if is_lasting {
                Refusal::ForGood(error)
            } else {
                Refusal::ForNow(error, None)
            },
            reached: if is_lasting && draft.is_empty() {
                Reached::Refused
            } else {
                Reached::Unknown
            },
        }
    }
}

/// The most bytes that are read behind the last event.
const LONGEST_TAIL: u64 = 1 << 16;

impl LanguageModel for ChatModel {
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>> {
        let ended = Mutex::new(vec![Err(String::new()); prompts.len()]);
        let each = self.complete_each(prompts, &|_| true, &|place, completion| {
            lock(&ended)[place] = completion;
            Ok(())
        });
        each.expect("every prompt was done with, and nothing else can fail");
        std::mem::take(&mut *lock(&ended))
    }

    fn complete_each(
        &self,
        prompts: &[Prompt],
        wanted: &(dyn Fn(usize) -> bool + Sync),
        done: &(dyn Fn(usize, Result<Completion, String>) -> anyhow::Result<()> + Sync),
    ) -> anyhow::Result<()> {
        let stopped = OnceLock::new();
        side_by_side(prompts.len(), self.config.concurrency, &|place| {
            if !wanted(place) {
                return Ok(());
            }
            let completion = self.one(&prompts[place], &stopped);
            done(place, completion.map_err(|error| format!("{error:#}")))
        })
    }
}
