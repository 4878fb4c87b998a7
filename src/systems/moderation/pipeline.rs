//! One variant, layer by layer, and what it makes of posts.

use std::cmp::Reverse;
use std::time::Instant;

use anyhow::Context;

use super::config::{Config, Fast, PolicyFrom, Variant};
use super::cuts::{self, Cuts};
use super::layers::{Decided, Layer, Said, Stop};
use super::learn::{Folds, Learned, Lesson, Teacher};
use super::note::note;
use super::slow::{Analysis, SlowPath};
use super::train::kept_cuts;
use crate::caches::Embeddings;
use crate::data::{Digest, Post, PostScores};
use crate::moderation::{
    Normalised, Normaliser, Policy, PolicyConfig, Prefilter, Step, TrainedModerator,
};
use crate::outputs::{Item, Output, Stage};

/// The stages, by the names that they have in the files.
pub(super) mod stages {
    pub(in super::super) const NORMALISE: &str = "normalise";
    pub(in super::super) const PREFILTER: &str = "prefilter";
    pub(in super::super) const FAST: &str = "fast";
    pub(in super::super) const SLOW: &str = "slow";
    pub(in super::super) const POLICY: &str = "policy";
    /// Aside: what the classifiers say of a post that never reaches them.
    pub(in super::super) const UNASKED: &str = "fast unasked";
    /// Aside: the probability of each category that counts.
    pub(in super::super) const SCORES: &str = "scores";
    /// Aside: the categories whose threshold it reaches.
    pub(in super::super) const FLAGS: &str = "flags";
    /// Aside: what would be decided without each layer, as `fast/approve`.
    pub(in super::super) const WITHOUT: &str = "without";
    /// Aside: the categories that are flagged of the post that this one is a changed copy of.
    pub(in super::super) const REFERENCE: &str = "reference";
}

/// Where probabilities come from.
enum Classifiers {
    None,
    /// What was learned, once or for each part of the evaluated posts.
    Learned(Vec<Learned>),
    Brought(PostScores),
}

