//! Training a moderator to be kept.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, ensure};

use super::config::{Config, Fast, Thresholds};
use super::cuts::Cuts;
use super::learn::Teacher;
use crate::caches::Embeddings;
use crate::data::{Card, PostSources, Posts};
use crate::moderation::{Facts, Normaliser, TrainedModerator};

/// Learns what the variant `name` of a config learns, from all posts of its `learn`.
///
/// # Errors
/// Where there is no such variant, it learns nothing or by cross-validation, or its posts cannot be learned from.
pub fn train(config: &Config, name: &str, seed: u64) -> anyhow::Result<TrainedModerator> {
    let variant = config.variants.iter().find(|variant| variant.name == name);
    let variant = variant.with_context(|| {
        let known = config.variants.iter().map(|one| format!("`{}`", one.name));
        format!(
            "there is no variant `{name}`; the config has {}",
            known.collect::<Vec<_>>().join(", ")
        )
    })?;
    let Some(Fast::Learned(ensemble)) = &variant.fast else {
        anyhow::bail!("the variant `{name}` learns nothing; it has no `fast.learned`");
    };
    let learn = variant.learn.as_ref().or(config.learn.as_ref());
    let learn = learn.context("it is not said what is learned from; give `learn`")?;
    ensure!(
        learn.folds.is_none(),
        "`learn.folds` moderates each part of the evaluated posts by what was learned from the others: there is no one moderator to keep; name `learn.cards` or `learn.posts`"
    );
    let categories = if config.categories.is_empty() {
        let mut sources = Card::posts(&learn.cards)?.0;
        sources.extend(learn.posts.iter().flat_map(|own| own.0.clone()));
        Posts::read(&PostSources(sources))?.categories
    } else {
        config.categories.clone()
    };
    let lesson = learn.lesson(&categories, &HashSet::new())?;
    let normaliser = variant.normalise.as_ref().map(Normaliser::new);
    let teacher = Teacher {
        variant,
        ensemble,
        learn,
        normaliser: normaliser.as_ref(),
        categories: &categories,
        seed,
    };
    let (mut learned, _) = teacher.teach(lesson.as_ref(), &[], &mut Embeddings::default())?;
    let learned = learned.pop().context("a lesson is learned once")?;
    let lesson = lesson.context("a lesson was read")?;
    let kept = |threshold: f64| Some(threshold).filter(|threshold| threshold.is_finite());
    let cuts = learned
        .cuts
        .iter()
        .map(|cuts| [kept(cuts.review), kept(cuts.reject)]);
    Ok(TrainedModerator {
        facts: Facts {
            ragkit: crate::version().to_owned(),
            cuts: cuts.collect(),
            categories: categories.clone(),
            normalise: variant.normalise.clone(),
            ensemble: ensemble.clone(),
            thresholds: serde_json::to_value(&variant.thresholds)?,
            posts: lesson.digest,
            names: lesson
                .posts
                .iter()
                .map(|post| teacher.seen_name(post))
                .collect(),
        },
        ensemble: learned.ensemble,
    })
}

/// The thresholds that a trained moderator was kept with, where they were chosen as `wanted`.
pub(super) fn kept_cuts(
    facts: &Facts,
    wanted: &Thresholds,
    folder: &Path,
) -> anyhow::Result<Vec<Cuts>> {
    ensure!(
        facts.thresholds == serde_json::to_value(wanted)?,
        "`{}` was trained with other `thresholds`, {}; take these, or `fixed` or `given` ones",
        folder.display(),
        facts.thresholds
    );
    let cut = |[review, reject]: &[Option<f64>; 2]| Cuts {
        review: review.unwrap_or(f64::INFINITY),
        reject: reject.unwrap_or(f64::INFINITY),
    };
    Ok(facts.cuts.iter().map(cut).collect())
}
