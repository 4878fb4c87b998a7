//! Where the documents of an index come from: rows of a table, or files from which text is extracted.

use std::path::Path;

use crate::data::{Corpus, CorpusFrom, Document, Source};
use crate::extraction::{Extraction, RefusedFile};

/// The documents of a source, one after the other.
pub(super) enum Intake {
    Table(Box<Corpus>),
    Files(Box<Extraction>),
}

impl Intake {
    /// Opens the source: what is not there is told before anything is made.
    pub(super) fn open(source: &Source) -> anyhow::Result<Self> {
        Ok(match source.corpus() {
            CorpusFrom::Table(table) => Self::Table(Box::new(Corpus::open(&table)?)),
            CorpusFrom::Files(files) => Self::Files(Box::new(Extraction::open(files)?)),
        })
    }

    /// What is read.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Table(corpus) => corpus.path(),
            Self::Files(extraction) => extraction.path(),
        }
    }

    /// The files from which nothing was extracted.
    pub(super) fn refused(self) -> Vec<RefusedFile> {
        match self {
            Self::Table(_) => Vec::new(),
            Self::Files(extraction) => extraction.refused(),
        }
    }
}

impl Iterator for Intake {
    type Item = anyhow::Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Table(corpus) => corpus.next(),
            Self::Files(extraction) => extraction.next(),
        }
    }
}
