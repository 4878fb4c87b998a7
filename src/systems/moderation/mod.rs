//! A moderator of posts: normalisation, prefilter, classifiers, a language model for what is uncertain, a policy, and people.

mod attack;
mod config;
mod cuts;
mod definitions;
mod drift;
mod facts;
mod fast;
mod layers;
mod learn;
mod metric;
mod note;
mod pipeline;
mod sample;
mod sheet;
mod slow;
mod stages;
mod train;
mod validate;

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, ensure};
use regex::{Regex, RegexBuilder};

use self::facts::Facts;
use self::learn::{Lesson, ids_of};
use self::pipeline::Pipeline;
use self::validate::ANY;
use super::System;
use crate::caches::Embeddings;
use crate::data::{Post, Posts};
use crate::metrics::MetricFacts;
use crate::outputs::{Output, Stage};

pub use self::attack::{AttackRow, Attacks, Estimate};
pub use self::config::{
    Config, Deployment, F1, Fast, Held, Learn, Mistakes, Nothing, PolicyFrom, Reference, Review,
    Slow, Thresholds, Variant,
};
pub use self::drift::{DriftRow, LEVEL, Periods};
pub use self::layers::Layer;
pub use self::metric::{ModerationMetric, OfCategory, OfGroup, OfLayer, OfPoint, OfPost};
pub use self::sheet::{ClaimRow, LayerRow, QueueRow, Sheet, UnknownGroups};
pub use self::train::train;

/// Moderators in several variants.
pub struct Moderation<'a> {
    config: &'a Config,
    categories: &'a [String],
    groups: Vec<(&'a str, Regex)>,
    /// The metrics, and whether each is only what others are computed from.
    metrics: Vec<(ModerationMetric, bool)>,
    conditions: BTreeMap<String, String>,
    pipelines: Vec<Pipeline<'a>>,
    /// The posts that others are changed copies of, by the ids of the copies.
    originals: HashMap<String, Post>,
    remarks: Vec<String>,
}

/// The posts to evaluate, in the categories that are moderated.
pub fn evaluated(mut posts: Posts, config: &Config) -> anyhow::Result<Posts> {
    if config.categories.is_empty() {
        return Ok(posts);
    }
    let place = |name: &String| {
        let place = posts.categories.iter().position(|known| known == name);
        place.with_context(|| {
            format!(
                "`categories` names `{name}`, of which no post has a label; there are {}",
                posts.categories.join(", ")
            )
        })
    };
    let places: Vec<usize> = config
        .categories
        .iter()
        .map(place)
        .collect::<Result<_, _>>()?;
    for post in &mut posts.posts {
        post.labels = places.iter().map(|place| post.labels[*place]).collect();
    }
    posts.categories.clone_from(&config.categories);
    Ok(posts)
}

