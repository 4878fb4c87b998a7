//! The style sheet: which styles are headings or lists.

use super::bytes::u16_at;
use super::formats::{self, Paragraph};

/// A style, by its number.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// The number of a style that Word brings along: 1 to 9 are its headings.
    known: u16,
    base: u16,
    paragraph: Paragraph,
}

/// Number of a style that is based on none.
const NO_STYLE: u16 = 0xFFF;

/// All styles.
pub(super) struct Styles(Vec<Option<Style>>);

impl Styles {
    /// From the style sheet: its head, then each style with its length.
    pub(super) fn new(sheet: &[u8]) -> Self {
        let mut styles = Vec::new();
        let head = u16_at(sheet, 0).map_or(0, usize::from);
        let base_length = u16_at(sheet, 4).map_or(0, usize::from);
        let mut rest = sheet.get(2 + head..).unwrap_or_default();
        while let Some(length) = u16_at(rest, 0) {
            let end = 2 + usize::from(length);
            styles.push(
                rest.get(2..end)
                    .and_then(|style| Style::new(style, base_length)),
            );
            // Styles begin at even places.
            rest = rest.get(end + end % 2..).unwrap_or_default();
        }
        Self(styles)
    }

    /// The level of a heading with these properties, from 1.
    pub(super) fn heading(&self, paragraph: &Paragraph) -> Option<u8> {
        let outline = paragraph
            .outline
            .or_else(|| self.first(paragraph.style, Style::outline))?;
        (outline < 9).then_some(outline + 1)
    }

    /// The depth of an item with these properties.
    pub(super) fn item(&self, paragraph: &Paragraph) -> Option<usize> {
        let list = paragraph
            .list
            .or_else(|| self.first(paragraph.style, |style| style.paragraph.list));
        let depth = paragraph
            .depth
            .or_else(|| self.first(paragraph.style, |style| style.paragraph.depth));
        list.filter(|list| *list != 0)?;
        Some(depth.map_or(0, usize::from))
    }

    /// What a style, or the first of those that it is based on that says it, says.
    fn first<T>(&self, style: u16, says: impl Fn(&Style) -> Option<T>) -> Option<T> {
        let mut number = style;
        for _ in 0..self.0.len().min(16) {
            let style = self.0.get(usize::from(number))?.as_ref()?;
            if let Some(said) = says(style) {
                return Some(said);
            }
            number = style.base;
        }
        None
    }
}

impl Style {
    /// `base_length` is where the name stands, after which come the properties of paragraphs.
    fn new(style: &[u8], base_length: usize) -> Option<Self> {
        let known = u16_at(style, 0)? & 0xFFF;
        let kind = u16_at(style, 2)?;
        if kind & 0xF != 1 {
            return None;
        }
        let mut paragraph = Paragraph::default();
        let letters = u16_at(style, base_length).map_or(0, usize::from);
        let place = base_length + 2 + 2 * letters + 2;
        let place = place + place % 2;
        let length = u16_at(style, place).map_or(0, usize::from);
        // The first two bytes are the number of the style.
        if let Some(properties) = style.get(place + 4..place + 2 + length) {
            formats::apply(&mut paragraph, properties, &[]);
        }
        Some(Self {
            known,
            base: (kind >> 4).min(NO_STYLE),
            paragraph,
        })
    }

    fn outline(&self) -> Option<u8> {
        let by_number = u8::try_from(self.known)
            .ok()
            .and_then(|number| number.checked_sub(1));
        self.paragraph
            .outline
            .or_else(|| by_number.filter(|level| *level < 9))
    }
}
