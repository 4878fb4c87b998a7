//! What items of lists and numbered headings begin with.

/// What an item of a list begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    /// The bytes of the sign that stands for nothing but an item; numbers are kept.
    pub(super) sign: usize,
    /// Whether it stands nowhere but before items.
    pub(super) is_certain: bool,
}

const BULLETS: &str = "•◦▪▫‣●○■□◆◇➢➤✓✔⁃∙";
/// Signs that may also begin a line of text.
const DASHES: &str = "·–—-*";

/// What the text begins with if it is an item of a list.
pub(super) fn of_item(text: &str) -> Option<Label> {
    let (word, rest) = text.split_once(char::is_whitespace)?;
    if rest.trim().is_empty() {
        return None;
    }
    let mut characters = word.chars();
    if let (Some(sign), None) = (characters.next(), characters.next()) {
        let is_certain = BULLETS.contains(sign);
        if is_certain || DASHES.contains(sign) {
            return Some(Label {
                sign: sign.len_utf8(),
                is_certain,
            });
        }
    }
    let inner = word.strip_suffix(['.', ')'])?;
    let inner = inner.strip_prefix('(').unwrap_or(inner);
    let is_number = (1..=2).contains(&inner.len()) && inner.bytes().all(|b| b.is_ascii_digit());
    let is_letter = inner.len() == 1 && inner.bytes().all(|b| b.is_ascii_lowercase());
    let is_roman = (1..=4).contains(&inner.len()) && inner.bytes().all(|b| b"ivx".contains(&b));
    (is_number || is_letter || is_roman).then_some(Label {
        sign: 0,
        is_certain: false,
    })
}

/// How deep a numbered heading is: 1 for `2 Methods`, 2 for `2.1 Data`.
pub(super) fn depth(text: &str) -> Option<usize> {
    let (word, rest) = text.split_once(char::is_whitespace)?;
    let number = word.strip_suffix(['.', ':', ')']).unwrap_or(word);
    let mut parts = number.split('.');
    let is_part =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_first = |part: &str| {
        is_part(part) || (part.len() == 1 && part.bytes().all(|b| b.is_ascii_uppercase()))
    };
    let is_appendix_letter = number.len() == 1 && !number.bytes().all(|b| b.is_ascii_digit());
    // A lone capital may be a word of its own.
    if (is_appendix_letter && number == word) || !rest.chars().any(char::is_alphabetic) {
        return None;
    }
    (parts.next().is_some_and(is_first) && parts.clone().all(is_part)).then(|| 1 + parts.count())
}
