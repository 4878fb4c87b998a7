//! What of a config serde cannot check.

use anyhow::{Context, ensure};

use super::config::{Config, Deployment, Fast, Learn, PolicyFrom, Thresholds, Variant};
use super::drift::Periods;
use super::layers::Layer;
use crate::data::Posts;
use crate::systems::{check_names, check_needs};

/// The name of the prevalence of posts that violate in any way.
pub(super) const ANY: &str = "any";

impl Config {
    /// Checks what serde cannot, without a look at any other file.
    ///
    /// # Errors
    /// Where something is missing, out of its range or said twice.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.variants.is_empty(),
            "`variants` is empty; name at least one, as in `[[system.moderation.variants]]` with `name = \"linear\"`"
        );
        check_names(self.variants.iter().map(|variant| variant.name.as_str()))?;
        for (place, category) in self.categories.iter().enumerate() {
            ensure!(
                !self.categories[..place].contains(category),
                "`categories` names `{category}` twice"
            );
        }
        if let Some(learn) = &self.learn {
            learn.validate()?;
        }
        for (name, words) in &self.groups {
            ensure!(
                !words.is_empty() && words.iter().all(|word| !word.trim().is_empty()),
                "the group `{name}` needs words that name it, none of them blank"
            );
            ensure!(
                !name.is_empty() && !name.contains(['(', ')', ',', '*']),
                "the group `{name}` must be a name without any of `( ) , *`, for it stands in names of metrics"
            );
        }
        for (layer, usd) in &self.usd_per_1k {
            ensure!(
                Layer::named(layer).is_some(),
                "`usd_per_1k` names the layer `{layer}`; there are {}",
                Layer::ALL.map(Layer::name).join(", ")
            );
            ensure!(
                usd.is_finite() && *usd >= 0.0,
                "`usd_per_1k.{layer} = {usd}` must be 0 or more"
            );
        }
        for (name, model) in &self.models {
            model
                .validate()
                .with_context(|| format!("the model `{name}`"))?;
        }
        self.deployment.validate()?;
        if let Some(drift) = &self.drift {
            ensure!(
                !drift.before.is_empty() && !drift.now.is_empty(),
                "`drift` needs periods in `before` and in `now`"
            );
            let twice = drift
                .now
                .iter()
                .find(|period| drift.before.contains(period));
            ensure!(
                twice.is_none(),
                "`drift` has the period `{}` in `before` and in `now`",
                twice.map_or("", String::as_str)
            );
        }
        if let Some(attacks) = &self.attacks {
            attacks.validate()?;
        }
        for variant in &self.variants {
            let checked = variant.validate(self);
            checked.with_context(|| format!("variant `{}`", variant.name))?;
        }
        Ok(())
    }

    /// Checks that what the variants need is there, without reading it.
    ///
    /// # Errors
    /// Where something is missing, with the variants that run without it.
    pub fn check(&self) -> anyhow::Result<()> {
        let variants = self.variants.iter();
        let variants = variants.map(|one| (one.name.as_str(), one.check(self)));
        check_needs(&variants.collect::<Vec<_>>())
    }

    /// Checks that what the config names is in the posts.
    ///
    /// # Errors
    /// Where a category, a field or a period is that of no post.
    pub(super) fn check_posts(&self, posts: &Posts) -> anyhow::Result<()> {
        let is_known = |name: &str| posts.categories.iter().any(|known| known == name);
        let check = |what: &str, name: &str| {
            ensure!(
                is_known(name),
                "`{what}` names the category `{name}`, which is not moderated here; those are {}",
                posts.categories.join(", ")
            );
            Ok(())
        };
        let prevalences = self.deployment.prevalence.keys();
        for name in prevalences.filter(|name| *name != ANY && *name != "*") {
            check("deployment.prevalence", name)?;
        }
        for variant in &self.variants {
            let given = match &variant.thresholds {
                Thresholds::Given(given) => given.keys().collect(),
                _ => Vec::new(),
            };
            given
                .iter()
                .try_for_each(|name| check("thresholds.given", name))?;
            let aspects = variant.slow.iter().flat_map(|slow| slow.aspects.keys());
            aspects
                .into_iter()
                .try_for_each(|name| check("slow.aspects", name))?;
        }
        let Some(Periods { field, before, now }) = &self.drift else {
            return Ok(());
        };
        for period in before.iter().chain(now) {
            ensure!(
                posts
                    .posts
                    .iter()
                    .any(|post| post.field(field) == Some(period)),
                "`drift` names the period `{period}` of the field `{field}`, in which there is no post; the fields are {}",
                posts.fields()
            );
        }
        Ok(())
    }

    /// Each variant as a config of its own.
    pub fn single_variants(&self) -> Vec<Self> {
        let single = |variant: &Variant| Self {
            variants: vec![variant.clone()],
            ..self.clone()
        };
        self.variants.iter().map(single).collect()
    }
}

