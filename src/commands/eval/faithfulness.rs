//! Scorers of faithfulness, on answers that people labelled.

use super::{Arguments, alternation, check_fields, evaluate};
use crate::cli::Global;
use crate::data::Metadata;
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::faithfulness::{Config, Faithfulness};

pub(super) fn run(
    experiment: &Experiment,
    config: &Config,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let metrics = experiment.faithfulness_metrics()?;
    let mut labelled = experiment.labelled()?;
    let metadata: Vec<&Metadata> = labelled
        .answers
        .iter()
        .map(|answer| &answer.metadata)
        .collect();
    check_fields(
        experiment,
        "answer",
        &metadata,
        &labelled.fields().join(", "),
    )?;
    if let Some(limit) = arguments.limit {
        labelled.answers.truncate(limit.get());
    }
    let remember = arguments.interleave.is_none();
    let scorers = Faithfulness::open(&labelled, config, &metrics, remember)?;
    let variants = config.variants.iter().map(|variant| variant.name.clone());
    let mut identity = experiment.identity(
        variants.collect(),
        labelled.answers.len(),
        scorers.conditions().clone(),
        scorers.metrics(),
    )?;
    identity.models = scorers.models();
    let single = config.single_variants();
    let alone = |config| Faithfulness::open(&labelled, config, &metrics, remember);
    let alternation = alternation(arguments, &single, alone)?;
    identity.interleaved_rounds = alternation
        .as_ref()
        .map_or(0, |alternation| alternation.rounds);
    for note in scorers.notes() {
        global.say(&note);
    }
    let with = (experiment, arguments, global);
    evaluate(
        &scorers,
        alternation.as_ref(),
        &labelled.answers,
        identity,
        with,
    )
}
