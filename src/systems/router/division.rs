//! Which prompts are learned from and which are evaluated.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, ensure};

use super::config::{FieldSplit, HashSplit, Split};
use crate::caches::normalised;
use crate::data::{Digest, OutcomeMatrix, PathText, RoutedPrompt};
use crate::routing::TrainedRouter;

/// The field of a prompt that names an earlier one whose answer serves as well.
pub(super) const SAME_AS: &str = "same_as";

/// The prompts of a matrix, divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// The models.
    pub models: Vec<String>,
    /// The prompts that are learned from.
    pub train: Vec<RoutedPrompt>,
    /// The prompts that are evaluated, in their order.
    pub test: Vec<RoutedPrompt>,
    /// For each evaluated prompt the id of the first prompt whose answer serves as well.
    pub(super) meanings: Vec<String>,
    /// How many were dropped from `train` because `test` has their text.
    pub shared: usize,
    /// Prompts of both with outcomes of some models only.
    pub incomplete: usize,
    /// How many texts have more than one task, and count as without.
    pub two_tasks: usize,
    /// A digest of the whole matrix.
    pub digest: String,
    /// How they were divided, in words.
    pub how: String,
}

impl Division {
    /// Divides a matrix.
    ///
    /// # Errors
    /// Where a part would be empty.
    pub fn of(matrix: OutcomeMatrix, split: Option<&Split>) -> anyhow::Result<Self> {
        let digest = matrix.digest();
        let meanings = meanings(&matrix.prompts)?;
        let fields = matrix.fields();
        let (mut train, test, how) = match split {
            None => (
                Vec::new(),
                matrix.prompts,
                "all prompts are evaluated".to_owned(),
            ),
            Some(Split::Field(FieldSplit { name, train, test })) => {
                let is = |prompt: &RoutedPrompt, value: &String| {
                    prompt.metadata.get(name) == Some(value)
                };
                let part = |value: &String| -> anyhow::Result<Vec<RoutedPrompt>> {
                    let prompts = matrix.prompts.iter();
                    let found: Vec<_> = prompts
                        .filter(|prompt| is(prompt, value))
                        .cloned()
                        .collect();
                    ensure!(
                        !found.is_empty(),
                        "no prompt has `{value}` in the field `{name}` that `system.router.split.field` names; the fields are {fields}"
                    );
                    Ok(found)
                };
                let how = format!("`{name}`: learned from `{train}`, evaluated `{test}`");
                (part(train)?, part(test)?, how)
            }
            Some(Split::Hash(HashSplit { seed, test_share })) => {
                let key = |prompt: &RoutedPrompt| {
                    let digest = Digest::default().with("seed", seed.to_string());
                    digest.with("prompt", prompt.name()).finish()
                };
                let keys: BTreeSet<String> = matrix.prompts.iter().map(key).collect();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a count"
                )]
                let learned = (keys.len() as f64 * (1.0 - test_share)).round() as usize;
                let first = keys.into_iter().nth(learned);
                let (train, test) = matrix
                    .prompts
                    .into_iter()
                    .partition(|prompt| first.as_ref().is_none_or(|first| key(prompt) < *first));
                let how = format!(
                    "{test_share} of the distinct texts are evaluated, by a hash (seed {seed})"
                );
                (train, test, how)
            }
        };
        let meaning = |prompt: &RoutedPrompt| meanings[&prompt.id].clone();
        let meanings = test.iter().map(meaning).collect();
        let evaluated: HashSet<&str> = test.iter().map(RoutedPrompt::name).collect();
        let before = train.len();
        train.retain(|prompt| !evaluated.contains(prompt.name()));
        let shared = before - train.len();
        let is_whole = |prompt: &&RoutedPrompt| !prompt.outcomes.is_empty();
        ensure!(
            test.iter().any(|prompt| is_whole(&prompt)),
            "no prompt that is evaluated has outcomes of all models"
        );
        ensure!(
            split.is_none() || train.iter().any(|prompt| is_whole(&prompt)),
            "no prompt is left to learn from ({shared} are dropped because they are evaluated too)"
        );
        Ok(Self {
            models: matrix.models,
            incomplete: matrix.incomplete,
            two_tasks: matrix.two_tasks,
            train,
            test,
            meanings,
            shared,
            digest,
            how,
        })
    }

    /// The prompts of the training part with outcomes of all models.
    pub(super) fn learned(&self) -> Vec<&RoutedPrompt> {
        let prompts = self.train.iter();
        prompts
            .filter(|prompt| !prompt.outcomes.is_empty())
            .collect()
    }

    /// The prompts that are evaluated and have outcomes of all models.
    pub(super) fn evaluated(&self) -> Vec<&RoutedPrompt> {
        let prompts = self.test.iter();
        prompts
            .filter(|prompt| !prompt.outcomes.is_empty())
            .collect()
    }

    /// The place of a model, by its name.
    ///
    /// # Errors
    /// Where there is none, with the names of those that there are.
    pub(super) fn model(&self, name: &str) -> anyhow::Result<usize> {
        let found = self.models.iter().position(|model| model == name);
        found.with_context(|| {
            format!(
                "there is no model `{name}` in the outcomes; they have {}",
                self.models.join(", ")
            )
        })
    }

    /// The router that was kept at `path`, with its folder.
    ///
    /// # Errors
    /// Where there is none, or it learned from a prompt that is evaluated.
    pub(super) fn trained(&self, path: &PathText) -> anyhow::Result<(PathBuf, TrainedRouter)> {
        let folder = path.resolve()?;
        let trained = TrainedRouter::load(&folder)?;
        trained.check_unseen(&folder, self.test.iter().map(RoutedPrompt::name))?;
        Ok((folder, trained))
    }

    /// What is to be said of it.
    pub fn note(&self) -> String {
        let counts = [
            (
                self.shared,
                "dropped from the former, for their text is evaluated",
            ),
            (
                self.incomplete,
                "prompts have outcomes of some models only, and count as without",
            ),
            (
                self.two_tasks,
                "texts have more than one task, and count as without",
            ),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, what)| format!("; {count} {what}"))
            .collect();
        format!(
            "{} prompts to learn from, {} to evaluate ({}){}",
            self.train.len(),
            self.test.len(),
            self.how,
            told.concat()
        )
    }
}

/// For each prompt, by its id, that of the first one whose answer serves it as well: the same words, as an exact cache knows them, or what `same_as`
/// names. In the order of the data.
///
/// # Errors
/// Where `same_as` names no earlier prompt.
fn meanings(prompts: &[RoutedPrompt]) -> anyhow::Result<HashMap<String, String>> {
    let mut by_id: HashMap<String, String> = HashMap::new();
    let mut by_words: HashMap<String, String> = HashMap::new();
    for prompt in prompts {
        let words = normalised(&prompt.text);
        let meaning = match prompt.metadata.get(SAME_AS) {
            Some(earlier) => {
                let set = prompt.metadata.get("set").map_or("", String::as_str);
                let found = by_id.get(earlier);
                let found = found.or_else(|| by_id.get(&format!("{set}:{earlier}")));
                found.cloned().with_context(|| {
                    format!(
                        "the prompt `{}` is `{SAME_AS}` `{earlier}`, which is no earlier prompt",
                        prompt.id
                    )
                })?
            }
            None => by_words.get(&words).unwrap_or(&prompt.id).clone(),
        };
        by_words.entry(words).or_insert_with(|| meaning.clone());
        by_id.insert(prompt.id.clone(), meaning);
    }
    Ok(by_id)
}
