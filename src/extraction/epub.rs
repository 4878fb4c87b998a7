//! EPUB: its chapters in the order of reading.

use std::collections::HashMap;

use super::archive::Archive;
use super::draft::Draft;
use super::guard::Guard;
use super::{Refusal, html, xml};

pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let archive = Archive::open(bytes, guard)?;
    let package_path = package_path(&archive, guard)?;
    let package = html::decode(&archive.need(&package_path)?)?;
    let package = xml::parse(&package, guard)?;
    let mut draft = Draft::default();
    add_facts(&mut draft, &package);
    let paths: Vec<String> = chapters(&package)
        .iter()
        .map(|href| resolve(&package_path, href))
        .collect();
    let encrypted = encrypted(&archive, guard)?;
    if paths.iter().any(|path| encrypted.contains(path)) {
        return Err(Refusal::Encrypted);
    }
    let mut is_read = false;
    for path in &paths {
        if let Some(chapter) = archive.read(path)? {
            html::fill(&mut draft, &html::decode(&chapter)?, guard)?;
            is_read = true;
        }
    }
    if !is_read {
        return Err(Refusal::Damaged(
            "its archive holds none of its chapters".to_owned(),
        ));
    }
    Ok(draft)
}

/// Where the package document is, which names all others.
fn package_path(archive: &Archive<'_>, guard: &Guard<'_>) -> Result<String, Refusal> {
    if let Some(container) = archive.read("META-INF/container.xml")? {
        let container = html::decode(&container)?;
        let container = xml::parse(&container, guard)?;
        let mut files = container
            .descendants()
            .filter(|node| node.tag_name().name() == "rootfile");
        if let Some(path) = files.find_map(|file| file.attribute("full-path")) {
            return Ok(path.to_owned());
        }
    }
    let package = archive.names().into_iter().find(|name| {
        name.rsplit_once('.')
            .is_some_and(|(_, ending)| ending == "opf")
    });
    package.ok_or_else(|| Refusal::Damaged("its archive holds no package document".to_owned()))
}

fn add_facts(draft: &mut Draft, package: &roxmltree::Document<'_>) {
    let all = |name: &str| -> Vec<&str> {
        let named = package
            .descendants()
            .filter(|node| node.tag_name().name() == name);
        named
            .filter_map(|node| node.text())
            .map(str::trim)
            .collect()
    };
    draft.title(all("title").first().unwrap_or(&""));
    draft.fact("author", &all("creator").join(", "));
    all("date").into_iter().for_each(|date| draft.date(date));
    let metas = package
        .descendants()
        .filter(|node| node.attribute("property") == Some("dcterms:modified"));
    metas
        .filter_map(|node| node.text())
        .for_each(|date| draft.date(date));
}

/// References to the documents to read, in order. Tables of contents are none of them.
fn chapters<'p>(package: &'p roxmltree::Document<'_>) -> Vec<&'p str> {
    let named = |name: &'static str| {
        package
            .descendants()
            .filter(move |node| node.tag_name().name() == name)
    };
    let contents: Vec<&str> = named("reference")
        .filter(|reference| reference.attribute("type") == Some("toc"))
        .filter_map(|reference| reference.attribute("href"))
        .collect();
    let is_chapter = |item: &roxmltree::Node<'_, '_>| {
        let properties = item.attribute("properties").unwrap_or_default();
        let kind = item.attribute("media-type").unwrap_or_default();
        let href = item.attribute("href").unwrap_or_default();
        kind.contains("html")
            && !properties
                .split_whitespace()
                .any(|property| property == "nav")
            && !contents.contains(&href)
    };
    let items: HashMap<&str, &str> = named("item")
        .filter(is_chapter)
        .filter_map(|item| Some((item.attribute("id")?, item.attribute("href")?)))
        .collect();
    let spine = named("itemref").filter_map(|item| item.attribute("idref"));
    spine.filter_map(|id| items.get(id).copied()).collect()
}

/// The path in the archive that `href` means in the file at `from`.
fn resolve(from: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for part in href.split('/') {
        match part {
            ".." => drop(path.pop()),
            "." | "" => {}
            part => path.push(part),
        }
    }
    decode_percent(&path.join("/"))
}

fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The paths of encrypted files; fonts are encrypted in many books that are otherwise open.
fn encrypted(archive: &Archive<'_>, guard: &Guard<'_>) -> Result<Vec<String>, Refusal> {
    let Some(list) = archive.read("META-INF/encryption.xml")? else {
        return Ok(Vec::new());
    };
    let list = html::decode(&list)?;
    let list = xml::parse(&list, guard)?;
    let references = list.descendants().filter_map(|node| node.attribute("URI"));
    Ok(references.map(decode_percent).collect())
}
