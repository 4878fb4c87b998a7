//! The storage format of Confluence as HTML: what its macros, links, and tasks show.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::guard::Guard;
use super::super::{Refusal, html};

/// Elements whose text is not shown, or is shown elsewhere too.
const NOT_SHOWN: [&str; 6] = [
    "ac:adf-attribute",
    "ac:adf-fallback",
    "ac:default-parameter",
    "ac:placeholder",
    "ac:task-id",
    "ac:task-uuid",
];

/// Names of what a link may go to, by where it stands.
const TARGETS: [(&str, &str); 5] = [
    ("ri:page", "ri:content-title"),
    ("ri:blog-post", "ri:content-title"),
    ("ri:attachment", "ri:filename"),
    ("ri:space", "ri:space-key"),
    ("ri:shortcut", "ri:parameter"),
];

/// Elements of HTML without an end.
const VOID: [&str; 5] = ["br", "col", "hr", "img", "input"];

/// The page in HTML, with the names that `user` has for the keys of users. Where it is not well-formed, it is taken for HTML as it is.
pub(super) fn to_html(
    storage: &str,
    user: &dyn Fn(&str) -> String,
    guard: &Guard<'_>,
) -> Result<String, Refusal> {
    let mut page = Page {
        user,
        html: String::with_capacity(storage.len()),
        open: Vec::new(),
        macros: Vec::new(),
        links: Vec::new(),
    };
    let mut reader = Reader::from_str(storage);
    loop {
        guard.check()?;
        match reader.read_event() {
            Ok(Event::Eof) => return Ok(page.html),
            Ok(Event::Start(tag)) => page.enter(&tag),
            Ok(Event::Empty(tag)) => {
                page.enter(&tag);
                page.leave();
            }
            Ok(Event::End(_)) => page.leave(),
            Ok(event) => page.add(&event),
            Err(_) => return Ok(storage.to_owned()),
        }
    }
}

/// An attribute's value; empty where there is none.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let attribute = tag.try_get_attribute(name).ok().flatten();
    let value = attribute.map_or_else(String::new, |attribute| {
        String::from_utf8_lossy(&attribute.value).into_owned()
    });
    quick_xml::escape::unescape(&value).map_or_else(|_| value.clone(), std::borrow::Cow::into_owned)
}

/// Adds the text of an event, if it has any.
pub(super) fn push_text(text: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(_) | Event::CData(_) => text.push_str(&String::from_utf8_lossy(event)),
        Event::GeneralRef(reference) => {
            let character = reference.resolve_char_ref().ok().flatten();
            let name = String::from_utf8_lossy(reference);
            text.extend(character);
            text.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default());
        }
        _ => {}
    }
}

/// A page in the making.
struct Page<'a> {
    user: &'a dyn Fn(&str) -> String,
    html: String,
    open: Vec<Open>,
    /// The names of the macros around what comes next.
    macros: Vec<String>,
    /// The links around what comes next: where they begin, and what they go to.
    links: Vec<(usize, String)>,
}

/// An element that is open.
struct Open {
    name: String,
    is_shown: bool,
    /// What is written where it ends.
    end: String,
}

impl Page<'_> {
    fn enter(&mut self, tag: &BytesStart<'_>) {
        let name = String::from_utf8_lossy(tag.name().into_inner()).into_owned();
        let mut is_shown = self.open.last().is_none_or(|open| open.is_shown)
            && !NOT_SHOWN.contains(&name.as_str());
        let element = match name.as_str() {
            "ac:structured-macro" | "ac:macro" => {
                self.macros.push(attribute(tag, "ac:name"));
                ""
            }
            "ac:link" => {
                self.links.push((self.html.len(), String::new()));
                ""
            }
            "ac:parameter" => {
                let element = self.parameter(&attribute(tag, "ac:name"));
                is_shown &= element.is_some();
                element.unwrap_or_default()
            }
            "ac:plain-text-body" => "pre",
            "ac:rich-text-body" | "ac:layout-section" | "ac:layout-cell" | "ac:adf-content"
            | "ac:caption" => "div",
            "ac:task-list" => "ul",
            "ac:task" => "li",
            _ => "",
        };
        if let Some((_, target)) = self.links.last_mut() {
            if name == "ri:user" {
                let keys =
                    ["ri:userkey", "ri:account-id", "ri:username"].map(|key| attribute(tag, key));
                *target = keys
                    .iter()
                    .find(|key| !key.is_empty())
                    .map(|key| (self.user)(key))
                    .unwrap_or_default();
            } else if let Some((_, title)) = TARGETS.iter().find(|(element, _)| *element == name) {
                *target = attribute(tag, title);
            }
        }
        let end = match element {
            _ if !is_shown => String::new(),
            "" if name.contains(':') => String::new(),
            "" => {
                self.html.extend(["<", &String::from_utf8_lossy(tag), ">"]);
                if name == "time" {
                    html::escape(&mut self.html, &attribute(tag, "datetime"));
                }
                if VOID.contains(&name.as_str()) {
                    String::new()
                } else {
                    format!("</{name}>")
                }
            }
            element => {
                self.html.extend(["<", element, ">"]);
                format!("</{element}>")
            }
        };
        self.open.push(Open {
            name,
            is_shown,
            end,
        });
    }

    /// The element that shows a parameter of a macro, which may be none; most parameters are not shown.
    fn parameter(&self, name: &str) -> Option<&'static str> {
        match (self.macros.last()?.as_str(), name) {
            ("status", "title") | ("jira", "key") => Some("span"),
            (
                "expand" | "panel" | "info" | "note" | "tip" | "warning" | "code" | "noformat",
                "title",
            ) => Some("p"),
            _ => None,
        }
    }

    fn leave(&mut self) {
        let Some(open) = self.open.pop() else { return };
        match open.name.as_str() {
            "ac:structured-macro" | "ac:macro" => drop(self.macros.pop()),
            "ac:link" => {
                if let Some((start, target)) = self.links.pop()
                    && open.is_shown
                    && self
                        .html
                        .get(start..)
                        .is_some_and(|body| body.trim().is_empty())
                {
                    html::escape(&mut self.html, &target);
                }
            }
            _ => {}
        }
        self.html.push_str(&open.end);
    }

    fn add(&mut self, event: &Event<'_>) {
        let last = self.open.last();
        if last.is_some_and(|open| !open.is_shown) {
            return;
        }
        let text = String::from_utf8_lossy(event);
        match event {
            Event::Text(_) if last.is_some_and(|open| open.name == "ac:task-status") => {
                let is_done = text.trim() == "complete";
                self.html.push_str(if is_done {
                    "<input type=checkbox checked>"
                } else {
                    "<input type=checkbox>"
                });
            }
            Event::Text(_) => self.html.push_str(&text),
            Event::GeneralRef(_) => self.html.extend(["&", &text, ";"]),
            Event::CData(_) => html::escape(&mut self.html, &text),
            _ => {}
        }
    }
}
