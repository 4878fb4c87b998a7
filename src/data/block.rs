//! What a stretch of a document's text is: headings, paragraphs, tables.

use serde::{Deserialize, Serialize};

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// A heading, with its level: 1 is the highest.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// A table: a line for each row, ` | ` between the cells.
    Table,
    /// Preformatted text.
    Code,
}

/// A stretch of a document's text. The blocks of a document do not overlap and stand in the order of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its first character, counted in Unicode code points from 0.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// The page that it begins on, from 1, where there are pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

impl Block {
    /// Whether these are the blocks of a text, all of it but white space; otherwise what is wrong.
    pub fn check_all(blocks: &[Self], text: &str) -> Result<(), String> {
        let characters: Vec<char> = text.chars().collect();
        let mut from = 0;
        let left_out = |from: usize, to: usize| {
            let is_text = |character: &char| !character.is_whitespace();
            let place = characters[from..to].iter().position(is_text);
            place.map_or(Ok(()), |place| {
                Err(format!(
                    "character {} of the text lies in no block",
                    from + place
                ))
            })
        };
        for (number, block) in (1..).zip(blocks) {
            let Self { start, end, .. } = *block;
            if start < from || end <= start || end > characters.len() {
                return Err(format!(
                    "block {number} ({start} to {end}) must begin at {from} or later, hold a character, and end within the text of {}",
                    characters.len()
                ));
            }
            left_out(from, start)?;
            from = end;
        }
        if blocks.is_empty() {
            Ok(())
        } else {
            left_out(from, characters.len())
        }
    }
}
