//! Chunks: what they hold, and what a run over them measures.

use proptest::prelude::*;
use ragkit::analysis::{Analyser, AnalyserConfig};
use ragkit::chunking::{
    Chunker, Chunking, Fixed, Hierarchical, Passage, Semantic, Sentence, Structure,
};
use ragkit::data::{Block, BlockKind, Document, Metadata};
use ragkit::models::TokenizerConfig;
use serde_json::json;

use crate::sandbox::Sandbox;

/// A document of these blocks, blank lines between them.
fn document(title: &str, parts: &[(BlockKind, &str)]) -> Document {
    let (mut text, mut blocks) = (String::new(), Vec::new());
    for (kind, part) in parts {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        let start = text.chars().count();
        text.push_str(part);
        let end = text.chars().count();
        blocks.push(Block {
            kind: *kind,
            start,
            end,
            page: None,
        });
    }
    Document {
        id: "d".to_owned(),
        title: title.to_owned(),
        text,
        blocks,
        metadata: Metadata::new(),
        access: Vec::new(),
        vector: None,
    }
}

fn cut(chunking: &Chunking, document: &Document) -> Vec<Passage> {
    let (tokens, _) = TokenizerConfig::Words.open().unwrap();
    let analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
    Chunker::new(chunking, tokens, analyser, None)
        .passages(document.clone())
        .unwrap()
}

fn strategies(size: usize) -> [Chunking; 6] {
    [
        Chunking::Whole,
        Chunking::Fixed(Fixed {
            size,
            overlap: None,
        }),
        Chunking::Sentence(Sentence {
            size,
            overlap: size / 4,
        }),
        Chunking::Structure(Structure { size, table: None }),
        Chunking::Semantic(Semantic {
            size,
            ..Semantic::default()
        }),
        Chunking::Hierarchical(Hierarchical {
            size,
            section: None,
        }),
    ]
}

fn handbook() -> Document {
    let rows = "Country | Days\nSweden | 30\nPeru | 22\nChad | 18\nLaos | 15";
    document(
        "Handbook",
        &[
            (BlockKind::Heading(1), "Handbook"),
            (BlockKind::Heading(2), "Leave"),
            (
                BlockKind::Paragraph,
                "Leave is paid. It is asked for a week ahead. Nobody is called back from it.",
            ),
            (BlockKind::Table, rows),
            (BlockKind::Heading(2), "Travel"),
            (BlockKind::Paragraph, "Trains are taken where they run."),
        ],
    )
}

