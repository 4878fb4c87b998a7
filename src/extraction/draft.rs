//! A document in the making: readers of all formats say what they find, in its order, and the text and its blocks
//! come out the same way.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

use crate::data::{Block, BlockKind, Document, Metadata};

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    title: String,
    text: String,
    characters: usize,
    blocks: Vec<Block>,
    page: Option<u32>,
    metadata: Metadata,
    /// What tells it from other documents of the same file; empty where it is the file's own.
    pub(super) part: String,
}

impl Draft {
    /// The title, if none was found yet.
    pub(super) fn title(&mut self, title: &str) {
        if self.title.is_empty() {
            self.title = one_line(title);
        }
    }

    /// A fact about the document, if it is not known yet: `author`, `date`, …
    pub(super) fn fact(&mut self, name: &str, value: &str) {
        let value = one_line(value);
        if !value.is_empty() {
            self.metadata.entry(name.to_owned()).or_insert(value);
        }
    }

    /// The date, as ISO 8601 has it, of any of the usual ways of writing one; one that is none of them is left out.
    pub(super) fn date(&mut self, text: &str) {
        if let Some(date) = iso_date(text.trim()) {
            self.fact("date", &date);
        }
    }

    /// What follows stands on this page.
    pub(super) fn page(&mut self, number: u32) {
        self.page = Some(number);
    }

    /// A heading; level 1 is the highest.
    pub(super) fn heading(&mut self, level: u8, text: &str) {
        self.add(BlockKind::Heading(level.max(1)), &one_line(text));
    }

    /// A paragraph. White space, line breaks too, becomes single spaces.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.add(BlockKind::Paragraph, &one_line(text));
    }

    /// An item of a list, `depth` lists deep from 0.
    pub(super) fn item(&mut self, depth: usize, text: &str) {
        let text = one_line(text);
        if !text.is_empty() {
            let indent = "  ".repeat(depth.min(8));
            self.add(BlockKind::Item, &format!("{indent}- {text}"));
        }
    }

    /// A table: cells by row. Rows and columns without any text are left out.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|cells| cells.iter().map(|cell| one_line(cell)).collect())
            .collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let is_used = |column: usize| {
            let mut cells = rows.iter().filter_map(|cells| cells.get(column));
            cells.any(|cell| !cell.is_empty())
        };
        let used: Vec<usize> = (0..width).filter(|column| is_used(*column)).collect();
        let line = |cells: &Vec<String>| {
            let cell = |column: &usize| cells.get(*column).map_or("", String::as_str);
            used.iter().map(cell).collect::<Vec<_>>().join(" | ")
        };
        let has_text = |cells: &&Vec<String>| cells.iter().any(|cell| !cell.is_empty());
        let lines: Vec<String> = rows.iter().filter(has_text).map(line).collect();
        self.add(BlockKind::Table, &lines.join("\n"));
    }

    /// Preformatted text, kept as it is but for blanks at the ends of lines.
    pub(super) fn code(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let text = lines.join("\n");
        self.add(BlockKind::Code, text.trim_matches('\n'));
    }

    /// Characters so far.
    pub(super) fn len(&self) -> usize {
        self.characters
    }

    fn add(&mut self, kind: BlockKind, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let last = self.blocks.last().map(|block| block.kind);
        let gap = match last {
            None => "",
            Some(BlockKind::Item) if kind == BlockKind::Item => "\n",
            Some(_) => "\n\n",
        };
        self.text.push_str(gap);
        let start = self.characters + gap.len();
        let end = start + text.chars().count();
        self.text.push_str(text);
        self.characters = end;
        self.blocks.push(Block {
            kind,
            start,
            end,
            page: self.page,
        });
    }

    /// The document, or `None` where there is no text. Without a title it gets the text of the highest heading, if that is what it
    /// begins with, or else the `fallback`.
    pub(super) fn finish(mut self, id: String, fallback: &str) -> Option<Document> {
        let first = self.blocks.first()?;
        if self.title.is_empty() {
            self.title = match first.kind {
                BlockKind::Heading(1) => self.text.chars().take(first.end).collect(),
                _ => fallback.to_owned(),
            };
        }
        if let Some(pages) = self.page {
            self.fact("pages", &pages.to_string());
        }
        Some(Document {
            id,
            title: self.title,
            text: self.text,
            blocks: self.blocks,
            metadata: self.metadata,
            access: Vec::new(),
            vector: None,
        })
    }
}

/// The words of `text` with single spaces between them, without control characters and soft hyphens.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut kept = word
            .chars()
            .filter(|c| !matches!(c, '\u{ad}' | '\u{feff}' | '\u{200b}'))
            .peekable();
        if kept.peek().is_some() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(kept);
        }
    }
    line
}

/// A date as ISO 8601 has it, `2024-05-31` or `2024-05-31T12:00:00+02:00`, of what ISO 8601, RFC 2822 or PDF make of it.
fn iso_date(text: &str) -> Option<String> {
    let of_moment =
        |moment: DateTime<FixedOffset>| moment.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    if let Ok(moment) =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text))
    {
        return Some(of_moment(moment));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"] {
        if let Ok(moment) = DateTime::parse_from_str(text, format) {
            return Some(of_moment(moment));
        }
    }
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
    ] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, format) {
            return Some(moment.format("%Y-%m-%dT%H:%M:%S").to_string());
        }
    }
    for format in ["%Y-%m-%d", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y"] {
        if let Ok(day) = NaiveDate::parse_from_str(text, format) {
            return Some(day.to_string());
        }
    }
    let digits = text.strip_prefix("D:")?;
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    if digits.len() >= 14 {
        let moment = NaiveDateTime::parse_from_str(&digits[..14], "%Y%m%d%H%M%S").ok()?;
        return Some(moment.format("%Y-%m-%dT%H:%M:%S").to_string());
    }
    let day = NaiveDate::parse_from_str(digits.get(..8)?, "%Y%m%d").ok()?;
    Some(day.to_string())
}
