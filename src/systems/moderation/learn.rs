//! What is learned, from which posts: members from some, what combines and calibrates them and the thresholds from others.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, ensure};

use super::config::{Learn, Variant};
use super::cuts::Cuts;
use crate::caches::Embeddings;
use crate::data::{Card, Digest, Post, PostSources, Posts};
use crate::moderation::{Aim, Ensemble, EnsembleConfig, Normaliser, Sample};

/// What was learned for some of the evaluated posts.
pub(super) struct Learned {
    pub(super) ensemble: Ensemble,
    /// By category.
    pub(super) cuts: Vec<Cuts>,
}

/// By the id of an evaluated post the fold that it is in; all are in the first where nothing is said.
pub(super) type Folds = HashMap<String, usize>;

/// Posts to learn from.
pub(super) struct Lesson {
    pub(super) posts: Vec<Post>,
    /// How many were dropped because their text is evaluated.
    pub(super) dropped: usize,
    pub(super) digest: String,
}

impl Lesson {
    /// How many posts there are, for people.
    pub(super) fn note(&self) -> String {
        let dropped = match self.dropped {
            0 => String::new(),
            dropped => format!(" ({dropped} more are left out, for their texts are evaluated)"),
        };
        format!("learning from {} posts{dropped}", self.posts.len())
    }
}

impl Learn {
    /// The seed of the parts.
    pub(super) fn seed(&self, experiment: u64) -> u64 {
        self.seed.unwrap_or(experiment)
    }

    /// Checks what serde cannot.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let has_own = !self.cards.is_empty() || self.posts.is_some();
        ensure!(
            has_own != self.folds.is_some(),
            "`learn` needs `cards` or `posts`, or else `folds`"
        );
        if let Some(posts) = &self.posts {
            posts.validate().context("`learn.posts`")?;
        }
        ensure!(
            self.folds.is_none_or(|folds| (2..=1000).contains(&folds)),
            "`learn.folds` must be 2 to 1000"
        );
        let held = &self.held;
        ensure!(
            held.folds.is_none_or(|folds| (2..=1000).contains(&folds)),
            "`learn.held.folds` must be 2 to 1000"
        );
        ensure!(
            (0.0..1.0).contains(&held.share),
            "`learn.held.share = {}` must be 0 to 1, and below 1",
            held.share
        );
        Ok(())
    }

    /// The posts to learn from, none of which is evaluated; `None` where they are the evaluated ones.
    pub(super) fn lesson(
        &self,
        categories: &[String],
        evaluated: &HashSet<String>,
    ) -> anyhow::Result<Option<Lesson>> {
        if self.folds.is_some() {
            return Ok(None);
        }
        let mut sources = Card::posts(&self.cards)?;
        sources
            .0
            .extend(self.posts.iter().flat_map(|own| own.0.clone()));
        let posts = Posts::read(&PostSources(sources.0)).context("what is learned from")?;
        let digest = posts.digest();
        let all = posts.posts.len();
        let places: Vec<Option<usize>> = categories
            .iter()
            .map(|name| posts.categories.iter().position(|known| known == name))
            .collect();
        let mut seen = posts.posts;
        seen.retain(|post| !evaluated.contains(&post.name()));
        for post in &mut seen {
            let label = |place: &Option<usize>| place.map(|place| post.labels[place]);
            post.labels = places
                .iter()
                .map(|place| label(place).unwrap_or_default())
                .collect();
        }
        Ok(Some(Lesson {
            dropped: all - seen.len(),
            posts: seen,
            digest,
        }))
    }
}

/// The part, of `parts`, that a text falls into, by a hash: equal texts fall together.
pub(super) fn part_of(name: &str, seed: u64, purpose: &str, parts: usize) -> usize {
    let digest = Digest::default()
        .with("purpose", purpose)
        .with("seed", seed.to_le_bytes())
        .with("text", name)
        .finish();
    let number = u64::from_str_radix(&digest[..16], 16).expect("a digest is hexadecimal");
    let part = (u128::from(number) * parts as u128) >> 64;
    usize::try_from(part).expect("it is below `parts`")
}

/// Parts so fine that any share of them can be taken.
const FINE: usize = 1 << 20;

