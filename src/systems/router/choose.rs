//! Which model a prompt goes to: what each is expected to score, and what that is worth.

use std::collections::HashMap;

use anyhow::{Context, bail, ensure};

use super::config::{ByTask, Choose, Trade, Variant};
use super::costs::Costs;
use super::division::Division;
use crate::caches::Embeddings;
use crate::data::{Digest, RoutedPrompt};
use crate::learning::{Predictor, PredictorConfig};
use crate::metrics::routing::{Curve, Routes};

/// What tells the scores that models are expected to have.
pub(super) enum Expected {
    /// The same for every prompt: an order of preference.
    Same(Vec<f64>),
    /// None is preferred: one is drawn.
    Drawn,
    /// By the task.
    ByTask {
        tasks: HashMap<String, Vec<f64>>,
        otherwise: Vec<f64>,
        /// Whether they are scores, and not only an order of preference.
        are_scores: bool,
    },
    /// Learned.
    Learned(Predictor),
    /// What will be.
    Actual,
}

/// A choice that is ready.
pub(super) struct Chooser {
    pub(super) expected: Expected,
    /// What each model is expected to cost.
    pub(super) costs: Vec<f64>,
    /// What was learned from each training prompt by a router that did not see it; empty where it is not needed.
    crossed: Vec<Vec<f64>>,
    pub(super) digest: Option<String>,
}

/// The score that counts for an outcome: an answer that there is not is worth nothing.
pub(super) fn score(prompt: &RoutedPrompt, model: usize) -> f64 {
    prompt.outcomes[model].score.unwrap_or(0.0)
}

/// The scores of some prompts, model by model.
pub(super) fn scores(prompts: &[&RoutedPrompt], models: usize) -> Vec<f64> {
    let of = |prompt: &&RoutedPrompt| {
        (0..models)
            .map(|model| score(prompt, model))
            .collect::<Vec<_>>()
    };
    prompts.iter().flat_map(of).collect()
}

