//! HTML: the content of a page without what surrounds it, its title, author, and date.

mod content;
mod flow;
mod table;
mod tree;
mod xhtml;

use self::content::Content;
use self::flow::Flow;
use self::tree::{ROOT, Tree};
use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, text};

/// Names of `meta` elements that name the author, the best first.
const AUTHOR: [&str; 7] = [
    "author",
    "article:author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "parsely-author",
    "byl",
];

/// Names of `meta` elements that hold a date, the best first.
const DATE: [&str; 15] = [
    "article:modified_time",
    "og:updated_time",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
    "datemodified",
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dcterms.date",
    "dcterms.created",
    "citation_publication_date",
    "pubdate",
    "created",
];

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let html = decode(bytes)?;
    let mut draft = Draft::default();
    fill(&mut draft, &html, guard)?;
    Ok(draft)
}

/// Adds the content of a page, or of a part of one, to a draft, and its title, author, and date where they are not yet known.
pub(super) fn fill(draft: &mut Draft, html: &str, guard: &Guard<'_>) -> Result<(), Refusal> {
    let head = html
        .get(..html.floor_char_boundary(1024))
        .unwrap_or_default();
    let of_xhtml = if head.contains("http://www.w3.org/1999/xhtml") {
        xhtml::to_html(html, guard)?
    } else {
        None
    };
    let tree = Tree::parse(of_xhtml.as_deref().unwrap_or(html), guard)?;
    add_facts(draft, &tree);
    let content = Content::of(&tree, guard)?;
    Flow::write(&tree, &content, draft, guard)
}

fn add_facts(draft: &mut Draft, tree: &Tree) {
    let mut metas: Vec<(String, &str)> = Vec::new();
    let (mut title, mut heading, mut author, mut time) = (None, None, None, None);
    for (id, element) in tree.elements(ROOT) {
        let property = element.attribute("itemprop");
        let is_author = property == Some("author") || element.attribute("rel") == Some("author");
        match element.name {
            "meta" => {
                let names = ["name", "property", "itemprop", "http-equiv"];
                let name = names.iter().find_map(|name| element.attribute(name));
                if let (Some(name), Some(content)) = (name, element.attribute("content")) {
                    metas.push((name.to_lowercase(), content.trim()));
                }
            }
            "title" if title.is_none() => title = Some(tree.all_text(id)),
            "h1" if heading.is_none() => heading = Some(tree.all_text(id)),
            "time" if time.is_none() => time = element.attribute("datetime"),
            _ if is_author && author.is_none() => author = Some(tree.all_text(id)),
            _ => {}
        }
    }
    let all = |wanted: &str| -> Vec<&str> {
        let named = metas
            .iter()
            .filter(|(name, content)| name == wanted && !content.is_empty());
        named.map(|(_, content)| *content).collect()
    };
    draft.title(&title.unwrap_or_default());
    draft.title(&all("og:title").join(" "));
    draft.title(&heading.unwrap_or_default());
    for name in AUTHOR {
        let mut authors = all(name);
        authors.retain(|author| !author.starts_with("http"));
        draft.fact("author", &authors.join(", "));
    }
    draft.fact("author", &author.unwrap_or_default());
    for name in DATE {
        all(name).into_iter().for_each(|date| draft.date(date));
    }
    draft.date(time.unwrap_or_default());
}

/// The text of HTML or XML: UTF-8 where it is that, else as it says of itself near its beginning.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    if !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return text::decode(bytes);
    }
    let head = &bytes[..bytes.len().min(1024)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let label = ["charset", "encoding"].iter().find_map(|name| {
        let (_, rest) = head.split_once(name)?;
        let rest = rest.trim_start().strip_prefix('=')?;
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let label = rest
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .next()?;
        // What is read here is not in UTF-16, and what is not UTF-8 does not become so by saying so.
        (!label.starts_with("utf")).then(|| label.to_owned())
    });
    text::decode_as(bytes, label.as_deref())
}

/// Adds plain text to HTML.
pub(super) fn escape(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}
