//! What an answer claims, and what is known of it while it is judged.

use std::ops::Range;

use super::ask::{Answer, Bill};
use super::find;
use crate::faithfulness::Subject;

/// A claim that is to be voted on.
pub(super) struct Candidate {
    /// The stretch of the answer that makes it.
    pub(super) range: Range<usize>,
    /// Its words, where they are not the answer's own.
    pub(super) text: Option<String>,
    /// What the judge is asked about.
    pub(super) words: String,
    /// What the answer says before it.
    pub(super) before: String,
}

/// What is known of one answer while it is judged.
#[derive(Default)]
pub(super) struct Case {
    pub(super) bill: Bill,
    pub(super) candidates: Vec<Candidate>,
    pub(super) notes: Vec<String>,
    /// Why it cannot be judged.
    pub(super) error: Option<String>,
}

impl Case {
    /// Takes what the model made of the sentences, or the sentences where it was not asked.
    pub(super) fn claim(
        &mut self,
        subject: &Subject<'_>,
        answer: Option<Answer<Vec<Vec<String>>>>,
    ) {
        let Some(answer) = answer else {
            self.candidates = sentences(subject);
            return;
        };
        self.bill.add(&answer);
        match answer.read {
            Ok(claims) => self.candidates = split_of(subject, claims),
            Err(fault) if self.bill.is_empty() => {
                self.error = Some(format!("judge: its claims are not known: {fault}"));
            }
            Err(fault) => {
                self.candidates = sentences(subject);
                self.notes.push(format!(
                    "judged by sentences, as the list of its claims could not be read: {fault}"
                ));
            }
        }
    }

    /// Leaves the first claims.
    pub(super) fn cut(&mut self, most: usize) {
        let all = self.candidates.len();
        if all > most {
            self.candidates.truncate(most);
            let left = all - most;
            self.notes.push(format!(
                "the last {left} of {all} claims were not judged; raise `judge.max_claims`"
            ));
        }
    }
}

/// The sentences of an answer as claims.
pub(super) fn sentences(subject: &Subject<'_>) -> Vec<Candidate> {
    let sentences = subject.sentences.iter();
    let candidate = |range: &Range<usize>| Candidate {
        range: range.clone(),
        text: None,
        words: plain(&subject.answer[range.clone()]),
        before: plain(&subject.answer[..range.start]),
    };
    sentences.map(candidate).collect()
}

/// Claims by sentence, with the stretch of the answer that each is made of: the sentence, or less of it where the claim stands there word
/// by word.
fn split_of(subject: &Subject<'_>, claims: Vec<Vec<String>>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (sentence, own) in subject.sentences.iter().zip(claims) {
        for words in own {
            let stands = find::find(&subject.answer[sentence.clone()], &words);
            let range = stands.as_ref().map_or(sentence.clone(), |stands| {
                sentence.start + stands.start..sentence.start + stands.end
            });
            candidates.push(Candidate {
                range,
                text: stands.is_none().then(|| words.clone()),
                words,
                before: String::new(),
            });
        }
    }
    candidates
}

/// A text on one line: what was blanked leaves one space.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
