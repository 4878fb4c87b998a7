//! Something is put between letters, on them or around them: invisible characters, separators, combining marks, bidirectional controls.

use std::ops::Range;

use crate::metrics::statistics::below;

use super::Edits;

/// Invisible between the letters of any script: zero-width space, word joiner, byte order mark, soft hyphen, combining grapheme
/// joiner, invisible times and separator.
const INVISIBLE: [char; 7] = [
    '\u{200B}', '\u{2060}', '\u{FEFF}', '\u{00AD}', '\u{034F}', '\u{2062}', '\u{2063}',
];

/// Invisible only between letters that neither join nor have variants: zero-width non-joiner and joiner, Mongolian vowel separator,
/// variation selectors, tags.
const SELECTING: [char; 9] = [
    '\u{200C}',
    '\u{200D}',
    '\u{180E}',
    '\u{FE00}',
    '\u{FE0E}',
    '\u{FE0F}',
    '\u{E0100}',
    '\u{E0061}',
    '\u{E0001}',
];

/// Separators of spaced-out letters.
const SEPARATORS: [char; 5] = [' ', '.', '-', '_', '*'];

/// Combining marks that are stacked on letters: all of their block but the grapheme joiner, which is invisible, and those for
/// symbols up to the overlay of a long slash.
const MARKS: [(char, char); 3] = [
    ('\u{0300}', '\u{034E}'),
    ('\u{0350}', '\u{036F}'),
    ('\u{20D0}', '\u{20E5}'),
];

/// At most so many marks are stacked at once.
const MOST_MARKS: usize = 4;

/// Ends what an embedding or override began.
const POP: char = '\u{202C}';

/// Ends an isolate.
const POP_ISOLATE: char = '\u{2069}';

/// Shows what follows from left to right, whatever it is.
const LTR_OVERRIDE: char = '\u{202D}';

/// Shows what follows from right to left, whatever it is.
const RTL_OVERRIDE: char = '\u{202E}';

/// Pairs that change no order of letters which run from left to right: embeddings, an override, isolates.
const AROUND_LTR: [(char, char); 6] = [
    ('\u{202A}', POP),
    ('\u{202B}', POP),
    (LTR_OVERRIDE, POP),
    ('\u{2066}', POP_ISOLATE),
    ('\u{2067}', POP_ISOLATE),
    ('\u{2068}', POP_ISOLATE),
];

/// Pairs that change no order of letters which run from right to left.
const AROUND_RTL: [(char, char); 6] = [
    ('\u{202A}', POP),
    ('\u{202B}', POP),
    (RTL_OVERRIDE, POP),
    ('\u{2066}', POP_ISOLATE),
    ('\u{2067}', POP_ISOLATE),
    ('\u{2068}', POP_ISOLATE),
];

/// Marks that leave letters which run from left to right where they are.
const MARKS_LTR: [char; 2] = ['\u{200E}', '\u{200F}'];

/// Marks that leave letters which run from right to left where they are.
const MARKS_RTL: [char; 2] = ['\u{200F}', '\u{061C}'];

/// Characters of scripts that neither join, nor stack, nor have variants: Latin, Greek, Cyrillic, Armenian, Georgian.
fn of_plain_alphabet(character: char) -> bool {
    matches!(character, '\0'..='\u{058F}' | '\u{10A0}'..='\u{10FF}' | '\u{1E00}'..='\u{1FFF}')
}

/// Characters of scripts whose letters look the same whichever way they are written: plain alphabets, Hebrew, scripts of East Asia.
fn turns(character: char) -> bool {
    of_plain_alphabet(character)
        || matches!(character, '\u{0590}'..='\u{05FF}' | '\u{2E80}'..='\u{D7FF}')
}

/// Characters of scripts that are written from right to left.
fn right_to_left(grapheme: &str) -> bool {
    let ranges = |first| matches!(first, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}');
    grapheme.chars().next().is_some_and(ranges)
}

