//! What an answer claims: from a completion to sentences whose citations are matched with their sources and verified, and how far the words of
//! a source support what is claimed.

mod aside;
mod marks;
mod name;
mod negation;
mod number;
mod refusal;
mod support;
#[cfg(test)]
mod tests;
mod text;

use std::ops::Range;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use self::aside::{blanked, lists, thinking};
use self::marks::{Mark, marks, unsaid};
pub use self::name::names;
pub use self::negation::{denied, words};
pub use self::number::{Number, Numbers, numbers};
use self::refusal::{is_agreement, is_apology, is_refusal, last_clause};
use self::support::terms;
pub use self::support::{ClaimWords, EvidenceWords, Window, best_support, support};
pub use self::text::sentences_of;
use self::text::{Piece, pieces};
use crate::analysis::Analyser;
use crate::outputs::{Answer, Citation, Sentence, Source};

/// What is asked of citations and answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CitationsConfig {
    /// A citation is verified from this support on, 0..=1.
    pub verify_at: f64,
    /// An answer of less confidence is for a person to look at, 0..=1.
    pub review_below: f64,
}

impl Default for CitationsConfig {
    fn default() -> Self {
        Self {
            verify_at: 0.6,
            review_below: 0.5,
        }
    }
}

impl CitationsConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        let named = [
            ("verify_at", self.verify_at),
            ("review_below", self.review_below),
        ];
        for (name, value) in named {
            ensure!(
                (0.0..=1.0).contains(&value),
                "`{name} = {value}` must be a number from 0 to 1"
            );
        }
        Ok(())
    }
}

/// How completions are read.
pub struct Reading<'a> {
    /// What is asked of them.
    pub config: CitationsConfig,
    /// The template's sentence that says "I don't know".
    pub refusal: &'a str,
    /// Whether the prompt asked the model to reason first.
    pub thinks: bool,
    /// How much a term tells: its inverse document frequency, say. 0 or more.
    pub weight: &'a (dyn Fn(&str) -> f64 + Sync),
}

/// A source with what the model saw of it.
#[derive(Debug, Clone, Copy)]
pub struct SourceText<'a> {
    /// The source.
    pub source: &'a Source,
    /// Its text.
    pub text: &'a str,
    /// What was said of it beside the text: title, date.
    pub about: &'a str,
}

