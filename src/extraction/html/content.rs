//! What of a page is its content: not what is hidden, nor the navigation, banners and footers around it.

use super::super::Refusal;
use super::super::guard::Guard;
use super::tree::{Element, Id, ROOT, Step, Tree};

/// A main part with fewer characters than this, and less than half of the page's, is not it.
const ENOUGH: usize = 200;
/// Where no more than this, and no more than a quarter, is left of a page, nothing is left out.
const TOO_LITTLE: usize = 40;

/// Names of classes and ids of what is navigation wherever it stands.
const FURNITURE: [&str; 21] = [
    "breadcrumb",
    "breadcrumbs",
    "catlinks",
    "gutter",
    "headerlink",
    "linenos",
    "mw-editsection",
    "mw-jump-link",
    "nav",
    "navbar",
    "navbox",
    "navigation",
    "noprint",
    "pagination",
    "printfooter",
    "share-buttons",
    "skip-link",
    "skip-to-content",
    "social-share",
    "sr-only-focusable",
    "toc-nav",
];

/// Names of classes and ids of what is around the main part of a page.
const AROUND: [&str; 10] = [
    "footer",
    "menu",
    "page-footer",
    "related-posts",
    "sidebar",
    "side-nav",
    "sidenav",
    "site-footer",
    "site-header",
    "topbar",
];

/// How many characters of text each node holds, and how many of them are those of links.
pub(super) struct Weights(Vec<Weight>);

#[derive(Default, Clone, Copy)]
struct Weight {
    text: usize,
    in_links: usize,
    links: usize,
}

impl Weights {
    fn new(tree: &Tree, guard: &Guard<'_>) -> Result<Self, Refusal> {
        let mut weights = vec![Weight::default(); tree.len()];
        let mut walk = tree.walk(ROOT);
        while let Some(step) = walk.next() {
            let (Step::Enter(id) | Step::Leave(id)) = step;
            let element = tree.element(id);
            match step {
                Step::Enter(_) if element.is_some_and(is_never_shown) => walk.pass_over(),
                Step::Enter(_) => {
                    guard.check()?;
                    let text = tree.text(id).unwrap_or_default();
                    weights[id].text = text.chars().filter(|c| !c.is_whitespace()).count();
                }
                Step::Leave(_) => {
                    if element.is_some_and(|element| {
                        element.name == "a" && element.attribute("href").is_some()
                    }) {
                        weights[id].in_links = weights[id].text;
                        weights[id].links = usize::from(weights[id].text > 0);
                    }
                    let inner = weights[id];
                    if let Some(outer) = tree.parent(id).and_then(|parent| weights.get_mut(parent))
                    {
                        outer.text += inner.text;
                        outer.in_links += inner.in_links;
                        outer.links += inner.links;
                    }
                }
            }
        }
        Ok(Self(weights))
    }

    pub(super) fn text(&self, id: Id) -> usize {
        self.get(id).text
    }

    fn get(&self, id: Id) -> Weight {
        self.0.get(id).copied().unwrap_or_default()
    }

    /// Whether it is a list of links with short names.
    fn is_links(&self, id: Id) -> bool {
        let Weight {
            text,
            in_links,
            links,
        } = self.get(id);
        links >= 4 && in_links * 10 > text * 8 && in_links < links * 40
    }
}

/// What of a tree is content.
pub(super) struct Content {
    pub(super) root: Id,
    pub(super) weights: Weights,
    left_out: Vec<bool>,
}

impl Content {
    pub(super) fn of(tree: &Tree, guard: &Guard<'_>) -> Result<Self, Refusal> {
        let weights = Weights::new(tree, guard)?;
        let mut content = Self {
            root: ROOT,
            weights,
            left_out: vec![false; tree.len()],
        };
        let all = content.weights.text(ROOT);
        let mut kept = all - content.leave_out(tree, guard, Content::is_furniture)?;
        if kept <= TOO_LITTLE && kept * 4 <= all {
            content.left_out.fill(false);
            return Ok(content);
        }
        if let Some(main) = content.main(tree, kept) {
            content.root = main;
        } else if kept < all {
            let before = content.left_out.clone();
            kept -= content.leave_out(tree, guard, |content, _, id, element, _| {
                matches!(element.name, "ul" | "ol" | "table" | "div" | "section")
                    && content.weights.is_links(id)
            })?;
            if kept * 4 < all {
                content.left_out = before;
            }
        }
        Ok(content)
    }

    /// Whether a node is left out, with all that is in it.
    pub(super) fn leaves_out(&self, tree: &Tree, id: Id) -> bool {
        self.left_out.get(id).copied().unwrap_or_default()
            || tree.element(id).is_some_and(is_never_shown)
    }

