//! The tree that html5ever makes of HTML: nodes by number, so that deep trees are walked and dropped without recursion.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::interface::{Attribute, ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{LocalName, Namespace, ParseOpts, QualName, parse_document};

use super::super::Refusal;
use super::super::guard::Guard;

/// Elements may be this deep: the parser looks through all open ones again and again.
const DEEPEST: u32 = 1000;
/// The parser gets this much at a time, with a look at the clock and the depth in between.
const BYTES_AT_ONCE: usize = 4096;

/// A node's place in the tree.
pub(super) type Id = usize;
pub(super) const ROOT: Id = 0;

/// A parsed document.
pub(super) struct Tree(Vec<Node>);

struct Node {
    parent: Option<Id>,
    children: Vec<Id>,
    depth: u32,
    content: Content,
}

enum Content {
    Text(StrTendril),
    Element(QualName, Vec<Attribute>),
    /// The document, a comment, what a template holds.
    Other,
}

/// An element's name and attributes.
#[derive(Clone, Copy)]
pub(super) struct Element<'t> {
    pub(super) name: &'t str,
    attributes: &'t [Attribute],
}

impl<'t> Element<'t> {
    pub(super) fn attribute(&self, name: &str) -> Option<&'t str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|attribute| &*attribute.name.local == name);
        found.map(|attribute| &*attribute.value)
    }
}

impl Tree {
    pub(super) fn parse(html: &str, guard: &Guard<'_>) -> Result<Self, Refusal> {
        let sink = Sink {
            nodes: RefCell::new(vec![Node::new(Content::Other)]),
            deepest: Cell::new(0),
        };
        let mut parser = parse_document(sink, ParseOpts::default());
        let mut rest = html;
        while !rest.is_empty() {
            guard.check()?;
            let (now, later) = rest.split_at(rest.floor_char_boundary(BYTES_AT_ONCE));
            parser.process(now.into());
            rest = later;
            if parser.tokenizer.sink.sink.deepest.get() > DEEPEST {
                return Err(Refusal::TooDeep(DEEPEST));
            }
        }
        Ok(Self(parser.finish()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        self.0.get(id)?.parent
    }

    pub(super) fn element(&self, id: Id) -> Option<Element<'_>> {
        match &self.0.get(id)?.content {
            Content::Element(name, attributes) => Some(Element {
                name: &name.local,
                attributes,
            }),
            _ => None,
        }
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match &self.0.get(id)?.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Enters and leaves `id` and all that is in it, in the order of the document.
    pub(super) fn walk(&self, id: Id) -> Walk<'_> {
        Walk {
            tree: self,
            first: Some(id),
            open: Vec::new(),
        }
    }

    /// The elements in `id`, and itself.
    pub(super) fn elements(&self, id: Id) -> impl Iterator<Item = (Id, Element<'_>)> {
        self.walk(id).filter_map(|step| match step {
            Step::Enter(id) => Some((id, self.element(id)?)),
            Step::Leave(_) => None,
        })
    }

    /// All text in `id`.
    pub(super) fn all_text(&self, id: Id) -> String {
        let texts = self.walk(id).filter_map(|step| match step {
            Step::Enter(id) => self.text(id),
            Step::Leave(_) => None,
        });
        texts.collect()
    }
}

/// A step of a walk.
pub(super) enum Step {
    Enter(Id),
    Leave(Id),
}

/// A walk through a tree.
pub(super) struct Walk<'t> {
    tree: &'t Tree,
    first: Option<Id>,
    open: Vec<(Id, std::slice::Iter<'t, Id>)>,
}

impl Walk<'_> {
    /// Passes over what is in the node entered last.
    pub(super) fn pass_over(&mut self) {
        if let Some((_, children)) = self.open.last_mut() {
            *children = [].iter();
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let next = match self.open.last_mut() {
            Some((_, children)) => children.next().copied(),
            None => Some(self.first.take()?),
        };
        if let Some(id) = next {
            let children = self
                .tree
                .0
                .get(id)
                .map_or([].iter(), |node| node.children.iter());
            self.open.push((id, children));
            return Some(Step::Enter(id));
        }
        self.open.pop().map(|(id, _)| Step::Leave(id))
    }
}

impl Node {
    fn new(content: Content) -> Self {
        Self {
            parent: None,
            children: Vec::new(),
            depth: 0,
            content,
        }
    }
}

/// What the parser tells its nodes to. The numbers that it knows are those that it got from here.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    deepest: Cell<u32>,
}

