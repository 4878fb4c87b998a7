//! Moderators of posts, over posts that people labelled.

use super::{Arguments, alternation, check_fields, evaluate};
use crate::cli::Global;
use crate::data::Metadata;
use crate::experiment::Experiment;
use crate::report::Run;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::moderation::{Config, Moderation, Sheet, evaluated};

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
    let limit = arguments.limit.map_or(usize::MAX, std::num::NonZero::get);
    let examples = &posts.posts[..limit.min(posts.posts.len())];
    let variants = config.variants.iter().map(|variant| variant.name.clone());
    let mut identity = experiment.identity(
        variants.collect(),
        examples.len(),
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
    let finished = evaluate(&moderation, alternation.as_ref(), examples, identity, with)?;
    let run = Run::open(finished.path.clone())?;
    let mut sheet = Sheet::of(&run, config, &posts.categories, examples)?;
    if arguments.attack {
        let attacks = config.attacks.clone().unwrap_or_default();
        let progress = global.progress("attacks", Some(moderation.attack_steps(&attacks)));
        let rows = moderation.attack(examples, &attacks, experiment.seed, &|| progress.inc(1))?;
        progress.finish_and_clear();
        sheet.add_attacks(rows);
    }
    sheet.write(&run)?;
    Ok(finished)
}
