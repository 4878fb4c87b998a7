//! `ragkit index`: a corpus becomes an index directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

use super::{known, peak_memory_bytes};
use crate::analysis::{AnalyserConfig, Language};
use crate::cli::Global;
use crate::data::{Fields, Format, PathText, Source, VectorFile};
use crate::experiment::Experiment;
use crate::indexes::{self, HnswConfig, IndexConfig, VectorFacts, VectorsConfig};
use crate::models::{Device, EmbedderConfig, EncoderConfig, LsaConfig};

/// Build an index directory: BM25 and vectors.
///
/// PATH is a folder in BEIR's layout (corpus.jsonl), a table of documents (.jsonl, .csv, .tsv, .parquet), or a config
/// (.toml), which says by itself what to index and where its index lies.
///
/// An index that stands at --out already is replaced once the new one is whole, and not before.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit index datasets/handbook --out handbook.index\n  \
    ragkit index docs.csv --out docs.index --id doc_id --text body --metadata source,date --access groups\n  \
    ragkit index docs.parquet --out docs.index --vector embedding\n  \
    ragkit index configs/demo.toml")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    /// What to index.
    path: PathBuf,
    /// The index directory to write.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Format of the table [default: told from its ending].
    #[arg(long, value_name = "FORMAT", value_parser = known::<Format>)]
    format: Option<Format>,
    /// Column of the id [default: _id or id].
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Column of the title [default: title, where there is one].
    #[arg(long, value_name = "COLUMN")]
    title: Option<String>,
    /// Column of the text [default: text].
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// Columns to keep as metadata [default: BEIR's metadata object].
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    metadata: Vec<String>,
    /// Column of the access labels [default: access, where there is one].
    #[arg(long, value_name = "COLUMN")]
    access: Option<String>,
    /// Column of your own vectors, with --embedder own [default: vector].
    #[arg(long, value_name = "COLUMN")]
    vector: Option<String>,
    /// Your own vectors as a NumPy file, with --embedder own and --vector-ids.
    #[arg(long, value_name = "FILE.npy", requires = "vector_ids")]
    vectors: Option<String>,
    /// One id a line, for the rows of --vectors.
    #[arg(long, value_name = "FILE", requires = "vectors")]
    vector_ids: Option<String>,
    /// Language of stop words and stemmer [default: english]. Arabic, greek, romanian, tamil and turkish have no list of
    /// stop words: give --keep-stop-words.
    #[arg(long, value_name = "LANGUAGE", value_parser = known::<Language>)]
    language: Option<Language>,
    /// Keep stop words.
    #[arg(long)]
    keep_stop_words: bool,
    /// Do not stem.
    #[arg(long)]
    no_stem: bool,
    /// Where the vectors come from [default: lsa; own with --vector or --vectors; encoder with --model].
    #[arg(long, value_enum)]
    embedder: Option<EmbedderKind>,
    /// Dimensions of lsa [default: 512].
    #[arg(long, value_name = "N")]
    dim: Option<usize>,
    /// The encoder: a name in `$RAGKIT_MODELS` (`models` unless set), or the path of a Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Where the encoder computes.
    #[arg(long, default_value = "auto", value_name = "auto|cpu")]
    device: Device,
    /// Build a graph for approximate search (HNSW); for fewer than about 10,000 documents exact search is as fast.
    #[arg(long)]
    hnsw: bool,
    /// Insert one document after the other, so that the graph is the same, byte for byte, every time; on all threads
    /// otherwise.
    #[arg(long, requires = "hnsw")]
    deterministic: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmbedderKind {
    /// None: lexical search only.
    None,
    /// Latent semantic analysis, fitted on the corpus.
    Lsa,
    /// Your own, from a column or a NumPy file.
    #[value(alias = "vectors")]
    Own,
    /// A transformer from a local folder (--model).
    Encoder,
}

impl Arguments {
    /// The columns that were named.
    fn fields(&self) -> Fields {
        Fields {
            id: self.id.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            metadata: self.metadata.clone(),
            access: self.access.clone(),
            vector: self.vector.clone(),
        }
    }

    fn vector_file(&self) -> Option<VectorFile> {
        let (npy, ids) = (self.vectors.as_ref()?, self.vector_ids.as_ref()?);
        Some(VectorFile {
            npy: PathText::literal(npy),
            ids: PathText::literal(ids),
        })
    }

    /// Whether anything was said of how to read the table.
    fn maps_columns(&self) -> bool {
        !self.fields().is_default() || self.vectors.is_some() || self.format.is_some()
    }

    /// Whether anything was said of what to build.
    fn shapes_index(&self) -> bool {
        self.language.is_some()
            || self.keep_stop_words
            || self.no_stem
            || self.embedder.is_some()
            || self.dim.is_some()
            || self.model.is_some()
            || self.hnsw
    }

