//! Undoes what is done to words so that filters miss them, and leaves alone what languages, mathematics and emoji need.
//!
//! Nine steps, each with a switch, in the order of [`Step::ALL`]. They look at words and not at characters: a Cyrillic `а` is made Latin in `hаte` and stays in a
//! Russian sentence; a joiner goes between Latin letters and stays between Persian ones and in a family of emoji; `4` is `a` in `h4te` and not in `4pm`;
//! `yest erday` is one word and `every day` two. What is read as a word must be one of 72,700 of English, or possible in English by their trigrams
//! (`english`). The steps are done again until nothing changes (at most eight times), so that normalising twice is normalising once.
//!
//! An ASCII text with nothing to undo, as most are, is looked at once for each kind of step and made small.
//!
//! What it does not do: letters that are missing, swapped or starred out (`f*ck`) and words run together are left as they are; so are words that are split into two
//! words (`thin king`, `fire-man`), a sign at an end of what is a word without it (`don+`), and split words that English does not have. One accent on
//! a letter stays (`häte`), as it is German as well as a disguise, unless it is written as a mark of its own in an English text; Latin lookalikes in a
//! word of another script are not made its own.

mod addresses;
mod bars;
mod case;
mod characters;
mod combining;
mod compatibility;
mod confusables;
mod context;
mod draft;
mod emoji;
mod english;
mod invisible;
mod leet;
mod numbers;
mod repeats;
mod scan;
mod skeleton;
mod spacing;
mod split;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use characters::Characters;
use draft::{Draft, Edits, Piece};
use scan::{Seen, scan};

pub use skeleton::skeleton;

/// The steps are done over at most so often. Two suffice for all but made-up texts.
const MOST_PASSES: usize = 8;

/// Which steps are done; all by default.
#[expect(clippy::struct_excessive_bools, reason = "one switch per step")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NormaliserConfig {
    /// NFKC, but for exponents, fractions, numbers in circles, spacing accents, jamo that stand alone, and emoji.
    pub compatibility: bool,
    /// Zero-width characters, controls of writing direction and other default-ignorables; text that an override turns around is turned back.
    pub invisible: bool,
    /// Floods of combining marks.
    pub combining: bool,
    /// Lookalikes of Latin letters, after the data of Unicode Technical Standard 39.
    pub confusables: bool,
    /// Digits and signs for letters.
    pub leet: bool,
    /// Letters kept apart by separators, and words split by a few.
    pub spacing: bool,
    /// Letters three times and more in a row.
    pub repeats: bool,
    /// Letters written as emoji.
    pub emoji: bool,
    /// Capitals, to small letters.
    pub case: bool,
}

impl Default for NormaliserConfig {
    fn default() -> Self {
        Self {
            compatibility: true,
            invisible: true,
            combining: true,
            confusables: true,
            leet: true,
            spacing: true,
            repeats: true,
            emoji: true,
            case: true,
        }
    }
}

/// A step, in the order in which they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Letters written as emoji.
    Emoji,
    /// Invisible characters.
    Invisible,
    /// Floods of combining marks.
    Combining,
    /// NFKC.
    Compatibility,
    /// Lookalikes.
    Confusables,
    /// Letters kept apart.
    Spacing,
    /// Digits and signs for letters.
    Leet,
    /// Letters drawn out.
    Repeats,
    /// Small letters.
    Case,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 9] = [
        Self::Emoji,
        Self::Invisible,
        Self::Combining,
        Self::Compatibility,
        Self::Confusables,
        Self::Spacing,
        Self::Leet,
        Self::Repeats,
        Self::Case,
    ];

    /// Its name, which is that of its switch.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emoji => "emoji",
            Self::Invisible => "invisible",
            Self::Combining => "combining",
            Self::Compatibility => "compatibility",
            Self::Confusables => "confusables",
            Self::Spacing => "spacing",
            Self::Leet => "leet",
            Self::Repeats => "repeats",
            Self::Case => "case",
        }
    }

    fn is_on(self, config: &NormaliserConfig) -> bool {
        match self {
            Self::Emoji => config.emoji,
            Self::Invisible => config.invisible,
            Self::Combining => config.combining,
            Self::Compatibility => config.compatibility,
            Self::Confusables => config.confusables,
            Self::Spacing => config.spacing,
            Self::Leet => config.leet,
            Self::Repeats => config.repeats,
            Self::Case => config.case,
        }
    }

    /// What must have been seen for the step to have something to do.
    fn waits_for(self) -> u16 {
        match self {
            Self::Emoji => Seen::EMOJI,
            Self::Invisible => Seen::INVISIBLE,
            Self::Combining => Seen::MARKS,
            Self::Compatibility => Seen::COMPATIBLE,
            Self::Confusables => Seen::CONFUSABLE,
            Self::Spacing => Seen::SPACED | Seen::PARTED,
            Self::Leet => Seen::LEET,
            Self::Repeats => Seen::REPEATED,
            Self::Case => Seen::UPPER,
        }
    }
}

