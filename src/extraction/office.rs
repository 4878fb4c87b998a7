//! What the office formats share: parts of XML in an archive, how the parts are related, and the facts about a document.

use std::collections::HashSet;

use roxmltree::{Document, Node};

use super::archive::Archive;
use super::draft::Draft;
use super::{Refusal, text};

/// More than any office program writes. The parser takes time by the square of both: of the attributes of an element, and of
/// the prefixes of namespaces.
const MOST_ATTRIBUTES: usize = 256;

/// Titles that office programs give by themselves.
const NO_TITLES: [&str; 6] = [
    "powerpoint presentation",
    "powerpoint-präsentation",
    "présentation powerpoint",
    "presentación de powerpoint",
    "word document",
    "slide 1",
];

/// The text of the part of that name, if there is one.
pub(super) fn part(archive: &Archive<'_>, name: &str) -> Result<Option<String>, Refusal> {
    archive
        .read(name)?
        .map(|bytes| text::decode(&bytes))
        .transpose()
}

/// The text of the part that stands in this relation, if there is one.
pub(super) fn related_part(
    archive: &Archive<'_>,
    relations: &[Relation],
    kind: &str,
) -> Result<Option<String>, Refusal> {
    related(relations, kind).map_or(Ok(None), |name| part(archive, name))
}

/// The text of a part that must be there.
pub(super) fn need(archive: &Archive<'_>, name: &str) -> Result<String, Refusal> {
    text::decode(&archive.need(name)?)
}

/// The tree of a part. Unlike other XML ([`super::xml::parse`]) it has no entities of its own: they multiply, and no office program
/// declares any.
pub(super) fn parse(part: &str) -> Result<Document<'_>, Refusal> {
    let is_value = |rest: &&str| rest.trim_start().starts_with(['"', '\'']);
    let attributes = |element: &str| element.split('=').skip(1).filter(is_value).count();
    let prefix = |rest: &str| {
        rest.split(['=', ' ', '<'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let prefixes: HashSet<String> = part.split("xmlns:").skip(1).map(prefix).collect();
    if prefixes.len() > MOST_ATTRIBUTES
        || part
            .split('<')
            .any(|element| attributes(element) > MOST_ATTRIBUTES)
    {
        return Err(Refusal::Damaged(
            "its XML has elements with hundreds of attributes".to_owned(),
        ));
    }
    Document::parse(part).map_err(Refusal::damaged)
}

/// Whether this is an element of that name. Names are without their namespaces, as these differ between editions of a
/// format while the names do not.
pub(super) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// The first child of that name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// What the path of names leads to, by the first child of each.
pub(super) fn descend<'a, 'i>(node: Node<'a, 'i>, path: &[&str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| child(node, name))
}

/// The value of the attribute of that name.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes()
        .find(|attribute| attribute.name() == name)
        .map(|attribute| attribute.value())
}

/// The attribute of that name which names a relation.
pub(super) fn relation_id<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let of_relations = |namespace: Option<&str>| {
        namespace.is_some_and(|namespace| namespace.ends_with("/relationships"))
    };
    let mut attributes = node.attributes();
    let found = attributes
        .find(|attribute| attribute.name() == name && of_relations(attribute.namespace()));
    found.map(|attribute| attribute.value())
}

/// An attribute that is a number.
pub(super) fn number(node: Node<'_, '_>, name: &str) -> Option<usize> {
    attribute(node, name)?.trim().parse().ok()
}

/// What an element that may stand for two versions of the same thing holds: the first of them.
pub(super) fn choice<'a, 'i>(alternatives: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    child(alternatives, "Choice").or_else(|| child(alternatives, "Fallback"))
}

/// That a part is related to another.
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type: `officeDocument`, `footnotes`, …
    pub(super) kind: String,
    /// The name of the other part in the archive.
    pub(super) part: String,
}

/// The relations of a part, or of the whole package, whose name is empty.
pub(super) fn relations(archive: &Archive<'_>, name: &str) -> Result<Vec<Relation>, Refusal> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let at = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let Some(text) = part(archive, &format!("{at}_rels/{file}.rels"))? else {
        return Ok(Vec::new());
    };
    let tree = parse(&text)?;
    let relation = |node: Node<'_, '_>| {
        if attribute(node, "TargetMode") == Some("External") {
            return None;
        }
        Some(Relation {
            id: attribute(node, "Id")?.to_owned(),
            kind: attribute(node, "Type")?.rsplit('/').next()?.to_owned(),
            part: resolve(folder, attribute(node, "Target")?),
        })
    };
    Ok(tree
        .root_element()
        .children()
        .filter_map(relation)
        .collect())
}

/// The name of a part that is given from within a folder.
fn resolve(folder: &str, target: &str) -> String {
    let (folder, target) = match target.strip_prefix('/') {
        Some(target) => ("", target),
        None => (folder, target),
    };
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// The part related to another in that way, if there is one.
pub(super) fn related<'r>(relations: &'r [Relation], kind: &str) -> Option<&'r str> {
    let found = relations.iter().find(|relation| relation.kind == kind);
    found.map(|relation| relation.part.as_str())
}

/// The part of that id, if there is one.
pub(super) fn part_of<'r>(relations: &'r [Relation], id: &str) -> Option<&'r str> {
    let found = relations.iter().find(|relation| relation.id == id);
    found.map(|relation| relation.part.as_str())
}

/// Title, author and date of a package, as far as they are there and can be read: no document fails for them.
pub(super) fn properties(archive: &Archive<'_>, package: &[Relation], draft: &mut Draft) {
    let name = related(package, "core-properties").unwrap_or("docProps/core.xml");
    if let Ok(Some(text)) = part(archive, name)
        && let Ok(tree) = parse(&text)
    {
        facts(
            tree.root_element(),
            ["creator", "modified", "created"],
            draft,
        );
    }
}

/// Title, author and date among the children of `node`; the names are those of the author and of the dates, best first.
pub(super) fn facts(node: Node<'_, '_>, names: [&str; 3], draft: &mut Draft) {
    let value = |name: &str| {
        child(node, name)
            .and_then(|node| node.text())
            .unwrap_or_default()
    };
    let title = value("title");
    if !NO_TITLES.contains(&title.trim().to_lowercase().as_str()) {
        draft.title(title);
    }
    let [author, dates @ ..] = names;
    draft.fact("author", value(author));
    for date in dates {
        draft.date(value(date));
    }
}

/// The text of a diagram (`SmartArt`), one for each of its shapes that have any.
pub(super) fn diagram(archive: &Archive<'_>, name: &str) -> Result<Vec<String>, Refusal> {
    let Some(text) = part(archive, name)? else {
        return Ok(Vec::new());
    };
    let tree = parse(&text)?;
    let Some(points) = child(tree.root_element(), "ptLst") else {
        return Ok(Vec::new());
    };
    let words = |point: Node<'_, '_>| {
        let words = point
            .descendants()
            .filter(|node| is(*node, "t") && node.children().all(|child| child.is_text()));
        words
            .filter_map(|node| node.text())
            .collect::<Vec<_>>()
            .join(" ")
    };
    Ok(points
        .children()
        .filter(|point| is(*point, "pt"))
        .map(words)
        .filter(|text| !text.trim().is_empty())
        .collect())
}