impl Sink {
    fn create(&self, content: Content) -> Id {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(content));
        nodes.len() - 1
    }

    /// Puts `child` into `parent`, at a place among its children or at their end. Text joins the text before it.
    fn insert(&self, parent: Id, place: Option<usize>, child: NodeOrText<Id>) {
        let child = match child {
            NodeOrText::AppendNode(child) => child,
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let siblings = &nodes[parent].children;
                let before = place.unwrap_or(siblings.len()).checked_sub(1);
                let before = before.and_then(|before| siblings.get(before).copied());
                if let Some(Content::Text(earlier)) =
                    before.map(|before| &mut nodes[before].content)
                {
                    earlier.push_tendril(&text);
                    return;
                }
                drop(nodes);
                self.create(Content::Text(text))
            }
        };
        self.remove_from_parent(&child);
        let mut nodes = self.nodes.borrow_mut();
        let depth = nodes[parent].depth + 1;
        nodes[child].parent = Some(parent);
        nodes[child].depth = depth;
        self.deepest.set(self.deepest.get().max(depth));
        let siblings = &mut nodes[parent].children;
        siblings.insert(place.unwrap_or(siblings.len()).min(siblings.len()), child);
    }

    /// The parent and the place among its children. What the parser asks for is most often near their end.
    fn place(&self, id: Id) -> Option<(Id, usize)> {
        let nodes = self.nodes.borrow();
        let parent = nodes[id].parent?;
        let place = nodes[parent]
            .children
            .iter()
            .rposition(|child| *child == id)?;
        Some((parent, place))
    }
}

/// The name of an element that the parser asks for.
#[derive(Debug)]
struct Name<'a>(Option<Ref<'a, QualName>>);

impl ElemName for Name<'_> {
    fn ns(&self) -> &Namespace {
        static NONE: Namespace = html5ever::ns!();
        self.0.as_ref().map_or(&NONE, |name| &name.ns)
    }

    fn local_name(&self) -> &LocalName {
        static NONE: LocalName = html5ever::local_name!("");
        self.0.as_ref().map_or(&NONE, |name| &name.local)
    }
}

impl TreeSink for Sink {
    type Handle = Id;
    type Output = Vec<Node>;
    type ElemName<'a> = Name<'a>;

    fn finish(self) -> Vec<Node> {
        self.nodes.into_inner()
    }

    fn get_document(&self) -> Id {
        ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a Id) -> Name<'a> {
        let name = Ref::filter_map(self.nodes.borrow(), |nodes| match &nodes[*target].content {
            Content::Element(name, _) => Some(name),
            _ => None,
        });
        Name(name.ok())
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Id {
        self.create(Content::Element(name, attributes))
    }

    fn create_comment(&self, _: StrTendril) -> Id {
        self.create(Content::Other)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Id {
        self.create(Content::Other)
    }

    fn append(&self, parent: &Id, child: NodeOrText<Id>) {
        self.insert(*parent, None, child);
    }

    fn append_based_on_parent_node(&self, element: &Id, previous: &Id, child: NodeOrText<Id>) {
        if self.place(*element).is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_before_sibling(&self, sibling: &Id, child: NodeOrText<Id>) {
        if let Some((parent, place)) = self.place(*sibling) {
            self.insert(parent, Some(place), child);
        }
    }

    fn remove_from_parent(&self, target: &Id) {
        if let Some((parent, place)) = self.place(*target) {
            let mut nodes = self.nodes.borrow_mut();
            nodes[parent].children.remove(place);
            nodes[*target].parent = None;
        }
    }

    fn reparent_children(&self, node: &Id, new_parent: &Id) {
        let mut nodes = self.nodes.borrow_mut();
        let children = std::mem::take(&mut nodes[*node].children);
        for child in &children {
            nodes[*child].parent = Some(*new_parent);
        }
        nodes[*new_parent].children.extend(children);
    }

    /// What a template holds is no part of the page: it goes to a node outside the tree.
    fn get_template_contents(&self, _: &Id) -> Id {
        self.create(Content::Other)
    }

    fn add_attrs_if_missing(&self, target: &Id, attributes: Vec<Attribute>) {
        let mut nodes = self.nodes.borrow_mut();
        if let Content::Element(_, known) = &mut nodes[*target].content {
            for attribute in attributes {
                if known.iter().all(|known| known.name != attribute.name) {
                    known.push(attribute);
                }
            }
        }
    }

    fn same_node(&self, one: &Id, other: &Id) -> bool {
        one == other
    }

    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
}
