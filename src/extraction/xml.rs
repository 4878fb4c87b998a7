//! XML of any kind: sections with titles, paragraphs, lists, tables, repeated records, and feeds.

use quick_xml::Reader;
use quick_xml::events::Event;
use roxmltree::{Document, Node, ParsingOptions};

use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, html};

/// A tree of more nodes than this takes too much memory.
const MOST_NODES: u32 = 20_000_000;
/// An element with more attributes than this is made to do harm.
const MOST_ATTRIBUTES: usize = 1000;
/// As is one in the scope of more namespaces than this.
const MOST_NAMESPACES: usize = 500;
/// A record whose fields are longer than this is no row of a table.
const LONGEST_FIELD: usize = 300;

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let text = html::decode(bytes)?;
    let mut draft = Draft::default();
    if root_name(&text).is_some_and(|name| name.eq_ignore_ascii_case("html")) {
        html::fill(&mut draft, &text, guard)?;
        return Ok(draft);
    }
    let document = parse(&text, guard)?;
    let root = document.root_element();
    let mut outline = Outline {
        draft: &mut draft,
        guard,
        is_feed: matches!(name(root), "rss" | "feed" | "RDF"),
        titles: 0,
        lists: 0,
    };
    outline.add(root)?;
    Ok(draft)
}

/// The tree of an XML document. Its entities must not hold others, and count for what they make of it.
pub(super) fn parse<'t>(text: &'t str, guard: &Guard<'_>) -> Result<Document<'t>, Refusal> {
    let mut longest = 0;
    for declaration in text.split("<!ENTITY").skip(1) {
        let value = declaration
            .split_once(['"', '\''])
            .map_or("", |(_, rest)| rest);
        let value = value.split(['"', '\'']).next().unwrap_or_default();
        if value.replace("&#", "").contains('&') {
            return Err(Refusal::Damaged(
                "its entities hold other entities".to_owned(),
            ));
        }
        longest = longest.max(value.len());
    }
    if longest > 0 {
        guard.spend(text.matches('&').count().saturating_mul(longest))?;
    }
    check(text, guard)?;
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(Refusal::damaged)
}

/// Looks for what would take the parser more than its share of time: it compares attributes with each other, and copies the
/// namespaces of all elements around one.
fn check(text: &str, guard: &Guard<'_>) -> Result<(), Refusal> {
    let mut open = Vec::new();
    let mut reader = Reader::from_str(text);
    loop {
        guard.check()?;
        let event = reader.read_event().map_err(Refusal::damaged)?;
        match &event {
            Event::Eof => return Ok(()),
            Event::End(_) => drop(open.pop()),
            Event::Start(tag) | Event::Empty(tag) => {
                let mut attributes = 0;
                let mut namespaces = open.last().map_or(0, |(_, around)| *around);
                for attribute in tag.attributes().with_checks(false).flatten() {
                    attributes += 1;
                    namespaces += usize::from(attribute.key.as_ref().starts_with(b"xmlns"));
                }
                if attributes > MOST_ATTRIBUTES || namespaces > MOST_NAMESPACES {
                    return Err(Refusal::Damaged(
                        "an element has too many attributes".to_owned(),
                    ));
                }
                if let Event::Start(_) = event {
                    open.push((guard.enter()?, namespaces));
                }
            }
            _ => {}
        }
    }
}

/// The name of the first element.
fn root_name(text: &str) -> Option<&str> {
    let starts = text.split('<').skip(1);
    let mut names = starts.map(|tag| {
        tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/')
            .next()
    });
    names.find_map(|name| name.filter(|name| name.starts_with(char::is_alphabetic)))
}

fn name<'a>(node: Node<'a, '_>) -> &'a str {
    node.tag_name().name()
}

fn text_of(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|text| text.text())
        .collect()
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> Vec<Node<'a, 'i>> {
    node.children().filter(Node::is_element).collect()
}

fn has_own_text(node: Node<'_, '_>) -> bool {
    let mut texts = node.children().filter(Node::is_text);
    texts.any(|text| text.text().is_some_and(|text| !text.trim().is_empty()))
}

/// Whether an element only holds other elements.
fn is_group(node: Node<'_, '_>) -> bool {
    node.is_element() && !has_own_text(node) && node.children().any(|child| child.is_element())
}

/// Whether an element holds more than text and one element with text.
fn has_groups(node: Node<'_, '_>) -> bool {
    elements(node).into_iter().any(is_group) || (is_group(node) && elements(node).len() > 1)
}

/// Writes elements into a draft.
struct Outline<'a> {
    draft: &'a mut Draft,
    guard: &'a Guard<'a>,
    is_feed: bool,
    /// Sections with titles around what comes next.
    titles: u8,
    lists: usize,
}

