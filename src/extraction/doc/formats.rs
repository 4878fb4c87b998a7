//! The properties of paragraphs and characters, by their place in the file.

use super::bytes::{u16_at, u32_at};

/// Properties stand in pages of this size.
const PAGE: usize = 512;

/// What is known of a paragraph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// The number of its style.
    pub(super) style: u16,
    /// Its level in the outline, from 0; 9 is text.
    pub(super) outline: Option<u8>,
    /// Its list, 0 for none.
    pub(super) list: Option<u16>,
    /// How deep in its list.
    pub(super) depth: Option<u8>,
    pub(super) is_in_table: bool,
    pub(super) ends_row: bool,
    /// How many tables deep; 0 where that is not said.
    pub(super) nesting: u32,
}

/// A property, from where to where it holds.
type Range<T> = (u32, u32, T);

/// All properties, sorted by place.
pub(super) struct Formats {
    paragraphs: Vec<Range<Paragraph>>,
    hidden: Vec<Range<()>>,
}

impl Formats {
    /// From the tables that say on which pages of the `WordDocument` stream properties stand.
    pub(super) fn new(word: &[u8], paragraphs: &[u8], characters: &[u8], data: &[u8]) -> Self {
        let mut found = Vec::new();
        for (page, from, to, at) in runs(word, paragraphs, 13) {
            let properties = paragraph_at(page, at, data).unwrap_or_default();
            found.push((from, to, properties));
        }
        let mut hidden = Vec::new();
        for (page, from, to, at) in runs(word, characters, 1) {
            let length = page.get(at).copied().map_or(0, usize::from);
            if at > 0 && is_hidden(page.get(at + 1..at + 1 + length).unwrap_or_default()) {
                hidden.push((from, to, ()));
            }
        }
        found.sort_by_key(|(from, ..)| *from);
        hidden.sort_by_key(|(from, ..)| *from);
        Self {
            paragraphs: found,
            hidden,
        }
    }

    /// Those of the paragraph that ends at this place.
    pub(super) fn paragraph(&self, place: u32) -> Paragraph {
        at(&self.paragraphs, place).copied().unwrap_or_default()
    }

    /// Whether the character at this place is not shown.
    pub(super) fn is_hidden(&self, place: u32) -> bool {
        at(&self.hidden, place).is_some()
    }
}

fn at<T>(ranges: &[Range<T>], place: u32) -> Option<&T> {
    let after = ranges.partition_point(|(from, ..)| *from <= place);
    let (_, to, found) = ranges.get(after.checked_sub(1)?)?;
    (place < *to).then_some(found)
}

/// The runs of all pages: their page, from where to where they go, and where in the page their properties stand.
fn runs<'w>(
    word: &'w [u8],
    table: &'w [u8],
    size: usize,
) -> impl Iterator<Item = (&'w [u8], u32, u32, usize)> {
    let count = table.len().saturating_sub(4) / 8;
    let pages = (0..count).filter_map(move |number| {
        let start = (u32_at(table, 4 * (count + 1) + 4 * number)? & 0x3F_FFFF) as usize * PAGE;
        word.get(start..start + PAGE)
    });
    pages.flat_map(move |page| {
        let count = page.last().copied().map_or(0, usize::from);
        (0..count).filter_map(move |number| {
            let from = u32_at(page, 4 * number)?;
            let to = u32_at(page, 4 * number + 4)?;
            let offset = page.get(4 * (count + 1) + size * number)?;
            Some((page, from, to, usize::from(*offset) * 2))
        })
    })
}

/// The properties of a paragraph, where they stand in a page.
fn paragraph_at(page: &[u8], at: usize, data: &[u8]) -> Option<Paragraph> {
    if at == 0 {
        return None;
    }
    let (start, length) = match usize::from(*page.get(at)?) {
        0 => (at + 2, 2 * usize::from(*page.get(at + 1)?)),
        words => (at + 1, 2 * words - 1),
    };
    let stated = page.get(start..start + length)?;
    let mut paragraph = Paragraph {
        style: u16_at(stated, 0)?,
        ..Paragraph::default()
    };
    apply(&mut paragraph, stated.get(2..)?, data);
    Some(paragraph)
}

/// Sets what a list of properties says.
pub(super) fn apply(paragraph: &mut Paragraph, properties: &[u8], data: &[u8]) {
    for (name, value) in Properties(properties) {
        let byte = value.first().copied();
        match name {
            0x2640 => paragraph.outline = byte,
            0x260A => paragraph.depth = byte,
            0x460B => paragraph.list = u16_at(value, 0),
            0x2416 => paragraph.is_in_table = byte != Some(0),
            0x2417 | 0x244C => paragraph.ends_row = byte != Some(0),
            0x6649 => paragraph.nesting = u32_at(value, 0).unwrap_or(0),
            // What does not fit on a page stands in another stream.
            0x6645 | 0x6646 => {
                let place = u32_at(value, 0).map_or(usize::MAX, |place| place as usize);
                let length = u16_at(data, place).map_or(0, usize::from);
                let more = place
                    .checked_add(2)
                    .and_then(|from| data.get(from..from.checked_add(length)?));
                for (name, value) in Properties(more.unwrap_or_default()) {
                    match name {
                        0x2416 => paragraph.is_in_table = value != [0],
                        0x2417 => paragraph.ends_row = value != [0],
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether characters with these properties are hidden or deleted.
fn is_hidden(properties: &[u8]) -> bool {
    Properties(properties).any(|(name, value)| matches!(name, 0x083C | 0x0800) && value == [1])
}

/// A list of properties: the name of each, and its value.
struct Properties<'p>(&'p [u8]);

impl<'p> Iterator for Properties<'p> {
    type Item = (u16, &'p [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = u16_at(self.0, 0)?;
        let rest = self.0.get(2..)?;
        let first = || rest.first().copied().map(usize::from);
        let (skipped, length) = match (name, name >> 13) {
            (0xD608 | 0xD606, _) => (2, usize::from(u16_at(rest, 0)?).checked_sub(1)?),
            // Tabs may need more than a byte can say; then their length is not known, and they come last.
            (0xC615, _) if first()? == 255 => return None,
            (_, 0 | 1) => (0, 1),
            (_, 2 | 4 | 5) => (0, 2),
            (_, 3) => (0, 4),
            (_, 7) => (0, 3),
            _ => (1, first()?),
        };
        let value = rest.get(skipped..skipped + length)?;
        self.0 = rest.get(skipped + length..)?;
        Some((name, value))
    }
}