impl Variant {
    fn validate(&self, config: &Config) -> anyhow::Result<()> {
        ensure!(
            self.prefilter.is_some() || self.fast.is_some() || self.slow.is_some(),
            "it has none of `prefilter`, `fast` and `slow`: nothing would look at posts"
        );
        self.thresholds.validate()?;
        if let Some(prefilter) = &self.prefilter {
            prefilter.validate().context("`prefilter`")?;
        }
        if let Some(learn) = &self.learn {
            learn.validate()?;
        }
        if let Some(Fast::Learned(ensemble)) = &self.fast {
            ensemble.validate().context("`fast.learned`")?;
            let learn: Option<&Learn> = self.learn.as_ref().or(config.learn.as_ref());
            ensure!(
                learn.is_some(),
                "`fast.learned` needs `learn`; say what it is learned from, as in `learn = {{ folds = 5 }}`"
            );
        }
        if let Some(slow) = &self.slow {
            ensure!(
                config.models.contains_key(&slow.model),
                "`slow.model` names `{}`, which is none of `system.moderation.models`",
                slow.model
            );
            let is_chance = |value: f64| (0.0..=1.0).contains(&value);
            ensure!(
                is_chance(slow.at_least) && is_chance(slow.below) && slow.at_least < slow.below,
                "`slow` is asked from {} to below {}; these must be probabilities, the lower one first",
                slow.at_least,
                slow.below
            );
            ensure!(slow.characters > 0, "`slow.characters` must be above 0");
        }
        Ok(())
    }

    fn check(&self, config: &Config) -> anyhow::Result<()> {
        match &self.fast {
            Some(Fast::Learned(ensemble)) => ensemble.check()?,
            Some(Fast::Trained(path)) => {
                let folder = path.resolve()?;
                ensure!(
                    folder.is_dir(),
                    "there is no trained moderator `{path}`; make one with `ragkit train moderation`"
                );
            }
            Some(Fast::Outputs(path)) => {
                ensure!(path.resolve()?.is_file(), "there is no file `{path}`");
            }
            None => {}
        }
        if let Some(PolicyFrom::File(path)) = &self.policy {
            ensure!(path.resolve()?.is_file(), "there is no policy `{path}`");
        }
        match &self.slow {
            Some(slow) => config.models[&slow.model].check(),
            None => Ok(()),
        }
    }
}

impl Deployment {
    /// The share of posts of a category.
    pub(super) fn prevalence_of(&self, category: &str) -> Option<f64> {
        let own = self.prevalence.get(category);
        let others = self.prevalence.get("*").filter(|_| category != ANY);
        own.or(others).copied()
    }

    fn validate(&self) -> anyhow::Result<()> {
        for (name, share) in &self.prevalence {
            ensure!(
                (1e-9..=1.0 - 1e-9).contains(share),
                "`deployment.prevalence.{name} = {share}` must lie between 0 and 1, and at least a billionth from both"
            );
        }
        let review = &self.review;
        for (name, value) in [
            ("posts_per_day", self.posts_per_day.unwrap_or(1.0)),
            ("peak", self.peak),
            ("review.handling_s", review.handling_s),
            ("review.people_per_seat", review.people_per_seat),
        ] {
            ensure!(
                value.is_finite() && value > 0.0,
                "`deployment.{name} = {value}` must be above 0"
            );
        }
        ensure!(
            review.within_s >= 0.0 && review.within_s.is_finite(),
            "`deployment.review.within_s = {}` must be 0 or more",
            review.within_s
        );
        ensure!(
            review.share > 0.0 && review.share < 1.0,
            "`deployment.review.share = {}` must lie between 0 and 1",
            review.share
        );
        ensure!(
            (0.0..=1.0).contains(&review.appeals),
            "`deployment.review.appeals = {}` must be a share, 0 to 1",
            review.appeals
        );
        Ok(())
    }
}
