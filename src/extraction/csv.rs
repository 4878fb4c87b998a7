//! Delimited values: one table, whatever stands between the cells.

use csv::{ReaderBuilder, StringRecord};

use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, text};

/// What may stand between cells. Commas come last, as they also stand within numbers and sentences.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Stands between the cells of a single column: nowhere.
const NONE: u8 = 0x1f;

/// Rows by which the delimiter is told.
const SAMPLE: usize = 200;

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let text = text::decode(bytes)?;
    let text = text.trim_start_matches('\u{feff}');
    let (delimiter, text) = match declared(text) {
        Some(declared) => declared,
        None => (sniff(text), text),
    };
    let mut rows = Vec::new();
    let mut width = 0;
    for record in records(text, delimiter) {
        guard.check()?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        width = width.max(row.len());
        rows.push(row);
    }
    // Every row of a table gets as many cells as the longest.
    guard.spend(rows.len().saturating_mul(width).saturating_mul(3))?;
    let mut draft = Draft::default();
    draft.table(&rows);
    Ok(draft)
}

/// The delimiter that the first line names, as Excel writes it: `sep=;`. And the text after that line.
fn declared(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    match line.trim_end_matches('\r').as_bytes() {
        [b's', b'e', b'p', b'=', delimiter] if delimiter.is_ascii() => Some((*delimiter, rest)),
        _ => None,
    }
}

/// The delimiter with which most rows have the same number of cells, more than one.
fn sniff(text: &str) -> u8 {
    let mut best = (NONE, 0.5);
    for delimiter in DELIMITERS {
        let mut widths: Vec<usize> = records(text, delimiter)
            .take(SAMPLE)
            .map(|record| record.len())
            .collect();
        widths.sort_unstable();
        let runs = widths.chunk_by(|a, b| a == b);
        let common = runs.filter(|run| run[0] > 1).max_by_key(|run| run.len());
        let share = common.map_or(0.0, |run| run.len() as f64 / widths.len() as f64);
        if share > best.1 {
            best = (delimiter, share);
        }
    }
    best.0
}

fn records(text: &str, delimiter: u8) -> impl Iterator<Item = StringRecord> + '_ {
    let mut builder = ReaderBuilder::new();
    builder
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter);
    builder
        .from_reader(text.as_bytes())
        .into_records()
        .flatten()
}
