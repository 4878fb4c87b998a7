//! A collection in another layout as the source of a dataset: converted where it is needed, into the cache.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::{Collection, Layout};
use crate::data::{Checksum, Digest, Encoding, PathText, QrelsFile, Source};

/// A collection in another layout than BEIR's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Converted {
    /// Its layout.
    pub layout: Layout,
    /// The files of its documents; for SQuAD, PubMedQA, RAGChecker and labelled answers those of everything.
    pub corpus: Vec<PathText>,
    /// The file of its queries; for SciFact that of its claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<PathText>,
    /// The file of its judgements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qrels: Option<QrelsFile>,
    /// The character encoding of its files.
    #[serde(default)]
    pub encoding: Encoding,
    /// Queries are numbered by their place in the file, from 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordinal_queries: bool,
    /// SQuAD only: join the articles, in their order, into so many documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<NonZeroUsize>,
}

impl Converted {
    /// The collection as a BEIR folder below `cache`, written there unless one of the same files is.
    pub fn source(&self, cache: &Path) -> anyhow::Result<Source> {
        ensure!(
            !self.layout.is_labelled(),
            "the layout `{}` holds labelled answers and no queries; name it in `dataset.labelled`, as in `labelled = [{{ layout = \"{}\", path = [\"FILE\"] }}]`",
            self.layout,
            self.layout
        );
        Ok(Source::beir_at(self.folder(cache)?))
    }

    /// The folder of what is written of it, below `cache`.
    pub(in crate::data) fn folder(&self, cache: &Path) -> anyhow::Result<PathText> {
        ensure!(!self.corpus.is_empty(), "`corpus` names no file");
        let mut digest = Digest::default()
            .with("ragkit", crate::version())
            .with("how", serde_json::to_vec(self)?);
        let corpus: Vec<PathBuf> = self
            .corpus
            .iter()
            .map(PathText::resolve)
            .collect::<Result<_, _>>()?;
        let queries = self.queries.as_ref().map(PathText::resolve).transpose()?;
        let qrels = self
            .qrels
            .as_ref()
            .map(|qrels| qrels.path.resolve())
            .transpose()?;
        for file in corpus.iter().chain(&queries).chain(&qrels) {
            digest = digest.with("file", Checksum::of_file(file)?.sha256);
        }
        let out = cache.join("datasets").join(&digest.finish()[..16]);
        let collection = Collection {
            layout: self.layout,
            corpus,
            queries,
            qrels: self.qrels.clone(),
            encoding: self.encoding,
            ordinal_queries: self.ordinal_queries,
            volumes: self.volumes,
        };
        // Another process may have written it in the meantime: it appears whole or not at all.
        if !out.exists()
            && let Err(error) = collection.convert(&out, "test")
            && !out.exists()
        {
            return Err(error);
        }
        Ok(PathText::literal(&out.to_string_lossy()))
    }
}
