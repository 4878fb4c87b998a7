//! Asks a language model: nothing twice in a run, and once more what could not be read.

use std::collections::{HashMap, HashSet};
use std::ops::{AddAssign, Deref};
use std::sync::{Mutex, PoisonError};

use super::prompts::Prompts;
use crate::models::language::{Completion, Finish, LanguageModel, Price, Prompt};
use crate::outputs::Usage;
use crate::prompts::Found;

/// A model, and what it was asked.
pub(super) struct Asker<M> {
    model: M,
    price: Option<Price>,
    /// Completions of this run by the hashes of their prompts. Held while the model is asked, so that nobody asks the same meanwhile.
    known: Mutex<HashMap<String, Completion>>,
}

/// What came of a prompt.
#[derive(Debug)]
pub(super) struct Answer<T> {
    /// What was read of it, or why nothing was.
    pub(super) read: Result<T, String>,
    /// Whether its reply was read though it was not the JSON that it should be.
    repaired: bool,
    /// What it cost, by the hash of each prompt: the second one's too, where it was asked again.
    bills: Vec<(String, Usage)>,
}

impl<T> Answer<T> {
    fn new(read: Result<Found<T>, String>, bills: Vec<(String, Usage)>) -> Self {
        Self {
            repaired: read.as_ref().is_ok_and(|found| found.repaired),
            read: read.map(|found| found.value),
            bills,
        }
    }
}

/// How often replies were what they should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Replies that were wanted: one an answer to split, one a vote.
    pub replies: u64,
    /// Replies that were read though they were not the JSON that they should be.
    pub repaired: u64,
    /// Prompts that were asked once more because the first reply could not be read.
    pub asked_again: u64,
    /// Replies that could not be read the second time either, or did not come.
    pub lost: u64,
    /// Quotes that votes gave.
    pub quotes: u64,
    /// Quotes that are not in the source that they name.
    pub quotes_not_found: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.replies += other.replies;
        self.repaired += other.repaired;
        self.asked_again += other.asked_again;
        self.lost += other.lost;
        self.quotes += other.quotes;
        self.quotes_not_found += other.quotes_not_found;
    }
}

/// Reads the reply to the prompt at a place.
pub(super) type Read<'a, T> = &'a dyn Fn(usize, &Completion) -> Result<Found<T>, String>;

