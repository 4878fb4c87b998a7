//! Markup of documentation: Emacs' Org mode and reStructuredText.

mod org;
mod rst;

use super::draft::Draft;
use super::guard::Guard;
use super::{FileFormat, Refusal, text};

pub(super) fn read(bytes: &[u8], format: FileFormat, guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let text = text::decode(bytes)?;
    match format {
        FileFormat::Org => org::read(&text, guard),
        _ => rst::read(&text, guard),
    }
}

/// The item that a line begins: how far it is indented, and its text after the mark.
fn item(line: &str, marks: &[&str]) -> Option<(usize, usize)> {
    let indent = line.len() - line.trim_start().len();
    let rest = line.trim_start();
    let mark = rest.split_whitespace().next()?;
    let is_numbered = |number: &str| {
        let number = number.trim_start_matches('(');
        let is_short = (1..=4).contains(&number.len());
        is_short && (number == "#" || number.chars().all(|c| c.is_ascii_digit()))
    };
    let is_mark = marks.contains(&mark) || mark.strip_suffix(['.', ')']).is_some_and(is_numbered);
    let after = rest.strip_prefix(mark)?;
    is_mark.then(|| (indent, line.len() - after.trim_start().len()))
}

/// A list in the making: how deep its items stand is told by how far they are indented.
#[derive(Default)]
struct List {
    indents: Vec<usize>,
}

impl List {
    /// The depth of an item that is indented so far.
    fn depth(&mut self, indent: usize) -> usize {
        while self.indents.last().is_some_and(|last| *last > indent) {
            self.indents.pop();
        }
        if self.indents.last() != Some(&indent) {
            self.indents.push(indent);
        }
        self.indents.len() - 1
    }
}

/// Whether a line goes on an item whose text begins at `column`.
fn continues(line: &str, column: usize) -> bool {
    !line.trim().is_empty() && line.len() - line.trim_start().len() >= column.min(2)
}
