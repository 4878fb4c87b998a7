//! Digits and signs that stand for letters (`h4te`, `$hit`), read where a word comes out that English could have.

use std::ops::Range;

use super::draft::Edits;
use super::emoji::WHOLE_WORD;
use super::english::{self, EDGE, Reading, UNUSUAL, USUAL};

/// What behind a single digit makes no word with it: units, times, and nouns that are counted.
const COUNTED: &[&str] = &[
    "ball",
    "bed",
    "bedroom",
    "bit",
    "bits",
    "bucks",
    "cent",
    "cents",
    "chan",
    "core",
    "day",
    "days",
    "dimensional",
    "dollar",
    "dollars",
    "door",
    "eleven",
    "ever",
    "euro",
    "euros",
    "eyes",
    "feet",
    "fold",
    "foot",
    "gag",
    "gen",
    "guys",
    "girls",
    "boys",
    "hour",
    "hours",
    "hrs",
    "inch",
    "inches",
    "kids",
    "kilos",
    "lbs",
    "level",
    "life",
    "love",
    "man",
    "men",
    "mil",
    "mile",
    "miles",
    "million",
    "billion",
    "min",
    "mins",
    "minute",
    "minutes",
    "month",
    "months",
    "one",
    "pack",
    "page",
    "pages",
    "people",
    "percent",
    "person",
    "phase",
    "piece",
    "play",
    "player",
    "players",
    "point",
    "points",
    "ppl",
    "sec",
    "secs",
    "second",
    "seconds",
    "some",
    "somes",
    "speed",
    "star",
    "stars",
    "step",
    "steps",
    "tier",
    "time",
    "times",
    "track",
    "way",
    "ways",
    "week",
    "weeks",
    "wheel",
    "wheeler",
    "women",
    "year",
    "years",
    "yrs",
    "more",
    "pounds",
];

/// Names of which a digit behind is a number.
const NUMBERED: &[&str] = &[
    "win", "web", "top", "level", "round", "day", "group", "team", "phase", "part", "user", "ver",
    "room", "big", "fab", "area", "step", "tier", "type", "grade", "chapter", "episode", "season",
    "python", "java", "html", "windows", "note", "galaxy", "iphone", "model", "sonic", "final",
    "option", "figure", "fig", "table", "page", "stage", "test", "unit", "version", "line", "item",
    "file", "node", "house", "vitamin", "channel", "formula", "number", "num", "act", "gen", "eq",
    "any", "some", "every", "no", "people", "var", "val", "temp", "tmp", "col", "row", "image",
];

/// Words with digits and signs that are meant.
const MEANT: &[&str] = &[
    "c3po", "h1n1", "h5n1", "h3n2", "us$", "nz$", "au$", "hk$", "ca$", "a11y", "l10n", "log4j",
    "d3js", "es6", "po3", "nh3", "ch4", "no3", "so4", "ps1", "ps3", "ps4", "ps5", "se7en",
];

/// Domains that end what is an address without a scheme.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "gov", "edu", "co", "uk", "de", "fr", "ly", "me", "tv", "be", "ai",
    "app", "dev", "info", "html", "php", "jpg", "png", "pdf", "exe", "zip", "ru", "in", "us",
];

/// What a sign may stand for, the likelier first; none where it is only itself.
fn readings(c: char) -> Option<Reading> {
    let (first, second) = match c {
        '0' => ('o', None),
        '1' | '!' => ('i', Some('l')),
        '|' => ('l', Some('i')),
        '3' | '€' => ('e', None),
        '4' | '@' => ('a', None),
        '5' | '$' => ('s', None),
        '6' | '9' => ('g', None),
        '7' | '+' => ('t', None),
        '8' => ('b', None),
        '£' => ('l', None),
        '¢' => ('c', None),
        '¥' => ('y', None),
        _ => return None,
    };
    Some([english::symbol(first), second.map_or(EDGE, english::symbol)])
}

/// A character of a word.
#[derive(Debug, Clone, Copy)]
struct Sign {
    place: usize,
    c: char,
}

impl Sign {
    fn is_letter(&self) -> bool {
        self.c.is_alphabetic()
    }

    fn at(&self) -> Range<usize> {
        self.place..self.place + self.c.len_utf8()
    }
}

