//! `PowerPoint` presentations.

use std::collections::HashSet;

use roxmltree::Node;

use super::Refusal;
use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::office::{self, Relation, attribute, child, descend, is, number};

/// What stands on every slide: the date, the number of the slide, the footer and the header.
const MARGINS: [&str; 4] = ["dt", "sldNum", "ftr", "hdr"];

/// The slides in their order, each with its notes.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let package = office::relations(&archive, "")?;
    let main = office::related(&package, "officeDocument").unwrap_or("ppt/presentation.xml");
    let text = office::need(&archive, main)?;
    let tree = office::parse(&text)?;
    let relations = office::relations(&archive, main)?;
    let mut draft = Draft::default();
    let slides = child(tree.root_element(), "sldIdLst");
    let ids = slides
        .iter()
        .flat_map(|slides| slides.children().filter(|node| is(*node, "sldId")));
    for (page, id) in (1..).zip(ids) {
        guard.check()?;
        draft.page(page);
        let part = office::relation_id(id, "id").and_then(|id| office::part_of(&relations, id));
        if let Some(part) = part {
            let title = slide(&archive, guard, part, &mut draft)?;
            if page == 1 {
                draft.title(&title);
            }
        }
    }
    office::properties(&archive, &package, &mut draft);
    Ok(draft)
}

/// Tells a slide and its notes. What comes back is its title.
fn slide(
    archive: &Archive<'_>,
    guard: &Guard<'_>,
    name: &str,
    draft: &mut Draft,
) -> Result<String, Refusal> {
    let Some(text) = office::part(archive, name)? else {
        return Ok(String::new());
    };
    let tree = office::parse(&text)?;
    let relations = office::relations(archive, name)?;
    let part = |kind: &str| {
        office::related(&relations, kind)
            .map(|name| office::part(archive, name))
            .transpose()
    };
    let plain = match part("slideLayout")?.flatten() {
        Some(text) => without_bullets(office::parse(&text)?.root_element()),
        None => HashSet::new(),
    };
    let mut slide = Slide {
        guard,
        archive,
        relations: &relations,
        draft,
        plain,
        title: String::new(),
        is_notes: false,
    };
    slide.all(tree.root_element())?;
    if let Some(text) = part("notesSlide")?.flatten() {
        slide.is_notes = true;
        slide.all(office::parse(&text)?.root_element())?;
    }
    Ok(slide.title)
}

/// The placeholders of a layout whose paragraphs have no bullets, by their index.
fn without_bullets(layout: Node<'_, '_>) -> HashSet<String> {
    let is_plain = |shape: &Node<'_, '_>| {
        descend(*shape, &["txBody", "lstStyle", "lvl1pPr", "buNone"]).is_some()
    };
    let shapes = layout
        .descendants()
        .filter(|node| is(*node, "sp"))
        .filter(is_plain);
    shapes
        .filter_map(|shape| index(shape).map(str::to_owned))
        .collect()
}

struct Slide<'a, 'z> {
    guard: &'a Guard<'a>,
    archive: &'a Archive<'z>,
    relations: &'a [Relation],
    draft: &'a mut Draft,
    /// The placeholders that have no bullets.
    plain: HashSet<String>,
    title: String,
    /// Whether these are the notes of a slide.
    is_notes: bool,
}

impl Slide<'_, '_> {
    /// Tells all shapes, the title first.
    fn all(&mut self, root: Node<'_, '_>) -> Result<(), Refusal> {
        let Some(tree) = descend(root, &["cSld", "spTree"]) else {
            return Ok(());
        };
        let mut shapes = Vec::new();
        self.flatten(tree, &mut shapes)?;
        shapes.sort_by_key(|shape| !is_title(placeholder(*shape)));
        for shape in shapes {
            self.guard.check()?;
            match shape.tag_name().name() {
                "graphicFrame" => self.graphic(shape)?,
                _ => self.shape(shape)?,
            }
        }
        Ok(())
    }

