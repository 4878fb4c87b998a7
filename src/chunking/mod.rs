//! From documents to chunks: what an index holds and a search returns.
//!
//! Every chunk is a stretch of its document's text, unchanged, and its id says which: `handbook.pdf#120-543` are the characters 120
//! to 542 of `handbook.pdf`. So a gold answer that is given as a stretch of a document outlives every change of the chunking.

mod config;
mod pack;
mod semantic;
mod text;

use std::ops::Range;
use std::sync::Arc;

pub use self::config::{Chunking, Fixed, Hierarchical, Semantic, Sentence, Similarity, Structure};
use self::semantic::Likeness;
use self::text::{Text, Unit};
use crate::analysis::Analyser;
use crate::data::{BlockKind, Document, PATH_SEPARATOR};
use crate::models::{Embedder, Tokens};

/// A chunk, or a whole document, as an index holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What is searched and shown: the chunk's id, what is put before it as title, its text, the document's metadata with the
    /// `section` and `page` that it begins on.
    pub document: Document,
    /// Which stretch of which document it is.
    pub part: Part,
}

/// A stretch of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The document.
    pub document: String,
    /// Its first character, in Unicode code points of the document's text from 0.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Tokens of the document that begin in it, and those of its title.
    pub tokens: usize,
    /// For a chunk inside a section, which comes earlier: how many passages of the document earlier.
    pub section: Option<usize>,
    /// Whether it is a section, which only leads to its chunks.
    pub is_section: bool,
}

/// Cuts documents into passages.
pub struct Chunker {
    chunking: Chunking,
    tokens: Tokens,
    analyser: Analyser,
    /// For cutting by the vectors of sentences.
    embedder: Option<Arc<dyn Embedder + Send>>,
}

/// A stretch that becomes a passage.
struct Piece {
    range: Range<usize>,
    /// The place of its section among the pieces.
    section: Option<usize>,
    is_section: bool,
}

impl Chunker {
    /// A chunker; the `embedder` is that of [`Similarity::Encoder`].
    pub fn new(
        chunking: &Chunking,
        tokens: Tokens,
        analyser: Analyser,
        embedder: Option<Arc<dyn Embedder + Send>>,
    ) -> Self {
        Self {
            chunking: chunking.clone(),
            tokens,
            analyser,
            embedder,
        }
    }

    /// The passages of a document in its order, each section before its chunks. A document without text is one passage.
    pub fn passages(&self, document: Document) -> anyhow::Result<Vec<Passage>> {
        if self.chunking == Chunking::Whole {
            return Ok(vec![self.whole(document)?]);
        }
        let text = Text::new(&document, &self.tokens)?;
        let pieces = self.pieces(&text)?;
        if pieces.is_empty() {
            return Ok(vec![self.whole(document)?]);
        }
        let passages = pieces
            .iter()
            .enumerate()
            .map(|(place, piece)| self.passage(&document, &text, place, piece));
        passages.collect()
    }

    fn whole(&self, document: Document) -> anyhow::Result<Passage> {
        let part = Part {
            document: document.id.clone(),
            start: 0,
            end: document.text.chars().count(),
            tokens: self.count(&document.title)? + self.count(&document.text)?,
            section: None,
            is_section: false,
        };
        Ok(Passage { document, part })
    }

    fn count(&self, text: &str) -> anyhow::Result<usize> {
        Ok(self.tokens.of(text)?.len())
    }

    fn pieces(&self, text: &Text<'_>) -> anyhow::Result<Vec<Piece>> {
        let sentences = |whole_up_to: usize| -> Vec<Unit> {
            let unit = |range| Unit { range, whole_up_to };
            text.sentences().into_iter().map(unit).collect()
        };
        let ranges = match &self.chunking {
            Chunking::Whole => vec![text.whole()],
            Chunking::Fixed(fixed) => {
                pack::windows(text, &text.whole(), fixed.size, fixed.overlap())
            }
            Chunking::Sentence(sentence) => {
                pack::pack(text, &sentences(0), sentence.size, sentence.overlap)
            }
            Chunking::Structure(structure) => {
                along_structure(text, structure.size, structure.table())
            }
            Chunking::Semantic(semantic) => {
                let likeness = match &self.embedder {
                    Some(embedder) => Likeness::Vectors(embedder.as_ref()),
                    None => Likeness::Terms(&self.analyser),
                };
                semantic::cut(text, semantic, &likeness)?
            }
            Chunking::Hierarchical(levels) => return Ok(in_sections(text, levels)),
        };
        let piece = |range| Piece {
            range,
            section: None,
            is_section: false,
        };
        Ok(ranges
            .into_iter()
            .filter(|range| !range.is_empty())
            .map(piece)
            .collect())
    }

