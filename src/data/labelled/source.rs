//! Where labelled answers lie: in ragkit's own columns, or in a layout of others that is converted where it is needed.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::LabelledAnswers;
use crate::data::convert::{Converted, Layout};
use crate::data::{Encoding, Format, PathText, Table};

/// One or more sources that are read as one collection, as `labelled = [{ path = "a.jsonl" }, { layout = "begin", path = ["x.tsv", "y.tsv"] }]`
/// in a config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelledSources(pub Vec<LabelledSource>);

/// Files of labelled answers of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledSource {
    /// The files.
    pub path: Paths,
    /// The layout of others that they are in; ragkit's own columns where absent ([`LabelledAnswers::read`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// The file of SciFact's claims, where `path` is that of its abstracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<PathText>,
    /// The format of files in ragkit's own columns; told from their endings where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// A path, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a path, or a list of paths")]
pub enum Paths {
    /// One file.
    One(PathText),
    /// More than one.
    More(Vec<PathText>),
}

impl Paths {
    pub(in crate::data) fn all(&self) -> &[PathText] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::More(paths) => paths,
        }
    }
}

impl LabelledSource {
    /// A file in ragkit's own columns.
    pub fn at(path: PathText) -> Self {
        Self {
            path: Paths::One(path),
            layout: None,
            queries: None,
            format: None,
        }
    }

    /// Checks what can be told without a look at the files.
    ///
    /// # Errors
    /// Where no file is named, or layout and format do not fit.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.path.all().is_empty(),
            "`labelled` has a source whose `path` names no file; name at least one"
        );
        let Some(layout) = self.layout else {
            ensure!(
                self.queries.is_none(),
                "`labelled` has a source with `queries`, which goes with `layout = \"scifactclaims\"`"
            );
            return Ok(());
        };
        ensure!(
            self.format.is_none(),
            "`labelled` has a source with `format` and `layout`; drop `format`, for the layout says it"
        );
        if !layout.is_labelled() {
            bail!(
                "the layout `{layout}` holds no labelled answers; those that do are {}",
                Layout::labelled()
            );
        }
        Ok(())
    }

    /// The tables of its rows; what is in another layout is converted below `cache`, unless it is there.
    fn tables(&self, cache: &Path) -> anyhow::Result<Vec<Table>> {
        self.validate()?;
        let Some(layout) = self.layout else {
            let table = |path: &PathText| Table {
                format: self.format,
                ..Table::at(path.clone())
            };
            return Ok(self.path.all().iter().map(table).collect());
        };
        let converted = Converted {
            layout,
            corpus: self.path.all().to_vec(),
            queries: self.queries.clone(),
            qrels: None,
            encoding: Encoding::Utf8,
            ordinal_queries: false,
            volumes: None,
        };
        let folder = converted.folder(cache)?;
        Ok(vec![Table::at(folder.join("labelled.jsonl"))])
    }
}

impl LabelledSources {
    /// Files in ragkit's own columns, such as those of a command line.
    ///
    /// # Errors
    /// Where a path is not UTF-8.
    pub fn at(paths: &[std::path::PathBuf]) -> anyhow::Result<Self> {
        let source = |path: &std::path::PathBuf| {
            let text = path.to_str();
            let text =
                text.with_context(|| format!("the path `{}` is not UTF-8", path.display()))?;
            Ok(LabelledSource::at(PathText::literal(text)))
        };
        paths
            .iter()
            .map(source)
            .collect::<anyhow::Result<_>>()
            .map(Self)
    }

    /// Checks what can be told without a look at the files.
    ///
    /// # Errors
    /// Where there is no source, or one of them is at fault.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.0.is_empty(),
            "`labelled` is empty; name at least one source, as in `labelled = [{{ path = \"answers.jsonl\" }}]`"
        );
        self.0.iter().try_for_each(LabelledSource::validate)
    }

    /// Reads all of them; what is in another layout is converted below `cache`, unless it is there.
    ///
    /// # Errors
    /// As [`LabelledAnswers::read`], and where a file in another layout is none.
    pub fn read(&self, cache: &Path) -> anyhow::Result<LabelledAnswers> {
        self.validate()?;
        let mut tables = Vec::new();
        for source in &self.0 {
            tables.extend(source.tables(cache)?);
        }
        LabelledAnswers::read(&tables)
    }
}
