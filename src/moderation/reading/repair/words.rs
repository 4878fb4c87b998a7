//! Where words begin and end.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The words of a text in small letters that are learned: letters from a to z, once with an apostrophe between them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let letters = |from: usize| {
        let rest = bytes[from..].iter();
        rest.take_while(|byte| byte.is_ascii_lowercase()).count()
    };
    let mut place = 0;
    std::iter::from_fn(move || {
        place += bytes[place..].iter().position(u8::is_ascii_lowercase)?;
        let start = place;
        place += letters(start);
        if bytes.get(place) == Some(&b'\'') {
            match letters(place + 1) {
                0 => {}
                more => place += 1 + more,
            }
        }
        Some(&text[start..place])
    })
}

/// What a stretch between spaces is to repair.
pub(super) enum Token {
    /// No word: without letters from a to z.
    None,
    /// A word with digits, or signs between its letters, that is left as it is.
    Mixed(Range<usize>),
    /// A word with letters beyond ASCII.
    Foreign,
    /// Letters from a to z, and where they stand.
    Plain(Range<usize>),
}

/// Looks at a stretch without spaces.
pub(super) fn token(text: &str) -> Token {
    let is_core = |c: char| c.is_ascii_alphanumeric();
    let start = text.find(|c| is_core(c) || matches!(c, '@' | '$'));
    let (Some(start), Some(last)) = (start, text.rfind(is_core)) else {
        return Token::None;
    };
    let core = &text[start..=last];
    if !core.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Token::None;
    }
    if !text.is_ascii() && text.chars().any(is_letter_beyond_ascii) {
        return Token::Foreign;
    }
    // What stands behind `&` may be the name of an entity that HTML does not know: a repaired one would be read as a sign the next time.
    let is_plain = core.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_plain || text[..start].ends_with('&') {
        return Token::Mixed(start..last + 1);
    }
    Token::Plain(start..last + 1)
}

/// Letters, digits and marks.
fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii()
        && (c.is_alphanumeric() || c.general_category_group() == GeneralCategoryGroup::Mark)
}