impl Edits<'_> {
    /// An invisible character follows the letter here.
    pub(super) fn zero_width(&mut self, place: usize) {
        let mut around = self.text.graphemes[place..=place + 1].iter();
        let plain = around.all(|grapheme| grapheme.chars().all(of_plain_alphabet));
        let chosen = if plain && self.one_of(&[true, false]) {
            self.one_of(&SELECTING)
        } else {
            self.one_of(&INVISIBLE)
        };
        self.put_after(place, chosen.encode_utf8(&mut [0; 4]));
    }

    /// A separator follows the letter here, the same as elsewhere in the word.
    pub(super) fn separator(&mut self, place: usize) {
        let word = self.text.word_of(place);
        let mut before = word
            .into_iter()
            .flatten()
            .filter_map(|place| self.changed.get(&place));
        let used = before.find_map(|changed| changed.chars().next_back());
        let separator = used.unwrap_or_else(|| self.one_of(&SEPARATORS));
        self.put_after(place, separator.encode_utf8(&mut [0; 4]));
    }

    /// Marks are stacked on the letter here.
    pub(super) fn marks(&mut self, place: usize) {
        let count = 1 + below(&mut self.rng, MOST_MARKS);
        let marks: String = (0..count).map(|_| self.mark()).collect();
        self.put_after(place, &marks);
    }

    fn mark(&mut self) -> char {
        let sizes = MARKS.map(|(first, last)| (first..=last).count());
        let mut number = below(&mut self.rng, sizes.iter().sum());
        for ((first, last), size) in MARKS.into_iter().zip(sizes) {
            if number < size {
                return (first..=last).nth(number).unwrap_or(last);
            }
            number -= size;
        }
        MARKS[0].0
    }

    /// A mark follows the letter here, or controls go around this letter and some that follow it. Nothing changes what is displayed.
    pub(super) fn bidi(&mut self, place: usize) {
        let stretch = self.stretch(place);
        let letters = &self.text.graphemes[stretch.clone()];
        let backwards = right_to_left(letters[0]);
        let one_way = letters
            .iter()
            .all(|letter| right_to_left(letter) == backwards);
        let written = letters.concat();
        match below(&mut self.rng, 3) {
            0 if one_way => {
                let pairs = if backwards { AROUND_RTL } else { AROUND_LTR };
                let pair = self.one_of(&pairs);
                self.enclose(stretch, &written, pair, backwards);
            }
            // Written in the other order, between controls that turn it around.
            1 if one_way && letters.len() > 1 && written.chars().all(turns) => {
                let turned: String = letters.iter().rev().copied().collect();
                let over = if backwards {
                    LTR_OVERRIDE
                } else {
                    RTL_OVERRIDE
                };
                self.enclose(stretch, &turned, (over, POP), backwards);
            }
            _ => {
                let mark = self.one_of(if backwards { &MARKS_RTL } else { &MARKS_LTR });
                self.put_after(place, mark.encode_utf8(&mut [0; 4]));
            }
        }
    }

    /// The letter here and some of those that follow it in the word, up to the next that is edited; two at least where there are so many.
    fn stretch(&mut self, place: usize) -> Range<usize> {
        let last = self.text.word_of(place).map_or(place + 1, |word| word.end);
        let free = |place: &usize| !self.changed.contains_key(place);
        let most = (place..last).take_while(free).count();
        let count = if most > 2 {
            2 + below(&mut self.rng, most - 1)
        } else {
            most
        };
        place..place + count
    }

    /// Writes a stretch between a pair of controls. Where no letter that runs the same way stands beside it, a mark does: else what is around
    /// (blanks, numbers, another pair) would go along with what is inside.
    fn enclose(
        &mut self,
        stretch: Range<usize>,
        written: &str,
        pair: (char, char),
        backwards: bool,
    ) {
        let word = self.text.word_of(stretch.start).unwrap_or(0..0);
        let holds = |place: Option<usize>| {
            let place =
                place.filter(|place| word.contains(place) && !self.changed.contains_key(place));
            place.is_some_and(|place| right_to_left(self.text.graphemes[place]) == backwards)
        };
        let mark = String::from(if backwards {
            MARKS_RTL[0]
        } else {
            MARKS_LTR[0]
        });
        let beside = |place| if holds(place) { "" } else { mark.as_str() };
        let before = beside(stretch.start.checked_sub(1));
        let after = beside(Some(stretch.end));
        let written = format!("{before}{}{written}{}{after}", pair.0, pair.1);
        for place in stretch.clone() {
            self.changed.insert(place, String::new());
        }
        self.changed.insert(stretch.start, written);
    }
}
