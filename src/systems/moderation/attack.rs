//! Attacks on a moderator: how many of the posts that it caught slip past when they are written in a tricky way, and how many benign ones it then catches.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::Moderation;
use super::pipeline::Pipeline;
use super::sheet::ClaimRow;
use super::stages;
use crate::caches;
use crate::data::{Card, Corpus, CorpusFrom, PathText, Post, PostSources, Posts};
use crate::metrics::statistics;
use crate::moderation::Action;
use crate::moderation::attack::{Family, attack};
use crate::outputs::Output;

/// What a moderator is attacked with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attacks {
    /// The kinds of tricks.
    pub families: Vec<Family>,
    /// The most edits of a post.
    pub budgets: Vec<usize>,
    /// Variants of each post, of each kind and budget.
    pub variants: u64,
    /// Benign posts, whatever labels they have: none of these should be caught.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benign: Option<PostSources>,
    /// Cards of corpora whose documents are benign.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corpora: Vec<PathText>,
}

impl Default for Attacks {
    fn default() -> Self {
        Self {
            families: Family::ALL.to_vec(),
            budgets: vec![1, 2, 3],
            variants: 3,
            benign: None,
            corpora: Vec::new(),
        }
    }
}

/// What a family of attacks comes to within a budget. Shares have 95 % intervals over posts where these tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttackRow {
    /// The variant of the moderator.
    pub variant: String,
    /// The kind of tricks; none for the benign posts as they are.
    pub family: Option<Family>,
    /// The most edits.
    pub budget: usize,
    /// Violating posts, caught or not.
    pub violating: usize,
    /// Of these, those that are caught as they are and offer a place for such an edit.
    pub attacked: usize,
    /// The share of violating posts that is caught as they are and no longer after the attack: how far recall drops. What is caught only then is not set off against it.
    pub recall_drop: Option<Estimate>,
    /// The share of attacked posts that slips past.
    pub success: Option<Estimate>,
    /// Benign posts.
    pub benign: usize,
    /// The share of benign posts that is caught.
    pub false_positive_rate: Option<Estimate>,
    /// By how much that is more than without an attack.
    pub false_positive_rise: Option<Estimate>,
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end; absent where the data cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Estimate {
    fn of(values: &[f64], seed: u64) -> Option<Self> {
        let interval = statistics::intervals(&[values], None, seed).pop().flatten();
        Some(Self {
            mean: statistics::mean(values)?,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
        })
    }
}

impl Attacks {
    /// Checks what serde cannot.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.families.is_empty() && !self.budgets.is_empty() && self.variants > 0,
            "`attacks` needs at least one of `families`, of `budgets` and of `variants`"
        );
        ensure!(
            self.budgets.iter().all(|budget| *budget > 0),
            "`attacks.budgets` has 0, which changes nothing"
        );
        match &self.benign {
            Some(benign) => benign.validate().context("`attacks.benign`"),
            None => Ok(()),
        }
    }

    /// The benign posts.
    fn benign(&self) -> anyhow::Result<Vec<Post>> {
        let mut posts = match &self.benign {
            Some(sources) => Posts::texts(sources)?,
            None => Vec::new(),
        };
        for path in &self.corpora {
            let card = Card::load(&path.resolve()?)?;
            let source = card.source(&caches::folder())?;
            let CorpusFrom::Table(table) = source.corpus() else {
                anyhow::bail!("`{path}` is of files; `attacks.corpora` takes cards of tables");
            };
            for document in Corpus::open(&table)? {
                let document = document?;
                posts.push(Post {
                    id: format!("{}:{}", card.name, document.id),
                    text: document.text,
                    ..Post::default()
                });
            }
        }
        Ok(posts)
    }
}

/// What an attack may cost: so many points of recall, and so many of false alarms.
const MOST_DROP: f64 = 0.02;
const MOST_RISE: f64 = 0.002;

