//! Extraction from workbooks and `OpenDocument` files, each written here as those programs write them.

use std::io::{Cursor, Write};

use ragkit::data::Document;
use ragkit::extraction::{Limits, Refusal, extract};

use crate::extract_office::{R, archive, blocks, fact, read, relations};

/// An `OpenDocument` file of this kind.
fn open_document(kind: &str, styles: &str, body: &str) -> Document {
    let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
    let element = kind;
    let content = format!(
        r#"<o:document-content xmlns:o="o" xmlns:t="t" xmlns:b="b" xmlns:s="s" xmlns:d="d"><o:automatic-styles>{styles}</o:automatic-styles><o:body><o:{element}>{body}</o:{element}></o:body></o:document-content>"#
    );
    let meta = r#"<o:document-meta xmlns:o="o" xmlns:dc="d" xmlns:m="m"><o:meta><dc:title>Meta</dc:title><m:initial-creator>Ada</m:initial-creator><dc:date>2024-05-06T07:08:09.123</dc:date></o:meta></o:document-meta>"#;
    read(
        "x/a.od",
        &[
            ("mimetype", mimetype.as_bytes()),
            ("content.xml", content.as_bytes()),
            ("meta.xml", meta.as_bytes()),
        ],
    )
}

#[test]
fn open_document_text_has_its_structure() {
    let styles = r#"<s:style s:name="P1" s:parent-style-name="Preformatted_20_Text"/><s:style s:name="P2" s:parent-style-name="Title"/>
        <s:style s:name="P3"><s:paragraph-properties s:break-before="page"/></s:style>"#;
    let body = r#"<t:tracked-changes><t:changed-region><t:deletion><t:p>gone</t:p></t:deletion></t:changed-region></t:tracked-changes>
        <t:p t:style-name="P2">The <t:span>title</t:span></t:p>
        <t:table-of-content><t:index-body><t:p>Part 1</t:p></t:index-body></t:table-of-content>
        <t:h t:outline-level="2">Part</t:h>
        <t:list><t:list-item><t:p>one</t:p><t:list><t:list-item><t:p>two</t:p></t:list-item></t:list></t:list-item></t:list>
        <t:p>a<t:tab/>b<t:s t:c="3"/>c<t:line-break/>d<t:note><t:note-citation>1</t:note-citation><t:note-body><t:p>a note</t:p></t:note-body></t:note><o:annotation><t:p>remark</t:p></o:annotation></t:p>
        <t:p t:style-name="P1">if x:</t:p><t:p t:style-name="P1"><t:s t:c="4"/>y()</t:p>
        <b:table><b:table-header-rows><b:table-row><b:table-cell b:number-columns-spanned="2"><t:p>wide</t:p></b:table-cell><b:covered-table-cell/><b:table-cell><t:p>c</t:p></b:table-cell></b:table-row></b:table-header-rows>
        <b:table-row><b:table-cell b:number-columns-repeated="2"><t:p>same</t:p></b:table-cell><b:table-cell><t:p>e</t:p><t:p>f</t:p></b:table-cell></b:table-row></b:table>
        <t:p t:style-name="P3"><d:frame><d:text-box><t:p>boxed</t:p></d:text-box></d:frame>next</t:p>"#;
    let document = open_document("text", styles, body);
    let expected = [
        "h1@1: The title",
        "h2@1: Part",
        "item@1: - one",
        "item@1:   - two",
        "p@1: a b c d",
        "code@1: if x:\n    y()",
        "table@1: wide |  | c\nsame | same | e f",
        "p@2: next",
        "p@2: boxed",
        "p@2: a note",
    ];
    assert_eq!(blocks(&document), expected);
    assert_eq!(document.title, "The title");
    assert_eq!(fact(&document, "author"), Some("Ada"));
    assert_eq!(fact(&document, "date"), Some("2024-05-06T07:08:09"));
}

#[test]
fn open_document_sheets_are_not_drawn_out_by_repetition() {
    let body = r#"<b:table b:name="Costs"><b:table-row b:number-rows-repeated="1048000"><b:table-cell b:number-columns-repeated="16384"/></b:table-row>
        <b:table-row><b:table-cell/><b:table-cell><t:p>Day</t:p></b:table-cell><b:table-cell><t:p>Cost</t:p></b:table-cell><b:table-cell b:number-columns-repeated="16381"/></b:table-row>
        <b:table-row><b:table-cell/><b:table-cell o:value-type="date" o:date-value="2024-02-01"><t:p>1. Feb</t:p></b:table-cell><b:table-cell o:value-type="float" o:value="1.5"><t:p>1,50 €</t:p></b:table-cell></b:table-row>
        <b:table-row b:number-rows-repeated="1000000"><b:table-cell b:number-columns-repeated="16384"/></b:table-row></b:table>
        <b:table b:name="Empty"><b:table-row b:number-rows-repeated="1048576"><b:table-cell b:number-columns-repeated="16384"/></b:table-row></b:table>"#;
    assert_eq!(
        blocks(&open_document("spreadsheet", "", body)),
        ["h2: Costs", "table: Day | Cost\n2024-02-01 | 1,50 €"]
    );
}

