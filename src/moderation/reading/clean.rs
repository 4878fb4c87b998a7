//! All that is done to a text but repair.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::{ReadingConfig, emoji, entities};

/// What stands for a name.
const USER: &str = "user";

/// A text without what its config takes away, with one space for white space.
pub(super) fn clean<'t>(config: &ReadingConfig, text: &'t str) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    if config.html {
        text = entities::unescape(entities::unescape(text));
    }
    if is_clean(config, &text) {
        return text;
    }
    let mut cleaning = Cleaning {
        config,
        out: String::with_capacity(text.len()),
        space: false,
        has_words: false,
    };
    cleaning.text(&text);
    Cow::Owned(cleaning.out)
}

/// Whether there is nothing to do, without looking at characters beyond ASCII.
fn is_clean(config: &ReadingConfig, text: &str) -> bool {
    let (mut before, mut has_words) = (b' ', false);
    for &byte in text.as_bytes() {
        let is_candidate = match byte {
            b' ' => before == b' ',
            b'@' => config.mentions,
            b'/' => config.links && before == b'/',
            b'.' => config.links && matches!(before, b'w' | b'W'),
            b'0'..=b'9' => config.digits,
            b'r' | b'R' => config.mentions && !has_words,
            _ => !byte.is_ascii_graphic(),
        };
        if is_candidate {
            return false;
        }
        before = byte;
        has_words |= byte.is_ascii_alphanumeric() || byte == b'_';
    }
    before != b' '
}

struct Cleaning<'c> {
    config: &'c ReadingConfig,
    out: String,
    /// A space is due before what comes next.
    space: bool,
    /// A letter or digit has been written.
    has_words: bool,
}

impl Cleaning<'_> {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                'h' | 'H' | 'w' | 'W' if self.config.links => self.link(rest),
                '@' if self.config.mentions => self.mention(rest),
                'r' | 'R' if self.config.mentions => self.quoted(rest),
                _ if self.config.emoji && emoji::may_begin(c) => self.emoji(rest),
                _ => None,
            };
            let taken = taken.unwrap_or_else(|| {
                self.push(c);
                c.len_utf8()
            });
            rest = &rest[taken..];
        }
    }

    fn push(&mut self, c: char) {
        if c.is_whitespace() {
            self.space = true;
            return;
        }
        if self.space && !self.out.is_empty() {
            self.out.push(' ');
        }
        self.space = false;
        let is_digit = self.config.digits
            && c.is_numeric()
            && c.general_category() == GeneralCategory::DecimalNumber;
        self.out.push(if is_digit { '0' } else { c });
        self.has_words |= is_word(c);
    }

    /// Whether the last character, with no space behind it, is one of words.
    fn is_in_word(&self) -> bool {
        !self.space && self.out.chars().next_back().is_some_and(is_word)
    }

    /// Whether a text begins with a letter, digit or `_` that is not of a link and of no keycap.
    fn is_word_at(&self, text: &str, is_in_word: bool) -> bool {
        text.starts_with(is_word)
            && !(self.config.links && link(text, is_in_word).is_some())
            && !(self.config.emoji && emoji::find(text).is_some())
    }

    /// Whether a text begins with `@` and a name.
    fn is_mention(&self, text: &str) -> bool {
        text.strip_prefix('@')
            .is_some_and(|name| self.is_word_at(name, false))
    }

    /// How many bytes of a link the text begins with.
    fn link(&mut self, text: &str) -> Option<usize> {
        let length = link(text, self.is_in_word())?;
        self.space = true;
        Some(length)
    }

    fn mention(&mut self, text: &str) -> Option<usize> {
        if self.is_in_word() || !self.is_mention(text) {
            return None;
        }
        self.space = true;
        USER.chars().for_each(|c| self.push(c));
        self.space = true;
        let mut places = text.char_indices().skip(1).map(|(place, _)| place);
        let end = places.find(|&place| !self.is_word_at(&text[place..], true));
        Some(end.unwrap_or(text.len()))
    }

    /// The `RT` of a quoted post.
    fn quoted(&mut self, text: &str) -> Option<usize> {
        let behind = after(text, "rt")?;
        if self.is_in_word() || self.is_word_at(behind, true) {
            return None;
        }
        let next = behind.find(|c| is_word(c) || c == '@');
        let is_quote = !self.has_words || next.is_some_and(|next| self.is_mention(&behind[next..]));
        if !is_quote {
            return None;
        }
        self.space = true;
        Some(2)
    }

    fn emoji(&mut self, text: &str) -> Option<usize> {
        let found = emoji::find(text)?;
        // Between two letters it is there to part them.
        let is_inside = !self.space && self.out.ends_with(char::is_alphabetic);
        if is_inside && text[found.bytes..].starts_with(char::is_alphabetic) {
            return Some(found.bytes);
        }
        self.space = true;
        for c in found.name.chars() {
            match c {
                '’' => self.push('\''),
                '-' | '#' | '*' => self.push(c),
                _ if c.is_alphanumeric() => c.to_lowercase().for_each(|c| self.push(c)),
                _ => self.space = true,
            }
        }
        self.space = true;
        Some(found.bytes)
    }
}

/// Letters, digits and `_`.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What stands behind a beginning of small ASCII letters and signs, whose letters may be capitals.
fn after<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let (start, behind) = text.split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(behind)
}

/// How many bytes of a link a text begins with.
fn link(text: &str, is_in_word: bool) -> Option<usize> {
    let behind = after(text, "http://")
        .or_else(|| after(text, "https://"))
        .or_else(|| after(text, "www.").filter(|_| !is_in_word))?;
    let length = behind.find(char::is_whitespace).unwrap_or(behind.len());
    (length > 0).then(|| text.len() - behind.len() + length)
}
