//! `[system.faithfulness]`: which scorers are compared.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::faithfulness::{LanguageModels, ScorerConfig};
use crate::systems::{check_names, check_needs};

/// Scorers of faithfulness under evaluation, on answers that people labelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Language models, by the names that judges call them.
    #[serde(default, skip_serializing_if = "LanguageModels::is_empty")]
    pub models: LanguageModels,
    /// What is compared; the first is the one that the others are compared with.
    pub variants: Vec<Variant>,
}

/// One scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in every file and table.
    pub name: String,
    /// What it is.
    pub scorer: ScorerConfig,
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
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.variants.is_empty(),
            "`system.faithfulness.variants` is empty; declare one with `[[system.faithfulness.variants]]`"
        );
        for (name, model) in &self.models {
            let model = model.validate();
            model.with_context(|| format!("`system.faithfulness.models.{name}`"))?;
        }
        check_names(self.variants.iter().map(|variant| variant.name.as_str()))?;
        for Variant { name, scorer } in &self.variants {
            scorer
                .validate(&self.models)
                .with_context(|| format!("variant `{name}`"))?;
        }
        Ok(())
    }

    /// Checks that what the scorers need is there, without reading it.
    ///
    /// # Errors
    /// Where something is missing, with the variants that run without it.
    pub fn check(&self) -> anyhow::Result<()> {
        let variants = self.variants.iter();
        let variants = variants.map(|one| (one.name.as_str(), one.scorer.check(&self.models)));
        check_needs(&variants.collect::<Vec<_>>())
    }
}
