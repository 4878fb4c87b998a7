//! What is extracted from HTML, Markdown, EPUB, Confluence exports, and XML.

use std::io::{Cursor, Write};

use ragkit::extraction::{Limits, Refusal, extract};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The only document of a file: its blocks, a line for each, with the first letter of their kind and the level of headings.
fn shown(name: &str, bytes: &[u8]) -> String {
    let documents = extract(name, bytes, &Limits::default()).expect("a document");
    let characters: Vec<char> = documents[0].text.chars().collect();
    let mut lines = String::new();
    for block in &documents[0].blocks {
        let kind = format!("{:?}", block.kind)
            .replace("Heading(", "H")
            .replace(')', "");
        let text: String = characters[block.start..block.end].iter().collect();
        let kind: String = kind.chars().take(2).filter(|c| !c.is_lowercase()).collect();
        lines.extend([&kind, ": ", &text, "\n"]);
    }
    lines
}

fn fact(name: &str, bytes: &[u8], fact: &str) -> String {
    let documents = extract(name, bytes, &Limits::default()).expect("a document");
    documents[0].metadata.get(fact).cloned().unwrap_or_default()
}

fn refusal(name: &str, bytes: &[u8]) -> &'static str {
    let refusal: Refusal = extract(name, bytes, &Limits::default()).expect_err("a refusal");
    refusal.name()
}

fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default())
            .expect("a document");
        zip.write_all(content.as_bytes()).expect("a document");
    }
    zip.finish().expect("a document").into_inner()
}

#[test]
fn a_page_is_its_content() {
    let page = br##"<!doctype html><html><head><title>Oat  bread</title><meta name="author" content="Mara Lind">
        <meta property="article:published_time" content="2023-04-05T06:07:08Z"></head><body class="has-sidebar">
        <div id="cookie-banner">We use cookies</div>
        <header><a href="/">Bakery</a></header><nav><ul><li><a href="/a">Home</a></li></ul></nav>
        <main><header><h1>Oat <em>br</em>ead</h1></header>
        <p>First<br>line of a para<b>graph</b>.<sup><a href="#n1">1</a></sup></p><p hidden>Hidden</p><p style="display: NONE">Gone</p>
        <div>A block</div><div>another</div>loose text
        <ul><li>Flour<ul><li>oats</li><li><p>rye</p><p>or wheat</p></li></ul></li><li>Water</li></ul>
        <table><caption>Times</caption><tr><th>Step</th><th>Minutes</th></tr>
        <tr><td rowspan="2">Rest</td><td>30</td></tr><tr><td>45</td></tr></table>
        <pre>if hot {
    wait
}</pre><script>var x;</script>
        <a href="x"><img src="p.png" alt="The loaf"></a></main>
        <aside>Advert</aside><footer>Imprint</footer></body></html>"##;
    let expected = "\
H1: Oat bread
P: First line of a paragraph.[1]
P: A block
P: another
P: loose text
I: - Flour
I:   - oats
I:   - rye
P: or wheat
I: - Water
P: Times
T: Step | Minutes
Rest | 30
Rest | 45
C: if hot {
    wait
}
P: The loaf
";
    assert_eq!(shown("page.html", page), expected);
    assert_eq!(fact("page.html", page, "author"), "Mara Lind");
    assert_eq!(fact("page.html", page, "date"), "2023-04-05T06:07:08+00:00");
    assert_eq!(
        extract("page.html", page, &Limits::default()).unwrap()[0].title,
        "Oat bread"
    );
}

#[test]
fn links_around_a_page_are_left_out_and_a_page_of_links_is_kept() {
    let links = "<ul><li><a href=1>One</a></li><li><a href=2>Two</a></li><li><a href=3>Three</a></li><li><a href=4>Four</a></li></ul>";
    let text = "A sentence that says something about the subject of this page. ".repeat(5);
    let page = format!("<nav>{links}</nav><p>{text}</p>{links}<footer>Imprint</footer>");
    assert_eq!(
        shown("a.html", page.as_bytes()),
        format!("P: {}\n", text.trim())
    );
    let page = format!("<h1>Links</h1><nav>{links}</nav>");
    assert_eq!(
        shown("a.html", page.as_bytes()),
        "H1: Links\nI: - One\nI: - Two\nI: - Three\nI: - Four\n"
    );
    let mail = format!("<p>{text}</p>{links}");
    assert!(
        shown("a.html", mail.as_bytes()).contains("I: - Four"),
        "without navigation, links are content"
    );
}

#[test]
fn tables_that_arrange_a_page_are_not_tables() {
    let page = b"<table><tr><td><h2>News</h2><p>Text</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>";
    assert_eq!(shown("a.html", page), "H2: News\nP: Text\nT: a | b\n");
    assert_eq!(
        shown(
            "a.html",
            b"<table><tr><td>One</td></tr><tr><td>Two</td></tr></table>"
        ),
        "P: One\nP: Two\n"
    );
}