#[test]
fn structure_keeps_headings_apart_and_tables_whole() {
    let chunking = Chunking::Structure(Structure {
        size: 12,
        table: None,
    });
    let passages = cut(&chunking, &handbook());
    let shown: Vec<(&str, &str)> = passages
        .iter()
        .map(|passage| {
            (
                passage.document.title.as_str(),
                passage.document.text.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("Handbook", "Handbook\n\nLeave\n\nLeave is paid."),
            ("Handbook > Leave", "It is asked for a week ahead."),
            ("Handbook > Leave", "Nobody is called back from it."),
            (
                "Handbook > Leave",
                "Country | Days\nSweden | 30\nPeru | 22\nChad | 18\nLaos | 15"
            ),
            ("Handbook", "Travel\n\nTrains are taken where they run."),
        ]
    );
    let sections: Vec<&str> = passages
        .iter()
        .map(|passage| passage.document.metadata["section"].as_str())
        .collect();
    assert_eq!(
        sections,
        [
            "Handbook",
            "Handbook > Leave",
            "Handbook > Leave",
            "Handbook > Leave",
            "Handbook > Travel"
        ]
    );
    assert_eq!(passages[1].document.id, "d#33-62");
    assert_eq!(
        (
            passages[1].part.tokens,
            passages[1].part.start,
            passages[1].part.end
        ),
        (11, 33, 62)
    );
    // A table that is longer than it may be is cut between its rows.
    let shorter = Chunking::Structure(Structure {
        size: 12,
        table: Some(12),
    });
    let tables: Vec<Passage> = cut(&shorter, &handbook())
        .into_iter()
        .filter(|passage| passage.document.text.contains(" | "))
        .collect();
    assert_eq!(
        tables[0].document.text,
        "Country | Days\nSweden | 30\nPeru | 22\nChad | 18"
    );
    assert_eq!(tables[1].document.text, "Laos | 15");
}

#[test]
fn chunks_know_their_sections() {
    let chunking = Chunking::Hierarchical(Hierarchical {
        size: 10,
        section: Some(30),
    });
    let passages = cut(&chunking, &handbook());
    let shown: Vec<(bool, Option<usize>, &str)> = passages
        .iter()
        .map(|passage| {
            (
                passage.part.is_section,
                passage.part.section,
                passage.document.id.as_str(),
            )
        })
        .collect();
    assert!(
        shown[0].0 && shown[0].2.starts_with("d#section-0-"),
        "{shown:?}"
    );
    for (place, passage) in passages
        .iter()
        .enumerate()
        .filter(|(_, passage)| !passage.part.is_section)
    {
        let section = &passages[place - passage.part.section.unwrap()];
        assert!(section.part.is_section);
        assert!(section.part.start <= passage.part.start && passage.part.end <= section.part.end);
    }
}

fn any_document() -> impl Strategy<Value = Document> {
    let kind = prop_oneof![
        (1_u8..4).prop_map(BlockKind::Heading),
        Just(BlockKind::Paragraph),
        Just(BlockKind::Item),
        Just(BlockKind::Table),
        Just(BlockKind::Code),
    ];
    let part = (kind, "[a-zäß日 .!?|\n😀]{1,80}")
        .prop_filter("has text", |(_, text)| !text.trim().is_empty());
    prop::collection::vec(part, 1..12).prop_map(|parts| {
        let parts: Vec<(BlockKind, &str)> = parts
            .iter()
            .map(|(kind, text)| (*kind, text.as_str()))
            .collect();
        document("T", &parts)
    })
}

proptest! {
    #[test]
    fn chunks_are_stretches_of_the_text_and_leave_nothing_out(document in any_document(), size in 8_usize..40) {
        let characters: Vec<char> = document.text.chars().collect();
        for chunking in strategies(size) {
            let passages = cut(&chunking, &document);
            let mut covered = vec![false; characters.len()];
            for passage in &passages {
                let part = &passage.part;
                let there: String = characters[part.start..part.end].iter().collect();
                prop_assert_eq!(&there, &passage.document.text, "{:?}", &chunking);
                prop_assert_eq!(&part.document, "d");
                if !part.is_section {
                    covered[part.start..part.end].fill(true);
                }
                let allowed = match &chunking {
                    Chunking::Whole => usize::MAX,
                    Chunking::Structure(structure) => 4 * structure.size,
                    _ if part.is_section => 4 * size,
                    _ => size,
                };
                let (tokens, _) = TokenizerConfig::Words.open().unwrap();
                prop_assert!(tokens.of(&passage.document.text).unwrap().len() <= allowed, "{:?}: {:?}", &chunking, passage);
            }
            for (place, character) in characters.iter().enumerate() {
                prop_assert!(covered[place] || character.is_whitespace(), "{chunking:?} leaves out character {place} of {:?}", document.text);
            }
            let mut ids: Vec<&str> = passages.iter().map(|passage| passage.document.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), passages.len(), "{:?} gives an id twice", &chunking);
        }
    }
}

/// Six documents on subjects of their own, three questions whose answers are stretches of them.
fn sandbox() -> Sandbox {
    let subjects = [
        "otters", "herons", "badgers", "lynxes", "falcons", "beavers",
    ];
    let mut corpus = String::new();
    for (number, subject) in subjects.iter().enumerate() {
        let sentences: String = (0..30)
            .map(|place| {
                format!(
                    "Sentence {place} says of {subject} what number {} is. ",
                    place * 7 + number
                )
            })
            .collect();
        let text = format!(
            "{sentences}The motto of all {subject} is: patience, always patience. {sentences}"
        );
        let row = json!({ "_id": subject, "text": text, "metadata": { "author": if number % 2 == 0 { "Ann" } else { "Bo" }, "date": format!("202{number}-05-01") } });
        corpus += &format!("{row}\n");
    }
    let first: serde_json::Value = serde_json::from_str(corpus.lines().next().unwrap()).unwrap();
    let start = first["text"].as_str().unwrap().find("patience").unwrap();
    let mut queries = String::new();
    let mut spans = String::new();
    for (number, subject) in subjects[..3].iter().enumerate() {
        queries += &format!(
            "{}\n",
            json!({ "_id": format!("q{number}"), "text": format!("motto of {subject}") })
        );
        let start = start + (subject.len() - "otters".len()) * 31;
        spans += &format!(
            "{}\n",
            json!({ "query": format!("q{number}"), "document": subject, "start": start, "end": start + 25, "text": "patience, always patience" })
        );
    }
    let mut config = String::from(
        "name = \"cut\"\nmetrics = [\"SpanNDCG@10\", \"SpanYield@3\", \"SpanR@60tok\", \"nDCG@10\"]\n\
         [dataset.source.tables]\ncorpus.path = \"corpus.jsonl\"\nqueries.path = \"queries.jsonl\"\nspans.path = \"spans.jsonl\"\n\
         [system.rag]\ndepth = 50\nindex.build.vectors = {}\n",
    );
    for (name, chunking) in [
        ("whole", "\"whole\""),
        ("fixed", "{ fixed = { size = 40 } }"),
        ("twice", "{ fixed = { size = 40, overlap = 20 } }"),
        ("levels", "{ hierarchical = { size = 40 } }"),
    ] {
        config += &format!(
            "[[system.rag.variants]]\nname = \"{name}\"\nchunking = {chunking}\nretrieve.lexical = {{}}\n"
        );
    }
    Sandbox::new()
        .file("corpus.jsonl", corpus)
        .file("queries.jsonl", queries)
        .file("spans.jsonl", spans)
        .file("config.toml", config)
}

