//! Outcome matrices: prompts beside what each of several language models made of them.

mod row;
mod source;
mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use anyhow::ensure;
use serde::Serialize;

use self::row::{Reader, Said};
use super::{DataError, Digest, Metadata, Place};

pub use self::source::{OutcomeColumns, OutcomeSource, OutcomeSources};
pub use self::tasks::TaskFile;

/// What one model made of a prompt.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Outcome {
    /// How good its answer is, 0..=1; absent where it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What it cost, 0 or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Tokens of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u64>,
    /// Those of them that the server had cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens_in: Option<u64>,
    /// Tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u64>,
    /// How long the whole answer took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How long its first token took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// How sure a judge was that the answer is good, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A prompt and what the models made of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RoutedPrompt {
    /// Its id, unique in the matrix.
    pub id: String,
    /// Its text.
    pub text: String,
    /// By model, in the order of [`OutcomeMatrix::models`]; empty where nothing is known of some model: then no figure that rests on outcomes
    /// counts it.
    pub outcomes: Vec<Outcome>,
    /// What else is known of it; its fields can be slices and clusters. `set` and `prompt` are always there, the latter a name for its text: the same
    /// for the same letters and digits.
    pub metadata: Metadata,
}

impl RoutedPrompt {
    /// What kind of task it is, if somebody says so.
    pub fn task(&self) -> Option<&str> {
        self.metadata.get(TASK).map(String::as_str)
    }

    /// Whose it is.
    pub fn tenant(&self) -> Option<&str> {
        self.metadata.get(TENANT).map(String::as_str)
    }

    /// A name for its text.
    pub fn name(&self) -> &str {
        self.metadata.get(PROMPT).map_or("", String::as_str)
    }
}

const SET: &str = "set";
const TASK: &str = "task";
const TENANT: &str = "tenant";
const PROMPT: &str = "prompt";

/// Prompts × models.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeMatrix {
    /// The files that it came from.
    pub paths: Vec<PathBuf>,
    /// The models, in the order of their names.
    pub models: Vec<String>,
    /// The prompts, in the order of the files.
    pub prompts: Vec<RoutedPrompt>,
    /// How many prompts have outcomes of some models only; these are left out, and the prompts count as without outcomes.
    pub incomplete: usize,
    /// How many texts have more than one task in files of tasks; they count as without a task.
    pub two_tasks: usize,
}

impl OutcomeMatrix {
    /// Reads sources as one matrix. A row is a prompt with all its outcomes, or with that of one model:
    ///
    /// | column | other names | holds |
    /// |---|---|---|
    /// | `id` | `_id` | the id: text or a whole number; the file's name and the row's number, from 1, where there is no such column |
    /// | `prompt` | `query`, `question`, `text` | the prompt: text, or a list of texts |
    /// | `outcomes` | `scores` | an object: by model its score, or an object with the fields of [`Outcome`] |
    /// | `model`, and `score` and the other fields of [`Outcome`] | | instead of `outcomes`, in rows of one model each |
    /// | `task` | `task_name`, `eval_name`, `category` | what kind of task it is |
    ///
    /// Or each model has columns of its own, whose names the source says ([`OutcomeColumns`]). A score is a number of 0 to 1 (or of the source's `scale`), or true
    /// or false; a blank one is not known. Every other column is metadata, such as `tenant` and `split`; `set` is the file's name without
    /// its ending where a row has none. Where an id stands in two sets, the set goes before all ids: `SET:ID`.
    ///
    /// # Errors
    /// With file and line, where a column is missing or holds what it should not, or a prompt has two outcomes of a model; and where there is no model.
    pub fn read(sources: &OutcomeSources) -> anyhow::Result<Self> {
        sources.validate()?;
        let mut read = Read::default();
        for source in &sources.0 {
            let tasks = source.read_tasks()?;
            for table in source.tables() {
                let path = table.path.resolve()?;
                let reader = Reader::new(source, &path);
                for (number, row) in (1_u64..).zip(table.whole_rows(&path)?) {
                    let (place, row) = row?;
                    let said = reader.said(number, &row);
                    let said = said.and_then(|said| read.add(said, &tasks.of, &path, place));
                    said.map_err(|message| DataError::at(&path, place, message))?;
                }
                read.paths.push(path);
            }
            read.add_unanswered(tasks)?;
        }
        read.finish()
    }

    /// A digest of the matrix, whatever files it came from.
    pub fn digest(&self) -> String {
        let digest = Digest::default().with("models", self.models.join("\n"));
        let with = |digest: Digest, prompt: &RoutedPrompt| {
            let parts = serde_json::to_vec(prompt).expect("plain data is JSON");
            digest.with("prompt", parts)
        };
        self.prompts.iter().fold(digest, with).finish()
    }