    fn passage(
        &self,
        document: &Document,
        text: &Text<'_>,
        place: usize,
        piece: &Piece,
    ) -> anyhow::Result<Passage> {
        let Piece {
            range,
            section,
            is_section,
        } = piece;
        let (start, end) = (text.character(range.start), text.character(range.end));
        let mark = if *is_section { "section-" } else { "" };
        // The heading that a chunk begins with need not be put before it once more.
        let before: Vec<&str> = match self.chunking {
            Chunking::Structure(_) | Chunking::Hierarchical(_) => text.path(range.start, false),
            _ => Vec::new(),
        };
        let repeats_title = before.first().is_some_and(|first| *first == document.title);
        let titles = std::iter::once(document.title.as_str())
            .filter(|title| !title.is_empty() && !repeats_title);
        let title = titles
            .chain(before)
            .collect::<Vec<_>>()
            .join(PATH_SEPARATOR);
        let mut metadata = document.metadata.clone();
        let path = text.section(range.start);
        if !path.is_empty() {
            metadata.insert("section".to_owned(), path.join(PATH_SEPARATOR));
        }
        if let Some(page) = text.page(range.start) {
            metadata.insert("page".to_owned(), page.to_string());
        }
        Ok(Passage {
            part: Part {
                document: document.id.clone(),
                start,
                end,
                tokens: self.count(&title)? + text.count(range),
                section: section.map(|section| place - section),
                is_section: *is_section,
            },
            document: Document {
                id: format!("{}#{mark}{start}-{end}", document.id),
                title,
                text: text.all[range.clone()].to_owned(),
                blocks: Vec::new(),
                metadata,
                access: document.access.clone(),
                vector: document.vector.clone(),
            },
        })
    }
}

/// Chunks that hold what stands below one heading, or a part of it.
fn along_structure(text: &Text<'_>, size: usize, table: usize) -> Vec<Range<usize>> {
    let is_heading = |place: usize| matches!(text.blocks[place].kind, BlockKind::Heading(_));
    let mut sections: Vec<Range<usize>> = Vec::new();
    for place in 0..text.blocks.len() {
        // A heading right below another belongs to the same beginning.
        let begins = place == 0 || (is_heading(place) && !is_heading(place - 1));
        match sections.last_mut() {
            Some(section) if !begins => section.end = place + 1,
            _ => sections.push(place..place + 1),
        }
    }
    let units = |section: Range<usize>| -> Vec<Unit> {
        let blocks = text.blocks[section].iter();
        let of_block = |block: &text::Block| {
            let whole_up_to = if block.kind == BlockKind::Table {
                table
            } else {
                size
            };
            if text.count(&block.range) <= whole_up_to {
                return vec![Unit {
                    range: block.range.clone(),
                    whole_up_to,
                }];
            }
            let parts = text.sentences_of(block).into_iter();
            parts
                .map(|range| Unit {
                    range,
                    whole_up_to: size,
                })
                .collect()
        };
        blocks.flat_map(of_block).collect()
    };
    sections
        .into_iter()
        .flat_map(|section| pack::pack(text, &units(section), size, 0))
        .collect()
}

/// Sections along the structure, each followed by its chunks.
fn in_sections(text: &Text<'_>, levels: &Hierarchical) -> Vec<Piece> {
    let sentences = text.sentences();
    let mut pieces = Vec::new();
    for section in along_structure(text, levels.section(), levels.section()) {
        let place = pieces.len();
        let from = sentences.partition_point(|sentence| sentence.end <= section.start);
        let to = sentences.partition_point(|sentence| sentence.start < section.end);
        let units: Vec<Unit> = sentences[from..to]
            .iter()
            .map(|sentence| Unit {
                range: sentence.start.max(section.start)..sentence.end.min(section.end),
                whole_up_to: 0,
            })
            .collect();
        let chunks = pack::pack(text, &units, levels.size, 0);
        pieces.push(Piece {
            range: section,
            section: None,
            is_section: true,
        });
        pieces.extend(chunks.into_iter().map(|range| Piece {
            range,
            section: Some(place),
            is_section: false,
        }));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Metadata;

    pub(super) fn document(text: &str) -> Document {
        Document {
            id: "d".to_owned(),
            title: String::new(),
            text: text.to_owned(),
            blocks: Vec::new(),
            metadata: Metadata::new(),
            access: Vec::new(),
            vector: None,
        }
    }
}
