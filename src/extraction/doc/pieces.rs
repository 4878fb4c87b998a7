//! The piece table: where in the file the characters stand, and in which encoding.

use encoding_rs::WINDOWS_1252;

use super::super::Refusal;
use super::super::guard::Guard;
use super::bytes::{u16_at, u32_at};

/// A character, as a unit of UTF-16, and the place of its first byte in the file.
pub(super) type Placed = (u16, u32);

/// A run of characters that stand next to each other in the file.
struct Piece {
    from: u32,
    to: u32,
    place: u32,
    is_wide: bool,
}

/// All pieces of the text, in its order.
pub(super) struct Pieces<'w> {
    word: &'w [u8],
    pieces: Vec<Piece>,
}

impl<'w> Pieces<'w> {
    /// From the `Clx`: properties, each with its length, before the piece table itself.
    pub(super) fn new(word: &'w [u8], clx: &[u8], guard: &Guard<'_>) -> Result<Self, Refusal> {
        let cut = || Refusal::Damaged("its piece table is missing".to_owned());
        let mut at = 0;
        while clx.get(at) == Some(&1) {
            at += 3 + usize::from(u16_at(clx, at + 1).ok_or_else(cut)?);
        }
        if clx.get(at) != Some(&2) {
            return Err(cut());
        }
        let table = clx.get(at + 5..).ok_or_else(cut)?;
        let length = u32_at(clx, at + 1).ok_or_else(cut)? as usize;
        let table = table.get(..length).unwrap_or(table);
        let count = table.len().saturating_sub(4) / 12;
        let mut pieces = Vec::with_capacity(count);
        for number in 0..count {
            guard.check()?;
            let from = u32_at(table, 4 * number).ok_or_else(cut)?;
            let to = u32_at(table, 4 * number + 4).ok_or_else(cut)?;
            let place = u32_at(table, 4 * (count + 1) + 8 * number + 2).ok_or_else(cut)?;
            let is_wide = place & 0x4000_0000 == 0;
            let place = place & 0x3FFF_FFFF;
            let place = if is_wide { place } else { place / 2 };
            if from < to && pieces.last().is_none_or(|last: &Piece| last.to <= from) {
                pieces.push(Piece {
                    from,
                    to,
                    place,
                    is_wide,
                });
            }
        }
        Ok(Self { word, pieces })
    }

    /// The characters of a stretch of the text.
    pub(super) fn characters(&self, from: u32, length: u32) -> impl Iterator<Item = Placed> + '_ {
        let end = from.saturating_add(length);
        let within = self
            .pieces
            .iter()
            .filter(move |piece| piece.from < end && piece.to > from);
        within.flat_map(move |piece| {
            let first = piece.from.max(from) - piece.from;
            let last = piece.to.min(end) - piece.from;
            let characters = (first..last).map(|offset| self.character(piece, offset));
            // A piece may say that it is longer than the file.
            characters.take_while(Option::is_some).flatten()
        })
    }

    fn character(&self, piece: &Piece, offset: u32) -> Option<Placed> {
        let width = if piece.is_wide { 2 } else { 1 };
        let place = piece.place.checked_add(offset.checked_mul(width)?)?;
        if piece.is_wide {
            return Some((u16_at(self.word, place as usize)?, place));
        }
        let byte = *self.word.get(place as usize)?;
        if byte.is_ascii() {
            return Some((byte.into(), place));
        }
        let text = WINDOWS_1252
            .decode_without_bom_handling(std::slice::from_ref(&byte))
            .0;
        Some((text.encode_utf16().next()?, place))
    }
}
