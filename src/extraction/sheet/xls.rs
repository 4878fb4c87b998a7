//! Workbooks of Excel 5 to 2003.

use std::collections::HashMap;
use std::io::Cursor;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::bytes::{Book, Bytes, shown_error, shown_truth};
use super::number::Kind;
use super::{Cells, tell};

// The kinds of records that are read.
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;
const PASSWORD: u16 = 0x002F;
const CODE_PAGE: u16 = 0x0042;
const EPOCH: u16 = 0x0022;
const FORMAT: u16 = 0x041E;
const STYLE: u16 = 0x00E0;
const SHEET: u16 = 0x0085;
const STRINGS: u16 = 0x00FC;

/// Tells the sheets in their order.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(Refusal::damaged)?;
    let name = if file.exists("/Workbook") {
        "/Workbook"
    } else {
        "/Book"
    };
    let stream = guard.unpack(file.open_stream(name).map_err(Refusal::damaged)?)?;
    let mut workbook = Workbook::of(&stream, guard)?;
    for (start, name) in std::mem::take(&mut workbook.sheets) {
        let cells = workbook.cells(stream.get(start..).unwrap_or_default(), guard)?;
        tell(&name, cells, guard, draft)?;
    }
    Ok(())
}

/// Records with their kinds, to the end or to where the stream is damaged.
struct Records<'b>(Bytes<'b>);

impl<'b> Iterator for Records<'b> {
    type Item = (u16, Bytes<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.0.u16()?;
        let length = self.0.u16()?;
        Some((kind, Bytes(self.0.take(length.into())?)))
    }
}

struct Workbook {
    book: Book,
    /// Sheets: where they begin, and their names.
    sheets: Vec<(usize, String)>,
    /// Whether strings are Unicode, as they are since Excel 97.
    is_unicode: bool,
    encoding: &'static Encoding,
}

impl Workbook {
    fn of(stream: &[u8], guard: &Guard<'_>) -> Result<Self, Refusal> {
        let mut workbook = Self {
            book: Book::default(),
            sheets: Vec::new(),
            is_unicode: true,
            encoding: WINDOWS_1252,
        };
        let mut formats = HashMap::new();
        let mut records = Records(Bytes(stream)).peekable();
        while let Some((kind, mut bytes)) = records.next() {
            guard.check()?;
            match kind {
                BEGIN => workbook.is_unicode = bytes.u16() == Some(0x0600),
                PASSWORD => return Err(Refusal::Encrypted),
                CODE_PAGE => workbook.encoding = bytes.u16().map_or(WINDOWS_1252, encoding),
                EPOCH => workbook.book.since_1904 = bytes.u16() == Some(1),
                FORMAT => {
                    let id = bytes.u16().unwrap_or(0);
                    let format = if workbook.is_unicode {
                        workbook.string(bytes)
                    } else {
                        workbook.short_string(bytes)
                    };
                    formats.insert(id, Kind::of(&format.unwrap_or_default()));
                }
                STYLE => {
                    let format = bytes.u32().map_or(0, |style| style >> 16) as usize;
                    let kind = u16::try_from(format)
                        .ok()
                        .and_then(|id| formats.get(&id).copied());
                    workbook
                        .book
                        .kinds
                        .push(kind.unwrap_or_else(|| Kind::own(format)));
                }
                SHEET => workbook.sheets.extend(workbook.sheet(bytes)),
                STRINGS => {
                    let mut parts = vec![bytes];
                    while let Some((_, part)) = records.next_if(|(kind, _)| *kind == CONTINUE) {
                        parts.push(part);
                    }
                    workbook.book.strings = strings(parts, guard)?;
                }
                END => break,
                _ => {}
            }
        }
        Ok(workbook)
    }

    /// Where a sheet begins, and its name; `None` of charts and macros.
    fn sheet(&self, mut bytes: Bytes<'_>) -> Option<(usize, String)> {
        let start = bytes.u32()? as usize;
        bytes.u8()?;
        let is_sheet = bytes.u8()? == 0;
        let name = self.short_string(bytes)?;
        is_sheet.then_some((start, name))
    }

    fn short_string(&self, mut bytes: Bytes<'_>) -> Option<String> {
        let count = bytes.u8()?.into();
        self.characters(bytes, count)
    }

    fn string(&self, mut bytes: Bytes<'_>) -> Option<String> {
        let count = bytes.u16()?.into();
        self.characters(bytes, count)
    }

    fn characters(&self, mut bytes: Bytes<'_>, count: usize) -> Option<String> {
        if self.is_unicode {
            Parts::new(vec![bytes]).characters(count)
        } else {
            Some(
                self.encoding
                    .decode_without_bom_handling(bytes.take(count)?)
                    .0
                    .into_owned(),
            )
        }
    }

