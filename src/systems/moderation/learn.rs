//! What is learned, from which posts: members from some, what combines and calibrates them and the thresholds from others.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, ensure};

use super::config::{Learn, Variant};
use super::cuts::Cuts;
use crate::caches::Embeddings;
use crate::data::{Card, Digest, Post, PostSources, Posts, text_name};
use crate::moderation::{Ensemble, EnsembleConfig, Normaliser, ReadingConfig, Sample};

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
        for (set, weight) in &self.set_weights {
            ensure!(
                weight.is_finite() && (1e-9..=1e9).contains(weight),
                "`learn.set_weights.{set} = {weight}` must be a number above 0"
            );
        }
        ensure!(
            held.folds.is_none() || held.sets.is_empty(),
            "`learn.held` has `folds` and `sets`; all posts are held back in turn, so drop `sets`"
        );
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
fn names_of(posts: &[&Post], names: Vec<String>, together: Option<&str>) -> Vec<String> {
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
        let ids = post.field(field).map(|id| ids_of(set, id));
        let other = ids.and_then(|ids| {
            ids.iter()
                .find_map(|id| places.get(&(set, id.as_str())).copied())
        });
        if let Some(other) = other {
            join(&mut root, place, other);
        }
    }
    let name = |place: usize| names[top(&mut root, place)].clone();
    (0..posts.len()).map(name).collect()
}

/// The ids that a post of a set may have which another one of the set names `id`: as it is written, without the `.0` that pandas adds to whole numbers in a column with gaps,
/// and with the set before it, as where two sets share ids.
pub(super) fn ids_of(set: &str, id: &str) -> [String; 4] {
    let whole = id.strip_suffix(".0").unwrap_or(id);
    [
        id.to_owned(),
        whole.to_owned(),
        format!("{set}:{id}"),
        format!("{set}:{whole}"),
    ]
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

fn normalised(normaliser: Option<&Normaliser>, post: &Post) -> String {
    match normaliser {
        Some(normaliser) => normaliser.normalise(&post.text).text,
        None => post.text.clone(),
    }
}

/// A name for what classifiers read of a post, but for repair, which is learned: posts that read the same are one text in two disguises.
pub(super) fn seen_name(
    ensemble: &EnsembleConfig,
    normaliser: Option<&Normaliser>,
    post: &Post,
) -> String {
    let reading = ReadingConfig {
        repair: None,
        ..ensemble.reading.clone()
    };
    text_name(&reading.fit(&[]).read(&normalised(normaliser, post)))
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
            let seen: HashSet<String> = evaluated.iter().map(|post| self.seen_name(post)).collect();
            let all = lesson.posts.iter();
            let all: Vec<&Post> = all
                .filter(|post| !seen.contains(&self.seen_name(post)))
                .collect();
            ensure!(
                !all.is_empty(),
                "there is no post to learn from: the texts of all of them are evaluated"
            );
            return Ok((vec![self.once(&all, embeddings)?], Folds::new()));
        };
        let seed = self.learn.seed(self.seed);
        let all: Vec<&Post> = evaluated.iter().collect();
        let names = all.iter().map(|post| self.seen_name(post)).collect();
        let part: Vec<usize> = names_of(&all, names, self.learn.together.as_deref())
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

    /// A name for what classifiers read of a post.
    pub(super) fn seen_name(&self, post: &Post) -> String {
        seen_name(self.ensemble, self.normaliser, post)
    }

    /// Checks that sets and fields that the config names are those of some post.
    fn check(&self, posts: &[&Post]) -> anyhow::Result<()> {
        let named = self.learn.set_weights.keys().chain(&self.learn.held.sets);
        for name in named {
            ensure!(
                posts.iter().any(|post| set_of(post) == name),
                "`learn` names the set `{name}`, of which there is no post to learn from"
            );
        }
        if let Some(field) = &self.learn.together {
            ensure!(
                posts.iter().any(|post| post.field(field).is_some()),
                "`learn.together` names the field `{field}`, which no post has"
            );
        }
        Ok(())
    }

    fn once(&self, posts: &[&Post], embeddings: &mut Embeddings) -> anyhow::Result<Learned> {
        self.check(posts)?;
        let normalised = posts.iter().map(|post| normalised(self.normaliser, post));
        let normalised: Vec<String> = normalised.collect();
        let sample = self.sample(posts, &normalised);
        let seed = self.learn.seed(self.seed);
        let kept = &self.learn.held;
        let names = posts.iter().map(|post| self.seen_name(post)).collect();
        let names = names_of(posts, names, self.learn.together.as_deref());
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
}

pub(super) fn set_of(post: &Post) -> &str {
    post.field("set").unwrap_or_default()
}
