//! `[system.faithfulness]`: which scorers are compared.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::faithfulness::{LanguageModels, ScorerConfig};
use crate::systems::check_names;

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
        for variant in &self.variants {
            let Err(error) = variant.scorer.check(&self.models) else {
                continue;
            };
            let others = self
                .variants
                .iter()
                .filter(|other| other.scorer.check(&self.models).is_ok());
            let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
            let hint = if others.is_empty() {
                String::new()
            } else {
                format!(
                    ", or run the variants that need none: `--variants {}`",
                    others.join(",")
                )
            };
            anyhow::bail!("variant `{}`: {error:#}{hint}", variant.name);
        }
        Ok(())
    }
}