    fn cells(&self, sheet: &[u8], guard: &Guard<'_>) -> Result<Cells, Refusal> {
        let mut cells = Cells::new();
        let mut place = (0, 0);
        // Charts stand within the sheets that they are part of, and have cells of their own.
        let mut depth = 0_usize;
        for (kind, mut bytes) in Records(Bytes(sheet)) {
            guard.check()?;
            match kind {
                BEGIN => depth += 1,
                END if depth <= 1 => break,
                END => depth -= 1,
                _ if depth > 1 => {}
                // The text that the formula before gives.
                0x0207 => drop(cells.insert(place, self.string(bytes).unwrap_or_default())),
                0x00BD => self.add_numbers(bytes, &mut cells),
                0x0006 | 0x00D6 | 0x00FD | 0x0203 | 0x0204 | 0x0205 | 0x027E => {
                    let (Some(row), Some(column), Some(style)) =
                        (bytes.u16(), bytes.u16(), bytes.u16())
                    else {
                        break;
                    };
                    place = (usize::from(row) + 1, usize::from(column) + 1);
                    let text = self.value(kind, bytes, style.into()).unwrap_or_default();
                    guard.spend(text.len())?;
                    cells.insert(place, text);
                }
                _ => {}
            }
        }
        Ok(cells)
    }

    /// Numbers side by side.
    fn add_numbers(&self, mut bytes: Bytes<'_>, cells: &mut Cells) {
        let (Some(row), Some(first)) = (bytes.u16(), bytes.u16()) else {
            return;
        };
        for column in usize::from(first) + 1.. {
            let (Some(style), Some(number)) = (bytes.u16(), bytes.packed_number()) else {
                return;
            };
            cells.insert(
                (usize::from(row) + 1, column),
                self.book.number(number, Some(style.into())),
            );
        }
    }

    fn value(&self, kind: u16, mut bytes: Bytes<'_>, style: usize) -> Option<String> {
        Some(match kind {
            0x00FD => self.book.string(bytes.u32()? as usize),
            0x00D6 | 0x0204 => self.string(bytes)?,
            0x0203 => self.book.number(bytes.f64()?, Some(style)),
            0x027E => self.book.number(bytes.packed_number()?, Some(style)),
            0x0205 => truth_or_error(bytes.u8()?, bytes.u8()? == 1),
            // A formula: its value is a number unless the last bytes say otherwise.
            _ => match *bytes.0.first_chunk::<8>()? {
                [1, _, value, .., 0xFF, 0xFF] => truth_or_error(value, false),
                [2, _, value, .., 0xFF, 0xFF] => truth_or_error(value, true),
                [.., 0xFF, 0xFF] => String::new(),
                _ => self.book.number(bytes.f64()?, Some(style)),
            },
        })
    }
}

fn truth_or_error(value: u8, is_error: bool) -> String {
    if is_error {
        shown_error(value)
    } else {
        shown_truth(value == 1)
    }
}

/// The encoding that Windows has under this number.
fn encoding(code_page: u16) -> &'static Encoding {
    let label = match code_page {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 | 32768 => "macintosh".to_owned(),
        page => format!("windows-{page}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// The strings of all sheets, which may go on from one record to the next.
fn strings(parts: Vec<Bytes<'_>>, guard: &Guard<'_>) -> Result<Vec<String>, Refusal> {
    let mut parts = Parts::new(parts);
    let mut strings = Vec::new();
    parts.skip(8);
    while let Some(count) = parts.u16() {
        guard.check()?;
        let Some(string) = parts.characters(count.into()) else {
            break;
        };
        strings.push(string);
    }
    Ok(strings)
}

/// Records that continue one another.
struct Parts<'b> {
    current: Bytes<'b>,
    rest: std::vec::IntoIter<Bytes<'b>>,
}

impl<'b> Parts<'b> {
    fn new(parts: Vec<Bytes<'b>>) -> Self {
        Self {
            current: Bytes(&[]),
            rest: parts.into_iter(),
        }
    }

    fn u8(&mut self) -> Option<u8> {
        while self.current.0.is_empty() {
            self.current = self.rest.next()?;
        }
        self.current.u8()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.u8()?, self.u8()?]))
    }

    fn skip(&mut self, mut count: usize) {
        while count > 0 {
            let here = count.min(self.current.0.len());
            self.current.take(here);
            count -= here;
            if count > 0 {
                let Some(next) = self.rest.next() else { return };
                self.current = next;
            }
        }
    }

    /// So many characters, after what tells how they are written and before their fonts.
    fn characters(&mut self, count: usize) -> Option<String> {
        let flags = self.u8()?;
        let runs = if flags & 8 == 0 {
            0
        } else {
            usize::from(self.u16()?)
        };
        let more = if flags & 4 == 0 {
            0
        } else {
            usize::from(self.u16()?) | usize::from(self.u16()?) << 16
        };
        let mut is_wide = flags & 1 == 1;
        let mut units = Vec::new();
        while units.len() < count {
            if self.current.0.is_empty() {
                self.current = self.rest.next()?;
                // What is continued begins with how it goes on.
                is_wide = self.u8()? & 1 == 1;
            }
            units.push(if is_wide {
                self.u16()?
            } else {
                self.u8()?.into()
            });
        }
        self.skip(runs * 4);
        self.skip(more);
        Some(String::from_utf16_lossy(&units))
    }
}
