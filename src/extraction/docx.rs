//! Word documents.

mod styles;
mod table;

use std::collections::BTreeSet;

use roxmltree::Node;

use self::styles::{Role, Styles};
use super::Refusal;
use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::office::{self, Relation, attribute, child, descend, is};

/// The main text, then its notes. Headers and footers count only where there is nothing else.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let package = office::relations(&archive, "")?;
    let main = office::related(&package, "officeDocument").unwrap_or("word/document.xml");
    let text = office::need(&archive, main)?;
    let tree = office::parse(&text)?;
    let relations = office::relations(&archive, main)?;
    let mut reader = Reader {
        guard,
        archive: &archive,
        relations: &relations,
        styles: styles(&archive, &relations)?,
        draft: Draft::default(),
        breaks: Breaks::of(tree.root_element()),
        page: 1,
        code: String::new(),
        carried: String::new(),
        notes: Vec::new(),
    };
    if reader.breaks != Breaks::None {
        reader.draft.page(1);
    }
    if let Some(body) = child(tree.root_element(), "body") {
        reader.blocks(body)?;
    }
    reader.end();
    reader.notes()?;
    if reader.draft.len() == 0 {
        reader.margins()?;
    }
    office::properties(&archive, &package, &mut reader.draft);
    Ok(reader.draft)
}

fn styles(archive: &Archive<'_>, relations: &[Relation]) -> Result<Styles, Refusal> {
    let Some(text) = office::related_part(archive, relations, "styles")? else {
        return Ok(Styles::default());
    };
    let tree = office::parse(&text)?;
    Ok(Styles::of(tree.root_element()))
}

/// What tells where pages begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    /// What Word last saw when it laid out the pages, breaks by hand included.
    Seen,
    /// Only those made by hand.
    ByHand,
    None,
}

impl Breaks {
    fn of(root: Node<'_, '_>) -> Self {
        let mut found = Self::None;
        for node in root.descendants() {
            if is(node, "lastRenderedPageBreak") {
                return Self::Seen;
            }
            if is_break_by_hand(node) {
                found = Self::ByHand;
            }
        }
        found
    }
}

fn is_break_by_hand(node: Node<'_, '_>) -> bool {
    is(node, "br") && attribute(node, "type") == Some("page")
        || is(node, "pageBreakBefore") && is_on(node)
}

/// Whether a switch such as `<w:vanish/>` is on.
fn is_on(node: Node<'_, '_>) -> bool {
    !matches!(attribute(node, "val"), Some("0" | "false" | "off"))
}

/// What the runs of a paragraph hold.
#[derive(Default)]
struct Inline<'t, 'i> {
    text: String,
    /// Contents of text boxes, to be told after the paragraph that they are anchored in.
    boxes: Vec<Node<'t, 'i>>,
    /// Texts of diagrams.
    diagrams: Vec<String>,
    /// Page breaks before the first word, and after.
    before: u32,
    after: u32,
}

struct Reader<'a, 'z> {
    guard: &'a Guard<'a>,
    archive: &'a Archive<'z>,
    relations: &'a [Relation],
    styles: Styles,
    draft: Draft,
    breaks: Breaks,
    page: u32,
    /// Lines of code so far.
    code: String,
    /// Text of paragraphs whose end was deleted: the next one continues them.
    carried: String,
    /// The notes referred to: the kind of their part and their id.
    notes: Vec<(&'static str, String)>,
}

impl Reader<'_, '_> {
    /// Tells the paragraphs and tables in `parent`.
    fn blocks(&mut self, parent: Node<'_, '_>) -> Result<(), Refusal> {
        let mut blocks = Vec::new();
        self.unwrap(parent, &mut blocks)?;
        for block in blocks {
            self.guard.check()?;
            match block.tag_name().name() {
                "p" => self.paragraph(block)?,
                "tbl" => self.table(block)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Lists what `parent` holds, with the contents of whatever is only a wrapper in place of the wrapper.
    fn unwrap<'t, 'i>(
        &self,
        parent: Node<'t, 'i>,
        found: &mut Vec<Node<'t, 'i>>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        for node in parent.children() {
            match node.tag_name().name() {
                "sdt" if is_placeholder(node) => {}
                "sdt" | "sdtContent" | "customXml" | "smartTag" | "ins" | "moveTo" => {
                    self.unwrap(node, found)?;
                }
                "AlternateContent" => {
                    if let Some(choice) = office::choice(node) {
                        self.unwrap(choice, found)?;
                    }
                }
                _ => found.push(node),
            }
        }
        Ok(())
    }

    fn paragraph(&mut self, paragraph: Node<'_, '_>) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        let properties = child(paragraph, "pPr");
        let mut inline = Inline {
            text: std::mem::take(&mut self.carried),
            ..Inline::default()
        };
        self.inline(paragraph, &mut inline)?;
        let by_hand = properties.and_then(|properties| child(properties, "pageBreakBefore"));
        if self.breaks == Breaks::ByHand && by_hand.is_some_and(is_on) {
            inline.before += 1;
        }
        self.turn(inline.before);
        let is_end_deleted =
            properties.is_some_and(|properties| descend(properties, &["rPr", "del"]).is_some());
        if is_end_deleted && inline.boxes.is_empty() {
            self.carried = inline.text;
        } else {
            self.tell(self.styles.role(properties), &inline.text);
        }
        for text in &inline.diagrams {
            self.draft.item(0, text);
        }
        for text_box in inline.boxes {
            self.blocks(text_box)?;
        }
        self.turn(inline.after);
        Ok(())
    }

    fn tell(&mut self, role: Role, text: &str) {
        if role == Role::Code {
            self.code.push_str(text);
            self.code.push('\n');
            return;
        }
        self.end();
        match role {
            Role::Title => {
                self.draft.title(text);
                self.draft.heading(1, text);
            }
            Role::Heading(level) => self.draft.heading(level, text),
            Role::Item(depth) => self.draft.item(depth, text),
            Role::Body => self.draft.paragraph(text),
            Role::Code | Role::Contents => {}
        }
    }

    /// Tells what waited for more to come.
    fn end(&mut self) {
        let code = std::mem::take(&mut self.code);
        self.draft.code(&code);
        let carried = std::mem::take(&mut self.carried);
        self.draft.paragraph(&carried);
    }

    /// Turns pages.
    fn turn(&mut self, pages: u32) {
        if pages > 0 {
            self.end();
            self.page += pages;
            self.draft.page(self.page);
        }
    }

    /// Gathers the text of runs.
    fn inline<'t, 'i>(
        &mut self,
        parent: Node<'t, 'i>,
        inline: &mut Inline<'t, 'i>,
    ) -> Result<(), Refusal> {
        let _level = self.guard.enter()?;
        for node in parent.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "t" => inline.text.push_str(node.text().unwrap_or_default()),
                "tab" | "ptab" => inline.text.push('\t'),
                "cr" => inline.text.push('\n'),
                "noBreakHyphen" => inline.text.push('-'),
                "sym" => inline.text.extend(symbol(node)),
                "br" | "lastRenderedPageBreak" => self.line_break(node, inline),
                "footnoteReference" => self.note("footnotes", node),
                "endnoteReference" => self.note("endnotes", node),
                "txbxContent" => inline.boxes.push(node),
                "relIds" => self.diagram(node, inline)?,
                "AlternateContent" => {
                    if let Some(choice) = office::choice(node) {
                        self.inline(choice, inline)?;
                    }
                }
                "r" if is_hidden(node) => {}
                "sdt" if is_placeholder(node) => {}
                // Properties, what was deleted or moved away, and how words sound.
                "pPr" | "rPr" | "sdtPr" | "del" | "moveFrom" | "rt" => {}
                _ => self.inline(node, inline)?,
            }
        }
        Ok(())
    }

