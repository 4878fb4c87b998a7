//! `ragkit extract` and indexes of files: what a user sees of good files and of bad ones.

use std::io::{Cursor, Write};

use serde_json::Value;

use crate::real_data::data_folder;
use crate::sandbox::Sandbox;

const PAGE: &str = "<html><head><title>Leave</title><meta name=author content='Ann Lee'></head><body><nav><a href=/>Home</a></nav>\
    <main><h1>Leave</h1><p>Leave is paid.</p><h2>Sick leave</h2><p>Call before nine.</p>\
    <table><tr><th>Country</th><th>Days</th></tr><tr><td>Peru</td><td>22</td></tr></table></main></body></html>";

fn wiki() -> Sandbox {
    Sandbox::new()
        .file("wiki/leave.html", PAGE)
        .file(
            "wiki/travel.md",
            "# Travel\n\nTrains first.\n\n- Book early\n- Keep the receipt\n",
        )
        .file(
            "wiki/deep/note.txt",
            b"Caf\xe9 closed on \xa31 days.\n\nSecond paragraph.\n".as_slice(),
        )
        .file("wiki/.hidden.txt", "not for you")
        .file("wiki/empty.txt", "")
        .file("wiki/broken.docx", "PK\x03\x04 and nothing more")
}

/// The documents of a corpus by id.
fn rows(corpus: &str) -> Vec<Value> {
    corpus
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A zip archive with one entry of so many equal bytes.
fn bomb(entry: &str, mebibytes: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(entry, zip::write::SimpleFileOptions::default())
        .unwrap();
    for _ in 0..mebibytes {
        zip.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_folder_becomes_a_corpus_with_its_structure() {
    let sandbox = wiki();
    let shown = sandbox.ok("extract wiki --out corpus.jsonl");
    let corpus = rows(&String::from_utf8(sandbox.read("corpus.jsonl")).unwrap());
    let ids: Vec<&str> = corpus
        .iter()
        .map(|row| row["_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["deep/note.txt", "leave.html", "travel.md"]);
    assert_eq!(
        corpus[0]["text"],
        "Café closed on £1 days.\n\nSecond paragraph."
    );
    assert_eq!(corpus[1]["title"], "Leave");
    assert_eq!(
        corpus[1]["text"],
        "Leave\n\nLeave is paid.\n\nSick leave\n\nCall before nine.\n\nCountry | Days\nPeru | 22"
    );
    assert_eq!(corpus[1]["metadata"]["author"], "Ann Lee");
    let kinds: Vec<&Value> = corpus[1]["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["kind"])
        .collect();
    assert_eq!(
        serde_json::to_string(&kinds).unwrap(),
        r#"[{"heading":1},"paragraph",{"heading":2},"paragraph","table"]"#
    );
    assert_eq!(
        corpus[2]["text"],
        "Travel\n\nTrains first.\n\n- Book early\n- Keep the receipt"
    );
    for line in [
        "refused `empty.txt` (empty): it holds no text",
        "2 files were refused",
        "refused `broken.docx` (damaged): it is damaged:",
    ] {
        assert!(shown.stderr.contains(line), "{}", shown.stderr);
    }
    assert!(!shown.stderr.contains("hidden"));
    // What was written is a corpus that an index takes, and the same as that of the folder.
    sandbox.ok("index corpus.jsonl --out a --chunk structure --embedder none");
    sandbox.ok("index wiki --out b --chunk structure --embedder none");
    let found = |index: &str| {
        sandbox
            .ok(&format!(
                "search {index} sick --where section=Leave --format json"
            ))
            .stdout
    };
    assert_eq!(found("a"), found("b"));
    assert!(
        found("a").contains("\"section\": \"Leave > Sick leave\""),
        "{}",
        found("a")
    );
}

#[test]
fn refused_files_fail_a_run_only_past_what_is_allowed() {
    let sandbox = wiki();
    assert_eq!(
        sandbox
            .run("extract wiki --out c.jsonl --max-failures 2")
            .code,
        Some(0)
    );
    assert_eq!(
        sandbox
            .run("extract wiki --out d.jsonl --max-failures 1")
            .code,
        Some(2)
    );
    assert_eq!(
        sandbox.read("c.jsonl"),
        sandbox.read("d.jsonl"),
        "the corpus of the others is written all the same"
    );
    assert_eq!(
        sandbox
            .run("index wiki --out i --embedder none --max-failures 1")
            .code,
        Some(2)
    );
    sandbox.ok("search i trains --by lexical");
    assert_eq!(
        sandbox.run("index wiki --out i --embedder none").code,
        Some(0)
    );
    let all_bad = Sandbox::new().file("bad/a.txt", "");
    all_bad.fails(
        "index bad --out i --embedder none",
        "`bad` holds no document: the one file was refused, `a.txt`: it holds no text",
    );
}

#[test]
fn what_does_harm_is_refused_by_name() {
    let laughs: String = (1..12)
        .map(|level| {
            format!(
                "<!ENTITY l{level} \"{}\">",
                format!("&l{};", level - 1).repeat(10)
            )
        })
        .collect();
    let laughs =
        format!("<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY l0 \"ha\">{laughs}]><r>&l11;</r>");
    let sandbox = Sandbox::new()
        .file("w/good.txt", "A good file.")
        .file("w/bomb.docx", bomb("word/document.xml", 300))
        .file("w/laughs.xml", laughs)
        .file("w/deep.html", "<div>".repeat(200_000))
        .file("w/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice());
    let started = std::time::Instant::now();
    let shown = sandbox.ok("extract w --out c.jsonl --summary json");
    let summary: Value = serde_json::from_str(shown.stderr.trim()).unwrap();
    let refused = summary["refused"].as_array().unwrap();
    let reason = |file: &str| {
        let found = refused.iter().find(|refused| refused["file"] == file);
        let reason = &found.unwrap_or_else(|| panic!("{file} was not refused"))["reason"];
        reason.as_str().map_or_else(
            || reason.as_object().unwrap().keys().next().unwrap().clone(),
            str::to_owned,
        )
    };
    assert_eq!(reason("bomb.docx"), "too_much");
    assert_eq!(reason("deep.html"), "too_deep");
    assert_eq!(reason("picture.png"), "unknown");
    assert!(
        ["damaged", "too_much"].contains(&reason("laughs.xml").as_str()),
        "{refused:?}"
    );
    assert!(
        started.elapsed().as_secs() < 60,
        "far from the minutes that any of them could take"
    );
    assert_eq!(
        rows(&String::from_utf8(sandbox.read("c.jsonl")).unwrap()).len(),
        1
    );
}

#[test]
fn the_number_of_processes_changes_nothing() {
    let mut sandbox = Sandbox::new();
    for number in 0..150 {
        sandbox = sandbox.file(
            &format!("w/{}/{number}.txt", number % 7),
            format!("Text {number}.\n\n- an item"),
        );
    }
    sandbox.ok("extract w --out a.jsonl --threads 1");
    sandbox.ok("extract w --out b.jsonl --threads 4");
    assert_eq!(sandbox.read("a.jsonl"), sandbox.read("b.jsonl"));
    assert_eq!(
        sandbox.read("a.jsonl"),
        sandbox.ok("extract w").stdout.as_bytes()
    );
}

#[test]
fn an_index_is_not_made_of_itself_nor_a_corpus() {
    let sandbox = wiki();
    sandbox.fails(
        "index wiki --out wiki/deep/i --embedder none",
        "the index would lie in the folder that it is made of, and be indexed with it; give `--out` a path elsewhere",
    );
    sandbox.ok("extract wiki --out wiki/corpus.jsonl");
    let first = sandbox.read("wiki/corpus.jsonl");
    sandbox.ok("extract wiki --out wiki/corpus.jsonl");
    assert_eq!(first, sandbox.read("wiki/corpus.jsonl"));
}

#[test]
fn a_run_over_files_keeps_to_what_may_be_refused() {
    let config = |allowed: usize| {
        format!(
            "name = \"wiki\"\nmetrics = [\"RR\"]\n[dataset.source.files]\npath = \"wiki\"\nmax_failures = {allowed}\n\
             queries.path = \"q.jsonl\"\nspans.path = \"s.jsonl\"\n[system.rag]\nindex.build.vectors = {{}}\n\
             [[system.rag.variants]]\nname = \"bm25\"\nretrieve.lexical = {{}}\n"
        )
    };
    let sandbox = wiki()
        .file("q.jsonl", "{\"_id\": \"q\", \"text\": \"sick leave\"}\n")
        .file("s.jsonl", "{\"query\": \"q\", \"document\": \"leave.html\", \"start\": 35, \"end\": 52, \"text\": \"Call before nine.\"}\n")
        .file("all.toml", config(2))
        .file("few.toml", config(1));
    let shown = sandbox.ok("eval all.toml --format json");
    assert!(
        shown
            .stderr
            .contains("note: 2 files were refused; `ragkit extract wiki` lists them"),
        "{}",
        shown.stderr
    );
    let result: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(result["summary"][0]["mean"], 1.0);
    let shown = sandbox.run("eval few.toml");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown
            .stderr
            .contains("2 files of `wiki` were refused, 1 may be (`max_failures`)"),
        "{}",
        shown.stderr
    );
}

#[test]
#[cfg(unix)]
fn a_name_or_a_byte_that_is_not_text_costs_that_file_at_most() {
    use std::os::unix::ffi::OsStrExt;
    let broken = [
        "Größe und Öl, für Übermut: süß, müde, schön, böse, früh, später. "
            .repeat(2)
            .into_bytes(),
        vec![0xE9],
        b" Ende.".to_vec(),
    ]
    .concat();
    let sandbox = wiki().file("wiki/broken.txt", broken);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(sandbox.path("wiki").join(name), "A text.").unwrap();
    let shown = sandbox.ok("extract wiki --out corpus.jsonl");
    assert!(
        shown
            .stderr
            .contains("(unreadable): it cannot be read: its name is not UTF-8; rename it"),
        "{}",
        shown.stderr
    );
    let corpus = rows(&String::from_utf8(sandbox.read("corpus.jsonl")).unwrap());
    assert_eq!(corpus.len(), 4);
    assert!(
        corpus[0]["text"]
            .as_str()
            .unwrap()
            .starts_with("Größe und Öl"),
        "one broken byte is one broken character"
    );
    assert!(
        corpus[0]["text"]
            .as_str()
            .unwrap()
            .ends_with("\u{fffd} Ende.")
    );
}

#[test]
fn an_unpacked_slack_export_is_one_thing() {
    let sandbox = Sandbox::new()
        .file("w/slack/users.json", r#"[{"id": "U1", "profile": {"real_name": "Ann Lee"}}]"#)
        .file("w/slack/channels.json", r#"[{"id": "C1", "name": "help"}]"#)
        .file("w/slack/help/2024-05-31.json", r#"[{"type": "message", "user": "U1", "text": "Who has the key?", "ts": "1717142400.000100"}]"#)
        .file("w/note.txt", "A note.");
    let corpus = rows(&sandbox.ok("extract w").stdout);
    assert_eq!(corpus.len(), 2);
    assert_eq!(corpus[1]["text"], "Ann Lee: Who has the key?");
    assert_eq!(corpus[1]["metadata"]["channel"], "help");
}

#[test]
fn every_awkward_file_is_extracted_or_refused_by_name() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("ingest/unstructured_examples/example-docs");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no `{}`", folder.display());
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("extract --out c.jsonl --summary json");
    let output = command.arg(&folder).output().unwrap();
    assert!(output.status.success());
    let summary: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(summary["files"], 176);
    let refused: Vec<String> = summary["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        refused
            .iter()
            .all(|refused| !refused.contains("crashed") && !refused.contains("too_slow")),
        "{refused:#?}"
    );
    assert!(refused.len() <= 12, "{refused:#?}");
}

#[test]
fn real_files_give_the_text_that_others_find_in_them() {
    use sha2::{Digest, Sha256};
    let Some(data) = data_folder() else { return };
    let folder = data.join("ingest/unstructured_examples/example-docs");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no `{}`", folder.display());
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("extract --out c.jsonl --quiet");
    assert!(command.arg(&folder).status().unwrap().success());
    let corpus = rows(&String::from_utf8(sandbox.read("c.jsonl")).unwrap());
    // By oracle/s16_extraction.py, with the share of words in common with another tool.
    let golden: Value = serde_json::from_str(include_str!("golden/extraction.json")).unwrap();
    let golden = golden.as_object().unwrap();
    assert!(golden.len() >= 28);
    for (file, expected) in golden {
        let of_file =
            |row: &&Value| row["_id"].as_str().unwrap().split('#').next() == Some(file.as_str());
        let text = corpus
            .iter()
            .find(of_file)
            .unwrap_or_else(|| panic!("{file}"))["text"]
            .as_str()
            .unwrap();
        let sha256: String = Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            (expected["characters"].as_u64(), expected["sha256"].as_str()),
            (Some(text.chars().count() as u64), Some(sha256.as_str())),
            "{file}: compare it with {} anew (oracle/s16_extraction.py)",
            expected["tool"]
        );
        // What openpyxl writes as 13.0 is 13.
        let floor = if file == "stanley-cups.xlsx" {
            0.86
        } else {
            0.98
        };
        for share in ["recall", "precision"] {
            assert!(
                expected[share].as_f64().unwrap() >= floor,
                "{file}: {share}"
            );
        }
    }
}