#[test]
fn sheets_show_what_a_person_would_read() {
    let cell = |place: &str, kind: &str, style: u8, value: &str| {
        format!(r#"<c r="{place}" t="{kind}" s="{style}"><v>{value}</v></c>"#)
    };
    let rows = [
        (
            2,
            r#"<c r="B2" t="inlineStr"><is><t>Report</t></is></c>"#.to_owned(),
        ),
        (
            4,
            [
                cell("B4", "s", 0, "0"),
                cell("C4", "str", 0, "Share"),
                cell("XFD4", "s", 0, "1"),
            ]
            .concat(),
        ),
        (
            6,
            [
                cell("B6", "n", 1, "45292"),
                cell("C6", "n", 2, "0.125"),
                cell("XFD6", "n", 0, "0.30000000000000004"),
            ]
            .concat(),
        ),
        (
            7,
            [
                cell("B7", "n", 3, "45292.75"),
                cell("C7", "b", 0, "1"),
                cell("XFD7", "n", 0, "1.0"),
            ]
            .concat(),
        ),
        (
            8,
            [
                cell("B8", "n", 4, "1.5"),
                cell("C8", "e", 0, "#DIV/0!"),
                cell("XFD8", "n", 5, "12"),
            ]
            .concat(),
        ),
        (1_048_576, cell("A1048576", "n", 0, "1e20")),
    ];
    let rows: String = rows
        .iter()
        .map(|(row, cells)| format!(r#"<row r="{row}">{cells}</row>"#))
        .collect();
    let formats = [(1, 14), (2, 10), (3, 164), (4, 165), (5, 166)];
    let formats: String = formats
        .iter()
        .map(|(_, id)| format!(r#"<xf numFmtId="{id}"/>"#))
        .collect();
    let styles = format!(
        r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-407]d. mmm yyyy hh:mm"/><numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="166" formatCode="0 &quot;days&quot;\m"/></numFmts><cellXfs><xf numFmtId="0"/>{formats}</cellXfs></styleSheet>"#
    );
    let parts = [
        ("_rels/.rels", relations(&[("1", "officeDocument", "xl/workbook.xml")])),
        ("xl/workbook.xml", format!(r#"<workbook {R}><sheets><sheet name="No cells" r:id="b"/><sheet name="Shares" r:id="a"/></sheets></workbook>"#)),
        ("xl/_rels/workbook.xml.rels", relations(&[("a", "worksheet", "s.xml"), ("b", "chartsheet", "c.xml"), ("s", "sharedStrings", "t.xml"), ("y", "styles", "y.xml")])),
        ("xl/t.xml", r#"<sst uniqueCount="99999999999"><si><r><t>Da</t></r><r><t>y</t></r><rPh><t>ha</t></rPh></si><si><t>Sum</t></si></sst>"#.to_owned()),
        ("xl/y.xml", styles),
        ("xl/s.xml", format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")),
    ];
    let parts = parts
        .each_ref()
        .map(|(name, part)| (*name, part.as_bytes()));
    let expected = [
        "h2: Shares",
        "p: Report",
        "table: Day | Share | Sum\n2024-01-01 | 12.5% | 0.3\n2024-01-01 18:00:00 | TRUE | 1\n36:00:00 | #DIV/0! | 12",
        "p: 1e20",
    ];
    assert_eq!(blocks(&read("a.xlsx", &parts)), expected);
}

/// A record of Excel's old format.
fn record(kind: u16, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap();
    [
        kind.to_le_bytes().as_slice(),
        &length.to_le_bytes(),
        &content,
    ]
    .concat()
}

/// A workbook of Excel's old format: these records for all sheets, and a sheet of those.
fn xls(globals: &[Vec<u8>], cells: &[Vec<u8>]) -> Vec<u8> {
    let begin = record(0x0809, &[&[0, 6, 5, 0]]);
    let end = record(0x000A, &[]);
    let sheet = |start: usize| {
        record(
            0x0085,
            &[
                &u32::try_from(start).unwrap().to_le_bytes(),
                &[0, 0, 5, 0],
                b"Costs",
            ],
        )
    };
    let before = [begin.clone(), globals.concat()].concat();
    let start = before.len() + sheet(0).len() + end.len();
    let stream = [
        before,
        sheet(start),
        end.clone(),
        begin,
        cells.concat(),
        end,
    ]
    .concat();
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook")
        .unwrap()
        .write_all(&stream)
        .unwrap();
    file.into_inner().into_inner()
}

#[test]
fn old_sheets_are_read_too() {
    // The second string goes on in another record, where its characters become wide.
    let strings = [
        record(
            0x00FC,
            &[
                &[2, 0, 0, 0, 2, 0, 0, 0],
                &[3, 0, 0],
                b"Day",
                &[4, 0, 0],
                b"Co",
            ],
        ),
        record(0x003C, &[&[1], &[b's', 0, 0x42, 0x04]]),
        record(0x00E0, &[&[0, 0, 0, 0]]),
        record(0x00E0, &[&[0, 0, 14, 0]]),
    ];
    let place = |row: u8, column: u8, style: u8| [row, 0, column, 0, style, 0];
    let cells = [
        record(0x00FD, &[&place(1, 1, 0), &[0, 0, 0, 0]]),
        record(0x00FD, &[&place(1, 2, 0), &[1, 0, 0, 0]]),
        record(0x0203, &[&place(2, 1, 1), &45_292_f64.to_le_bytes()]),
        record(
            0x027E,
            &[&place(2, 2, 0), &((1250_u32 << 2) | 3).to_le_bytes()],
        ),
        record(
            0x0006,
            &[&place(3, 1, 0), &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF], &[0; 8]],
        ),
        record(0x0207, &[&[3, 0, 0], b"sum"]),
        record(0x0205, &[&place(3, 2, 0), &[7, 1]]),
    ];
    let book = xls(&strings, &cells);
    let document = &extract("a.xls", &book, &Limits::default()).unwrap()[0];
    assert_eq!(
        blocks(document),
        [
            "h2: Costs",
            "table: Day | Cosт\n2024-01-01 | 12.5\nsum | #DIV/0!"
        ]
    );
    let locked = xls(&[record(0x002F, &[&[1, 0]])], &[]);
    assert_eq!(
        extract("a.xls", &locked, &Limits::default()),
        Err(Refusal::Encrypted)
    );
}

#[test]
fn binary_sheets_are_read_too() {
    let record = |kind: u8, content: &[&[u8]]| {
        let content = content.concat();
        [
            &[kind, u8::try_from(content.len()).unwrap()],
            content.as_slice(),
        ]
        .concat()
    };
    let wide = |text: &str| {
        let count = u32::try_from(text.len()).unwrap();
        [
            count.to_le_bytes().to_vec(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ]
        .concat()
    };
    let sheet = [
        &[0x9C, 1, 28],
        [0; 8].as_slice(),
        &wide("r1"),
        &wide("Data"),
    ]
    .concat();
    let cells = [
        record(0, &[&[4, 0, 0, 0]]),
        record(7, &[&[0; 8], &[0; 4]]),
        record(5, &[&[1, 0, 0, 0, 0, 0, 0, 0], &2.5_f64.to_le_bytes()]),
    ];
    let parts = [
        (
            "_rels/.rels",
            relations(&[("1", "officeDocument", "xl/workbook.bin")]).into_bytes(),
        ),
        ("xl/workbook.bin", sheet),
        (
            "xl/_rels/workbook.bin.rels",
            relations(&[
                ("r1", "worksheet", "s.bin"),
                ("s", "sharedStrings", "t.bin"),
            ])
            .into_bytes(),
        ),
        ("xl/t.bin", record(0x13, &[&[0], &wide("Key")])),
        ("xl/s.bin", cells.concat()),
    ];
    let parts = parts
        .each_ref()
        .map(|(name, part)| (*name, part.as_slice()));
    assert_eq!(
        blocks(&read("a.xlsb", &parts)),
        ["h2: Data", "table: Key | 2.5"]
    );
}

#[test]
fn office_files_that_do_harm_are_refused() {
    let refusal = |body: &str| {
        let parts = archive(&[("word/document.xml", body.as_bytes())]);
        extract("a.docx", &parts, &Limits::default())
            .unwrap_err()
            .name()
    };
    let deep = |count: usize| {
        format!(
            "<d><body><p>{}{}</p></body></d>",
            "<r>".repeat(count),
            "</r>".repeat(count)
        )
    };
    let attributes: String = (0..300).map(|number| format!(r#" a{number}="""#)).collect();
    assert_eq!(refusal(&deep(100)), "empty");
    assert_eq!(refusal(&deep(100_000)), "too_deep");
    assert_eq!(
        refusal(r#"<!DOCTYPE d [<!ENTITY a "b">]><d><body><p><t>&a;</t></p></body></d>"#),
        "damaged"
    );
    assert_eq!(refusal(&format!("<d{attributes}/>")), "damaged");
    assert_eq!(refusal("<d><body><p>"), "damaged");
    let spans = "<tr><tc><tcPr><gridSpan val=\"99999\"/></tcPr></tc><tc/></tr>".repeat(30_000);
    assert_eq!(
        refusal(&format!("<d><body><tbl>{spans}</tbl></body></d>")),
        "too_much"
    );
    let manifest = b"<m><file-entry><encryption-data/></file-entry></m>";
    let kind = b"application/vnd.oasis.opendocument.text";
    let locked = archive(&[
        ("mimetype", kind),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", b"\x01\x02"),
    ]);
    assert_eq!(
        extract("a.odt", &locked, &Limits::default()),
        Err(Refusal::Encrypted)
    );
}
