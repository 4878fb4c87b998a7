//! Running headers, footers and page numbers: what says the same at the same place of many pages.

use std::collections::HashMap;

use super::Page;
use super::line::Line;

/// How much of a page's height, at its top and at its bottom, may hold them.
const EDGE: f64 = 0.14;
/// Lines so many points apart stand at the same place.
const PLACE: f64 = 4.0;

/// Removes them.
pub(super) fn remove(pages: &mut [Page]) {
    let mut counts: HashMap<(String, i64), usize> = HashMap::new();
    for page in &*pages {
        let mut keys: Vec<_> = page
            .lines
            .iter()
            .filter(|line| is_at_edge(line, page))
            .map(key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
    let all = pages.len();
    let is_running = |line: &Line| {
        let (text, place) = key(line);
        let near = [place - 1, place, place + 1]
            .map(|place| counts.get(&(text.clone(), place)).copied().unwrap_or(0));
        let count: usize = near.iter().sum();
        // Left and right pages often have headers of their own, and some pages have none: a quarter tells.
        count >= 3 && count * 4 >= all
    };
    for page in pages {
        let number = page.number.to_string();
        let mut lines = std::mem::take(&mut page.lines);
        lines
            .retain(|line| !is_at_edge(line, page) || !(is_running(line) || line.text() == number));
        page.lines = lines;
    }
}

fn is_at_edge(line: &Line, page: &Page) -> bool {
    let height = page.bottom - page.top;
    line.turn == 0
        && (line.base < page.top + EDGE * height || line.base > page.bottom - EDGE * height)
}

/// The text, digits aside, and its place.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a place on a page is small"
)]
fn key(line: &Line) -> (String, i64) {
    let mut text = String::new();
    for c in line.text().chars() {
        let c = if c.is_numeric() { '#' } else { c };
        if c != '#' || !text.ends_with('#') {
            text.push(c);
        }
    }
    (text, (line.base / PLACE).round() as i64)
}