/// One variant, ready.
pub(super) struct Pipeline<'a> {
    variant: &'a Variant,
    categories: &'a [String],
    normaliser: Option<Normaliser>,
    prefilter: Option<(Prefilter, Vec<usize>)>,
    classifiers: Classifiers,
    folds: Folds,
    /// Whether posts are classified one by one, each with a clock of its own.
    is_light: bool,
    slow: Option<SlowPath<'a>>,
    /// The policy and the thresholds, once or for each part.
    policies: Vec<(Policy, Vec<Cuts>)>,
    pub(super) digest: String,
    pub(super) note: String,
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
            Some(prefilter) => {
                let opened = Prefilter::open(prefilter, &clean).context("`prefilter`")?;
                let place = |name: &String| {
                    let place = categories.iter().position(|known| known == name);
                    place.with_context(|| {
                        format!("`prefilter` is of the category `{name}`, which is not moderated here; those are {}", categories.join(", "))
                    })
                };
                let places = opened
                    .categories()
                    .iter()
                    .map(place)
                    .collect::<Result<_, _>>()?;
                Some((opened, places))
            }
        };
        let fixed = variant.thresholds.without_posts(categories)?;
        let mut digest = Digest::default().with("variant", serde_json::to_vec(variant)?);
        let mut folds = Folds::new();
        let (classifiers, is_light, cuts) = match &variant.fast {
            None => {
                let cuts =
                    fixed.context("without `fast`, `thresholds` must be `fixed` or `given`")?;
                (Classifiers::None, true, vec![cuts])
            }
            Some(Fast::Learned(ensemble)) => {
                let learn = variant.learn.as_ref().or(config.learn.as_ref());
                let learn =
                    learn.context("`fast.learned` needs `learn`: what is it learned from?")?;
                let teacher = Teacher {
                    variant,
                    ensemble,
                    learn,
                    normaliser: normaliser.as_ref(),
                    categories,
                    seed,
                };
                let (learned, of_post) = teacher.teach(lesson, evaluated, embeddings)?;
                folds = of_post;
                let cuts = learned.iter().map(|one| one.cuts.clone()).collect();
                (Classifiers::Learned(learned), ensemble.is_light(), cuts)
            }
            Some(Fast::Trained(folder)) => {
                let path = folder.resolve()?;
                let trained = TrainedModerator::load(&path, embeddings)?;
                let names: Vec<String> = evaluated.iter().map(Post::name).collect();
                trained.check_unseen(&path, names.iter())?;
                trained.check_fits(&path, categories, variant.normalise.as_ref())?;
                let is_light = trained.facts.ensemble.is_light();
                let cuts = match fixed {
                    Some(fixed) => fixed,
                    None => kept_cuts(&trained.facts, &variant.thresholds, &path)?,
                };
                let learned = Learned {
                    ensemble: trained.ensemble,
                    cuts: cuts.clone(),
                };
                (Classifiers::Learned(vec![learned]), is_light, vec![cuts])
            }
            Some(Fast::Outputs(file)) => {
                let cuts = fixed.context("`fast.outputs` holds probabilities alone, so `thresholds` must be `fixed` or `given`")?;
                let brought = PostScores::read(file, categories)?;
                digest = digest.with("outputs", &brought.digest);
                (Classifiers::Brought(brought), true, vec![cuts])
            }
        };
        if let Classifiers::Learned(learned) = &classifiers {
            for one in learned {
                digest = digest.with("ensemble", &one.ensemble.digest);
            }
        }
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
        let policies: Vec<(Policy, Vec<Cuts>)> =
            cuts.iter().map(open).collect::<anyhow::Result<_>>()?;
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
            folds,
            is_light,
            slow,
            policies,
            digest: digest.finish(),
            note,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.variant.name
    }

    /// What it makes of posts.
    pub(super) fn run(&self, posts: &[&Post]) -> Vec<Output> {
        let fold = |post: &&Post| self.folds.get(&post.id).copied().unwrap_or_default();
        let folds: Vec<usize> = posts.iter().map(fold).collect();
        let read: Vec<(Read<'_>, f64)> =
            posts.iter().map(|post| timed(|| self.read(post))).collect();
        let stops: Vec<(Vec<Stop>, f64)> = posts
            .iter()
            .zip(&read)
            .map(|(post, (read, _))| timed(|| self.stops(post, read.text())))
            .collect();
        let classified = self.classify(posts, &folds, &read);
        let is_stopped = |place: usize| stops[place].0.first().is_some();
        let unsure: Vec<usize> = (0..posts.len())
            .filter(|place| {
                let fast = classified[*place].0.as_ref();
                let wanted = |slow: &SlowPath<'_>| fast.is_ok_and(|fast| slow.is_wanted(fast));
                !is_stopped(*place) && self.slow.as_ref().is_some_and(wanted)
            })
            .collect();
        let asked: Vec<&Post> = unsure.iter().map(|place| posts[*place]).collect();
        let analysed = self
            .slow
            .as_ref()
            .map(|slow| slow.analyse(&asked, self.categories));
        let mut analyses: Vec<Option<Analysis>> = posts.iter().map(|_| None).collect();
        for (place, analysis) in unsure.into_iter().zip(analysed.into_iter().flatten()) {
            analyses[place] = Some(analysis);
        }
        let layers = read.into_iter().zip(stops).zip(classified).zip(analyses);
        posts
            .iter()
            .zip(&folds)
            .zip(layers)
            .map(|((post, fold), (((read, stops), classified), analysis))| {
                self.output(post, *fold, read, stops, classified, analysis)
            })
            .collect()
    }

    fn read<'p>(&self, post: &'p Post) -> Read<'p> {
        match &self.normaliser {
            Some(normaliser) => Read::Normalised(normaliser.normalise(&post.text)),
            None => Read::Plain(&post.text),
        }
    }

    /// What stops the post, the most severe first.
    fn stops(&self, post: &Post, text: &str) -> Vec<Stop> {
        let Some((prefilter, places)) = &self.prefilter else {
            return Vec::new();
        };
        let lower;
        let text = if self
            .variant
            .normalise
            .as_ref()
            .is_some_and(|config| config.case)
        {
            text
        } else {
            lower = text.to_lowercase();
            &lower
        };
        let hits = prefilter.hits(text, post.field("language"));
        let mut found: Vec<Stop> = hits
            .into_iter()
            .map(|hit| Stop {
                category: places[hit.category],
                rule: hit.rule.to_owned(),
                action: hit.action,
            })
            .collect();
        found.sort_by_key(|stop| Reverse(stop.action));
        found
    }

    /// The probabilities of each post, how long they took, and with how many others they were computed.
    fn classify(
        &self,
        posts: &[&Post],
        folds: &[usize],
        read: &[(Read<'_>, f64)],
    ) -> Vec<(Result<Vec<Option<f64>>, String>, f64, usize)> {
        let known = |row: Vec<f64>| row.into_iter().map(Some).collect::<Vec<_>>();
        match &self.classifiers {
            Classifiers::None => posts.iter().map(|_| (Ok(Vec::new()), 0.0, 0)).collect(),
            Classifiers::Brought(brought) => {
                let of_post = |post: &&Post| {
                    let scores = brought.of(&post.id).map(<[Option<f64>]>::to_vec);
                    let scores = scores.ok_or("`fast.outputs` has no row of this post");
                    (scores.map_err(str::to_owned), 0.0, 0)
                };
                posts.iter().map(of_post).collect()
            }
            Classifiers::Learned(learned) if self.is_light => {
                let one = |((read, _), fold): (&(Read<'_>, f64), &usize)| {
                    let ensemble = &learned[fold % learned.len()].ensemble;
                    let (row, latency_ms) = timed(|| ensemble.probabilities(&[read.text()]));
                    let row = row.map(|mut rows| known(rows.swap_remove(0)));
                    (row.map_err(|error| format!("{error:#}")), latency_ms, 1)
                };
                read.iter().zip(folds).map(one).collect()
            }
            Classifiers::Learned(learned) => {
                let mut rows = vec![(Ok(Vec::new()), 0.0, 0); posts.len()];
                for (number, one) in learned.iter().enumerate() {
                    let own: Vec<usize> = (0..posts.len())
                        .filter(|place| folds[*place] % learned.len() == number)
                        .collect();
                    if own.is_empty() {
                        continue;
                    }
                    let texts: Vec<&str> = own.iter().map(|place| read[*place].0.text()).collect();
                    let (found, latency_ms) = timed(|| one.ensemble.probabilities(&texts));
                    let share = latency_ms / own.len() as f64;
                    match found {
                        Ok(found) => {
                            for (place, row) in own.iter().zip(found) {
                                rows[*place] = (Ok(known(row)), share, own.len());
                            }
                        }
                        Err(error) => {
                            for place in &own {
                                rows[*place] = (Err(format!("{error:#}")), share, own.len());
                            }
                        }
                    }
                }
                rows
            }
        }
    }

    fn output(
        &self,
        post: &Post,
        fold: usize,
        (read, normalise_ms): (Read<'_>, f64),
        (stops, prefilter_ms): (Vec<Stop>, f64),
        (fast, fast_ms, together): (Result<Vec<Option<f64>>, String>, f64, usize),
        analysis: Option<Analysis>,
    ) -> Output {
        let fast = match fast {
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
            let rule = |stop: &Stop| {
                item(
                    &format!("{}/{}", self.categories[stop.category], stop.rule),
                    1.0,
                )
            };
            let items = stops.iter().map(rule).collect();
            stages.push(stage(stages::PREFILTER, items, prefilter_ms, 1));
        }
        if !matches!(self.classifiers, Classifiers::None) {
            let name = if is_stopped {
                stages::UNASKED
            } else {
                stages::FAST
            };
            let size = u32::try_from(together).unwrap_or(u32::MAX);
            stages.push(Stage {
                aside: is_stopped,
                ..stage(name, self.ranked(&fast), fast_ms, size)
            });
        }
        let mut said = Said {
            stop: stops.into_iter().next(),
            fast,
            ..Said::default()
        };
        if let Some(analysis) = analysis {
            let mut own = stage(stages::SLOW, Vec::new(), analysis.latency_ms, 1);
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
        self.decide(post, fold, &said, &mut stages);
        Output {
            stages,
            ..Output::default()
        }
    }

    /// What is decided, and what stands aside for the metrics.
    fn decide(&self, post: &Post, fold: usize, said: &Said, stages: &mut Vec<Stage>) {
        let (policy, cuts) = &self.policies[fold % self.policies.len()];
        let context = |name: &str| post.field(name);
        let count = self.categories.len();
        let decide = |without| said.decide(policy, count, &context, without);
        let (decided, policy_ms) = timed(|| decide(None));
        let mut scores = said.probabilities(count, None);
        if let Some(stop) = &said.stop {
            scores[stop.category] = Some(1.0);
        }
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

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64() * 1e3)
}

fn item(id: &str, score: f64) -> Item {
    Item {
        id: id.to_owned(),
        score,
    }
}

fn stage(name: &str, items: Vec<Item>, latency_ms: f64, batch_size: u32) -> Stage {
    Stage {
        name: name.to_owned(),
        items,
        latency_ms,
        batch_size,
        ..Stage::default()
    }
}
