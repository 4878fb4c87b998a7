//! BM25 over an inverted index on disk. tantivy keeps the terms and postings; the scoring is term at a time, so that
//! k1 and b are the user's, document lengths are exact, and a score does not depend on how the index was cut in segments.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tantivy::index::InvertedIndexReader;
use tantivy::postings::Postings;
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{
    DocSet, IndexWriter, SegmentReader, TERMINATED, TantivyDocument, Term as TantivyTerm,
};

use super::documents::Visible;
use super::top::{Hit, Top};
use crate::models::TermCounts;

/// Memory of the writer before it writes a segment.
const WRITER_BYTES: usize = 256 << 20;

/// The parameters of BM25.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bm25Params {
    /// How fast repeated occurrences of a term stop counting, ≥ 0.
    pub k1: f32,
    /// How much a long document is discounted, 0..=1.
    pub b: f32,
}

impl Default for Bm25Params {
    /// Lucene's.
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

impl Bm25Params {
    /// Refuses parameters outside their ranges.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            (0.0..=1000.0).contains(&self.k1),
            "`k1 = {}` must lie between 0 and 1000",
            self.k1
        );
        ensure!(
            (0.0..=1.0).contains(&self.b),
            "`b = {}` must lie between 0 and 1",
            self.b
        );
        Ok(())
    }
}

struct Fields {
    schema: Schema,
    text: Field,
    row: Field,
    length: Field,
}

impl Fields {
    fn new() -> Self {
        let mut schema = Schema::builder();
        // The texts come analysed: the tokenizer's name is never looked up.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(false);
        let text = schema.add_text_field(
            "text",
            TextOptions::default().set_indexing_options(indexing),
        );
        let row = schema.add_u64_field("row", FAST);
        let length = schema.add_u64_field("length", FAST);
        Self {
            schema: schema.build(),
            text,
            row,
            length,
        }
    }
}

/// Writes the inverted index.
pub(super) struct Bm25Writer {
    fields: Fields,
    writer: IndexWriter<TantivyDocument>,
}

impl Bm25Writer {
    pub(super) fn create(folder: &Path) -> anyhow::Result<Self> {
        fs_err::create_dir_all(folder)?;
        let fields = Fields::new();
        let index = tantivy::Index::create_in_dir(folder, fields.schema.clone())?;
        Ok(Self {
            writer: index.writer_with_num_threads(1, WRITER_BYTES)?,
            fields,
        })
    }

    /// Adds the document of one row.
    pub(super) fn add(&mut self, row: u32, tokens: Vec<Token>) -> anyhow::Result<()> {
        let mut document = TantivyDocument::new();
        document.add_u64(self.fields.row, row.into());
        document.add_u64(self.fields.length, tokens.len() as u64);
        document.add_pre_tokenized_text(
            self.fields.text,
            PreTokenizedString {
                text: String::new(),
                tokens,
            },
        );
        self.writer.add_document(document)?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.writer.commit()?;
        self.writer.wait_merging_threads()?;
        Ok(())
    }
}

/// One segment of the inverted index with the row of each of its documents.
struct Segment {
    inverted: Arc<InvertedIndexReader>,
    rows: Vec<u32>,
}

/// Reads the inverted index and scores with it.
pub struct Bm25 {
    fields: Fields,
    segments: Vec<Segment>,
    /// Terms of each document, by row.
    lengths: Vec<u32>,
    /// What decides between equal scores, by row.
    ties: Arc<[u32]>,
}