/// A name for each post by which it falls into a part: that of its text, or of the first text of those that must stay together with it: that they are equal, or that the
/// field `together` of one names the id of the other.
fn names_of(posts: &[&Post], together: Option<&str>) -> Vec<String> {
    let names: Vec<String> = posts.iter().map(|post| post.name()).collect();
    let Some(field) = together else {
        return names;
    };
    let mut root: Vec<usize> = (0..posts.len()).collect();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let places: BTreeMap<(&str, &str), usize> = posts
        .iter()
        .enumerate()
        .map(|(place, post)| ((set_of(post), post.id.as_str()), place))
        .collect();
    for (place, post) in posts.iter().enumerate() {
        let same = *first.entry(&names[place]).or_insert(place);
        join(&mut root, place, same);
        let set = set_of(post);
        let other = post.field(field).and_then(|id| {
            let whole = format!("{set}:{id}");
            let found = places
                .get(&(set, id))
                .or_else(|| places.get(&(set, whole.as_str())));
            found.copied()
        });
        if let Some(other) = other {
            join(&mut root, place, other);
        }
    }
    let name = |place: usize| names[top(&mut root, place)].clone();
    (0..posts.len()).map(name).collect()
}

/// The first of those that are joined with it.
fn top(root: &mut [usize], mut place: usize) -> usize {
    while root[place] != place {
        root[place] = root[root[place]];
        place = root[place];
    }
    place
}

fn join(root: &mut [usize], one: usize, other: usize) {
    let (one, other) = (top(root, one), top(root, other));
    root[one.max(other)] = one.min(other);
}

/// What a variant learns with.
pub(super) struct Teacher<'t> {
    pub(super) variant: &'t Variant,
    pub(super) ensemble: &'t EnsembleConfig,
    pub(super) learn: &'t Learn,
    pub(super) normaliser: Option<&'t Normaliser>,
    pub(super) categories: &'t [String],
    pub(super) seed: u64,
}