/// Does the steps that are switched on.
#[derive(Debug, Clone)]
pub struct Normaliser {
    steps: Vec<Step>,
    config: NormaliserConfig,
}

impl Normaliser {
    /// With the switches of a config.
    pub fn new(config: &NormaliserConfig) -> Self {
        let steps = Step::ALL.into_iter();
        Self {
            steps: steps.filter(|step| step.is_on(config)).collect(),
            config: config.clone(),
        }
    }

    /// A text as it is read.
    pub fn normalise(&self, text: &str) -> Normalised {
        let mut draft = Draft::of(text);
        let mut changed = [0; Step::ALL.len()];
        let mut edits = Edits::default();
        for _ in 0..MOST_PASSES {
            if !self.pass(&mut draft, &mut edits, &mut changed) {
                break;
            }
        }
        let (text, pieces) = draft.finish();
        Normalised {
            text,
            changed,
            pieces,
        }
    }

    /// Does all steps once and returns whether it may be worth to do them again.
    fn pass(
        &self,
        draft: &mut Draft,
        edits: &mut Edits,
        changed: &mut [u32; Step::ALL.len()],
    ) -> bool {
        let mut seen = scan(&draft.text);
        let mut again = false;
        for &step in &self.steps {
            if !seen.has(step.waits_for()) {
                continue;
            }
            if step == Step::Case {
                let count = case::lower(draft, edits);
                changed[step as usize] = changed[step as usize].saturating_add(count);
                // small letters of ASCII are nothing new for any step
                again |= seen.has(Seen::WIDE);
                continue;
            }
            self.find(step, seen, &draft.text, edits);
            if !edits.is_empty() {
                let count = draft.apply(edits);
                changed[step as usize] = changed[step as usize].saturating_add(count);
                seen = scan(&draft.text);
                again = true;
            }
        }
        again
    }

    fn find(&self, step: Step, seen: Seen, text: &str, edits: &mut Edits) {
        let characters = Characters::get();
        match step {
            Step::Emoji => emoji::find(text, edits),
            Step::Invisible => invisible::find(text, characters, edits),
            Step::Combining => combining::find(text, characters, edits),
            Step::Compatibility => {
                compatibility::find(text, characters, self.config.confusables, edits);
            }
            Step::Confusables => confusables::find(text, characters, edits),
            Step::Spacing => {
                if seen.has(Seen::SPACED) {
                    spacing::find(text, characters, edits);
                }
                if edits.is_empty() {
                    split::find(text, edits);
                }
            }
            Step::Leet => leet::find(text, edits),
            Step::Repeats => repeats::find(text, characters, edits),
            Step::Case => {}
        }
    }
}

/// A text that was normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The text as it is read.
    pub text: String,
    /// How many characters each step replaced or took away, in the order of [`Step::ALL`].
    pub changed: [u32; Step::ALL.len()],
    /// Empty if every byte stands where it stood.
    pieces: Vec<Piece>,
}

impl Normalised {
    /// How many characters a step replaced or took away.
    pub fn changed_by(&self, step: Step) -> u32 {
        self.changed[step as usize]
    }

    /// The bytes of the original text that a range of bytes of the normalised one came from, always on character boundaries of both: a range that begins or
    /// ends inside a character or behind the end is widened to whole characters, or cut. What was taken away inside belongs to it, what was
    /// taken away around it does not. An empty range has an empty origin. Wider ranges have wider origins.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let end = self.text.len();
        let mut range = range.start.min(end)..range.end.min(end);
        range.end = range.end.max(range.start);
        let is_empty = range.is_empty();
        while !self.text.is_char_boundary(range.start) {
            range.start -= 1;
        }
        while !self.text.is_char_boundary(range.end) {
            range.end += 1;
        }
        if is_empty {
            range.end = range.start;
        }
        draft::original(&self.pieces, range)
    }
}
