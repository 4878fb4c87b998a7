//! `ragkit eval`: run a config's variants over its dataset and score them.

mod ablation;
mod cache;
mod dry_run;
mod faithfulness;
mod moderation;
mod rag;
mod recorded;
mod router;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

use super::report::render;
use super::{Rendering, print, print_json};
use crate::cli::Global;
use crate::comparison::Ablation;
use crate::data::Metadata;
use crate::experiment::{Experiment, SystemConfig};
use crate::report::{Identity, Run, SummaryRow, reports_folder};
use crate::runner::{self, Alternation, Finished, Options};
use crate::systems::System;
use crate::systems::moderation::Sheet;

/// Run a config's variants over its dataset and score them.
///
/// Writes a run directory below --reports and prints its report. A run that was interrupted is continued where it
/// stopped when the same command is given again.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit eval configs/demo.toml\n  \
    ragkit eval configs/scifact.toml --variants bm25,hybrid --limit 50\n  \
    ragkit eval configs/demo.toml --ablate=full\n  \
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
    /// Show what each variant changes against the first one, or against BASE: quality (the config's first three metrics) with a paired
    /// interval, latency, tokens and cost, beside what is usually claimed for the stage that it adds or leaves out.
    #[arg(long, value_name = "BASE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    ablate: Option<String>,
    /// Attack the moderators of the config as well: write every violating post that they catch, and benign ones, in tricky ways, and see what slips past and what is
    /// wrongly caught then.
    #[arg(long)]
    attack: bool,
    /// Start anew, also where an interrupted run could be continued.
    #[arg(long)]
    fresh: bool,
    /// Print the resolved config and what a run would take, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where run directories go.
    #[arg(long, value_name = "DIR", default_value_os_t = reports_folder())]
    reports: PathBuf,
    /// How to print the result; JSON has `run` and `summary`, and of moderators `moderation`.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

#[derive(Serialize)]
struct Outcome<'a> {
    run: String,
    summary: &'a [SummaryRow],
    #[serde(skip_serializing_if = "Option::is_none")]
    ablation: Option<&'a Ablation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderation: Option<Sheet>,
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
    let plan = match &arguments.ablate {
        Some(base) => {
            let base = Some(base.as_str()).filter(|base| !base.is_empty());
            Some(ablation::Plan::new(&experiment, base)?)
        }
        None => None,
    };
    ensure!(
        !arguments.attack || matches!(experiment.system, SystemConfig::Moderation(_)),
        "`--attack` is for configs of `system.moderation`"
    );
    if arguments.dry_run {
        return dry_run::run(&experiment, arguments);
    }

    let finished = match &experiment.system {
        SystemConfig::Rag(config) => rag::run(&experiment, config, arguments, global)?,
        SystemConfig::Recorded(config) => recorded::run(&experiment, config, arguments, global)?,
        SystemConfig::Cache(config) => cache::run(&experiment, config, arguments, global)?,
        SystemConfig::Faithfulness(config) => {
            faithfulness::run(&experiment, config, arguments, global)?
        }
        SystemConfig::Router(config) => router::run(&experiment, config, arguments, global)?,
        SystemConfig::Moderation(config) => {
            moderation::run(&experiment, config, arguments, global)?
        }
    };
    if finished.manifest.resumed_examples > 0 {
        global.say(&format!(
            "continued an interrupted run: {} examples were done",
            finished.manifest.resumed_examples
        ));
    }
    show(plan.as_ref(), arguments, finished)
}

/// Runs a system over its examples.
fn evaluate<S: System>(
    system: &S,
    alternation: Option<&Alternation<S>>,
    examples: &[S::Example],
    identity: Identity,
    (experiment, arguments, global): (&Experiment, &Arguments, &Global),
) -> anyhow::Result<Finished> {
    let progress = global.progress("examples", Some(examples.len()));
    let options = Options {
        reports: &arguments.reports,
        batch_size: experiment.batch_size.get(),
        fresh: arguments.fresh,
        device: "cpu",
    };
    let finished = runner::evaluate(system, alternation, examples, identity, &options, &progress);
    progress.finish_and_clear();
    finished
}

/// Checks that each field by which the config slices or clusters is one of some example, of which `metadata` is that of each and `known` names the fields.
fn check_fields(
    experiment: &Experiment,
    kind: &str,
    metadata: &[&Metadata],
    known: &str,
) -> anyhow::Result<()> {
    for field in experiment.slices.iter().chain(&experiment.cluster) {
        ensure!(
            metadata.iter().any(|fields| fields.contains_key(field)),
            "no {kind} has the field `{field}` that `slices` or `cluster` names; the fields are {known}"
        );
    }
    Ok(())
}

/// The variants each as a system of its own, where they are to be timed in turns.
fn alternation<'c, C, S>(
    arguments: &Arguments,
    single: &'c [C],
    alone: impl Fn(&'c C) -> anyhow::Result<S>,
) -> anyhow::Result<Option<Alternation<S>>> {
    let Some(rounds) = arguments.interleave else {
        return Ok(None);
    };
    Ok(Some(Alternation {
        alone: single.iter().map(alone).collect::<anyhow::Result<_>>()?,
        rounds: rounds.get(),
    }))
}

fn show(
    plan: Option<&ablation::Plan>,
    arguments: &Arguments,
    finished: Finished,
) -> anyhow::Result<()> {
    let path = finished.path.0.display().to_string();
    let run = Run::open(finished.path)?;
    let ablation = plan.map(|plan| plan.of(&run)).transpose()?;
    if arguments.format == Rendering::Json {
        return print_json(&Outcome {
            run: path,
            summary: &finished.summary,
            ablation: ablation.as_ref(),
            moderation: Sheet::read(&run)?,
        });
    }
    print(match ablation.zip(arguments.format.style()) {
        Some((ablation, style)) => format!(
            "{path}: `ragkit report` shows all of it\n\n{}",
            ablation.table(style)
        ),
        None => render(&run, arguments.format)?,
    })
}