impl Outline<'_> {
    fn add(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        self.guard.check()?;
        match name(node) {
            "programlisting" | "codeblock" | "screen" | "literallayout" | "pre" => {
                self.draft.code(&text_of(node));
            }
            "table" | "informaltable" => self.draft.table(&rows(node)),
            "item" | "listitem" | "li" if !self.is_feed && !has_groups(node) => {
                self.draft
                    .item(self.lists.saturating_sub(1), &text_of(node));
            }
            "link" | "guid" | "id" | "pubDate" | "published" | "updated" | "lastBuildDate"
                if self.is_feed => {}
            "description" | "summary" if self.is_feed && has_content(node) => {}
            "description" | "summary" | "encoded" | "content" if self.is_feed => {
                html::fill(self.draft, &text_of(node), self.guard)?;
            }
            _ if is_group(node) => self.add_group(node)?,
            _ => self.add_mixed(node)?,
        }
        Ok(())
    }

    /// Text with elements in it. Those that only group others are blocks between its paragraphs.
    fn add_mixed(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let mut text = String::new();
        for child in node.children() {
            if is_group(child) {
                self.draft.paragraph(&std::mem::take(&mut text));
                self.add(child)?;
            } else if child.is_element() {
                text.push_str(&text_of(child));
            } else if child.is_text() {
                text.push_str(child.text().unwrap_or_default());
            }
        }
        self.draft.paragraph(&text);
        Ok(())
    }

    fn add_group(&mut self, node: Node<'_, '_>) -> Result<(), Refusal> {
        let children = elements(node);
        let is_list = children
            .iter()
            .all(|child| matches!(name(*child), "item" | "listitem" | "li"));
        self.lists += usize::from(is_list);
        let mut titles = 0;
        for run in children.chunk_by(|one, next| name(*one) == name(*next)) {
            if let Some(rows) = records(run).filter(|_| !self.is_feed) {
                self.draft.table(&rows);
                continue;
            }
            for child in run {
                if matches!(name(*child), "title" | "head" | "heading")
                    && !is_group(*child)
                    && titles == 0
                    && children.len() > 1
                {
                    titles = 1;
                    self.titles = self.titles.saturating_add(1);
                    self.draft.heading(self.titles, &text_of(*child));
                } else {
                    self.add(*child)?;
                }
            }
        }
        self.titles -= titles;
        self.lists -= usize::from(is_list);
        Ok(())
    }
}

/// Whether a feed holds all of a post of which `node` is the summary.
fn has_content(node: Node<'_, '_>) -> bool {
    let mut siblings = node
        .parent()
        .into_iter()
        .flat_map(|parent| parent.children());
    siblings.any(|sibling| matches!(name(sibling), "encoded" | "content"))
}

/// The rows of a table, as the usual vocabularies name them.
fn rows(table: Node<'_, '_>) -> Vec<Vec<String>> {
    let rows = table
        .descendants()
        .filter(|node| matches!(name(*node), "row" | "tr" | "strow" | "sthead"));
    rows.map(|row| elements(row).into_iter().map(text_of).collect())
        .collect()
}

/// Elements of the same name with short fields as the rows of a table, its first the names of the fields.
fn records(run: &[Node<'_, '_>]) -> Option<Vec<Vec<String>>> {
    if run.len() < 2 {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    let mut rows = vec![Vec::new()];
    for record in run {
        let mut row: Vec<String> = Vec::new();
        for (name, text) in fields(*record)? {
            let column = names
                .iter()
                .position(|known| *known == name)
                .unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
            row.resize(row.len().max(column + 1), String::new());
            let cell = row
                .get_mut(column)
                .filter(|cell| cell.is_empty() && text.len() <= LONGEST_FIELD)?;
            *cell = text;
        }
        rows.push(row);
    }
    *rows.first_mut()? = names.into_iter().map(str::to_owned).collect();
    Some(rows)
}

/// The names and texts of the elements in a record, or of its attributes if it holds nothing.
fn fields<'a>(record: Node<'a, '_>) -> Option<Vec<(&'a str, String)>> {
    let children = elements(record);
    if children.is_empty() && !has_own_text(record) {
        let attributes = record.attributes();
        return Some(
            attributes
                .map(|attribute| (attribute.name(), attribute.value().to_owned()))
                .collect(),
        );
    }
    let is_flat = is_group(record)
        && children
            .iter()
            .all(|child| child.children().all(|inner| inner.is_text()));
    is_flat.then(|| {
        children
            .into_iter()
            .map(|child| (name(child), text_of(child)))
            .collect()
    })
}
