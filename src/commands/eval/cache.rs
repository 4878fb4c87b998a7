//! A cache of answers, on labelled pairs of questions.

use super::{Arguments, alternation, check_fields, evaluate};
use crate::cli::Global;
use crate::data::Metadata;
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::cache::{CacheSystem, Config, Halves};

pub(super) fn run(
    experiment: &Experiment,
    config: &Config,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let metrics = experiment.cache_metrics()?;
    let pairs = experiment.pairs()?;
    let mut halves = Halves::of(&pairs, &config.split)?;
    let metadata: Vec<&Metadata> = halves.test.iter().map(|pair| &pair.metadata).collect();
    check_fields(experiment, "pair", &metadata, &pairs.fields().join(", "))?;
    if let Some(limit) = arguments.limit {
        halves.test.truncate(limit.get());
    }
    let remember = arguments.interleave.is_none();
    let cache = CacheSystem::new(&halves, config, &metrics, remember)?;
    let mut identity = experiment.identity(
        config
            .variants
            .iter()
            .map(|variant| variant.name.clone())
            .collect(),
        halves.test.len(),
        cache.conditions().clone(),
        cache.metrics(),
    )?;
    identity.models = cache.models();
    let single = config.single_variants();
    let alone = |config| CacheSystem::new(&halves, config, &metrics, remember);
    let alternation = alternation(arguments, &single, alone)?;
    identity.interleaved_rounds = alternation
        .as_ref()
        .map_or(0, |alternation| alternation.rounds);
    for note in cache.notes() {
        global.say(&note);
    }
    let with = (experiment, arguments, global);
    evaluate(&cache, alternation.as_ref(), &halves.test, identity, with)
}
