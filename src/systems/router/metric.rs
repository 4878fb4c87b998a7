//! The metrics of a router.

use std::fmt;

use super::definitions::{EACH, POOLED};
use crate::metrics::routing::{Kind, RoutingStatistic};
use crate::metrics::{Better, MetricFacts, Pooled, PooledFrom, Statistic};

/// A metric of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouterMetric {
    /// A value of each prompt.
    Each(Each),
    /// Of all prompts together.
    Pooled(PooledMetric),
}

/// What is known of each prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// The score of the answer that is given.
    Quality,
    /// What the prompt costs, judge included.
    CostUsd,
    /// Tokens of all prompts that models were asked.
    TokensIn,
    /// Tokens of all answers.
    TokensOut,
    /// The best score of any model.
    OracleQuality,
    /// The score of the model that is best for the prompt's task, in the mean over all evaluated prompts of the task.
    TaskOracleQuality,
    /// The score of the best single model.
    BestSingleQuality,
    /// What the best single model costs.
    BestSingleCostUsd,
    /// The score beyond that of the best single model.
    QualityGain,
    /// The score that the best answer has beyond the one that is given.
    Regret,
    /// Whether the strong model of the pair answers.
    StrongShare,
    /// The strong model's score.
    StrongQuality,
    /// The weak model's score.
    WeakQuality,
    /// How long the models and the judge take.
    LatencyMs,
    /// How long the first token takes that is shown.
    TtftMs,
    /// That of prompts that a cascade escalates.
    EscalatedTtftMs,
    /// Whether a cascade asks the second model.
    EscalationRate,
    /// What the judge costs.
    JudgeCostUsd,
    /// What a cascade's first model and its judge cost.
    FirstCostUsd,
    /// What it would cost to ask a cascade's second model at once.
    FullCostUsd,
    /// Whether the answer of a cascade's first model is good: a score of at least .5.
    FirstRight,
    /// How sure the judge is of it.
    JudgeConfidence,
    /// The score of the answers that a cascade's judge lets stay.
    AcceptedQuality,
    /// Whether the chosen model failed and another one answered, or none.
    FallbackRate,
    /// Whether an earlier answer is served.
    HitRate,
    /// Whether it is to the same words.
    ExactHitRate,
    /// Whether it is to other words.
    SemanticHitRate,
    /// Of those the share that does not answer the prompt.
    FalseHitRate,
    /// Of all prompts the share that is served with an answer to something else.
    FalseHitsPerRequest,
    /// Whether a model answers that the tenant does not allow.
    PolicyViolations,
    /// Whether the task is told as it is given.
    TaskAccuracy,
    /// The given task, by its number.
    TaskGiven,
    /// The task that is told, by its number.
    TaskTold,
    /// The mean over the models of the squared difference between predicted and actual score.
    Brier,
}

/// What is known of all prompts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PooledMetric {
    /// `AIQ`
    Aiq,
    /// `AIQGain`
    AiqGain,
    /// `Savings`
    Savings,
    /// `PerfGain`
    PerfGain,
    /// `APGR`
    Apgr,
    /// `CPT50`
    Cpt(u8),
    /// `PGR`
    Pgr,
    /// `CalibrationError`
    CalibrationError,
    /// `OracleGap`
    OracleGap,
    /// `TaskOracleGap`
    TaskOracleGap,
    /// `CascadeSavings`
    CascadeSavings,
    /// `BreakEvenEscalation`
    BreakEvenEscalation,
    /// `JudgeAUROC`
    JudgeAuroc,
    /// `MacroF1`
    MacroF1,
}

/// The names of what routing statistics are computed from, and of what they refer to.
pub(super) struct Columns<'a> {
    pub(super) models: &'a [String],
    pub(super) best: usize,
    pub(super) pair: Option<(usize, usize)>,
}

/// The name of a column of one model.
pub(super) fn column(kind: Kind, model: &str) -> String {
    let kind = match kind {
        Kind::Quality => "Quality",
        Kind::Cost => "CostUSD",
        Kind::Predicted => "Predicted",
        Kind::PredictedCost => "PredictedCostUSD",
    };
    format!("{kind}({model})")
}

/// What a report says of a column of one model.
pub(super) fn column_facts(kind: Kind, model: &str) -> MetricFacts {
    let (unit, better, definition) = match kind {
        Kind::Quality => ("1", Better::Higher, "the score of the model's answer"),
        Kind::Cost => ("USD", Better::Lower, "what the model's answer costs"),
        Kind::Predicted => (
            "1",
            Better::Higher,
            "the score that the router expects of the model",
        ),
        Kind::PredictedCost => (
            "USD",
            Better::Lower,
            "what the router expects the model's answer to cost",
        ),
    };
    MetricFacts {
        name: column(kind, model),
        unit: unit.to_owned(),
        better,
        convention: definition.to_owned(),
        judge: None,
        pooled: None,
        aside: true,
        exact: false,
    }
}

impl RouterMetric {
    /// The metric of this name, whatever its letter case; `None` where it is none of these.
    pub fn named(name: &str) -> Option<Self> {
        let each = EACH.iter().find(|row| row.1.eq_ignore_ascii_case(name));
        let each = each.map(|row| Self::Each(row.0));
        let pooled = || POOLED.iter().find(|row| row.1.eq_ignore_ascii_case(name));
        let pooled = || pooled().map(|row| Self::Pooled(row.0));
        each.or_else(pooled)
    }