    fn line_break(&self, node: Node<'_, '_>, inline: &mut Inline<'_, '_>) {
        let is_seen = is(node, "lastRenderedPageBreak");
        let counts = match self.breaks {
            Breaks::Seen => is_seen,
            Breaks::ByHand => is_break_by_hand(node),
            Breaks::None => false,
        };
        if counts {
            let is_before = inline.text.trim().is_empty();
            *(if is_before {
                &mut inline.before
            } else {
                &mut inline.after
            }) += 1;
        }
        if !is_seen {
            inline.text.push('\n');
        }
    }

    fn note(&mut self, kind: &'static str, reference: Node<'_, '_>) {
        if let Some(id) = attribute(reference, "id") {
            self.notes.push((kind, id.to_owned()));
        }
    }

    fn diagram(&self, ids: Node<'_, '_>, inline: &mut Inline<'_, '_>) -> Result<(), Refusal> {
        let part =
            office::relation_id(ids, "dm").and_then(|id| office::part_of(self.relations, id));
        if let Some(part) = part {
            inline.diagrams.extend(office::diagram(self.archive, part)?);
        }
        Ok(())
    }

    /// Tells the notes that were referred to, in that order. They stand on no page of their own.
    fn notes(&mut self) -> Result<(), Refusal> {
        let wanted = std::mem::take(&mut self.notes);
        self.breaks = Breaks::None;
        for kind in ["footnotes", "endnotes"] {
            let Some(text) = self.related(kind)? else {
                continue;
            };
            let tree = office::parse(&text)?;
            let all = tree.root_element();
            let notes: std::collections::HashMap<&str, Node<'_, '_>> = all
                .children()
                .filter_map(|note| Some((attribute(note, "id")?, note)))
                .collect();
            let mut told = BTreeSet::new();
            for (_, id) in wanted.iter().filter(|(of, _)| *of == kind) {
                if told.insert(id)
                    && let Some(note) = notes.get(id.as_str())
                {
                    self.blocks(*note)?;
                }
            }
            self.end();
        }
        Ok(())
    }

    /// Tells the headers and footers, each text once.
    fn margins(&mut self) -> Result<(), Refusal> {
        let mut told = BTreeSet::new();
        for relation in self
            .relations
            .iter()
            .filter(|relation| ["header", "footer"].contains(&relation.kind.as_str()))
        {
            let Some(text) = office::part(self.archive, &relation.part)? else {
                continue;
            };
            let tree = office::parse(&text)?;
            let words: String = tree
                .descendants()
                .filter(|node| is(*node, "t"))
                .filter_map(|node| node.text())
                .collect();
            if told.insert(words) {
                self.blocks(tree.root_element())?;
                self.end();
            }
        }
        Ok(())
    }

    fn related(&self, kind: &str) -> Result<Option<String>, Refusal> {
        office::related_part(self.archive, self.relations, kind)
    }
}

/// Whether a form field shows only what to enter.
fn is_placeholder(field: Node<'_, '_>) -> bool {
    descend(field, &["sdtPr", "showingPlcHdr"]).is_some_and(is_on)
}

fn is_hidden(run: Node<'_, '_>) -> bool {
    descend(run, &["rPr", "vanish"]).is_some_and(is_on)
}

/// The character of a symbol. Those of symbol fonts have codes of their own and no meaning without the font.
fn symbol(node: Node<'_, '_>) -> Option<char> {
    let code = u32::from_str_radix(attribute(node, "char")?, 16).ok()?;
    char::from_u32(code).filter(|_| !(0xE000..0xF900).contains(&code))
}
