//! `OpenDocument` text, and the tables of `OpenDocument` spreadsheets, which are written alike.

mod table;

use std::collections::HashMap;

use roxmltree::Node;

use self::table::rows;
use super::Refusal;
use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::office::{self, attribute, child, descend, is, number};

/// The main text, then its notes.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let content = content(&archive)?;
    let tree = office::parse(&content)?;
    let mut styles = Styles::default();
    if let Some(text) = office::part(&archive, "styles.xml")? {
        styles.add(office::parse(&text)?.root_element());
    }
    styles.add(tree.root_element());
    let has_pages = tree.descendants().any(|node| is(node, "soft-page-break"))
        || styles.0.values().any(|style| style.breaks);
    let mut reader = Reader {
        guard,
        styles,
        draft: Draft::default(),
        page: 1,
        has_pages,
        code: String::new(),
    };
    if has_pages {
        reader.draft.page(1);
    }
    let mut notes = Vec::new();
    if let Some(body) = descend(tree.root_element(), &["body", "text"]) {
        reader.blocks(body, None, &mut notes)?;
    }
    reader.end();
    reader.has_pages = false;
    let mut in_notes = Vec::new();
    for note in notes {
        reader.blocks(note, None, &mut in_notes)?;
    }
    reader.end();
    properties(&archive, &mut reader.draft);
    Ok(reader.draft)
}

/// The name of a sheet, and its rows.
type Sheet = (String, Vec<Vec<String>>);

/// Sheets with their rows. Of empty rows in sequence there is one.
pub(super) fn sheets(archive: &Archive<'_>, guard: &Guard<'_>) -> Result<Vec<Sheet>, Refusal> {
    let content = content(archive)?;
    let tree = office::parse(&content)?;
    let mut sheets = Vec::new();
    let Some(body) = descend(tree.root_element(), &["body", "spreadsheet"]) else {
        return Ok(sheets);
    };
    for table in body.children().filter(|node| is(*node, "table")) {
        let mut inner = Inner::default();
        let rows = rows(table, guard, &mut inner)?;
        sheets.push((
            attribute(table, "name").unwrap_or_default().to_owned(),
            rows,
        ));
    }
    Ok(sheets)
}

/// Title, author and date, as far as they are there and can be read.
pub(super) fn properties(archive: &Archive<'_>, draft: &mut Draft) {
    if let Ok(Some(text)) = office::part(archive, "meta.xml")
        && let Ok(tree) = office::parse(&text)
        && let Some(meta) = child(tree.root_element(), "meta")
    {
        office::facts(meta, ["creator", "date", "creation-date"], draft);
        office::facts(meta, ["initial-creator", "date", "creation-date"], draft);
    }
}

fn content(archive: &Archive<'_>) -> Result<String, Refusal> {
    let manifest = office::part(archive, "META-INF/manifest.xml")?.unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(Refusal::Encrypted);
    }
    office::need(archive, "content.xml")
}

/// Styles by their name.
#[derive(Default)]
struct Styles(HashMap<String, Style>);

struct Style {
    parent: Option<String>,
    /// Whether a page begins before its paragraphs.
    breaks: bool,
}

impl Styles {
    fn add(&mut self, root: Node<'_, '_>) {
        for list in root
            .children()
            .filter(|node| is(*node, "styles") || is(*node, "automatic-styles"))
        {
            for node in list.children().filter(|node| is(*node, "style")) {
                let properties = child(node, "paragraph-properties");
                let breaks = properties
                    .and_then(|properties| attribute(properties, "break-before"))
                    == Some("page");
                if let Some(name) = attribute(node, "name") {
                    let parent = attribute(node, "parent-style-name").map(str::to_owned);
                    self.0.insert(name.to_owned(), Style { parent, breaks });
                }
            }
        }
    }

    /// The style of that name and those that it is based on.
    fn chain<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let parent = |name: &&'s str| self.0.get(*name).and_then(|style| style.parent.as_deref());
        std::iter::successors(Some(name), parent).take(20)
    }
}

/// What a paragraph holds besides its text.
#[derive(Default)]
struct Inner<'t, 'i> {
    /// Tables and text boxes, to be told after the paragraph that they stand in.
    boxes: Vec<Node<'t, 'i>>,
    notes: Vec<Node<'t, 'i>>,
    /// Pages that end within.
    pages: u32,
}

struct Reader<'a> {
    guard: &'a Guard<'a>,
    styles: Styles,
    draft: Draft,
    page: u32,
    has_pages: bool,
    /// Lines of code so far.
    code: String,
}

