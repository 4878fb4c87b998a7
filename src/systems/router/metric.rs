//! The metrics of a router.

use std::fmt;

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

const EACH: [(Each, &str, &str, Better, &str); 34] = {
    use Better::{Higher, Lower};
    use Each as E;
    [
        (
            E::Quality,
            "Quality",
            "1",
            Higher,
            "the score of the answer that is given",
        ),
        (
            E::CostUsd,
            "CostUSD",
            "USD",
            Lower,
            "what all models cost that were asked, and the judge; an answer from the cache costs nothing",
        ),
        (
            E::TokensIn,
            "TokensIn",
            "tokens",
            Lower,
            "tokens of the prompts of all models that were asked",
        ),
        (
            E::TokensOut,
            "TokensOut",
            "tokens",
            Lower,
            "tokens of their answers",
        ),
        (
            E::OracleQuality,
            "OracleQuality",
            "1",
            Higher,
            "the best score of any model: what no router can beat that asks one",
        ),
        (
            E::TaskOracleQuality,
            "TaskOracleQuality",
            "1",
            Higher,
            "the score of the model that is best for the prompt's task in the mean over the evaluated prompts of that task, which a router that knows the task alone cannot beat",
        ),
        (
            E::BestSingleQuality,
            "BestSingleQuality",
            "1",
            Higher,
            "the score of the best single model",
        ),
        (
            E::BestSingleCostUsd,
            "BestSingleCostUSD",
            "USD",
            Lower,
            "what the best single model costs",
        ),
        (
            E::QualityGain,
            "QualityGain",
            "1",
            Higher,
            "the score beyond that of the best single model, prompt by prompt",
        ),
        (
            E::Regret,
            "Regret",
            "1",
            Lower,
            "the best score of any model less the score of the answer that is given",
        ),
        (
            E::StrongShare,
            "StrongShare",
            "1",
            Lower,
            "1 where the strong model of the pair answers",
        ),
        (
            E::StrongQuality,
            "StrongQuality",
            "1",
            Higher,
            "the score of the strong model of the pair",
        ),
        (
            E::WeakQuality,
            "WeakQuality",
            "1",
            Higher,
            "the score of the weak model of the pair",
        ),
        (
            E::LatencyMs,
            "LatencyMs",
            "ms",
            Lower,
            "the logged latency of all models that were asked one after the other, and of the judge; the router's own stands in the timings",
        ),
        (
            E::TtftMs,
            "TTFTMs",
            "ms",
            Lower,
            "time to the first token that is shown: that of the model whose answer is given, after all that were asked before and the judge; what a cascade's judge looks at is shown when it is whole",
        ),
        (
            E::EscalatedTtftMs,
            "EscalatedTTFTMs",
            "ms",
            Lower,
            "`TTFTMs` of the prompts that a cascade escalates",
        ),
        (
            E::EscalationRate,
            "EscalationRate",
            "1",
            Lower,
            "of the prompts that a cascade's first model is asked, the share that goes to the second",
        ),
        (
            E::JudgeCostUsd,
            "JudgeCostUSD",
            "USD",
            Lower,
            "what the cascade's judge costs",
        ),
        (
            E::FirstCostUsd,
            "FirstCostUSD",
            "USD",
            Lower,
            "what a cascade's first model and its judge cost",
        ),
        (
            E::FullCostUsd,
            "FullCostUSD",
            "USD",
            Lower,
            "what it would cost to ask a cascade's second model at once",
        ),
        (
            E::FirstRight,
            "FirstRight",
            "1",
            Higher,
            "1 where the answer of a cascade's first model scores at least .5",
        ),
        (
            E::JudgeConfidence,
            "JudgeConfidence",
            "1",
            Higher,
            "how sure the cascade's judge is of it",
        ),
        (
            E::AcceptedQuality,
            "AcceptedQuality",
            "1",
            Higher,
            "the score of the answers that a cascade's judge lets stay",
        ),
        (
            E::FallbackRate,
            "FallbackRate",
            "1",
            Lower,
            "1 where the chosen model gave no answer, so that another one was asked, or none was left",
        ),
        (
            E::HitRate,
            "CacheHitRate",
            "1",
            Higher,
            "1 where an answer is served that the tenant was given before",
        ),
        (
            E::ExactHitRate,
            "CacheExactHitRate",
            "1",
            Higher,
            "1 where that was to the same words; letter case, white space and punctuation at the end aside",
        ),
        (
            E::SemanticHitRate,
            "CacheSemanticHitRate",
            "1",
            Higher,
            "1 where that was to other words",
        ),
        (
            E::FalseHitRate,
            "CacheFalseHitRate",
            "1",
            Lower,
            "of the prompts served from the cache the share whose answer is to something else",
        ),
        (
            E::FalseHitsPerRequest,
            "CacheFalseHitsPerRequest",
            "1",
            Lower,
            "of all prompts the share that is served with an answer to something else",
        ),
        (
            E::PolicyViolations,
            "PolicyViolations",
            "1",
            Lower,
            "1 where a model was asked that the tenant's pin, models or regions do not allow",
        ),
        (
            E::TaskAccuracy,
            "TaskAccuracy",
            "1",
            Higher,
            "1 where the task is told as the data have it; prompts without outcomes count too",
        ),
        (
            E::TaskGiven,
            "TaskGiven",
            "1",
            Higher,
            "the number of the task that the data have, in the order of their names",
        ),
        (
            E::TaskTold,
            "TaskTold",
            "1",
            Higher,
            "the number of the task that is told",
        ),
        (
            E::Brier,
            "Brier",
            "1",
            Lower,
            "the mean over the models of (predicted − actual score)²; Brier 1950",
        ),
    ]
};

