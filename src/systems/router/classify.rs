//! What kind of task a prompt is: as it is given, by rules, or as it was learned.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};

use super::config::Classify;
use super::division::Division;
use crate::caches::Embeddings;
use crate::data::RoutedPrompt;
use crate::learning::{Predictor, PredictorConfig};
use crate::routing::Compiled;

/// How tasks are told apart, ready.
pub(super) enum Classifier<'a> {
    /// As the data say.
    Given,
    /// By rules.
    Rules(Compiled<'a>),
    /// As it was learned, with the tasks' names.
    Learned(Predictor, Vec<String>),
}

impl<'a> Classifier<'a> {
    pub(super) fn open(
        config: &'a Classify,
        division: &Division,
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Self> {
        Ok(match config {
            Classify::Given(_) => {
                ensure!(
                    division.test.iter().any(|prompt| prompt.task().is_some()),
                    "`classify.given` reads the prompts' `task`, and none has one"
                );
                Self::Given
            }
            Classify::Rules(rules) => Self::Rules(rules.compile()?),
            Classify::Learned(predictor) => {
                let learned = learn(predictor, division, seed, embeddings);
                let (fitted, tasks) = learned.context("`classify.learned`")?;
                Self::Learned(fitted, tasks)
            }
            Classify::Trained(path) => {
                let (folder, trained) = division.trained(path)?;
                let (fitted, tasks) = trained.classifier(&folder, embeddings)?;
                Self::Learned(fitted, tasks)
            }
        })
    }

    /// The task of each prompt and how sure that is; `None` where the data do not say it.
    pub(super) fn tell(
        &self,
        prompts: &[&RoutedPrompt],
    ) -> anyhow::Result<Vec<Option<(String, f64)>>> {
        Ok(match self {
            Self::Given => {
                let given = |prompt: &&RoutedPrompt| Some((prompt.task()?.to_owned(), 1.0));
                prompts.iter().map(given).collect()
            }
            Self::Rules(rules) => {
                let told =
                    |prompt: &&RoutedPrompt| Some((rules.task(&prompt.text).to_owned(), 1.0));
                prompts.iter().map(told).collect()
            }
            Self::Learned(predictor, tasks) => {
                let best = |scores: Vec<f64>| {
                    let better = |best: usize, task: usize| {
                        if scores[task] > scores[best] {
                            task
                        } else {
                            best
                        }
                    };
                    let best = (0..scores.len()).reduce(better)?;
                    Some((tasks[best].clone(), scores[best]))
                };
                let texts: Vec<&str> = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
                predictor.predict(&texts)?.into_iter().map(best).collect()
            }
        })
    }
}

/// What tells the tasks of the training part, and their names.
pub(super) fn learn(
    predictor: &PredictorConfig,
    division: &Division,
    seed: u64,
    embeddings: &mut Embeddings,
) -> anyhow::Result<(Predictor, Vec<String>)> {
    let prompts = division.train.iter();
    let learned: Vec<(&RoutedPrompt, &str)> = prompts
        .filter_map(|prompt| Some((prompt, prompt.task()?)))
        .collect();
    ensure!(
        !learned.is_empty(),
        "no prompt of the training part has a `task` to learn"
    );
    let names: BTreeSet<&str> = learned.iter().map(|(_, task)| *task).collect();
    let texts: Vec<&str> = learned
        .iter()
        .map(|(prompt, _)| prompt.text.as_str())
        .collect();
    let is = |given: &str, task: &str| f64::from(u8::from(given == task));
    let of_prompt = |(_, given): &(&RoutedPrompt, &str)| -> Vec<f64> {
        names.iter().map(|task| is(given, task)).collect()
    };
    let targets: Vec<f64> = learned.iter().flat_map(of_prompt).collect();
    let fitted = predictor.fit(&texts, &targets, names.len(), seed, embeddings)?;
    Ok((fitted, names.into_iter().map(str::to_owned).collect()))
}
