//! Tables: their cells in a grid, and whether they are tables at all.

use super::super::Refusal;
use super::super::guard::Guard;
use super::content::Weights;
use super::tree::{Element, Id, Step, Tree};

/// Cells that span more columns than this do so by mistake, or to do harm.
const WIDEST_SPAN: usize = 100;

/// The rows of a table in the making.
#[derive(Default)]
pub(super) struct Grid {
    rows: Vec<Vec<String>>,
    /// By column: the text of a cell from above, and how many rows more it reaches into.
    reaching: Vec<(usize, String)>,
}

impl Grid {
    pub(super) fn begin_row(&mut self, guard: &Guard<'_>) -> Result<(), Refusal> {
        self.finish_row(guard)?;
        self.rows.push(Vec::new());
        Ok(())
    }

    /// The text of a cell that spans rows stands in each of them; one that spans columns stands in the first.
    pub(super) fn add(
        &mut self,
        text: &str,
        element: Element<'_>,
        guard: &Guard<'_>,
    ) -> Result<(), Refusal> {
        let span = |name: &str| {
            element
                .attribute(name)
                .and_then(|span| span.trim().parse::<usize>().ok())
        };
        let across = span("colspan").unwrap_or(1).clamp(1, WIDEST_SPAN);
        let down = match span("rowspan") {
            Some(0) => usize::MAX,
            span => span.unwrap_or(1),
        };
        self.continue_from_above(guard)?;
        if self.rows.is_empty() {
            self.rows.push(Vec::new());
        }
        let Some(row) = self.rows.last_mut() else {
            return Ok(());
        };
        for column in 0..across {
            let text = if column == 0 { text } else { "" };
            guard.spend(size_of::<String>())?;
            if down > 1 {
                let reaching = self.reaching.len().max(row.len() + 1);
                self.reaching.resize(reaching, (0, String::new()));
                if let Some(reach) = self.reaching.get_mut(row.len()) {
                    *reach = (down - 1, text.to_owned());
                }
            }
            row.push(text.to_owned());
        }
        Ok(())
    }

    pub(super) fn finish(mut self, guard: &Guard<'_>) -> Result<Vec<Vec<String>>, Refusal> {
        self.finish_row(guard)?;
        Ok(self.rows)
    }

    /// Cells from above in the columns that come next.
    fn continue_from_above(&mut self, guard: &Guard<'_>) -> Result<(), Refusal> {
        let Some(row) = self.rows.last_mut() else {
            return Ok(());
        };
        while let Some((rows @ 1.., text)) = self.reaching.get_mut(row.len()) {
            guard.spend(text.len() + size_of::<String>())?;
            *rows -= 1;
            row.push(text.clone());
        }
        Ok(())
    }

    /// Cells from above in all columns after the last cell.
    fn finish_row(&mut self, guard: &Guard<'_>) -> Result<(), Refusal> {
        self.continue_from_above(guard)?;
        while self
            .rows
            .last()
            .is_some_and(|row| row.len() < self.reaching.len())
        {
            if let Some(row) = self.rows.last_mut() {
                row.push(String::new());
            }
            self.continue_from_above(guard)?;
        }
        Ok(())
    }
}

/// Whether a table only arranges a page: it names no column or row, and has one column or holds tables, headings or code.
pub(super) fn is_layout(tree: &Tree, table: Id, weights: &Weights) -> bool {
    let role = tree
        .element(table)
        .and_then(|element| element.attribute("role"));
    if matches!(role, Some("presentation" | "none")) {
        return true;
    }
    let (mut cells, mut widest, mut has_names, mut has_blocks) = (0, 0, false, false);
    let mut walk = tree.walk(table);
    while let Some(step) = walk.next() {
        let Step::Enter(id) = step else { continue };
        match tree.element(id).map_or("", |element| element.name) {
            "table" if id != table => {
                has_blocks = true;
                walk.pass_over();
            }
            "tr" => cells = 0,
            name @ ("td" | "th") if weights.text(id) > 0 => {
                cells += 1;
                widest = widest.max(cells);
                has_names |= name == "th";
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" => has_blocks = true,
            _ => {}
        }
    }
    !has_names && (widest <= 1 || has_blocks)
}
