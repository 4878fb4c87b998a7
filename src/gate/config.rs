//! The gate file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;
use toml::Spanned;

use crate::comparison::check_waiver;

/// A gate file: what a run must keep to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The folder of the named baseline that runs are compared with, kept by `ragkit gate promote`.
    pub baseline: Option<PathBuf>,
    /// The variants that must keep to the rules; all of the run and of the baseline unless given.
    #[serde(default)]
    pub variants: Vec<String>,
    /// Chance of any false alarm in the family of all `no_worse` checks.
    #[serde(default = "default_alpha")]
    pub alpha: f64,
    /// Power that the figures on detectability are for.
    #[serde(default = "default_power")]
    pub power: f64,
    /// Seed of flips and resamples.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// What an inconclusive check means for the exit code.
    #[serde(default)]
    pub on_inconclusive: OnInconclusive,
    /// What may differ between run and baseline, with the reason: `corpus`, `queries`, `k`, and what else `gate check` names.
    #[serde(default)]
    pub waive: BTreeMap<String, String>,
    /// The file of measured noise that `ratio` rules rest on, kept by `ragkit gate calibrate`.
    pub noise: Option<PathBuf>,
    /// The rules.
    pub rules: Vec<Spanned<Rule>>,
    /// Where it was read from.
    #[serde(skip)]
    pub path: PathBuf,
    /// The line of each rule.
    #[serde(skip)]
    pub lines: Vec<usize>,
}

fn default_alpha() -> f64 {
    0.05
}

fn default_power() -> f64 {
    0.8
}

fn default_seed() -> u64 {
    17
}

/// What an inconclusive check means for the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnInconclusive {
    /// It is shown, and the gate stays open.
    #[default]
    Warn,
    /// It closes the gate as a regression does.
    Fail,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// No worse than the baseline.
    NoWorse(NoWorse),
    /// Not below a value.
    Floor(Bound),
    /// Not above a value.
    Ceiling(Bound),
    /// Not slower than another variant of the same run by more than a factor.
    Ratio(Ratio),
    /// Answers for almost every example.
    Completeness(Completeness),
}

/// No worse than the baseline, example by example.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoWorse {
    /// The metric.
    pub metric: String,
    /// The smallest drop that matters, in the unit of the metric.
    pub min_effect: f64,
    /// Fields whose slices are checked too.
    #[serde(default)]
    pub slices: Vec<String>,
}

/// A value that the interval must clear.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// A metric of the run, or `latency_p50_ms`, `latency_p95_ms`, `latency_p99_ms`.
    pub metric: String,
    /// The value.
    pub value: f64,
    /// Fields whose slices are checked too.
    #[serde(default)]
    pub slices: Vec<String>,
    /// The stage whose latency is meant; all together unless given.
    pub stage: Option<String>,
}

/// A latency against that of another variant of the same run, which must have alternated the two.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// `latency_p50_ms`, `latency_p95_ms` or `latency_p99_ms`.
    pub metric: String,
    /// The variant.
    pub variant: String,
    /// The variant that it is compared with.
    pub to: String,
    /// The highest ratio that is allowed.
    pub max: f64,
    /// The stage whose latency is meant; all together unless given.
    pub stage: Option<String>,
}

/// Answers for almost every example.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// The least share of examples that must not end in an error.
    pub min: f64,
    /// The metric that examples must have a value of too.
    pub metric: Option<String>,
}

impl Gate {
    /// Reads and validates a gate file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs_err::read_to_string(path).context("cannot read the gate")?;
        let parsed: Result<Self, _> = toml::from_str(&text);
        let mut gate = parsed.map_err(|error| {
            anyhow::anyhow!(
                "`{}` is not a valid gate: {}",
                path.display(),
                error.to_string().trim_end()
            )
        })?;
        let line = |rule: &Spanned<Rule>| text[..rule.span().start].matches('\n').count() + 1;
        gate.lines = gate.rules.iter().map(line).collect();
        path.clone_into(&mut gate.path);
        for (rule, line) in gate.rules.iter().zip(&gate.lines) {
            rule.get_ref().validate().with_context(|| {
                format!("`{}` is not a valid gate: line {line}", path.display())
            })?;
        }
        gate.validate()
            .with_context(|| format!("`{}` is not a valid gate", path.display()))?;
        Ok(gate)
    }

    /// Every rule with its line.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (&Rule, usize)> {
        let lines = self.lines.iter().copied();
        self.rules.iter().map(Spanned::get_ref).zip(lines)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.rules.is_empty(),
            "it has no rule, so nothing could break it"
        );
        let is_share = |value: f64| value > 0.0 && value < 1.0;
        ensure!(is_share(self.alpha), "`alpha` must lie between 0 and 1");
        ensure!(is_share(self.power), "`power` must lie between 0 and 1");
        for name in self.waive.keys() {
            check_waiver(name)?;
        }
        Ok(())
    }
}

impl Rule {
    fn validate(&self) -> anyhow::Result<()> {
        match self {
            Self::NoWorse(rule) => ensure!(
                rule.min_effect >= 0.0 && rule.min_effect.is_finite(),
                "`min_effect` must be a number from 0"
            ),
            Self::Floor(rule) | Self::Ceiling(rule) => {
                ensure!(rule.value.is_finite(), "`value` must be a number");
                let timed = quantile(&rule.metric).is_some();
                ensure!(
                    timed || rule.stage.is_none(),
                    "`stage` belongs to a latency, and `{}` is none",
                    rule.metric
                );
                ensure!(!timed || rule.slices.is_empty(), "a latency has no slices");
            }
            Self::Ratio(rule) => {
                ensure!(
                    quantile(&rule.metric).is_some(),
                    "`ratio` compares latencies: latency_p50_ms, latency_p95_ms or latency_p99_ms, not `{}`",
                    rule.metric
                );
                ensure!(
                    rule.max > 0.0 && rule.max.is_finite(),
                    "`max` must be a number above 0"
                );
                ensure!(
                    rule.variant != rule.to,
                    "a variant is always as fast as itself"
                );
            }
            Self::Completeness(rule) => {
                ensure!(
                    (0.0..=1.0).contains(&rule.min),
                    "`min` must lie between 0 and 1"
                );
            }
        }
        Ok(())
    }
}

/// The quantile that a latency metric is.
pub(super) fn quantile(metric: &str) -> Option<f64> {
    match metric {
        "latency_p50_ms" => Some(0.50),
        "latency_p95_ms" => Some(0.95),
        "latency_p99_ms" => Some(0.99),
        _ => None,
    }
}
