//! From sentences and blocks to chunks that hold as many of them as there is room for.

use std::ops::Range;

use super::text::{Text, Unit};

/// Windows of `size` tokens, each sharing `overlap` with the one before.
pub(super) fn windows(
    text: &Text<'_>,
    range: &Range<usize>,
    size: usize,
    overlap: usize,
) -> Vec<Range<usize>> {
    let tokens = text.tokens_in(range);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(first) = tokens.get(from) {
        let to = (from + size).min(tokens.len());
        found.push(first.start..tokens[to - 1].end);
        if to == tokens.len() {
            break;
        }
        from = to - overlap;
    }
    found
}

/// Chunks of whole units in a row, at most `size` tokens long, each sharing units of at most `overlap` tokens with the one
/// before. A unit that is too long for a chunk is one by itself if it stays whole, else it is cut into windows.
pub(super) fn pack(
    text: &Text<'_>,
    units: &[Unit],
    size: usize,
    overlap: usize,
) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while from < units.len() {
        let unit = &units[from];
        if text.count(&unit.range) > size {
            if text.count(&unit.range) <= unit.whole_up_to {
                found.push(unit.range.clone());
            } else {
                found.extend(windows(text, &unit.range, size, 0));
            }
            from += 1;
            continue;
        }
        let fits = |to: usize| text.count(&(unit.range.start..units[to - 1].range.end)) <= size;
        let mut to = from + 1;
        while to < units.len() && fits(to + 1) {
            to += 1;
        }
        found.push(unit.range.start..units[to - 1].range.end);
        // Going back pays only where the next unit fits as well: otherwise the chunk would hold nothing new.
        let mut next = to;
        while next > from + 1 && to < units.len() {
            let shared = units[next - 1].range.start;
            let with_next = text.count(&(shared..units[to].range.end));
            if text.count(&(shared..units[to - 1].range.end)) > overlap || with_next > size {
                break;
            }
            next -= 1;
        }
        from = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunking::tests::document;
    use crate::models::TokenizerConfig;

    #[test]
    fn windows_share_what_they_are_told_to_and_end_with_the_text() {
        let document = document("a b c d e f g");
        let (tokens, _) = TokenizerConfig::Words.open().unwrap();
        let text = Text::new(&document, &tokens).unwrap();
        let shown = |size, overlap| -> Vec<&str> {
            windows(&text, &text.whole(), size, overlap)
                .into_iter()
                .map(|range| &document.text[range])
                .collect()
        };
        assert_eq!(shown(3, 1), ["a b c", "c d e", "e f g"]);
        assert_eq!(shown(4, 0), ["a b c d", "e f g"]);
        assert_eq!(shown(9, 3), ["a b c d e f g"]);
    }

    #[test]
    fn units_stay_whole_where_they_can() {
        let document = document("A b. C d. E f g h i j k. L.");
        let (tokens, _) = TokenizerConfig::Words.open().unwrap();
        let text = Text::new(&document, &tokens).unwrap();
        let units: Vec<Unit> = text
            .sentences()
            .into_iter()
            .map(|range| Unit {
                range,
                whole_up_to: 0,
            })
            .collect();
        let shown = |units: &[Unit], size, overlap| -> Vec<&str> {
            pack(&text, units, size, overlap)
                .into_iter()
                .map(|range| &document.text[range])
                .collect()
        };
        assert_eq!(
            shown(&units, 6, 0),
            ["A b. C d.", "E f g h i j", "k.", "L."]
        );
        assert_eq!(
            shown(&units, 6, 3),
            ["A b. C d.", "E f g h i j", "k.", "L."]
        );
        let whole: Vec<Unit> = units
            .iter()
            .map(|unit| Unit {
                whole_up_to: 10,
                ..unit.clone()
            })
            .collect();
        assert_eq!(shown(&whole, 6, 0), ["A b. C d.", "E f g h i j k.", "L."]);
        let three: Vec<Unit> = units[..2].iter().chain(&units[3..]).cloned().collect();
        assert_eq!(shown(&three[..2], 6, 3), ["A b. C d."]);
    }
}
