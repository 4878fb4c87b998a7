//! From a corpus to an index directory, in one pass over the documents.

mod sets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;
use rayon::prelude::*;
use tantivy::tokenizer::Token;

use self::sets::{Filling, Set};
use super::bm25::{Bm25, Bm25Writer};
use super::documents::{self, DocumentsWriter};
use super::intake::Intake;
use super::manifest::{FORMAT, IndexConfig, Manifest, VectorsConfig};
use super::store::{self, Store};
use crate::analysis::Analyser;
use crate::caches::Embeddings;
use crate::chunking::{Chunker, Passage};
use crate::data::{Checksum, Document, Source};
use crate::extraction::RefusedFile;
use crate::models::{Embedder, OpenedEmbedder, Tokens};

/// Documents that are cut, and passages that are analysed and embedded, together and in parallel.
const BATCH: usize = 256;

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
/// Where another process is building there, the directory holds what is not an index, or a model is missing.
pub fn build(
    source: &Source,
    config: &IndexConfig,
    out: &Path,
    progress: &ProgressBar,
) -> anyhow::Result<Built> {
    let plan = Plan::new(source, config, &|_| true)?;
    // Opened before the directory is made: a wrong path leaves nothing behind.
    let corpus = Intake::open(source)?;
    let Some(store) = Store::try_lock(out)? else {
        bail!(
            "another ragkit is building the index `{}`; wait for it to end",
            out.display()
        );
    };
    plan.build(&store, corpus, progress)
}

/// Makes the index in the directory `out` current, with the `needed` sets of vectors: builds it where it is missing, stale or
/// `damaged`. Waits for another process that is building it. `say` is told before a build begins.
pub fn make_current(
    source: &Source,
    config: &IndexConfig,
    needed: &[&str],
    out: &Path,
    damaged: bool,
    say: impl Fn(&str),
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let plan = Plan::new(source, config, &|name| needed.contains(&name))?;
    if !damaged && plan.is_current(out) {
        return Ok(());
    }
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
        // Sets that are there already and made of these documents are kept, so that runs of different variants do not
        // undo each other's work; where one's model is gone, it is not.
        let there: Vec<String> = match Manifest::load(out) {
            Ok(manifest) if manifest.digest == plan.digest => {
                manifest.vectors.into_keys().collect()
            }
            _ => Vec::new(),
        };
        let is_needed = |name: &str| needed.contains(&name);
        let both = |name: &str| is_needed(name) || there.iter().any(|known| known == name);
        let plan = if there.iter().all(|name| is_needed(name)) {
            plan
        } else {
            Plan::new(source, config, &both).unwrap_or(plan)
        };
        say(&format!("building the index `{}`", out.display()));
        plan.build(&store, Intake::open(source)?, progress)?;
    }
    Ok(())
}

/// Whether `out` holds the index of exactly this source, as it is now, under this config, with the `needed` vectors.
pub fn is_current(
    source: &Source,
    config: &IndexConfig,
    needed: &[&str],
    out: &Path,
) -> anyhow::Result<bool> {
    Ok(Plan::new(source, config, &|name| needed.contains(&name))?.is_current(out))
}

/// What an index is to be: a source, as it is now, under a config.
struct Plan<'a> {
    source: &'a Source,
    config: IndexConfig,
    source_files: BTreeMap<String, Checksum>,
    digest: String,
    tokens: Tokens,
    /// The model by whose vectors documents are cut, where they are.
    similarity: Option<OpenedEmbedder>,
    sets: Vec<Set>,
}

impl<'a> Plan<'a> {
    /// A plan for the sets of vectors that are `wanted`.
    fn new(
        source: &'a Source,
        config: &IndexConfig,
        wanted: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let (tokens, tokenizer) = config.resolved_tokenizer().open()?;
        let similarity = config
            .similarity_model()
            .map(|model| model.open())
            .transpose()?
            .flatten();
        let mut models = vec![tokenizer];
        models.extend(similarity.iter().map(|model| model.digest.clone()));
        let mut config = config.clone();
        // Said outright, as the set of vectors that it may follow from need not be among those that are built.
        config.tokenizer = Some(config.resolved_tokenizer());
        config.vectors.retain(|name, _| wanted(name));
        let source_files = source.corpus_checksums()?;
        let digest = Manifest::digest(source, &source_files, &config, &models)?;
        let set = |(name, config): (&String, &VectorsConfig)| {
            Set::new(name, config).with_context(|| format!("vectors `{name}`"))
        };
        Ok(Self {
            source,
            sets: config.vectors.iter().map(set).collect::<Result<_, _>>()?,
            source_files,
            digest,
            tokens,
            similarity,
            config,
        })
    }

