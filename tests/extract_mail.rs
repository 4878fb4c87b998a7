//! Mails, Slack exports, delimited values, Org mode, reStructuredText, RTF and Word 97: whole extracted text and the kinds of its blocks.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use ragkit::extraction::{Limits, Refusal, extract};

/// The documents of a file: each with its part and title, then its blocks with their kinds.
fn shown(name: &str, bytes: &[u8]) -> String {
    let mut shown = String::new();
    for document in extract(name, bytes, &Limits::default()).expect("documents") {
        let part = document.id.split_once('#').map_or("", |(_, part)| part);
        writeln!(shown, "[{part}] {}", document.title).expect("a line");
        let characters: Vec<char> = document.text.chars().collect();
        for block in &document.blocks {
            let text: String = characters[block.start..block.end].iter().collect();
            writeln!(shown, "{:?}: {text}", block.kind).expect("a line");
        }
    }
    shown
}

fn fact(name: &str, bytes: &[u8], number: usize, wanted: &str) -> String {
    let documents = extract(name, bytes, &Limits::default()).expect("documents");
    documents[number]
        .metadata
        .get(wanted)
        .cloned()
        .unwrap_or_default()
}

fn refusal(name: &str, bytes: &[u8]) -> Refusal {
    extract(name, bytes, &Limits::default()).expect_err("a refusal")
}

const MAIL: &str = "From: =?utf-8?B?Wm/Dqw==?= <zoe@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: Plans\r\n\
Date: Tue, 1 Oct 2024 12:34:56 +0200\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n\
--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n\
--in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
Hello=20=\r\nBob,\r\n\r\n> first\r\n> quoted\r\n>\r\n> second\r\nfine\r\n\
--in\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>Bob</b></p>\r\n--in--\r\n\
--out\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\nx,y\r\n1,2\r\n\
--out\r\nContent-Type: application/zip; name=b.zip\r\nContent-Disposition: attachment; filename=b.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n\
--out\r\nContent-Type: image/png; name=c.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\ninner text\r\n\
--out--\r\n";

#[test]
fn a_mail_is_read_once_and_its_attachments_are_documents() {
    let expected = "[] Plans\nParagraph: Hello Bob,\nParagraph: > first quoted\nParagraph: > second\nParagraph: fine\n\
                    [a.csv] mail\nTable: x | y\n1 | 2\n\
                    [Inner.eml] Inner\nParagraph: inner text\n";
    assert_eq!(shown("mail.eml", MAIL.as_bytes()), expected);
    assert_eq!(
        fact("mail.eml", MAIL.as_bytes(), 0, "author"),
        "Zoë <zoe@example.org>"
    );
    assert_eq!(
        fact("mail.eml", MAIL.as_bytes(), 0, "to"),
        "Bob <bob@example.org>"
    );
    assert_eq!(
        fact("mail.eml", MAIL.as_bytes(), 0, "date"),
        "2024-10-01T12:34:56+02:00"
    );
    assert_eq!(
        fact("mail.eml", MAIL.as_bytes(), 0, "attachments_refused"),
        "b.zip (damaged)"
    );
    assert_eq!(fact("mail.eml", MAIL.as_bytes(), 1, "attached_to"), "Plans");
}

