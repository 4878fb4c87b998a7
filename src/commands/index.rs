//! `ragkit index`: a corpus becomes an index directory.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;

use super::peak_memory_bytes;
use crate::analysis::{AnalyserConfig, Language};
use crate::cli::Global;
use crate::data::{Fields, Format, PathText, Source, VectorFile};
use crate::experiment::Experiment;
use crate::indexes::{self, EmbedderConfig, IndexConfig};
use crate::models::LsaConfig;

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
    /// Column of your own vectors, with --embedder vectors [default: vector].
    #[arg(long, value_name = "COLUMN")]
    vector: Option<String>,
    /// Your own vectors as a NumPy file, with --embedder vectors and --vector-ids.
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
    /// Where the vectors come from [default: lsa; vectors with --vector or --vectors].
    #[arg(long, value_enum)]
    embedder: Option<EmbedderKind>,
    /// Dimensions of lsa [default: 512].
    #[arg(long, value_name = "N")]
    dim: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmbedderKind {
    /// None: lexical search only.
    None,
    /// Latent semantic analysis, fitted on the corpus.
    Lsa,
    /// Your own, from a column or a NumPy file.
    Vectors,
}

/// A value by its name in a config.
fn known<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
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
    }

    fn embedder(&self) -> anyhow::Result<EmbedderConfig> {
        let own = self.vector.is_some() || self.vectors.is_some();
        let kind = self.embedder.unwrap_or(if own {
            EmbedderKind::Vectors
        } else {
            EmbedderKind::Lsa
        });
        ensure!(
            !own || kind == EmbedderKind::Vectors,
            "--vector and --vectors go with `--embedder vectors` only"
        );
        ensure!(
            self.dim.is_none() || kind == EmbedderKind::Lsa,
            "--dim goes with `--embedder lsa` only"
        );
        let lsa = LsaConfig::default();
        Ok(match kind {
            EmbedderKind::None => EmbedderConfig::None,
            EmbedderKind::Lsa => EmbedderConfig::Lsa(LsaConfig {
                dim: self.dim.unwrap_or(lsa.dim),
                ..lsa
            }),
            EmbedderKind::Vectors => EmbedderConfig::Vectors,
        })
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
    let vectors = manifest.dim.map_or_else(String::new, |dim| {
        format!(", {dim} dimensions of {}", manifest.config.embedder.name())
    });
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
            embedder: arguments.embedder()?,
        },
        out,
    ))
}
