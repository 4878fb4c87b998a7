//! Cases that people wrote: each change by hand, each checked by reading.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::changes::{Draw, shuffled, with_unrelated};
use super::{Case, Check, Form};
use crate::data::Passage;

/// The cases that come with ragkit, a JSON object a line: `datasets/doctor/cases.jsonl`.
pub const OWN: &str = include_str!("../../../datasets/doctor/cases.jsonl");

/// A supported answer with what was made of it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authored {
    /// Its id, unique in the suite.
    pub id: String,
    /// The language's code: `en`, `de`.
    pub language: String,
    /// What it is about: `hr`, `finance`.
    pub domain: String,
    /// How far the answer is from its evidence: `verbatim` (nearly its words), `reworded`, `merged` (of two sentences).
    pub style: String,
    /// The question.
    pub question: String,
    /// Texts, some of which support the answer and the others do not.
    pub contexts: Vec<String>,
    /// Which of them do, by number from 1: without these nothing supports the answer.
    pub evidence: Vec<usize>,
    /// The answer: all that it says stands in the contexts.
    pub answer: String,
    /// The same in other words.
    pub paraphrase: Option<String>,
    /// The answer with another number, which stands nowhere in the contexts.
    pub number: Option<String>,
    /// The answer with another name or thing.
    pub entity: Option<String>,
    /// The answer denied, or without its denial.
    pub negation: Option<String>,
    /// The answer with who did what turned around.
    pub role: Option<String>,
    /// A text about something else.
    pub unrelated: String,
}

/// Reads a suite: a JSON object a line, blank lines apart. `name` stands in errors.
///
/// # Errors
/// Where a line is no such object, an id stands twice, or a case cannot be what it says: no evidence, no context beside it, a change that changes
/// nothing.
pub fn read(text: &str, name: &str) -> anyhow::Result<Vec<Authored>> {
    let mut found: Vec<Authored> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let at = || format!("`{name}` line {number}");
        let case: Authored = serde_json::from_str(line).with_context(at)?;
        case.check().with_context(at)?;
        ensure!(
            found.iter().all(|other| other.id != case.id),
            "`{name}` line {number}: the id `{}` stands already above; ids must be unique",
            case.id
        );
        found.push(case);
    }
    ensure!(!found.is_empty(), "`{name}` has no case");
    Ok(found)
}

impl Authored {
    /// The answers that were made of the answer, by what was done.
    pub fn answers(&self) -> impl Iterator<Item = (Check, &str)> {
        let forms = [
            (Check::Number, &self.number),
            (Check::Entity, &self.entity),
            (Check::Negation, &self.negation),
            (Check::Role, &self.role),
            (Check::Paraphrase, &self.paraphrase),
        ];
        forms
            .into_iter()
            .filter_map(|(check, form)| Some((check, form.as_deref()?)))
    }

    fn check(&self) -> anyhow::Result<()> {
        let is_place = |place: &&usize| (1..=self.contexts.len()).contains(*place);
        let known: Vec<&usize> = self.evidence.iter().filter(is_place).collect();
        ensure!(
            !known.is_empty() && known.len() == self.evidence.len(),
            "`evidence` must hold numbers of contexts, from 1 to {}",
            self.contexts.len()
        );
        ensure!(
            self.contexts.len() > self.evidence.len(),
            "every context is evidence; add one that does not support the answer, so that something is left without them"
        );
        for (check, form) in self.answers() {
            ensure!(
                form != self.answer && !form.trim().is_empty(),
                "`{}` must differ from `answer`; write null where it does not apply",
                check.name()
            );
        }
        Ok(())
    }

    /// The case: order and place of contexts by `seed`.
    pub fn case(&self, seed: u64) -> Case {
        let passage = |text: &String| Passage {
            text: text.clone(),
            ..Passage::default()
        };
        let contexts: Vec<Passage> = self.contexts.iter().map(passage).collect();
        let others = (1..).zip(&contexts);
        let others = others.filter(|(number, _)| !self.evidence.contains(number));
        let others: Vec<Passage> = others.map(|(_, context)| context.clone()).collect();
        let with = |contexts: Vec<Passage>| Form {
            answer: self.answer.clone(),
            contexts,
        };
        let draw = |check: Check| Draw::of(seed, &self.id, check.name());
        let mut forms = vec![(Check::Delete, with(others))];
        let answers = self.answers().map(|(check, answer)| {
            let form = Form {
                answer: answer.to_owned(),
                contexts: contexts.clone(),
            };
            (check, form)
        });
        forms.extend(answers);
        let unrelated = passage(&self.unrelated);
        let unrelated = with_unrelated(&contexts, &unrelated, &mut draw(Check::Unrelated));
        forms.push((Check::Unrelated, with(unrelated)));
        let shuffled = shuffled(&contexts, &mut draw(Check::Shuffle));
        forms.extend(shuffled.map(|contexts| (Check::Shuffle, with(contexts))));
        Case {
            id: self.id.clone(),
            question: self.question.clone(),
            set: None,
            base: with(contexts),
            forms,
        }
    }
}

/// Some cases of a suite, in its order: those in a language, or all; of these `limit` by lot.
///
/// # Errors
/// Where none is in the language.
pub fn cases(
    authored: &[Authored],
    language: Option<&str>,
    seed: u64,
    limit: Option<usize>,
) -> anyhow::Result<Vec<Case>> {
    let spoken = authored.iter();
    let chosen: Vec<&Authored> = spoken
        .filter(|case| language.is_none_or(|language| case.language == language))
        .collect();
    let languages: BTreeSet<&str> = authored.iter().map(|case| case.language.as_str()).collect();
    ensure!(
        !chosen.is_empty(),
        "no case is in the language `{}`; there are {}",
        language.unwrap_or_default(),
        languages.into_iter().collect::<Vec<_>>().join(", ")
    );
    let count = limit.unwrap_or(usize::MAX).min(chosen.len());
    let lot = Draw::of(seed, "", "limit").order(0..chosen.len());
    let kept: BTreeSet<usize> = lot.into_iter().take(count).collect();
    Ok(kept
        .into_iter()
        .map(|place| chosen[place].case(seed))
        .collect())
}
