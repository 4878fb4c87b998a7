//! The passages of an index, which are documents or chunks of them: ids, places and access labels in memory, texts on disk
//! (`documents.parquet`).

mod write;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt32Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};

pub(super) use self::write::DocumentsWriter;
use crate::data::{Metadata, Predicate};

/// The passages of an open index.
pub struct Documents {
    path: PathBuf,
    ids: Vec<String>,
    /// The documents that they are parts of, and for each passage which.
    names: Vec<String>,
    places: Vec<Place>,
    has_sections: bool,
    /// What is known of each passage, read when a filter first asks.
    metadata: OnceLock<Vec<Metadata>>,
    /// The labels of each document, as numbers into `labels`.
    access: Vec<Vec<u32>>,
    labels: HashMap<String, u32>,
}

/// Where a passage comes from.
#[derive(Debug, Clone, Copy)]
struct Place {
    document: u32,
    start: u32,
    end: u32,
    tokens: u32,
    section: Option<u32>,
}

/// The stretch of a document that a passage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The document.
    pub document: &'a str,
    /// Its first character, in Unicode code points from 0.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Tokens of its title and text.
    pub tokens: usize,
}

/// A passage as `search` shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, as JSON.
    pub metadata: serde_json::Value,
}

impl Shown {
    /// What was searched: title and text.
    pub fn searched(&self) -> String {
        if self.title.is_empty() {
            self.text.clone()
        } else {
            format!("{} {}", self.title, self.text)
        }
    }
}

