//! Documents, streamed: a corpus is never held in memory by its reader.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::record::Record;
use super::rows::Row;
use super::vectors::Vectors;
use super::{Block, DataError, Fields, Metadata, Place, Table};

/// One document of a corpus.
/// As JSON it is a line of a BEIR corpus, with `blocks`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// Its id, unique in the corpus.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its title, empty where it has none.
    pub title: String,
    /// Its text.
    pub text: String,
    /// What the stretches of its text are, as far as that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// What else is known of it.
    pub metadata: Metadata,
    /// Who may see it: everybody where empty, otherwise a caller who holds at least one of the labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<String>,
    /// The user's own vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
}

impl Document {
    /// What is searched: title and text.
    pub fn searched(&self) -> String {
        if self.title.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.title, self.text)
        }
    }
}

impl Document {
    /// Reads one row of a corpus, which stands at `place` in `path`.
    pub fn from_row(
        path: &Path,
        place: Place,
        row: &Map<String, Value>,
    ) -> Result<Self, DataError> {
        Fields::default().record(path, place, row).map(Self::from)
    }
}

impl From<Record> for Document {
    fn from(record: Record) -> Self {
        Self {
            id: record.id,
            title: record.title,
            text: record.text,
            blocks: record.blocks,
            metadata: record.metadata,
            access: record.access.unwrap_or_default(),
            vector: record.vector,
        }
    }
}

/// The documents of a table, in the order of the file, with unique ids.
pub struct Corpus {
    records: Records,
}

impl Corpus {
    /// Opens `table`; rows are read as they are asked for.
    pub fn open(table: &Table) -> anyhow::Result<Self> {
        Ok(Self {
            records: Records::open(table)?,
        })
    }

    /// The file that is read.
    pub fn path(&self) -> &Path {
        &self.records.path
    }
}

impl Iterator for Corpus {
    type Item = anyhow::Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.records.next()?.map(|(_, record)| record.into()))
    }
}

/// The records of a table with the checks that documents and queries share: unique ids, vectors of one length.
pub(super) struct Records {
    path: PathBuf,
    table: Table,
    rows: Box<dyn Iterator<Item = Row>>,
    vectors: Option<Vectors>,
    seen: HashMap<String, Place>,
    dim: Option<(usize, Place)>,
}

impl Records {
    pub(super) fn open(table: &Table) -> anyhow::Result<Self> {
        let path = table.path.resolve()?;
        Ok(Self {
            rows: table.rows(&path)?,
            vectors: table
                .vectors
                .as_ref()
                .map(super::VectorFile::load)
                .transpose()?,
            table: table.clone(),
            seen: HashMap::new(),
            dim: None,
            path,
        })
    }

    fn check(&mut self, row: Row) -> Result<(Place, Record), DataError> {
        let (place, row) = row?;
        let mut record = self.table.fields.record(&self.path, place, &row)?;
        if self.table.ordinal_ids {
            record.id = (self.seen.len() + 1).to_string();
        }
        if let Some(earlier) = self.seen.insert(record.id.clone(), place) {
            let message = format!(
                "the id `{}` stands already in {earlier}; ids must be unique",
                record.id
            );
            return Err(DataError::at(&self.path, place, message));
        }
        if let Some(vectors) = &self.vectors {
            record.vector = Some(vectors.get(&record.id)?);
        }
        if let Some(vector) = &record.vector {
            let &mut (dim, first) = self.dim.get_or_insert((vector.len(), place));
            if vector.len() != dim {
                let message = format!(
                    "the vector has {} dimensions, that of {first} has {dim}",
                    vector.len()
                );
                return Err(DataError::at(&self.path, place, message));
            }
        }
        Ok((place, record))
    }
}

impl Iterator for Records {
    type Item = anyhow::Result<(Place, Record)>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(self.check(row).map_err(Into::into))
    }
}
