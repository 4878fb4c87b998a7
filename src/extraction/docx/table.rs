//! Tables in Word documents.

use roxmltree::Node;

use super::super::Refusal;
use super::super::office::{descend, is, number};
use super::{Inline, Reader};

/// Columns beyond these are left out of a span.
const WIDEST_SPAN: usize = 1000;

impl Reader<'_, '_> {
    /// A table, and after it the tables in its cells. One of a single cell is only a frame around what it holds.
    pub(super) fn table(&mut self, table: Node<'_, '_>) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        let mut lines = Vec::new();
        self.unwrap(table, &mut lines)?;
        lines.retain(|line| is(*line, "tr") && descend(*line, &["trPr", "del"]).is_none());
        let mut rows = Vec::new();
        for line in lines {
            let mut cells = Vec::new();
            self.unwrap(line, &mut cells)?;
            cells.retain(|cell| is(*cell, "tc"));
            let before =
                descend(line, &["trPr", "gridBefore"]).and_then(|before| number(before, "val"));
            rows.push((before.unwrap_or(0).min(WIDEST_SPAN), cells));
        }
        if let [(_, cells)] = rows.as_slice()
            && let [cell] = cells.as_slice()
        {
            return self.blocks(*cell);
        }
        self.end();
        let mut inner = Vec::new();
        let mut turned = 0;
        let mut grid = Vec::new();
        for (before, cells) in rows {
            self.guard.spend(before)?;
            let mut row = vec![String::new(); before];
            for cell in cells {
                let mut inline = Inline::default();
                self.cell(cell, &mut inline, &mut inner)?;
                turned += inline.before + inline.after;
                row.push(inline.text);
                let span =
                    descend(cell, &["tcPr", "gridSpan"]).and_then(|span| number(span, "val"));
                let span = span.unwrap_or(1).clamp(1, WIDEST_SPAN) - 1;
                self.guard.spend(span)?;
                row.resize(row.len() + span, String::new());
            }
            grid.push(row);
        }
        self.draft.table(&grid);
        for table in inner {
            self.table(table)?;
        }
        self.turn(turned);
        Ok(())
    }

    /// The text of a cell or a text box in it; tables in it go to `inner`.
    fn cell<'t, 'i>(
        &mut self,
        cell: Node<'t, 'i>,
        inline: &mut Inline<'t, 'i>,
        inner: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        let mut blocks = Vec::new();
        self.unwrap(cell, &mut blocks)?;
        for block in blocks {
            match block.tag_name().name() {
                "p" => self.inline(block, inline)?,
                "tbl" => inner.push(block),
                _ => {}
            }
            inline.text.push(' ');
            for text_box in std::mem::take(&mut inline.boxes) {
                self.cell(text_box, inline, inner)?;
            }
            for text in std::mem::take(&mut inline.diagrams) {
                inline.text.push_str(&text);
                inline.text.push(' ');
            }
        }
        Ok(())
    }
}
