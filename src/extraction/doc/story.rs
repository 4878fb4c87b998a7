//! One of the texts of a document, such as its main text or its footnotes, from characters to paragraphs and tables.

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::formats::{Formats, Paragraph};
use super::pieces::Pieces;
use super::styles::Styles;

/// A text in the making.
pub(super) struct Story<'d> {
    draft: &'d mut Draft,
    pieces: &'d Pieces<'d>,
    formats: &'d Formats,
    styles: &'d Styles,
    guard: &'d Guard<'d>,
    units: Vec<u16>,
    /// For each field around this place, whether it is in its instruction, which is not shown.
    fields: Vec<bool>,
    cell: String,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
    width: usize,
}

impl<'d> Story<'d> {
    pub(super) fn new(
        draft: &'d mut Draft,
        pieces: &'d Pieces<'d>,
        formats: &'d Formats,
        styles: &'d Styles,
        guard: &'d Guard<'d>,
    ) -> Self {
        Self {
            draft,
            pieces,
            formats,
            styles,
            guard,
            units: Vec::new(),
            fields: Vec::new(),
            cell: String::new(),
            row: Vec::new(),
            rows: Vec::new(),
            width: 0,
        }
    }

    /// Adds the text from one character on, so many long.
    pub(super) fn tell(&mut self, from: u32, length: u32) -> Result<(), Refusal> {
        let pieces = self.pieces;
        for (count, (unit, place)) in pieces.characters(from, length).enumerate() {
            if count % 1024 == 0 {
                self.guard.check()?;
            }
            match unit {
                0x13 => self.fields.push(true),
                0x14 => {
                    if let Some(field) = self.fields.last_mut() {
                        *field = false;
                    }
                }
                0x15 => {
                    self.fields.pop();
                }
                0x07 | 0x0D => {
                    // No instruction is longer than a paragraph, but a damaged one may never end.
                    self.fields.iter_mut().for_each(|field| *field = false);
                    self.end(unit, place)?;
                }
                0x0C => self.end(0x0D, place)?,
                _ if self.fields.contains(&true) || self.formats.is_hidden(place) => {}
                0x09 | 0x0B | 0x0E => self.units.push(0x20),
                0x1E => self.units.push(0x2011),
                0..0x20 => {}
                unit => self.units.push(unit),
            }
        }
        self.end(0x0D, u32::MAX)?;
        self.end_table()?;
        self.fields.clear();
        Ok(())
    }

    /// Ends a paragraph, or a cell.
    fn end(&mut self, mark: u16, place: u32) -> Result<(), Refusal> {
        let text = String::from_utf16_lossy(&std::mem::take(&mut self.units));
        let paragraph = self.formats.paragraph(place);
        let is_cell = mark == 0x07;
        if !is_cell && !paragraph.is_in_table {
            self.end_table()?;
            self.say(&paragraph, &text);
            return Ok(());
        }
        if paragraph.ends_row && is_cell {
            return self.end_row();
        }
        self.cell.push_str(&text);
        if is_cell && paragraph.nesting < 2 {
            self.row.push(std::mem::take(&mut self.cell));
        } else {
            self.cell.push('\n');
        }
        Ok(())
    }

    fn say(&mut self, paragraph: &Paragraph, text: &str) {
        if let Some(level) = self.styles.heading(paragraph) {
            self.draft.heading(level, text);
        } else if let Some(depth) = self.styles.item(paragraph) {
            self.draft.item(depth, text);
        } else {
            self.draft.paragraph(text);
        }
    }

    fn end_row(&mut self) -> Result<(), Refusal> {
        let mut row = std::mem::take(&mut self.row);
        let cell = std::mem::take(&mut self.cell);
        if !cell.trim().is_empty() {
            row.push(cell);
        }
        self.width = self.width.max(row.len());
        self.rows.push(row);
        self.guard.check()
    }

    fn end_table(&mut self) -> Result<(), Refusal> {
        if !self.row.is_empty() || !self.cell.is_empty() {
            self.end_row()?;
        }
        let rows = std::mem::take(&mut self.rows);
        // Every row of a table gets as many cells as the longest.
        self.guard
            .spend(rows.len().saturating_mul(self.width).saturating_mul(3))?;
        self.width = 0;
        self.draft.table(&rows);
        Ok(())
    }
}
