//! Excel's binary workbooks since 2007.

use std::collections::HashMap;

use super::super::Refusal;
use super::super::archive::Archive;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::super::office::{self, Relation};
use super::bytes::{Book, Bytes, shown_error, shown_truth};
use super::number::Kind;
use super::{Cells, tell};

/// Tells the sheets in their order.
pub(super) fn read(
    archive: &Archive<'_>,
    package: &[Relation],
    guard: &Guard<'_>,
    draft: &mut Draft,
) -> Result<(), Refusal> {
    let main = office::related(package, "officeDocument").unwrap_or("xl/workbook.bin");
    let relations = office::relations(archive, main)?;
    let part = |kind: &str| {
        office::related(&relations, kind)
            .map(|name| archive.read(name))
            .transpose()
    };
    let workbook = archive.need(main)?;
    let mut book = Book::default();
    for (kind, mut bytes) in Records(Bytes(&part("sharedStrings")?.flatten().unwrap_or_default())) {
        if kind == 0x13 {
            book.strings
                .push(rich_string(&mut bytes).unwrap_or_default());
        }
    }
    add_kinds(&part("styles")?.flatten().unwrap_or_default(), &mut book);
    let mut sheets = Vec::new();
    for (kind, mut bytes) in Records(Bytes(&workbook)) {
        match kind {
            0x99 => book.since_1904 = bytes.u32().is_some_and(|flags| flags & 1 == 1),
            0x9C => sheets.extend(sheet_name(&mut bytes)),
            _ => {}
        }
    }
    for (id, name) in sheets {
        let part = office::part_of(&relations, &id);
        if let Some(bytes) = part.map(|part| archive.read(part)).transpose()?.flatten() {
            tell(&name, cells(&book, &bytes, guard)?, guard, draft)?;
        }
    }
    Ok(())
}

/// Records with their kinds, to the end or to where the part is damaged.
struct Records<'b>(Bytes<'b>);

impl<'b> Iterator for Records<'b> {
    type Item = (u16, Bytes<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        let low = u16::from(self.0.u8()?);
        let kind = if low < 0x80 {
            low
        } else {
            low & 0x7F | u16::from(self.0.u8()? & 0x7F) << 7
        };
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.0.u8()?;
            length |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some((kind, Bytes(self.0.take(length)?)))
    }
}

fn string(bytes: &mut Bytes<'_>) -> Option<String> {
    let count = bytes.u32()?;
    bytes.wide(count.try_into().ok()?)
}

/// A string with its fonts, which follow it.
fn rich_string(bytes: &mut Bytes<'_>) -> Option<String> {
    bytes.u8()?;
    string(bytes)
}

/// The id of the relation to a sheet, and its name.
fn sheet_name(bytes: &mut Bytes<'_>) -> Option<(String, String)> {
    bytes.take(8)?;
    Some((string(bytes)?, string(bytes)?))
}

fn add_kinds(styles: &[u8], book: &mut Book) {
    let mut by_id = HashMap::new();
    let mut is_of_cells = false;
    for (kind, mut bytes) in Records(Bytes(styles)) {
        match kind {
            0x2C => {
                if let Some(id) = bytes.u16()
                    && let Some(format) = string(&mut bytes)
                {
                    by_id.insert(id, Kind::of(&format));
                }
            }
            0x0269 => is_of_cells = true,
            0x026A => is_of_cells = false,
            0x2F if is_of_cells => {
                let format = bytes.u32().map_or(0, |style| style >> 16);
                let own = || Kind::own(format as usize);
                book.kinds.push(
                    u16::try_from(format)
                        .ok()
                        .and_then(|id| by_id.get(&id).copied())
                        .unwrap_or_else(own),
                );
            }
            _ => {}
        }
    }
}

fn cells(book: &Book, sheet: &[u8], guard: &Guard<'_>) -> Result<Cells, Refusal> {
    let mut cells = Cells::new();
    let mut row = 0;
    for (kind, mut bytes) in Records(Bytes(sheet)) {
        if kind == 0 {
            row = bytes.u32().unwrap_or(0) as usize + 1;
        } else if let Some((column, text)) = cell(book, kind, &mut bytes) {
            guard.spend(text.len())?;
            cells.insert((row, column), text);
        }
    }
    Ok(cells)
}

/// The column and the text of a cell, if the record is one.
fn cell(book: &Book, kind: u16, bytes: &mut Bytes<'_>) -> Option<(usize, String)> {
    if !matches!(kind, 2..=11 | 62) {
        return None;
    }
    let column = bytes.u32()? as usize + 1;
    let style = Some((bytes.u32()? & 0xFF_FFFF) as usize);
    let text = match kind {
        2 => book.number(bytes.packed_number()?, style),
        3 | 11 => shown_error(bytes.u8()?),
        4 | 10 => shown_truth(bytes.u8()? == 1),
        5 | 9 => book.number(bytes.f64()?, style),
        6 | 8 => string(bytes)?,
        7 => book.string(bytes.u32()? as usize),
        _ => rich_string(bytes)?,
    };
    Some((column, text))
}
