//! From the tree of a page to blocks: where paragraphs, items, cells, and code begin and end.

use super::super::Refusal;
use super::super::draft::Draft;
use super::super::guard::Guard;
use super::content::Content;
use super::table::{Grid, is_layout};
use super::tree::{Element, Id, Step, Tree};

/// Stands for `<br>`; two of them are the end of a paragraph.
const BREAK: char = '\u{2028}';

/// What text becomes a part of.
enum Place {
    /// An item of a list that is so deep, and whether its first block was written.
    Item(usize, bool),
    Heading(u8),
    Caption,
    Code,
    Table(Grid),
    Cell,
}

/// Writes the text of a page into a draft, block by block.
pub(super) struct Flow<'a> {
    tree: &'a Tree,
    content: &'a Content,
    draft: &'a mut Draft,
    guard: &'a Guard<'a>,
    text: String,
    places: Vec<(Id, Place)>,
    lists: usize,
}

impl<'a> Flow<'a> {
    pub(super) fn write(
        tree: &'a Tree,
        content: &'a Content,
        draft: &'a mut Draft,
        guard: &'a Guard<'a>,
    ) -> Result<(), Refusal> {
        let mut flow = Self {
            tree,
            content,
            draft,
            guard,
            text: String::new(),
            places: Vec::new(),
            lists: 0,
        };
        let mut walk = tree.walk(content.root);
        while let Some(step) = walk.next() {
            guard.check()?;
            match step {
                Step::Enter(id) if content.leaves_out(tree, id) => walk.pass_over(),
                Step::Leave(id) if content.leaves_out(tree, id) => {}
                Step::Enter(id) => match tree.element(id) {
                    Some(element) => flow.enter(id, element)?,
                    None => flow.text.push_str(tree.text(id).unwrap_or_default()),
                },
                Step::Leave(id) => {
                    if let Some(element) = tree.element(id) {
                        flow.leave(id, element)?;
                    }
                }
            }
        }
        flow.flush();
        Ok(())
    }

    fn enter(&mut self, id: Id, element: Element<'_>) -> Result<(), Refusal> {
        match element.name {
            "br" => self.end_line(),
            "sup" if self.is_note_sign(id) => self.text.push('['),
            "a" if self.content.weights.text(id) == 0 => {
                let mut images = self
                    .tree
                    .elements(id)
                    .filter(|(_, element)| element.name == "img");
                let text = images
                    .find_map(|(_, image)| image.attribute("alt"))
                    .unwrap_or_default();
                self.text.push_str(text);
            }
            "input"
                if element.attribute("type") == Some("checkbox")
                    && matches!(self.place(), Some(Place::Item(..))) =>
            {
                let is_done = element.attribute("checked").is_some();
                self.text.push_str(if is_done { "[x] " } else { "[ ] " });
            }
            _ => {}
        }
        if !is_block(element.name) {
            return Ok(());
        }
        self.end_block(element.name);
        if self.holds_text_only() {
            return Ok(());
        }
        let place = match element.name {
            "ul" | "ol" | "dl" | "menu" | "dir" => {
                self.flush();
                self.lists += 1;
                return Ok(());
            }
            "tr" => {
                return match self.places.last_mut() {
                    Some((_, Place::Table(grid))) => grid.begin_row(self.guard),
                    _ => Ok(()),
                };
            }
            "li" | "dt" => Place::Item(self.lists.saturating_sub(1), false),
            "dd" => Place::Item(self.lists, false),
            "h1" => Place::Heading(1),
            "h2" => Place::Heading(2),
            "h3" => Place::Heading(3),
            "h4" => Place::Heading(4),
            "h5" => Place::Heading(5),
            "h6" => Place::Heading(6),
            _ if element.attribute("role") == Some("heading") => {
                let level = element
                    .attribute("aria-level")
                    .and_then(|level| level.parse().ok());
                Place::Heading(level.unwrap_or(2))
            }
            "caption" => Place::Caption,
            "pre" | "xmp" | "plaintext" | "listing" => Place::Code,
            "table" if !is_layout(self.tree, id, &self.content.weights) => {
                Place::Table(Grid::default())
            }
            "td" | "th" if matches!(self.place(), Some(Place::Table(_))) => Place::Cell,
            _ => return Ok(()),
        };
        self.flush();
        if let (
            Place::Heading(_) | Place::Code | Place::Table(_),
            Some((_, Place::Item(_, is_begun))),
        ) = (&place, self.places.last_mut())
        {
            *is_begun = true;
        }
        self.places.push((id, place));
        Ok(())
    }

