//! Does a scorer of faithfulness notice what it should, and only that? Answers that are supported are changed in ways whose effect is known.
//!
//! | check | what is done | what must happen |
//! |---|---|---|
//! | `base` | nothing | supported |
//! | `delete` | the evidence is taken away | no longer supported |
//! | `number`, `entity`, `negation`, `role` | the answer says another number or name, denies, swaps who did what | no longer supported |
//! | `unrelated`, `shuffle` | a context of another topic is added, the contexts change places | as before |
//! | `paraphrase` | the answer says the same in other words | as before |
//! | `repeat` | nothing; it is asked again, in another batch | as before |
//!
//! The cases are those that come with ragkit ([`suite`]), or what the rules of [`changes`] make of answers that people called supported
//! ([`cases_of`]). Relations between the answers to related inputs test what has no known right output: metamorphic testing (Chen et al. 1998; for
//! models of language Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with CheckList").

mod brought;
pub mod changes;
mod examination;
mod limits;
pub mod suite;

use serde::{Deserialize, Serialize};

pub use self::brought::{Brought, cases_of};
pub use self::examination::{Examination, Finding, Verdict, examine};
pub use self::limits::{LEAST_CASES, Limits};
use crate::data::Passage;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// The answer as it is.
    Base,
    /// The contexts without what supports it.
    Delete,
    /// Another number in the answer.
    Number,
    /// Another name in the answer.
    Entity,
    /// The answer denied.
    Negation,
    /// Who did what to whom, turned around.
    Role,
    /// One more context, of another topic.
    Unrelated,
    /// The contexts in another order.
    Shuffle,
    /// The answer in other words.
    Paraphrase,
    /// The same once more.
    Repeat,
}

/// What should come of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// The answer is supported.
    Supported,
    /// An answer that was supported no longer is: sensitivity.
    Falls,
    /// The decision is the same: invariance.
    Stays,
}

impl Check {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Base,
        Self::Delete,
        Self::Number,
        Self::Entity,
        Self::Negation,
        Self::Role,
        Self::Unrelated,
        Self::Shuffle,
        Self::Paraphrase,
        Self::Repeat,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Delete => "delete",
            Self::Number => "number",
            Self::Entity => "entity",
            Self::Negation => "negation",
            Self::Role => "role",
            Self::Unrelated => "unrelated",
            Self::Shuffle => "shuffle",
            Self::Paraphrase => "paraphrase",
            Self::Repeat => "repeat",
        }
    }

    /// What should come of it.
    pub fn expected(self) -> Expected {
        match self {
            Self::Base => Expected::Supported,
            Self::Delete | Self::Number | Self::Entity | Self::Negation | Self::Role => {
                Expected::Falls
            }
            Self::Unrelated | Self::Shuffle | Self::Paraphrase | Self::Repeat => Expected::Stays,
        }
    }
}

/// An answer with its contexts.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The answer.
    pub answer: String,
    /// Its contexts.
    pub contexts: Vec<Passage>,
}

/// A supported answer, and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// What was asked; may be empty.
    pub question: String,
    /// The collection that it comes from, where it is of one.
    pub set: Option<String>,
    /// As it is: supported.
    pub base: Form,
    /// Changed, for the checks that apply; none of these is [`Check::Base`] or [`Check::Repeat`].
    pub forms: Vec<(Check, Form)>,
}
