//! `ragkit eval --ablate`: what each variant changes against one of them, stage by stage.

use anyhow::{Context, bail, ensure};

use crate::comparison::{Ablation, AblationOf, Question, Sliced, ablate};
use crate::experiment::{Experiment, SystemConfig};
use crate::report::Run;
use crate::systems::rag::Variant;

/// Metrics of the config that are held against latency and cost: its first, as a table has room for few.
const SHOWN: usize = 3;

/// What is to be held against what, settled before anything runs.
pub(super) struct Plan {
    baseline: String,
    variants: Vec<AblationOf>,
    question: Question,
}

impl Plan {
    /// To hold the variants of the config against `base`, or against the first.
    ///
    /// # Errors
    /// Where there is no such variant, no other one, or the system has no stages to differ in.
    pub(super) fn new(experiment: &Experiment, base: Option<&str>) -> anyhow::Result<Self> {
        let SystemConfig::Rag(config) = &experiment.system else {
            bail!(
                "`--ablate` goes with `system.rag`, whose variants differ in their stages; `ragkit compare` compares any two"
            );
        };
        let is_base = |variant: &&Variant| base.is_none_or(|base| variant.name == base);
        let baseline = config.variants.iter().find(is_base).with_context(|| {
            let known = config.variants.iter().map(|variant| variant.name.as_str());
            let known: Vec<&str> = known.collect();
            format!(
                "there is no variant `{}` to hold the others against; the config has {}",
                base.unwrap_or_default(),
                known.join(", ")
            )
        })?;
        ensure!(
            config.variants.len() > 1,
            "there is nothing to hold against `{}`; add a variant to the config",
            baseline.name
        );
        let variants = config.variants.iter().map(|variant| AblationOf {
            variant: variant.name.clone(),
            differs: variant.differences_from(baseline).join("; "),
            claimed: variant.claimed_against(baseline),
        });
        let quality = experiment.metrics.iter().take(SHOWN);
        Ok(Self {
            baseline: baseline.name.clone(),
            variants: variants.collect(),
            question: Question {
                metrics: quality.map(ToString::to_string).collect(),
                slices: Sliced::By(experiment.slices.clone()),
                seed: experiment.seed,
                ..Question::default()
            },
        })
    }

    /// Does so in a finished run.
    pub(super) fn of(&self, run: &Run) -> anyhow::Result<Ablation> {
        ablate(run, &self.baseline, &self.variants, &self.question)
    }
}