    /// What must be known of each prompt to compute it, beside columns of the models.
    pub(super) fn needs(self) -> Vec<Each> {
        use PooledMetric as P;
        let Self::Pooled(pooled) = self else {
            return Vec::new();
        };
        match pooled {
            P::Aiq
            | P::AiqGain
            | P::Savings
            | P::PerfGain
            | P::Apgr
            | P::Cpt(_)
            | P::CalibrationError => Vec::new(),
            P::Pgr => vec![Each::Quality, Each::StrongQuality, Each::WeakQuality],
            P::OracleGap => vec![Each::Quality, Each::OracleQuality],
            P::TaskOracleGap => vec![Each::Quality, Each::TaskOracleQuality],
            P::CascadeSavings => vec![Each::CostUsd, Each::FullCostUsd],
            P::BreakEvenEscalation => vec![Each::FirstCostUsd, Each::FullCostUsd],
            P::JudgeAuroc => vec![Each::FirstRight, Each::JudgeConfidence],
            P::MacroF1 => vec![Each::TaskGiven, Each::TaskTold],
        }
    }

    /// Whether costs must be known.
    pub(super) fn needs_costs(self) -> bool {
        use Each as E;
        use PooledMetric as P;
        matches!(
            self,
            Self::Each(E::CostUsd | E::BestSingleCostUsd | E::FirstCostUsd | E::FullCostUsd)
                | Self::Pooled(
                    P::Aiq
                        | P::AiqGain
                        | P::Savings
                        | P::PerfGain
                        | P::CascadeSavings
                        | P::BreakEvenEscalation
                )
        )
    }

    /// Whether a strong and a weak model must be named.
    pub(super) fn needs_pair(self) -> bool {
        use Each as E;
        use PooledMetric as P;
        matches!(
            self,
            Self::Each(E::StrongShare | E::StrongQuality | E::WeakQuality)
                | Self::Pooled(P::Apgr | P::Cpt(_) | P::Pgr)
        )
    }

    /// The columns of models that it is computed from.
    pub(super) fn kinds(self) -> &'static [Kind] {
        self.statistic(0).map_or(&[], RoutingStatistic::kinds)
    }

    fn statistic(self, best: usize) -> Option<RoutingStatistic> {
        use PooledMetric as P;
        let Self::Pooled(pooled) = self else {
            return None;
        };
        Some(match pooled {
            P::Aiq => RoutingStatistic::Aiq,
            P::AiqGain => RoutingStatistic::AiqGain,
            P::Savings => RoutingStatistic::Savings(best),
            P::PerfGain => RoutingStatistic::PerformanceGain(best),
            P::Apgr => RoutingStatistic::Apgr,
            P::Cpt(percent) => RoutingStatistic::Cpt(percent),
            P::CalibrationError => RoutingStatistic::CalibrationError,
            _ => return None,
        })
    }

    fn pooled(self, columns: &Columns<'_>) -> Option<PooledFrom> {
        let Self::Pooled(pooled) = self else {
            return None;
        };
        if let Some(statistic) = self.statistic(columns.best) {
            let all: Vec<usize> = match statistic {
                RoutingStatistic::Apgr | RoutingStatistic::Cpt(_) => {
                    let (strong, weak) = columns.pair?;
                    vec![strong, weak]
                }
                _ => (0..columns.models.len()).collect(),
            };
            let of_model = |model: &usize| {
                let name = columns.models[*model].as_str();
                statistic
                    .kinds()
                    .iter()
                    .map(move |kind| column(*kind, name))
            };
            return Some(PooledFrom {
                statistic: Statistic::Routing(statistic),
                columns: all.iter().flat_map(of_model).collect(),
            });
        }
        let statistic = match pooled {
            PooledMetric::Pgr => Statistic::Recovered,
            PooledMetric::JudgeAuroc => Statistic::Labels(Pooled::Auroc),
            PooledMetric::MacroF1 => Statistic::MacroF1,
            _ => Statistic::Shortfall,
        };
        let names = self.needs().into_iter().map(|each| each.name().to_owned());
        Some(PooledFrom {
            statistic,
            columns: names.collect(),
        })
    }

    /// What a report says of it; `aside` where it is only what others are computed from.
    pub(super) fn facts(self, aside: bool, columns: &Columns<'_>) -> MetricFacts {
        let (unit, better, definition) = match self {
            Self::Each(each) => {
                let row = each.row();
                (row.2, row.3, row.4)
            }
            Self::Pooled(pooled) => {
                let row = pooled.row();
                ("1", row.2, row.3)
            }
        };
        MetricFacts {
            name: self.to_string(),
            unit: unit.to_owned(),
            better,
            convention: definition.to_owned(),
            judge: None,
            pooled: self.pooled(columns),
            aside,
            exact: matches!(
                self,
                Self::Each(Each::FalseHitRate | Each::FalseHitsPerRequest | Each::PolicyViolations)
            ),
        }
    }
}

impl Each {
    fn row(self) -> &'static (Self, &'static str, &'static str, Better, &'static str) {
        let row = EACH.iter().find(|row| row.0 == self);
        row.expect("every metric has a row")
    }

    fn name(self) -> &'static str {
        self.row().1
    }
}

impl PooledMetric {
    fn row(self) -> &'static (Self, &'static str, Better, &'static str) {
        let row = POOLED.iter().find(|row| row.0 == self);
        row.expect("every metric has a row")
    }
}

impl fmt::Display for RouterMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each(each) => f.write_str(each.name()),
            Self::Pooled(pooled) => f.write_str(pooled.row().1),
        }
    }
}
