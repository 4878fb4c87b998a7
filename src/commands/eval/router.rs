//! Routers of prompts to language models, over outcomes that are known.

use super::{Arguments, alternation, check_fields, evaluate};
use crate::cli::Global;
use crate::data::Metadata;
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::router::{Config, Division, Router};

pub(super) fn run(
    experiment: &Experiment,
    config: &Config,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let metrics = experiment.router_metrics()?;
    let matrix = experiment.outcomes()?;
    let metadata: Vec<&Metadata> = matrix
        .prompts
        .iter()
        .map(|prompt| &prompt.metadata)
        .collect();
    check_fields(experiment, "prompt", &metadata, &matrix.fields())?;
    let mut division = Division::of(matrix, config.split.as_ref())?;
    if let Some(limit) = arguments.limit {
        division.test.truncate(limit.get());
    }
    let open = |config| Router::open(&division, config, &metrics, experiment.seed);
    let router = open(config)?;
    let variants = config.variants.iter().map(|variant| variant.name.clone());
    let mut identity = experiment.identity(
        variants.collect(),
        division.test.len(),
        router.conditions().clone(),
        router.metrics(),
    )?;
    identity.models = router.models();
    let single = config.single_variants();
    let alternation = alternation(arguments, &single, open)?;
    identity.interleaved_rounds = alternation
        .as_ref()
        .map_or(0, |alternation| alternation.rounds);
    for remark in router.remarks() {
        global.say(&remark);
    }
    let with = (experiment, arguments, global);
    evaluate(
        &router,
        alternation.as_ref(),
        &division.test,
        identity,
        with,
    )
}