/// Whether each variant holds what is asked of it under the worst attack.
pub(super) fn claims(rows: &[AttackRow]) -> Vec<ClaimRow> {
    let worst = |variant: &str, of: fn(&AttackRow) -> Option<Estimate>| {
        let own = rows.iter().filter(|row| row.variant == variant);
        let own = own.filter_map(|row| Some((of(row)?.mean, row.family?, row.budget)));
        own.max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let mut variants: Vec<&str> = rows.iter().map(|row| row.variant.as_str()).collect();
    variants.dedup();
    let claim = |variant: &str, claim: &str, of: fn(&AttackRow) -> Option<Estimate>, most: f64| {
        let (mean, family, budget) = worst(variant, of)?;
        let edits = if budget == 1 { "edit" } else { "edits" };
        Some(ClaimRow {
            variant: variant.to_owned(),
            claim: claim.to_owned(),
            found: format!(
                "{:.2} points ({}, {budget} {edits})",
                mean * 100.0,
                family.name()
            ),
            met: Some(mean <= most),
        })
    };
    let both = |variant: &&str| {
        [
            claim(
                variant,
                "no attack costs more than 2 points of recall",
                |row| row.recall_drop,
                MOST_DROP,
            ),
            claim(
                variant,
                "no attack raises false alarms by more than 0.2 points",
                |row| row.false_positive_rise,
                MOST_RISE,
            ),
        ]
    };
    variants.iter().flat_map(both).flatten().collect()
}

/// Whether a post is kept from being approved; an error keeps nothing.
fn is_caught(output: &Output) -> bool {
    let mut policy = output
        .stages
        .iter()
        .filter(|stage| stage.name == stages::POLICY);
    policy.next().is_some_and(|stage| {
        let action = stage.items.first().map(|item| item.id.as_str());
        action.is_some_and(|action| action != Action::Approve.name())
    })
}

/// Posts that are moderated together.
const BATCH: usize = 256;

fn caught(pipeline: &Pipeline<'_>, posts: &[Post]) -> Vec<bool> {
    let batches = posts.chunks(BATCH).flat_map(|batch| {
        let batch: Vec<&Post> = batch.iter().collect();
        pipeline.run(&batch)
    });
    batches.map(|output| is_caught(&output)).collect()
}

impl Moderation<'_> {
    /// Attacks every variant: each violating post among `posts` that it catches, and each benign post of the config. `step` is called as often as [`Self::attack_steps`] says.
    ///
    /// # Errors
    /// Where the benign posts cannot be read.
    pub fn attack(
        &self,
        posts: &[Post],
        attacks: &Attacks,
        seed: u64,
        step: &dyn Fn(),
    ) -> anyhow::Result<Vec<AttackRow>> {
        let brought = self.pipelines.iter().find(|pipeline| pipeline.is_brought());
        if let Some(pipeline) = brought {
            anyhow::bail!(
                "variant `{}` takes probabilities from a file, which says nothing of texts that are attacked; leave it out of `--attack`, as by `--variants`",
                pipeline.name()
            );
        }
        let violating: Vec<Post> = posts
            .iter()
            .filter(|post| post.violates() == Some(true))
            .cloned()
            .collect();
        let benign = attacks.benign()?;
        let mut rows = Vec::new();
        for pipeline in &self.pipelines {
            let before = caught(pipeline, &violating);
            let raised = caught(pipeline, &benign);
            let alarms: Vec<f64> = raised.iter().map(|raised| number(*raised)).collect();
            rows.push(AttackRow {
                variant: pipeline.name().to_owned(),
                family: None,
                budget: 0,
                violating: violating.len(),
                attacked: 0,
                recall_drop: None,
                success: None,
                benign: benign.len(),
                false_positive_rate: Estimate::of(&alarms, seed),
                false_positive_rise: None,
            });
            for family in &attacks.families {
                for budget in &attacks.budgets {
                    let attempt = Attempt {
                        pipeline,
                        family: *family,
                        budget: *budget,
                        variants: attacks.variants,
                        seed,
                    };
                    rows.push(attempt.row((&violating, &before), (&benign, &raised)));
                    step();
                }
            }
        }
        Ok(rows)
    }

    /// How many steps [`Self::attack`] takes.
    pub fn attack_steps(&self, attacks: &Attacks) -> usize {
        self.pipelines.len() * attacks.families.len() * attacks.budgets.len()
    }
}

fn number(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

/// One family within one budget against one variant.
struct Attempt<'a> {
    pipeline: &'a Pipeline<'a>,
    family: Family,
    budget: usize,
    variants: u64,
    seed: u64,
}

impl Attempt<'_> {
    fn row(
        &self,
        (violating, before): (&[Post], &[bool]),
        (benign, raised): (&[Post], &[bool]),
    ) -> AttackRow {
        let targets = violating
            .iter()
            .zip(before)
            .map(|(post, caught)| caught.then_some(post));
        let after = self.caught_after(&targets.collect::<Vec<_>>());
        let lost = |share: &Option<f64>| share.map(|share| 1.0 - share);
        let success: Vec<f64> = after.iter().filter_map(lost).collect();
        let drop: Vec<f64> = after
            .iter()
            .map(|share| lost(share).unwrap_or(0.0))
            .collect();
        let harmless: Vec<Option<&Post>> = benign.iter().map(Some).collect();
        // What offers no place for an edit stays as it is.
        let alarms: Vec<f64> = self
            .caught_after(&harmless)
            .into_iter()
            .zip(raised)
            .map(|(share, raised)| share.unwrap_or(number(*raised)))
            .collect();
        let rise: Vec<f64> = alarms
            .iter()
            .zip(raised)
            .map(|(alarm, raised)| alarm - number(*raised))
            .collect();
        AttackRow {
            variant: self.pipeline.name().to_owned(),
            family: Some(self.family),
            budget: self.budget,
            violating: violating.len(),
            attacked: success.len(),
            recall_drop: Estimate::of(&drop, self.seed),
            success: Estimate::of(&success, self.seed),
            benign: benign.len(),
            false_positive_rate: Estimate::of(&alarms, self.seed),
            false_positive_rise: Estimate::of(&rise, self.seed),
        }
    }

    /// Of each post the share of its variants that is caught; `None` where it has none or is none to attack.
    fn caught_after(&self, posts: &[Option<&Post>]) -> Vec<Option<f64>> {
        let mut variants: Vec<Post> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (place, post) in posts.iter().enumerate() {
            let Some(post) = post else { continue };
            for number in 0..self.variants {
                let text = attack(
                    &post.text,
                    self.family,
                    self.budget,
                    self.seed.wrapping_add(number),
                );
                if let Some(text) = text {
                    variants.push(Post {
                        text,
                        ..(*post).clone()
                    });
                    places.push(place);
                }
            }
        }
        let mut found: HashMap<usize, (f64, f64)> = HashMap::new();
        for (place, caught) in places.into_iter().zip(caught(self.pipeline, &variants)) {
            let (sum, count) = found.entry(place).or_default();
            *sum += number(caught);
            *count += 1.0;
        }
        let share = |place: usize| found.get(&place).map(|(sum, count)| sum / count);
        (0..posts.len()).map(share).collect()
    }
}
