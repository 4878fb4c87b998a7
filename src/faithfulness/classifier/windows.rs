//! Texts that are longer than a model reads, cut into overlapping windows at the ends of sentences.

use std::ops::Range;

use crate::analysis::sentences;
use crate::models::Tokens;

/// A text with its sentences and the number of tokens in each.
pub(super) struct Cut {
    /// Sentences in bytes, in order, each with the tokens that begin in it; one that is longer than a window is cut by
    /// [`Self::windows`].
    sentences: Vec<Range<usize>>,
    tokens: Vec<Range<usize>>,
}

impl Cut {
    /// Reads a text.
    pub(super) fn of(text: &str, tokens: &Tokens) -> anyhow::Result<Self> {
        Ok(Self {
            sentences: sentences(text, &(0..text.len())),
            tokens: tokens.of(text)?,
        })
    }

    /// The tokens of the whole text.
    pub(super) fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// Windows of at most `room` tokens, each of whole sentences, that cover the text together; each begins with the sentences at the end of the one
    /// before that have at most `overlap` tokens together. A sentence that has more tokens than there is room is cut behind a token. One
    /// window where all fit, none of a text without sentences.
    pub(super) fn windows(&self, room: usize, overlap: usize) -> Vec<Range<usize>> {
        let units = self.units(room.max(1));
        let count = |from: usize, to: usize| -> usize {
            units[from..to].iter().map(|(_, count)| count).sum()
        };
        let mut windows = Vec::new();
        let (mut start, mut end) = (0, 0);
        while end < units.len() {
            while end < units.len() && (start == end || count(start, end + 1) <= room) {
                end += 1;
            }
            windows.push(units[start].0.start..units[end - 1].0.end);
            if end == units.len() {
                break;
            }
            // What begins later has fewer tokens, so the first that fits is the longest overlap.
            start = (start + 1..end)
                .find(|&from| count(from, end) <= overlap && count(from, end + 1) <= room)
                .unwrap_or(end);
        }
        windows
    }

    /// Sentences, and parts of those that are too long, with their tokens.
    fn units(&self, room: usize) -> Vec<(Range<usize>, usize)> {
        let mut units = Vec::new();
        let mut next = 0;
        for (place, sentence) in self.sentences.iter().enumerate() {
            let behind = self.sentences.get(place + 1);
            let until = behind.map_or(usize::MAX, |behind| behind.start);
            let from = next;
            while self
                .tokens
                .get(next)
                .is_some_and(|token| token.start < until)
            {
                next += 1;
            }
            let own = &self.tokens[from..next];
            let mut start = sentence.start;
            for (part, own) in own.chunks(room).enumerate() {
                let is_last = (part + 1) * room >= next - from;
                let end = match own.last() {
                    Some(last) if !is_last => last.end.clamp(start, sentence.end),
                    _ => sentence.end,
                };
                units.push((start..end, own.len()));
                start = end;
            }
            if own.is_empty() {
                units.push((sentence.clone(), 0));
            }
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::TokenizerConfig;

    fn windows(text: &str, room: usize, overlap: usize) -> Vec<&str> {
        let (tokens, _) = TokenizerConfig::Words.open().unwrap();
        let cut = Cut::of(text, &tokens).unwrap();
        let windows = cut.windows(room, overlap).into_iter();
        windows.map(|window| &text[window]).collect()
    }

    const TEXT: &str = "One two three. Four five. Six seven eight nine ten. Eleven.";

    #[test]
    fn a_text_that_fits_is_one_window() {
        assert_eq!(windows(TEXT, 15, 5), [TEXT]);
        assert_eq!(windows(&format!("  {TEXT}\n"), 99, 0), [TEXT]);
        assert!(windows("", 9, 3).is_empty());
        assert!(windows(" \n ", 9, 3).is_empty());
    }

    #[test]
    fn windows_end_with_sentences_and_overlap_by_whole_ones() {
        assert_eq!(
            windows(TEXT, 14, 0),
            [
                "One two three. Four five. Six seven eight nine ten.",
                "Eleven."
            ]
        );
        assert_eq!(
            windows(TEXT, 9, 3),
            [
                "One two three. Four five.",
                "Four five. Six seven eight nine ten.",
                "Eleven."
            ]
        );
        // What overlaps has to leave room for something new.
        assert_eq!(
            windows(TEXT, 7, 7),
            [
                "One two three. Four five.",
                "Six seven eight nine ten.",
                "Eleven."
            ]
        );
        assert_eq!(
            windows(TEXT, 8, 6),
            [
                "One two three. Four five.",
                "Six seven eight nine ten. Eleven."
            ]
        );
    }

    #[test]
    fn a_sentence_that_is_too_long_is_cut_behind_a_token() {
        assert_eq!(windows("a b c d e. F.", 3, 0), ["a b c", " d e.", "F."]);
        assert_eq!(windows("a b c d", 1, 0), ["a", " b", " c", " d"]);
        assert_eq!(windows("日本語です", 2, 0).concat(), "日本語です");
    }

    #[test]
    fn windows_cover_every_sentence_and_keep_the_room() {
        let (tokens, _) = TokenizerConfig::Words.open().unwrap();
        let sentence = |place: usize| "Word ".repeat(1 + place * 7 % 13) + "ends. ";
        let text: String = (0..60).map(sentence).collect();
        let cut = Cut::of(&text, &tokens).unwrap();
        let all = sentences(&text, &(0..text.len()));
        for room in [1, 2, 5, 8, 16, 33, 500] {
            for overlap in [0, 1, 4, 15, 64] {
                let windows = cut.windows(room, overlap);
                let mut covered = 0;
                for window in &windows {
                    assert!(tokens.of(&text[window.clone()]).unwrap().len() <= room);
                    assert!(
                        text[covered.min(window.start)..window.start]
                            .trim()
                            .is_empty()
                    );
                    assert!(window.end > covered, "each has something new");
                    covered = window.end;
                }
                assert_eq!(covered, all.last().unwrap().end);
                if room >= 16 {
                    let ends = |window: &Range<usize>| all.iter().any(|one| one.end == window.end);
                    assert!(windows.iter().all(ends));
                }
            }
        }
    }
}
