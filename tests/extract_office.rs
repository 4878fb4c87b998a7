//! Extraction from documents and slides of office programs, each written here as those programs write them.

use std::io::{Cursor, Write};

use ragkit::data::{BlockKind, Document};
use ragkit::extraction::{Limits, extract};

/// An archive of these parts.
pub(crate) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn read(name: &str, parts: &[(&str, &[u8])]) -> Document {
    let mut documents = extract(name, &archive(parts), &Limits::default()).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// What kinds of blocks there are, each with its page and text.
pub(crate) fn blocks(document: &Document) -> Vec<String> {
    let characters: Vec<char> = document.text.chars().collect();
    let show = |kind: BlockKind| match kind {
        BlockKind::Heading(level) => format!("h{level}"),
        BlockKind::Paragraph => "p".to_owned(),
        BlockKind::Item => "item".to_owned(),
        BlockKind::Table => "table".to_owned(),
        BlockKind::Code => "code".to_owned(),
    };
    let text = |start: usize, end: usize| characters[start..end].iter().collect::<String>();
    let page = |page: Option<u32>| page.map(|page| format!("@{page}")).unwrap_or_default();
    let blocks = document.blocks.iter();
    blocks
        .map(|block| {
            format!(
                "{}{}: {}",
                show(block.kind),
                page(block.page),
                text(block.start, block.end)
            )
        })
        .collect()
}

pub(crate) fn fact<'d>(document: &'d Document, name: &str) -> Option<&'d str> {
    document.metadata.get(name).map(String::as_str)
}

const W: &str = r#"xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main" xmlns:mc="m" xmlns:wps="s" xmlns:v="v""#;
pub(crate) const R: &str =
    r#"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;

/// A relationships part of ids, kinds and targets.
pub(crate) fn relations(all: &[(&str, &str, &str)]) -> String {
    let one = |(id, kind, target): &(&str, &str, &str)| {
        format!(
            r#"<Relationship Id="{id}" Type="http://x/relationships/{kind}" Target="{target}"/>"#
        )
    };
    format!(
        "<Relationships>{}</Relationships>",
        all.iter().map(one).collect::<String>()
    )
}

/// A Word document of this body, its main part not where it usually is.
fn docx(body: &str, more: &[(&str, &[u8])]) -> Document {
    let package = relations(&[
        ("1", "officeDocument", "/word/main2.xml"),
        ("2", "core-properties", "docProps/core.xml"),
    ]);
    let kinds = ["styles", "footnotes", "header"];
    let related: Vec<_> = kinds
        .iter()
        .map(|kind| (*kind, *kind, format!("{kind}.xml")))
        .collect();
    let related: Vec<_> = related
        .iter()
        .map(|(id, kind, target)| (*id, *kind, target.as_str()))
        .collect();
    let related = relations(&related);
    let main = format!("<w:document {W}><w:body>{body}</w:body></w:document>");
    let mut parts: Vec<(&str, &[u8])> = vec![
        ("_rels/.rels", package.as_bytes()),
        ("word/main2.xml", main.as_bytes()),
        ("word/_rels/main2.xml.rels", related.as_bytes()),
    ];
    parts.extend(more);
    read("reports/a.docx", &parts)
}

fn paragraph(style: &str, runs: &str) -> String {
    format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>"#)
}

