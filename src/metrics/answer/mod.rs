//! How good an answer in words is: against gold answers and nuggets, against what it rests on, and whether it was right to refuse.
//!
//! All of it is counted, nothing is judged by a model: the same words give the same number. What needs to know which
//! sentence a source supports takes that as booleans from whoever verified it.

mod evidence;
mod metric;
mod overlap;
mod words;

pub use evidence::{SentenceFacts, average_precision, relevance, share};
pub use metric::AnswerMetric;
pub(crate) use overlap::in_common;
pub use overlap::{NUGGET_THRESHOLD, exact_match, nugget_recall, rouge_l, rouge_n, token_f1};
pub use words::Normalisation;

/// What is known of one answer, its question and its sources. What is not known is empty or `None`, and the metrics that need it
/// then have no value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AnswerFacts<'a> {
    /// The answer.
    pub text: &'a str,
    /// Whether it says that it does not know.
    pub refused: bool,
    /// Whether the question can be answered from the documents.
    pub answerable: Option<bool>,
    /// Answers that are right, each by itself.
    pub golds: &'a [String],
    /// Short texts, each of which says one thing that a good answer says.
    pub nuggets: &'a [String],
    /// How texts are made comparable.
    pub normalisation: Normalisation,
    /// For each source offered to the answer, in that order, whether it is relevant.
    pub sources: &'a [bool],
    /// For each relevant thing that there is to find, whether the sources hold it.
    pub relevant: &'a [bool],
    /// For each citation of the answer whether it is verified; one of a source that does not exist is not.
    pub citations: &'a [bool],
    /// How many of the citations name a source that does not exist.
    pub invented: usize,
    /// Its sentences.
    pub sentences: &'a [SentenceFacts],
    /// For each claim of the answer whether a scorer of faithfulness says that its sources support it; `None` where it was not judged.
    pub claims: Option<&'a [bool]>,
    /// How far the votes on its claims say the same, 0..=1; `None` where no claim was voted on twice.
    pub agreement: Option<f64>,
    /// [`relevance`] of the answer to its question.
    pub relevance: Option<f64>,
    /// How sure the system was, 0..=1.
    pub confidence: Option<f64>,
    /// Whether the system would have a person look at it.
    pub review: Option<bool>,
}

impl AnswerFacts<'_> {
    /// Whether the right answer is none: the question cannot be answered, or, where that is not said, there are gold answers and
    /// none of them has a word, as SQuAD 2 has it.
    fn wants_refusal(&self) -> bool {
        let has_words = |gold: &String| !self.normalisation.words(gold).is_empty();
        match self.answerable {
            Some(answerable) => !answerable,
            None => !self.golds.is_empty() && !self.golds.iter().any(has_words),
        }
    }

    /// The best of a score over the gold answers that have words: 0 where a question that has an answer was refused, `None`
    /// where there is no gold answer.
    fn best(&self, score: impl Fn(&str) -> f64) -> Option<f64> {
        let golds = self.golds.iter().map(String::as_str);
        let with_words = golds.filter(|gold| !self.normalisation.words(gold).is_empty());
        let best = with_words.map(score).reduce(f64::max)?;
        Some(if self.refused { 0.0 } else { best })
    }

    /// [`Self::best`], but for questions without an answer 1 where it was refused or left empty, 0 else.
    fn best_or_refusal(&self, score: impl Fn(&str) -> f64) -> Option<f64> {
        if self.wants_refusal() {
            let refused = self.refused || self.normalisation.words(self.text).is_empty();
            return Some(f64::from(u8::from(refused)));
        }
        self.best(score)
    }

    /// `None` for questions without an answer.
    fn if_answerable(&self, score: impl FnOnce() -> Option<f64>) -> Option<f64> {
        if self.wants_refusal() { None } else { score() }
    }

    /// The sentences that claim something; a refusal claims nothing.
    fn claims(&self) -> impl Iterator<Item = &SentenceFacts> {
        let sentences = self.sentences.iter();
        sentences.filter(|sentence| sentence.claims && !self.refused)
    }

    /// `None` where nothing relevant is known.
    fn if_known(&self, score: impl FnOnce() -> Option<f64>) -> Option<f64> {
        if self.relevant.is_empty() {
            None
        } else {
            score()
        }
    }
}