    fn leave(&mut self, id: Id, element: Element<'_>) -> Result<(), Refusal> {
        if !is_block(element.name) {
            if element.name == "sup" && self.is_note_sign(id) {
                self.text.push(']');
            }
            return Ok(());
        }
        if self.places.last().is_none_or(|(place, _)| *place != id) {
            self.end_block(element.name);
            if matches!(element.name, "ul" | "ol" | "dl" | "menu" | "dir")
                && !self.holds_text_only()
            {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
            }
            return Ok(());
        }
        if let Some(Place::Cell) = self.place() {
            let text = std::mem::take(&mut self.text);
            self.places.pop();
            return match self.places.last_mut() {
                Some((_, Place::Table(grid))) => grid.add(&text, element, self.guard),
                _ => Ok(()),
            };
        }
        self.flush();
        if let Some((_, Place::Table(grid))) = self.places.pop() {
            self.draft.table(&grid.finish(self.guard)?);
        }
        Ok(())
    }

    fn place(&self) -> Option<&Place> {
        self.places.last().map(|(_, place)| place)
    }

    /// Whether blocks in here are no blocks of their own.
    fn holds_text_only(&self) -> bool {
        matches!(
            self.place(),
            Some(Place::Heading(_) | Place::Caption | Place::Code | Place::Cell)
        )
    }

    /// Where a block begins or ends, so do words and, mostly, the block before.
    fn end_block(&mut self, name: &str) {
        match self.place() {
            Some(Place::Code) if self.text.is_empty() || self.text.ends_with('\n') => {}
            Some(Place::Code) => self.text.push('\n'),
            Some(Place::Heading(_) | Place::Caption | Place::Cell) => self.text.push(' '),
            Some(Place::Item(_, false)) if name != "p" => self.text.push(' '),
            _ => self.flush(),
        }
    }

    fn end_line(&mut self) {
        match self.place() {
            Some(Place::Code) => self.text.push('\n'),
            Some(Place::Heading(_) | Place::Caption | Place::Cell | Place::Item(_, false)) => {
                self.text.push(' ');
            }
            _ => {
                let text = self
                    .text
                    .trim_end_matches(|c: char| c.is_whitespace() && c != BREAK);
                if text.ends_with(BREAK) {
                    self.flush();
                } else {
                    self.text.push(BREAK);
                }
            }
        }
    }

    /// Writes the text so far as the block that it belongs to.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return;
        }
        match self.places.last_mut() {
            Some((_, Place::Item(depth, is_begun @ false))) => {
                *is_begun = true;
                self.draft.item(*depth, &text);
            }
            Some((_, Place::Heading(level))) => self.draft.heading(*level, &text),
            Some((_, Place::Code)) => self.draft.code(&text),
            _ => self.draft.paragraph(&text),
        }
    }

    /// Whether this is the raised number that points to a note: it must not become a part of the word before it.
    fn is_note_sign(&self, id: Id) -> bool {
        let text = self.tree.all_text(id);
        let links = |element: Element<'_>| {
            element
                .attribute("href")
                .is_some_and(|href| href.starts_with('#'))
        };
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_digit() || c == '*')
            && self.tree.elements(id).any(|(_, element)| links(element))
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "plaintext"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
            | "xmp"
    )
}
