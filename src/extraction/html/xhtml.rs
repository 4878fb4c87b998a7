//! XHTML as HTML: in HTML `<title/>` and `<a/>` only open an element, and there are no CDATA sections.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::Refusal;
use super::super::guard::Guard;
use super::escape;

/// Elements without an end.
const VOID: [&[u8]; 8] = [
    b"area", b"br", b"col", b"hr", b"img", b"input", b"link", b"meta",
];

/// The same page in HTML; `None` where it is not well-formed, which the parser of HTML makes more of.
pub(super) fn to_html(xhtml: &str, guard: &Guard<'_>) -> Result<Option<String>, Refusal> {
    let mut html = String::with_capacity(xhtml.len());
    let mut reader = Reader::from_str(xhtml);
    reader.config_mut().check_end_names = false;
    loop {
        guard.check()?;
        let Ok(event) = reader.read_event() else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&event);
        match &event {
            Event::Eof => return Ok(Some(html)),
            Event::Start(_) => html.extend(["<", &text, ">"]),
            Event::End(_) => html.extend(["</", &text, ">"]),
            Event::Empty(tag) if VOID.contains(&tag.name().as_ref()) => {
                html.extend(["<", &text, ">"]);
            }
            Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.name().into_inner());
                html.extend(["<", &text, "></", &name, ">"]);
            }
            Event::Text(_) => html.push_str(&text),
            Event::GeneralRef(_) => html.extend(["&", &text, ";"]),
            Event::CData(_) => escape(&mut html, &text),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}
