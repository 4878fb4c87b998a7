//! Extraction from PDF files that are written here, text by text at its place.

use std::fmt::Write;

use ragkit::data::Document;
use ragkit::extraction::{Limits, Refusal, extract};

use crate::extract_office::{blocks, fact};

/// A text on a page: in Helvetica, its bold or Courier (`F1`, `F2`, `F3`), of this size, so far from the left and the top.
struct Text<'t>(&'static str, u32, u32, u32, &'t str);

/// A page's stream of these texts, in this order.
fn stream(texts: &[Text<'_>]) -> String {
    let mut stream = "BT\n".to_owned();
    for Text(font, size, left, top, text) in texts {
        let text = text
            .replace('\\', "\\\\")
            .replace('(', "\\(")
            .replace(')', "\\)");
        writeln!(
            stream,
            "/{font} {size} Tf 1 0 0 1 {left} {} Tm ({text}) Tj",
            800 - top
        )
        .unwrap();
    }
    stream + "ET"
}

/// A file with pages of these streams, and these further objects, from number 10.
fn pdf(streams: &[String], info: &str, catalog: &str, further: &[String]) -> Vec<u8> {
    let font = |name: &str| {
        format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>")
    };
    let first_page = 10 + further.len();
    let kids: String = (0..streams.len())
        .map(|page| format!("{} 0 R ", first_page + 2 * page))
        .collect();
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        format!("<</Type/Pages/Kids[{kids}]/Count {}>>", streams.len()),
        font("Helvetica"),
        font("Helvetica-Bold"),
        font("Courier"),
        format!("<<{info}>>"),
        "null".to_owned(),
        "null".to_owned(),
        "null".to_owned(),
    ];
    objects.extend_from_slice(further);
    for (page, stream) in streams.iter().enumerate() {
        let content = first_page + 2 * page + 1;
        let fonts = "/Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>";
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<{fonts}>>/Contents {content} 0 R>>"
        ));
        objects.push(format!(
            "<</Length {}>>stream\n{stream}\nendstream",
            stream.len()
        ));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        write!(file, "{number} 0 obj\n{object}\nendobj\n").unwrap();
    }
    let start = file.len();
    let size = objects.len() + 1;
    write!(
        file,
        "{table}trailer\n<</Root 1 0 R/Info 6 0 R/Size {size}>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    file.into_bytes()
}

