//! What the metrics of a moderator are, in words.

use super::metric::{OfCategory, OfGroup, OfLayer, OfPost};
use crate::metrics::Better::{self, Higher, Lower};

/// Name, direction and definition.
type Row<K> = (K, &'static str, Better, &'static str);

pub(super) const OF_POSTS: [Row<OfPost>; 19] = [
    (
        OfPost::Violates,
        "Violates",
        Lower,
        "1 where people say that the post is of some category, 0 where of none",
    ),
    (
        OfPost::Approved,
        "Approved",
        Higher,
        "the share of posts that everybody sees",
    ),
    (
        OfPost::Gated,
        "AgeGated",
        Lower,
        "the share of posts that adults alone see",
    ),
    (
        OfPost::Escalated,
        "Escalated",
        Lower,
        "the share of posts that people look at",
    ),
    (
        OfPost::Removed,
        "Removed",
        Lower,
        "the share of posts that are rejected without people",
    ),
    (
        OfPost::Caught,
        "Caught",
        Higher,
        "of violating posts the share that is not approved: the recall of the whole system",
    ),
    (
        OfPost::CaughtBySeveral,
        "CaughtBySeveral",
        Higher,
        "of violating posts the share that is caught, and still would be without any one layer",
    ),
    (
        OfPost::CaughtJointly,
        "CaughtJointly",
        Higher,
        "of violating posts the share that is caught, and would be approved without any one of several layers",
    ),
    (
        OfPost::Missed,
        "Missed",
        Lower,
        "of violating posts the share that is approved",
    ),
    (
        OfPost::WronglyRemoved,
        "WronglyRemoved",
        Lower,
        "of benign posts the share that is rejected without people",
    ),
    (
        OfPost::WronglyGated,
        "WronglyAgeGated",
        Lower,
        "of benign posts the share that adults alone see",
    ),
    (
        OfPost::WronglyEscalated,
        "WronglyEscalated",
        Lower,
        "of benign posts the share that people look at",
    ),
    (
        OfPost::RemovalPrecision,
        "RemovalPrecision",
        Higher,
        "of posts that are rejected without people the share that violates",
    ),
    (
        OfPost::ReviewPrecision,
        "ReviewPrecision",
        Higher,
        "of posts that people look at the share that violates",
    ),
    (
        OfPost::SlowUnreadable,
        "SlowUnreadable",
        Lower,
        "of posts that a language model was asked about the share of which it said nothing that could be read; people look at them",
    ),
    (
        OfPost::DeployedEscalated,
        "DeployedEscalated",
        Lower,
        "the share of posts that people look at, at the prevalence of violating posts in deployment",
    ),
    (
        OfPost::DeployedRemoved,
        "DeployedRemoved",
        Lower,
        "the share of posts that are rejected without people, at the prevalence of violating posts in deployment",
    ),
    (
        OfPost::DeployedReviewPrecision,
        "DeployedReviewPrecision",
        Higher,
        "of posts that people look at the share that violates, at the prevalence of violating posts in deployment",
    ),
    (
        OfPost::DeployedCostPer1k,
        "DeployedCostPer1k",
        Lower,
        "what all layers cost for 1,000 posts, at the prevalence of violating posts in deployment",
    ),
];

pub(super) const OF_LAYERS: [Row<OfLayer>; 8] = [
    (
        OfLayer::Reach,
        "Reach",
        Lower,
        "the share of posts that come to the layer",
    ),
    (
        OfLayer::Stopped,
        "Stopped",
        Higher,
        "the share of posts that the layer, as the last, keeps from being approved",
    ),
    (
        OfLayer::Precision,
        "LayerPrecision",
        Higher,
        "of posts that the layer, as the last, keeps from being approved the share that violates",
    ),
    (
        OfLayer::Caught,
        "CaughtBy",
        Higher,
        "of violating posts the share that the layer, as the last, keeps from being approved; the parts of all layers sum up to Caught",
    ),
    (
        OfLayer::OnlyBy,
        "CaughtOnlyBy",
        Higher,
        "of violating posts the share that is caught, and would be approved without this layer and no other; with CaughtBySeveral and CaughtJointly the parts of all layers sum up to Caught",
    ),
    (
        OfLayer::CaughtWithout,
        "CaughtWithout",
        Higher,
        "of violating posts the share that would be caught without the layer",
    ),
    (
        OfLayer::WrongWithout,
        "WronglyStoppedWithout",
        Lower,
        "of benign posts the share that would not be approved without the layer",
    ),
    (
        OfLayer::CostPer1k,
        "CostPer1k",
        Lower,
        "what the layer costs for 1,000 posts of all, those that never reach it included",
    ),
];

