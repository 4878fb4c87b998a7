//! PDF: text by where it stands on its page.
//!
//! A PDF says which glyphs stand where. [`canvas`] gathers them as lines, [`order`] brings those into reading order,
//! [`furniture`] removes running headers and footers, [`group`] makes paragraphs, items and tables of them, and [`heading`]
//! tells which of those are headings.

mod canvas;
mod facts;
mod furniture;
mod group;
mod heading;
mod label;
mod line;
mod order;
mod table;
mod weight;

use std::collections::HashMap;

use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::Rect;
use hayro_interpret::{
    Context, InterpreterCache, InterpreterSettings, TransformExt, interpret_page,
};

use self::canvas::Canvas;
use self::group::{Group, joined};
use self::heading::Style;
use self::line::Line;
use self::weight::Strokes;
use super::Refusal;
use super::draft::Draft;
use super::guard::Guard;

/// The text of a page.
struct Page {
    number: u32,
    /// Its upper and lower edge, as seen by who reads along most of its lines.
    top: f64,
    bottom: f64,
    lines: Vec<Line>,
}

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    guard.spend(bytes.len())?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Encrypted,
        LoadPdfError::Decryption(error) => Refusal::damaged(format!("its encryption: {error:?}")),
        LoadPdfError::Invalid => Refusal::damaged("it is no PDF that can be read"),
    })?;
    let mut draft = Draft::default();
    facts::tell(&pdf, &mut draft);
    let cache = InterpreterCache::new();
    let strokes = Strokes::default();
    let mut pages = Vec::new();
    for (number, page) in (1..).zip(pdf.pages().iter()) {
        guard.check()?;
        pages.push(read_page(number, page, &pdf, &cache, &strokes, guard)?);
    }
    if pages.is_empty() {
        return Err(Refusal::damaged("it has no pages"));
    }
    weight::mark(&mut pages);
    furniture::remove(&mut pages);
    let groups = group::all(&pages);
    let outline = facts::outline(&pdf, guard)?;
    write(&pages, &groups, &outline, &mut draft, guard)?;
    Ok(draft)
}

fn read_page<'a>(
    number: u32,
    page: &PdfPage<'a>,
    pdf: &'a Pdf,
    cache: &InterpreterCache<'a>,
    strokes: &Strokes,
    guard: &Guard<'_>,
) -> Result<Page, Refusal> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let mut context = Context::new(
        page.initial_transform(true).to_kurbo(),
        Rect::new(0.0, 0.0, width, height),
        cache,
        pdf.xref(),
        InterpreterSettings::default(),
    );
    let mut canvas = Canvas::new(width, height, guard, strokes);
    interpret_page(page, &mut context, &mut canvas);
    let mut lines = canvas.finish()?;
    let mut counts: HashMap<i32, usize> = HashMap::new();
    for line in &lines {
        *counts.entry(line.turn).or_default() += line.characters();
    }
    let most = counts
        .into_iter()
        .max_by_key(|(turn, count)| (*count, -turn));
    let turn = most.map_or(0, |(turn, _)| turn);
    for line in &mut lines {
        line.turn = (line.turn - turn).rem_euclid(36);
    }
    let (upright, turned): (Vec<Line>, Vec<Line>) =
        lines.into_iter().partition(|line| line.turn == 0);
    let (top, bottom) = match turn {
        9 => (-width, 0.0),
        18 => (-height, 0.0),
        27 => (0.0, width),
        _ => (0.0, height),
    };
    let mut lines = order::sorted(upright);
    lines.extend(turned);
    Ok(Page {
        number,
        top,
        bottom,
        lines,
    })
}

/// Says to the draft what the groups are.
fn write(
    pages: &[Page],
    groups: &[Group],
    outline: &[(u8, String)],
    draft: &mut Draft,
    guard: &Guard<'_>,
) -> Result<(), Refusal> {
    let texts: Vec<&[Line]> = groups
        .iter()
        .filter_map(|group| match group {
            Group::Lines { lines, .. } => Some(lines.as_slice()),
            Group::Table { .. } => None,
        })
        .collect();
    let style = Style::of(pages, &texts, outline);
    let mut largest: Option<(f64, String)> = None;
    // The left edges of the lists that the item before is in.
    let mut lists: Vec<f64> = Vec::new();
    for group in groups {
        guard.check()?;
        let (page, lines, item) = match group {
            Group::Lines { page, lines, item } => (*page, lines, *item),
            Group::Table { page, rows } => {
                lists.clear();
                draft.page(*page);
                draft.table(rows);
                continue;
            }
        };
        draft.page(page);
        let text = joined(lines);
        let sign = item.map_or(0, |item| item.sign);
        let level = if sign == 0 { style.level(lines) } else { None };
        if style.is_code(lines) {
            lists.clear();
            draft.code(&group::code(lines));
        } else if let Some(level) = level {
            lists.clear();
            draft.heading(level, &text);
            let size = heading::size(lines);
            let is_largest = largest.as_ref().is_none_or(|(known, _)| size > *known);
            if page == 1 && is_largest && style.is_larger(lines) && label::depth(&text).is_none() {
                largest = Some((size, text));
            }
        } else if item.is_some() {
            let left = lines.first().map_or(0.0, Line::left);
            lists.retain(|known| *known < left - 2.0);
            draft.item(lists.len(), text.get(sign..).unwrap_or(&text));
            lists.push(left);
        } else {
            lists.clear();
            draft.paragraph(&text);
        }
    }
    if let Some((_, title)) = largest {
        draft.title(&title);
    }
    Ok(())
}
