//! The closed set of ranking measures, and the number that each gives one query.

use std::num::NonZeroUsize;

use super::gain::{self, Gain, RbpGain};
use super::interpolated::{self, RecallPoint};
use super::judgements::{Judgements, hits};
use super::{pool, ranking};

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// [`gain::ndcg`]
    Ndcg(Gain),
    /// [`gain::dcg`]
    Dcg(Gain),
    /// [`gain::ideal_dcg`]
    IdealDcg(Gain),
    /// [`gain::ndcg_at_relevant`]
    NdcgAtRelevant(Gain),
    /// [`gain::ndcg_at_levels`]
    NdcgAtLevels(Gain),
    /// [`gain::g`]
    G(Gain),
    /// [`gain::binary_g`]
    BinaryG,
    /// [`gain::expected_reciprocal_rank`]
    ExpectedReciprocalRank,
    /// [`gain::rank_biased_precision`]
    RankBiasedPrecision {
        /// The probability of going on to the next document.
        p: f64,
        /// What a document contributes.
        gain: RbpGain,
    },
    /// [`gain::rbp_residual`] at p = 0.9
    RbpResidual,
    /// [`ranking::average_precision`]
    AveragePrecision,
    /// [`ranking::average_precision`], averaged over the queries by the geometric mean
    GeometricAveragePrecision,
    /// [`ranking::yaap`]
    Yaap,
    /// [`ranking::reciprocal_rank`]
    ReciprocalRank,
    /// [`ranking::precision`]
    Precision,
    /// [`ranking::relative_precision`]
    RelativePrecision,
    /// [`ranking::recall`]
    Recall,
    /// [`ranking::success`]
    Success,
    /// [`ranking::r_precision`]
    RPrecision,
    /// [`interpolated::precision_at_multiple`] of R
    PrecisionAtMultiple(f64),
    /// [`interpolated::interpolated_precision`] at a point of recall
    InterpolatedPrecision(f64),
    /// [`interpolated::mean_interpolated_precision`] at these points of recall
    MeanInterpolatedPrecision(Vec<f64>),
    /// [`pool::bpref`]
    Bpref,
    /// [`pool::bpref`], averaged over the queries by the geometric mean
    GeometricBpref,
    /// [`pool::inferred_ap`]
    InferredAp,
    /// [`pool::judged`]
    Judged,
    /// [`pool::unjudged`]
    Unjudged,
    /// [`ranking::set_precision`]
    SetPrecision,
    /// [`ranking::relative_set_precision`]
    RelativeSetPrecision,
    /// [`ranking::set_recall`]
    SetRecall,
    /// [`ranking::set_f`] with this weight of recall
    SetF(f64),
    /// [`ranking::set_average_precision`]
    SetAveragePrecision,
    /// [`ranking::utility`] with these weights
    Utility([f64; 4]),
    /// How many queries were evaluated.
    Queries,
    /// How many documents were retrieved.
    Retrieved,
    /// How many documents are relevant.
    Relevant,
    /// How many relevant documents were retrieved.
    RelevantRetrieved,
    /// [`pool::judged_not_relevant_retrieved`]
    JudgedNotRelevantRetrieved,
}

/// A measure with its cutoff and its view of what is relevant.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What is measured.
    pub measure: Measure,
    /// Only the first so many documents count.
    pub cutoff: Option<NonZeroUsize>,
    /// The lowest grade that is relevant, where the metric has one of its own.
    pub level: Option<i32>,
    /// Documents that nobody judged are taken out of the ranking first.
    pub judged_only: bool,
}

/// What a value depends on beside the ranking, its judgements and the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The lowest grade that is relevant, for metrics that name none.
    pub level: i32,
    /// The highest grade of the scale, for [`Measure::ExpectedReciprocalRank`]; that of the judgements where it is not known.
    pub highest_grade: Option<i32>,
    /// Documents in the collection, for [`Measure::Utility`].
    pub collection: u64,
    /// How a point of recall becomes a number of documents.
    pub recall_point: RecallPoint,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            level: 1,
            highest_grade: None,
            collection: 0,
            recall_point: RecallPoint::default(),
        }
    }
}

impl Rules {
    /// The highest grade of the scale; 1 where nothing is known of it.
    pub fn highest(&self) -> i32 {
        self.highest_grade.unwrap_or(1)
    }

    /// The default rules for judgements whose highest grade is `highest`.
    pub fn with_highest_grade(highest: Option<i32>) -> Self {
        Self {
            highest_grade: highest.map(|highest| highest.max(1)),
            ..Self::default()
        }
    }
}

/// How the values of the queries become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// The arithmetic mean.
    Mean,
    /// The geometric mean, values below 0.00001 counting as that.
    GeometricMean,
    /// The sum; a whole number.
    Sum,
}

impl Aggregate {
    /// The least value that a geometric mean knows (trec_eval's).
    pub const LEAST: f64 = 0.000_01;

    /// One query's part in a mean: its logarithm where the mean is geometric.
    pub fn part(self, value: f64) -> f64 {
        match self {
            Self::GeometricMean => value.max(Self::LEAST).ln(),
            Self::Mean | Self::Sum => value,
        }
    }

    /// The value of a mean of [`Self::part`]s.
    pub fn whole(self, mean: f64) -> f64 {
        match self {
            Self::GeometricMean => mean.exp(),
            Self::Mean | Self::Sum => mean,
        }
    }
}

