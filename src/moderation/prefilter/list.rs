//! Reading a blocklist: one term a line.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::{DataError, Place};

/// A line of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Where it stands, counted from 1.
    pub(super) line: u64,
    /// The term in the form that posts are searched in.
    pub(super) text: String,
    /// Whether it is an exception: what lies inside it is no match.
    pub(super) is_exception: bool,
}

/// The terms of a list and its exceptions.
///
/// Blank lines and lines that begin with `#` say nothing, a line that begins with `!` is an exception, and `\` before any of these makes it part of a
/// term. Of terms that are written differently and become the same by `normalise`, the first is kept.
pub(super) fn read(
    path: &Path,
    normalise: &dyn Fn(&str) -> String,
) -> Result<Vec<Term>, DataError> {
    let bytes = fs_err::read(path).map_err(|error| {
        // The operating system's words alone: the path is named already.
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            _ => error.to_string(),
        };
        DataError::file(path, format!("the list cannot be read: {reason}"))
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count() as u64;
        DataError::at(path, Place::Line(line), "is not UTF-8; convert the list")
    })?;
    let mut terms = Vec::new();
    let mut written: BTreeMap<(bool, &str), u64> = BTreeMap::new();
    let mut normalised: BTreeMap<String, (bool, u64)> = BTreeMap::new();
    for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let fails = |message: String| Err(DataError::at(path, Place::Line(line), message));
        let (is_exception, raw) = match text.strip_prefix('!') {
            Some(exception) => (true, exception.trim()),
            None => (false, text.strip_prefix('\\').unwrap_or(text)),
        };
        if raw.is_empty() {
            return fails(format!(
                "`{text}` has no term; write one after it or drop the line"
            ));
        }
        if let Some(first) = written.insert((is_exception, raw), line) {
            return fails(format!(
                "`{raw}` stands in line {first} already; drop one of them"
            ));
        }
        let found = spaced_once(&normalise(raw));
        if found.is_empty() {
            return fails(format!(
                "nothing is left of `{raw}` once it is normalised as posts are, so no post could match; drop the line"
            ));
        }
        match normalised.get(&found) {
            Some((other, _)) if *other == is_exception => continue,
            Some((_, first)) => {
                return fails(format!(
                    "`{raw}` is the same as line {first} once both are normalised, and one is an exception; an exception must be longer than a term"
                ));
            }
            None => normalised.insert(found.clone(), (is_exception, line)),
        };
        terms.push(Term {
            line,
            text: found,
            is_exception,
        });
    }
    if terms.iter().all(|term| term.is_exception) {
        return Err(DataError::file(
            path,
            "the list has no term; write one a line",
        ));
    }
    Ok(terms)
}

/// The text with one space for each stretch of whitespace, and none around it.
fn spaced_once(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
