//! Every measure of trec_eval over judgements, with its defaults.

use super::shape::Shape;
use crate::metrics::{Gain, Measure};

pub(super) const CUTOFFS: &[usize] = &[5, 10, 15, 20, 30, 100, 200, 500, 1000];
pub(super) const RECALLS: &[f64] = &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
pub(super) const MULTIPLES: &[f64] = &[0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0];
pub(super) const UTILITY: &[f64] = &[1.0, -1.0, 0.0, 0.0];
pub(super) const RBP_P: f64 = 0.9;

/// Every measure over judgements, in the order in which trec_eval prints them.
pub(super) const MEASURES: &[(&str, Shape)] = &[
    ("runid", Shape::RunId),
    ("num_q", Shape::SummaryOnly(|| Measure::Queries)),
    ("num_ret", Shape::Plain(|| Measure::Retrieved)),
    ("num_rel", Shape::Plain(|| Measure::Relevant)),
    ("num_rel_ret", Shape::Plain(|| Measure::RelevantRetrieved)),
    ("map", Shape::Plain(|| Measure::AveragePrecision)),
    (
        "gm_map",
        Shape::SummaryOnly(|| Measure::GeometricAveragePrecision),
    ),
    ("Rprec", Shape::Plain(|| Measure::RPrecision)),
    ("bpref", Shape::Plain(|| Measure::Bpref)),
    ("recip_rank", Shape::Plain(|| Measure::ReciprocalRank)),
    (
        "iprec_at_recall",
        Shape::Points(RECALLS, Measure::InterpolatedPrecision),
    ),
    ("P", Shape::Cutoffs(CUTOFFS, || Measure::Precision)),
    ("relstring", Shape::Grades),
    ("recall", Shape::Cutoffs(CUTOFFS, || Measure::Recall)),
    ("infAP", Shape::Plain(|| Measure::InferredAp)),
    ("gm_bpref", Shape::SummaryOnly(|| Measure::GeometricBpref)),
    (
        "Rprec_mult",
        Shape::Points(MULTIPLES, Measure::PrecisionAtMultiple),
    ),
    (
        "utility",
        Shape::Numbers(UTILITY, |weights| {
            Some(Measure::Utility(weights.try_into().ok()?))
        }),
    ),
    (
        "11pt_avg",
        Shape::Numbers(RECALLS, |recalls| {
            Some(Measure::MeanInterpolatedPrecision(recalls.to_vec()))
        }),
    ),
    ("binG", Shape::Plain(|| Measure::BinaryG)),
    ("G", Shape::Gains(Measure::G)),
    ("dcg", Shape::Gains(Measure::Dcg)),
    ("ideal_dcg", Shape::Gains(Measure::IdealDcg)),
    ("ndcg", Shape::Gains(Measure::Ndcg)),
    ("ndcg_rel", Shape::Gains(Measure::NdcgAtRelevant)),
    ("Rndcg", Shape::Gains(Measure::NdcgAtLevels)),
    (
        "ndcg_cut",
        Shape::Cutoffs(CUTOFFS, || Measure::Ndcg(Gain::Linear)),
    ),
    (
        "map_cut",
        Shape::Cutoffs(CUTOFFS, || Measure::AveragePrecision),
    ),
    (
        "relative_P",
        Shape::Cutoffs(CUTOFFS, || Measure::RelativePrecision),
    ),
    ("success", Shape::Cutoffs(&[1, 5, 10], || Measure::Success)),
    ("set_P", Shape::Plain(|| Measure::SetPrecision)),
    (
        "set_relative_P",
        Shape::Plain(|| Measure::RelativeSetPrecision),
    ),
    ("set_recall", Shape::Plain(|| Measure::SetRecall)),
    ("set_map", Shape::Plain(|| Measure::SetAveragePrecision)),
    (
        "set_F",
        Shape::Numbers(&[1.0], |numbers| {
            Some(Measure::SetF(
                *numbers.first().filter(|beta| **beta >= 0.0)?,
            ))
        }),
    ),
    (
        "num_nonrel_judged_ret",
        Shape::Plain(|| Measure::JudgedNotRelevantRetrieved),
    ),
    ("yaap", Shape::Plain(|| Measure::Yaap)),
    ("rbp", Shape::Rbp),
    ("rbp_resid", Shape::Plain(|| Measure::RbpResidual)),
    ("unj", Shape::Cutoffs(&[5, 10, 20], || Measure::Unjudged)),
];

/// What version 9 does not have.
pub(super) const NEW_IN_10: [&str; 3] = ["rbp", "rbp_resid", "unj"];
/// What `-m all_trec` leaves out.
pub(super) const NOT_IN_ALL: [&str; 3] = ["dcg", "ideal_dcg", "yaap"];
pub(super) const OFFICIAL: [&str; 12] = [
    "runid",
    "num_q",
    "num_ret",
    "num_rel",
    "num_rel_ret",
    "map",
    "gm_map",
    "Rprec",
    "bpref",
    "recip_rank",
    "iprec_at_recall",
    "P",
];
pub(super) const SET: [&str; 11] = [
    "runid",
    "num_q",
    "num_ret",
    "num_rel",
    "num_rel_ret",
    "utility",
    "set_P",
    "set_recall",
    "set_relative_P",
    "set_map",
    "set_F",
];
