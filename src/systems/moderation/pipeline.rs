//! One variant, layer by layer, and what it makes of posts.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use anyhow::Context;

use super::config::{Config, Fast, PolicyFrom, Variant};
use super::cuts::{self, Cuts};
use super::fast::{Classified, Classifiers};
use super::layers::{Decided, Layer, Said, Stop};
use super::learn::Lesson;
use super::note::note;
use super::slow::{Analysis, SlowPath};
use super::stages::{self, item, stage, timed};
use crate::caches::Embeddings;
use crate::data::{Digest, Post};
use crate::moderation::prefilter::Hit;
use crate::moderation::{
    Normalised, Normaliser, Policy, PolicyConfig, Prefilter, PrefilterConfig, Step,
};
use crate::outputs::{Item, Output, Stage};

/// One variant, ready.
pub(super) struct Pipeline<'a> {
    variant: &'a Variant,
    categories: &'a [String],
    normaliser: Option<Normaliser>,
    prefilter: Option<(Prefilter, Vec<usize>)>,
    classifiers: Classifiers,
    slow: Option<SlowPath<'a>>,
    /// The policy and the thresholds, once or for each part.
    policies: Vec<(Policy, Vec<Cuts>)>,
    pub(super) digest: String,
    pub(super) note: String,
    /// The fields of posts that the policy asks for.
    pub(super) context_fields: Vec<String>,
}

impl<'a> Pipeline<'a> {
    pub(super) fn open(
        variant: &'a Variant,
        config: &'a Config,
        categories: &'a [String],
        (lesson, evaluated): (Option<&Lesson>, &[Post]),
        seed: u64,
        embeddings: &mut Embeddings,
        remember: bool,
    ) -> anyhow::Result<Self> {
        let normaliser = variant.normalise.as_ref().map(Normaliser::new);
        let clean = |text: &str| match &normaliser {
            Some(normaliser) => normaliser.normalise(text).text.to_lowercase(),
            None => text.to_lowercase(),
        };
        let prefilter = match &variant.prefilter {
            None => None,
            Some(prefilter) => Some(open_prefilter(prefilter, &clean, categories)?),
        };
        let classifiers = Classifiers::open(
            variant,
            config,
            categories,
            (lesson, evaluated),
            normaliser.as_ref(),
            seed,
            embeddings,
        )?;
        let mut digest = Digest::default().with("variant", serde_json::to_vec(variant)?);
        digest = digest.with("classifiers", &classifiers.digest);
        if let Some((prefilter, _)) = &prefilter {
            digest = digest.with("prefilter", prefilter.digest());
        }
        let slow = match &variant.slow {
            None => None,
            Some(slow) => {
                let slow = SlowPath::open(slow, config, categories, remember)?;
                digest = digest.with("slow", slow.digest());
                Some(slow)
            }
        };
        let written = match &variant.policy {
            None => cuts::plain_policy(),
            Some(PolicyFrom::Inline(policy)) => policy.clone(),
            Some(PolicyFrom::File(path)) => PolicyConfig::load(&path.resolve()?)?,
        };
        let open = |own: &Vec<Cuts>| {
            let named = cuts::named(categories, own);
            let policy = written.open(categories, &named).context("the policy")?;
            anyhow::Ok((policy, own.clone()))
        };
        let policies: Vec<(Policy, Vec<Cuts>)> = classifiers
            .cuts
            .iter()
            .map(open)
            .collect::<anyhow::Result<_>>()?;
        for (policy, _) in &policies {
            digest = digest.with("policy", policy.digest());
        }
        let note = note(variant, &written, &policies, categories);
        Ok(Self {
            variant,
            categories,
            normaliser,
            prefilter,
            classifiers,
            slow,
            policies,
            digest: digest.finish(),
            note,
            context_fields: written
                .context_fields()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.variant.name
    }

    /// Whether its probabilities come from a file, and say nothing of other posts.
    pub(super) fn is_brought(&self) -> bool {
        matches!(self.variant.fast, Some(Fast::Outputs(_)))
    }

    /// What it makes of posts.
    pub(super) fn run(&self, posts: &[&Post]) -> Vec<Output> {
        let read: Vec<(Read<'_>, f64)> =
            posts.iter().map(|post| timed(|| self.read(post))).collect();
        let stops: Vec<(Vec<Stop>, f64)> = posts
            .iter()
            .zip(&read)
            .map(|(post, (read, _))| timed(|| self.stops(post, read)))
            .collect();
        let texts: Vec<&str> = read.iter().map(|(read, _)| read.text()).collect();
        let classified = self.classifiers.classify(posts, &texts);
        let is_stopped = |place: usize| !stops[place].0.is_empty();
        let unsure: Vec<usize> = (0..posts.len())
            .filter(|place| {
                let fast = classified[*place].probabilities.as_ref();
                let wanted = |slow: &SlowPath<'_>| fast.is_ok_and(|fast| slow.is_wanted(fast));
                !is_stopped(*place) && self.slow.as_ref().is_some_and(wanted)
            })
            .collect();
        let asked: Vec<&Post> = unsure.iter().map(|place| posts[*place]).collect();
        let analysed = self
            .slow
            .as_ref()
            .map(|slow| slow.analyse(&asked, self.categories));
        let mut slow: Vec<Option<Analysis>> = posts.iter().map(|_| None).collect();
        for (place, analysis) in unsure.into_iter().zip(analysed.into_iter().flatten()) {
            slow[place] = Some(analysis);
        }
        let layers = read.into_iter().zip(stops).zip(classified).zip(slow);
        let output = |(post, (((read, stops), classified), slow))| {
            self.output(post, read, stops, classified, slow)
        };
        posts.iter().copied().zip(layers).map(output).collect()
    }

    fn read<'p>(&self, post: &'p Post) -> Read<'p> {
        match &self.normaliser {
            Some(normaliser) => Read::Normalised(normaliser.normalise(&post.text)),
            None => Read::Plain(&post.text),
        }
    }

    /// What stops the post, the most severe first.
    fn stops(&self, post: &Post, read: &Read<'_>) -> Vec<Stop> {
        let Some((prefilter, places)) = &self.prefilter else {
            return Vec::new();
        };
        let text = Cow::from(read.text());
        let is_small = self
            .variant
            .normalise
            .as_ref()
            .is_some_and(|config| config.case);
        let text = if is_small {
            text
        } else {
            Cow::from(text.to_lowercase())
        };
        let place = |range: Range<usize>| match read {
            // Small letters may be longer than capitals beyond ASCII.
            _ if !is_small && !text.is_ascii() => None,
            Read::Normalised(normalised) => Some(normalised.original(range)),
            Read::Plain(_) => Some(range),
        };
        let hits = prefilter.hits(&text, post.field("language"));
        let stop = |hit: Hit<'_>| Stop {
            category: places[hit.category],
            rule: hit.rule.to_owned(),
            action: hit.action,
            place: place(hit.range),
        };
        let mut found: Vec<Stop> = hits.into_iter().map(stop).collect();
        found.sort_by_key(|stop| Reverse(stop.action));
        found
    }

