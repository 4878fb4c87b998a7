//! Where a dataset lies: a BEIR folder, or tables named one by one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{PathText, QrelsFile, Table};

/// Where the documents, queries and judgements of a dataset are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A folder in BEIR's layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.
    Beir(Beir),
    /// A table of documents and, for an evaluation, of queries and judgements.
    Tables(Box<Tables>),
}

/// A folder in BEIR's layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beir {
    /// The folder.
    pub path: PathText,
    /// The judgements to use: `qrels/SPLIT.tsv`.
    #[serde(default = "test_split")]
    pub split: String,
}

fn test_split() -> String {
    "test".into()
}

/// Tables, each with its own path, format and columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// The documents.
    pub corpus: Table,
    /// The queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<Table>,
    /// The judgements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qrels: Option<QrelsFile>,
}

impl Source {
    /// A corpus alone, at `path`: a BEIR folder or a table.
    pub fn corpus_at(path: PathText, is_folder: bool) -> Self {
        if is_folder {
            return Self::Beir(Beir {
                path,
                split: test_split(),
            });
        }
        Self::Tables(Box::new(Tables {
            corpus: Table::at(path),
            queries: None,
            qrels: None,
        }))
    }

    /// The table of documents.
    pub fn corpus(&self) -> Table {
        match self {
            Self::Beir(beir) => Table::at(beir.path.join("corpus.jsonl")),
            Self::Tables(tables) => tables.corpus.clone(),
        }
    }

    /// The table of queries, where the source names one.
    pub fn queries(&self) -> Option<Table> {
        match self {
            Self::Beir(beir) => Some(Table::at(beir.path.join("queries.jsonl"))),
            Self::Tables(tables) => tables.queries.clone(),
        }
    }

    /// The file of judgements, where the source names one.
    pub fn qrels(&self) -> Option<QrelsFile> {
        match self {
            Self::Beir(beir) => {
                let path = beir.path.join(&format!("qrels/{}.tsv", beir.split));
                Some(QrelsFile::at(path))
            }
            Self::Tables(tables) => tables.qrels.clone(),
        }
    }

    /// The files that hold the documents and their vectors.
    pub fn corpus_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        files_of(&self.corpus())
    }

    /// The files that hold the queries, their vectors and the judgements.
    pub fn judged_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = self
            .queries()
            .map_or_else(|| Ok(Vec::new()), |table| files_of(&table))?;
        if let Some(qrels) = self.qrels() {
            files.push(qrels.path.resolve()?);
        }
        Ok(files)
    }
}

fn files_of(table: &Table) -> anyhow::Result<Vec<PathBuf>> {
    let beside = table
        .vectors
        .iter()
        .flat_map(|vectors| [&vectors.npy, &vectors.ids]);
    std::iter::once(&table.path)
        .chain(beside)
        .map(PathText::resolve)
        .collect()
}
