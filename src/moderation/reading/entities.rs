//! Entities of HTML, as section 13.2.5.72 and the following of the HTML standard read them, with the choices of Python's `html.unescape`.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use memchr::memchr;

/// Replaces each entity once, from the left.
pub(super) fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else {
        return text;
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = &text[first..];
    out.push_str(&text[..first]);
    while let Some(behind) = rest.strip_prefix('&') {
        let length = entity(behind, &mut out).unwrap_or_else(|| {
            out.push('&');
            0
        });
        let behind = &behind[length..];
        let next = memchr(b'&', behind.as_bytes()).unwrap_or(behind.len());
        out.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    Cow::Owned(out)
}

/// Writes what an entity stands for and returns how many bytes of it stand behind its `&`; `None` if there is none.
fn entity(text: &str, out: &mut String) -> Option<usize> {
    match text.strip_prefix('#') {
        Some(number) => numeric(number, out).map(|length| length + 1),
        None => named(text, out),
    }
}

fn numeric(text: &str, out: &mut String) -> Option<usize> {
    let (radix, marker) = if text.starts_with(['x', 'X']) {
        (16, 1)
    } else {
        (10, 0)
    };
    let mut value = 0_u32;
    let digits = text[marker..]
        .chars()
        .map_while(|c| c.to_digit(radix))
        .inspect(|digit| value = value.saturating_mul(radix).saturating_add(*digit))
        .count();
    if digits == 0 {
        return None;
    }
    out.extend(character(value));
    let length = marker + digits;
    Some(length + usize::from(text[length..].starts_with(';')))
}

/// The character of a number: Windows-1252 from 0x80 to 0x9F, nothing for controls and for what is no character, U+FFFD for what cannot be one.
fn character(value: u32) -> Option<char> {
    match value {
        0 => Some(char::REPLACEMENT_CHARACTER),
        0x80..=0x9f => C1_REPLACEMENTS[(value - 0x80) as usize].or(char::from_u32(value)),
        0x1..=0x8 | 0xb | 0xe..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        0xfffe..=0x10_ffff if value & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)),
    }
}

fn named(text: &str, out: &mut String) -> Option<usize> {
    let mut found = None;
    // The table holds every prefix of a name; one that is no name itself stands for 0.
    for length in 1..=text.len() {
        let Some(&(first, second)) = text.get(..length).and_then(|name| NAMED_ENTITIES.get(name))
        else {
            break;
        };
        if first != 0 {
            found = Some((length, first, second));
        }
    }
    let (length, first, second) = found?;
    out.extend(char::from_u32(first));
    out.extend(char::from_u32(second).filter(|&second| second != '\0'));
    Some(length)
}
