//! Word 97 to 2003: text from the piece table of its `WordDocument` stream, structure from the properties of paragraphs.

mod bytes;
mod formats;
mod pieces;
mod story;
mod styles;
mod summary;

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use super::Refusal;
use super::draft::Draft;
use super::guard::Guard;

use self::bytes::{u16_at, u32_at};
use self::formats::Formats;
use self::pieces::Pieces;
use self::story::Story;
use self::styles::Styles;

/// The first bytes of Word 97 and of what came before it.
const WORD_97: u16 = 0xA5EC;
const WORD_6: u16 = 0xA5DC;

/// Where the lengths of the parts of the text stand: the main text, footnotes, headers, macros, remarks, endnotes and text boxes.
const LENGTHS: usize = 76;

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let mut file = CompoundFile::open(Cursor::new(bytes)).map_err(Refusal::damaged)?;
    let mut stream = |name: &str| -> Result<Option<Vec<u8>>, Refusal> {
        if !file.is_stream(name) {
            return Ok(None);
        }
        let stream = file.open_stream(name).map_err(Refusal::damaged)?;
        let mut bytes = Vec::new();
        // No stream is longer than the file, whatever it says.
        let length = stream.take(1 << 30).read_to_end(&mut bytes);
        match length {
            Ok(_) => Ok(Some(bytes)),
            Err(error) => Err(Refusal::damaged(error)),
        }
    };
    let word =
        stream("/WordDocument")?.ok_or_else(|| Refusal::Damaged("it has no text".to_owned()))?;
    let flags = head(&word)?;
    let table = if flags & 0x0200 == 0 {
        "/0Table"
    } else {
        "/1Table"
    };
    let table = stream(table)?.ok_or_else(|| Refusal::Damaged(format!("it has no `{table}`")))?;
    let data = stream("/Data").unwrap_or_default().unwrap_or_default();
    let summary = stream("/\u{5}SummaryInformation").unwrap_or_default();
    let part = |place: usize| part(&word, &table, place);

    let pieces = Pieces::new(&word, part(0x1A2), guard)?;
    let styles = Styles::new(part(0xA2));
    let formats = Formats::new(&word, part(0x102), part(0xFA), &data);
    let mut draft = Draft::default();
    if let Some(summary) = summary {
        summary::facts(&mut draft, &summary);
    }
    let mut from = 0;
    let mut story = Story::new(&mut draft, &pieces, &formats, &styles, guard);
    for (number, is_read) in [true, true, false, false, false, true, true]
        .into_iter()
        .enumerate()
    {
        let length = u32_at(&word, LENGTHS + 4 * number).unwrap_or(0);
        if is_read {
            story.tell(from, length)?;
        }
        from = from.saturating_add(length);
    }
    Ok(draft)
}

/// Whether this is a document that can be read; the flags of its first bytes.
fn head(word: &[u8]) -> Result<u16, Refusal> {
    let cut = || Refusal::Damaged("its first bytes are missing".to_owned());
    let magic = u16_at(word, 0).ok_or_else(cut)?;
    let flags = u16_at(word, 10).ok_or_else(cut)?;
    let version = u16_at(word, 2).ok_or_else(cut)?;
    if magic == WORD_6 || (magic == WORD_97 && version < 0xC0) {
        return Err(Refusal::Unknown("Word 6 or 95".to_owned()));
    }
    if magic != WORD_97 {
        return Err(Refusal::Damaged(
            "it does not begin as Word does".to_owned(),
        ));
    }
    if flags & 0x0100 != 0 {
        return Err(Refusal::Encrypted);
    }
    Ok(flags)
}

/// A part of the table stream, by where its place and length stand in the `WordDocument` stream.
fn part<'t>(word: &[u8], table: &'t [u8], place: usize) -> &'t [u8] {
    let range = u32_at(word, place).zip(u32_at(word, place + 4));
    let range =
        range.map(|(from, length)| from as usize..(from as usize).saturating_add(length as usize));
    range.and_then(|range| table.get(range)).unwrap_or_default()
}