#[test]
fn a_page_says_its_encoding() {
    let page = b"<meta charset='windows-1251'><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>";
    assert_eq!(
        shown("a.html", page),
        "P: \u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}\n"
    );
    let page =
        "<meta http-equiv='content-type' content='text/html; charset=iso-8859-1'><p>Größe</p>";
    assert_eq!(
        shown("a.html", page.as_bytes()),
        "P: Größe\n",
        "what it says is wrong"
    );
    let page: Vec<u8> = "\u{feff}<p>Größe</p>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(shown("a.html", &page), "P: Größe\n");
}

#[test]
fn markdown_is_read_with_its_front_matter_and_html() {
    let markdown = "---\ntitle: \"Plan: two\"\nauthors:\n  - Mara\n  - Ole\ndate: 2024-02-03\n---\n# One *two*\n\nSee `a<b>` and <title>.[^1]\n\n\
        - [x] done\n- [ ] open\n  1. deep\n\n| A | B |\n|---|---|\n| 1 | x\\|y |\n\n```rust\nlet a = \"<b>\";\n\nlet b;\n```\n\n\
        <details><summary>More</summary>\n\nInner\n\n</details>\n\n[^1]: The note.\n";
    let expected = "\
H1: One two
P: See a<b> and <title>.[1]
I: - [x] done
I: - [ ] open
I:   - deep
T: A | B
1 | x|y
C: let a = \"<b>\";

let b;
P: More
P: Inner
P: [1] The note.
";
    assert_eq!(shown("a.md", markdown.as_bytes()), expected);
    assert_eq!(fact("a.md", markdown.as_bytes(), "author"), "Mara, Ole");
    assert_eq!(fact("a.md", markdown.as_bytes(), "date"), "2024-02-03");
    assert_eq!(
        extract("a.md", markdown.as_bytes(), &Limits::default()).unwrap()[0].title,
        "Plan: two"
    );
}

const CONTAINER: &str = r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
    <rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#;
const PACKAGE: &str = r#"<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
    <dc:title>Tides</dc:title><dc:creator>Ole Berg</dc:creator><dc:creator>Mara Lind</dc:creator><dc:date>2020-01-02</dc:date></metadata>
    <manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="b" href="text/b%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>
    </manifest><spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>"#;

#[test]
fn a_book_is_its_chapters_in_order() {
    let a = r#"<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><a id="x"/><h1>Ebb</h1><p>It falls.</p>
        <aside epub:type="footnote">A note.</aside></body></html>"#;
    let b = r#"<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Flow</h1><p>It rises<![CDATA[ & falls]]>.</p></body></html>"#;
    let entries = [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", CONTAINER),
        ("OPS/book.opf", PACKAGE),
        ("OPS/nav.xhtml", "<nav><a>Contents</a></nav>"),
        ("OPS/text/a.xhtml", a),
        ("OPS/text/b b.xhtml", b),
    ];
    let book = archive(&entries);
    assert_eq!(
        shown("a.epub", &book),
        "H1: Flow\nP: It rises & falls.\nH1: Ebb\nP: It falls.\nP: A note.\n"
    );
    assert_eq!(fact("a.epub", &book, "author"), "Ole Berg, Mara Lind");
    let encrypted = |path: &str| {
        let list = format!(
            r#"<encryption><CipherData><CipherReference URI="{path}"/></CipherData></encryption>"#
        );
        archive(&[entries.as_slice(), &[("META-INF/encryption.xml", &list)]].concat())
    };
    assert_eq!(
        refusal("a.epub", &encrypted("OPS/text/b%20b.xhtml")),
        "encrypted"
    );
    assert_eq!(
        fact("a.epub", &encrypted("OPS/font.otf"), "date"),
        "2020-01-02"
    );
    assert_eq!(refusal("a.epub", &archive(&entries[..3])), "damaged");
}

