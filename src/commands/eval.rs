//! `ragkit eval`: run a config's variants over its dataset and score them.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

use super::report::render;
use super::{Rendering, print, print_json};
use crate::cli::Global;
use crate::data::{Corpus, CorpusFrom, Judged, Source};
use crate::experiment::{Experiment, SystemConfig};
use crate::indexes::VectorsConfig;
use crate::models::EmbedderConfig;
use crate::report::{Run, RunPath, SummaryRow, reports_folder};
use crate::runner::{self, Alternation, Options};
use crate::systems::System;
use crate::systems::rag::Rag;

/// Run a config's variants over its dataset and score them.
///
/// Writes a run directory below --reports and prints its report. A run that was interrupted is continued where it
/// stopped when the same command is given again.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit eval configs/demo.toml\n  \
    ragkit eval configs/scifact.toml --variants bm25,hybrid --limit 50\n  \
    ragkit eval configs/demo.toml --format json | jq '.summary[] | select(.metric == \"nDCG@10\")'")]
pub struct Arguments {
    /// The experiment file.
    config: PathBuf,
    /// Run these variants only.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    variants: Vec<String>,
    /// Run the first N examples only.
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Slice the summary by these fields of the examples, beside those of the config.
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    slices: Vec<String>,
    /// Seed, instead of the config's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Time the variants against each other: each by itself, in turns (A B B A, then B A A B, batch by batch), ROUNDS times.
    /// Such a run is what the `ratio` rules of a gate look at. Caches are left aside.
    #[arg(long, value_name = "ROUNDS", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    interleave: Option<NonZeroUsize>,
    /// Start anew, also where an interrupted run could be continued.
    #[arg(long)]
    fresh: bool,
    /// Print the resolved config and what a run would take, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where run directories go.
    #[arg(long, value_name = "DIR", default_value_os_t = reports_folder())]
    reports: PathBuf,
    /// How to print the result; JSON has `run` and `summary`.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

#[derive(Serialize)]
struct Outcome<'a> {
    run: String,
    summary: &'a [SummaryRow],
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let mut experiment = Experiment::load(&arguments.config)?;
    if !arguments.variants.is_empty() {
        experiment.keep_variants(&arguments.variants)?;
    }
    experiment.seed = arguments.seed.unwrap_or(experiment.seed);
    for slice in &arguments.slices {
        if !experiment.slices.contains(slice) {
            experiment.slices.push(slice.clone());
        }
    }
    let source = experiment.source()?;
    if arguments.dry_run {
        return dry_run(&experiment, &source, arguments);
    }

    let judged = judged(&experiment, &source, arguments.limit)?;
    let rounds = arguments.interleave.map_or(0, NonZeroUsize::get);
    let progress = global.progress("documents", None);
    let indexes =
        experiment.open_indexes(&source, rounds == 0, |text| global.say(text), &progress)?;
    progress.finish_and_clear();
    let SystemConfig::Rag(config) = &experiment.system;
    let rag = Rag::new(&indexes, &judged, config, &experiment.metrics)?;
    let identity = experiment.identity(&judged, &indexes, rag.metrics(), rounds)?;
    if identity.dangling > 0 {
        global.say(&format!(
            "note: {} relevant documents are not in the index; they count as not found",
            identity.dangling
        ));
    }
    for note in rag.searches() {
        global.say(&note);
    }
    let progress = global.progress("queries", Some(judged.queries.len()));
    let options = Options {
        reports: &arguments.reports,
        batch_size: experiment.batch_size.get(),
        fresh: arguments.fresh,
        device: "cpu",
    };
    let single = config.single_variants();
    let alone = |config| Rag::new(&indexes, &judged, config, &experiment.metrics);
    let alternation = match arguments.interleave {
        Some(rounds) => Some(Alternation {
            alone: single.iter().map(alone).collect::<anyhow::Result<_>>()?,
            rounds: rounds.get(),
        }),
        None => None,
    };
    let (queries, alternation) = (&judged.queries, alternation.as_ref());
    let finished = runner::evaluate(&rag, alternation, queries, identity, &options, &progress)?;
    progress.finish_and_clear();
    if finished.manifest.resumed_examples > 0 {
        global.say(&format!(
            "continued an interrupted run: {} examples were done",
            finished.manifest.resumed_examples
        ));
    }
    if arguments.format == Rendering::Json {
        return print_json(&Outcome {
            run: finished.path.0.display().to_string(),
            summary: &finished.summary,
        });
    }
    print(render(&Run::open(finished.path)?, arguments.format)?)
}