const POOLED: [(PooledMetric, &str, Better, &str); 16] = {
    use Better::{Higher, Lower};
    use PooledMetric as P;
    [
        (
            P::Aiq,
            "AIQ",
            Higher,
            "average improvement in quality: the mean height of the non-decreasing upper concave envelope of the router's policies, over every distinct price of quality, between the mean costs of the cheapest and the dearest model; flat to the right of the last, and to the left of the first a line to no cost and no quality; Hu et al. 2024 (RouterBench), over one interval for all routers; which policies are corners is taken as given",
        ),
        (
            P::AiqGain,
            "AIQGain",
            Higher,
            "AIQ beyond that of the zero router, the envelope of the single models",
        ),
        (
            P::Savings,
            "Savings",
            Higher,
            "the share of the best single model's cost that is saved at its quality, on the router's envelope; none where the router never reaches it; LLMRouterBench's CostSave",
        ),
        (
            P::PerfGain,
            "PerfGain",
            Higher,
            "the router's best mean quality at any price / the best single model's − 1; LLMRouterBench",
        ),
        (
            P::Apgr,
            "APGR",
            Higher,
            "average performance gap recovered: the area under the share of the gap between the weak and the strong model that is recovered, over the share of prompts that the strong one gets, every distinct score a threshold; a random router has .5; none where the strong model is no better; Ong et al. 2024 (RouteLLM)",
        ),
        (
            P::Cpt(20),
            "CPT20",
            Lower,
            "the least share of prompts for the strong model at which 20 % of the gap is recovered; RouteLLM",
        ),
        (
            P::Cpt(50),
            "CPT50",
            Lower,
            "the least share of prompts for the strong model at which 50 % of the gap is recovered; RouteLLM",
        ),
        (
            P::Cpt(80),
            "CPT80",
            Lower,
            "the least share of prompts for the strong model at which 80 % of the gap is recovered; RouteLLM",
        ),
        (
            P::Pgr,
            "PGR",
            Higher,
            "performance gap recovered by the answers that are given: (quality − the weak model's) / (the strong model's − the weak model's)",
        ),
        (
            P::CalibrationError,
            "CalibrationError",
            Lower,
            "expected calibration error of the predicted scores of all models, ten bins; above 0 by chance alone where prompts are few; Naeini et al. 2015",
        ),
        (
            P::OracleGap,
            "OracleGap",
            Lower,
            "1 − quality / the quality of the best answers",
        ),
        (
            P::TaskOracleGap,
            "TaskOracleGap",
            Lower,
            "1 − quality / the quality of the best model of each task; below 0 where the router tells more than tasks",
        ),
        (
            P::CascadeSavings,
            "CascadeSavings",
            Higher,
            "1 − what the cascade costs / what its second model would cost alone; claimed: up to .60",
        ),
        (
            P::BreakEvenEscalation,
            "BreakEvenEscalation",
            Higher,
            "1 − (first model + judge) / second model, in cost: a cascade saves where fewer are escalated",
        ),
        (
            P::MacroF1,
            "MacroF1",
            Higher,
            "F1 of the tasks that are told, averaged over all tasks that are given or told",
        ),
        (
            P::JudgeAuroc,
            "JudgeAUROC",
            Higher,
            "the chance that the cascade's judge is surer of a good first answer than of a bad one; ties one half",
        ),
    ]
};

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