    fn output(
        &self,
        post: &Post,
        (read, normalise_ms): (Read<'_>, f64),
        (stops, prefilter_ms): (Vec<Stop>, f64),
        classified: Classified,
        analysis: Option<Analysis>,
    ) -> Output {
        let fast = match classified.probabilities {
            Ok(fast) => fast,
            Err(error) => return Output::failed(error),
        };
        let mut stages = Vec::new();
        if let Read::Normalised(normalised) = &read {
            let changed = Step::ALL.iter().zip(normalised.changed);
            let changed = changed.filter(|(_, count)| *count > 0);
            let items = changed.map(|(step, count)| item(step.name(), f64::from(count)));
            let items = items.collect();
            stages.push(stage(stages::NORMALISE, items, normalise_ms, 1));
        }
        let is_stopped = !stops.is_empty();
        if self.prefilter.is_some() {
            let name = |stop: &Stop| format!("{}/{}", self.categories[stop.category], stop.rule);
            let places = stops.iter().filter_map(|stop| {
                let place = stop.place.as_ref()?;
                Some(format!("{} at {}..{}", name(stop), place.start, place.end))
            });
            let places: Vec<String> = places.collect();
            let items = stops.iter().map(|stop| item(&name(stop), 1.0)).collect();
            stages.push(Stage {
                text: (!places.is_empty()).then(|| places.join("; ")),
                ..stage(stages::PREFILTER, items, prefilter_ms, 1)
            });
        }
        if self.classifiers.is_some() {
            let name = if is_stopped {
                stages::UNASKED
            } else {
                stages::FAST
            };
            let size = u32::try_from(classified.together).unwrap_or(u32::MAX);
            stages.push(Stage {
                aside: is_stopped,
                ..stage(name, self.ranked(&fast), classified.latency_ms, size)
            });
        }
        let mut said = Said {
            hits: stops.iter().map(|stop| stop.category).collect(),
            stop: stops.into_iter().next(),
            fast,
            ..Said::default()
        };
        if let Some(analysis) = analysis {
            // A call that failed has no clock.
            let timed = u32::from(analysis.latency_ms.is_some());
            let latency_ms = analysis.latency_ms.unwrap_or(0.0);
            let mut own = stage(stages::SLOW, Vec::new(), latency_ms, timed);
            own.usage = analysis.usage;
            match analysis.probabilities {
                Ok(probabilities) => {
                    own.items = self.ranked(&probabilities);
                    said.slow = Some(probabilities);
                }
                Err(reason) => {
                    own.degraded = Some(format!("sent to people: {reason}"));
                    said.slow_failed = true;
                }
            }
            stages.push(own);
        }
        self.decide(post, &said, &mut stages);
        Output {
            stages,
            ..Output::default()
        }
    }

    /// What is decided, and what stands aside for the metrics.
    fn decide(&self, post: &Post, said: &Said, stages: &mut Vec<Stage>) {
        let (policy, cuts) = &self.policies[self.classifiers.part(post)];
        let context = |name: &str| post.field(name);
        let count = self.categories.len();
        let decide = |without| said.decide(policy, count, &context, without);
        let (decided, policy_ms) = timed(|| decide(None));
        let mut scores = said.probabilities(count, None);
        if !self.classifiers.is_some() && self.slow.is_none() {
            // What a prefilter that is alone does not stop, it says no to.
            let places = self.prefilter.iter().flat_map(|(_, places)| places);
            places.for_each(|place| scores[*place] = Some(0.0));
        }
        said.hits
            .iter()
            .for_each(|category| scores[*category] = Some(1.0));
        let rule = self.rule(&decided);
        let score = decided
            .category
            .and_then(|category| scores[category])
            .unwrap_or(0.0);
        stages.push(Stage {
            text: Some(format!("{rule} ({})", decided.by.name())),
            ..stage(
                stages::POLICY,
                vec![item(decided.action.name(), score)],
                policy_ms,
                1,
            )
        });
        let of = |category: usize| Some((category, scores[category]?));
        let known: Vec<(usize, f64)> = (0..count).filter_map(of).collect();
        let named = |(category, value): &(usize, f64)| item(&self.categories[*category], *value);
        let flagged = known.iter().filter(|(category, score)| {
            cuts.get(*category)
                .is_some_and(|cuts| *score >= cuts.reject)
        });
        let without = Layer::ALL.map(|layer| {
            let action = decide(Some(layer)).action;
            item(&format!("{}/{}", layer.name(), action.name()), 0.0)
        });
        for (name, items) in [
            (stages::SCORES, known.iter().map(named).collect()),
            (stages::FLAGS, flagged.map(named).collect()),
            (stages::WITHOUT, without.to_vec()),
        ] {
            stages.push(Stage {
                aside: true,
                ..stage(name, items, 0.0, 0)
            });
        }
    }

    /// `category: rule`, or the rule alone.
    fn rule(&self, decided: &Decided) -> String {
        match decided.category {
            Some(category) => format!("{}: {}", self.categories[category], decided.rule),
            None => decided.rule.clone(),
        }
    }

    /// The categories with a probability, the likeliest first.
    fn ranked(&self, probabilities: &[Option<f64>]) -> Vec<Item> {
        let known = self.categories.iter().zip(probabilities);
        let known = known.filter_map(|(name, probability)| Some(item(name, (*probability)?)));
        let mut items: Vec<Item> = known.collect();
        items.sort_by(|a, b| b.score.total_cmp(&a.score));
        items
    }
}

/// A prefilter, and for each of its categories the number of the one that is moderated.
fn open_prefilter(
    config: &PrefilterConfig,
    clean: &dyn Fn(&str) -> String,
    categories: &[String],
) -> anyhow::Result<(Prefilter, Vec<usize>)> {
    let opened = Prefilter::open(config, clean).context("`prefilter`")?;
    let place = |name: &String| {
        let place = categories.iter().position(|known| known == name);
        place.with_context(|| {
            format!(
                "`prefilter` is of the category `{name}`, which is not moderated here; those are {}",
                categories.join(", ")
            )
        })
    };
    let places: anyhow::Result<Vec<usize>> = opened.categories().iter().map(place).collect();
    let places = places?;
    Ok((opened, places))
}

/// A post as the layers see it.
enum Read<'p> {
    Plain(&'p str),
    Normalised(Normalised),
}

impl Read<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Normalised(normalised) => &normalised.text,
        }
    }
}
