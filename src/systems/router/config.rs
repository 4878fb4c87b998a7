//! `[system.router]`: the pipelines that are compared, and the tenants and models that they serve.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::data::PathText;
use crate::routing::{PredictorConfig, TaskRules};
use crate::systems::cache::Semantic;
use crate::systems::{check_names, check_needs};

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
    /// As it was learned.
    Learned(PredictorConfig),
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
    /// By the scores that are predicted for the prompt.
    Predict(PredictorConfig),
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

impl Config {
    /// The config of each variant by itself.
    pub fn single_variants(&self) -> Vec<Self> {
        let only = |variant: &Variant| Self {
            variants: vec![variant.clone()],
            ..self.clone()
        };
        self.variants.iter().map(only).collect()
    }

    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where a range, a name or what belongs together is wrong, with the place.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.variants.is_empty(),
            "`system.router.variants` is empty; declare one with `[[system.router.variants]]`"
        );
        if let Some(Split::Hash(HashSplit { test_share, .. })) = self.split {
            ensure!(
                test_share > 0.0 && test_share < 1.0,
                "`split.hash.test_share = {test_share}` must lie between 0 and 1"
            );
        }
        if let Some(StrongWeak { strong, weak }) = &self.pair {
            ensure!(strong != weak, "`pair` names `{strong}` twice");
        }
        for (name, trade) in &self.tiers {
            trade
                .validate()
                .with_context(|| format!("`system.router.tiers.{name}`"))?;
        }
        for (place, tenant) in self.tenants.iter().enumerate() {
            let Tenant { name, tier, .. } = tenant;
            let mut before = self.tenants[..place].iter();
            ensure!(
                before.all(|other| other.name != *name),
                "two tenants are called `{name}`"
            );
            ensure!(
                tenant.pin.is_none() || tenant.models.is_empty() && tenant.regions.is_empty(),
                "the tenant `{name}` has `pin`, which leaves nothing to `models` and `regions`; drop them"
            );
            if let Some(tier) = tier {
                ensure!(
                    self.tiers.contains_key(tier),
                    "the tenant `{name}` is of the tier `{tier}`, which `system.router.tiers` does not have"
                );
            }
        }
        check_names(self.variants.iter().map(|variant| variant.name.as_str()))?;
        for variant in &self.variants {
            variant
                .validate(self.split.is_some())
                .with_context(|| format!("variant `{}`", variant.name))?;
        }
        Ok(())
    }

    /// Checks that what the variants need is there, without reading it.
    ///
    /// # Errors
    /// Where something is missing, with the variants that run without it.
    pub fn check(&self) -> anyhow::Result<()> {
        let variants = self.variants.iter();
        let variants = variants.map(|one| (one.name.as_str(), one.check()));
        check_needs(&variants.collect::<Vec<_>>())
    }
}

impl Trade {
    fn validate(self) -> anyhow::Result<()> {
        let (name, value) = match self {
            Self::Quality => return Ok(()),
            Self::QualityPerUsd(value) => ("quality_per_usd", value),
            Self::UsdPer1k(value) => ("usd_per_1k", value),
        };
        ensure!(
            value >= 0.0 && value.is_finite(),
            "`{name} = {value}` must be a number of 0 or more"
        );
        Ok(())
    }
}

impl Variant {
    fn validate(&self, can_learn: bool) -> anyhow::Result<()> {
        self.trade.validate()?;
        let learns = match &self.choose {
            Choose::Predict(predictor) => {
                predictor.validate().context("`choose`")?;
                true
            }
            Choose::BestByTask(_) => true,
            _ => false,
        };
        ensure!(
            can_learn || !learns,
            "there is nothing to learn from; say by `system.router.split` which prompts are"
        );
        let needs_task = matches!(self.choose, Choose::ByTask(_) | Choose::BestByTask(_));
        ensure!(
            !needs_task || self.classify.is_some(),
            "it chooses by task, so say by `classify` how tasks are told apart"
        );
        match &self.classify {
            Some(Classify::Rules(rules)) => {
                rules.compile().context("`classify.rules`")?;
            }
            Some(Classify::Learned(predictor)) => {
                predictor.validate().context("`classify.learned`")?;
                ensure!(
                    can_learn,
                    "there is nothing to learn tasks from; say by `system.router.split` which prompts are"
                );
            }
            Some(Classify::Given(_)) | None => {}
        }
        if let Choose::ByTask(ByTask { tasks, otherwise }) = &self.choose {
            ensure!(
                !otherwise.is_empty() && tasks.values().all(|models| !models.is_empty()),
                "`choose.by_task` has a list without a model"
            );
        }
        if let Some(semantic) = self
            .cache
            .as_ref()
            .and_then(|cache| cache.semantic.as_ref())
        {
            semantic.validate().context("`cache.semantic`")?;
        }
        let Some(cascade) = &self.cascade else {
            return Ok(());
        };
        for (name, value) in [
            ("judge_cost_usd", cascade.judge_cost_usd),
            ("judge_latency_ms", cascade.judge_latency_ms),
        ] {
            ensure!(
                value >= 0.0 && value.is_finite(),
                "`cascade.{name} = {value}` must be a number of 0 or more"
            );
        }
        let share = |name: &str, value: f64| {
            ensure!(
                (0.0..=1.0).contains(&value),
                "`cascade.{name} = {value}` must be of 0 to 1"
            );
            Ok(())
        };
        match cascade.accept {
            Accept::From(from) => share("accept.from", from)?,
            Accept::EscalatedShare(escalated) => {
                share("accept.escalated_share", escalated)?;
                ensure!(
                    can_learn,
                    "`accept.escalated_share` is fitted on prompts that are not evaluated; say by `system.router.split` which these are"
                );
            }
        }
        match cascade.judge {
            Judge::Simulated(Simulated {
                sensitivity,
                specificity,
            }) => {
                share("judge.simulated.sensitivity", sensitivity)?;
                share("judge.simulated.specificity", specificity)
            }
            Judge::Predicted(_) => {
                ensure!(
                    matches!(self.choose, Choose::Predict(_)),
                    "`cascade.judge.predicted` goes with `choose.predict`"
                );
                Ok(())
            }
            Judge::Logged(_) => Ok(()),
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        if let Choose::Predict(predictor) = &self.choose {
            predictor.features.check()?;
        }
        if let Some(Classify::Learned(predictor)) = &self.classify {
            predictor.features.check()?;
        }
        let semantic = self
            .cache
            .as_ref()
            .and_then(|cache| cache.semantic.as_ref());
        semantic.map_or(Ok(()), |semantic| semantic.embedder.check())
    }
}