impl Chooser {
    pub(super) fn new(
        variant: &Variant,
        division: &Division,
        costs: &Costs,
        seed: u64,
        crosses: bool,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Self> {
        let models = division.models.len();
        let learned = division.learned();
        // Those that come first in a list are preferred; where none of it may answer a tenant, those that the variant falls back on.
        let preference = |names: &[String]| -> anyhow::Result<Vec<f64>> {
            let mut values = vec![0.0; models];
            let count = names.len() + variant.fallback.len();
            for (rank, name) in names.iter().chain(&variant.fallback).enumerate() {
                let value: &mut f64 = &mut values[division.model(name)?];
                *value = value.max((count - rank) as f64 / count as f64);
            }
            Ok(values)
        };
        let mut digest = None;
        let mut held_out = Vec::new();
        let mut mean_costs = costs.means(&learned, models);
        let expected = match &variant.choose {
            Choose::Single(name) => Expected::Same(preference(std::slice::from_ref(name))?),
            Choose::Random(_) => Expected::Drawn,
            Choose::Oracle(_) => Expected::Actual,
            Choose::ByTask(ByTask { tasks, otherwise }) => {
                let of =
                    |(task, names): (&String, &Vec<String>)| Ok((task.clone(), preference(names)?));
                Expected::ByTask {
                    tasks: tasks.iter().map(of).collect::<anyhow::Result<_>>()?,
                    otherwise: preference(otherwise)?,
                    are_scores: false,
                }
            }
            Choose::BestByTask(_) => {
                let mut by_task: HashMap<String, Vec<&RoutedPrompt>> = HashMap::new();
                for prompt in &learned {
                    if let Some(task) = prompt.task() {
                        by_task.entry(task.to_owned()).or_default().push(prompt);
                    }
                }
                let tasks = by_task.into_iter();
                Expected::ByTask {
                    tasks: tasks
                        .map(|(task, prompts)| (task, means(&prompts, models)))
                        .collect(),
                    otherwise: means(&learned, models),
                    are_scores: true,
                }
            }
            Choose::Predict(predictor) => {
                let texts: Vec<&str> = learned.iter().map(|prompt| prompt.text.as_str()).collect();
                let targets = scores(&learned, models);
                let fitted = predictor.fit(&texts, &targets, models, seed, embeddings);
                let fitted = fitted.context("`choose.predict`")?;
                digest = Some(fitted.digest.clone());
                if crosses {
                    held_out = cross(predictor, &learned, models, seed, embeddings)?;
                }
                Expected::Learned(fitted)
            }
            Choose::Trained(path) => {
                let (folder, trained) = division.trained(path)?;
                ensure!(
                    trained.models == division.models,
                    "`{}` was trained for the models {}, and the outcomes have {}",
                    folder.display(),
                    trained.models.join(", "),
                    division.models.join(", ")
                );
                let predictor = trained.predictor(&folder, embeddings)?;
                digest = Some(predictor.digest.clone());
                mean_costs = trained.cost_usd;
                Expected::Learned(predictor)
            }
        };
        Ok(Self {
            expected,
            costs: mean_costs,
            crossed: held_out,
            digest,
        })
    }

    /// The scores that are expected for a batch, each prompt with its task.
    pub(super) fn expected(
        &self,
        prompts: &[(&RoutedPrompt, Option<&str>)],
    ) -> anyhow::Result<Vec<Vec<f64>>> {
        let models = self.costs.len();
        Ok(match &self.expected {
            Expected::Same(values) => vec![values.clone(); prompts.len()],
            Expected::Drawn => vec![vec![0.5; models]; prompts.len()],
            Expected::ByTask {
                tasks, otherwise, ..
            } => {
                let of = |(_, task): &(&RoutedPrompt, Option<&str>)| {
                    task.and_then(|task| tasks.get(task))
                        .unwrap_or(otherwise)
                        .clone()
                };
                prompts.iter().map(of).collect()
            }
            Expected::Learned(predictor) => {
                let texts: Vec<&str> = prompts
                    .iter()
                    .map(|(prompt, _)| prompt.text.as_str())
                    .collect();
                predictor.predict(&texts)?
            }
            Expected::Actual => {
                let of = |(prompt, _): &(&RoutedPrompt, Option<&str>)| {
                    if prompt.outcomes.is_empty() {
                        return vec![0.0; models];
                    }
                    (0..models).map(|model| score(prompt, model)).collect()
                };
                prompts.iter().map(of).collect()
            }
        })
    }

    /// Whether what is expected are scores, which a curve can be made of.
    pub(super) fn predicts(&self) -> bool {
        match self.expected {
            Expected::Same(_) => false,
            Expected::ByTask { are_scores, .. } => are_scores,
            Expected::Drawn | Expected::Learned(_) | Expected::Actual => true,
        }
    }

    /// The price of quality, in quality per USD, that a trade comes to.
    pub(super) fn price(&self, trade: Trade, costs: &Costs) -> anyhow::Result<f64> {
        match trade {
            // An order of preference is no score, that costs could be weighed against, and a draw looks at none.
            _ if !self.predicts() || matches!(self.expected, Expected::Drawn) => Ok(0.0),
            Trade::Quality => Ok(0.0),
            Trade::QualityPerUsd(price) => {
                costs.demand("`quality_per_usd`")?;
                Ok(price)
            }
            Trade::UsdPer1k(budget) => {
                costs.demand("`usd_per_1k`")?;
                if self.crossed.is_empty() {
                    bail!(
                        "`usd_per_1k` is fitted on predictions for the training part; it goes with `choose.predict`"
                    );
                }
                let predicted: Vec<f64> = self.crossed.concat();
                let predicted_cost = self.costs.repeat(self.crossed.len());
                // The curve's own costs and qualities are not looked at.
                let routes = Routes {
                    models: self.costs.len(),
                    quality: &predicted,
                    cost: &predicted_cost,
                    predicted: &predicted,
                    predicted_cost: &predicted_cost,
                };
                let curve = Curve::of(&routes);
                let price = curve.price_within(&predicted_cost, self.costs.len(), budget / 1e3);
                price.with_context(|| {
                    let least = self.costs.iter().copied().fold(f64::INFINITY, f64::min) * 1e3;
                    format!("`usd_per_1k = {budget}` cannot be kept: the cheapest model costs {least:.4} on the training part")
                })
            }
        }
    }

    /// What an answer is expected to cost, where a curve can be made of it.
    pub(super) fn predicted_cost(
        &self,
        prompt: &RoutedPrompt,
        model: usize,
        costs: &Costs,
    ) -> Option<f64> {
        match self.expected {
            // Models that nothing tells apart make no curve.
            Expected::Drawn => None,
            Expected::Actual => costs.of(model, prompt.outcomes.get(model)?),
            _ => Some(self.costs[model]),
        }
    }

    /// What was predicted for this model on each training prompt, by a router that did not see it.
    pub(super) fn crossed(&self, model: usize) -> Vec<f64> {
        self.crossed
            .iter()
            .map(|predicted| predicted[model])
            .collect()
    }

    /// The model for a prompt, of those that may answer; `None` where none may.
    pub(super) fn choose(
        &self,
        prompt: &RoutedPrompt,
        expected: &[f64],
        may: &[bool],
        price: f64,
        seed: u64,
        costs: &Costs,
    ) -> Option<usize> {
        let open = || (0..expected.len()).filter(|model| may[*model]);
        if matches!(self.expected, Expected::Drawn) {
            let count = open().count();
            let drawn = Digest::default()
                .with("seed", seed.to_string())
                .with("prompt", &prompt.id)
                .finish();
            let drawn = u64::from_str_radix(&drawn[..12], 16).unwrap_or_default();
            let place = usize::try_from(drawn)
                .unwrap_or_default()
                .checked_rem(count)?;
            return open().nth(place);
        }
        let cost = |model: usize| {
            self.predicted_cost(prompt, model, costs)
                .unwrap_or_default()
        };
        let worth = |model: usize| {
            if price == 0.0 {
                expected[model]
            } else {
                expected[model] - price * cost(model)
            }
        };
        open().reduce(|best, model| {
            let by_worth = worth(model).total_cmp(&worth(best));
            let is_better = by_worth.then(cost(best).total_cmp(&cost(model))).is_gt();
            if is_better { model } else { best }
        })
    }
}

/// The mean score of each model.
fn means(prompts: &[&RoutedPrompt], models: usize) -> Vec<f64> {
    let mean = |model: usize| {
        let sum: f64 = prompts.iter().map(|prompt| score(prompt, model)).sum();
        sum / prompts.len() as f64
    };
    (0..models).map(mean).collect()
}

/// For each training prompt what is learned from the other half of them, halves by a hash of the text.
pub(super) fn cross(
    predictor: &PredictorConfig,
    learned: &[&RoutedPrompt],
    models: usize,
    seed: u64,
    embeddings: &mut Embeddings,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let half = |prompt: &RoutedPrompt| {
        let digest = Digest::default().with("half", seed.to_string());
        digest.with("prompt", prompt.name()).finish().as_bytes()[0] % 2
    };
    let mut crossed = vec![Vec::new(); learned.len()];
    for this in [0, 1] {
        let part = |inside: bool| -> Vec<usize> {
            let places = 0..learned.len();
            places
                .filter(|place| (half(learned[*place]) == this) == inside)
                .collect()
        };
        let (wanted, others) = (part(true), part(false));
        let other: Vec<&RoutedPrompt> = others.iter().map(|place| learned[*place]).collect();
        let texts: Vec<&str> = other.iter().map(|prompt| prompt.text.as_str()).collect();
        let fitted = predictor.fit(&texts, &scores(&other, models), models, seed, embeddings)?;
        let texts: Vec<&str> = wanted
            .iter()
            .map(|place| learned[*place].text.as_str())
            .collect();
        for (place, predicted) in wanted.iter().zip(fitted.predict(&texts)?) {
            crossed[*place] = predicted;
        }
    }
    Ok(crossed)
}
