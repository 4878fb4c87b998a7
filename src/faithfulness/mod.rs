//! Whether an answer says only what its sources say: scorers from counting words to asking a language model, behind one seam, and what
//! proves that they work.
//!
//! | tier | scorer | needs |
//! |---|---|---|
//! | 0 | [`Words`] | nothing |
//! | 1 | [`Classifying`] | weights of `ragkit train faithfulness`, and an encoder where they were trained with one |
//! | 2 | [`Classifier`] | a model for natural language inference or for hallucinations, from a local folder |
//! | 3 | [`Judge`] | a language model |

mod baselines;
mod classifier;
mod config;
pub mod doctor;
pub mod features;
pub mod judge;
pub mod train;
pub mod trained;
mod words;

use std::ops::Range;

pub use self::baselines::{BaselineConfig, Measure};
pub use self::classifier::{Classifier, ClassifierConfig, Granularity};
pub use self::config::{LanguageModels, OpenedScorer, ScorerConfig};
pub use self::judge::{Judge, JudgeConfig};
pub use self::trained::{Classifying, TrainedConfig};
pub use self::words::{Words, WordsConfig};
use crate::data::Passage;
use crate::outputs::{Claim, Usage};

/// An answer with what it should rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject<'a> {
    /// What was asked; may be empty.
    pub question: &'a str,
    /// The answer, with spaces where it claims nothing by itself: [`crate::claims::Claiming`].
    pub answer: &'a str,
    /// Its sentences that claim something, in bytes, in order.
    pub sentences: &'a [Range<usize>],
    /// What it should rest on, best first.
    pub contexts: Vec<Context<'a>>,
    /// The collection that it comes from, where it is of one: a scorer that was trained on it must not be asked about it.
    pub set: Option<&'a str>,
}

/// A text that an answer should rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context<'a> {
    /// The text.
    pub text: &'a str,
    /// What stands with it: title, date; may be empty.
    pub about: &'a str,
}

/// Says how well answers are supported by what they should rest on.
pub trait Scorer: Sync {
    /// One verdict a subject, in order; for a subject that cannot be judged, why.
    ///
    /// A verdict depends on its own subject only, never on the batch that it came in, and no support is NaN.
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>>;
}

/// What a scorer says of one answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// What the answer claims; empty where it claims nothing.
    pub claims: Vec<Claim>,
    /// What it says of the answer as a whole; `None` where nothing is claimed.
    pub whole: Option<Whole>,
    /// What a language model was asked for it.
    pub usage: Option<Usage>,
    /// What was not done as it should be.
    pub degraded: Option<String>,
}

/// What a scorer says of an answer as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whole {
    /// How well it is supported, 0..=1.
    pub support: f64,
    /// Whether that is enough.
    pub supported: bool,
}

impl Verdict {
    /// An answer that is as well supported as its claims in the mean, and supported from a threshold on. One claim that the sources do not support need not
    /// make a long answer unsupported to people, who label it as a whole.
    pub fn by_mean(claims: Vec<Claim>, threshold: f64) -> Self {
        let support = claims.iter().map(|claim| claim.support).sum::<f64>() / claims.len() as f64;
        Self {
            whole: (!claims.is_empty()).then_some(Whole {
                support,
                supported: support >= threshold,
            }),
            claims,
            ..Self::default()
        }
    }
}

/// Puts the words of its evidence beside every claim.
pub fn quote(claims: &mut [Claim], contexts: &[Context<'_>]) {
    for evidence in claims
        .iter_mut()
        .filter_map(|claim| claim.evidence.as_mut())
    {
        let place = (evidence.source as usize).checked_sub(1);
        let text = place
            .and_then(|place| contexts.get(place))
            .map(|context| context.text);
        let words = text.and_then(|text| text.get(evidence.start..evidence.end));
        evidence.text = words.unwrap_or_default().to_owned();
    }
}

impl<'a> From<&'a Passage> for Context<'a> {
    fn from(passage: &'a Passage) -> Self {
        Self {
            text: &passage.text,
            about: &passage.title,
        }
    }
}
