//! Citation marks: `[1]`, `[2, 3]`, `[1-3]`, `[^1]`, `【1】`, `[Source 1]`.

use std::ops::Range;

/// A citation as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// All that is of the mark and not of the sentence: its brackets, the address behind it, the label before it.
    pub(super) range: Range<usize>,
    /// Its numbers, in order, each once.
    pub(super) numbers: Vec<u32>,
}

/// A number of more digits is a year or an amount: no prompt has so many sources.
const MOST_DIGITS: usize = 3;

/// A range of more numbers is an interval of something else.
const LONGEST_RANGE: u32 = 20;

/// What is longer is no mark, no address and no code in a line: nothing is looked for so far from its beginning.
const LONGEST_BYTES: usize = 1000;

/// What may stand before a number inside the brackets, or before the brackets: `[Source 1]`, `(source: [1])`.
const LABELS: [&str; 18] = [
    "source",
    "sources",
    "src",
    "quelle",
    "quellen",
    "doc",
    "docs",
    "document",
    "documents",
    "dokument",
    "dokumente",
    "ref",
    "refs",
    "reference",
    "references",
    "chunk",
    "passage",
    "citation",
];

const BRACKETS: [(char, char); 3] = [('[', ']'), ('【', '】'), ('［', '］')];

/// The citation marks of a text, in order, outside of the ranges of code.
///
/// Brackets that hold numbers of up to three digits (with `,`, `;`, `&`, `and`, `und` between them, `-` for a range of up to 20) are a mark, also
/// where a link's address follows. `[2024]`, `[sic]` and `[text](address)` are none, nor is an index: brackets right behind a word that
/// hold 0, or are followed by what goes on with code (`a[1].b`, `a[1] = 2`).
pub(super) fn marks(text: &str) -> Vec<Mark> {
    let mut found: Vec<Mark> = Vec::new();
    let code: Vec<Range<usize>> = code(text).into_iter().map(|(range, _)| range).collect();
    for (start, open) in text.char_indices() {
        let Some((_, close)) = BRACKETS.iter().find(|(first, _)| *first == open) else {
            continue;
        };
        if found.last().is_some_and(|last| start < last.range.end)
            || code[..code.partition_point(|range| range.start <= start)]
                .last()
                .is_some_and(|range| start < range.end)
        {
            continue;
        }
        let inside = &text[start + open.len_utf8()..];
        let Some(length) = near(inside).find([*close, '\n']) else {
            continue;
        };
        let Some(numbers) = numbers(&inside[..length]) else {
            continue;
        };
        let end = text.len() - inside.len() + length;
        let Some(end) = text[end..]
            .strip_prefix(*close)
            .map(|rest| text.len() - rest.len())
        else {
            continue;
        };
        let (before, behind) = (&text[..start], &text[end..]);
        let follows_mark = found.last().is_some_and(|last| last.range.end == start);
        if !follows_mark && is_index(before, behind, &numbers) {
            continue;
        }
        let link = address(behind);
        if link.is_some() && before.ends_with('!') {
            continue;
        }
        let before = before.strip_suffix('\\').unwrap_or(before);
        found.push(Mark {
            range: start_of_label(before)..end + link.unwrap_or(0),
            numbers,
        });
    }
    found
}

/// The numbers that a pair of brackets holds, if it holds nothing else.
fn numbers(inside: &str) -> Option<Vec<u32>> {
    let inside = inside.split('†').next().unwrap_or_default();
    let inside = inside.strip_suffix('\\').unwrap_or(inside);
    let mut found = Vec::new();
    for item in inside.split([',', ';', '&', '，', '、']) {
        let parts: Vec<&str> = item.split_whitespace().collect();
        for item in parts.split(|word| ["and", "und"].contains(word)) {
            let item = unlabelled(&item.join(" "))?;
            let (first, last) = match item.split_once(['-', '–', '—', '‑', '‐']) {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(&item)?, number(&item)?),
            };
            if last < first || last - first >= LONGEST_RANGE {
                return None;
            }
            for number in first..=last {
                if !found.contains(&number) {
                    found.push(number);
                }
            }
        }
    }
    Some(found)
}

fn number(text: &str) -> Option<u32> {
    let digits = text.trim();
    let is_number = digits.len() <= MOST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// An item without the word, `^` or `#` before its number; nothing where another word stands there.
fn unlabelled(item: &str) -> Option<String> {
    let label: String = item.chars().take_while(|c| c.is_alphabetic()).collect();
    if !label.is_empty() && !LABELS.contains(&label.to_lowercase().as_str()) {
        return None;
    }
    let rest = item[label.len()..].trim_start_matches([' ', ':', '.', '#', '^']);
    Some(rest.to_owned())
}

/// Where the label before a mark begins (`Source: [1]`); the end of what stands before it where there is none.
fn start_of_label(before: &str) -> usize {
    let words = before.trim_end_matches([' ', ':', '*', '_']);
    let start = words
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |place| {
            place + words[place..].chars().next().map_or(0, char::len_utf8)
        });
    let is_label = before.len() > words.len()
        && before[words.len()..].contains(':')
        && LABELS.contains(&words[start..].to_lowercase().as_str());
    if is_label { start } else { before.len() }
}