impl Reading<'_> {
    /// Reads a completion that answers a question.
    ///
    /// Thinking, the label before the answer and a list of sources behind it are left aside. Sentences that announce (`:` at their end), ask, head a
    /// part, only say yes or no, or say that something is not known claim nothing: [`is_claim`]. Every citation is held against its source ([`support`]), every claim
    /// against all of them.
    ///
    /// * The answer is a refusal where its first sentence is one, apologies aside, and no other cites anything.
    /// * Its confidence is the mean, over the sentences that claim something, of the support of their best citation, 0 for one without, times
    ///   the share of the question, its terms weighed, that the sources behind verified citations speak of; 0 where nothing is claimed, and for
    ///   a refusal. A sentence copied from its source is supported whatever was asked: whether it answers, the second factor tells.
    /// * It is for review where its confidence is below the limit and it is no refusal.
    pub fn read(
        &self,
        question: &str,
        completion: &str,
        sources: &[SourceText<'_>],
        analyser: &mut Analyser,
    ) -> Answer {
        let parts = Parts::of(completion, self.thinks);
        let evidence: Vec<EvidenceWords> = sources
            .iter()
            .map(|source| EvidenceWords::new(source.text, source.about, analyser))
            .collect();
        let sentences: Vec<Sentence> = parts
            .pieces
            .iter()
            .map(|piece| self.sentence(&parts, piece, &evidence, analyser))
            .collect();
        let refused = self.is_refusal(&parts);
        let supports = sentences
            .iter()
            .filter(|sentence| is_claim(sentence))
            .map(|sentence| {
                let supports = sentence
                    .citations
                    .iter()
                    .filter_map(|citation| citation.support);
                supports.fold(0.0, f64::max)
            });
        let supports: Vec<f64> = supports.collect();
        let confidence = if refused || supports.is_empty() {
            0.0
        } else {
            let mean = supports.iter().sum::<f64>() / supports.len() as f64;
            mean * self.covered(question, &sentences, &evidence, analyser)
        };
        Answer {
            text: completion.to_owned(),
            sources: sources.iter().map(|source| source.source.clone()).collect(),
            sentences,
            refused,
            confidence,
            review: !refused && confidence < self.config.review_below,
            ..Answer::default()
        }
    }

    /// The share of a question's terms, each counting its weight, that the sources behind verified citations have; 1 of a question
    /// without terms.
    fn covered(
        &self,
        question: &str,
        sentences: &[Sentence],
        evidence: &[EvidenceWords],
        analyser: &mut Analyser,
    ) -> f64 {
        let cited = sentences.iter().flat_map(|sentence| &sentence.citations);
        let verified = cited.filter(|citation| citation.verified);
        let places = verified.filter_map(|citation| (citation.number as usize).checked_sub(1));
        let behind: Vec<&EvidenceWords> = places.filter_map(|place| evidence.get(place)).collect();
        let terms = terms(question, analyser).into_iter();
        let mut terms: Vec<String> = terms.map(|(term, _)| term).collect();
        terms.sort_unstable();
        terms.dedup();
        let (mut whole, mut known) = (0.0, 0.0);
        for term in &terms {
            let weight = (self.weight)(term).max(0.0);
            whole += weight;
            if behind.iter().any(|source| source.has(term)) {
                known += weight;
            }
        }
        if whole > 0.0 { known / whole } else { 1.0 }
    }

    fn sentence(
        &self,
        parts: &Parts<'_>,
        piece: &Piece,
        evidence: &[EvidenceWords],
        analyser: &mut Analyser,
    ) -> Sentence {
        let words = &parts.words[piece.range.clone()];
        let claim = ClaimWords::new(words, analyser, self.weight);
        let supports: Vec<f64> = evidence
            .iter()
            .map(|source| support(&claim, source))
            .collect();
        let mut citations: Vec<Citation> = Vec::new();
        for number in piece
            .marks
            .iter()
            .flat_map(|mark| &parts.marks[*mark].numbers)
        {
            if citations.iter().any(|citation| citation.number == *number) {
                continue;
            }
            let place = (*number as usize).checked_sub(1);
            let support = place.and_then(|place| supports.get(place)).copied();
            citations.push(Citation {
                number: *number,
                support,
                verified: support.is_some_and(|support| support >= self.config.verify_at),
            });
        }
        let says = !claim.is_empty() && !parts.is_frame(piece) && !self.refuses(parts, piece);
        // Of sources that support it as well the first.
        let best = (1..)
            .zip(supports)
            .fold((0, 0.0), |best, (number, support)| {
                if best.0 == 0 || support > best.1 {
                    (number, support)
                } else {
                    best
                }
            });
        Sentence {
            start: piece.range.start,
            end: piece.range.end,
            citations,
            best: says.then_some(best),
        }
    }

    /// Whether a sentence says that something is not known, or is sorry. One that cites does where it ends so: in `A is not known, but B is so
    /// [1]` something is claimed.
    fn refuses(&self, parts: &Parts<'_>, piece: &Piece) -> bool {
        let words = &parts.words[piece.range.clone()];
        let end = if piece.marks.is_empty() {
            words
        } else {
            last_clause(words)
        };
        is_refusal(end, self.refusal) || is_apology(words)
    }

    fn is_refusal(&self, parts: &Parts<'_>) -> bool {
        let words = |piece: &Piece| &parts.words[piece.range.clone()];
        let mut pieces = parts
            .pieces
            .iter()
            .skip_while(|piece| is_apology(words(piece)));
        let first = pieces
            .next()
            .is_some_and(|first| self.refuses(parts, first));
        first && pieces.all(|piece| piece.marks.is_empty())
    }
}