impl Documents {
    pub(super) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&path)?.into_file())?;
        let columns = [
            "id", "access", "document", "start", "end", "tokens", "section",
        ];
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
        let (mut ids, mut access, mut labels) = (Vec::new(), Vec::new(), HashMap::new());
        let (mut names, mut places): (Vec<String>, Vec<Place>) = (Vec::new(), Vec::new());
        for batch in builder.with_projection(mask).build()? {
            let batch = batch?;
            ids.extend(
                batch
                    .column(0)
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned),
            );
            for list in batch.column(1).as_list::<i32>().iter() {
                let list = list.context("a document without its list of access labels")?;
                let numbers = list.as_string::<i32>().iter().flatten().map(|label| {
                    let next = u32::try_from(labels.len()).expect("fewer than 2^32 labels");
                    *labels.entry(label.to_owned()).or_insert(next)
                });
                access.push(numbers.collect());
            }
            let number = |column: usize| batch.column(column).as_primitive::<UInt32Type>();
            for (row, name) in batch
                .column(2)
                .as_string::<i32>()
                .iter()
                .flatten()
                .enumerate()
            {
                // The passages of a document follow one another.
                if names.last().is_none_or(|last| last != name) {
                    names.push(name.to_owned());
                }
                let section = number(6);
                places.push(Place {
                    document: u32::try_from(names.len() - 1).context("more than 2^32 documents")?,
                    start: number(3).value(row),
                    end: number(4).value(row),
                    tokens: number(5).value(row),
                    section: section.is_valid(row).then(|| section.value(row)),
                });
            }
        }
        Ok(Self {
            path,
            has_sections: places.iter().any(|place| place.section.is_some()),
            names,
            places,
            metadata: OnceLock::new(),
            ids,
            access,
            labels,
        })
    }

    /// Number of passages.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of one row.
    pub fn id(&self, row: u32) -> &str {
        &self.ids[row as usize]
    }

    /// The stretch of a document that one row holds.
    pub fn origin(&self, row: u32) -> Origin<'_> {
        let place = &self.places[row as usize];
        Origin {
            document: &self.names[place.document as usize],
            start: place.start as usize,
            end: place.end as usize,
            tokens: place.tokens as usize,
        }
    }

    /// The names of the documents, in the order of the corpus.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether some rows are sections, which only lead to the chunks in them.
    pub fn has_sections(&self) -> bool {
        self.has_sections
    }

    fn is_section(&self, row: usize) -> bool {
        self.places[row].section == u32::try_from(row).ok()
    }

    /// Of what is `visible` the sections.
    pub fn sections(&self, visible: &Visible) -> Visible {
        self.only(visible, |row| self.is_section(row))
    }

    /// Of what is `visible` the chunks in these sections.
    pub fn chunks_in(&self, sections: &[u32], visible: &Visible) -> Visible {
        let sections: HashSet<u32> = sections.iter().copied().collect();
        self.only(visible, |row| {
            let section = self.places[row].section;
            section.is_some_and(|section| sections.contains(&section)) && !self.is_section(row)
        })
    }

    fn only(&self, visible: &Visible, keep: impl Fn(usize) -> bool) -> Visible {
        let seen = |row: usize| match &visible.0 {
            None => true,
            Some(rows) => rows[row],
        };
        Visible::rows((0..self.len()).map(|row| seen(row) && keep(row)).collect())
    }

    /// For each row its place when all ids are sorted descending.
    pub(super) fn ties(&self) -> Arc<[u32]> {
        let mut rows: Vec<usize> = (0..self.ids.len()).collect();
        rows.sort_unstable_by(|&a, &b| self.ids[b].cmp(&self.ids[a]));
        let mut ties = vec![0; rows.len()];
        for (place, row) in (0..).zip(rows) {
            ties[row] = place;
        }
        ties.into()
    }

    /// What a caller with these labels may see, of what a filter admits: passages without a label, and those that share one.
    /// `None` sees all.
    pub fn visible(
        &self,
        access: Option<&[String]>,
        filter: &Predicate,
    ) -> anyhow::Result<Visible> {
        let visible = self.permitted(access);
        if filter.is_empty() {
            return Ok(visible);
        }
        let metadata = self.metadata()?;
        Ok(self.only(&visible, |row| filter.admits(&metadata[row])))
    }

    fn metadata(&self) -> anyhow::Result<&[Metadata]> {
        if let Some(metadata) = self.metadata.get() {
            return Ok(metadata);
        }
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&self.path)?.into_file())?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["metadata"]);
        let mut read = Vec::with_capacity(self.len());
        for batch in builder.with_projection(mask).build()? {
            for text in batch?.column(0).as_string::<i32>().iter().flatten() {
                read.push(serde_json::from_str(text)?);
            }
        }
        Ok(self.metadata.get_or_init(|| read))
    }

    fn permitted(&self, access: Option<&[String]>) -> Visible {
        let Some(access) = access else {
            return Visible::everything();
        };
        let held: Vec<u32> = access
            .iter()
            .filter_map(|label| self.labels.get(label).copied())
            .collect();
        let sees = |labels: &Vec<u32>| {
            labels.is_empty() || labels.iter().any(|label| held.contains(label))
        };
        Visible::rows(self.access.iter().map(sees).collect())
    }

    /// Reads title, text and metadata of some rows, in the order asked for.
    pub fn read(&self, rows: &[u32]) -> anyhow::Result<Vec<Shown>> {
        let mut sorted = rows.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut selectors = Vec::new();
        let mut next = 0;
        for &row in &sorted {
            selectors.push(RowSelector::skip((row - next) as usize));
            selectors.push(RowSelector::select(1));
            next = row + 1;
        }
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&self.path)?.into_file())?;
        let mask = ProjectionMask::columns(
            builder.parquet_schema(),
            ["id", "title", "text", "metadata"],
        );
        let reader = builder
            .with_projection(mask)
            .with_row_selection(RowSelection::from(selectors))
            .build()?;
        let mut found = HashMap::new();
        let mut order = sorted.iter();
        for batch in reader {
            let batch = batch?;
            let text = |column: usize, row: usize| {
                batch
                    .column(column)
                    .as_string::<i32>()
                    .value(row)
                    .to_owned()
            };
            for row in 0..batch.num_rows() {
                let metadata = serde_json::from_str(&text(3, row))?;
                let shown = Shown {
                    id: text(0, row),
                    title: text(1, row),
                    text: text(2, row),
                    metadata,
                };
                found.insert(
                    *order.next().context("more rows than were asked for")?,
                    shown,
                );
            }
        }
        rows.iter()
            .map(|row| {
                found
                    .get(row)
                    .cloned()
                    .with_context(|| format!("the index has no row {row}"))
            })
            .collect()
    }
}

/// Which passages a search may return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible(Option<Vec<bool>>);

impl Visible {
    /// All of them.
    pub fn everything() -> Self {
        Self(None)
    }

    /// Those whose row says so.
    pub fn rows(rows: Vec<bool>) -> Self {
        Self(Some(rows))
    }

    /// Whether the document of `row` is one of them.
    pub fn contains(&self, row: u32) -> bool {
        self.0.as_ref().is_none_or(|rows| rows[row as usize])
    }

    /// How many of the first `rows` documents are among them.
    pub(super) fn count(&self, rows: usize) -> usize {
        self.0
            .as_ref()
            .map_or(rows, |seen| seen.iter().filter(|seen| **seen).count())
    }
}

/// The file inside the index's data folder.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder.join("documents.parquet")
}