impl<M> Asker<M>
where
    M: Deref,
    M::Target: LanguageModel,
{
    pub(super) fn new(model: M, price: Option<Price>) -> Self {
        Self {
            model,
            price,
            known: Mutex::default(),
        }
    }

    /// What the replies to some prompts say. All are asked together; those that cannot be read, with the fault named, together once
    /// more.
    pub(super) fn ask<T>(
        &self,
        prompts: &[Prompt],
        texts: &Prompts,
        read: Read<'_, T>,
    ) -> (Vec<Answer<T>>, Counts) {
        let mut counts = Counts {
            replies: prompts.len() as u64,
            ..Counts::default()
        };
        let mut again: Vec<(usize, Prompt)> = Vec::new();
        let mut answers: Vec<Answer<T>> = Vec::with_capacity(prompts.len());
        for (place, asked) in self.complete(prompts).into_iter().enumerate() {
            let (mut bills, mut reply) = (Vec::new(), asked.completion);
            if let Ok(completion) = &reply {
                bills.push((asked.hash, Usage::of(completion, self.price.as_ref())));
            }
            let read = match &mut reply {
                Err(reason) => Err(std::mem::take(reason)),
                Ok(completion) => read(place, completion).map_err(|fault| {
                    let fault = fault_of(completion, fault);
                    let prompt = texts.again(&prompts[place], &completion.text, &fault);
                    again.push((place, prompt));
                    fault
                }),
            };
            answers.push(Answer::new(read, bills));
        }
        let seconds: Vec<Prompt> = again.iter().map(|(_, prompt)| prompt.clone()).collect();
        for ((place, _), asked) in again.iter().zip(self.complete(&seconds)) {
            let answer = &mut answers[*place];
            let mut bills = std::mem::take(&mut answer.bills);
            let read = asked.completion.and_then(|completion| {
                let usage = Usage::of(&completion, self.price.as_ref());
                bills.push((asked.hash, usage));
                read(*place, &completion).map_err(|fault| fault_of(&completion, fault))
            });
            *answer = Answer::new(read, bills);
        }
        counts.asked_again = again.len() as u64;
        let repaired = answers.iter().filter(|answer| answer.repaired);
        counts.repaired = repaired.count() as u64;
        let lost = answers.iter().filter(|answer| answer.read.is_err());
        counts.lost = lost.count() as u64;
        (answers, counts)
    }

    /// Completes prompts, each that is not known yet once.
    fn complete(&self, prompts: &[Prompt]) -> Vec<Asked> {
        let hashes: Vec<String> = prompts.iter().map(Prompt::hash).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut new, mut places) = (HashMap::new(), Vec::new());
        for (place, hash) in hashes.iter().enumerate() {
            if !known.contains_key(hash) && !new.contains_key(hash) {
                new.insert(hash.clone(), places.len());
                places.push(place);
            }
        }
        let unknown: Vec<Prompt> = places.iter().map(|place| prompts[*place].clone()).collect();
        let completions = if unknown.is_empty() {
            Vec::new()
        } else {
            self.model.complete(&unknown)
        };
        for (place, completion) in places.iter().zip(&completions) {
            if let Ok(completion) = completion {
                known.insert(hashes[*place].clone(), completion.clone());
            }
        }
        let of = |(place, hash): (usize, String)| {
            let number = new.get(&hash).copied();
            let first = number.filter(|number| places[*number] == place);
            let completion = match (number, known.get(&hash)) {
                (Some(number), _) => completions[number].clone(),
                (None, Some(completion)) => Ok(completion.clone()),
                (None, None) => Err("not asked".to_owned()),
            };
            let completion = completion.map(|mut completion| {
                // Nothing was sent for it but the first time.
                completion.clock.cached |= first.is_none();
                completion
            });
            Asked { hash, completion }
        };
        hashes.into_iter().enumerate().map(of).collect()
    }
}

/// What came back for a prompt.
struct Asked {
    hash: String,
    completion: Result<Completion, String>,
}

/// What is wrong with a reply, the end of it included.
fn fault_of(completion: &Completion, fault: String) -> String {
    match completion.finish {
        Finish::Stop => fault,
        Finish::Length => format!("it was cut off at `max_output_tokens`; {fault}"),
        Finish::Filtered => format!("the server withheld it; {fault}"),
    }
}

/// What was asked for one answer: each prompt once.
#[derive(Default)]
pub(super) struct Bill {
    seen: HashSet<String>,
    usage: Usage,
    /// Replies that were repaired.
    repaired: usize,
}

impl Bill {
    pub(super) fn add<T>(&mut self, answer: &Answer<T>) {
        let mut is_new = false;
        for (hash, usage) in &answer.bills {
            is_new = self.seen.insert(hash.clone());
            if is_new {
                self.usage.add(usage);
            }
        }
        // The last reply is the one that was read.
        self.repaired += usize::from(is_new && answer.repaired);
    }

    /// How many replies had to be repaired, in words; nothing where none.
    pub(super) fn repairs(&self) -> Option<String> {
        let (repaired, all) = (self.repaired, self.usage.calls);
        (repaired > 0).then(|| format!("{repaired} of {all} replies had to be repaired"))
    }

    /// Whether no reply came.
    pub(super) fn is_empty(&self) -> bool {
        self.usage.calls == 0
    }

    /// The sum; nothing where nothing was asked.
    pub(super) fn usage(self) -> Option<Usage> {
        (!self.is_empty()).then_some(self.usage)
    }
}
