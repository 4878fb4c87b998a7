//! A document's text made ready to be cut: its blocks, sentences and tokens by their places in bytes.

use std::ops::Range;

use crate::analysis::{sentences, trimmed};
use crate::data::{BlockKind, Document};
use crate::models::Tokens;

/// A document's text made ready to be cut.
pub(super) struct Text<'a> {
    pub(super) all: &'a str,
    pub(super) blocks: Vec<Block>,
    /// The headings, by their level and place.
    headings: Vec<(u8, Range<usize>)>,
    tokens: Vec<Range<usize>>,
    /// The byte at which each character begins; empty where every character is a byte.
    characters: Vec<usize>,
}

/// A block by its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) range: Range<usize>,
    pub(super) page: Option<u32>,
}

/// A stretch that is not cut unless it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) range: Range<usize>,
    /// It stays whole up to so many tokens, also where a chunk is to be shorter.
    pub(super) whole_up_to: usize,
}

impl<'a> Text<'a> {
    pub(super) fn new(document: &'a Document, tokens: &Tokens) -> anyhow::Result<Self> {
        let text = document.text.as_str();
        let characters: Vec<usize> = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(byte, _)| byte).collect()
        };
        let byte = |character: usize| {
            if characters.is_empty() {
                character.min(text.len())
            } else {
                characters.get(character).copied().unwrap_or(text.len())
            }
        };
        let known = document.blocks.iter().map(|block| Block {
            kind: block.kind,
            range: byte(block.start)..byte(block.end),
            page: block.page,
        });
        let blocks = if document.blocks.is_empty() {
            paragraphs(text)
        } else {
            known.collect()
        };
        let heading = |block: &Block| match block.kind {
            BlockKind::Heading(level) => Some((level, block.range.clone())),
            _ => None,
        };
        Ok(Self {
            all: text,
            headings: blocks.iter().filter_map(heading).collect(),
            blocks,
            tokens: tokens.of(text)?,
            characters,
        })
    }

    /// How many characters stand before a byte.
    pub(super) fn character(&self, byte: usize) -> usize {
        if self.characters.is_empty() {
            byte
        } else {
            self.characters.partition_point(|begin| *begin < byte)
        }
    }

    /// The tokens that begin in a range.
    pub(super) fn tokens_in(&self, range: &Range<usize>) -> &[Range<usize>] {
        let from = self
            .tokens
            .partition_point(|token| token.start < range.start);
        let to = self.tokens.partition_point(|token| token.start < range.end);
        &self.tokens[from..to.max(from)]
    }

    /// How many tokens begin in a range.
    pub(super) fn count(&self, range: &Range<usize>) -> usize {
        self.tokens_in(range).len()
    }

    /// All of the text that is not white space at its ends.
    pub(super) fn whole(&self) -> Range<usize> {
        trimmed(self.all, 0..self.all.len())
    }

    /// The sentences of all blocks. A heading, a list item and a line of a table or of code count as one.
    pub(super) fn sentences(&self) -> Vec<Range<usize>> {
        self.blocks
            .iter()
            .flat_map(|block| self.sentences_of(block))
            .collect()
    }

    pub(super) fn sentences_of(&self, block: &Block) -> Vec<Range<usize>> {
        match block.kind {
            BlockKind::Paragraph => sentences(self.all, &block.range),
            BlockKind::Heading(_) | BlockKind::Item => vec![block.range.clone()],
            BlockKind::Table | BlockKind::Code => lines(self.all, &block.range),
        }
    }

    /// The headings above a place, highest first. Of one that begins there, itself too where that is to be counted `with` them.
    pub(super) fn path(&self, place: usize, with: bool) -> Vec<&'a str> {
        let before = self
            .headings
            .partition_point(|(_, range)| range.start < place);
        // From the nearest upwards: each is higher than the one below it.
        let (mut path, mut lowest) = (Vec::new(), u8::MAX);
        if let Some((level, range)) = self
            .headings
            .get(before)
            .filter(|(_, range)| range.start == place)
        {
            lowest = *level;
            path.extend(with.then(|| &self.all[range.clone()]));
        }
        for (level, range) in self.headings[..before].iter().rev() {
            if *level < lowest {
                lowest = *level;
                path.push(&self.all[range.clone()]);
            }
            if lowest == 1 {
                break;
            }
        }
        path.reverse();
        path
    }

    /// The path of headings under which stands what begins at a place, a run of headings there included.
    pub(super) fn section(&self, place: usize) -> Vec<&'a str> {
        let first = self
            .blocks
            .partition_point(|block| block.range.start < place);
        let run = self.blocks[first..]
            .iter()
            .take_while(|block| matches!(block.kind, BlockKind::Heading(_)));
        let last = run.last().map_or(place, |block| block.range.start);
        self.path(last, true)
    }

    /// The page on which a place lies.
    pub(super) fn page(&self, place: usize) -> Option<u32> {
        let after = self
            .blocks
            .partition_point(|block| block.range.start <= place);
        self.blocks[..after].last().and_then(|block| block.page)
    }
}

/// What blank lines separate, of a text whose structure is not known.
fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut push = |range: Range<usize>| {
        let range = trimmed(text, range);
        if !range.is_empty() {
            blocks.push(Block {
                kind: BlockKind::Paragraph,
                range,
                page: None,
            });
        }
    };
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            push(start..place);
            start = place;
        }
        place += line.len();
    }
    push(start..text.len());
    blocks
}

fn lines(text: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut place = range.start;
    let mut found = Vec::new();
    for line in text[range.clone()].split_inclusive('\n') {
        let line_range = trimmed(text, place..place + line.len());
        if !line_range.is_empty() {
            found.push(line_range);
        }
        place += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_separate_paragraphs() {
        let text = " one\ntwo\n\n \n three ";
        let found: Vec<&str> = paragraphs(text)
            .into_iter()
            .map(|block| &text[block.range])
            .collect();
        assert_eq!(found, ["one\ntwo", "three"]);
    }
}
