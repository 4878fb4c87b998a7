//! Workbooks: Excel's, old and new, and `OpenDocument`'s.

mod bytes;
mod number;
mod xls;
mod xlsb;
mod xlsx;

use std::collections::{BTreeMap, BTreeSet};

use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, odt, office};

/// Cells by row and column.
type Cells = BTreeMap<(usize, usize), String>;

/// Every sheet is a heading, followed by what it holds.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let mut draft = Draft::default();
    if !bytes.starts_with(b"PK") {
        xls::read(bytes, guard, &mut draft)?;
        return Ok(draft);
    }
    let archive = Archive::open(bytes, guard)?;
    let names = archive.names();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    if has("content.xml") {
        for (name, rows) in odt::sheets(&archive, guard)? {
            tell_rows(&name, &rows, &mut draft);
        }
        odt::properties(&archive, &mut draft);
        return Ok(draft);
    }
    let package = office::relations(&archive, "")?;
    if has("xl/workbook.bin") {
        xlsb::read(&archive, &package, guard, &mut draft)?;
    } else {
        xlsx::read(&archive, &package, guard, &mut draft)?;
    }
    office::properties(&archive, &package, &mut draft);
    Ok(draft)
}

/// Tells a sheet from its cells.
fn tell(name: &str, mut cells: Cells, guard: &Guard<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    cells.retain(|_, text| !text.trim().is_empty());
    let columns: BTreeSet<usize> = cells.keys().map(|(_, column)| *column).collect();
    let places: BTreeMap<usize, usize> = columns.into_iter().zip(0..).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut last = 0_usize;
    for ((row, column), text) in cells {
        if row > last.saturating_add(1) {
            rows.push(Vec::new());
        }
        if row != last || rows.is_empty() {
            rows.push(Vec::new());
        }
        last = row;
        let place = places.get(&column).copied().unwrap_or(0);
        if let Some(cells) = rows.last_mut() {
            guard.spend(place.saturating_sub(cells.len()) * size_of::<String>())?;
            cells.resize(place, String::new());
            cells.push(text);
        }
    }
    tell_rows(name, &rows, draft);
    Ok(())
}

/// Tells the tables of a sheet, which empty rows separate. Single cells above a table are its titles.
fn tell_rows(name: &str, rows: &[Vec<String>], draft: &mut Draft) {
    let regions = regions(rows);
    if !regions.is_empty() {
        draft.heading(2, name);
    }
    for region in regions {
        let is_table = region.len() > 1 && region.iter().any(|row| texts(row) > 1);
        let titles = region.iter().take_while(|row| texts(row) == 1).count();
        let titles = if is_table || region.len() == 1 {
            titles
        } else {
            0
        };
        let (titles, table) = region.split_at(titles);
        for title in titles {
            draft.paragraph(&title.concat());
        }
        draft.table(table);
    }
}

/// The stretches of rows that belong together. A space between the heads of columns and their numbers separates nothing.
fn regions(rows: &[Vec<String>]) -> Vec<&[Vec<String>]> {
    let is_number = |cell: &String| cell.trim_end_matches('%').parse::<f64>().is_ok();
    let is_heads = |region: &[Vec<String>]| {
        !region.iter().flatten().any(is_number) && region.last().is_some_and(|row| texts(row) > 1)
    };
    let mut regions = Vec::new();
    let mut start = 0;
    for (place, row) in rows.iter().enumerate() {
        if texts(row) > 0 {
            continue;
        }
        let region = rows.get(start..place).unwrap_or_default();
        let begins_with_numbers = rows
            .get(place + 1)
            .is_some_and(|row| row.iter().any(is_number));
        if !(is_heads(region) && begins_with_numbers) {
            regions.push(region);
            start = place + 1;
        }
    }
    regions.push(rows.get(start..).unwrap_or_default());
    regions.retain(|region| !region.is_empty());
    regions
}

/// How many cells of a row hold text.
fn texts(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}
