//! Where sentences begin and end.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations after which Unicode's rules see the end of a sentence where there is none.
const ABBREVIATIONS: [&str; 24] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "cf", "fig", "no", "vol",
    "approx", "inc", "jr", "sr", "bzw", "ca", "nr", "z.b", "d.h", "bspw",
];

/// The sentences of a stretch by Unicode's rules (UAX 29), those after an initial or a common abbreviation joined again: places in bytes,
/// without white space at their ends.
pub fn sentences(text: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut joins = false;
    for (start, sentence) in stretches(text, range).into_iter().flat_map(|stretch| {
        let inside = text[stretch.clone()].split_sentence_bound_indices();
        inside.map(move |(place, sentence)| (stretch.start + place, sentence))
    }) {
        let piece = trimmed(text, start..start + sentence.len());
        if piece.is_empty() {
            continue;
        }
        let ends_short = text[piece.clone()].strip_suffix('.').is_some_and(|words| {
            let last = words.rsplit(char::is_whitespace).next().unwrap_or_default();
            let last = last.trim_start_matches(|c: char| !c.is_alphanumeric());
            let is_initial = last.chars().count() == 1 && last.starts_with(char::is_uppercase);
            is_initial || ABBREVIATIONS.contains(&last.to_lowercase().as_str())
        });
        match found.last_mut() {
            Some(before) if joins => before.end = piece.end,
            _ => found.push(piece),
        }
        joins = ends_short;
    }
    found
}

/// So many characters in a row that are no letters end a stretch: Unicode's rules look ahead over all of them, at each of them.
const LONGEST_GAP: usize = 500;

fn stretches(text: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let (mut found, mut start, mut gap) = (Vec::new(), range.start, 0);
    for (place, character) in text[range.clone()].char_indices() {
        gap = if character.is_alphabetic() {
            0
        } else {
            gap + 1
        };
        if gap == LONGEST_GAP {
            found.push(start..range.start + place);
            (start, gap) = (range.start + place, 0);
        }
    }
    found.push(start..range.end);
    found
}

/// A stretch without the white space at its ends.
pub(crate) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let slice = &text[range.clone()];
    let start = range.start + (slice.len() - slice.trim_start().len());
    start..(start + slice.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let text = "Dr. A. Smith paid 3.5 dollars. Did he? Yes, e.g. Monday.  Done";
        let found: Vec<&str> = sentences(text, &(0..text.len()))
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(
            found,
            [
                "Dr. A. Smith paid 3.5 dollars.",
                "Did he?",
                "Yes, e.g. Monday.",
                "Done"
            ]
        );
    }
}
