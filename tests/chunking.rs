//! Chunks: what they hold, and what a run over them measures.

use proptest::prelude::*;
use ragkit::analysis::{Analyser, AnalyserConfig};
use ragkit::chunking::{
    Chunker, Chunking, Fixed, Hierarchical, Passage, Semantic, Sentence, Structure,
};
use ragkit::data::{Block, BlockKind, Document, Metadata};
use ragkit::models::TokenizerConfig;

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
            "Handbook > Leave",
            "Handbook > Leave",
            "Handbook > Leave",
            "Handbook > Leave",
            "Handbook > Travel"
        ]
    );
    assert_eq!(passages[1].document.id, "d#32-61");
    assert_eq!(
        (
            passages[1].part.tokens,
            passages[1].part.start,
            passages[1].part.end
        ),
        (11, 32, 61)
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
    let rows = tables
        .iter()
        .flat_map(|passage| passage.document.text.lines());
    let rows: Vec<&str> = rows.filter(|line| line.contains(" | ")).collect();
    assert_eq!(
        rows,
        [
            "Country | Days",
            "Sweden | 30",
            "Peru | 22",
            "Chad | 18",
            "Laos | 15"
        ]
    );
    assert!(tables.len() > 1);
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

#[test]
fn sentences_are_found_in_time_whatever_stands_between_them() {
    // Unicode's rules look ahead over what is no letter: once for each of its characters, were it not cut.
    for gap in [" ", ")", "1 "] {
        let text = format!("A sentence ends.{}b c d.", gap.repeat(100_000));
        let document = document("", &[(BlockKind::Paragraph, &text)]);
        let started = std::time::Instant::now();
        cut(&strategies(64)[2], &document);
        assert!(
            started.elapsed().as_secs() < 60,
            "minutes of work for 100 kB"
        );
    }
}