    /// The names of the prompts' metadata fields, sorted.
    pub fn fields(&self) -> String {
        let names = self.prompts.iter().flat_map(|one| one.metadata.keys());
        let names: std::collections::BTreeSet<&str> = names.map(String::as_str).collect();
        quoted(names)
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    paths: Vec<PathBuf>,
    prompts: Vec<RoutedPrompt>,
    /// The outcomes of each prompt by model.
    outcomes: Vec<BTreeMap<String, Outcome>>,
    two_tasks: usize,
    /// The place of each prompt, by set and id.
    places: HashMap<(String, String), (usize, PathBuf, Place)>,
}

impl Read {
    fn add(
        &mut self,
        said: Said,
        tasks: &HashMap<String, String>,
        path: &std::path::Path,
        place: Place,
    ) -> Result<(), String> {
        let Said {
            mut prompt,
            outcomes,
            alone,
        } = said;
        if let Some(task) = tasks.get(&prompt.text) {
            prompt.metadata.insert(TASK.to_owned(), task.clone());
        }
        let set = prompt.metadata.get(SET).cloned().unwrap_or_default();
        let known = self.places.entry((set, prompt.id.clone()));
        let known = known.or_insert_with(|| {
            self.outcomes.push(BTreeMap::new());
            (self.outcomes.len() - 1, path.to_owned(), place)
        });
        let number = known.0;
        if number < self.prompts.len() {
            let (file, earlier) = (known.1.display(), known.2);
            if !alone {
                return Err(format!(
                    "the id `{}` stands already in `{file}` {earlier}; ids must be unique in a set, so mend it or name the sets apart in `set`",
                    prompt.id
                ));
            }
            let known = &self.prompts[number].metadata;
            let differs = |field: &&String| known.get(*field) != prompt.metadata.get(*field);
            if let Some(field) = known.keys().chain(prompt.metadata.keys()).find(differs) {
                return Err(format!(
                    "the prompt `{}` has another `{field}` in `{file}` {earlier}; rows of one prompt must agree",
                    prompt.id
                ));
            }
            if self.prompts[number].text != prompt.text {
                return Err(format!(
                    "the prompt `{}` has another text in `{file}` {earlier}",
                    prompt.id
                ));
            }
        } else {
            self.prompts.push(prompt);
        }
        for (model, outcome) in outcomes {
            if self.outcomes[number].contains_key(&model) {
                return Err(format!(
                    "the prompt `{}` has two outcomes of `{model}`; keep one",
                    self.prompts[number].id
                ));
            }
            self.outcomes[number].insert(model, outcome);
        }
        Ok(())
    }

    /// Adds the prompts of a file of tasks that have no outcome.
    fn add_unanswered(&mut self, tasks: tasks::Tasks) -> anyhow::Result<()> {
        self.two_tasks += tasks.two.len();
        let known: std::collections::HashSet<&str> = self
            .prompts
            .iter()
            .map(|prompt| prompt.text.as_str())
            .collect();
        let others: Vec<RoutedPrompt> = tasks
            .prompts
            .into_iter()
            .filter(|prompt| !known.contains(prompt.text.as_str()))
            .collect();
        for prompt in others {
            let set = prompt.metadata.get(SET).cloned().unwrap_or_default();
            let place = (self.prompts.len(), PathBuf::new(), Place::Row(0));
            let earlier = self.places.insert((set, prompt.id.clone()), place);
            ensure!(
                earlier.is_none(),
                "the id `{}` of a prompt with a task stands twice",
                prompt.id
            );
            self.prompts.push(prompt);
            self.outcomes.push(BTreeMap::new());
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<OutcomeMatrix> {
        let names = self.outcomes.iter().flat_map(BTreeMap::keys);
        let names: std::collections::BTreeSet<String> = names.cloned().collect();
        let models: Vec<String> = names.into_iter().collect();
        let paths = quoted(
            self.paths
                .iter()
                .map(|path| path.to_str().unwrap_or_default()),
        );
        ensure!(!models.is_empty(), "no outcome of any model in {paths}");
        let known = self.outcomes.iter().filter(|found| !found.is_empty());
        for model in &models {
            let of_model = known
                .clone()
                .filter(|found| found.contains_key(model))
                .count();
            ensure!(
                2 * of_model >= known.clone().count(),
                "the model `{model}` has outcomes of {of_model} of {} prompts in {paths}; a prompt counts only with outcomes of all models, so mend the name or drop its rows",
                known.clone().count()
            );
        }
        let mut incomplete = 0;
        for (prompt, found) in self.prompts.iter_mut().zip(self.outcomes) {
            let of_model = |model: &String| {
                let outcome = found.get(model)?;
                let is_known = outcome.score.is_some() || outcome.error.is_some();
                is_known.then(|| outcome.clone())
            };
            match models.iter().map(of_model).collect() {
                Some(outcomes) => prompt.outcomes = outcomes,
                None => incomplete += usize::from(!found.is_empty()),
            }
        }
        ensure!(
            self.prompts
                .iter()
                .any(|prompt| !prompt.outcomes.is_empty()),
            "no prompt in {paths} has an outcome of every model; the models are {}",
            quoted(models.iter().map(String::as_str))
        );
        let distinct: std::collections::HashSet<&String> =
            self.prompts.iter().map(|prompt| &prompt.id).collect();
        if distinct.len() < self.prompts.len() {
            for prompt in &mut self.prompts {
                let set = prompt.metadata.get(SET).map_or("", String::as_str);
                prompt.id = format!("{set}:{}", prompt.id);
            }
        }
        Ok(OutcomeMatrix {
            paths: self.paths,
            models,
            prompts: self.prompts,
            incomplete,
            two_tasks: self.two_tasks,
        })
    }
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names = names.into_iter().map(|name| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}
