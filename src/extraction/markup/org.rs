//! Emacs' Org mode.

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::{List, continues, item};

const MARKS: [&str; 3] = ["-", "+", "*"];

/// Words before a heading that say how far its task has come.
const STATES: [&str; 4] = ["TODO", "DONE", "NEXT", "WAITING"];

pub(super) fn read(text: &str, guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let mut draft = Draft::default();
    let mut list = List::default();
    let mut lines = text.lines().peekable();
    let mut paragraph = String::new();
    while let Some(line) = lines.next() {
        guard.check()?;
        let trimmed = line.trim();
        let keyword = keyword(trimmed);
        let heading = heading(line);
        let entry = item(line, &MARKS).filter(|(indent, _)| *indent > 0 || !line.starts_with('*'));
        let is_plain = keyword.is_none() && heading.is_none() && entry.is_none();
        if is_plain && !trimmed.is_empty() && !trimmed.starts_with(['|', ':', '#']) {
            paragraph.extend([line, " "]);
            continue;
        }
        draft.paragraph(&plain(&std::mem::take(&mut paragraph)));
        if entry.is_none() && !trimmed.is_empty() {
            list = List::default();
        }
        if let Some((level, title)) = heading {
            draft.heading(level, &plain(title));
        } else if let Some((name, value)) = keyword {
            match name.to_ascii_lowercase().as_str() {
                "title" => draft.title(value),
                "author" => draft.fact("author", value),
                "date" => draft.date(
                    value
                        .trim_matches(['<', '>', '[', ']'])
                        .split(' ')
                        .next()
                        .unwrap_or_default(),
                ),
                name => {
                    if let Some(kind) = name.strip_prefix("begin_") {
                        block(&mut draft, kind, &mut lines);
                    }
                }
            }
        } else if let Some((indent, column)) = entry {
            let mut said = line.get(column..).unwrap_or_default().to_owned();
            while let Some(more) =
                lines.next_if(|more| continues(more, indent + 1) && item(more, &MARKS).is_none())
            {
                said.extend([" ", more]);
            }
            draft.item(list.depth(indent), &plain(&said));
        } else if trimmed.starts_with('|') {
            let mut rows = vec![row(trimmed)];
            while let Some(more) = lines.next_if(|more| more.trim_start().starts_with('|')) {
                rows.push(row(more.trim()));
            }
            let width = rows.iter().map(Vec::len).max().unwrap_or(0);
            guard.spend(rows.len().saturating_mul(width).saturating_mul(3))?;
            draft.table(&rows);
        } else if trimmed.eq_ignore_ascii_case(":properties:") {
            while lines
                .next_if(|line| line.trim_start().starts_with(':'))
                .is_some()
            {}
        } else if let Some(first) = trimmed.strip_prefix(": ") {
            let mut code = first.to_owned();
            while let Some(more) = lines.next_if(|more| more.trim_start().starts_with(": ")) {
                code.extend(["\n", more.trim_start().get(2..).unwrap_or_default()]);
            }
            draft.code(&code);
        }
    }
    draft.paragraph(&plain(&paragraph));
    Ok(draft)
}

/// `#+NAME: value`, or `#+NAME value` of what begins a block.
fn keyword(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("#+")?;
    let end = rest.find([':', ' ']).unwrap_or(rest.len());
    let (name, value) = rest.split_at_checked(end)?;
    Some((name, value.trim_start_matches(':').trim()))
}

/// A line that begins with stars is a heading; without its state, priority and tags.
fn heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.trim_start_matches('*');
    let level = line.len() - rest.len();
    if level == 0 || !rest.starts_with(' ') {
        return None;
    }
    let mut title = rest.trim();
    if let Some((_, after)) = title
        .split_once(' ')
        .filter(|(state, _)| STATES.contains(state))
    {
        title = after.trim_start();
    }
    if let Some((_, after)) = title
        .strip_prefix("[#")
        .and_then(|rest| rest.split_once(']'))
    {
        title = after.trim_start();
    }
    if let Some((before, tags)) = title.rsplit_once(' ')
        && tags.len() > 2
        && tags.starts_with(':')
        && tags.ends_with(':')
    {
        title = before.trim_end();
    }
    Some((u8::try_from(level).unwrap_or(u8::MAX), title))
}

/// What stands between `#+BEGIN_` and `#+END_`: code, a quotation, or a comment.
fn block<'t>(draft: &mut Draft, kind: &str, lines: &mut impl Iterator<Item = &'t str>) {
    let kind = kind.split(' ').next().unwrap_or_default();
    let end = format!("#+end_{kind}");
    let inside: Vec<&str> = lines
        .take_while(|line| !line.trim().eq_ignore_ascii_case(&end))
        .collect();
    match kind {
        "src" | "example" => draft.code(&dedent(&inside)),
        "comment" | "export" => {}
        _ => {
            for paragraph in inside.split(|line| line.trim().is_empty()) {
                draft.paragraph(&plain(&paragraph.join(" ")));
            }
        }
    }
}

/// Lines without the blanks that all begin with.
pub(super) fn dedent(lines: &[&str]) -> String {
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = filled
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let lines = lines
        .iter()
        .map(|line| line.get(indent..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The cells of a row; none of a line between rows.
fn row(line: &str) -> Vec<String> {
    let inside = line.trim_start_matches('|').trim_end_matches('|');
    if inside.starts_with('-') && inside.chars().all(|c| matches!(c, '-' | '+' | '|' | ' ')) {
        return Vec::new();
    }
    inside.split('|').map(plain).collect()
}

/// Text without the marks of links and of what is set in another type.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        plain.push_str(before);
        let Some((link, after)) = after.split_once("]]") else {
            plain.push_str("[[");
            rest = after;
            continue;
        };
        plain.push_str(link.rsplit_once("][").map_or(link, |(_, label)| label));
        rest = after;
    }
    plain.push_str(rest);
    let marked = |word: &str, mark: char| {
        let inside = word.strip_prefix(mark)?;
        let (inside, after) = inside.rsplit_once(mark)?;
        let is_mark = !inside.is_empty()
            && !inside.contains(mark)
            && after.chars().all(|c| c.is_ascii_punctuation());
        is_mark.then(|| format!("{inside}{after}"))
    };
    let words = plain.split(' ').map(|word| match word.chars().next() {
        Some(mark @ ('*' | '/' | '_' | '=' | '~' | '+')) => {
            marked(word, mark).unwrap_or_else(|| word.to_owned())
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
