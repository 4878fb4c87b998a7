//! `[system.moderation]`: the pipelines that are compared, what they learn from, and what deployment looks like.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attack::Attacks;
use super::drift::Periods;
use crate::data::{PathText, Post, PostSources};
use crate::faithfulness::LanguageModels;
use crate::moderation::{
    EnsembleConfig, NormaliserConfig, Objective, PolicyConfig, PrefilterConfig,
};

/// Moderators of posts under evaluation, over posts that people labelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The categories that are moderated; all that labels are of where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// What classifiers are learned from, where a variant does not say it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learn: Option<Learn>,
    /// Which posts are changed copies of others, for `PairedDrop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Groups of people by the words that name them, for subgroup AUCs: where absent or empty, there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<String>>,
    /// What deployment looks like.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deployment: Deployment,
    /// Two periods of posts, of which the second may bring new patterns of violation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Periods>,
    /// What `ragkit eval --attack` attacks with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacks: Option<Attacks>,
    /// What a layer costs for 1,000 posts that reach it, in USD: `prefilter`, `fast`, `slow` (beside what its model bills) and `review`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usd_per_1k: BTreeMap<String, f64>,
    /// The language models of slow paths, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: LanguageModels,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Posts that are changed copies of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The field that names the id of the post which a post is a copy of.
    pub field: String,
    /// Only posts whose fields have one of these values count as copies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, Vec<String>>,
}

impl Reference {
    /// The id of the post that this one is a copy of.
    pub(super) fn of<'p>(&self, post: &'p Post) -> Option<&'p str> {
        let mut only = self.only.iter();
        let counts = only.all(|(field, values)| {
            let value = post.field(field);
            value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
        });
        post.field(&self.field).filter(|_| counts)
    }
}

/// What classifiers are learned from: posts of their own, or by cross-validation the evaluated ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learn {
    /// Cards of posts to learn from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<PathText>,
    /// Posts to learn from, beside or instead of cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<PostSources>,
    /// Instead of both: the evaluated posts are cut into so many parts, and each is moderated by what was learned from all others. Posts of one text stay together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// Which posts are held back from learning, to calibrate, to combine and to choose thresholds.
    #[serde(default)]
    pub held: Held,
    /// The field that names the id of a post of the same set which must not be parted from it, such as its contrast: both are learned from, or neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
    /// How much sets weigh, whatever their number of posts, by name; each post counts the same where absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_weights: BTreeMap<String, f64>,
    /// Whether the posts of a category and the others weigh the same, in each set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub balance_classes: bool,
    /// Whether to learn the share of votes for a category, where votes are known, and not only what the label says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vote_shares: bool,
    /// Seed of the parts; that of the experiment where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Which posts are held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Held {
    /// Those of these sets, whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// This share of the others, drawn by a hash of the text.
    pub share: f64,
    /// Instead of both: all are held back in turn, one of so many parts after the other, from classifiers that learn from the other parts; and all are learned from in the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            sets: Vec::new(),
            share: 0.2,
            folds: None,
        }
    }
}

/// What deployment looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// The share of posts that are of a category, for figures that are re-weighted to it; `*` stands for all others. Of no category at all: `any`.
    pub prevalence: BTreeMap<String, f64>,
    /// Posts a day; where absent, nothing is said of people's queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posts_per_day: Option<f64>,
    /// Arrivals in the busiest hour over those of the mean one.
    pub peak: f64,
    /// How people review.
    pub review: Review,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            prevalence: BTreeMap::new(),
            posts_per_day: None,
            peak: 1.0,
            review: Review::default(),
        }
    }
}

/// How people review what is escalated to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    /// How long one item takes.
    pub handling_s: f64,
    /// How soon it must be begun with …
    pub within_s: f64,
    /// … for this share of items.
    pub share: f64,
    /// The share of removed posts whose authors appeal, which are reviewed too.
    pub appeals: f64,
    /// People that must be employed for one seat that is taken around the clock: 168 hours a week over 40, over the share of time that they work on items.
    pub people_per_seat: f64,
}

impl Default for Review {
    fn default() -> Self {
        Self {
            handling_s: 60.0,
            within_s: 300.0,
            share: 0.9,
            appeals: 0.0,
            people_per_seat: 5.25,
        }
    }
}

/// One pipeline, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// How tricks are undone before anything else looks; not at all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalise: Option<NormaliserConfig>,
    /// Blocklists and patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefilter: Option<PrefilterConfig>,
    /// Classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast: Option<Fast>,
    /// A language model for what is uncertain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// Where probabilities become decisions.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// What is decided; where absent, a post is rejected from `reject` on in any category, and escalated from `review` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyFrom>,
    /// What this variant learns from, where it is not what the others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learn: Option<Learn>,
}

/// Where probabilities come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fast {
    /// Classifiers that are learned.
    Learned(EnsembleConfig),
    /// Classifiers that were learned before: the folder that `ragkit train moderation` wrote.
    Trained(PathText),
    /// Another system's probabilities, in a file: a row a post, with its `id` and a number from 0 to 1 in a column of each category's name, or an object `probabilities` (or
    /// `category_scores`) of them.
    Outputs(PathText),
}

/// A language model looks at what is uncertain, under several aspects at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Its name in `system.moderation.models`.
    pub model: String,
    /// It is asked where some probability is at least this …
    #[serde(default = "Slow::default_at_least")]
    pub at_least: f64,
    /// … and below this.
    #[serde(default = "Slow::default_below")]
    pub below: f64,
    /// What each category means, in words that the model is told; its name alone where absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aspects: BTreeMap<String, String>,
    /// Characters of a post that it is shown.
    #[serde(default = "Slow::default_characters")]
    pub characters: usize,
}

impl Slow {
    fn default_at_least() -> f64 {
        0.3
    }

    fn default_below() -> f64 {
        0.7
    }

    fn default_characters() -> usize {
        4000
    }
}

/// Where probabilities become decisions: for each category a threshold `review` and a threshold `reject`, which a policy may name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thresholds {
    /// At this probability, for all categories.
    Fixed(f64),
    /// At these, by category.
    Given(BTreeMap<String, f64>),
    /// Where rejecting is expected to cost less than approving, if probabilities hold: the cost of a false alarm over the sum of both costs, for all categories. No post is needed.
    ExpectedCosts(Mistakes),
    /// Where balanced accuracy is best on the posts that are held back: the mean of that of each set.
    BalancedAccuracy(Nothing),
    /// Where F1 is best on them.
    F1(F1),
    /// Where costs are least on them.
    Costs(Objective),
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::Fixed(0.5)
    }
}

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What mistakes cost, in any one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistakes {
    /// A harmless post is rejected.
    pub false_positive: f64,
    /// A violation is approved.
    pub false_negative: f64,
}

/// Where F1 is best.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F1 {
    /// The share of other posts that may be taken for ones of the category; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_false_positive_rate: Option<f64>,
}

/// A policy in a file of its own, or written here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the path of a policy, or a table with `version`, `default` and `rules`"
)]
pub enum PolicyFrom {
    /// A file.
    File(PathText),
    /// Here.
    Inline(PolicyConfig),
}
