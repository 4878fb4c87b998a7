//! TREC's SGML: `<DOC>` records, and `<top>` topics whose fields have no end.

use std::path::Path;

use serde_json::{Value, json};

use super::{row, text};
use crate::data::rows::Row;
use crate::data::{DataError, Encoding, Place, columns};

/// Every `<DOC>`: `id` from `<DOCNO>`, `title` from the first of `<HEADLINE>`, `<TITLE>`, `<TTL>` and `<HL>`, `text` from all `<TEXT>`, or from all
/// that is outside of those where there is none. Tags inside are dropped.
pub(super) fn documents(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let whole = text(path, encoding)?;
    let mut rows = Vec::new();
    let mut rest = whole.as_str();
    while let Some((before, after)) = split_tag(rest, "<doc>") {
        let number =
            columns::line_number(&whole.as_bytes()[..whole.len() - rest.len() + before.len()]);
        let fault = |message: &str| DataError::at(path, Place::Line(number), message);
        let (document, after) = split_tag(after, "</doc>")
            .ok_or_else(|| fault("a `<DOC>` without its `</DOC>`; the file is cut short"))?;
        rest = after;
        let id = element(document, "docno").ok_or_else(|| fault("a `<DOC>` without `<DOCNO>`"))?;
        let title = ["headline", "title", "ttl", "hl"]
            .iter()
            .find_map(|tag| element(document, tag));
        let mut body = String::new();
        let mut left = document;
        while let Some((_, after)) = split_tag(left, "<text>") {
            let (part, after) = split_tag(after, "</text>").unwrap_or((after, ""));
            body += &plain(part);
            body.push(' ');
            left = after;
        }
        if body.is_empty() {
            let after_id = split_tag(document, "</docno>").map_or(document, |(_, after)| after);
            body = plain(after_id);
        }
        let columns = [
            ("id", json!(plain(id))),
            ("title", json!(title.map(plain).unwrap_or_default())),
            ("text", json!(body.trim())),
        ];
        rows.push(Ok((Place::Line(number), row(columns))));
    }
    if rows.is_empty() {
        return Err(DataError::file(path, "holds no `<DOC>`"));
    }
    Ok(rows)
}

/// Every `<top>`: `id` from `<num>`, `text` from `<title>`, `description` and `narrative` beside it.
pub(super) fn topics(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let whole = text(path, encoding)?;
    let mut rows = Vec::new();
    let mut rest = whole.as_str();
    while let Some((before, after)) = split_tag(rest, "<top>") {
        let number =
            columns::line_number(&whole.as_bytes()[..whole.len() - rest.len() + before.len()]);
        let (topic, after) = split_tag(after, "</top>").unwrap_or((after, ""));
        rest = after;
        let field = |tag: &str, label: &str| -> Option<String> {
            let (_, after) = split_tag(topic, tag)?;
            let end = after.find('<').unwrap_or(after.len());
            let text = plain(&after[..end]);
            Some(
                text.strip_prefix(label)
                    .map_or(text.clone(), |text| text.trim().to_owned()),
            )
        };
        let fault = |message: &str| DataError::at(path, Place::Line(number), message);
        let id = field("<num>", "Number:").ok_or_else(|| fault("a `<top>` without `<num>`"))?;
        let title =
            field("<title>", "Topic:").ok_or_else(|| fault("a `<top>` without `<title>`"))?;
        // `Number: 051` is topic 51 in the judgements.
        let id = match id.trim_start_matches('0') {
            "" => id.clone(),
            short => short.to_owned(),
        };
        let mut columns = row([("id", json!(id)), ("text", json!(title))]);
        for (name, tag, label) in [
            ("description", "<desc>", "Description:"),
            ("narrative", "<narr>", "Narrative:"),
        ] {
            if let Some(text) = field(tag, label) {
                columns.insert(name.to_owned(), Value::from(text));
            }
        }
        rows.push(Ok((Place::Line(number), columns)));
    }
    if rows.is_empty() {
        return Err(DataError::file(path, "holds no `<top>`"));
    }
    Ok(rows)
}

/// What stands before and after the first such tag, in whatever case.
fn split_tag<'a>(text: &'a str, tag: &str) -> Option<(&'a str, &'a str)> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while let Some(found) = memchr::memchr(b'<', &bytes[start..]) {
        let place = start + found;
        let end = place + tag.len();
        if bytes.get(place..end)?.eq_ignore_ascii_case(tag.as_bytes()) {
            return Some((&text[..place], &text[end..]));
        }
        start = place + 1;
    }
    None
}

fn element<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, after) = split_tag(text, &format!("<{tag}>"))?;
    Some(split_tag(after, &format!("</{tag}>"))?.0)
}

/// Text without its tags, with the common entities resolved and white space as single blanks.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain += &rest[..start];
        plain.push(' ');
        let Some(end) = rest[start..].find('>') else {
            // No tag, a sign.
            plain += &rest[start..];
            rest = "";
            break;
        };
        rest = &rest[start + end + 1..];
    }
    plain += rest;
    let plain = plain
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
