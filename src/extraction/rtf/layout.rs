//! What the text of RTF becomes: paragraphs, headings, items and tables.

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::target::When;

/// A document in the making, and what is not part of it yet.
pub(super) struct Layout<'g> {
    guard: &'g Guard<'g>,
    pub(super) draft: Draft,
    /// The paragraph or cell so far.
    pub(super) text: String,
    /// The mark of the item so far.
    pub(super) mark: String,
    /// When it was made and changed.
    pub(super) dates: Vec<(When, String)>,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
    width: usize,
    /// Texts that a footnote or a text box stands in.
    around: Vec<String>,
    asides: Vec<String>,
}

impl<'g> Layout<'g> {
    pub(super) fn new(guard: &'g Guard<'g>) -> Self {
        Self {
            guard,
            draft: Draft::default(),
            text: String::new(),
            mark: String::new(),
            dates: Vec::new(),
            row: Vec::new(),
            rows: Vec::new(),
            width: 0,
            around: Vec::new(),
            asides: Vec::new(),
        }
    }

    pub(super) fn end_cell(&mut self) {
        let mark = self.take_mark();
        let text = std::mem::take(&mut self.text);
        self.row.push(format!("{mark}{text}"));
    }

    pub(super) fn end_row(&mut self) {
        if !self.row.is_empty() {
            self.width = self.width.max(self.row.len());
            self.rows.push(std::mem::take(&mut self.row));
        }
    }

    /// Ends the table, if there is one before this paragraph.
    fn end_table(&mut self) -> Result<(), Refusal> {
        self.end_row();
        // Every row of a table gets as many cells as the longest.
        self.guard
            .spend(self.rows.len().saturating_mul(self.width).saturating_mul(3))?;
        self.width = 0;
        self.draft.table(&std::mem::take(&mut self.rows));
        Ok(())
    }

    /// The number before a heading or a paragraph; nothing where it is a mere bullet.
    fn take_mark(&mut self) -> String {
        let mark = std::mem::take(&mut self.mark);
        if mark.chars().any(char::is_alphanumeric) {
            return format!("{} ", mark.trim());
        }
        String::new()
    }

    /// Ends a paragraph. One with a mark is an item, unless it is a heading.
    pub(super) fn end_paragraph(
        &mut self,
        outline: Option<u8>,
        depth: usize,
    ) -> Result<(), Refusal> {
        self.end_table()?;
        let is_item = !self.mark.is_empty();
        let text = std::mem::take(&mut self.text);
        let mark = self.take_mark();
        match outline {
            Some(outline) => self.draft.heading(outline + 1, &format!("{mark}{text}")),
            None if is_item => self.draft.item(depth, &text),
            None => self.draft.paragraph(&text),
        }
        self.say_asides();
        Ok(())
    }

    fn say_asides(&mut self) {
        for aside in std::mem::take(&mut self.asides) {
            self.draft.paragraph(&aside);
        }
    }

    pub(super) fn begin_aside(&mut self) {
        self.around.push(std::mem::take(&mut self.text));
    }

    /// Ends a paragraph of a footnote or a text box.
    pub(super) fn end_aside(&mut self) {
        self.asides.push(std::mem::take(&mut self.text));
    }

    pub(super) fn leave_aside(&mut self) {
        self.end_aside();
        self.text = self.around.pop().unwrap_or_default();
    }

    pub(super) fn finish(mut self) -> Result<Draft, Refusal> {
        self.end_table()?;
        self.say_asides();
        self.dates.sort_unstable();
        for (_, date) in &self.dates {
            self.draft.date(date);
        }
        Ok(self.draft)
    }
}