    /// Leaves out what `is_out` says; how much text that is. It is told whether the element is in an article or main part.
    fn leave_out(
        &mut self,
        tree: &Tree,
        guard: &Guard<'_>,
        is_out: impl Fn(&Self, &Tree, Id, Element<'_>, bool) -> bool,
    ) -> Result<usize, Refusal> {
        let mut text = 0;
        let mut mains = 0_usize;
        let mut walk = tree.walk(ROOT);
        while let Some(step) = walk.next() {
            let (Step::Enter(id) | Step::Leave(id)) = step;
            let Some(element) = tree.element(id) else {
                continue;
            };
            match step {
                Step::Enter(_) if self.leaves_out(tree, id) => walk.pass_over(),
                Step::Enter(_) if is_out(self, tree, id, element, mains > 0) => {
                    guard.check()?;
                    self.left_out[id] = true;
                    text += self.weights.text(id);
                    walk.pass_over();
                }
                Step::Enter(_) => {
                    mains += usize::from(is_main(element) || element.name == "article");
                }
                Step::Leave(_) if self.leaves_out(tree, id) => {}
                Step::Leave(_) => {
                    mains -= usize::from(is_main(element) || element.name == "article");
                }
            }
        }
        Ok(text)
    }

    fn is_furniture(&self, tree: &Tree, id: Id, element: Element<'_>, is_in_main: bool) -> bool {
        let role = element.attribute("role");
        if element.name == "nav" || matches!(role, Some("navigation" | "search")) {
            return true;
        }
        let weight = self.weights.get(id);
        let is_around = match element.name {
            // The title of a page stands in its header, at times, and nowhere else.
            "header" => weight.in_links * 2 > weight.text || !has_title(tree, id),
            // Notes of an electronic book are asides.
            "footer" | "aside" => element.attribute("epub:type").is_none(),
            _ => matches!(role, Some("banner" | "contentinfo" | "complementary")),
        };
        if is_around && !is_in_main {
            return true;
        }
        let names = [element.attribute("class"), element.attribute("id")];
        let mut names = names
            .into_iter()
            .flatten()
            .flat_map(str::split_ascii_whitespace);
        names.any(|name| {
            FURNITURE.contains(&name)
                || (!is_in_main && AROUND.contains(&name))
                || asks_for_consent(name)
        }) && weight.text * 2 < self.weights.text(ROOT)
    }

    /// The main part, where there is exactly one that has enough of the text that is kept.
    fn main(&self, tree: &Tree, kept: usize) -> Option<Id> {
        let only = |is_it: fn(Element<'_>) -> bool| {
            let mut found = None;
            let mut walk = tree.walk(ROOT);
            while let Some(step) = walk.next() {
                let Step::Enter(id) = step else { continue };
                let is_it = tree.element(id).is_some_and(is_it);
                if self.leaves_out(tree, id) {
                    walk.pass_over();
                } else if is_it && found.replace(id).is_some() {
                    return None;
                } else if is_it {
                    walk.pass_over();
                }
            }
            found
        };
        let main = only(is_main).filter(|main| self.weights.text(*main) >= ENOUGH.min(kept / 2));
        main.or_else(|| {
            only(|element| element.name == "article")
                .filter(|article| self.weights.text(*article) * 2 >= kept)
        })
    }
}

fn has_title(tree: &Tree, id: Id) -> bool {
    tree.elements(id)
        .any(|(_, element)| matches!(element.name, "h1" | "h2"))
}

fn is_main(element: Element<'_>) -> bool {
    element.name == "main"
        || element.attribute("role") == Some("main")
        || element.attribute("id") == Some("main-content")
}

fn asks_for_consent(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    name.starts_with("onetrust")
        || (has(&["cookie", "consent", "gdpr"])
            && has(&[
                "banner", "notice", "bar", "popup", "modal", "dialog", "overlay",
            ]))
}

/// Whether no browser shows an element as text of the page.
fn is_never_shown(element: Element<'_>) -> bool {
    match element.name {
        "script" | "style" | "template" | "noscript" | "svg" | "iframe" | "object" | "embed"
        | "audio" | "video" | "canvas" | "map" | "head" | "title" | "button" | "select"
        | "datalist" | "textarea" | "progress" | "meter" | "rp" | "rt" | "annotation"
        | "annotation-xml" | "noframes" | "noembed" => return true,
        "dialog" if element.attribute("open").is_none() => return true,
        "label" if element.attribute("for").is_some() => return true,
        _ => {}
    }
    let style = element.attribute("style").unwrap_or_default();
    let style: String = style
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let hidden = element.attribute("hidden");
    hidden.is_some_and(|hidden| hidden != "until-found")
        || element.attribute("aria-hidden") == Some("true")
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}
