//! Where the sentences of an answer or a source are, whatever a model put between them.

use std::ops::Range;

use super::aside::blanked;
use super::marks::Mark;
use crate::analysis::sentences;

/// German months: the full stop between a day and one of these ends no sentence.
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// A sentence with the marks that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// From its first letter or mark to its last.
    pub(super) range: Range<usize>,
    /// Its marks, by their places.
    pub(super) marks: Vec<usize>,
}

/// The sentences of a text. A line that goes on with a small letter is of the sentence before it where this has not ended, and so is what
/// holds no letter or digit.
pub fn sentences_of(text: &str) -> Vec<Range<usize>> {
    let joined = joined(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut place = 0;
    // Lines that are left end a sentence: what is joined after an abbreviation or an initial is joined within one.
    let lines = joined.split_inclusive('\n').map(|line| {
        place += line.len();
        place - line.len()..place
    });
    for range in lines.flat_map(|line| sentences(&joined, &line)) {
        let says = joined[range.clone()].contains(char::is_alphanumeric);
        match found.last_mut() {
            Some(last) if !says => last.end = range.end,
            _ if says => found.push(range),
            _ => {}
        }
    }
    found
}

/// The sentences of an answer in which the marks are blank, each with its marks: those inside it, and those between it and the next. Marks that begin a
/// line which goes on belong to that line, those on a line of their own to the sentence before. Marks without any sentence are one.
pub(super) fn pieces(blank: &str, marks: &[Mark]) -> Vec<Piece> {
    let ranges = sentences_of(blank).into_iter();
    let mut pieces: Vec<Piece> = ranges
        .map(|range| Piece {
            range,
            marks: Vec::new(),
        })
        .collect();
    if pieces.is_empty() && !marks.is_empty() {
        let range = marks[0].range.start..marks[marks.len() - 1].range.end;
        pieces.push(Piece {
            range,
            marks: Vec::new(),
        });
    }
    for (number, mark) in marks.iter().enumerate() {
        let next = pieces.partition_point(|piece| piece.range.end <= mark.range.start);
        let is_inside = |piece: &Piece| piece.range.start <= mark.range.start;
        let owner = match pieces.get(next) {
            Some(piece) if is_inside(piece) => next,
            Some(piece) => {
                let before = next
                    .checked_sub(1)
                    .map_or(0, |before| pieces[before].range.end);
                let begins_line = blank[before..mark.range.start].contains('\n');
                let goes_on = || !blank[mark.range.end..piece.range.start].contains('\n');
                if next == 0 || (begins_line && goes_on()) {
                    next
                } else {
                    next - 1
                }
            }
            None => next - 1,
        };
        let piece = &mut pieces[owner];
        piece.marks.push(number);
        piece.range.start = piece.range.start.min(mark.range.start);
        piece.range.end = piece.range.end.max(mark.range.end);
    }
    pieces
}

/// A text of the same length in which no sentence seems to end where none does: spaces in place of broken lines, emphasis, list
/// markers, and the full stop of `5. Mai`.
fn joined(text: &str) -> String {
    let mut blanks: Vec<Range<usize>> = Vec::new();
    let (mut place, mut before) = (0, "");
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        let start = place + line.len() - content.len();
        // The line before goes on here, unless it ended.
        let words = before.trim_end();
        let ended = words.ends_with(['.', '!', '?', '…']);
        if content.starts_with(char::is_lowercase) && !words.is_empty() && !ended {
            blanks.push(place - (before.len() - words.len())..place);
        }
        before = line;
        blanks.extend(marker(content).map(|length| start..start + length));
        place += line.len();
    }
    blanks.extend(text.match_indices("**").map(|(place, _)| place..place + 2));
    for (place, _) in text.match_indices(". ") {
        let is_day = text[..place].ends_with(|c: char| c.is_ascii_digit());
        let behind = &text[place + 2..];
        if is_day && MONTHS.iter().any(|month| behind.starts_with(month)) {
            blanks.push(place..place + 1);
        }
    }
    blanked(text, &blanks)
}

/// How long the list marker is that a line begins with: `- `, `* `, `1. `, `2) `.
fn marker(line: &str) -> Option<usize> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = match digits {
        0 => line.strip_prefix(['-', '*', '•', '–', '+'])?,
        1..=3 => line[digits..].strip_prefix(['.', ')'])?,
        _ => return None,
    };
    rest.starts_with([' ', '\t'])
        .then_some(line.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::marks::marks;

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let found = |text: &'static str| -> Vec<&str> {
            sentences_of(text)
                .into_iter()
                .map(|range| &text[range])
                .collect()
        };
        assert_eq!(
            found("One\nand two. Three\n\nfour"),
            ["One\nand two.", "Three", "four"]
        );
        assert_eq!(
            found("by John C.\nThere are two.\nwhere is the third"),
            ["by John C.", "There are two.", "where is the third"]
        );
        assert_eq!(found("1. One\n2) Two\n- Three"), ["One", "Two", "Three"]);
        assert_eq!(
            found("Am 31. März ist Schluss. Um 5. Danach"),
            ["Am 31. März ist Schluss.", "Um 5.", "Danach"]
        );
        assert_eq!(found("One. ) | Two"), ["One.", ") | Two"]);
        assert_eq!(found("**One.** **Two.**"), ["One.", "Two."]);
        assert_eq!(found("One\r\ntwo\r\n\r\nthree"), ["One\r\ntwo", "three"]);
        assert_eq!(found(" -- "), [""; 0]);
    }

    #[test]
    fn a_mark_belongs_to_the_sentence_that_it_stands_with() {
        let found = |text: &str| -> Vec<(String, usize)> {
            let marks = marks(text);
            let ranges: Vec<_> = marks.iter().map(|mark| mark.range.clone()).collect();
            let pieces = pieces(&blanked(text, &ranges), &marks).into_iter();
            pieces
                .map(|piece| (text[piece.range].to_owned(), piece.marks.len()))
                .collect()
        };
        let expect = |text: &str, expected: &[(&str, usize)]| {
            let expected: Vec<_> = expected
                .iter()
                .map(|(text, count)| ((*text).to_owned(), *count))
                .collect();
            assert_eq!(found(text), expected, "{text}");
        };
        expect("A b [1]. C d [2].", &[("A b [1].", 1), ("C d [2].", 1)]);
        expect("A b. [1] C d. [2]", &[("A b. [1]", 1), ("C d. [2]", 1)]);
        expect("A b.[1][2] C d.", &[("A b.[1][2]", 2), ("C d.", 0)]);
        expect("A b.\n[1] C d.", &[("A b.", 0), ("[1] C d.", 1)]);
        expect("A b.\n[1]\nC d.", &[("A b.\n[1]", 1), ("C d.", 0)]);
        expect("[1] A b.", &[("[1] A b.", 1)]);
        expect("[1]\nA b.", &[("[1]\nA b.", 1)]);
        expect("[1] [2]", &[("[1] [2]", 2)]);
        expect("- A b [1]\n- C d", &[("A b [1]", 1), ("C d", 0)]);
    }
}
