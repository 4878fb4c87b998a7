//! reStructuredText.

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::org::dedent;
use super::{List, continues, item};

const MARKS: [&str; 4] = ["-", "*", "+", "•"];

pub(super) fn read(text: &str, guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let mut reader = Reader {
        draft: Draft::default(),
        lines: text.lines().collect(),
        at: 0,
        levels: Vec::new(),
        list: List::default(),
    };
    while reader.at < reader.lines.len() {
        guard.check()?;
        reader.block(guard)?;
    }
    Ok(reader.draft)
}

struct Reader<'t> {
    draft: Draft,
    lines: Vec<&'t str>,
    at: usize,
    /// The marks under headings, and whether also above them, by level.
    levels: Vec<(char, bool)>,
    list: List,
}

impl<'t> Reader<'t> {
    fn line(&self, ahead: usize) -> &'t str {
        self.lines.get(self.at + ahead).copied().unwrap_or_default()
    }

    /// One block of the text, whatever it is.
    fn block(&mut self, guard: &Guard<'_>) -> Result<(), Refusal> {
        let line = self.line(0);
        if line.trim().is_empty() {
            self.at += 1;
            return Ok(());
        }
        if let Some((indent, column)) = item(line, &MARKS) {
            self.item(indent, column);
            return Ok(());
        }
        if self.heading() || self.directive(guard)? || self.field() {
            return Ok(());
        }
        if line.trim_start().starts_with("+-") {
            let rows: Vec<&str> = self.take_while(|line| line.trim_start().starts_with(['+', '|']));
            return self.table(&grid(&rows), guard);
        }
        if is_border(line) && self.line(1).trim() != "" {
            let rows = self.simple_table();
            return self.table(&rows, guard);
        }
        self.paragraph();
        Ok(())
    }

    fn take_while(&mut self, holds: impl Fn(&str) -> bool) -> Vec<&'t str> {
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let taken: Vec<&str> = rest
            .iter()
            .take_while(|line| holds(line))
            .copied()
            .collect();
        self.at += taken.len();
        taken
    }

    fn item(&mut self, indent: usize, column: usize) {
        let mut said = self.line(0).get(column..).unwrap_or_default().to_owned();
        self.at += 1;
        for more in
            self.take_while(|more| continues(more, indent + 1) && item(more, &MARKS).is_none())
        {
            said.extend([" ", more]);
        }
        let depth = self.list.depth(indent);
        self.draft.item(depth, &plain(&said));
    }

    /// A line of text with a line of marks below, and maybe one above.
    fn heading(&mut self) -> bool {
        let is_over = adornment(self.line(0)).is_some();
        let (title, below) = if is_over {
            (self.line(1), self.line(2))
        } else {
            (self.line(0), self.line(1))
        };
        let Some((mark, length)) = adornment(below) else {
            return false;
        };
        let is_title = !title.trim().is_empty() && adornment(title).is_none();
        let is_same = !is_over || adornment(self.line(0)).is_some_and(|(over, _)| over == mark);
        let is_long = length >= title.trim().chars().count().min(4);
        if !is_title || !is_same || !is_long || (!is_over && title.starts_with(' ')) {
            return false;
        }
        let level = self
            .levels
            .iter()
            .position(|known| *known == (mark, is_over))
            .unwrap_or(self.levels.len());
        if level == self.levels.len() {
            self.levels.push((mark, is_over));
        }
        self.at += if is_over { 3 } else { 2 };
        self.list = List::default();
        self.draft
            .heading(u8::try_from(level + 1).unwrap_or(u8::MAX), &plain(title));
        true
    }

    /// What begins with two dots: code, a remark, a target or a comment, with the lines that are indented below.
    fn directive(&mut self, guard: &Guard<'_>) -> Result<bool, Refusal> {
        let Some(head) = self
            .line(0)
            .trim_start()
            .strip_prefix("..")
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
        else {
            return Ok(false);
        };
        let indent = self.line(0).len() - self.line(0).trim_start().len();
        self.at += 1;
        let is_inside =
            |line: &str| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
        let inside = self.take_while(is_inside);
        let options = inside
            .iter()
            .take_while(|line| line.trim().starts_with(':'))
            .count();
        let content = inside.get(options..).unwrap_or_default();
        let Some((name, argument)) = head.trim().split_once("::") else {
            if let Some(note) = head
                .trim()
                .strip_prefix('[')
                .and_then(|note| note.split_once(']'))
            {
                self.draft.paragraph(&plain(&format!(
                    "[{}] {} {}",
                    note.0,
                    note.1,
                    content.join(" ")
                )));
            }
            return Ok(true);
        };
        match name.rsplit(' ').next().unwrap_or_default() {
            "code" | "code-block" | "sourcecode" | "parsed-literal" | "prompt"
            | "literalinclude" => self.draft.code(&dedent(content)),
            "include" | "image" | "toctree" | "contents" | "raw" | "highlight" | "index"
            | "meta" => {}
            "csv-table" => {
                let rows: Vec<Vec<String>> = content
                    .iter()
                    .map(|line| {
                        line.split(',')
                            .map(|cell| plain(cell.trim().trim_matches('"')))
                            .collect()
                    })
                    .collect();
                self.draft.paragraph(&plain(argument));
                self.table(&rows, guard)?;
            }
            kind => {
                let argument = if kind == "figure" {
                    ""
                } else {
                    argument.trim()
                };
                let _level = guard.enter()?;
                self.inner(&[argument, &dedent(content)].join("\n"), guard)?;
            }
        }
        Ok(true)
    }

    /// Text that stands inside a directive.
    fn inner(&mut self, text: &str, guard: &Guard<'_>) -> Result<(), Refusal> {
        guard.spend(text.len())?;
        let mut inner = Reader {
            draft: std::mem::take(&mut self.draft),
            lines: text.lines().collect(),
            at: 0,
            levels: std::mem::take(&mut self.levels),
            list: List::default(),
        };
        let mut result = Ok(());
        while result.is_ok() && inner.at < inner.lines.len() {
            result = inner.block(guard);
        }
        self.draft = inner.draft;
        self.levels = inner.levels;
        result
    }

    /// `:Name: value`, a fact where it is one of the usual ones.
    fn field(&mut self) -> bool {
        let field = self
            .line(0)
            .strip_prefix(':')
            .and_then(|rest| rest.split_once(": "));
        let Some((name, value)) =
            field.filter(|(name, _)| !name.is_empty() && !name.contains(['`', ':']))
        else {
            return false;
        };
        self.at += 1;
        let more = self.take_while(|line| !line.trim().is_empty() && line.starts_with(' '));
        let value = [&[value.trim()], more.as_slice()].concat().join(" ");
        match name.to_lowercase().as_str() {
            "author" | "authors" => self.draft.fact("author", &value),
            "date" => self.draft.date(&value),
            "title" => self.draft.title(&value),
            _ => self.draft.paragraph(&plain(&format!("{name}: {value}"))),
        }
        true
    }

    fn table(&mut self, rows: &[Vec<String>], guard: &Guard<'_>) -> Result<(), Refusal> {
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        guard.spend(rows.len().saturating_mul(width).saturating_mul(3))?;
        self.draft.table(rows);
        Ok(())
    }

    /// A table whose columns stand below runs of `=`.
    fn simple_table(&mut self) -> Vec<Vec<String>> {
        let border = self.line(0);
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let last = (1..rest.len()).find(|at| {
            let is_end = rest.get(at + 1).is_none_or(|next| next.trim().is_empty());
            rest.get(*at).is_some_and(|line| is_border(line)) && is_end
        });
        let end = last.map_or(1, |last| last + 1);
        let body = rest.get(1..end).unwrap_or_default().to_vec();
        self.at += end;
        let marks: Vec<char> = border.chars().collect();
        let starts: Vec<usize> = (0..marks.len())
            .filter(|at| {
                marks.get(*at) == Some(&'=') && (*at == 0 || marks.get(at - 1) != Some(&'='))
            })
            .collect();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for line in body
            .iter()
            .filter(|line| !is_border(line) && !line.trim().chars().all(|c| c == '-' || c == ' '))
        {
            let letters: Vec<char> = line.chars().collect();
            let ends = starts.iter().skip(1).copied().chain([letters.len()]);
            let cells: Vec<String> = starts
                .iter()
                .zip(ends)
                .map(|(from, to)| {
                    let cell = letters
                        .get(*from..to.min(letters.len()))
                        .unwrap_or_default();
                    plain(cell.iter().collect::<String>().trim())
                })
                .collect();
            match (cells.first(), rows.last_mut()) {
                (Some(first), Some(row)) if first.is_empty() => join(row, &cells),
                _ => rows.push(cells),
            }
        }
        rows
    }

    fn paragraph(&mut self) {
        let first = self.line(0);
        let is_indented = first.starts_with(' ');
        self.at += 1;
        let mut lines = vec![first];
        lines.extend(self.take_while(|line| !line.trim().is_empty()));
        if !is_indented {
            self.list = List::default();
        }
        let text = lines.join(" ");
        let is_before_code = text.trim_end().ends_with("::");
        let shown = match text.trim() {
            "::" => "",
            text if is_before_code => text.strip_suffix(':').unwrap_or(text),
            text => text,
        };
        self.draft.paragraph(&plain(shown));
        if is_before_code {
            let indent = first.len() - first.trim_start().len();
            let code = self.take_while(|line| {
                line.trim().is_empty() || line.len() - line.trim_start().len() > indent
            });
            self.draft.code(&dedent(&code));
        }
    }
}

