//! Words that training texts do not know become those that were meant: `moderaton` is `moderation`, `themoderator` is `the moderator`.
//!
//! For classifiers alone, never for blocklists: names and rare words are changed too (of the English words of XQuAD 2.9 %, of those of Davidson's tweets 1.5 %).

mod lexicon;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use words::{Token, token};

pub(super) use lexicon::Lexicon;

/// Texts with fewer words are not guarded.
const LEAST_GUARDED: usize = 6;

/// When an unknown word is repaired.
///
/// A word is letters from a to z, with other signs around it but no letters or digits of any kind, and is compared in small letters. An unknown one is held
/// against those known words from which it differs by two neighbouring letters that changed places (from 4 letters on), by one letter too few, not the
/// first (from 4), or by one too many, not the first (from 5), up to 20 letters: the most frequent, of equals the first by the alphabet, is taken if it is frequent enough. And
/// against two words written as one (5 to 32 letters): of all places to part it that with the largest product of frequencies, of equals the first; its parts have 3 to 16 letters
/// and are known, or are among 27 common English words of one or two letters. Of both ways the likelier is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RepairConfig {
    /// A word is known that stands at least so often in the training texts, and may be a part of two words written as one.
    pub known: u32,
    /// A word may replace another that stands at least so often in them; not less than `known`.
    pub target: u32,
    /// How many times as frequent as the unknown word its replacement must be; a word that never occurred counts as half an occurrence.
    pub ratio: f64,
    /// A word of one or two letters may be a part of two words written as one if it stands at least so often; not less than `known`.
    pub short: u32,
    /// Two words are taken where a single one is possible if the natural logarithm of their probability is at most so much lower.
    pub margin: f64,
    /// Whether words in disguise are repaired too, where the result is a target: digits and signs that stand for letters (`h4te`, from 4 signs on, half of them letters),
    /// signs between letters (`ha-te`), and a word in two pieces of which one is not known (`ha te`). A normaliser undoes these by what is English, and this by what was learned.
    pub disguises: bool,
    /// Nothing is repaired in texts of 6 words and more where a larger share of the words, from 0 to 1, is unknown or has letters beyond ASCII: another language, or names.
    pub guard: f64,
}

impl Default for RepairConfig {
    fn default() -> Self {
        Self {
            known: 3,
            target: 3,
            ratio: 5.0,
            short: 20,
            margin: 5.0,
            disguises: true,
            guard: 0.3,
        }
    }
}

impl RepairConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where a count or figure is out of its range.
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.known == 0 {
            return Err(
                "`known` is `0`, so every word would be known; give at least `1`".to_owned(),
            );
        }
        for (name, count) in [("target", self.target), ("short", self.short)] {
            if count < self.known {
                return Err(format!(
                    "`{name}` is `{count}`, less than `known` (`{}`), so a repaired word could be unknown; raise it",
                    self.known
                ));
            }
        }
        if !(0.0..=f64::MAX).contains(&self.ratio) {
            return Err(format!(
                "`ratio` is `{}`; give a number from `0` on",
                self.ratio
            ));
        }
        if !self.margin.is_finite() {
            return Err(format!(
                "`margin` is `{}`; give a finite number",
                self.margin
            ));
        }
        if !(0.0..=1.0).contains(&self.guard) {
            return Err(format!(
                "`guard` is `{}`; give a share from `0` to `1`",
                self.guard
            ));
        }
        Ok(())
    }
}

/// A stretch of letters, or of what stands for letters, in a text.
struct Word {
    range: Range<usize>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    /// Known, or left as it is.
    Fine,
    /// Letters beyond ASCII.
    Foreign,
    /// Letters from a to z that are no known word.
    Unknown,
    /// What it was in disguise.
    Told(String),
    /// Told with the word before it.
    Gone,
}

