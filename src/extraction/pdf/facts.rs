//! What a file says about itself: title, author, dates and outline.

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{DateTime, Dict, String as PdfString};

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;

/// Entries of an outline that are looked at.
const MOST: usize = 5000;

/// Says what is known.
pub(super) fn tell(pdf: &Pdf, draft: &mut Draft) {
    let metadata = pdf.metadata();
    let text = |bytes: &Option<Box<[u8]>>| bytes.as_deref().map(decoded).unwrap_or_default();
    let title = text(&metadata.title);
    if is_title(&title) {
        draft.title(&title);
    }
    draft.fact("author", &text(&metadata.author));
    if let Some(date) = metadata.modification_date.or(metadata.creation_date) {
        draft.date(&iso(date));
    }
}

/// Whether it is a title and not what a program put in its place.
fn is_title(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let starts = [
        "untitled",
        "microsoft word",
        "microsoft powerpoint",
        "powerpoint presentation",
        "slide 1",
        "document",
        "title",
    ];
    let ends = [
        ".doc", ".docx", ".pdf", ".ppt", ".pptx", ".tex", ".dvi", ".indd", ".qxd", ".xls", ".xlsx",
        ".rtf", ".odt", ".html", ".ps", ".eps",
    ];
    let is_placeholder = starts.iter().any(|start| {
        let rest = text.strip_prefix(start);
        rest.is_some_and(|rest| rest.starts_with(" -") || rest.chars().all(|c| !c.is_alphabetic()))
    });
    text.chars().filter(|c| c.is_alphabetic()).count() > 1
        && !is_placeholder
        && !ends.iter().any(|end| text.ends_with(end))
}

fn iso(date: DateTime) -> String {
    let DateTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = date;
    let hours = date.utc_offset_hour;
    let sign = if hours < 0 { '-' } else { '+' };
    let (hours, minutes) = (hours.unsigned_abs(), date.utc_offset_minute);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
    )
}

/// A string of the file: UTF-16 or UTF-8 with a mark, otherwise nearly Latin-1.
fn decoded(bytes: &[u8]) -> String {
    if let Some(bytes) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return encoding_rs::UTF_16BE
            .decode_without_bom_handling(bytes)
            .0
            .into_owned();
    }
    if let Some(bytes) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return encoding_rs::UTF_16LE
            .decode_without_bom_handling(bytes)
            .0
            .into_owned();
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

/// The entries of the outline (the bookmarks) with their levels, from 1.
pub(super) fn outline(pdf: &Pdf, guard: &Guard<'_>) -> Result<Vec<(u8, String)>, Refusal> {
    let xref = pdf.xref();
    let root: Option<Dict<'_>> = xref.get(xref.root_id());
    let first = root
        .and_then(|root| root.get::<Dict<'_>>("Outlines"))
        .and_then(|outlines| outlines.get::<Dict<'_>>("First"));
    let mut left: Vec<(u8, Dict<'_>)> = first.into_iter().map(|first| (1, first)).collect();
    let mut entries = Vec::new();
    while let Some((level, entry)) = left.pop() {
        guard.check()?;
        if entries.len() >= MOST {
            break;
        }
        let title = entry
            .get::<PdfString<'_>>("Title")
            .map(|title| decoded(title.as_bytes()));
        entries.push((level, title.unwrap_or_default()));
        left.extend(entry.get("Next").map(|next| (level, next)));
        left.extend(
            entry
                .get("First")
                .map(|child| (level.saturating_add(1), child)),
        );
    }
    Ok(entries)
}
