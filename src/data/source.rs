//! Where a dataset lies: a BEIR folder, or tables named one by one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{AnswersFile, Checksum, Files, PathText, QrelsFile, RecordedFile, SpansFile, Table};

/// Where the documents, queries and judgements of a dataset are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A folder in BEIR's layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.
    Beir(Beir),
    /// A table of documents and, for an evaluation, of queries and judgements.
    Tables(Box<Tables>),
    /// Documents in the formats that people write them in, from which text is extracted.
    Files(Box<Files>),
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

impl Beir {
    /// A file that the folder may hold, where it does.
    fn beside(&self, file: &str) -> anyhow::Result<Option<PathText>> {
        let path = self.path.join(file);
        Ok(path.resolve()?.is_file().then_some(path))
    }
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
    /// The stretches of documents that answer the queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans: Option<SpansFile>,
    /// The gold answers of the queries, where these do not hold them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersFile>,
}

impl Source {
    /// The documents of a BEIR folder at `path`.
    pub fn beir_at(path: PathText) -> Self {
        Self::Beir(Beir {
            path,
            split: test_split(),
        })
    }

    /// The documents of a table, without queries.
    pub fn table(corpus: Table) -> Self {
        Self::Tables(Box::new(Tables {
            corpus,
            queries: None,
            qrels: None,
            spans: None,
            answers: None,
        }))
    }

    /// The documents.
    pub fn corpus(&self) -> CorpusFrom<'_> {
        match self {
            Self::Beir(beir) => {
                CorpusFrom::Table(Box::new(Table::at(beir.path.join("corpus.jsonl"))))
            }
            Self::Tables(tables) => CorpusFrom::Table(Box::new(tables.corpus.clone())),
            Self::Files(files) => CorpusFrom::Files(files),
        }
    }

    /// The table of queries, where the source names one.
    pub fn queries(&self) -> Option<Table> {
        match self {
            Self::Beir(beir) => Some(Table::at(beir.path.join("queries.jsonl"))),
            Self::Tables(tables) => tables.queries.clone(),
            Self::Files(files) => files.queries.clone(),
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
            Self::Files(files) => files.qrels.clone(),
        }
    }

    /// The file of gold spans, where the source names one or, in BEIR's layout, where `spans/SPLIT.jsonl` is there.
    pub fn spans(&self) -> anyhow::Result<Option<SpansFile>> {
        Ok(match self {
            Self::Beir(beir) => {
                let file = format!("spans/{}.jsonl", beir.split);
                beir.beside(&file)?.map(SpansFile::at)
            }
            Self::Tables(tables) => tables.spans.clone(),
            Self::Files(files) => files.spans.clone(),
        })
    }

    /// The file of gold answers, where the source names one or, in BEIR's layout, where `answers.jsonl` is there.
    pub fn answers(&self) -> anyhow::Result<Option<AnswersFile>> {
        Ok(match self {
            Self::Beir(beir) => beir.beside("answers.jsonl")?.map(AnswersFile::at),
            Self::Tables(tables) => tables.answers.clone(),
            Self::Files(files) => files.answers.clone(),
        })
    }

    /// What other systems answered, in BEIR's layout where `outputs.jsonl` is there, as some converted collections have it.
    pub fn outputs(&self) -> anyhow::Result<Option<RecordedFile>> {
        Ok(match self {
            Self::Beir(beir) => beir.beside("outputs.jsonl")?.map(RecordedFile::at),
            Self::Tables(_) | Self::Files(_) => None,
        })
    }

    /// Whether it says nothing of judgements: no table is named, or there is no folder `qrels` in BEIR's layout.
    pub(super) fn is_unjudged(&self) -> anyhow::Result<bool> {
        Ok(match self {
            Self::Beir(beir) => !beir.path.join("qrels").resolve()?.is_dir(),
            Self::Tables(_) | Self::Files(_) => self.qrels().is_none(),
        })
    }

    /// What the documents and their vectors are read from, by what it is: `corpus`, `vectors`, `vector_ids`.
    pub fn corpus_checksums(&self) -> anyhow::Result<BTreeMap<String, Checksum>> {
        let table = match self.corpus() {
            CorpusFrom::Table(table) => table,
            CorpusFrom::Files(files) => {
                return Ok(BTreeMap::from([("corpus".to_owned(), files.checksum()?)]));
            }
        };
        let roles = ["corpus", "vectors", "vector_ids"].map(str::to_owned);
        let files = files_of(&table)?;
        roles
            .into_iter()
            .zip(&files)
            .map(|(role, path)| Ok((role, Checksum::of_file(path)?)))
            .collect()
    }

    /// Where the documents are.
    pub fn corpus_path(&self) -> anyhow::Result<PathBuf> {
        match self.corpus() {
            CorpusFrom::Table(table) => table.path.resolve(),
            CorpusFrom::Files(files) => files.path.resolve(),
        }
    }
}

/// What documents are read from.
pub enum CorpusFrom<'a> {
    /// A table, one a row.
    Table(Box<Table>),
    /// Files of all formats.
    Files(&'a Files),
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