fn run(text: &str) -> String {
    format!(r#"<w:r><w:t xml:space="preserve">{text}</w:t></w:r>"#)
}

const STYLES: &str = r#"
  <w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
  <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
  <w:style w:styleId="Eigene"><w:name w:val="Meine Art"/><w:basedOn w:val="berschrift1"/></w:style>
  <w:style w:styleId="Gliederung"><w:name w:val="Gliederung"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
  <w:style w:styleId="Kreis"><w:name w:val="Kreis"/><w:basedOn w:val="Kreis"/></w:style>
  <w:style w:styleId="Liste2"><w:name w:val="List Bullet 2"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
  <w:style w:styleId="Quelltext"><w:name w:val="Source Code"/></w:style>
  <w:style w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>"#;

#[test]
fn word_styles_make_headings_items_and_code() {
    let direct = |properties: &str, text: &str| {
        format!("<w:p><w:pPr>{properties}</w:pPr>{}</w:p>", run(text))
    };
    let body = [
        paragraph("Titel", &run("Annual report")),
        paragraph("Verzeichnis1", &run("First 1")),
        paragraph("berschrift1", &run("First")),
        direct(
            r#"<w:pStyle w:val="Eigene"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>"#,
            "Own",
        ),
        paragraph("Gliederung", &run("Outlined")),
        direct(r#"<w:outlineLvl w:val="2"/>"#, "By hand"),
        paragraph("Kreis", &run("Body &amp; soul")),
        direct(
            r#"<w:numPr><w:ilvl w:val="0"/><w:numId w:val="4"/></w:numPr>"#,
            "one",
        ),
        paragraph("Liste2", &run("two")),
        direct(
            r#"<w:pStyle w:val="Liste2"/><w:numPr><w:numId w:val="0"/></w:numPr>"#,
            "no item",
        ),
        paragraph("Quelltext", &run("if x:")),
        paragraph("Quelltext", &run("    y()")),
    ];
    let styles = format!("<w:styles {W}>{STYLES}</w:styles>");
    let core = r#"<c:coreProperties xmlns:c="c" xmlns:dc="d"><dc:title>Word Document</dc:title><dc:creator>Ada</dc:creator>
        <c:created>2020-01-01T00:00:00Z</c:created><c:modified>2021-02-03T04:05:06Z</c:modified></c:coreProperties>"#;
    let document = docx(
        &body.concat(),
        &[
            ("word/styles.xml", styles.as_bytes()),
            ("docProps/core.xml", core.as_bytes()),
        ],
    );
    let expected = [
        "h1: Annual report",
        "h1: First",
        "h1: Own",
        "h2: Outlined",
        "h3: By hand",
        "p: Body & soul",
        "item: - one",
        "item:   - two",
        "p: no item",
        "code: if x:\n    y()",
    ];
    assert_eq!(blocks(&document), expected);
    assert_eq!(document.title, "Annual report");
    assert_eq!(fact(&document, "author"), Some("Ada"));
    assert_eq!(fact(&document, "date"), Some("2021-02-03T04:05:06+00:00"));
}

#[test]
fn word_text_is_told_once() {
    let text_box = |text: &str| {
        format!(
            "<w:txbxContent>{}</w:txbxContent>",
            paragraph("", &run(text))
        )
    };
    let body = [
        format!("<w:p>{}<w:del>{}</w:del><w:ins>{}</w:ins></w:p>", run("kept "), "<w:r><w:delText>gone</w:delText></w:r>", run("added")),
        format!("<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{}</w:p><w:p>{}</w:p>", run("one "), run("line")),
        format!("<w:p>{}<w:hyperlink>{}</w:hyperlink><w:r><w:tab/><w:noBreakHyphen/><w:br/></w:r>{}</w:p>", run("a "), run("link"), run("end")),
        "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>".to_owned(),
        format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><wps:txbx>{}</wps:txbx></mc:Choice><mc:Fallback><v:textbox>{}</v:textbox></mc:Fallback></mc:AlternateContent></w:r>{}</w:p>",
            text_box("boxed"),
            text_box("boxed"),
            run("beside")
        ),
        format!("<w:sdt><w:sdtContent><w:p>{}<w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p></w:sdtContent></w:sdt>", run("noted")),
        format!("<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>", paragraph("", &run("Click here"))),
        r#"<w:p><w:r><w:sym w:font="Arial" w:char="2713"/><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>"#.to_owned(),
    ];
    let notes = format!(
        r#"<w:footnotes {W}><w:footnote w:id="-1">{}</w:footnote><w:footnote w:id="2">{}</w:footnote></w:footnotes>"#,
        paragraph("", &run("separator")),
        paragraph("", &run("a note"))
    );
    let header = format!("<w:hdr {W}>{}</w:hdr>", paragraph("", &run("Letterhead")));
    let more: [(&str, &[u8]); 2] = [
        ("word/footnotes.xml", notes.as_bytes()),
        ("word/header.xml", header.as_bytes()),
    ];
    let document = docx(&body.concat(), &more);
    let expected = [
        "p: kept added",
        "p: one line",
        "p: a link - end",
        "p: beside",
        "p: boxed",
        "p: noted",
        "p: ✓",
        "p: a note",
    ];
    assert_eq!(blocks(&document), expected);
    assert_eq!(document.title, "a");
    // Headers count where there is nothing else.
    assert_eq!(blocks(&docx("<w:p/>", &more)), ["p: Letterhead"]);
}

#[test]
fn word_tables_keep_their_columns() {
    let cell = |properties: &str, content: &str| {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>")
    };
    let text = |text: &str| paragraph("", &run(text));
    let inner = format!(
        "<w:tbl><w:tr>{}{}</w:tr></w:tbl>",
        cell("", &text("x")),
        cell("", &text("y"))
    );
    let rows = [
        [
            cell(r#"<w:gridSpan w:val="2"/>"#, &text("wide")),
            cell("", &text("c")),
        ]
        .concat(),
        [
            cell("<w:vMerge w:val=\"restart\"/>", &text("a")),
            cell("", &format!("{}{}", text("b"), text("b2"))),
            cell("", &inner),
        ]
        .concat(),
        [
            cell("<w:vMerge/>", "<w:p/>"),
            cell("", &text("e")),
            cell("", &text("f")),
        ]
        .concat(),
    ];
    let rows: String = rows
        .iter()
        .map(|row| format!("<w:tr>{row}</w:tr>"))
        .collect();
    let frame = format!(
        "<w:tbl><w:tr>{}</w:tr></w:tbl>",
        cell("", &format!("{}{}", text("framed"), text("text")))
    );
    let document = docx(&format!("<w:tbl>{rows}</w:tbl>{frame}"), &[]);
    let expected = [
        "table: wide |  | c\na | b b2 | \n | e | f",
        "table: x | y",
        "p: framed",
        "p: text",
    ];
    assert_eq!(blocks(&document), expected);
}

#[test]
fn word_pages_are_those_that_word_saw() {
    let seen = format!(
        "<w:p>{}<w:r><w:br w:type=\"page\"/></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/></w:r>{}</w:p><w:p>{}<w:r><w:lastRenderedPageBreak/></w:r>{}</w:p><w:p>{}</w:p>",
        run("one"),
        run("two"),
        run("two to"),
        run(" three"),
        run("three")
    );
    assert_eq!(
        blocks(&docx(&seen, &[])),
        ["p@1: one", "p@2: two", "p@2: two to three", "p@3: three"]
    );
    let by_hand = format!(
        "<w:p>{}<w:r><w:br w:type=\"page\"/></w:r></w:p><w:p><w:pPr><w:pageBreakBefore/></w:pPr>{}</w:p>",
        run("one"),
        run("three")
    );
    let document = docx(&by_hand, &[]);
    assert_eq!(blocks(&document), ["p@1: one", "p@3: three"]);
    assert_eq!(fact(&document, "pages"), Some("3"));
}

#[test]
fn slides_come_in_the_order_of_the_presentation() {
    let shape = |kind: &str, paragraphs: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:nvPr>{kind}</p:nvPr></p:nvSpPr><p:txBody><a:lstStyle/>{paragraphs}</p:txBody></p:sp>"
        )
    };
    let text = |properties: &str, text: &str| {
        format!("<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>")
    };
    let slide = |name: &str, shapes: &str| {
        format!(
            r#"<p:{name} xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:{name}>"#
        )
    };
    let table = "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>k</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>v</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>";
    let first = [
        shape(
            r#"<p:ph idx="1"/>"#,
            &[
                text("", "point"),
                text(r#"<a:pPr lvl="1"/>"#, "deeper"),
                text("<a:pPr><a:buNone/></a:pPr>", "plain"),
            ]
            .concat(),
        ),
        shape(r#"<p:ph type="body" idx="2"/>"#, &text("", "caption")),
        format!(
            "<p:grpSp><p:grpSp>{}</p:grpSp></p:grpSp>",
            shape("", &text("", "grouped"))
        ),
        table.to_owned(),
        shape(
            r#"<p:ph type="sldNum"/>"#,
            "<a:p><a:fld type=\"slidenum\"><a:t>1</a:t></a:fld></a:p>",
        ),
        shape(
            r#"<p:ph type="title"/>"#,
            "<a:p><a:r><a:t>The</a:t></a:r><a:br/><a:r><a:t>title</a:t></a:r></a:p>",
        ),
    ];
    let first = slide("sld", &first.concat());
    let layout = r#"<p:sldLayout xmlns:p="p" xmlns:a="a"><p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="2"/></p:nvPr></p:nvSpPr><p:txBody><a:lstStyle><a:lvl1pPr><a:buNone/></a:lvl1pPr></a:lstStyle></p:txBody></p:sp></p:sldLayout>"#;
    let notes = slide(
        "notes",
        &[
            shape(r#"<p:ph type="sldImg"/>"#, ""),
            shape(r#"<p:ph type="body"/>"#, &text("", "say this")),
        ]
        .concat(),
    );
    let second = slide(
        "sld",
        &shape(r#"<p:ph type="ctrTitle"/>"#, &text("", "Second")),
    );
    let main = format!(
        r#"<p:presentation xmlns:p="p" {R}><p:sldIdLst><p:sldId id="256" r:id="b"/><p:sldId id="257" r:id="a"/></p:sldIdLst></p:presentation>"#
    );
    let parts = [
        (
            "_rels/.rels",
            relations(&[("1", "officeDocument", "ppt/presentation.xml")]),
        ),
        ("ppt/presentation.xml", main),
        (
            "ppt/_rels/presentation.xml.rels",
            relations(&[
                ("a", "slide", "slides/slide1.xml"),
                ("b", "slide", "slides/slide2.xml"),
            ]),
        ),
        ("ppt/slides/slide1.xml", second),
        ("ppt/slides/slide2.xml", first),
        (
            "ppt/slides/_rels/slide2.xml.rels",
            relations(&[
                ("1", "notesSlide", "../notes/n.xml"),
                ("2", "slideLayout", "../layouts/l.xml"),
            ]),
        ),
        ("ppt/notes/n.xml", notes),
        ("ppt/layouts/l.xml", layout.to_owned()),
    ];
    let parts = parts
        .each_ref()
        .map(|(name, part)| (*name, part.as_bytes()));
    let document = read("deck.pptx", &parts);
    let expected = [
        "h2@1: The title",
        "item@1: - point",
        "item@1:   - deeper",
        "p@1: plain",
        "p@1: caption",
        "p@1: grouped",
        "table@1: k | v",
        "p@1: say this",
        "h2@2: Second",
    ];
    assert_eq!(blocks(&document), expected);
    assert_eq!(document.title, "The title");
}
