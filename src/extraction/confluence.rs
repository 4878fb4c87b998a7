//! Confluence space exports: a document of every page and blog post.

mod storage;

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, html, text};

/// Pages in pages; more are a circle.
const DEEPEST_PAGE: usize = 50;

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Vec<Draft>, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let entities = text::decode(&archive.need("entities.xml")?)?;
    let space = Space::read(&entities, guard)?;
    let pages = space.pages.iter().filter(|page| page.is_current());
    pages.map(|page| space.draft(page, guard)).collect()
}

/// An object of the export: its class, and its properties by name, those that are objects as their ids.
#[derive(Default)]
struct Object {
    class: String,
    properties: HashMap<String, String>,
}

impl Object {
    fn get(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", |value| value.trim())
    }

    /// Whether it is neither a draft, nor deleted, nor an earlier version.
    fn is_current(&self) -> bool {
        matches!(self.get("contentStatus"), "" | "current")
            && self.get("originalVersion").is_empty()
    }
}

/// What an export holds.
#[derive(Default)]
struct Space {
    pages: Vec<Object>,
    /// By the id of the page.
    bodies: HashMap<String, Object>,
    /// Names of spaces and labels, and titles of pages, by class and id.
    names: HashMap<(&'static str, String), String>,
    /// Names of users by their keys and by their names to log in.
    users: HashMap<String, String>,
    parents: HashMap<String, String>,
    labels: HashMap<String, Vec<String>>,
}

impl Space {
    fn read(entities: &str, guard: &Guard<'_>) -> Result<Self, Refusal> {
        let mut space = Self::default();
        let mut reader = Reader::from_str(entities);
        let mut object = Object::default();
        let mut property = None;
        let mut depth = 0_usize;
        loop {
            guard.check()?;
            match reader.read_event().map_err(Refusal::damaged)? {
                Event::Eof if depth == 0 => return Ok(space),
                Event::Eof => {
                    return Err(Refusal::Damaged("its `entities.xml` is cut off".to_owned()));
                }
                Event::Start(tag) => {
                    depth += 1;
                    match depth {
                        2 => {
                            object = Object {
                                class: storage::attribute(&tag, "class"),
                                ..Object::default()
                            }
                        }
                        3 => property = property_name(&tag),
                        _ => {}
                    }
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    match depth {
                        1 => space.add(std::mem::take(&mut object)),
                        2 => property = None,
                        _ => {}
                    }
                }
                event => {
                    if let Some(property) = &property {
                        let value: &mut String =
                            object.properties.entry(property.clone()).or_default();
                        storage::push_text(value, &event);
                    }
                }
            }
        }
    }

    fn add(&mut self, object: Object) {
        let id = object.get("id").to_owned();
        let name = object.get("name").to_owned();
        match object.class.as_str() {
            "Page" | "BlogPost" => {
                self.names
                    .insert(("Page", id.clone()), object.get("title").to_owned());
                self.parents.insert(id, object.get("parent").to_owned());
                self.pages.push(object);
            }
            "BodyContent" => drop(self.bodies.insert(object.get("content").to_owned(), object)),
            "Space" => drop(self.names.insert(("Space", id), name)),
            "Label" => drop(self.names.insert(("Label", id), name)),
            "Labelling" => {
                let labels = self
                    .labels
                    .entry(object.get("content").to_owned())
                    .or_default();
                labels.push(object.get("label").to_owned());
            }
            "ConfluenceUserImpl" => drop(self.users.insert(object.get("key").to_owned(), name)),
            "InternalUser" | "User" => {
                let shown = object.get("displayName");
                self.users.insert(name, shown.to_owned());
            }
            _ => {}
        }
    }

    /// The name of the user with a key or with a name to log in.
    fn user<'a>(&'a self, key: &'a str) -> &'a str {
        let login = self.users.get(key).map_or(key, String::as_str);
        self.users
            .get(login)
            .map_or(login, |name| if name.is_empty() { login } else { name })
    }

    fn name(&self, class: &'static str, id: &str) -> &str {
        self.names
            .get(&(class, id.to_owned()))
            .map_or("", String::as_str)
    }

    fn draft(&self, page: &Object, guard: &Guard<'_>) -> Result<Draft, Refusal> {
        let mut draft = Draft::default();
        let id = page.get("id");
        id.clone_into(&mut draft.part);
        draft.title(page.get("title"));
        for creator in ["creator", "creatorName"] {
            draft.fact("author", self.user(page.get(creator)));
        }
        for date in ["lastModificationDate", "creationDate"] {
            draft.date(page.get(date));
        }
        let space = self.name("Space", page.get("space"));
        draft.fact("space", space);
        draft.fact("section", &self.section(space, id));
        let labels = self.labels.get(id).map(Vec::as_slice).unwrap_or_default();
        let labels: Vec<&str> = labels
            .iter()
            .map(|label| self.name("Label", label))
            .collect();
        draft.fact("labels", &labels.join(", "));
        let Some(body) = self.bodies.get(id) else {
            return Ok(draft);
        };
        // A CDATA section cannot hold the end of one, so the export writes it with a space.
        let content = body.get("body").replace("]] >", "]]>");
        match body.get("bodyType") {
            "0" | "1" => text::fill(&mut draft, &content, guard)?,
            _ => html::fill(
                &mut draft,
                &storage::to_html(&content, &|key| self.user(key).to_owned(), guard)?,
                guard,
            )?,
        }
        Ok(draft)
    }

    /// The way to a page: its space, the pages that it is in, and itself.
    fn section(&self, space: &str, id: &str) -> String {
        let mut way = Vec::new();
        let mut page = Some(id);
        while let Some(id) = page.filter(|id| !id.is_empty() && way.len() < DEEPEST_PAGE) {
            way.push(self.name("Page", id));
            page = self.parents.get(id).map(String::as_str);
        }
        way.push(space);
        way.retain(|name| !name.is_empty());
        way.reverse();
        way.join(" > ")
    }
}

/// The property that an element of an object holds. Collections only repeat what other objects say.
fn property_name(tag: &BytesStart<'_>) -> Option<String> {
    match tag.name().as_ref() {
        b"id" | b"property" => Some(storage::attribute(tag, "name")),
        _ => None,
    }
}