/// The mark that a line under or over a heading is made of, and how often it stands there.
fn adornment(line: &str) -> Option<(char, usize)> {
    let line = line.trim_end();
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 2 && line.chars().all(|c| c == mark)).then_some((mark, line.len()))
}

fn is_border(line: &str) -> bool {
    let line = line.trim_end();
    line.starts_with("==") && line.contains(' ') && line.chars().all(|c| c == '=' || c == ' ')
}

/// The cells of a table that is drawn with `+`, `-` and `|`.
fn grid(lines: &[&str]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut is_new = true;
    for line in lines {
        let line = line.trim();
        if line.starts_with('+') && !line.contains('|') {
            is_new = true;
            continue;
        }
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| plain(cell.trim()))
            .collect();
        match rows.last_mut() {
            Some(row) if !is_new => join(row, &cells),
            _ => rows.push(cells),
        }
        is_new = false;
    }
    rows
}

/// Goes on with the cells of a row on its next line.
fn join(row: &mut [String], cells: &[String]) {
    for (cell, more) in row.iter_mut().zip(cells) {
        cell.push(' ');
        cell.push_str(more);
    }
}

/// Text without the marks of roles, links and of what is set in another type.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let marks = if after.starts_with('`') { "``" } else { "`" };
        let inside = after.strip_prefix('`').unwrap_or(after);
        let Some((inside, after)) = inside.split_once(marks) else {
            plain.extend([before, "`"]);
            rest = after;
            continue;
        };
        let before = match before.rsplit_once(|c: char| c.is_whitespace()) {
            Some((text, role)) if is_role(role) => [text, " "].concat(),
            None if is_role(before) => String::new(),
            _ => before.to_owned(),
        };
        let label = match inside.rsplit_once('<') {
            Some((label, _))
                if marks == "`" && inside.ends_with('>') && !label.trim().is_empty() =>
            {
                label.trim()
            }
            _ => inside,
        };
        plain.extend([&before, label]);
        rest = if marks == "`" {
            after.trim_start_matches('_')
        } else {
            after
        };
    }
    plain.push_str(rest);
    plain.replace("**", "")
}

fn is_role(word: &str) -> bool {
    word.len() > 2 && word.starts_with(':') && word.ends_with(':')
}