impl Reader<'_> {
    /// Tells what `parent` holds: `depth` lists deep, if at all.
    fn blocks<'t, 'i>(
        &mut self,
        parent: Node<'t, 'i>,
        depth: Option<usize>,
        notes: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        for node in parent.children() {
            self.guard.check()?;
            match node.tag_name().name() {
                "p" | "h" => self.paragraph(node, depth, notes)?,
                "list" => self.blocks(node, Some(depth.map_or(0, |depth| depth + 1)), notes)?,
                "table" => self.table(node, notes)?,
                "soft-page-break" => self.turn(1),
                // Kept apart from the text: what was deleted, remarks, and indexes of what stands elsewhere.
                "tracked-changes" | "forms" | "annotation" | "table-of-content"
                | "illustration-index" | "table-index" | "object-index" | "user-index"
                | "alphabetical-index" => {}
                _ if node.is_element() => self.blocks(node, depth, notes)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn paragraph<'t, 'i>(
        &mut self,
        node: Node<'t, 'i>,
        depth: Option<usize>,
        notes: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let mut inner = Inner::default();
        let mut text = String::new();
        inline(node, self.guard, &mut text, &mut inner)?;
        let style = attribute(node, "style-name").unwrap_or_default();
        let starts_page = self
            .styles
            .chain(style)
            .any(|name| self.styles.0.get(name).is_some_and(|style| style.breaks));
        if starts_page {
            self.turn(1);
        }
        let names: Vec<&str> = self.styles.chain(style).collect();
        let is_title = names.contains(&"Title");
        if names.contains(&"Preformatted_20_Text") {
            self.code.push_str(&text);
            self.code.push('\n');
        } else {
            self.end();
            if is_title {
                self.draft.title(&text);
                self.draft.heading(1, &text);
            } else if is(node, "h") {
                let level =
                    number(node, "outline-level").and_then(|level| u8::try_from(level).ok());
                self.draft.heading(level.unwrap_or(1), &text);
            } else if let Some(depth) = depth {
                self.draft.item(depth, &text);
            } else {
                self.draft.paragraph(&text);
            }
        }
        notes.append(&mut inner.notes);
        for text_box in inner.boxes {
            self.boxed(text_box, notes)?;
        }
        self.turn(inner.pages);
        Ok(())
    }

    fn boxed<'t, 'i>(
        &mut self,
        node: Node<'t, 'i>,
        notes: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        if is(node, "table") {
            self.table(node, notes)
        } else {
            self.blocks(node, None, notes)
        }
    }

    /// A table, and after it the tables and text boxes in its cells. One of a single cell is only a frame around what it holds.
    fn table<'t, 'i>(
        &mut self,
        table: Node<'t, 'i>,
        notes: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let mut cells = table.descendants().filter(|node| is(*node, "table-cell"));
        if let (Some(cell), None) = (cells.next(), cells.next()) {
            return self.blocks(cell, None, notes);
        }
        self.end();
        let mut inner = Inner::default();
        let rows = rows(table, self.guard, &mut inner)?;
        self.draft.table(&rows);
        notes.append(&mut inner.notes);
        for node in inner.boxes {
            self.boxed(node, notes)?;
        }
        self.turn(inner.pages);
        Ok(())
    }

    /// Ends a stretch of code.
    fn end(&mut self) {
        let code = std::mem::take(&mut self.code);
        self.draft.code(&code);
    }

    /// Turns pages.
    fn turn(&mut self, pages: u32) {
        if pages > 0 && self.has_pages {
            self.end();
            self.page += pages;
            self.draft.page(self.page);
        }
    }
}

/// Gathers the text in `parent`.
fn inline<'t, 'i>(
    parent: Node<'t, 'i>,
    guard: &Guard<'_>,
    text: &mut String,
    inner: &mut Inner<'t, 'i>,
) -> Result<(), Refusal> {
    let _level = guard.enter()?;
    for node in parent.children() {
        if let Some(words) = node.text().filter(|_| node.is_text()) {
            text.push_str(words);
            continue;
        }
        match node.tag_name().name() {
            "s" => {
                let blanks = number(node, "c").unwrap_or(1);
                guard.spend(blanks)?;
                text.extend(std::iter::repeat_n(' ', blanks));
            }
            "tab" => text.push('\t'),
            "line-break" => text.push('\n'),
            "soft-page-break" => inner.pages += 1,
            "note" => inner.notes.extend(child(node, "note-body")),
            "text-box" | "table" => inner.boxes.push(node),
            "annotation" | "annotation-end" | "ruby-text" | "desc" | "title" | "binary-data" => {}
            "p" | "h" | "list-item" => {
                inline(node, guard, text, inner)?;
                text.push('\n');
            }
            _ if node.is_element() => inline(node, guard, text, inner)?,
            _ => {}
        }
    }
    Ok(())
}