impl Bm25 {
    pub(super) fn open(folder: &Path, ties: Arc<[u32]>) -> anyhow::Result<Self> {
        let documents = ties.len();
        let fields = Fields::new();
        // Not through `reader()`: it takes a lock, and an index may lie where nobody can write.
        let index = tantivy::Index::open_in_dir(folder)?;
        let mut lengths = vec![0; documents];
        let mut segments = Vec::new();
        for segment in index.searchable_segments()? {
            let reader = SegmentReader::open(&segment)?;
            let rows = reader.fast_fields().u64("row")?;
            let counts = reader.fast_fields().u64("length")?;
            let value =
                |column: &tantivy::columnar::Column<u64>, document| -> anyhow::Result<u32> {
                    Ok(u32::try_from(
                        column
                            .first(document)
                            .context("a document without its row or length")?,
                    )?)
                };
            let rows = (0..reader.max_doc()).map(|document| {
                let row = value(&rows, document)?;
                *lengths
                    .get_mut(row as usize)
                    .context("a row beyond the documents")? = value(&counts, document)?;
                anyhow::Ok(row)
            });
            segments.push(Segment {
                rows: rows.collect::<anyhow::Result<_>>()?,
                inverted: reader.inverted_index(fields.text)?,
            });
        }
        let found: usize = segments.iter().map(|segment| segment.rows.len()).sum();
        ensure!(
            found == documents,
            "`{}` holds {found} documents, its manifest says {documents}",
            folder.display()
        );
        Ok(Self {
            fields,
            segments,
            lengths,
            ties,
        })
    }

    /// A scorer under `params`.
    pub fn scorer(&self, params: Bm25Params) -> Bm25Scorer<'_> {
        let total: u64 = self.lengths.iter().map(|&length| u64::from(length)).sum();
        let mean = total as f32 / self.lengths.len().max(1) as f32;
        let Bm25Params { k1, b } = params;
        let norms = self
            .lengths
            .iter()
            .map(|&length| k1 * (1.0 - b + b * length as f32 / mean.max(f32::MIN_POSITIVE)));
        Bm25Scorer {
            norms: norms.collect(),
            index: self,
        }
    }

    /// ln(1 + (N − df + 0.5) / (df + 0.5)): how rare a term is, > 0; highest where no passage has it.
    pub fn idf(&self, term: &str) -> anyhow::Result<f32> {
        Ok(self.weigh(term, 1.0)?.idf)
    }

    fn weigh<'t>(&self, term: &'t str, weight: f32) -> anyhow::Result<Weighed<'t>> {
        let indexed = TantivyTerm::from_field_text(self.fields.text, term);
        let mut document_frequency = 0;
        for segment in &self.segments {
            document_frequency += segment.inverted.doc_freq(&indexed)?;
        }
        let (n, df) = (self.lengths.len() as f32, document_frequency as f32);
        Ok(Weighed {
            term,
            weight,
            document_frequency,
            idf: (1.0 + (n - df + 0.5) / (df + 0.5)).ln(),
        })
    }

    /// How often each term occurs in each document.
    pub(super) fn counts(&self) -> anyhow::Result<TermCounts> {
        let mut postings: HashMap<String, Vec<(u32, u32)>> = HashMap::new();
        for segment in &self.segments {
            let inverted = &segment.inverted;
            let mut terms = inverted.terms().stream()?;
            while let Some((term, info)) = terms.next() {
                let term = std::str::from_utf8(term).context("a term that is not UTF-8")?;
                let found = postings.entry(term.to_owned()).or_default();
                let mut list =
                    inverted.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                while list.doc() != TERMINATED {
                    found.push((segment.rows[list.doc() as usize], list.term_freq()));
                    list.advance();
                }
            }
        }
        let mut sorted: Vec<_> = postings.into_iter().collect();
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (terms, mut postings): (Vec<_>, Vec<_>) = sorted.into_iter().unzip();
        postings.iter_mut().for_each(|list| list.sort_unstable());
        Ok(TermCounts {
            terms,
            postings,
            documents: self.lengths.len(),
        })
    }
}

/// What one term adds to a document's score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// The term as it is indexed.
    pub term: String,
    /// How often the query has it.
    pub in_query: usize,
    /// Documents that have it.
    pub document_frequency: u32,
    /// ln(1 + (N − df + 0.5) / (df + 0.5)).
    pub idf: f32,
    /// How often the document has it.
    pub in_document: u32,
    /// The document's length in terms.
    pub document_length: u32,
    /// What it adds to the score.
    pub score: f32,
}

/// Scores documents under one setting of the parameters.
///
/// score = Σ over query terms of idf · tf / (tf + k1 · (1 − b + b · length / mean length)), the form of Lucene since
/// version 8 and of bm25s' `lucene`: without the constant factor k1 + 1, which changes no ranking.
/// Source: Robertson and Zaragoza 2009; idf as in Lucene's `BM25Similarity`.
pub struct Bm25Scorer<'a> {
    index: &'a Bm25,
    norms: Vec<f32>,
}

