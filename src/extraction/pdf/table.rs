//! Tables: lines whose cells stand in the same columns.

use super::line::{Cell, Line};

/// The table that the lines begin with, if they do: how many of them it takes, and its rows.
pub(super) fn at_start(lines: &[&Line]) -> Option<(usize, Vec<Vec<String>>)> {
    if lines.first()?.cells.len() < 2 {
        return None;
    }
    let mut columns: Vec<(f64, f64)> = Vec::new();
    let mut taken = 0;
    let mut above: Option<&Line> = None;
    for (at, line) in lines.iter().enumerate() {
        if above.is_some_and(|above| !is_below(above, line)) {
            break;
        }
        let Some(wider) = with_cells(&columns, &line.cells) else {
            break;
        };
        // A lone cell goes on with the row above or begins one whose other cells are empty; below the table it is not of it.
        if line.cells.len() > 1 {
            taken = at + 1;
        }
        columns = wider;
        above = Some(line);
    }
    let lines = lines.get(..taken)?;
    let full = lines.iter().filter(|line| line.cells.len() > 1).count();
    let is_wide = lines.iter().any(|line| line.cells.len() > 2);
    if full < if is_wide { 2 } else { 3 } || full * 2 < lines.len() {
        return None;
    }
    Some((taken, rows(lines, &columns)))
}

fn is_below(above: &Line, line: &Line) -> bool {
    let rise = line.base - above.base;
    line.turn == above.turn
        && rise > 0.3 * line.size()
        && rise < 3.5 * line.size().max(above.size())
}

/// The columns, made wider to hold these cells, or more of them; `None` if the cells do not stand in different columns.
fn with_cells(columns: &[(f64, f64)], cells: &[Cell]) -> Option<Vec<(f64, f64)>> {
    let mut all: Vec<(f64, f64)> = columns.to_vec();
    all.extend(cells.iter().map(|cell| (cell.left, cell.right)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (left, right) in all {
        match merged.last_mut() {
            Some(last) if left < last.1 => last.1 = last.1.max(right),
            _ => merged.push((left, right)),
        }
    }
    let places: Vec<usize> = cells.iter().map(|cell| column(&merged, cell)).collect();
    let is_apart = merged.len() >= columns.len().max(2) && places.is_sorted_by(|a, b| a < b);
    is_apart.then_some(merged)
}

/// Which of the columns the cell stands in.
fn column(columns: &[(f64, f64)], cell: &Cell) -> usize {
    columns
        .iter()
        .rposition(|(left, _)| *left <= cell.left)
        .unwrap_or(0)
}

fn rows(lines: &[&Line], columns: &[(f64, f64)]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in lines {
        let lone = match line.cells.as_slice() {
            [cell] => Some(column(columns, cell)).filter(|column| *column > 0),
            _ => None,
        };
        if lone.is_none() || rows.is_empty() {
            rows.push(vec![String::new(); columns.len()]);
        }
        let Some(row) = rows.last_mut() else { continue };
        for cell in &line.cells {
            if let Some(text) = row.get_mut(column(columns, cell)) {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&cell.text);
            }
        }
    }
    rows
}