fn judged(
    experiment: &Experiment,
    source: &Source,
    limit: Option<NonZeroUsize>,
) -> anyhow::Result<Judged> {
    let mut judged = Judged::read(source)?;
    for slice in experiment.slices.iter().chain(&experiment.cluster) {
        ensure!(
            judged
                .queries
                .iter()
                .any(|query| query.metadata.contains_key(slice)),
            "no query has the field `{slice}` that `slices` or `cluster` names; the fields are {}",
            judged.fields().join(", ")
        );
    }
    if let Some(limit) = limit {
        judged.queries.truncate(limit.get());
    }
    Ok(judged)
}

/// The resolved config and the bill: rows × calls × tokens × seconds × dollars.
fn dry_run(experiment: &Experiment, source: &Source, arguments: &Arguments) -> anyhow::Result<()> {
    let judged = judged(experiment, source, arguments.limit)?;
    let SystemConfig::Rag(config) = &experiment.system;
    let queries = judged.queries.len();
    let mut lines = vec![toml::to_string(experiment)?];
    lines.push(format!(
        "# {queries} judged queries ({} without a judgement are left out)",
        judged.unjudged
    ));
    let indexes = experiment.indexes()?;
    let mut is_current = true;
    for index in &indexes {
        let state = match index.owned {
            Some(_) if !index.is_current(source)? => {
                is_current = false;
                format!("to be built from {}", corpus_size(source)?)
            }
            Some(_) => "current".to_owned(),
            None => "yours".to_owned(),
        };
        lines.push(format!("# index `{}`: {state}", index.path.display()));
    }
    let sets: HashSet<Option<&str>> = config
        .variants
        .iter()
        .filter_map(|variant| Some(variant.retrieve.dense(0)?.0.vectors.as_deref()))
        .collect();
    let remote = indexes
        .iter()
        .filter_map(|index| index.owned.as_ref())
        .any(|index| {
            let asked = |name: &String| sets.contains(&Some(name.as_str())) || sets.contains(&None);
            let is_endpoint =
                |set: &VectorsConfig| matches!(set.embedder, EmbedderConfig::Endpoint(_));
            index
                .vectors
                .iter()
                .any(|(name, set)| asked(name) && is_endpoint(set))
        });
    let rows = queries * config.variants.len();
    lines.push(format!(
        "# rows: {queries} queries × {} variants = {rows}",
        config.variants.len()
    ));
    lines.push(format!(
        "# texts to embed: {} queries{}; over the network: {}",
        queries * sets.len(),
        if is_current {
            ""
        } else {
            " and the documents, those in the cache excepted"
        },
        if remote {
            "yes, by the endpoint of the config"
        } else {
            "none"
        }
    ));
    lines.push(
        if remote {
            "# tokens: of those texts, as the endpoint counts them; cost: what it charges for them"
        } else {
            "# tokens: 0; cost: 0 USD"
        }
        .to_owned(),
    );
    lines.push(match last_pace(experiment, arguments)? {
        Some(seconds) => format!(
            "# seconds: about {:.1}, at the pace of the last finished run",
            seconds * queries as f64
        ),
        None => "# seconds: unknown until a first run".to_owned(),
    });
    print(lines.join("\n"))
}

/// How large a corpus is, in words.
fn corpus_size(source: &Source) -> anyhow::Result<String> {
    Ok(match source.corpus() {
        CorpusFrom::Table(table) => {
            let documents =
                Corpus::open(&table)?.try_fold(0_usize, |count, row| row.map(|_| count + 1))?;
            format!("{documents} documents")
        }
        CorpusFrom::Files(files) => format!("{} files", files.entries()?.len()),
    })
}

/// Seconds per example of the newest finished run of this name.
fn last_pace(experiment: &Experiment, arguments: &Arguments) -> anyhow::Result<Option<f64>> {
    for path in RunPath::all(&arguments.reports, &String::from(experiment.name.clone()))? {
        // A run that cannot be read says nothing about the pace.
        if let Ok(Run { manifest, .. }) = Run::open(path) {
            let ran = manifest
                .identity
                .examples
                .saturating_sub(manifest.resumed_examples);
            if ran > 0 {
                return Ok(Some(manifest.seconds / ran as f64));
            }
        }
    }
    Ok(None)
}