fn read(bytes: &[u8]) -> Document {
    let mut documents = extract("notes/a.pdf", bytes, &Limits::default()).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn read_pages(pages: &[&[Text<'_>]]) -> Document {
    let streams: Vec<String> = pages.iter().map(|page| stream(page)).collect();
    read(&pdf(&streams, "", "", &[]))
}

#[test]
fn a_report_has_its_structure() {
    let first = stream(&[
        Text("F1", 24, 50, 60, "Rain in the valley"),
        Text("F2", 16, 50, 100, "1 Measure-"),
        Text("F2", 16, 50, 118, "ments"),
        Text(
            "F1",
            10,
            50,
            150,
            "Every morning the gauge is read by whoever comes first, and the num-",
        ),
        Text(
            "F1",
            10,
            50,
            162,
            "ber is written down; nobody has missed a day since the spring of that",
        ),
        Text("F1", 10, 50, 174, "year."),
        Text("F1", 10, 50, 186, "A second gauge stands near the river."),
        Text("F2", 10, 50, 210, "1.1 Gauges"),
        Text("F1", 10, 50, 224, "There are three kinds:"),
        Text("F1", 10, 60, 240, "\u{95}"),
        Text(
            "F1",
            10,
            75,
            240,
            "open ones, which lose some of the water on warm",
        ),
        Text("F1", 10, 75, 252, "and windy days"),
        Text("F1", 10, 60, 264, "\u{95}"),
        Text("F1", 10, 75, 264, "closed ones"),
        Text("F1", 10, 80, 276, "1. of glass"),
        Text("F1", 10, 80, 288, "2. of steel"),
        Text("F1", 10, 50, 320, "Month"),
        Text("F1", 10, 150, 320, "Rain"),
        Text("F1", 10, 250, 320, "Days"),
        Text("F1", 10, 50, 334, "May"),
        Text("F1", 10, 150, 334, "40 mm"),
        Text("F1", 10, 250, 334, "9"),
        Text("F1", 10, 50, 348, "June"),
        Text("F1", 10, 150, 348, "25 mm"),
        Text("F1", 10, 250, 348, "6"),
        Text("F3", 10, 50, 380, "for day in june:"),
        Text("F3", 10, 74, 392, "print(day)"),
        Text(
            "F1",
            10,
            50,
            420,
            "The list is kept in the hall, and whoever wants to may look at it and",
        ),
    ]);
    // The bullets are characters of the Windows code page.
    let first = first.replace('\u{95}', "\\225");
    let second = stream(&[Text("F1", 10, 50, 60, "copy it.")]);
    let info = "/Title(Microsoft Word - rain.doc)/Author(\\376\\377\\000J\\000\\366)/CreationDate(D:20240102030405Z)/ModDate(D:20240506070809+02'00')";
    let document = read(&pdf(&[first, second], info, "", &[]));
    assert_eq!(document.title, "Rain in the valley");
    assert_eq!(fact(&document, "author"), Some("Jö"));
    assert_eq!(fact(&document, "date"), Some("2024-05-06T07:08:09+02:00"));
    assert_eq!(
        blocks(&document),
        [
            "h1@1: Rain in the valley",
            "h2@1: 1 Measurements",
            "p@1: Every morning the gauge is read by whoever comes first, and the number is written down; nobody has missed a day since the spring of that year.",
            "p@1: A second gauge stands near the river.",
            "h3@1: 1.1 Gauges",
            "p@1: There are three kinds:",
            "item@1: - open ones, which lose some of the water on warm and windy days",
            "item@1: - closed ones",
            "item@1:   - 1. of glass",
            "item@1:   - 2. of steel",
            "table@1: Month | Rain | Days\nMay | 40 mm | 9\nJune | 25 mm | 6",
            "code@1: for day in june:\n    print(day)",
            "p@1: The list is kept in the hall, and whoever wants to may look at it and copy it.",
        ]
    );
}

#[test]
fn columns_are_read_one_after_the_other() {
    let left = ["On the left begins", "what is read first,", "to the end."];
    let right = ["Then comes what is", "on the right side", "of the page."];
    let mut texts = Vec::new();
    for (row, text) in (0..).zip(right) {
        texts.push(Text("F1", 10, 320, 100 + 12 * row, text));
    }
    for (row, text) in (0..).zip(left) {
        texts.push(Text("F1", 10, 50, 100 + 12 * row, text));
    }
    // Drawn last, but above both.
    texts.push(Text(
        "F1",
        20,
        50,
        60,
        "Two columns of text that have one title above them",
    ));
    let document = read_pages(&[&texts]);
    assert_eq!(
        blocks(&document),
        [
            "h1@1: Two columns of text that have one title above them",
            "p@1: On the left begins what is read first, to the end.",
            "p@1: Then comes what is on the right side of the page.",
        ]
    );
}

#[test]
fn running_headers_and_page_numbers_are_no_text() {
    let bodies = [
        "The first page.",
        "The second page.",
        "The third page.",
        "The last page.",
    ];
    let footers = ["Page 1 of 4", "Page 2 of 4", "Page 3 of 4", "Page 4 of 4"];
    let pages: Vec<[Text<'_>; 3]> = bodies
        .into_iter()
        .zip(footers)
        .map(|(body, footer)| {
            [
                Text("F1", 8, 50, 30, "The yearly report"),
                Text("F1", 10, 50, 300, body),
                Text("F1", 8, 280, 780, footer),
            ]
        })
        .collect();
    let pages: Vec<&[Text<'_>]> = pages.iter().map(<[Text<'_>; 3]>::as_slice).collect();
    let document = read_pages(&pages);
    let expected = [
        "p@1: The first page.",
        "p@2: The second page.",
        "p@3: The third page.",
        "p@4: The last page.",
    ];
    assert_eq!(blocks(&document), expected);
    assert_eq!(fact(&document, "pages"), Some("4"));
}

#[test]
fn an_outline_tells_what_is_a_heading() {
    let page = stream(&[
        Text("F1", 10, 50, 100, "Harvest"),
        Text(
            "F1",
            10,
            50,
            130,
            "Apples are picked in autumn, before the first night of frost.",
        ),
        Text("F1", 10, 50, 160, "Storage"),
        Text(
            "F1",
            10,
            50,
            190,
            "They keep in a cool cellar until spring, if they do not touch.",
        ),
    ]);
    let outline = [
        "<</Type/Outlines/First 11 0 R/Last 11 0 R>>".to_owned(),
        "<</Title(1. Harvest)/Parent 10 0 R/First 12 0 R/Last 12 0 R>>".to_owned(),
        // An outline in a circle ends all the same.
        "<</Title(\\376\\377\\000S\\000t\\000o\\000r\\000a\\000g\\000e)/Parent 11 0 R/Next 12 0 R>>".to_owned(),
    ];
    let document = read(&pdf(&[page], "/Title(Fruit)", "/Outlines 10 0 R", &outline));
    assert_eq!(document.title, "Fruit");
    let found = blocks(&document);
    assert_eq!([&*found[0], &*found[2]], ["h1@1: Harvest", "h2@1: Storage"]);
}

#[test]
fn what_is_drawn_twice_or_sideways_is_read_once_and_apart() {
    let mut page = stream(&[
        Text("F1", 12, 50, 100, "Shadowed text"),
        Text("F1", 12, 51, 100, "Shadowed text"),
        Text("F1", 12, 50, 900, "Below the page"),
    ]);
    page = page.replace("ET", "0 1 -1 0 20 300 Tm (Draft of March) Tj ET");
    let document = read(&pdf(&[page], "", "", &[]));
    assert_eq!(
        blocks(&document),
        ["p@1: Shadowed text", "p@1: Draft of March"]
    );
    // A page that stands on its side is read as it is turned.
    let turned =
        "BT 0 1 -1 0 100 100 Tm /F1 12 Tf (First line) Tj 0 1 -1 0 130 100 Tm (Second line) Tj ET"
            .to_owned();
    let document = read(&pdf(&[turned], "", "", &[]));
    assert_eq!(blocks(&document), ["p@1: First line", "p@1: Second line"]);
}

/// A page that says "Secret.", encrypted with a password by RC4.
const ENCRYPTED: &str = "255044462d312e330a25e2e3cfd30a322030206f626a0a3c3c0a2f54797065202f50616765730a2f436f756e7420310a2f4b696473205b2034203020\
    52205d0a3e3e0a656e646f626a0a332030206f626a0a3c3c0a2f54797065202f436174616c6f670a2f50616765732032203020520a3e3e0a656e646f\
    626a0a342030206f626a0a3c3c0a2f54797065202f506167650a2f5265736f7572636573203c3c0a2f466f6e74203c3c0a2f4631203c3c0a2f547970\
    65202f466f6e740a2f53756274797065202f54797065310a2f42617365466f6e74202f48656c7665746963610a3e3e0a3e3e0a3e3e0a2f4d65646961\
    426f78205b20302e3020302e302032303020313030205d0a2f506172656e742032203020520a2f436f6e74656e74732035203020520a3e3e0a656e64\
    6f626a0a352030206f626a0a3c3c0a2f4c656e6774682033370a3e3e0a73747265616d0a47dbc8436a77e6e4c929123d329880365ce8c3124b1016f1\
    da8495a1ace32a2f45ad7751270a656e6473747265616d0a656e646f626a0a362030206f626a0a3c3c0a2f5620310a2f5220320a2f4c656e67746820\
    34300a2f5020343239343936373239320a2f46696c746572202f5374616e646172640a2f4f203c383137313936633863343133363339663633386264\
    353430396432366561383838633439303538663661333364363430633539663062346134326535323439643e0a2f55203c6162613636653061353163\
    37636662326666323065303139646563313930303663633831653432613237363338386630616230636131626461383061313563663e0a3e3e0a656e\
    646f626a0a787265660a3020370a303030303030303030312036353533352066200a303030303030303030302030303030312066200a303030303030\
    30303135203030303030206e200a30303030303030303734203030303030206e200a30303030303030313233203030303030206e200a303030303030\
    30333034203030303030206e200a30303030303030333931203030303030206e200a747261696c65720a3c3c0a2f53697a6520370a2f526f6f742033\
    203020520a2f4944205b203c35343231383363383236616464376338373166306666613133353739343835303e203c35343231383363383236616464\
    376338373166306666613133353739343835303e205d0a2f456e63727970742036203020520a3e3e0a7374617274787265660a3630350a2525454f46\
    0a";

#[test]
fn files_that_cannot_be_read_say_why() {
    let refusal = |bytes: &[u8]| extract("a.pdf", bytes, &Limits::default()).unwrap_err();
    let bytes: Vec<u8> = (0..ENCRYPTED.len() / 2)
        .map(|at| u8::from_str_radix(&ENCRYPTED[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert_eq!(refusal(&bytes), Refusal::Encrypted);
    assert!(matches!(refusal(b"%PDF-1.7\n"), Refusal::Damaged(_)));
    assert_eq!(
        refusal(&pdf(&["0 0 10 10 re f".to_owned()], "", "", &[])),
        Refusal::Empty
    );
}

#[test]
fn what_a_cut_off_file_still_has_is_read() {
    let page = |text| stream(&[Text("F1", 12, 50, 100, text)]);
    let whole = pdf(&[page("First page."), page("Second page.")], "", "", &[]);
    let end = whole.windows(4).position(|bytes| bytes == b"xref").unwrap();
    assert_eq!(read(&whole[..end]).text, "First page.\n\nSecond page.");
    for cut in (0..whole.len()).step_by(7) {
        // Whatever is made of it, it is made without a panic.
        let _ = extract("a.pdf", &whole[..cut], &Limits::default());
    }
}
