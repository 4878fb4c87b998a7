//! What the metrics of a router are, in words.

use super::metric::{Each, PooledMetric};
use crate::metrics::Better;

/// Name, unit, direction and definition of what is known of each prompt.
pub(super) const EACH: [(Each, &str, &str, Better, &str); 34] = {
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
            "the score beyond that of the best single model, prompt by prompt, whether the tenant allows that one or not",
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

/// Name, direction and definition of what is known of all prompts together.
pub(super) const POOLED: [(PooledMetric, &str, Better, &str); 16] = {
    use Better::{Higher, Lower};
    use PooledMetric as P;
    [
        (
            P::Aiq,
            "AIQ",
            Higher,
            "average improvement in quality: the mean height of the non-decreasing upper concave envelope of the router's policies, over every distinct price of quality, between the mean costs of the cheapest and the dearest model; flat to the right of the last, and to the left of the first a line to no cost and no quality; Hu et al. 2024 (RouterBench), over one interval for all routers; which policies are corners is taken as given; of the choice alone: tenants, cache and fallback aside, prompts served from the cache left out",
        ),
        (
            P::AiqGain,
            "AIQGain",
            Higher,
            "AIQ beyond that of the zero router, the envelope of the single models; of the choice alone: tenants, cache and fallback aside, prompts served from the cache left out",
        ),
        (
            P::Savings,
            "Savings",
            Higher,
            "the share of the best single model's cost that is saved at its quality, on the router's envelope; 0 where the router never reaches it at a lower cost; LLMRouterBench's CostSave; of the choice alone: tenants, cache and fallback aside, prompts served from the cache left out",
        ),
        (
            P::PerfGain,
            "PerfGain",
            Higher,
            "the router's best mean quality at any price / the best single model's − 1; LLMRouterBench; of the choice alone: tenants, cache and fallback aside, prompts served from the cache left out",
        ),
        (
            P::Apgr,
            "APGR",
            Higher,
            "average performance gap recovered: the area under the share of the gap between the weak and the strong model that is recovered, over the share of prompts that the strong one gets, every distinct score a threshold; a random router has .5; none where the strong model is no better; Ong et al. 2024 (RouteLLM); of the choice alone: tenants, cache and fallback aside, prompts served from the cache left out",
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
            "1 − (first model + judge) / second model, in cost: a cascade saves where fewer are escalated, if those that are cost what others do",
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
