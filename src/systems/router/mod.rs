//! A router of prompts to language models, replayed over outcomes that are known: cache, tenant, task, choice, cascade, fallback.

mod cached;
mod cascade;
mod choose;
mod classify;
mod config;
mod costs;
mod definitions;
mod division;
mod known;
mod metric;
mod note;
mod pipeline;
mod route;
mod train;
mod validate;

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, ensure};

use self::known::Known;
use self::metric::Columns;
use self::pipeline::Pipeline;
use super::System;
use crate::caches::Embeddings;
use crate::data::RoutedPrompt;
use crate::metrics::MetricFacts;
use crate::metrics::routing::Kind;
use crate::outputs::Output;

pub use self::config::{
    Accept, ByTask, CacheStage, Cascade, Choose, Classify, Config, FieldSplit, HashSplit, Judge,
    ModelFacts, Nothing, Simulated, Split, StrongWeak, Tenant, Trade, Variant,
};
pub use self::division::Division;
pub use self::metric::{Each, PooledMetric, RouterMetric};
pub use self::train::{Tradeoff, Trained, train};

/// Routers in several variants.
pub struct Router<'a> {
    known: Known<'a>,
    metrics: Vec<(RouterMetric, bool)>,
    /// The columns of models that pooled metrics are computed from.
    columns: Vec<(Kind, usize)>,
    conditions: BTreeMap<String, String>,
    pipelines: Vec<Pipeline<'a>>,
    notes: Vec<String>,
}

impl<'a> Router<'a> {
    /// Prepares the variants of `config`: learns what is to be learned from the training part.
    ///
    /// # Errors
    /// Where a model is missing, a name is none of the data's, or a metric needs what is not known.
    pub fn open(
        division: &'a Division,
        config: &'a Config,
        metrics: &[RouterMetric],
        seed: u64,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let known = Known::new(division, config)?;
        for metric in metrics {
            if metric.needs_costs() {
                known.costs.demand(&format!("`{metric}`"))?;
            }
            ensure!(
                !metric.needs_pair() || known.pair.is_some(),
                "`{metric}` needs two models: name them in `system.router.pair`, as in `pair = {{ strong = \"…\", weak = \"…\" }}`"
            );
        }
        let mut all: Vec<(RouterMetric, bool)> =
            metrics.iter().map(|metric| (*metric, false)).collect();
        for each in metrics.iter().flat_map(|metric| metric.needs()) {
            let each = RouterMetric::Each(each);
            if !all.iter().any(|(metric, _)| *metric == each) {
                all.push((each, true));
            }
        }
        let mut columns = Vec::new();
        for kind in metrics.iter().flat_map(|metric| metric.kinds()) {
            for model in 0..division.models.len() {
                if !columns.contains(&(*kind, model)) {
                    columns.push((*kind, model));
                }
            }
        }
        let mut embeddings = Embeddings::default();
        let open = |variant: &'a Variant| {
            let opened = Pipeline::open(variant, config, &known, seed, &mut embeddings);
            opened.with_context(|| format!("variant `{}`", variant.name))
        };
        let pipelines: Vec<Pipeline<'a>> = config
            .variants
            .iter()
            .map(open)
            .collect::<anyhow::Result<_>>()?;
        let conditions = BTreeMap::from([
            ("outcomes".to_owned(), division.digest.clone()),
            ("split".to_owned(), division.how.clone()),
        ]);
        Ok(Self {
            notes: pipelines
                .iter()
                .map(|pipeline| pipeline.note.clone())
                .collect(),
            metrics: all,
            columns,
            conditions,
            pipelines,
            known,
        })
    }

    /// What must be equal in two runs for their numbers to be comparable.
    pub fn conditions(&self) -> &BTreeMap<String, String> {
        &self.conditions
    }

    /// The digest of what each variant learned.
    pub fn models(&self) -> BTreeMap<String, String> {
        let digest =
            |pipeline: &Pipeline<'_>| Some((pipeline.name().to_owned(), pipeline.digest.clone()?));
        self.pipelines.iter().filter_map(digest).collect()
    }

    /// What is to be said before the run: how prompts are divided, what single models and oracles reach, and which prices are old.
    pub fn remarks(&self) -> Vec<String> {
        self.known.remarks()
    }
}

impl System for Router<'_> {
    type Example = RoutedPrompt;

    fn id<'e>(&self, prompt: &'e RoutedPrompt) -> &'e str {
        &prompt.id
    }

    fn fact<'e>(&self, prompt: &'e RoutedPrompt, name: &str) -> Option<&'e str> {
        prompt.metadata.get(name).map(String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn run(&self, batch: &[&RoutedPrompt]) -> Vec<Vec<Output>> {
        let mut outputs: Vec<Vec<Output>> = vec![Vec::new(); batch.len()];
        for pipeline in &self.pipelines {
            let of_batch = pipeline.run(batch, &self.known);
            for (outputs, output) in outputs.iter_mut().zip(of_batch) {
                outputs.push(output);
            }
        }
        outputs
    }

    fn metrics(&self) -> Vec<MetricFacts> {
        let division = self.known.division;
        let columns = Columns {
            models: &division.models,
            best: self.known.best,
            pair: self.known.pair,
        };
        let metrics = self.metrics.iter();
        let metrics = metrics.map(|(metric, aside)| metric.facts(*aside, &columns));
        let of_models = self.columns.iter().map(|(kind, model)| {
            let name = &division.models[*model];
            metric::column_facts(*kind, name)
        });
        metrics.chain(of_models).collect()
    }

    fn grades(&self, _: &RoutedPrompt, _: &[Output]) -> HashMap<String, i32> {
        HashMap::new()
    }

    fn score(&self, variant: usize, prompt: &RoutedPrompt, output: &Output) -> Vec<Option<f64>> {
        let pipeline = &self.pipelines[variant];
        let facts = pipeline.facts(prompt, output, &self.known);
        let metrics = self.metrics.iter().map(|(metric, _)| match metric {
            RouterMetric::Each(each) => facts.value(*each),
            RouterMetric::Pooled(_) => None,
        });
        let columns = self
            .columns
            .iter()
            .map(|(kind, model)| facts.column(*kind, *model));
        metrics.chain(columns).collect()
    }
}