impl From<Measure> for Metric {
    fn from(measure: Measure) -> Self {
        Self {
            measure,
            cutoff: None,
            level: None,
            judged_only: false,
        }
    }
}

impl Metric {
    /// The metric of one query's ranking.
    pub fn score(&self, judgements: &Judgements, rules: &Rules) -> f64 {
        if self.judged_only {
            self.score_all(&judgements.judged_only(), rules)
        } else {
            self.score_all(judgements, rules)
        }
    }

    fn score_all(&self, judgements: &Judgements, rules: &Rules) -> f64 {
        let j = judgements;
        let level = self.level.unwrap_or(rules.level);
        let depth = self.depth();
        // The measures below that divide by their cutoff cannot be named without one.
        let k = self.cutoff.unwrap_or(NonZeroUsize::MIN);
        match &self.measure {
            Measure::Ndcg(gain) => gain::ndcg(j, gain, depth),
            Measure::Dcg(gain) => gain::dcg(j, gain, depth),
            Measure::IdealDcg(gain) => gain::ideal_dcg(j, gain, depth),
            Measure::NdcgAtRelevant(gain) => gain::ndcg_at_relevant(j, gain),
            Measure::NdcgAtLevels(gain) => gain::ndcg_at_levels(j, gain, level),
            Measure::G(gain) => gain::g(j, gain),
            Measure::BinaryG => gain::binary_g(j, level),
            Measure::ExpectedReciprocalRank => {
                gain::expected_reciprocal_rank(j, rules.highest(), depth)
            }
            Measure::RankBiasedPrecision { p, gain } => {
                gain::rank_biased_precision(j, gain, level, *p, depth)
            }
            Measure::RbpResidual => gain::rbp_residual(j, 0.9),
            Measure::AveragePrecision | Measure::GeometricAveragePrecision => {
                ranking::average_precision(j, level, depth)
            }
            Measure::Yaap => ranking::yaap(j, level),
            Measure::ReciprocalRank => ranking::reciprocal_rank(j, level, depth),
            Measure::Precision => ranking::precision(j, level, k),
            Measure::RelativePrecision => ranking::relative_precision(j, level, k),
            Measure::Recall => ranking::recall(j, level, depth),
            Measure::Success => ranking::success(j, level, depth),
            Measure::RPrecision => ranking::r_precision(j, level),
            Measure::PrecisionAtMultiple(multiple) => {
                interpolated::precision_at_multiple(j, level, *multiple)
            }
            Measure::InterpolatedPrecision(recall) => {
                interpolated::interpolated_precision(j, level, *recall, rules.recall_point)
            }
            Measure::MeanInterpolatedPrecision(recalls) => {
                interpolated::mean_interpolated_precision(j, level, recalls, rules.recall_point)
            }
            Measure::Bpref | Measure::GeometricBpref => pool::bpref(j, level),
            Measure::InferredAp => pool::inferred_ap(j, level),
            Measure::Judged => pool::judged(j, depth),
            Measure::Unjudged => pool::unjudged(j, k.get()),
            Measure::SetPrecision => ranking::set_precision(j, level),
            Measure::RelativeSetPrecision => ranking::relative_set_precision(j, level),
            Measure::SetRecall => ranking::set_recall(j, level),
            Measure::SetF(beta) => ranking::set_f(j, level, *beta),
            Measure::SetAveragePrecision => ranking::set_average_precision(j, level),
            Measure::Utility(weights) => ranking::utility(j, level, *weights, rules.collection),
            Measure::Queries => 1.0,
            Measure::Retrieved => j.ranked().len() as f64,
            Measure::Relevant => j.relevant(level) as f64,
            Measure::RelevantRetrieved => hits(j.ranked(), level) as f64,
            Measure::JudgedNotRelevantRetrieved => {
                pool::judged_not_relevant_retrieved(j, level) as f64
            }
        }
    }

    /// Whether the metric has a value for grades as high as `highest`: 2^grade soon leaves all numbers.
    pub fn check_grades(&self, highest: Option<i32>) -> Result<(), String> {
        let exponential = matches!(
            self.measure,
            Measure::ExpectedReciprocalRank
                | Measure::Ndcg(Gain::Exponential)
                | Measure::Dcg(Gain::Exponential)
                | Measure::IdealDcg(Gain::Exponential)
        );
        match highest {
            Some(highest) if exponential && highest > Self::HIGHEST_EXPONENT => Err(format!(
                "`{self}` takes 2 to the power of a grade, and the judgements go up to {highest}; more than {} is no grade: say what they are worth with `nDCG(gains={{…}})`, or leave it out",
                Self::HIGHEST_EXPONENT
            )),
            _ => Ok(()),
        }
    }

    /// The highest grade that can be an exponent.
    const HIGHEST_EXPONENT: i32 = 100;

    /// How many documents the metric looks at.
    pub fn depth(&self) -> usize {
        self.cutoff.map_or(usize::MAX, NonZeroUsize::get)
    }

    /// How the values of the queries become one.
    pub fn aggregate(&self) -> Aggregate {
        match self.measure {
            Measure::Queries
            | Measure::Retrieved
            | Measure::Relevant
            | Measure::RelevantRetrieved
            | Measure::JudgedNotRelevantRetrieved => Aggregate::Sum,
            Measure::GeometricAveragePrecision | Measure::GeometricBpref => {
                Aggregate::GeometricMean
            }
            _ => Aggregate::Mean,
        }
    }
}
