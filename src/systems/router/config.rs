//! `[system.router]`: the pipelines that are compared, and the tenants and models that they serve.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::PathText;
use crate::learning::PredictorConfig;
use crate::routing::TaskRules;
use crate::systems::cache::Semantic;

/// Routers of prompts to language models under evaluation, over outcomes that are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which prompts are learned from and which are evaluated; all are evaluated where absent, and then nothing can be learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// A table of prices, for outcomes without a logged cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<PathText>,
    /// The single model that routers are held against; the best on the training part where absent, or on all prompts where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
    /// The models between which APGR, CPT and PGR are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<StrongWeak>,
    /// What is known of models beyond their outcomes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelFacts>,
    /// What customers of a tier are promised.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, Trade>,
    /// The customers; where there are any, every prompt must be of one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<Tenant>,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

/// Which prompts are learned from and which are evaluated. Prompts to learn from whose text is evaluated too are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// A field of the prompts says it.
    Field(FieldSplit),
    /// A hash of the prompt's text says it, so that equal texts stay together.
    Hash(HashSplit),
}

/// Prompts divided by one of their fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSplit {
    /// The field.
    #[serde(default = "FieldSplit::default_name")]
    pub name: String,
    /// Its value in prompts that are learned from.
    pub train: String,
    /// Its value in prompts that are evaluated.
    pub test: String,
}

impl FieldSplit {
    fn default_name() -> String {
        "split".to_owned()
    }
}

/// Prompts divided by a hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HashSplit {
    /// Seed of the hash.
    pub seed: u64,
    /// The share of distinct texts that are evaluated.
    pub test_share: f64,
}

impl Default for HashSplit {
    fn default() -> Self {
        Self {
            seed: 17,
            test_share: 0.5,
        }
    }
}

/// A pair of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrongWeak {
    /// The better one.
    pub strong: String,
    /// The cheaper one.
    pub weak: String,
}

/// What is known of a model beyond its outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// Where it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// As the prompts' field `tenant` has it.
    pub name: String,
    /// The only model that may answer, whatever a router would choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// The models that may answer; all where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// The regions where models may run; anywhere where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Its tier, of `tiers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// What a choice looks for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trade {
    /// The highest predicted quality, whatever it costs; of equals the cheaper one.
    #[default]
    Quality,
    /// The highest predicted quality − price · predicted cost: so much quality is worth one USD.
    QualityPerUsd(f64),
    /// The highest predicted quality for which the mean predicted cost of 1,000 prompts stays within so many USD, on the training part.
    #[serde(rename = "usd_per_1k")]
    UsdPer1k(f64),
}

/// One pipeline, stage by stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// Answers that were given before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStage>,
    /// How tasks are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classify: Option<Classify>,
    /// How a model is chosen.
    pub choose: Choose,
    /// What the choice looks for, where the tenant's tier does not say it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trade: Trade,
    /// A cheap model that is tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Cascade>,
    /// Who is asked where the chosen model fails, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Answers that were given before, to the same tenant: that of the same words comes first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheStage {
    /// Answers to prompts that mean the same; the same words only where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic: Option<Semantic>,
}

/// How tasks are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classify {
    /// As the data say: what is known of a router that makes no mistake here.
    Given(Nothing),
    /// By rules.
    Rules(TaskRules),
    /// As it is learned from the training part.
    Learned(PredictorConfig),
    /// As it was learned before: the folder that `ragkit train router` wrote.
    Trained(PathText),
}

/// There is nothing to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How a model is chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choose {
    /// Always this one.
    Single(String),
    /// Any, drawn with the run's seed and the prompt's id.
    Random(Nothing),
    /// By the prompt's task: the first of these models that may answer.
    ByTask(ByTask),
    /// By the prompt's task: what was best on the training part.
    BestByTask(Nothing),
    /// By the scores that are predicted for the prompt, learned from the training part.
    Predict(PredictorConfig),
    /// By scores that were learned before: the folder that `ragkit train router` wrote.
    Trained(PathText),
    /// By the scores and costs that there will be: what no router can beat.
    Oracle(Nothing),
}

/// Models by task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByTask {
    /// For each task the models in the order in which they are preferred.
    pub tasks: BTreeMap<String, Vec<String>>,
    /// Those for other tasks.
    pub otherwise: Vec<String>,
}

/// A cheap model is tried first; where a judge is not sure of its answer, the chosen model is asked too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cascade {
    /// The cheap model.
    pub first: String,
    /// Who looks at its answer.
    pub judge: Judge,
    /// From which confidence on the answer stays.
    #[serde(default)]
    pub accept: Accept,
    /// What a look costs.
    #[serde(default)]
    pub judge_cost_usd: f64,
    /// How long a look takes.
    #[serde(default)]
    pub judge_latency_ms: f64,
}

/// Who looks at an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judge {
    /// The one whose `confidence` the outcomes hold.
    Logged(Nothing),
    /// The router's own prediction for the cheap model, made from the prompt alone.
    Predicted(Nothing),
    /// One that is right so often: what if there were such a judge?
    Simulated(Simulated),
}

/// A judge that is wrong at random. It looks at the true score, as `RouterBench`'s does: what it gives is no measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulated {
    /// How often it keeps an answer whose score is at least .5.
    pub sensitivity: f64,
    /// How often it rejects one below.
    pub specificity: f64,
}

/// From which confidence on an answer stays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// From this one on.
    From(f64),
    /// From that at which so many of the training part's prompts are escalated.
    EscalatedShare(f64),
}

impl Default for Accept {
    fn default() -> Self {
        Self::From(0.5)
    }
}
