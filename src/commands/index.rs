//! `ragkit index`: a corpus becomes an index directory.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::peak_memory_bytes;
use crate::analysis::{AnalyserConfig, Language};
use crate::cli::Global;
use crate::data::{PathText, Source, VectorFile};
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
    ragkit index docs.parquet --out docs.index --embedder vectors --vector embedding\n  \
    ragkit index configs/demo.toml")]
pub struct Arguments {
    /// What to index.
    path: PathBuf,
    /// The index directory to write.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
    /// Language of stop words and stemmer.
    #[arg(long, value_name = "LANGUAGE", default_value = "english", value_parser = language)]
    language: Language,
    /// Keep stop words.
    #[arg(long)]
    keep_stop_words: bool,
    /// Do not stem.
    #[arg(long)]
    no_stem: bool,
    /// Where the vectors come from.
    #[arg(long, value_enum, default_value_t = EmbedderKind::Lsa)]
    embedder: EmbedderKind,
    /// Dimensions of lsa.
    #[arg(long, value_name = "N", default_value_t = LsaConfig::default().dim)]
    dim: usize,
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

fn language(text: &str) -> Result<Language, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
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
        if arguments.out.is_some() {
            bail!(
                "--out does not go with a config: its index lies in `{}`",
                path.display()
            );
        }
        return Ok((experiment.source()?, config.clone(), path));
    }
    let out = arguments
        .out
        .clone()
        .context("say where to write the index: `--out DIR`")?;
    let text = arguments.path.to_str().context("the path is not UTF-8")?;
    let mut source = Source::corpus_at(PathText(text.to_owned()), arguments.path.is_dir());
    match &mut source {
        Source::Tables(tables) => {
            let fields = &mut tables.corpus.fields;
            fields.id.clone_from(&arguments.id);
            fields.title.clone_from(&arguments.title);
            fields.text.clone_from(&arguments.text);
            fields.metadata.clone_from(&arguments.metadata);
            fields.access.clone_from(&arguments.access);
            fields.vector.clone_from(&arguments.vector);
            tables.corpus.vectors = arguments
                .vectors
                .clone()
                .zip(arguments.vector_ids.clone())
                .map(|(npy, ids)| VectorFile {
                    npy: PathText(npy),
                    ids: PathText(ids),
                });
        }
        Source::Beir(_) => {
            let named = [
                &arguments.id,
                &arguments.title,
                &arguments.text,
                &arguments.access,
                &arguments.vector,
                &arguments.vectors,
            ];
            if named.iter().any(|name| name.is_some()) || !arguments.metadata.is_empty() {
                bail!(
                    "a BEIR folder has its columns by name; to map columns give the file: `{}`",
                    arguments.path.join("corpus.jsonl").display()
                );
            }
        }
    }
    let analyser = AnalyserConfig {
        language: arguments.language,
        stop_words: !arguments.keep_stop_words,
        stem: !arguments.no_stem,
    };
    let embedder = match arguments.embedder {
        EmbedderKind::None => EmbedderConfig::None,
        EmbedderKind::Lsa => EmbedderConfig::Lsa(LsaConfig {
            dim: arguments.dim,
            ..LsaConfig::default()
        }),
        EmbedderKind::Vectors => EmbedderConfig::Vectors,
    };
    Ok((source, IndexConfig { analyser, embedder }, out))
}