impl Lexicon {
    /// A text with single spaces, repaired; `None` if nothing was.
    pub(super) fn repair(&self, text: &str) -> Option<String> {
        let mut words = self.words_of(text);
        if self.config.disguises {
            self.join_pieces(text, &mut words);
        }
        let count = words
            .iter()
            .filter(|word| word.state != State::Gone)
            .count();
        let is_strange = |word: &&Word| matches!(word.state, State::Foreign | State::Unknown);
        let strange = words.iter().filter(is_strange).count();
        let is_guarded =
            count >= LEAST_GUARDED && strange as f64 > self.config.guard * count as f64;
        let mut out = String::with_capacity(text.len() + strange);
        let (mut copied, mut is_changed) = (0, false);
        let mut small = String::new();
        for Word { range, state } in &words {
            match state {
                State::Gone => copied = range.end,
                State::Told(word) => {
                    out.push_str(&text[copied..range.start]);
                    out.push_str(word);
                    copied = range.end;
                    is_changed = true;
                }
                State::Unknown if !is_guarded => {
                    out.push_str(&text[copied..range.start]);
                    copied = range.start;
                    if self.write_meant(in_small(&text[range.clone()], &mut small), &mut out) {
                        copied = range.end;
                        is_changed = true;
                    }
                }
                State::Fine | State::Foreign | State::Unknown => {}
            }
        }
        out.push_str(&text[copied..]);
        is_changed.then_some(out)
    }

    /// The words of a text, and what each is by itself.
    fn words_of(&self, text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        let (mut start, mut small) = (0, String::new());
        for stretch in text.split(' ') {
            let seen = match token(stretch) {
                // A sign behind the last letter may stand for one too: `hedgehog$`.
                Token::Plain(core) | Token::Mixed(core) if self.is_signed(stretch, core.end) => {
                    let signs = stretch[core.end..]
                        .bytes()
                        .take_while(|byte| is_sign(*byte))
                        .count();
                    let whole = core.start..core.end + signs;
                    match self.undisguised(&stretch[whole.clone()]) {
                        Some(word) => {
                            words.push(Word {
                                range: start + whole.start..start + whole.end,
                                state: State::Told(word),
                            });
                            start += stretch.len() + 1;
                            continue;
                        }
                        None => token(stretch),
                    }
                }
                seen => seen,
            };
            let (range, state) = match seen {
                Token::None => (None, State::Fine),
                Token::Foreign => (Some(0..stretch.len()), State::Foreign),
                Token::Mixed(core) => {
                    let told = self
                        .config
                        .disguises
                        .then(|| self.undisguised(&stretch[core.clone()]));
                    let state = told.flatten().map_or(State::Fine, State::Told);
                    (Some(core), state)
                }
                Token::Plain(core) => {
                    let is_known = self.knows(in_small(&stretch[core.clone()], &mut small));
                    let state = if is_known {
                        State::Fine
                    } else {
                        State::Unknown
                    };
                    (Some(core), state)
                }
            };
            words.extend(range.map(|range| Word {
                range: start + range.start..start + range.end,
                state,
            }));
            start += stretch.len() + 1;
        }
        words
    }

    /// Whether signs that stand for letters stand behind the last letter of a word.
    fn is_signed(&self, stretch: &str, end: usize) -> bool {
        self.config.disguises && stretch[end..].bytes().next().is_some_and(is_sign)
    }

    /// Tells words that a space parts, where one of the pieces is not known and both together are.
    fn join_pieces(&self, text: &str, words: &mut [Word]) {
        for place in 1..words.len() {
            let (before, after) = words.split_at_mut(place);
            let (first, second) = (&mut before[place - 1], &mut after[0]);
            let is_piece = |word: &Word| {
                let is_open = matches!(word.state, State::Fine | State::Unknown);
                is_open
                    && text[word.range.clone()]
                        .bytes()
                        .all(|byte| byte.is_ascii_alphabetic())
            };
            let is_one_unknown = first.state == State::Unknown || second.state == State::Unknown;
            if !is_one_unknown
                || second.range.start != first.range.end + 1
                || !is_piece(first)
                || !is_piece(second)
            {
                continue;
            }
            let both = [&text[first.range.clone()], &text[second.range.clone()]].concat();
            let both = both.to_ascii_lowercase();
            if self.is_target(&both) {
                first.state = State::Told(both);
                second.state = State::Gone;
            }
        }
    }
}

/// A sign that stands for a letter, and seldom for itself behind one.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b'$' | b'+' | b'|' | b'@')
}

/// A word in small letters, in a buffer if it has others.
fn in_small<'w>(word: &'w str, buffer: &'w mut String) -> &'w str {
    if !word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return word;
    }
    buffer.clear();
    buffer.push_str(word);
    buffer.make_ascii_lowercase();
    buffer
}
