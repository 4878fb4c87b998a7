//! Links, addresses of mail, names of files and mentions: what names something and is not read as words.

use std::ops::Range;

use super::english;

/// Domains and kinds of files that end what is an address without a scheme.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "gov", "edu", "co", "uk", "de", "fr", "ly", "me", "tv", "be", "ai",
    "app", "dev", "info", "html", "php", "jpg", "png", "pdf", "exe", "zip", "ru", "in", "us",
];

/// The bytes of a text that are addresses, ascending.
#[derive(Debug)]
pub(super) struct Addresses(Vec<Range<usize>>);

impl Addresses {
    /// Of a text. Linear.
    pub(super) fn of(text: &str) -> Self {
        let mut found = Vec::new();
        let mut start = 0;
        for bytes in text.as_bytes().split(u8::is_ascii_whitespace) {
            let end = start + bytes.len();
            if bytes.iter().any(|byte| matches!(byte, b'.' | b'@' | b':')) {
                let chunk = &text[start..end];
                if is_address(chunk) {
                    found.push(start..end);
                } else {
                    found.extend(mentions(chunk).map(|at| start + at.start..start + at.end));
                }
            }
            start = end + 1;
        }
        Self(found)
    }

    /// Whether the character at a place is part of an address.
    pub(super) fn hold(&self, place: usize) -> bool {
        let after = self.0.partition_point(|range| range.start <= place);
        after > 0 && self.0[after - 1].contains(&place)
    }
}

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

/// `@name` that does not stand inside a word; but `@ss` and `@sshole` are words of leet.
fn mentions(chunk: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = chunk.as_bytes();
    let places = memchr::memchr_iter(b'@', bytes);
    places.filter_map(move |place| {
        let is_inside = place > 0 && bytes[place - 1].is_ascii_alphanumeric();
        let name = bytes[place + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        (!is_inside && name > 0 && !is_leet(&chunk[place + 1..=place + name]))
            .then_some(place..place + 1 + name)
    })
}

/// Whether `a` before a name makes a word that begins with `ass`.
fn is_leet(name: &str) -> bool {
    // no word of English is longer
    const LONGEST: usize = 32;
    let begins = name.len() >= 2 && name.bytes().take(2).all(|byte| b"sS5$".contains(&byte));
    if !begins || name.len() > LONGEST {
        return false;
    }
    let read = name.chars().map(|c| match c {
        '5' | '$' => 's',
        '0' => 'o',
        '3' => 'e',
        '1' => 'i',
        _ => c,
    });
    let word: Vec<u8> = std::iter::once('a')
        .chain(read)
        .map(english::symbol)
        .collect();
    english::is_word(&word)
}
