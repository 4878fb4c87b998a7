//! The systems that ragkit evaluates. A folder reads top to bottom as the stages of its pipeline.

pub mod cache;
pub mod faithfulness;
pub mod moderation;
pub mod rag;
pub mod router;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use self::cache::CacheMetric;
use self::faithfulness::FaithfulnessMetric;
use self::moderation::ModerationMetric;
use self::rag::RagMetric;
use self::router::RouterMetric;
use crate::metrics::MetricFacts;
use crate::outputs::Output;

/// A metric of one of the systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SystemMetric {
    /// Of enterprise RAG.
    Rag(RagMetric),
    /// Of a cache of answers.
    Cache(CacheMetric),
    /// Of scorers of faithfulness.
    Faithfulness(FaithfulnessMetric),
    /// Of a router.
    Router(RouterMetric),
    /// Of a moderator.
    Moderation(ModerationMetric),
}

impl SystemMetric {
    /// Whether it is a mean over examples, or can be made into one, as a metric of a run must be.
    pub fn is_mean(&self) -> bool {
        match self {
            Self::Rag(metric) => metric.is_mean(),
            Self::Cache(_) | Self::Faithfulness(_) | Self::Router(_) | Self::Moderation(_) => true,
        }
    }
}

/// Checks the names of variants: none twice, none empty, and none with what separates names in `RUN:variant` and lists.
fn check_names<'n>(names: impl Iterator<Item = &'n str>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        ensure!(
            seen.insert(name),
            "two variants are called `{name}`; give each its own name"
        );
        ensure!(
            !name.is_empty() && !name.contains([':', '/', ',']),
            "the variant name `{name}` must not be empty nor hold `:`, `/` or `,`, which separate names"
        );
    }
    Ok(())
}

/// Whether what each variant needs is there, given with its name.
///
/// # Errors
/// Where something is missing, with the variants that run without it.
fn check_needs(variants: &[(&str, anyhow::Result<()>)]) -> anyhow::Result<()> {
    let missing = variants
        .iter()
        .find_map(|(name, needs)| Some((name, needs.as_ref().err()?)));
    let Some((name, error)) = missing else {
        return Ok(());
    };
    let others = variants.iter().filter(|(_, needs)| needs.is_ok());
    let others: Vec<&str> = others.map(|(name, _)| *name).collect();
    let hint = if others.is_empty() {
        String::new()
    } else {
        format!(
            ", or run the variants that need none: `--variants {}`",
            others.join(",")
        )
    };
    anyhow::bail!("variant `{name}`: {error:#}{hint}")
}

impl FromStr for SystemMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(metric) = CacheMetric::named(name) {
            return Ok(Self::Cache(metric));
        }
        if let Some(metric) = RouterMetric::named(name) {
            return Ok(Self::Router(metric));
        }
        if let Some(metric) = ModerationMetric::named(name) {
            return Ok(Self::Moderation(metric));
        }
        match FaithfulnessMetric::named(name) {
            Some(metric) => Ok(Self::Faithfulness(metric)),
            None => name.parse().map(Self::Rag),
        }
    }
}

impl TryFrom<String> for SystemMetric {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<SystemMetric> for String {
    fn from(metric: SystemMetric) -> Self {
        metric.to_string()
    }
}

impl fmt::Display for SystemMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rag(metric) => metric.fmt(f),
            Self::Cache(metric) => metric.fmt(f),
            Self::Faithfulness(metric) => metric.fmt(f),
            Self::Router(metric) => metric.fmt(f),
            Self::Moderation(metric) => metric.fmt(f),
        }
    }
}

/// A pipeline under evaluation, with all its variants, so that they can share the work that they have in common.
///
/// Used statically, never as `dyn`: the evaluation loop is compiled for each system.
pub trait System {
    /// One row of the dataset.
    type Example;

    /// The example's id, unique in the dataset.
    fn id<'a>(&self, example: &'a Self::Example) -> &'a str;

    /// A named fact about the example, by which a report can be sliced.
    fn fact<'a>(&self, example: &'a Self::Example, name: &str) -> Option<&'a str>;

    /// What must be known of each variant's answers to read its numbers, in the order of the config.
    fn notes(&self) -> Vec<String>;

    /// What every variant produces for every example of the batch: `outputs[example][variant]`.
    ///
    /// An output depends on its own example only, never on the batch that it came in.
    fn run(&self, batch: &[&Self::Example]) -> Vec<Vec<Output>>;

    /// The metrics of [`Self::score`].
    fn metrics(&self) -> Vec<MetricFacts>;

    /// The grades of the items that the variants chose, of those that were judged for the example.
    fn grades(&self, example: &Self::Example, outputs: &[Output]) -> HashMap<String, i32>;

    /// One value a metric of what a variant produced; `None` where it has no such value. Pure: no clock, no model, no
    /// file.
    fn score(&self, variant: usize, example: &Self::Example, output: &Output) -> Vec<Option<f64>>;
}
