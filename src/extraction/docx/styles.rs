//! What the styles of a Word document make of its paragraphs: headings, items of lists, code.

use std::collections::HashMap;

use roxmltree::Node;

use super::super::office::{attribute, child, is, number};

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading(u8),
    /// An item of a list, so many lists deep from 0.
    Item(usize),
    Code,
    /// An entry of a table of contents: its text stands elsewhere too.
    Contents,
    Body,
}

/// Styles by their id.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Style>);

/// What a style says itself, without the one that it is based on.
struct Style {
    role: Option<Role>,
    list: Option<List>,
    parent: Option<String>,
}

/// Whether a paragraph is an item: `None` says that it is not, though its style may be that of items.
type List = Option<usize>;

/// Longer chains of styles based on one another are circles.
const LONGEST_CHAIN: usize = 20;

impl Styles {
    /// The styles of a styles part.
    pub(super) fn of(root: Node<'_, '_>) -> Self {
        let style = |node: Node<'_, '_>| {
            let value = |name: &str| child(node, name).and_then(|node| attribute(node, "val"));
            let name = value("name").unwrap_or_default().to_lowercase();
            let properties = child(node, "pPr");
            // `List Bullet 3` is three lists deep, though its numbering has one level only.
            let depth = name
                .rsplit(' ')
                .next()
                .and_then(|depth| depth.parse().ok())
                .unwrap_or(1_usize)
                .saturating_sub(1);
            let deeper = |list: List| list.map(|level| level.max(depth));
            let style = Style {
                role: role_by_name(&name).or_else(|| properties.and_then(role_by_outline)),
                list: properties.and_then(list).map(deeper),
                parent: value("basedOn").map(str::to_owned),
            };
            Some((attribute(node, "styleId")?.to_owned(), style))
        };
        Self(
            root.children()
                .filter(|node| is(*node, "style"))
                .filter_map(style)
                .collect(),
        )
    }

    /// What a paragraph with these properties is.
    pub(super) fn role(&self, properties: Option<Node<'_, '_>>) -> Role {
        let Some(properties) = properties else {
            return Role::Body;
        };
        let id = child(properties, "pStyle")
            .and_then(|style| attribute(style, "val"))
            .unwrap_or_default();
        let role = self.chain(id).find_map(|style| style.role);
        if let Some(role) = role
            .filter(|role| *role == Role::Title)
            .or_else(|| role_by_outline(properties))
            .or(role)
        {
            return role;
        }
        let of_style = self.chain(id).find_map(|style| style.list).flatten();
        let depth = match list(properties) {
            None => of_style,
            // Word says 0 of any item whose depth is that of its style.
            Some(Some(0)) => of_style.or(Some(0)),
            Some(list) => list,
        };
        depth.map_or(Role::Body, Role::Item)
    }

    /// The style of that id and those that it is based on.
    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let parent = |style: &&Style| style.parent.as_deref().and_then(|id| self.0.get(id));
        std::iter::successors(self.0.get(id), parent).take(LONGEST_CHAIN)
    }
}

/// What a style of this name is. Word keeps the English names of its own styles whatever its language is.
fn role_by_name(name: &str) -> Option<Role> {
    if let Some(level) = name.strip_prefix("heading ") {
        return level.parse().ok().map(Role::Heading);
    }
    if name.starts_with("toc ") || name == "table of figures" {
        return Some(Role::Contents);
    }
    match name {
        "title" => Some(Role::Title),
        "code" | "code block" | "html preformatted" | "macro text" | "preformatted text"
        | "source code" | "verbatim" => Some(Role::Code),
        _ => None,
    }
}

/// What an outline level among paragraph properties says.
fn role_by_outline(properties: Node<'_, '_>) -> Option<Role> {
    let level = number(child(properties, "outlineLvl")?, "val")?;
    Some(match u8::try_from(level) {
        Ok(level @ ..9) => Role::Heading(level + 1),
        _ => Role::Body,
    })
}

/// What paragraph properties say of lists.
fn list(properties: Node<'_, '_>) -> Option<List> {
    let numbering = child(properties, "numPr")?;
    let value = |name: &str| child(numbering, name).and_then(|node| number(node, "val"));
    Some(if value("numId") == Some(0) {
        None
    } else {
        Some(value("ilvl").unwrap_or(0))
    })
}