/// Whether brackets are an index into something.
fn is_index(before: &str, behind: &str, numbers: &[u32]) -> bool {
    // Scripts that put no spaces between words are no code.
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !before.ends_with(|c: char| is_word(c) || c == ')' || c == ']') {
        return false;
    }
    let mut next = behind.chars();
    let goes_on = match next.next() {
        Some('.') => next.next().is_some_and(char::is_lowercase),
        Some('(') => address(behind).is_none(),
        Some('[') => next.next().is_some_and(char::is_alphabetic),
        Some(c) if is_word(c) => true,
        _ => {
            let rest = behind.trim_start_matches(' ');
            rest.starts_with('=') || rest.starts_with("+=") || rest.starts_with("-=")
        }
    };
    goes_on || numbers.contains(&0)
}

/// How long the address of a link is that begins here, parentheses included.
fn address(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('(')?;
    let length = near(inside).find(')')?;
    let address = &inside[..length];
    let is_address = !address.contains(char::is_whitespace)
        && (address.is_empty() || address.contains(['/', '#', '.', ':']));
    is_address.then_some(length + 2)
}

/// What stands in a text and is not said: blocks of code, and the addresses of links.
pub(super) fn unsaid(text: &str) -> Vec<Range<usize>> {
    let blocks = code(text).into_iter().filter(|(_, is_block)| *is_block);
    let links = text.match_indices("](").filter_map(|(place, _)| {
        let length = address(&text[place + 1..])?;
        Some(place + 1..place + 1 + length)
    });
    blocks.map(|(range, _)| range).chain(links).collect()
}

/// Stretches of code, and whether each is a block of its own: between runs of as many backticks, in one paragraph where they are fewer than three. A block that is not closed
/// goes to the end.
fn code(text: &str) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('`').map(|place| from + place) {
        let ticks = run(&text[start..]);
        let inside = start + ticks;
        let paragraph = if ticks < 3 {
            let near = near(&text[inside..]);
            inside + near.find("\n\n").unwrap_or(near.len())
        } else {
            text.len()
        };
        let mut place = inside;
        let mut end = None;
        while let Some(next) = text[place..paragraph].find('`').map(|found| place + found) {
            place = next + run(&text[next..]);
            if place - next == ticks {
                end = Some(place);
                break;
            }
        }
        let end = end.or((ticks >= 3).then_some(text.len()));
        found.extend(end.map(|end| (start..end, ticks >= 3)));
        from = end.unwrap_or(inside);
    }
    found
}

/// The beginning of a text.
fn near(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_BYTES)]
}

fn run(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Vec<u32>)> {
        let found = marks(text).into_iter();
        found
            .map(|mark| (&text[mark.range], mark.numbers))
            .collect()
    }

    #[test]
    fn every_form_of_a_mark_is_found() {
        for (text, mark, numbers) in [
            ("a [1].", "[1]", vec![1]),
            ("a [2, 3]", "[2, 3]", vec![2, 3]),
            ("a [2;3 & 5]", "[2;3 & 5]", vec![2, 3, 5]),
            ("a [1-3]", "[1-3]", vec![1, 2, 3]),
            ("a [1 – 3, 2]", "[1 – 3, 2]", vec![1, 2, 3]),
            ("a [1, 2 and 4]", "[1, 2 and 4]", vec![1, 2, 4]),
            ("a [^1]", "[^1]", vec![1]),
            ("a [#1]", "[#1]", vec![1]),
            ("a【1】", "【1】", vec![1]),
            ("a【2†source】", "【2†source】", vec![2]),
            ("a［3］", "［3］", vec![3]),
            ("a [Source 1, source 2]", "[Source 1, source 2]", vec![1, 2]),
            ("a [Quelle: 4]", "[Quelle: 4]", vec![4]),
            ("a [1](https://x.org/a) b", "[1](https://x.org/a)", vec![1]),
            ("a[1](#s) b", "[1](#s)", vec![1]),
            ("a [1](see there)", "[1]", vec![1]),
            ("a \\[1\\]", "\\[1\\]", vec![1]),
            ("(Source: [1])", "Source: [1]", vec![1]),
            ("resource [1]", "[1]", vec![1]),
            ("the source [1]", "[1]", vec![1]),
            ("a [0]", "[0]", vec![0]),
            ("a [999]", "[999]", vec![999]),
            ("x [[1]]", "[1]", vec![1]),
            ("leave[1]. Next", "[1]", vec![1]),
            ("leave[1].Next", "[1]", vec![1]),
            ("年假[1]然后", "[1]", vec![1]),
        ] {
            assert_eq!(found(text), [(mark, numbers)], "{text}");
        }
        assert_eq!(found("a[1][2]"), [("[1]", vec![1]), ("[2]", vec![2])]);
    }

    #[test]
    fn other_brackets_are_no_marks() {
        for text in [
            "[sic]",
            "[2024]",
            "[1000]",
            "[ ]",
            "[]",
            "[1.5]",
            "[10%]",
            "[1,]",
            "[3-1]",
            "[1-21]",
            "[n=12]",
            "[1st]",
            "[12 months]",
            "[page 3]",
            "[text](https://x.org/1)",
            "![1](image.png)",
            "`a[1]`",
            "``a ` [1]``",
            "```\n[1]\n",
            "array[0]",
            "a[1].len()",
            "a[1] = 2",
            "a[1][i]",
            "f(x)[0]",
            "a[1]b",
            "a[1](x)",
            "[1\n]",
            "[1",
            "1]",
            "[99999999999]",
            "[¹]",
            "[١]",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn backticks_hide_only_code() {
        assert_eq!(found("a ` b [1]\n\nc ` d"), [("[1]", vec![1])]);
        assert_eq!(found("`a` [1] `b`"), [("[1]", vec![1])]);
        assert_eq!(found("```\na\n```\n[2]"), [("[2]", vec![2])]);
    }
}
