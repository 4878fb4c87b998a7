//! Classifiers of a variant: where the probabilities of posts come from, and the thresholds that go with them.

use std::time::Instant;

use anyhow::Context;

use super::config::{Config, Fast, Variant};
use super::cuts::Cuts;
use super::learn::{Folds, Learned, Lesson, Teacher, seen_name};
use super::train::kept_cuts;
use crate::caches::Embeddings;
use crate::data::{Digest, Post, PostScores};
use crate::moderation::{Normaliser, TrainedModerator};

/// Classifiers, ready.
pub(super) struct Classifiers {
    from: From,
    /// Which of what was learned moderates each evaluated post.
    folds: Folds,
    /// The thresholds by category, once or for each part of the posts.
    pub(super) cuts: Vec<Vec<Cuts>>,
    /// Equal digests, equal probabilities.
    pub(super) digest: String,
}

/// Where probabilities come from.
enum From {
    Nothing,
    /// What was learned, once or for each part of the evaluated posts; `alone` where posts are classified one by one, each with a clock of its own.
    Learned {
        learned: Vec<Learned>,
        alone: bool,
    },
    Brought(PostScores),
}

/// What classifiers say of a post.
pub(super) struct Classified {
    /// By category, or why there are none.
    pub(super) probabilities: Result<Vec<Option<f64>>, String>,
    /// Its share of the call.
    pub(super) latency_ms: f64,
    /// Posts of the call; 0 where nothing was timed.
    pub(super) together: usize,
}

impl Classified {
    fn untimed(probabilities: Result<Vec<Option<f64>>, String>) -> Self {
        Self {
            probabilities,
            latency_ms: 0.0,
            together: 0,
        }
    }
}

impl Classifiers {
    pub(super) fn open(
        variant: &Variant,
        config: &Config,
        categories: &[String],
        (lesson, evaluated): (Option<&Lesson>, &[Post]),
        normaliser: Option<&Normaliser>,
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Self> {
        let fixed = variant.thresholds.without_posts(categories)?;
        let (mut folds, mut digest) = (Folds::new(), Digest::default());
        let (from, cuts) = match &variant.fast {
            None => {
                let cuts =
                    fixed.context("without `fast`, `thresholds` must be `fixed` or `given`")?;
                (From::Nothing, vec![cuts])
            }
            Some(Fast::Learned(ensemble)) => {
                let learn = variant.learn.as_ref().or(config.learn.as_ref());
                let learn =
                    learn.context("`fast.learned` needs `learn`: what is it learned from?")?;
                let teacher = Teacher {
                    variant,
                    ensemble,
                    learn,
                    normaliser,
                    categories,
                    seed,
                };
                let (learned, of_post) = teacher.teach(lesson, evaluated, embeddings)?;
                folds = of_post;
                let cuts = learned.iter().map(|one| one.cuts.clone()).collect();
                let alone = ensemble.is_light();
                (From::Learned { learned, alone }, cuts)
            }
            Some(Fast::Trained(folder)) => {
                let path = folder.resolve()?;
                let trained = TrainedModerator::load(&path, embeddings)?;
                trained.check_fits(&path, categories, variant.normalise.as_ref())?;
                let ensemble = &trained.facts.ensemble;
                let names = evaluated.iter();
                let names = names.map(|post| seen_name(ensemble, normaliser, post));
                let names: Vec<String> = names.collect();
                trained.check_unseen(&path, names.iter())?;
                let alone = trained.facts.ensemble.is_light();
                let cuts = match fixed {
                    Some(fixed) => fixed,
                    None => kept_cuts(&trained.facts, &variant.thresholds, &path)?,
                };
                let learned = Learned {
                    ensemble: trained.ensemble,
                    cuts: cuts.clone(),
                };
                let learned = vec![learned];
                (From::Learned { learned, alone }, vec![cuts])
            }
            Some(Fast::Outputs(file)) => {
                let cuts = fixed.context("`fast.outputs` holds probabilities alone, so `thresholds` must be `fixed` or `given`")?;
                let brought = PostScores::read(file, categories)?;
                let first = evaluated.iter().find(|post| brought.of(&post.id).is_none());
                let known = evaluated
                    .iter()
                    .filter(|post| brought.of(&post.id).is_some());
                anyhow::ensure!(
                    known.count() > 0,
                    "`{file}` has no row of any post, such as `{}`; its ids must be those of the posts (`SET:ID` where two sets share ids)",
                    first.map_or("", |post| post.id.as_str())
                );
                digest = digest.with("outputs", &brought.digest);
                (From::Brought(brought), vec![cuts])
            }
        };
        if let From::Learned { learned, .. } = &from {
            let with =
                |digest: Digest, one: &Learned| digest.with("ensemble", &one.ensemble.digest);
            digest = learned.iter().fold(digest, with);
        }
        Ok(Self {
            from,
            folds,
            cuts,
            digest: digest.finish(),
        })
    }

    /// Whether there are any.
    pub(super) fn is_some(&self) -> bool {
        !matches!(self.from, From::Nothing)
    }

    /// Which of what was learned moderates a post: the first where it is none of those that were learned from in turn.
    pub(super) fn part(&self, post: &Post) -> usize {
        self.folds.get(&post.id).copied().unwrap_or_default()
    }

    /// What they say of each post; `texts` are what they see of them.
    pub(super) fn classify(&self, posts: &[&Post], texts: &[&str]) -> Vec<Classified> {
        match &self.from {
            From::Nothing => posts
                .iter()
                .map(|_| Classified::untimed(Ok(Vec::new())))
                .collect(),
            From::Brought(brought) => {
                let of_post = |post: &&Post| {
                    let scores = brought.of(&post.id).map(<[Option<f64>]>::to_vec);
                    let scores = scores.ok_or("`fast.outputs` has no row of this post");
                    Classified::untimed(scores.map_err(str::to_owned))
                };
                posts.iter().map(of_post).collect()
            }
            From::Learned {
                learned,
                alone: true,
            } => {
                let one = |(post, text): (&&Post, &&str)| {
                    let mut rows = together(&learned[self.part(post)], &[text]);
                    rows.swap_remove(0)
                };
                posts.iter().zip(texts).map(one).collect()
            }
            From::Learned { learned, .. } => {
                let mut rows: Vec<Option<Classified>> = posts.iter().map(|_| None).collect();
                for (number, one) in learned.iter().enumerate() {
                    let own = (0..posts.len()).filter(|place| self.part(posts[*place]) == number);
                    let own: Vec<usize> = own.collect();
                    let texts: Vec<&str> = own.iter().map(|place| texts[*place]).collect();
                    for (place, row) in own.into_iter().zip(together(one, &texts)) {
                        rows[place] = Some(row);
                    }
                }
                rows.into_iter().flatten().collect()
            }
        }
    }
}

/// What an ensemble says of posts in one call.
fn together(learned: &Learned, texts: &[&str]) -> Vec<Classified> {
    if texts.is_empty() {
        return Vec::new();
    }
    let started = Instant::now();
    let found = learned.ensemble.probabilities(texts);
    let latency_ms = started.elapsed().as_secs_f64() * 1e3 / texts.len() as f64;
    let classified = |probabilities| Classified {
        probabilities,
        latency_ms,
        together: texts.len(),
    };
    match found {
        Ok(rows) => {
            let known = |row: Vec<f64>| row.into_iter().map(Some).collect();
            rows.into_iter()
                .map(|row| classified(Ok(known(row))))
                .collect()
        }
        Err(error) => {
            let reason = format!("{error:#}");
            texts
                .iter()
                .map(|_| classified(Err(reason.clone())))
                .collect()
        }
    }
}