#[test]
fn a_confluence_export_is_a_document_of_every_current_page() {
    let body = r#"<p>Ask <ac:link><ri:user ri:userkey="u1"/></ac:link>, see <ac:link><ri:page ri:content-title="Other"/></ac:link>&nbsp;&amp; rest.</p>
        <ac:structured-macro ac:name="toc"><ac:parameter ac:name="maxLevel">3</ac:parameter></ac:structured-macro>
        <ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[a < b]] ></ac:plain-text-body></ac:structured-macro>
        <ac:structured-macro ac:name="info"><ac:rich-text-body><p>Mind this.</p></ac:rich-text-body></ac:structured-macro>
        <ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Buy</ac:task-body></ac:task></ac:task-list>
        <table><tbody><tr><th>A</th><td><p>1</p><p>2</p></td></tr></tbody></table>"#;
    let object = |class: &str, id: &str, rest: &str| {
        format!(r#"<object class="{class}"><id name="id">{id}</id>{rest}</object>"#)
    };
    let property =
        |name: &str, value: &str| format!(r#"<property name="{name}">{value}</property>"#);
    let entities = [
        object("Space", "1", &property("name", "<![CDATA[Team & Co]]>")),
        object("Page", "2", &property("title", "Home")),
        object(
            "Page",
            "3",
            &[
                property("title", "Ways &amp; means"),
                property("parent", r#"<id name="id">2</id>"#),
                property("space", r#"<id name="id">1</id>"#),
                property("creator", r#"<id name="key">u1</id>"#),
                property("creationDate", "2023-01-02 03:04:05.678"),
                property("contentStatus", "<![CDATA[current]]>"),
            ]
            .concat(),
        ),
        object("Page", "4", &property("originalVersion", r#"<id name="id">3</id>"#)),
        object("BodyContent", "5", &(property("body", &format!("<![CDATA[{body}]]>")) + &property("content", r#"<id name="id">3</id>"#))),
        object("BodyContent", "6", &(property("body", "Earlier") + &property("content", r#"<id name="id">4</id>"#))),
        r#"<object class="ConfluenceUserImpl"><id name="key">u1</id><property name="name">mlind</property></object>"#.to_owned(),
        object("InternalUser", "9", &(property("name", "mlind") + &property("displayName", "Mara Lind"))),
    ];
    let entities = format!(
        "<hibernate-generic>{}</hibernate-generic>",
        entities.concat()
    );
    let export = archive(&[("entities.xml", &entities)]);
    let expected =
        "P: Ask Mara Lind, see Other & rest.\nC: a < b\nP: Mind this.\nI: - [x] Buy\nT: A | 1 2\n";
    assert_eq!(shown("a.zip", &export), expected);
    let documents = extract("a.zip", &export, &Limits::default()).unwrap();
    assert_eq!(
        (
            documents.len(),
            documents[0].id.as_str(),
            documents[0].title.as_str()
        ),
        (1, "a.zip#3", "Ways & means")
    );
    let facts = [
        ("author", "Mara Lind"),
        ("space", "Team & Co"),
        ("section", "Team & Co > Home > Ways & means"),
        ("date", "2023-01-02T03:04:05"),
    ];
    for (name, value) in facts {
        assert_eq!(documents[0].metadata[name], value);
    }
    let cut = archive(&[("entities.xml", &entities[..entities.len() / 2])]);
    assert_eq!(refusal("a.zip", &cut), "damaged");
}

#[test]
fn xml_is_read_by_its_shape() {
    let book = r#"<!DOCTYPE book [<!ENTITY firm "Acme">]><book><title>On &firm;</title><chapter><title>One</title>
        <para>A wo<b>rd</b>.</para><list><item>x</item><item><para>y</para></item></list><screen>a
  b</screen></chapter></book>"#;
    assert_eq!(
        shown("a.xml", book.as_bytes()),
        "H1: On Acme\nH2: One\nP: A word.\nI: - x\nI: - y\nC: a\n  b\n"
    );
    let records = b"<r><c><n>Oslo</n><p>700</p></c><c><n>Bergen</n><q>wet</q></c></r>";
    assert_eq!(
        shown("a.xml", records),
        "T: n | p | q\nOslo | 700 | \nBergen |  | wet\n"
    );
    let feed = br"<rss><channel><title>News</title><item><title>Post</title><link>u</link><description>&lt;p&gt;Hi&lt;/p&gt;</description></item></channel></rss>";
    assert_eq!(shown("a.xml", feed), "H1: News\nH2: Post\nP: Hi\n");
    assert_eq!(
        shown(
            "a.xml",
            b"<?xml version='1.0'?><html><body><h1>Page</h1></body></html>"
        ),
        "H1: Page\n"
    );
}

#[test]
fn what_is_made_to_do_harm_is_refused() {
    let deep = |tag: &str| tag.repeat(200_000);
    for tag in ["<div>", "<b>", "<table><tr><td>"] {
        assert_eq!(refusal("a.html", deep(tag).as_bytes()), "too_deep");
    }
    assert_eq!(refusal("a.xml", deep("<a>").as_bytes()), "too_deep");
    assert_eq!(
        refusal(
            "a.xml",
            br#"<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>"#
        ),
        "damaged"
    );
    let entity = format!(
        r#"<!DOCTYPE a [<!ENTITY b "{}">]><a>{}</a>"#,
        "x".repeat(50_000),
        "&b;".repeat(50_000)
    );
    assert_eq!(refusal("a.xml", entity.as_bytes()), "too_much");
    let table = "<table><tr>".to_owned()
        + &"<td rowspan=9999 colspan=9999>wide</td>".repeat(99)
        + &"<tr><td>x".repeat(9999);
    assert_eq!(refusal("a.html", table.as_bytes()), "too_much");
    assert_eq!(refusal("a.html", b"<script>only()</script>"), "empty");
    assert_eq!(refusal("a.xml", b"<a><b>text</a>"), "damaged");
}
