//! What stands in a completion beside the answer: thinking, labels, lists of sources.

use std::ops::Range;

use super::marks::Mark;

/// Tags between which a model thinks.
const TAGS: [&str; 4] = ["<thinking>", "</thinking>", "<think>", "</think>"];

/// Labels before an answer.
const LABELS: [&str; 3] = ["final answer", "answer", "antwort"];

/// Headings of a list of sources.
const LISTS: [&str; 9] = [
    "sources",
    "references",
    "citations",
    "cited sources",
    "sources used",
    "footnotes",
    "quellen",
    "quellenverzeichnis",
    "referenzen",
];

/// The stretches before and between which the answer stands: what is between `<thinking>` and `</thinking>` (or `<think>`), and the label
/// `Answer:` at its beginning.
///
/// Thinking that is not closed goes to the last line that begins with `Answer:`, or to the end; thinking that was not opened begins with the
/// text, as where the prompt itself opened it. With `thinks`, for a model that was asked to reason and did so without the tags, all before the last
/// line that begins with the label goes as well.
pub(super) fn thinking(text: &str, thinks: bool) -> Vec<Range<usize>> {
    let (mut found, mut open, mut from) = (Vec::new(), None, 0);
    for (opens, range) in tags(text) {
        match open {
            None if opens => open = Some(range.start),
            // One that was not opened closes all that stands before it.
            None => {
                found = std::iter::once(0..range.end).collect();
                from = range.end;
            }
            Some(start) if !opens => {
                found.push(start..range.end);
                (open, from) = (None, range.end);
            }
            Some(_) => {}
        }
    }
    if let Some(start) = open {
        let label = labels(text, start).next_back();
        found.push(start..label.map_or(text.len(), |label| label.end));
        return found;
    }
    let label = if thinks {
        labels(text, from).next_back()
    } else {
        // Only one at the very beginning.
        labels(text, from).next().filter(|label| {
            let before = blanked(text, &found);
            before[..label.start].trim().is_empty()
        })
    };
    match label {
        Some(label) if thinks => std::iter::once(0..label.end).collect(),
        label => {
            found.extend(label);
            found
        }
    }
}

/// The tags of thinking, in order, and whether each opens.
fn tags(text: &str) -> impl Iterator<Item = (bool, Range<usize>)> {
    text.match_indices('<').filter_map(|(start, _)| {
        let rest = &text.as_bytes()[start..];
        let tag = TAGS.iter().find(|tag| {
            rest.get(..tag.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(tag.as_bytes()))
        })?;
        Some((!tag.starts_with("</"), start..start + tag.len()))
    })
}

/// The labels `Answer:` at the beginning of lines behind a place, with what emphasises them.
fn labels(text: &str, from: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let begins = std::iter::once(from).chain(
        text[from..]
            .match_indices('\n')
            .map(move |(place, _)| from + place + 1),
    );
    let begins: Vec<usize> = begins.collect();
    begins.into_iter().filter_map(move |begin| {
        let around = ['*', '_', '#', '>', ' ', '\t'];
        let label = text[begin..].trim_start_matches(around);
        let rest = LABELS.iter().find_map(|name| {
            let is_name = label.get(..name.len())?.eq_ignore_ascii_case(name);
            is_name.then(|| &label[name.len()..])
        })?;
        let rest = rest.trim_start_matches(around).strip_prefix(':')?;
        let rest = rest.trim_start_matches(['*', '_']);
        Some(begin..text.len() - rest.len())
    })
}

/// The list of sources at a text's end, and the lines that define a link (`[1]: address`).
pub(super) fn lists(text: &str, marks: &[Mark]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut list = None;
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        let range = place..place + line.len();
        place = range.end;
        let bare = line.trim_matches(|c: char| c.is_whitespace() || "*_#:->•".contains(c));
        let start = range.start
            + (line.len()
                - line
                    .trim_start_matches([' ', '\t', '-', '*', '•', '>'])
                    .len());
        let mark = marks.binary_search_by_key(&start, |mark| mark.range.start);
        let mark = mark.ok().map(|place| &marks[place]);
        if mark.is_some_and(|mark| text[mark.range.end..].starts_with(": ")) {
            found.push(range.clone());
        }
        let is_entry = mark.is_some() || bare.starts_with(|c: char| c.is_ascii_digit());
        if LISTS.contains(&bare.to_lowercase().as_str()) {
            list = Some((range.start, false));
        } else if !bare.is_empty() {
            list = list.filter(|_| is_entry).map(|(start, _)| (start, true));
        }
    }
    if let Some((start, true)) = list {
        found.push(start..text.len());
    }
    found
}

/// A text with spaces, byte for byte, in place of some stretches.
pub(super) fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        bytes[range.clone()].fill(b' ');
    }
    String::from_utf8(bytes).expect("a stretch begins and ends between characters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::marks::marks;

    fn left(text: &str, thinks: bool) -> String {
        blanked(text, &thinking(text, thinks)).trim().to_owned()
    }

    #[test]
    fn thinking_goes_and_the_answer_stays() {
        for (text, answer) in [
            ("<thinking>a</thinking> b", "b"),
            (
                "<THINKING>a\n</Thinking>\nAnswer: b\nAnswer: c",
                "b\nAnswer: c",
            ),
            ("<think>a</think>b<think>c</think>d", "b                d"),
            ("a</think>b", "b"),
            ("<thinking>a", ""),
            ("<thinking>a\n**Answer:** b", "b"),
            ("Final answer: b", "b"),
            ("**Antwort**: b", "b"),
            ("b\nAnswer: c", "b\nAnswer: c"),
            ("Answers: b", "Answers: b"),
            ("Answer b", "Answer b"),
            ("", ""),
        ] {
            assert_eq!(left(text, false), answer, "{text}");
        }
    }

    #[test]
    fn reasoning_without_tags_goes_where_it_was_asked_for() {
        assert_eq!(left("First a.\nThen b.\nAnswer: c", true), "c");
        assert_eq!(left("First a.\nThen b.", true), "First a.\nThen b.");
        assert_eq!(left("<thinking>Answer: x</thinking>\ny", true), "y");
    }

    #[test]
    fn lists_of_sources_are_found() {
        let listed = |text: &str| {
            let found = lists(text, &marks(text));
            blanked(text, &found).trim_end().to_owned()
        };
        assert_eq!(listed("a [1]\n\n**Sources:**\n[1] b\n- [2] c\n"), "a [1]");
        assert_eq!(listed("a [1]\n\n## References\n1. b\n2. c"), "a [1]");
        assert_eq!(listed("a [1]\n[1]: https://x.org"), "a [1]");
        for text in [
            "a [1]\nSources:\n[1] b\nand more",
            "a\nSources",
            "Sources of a [1]\n[1] b",
        ] {
            assert_eq!(listed(text), text);
        }
    }
}
