//! What metrics that are no means over posts are computed from.

use super::{EACH, ModerationMetric, OfCategory, OfGroup, OfLayer, OfPoint, OfPost};
use crate::metrics::bias::GroupAuc;
use crate::metrics::{Classification, Pooled, Ppb, Statistic};

/// Hundredths as parts per billion.
fn percent(percent: u8) -> Ppb {
    Ppb(u32::from(percent) * 10_000_000)
}

impl ModerationMetric {
    /// What is computed, and of which other metrics of the same posts, in the order that the statistic names; `prevalence` is that of deployment. `None` where it is a value of
    /// each post.
    pub(super) fn pooled(
        &self,
        groups: &[&str],
        prevalence: f64,
    ) -> Option<(Statistic, Vec<Self>)> {
        use OfCategory as C;
        let deployed = Ppb::of(prevalence);
        let columns = |columns: &[OfCategory], category: &String| -> Vec<Self> {
            let column = |kind: &OfCategory| Self::Category(*kind, category.clone());
            columns.iter().map(column).collect()
        };
        let member = |group: &str| Self::Group(OfGroup::Member, EACH.to_owned(), group.to_owned());
        let of_posts = |value: Self| vec![Self::Post(OfPost::Violates), value];
        let found = match self {
            Self::Post(kind) => of_post(*kind, deployed)?,
            Self::Layer(OfLayer::Precision, layer) => (
                Classification::Precision,
                Self::Layer(OfLayer::Stopped, *layer),
            ),
            Self::Category(kind, category) => {
                let (statistic, own) = of_category(*kind, deployed)?;
                let mut columns = columns(own, category);
                if self.is_over_groups() {
                    columns.extend(groups.iter().map(|group| member(group)));
                }
                return Some((statistic, columns));
            }
            Self::At(point, at, category) => {
                let figure = match point {
                    OfPoint::FalsePositiveRateAtRecall => {
                        Classification::FalsePositiveRateAtRecall(percent(*at))
                    }
                    OfPoint::RecallAtFalsePositiveRate => {
                        Classification::RecallAtFalsePositiveRate(percent(*at))
                    }
                };
                let columns = columns(&[C::Label, C::Score], category);
                return Some((Statistic::Classification(figure), columns));
            }
            Self::Group(kind, category, group) => {
                let kind = match kind {
                    OfGroup::Member => return None,
                    OfGroup::Subgroup => GroupAuc::Subgroup,
                    OfGroup::Bpsn => GroupAuc::BackgroundPositive,
                    OfGroup::Bnsp => GroupAuc::BackgroundNegative,
                };
                let mut columns = columns(&[C::Label, C::Score], category);
                columns.push(member(group));
                let figure = Classification::Group(kind);
                return Some((Statistic::Classification(figure), columns));
            }
            Self::Layer(..) | Self::Normalised(_) | Self::CostPer1k => return None,
        };
        let (figure, value) = found;
        Some((Statistic::Classification(figure), of_posts(value)))
    }
}

/// Figures of violating posts and what becomes of all.
fn of_post(kind: OfPost, deployed: Ppb) -> Option<(Classification, ModerationMetric)> {
    use Classification as F;
    use OfPost as P;
    let post = ModerationMetric::Post;
    Some(match kind {
        P::RemovalPrecision => (F::Precision, post(P::Removed)),
        P::ReviewPrecision => (F::Precision, post(P::Escalated)),
        P::DeployedReviewPrecision => (F::PrecisionAt(deployed), post(P::Escalated)),
        P::DeployedEscalated => (F::MeanAt(deployed), post(P::Escalated)),
        P::DeployedRemoved => (F::MeanAt(deployed), post(P::Removed)),
        P::DeployedCostPer1k => (F::MeanAt(deployed), ModerationMetric::CostPer1k),
        _ => return None,
    })
}

/// Figures of one category, and the columns that they are computed from.
fn of_category(kind: OfCategory, deployed: Ppb) -> Option<(Statistic, &'static [OfCategory])> {
    use Classification as F;
    use OfCategory as C;
    const SCORES: &[OfCategory] = &[C::Label, C::Score];
    const FLAGS: &[OfCategory] = &[C::Label, C::Flag];
    const VOTES: &[OfCategory] = &[C::YesVotes, C::NoVotes];
    let (figure, columns) = match kind {
        C::Auroc => return Some((Statistic::Labels(Pooled::Auroc), SCORES)),
        C::AveragePrecision => return Some((Statistic::Labels(Pooled::AveragePrecision), SCORES)),
        C::BalancedAccuracy => return Some((Statistic::Labels(Pooled::BalancedAccuracy), FLAGS)),
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
        C::DeployedPrecision => (F::PrecisionAt(deployed), FLAGS),
        C::DeployedAveragePrecision => (F::AveragePrecisionAt(deployed), SCORES),
        C::SubgroupAuc => (F::OverGroups(GroupAuc::Subgroup), SCORES),
        C::BpsnAuc => (F::OverGroups(GroupAuc::BackgroundPositive), SCORES),
        C::BnspAuc => (F::OverGroups(GroupAuc::BackgroundNegative), SCORES),
        C::BiasAuc => (F::AllGroups, SCORES),
        C::Agreement => (F::Agreement, VOTES),
        C::SingleRater => (F::SingleRater, VOTES),
        C::Minority => (F::Minority, VOTES),
        C::Label
        | C::Score
        | C::Flag
        | C::YesVotes
        | C::NoVotes
        | C::Prevalence
        | C::Accuracy
        | C::Brier
        | C::PairedDrop => return None,
    };
    Some((Statistic::Classification(figure), columns))
}
