//! Every reader on files of its format that were cut, flipped and spliced: an answer or a named refusal, and never a panic.

use std::io::{Cursor, Write};

use ragkit::data::Block;
use ragkit::extraction::{Limits, extract};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What is done to each file.
const MUTATIONS: usize = 300;

fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // Stored, so that a flipped byte reaches the reader of what is inside.
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A small file of each format with most of what its reader knows.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let html = "<html><title>T</title><nav>no</nav><main><h1>A</h1><p>b <b>c</b></p><ul><li>d<ul><li>e</ul></ul><table><tr><td colspan=2>f<tr><td>g<td>h</table><pre>i</pre></main>";
    let word = r#"<w:document xmlns:w="w"><w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>A</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:ins><w:r><w:t>c</w:t><w:br/><w:tab/></w:r></w:ins></w:p></w:body></w:document>"#;
    let open = r#"<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="a"><office:body><office:text><text:h text:outline-level="2">A</text:h><text:list><text:list-item><text:p>b<text:s text:c="3"/></text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell table:number-columns-repeated="4"><text:p>c</text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>"#;
    let package = r#"<package><metadata><title>T</title></metadata><manifest><item id="a" href="a.html" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>"#;
    let container =
        r#"<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>"#;
    let confluence = r#"<hibernate-generic><object class="Page"><id name="id">1</id><property name="title"><![CDATA[T]]></property><property name="contentStatus"><![CDATA[current]]></property></object><object class="BodyContent"><id name="id">2</id><property name="body"><![CDATA[<p>b</p><ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[x]] ></ac:plain-text-body></ac:structured-macro>]]></property><property name="content" class="Page"><id name="id">1</id></property></object></hibernate-generic>"#;
    let slack = r#"[{"type":"message","user":"U1","text":"a <@U1> `b`","ts":"1717142400.0001"},{"type":"message","user":"U1","text":"c","ts":"1717142401.0","thread_ts":"1717142400.0001"}]"#;
    let mail = "From: Ann <a@b.c>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nDate: Fri, 31 May 2024 10:00:00 +0200\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=latin1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n--x\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=a.html\r\n\r\n<p>b\r\n--x--\r\n";
    let rich = r"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fcharset128 A;}}{\stylesheet{\s1 heading 1;}}{\info{\title T}}\pard\s1 A\par\pard b\'e9\u8364?\par\trowd\cellx1\cellx2 c\cell d\cell\row{\field{\*\fldinst X}{\fldrslt e}}\bin3 abc\par}";
    let pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>endobj\n4 0 obj<</Length 43>>stream\nBT /F 12 Tf 20 100 Td (Hello there) Tj ET  \nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n";
    vec![
        ("a.html", html.into()),
        ("a.md", format!("---\ntitle: T\n---\n# A\n\n* b\n  1. c\n\n| d | e |\n|---|---|\n| f | g |\n\n```\nh\n```\n[^1]\n\n[^1]: i\n\n{html}").into_bytes()),
        ("a.txt", "A\n\n- b\n- c\n\u{c}d".into()),
        ("a.csv", "a,b\n\"c,1\",d\ne\n".into()),
        ("a.org", "#+TITLE: T\n* A\n** B\n- c\n  1. d\n| e | f |\n|---+---|\n#+BEGIN_SRC\ng\n#+END_SRC\n".into()),
        ("a.rst", "=\nA\n=\n\nb::\n\n  c\n\n+---+---+\n| d | e |\n+===+===+\n| f | g |\n+---+---+\n\n:Author: h\n\n- i\n".into()),
        ("a.xml", "<rss><channel><title>T</title><item><title>a</title><description>b &amp; c</description></item></channel></rss>".into()),
        ("a.eml", mail.into()),
        ("a.rtf", rich.into()),
        ("a.pdf", pdf.into()),
        ("a.docx", zip(&[("word/document.xml", word), ("[Content_Types].xml", "<Types/>")])),
        ("a.odt", zip(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", open)])),
        ("a.epub", zip(&[("mimetype", "application/epub+zip"), ("META-INF/container.xml", container), ("p.opf", package), ("a.html", html)])),
        ("a.zip", zip(&[("entities.xml", confluence)])),
        ("b.zip", zip(&[("users.json", r#"[{"id":"U1","name":"ann"}]"#), ("channels.json", r#"[{"id":"C1","name":"c"}]"#), ("c/2024-05-31.json", slack)])),
    ]
}

fn mutated(sample: &[u8], other: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    let mut below = |end: usize| rng.next_u32() as usize % end.max(1);
    match below(4) {
        0 => bytes.truncate(below(sample.len())),
        1 => {
            for _ in 0..=below(8) {
                let place = below(sample.len());
                bytes[place] = u8::try_from(below(256)).unwrap();
            }
        }
        2 => {
            let from = below(bytes.len());
            let to = (from + below(40)).min(bytes.len());
            let piece = bytes[from..to].repeat(1 + below(50));
            bytes.splice(from..from, piece);
        }
        _ => {
            let (cut, paste) = (below(bytes.len()), below(other.len()));
            bytes.truncate(cut);
            bytes.extend_from_slice(&other[paste..]);
        }
    }
    bytes
}

#[test]
fn nothing_that_is_done_to_a_file_makes_its_reader_panic() {
    let limits = Limits::default();
    let samples = samples();
    for (number, (name, sample)) in samples.iter().enumerate() {
        assert!(
            extract(name, sample, &limits).is_ok(),
            "{name} itself is read: {:?}",
            extract(name, sample, &limits)
        );
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        for mutation in 0..MUTATIONS {
            let other = &samples[mutation % samples.len()].1;
            let bytes = mutated(sample, other, &mut rng);
            if let Ok(documents) = extract(name, &bytes, &limits) {
                for document in documents {
                    let fits = Block::check_all(&document.blocks, &document.text);
                    assert_eq!(fits, Ok(()), "{name}, mutation {mutation}");
                }
            }
        }
    }
}
