//! The experiment file: the root of the config, and how it becomes something that runs.
//!
//! Loading parses and validates and touches no other file; paths in it are relative to the working directory.

mod identity;
mod indexes;
mod training;

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::indexes::PlacedIndex;
pub use self::training::{FaithfulnessTraining, FamilySources};
use crate::caches;
use crate::data::convert::Converted;
use crate::data::{
    Card, LabelledAnswers, LabelledSources, OutcomeMatrix, OutcomeSources, PathText, PostSources,
    Posts, QuestionPairs, Source, Table,
};
use crate::systems::SystemMetric;
use crate::systems::cache::{self, CacheMetric};
use crate::systems::faithfulness::{self, FaithfulnessMetric};
use crate::systems::moderation::{self, ModerationMetric};
use crate::systems::rag::{self, RagMetric};
use crate::systems::router::{self, RouterMetric};

/// A file of `configs/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Names the run directory.
    pub name: Name,
    /// Seed of every random choice but those that have their own.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Examples that are run together.
    #[serde(default = "default_batch_size")]
    pub batch_size: NonZeroUsize,
    /// What to measure.
    pub metrics: Vec<SystemMetric>,
    /// Fields of the examples by which to slice the summary.
    #[serde(default)]
    pub slices: Vec<String>,
    /// The field of the examples that names what they belong to, such as a document or a conversation. Examples of one
    /// cluster are not independent: intervals and tests draw whole clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What to run over.
    pub dataset: Dataset,
    /// What to run.
    pub system: SystemConfig,
}

fn default_seed() -> u64 {
    17
}

fn default_batch_size() -> NonZeroUsize {
    const { NonZeroUsize::new(32).expect("32 is not 0") }
}

/// A name that can be part of a file name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
            return Err(format!(
                "the name `{name}` must be 1 to 100 letters, digits, `-` or `_`: it names a directory"
            ));
        }
        Ok(Self(name))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// Where the examples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dataset {
    /// A dataset card.
    Card(PathText),
    /// Files, named here.
    Source(Source),
    /// Files in another layout than BEIR's, which are converted into the cache.
    Converted(Converted),
    /// Pairs of questions, for `system.cache`.
    Pairs(Box<Table>),
    /// Answers that people labelled, for `system.faithfulness`.
    Labelled(LabelledSources),
    /// What several language models made of prompts, for `system.router`.
    Outcomes(OutcomeSources),
    /// Posts that people labelled, for `system.moderation`.
    Posts(PostSources),
    /// Cards of answers that people labelled, of outcomes of language models, or of posts, read as one collection.
    Cards(Vec<PathText>),
}

/// Which system, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemConfig {
    /// Enterprise RAG.
    Rag(rag::Config),
    /// What another RAG system produced, in a file.
    Recorded(rag::RecordedConfig),
    /// A cache of answers, over pairs of questions.
    Cache(cache::Config),
    /// Scorers of faithfulness, over answers that people labelled.
    Faithfulness(faithfulness::Config),
    /// Routers of prompts to language models, over outcomes that are known.
    Router(router::Config),
    /// Moderators of posts, over posts that people labelled.
    Moderation(Box<moderation::Config>),
}

impl SystemConfig {
    fn name(&self) -> &'static str {
        match self {
            Self::Rag(_) => "rag",
            Self::Recorded(_) => "recorded",
            Self::Cache(_) => "cache",
            Self::Faithfulness(_) => "faithfulness",
            Self::Router(_) => "router",
            Self::Moderation(_) => "moderation",
        }
    }
}