impl Teacher<'_> {
    /// Learns from a lesson once, or from the evaluated posts once for each fold: with all others. Says too which fold each of them is in.
    pub(super) fn teach(
        &self,
        lesson: Option<&Lesson>,
        evaluated: &[Post],
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<(Vec<Learned>, Folds)> {
        let Some(folds) = self.learn.folds else {
            let lesson = lesson.context("a lesson was read for whoever learns from one")?;
            let all: Vec<&Post> = lesson.posts.iter().collect();
            return Ok((vec![self.once(&all, embeddings)?], Folds::new()));
        };
        let seed = self.learn.seed(self.seed);
        let all: Vec<&Post> = evaluated.iter().collect();
        let part: Vec<usize> = names_of(&all, self.learn.together.as_deref())
            .iter()
            .map(|name| part_of(name, seed, "fold", folds))
            .collect();
        let fold = |fold: usize| {
            let others = evaluated.iter().zip(&part).filter(|(_, own)| **own != fold);
            let others: Vec<&Post> = others.map(|(post, _)| post).collect();
            let learned = self.once(&others, embeddings);
            learned.with_context(|| format!("fold {} of {folds}", fold + 1))
        };
        let learned: anyhow::Result<Vec<Learned>> = (0..folds).map(fold).collect();
        let of_post = evaluated.iter().zip(&part);
        let of_post = of_post.map(|(post, part)| (post.id.clone(), *part));
        Ok((learned?, of_post.collect()))
    }

    fn once(&self, posts: &[&Post], embeddings: &mut Embeddings) -> anyhow::Result<Learned> {
        let normalised: Vec<String> = posts
            .iter()
            .map(|post| match self.normaliser {
                Some(normaliser) => normaliser.normalise(&post.text).text,
                None => post.text.clone(),
            })
            .collect();
        let sample = self.sample(posts, &normalised);
        let seed = self.learn.seed(self.seed);
        let kept = &self.learn.held;
        let names = names_of(posts, self.learn.together.as_deref());
        let (members, logits, held) = if let Some(folds) = kept.folds {
            let part: Vec<usize> = names
                .iter()
                .map(|name| part_of(name, seed, "held", folds))
                .collect();
            let mut logits = vec![Vec::new(); posts.len()];
            for fold in 0..folds {
                let (own, others): (Vec<usize>, Vec<usize>) =
                    (0..posts.len()).partition(|post| part[*post] == fold);
                let members = self.fit_members(&sample.part(&others), embeddings)?;
                let of_fold = members.logits(&sample.part(&own).texts)?;
                for (post, own) in own.into_iter().zip(of_fold) {
                    logits[post] = own;
                }
            }
            (self.fit_members(&sample, embeddings)?, logits, sample)
        } else {
            let is_held = |post: &usize| {
                let part = part_of(&names[*post], seed, "held", FINE) as f64;
                kept.sets.iter().any(|name| name == set_of(posts[*post]))
                    || part < kept.share * FINE as f64
            };
            let (own, others): (Vec<usize>, Vec<usize>) = (0..posts.len()).partition(is_held);
            ensure!(
                !own.is_empty(),
                "no post is held back to calibrate on; raise `learn.held.share`, or name a set in `learn.held.sets`"
            );
            let members = self.fit_members(&sample.part(&others), embeddings)?;
            let part = sample.part(&own);
            let logits = members.logits(&part.texts)?;
            (members, logits, part)
        };
        let calibration = self.ensemble.calibration;
        let ensemble = members.combine(calibration, &logits, &held, self.categories)?;
        let cuts =
            self.variant
                .thresholds
                .chosen(&ensemble.of_logits(&logits), &held, self.categories)?;
        Ok(Learned { ensemble, cuts })
    }

    fn fit_members(
        &self,
        sample: &Sample<'_>,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<crate::moderation::Members> {
        let seed = self.seed;
        self.ensemble
            .fit_members(sample, self.categories, seed, embeddings)
    }

    /// What is to be learned of posts, whose texts are these.
    fn sample<'s>(&self, posts: &[&Post], texts: &'s [String]) -> Sample<'s> {
        let mut names: Vec<&str> = Vec::new();
        let mut owned: Vec<usize> = Vec::with_capacity(posts.len());
        for post in posts {
            let name = set_of(post);
            let place = names.iter().position(|known| *known == name);
            owned.push(place.unwrap_or(names.len()));
            if place.is_none() {
                names.push(name);
            }
        }
        let of_category = |category| self.aims(posts, &names, &owned, category);
        let by_category: Vec<Vec<Option<Aim>>> =
            (0..self.categories.len()).map(of_category).collect();
        let of_post = |post: usize| by_category.iter().map(|aims| aims[post]).collect();
        Sample {
            texts: texts.iter().map(String::as_str).collect(),
            aims: (0..posts.len()).map(of_post).collect(),
            sets: owned,
        }
    }

    /// What is to be learned of posts and one category.
    fn aims(
        &self,
        posts: &[&Post],
        names: &[&str],
        sets: &[usize],
        category: usize,
    ) -> Vec<Option<Aim>> {
        let share = |post: &&Post| {
            let label = post.labels[category];
            let truth = label.is_positive?;
            let votes = label.votes.filter(|_| self.learn.vote_shares);
            let share = votes.map(|[yes, no]| f64::from(yes) / f64::from((yes + no).max(1)));
            Some((truth, share.unwrap_or(f64::from(u8::from(truth)))))
        };
        let shares: Vec<Option<(bool, f64)>> = posts.iter().map(share).collect();
        let masses = self.masses(names, sets, &shares);
        let aim = |(share, set): (&Option<(bool, f64)>, &usize)| {
            let (truth, share) = (*share)?;
            let [yes, no] = masses[*set];
            let weight = share * yes + (1.0 - share) * no;
            (weight > 0.0).then(|| Aim {
                truth,
                share: share * yes / weight,
                weight,
            })
        };
        shares.iter().zip(sets).map(aim).collect()
    }

    /// What a positive and a negative count in each set, so that all counts sum up to the number of posts.
    fn masses(
        &self,
        names: &[&str],
        sets: &[usize],
        shares: &[Option<(bool, f64)>],
    ) -> Vec<[f64; 2]> {
        let mut sums = vec![[0.0_f64; 2]; names.len()];
        for (set, share) in sets.iter().zip(shares) {
            if let Some((_, share)) = share {
                sums[*set][0] += share;
                sums[*set][1] += 1.0 - share;
            }
        }
        let known: f64 = sums.iter().flatten().sum();
        let weights = &self.learn.set_weights;
        let wanted = |place: usize| {
            let size: f64 = sums[place].iter().sum();
            let own = weights.get(names[place]).copied().unwrap_or(1.0);
            match (size > 0.0, weights.is_empty()) {
                (false, _) => 0.0,
                (true, true) => size,
                (true, false) => own,
            }
        };
        let wanted: Vec<f64> = (0..names.len()).map(wanted).collect();
        let all: f64 = wanted.iter().sum();
        let mass = |(sums, wanted): (&[f64; 2], &f64)| {
            let [yes, no] = *sums;
            let total = known * wanted / all;
            if self.learn.balance_classes && yes > 0.0 && no > 0.0 {
                [total / 2.0 / yes, total / 2.0 / no]
            } else {
                [total / (yes + no).max(f64::MIN_POSITIVE); 2]
            }
        };
        sums.iter().zip(&wanted).map(mass).collect()
    }
}

fn set_of(post: &Post) -> &str {
    post.field("set").unwrap_or_default()
}