impl<'a> Moderation<'a> {
    /// Prepares the variants of `config` for `posts`, which [`evaluated`] gave: learns what is to be learned, with models that `remember` in the caches what they compute.
    ///
    /// # Errors
    /// Where something that a variant needs is missing, and where a metric is of a category or group that there is not.
    pub fn open(
        posts: &'a Posts,
        config: &'a Config,
        metrics: &[ModerationMetric],
        seed: u64,
        remember: bool,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let categories = posts.categories.as_slice();
        let groups: Vec<(&str, Regex)> = config
            .groups
            .iter()
            .map(|(name, words)| Ok((name.as_str(), naming(words)?)))
            .collect::<anyhow::Result<_>>()?;
        let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
        let metrics = all_metrics(metrics, categories, &names, config)?;
        let names: HashSet<String> = posts.posts.iter().map(Post::name).collect();
        config.check_posts(posts)?;
        let conditions = BTreeMap::from([("posts".to_owned(), posts.digest())]);
        let mut lessons: Vec<(&config::Learn, Option<Lesson>)> = Vec::new();
        let mut remarks = Vec::new();
        let mut embeddings = Embeddings::default();
        let mut pipelines = Vec::new();
        for variant in &config.variants {
            let learn = variant.learn.as_ref().or(config.learn.as_ref());
            let learn = learn.filter(|_| matches!(variant.fast, Some(Fast::Learned(_))));
            if let Some(learn) = learn
                && !lessons.iter().any(|(known, _)| *known == learn)
            {
                let lesson = learn.lesson(categories, &names)?;
                remarks.extend(lesson.as_ref().map(Lesson::note));
                lessons.push((learn, lesson));
            }
            let known = lessons.iter().find(|(known, _)| Some(*known) == learn);
            let lesson = known.and_then(|(_, lesson)| lesson.as_ref());
            let pipeline = Pipeline::open(
                variant,
                config,
                categories,
                (lesson, &posts.posts),
                seed,
                &mut embeddings,
                remember,
            );
            let pipeline = pipeline.with_context(|| format!("variant `{}`", variant.name))?;
            for field in &pipeline.context_fields {
                if posts.posts.iter().all(|post| post.field(field).is_none()) {
                    remarks.push(format!(
                        "variant `{}`: the policy asks for the field `{field}`, which no post has; its rules never match",
                        variant.name
                    ));
                }
            }
            pipelines.push(pipeline);
        }
        Ok(Self {
            originals: originals(posts, config.reference.as_ref())?,
            config,
            categories,
            groups,
            metrics,
            conditions,
            pipelines,
            remarks,
        })
    }

    /// What must be equal in two runs for their numbers to be comparable. What is learned from is not: it is part of a variant.
    pub fn conditions(&self) -> &BTreeMap<String, String> {
        &self.conditions
    }

    /// The digest of all that each variant's decisions are a function of.
    pub fn models(&self) -> BTreeMap<String, String> {
        let digest = |one: &Pipeline<'_>| (one.name().to_owned(), one.digest.clone());
        self.pipelines.iter().map(digest).collect()
    }

    /// What is to be said before the run.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The groups that a post names.
    fn groups_of(&self, post: &Post) -> Vec<&str> {
        let named = self
            .groups
            .iter()
            .filter(|(_, words)| words.is_match(&post.text));
        named.map(|(name, _)| *name).collect()
    }

    fn group_names(&self) -> Vec<&str> {
        self.groups.iter().map(|(name, _)| *name).collect()
    }
}

/// What finds the words of a group, whole and in any letter case.
fn naming(words: &[String]) -> anyhow::Result<Regex> {
    let words: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
    let pattern = format!(r"\b(?:{})\b", words.join("|"));
    Ok(RegexBuilder::new(&pattern).case_insensitive(true).build()?)
}

/// The metrics, those of each category or group one by one, and what they are computed from.
fn all_metrics(
    metrics: &[ModerationMetric],
    categories: &[String],
    groups: &[&str],
    config: &Config,
) -> anyhow::Result<Vec<(ModerationMetric, bool)>> {
    let mut all: Vec<(ModerationMetric, bool)> = Vec::new();
    let expanded = metrics
        .iter()
        .flat_map(|metric| metric.expanded(categories, groups));
    let asked: Vec<ModerationMetric> = expanded.collect();
    for metric in &asked {
        let (category, group) = metric.of();
        if let Some(name) = category.filter(|name| !categories.iter().any(|known| known == name)) {
            anyhow::bail!(
                "`{metric}` is of the category `{name}`, which is not moderated here; those are {}",
                categories.join(", ")
            );
        }
        if let Some(name) = group.filter(|name| !groups.contains(name)) {
            anyhow::bail!(
                "`{metric}` is of the group `{name}`, which `system.moderation.groups` does not name"
            );
        }
        ensure!(
            !metric.is_over_groups() || !groups.is_empty(),
            "`{metric}` needs groups; name them, as in `groups = {{ women = [\"woman\", \"women\"] }}`"
        );
        if metric.needs_prevalence() {
            let category = category.unwrap_or(ANY);
            config.deployment.prevalence_of(category).with_context(|| {
                format!("`{metric}` needs the prevalence of deployment, as in `deployment.prevalence = {{ {category} = 0.001 }}`")
            })?;
        }
        if !all.iter().any(|(known, _)| known == metric) {
            all.push((metric.clone(), false));
        }
    }
    let needed = asked.iter().flat_map(|metric| metric.needs(groups));
    for need in needed.chain(sheet::needs(categories)) {
        if !all.iter().any(|(known, _)| *known == need) {
            all.push((need, true));
        }
    }
    Ok(all)
}