impl Experiment {
    /// Reads and validates an experiment file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let experiment: Self = parsed(path)?;
        experiment
            .validate()
            .with_context(|| format!("`{}` is not a valid config", path.display()))?;
        Ok(experiment)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.metrics.is_empty(),
            "`metrics` is empty; name at least one, as in `metrics = [\"nDCG@10\"]`"
        );
        for (place, slice) in self.slices.iter().enumerate() {
            ensure!(
                !self.slices[..place].contains(slice),
                "`slices` names `{slice}` twice"
            );
        }
        for (place, metric) in self.metrics.iter().enumerate() {
            ensure!(
                !self.metrics[..place].contains(metric),
                "`metrics` names `{metric}` twice"
            );
            ensure!(
                metric.is_mean(),
                "`{metric}` is no mean over examples, so it has no interval here; `ragkit score` knows it"
            );
        }
        match &self.system {
            SystemConfig::Rag(config) => config.validate(&self.rag_metrics()?),
            SystemConfig::Recorded(config) => config.validate(&self.rag_metrics()?),
            SystemConfig::Cache(config) => config.validate(&self.cache_metrics()?),
            SystemConfig::Faithfulness(config) => {
                self.faithfulness_metrics()?;
                config.validate()
            }
            SystemConfig::Router(config) => {
                self.router_metrics()?;
                config.validate()
            }
            SystemConfig::Moderation(config) => {
                self.moderation_metrics()?;
                config.validate()
            }
        }
    }

    /// The metrics of a RAG system.
    pub fn rag_metrics(&self) -> anyhow::Result<Vec<RagMetric>> {
        let of = |metric: &SystemMetric| match metric {
            SystemMetric::Rag(metric) => Ok(metric.clone()),
            _ => Err(self.strange(metric)),
        };
        self.metrics.iter().map(of).collect()
    }

    /// The metrics of a cache of answers.
    pub fn cache_metrics(&self) -> anyhow::Result<Vec<CacheMetric>> {
        let of = |metric: &SystemMetric| match metric {
            SystemMetric::Cache(metric) => Ok(*metric),
            _ => Err(self.strange(metric)),
        };
        self.metrics.iter().map(of).collect()
    }

    /// The metrics of scorers of faithfulness.
    pub fn faithfulness_metrics(&self) -> anyhow::Result<Vec<FaithfulnessMetric>> {
        let of = |metric: &SystemMetric| match metric {
            SystemMetric::Faithfulness(metric) => Ok(*metric),
            _ => Err(self.strange(metric)),
        };
        self.metrics.iter().map(of).collect()
    }

    /// The metrics of routers.
    pub fn router_metrics(&self) -> anyhow::Result<Vec<RouterMetric>> {
        let of = |metric: &SystemMetric| match metric {
            SystemMetric::Router(metric) => Ok(*metric),
            _ => Err(self.strange(metric)),
        };
        self.metrics.iter().map(of).collect()
    }

    /// The metrics of moderators.
    pub fn moderation_metrics(&self) -> anyhow::Result<Vec<ModerationMetric>> {
        let of = |metric: &SystemMetric| match metric {
            SystemMetric::Moderation(metric) => Ok(metric.clone()),
            _ => Err(self.strange(metric)),
        };
        self.metrics.iter().map(of).collect()
    }

    fn strange(&self, metric: &SystemMetric) -> anyhow::Error {
        anyhow::anyhow!(
            "`{metric}` is no metric of `system.{}`; drop it from `metrics`",
            self.system.name()
        )
    }

    /// Keeps the named variants only, in the order of the config.
    pub fn keep_variants(&mut self, names: &[String]) -> anyhow::Result<()> {
        match &mut self.system {
            SystemConfig::Rag(config) => keep(&mut config.variants, names, |one| &one.name),
            SystemConfig::Cache(config) => keep(&mut config.variants, names, |one| &one.name),
            SystemConfig::Faithfulness(config) => {
                keep(&mut config.variants, names, |one| &one.name)
            }
            SystemConfig::Router(config) => keep(&mut config.variants, names, |one| &one.name),
            SystemConfig::Moderation(config) => keep(&mut config.variants, names, |one| &one.name),
            SystemConfig::Recorded(_) => bail!(
                "`--variants` goes with a config that declares variants; a file of outputs is scored whole"
            ),
        }
    }

    /// Where the data lies.
    pub fn source(&self) -> anyhow::Result<Source> {
        match &self.dataset {
            Dataset::Source(source) => Ok(source.clone()),
            Dataset::Card(path) => Card::load(&path.resolve()?)?.source(&caches::folder()),
            Dataset::Converted(converted) => converted.source(&caches::folder()),
            Dataset::Pairs(_)
            | Dataset::Labelled(_)
            | Dataset::Outcomes(_)
            | Dataset::Posts(_)
            | Dataset::Cards(_) => {
                bail!(
                    "`dataset.pairs` is for `system.cache`, `dataset.labelled` for `system.faithfulness`, `dataset.outcomes` for `system.router`, `dataset.posts` for `system.moderation`, and `dataset.cards` for the last three; `system.{}` needs queries: name them by `dataset.card`, `dataset.source` or `dataset.converted`",
                    self.system.name()
                )
            }
        }
    }

    /// The pairs of questions that a cache is evaluated on.
    pub fn pairs(&self) -> anyhow::Result<QuestionPairs> {
        match &self.dataset {
            Dataset::Pairs(table) => QuestionPairs::read(table),
            _ => bail!(
                "`system.cache` is evaluated on pairs of questions; name their table, as in `dataset.pairs.path = \"datasets/cache/pairs.jsonl\"`"
            ),
        }
    }

    /// The outcomes that routers are evaluated on.
    pub fn outcomes(&self) -> anyhow::Result<OutcomeMatrix> {
        match &self.dataset {
            Dataset::Outcomes(sources) => OutcomeMatrix::read(sources),
            Dataset::Cards(cards) => Card::outcomes(cards),
            _ => bail!(
                "`system.router` is evaluated on what several models made of prompts; name the files, as in `dataset.outcomes = [{{ path = \"outcomes.jsonl\" }}]`, or their cards, as in `dataset.cards = [\"datasets/routerbench_arc.toml\"]`"
            ),
        }
    }

    /// The posts that moderators are evaluated on.
    pub fn posts(&self) -> anyhow::Result<Posts> {
        match &self.dataset {
            Dataset::Posts(sources) => Posts::read(sources),
            Dataset::Cards(cards) => Posts::read(&Card::posts(cards)?),
            _ => bail!(
                "`system.moderation` is evaluated on posts that people labelled; name their files, as in `dataset.posts = [{{ path = \"posts.jsonl\" }}]`, or their cards, as in `dataset.cards = [\"datasets/hatecheck.toml\"]`"
            ),
        }
    }

    /// The answers that scorers of faithfulness are evaluated on.
    pub fn labelled(&self) -> anyhow::Result<LabelledAnswers> {
        match &self.dataset {
            Dataset::Labelled(source) => source.read(&caches::folder()),
            Dataset::Cards(cards) => Card::labelled(cards, &caches::folder()),
            _ => bail!(
                "`system.faithfulness` is evaluated on answers that people labelled; name their files, as in `dataset.labelled = [{{ path = \"labelled.jsonl\" }}]`, or their cards, as in `dataset.cards = [\"datasets/begin.toml\"]`"
            ),
        }
    }
}

/// A config as it is written in a file.
fn parsed<C: DeserializeOwned>(path: &Path) -> anyhow::Result<C> {
    let text = fs_err::read_to_string(path).context("cannot read the config")?;
    // toml's message ends in a line break, and begins with the place and the line at fault.
    toml::from_str(&text).map_err(|error| {
        anyhow::anyhow!(
            "`{}` is not a valid config: {}",
            path.display(),
            error.to_string().trim_end()
        )
    })
}

fn keep<V>(
    variants: &mut Vec<V>,
    names: &[String],
    name_of: impl Fn(&V) -> &str,
) -> anyhow::Result<()> {
    for name in names {
        if !variants.iter().any(|variant| name_of(variant) == name) {
            let known = variants
                .iter()
                .map(|variant| format!("`{}`", name_of(variant)));
            bail!(
                "there is no variant `{name}`; the config has {}",
                known.collect::<Vec<_>>().join(", ")
            );
        }
    }
    variants.retain(|variant| names.iter().any(|name| name_of(variant) == name));
    Ok(())
}
