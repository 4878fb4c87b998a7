//! What a config of routers must keep that serde cannot check.

use anyhow::{Context, ensure};

use super::config::{
    Accept, ByTask, Choose, Classify, Config, HashSplit, Judge, Simulated, Split, StrongWeak,
    Tenant, Trade, Variant,
};
use crate::systems::{check_names, check_needs};

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
            Some(Classify::Given(_) | Classify::Trained(_)) | None => {}
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
                    matches!(self.choose, Choose::Predict(_) | Choose::Trained(_)),
                    "`cascade.judge.predicted` goes with `choose.predict` and `choose.trained`"
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
