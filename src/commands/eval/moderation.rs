//! Moderators of posts, over posts that people labelled.

use super::{Arguments, alternation, check_fields, evaluate};
use crate::cli::Global;
use crate::data::Metadata;
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::moderation::{Config, Moderation, evaluated};

pub(super) fn run(
    experiment: &Experiment,
    config: &Config,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let metrics = experiment.moderation_metrics()?;
    let posts = evaluated(experiment.posts()?, config)?;
    let metadata: Vec<&Metadata> = posts.posts.iter().map(|post| &post.metadata).collect();
    check_fields(experiment, "post", &metadata, &posts.fields())?;
    let remember = arguments.interleave.is_none();
    let open = |config| Moderation::open(&posts, config, &metrics, experiment.seed, remember);
    let moderation = open(config)?;
    let examples = arguments.limit.map_or(posts.posts.len(), |limit| {
        limit.get().min(posts.posts.len())
    });
    let mut identity = experiment.identity(
        config
            .variants
            .iter()
            .map(|variant| variant.name.clone())
            .collect(),
        examples,
        moderation.conditions().clone(),
        moderation.metrics(),
    )?;
    identity.models = moderation.models();
    let single = config.single_variants();
    let alternation = alternation(arguments, &single, open)?;
    identity.interleaved_rounds = alternation
        .as_ref()
        .map_or(0, |alternation| alternation.rounds);
    for remark in moderation.remarks() {
        global.say(remark);
    }
    let with = (experiment, arguments, global);
    evaluate(
        &moderation,
        alternation.as_ref(),
        &posts.posts[..examples],
        identity,
        with,
    )
}
