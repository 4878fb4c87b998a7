//! From lines to paragraphs, items and tables.

use super::label::{self, Label};
use super::line::Line;
use super::{Page, table};

/// What one block of the document is made of.
#[derive(Debug)]
pub(super) enum Group {
    /// Lines that belong together.
    Lines {
        page: u32,
        lines: Vec<Line>,
        item: Option<Label>,
    },
    /// Cells by row.
    Table { page: u32, rows: Vec<Vec<String>> },
}

/// How far baselines of one paragraph are apart, by the size of its letters, where nothing else tells.
const PITCH: f64 = 1.25;
/// How much further apart those of two paragraphs are.
const WIDER: f64 = 1.25;

/// The groups of all pages.
pub(super) fn all(pages: &[Page]) -> Vec<Group> {
    let pitch = pitch(pages);
    let mut groups = Vec::new();
    for page in pages {
        let (upright, turned): (Vec<&Line>, Vec<&Line>) =
            page.lines.iter().partition(|line| line.turn == 0);
        for lines in [upright, turned] {
            of_page(page.number, &lines, pitch, &mut groups);
        }
    }
    groups
}

fn of_page(page: u32, lines: &[&Line], pitch: f64, groups: &mut Vec<Group>) {
    let mut rest = lines;
    while let Some((line, others)) = rest.split_first() {
        let text = line.text();
        let item = label::of_item(&text);
        if item.is_none()
            && let Some((taken, rows)) = table::at_start(rest)
        {
            groups.push(Group::Table { page, rows });
            rest = rest.get(taken..).unwrap_or_default();
            continue;
        }
        match groups.last_mut() {
            Some(Group::Lines {
                lines,
                item: before,
                ..
            }) if !begins(lines, line, *before, item, pitch) => {
                lines.push((*line).clone());
            }
            _ => groups.push(Group::Lines {
                page,
                lines: vec![(*line).clone()],
                item,
            }),
        }
        rest = others;
    }
}

/// Whether the line begins a new paragraph or item after those lines.
fn begins(
    lines: &[Line],
    line: &Line,
    before: Option<Label>,
    item: Option<Label>,
    pitch: f64,
) -> bool {
    let (Some(first), Some(above)) = (lines.first(), lines.last()) else {
        return true;
    };
    let size = above.size();
    let is_other_size = (line.size() - size).abs() > 0.1 * size;
    if is_other_size || line.turn != above.turn || item.is_some_and(|item| item.is_certain) {
        return true;
    }
    let goes_on = goes_on(above, line);
    let rise = line.base - above.base;
    // Lines of code without letters are told by those before.
    let is_code = first.is_fixed() && line.advance() == first.advance();
    if !is_code && (line.is_fixed() || first.is_fixed()) {
        return !goes_on;
    }
    let usual = match lines {
        [.., over, under] if under.base > over.base => under.base - over.base,
        _ => pitch * size,
    };
    let shares = line.left() < above.right() && line.right() > above.left();
    if rise <= 0.3 * size || rise > WIDER * usual + 0.5 || !shares {
        // The next column or page, or a new paragraph.
        let is_elsewhere = rise <= 0.3 * size || rise > 10.0 * size || !shares;
        return !(is_elsewhere && goes_on);
    }
    if line.is_bold() != above.is_bold() && !goes_on {
        return true;
    }
    if is_code {
        return false;
    }
    let right = lines.iter().map(Line::right).fold(line.right(), f64::max);
    let room = right - above.right();
    let ends = above
        .text()
        .trim_end()
        .ends_with(['.', '!', '?', ':', ';', '。', '！', '？']);
    let width = right - first.left().min(line.left());
    let is_short = room > line.first_word() + 0.5 * size && (ends || room > 0.3 * width);
    if item.is_some()
        && (is_short || ends || before.is_some())
        && line.left() < first.left() + 3.0 * size
    {
        return true;
    }
    if goes_on && !ends {
        return false;
    }
    let is_centered = (line.left() + line.right() - above.left() - above.right()).abs() < size
        && (line.left() - above.left()).abs() > size;
    if is_short && !is_centered {
        return true;
    }
    let indent = 0.8 * size;
    let is_hanging = lines.len() > 1 && above.left() > first.left() + indent;
    if is_hanging {
        return line.left() < above.left() - indent;
    }
    before.is_none()
        && line.left() > above.left() + indent
        && !is_centered
        && (lines.len() > 1 || ends)
}

/// Whether the line evidently goes on with a sentence.
fn goes_on(above: &Line, line: &Line) -> bool {
    let is_open = !above.text().trim_end().ends_with(['.', '!', '?', ':', ';']);
    is_open && line.text().chars().next().is_some_and(char::is_lowercase)
}

/// How far baselines of one paragraph are apart in this document, by the size of its letters: as far as most lines that go on
/// with a sentence are below the one before.
fn pitch(pages: &[Page]) -> f64 {
    let pairs = pages
        .iter()
        .flat_map(|page| page.lines.iter().zip(page.lines.iter().skip(1)));
    let rises = pairs
        .filter(|(above, line)| goes_on(above, line))
        .map(|(above, line)| (line.base - above.base) / line.size());
    let mut rises: Vec<f64> = rises.filter(|rise| (0.8..3.0).contains(rise)).collect();
    rises.sort_by(f64::total_cmp);
    rises.get(rises.len() / 2).copied().unwrap_or(PITCH)
}

/// The text of a paragraph's lines: words that were divided at the end of a line are whole again.
pub(super) fn joined(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let next = line.text();
        let next = next.trim();
        let first = next.chars().next();
        let mut before = text.chars().rev();
        match (before.next(), before.next(), first) {
            (Some('-' | '\u{2010}'), Some(letter), Some(first))
                if letter.is_alphabetic() && first.is_lowercase() =>
            {
                text.pop();
            }
            (Some(last), _, Some(first)) if !(is_unspaced(last) && is_unspaced(first)) => {
                text.push(' ');
            }
            _ => {}
        }
        text.push_str(next);
    }
    text
}

/// The text of code: its lines, indented as they are on the page.
pub(super) fn code(lines: &[Line]) -> String {
    let edge = lines.iter().map(Line::left).fold(f64::INFINITY, f64::min);
    let mut code = String::new();
    for line in lines {
        let text = line.text();
        let width = (line.right() - line.left()) / text.chars().count().max(1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a line is not that long"
        )]
        let indent = ((line.left() - edge) / width.max(1.0)).round() as usize;
        code.extend(std::iter::repeat_n(' ', indent.min(100)));
        code.push_str(&text);
        code.push('\n');
    }
    code
}

/// Whether the character is of a script that has no blanks between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}')
}