    fn is_current(&self, out: &Path) -> bool {
        Manifest::load(out).is_ok_and(|manifest| {
            let has = |set: &Set| {
                let found = manifest.vectors.get(&set.name);
                found.is_some_and(|found| found.digest == set.digest)
            };
            manifest.digest == self.digest && self.sets.iter().all(has)
        })
    }

    fn build(self, store: &Store, corpus: Intake, progress: &ProgressBar) -> anyhow::Result<Built> {
        let started = std::time::Instant::now();
        let analyser = Analyser::new(&self.config.analyser)?;
        let folder = store.new_folder()?;

        // Only now, as whoever opens a cache keeps all others from writing in it.
        let mut embeddings = Embeddings::default();
        let sets = self.sets.into_iter();
        let mut sets: Vec<Filling> = sets
            .map(|set| set.begin(&mut embeddings))
            .collect::<Result<_, _>>()?;
        let embedder = self
            .similarity
            .map(|model| embeddings.of(model))
            .transpose()?;
        let chunker = Chunker::new(
            &self.config.chunking,
            self.tokens,
            analyser.clone(),
            embedder.map(|embedder| embedder as Arc<dyn Embedder + Send>),
        );
        let written = write_passages(
            corpus,
            &chunker,
            &mut sets,
            &analyser,
            folder.path(),
            progress,
        )?;
        let bm25 = Bm25::open(
            &store::bm25_in(folder.path()),
            vec![0; written.passages].into(),
        )?;
        let counts = bm25.counts()?;
        let terms = counts.terms.len();
        let mut vectors = BTreeMap::new();
        for set in sets {
            progress.set_message(format!("vectors `{}`", set.name));
            let name = set.name.clone();
            let facts = set.finish(&counts, &analyser, folder.path());
            vectors.insert(
                name.clone(),
                facts.with_context(|| format!("vectors `{name}`"))?,
            );
        }
        drop((bm25, counts));

        let manifest = Manifest {
            format: FORMAT,
            ragkit: env!("CARGO_PKG_VERSION").into(),
            digest: self.digest,
            source: self.source.clone(),
            source_files: self.source_files,
            config: self.config,
            documents: written.documents,
            passages: written.passages,
            empty_passages: written.empty,
            tokens: written.tokens,
            refused: written.refused,
            terms,
            vectors,
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

#[derive(Default)]
struct Written {
    documents: usize,
    passages: usize,
    /// Passages without a term.
    empty: usize,
    tokens: usize,
    refused: Vec<RefusedFile>,
}

fn write_passages(
    mut corpus: Intake,
    chunker: &Chunker,
    sets: &mut [Filling],
    analyser: &Analyser,
    folder: &Path,
    progress: &ProgressBar,
) -> anyhow::Result<Written> {
    let mut texts = DocumentsWriter::new(documents::path_in(folder));
    let mut bm25 = Bm25Writer::create(&store::bm25_in(folder))?;
    let mut written = Written::default();
    loop {
        let documents: Vec<Document> =
            corpus.by_ref().take(BATCH).collect::<anyhow::Result<_>>()?;
        if documents.is_empty() {
            break;
        }
        let read = documents.len();
        let cut = documents
            .into_par_iter()
            .map(|document| chunker.passages(document));
        let passages: Vec<Vec<Passage>> = cut.collect::<anyhow::Result<_>>()?;
        for batch in passages.concat().chunks(BATCH) {
            let token_lists = batch.par_iter().map_init(
                || analyser.clone(),
                |analyser, passage| analyser.tokens(&passage.document.searched()),
            );
            let terms: Vec<Vec<Token>> = token_lists.collect();
            for terms in terms {
                written.empty += usize::from(terms.is_empty());
                let row = u32::try_from(written.passages)
                    .context("more passages than an index can hold (2^32)")?;
                bm25.add(row, terms)?;
                written.passages += 1;
            }
            written.tokens += batch
                .iter()
                .map(|passage| passage.part.tokens)
                .sum::<usize>();
            texts.write(batch)?;
            for set in &mut *sets {
                set.add(batch)?;
            }
        }
        written.documents += read;
        progress.inc(read as u64);
    }
    let path = corpus.path().to_owned();
    written.refused = corpus.refused();
    ensure!(
        written.documents > 0,
        "`{}` holds no document{}",
        path.display(),
        nothing_but(&written.refused)
    );
    texts.finish()?;
    bm25.finish()?;
    Ok(written)
}

/// Why there is no document, where all files were refused.
fn nothing_but(refused: &[RefusedFile]) -> String {
    match refused {
        [] => String::new(),
        [only] => format!(
            ": the one file was refused, `{}`: {}",
            only.file, only.reason
        ),
        [first, ..] => format!(
            ": all {} files were refused, the first, `{}`: {}",
            refused.len(),
            first.file,
            first.reason
        ),
    }
}