    /// Lists the shapes with those of groups in place of the groups.
    fn flatten<'t, 'i>(
        &self,
        group: Node<'t, 'i>,
        shapes: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        for node in group.children() {
            match node.tag_name().name() {
                "grpSp" => self.flatten(node, shapes)?,
                "AlternateContent" => {
                    if let Some(choice) = office::choice(node) {
                        self.flatten(choice, shapes)?;
                    }
                }
                "sp" | "cxnSp" | "graphicFrame" => shapes.push(node),
                _ => {}
            }
        }
        Ok(())
    }

    fn shape(&mut self, shape: Node<'_, '_>) -> Result<(), Refusal> {
        let Some(body) = child(shape, "txBody") else {
            return Ok(());
        };
        let kind = placeholder(shape);
        if kind.is_some_and(|kind| MARGINS.contains(&kind)) || self.is_notes && kind != Some("body")
        {
            return Ok(());
        }
        if is_title(kind) {
            self.title = self.text(body)?;
            self.draft.heading(2, &self.title);
            return Ok(());
        }
        let is_plain =
            self.is_notes || index(shape).is_some_and(|index| self.plain.contains(index));
        let has_bullets = !is_plain && matches!(kind, Some("body" | "obj"));
        for paragraph in body.children().filter(|node| is(*node, "p")) {
            let text = self.text(paragraph)?;
            let properties = child(paragraph, "pPr");
            let has =
                |name: &str| properties.is_some_and(|properties| child(properties, name).is_some());
            let depth = properties
                .and_then(|properties| number(properties, "lvl"))
                .unwrap_or(0);
            let is_item =
                has("buChar") || has("buAutoNum") || has("buBlip") || has_bullets && !has("buNone");
            if is_item {
                self.draft.item(depth, &text);
            } else {
                self.draft.paragraph(&text);
            }
        }
        Ok(())
    }

    /// A table or a diagram.
    fn graphic(&mut self, frame: Node<'_, '_>) -> Result<(), Refusal> {
        let Some(data) = descend(frame, &["graphic", "graphicData"]) else {
            return Ok(());
        };
        if let Some(table) = child(data, "tbl") {
            return self.table(table);
        }
        let ids = child(data, "relIds").and_then(|ids| office::relation_id(ids, "dm"));
        if let Some(part) = ids.and_then(|id| office::part_of(self.relations, id)) {
            for text in office::diagram(self.archive, part)? {
                self.draft.item(0, &text);
            }
        }
        Ok(())
    }

    fn table(&mut self, table: Node<'_, '_>) -> Result<(), Refusal> {
        let mut rows = Vec::new();
        for line in table.children().filter(|node| is(*node, "tr")) {
            let cells = line.children().filter(|node| is(*node, "tc"));
            rows.push(
                cells
                    .map(|cell| self.text(cell))
                    .collect::<Result<Vec<_>, _>>()?,
            );
        }
        self.draft.table(&rows);
        Ok(())
    }

    /// The text in `node`, with a line for each paragraph.
    fn text(&self, node: Node<'_, '_>) -> Result<String, Refusal> {
        let mut text = String::new();
        self.gather(node, &mut text)?;
        Ok(text)
    }

    fn gather(&self, parent: Node<'_, '_>, text: &mut String) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        for node in parent.children() {
            match node.tag_name().name() {
                "t" => text.push_str(node.text().unwrap_or_default()),
                "br" => text.push('\n'),
                "tab" => text.push('\t'),
                "fld" if attribute(node, "type") == Some("slidenum") => {}
                "AlternateContent" => {
                    if let Some(choice) = office::choice(node) {
                        self.gather(choice, text)?;
                    }
                }
                "p" => {
                    self.gather(node, text)?;
                    text.push('\n');
                }
                _ => self.gather(node, text)?,
            }
        }
        Ok(())
    }
}

/// What a shape is the placeholder of, if it is one.
fn placeholder<'a>(shape: Node<'a, '_>) -> Option<&'a str> {
    let place = descend(shape, &["nvSpPr", "nvPr", "ph"])?;
    Some(attribute(place, "type").unwrap_or("obj"))
}

/// The index by which a placeholder is the same on a slide and on its layout.
fn index<'a>(shape: Node<'a, '_>) -> Option<&'a str> {
    attribute(descend(shape, &["nvSpPr", "nvPr", "ph"])?, "idx")
}

fn is_title(kind: Option<&str>) -> bool {
    matches!(kind, Some("title" | "ctrTitle"))
}