pub(super) const OF_CATEGORIES: [Row<OfCategory>; 32] = [
    (
        OfCategory::Label,
        "Label",
        Lower,
        "1 where people say that the post is of the category, 0 where not",
    ),
    (
        OfCategory::Score,
        "Score",
        Lower,
        "the probability that counts: that of a language model where it was asked, else that of the classifiers; 1 where the prefilter stops the post in the category",
    ),
    (
        OfCategory::Flag,
        "Flag",
        Lower,
        "1 where the score reaches the category's threshold `reject`",
    ),
    (
        OfCategory::YesVotes,
        "YesVotes",
        Lower,
        "people's votes for the category",
    ),
    (
        OfCategory::NoVotes,
        "NoVotes",
        Lower,
        "people's votes against it",
    ),
    (
        OfCategory::Prevalence,
        "Prevalence",
        Lower,
        "the share of posts, of those of which it is known, that are of the category",
    ),
    (
        OfCategory::AveragePrecision,
        "AveragePrecision",
        Higher,
        "area under precision over recall, Σ (R_n − R_n−1) P_n; that of chance is the prevalence",
    ),
    (
        OfCategory::Lift,
        "Lift",
        Higher,
        "average precision over prevalence: 1 by chance",
    ),
    (
        OfCategory::Auroc,
        "AUROC",
        Higher,
        "the chance that a post of the category scores above another one, ties one half",
    ),
    (
        OfCategory::Accuracy,
        "Accuracy",
        Higher,
        "the share of posts that are flagged as people say it",
    ),
    (
        OfCategory::BalancedAccuracy,
        "BalancedAccuracy",
        Higher,
        "the mean of recall and 1 − false-positive rate",
    ),
    (
        OfCategory::Precision,
        "Precision",
        Higher,
        "of flagged posts the share that is of the category",
    ),
    (
        OfCategory::Recall,
        "Recall",
        Higher,
        "of posts of the category the share that is flagged",
    ),
    (
        OfCategory::F1,
        "F1",
        Higher,
        "the harmonic mean of precision and recall",
    ),
    (
        OfCategory::FalsePositiveRate,
        "FPR",
        Lower,
        "of other posts the share that is flagged",
    ),
    (OfCategory::Brier, "Brier", Lower, "(score − label)²"),
    (
        OfCategory::Reliability,
        "BrierReliability",
        Lower,
        "of Brier, over 15 bins of equal mass: the mean of (mean score − share positive)²",
    ),
    (
        OfCategory::Resolution,
        "BrierResolution",
        Higher,
        "of Brier, over 15 bins of equal mass: the mean of (share positive of the bin − share positive of all)²",
    ),
    (
        OfCategory::Uncertainty,
        "BrierUncertainty",
        Lower,
        "of Brier: s (1 − s) of the share s that is positive",
    ),
    (
        OfCategory::CalibrationError,
        "ECE",
        Lower,
        "expected calibration error over 15 bins of equal mass: the mean of |mean score − share positive|, too high by what labels scatter",
    ),
    (
        OfCategory::SquaredCalibrationError,
        "SquaredCalibrationError",
        Lower,
        "the mean over 15 bins of equal mass of (mean score − share positive)², less its bias (Kumar et al. 2019): 0 of perfect probabilities in the mean, so it may be below",
    ),
    (
        OfCategory::DebiasedCalibrationError,
        "ECEDebiased",
        Lower,
        "that error less its bias (Kumar et al. 2019)",
    ),
    (
        OfCategory::DeployedPrecision,
        "DeployedPrecision",
        Higher,
        "of flagged posts the share that is of the category at the prevalence of deployment: π TPR / (π TPR + (1 − π) FPR)",
    ),
    (
        OfCategory::DeployedAveragePrecision,
        "DeployedAveragePrecision",
        Higher,
        "average precision at the prevalence of deployment",
    ),
    (
        OfCategory::SubgroupAuc,
        "SubgroupAUC",
        Higher,
        "the power mean (p = −5) over groups of AUROC among posts that name the group; groups of one class are left out",
    ),
    (
        OfCategory::BpsnAuc,
        "BPSNAUC",
        Higher,
        "the power mean over groups of AUROC of the background's positives and the group's negatives: low where harmless posts about a group score too high",
    ),
    (
        OfCategory::BnspAuc,
        "BNSPAUC",
        Higher,
        "the power mean over groups of AUROC of the background's negatives and the group's positives: low where harmful posts about a group score too low",
    ),
    (
        OfCategory::BiasAuc,
        "BiasAUC",
        Higher,
        "a quarter each of AUROC and these three power means",
    ),
    (
        OfCategory::PairedDrop,
        "PairedDrop",
        Lower,
        "of posts of the category that are changed copies of another one: 1 where only the original is flagged, −1 where only the copy",
    ),
    (
        OfCategory::Agreement,
        "VoteAlpha",
        Higher,
        "Krippendorff's alpha of people's votes: 1 where they agree, 0 where they agree as by chance",
    ),
    (
        OfCategory::SingleRater,
        "RaterAccuracy",
        Higher,
        "how often one person votes as most of the others do: what no classifier can be expected to beat",
    ),
    (
        OfCategory::Minority,
        "MinorityVotes",
        Lower,
        "the share of people's votes that are not those of the post's majority",
    ),
];

pub(super) const OF_GROUPS: [Row<OfGroup>; 4] = [
    (
        OfGroup::Member,
        "Member",
        Lower,
        "1 where the post names the group",
    ),
    (
        OfGroup::Subgroup,
        "SubgroupAUC",
        Higher,
        "AUROC among posts that name the group",
    ),
    (
        OfGroup::Bpsn,
        "BPSNAUC",
        Higher,
        "AUROC of the background's positives and the group's negatives: low where harmless posts about the group score too high",
    ),
    (
        OfGroup::Bnsp,
        "BNSPAUC",
        Higher,
        "AUROC of the background's negatives and the group's positives: low where harmful posts about the group score too low",
    ),
];
