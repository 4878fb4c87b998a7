//! What all variants look at: the prompts, what their answers cost, and what single models and oracles reach.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, ensure};

use super::choose::score;
use super::config::{Config, Tenant};
use super::costs::Costs;
use super::division::Division;
use crate::data::RoutedPrompt;

pub(super) struct Known<'a> {
    pub(super) division: &'a Division,
    pub(super) costs: Costs,
    /// The single model that routers are held against.
    pub(super) best: usize,
    /// The strong and the weak model.
    pub(super) pair: Option<(usize, usize)>,
    /// The place of each evaluated prompt, by its id.
    pub(super) places: HashMap<&'a str, usize>,
    /// The numbers of the tasks, in the order of their names.
    tasks: BTreeMap<&'a str, usize>,
    /// The model that is best for each task, in the mean over the evaluated prompts.
    best_of_task: HashMap<&'a str, usize>,
    /// Which models may answer each tenant, and its tier.
    tenants: HashMap<&'a str, (&'a Tenant, Vec<bool>)>,
}

impl<'a> Known<'a> {
    pub(super) fn new(division: &'a Division, config: &'a Config) -> anyhow::Result<Self> {
        for name in config.models.keys() {
            division.model(name).context("`system.router.models`")?;
        }
        let whole = division.evaluated();
        let learned = division.learned();
        let best = match &config.best {
            Some(name) => division.model(name).context("`system.router.best`")?,
            None => best_single(
                if learned.is_empty() { &whole } else { &learned },
                division.models.len(),
            ),
        };
        let pair = match &config.pair {
            Some(pair) => {
                let pair = (division.model(&pair.strong), division.model(&pair.weak));
                Some((
                    pair.0.context("`system.router.pair`")?,
                    pair.1.context("`system.router.pair`")?,
                ))
            }
            None => None,
        };
        let names: BTreeSet<&str> = division
            .train
            .iter()
            .chain(&division.test)
            .filter_map(RoutedPrompt::task)
            .collect();
        let mut by_task: HashMap<&str, Vec<&RoutedPrompt>> = HashMap::new();
        for prompt in &whole {
            if let Some(task) = prompt.task() {
                by_task.entry(task).or_default().push(prompt);
            }
        }
        let best_of_task = by_task.into_iter();
        let tenants = config.tenants.iter().map(|tenant| {
            let may = allowed(tenant, config, &division.models)?;
            Ok((tenant.name.as_str(), (tenant, may)))
        });
        let known = Self {
            costs: Costs::new(division, config)?,
            best,
            pair,
            places: division
                .test
                .iter()
                .zip(0..)
                .map(|(one, place)| (one.id.as_str(), place))
                .collect(),
            tasks: names.into_iter().zip(0..).collect(),
            best_of_task: best_of_task
                .map(|(task, prompts)| (task, best_single(&prompts, division.models.len())))
                .collect(),
            tenants: tenants.collect::<anyhow::Result<_>>()?,
            division,
        };
        if !config.tenants.is_empty() {
            for prompt in &division.test {
                let tenant = prompt.tenant();
                let tenant = tenant.with_context(|| {
                    format!("the prompt `{}` has no `tenant`, and `system.router.tenants` says which models may answer whom", prompt.id)
                })?;
                ensure!(
                    known.tenants.contains_key(tenant),
                    "the prompt `{}` is of the tenant `{tenant}`, which `system.router.tenants` does not have: which models may answer it is not known",
                    prompt.id
                );
            }
        }
        Ok(known)
    }

    /// The tenant of a prompt, and the models that may answer it.
    pub(super) fn tenant(&self, prompt: &RoutedPrompt) -> Option<&(&'a Tenant, Vec<bool>)> {
        self.tenants.get(prompt.tenant()?)
    }

    /// The number of a task; a task that the data do not have has the next one.
    pub(super) fn task_number(&self, task: &str) -> f64 {
        *self.tasks.get(task).unwrap_or(&self.tasks.len()) as f64
    }

    /// The model that is best for a task on the evaluated prompts.
    pub(super) fn best_of_task(&self, task: &str) -> Option<usize> {
        self.best_of_task.get(task).copied()
    }

    pub(super) fn remarks(&self) -> Vec<String> {
        let division = self.division;
        let whole = division.evaluated();
        let count = whole.len() as f64;
        let mean = |of: &dyn Fn(&RoutedPrompt) -> f64| {
            whole.iter().map(|one| of(one)).sum::<f64>() / count
        };
        let models = 0..division.models.len();
        let costs = self
            .costs
            .are_known()
            .then(|| self.costs.means(&whole, division.models.len()));
        let single = models.clone().map(|model| {
            let quality = mean(&|prompt| score(prompt, model));
            let cost = costs.as_ref().map_or_else(String::new, |costs| {
                format!(" at {:.4} USD per 1,000", costs[model] * 1e3)
            });
            let is_best = if model == self.best {
                " (best single model)"
            } else {
                ""
            };
            format!("  {} {quality:.4}{cost}{is_best}", division.models[model])
        });
        let oracle = mean(&|prompt| {
            models
                .clone()
                .map(|model| score(prompt, model))
                .fold(0.0, f64::max)
        });
        let mut remarks = vec![
            division.note(),
            format!("single models on {} evaluated prompts:", whole.len()),
        ];
        remarks.extend(single);
        remarks.push(format!("  oracle {oracle:.4}"));
        if let Some((strong, weak)) = self.pair {
            let (above, below) = (
                mean(&|one| score(one, strong)),
                mean(&|one| score(one, weak)),
            );
            if above <= below {
                remarks.push(format!(
                    "APGR, CPT and PGR are not defined: `{}` ({above:.4}) is no better than `{}` ({below:.4}), so there is no gap to recover",
                    division.models[strong], division.models[weak]
                ));
            }
        }
        remarks.extend(self.costs.note.clone());
        remarks
    }
}

/// The model with the best mean score; of equals the first.
fn best_single(prompts: &[&RoutedPrompt], models: usize) -> usize {
    let sum = |model: usize| {
        prompts
            .iter()
            .map(|prompt| score(prompt, model))
            .sum::<f64>()
    };
    let sums: Vec<f64> = (0..models).map(sum).collect();
    let best = (0..models).reduce(|best, model| {
        if sums[model] > sums[best] {
            model
        } else {
            best
        }
    });
    best.unwrap_or_default()
}

/// Which models may answer a tenant.
fn allowed(tenant: &Tenant, config: &Config, models: &[String]) -> anyhow::Result<Vec<bool>> {
    for name in tenant.models.iter().chain(&tenant.pin) {
        ensure!(
            models.contains(name),
            "the tenant `{}` names a model `{name}` that the outcomes do not have; they have {}",
            tenant.name,
            models.join(", ")
        );
    }
    let may = |model: &String| {
        if let Some(pin) = &tenant.pin {
            return model == pin;
        }
        let region = config
            .models
            .get(model)
            .and_then(|facts| facts.region.as_ref());
        let in_region = tenant.regions.is_empty()
            || region.is_some_and(|region| tenant.regions.contains(region));
        in_region && (tenant.models.is_empty() || tenant.models.contains(model))
    };
    let may: Vec<bool> = models.iter().map(may).collect();
    ensure!(
        may.contains(&true),
        "no model may answer the tenant `{}`: none of its `models` runs in its `regions`; say in `system.router.models` where each runs",
        tenant.name
    );
    Ok(may)
}
