//! From a corpus to an index directory, in one pass over the documents.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;
use rayon::prelude::*;
use tantivy::tokenizer::Token;

use super::bm25::{Bm25, Bm25Writer};
use super::documents::{self, DocumentsWriter};
use super::manifest::{EmbedderConfig, FORMAT, IndexConfig, Manifest};
use super::store::{self, Store};
use crate::analysis::Analyser;
use crate::data::{Checksum, Corpus, Document, Source};
use crate::models::{Lsa, Matrix};

/// Documents that are analysed together, in parallel.
const BATCH: usize = 1024;

/// What was built, for the user.
#[derive(Debug)]
pub struct Built {
    /// The manifest of the new index.
    pub manifest: Manifest,
    /// How long it took.
    pub seconds: f64,
}

/// Builds the index of `source` in the directory `out`, which keeps its previous index, whole, until this one is.
///
/// # Errors
/// Where another process is building there, or the directory holds what is not an index.
pub fn build(
    source: &Source,
    config: &IndexConfig,
    out: &Path,
    progress: &ProgressBar,
) -> anyhow::Result<Built> {
    let plan = Plan::new(source, config)?;
    // Opened before the directory is made: a wrong path leaves nothing behind.
    let corpus = Corpus::open(&source.corpus())?;
    let Some(store) = Store::try_lock(out)? else {
        bail!(
            "another ragkit is building the index `{}`; wait for it to end",
            out.display()
        );
    };
    plan.build(&store, corpus, progress)
}

/// Makes the index in the directory `out` current: builds it where it is missing, stale or `damaged`. Waits for
/// another process that is building it. `say` is told before a build begins.
pub fn make_current(
    source: &Source,
    config: &IndexConfig,
    out: &Path,
    damaged: bool,
    say: impl Fn(&str),
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let plan = Plan::new(source, config)?;
    if !damaged && plan.is_current(out) {
        return Ok(());
    }
    let corpus = Corpus::open(&source.corpus())?;
    let store = if let Some(store) = Store::try_lock(out)? {
        store
    } else {
        say(&format!(
            "waiting for another ragkit that is building the index `{}`",
            out.display()
        ));
        Store::lock(out)?
    };
    if damaged || !plan.is_current(out) {
        say(&format!("building the index `{}`", out.display()));
        plan.build(&store, corpus, progress)?;
    }
    Ok(())
}

/// Whether `out` holds the index of exactly this source, as it is now, under this config.
pub fn is_current(source: &Source, config: &IndexConfig, out: &Path) -> anyhow::Result<bool> {
    Ok(Plan::new(source, config)?.is_current(out))
}

/// What an index is to be: a source, as it is now, under a config.
struct Plan<'a> {
    source: &'a Source,
    config: &'a IndexConfig,
    source_files: BTreeMap<String, Checksum>,
    digest: String,
}

impl<'a> Plan<'a> {
    fn new(source: &'a Source, config: &'a IndexConfig) -> anyhow::Result<Self> {
        let source_files = Manifest::checksums(source)?;
        let digest = Manifest::digest(source, &source_files, config)?;
        Ok(Self {
            source,
            config,
            source_files,
            digest,
        })
    }

    fn is_current(&self, out: &Path) -> bool {
        Manifest::load(out).is_ok_and(|manifest| manifest.digest == self.digest)
    }

    fn build(self, store: &Store, corpus: Corpus, progress: &ProgressBar) -> anyhow::Result<Built> {
        let started = std::time::Instant::now();
        let analyser = Analyser::new(&self.config.analyser)?;
        let folder = store.new_folder()?;

        let written = write_documents(corpus, self.config, &analyser, folder.path(), progress)?;
        progress.set_message("fitting vectors");
        let bm25 = Bm25::open(
            &store::bm25_in(folder.path()),
            vec![0; written.documents].into(),
        )?;
        let counts = bm25.counts()?;
        let terms = counts.terms.len();
        let dim = match &self.config.embedder {
            EmbedderConfig::None => None,
            EmbedderConfig::Vectors => Some(written.vectors),
            EmbedderConfig::Lsa(lsa) => {
                let (model, vectors) = Lsa::fit(&counts, lsa, analyser)?;
                model.save(folder.path())?;
                Some(vectors)
            }
        }
        .map(|vectors| {
            vectors
                .save(&store::vectors_in(folder.path()))
                .map(|()| vectors.dim())
        })
        .transpose()?;
        drop((bm25, counts));

        let manifest = Manifest {
            format: FORMAT,
            ragkit: env!("CARGO_PKG_VERSION").into(),
            digest: self.digest,
            source: self.source.clone(),
            source_files: self.source_files,
            config: self.config.clone(),
            documents: written.documents,
            empty_documents: written.empty,
            terms,
            dim,
            folder: String::new(),
            files: BTreeMap::new(),
            seal: String::new(),
        };
        let manifest = store.commit(folder, manifest)?;
        Ok(Built {
            manifest,
            seconds: started.elapsed().as_secs_f64(),
        })
    }
}

struct Written {
    documents: usize,
    empty: usize,
    vectors: Matrix,
}

fn write_documents(
    mut corpus: Corpus,
    config: &IndexConfig,
    analyser: &Analyser,
    folder: &Path,
    progress: &ProgressBar,
) -> anyhow::Result<Written> {
    let mut texts = DocumentsWriter::new(documents::path_in(folder));
    let mut bm25 = Bm25Writer::create(&store::bm25_in(folder))?;
    let mut written = Written {
        documents: 0,
        empty: 0,
        vectors: Matrix::default(),
    };
    loop {
        let mut batch: Vec<Document> =
            corpus.by_ref().take(BATCH).collect::<anyhow::Result<_>>()?;
        if batch.is_empty() {
            break;
        }
        let token_lists: Vec<Vec<Token>> = batch
            .par_iter()
            .map_init(
                || analyser.clone(),
                |analyser, document| analyser.tokens(&document.searched()),
            )
            .collect();
        for (document, tokens) in batch.iter_mut().zip(token_lists) {
            if config.embedder == EmbedderConfig::Vectors {
                written.vectors.push(&unit_vector(document)?);
            }
            written.empty += usize::from(tokens.is_empty());
            bm25.add(
                u32::try_from(written.documents)
                    .context("more documents than an index can hold (2^32)")?,
                tokens,
            )?;
            written.documents += 1;
        }
        texts.write(&batch)?;
        progress.inc(batch.len() as u64);
    }
    ensure!(
        written.documents > 0,
        "`{}` holds no document",
        corpus.path().display()
    );
    texts.finish()?;
    bm25.finish()?;
    Ok(written)
}

fn unit_vector(document: &mut Document) -> anyhow::Result<Vec<f32>> {
    let Some(mut vector) = document.vector.take() else {
        bail!(
            "document `{}` has no vector; name its column in `fields.vector` or a file in `vectors`, or choose another `embedder`",
            document.id
        );
    };
    Matrix::normalise(&mut vector);
    Ok(vector)
}