pub(super) fn find(text: &str, edits: &mut Edits) {
    let mut word: Vec<Sign> = Vec::new();
    let mut start = 0;
    for bytes in text.as_bytes().split(u8::is_ascii_whitespace) {
        let chunk = &text[start..start + bytes.len()];
        if has_candidate(bytes) && !is_address(chunk) {
            for (place, c) in chunk.char_indices() {
                if c.is_ascii_alphanumeric() || readings(c).is_some() || c.is_alphabetic() {
                    let place = start + place;
                    word.push(Sign { place, c });
                } else {
                    settle_all(&word, edits);
                    word.clear();
                }
            }
            settle_all(&word, edits);
            word.clear();
        }
        start += chunk.len() + 1;
    }
}

/// Whether a sign stands beside a letter.
fn has_candidate(chunk: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
    let is_sign =
        |byte: u8| matches!(byte, b'0'..=b'9' | b'@' | b'$' | b'!' | b'+' | b'|') || byte >= 0x80;
    let begins = chunk.first().is_some_and(|byte| *byte == b'@');
    chunk[usize::from(begins)..].windows(2).any(|pair| {
        (is_letter(pair[0]) && is_sign(pair[1])) || (is_sign(pair[0]) && is_letter(pair[1]))
    }) || (begins
        && chunk
            .get(1)
            .is_some_and(|byte| matches!(byte, b's' | b'S' | b'5' | b'$')))
}

/// Links, addresses of mail and names of files.
fn is_address(chunk: &str) -> bool {
    if chunk.contains("://") || chunk.starts_with("www.") {
        return true;
    }
    let chunk = chunk.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut parts = chunk.split('.');
    let first = parts.next().unwrap_or_default();
    !first.is_empty()
        && parts.any(|part| {
            let part = part.split(['/', '?', ':', '#']).next().unwrap_or_default();
            DOMAINS
                .iter()
                .any(|domain| part.eq_ignore_ascii_case(domain))
        })
}

/// Words with what stands around and between them: `yes!no` and `this|that` are two each.
fn settle_all(word: &[Sign], edits: &mut Edits) {
    let mut start = 0;
    for place in 0..word.len() {
        if matches!(word[place].c, '|' | '!' | '+') && !is_inside(word, start, place) {
            settle(&word[start..place], edits);
            start = place + 1;
        }
    }
    settle(&word[start..], edits);
}

