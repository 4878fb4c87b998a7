//! Tables in `OpenDocument` files.

use roxmltree::Node;

use super::super::Refusal;
use super::super::guard::Guard;
use super::super::office::{attribute, is, number};
use super::{Inner, inline};

/// Cells and rows that are repeated more often are so to the end of the sheet.
const MOST_REPEATS: usize = 10_000;

/// The rows of a table. Of empty rows in sequence there is one.
pub(super) fn rows<'t, 'i>(
    table: Node<'t, 'i>,
    guard: &Guard<'_>,
    inner: &mut Inner<'t, 'i>,
) -> Result<Vec<Vec<String>>, Refusal> {
    let mut rows = Vec::new();
    add_rows(table, guard, inner, &mut rows)?;
    Ok(rows)
}

fn add_rows<'t, 'i>(
    parent: Node<'t, 'i>,
    guard: &Guard<'_>,
    inner: &mut Inner<'t, 'i>,
    rows: &mut Vec<Vec<String>>,
) -> Result<(), Refusal> {
    let _level = guard.enter()?;
    for node in parent.children() {
        match node.tag_name().name() {
            "table-row" => {
                let cells = cells(node, guard, inner)?;
                let repeats = number(node, "number-rows-repeated")
                    .unwrap_or(1)
                    .min(MOST_REPEATS);
                let repeats = if cells.is_empty() { 1 } else { repeats };
                let bytes: usize = cells
                    .iter()
                    .map(|cell| cell.len() + size_of::<String>())
                    .sum();
                guard.spend(bytes.saturating_mul(repeats - repeats.min(1)))?;
                if !cells.is_empty() || rows.last().is_some_and(|row| !row.is_empty()) {
                    rows.extend(std::iter::repeat_n(cells, repeats));
                }
            }
            "table-header-rows" | "table-rows" | "table-row-group" => {
                add_rows(node, guard, inner, rows)?;
            }
            "soft-page-break" => inner.pages += 1,
            _ => {}
        }
    }
    Ok(())
}

/// The cells of a row up to the last with text.
fn cells<'t, 'i>(
    row: Node<'t, 'i>,
    guard: &Guard<'_>,
    inner: &mut Inner<'t, 'i>,
) -> Result<Vec<String>, Refusal> {
    let mut cells = Vec::new();
    let mut blanks = 0;
    for cell in row
        .children()
        .filter(|node| is(*node, "table-cell") || is(*node, "covered-table-cell"))
    {
        guard.check()?;
        let repeats = number(cell, "number-columns-repeated")
            .unwrap_or(1)
            .min(MOST_REPEATS);
        let mut text = String::new();
        inline(cell, guard, &mut text, inner)?;
        let value = attribute(cell, "date-value").map(|date| {
            date.strip_suffix("T00:00:00")
                .unwrap_or(date)
                .replace('T', " ")
        });
        let text = value.unwrap_or(text);
        if text.trim().is_empty() {
            blanks += repeats;
        } else {
            guard.spend(
                (text.len() + size_of::<String>()).saturating_mul(repeats - repeats.min(1)),
            )?;
            guard.spend(blanks * size_of::<String>())?;
            cells.extend(std::iter::repeat_n(
                String::new(),
                std::mem::take(&mut blanks),
            ));
            cells.extend(std::iter::repeat_n(text, repeats));
        }
    }
    Ok(cells)
}