/// The posts that others are copies of, by the ids of the copies.
fn originals(
    posts: &Posts,
    reference: Option<&Reference>,
) -> anyhow::Result<HashMap<String, Post>> {
    let Some(reference) = reference else {
        return Ok(HashMap::new());
    };
    let by_id = posts.posts.iter().map(|post| (post.id.as_str(), post));
    let by_id: HashMap<&str, &Post> = by_id.collect();
    let original = |post: &Post| {
        let ids = ids_of(post.field("set").unwrap_or_default(), reference.of(post)?);
        let found = ids.iter().find_map(|id| by_id.get(id.as_str()))?;
        Some((post.id.clone(), (*found).clone()))
    };
    let originals: HashMap<String, Post> = posts.posts.iter().filter_map(original).collect();
    ensure!(
        !originals.is_empty(),
        "`reference` finds no post that is a copy of another one: no post whose field `{}` names the id of one; the fields are {}",
        reference.field,
        posts.fields()
    );
    Ok(originals)
}

impl System for Moderation<'_> {
    type Example = Post;

    fn id<'e>(&self, post: &'e Post) -> &'e str {
        &post.id
    }

    fn fact<'e>(&self, post: &'e Post, name: &str) -> Option<&'e str> {
        post.field(name)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.pipelines.iter();
        notes.map(|pipeline| pipeline.note.clone()).collect()
    }

    fn run(&self, batch: &[&Post]) -> Vec<Vec<Output>> {
        let original = |post: &&Post| self.originals.get(&post.id);
        let originals: Vec<(usize, &Post)> = batch
            .iter()
            .enumerate()
            .filter_map(|(place, post)| Some((place, original(post)?)))
            .collect();
        let again: Vec<&Post> = originals.iter().map(|(_, original)| *original).collect();
        let mut outputs: Vec<Vec<Output>> = vec![Vec::new(); batch.len()];
        for pipeline in &self.pipelines {
            let own = pipeline.run(batch);
            for (outputs, output) in outputs.iter_mut().zip(own) {
                outputs.push(output);
            }
            for ((place, _), original) in originals.iter().zip(pipeline.run(&again)) {
                let output = outputs[*place].last_mut().expect("it was just pushed");
                let mut flags = original.stages.into_iter();
                let flags = flags.find(|stage| stage.name == stages::FLAGS);
                output.stages.extend(flags.map(|flags| Stage {
                    name: stages::REFERENCE.to_owned(),
                    ..flags
                }));
            }
        }
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let groups = self.group_names();
        let facts = |(metric, aside): &(ModerationMetric, bool)| {
            let category = metric.of().0.unwrap_or(ANY);
            let prevalence = self.config.deployment.prevalence_of(category);
            metric.facts(*aside, &groups, prevalence.unwrap_or(0.5))
        };
        self.metrics.iter().map(facts).collect()
    }

    fn grades(&self, _: &Post, _: &[Output]) -> HashMap<String, i32> {
        HashMap::new()
    }

    fn score(&self, _: usize, post: &Post, output: &Output) -> Vec<Option<f64>> {
        let groups = self.groups_of(post);
        let facts = Facts {
            post,
            output,
            config: self.config,
            categories: self.categories,
            groups: &groups,
        };
        self.metrics
            .iter()
            .map(|(metric, _)| facts.value(metric))
            .collect()
    }
}
