//! How documents are cut into chunks.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::models::EncoderConfig;

/// How documents are cut into chunks. Sizes are in tokens of the index's `tokenizer`; the title or path of headings that is
/// put before a chunk comes on top.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chunking {
    /// Not at all.
    #[default]
    Whole,
    /// Windows of so many tokens, whatever stands in them.
    Fixed(Fixed),
    /// As many whole sentences as there is room for.
    Sentence(Sentence),
    /// Along the structure: never across headings, tables whole, the path of headings put before each chunk.
    Structure(Structure),
    /// Where the text turns to something else: where adjacent sentences are little alike.
    Semantic(Semantic),
    /// Coarse sections along the structure, and in them fine chunks of whole sentences. A search finds sections first and then
    /// chunks inside them. BM25's statistics are those of sections and chunks together.
    Hierarchical(Hierarchical),
}

/// Windows of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixed {
    /// Tokens of a chunk.
    pub size: usize,
    /// Tokens that a chunk shares with the one before; a tenth of the size unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<usize>,
}

/// Whole sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sentence {
    /// Most tokens of a chunk; a longer sentence is cut.
    pub size: usize,
    /// Most tokens of the sentences that a chunk shares with the one before.
    pub overlap: usize,
}

/// Along headings, paragraphs and tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Structure {
    /// Most tokens of a chunk but for a table.
    pub size: usize,
    /// Most tokens of a table that stays whole, four times the size unless given; a longer one is cut between rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<usize>,
}

/// Where adjacent sentences are little alike: at the first sharp drop (among the `sharpest` of the document) after a quarter of
/// the size; without one, at the weakest link of the second half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Semantic {
    /// Most tokens of a chunk; a longer sentence is cut.
    pub size: usize,
    /// The share of a document's places between sentences that count as sharp drops.
    pub sharpest: f64,
    /// What is alike.
    pub similarity: Similarity,
}

/// How alike two stretches of text are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Similarity {
    /// The cosine of the counts of their terms, two sentences on each side (Hearst 1997, `TextTiling`, with sentences for blocks).
    #[default]
    Terms,
    /// The cosine of the sentences' vectors.
    Encoder(EncoderConfig),
}

/// Sections, and chunks in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hierarchical {
    /// Most tokens of a chunk.
    pub size: usize,
    /// Most tokens of a section; four times the size unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<usize>,
}

/// What the seed asks for: "optimal chunk size is 500 tokens with an overlap of 50".
const SIZE: usize = 500;

impl Default for Fixed {
    fn default() -> Self {
        Self {
            size: SIZE,
            overlap: None,
        }
    }
}

impl Default for Sentence {
    fn default() -> Self {
        Self {
            size: SIZE,
            overlap: 0,
        }
    }
}

impl Default for Structure {
    fn default() -> Self {
        Self {
            size: SIZE,
            table: None,
        }
    }
}

impl Default for Semantic {
    fn default() -> Self {
        Self {
            size: SIZE,
            sharpest: 0.1,
            similarity: Similarity::default(),
        }
    }
}

impl Default for Hierarchical {
    fn default() -> Self {
        Self {
            size: SIZE,
            section: None,
        }
    }
}

impl Fixed {
    pub(super) fn overlap(&self) -> usize {
        self.overlap.unwrap_or(self.size / 10)
    }
}

impl Structure {
    pub(super) fn table(&self) -> usize {
        self.table.unwrap_or(4 * self.size)
    }
}

impl Hierarchical {
    pub(super) fn section(&self) -> usize {
        self.section.unwrap_or(4 * self.size)
    }
}

impl Chunking {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        let size = match self {
            Self::Whole => return Ok(()),
            Self::Fixed(fixed) => {
                ensure!(
                    fixed.overlap() < fixed.size,
                    "chunks of {} tokens cannot overlap by {}",
                    fixed.size,
                    fixed.overlap()
                );
                fixed.size
            }
            Self::Sentence(sentence) => {
                ensure!(
                    sentence.overlap < sentence.size,
                    "chunks of {} tokens cannot overlap by {}",
                    sentence.size,
                    sentence.overlap
                );
                sentence.size
            }
            Self::Structure(structure) => {
                ensure!(
                    structure.table() >= structure.size,
                    "a table may be {} tokens long, less than the {} of a chunk",
                    structure.table(),
                    structure.size
                );
                structure.size
            }
            Self::Semantic(semantic) => {
                ensure!(
                    (0.0..=1.0).contains(&semantic.sharpest),
                    "`sharpest = {}` must be a share from 0 to 1",
                    semantic.sharpest
                );
                semantic.size
            }
            Self::Hierarchical(levels) => {
                ensure!(
                    levels.section() >= levels.size,
                    "a section of {} tokens cannot hold chunks of {}",
                    levels.section(),
                    levels.size
                );
                levels.size
            }
        };
        ensure!(
            (8..=1_000_000).contains(&size),
            "a chunk's `size = {size}` must be 8 to 1000000 tokens"
        );
        Ok(())
    }

    /// Whether it makes sections above chunks.
    pub fn has_sections(&self) -> bool {
        matches!(self, Self::Hierarchical(_))
    }

    /// In a word or two.
    pub fn describe(&self) -> String {
        match self {
            Self::Whole => "whole documents".to_owned(),
            Self::Fixed(fixed) => format!(
                "chunks of {} tokens, {} shared",
                fixed.size,
                fixed.overlap()
            ),
            Self::Sentence(sentence) => {
                format!("chunks of sentences, at most {} tokens", sentence.size)
            }
            Self::Structure(structure) => format!(
                "chunks along the structure, at most {} tokens",
                structure.size
            ),
            Self::Semantic(semantic) => {
                format!("chunks by similarity, at most {} tokens", semantic.size)
            }
            Self::Hierarchical(levels) => format!(
                "sections of at most {} tokens, chunks of at most {}",
                levels.section(),
                levels.size
            ),
        }
    }
}