/// Whether a sign of punctuation stands inside a word: between letters, not with whole words on both sides; `!` needs consonants around, so that it is
/// the vowel.
fn is_inside(word: &[Sign], start: usize, place: usize) -> bool {
    let is_part = |sign: &&Sign| sign.is_letter() || sign.c == word[place].c;
    let before = word[start..place].iter().rev().take(WHOLE_WORD);
    let before = before.take_while(is_part).count();
    let after = word[place + 1..].iter().take(WHOLE_WORD);
    let after = after.take_while(is_part).count();
    let is_vowel = |sign: &Sign| matches!(sign.c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u');
    let is_between = before > 0
        && after > 0
        && word[start..place]
            .iter()
            .rev()
            .find(|sign| sign.c != word[place].c)
            .is_some_and(Sign::is_letter)
        && word[place..]
            .iter()
            .find(|sign| sign.c != word[place].c)
            .is_some_and(Sign::is_letter);
    if !is_between {
        return false;
    }
    match word[place].c {
        '!' => !is_vowel(&word[place - 1]) && !is_vowel(&word[place + 1]),
        '+' => word.len() > WHOLE_WORD && (before < WHOLE_WORD || after < WHOLE_WORD),
        _ => before < WHOLE_WORD || after < WHOLE_WORD,
    }
}

fn settle(word: &[Sign], edits: &mut Edits) {
    let Some(word) = trim(word) else { return };
    let letters = word.iter().filter(|sign| sign.is_letter()).count();
    if letters < 2 || letters == word.len() {
        return;
    }
    let first = word.iter().position(Sign::is_letter).unwrap_or(0);
    let last = word.iter().rposition(Sign::is_letter).unwrap_or(0);
    let Some(least) = demanded(word, first, last, letters) else {
        return;
    };
    // a sign again and again (`l000ser`) is read as two
    let mut places: Vec<Reading> = Vec::with_capacity(word.len());
    let mut source = Vec::with_capacity(word.len());
    for (place, sign) in word.iter().enumerate() {
        let is_third = place >= 2 && word[place - 2..place].iter().all(|other| other.c == sign.c);
        if !is_third {
            places.push(readings(sign.c).unwrap_or([english::symbol(sign.c), EDGE]));
        }
        source.push(places.len() - 1);
    }
    let read = english::read(&places);
    if english::least_level(&read) < least && !english::is_word(&read) {
        return;
    }
    for (sign, place) in word.iter().zip(source) {
        if !sign.is_letter() {
            edits.put(sign.at(), english::letter(read[place]));
        }
    }
}

/// A word without signs at its ends that are punctuation there; none for a mention (`@name`).
fn trim(word: &[Sign]) -> Option<&[Sign]> {
    let is_mark = |sign: &Sign| matches!(sign.c, '+' | '|' | '!' | '€' | '£' | '¢' | '¥');
    let start = word.iter().position(|sign| !is_mark(sign))?;
    let end = word
        .iter()
        .rposition(|sign| !is_mark(sign) && sign.c != '@')?;
    let word = word.get(start..=end)?;
    // `@ss` is leet, `@name` is not; names seldom begin with ss
    let is_mention = word.first().is_some_and(|sign| sign.c == '@')
        && !word.get(1..3).is_some_and(|next| {
            next.iter()
                .all(|sign| matches!(sign.c, 's' | 'S' | '5' | '$'))
        });
    (!is_mention).then_some(word)
}

/// How usual every part of the word must be to be read, or none if what has this shape is a number, a name or a code.
fn demanded(word: &[Sign], first: usize, last: usize, letters: usize) -> Option<u8> {
    let is_digit = |sign: &Sign| sign.c.is_ascii_digit();
    let text = |range: &[Sign]| -> String {
        range
            .iter()
            .map(|sign| sign.c.to_ascii_lowercase())
            .collect()
    };
    let inner = &word[first..=last];
    let has_inner = inner.iter().any(|sign| !sign.is_letter());
    let (lead, trail) = (&word[..first], &word[last + 1..]);
    let is_unread =
        |sign: &Sign| sign.c == '2' || (!sign.is_letter() && readings(sign.c).is_none());
    let is_outer_only = |sign: &Sign| matches!(sign.c, '6' | '8' | '9');
    if word.iter().any(is_unread)
        || lead.iter().chain(trail).any(is_outer_only)
        || MEANT.contains(&text(word).as_str())
        || has_long_number(inner)
    {
        return None;
    }
    let is_doubled = |signs: &[Sign]| signs.windows(2).all(|pair| pair[0].c == pair[1].c);
    let leads_with_digit = lead.iter().any(is_digit);
    if leads_with_digit && (lead.len() > 1 || (!has_inner && !leads_word(&text(&word[first..])))) {
        return None;
    }
    let ends_with_digit = trail.iter().any(is_digit);
    if ends_with_digit && !has_inner {
        let stem = text(inner);
        let has_vowel = stem.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        let may_end = has_vowel && (trail.len() == 1 || (trail.len() == 2 && is_doubled(trail)));
        if !may_end || NUMBERED.contains(&stem.as_str()) {
            return None;
        }
    }
    if trail.len() > 2 {
        return None;
    }
    let is_short = letters <= 3 || 2 * letters <= word.len();
    let is_at_edge = !has_inner;
    Some(
        if is_at_edge || (is_short && word.iter().filter(|sign| is_digit(sign)).count() > 1) {
            USUAL - 1
        } else {
            UNUSUAL
        },
    )
}

/// Whether there are three digits or two different ones in a row, as in numbers; `l000ser` has one again and again.
fn has_long_number(word: &[Sign]) -> bool {
    let is_digit = |sign: &Sign| sign.c.is_ascii_digit();
    word.windows(3).any(|digits| {
        digits.iter().all(is_digit) && !digits.windows(2).all(|pair| pair[0].c == pair[1].c)
    })
}

/// Whether a digit before these letters may be one of theirs.
fn leads_word(rest: &str) -> bool {
    rest == "ss" || (rest.chars().count() >= 3 && !COUNTED.contains(&rest))
}
