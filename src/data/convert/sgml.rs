//! TREC's SGML: `<DOC>` records, and `<top>` topics whose fields have no end.

use std::path::Path;

use serde_json::{Value, json};

use super::{row, text, without_zeros};
use crate::data::rows::Row;
use crate::data::{DataError, Encoding, Place, columns};

/// Every `<DOC>`: `id` from `<DOCNO>`, `title` from the first of `<HEADLINE>`, `<TITLE>`, `<TTL>` and `<HL>`, `text` from all `<TEXT>`, or from all
/// that is outside of those where there is none. Tags inside are dropped.
pub(super) fn documents(path: &Path, encoding: Encoding) -> Result<Vec<Row>, DataError> {
    let whole = text(path, encoding)?;
    let mut rows = Vec::new();
    let mut rest = whole.as_str();
    while let Some((before, after)) = split_tag(rest, "doc") {
        let number =
            columns::line_number(&whole.as_bytes()[..whole.len() - rest.len() + before.len()]);
        let fault = |message: &str| DataError::at(path, Place::Line(number), message);
        let (document, after) = split_tag(after, "/doc")
            .filter(|(document, _)| split_tag(document, "doc").is_none())
            .ok_or_else(|| fault("a `<DOC>` without its `</DOC>`; the file is cut short"))?;
        rest = after;
        let (id, outside) =
            element(document, "docno").ok_or_else(|| fault("a `<DOC>` without `<DOCNO>`"))?;
        let titles = ["headline", "title", "ttl", "hl"];
        let title = titles.iter().find_map(|tag| element(&outside, tag));
        let (title, outside) = title
            .map_or((String::new(), outside.clone()), |(title, outside)| {
                (plain(title), outside)
            });
        let mut bodies = Vec::new();
        let mut left = document;
        while let Some((_, after)) = split_tag(left, "text") {
            let (part, after) = split_tag(after, "/text").unwrap_or((after, ""));
            bodies.push(plain(part));
            left = after;
        }
        if bodies.is_empty() {
            bodies.push(plain(&outside));
        }
        let columns = [
            ("id", json!(plain(id))),
            ("title", json!(title)),
            ("text", json!(bodies.join(" ").trim())),
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
    while let Some((before, after)) = split_tag(rest, "top") {
        let number =
            columns::line_number(&whole.as_bytes()[..whole.len() - rest.len() + before.len()]);
        // A topic ends where the next begins, whether it says so or not.
        let end = split_tag(after, "top").map_or(after.len(), |(before, _)| before.len());
        let topic = split_tag(&after[..end], "/top").map_or(&after[..end], |(topic, _)| topic);
        rest = &after[end..];
        let field = |tag: &str, label: &str| -> Option<String> {
            let (_, after) = split_tag(topic, tag)?;
            let text = plain(&after[..next_tag(after).unwrap_or(after.len())]);
            Some(
                text.strip_prefix(label)
                    .map_or(text.clone(), |text| text.trim().to_owned()),
            )
        };
        let fault = |message: &str| DataError::at(path, Place::Line(number), message);
        let id = field("num", "Number:").ok_or_else(|| fault("a `<top>` without `<num>`"))?;
        let title = field("title", "Topic:").ok_or_else(|| fault("a `<top>` without `<title>`"))?;
        let mut columns = row([("id", json!(without_zeros(&id))), ("text", json!(title))]);
        for (name, tag, label) in [
            ("description", "desc", "Description:"),
            ("narrative", "narr", "Narrative:"),
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

/// What stands before and after the first tag of this name (`doc`, `/doc`), in whatever case and with whatever attributes.
fn split_tag<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes).find_map(|start| {
        let end = start + 1 + name.len();
        let found = bytes.get(start + 1..end)?;
        let is_whole = matches!(bytes.get(end), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'));
        if !is_whole || !found.eq_ignore_ascii_case(name.as_bytes()) {
            return None;
        }
        let close = end + memchr::memchr(b'>', &bytes[end..])?;
        Some((&text[..start], &text[close + 1..]))
    })
}

/// What the first element of this name holds, and the text without the element.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, String)> {
    let (before, after) = split_tag(text, name)?;
    let (inside, after) = split_tag(after, &format!("/{name}"))?;
    Some((inside, format!("{before} {after}")))
}

/// Where the next tag begins. A `<` before anything but a name is a sign.
fn next_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes).find(|start| {
        bytes
            .get(start + 1)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || b"/!?".contains(byte))
    })
}

/// Text without its tags, with entities resolved and white space as single blanks.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = next_tag(rest) {
        let Some(end) = rest[start..].find('>') else {
            break;
        };
        plain += &rest[..start];
        plain.push(' ');
        rest = &rest[start + end + 1..];
    }
    plain += rest;
    let plain = resolved(&plain);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text with the entities that every SGML has and those by number as characters; all others stay as they are.
fn resolved(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        resolved += &rest[..start];
        rest = &rest[start..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let found = end.and_then(|end| Some((character(&rest[1..end])?, end + 1)));
        let (character, length) = found.unwrap_or(('&', 1));
        resolved.push(character);
        rest = &rest[length..];
    }
    resolved + rest
}

/// The character of an entity's name or number.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    match name.to_ascii_lowercase().as_str() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "amp" => Some('&'),
        "nbsp" => Some(' '),
        _ => None,
    }
}