/// Whether a sentence claims something, and so should be supported: it counts in recall. Its `best` then says by which source, and is source 0
/// with support 0 where there was no source.
pub fn is_claim(sentence: &Sentence) -> bool {
    sentence.best.is_some()
}

/// What a completion says, to be compared with an answer that is known: without thinking, label, citation marks and the list of sources.
pub fn said(completion: &str, thinks: bool) -> String {
    let parts = Parts::of(completion, thinks);
    let mut said = String::new();
    let mut from = 0;
    for range in &parts.aside {
        said.push_str(&completion[from.min(range.start)..range.start]);
        // A mark goes with the space before it.
        said.truncate(said.trim_end_matches(' ').len());
        from = from.max(range.end);
    }
    said.push_str(&completion[from..]);
    said.trim().to_owned()
}

/// What an answer claims, for whoever holds it against its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claiming {
    /// The answer, byte for byte, with spaces for all that claims nothing by itself: thinking, citation marks, lists of sources, code, addresses.
    pub words: String,
    /// The sentences that claim something, in order.
    pub sentences: Vec<Range<usize>>,
}

impl Claiming {
    /// Of an answer that was read before.
    pub fn of(answer: &Answer, thinks: bool) -> Self {
        let claiming = answer
            .sentences
            .iter()
            .filter(|sentence| is_claim(sentence));
        Self {
            words: Parts::of(&answer.text, thinks).words,
            sentences: claiming
                .map(|sentence| sentence.start..sentence.end)
                .collect(),
        }
    }

    /// Of an answer that people judged as a whole: its sentences with a word, whatever they say.
    pub fn whole(text: &str) -> Self {
        let parts = Parts::of(text, false);
        let says = |piece: &Piece| parts.words[piece.range.clone()].contains(char::is_alphanumeric);
        let pieces = parts.pieces.iter().filter(|piece| says(piece));
        let sentences = pieces.map(|piece| piece.range.clone()).collect();
        Self {
            words: parts.words,
            sentences,
        }
    }
}

/// A completion taken apart.
struct Parts<'a> {
    completion: &'a str,
    /// The completion with spaces for all that is aside and for code and addresses, byte for byte.
    words: String,
    /// What is aside, marks included; in order.
    aside: Vec<Range<usize>>,
    marks: Vec<Mark>,
    pieces: Vec<Piece>,
}

impl<'a> Parts<'a> {
    fn of(completion: &'a str, thinks: bool) -> Self {
        let mut aside = thinking(completion, thinks);
        let answer = blanked(completion, &aside);
        let mut marks = marks(&answer);
        let lists = lists(&answer, &marks);
        marks.retain(|mark| !lists.iter().any(|list| list.contains(&mark.range.start)));
        aside.extend(lists);
        aside.extend(marks.iter().map(|mark| mark.range.clone()));
        aside.sort_by_key(|range| (range.start, range.end));
        let words = blanked(&blanked(completion, &aside), &unsaid(&answer));
        Self {
            completion,
            pieces: pieces(&words, &marks),
            words,
            aside,
            marks,
        }
    }

    /// Whether a sentence only frames others: it ends with `:` or `?`, is a heading, or says no more than yes or no.
    fn is_frame(&self, piece: &Piece) -> bool {
        let words = self.words[piece.range.clone()].trim_matches([' ', '*', '_', '\n']);
        if words.ends_with([':', '?']) || is_agreement(words) {
            return true;
        }
        let line_start = self.completion[..piece.range.start]
            .rfind('\n')
            .map_or(0, |place| place + 1);
        let line_end = self.completion[piece.range.end..]
            .find('\n')
            .map_or(self.completion.len(), |length| piece.range.end + length);
        let line = self.words[line_start..line_end].trim();
        let is_bold = line.len() > 4
            && line.starts_with("**")
            && line.ends_with("**")
            && line.matches("**").count() == 2;
        line.starts_with('#') || (is_bold && !words.ends_with(['.', '!']))
    }
}
