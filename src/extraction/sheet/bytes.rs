//! What Excel's binary formats are made of.

use super::number::{Kind, shown_number};

/// Bytes that are read from their beginning.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl<'b> Bytes<'b> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// A number that is packed into 32 bits: a whole one, or the upper half of a float; divided by 100 or not.
    pub(super) fn packed_number(&mut self) -> Option<f64> {
        let packed = self.u32()?;
        let number = if packed & 2 == 0 {
            f64::from_bits(u64::from(packed & !3) << 32)
        } else {
            f64::from(packed.cast_signed() >> 2)
        };
        Some(if packed & 1 == 0 {
            number
        } else {
            number / 100.0
        })
    }

    /// Characters of 16 bits each.
    pub(super) fn wide(&mut self, count: usize) -> Option<String> {
        let units = self.take(count.checked_mul(2)?)?;
        Some(
            encoding_rs::UTF_16LE
                .decode_without_bom_handling(units)
                .0
                .into_owned(),
        )
    }
}

/// What the cells of a workbook refer to.
#[derive(Default)]
pub(super) struct Book {
    pub(super) strings: Vec<String>,
    /// Kinds of numbers by the style of a cell.
    pub(super) kinds: Vec<Kind>,
    pub(super) since_1904: bool,
}

impl Book {
    pub(super) fn string(&self, place: usize) -> String {
        self.strings.get(place).cloned().unwrap_or_default()
    }

    pub(super) fn number(&self, number: f64, style: Option<usize>) -> String {
        let kind = style.and_then(|style| self.kinds.get(style)).copied();
        shown_number(number, kind.unwrap_or(Kind::Plain), self.since_1904)
    }
}

pub(super) fn shown_truth(is_true: bool) -> String {
    if is_true { "TRUE" } else { "FALSE" }.to_owned()
}

pub(super) fn shown_error(code: u8) -> String {
    let name = match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    };
    name.to_owned()
}