#[test]
fn a_mail_in_any_encoding_is_read() {
    let plain = "Subject: Über\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n";
    let wide: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(plain.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(shown("wide.eml", &wide), "[] Über\nParagraph: Grüße\n");
    let unstated = [
        &b"From x@y Mon Mar 17 11:15:17 2014\nSubject: a\n\n"[..],
        b"Die Gr\xFC\xDFe aus M\xFCnchen sind sch\xF6n und f\xFCr alle\n",
    ]
    .concat();
    assert_eq!(
        shown("latin.eml", &unstated),
        "[] a\nParagraph: Die Grüße aus München sind schön und für alle\n"
    );
}

#[test]
fn a_mail_that_is_cut_off_or_badly_quoted_is_read() {
    let cut = "Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\
               Content-Transfer-Encoding: quoted-printable\r\n\r\nOne=20line=2C that";
    assert_eq!(
        shown("cut.eml", cut.as_bytes()),
        "[] a\nParagraph: One line, that\n"
    );
    let bad = "Subject: a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1=x, na=C3=\r\n=AFve\r\n";
    assert_eq!(
        shown("bad.eml", bad.as_bytes()),
        "[] a\nParagraph: 1=x, naïve\n"
    );
}

#[test]
fn encrypted_and_empty_mails_are_refused() {
    let pgp = b"Subject: a\r\nContent-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(refusal("pgp.eml", pgp), Refusal::Encrypted);
    let smime = b"Subject: a\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n";
    assert_eq!(refusal("smime.eml", smime), Refusal::Encrypted);
    assert_eq!(refusal("empty.eml", b" \n\n"), Refusal::Empty);
    assert_eq!(
        refusal("no_text.eml", b"Subject: a\r\n\r\n"),
        Refusal::Empty
    );
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("an entry");
        zip.write_all(content.as_bytes()).expect("its content");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn a_slack_export_becomes_threads_and_days() {
    let zip = archive(&[
        (
            "export/users.json",
            r#"[{"id":"U1","name":"ann","profile":{"real_name":"Ann Lee"}},{"id":"U2","name":"bo","profile":{"display_name":"Bo"}}]"#,
        ),
        ("export/channels.json", r#"[{"id":"C1","name":"general"}]"#),
        ("export/dms.json", r#"[{"id":"D1","members":["U1","U2"]}]"#),
        (
            "export/general/2024-01-01.json",
            r#"[{"user":"U1","ts":"1704100000.000100","thread_ts":"1704100000.000100","text":"Who knows &lt;this&gt; <@U2>? See <http://x.org|the page> in <#C1|general>"},
                {"user":"U2","ts":"1704100001.0","subtype":"channel_join","text":"<@U2> has joined the channel"},
                {"user":"U2","ts":"1704100002.0","text":"Try ```let a = 1;\n  b``` now"},
                {"subtype":"bot_message","username":"Robot","ts":"1704100003.0","text":"","attachments":[{"fallback":"It failed"}]}]"#,
        ),
        (
            "export/general/2024-01-02.json",
            r#"[{"user":"U2","ts":"1704190000.0","thread_ts":"1704100000.000100","text":"","blocks":[{"type":"rich_text","elements":[
                {"type":"rich_text_section","elements":[{"type":"text","text":"I do, "},{"type":"user","user_id":"U1"}]},
                {"type":"rich_text_list","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]}]}]}]}]"#,
        ),
        ("export/general/2024-01-03.json", "[{"),
        (
            "export/D1/2024-01-04.json",
            r#"[{"user":"U1","ts":"1704360000.0","text":"Hi"}]"#,
        ),
    ]);
    let expected = "[D1/2024-01-04] Ann Lee, Bo\nParagraph: Ann Lee: Hi\n\
                    [general/1704100000.000100] #general: Who knows <this> @Bo? See the page in #general\n\
                    Paragraph: Ann Lee: Who knows <this> @Bo? See the page in #general\n\
                    Paragraph: Bo: I do, @Ann Lee\nItem: - one\n\
                    [general/2024-01-01] #general\nParagraph: Bo: Try\nCode: let a = 1;\n  b\nParagraph: now\nParagraph: Robot: It failed\n";
    assert_eq!(shown("slack.zip", &zip), expected);
    assert_eq!(
        fact("slack.zip", &zip, 0, "files_refused"),
        "export/general/2024-01-03.json"
    );
    assert_eq!(fact("slack.zip", &zip, 1, "author"), "Ann Lee, Bo");
    assert_eq!(
        fact("slack.zip", &zip, 1, "date"),
        "2024-01-01T09:06:40+00:00"
    );
    assert_eq!(fact("slack.zip", &zip, 2, "date"), "2024-01-01");
    assert_eq!(fact("slack.zip", &zip, 2, "channel"), "general");
}

#[test]
fn the_delimiter_of_values_is_told_by_their_rows() {
    let table = |text: &str| shown("t.csv", text.as_bytes());
    assert_eq!(table("a;b\n1,5;2,5\n"), "[] t\nTable: a | b\n1,5 | 2,5\n");
    assert_eq!(table("a|b\n\"x|y\"|z\n"), "[] t\nTable: a | b\nx|y | z\n");
    assert_eq!(
        table("\u{feff}a\tb, c\nd\te\n"),
        "[] t\nTable: a | b, c\nd | e\n"
    );
    assert_eq!(
        table("sep=,\na,\"b\nc\"\nd\n"),
        "[] t\nTable: a | b c\nd | \n"
    );
    assert_eq!(
        table("one, two\nthree\nfour\n"),
        "[] t\nTable: one, two\nthree\nfour\n"
    );
}

#[test]
fn org_mode_is_read() {
    let org = "#+TITLE: Notes\n#+AUTHOR: Zoë\n#+DATE: <2024-05-31 Fri>\n\n* TODO [#A] First :tag:\n:PROPERTIES:\n:ID: 1\n:END:\n\
               Some /slanted/ text\nwith [[http://x.org][a link]].\n\n- one\n  goes on\n  + deep\n- two\n\n\
               | a | b |\n|---+---|\n| 1 |   |\n\n#+BEGIN_SRC sh\n  ls\n    -l\n#+END_SRC\n\n** Second\n: fixed\n# remark\n";
    let expected = "[] Notes\nHeading(1): First\nParagraph: Some slanted text with a link.\nItem: - one goes on\nItem:   - deep\nItem: - two\n\
                    Table: a | b\n1 | \nCode: ls\n  -l\nHeading(2): Second\nCode: fixed\n";
    assert_eq!(shown("n.org", org.as_bytes()), expected);
    assert_eq!(fact("n.org", org.as_bytes(), 0, "date"), "2024-05-31");
    assert_eq!(fact("n.org", org.as_bytes(), 0, "author"), "Zoë");
}

#[test]
fn restructured_text_is_read() {
    let rst = "=====\nTitle\n=====\n:Author: Zoë\n:Date: 2024-05-31\n\nPart\n----\n\nSome **bold** ``code`` and :ref:`a role <x>`, `link <http://x.org>`_.\nFollows::\n\n  let a\n    = 1\n\n\
               - one\n  goes on\n\n  - deep\n\n1. first\n\n.. code-block:: sh\n   :linenos:\n\n   ls\n\n.. note:: Mind\n   this.\n\n.. a comment\n   of two lines\n\n\
               +---+-----+\n| a | b   |\n+===+=====+\n| 1 | 2   |\n|   | and |\n+---+-----+\n\n===  ===\nx    y\n===  ===\n3    4\n===  ===\n\nSub\n~~~\n\nPart two\n--------\n\nend\n";
    let expected = "[] Title\nHeading(1): Title\nHeading(2): Part\nParagraph: Some bold code and a role, link. Follows:\nCode: let a\n  = 1\n\
                    Item: - one goes on\nItem:   - deep\nItem: - first\nCode: ls\nParagraph: Mind this.\n\
                    Table: a | b\n1 | 2 and\nTable: x | y\n3 | 4\nHeading(3): Sub\nHeading(2): Part two\nParagraph: end\n";
    assert_eq!(shown("n.rst", rst.as_bytes()), expected);
    assert_eq!(fact("n.rst", rst.as_bytes(), 0, "date"), "2024-05-31");
}

const RTF: &str = r#"{\rtf1\ansi\ansicpg1251\uc1{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset128 Mincho;}{\f2 Any;}}
{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}{\*\generator X;}
{\info{\title Plans}{\author Zo\u235\'3f}{\creatim\yr2023\mo1\dy2}{\revtim\yr2024\mo5\dy6\hr7\min8}{\operator No}}
{\header HEADER\par}\pard\s1\f0 First \'80\par\pard\s2{\listtext\f0 1.1\tab}Second\par
\pard\f2 \'cf\'f0\'e8{\f1 \'93\'fa\'96\'7b}{\v HIDDEN}\f0 {\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}\u-10179 ?\u-8704 ?\bin3 {}}.{\super\chftn{\footnote\pard\chftn A note.\par}}\par
{\pict\wmetafile8 0102}{\listtext\'b7\tab}\ilvl1 item\par\pard
\trowd\cellx1\cellx2\pard\intbl a\par b\cell c\cell\row\trowd\cellx1\pard\intbl d\cell\row\pard
{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt Box\par}}{\shprslt Box}}last\line line\page next}"#;

#[test]
fn rich_text_is_read() {
    let expected = "[] Plans\nHeading(1): First €\nHeading(2): 1.1 Second\nParagraph: При日本link😀.\nParagraph: A note.\nItem:   - item\n\
                    Table: a b | c\nd | \nParagraph: last line\nParagraph: Box\nParagraph: next\n";
    assert_eq!(shown("n.rtf", RTF.as_bytes()), expected);
    assert_eq!(fact("n.rtf", RTF.as_bytes(), 0, "author"), "Zoë");
    assert_eq!(
        fact("n.rtf", RTF.as_bytes(), 0, "date"),
        "2024-05-06T07:08:00"
    );
    let cut = RTF.split_once("last").expect("two parts").0;
    assert!(shown("cut.rtf", cut.as_bytes()).ends_with("Table: a b | c\nd | \nParagraph: Box\n"));
    let deep = format!(r"{{\rtf1 {}", "{".repeat(100_000));
    assert!(matches!(
        refusal("deep.rtf", deep.as_bytes()),
        Refusal::TooDeep(_)
    ));
}

/// A Word file with a heading, a paragraph in cp1252, a field in UTF-16 and a table.
fn word(flags: u16, version: u16) -> Vec<u8> {
    let narrow = b"Plans\rPrice 5 \x80\r";
    let wide = [
        "See \u{13}LINK\u{14}здесь\u{15}.\r",
        "a\u{7}",
        "b\u{7}",
        "\u{7}",
        "end\r",
    ];
    let mut main = vec![0; 0x400];
    main.extend(narrow);
    let mut ends: Vec<u32> = vec![0x400, 0x406, 0x410];
    for paragraph in wide {
        main.extend(paragraph.encode_utf16().flat_map(u16::to_le_bytes));
        ends.push(u32::try_from(main.len()).expect("a small file"));
    }
    main.resize(0x600, 0);
    let (normal, heading) = (vec![0, 1, 0, 0], vec![0, 1, 1, 0]);
    let cell = vec![3, 0, 0, 0x16, 0x24, 1];
    let row_end = vec![0, 4, 0, 0, 0x16, 0x24, 1, 0x17, 0x24, 1];
    let properties = [
        heading,
        normal.clone(),
        normal.clone(),
        cell.clone(),
        cell,
        row_end,
        normal,
    ];
    let mut page = vec![0; 512];
    for (number, end) in ends.iter().enumerate() {
        page[4 * number..4 * number + 4].copy_from_slice(&end.to_le_bytes());
    }
    for (number, stated) in properties.iter().enumerate() {
        let place = 300 + 20 * number;
        page[4 * ends.len() + 13 * number] = u8::try_from(place / 2).expect("a place");
        page[place..place + stated.len()].copy_from_slice(stated);
    }
    page[511] = 7;
    main.extend(page);

    let letters = u32::try_from(narrow.len()).expect("few");
    let total = letters + u32::try_from(wide.concat().encode_utf16().count()).expect("few");
    let numbers = |numbers: &[u32]| {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let piece = |place: u32| [vec![0, 0], numbers(&[place]), vec![0, 0]].concat();
    let pieces = [
        numbers(&[0, letters, total]),
        piece(0x800 | 0x4000_0000),
        piece(0x410),
    ]
    .concat();
    let clx = [
        vec![2],
        numbers(&[u32::try_from(pieces.len()).expect("few")]),
        pieces,
    ]
    .concat();
    let style = |known: u8| [vec![14, 0, known, 0, 0xF1, 0xFF], vec![0; 10]].concat();
    let styles = [vec![18, 0, 2, 0, 10, 0], vec![0; 14], style(0), style(1)].concat();
    let pages = numbers(&[0x400, 0x600, 3]);
    let mut table = Vec::new();
    for (place, part) in [(0x1A2, clx), (0xA2, styles), (0x102, pages)] {
        let range = [table.len(), part.len()].map(|number| u32::try_from(number).expect("few"));
        main[place..place + 8].copy_from_slice(&numbers(&range));
        table.extend(part);
    }
    main[0..4].copy_from_slice(&[
        0xEC,
        0xA5,
        version.to_le_bytes()[0],
        version.to_le_bytes()[1],
    ]);
    main[10..12].copy_from_slice(&flags.to_le_bytes());
    main[76..80].copy_from_slice(&total.to_le_bytes());
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("a file");
    for (name, content) in [("/WordDocument", main), ("/1Table", table)] {
        file.create_stream(name)
            .and_then(|mut stream| stream.write_all(&content))
            .expect("a stream");
    }
    file.into_inner().into_inner()
}

#[test]
fn word_97_is_read() {
    let expected = "[] Plans\nHeading(1): Plans\nParagraph: Price 5 €\nParagraph: See здесь.\nTable: a | b\nParagraph: end\n";
    assert_eq!(shown("n.doc", &word(0x0200, 0xC1)), expected);
    assert_eq!(refusal("n.doc", &word(0x0300, 0xC1)), Refusal::Encrypted);
    assert_eq!(
        refusal("n.doc", &word(0x0200, 0x68)),
        Refusal::Unknown("Word 6 or 95".to_owned())
    );
    assert!(matches!(
        refusal("n.doc", &word(0, 0xC1)),
        Refusal::Damaged(_)
    ));
}