    fn vector_sets(&self) -> anyhow::Result<BTreeMap<String, VectorsConfig>> {
        let own = self.vector.is_some() || self.vectors.is_some();
        let kind = self.embedder.unwrap_or(match (own, &self.model) {
            (true, _) => EmbedderKind::Own,
            (false, Some(_)) => EmbedderKind::Encoder,
            (false, None) => EmbedderKind::Lsa,
        });
        ensure!(
            !own || kind == EmbedderKind::Own,
            "--vector and --vectors go with `--embedder own` only"
        );
        ensure!(
            self.dim.is_none() || kind == EmbedderKind::Lsa,
            "--dim goes with `--embedder lsa` only"
        );
        ensure!(
            self.model.is_some() == (kind == EmbedderKind::Encoder),
            "`--embedder encoder` and `--model` go together"
        );
        ensure!(
            !self.hnsw || kind != EmbedderKind::None,
            "--hnsw needs vectors; choose another `--embedder`"
        );
        let lsa = LsaConfig::default();
        let embedder = match (kind, &self.model) {
            (EmbedderKind::None, _) => return Ok(BTreeMap::new()),
            (EmbedderKind::Encoder, Some(model)) => EmbedderConfig::Encoder(EncoderConfig {
                model: model.clone(),
                device: self.device,
                query_prefix: String::new(),
                document_prefix: String::new(),
            }),
            (EmbedderKind::Own, _) => EmbedderConfig::Own,
            (EmbedderKind::Lsa | EmbedderKind::Encoder, _) => EmbedderConfig::Lsa(LsaConfig {
                dim: self.dim.unwrap_or(lsa.dim),
                ..lsa
            }),
        };
        let hnsw = self.hnsw.then(|| HnswConfig {
            deterministic: self.deterministic,
            ..HnswConfig::default()
        });
        let name = embedder.name().to_owned();
        Ok(BTreeMap::from([(name, VectorsConfig { embedder, hnsw })]))
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let (source, config, out) = plan(arguments)?;
    let progress = global.progress("documents", None);
    let built = indexes::build(&source, &config, &out, &progress)?;
    progress.finish_and_clear();
    let manifest = &built.manifest;
    let empty = match manifest.empty_documents {
        0 => String::new(),
        1 => " (1 without a term: no words find it)".into(),
        many => format!(" ({many} without a term: no words find them)"),
    };
    let set = |(name, facts): (&String, &VectorFacts)| {
        let graph = manifest
            .config
            .vectors
            .get(name)
            .is_some_and(|set| set.hnsw.is_some());
        let graph = if graph { " with a graph" } else { "" };
        format!(", vectors `{name}` of {} dimensions{graph}", facts.dim)
    };
    let vectors: String = manifest.vectors.iter().map(set).collect();
    let memory = peak_memory_bytes().map_or_else(String::new, |bytes| {
        format!(", {} MiB at most", bytes >> 20)
    });
    global.say(&format!(
        "indexed {} documents{empty}, {} terms{vectors}\nin {:.1} s: {:.0} documents/s{memory}\nwrote `{}`",
        manifest.documents,
        manifest.terms,
        built.seconds,
        manifest.documents as f64 / built.seconds,
        out.display()
    ));
    Ok(())
}

fn plan(arguments: &Arguments) -> anyhow::Result<(Source, IndexConfig, PathBuf)> {
    if arguments
        .path
        .extension()
        .is_some_and(|ending| ending == "toml")
    {
        let experiment = Experiment::load(&arguments.path)?;
        let (path, owned) = experiment.index()?;
        let Some(config) = owned else {
            bail!(
                "`{}` searches the index `{}`, which it does not own; build that one from its corpus with --out",
                arguments.path.display(),
                path.display()
            );
        };
        ensure!(
            arguments.out.is_none() && !arguments.maps_columns() && !arguments.shapes_index(),
            "a config says by itself what to index and how; its index lies in `{}`: give no other option",
            path.display()
        );
        return Ok((experiment.source()?, config.clone(), path));
    }
    let out = arguments
        .out
        .clone()
        .context("say where to write the index: `--out DIR`")?;
    let text = arguments.path.to_str().context("the path is not UTF-8")?;
    let mut source = Source::corpus_at(PathText::literal(text), arguments.path.is_dir());
    match &mut source {
        Source::Tables(tables) => {
            tables.corpus.format = arguments.format;
            tables.corpus.fields = arguments.fields();
            tables.corpus.vectors = arguments.vector_file();
        }
        Source::Beir(_) => ensure!(
            !arguments.maps_columns(),
            "a BEIR folder has its columns by name; to map columns give the file: `{}`",
            arguments.path.join("corpus.jsonl").display()
        ),
    }
    let analyser = AnalyserConfig {
        language: arguments.language.unwrap_or(Language::English),
        stop_words: !arguments.keep_stop_words,
        stem: !arguments.no_stem,
    };
    Ok((
        source,
        IndexConfig {
            analyser,
            vectors: arguments.vector_sets()?,
        },
        out,
    ))
}
