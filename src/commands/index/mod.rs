//! `ragkit index`: a corpus becomes an index directory.

mod arguments;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

pub use self::arguments::Arguments;
use super::extract::tell_refused;
use super::peak_memory_bytes;
use crate::analysis::{AnalyserConfig, Language};
use crate::cli::Global;
use crate::data::{CorpusFrom, Files, PathText, Source, Table};
use crate::experiment::Experiment;
use crate::indexes::{self, IndexConfig, Manifest, VectorFacts};

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let plans = plan(arguments)?;
    let mut verdict = Ok(());
    for Plan {
        source,
        config,
        out,
    } in &plans
    {
        let progress = global.progress("documents", None);
        let built = indexes::build(source, config, out, &progress)?;
        progress.finish_and_clear();
        let manifest = &built.manifest;
        let memory = peak_memory_bytes().map_or_else(String::new, |bytes| {
            format!(", {} MiB at most", bytes >> 20)
        });
        global.say(&format!(
            "indexed {}\nin {:.1} s: {:.0} documents/s{memory}\nwrote `{}`",
            contents(manifest),
            built.seconds,
            manifest.documents as f64 / built.seconds,
            out.display()
        ));
        tell_refused(&manifest.refused, global);
        // The index of the others is written all the same, and so are those after it.
        if let CorpusFrom::Files(files) = source.corpus() {
            verdict = verdict.and(files.check_refused(manifest.refused.len()));
        }
    }
    verdict
}

/// What an index holds, in words.
fn contents(manifest: &Manifest) -> String {
    let empty = match manifest.empty_passages {
        0 => String::new(),
        1 => " (1 without a term: no words find it)".into(),
        many => format!(" ({many} without a term: no words find them)"),
    };
    let cut = if manifest.config.chunking == crate::chunking::Chunking::Whole {
        format!("{} documents{empty}", manifest.documents)
    } else {
        format!(
            "{} documents as {} {}{empty}",
            manifest.documents,
            manifest.passages,
            manifest.config.chunking.describe()
        )
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
    format!("{cut}, {} terms{vectors}", manifest.terms)
}

/// An index that is to be built.
struct Plan {
    source: Source,
    config: IndexConfig,
    out: PathBuf,
}

fn plan(arguments: &Arguments) -> anyhow::Result<Vec<Plan>> {
    let is_config = arguments
        .path
        .extension()
        .is_some_and(|ending| ending == "toml");
    if is_config {
        return plans_of_config(arguments);
    }
    let out = arguments
        .out
        .clone()
        .context("say where to write the index: `--out DIR`")?;
    let config = IndexConfig {
        analyser: AnalyserConfig {
            language: arguments.language.unwrap_or(Language::English),
            stop_words: !arguments.keep_stop_words,
            stem: !arguments.no_stem,
        },
        chunking: arguments.chunking()?,
        tokenizer: arguments.tokenizer.clone(),
        vectors: arguments.vector_sets()?,
    };
    config.validate()?;
    Ok(vec![Plan {
        source: source(arguments)?,
        config,
        out,
    }])
}

/// The indexes that a config owns.
fn plans_of_config(arguments: &Arguments) -> anyhow::Result<Vec<Plan>> {
    let experiment = Experiment::load(&arguments.path)?;
    let source = experiment.source()?;
    let mut plans = Vec::new();
    for wanted in experiment.indexes()? {
        let Some(config) = wanted.owned else {
            bail!(
                "`{}` searches the index `{}`, which it does not own; build that one from its corpus with --out",
                arguments.path.display(),
                wanted.path.display()
            );
        };
        ensure!(
            arguments.out.is_none() && !arguments.maps_columns() && !arguments.shapes_index(),
            "a config says by itself what to index and how; its index lies in `{}`: give no other option",
            wanted.path.display()
        );
        plans.push(Plan {
            source: source.clone(),
            config,
            out: wanted.path,
        });
    }
    Ok(plans)
}

/// What is to be indexed: a folder in BEIR's layout, a table, or else files of all formats.
fn source(arguments: &Arguments) -> anyhow::Result<Source> {
    let path = &arguments.path;
    let text = path.to_str().context("the path is not UTF-8")?;
    let at = PathText::literal(text);
    let is_beir = path.is_dir() && path.join("corpus.jsonl").is_file();
    if is_beir {
        ensure!(
            !arguments.maps_columns(),
            "a BEIR folder has its columns by name; to map columns give the file: `{}`",
            path.join("corpus.jsonl").display()
        );
    }
    if is_beir || arguments.is_table() {
        ensure!(
            arguments.max_failures.is_none(),
            "--max-failures goes with files from which text is extracted; a table is read whole or not at all"
        );
    }
    if is_beir {
        return Ok(Source::beir_at(at));
    }
    if arguments.is_table() {
        return Ok(Source::table(Table {
            format: arguments.format,
            fields: arguments.fields(),
            vectors: arguments.vector_file(),
            ..Table::at(at)
        }));
    }
    ensure!(
        !arguments.maps_columns(),
        "documents as files have no columns; give a table, or drop the options that name columns"
    );
    let inside = arguments.out.as_ref().is_some_and(|out| lies_in(out, path));
    ensure!(
        !inside,
        "the index would lie in the folder that it is made of, and be indexed with it; give `--out` a path elsewhere"
    );
    Ok(Source::Files(Box::new(Files {
        max_failures: arguments.max_failures,
        ..Files::at(at)
    })))
}

/// Whether a path, which need not be there yet, lies in a folder.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let (Ok(path), Ok(folder)) = (std::path::absolute(path), fs_err::canonicalize(folder)) else {
        return false;
    };
    // The nearest folder that is there, as links lead elsewhere.
    let there = path
        .ancestors()
        .find_map(|above| fs_err::canonicalize(above).ok());
    there.is_some_and(|there| there.starts_with(&folder))
}