#[test]
fn chunkings_are_compared_by_what_they_cover() {
    let sandbox = sandbox();
    let shown = sandbox.ok("eval config.toml --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let mean = |variant: &str, metric: &str| -> f64 {
        let rows = result["summary"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["variant"] == variant && row["metric"] == metric)
            .unwrap();
        row["mean"].as_f64().unwrap()
    };
    for variant in ["whole", "fixed", "twice", "levels"] {
        assert!(
            (mean(variant, "nDCG@10") - 1.0).abs() < 1e-12,
            "{variant}: the right document is first however it is cut"
        );
        assert!(
            (mean(variant, "SpanNDCG@10") - 1.0).abs() < 1e-12,
            "{variant}"
        );
    }
    assert!(
        mean("whole", "SpanR@60tok").abs() < 1e-12,
        "a document that does not fit holds nothing of the answer"
    );
    assert!((mean("fixed", "SpanR@60tok") - 1.0).abs() < 1e-12);
    assert!(mean("fixed", "SpanYield@3") > 5.0 * mean("whole", "SpanYield@3"));
    assert!(
        mean("twice", "SpanYield@3") <= mean("fixed", "SpanYield@3") + 1e-12,
        "overlap alone wins nothing"
    );
}

#[test]
fn a_gold_span_that_is_not_there_is_an_error() {
    let sandbox = sandbox();
    let spans = String::from_utf8(sandbox.read("spans.jsonl")).unwrap();
    let wrong = spans.replacen("patience, always patience", "Patience, always patience", 1);
    let start =
        serde_json::from_str::<serde_json::Value>(wrong.lines().next().unwrap()).unwrap()["start"]
            .as_u64()
            .unwrap();
    let sandbox = sandbox.file("spans.jsonl", wrong);
    let shown = sandbox.run("eval config.toml");
    let message = format!(
        "query `q0`: its gold span from {start} to {} of `otters` is `patience, always patience` there and not `Patience, always patience`; count Unicode code points of the extracted text (`ragkit extract` shows it)",
        start + 25
    );
    assert!(shown.stderr.contains(&message), "{}", shown.stderr);
    let sandbox = sandbox.file(
        "spans.jsonl",
        "{\"query\": \"q0\", \"document\": \"otters\", \"start\": 5, \"end\": 900000}\n",
    );
    assert!(
        sandbox
            .run("eval config.toml")
            .stderr
            .contains("ends behind the")
    );
    let sandbox = sandbox.file(
        "spans.jsonl",
        "{\"query\": \"q0\", \"document\": \"otters\", \"start\": 5, \"end\": 5}\n",
    );
    assert!(
        sandbox
            .run("eval config.toml")
            .stderr
            .contains("line 1: the span from 5 to 5 holds no character")
    );
}

#[test]
fn filters_hold_in_words_and_vectors_alike() {
    let sandbox = sandbox();
    sandbox.ok("index corpus.jsonl --out i --chunk sentence --chunk-size 40 --dim 4");
    let documents = |arguments: &str| -> Vec<String> {
        let shown = sandbox.ok(&format!("search i motto -k 1000 --format json {arguments}"));
        let lines: Vec<serde_json::Value> = serde_json::from_str(&shown.stdout).unwrap();
        let mut documents: Vec<String> = lines
            .iter()
            .map(|line| {
                line["id"]
                    .as_str()
                    .unwrap()
                    .split('#')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        documents.sort();
        documents.dedup();
        documents
    };
    for by in ["lexical", "dense"] {
        assert_eq!(
            documents(&format!("--by {by} --where author=ann")),
            ["badgers", "falcons", "otters"],
            "{by}"
        );
        assert_eq!(
            documents(&format!(
                "--by {by} --where author=Ann --where date>=2022 --where date<=2022-12"
            )),
            ["badgers"],
            "{by}"
        );
        assert_eq!(
            documents(&format!("--by {by} --where author=Zoe")),
            Vec::<String>::new(),
            "{by}"
        );
    }
}