/// The score of a row that no term has touched: no sum of scores is negative.
const UNTOUCHED: f32 = -1.0;

thread_local! {
    /// One score a row and the rows touched: kept between searches so that a search clears only what it touched.
    static SCRATCH: RefCell<(Vec<f32>, Vec<u32>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

impl Bm25Scorer<'_> {
    /// The best `k` of the documents that are `visible`, best first. A document without any of the terms is not found.
    pub fn search(
        &self,
        terms: &[String],
        k: usize,
        visible: &Visible,
    ) -> anyhow::Result<Vec<Hit>> {
        self.search_weighted(&counted(terms), k, visible)
    }

    /// As [`Self::search`], each distinct term counting as often as its weight says.
    pub fn search_weighted(
        &self,
        terms: &[(String, f32)],
        k: usize,
        visible: &Visible,
    ) -> anyhow::Result<Vec<Hit>> {
        SCRATCH.with_borrow_mut(|(scores, touched)| {
            scores.resize(self.norms.len(), UNTOUCHED);
            touched.clear();
            let outcome = self.each_posting(terms, |_, row, _, score| {
                let sum = &mut scores[row as usize];
                if *sum == UNTOUCHED {
                    touched.push(row);
                    *sum = 0.0;
                }
                *sum += score;
            });
            let mut top = Top::new(k);
            for &row in touched.iter() {
                if visible.contains(row) {
                    top.push(Hit {
                        row,
                        tie: self.index.ties[row as usize],
                        score: f64::from(scores[row as usize]),
                    });
                }
                scores[row as usize] = UNTOUCHED;
            }
            // A search must find the scores untouched, also after one that failed.
            outcome.map(|()| top.into_hits())
        })
    }

    /// The terms of the score of one document.
    pub fn explain(&self, terms: &[String], document: u32) -> anyhow::Result<Vec<Term>> {
        let mut found = Vec::new();
        self.each_posting(&counted(terms), |weighed, row, count, score| {
            if row == document {
                found.push(Term {
                    term: weighed.term.to_owned(),
                    in_query: terms.iter().filter(|term| *term == weighed.term).count(),
                    document_frequency: weighed.document_frequency,
                    idf: weighed.idf,
                    in_document: count,
                    document_length: self.index.lengths[row as usize],
                    score,
                });
            }
        })?;
        Ok(found)
    }

    /// Calls `visit(term, row, count, score)` for every posting of the terms, in their order in the query.
    fn each_posting(
        &self,
        terms: &[(String, f32)],
        mut visit: impl FnMut(&Weighed<'_>, u32, u32, f32),
    ) -> anyhow::Result<()> {
        for (term, weight) in terms {
            let weighed = self.index.weigh(term, *weight)?;
            let term = TantivyTerm::from_field_text(self.index.fields.text, term);
            for segment in &self.index.segments {
                let inverted = &segment.inverted;
                let Some(mut list) = inverted.read_postings(&term, IndexRecordOption::WithFreqs)?
                else {
                    continue;
                };
                while list.doc() != TERMINATED {
                    let (row, count) = (segment.rows[list.doc() as usize], list.term_freq());
                    let tf = count as f32;
                    let score = weighed.weight * weighed.idf * tf / (tf + self.norms[row as usize]);
                    visit(&weighed, row, count, score);
                    list.advance();
                }
            }
        }
        Ok(())
    }
}

/// The distinct terms in the order of the query, each with how often it is there.
fn counted(terms: &[String]) -> Vec<(String, f32)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut counted: Vec<(String, f32)> = Vec::new();
    for term in terms {
        let place = *places.entry(term).or_insert(counted.len());
        match counted.get_mut(place) {
            Some((_, count)) => *count += 1.0,
            None => counted.push((term.clone(), 1.0)),
        }
    }
    counted
}

struct Weighed<'t> {
    term: &'t str,
    weight: f32,
    document_frequency: u32,
    idf: f32,
}
