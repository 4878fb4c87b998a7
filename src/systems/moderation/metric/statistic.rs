//! What metrics that are no means over posts are computed from.

use super::{ModerationMetric, OfCategory, OfGroup, OfPoint};
use crate::metrics::bias::GroupAuc;
use crate::metrics::{Classification, Pooled, Ppm, Statistic};

impl ModerationMetric {
    /// What is computed of which columns of the category, `prevalence` being that of deployment.
    pub(super) fn statistic(&self, prevalence: f64) -> Option<(Statistic, &'static [OfCategory])> {
        use Classification as F;
        use OfCategory as C;
        const SCORES: &[OfCategory] = &[C::Label, C::Score];
        const FLAGS: &[OfCategory] = &[C::Label, C::Flag];
        const VOTES: &[OfCategory] = &[C::YesVotes, C::NoVotes];
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share in millionths"
        )]
        let prevalence = Ppm((prevalence * 1e6).round() as u32);
        let (figure, columns) = match self {
            Self::Category(kind, _) => match kind {
                C::Auroc => return Some((Statistic::Labels(Pooled::Auroc), SCORES)),
                C::AveragePrecision => {
                    return Some((Statistic::Labels(Pooled::AveragePrecision), SCORES));
                }
                C::BalancedAccuracy => {
                    return Some((Statistic::Labels(Pooled::BalancedAccuracy), FLAGS));
                }
                C::Lift => (F::Lift, SCORES),
                C::Precision => (F::Precision, FLAGS),
                C::Recall => (F::Recall, FLAGS),
                C::F1 => (F::F1, FLAGS),
                C::FalsePositiveRate => (F::FalsePositiveRate, FLAGS),
                C::Reliability => (F::Reliability, SCORES),
                C::Resolution => (F::Resolution, SCORES),
                C::Uncertainty => (F::Uncertainty, SCORES),
                C::CalibrationError => (F::CalibrationError, SCORES),
                C::SquaredCalibrationError => (F::SquaredCalibrationError, SCORES),
                C::DebiasedCalibrationError => (F::DebiasedCalibrationError, SCORES),
                C::DeployedPrecision => (F::PrecisionAt(prevalence), FLAGS),
                C::DeployedAveragePrecision => (F::AveragePrecisionAt(prevalence), SCORES),
                C::SubgroupAuc => (F::OverGroups(GroupAuc::Subgroup), SCORES),
                C::BpsnAuc => (F::OverGroups(GroupAuc::BackgroundPositive), SCORES),
                C::BnspAuc => (F::OverGroups(GroupAuc::BackgroundNegative), SCORES),
                C::BiasAuc => (F::AllGroups, SCORES),
                C::Agreement => (F::Agreement, VOTES),
                C::SingleRater => (F::SingleRater, VOTES),
                C::Label
                | C::Score
                | C::Flag
                | C::YesVotes
                | C::NoVotes
                | C::Prevalence
                | C::Accuracy
                | C::Brier
                | C::PairedDrop => return None,
            },
            Self::At(OfPoint::FalsePositiveRateAtRecall, percent, _) => (
                F::FalsePositiveRateAtRecall(Ppm(u32::from(*percent) * 10_000)),
                SCORES,
            ),
            Self::At(OfPoint::RecallAtFalsePositiveRate, percent, _) => (
                F::RecallAtFalsePositiveRate(Ppm(u32::from(*percent) * 10_000)),
                SCORES,
            ),
            Self::Group(OfGroup::Subgroup, ..) => (F::Group(GroupAuc::Subgroup), SCORES),
            Self::Group(OfGroup::Bpsn, ..) => (F::Group(GroupAuc::BackgroundPositive), SCORES),
            Self::Group(OfGroup::Bnsp, ..) => (F::Group(GroupAuc::BackgroundNegative), SCORES),
            _ => return None,
        };
        Some((Statistic::Classification(figure), columns))
    }
}
