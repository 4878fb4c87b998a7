//! Figures of a classifier of one category that are no means over examples, from columns of labels and what it says.

use serde::{Deserialize, Serialize};

use super::bias::{self, GroupAuc};
use super::calibration::BINS;
use super::{Pooled, binary, calibration, disagreement, statistics};

/// A share in parts per billion: such numbers can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ppb(pub u32);

impl Ppb {
    /// The nearest one to a share of 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a billion fits"
    )]
    pub fn of(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * 1e9).round() as u32)
    }

    /// The share.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 1e9
    }
}

/// A figure. Its columns are labels (1 or 0), then decisions (1 or 0) or scores, then whether examples are of each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// Of labels and decisions: [`binary::precision`].
    Precision,
    /// [`binary::recall`].
    Recall,
    /// [`binary::false_positive_rate`].
    FalsePositiveRate,
    /// [`binary::f1`].
    F1,
    /// [`binary::precision_at_prevalence`].
    PrecisionAt(Ppb),
    /// Of labels and scores: [`binary::average_precision_at_prevalence`].
    AveragePrecisionAt(Ppb),
    /// [`binary::average_precision_lift`].
    Lift,
    /// [`binary::false_positive_rate_at_recall`].
    FalsePositiveRateAtRecall(Ppb),
    /// [`binary::recall_at_false_positive_rate`].
    RecallAtFalsePositiveRate(Ppb),
    /// [`calibration::expected_calibration_error`].
    CalibrationError,
    /// [`calibration::debiased_square_error`].
    SquaredCalibrationError,
    /// [`calibration::debiased_calibration_error`].
    DebiasedCalibrationError,
    /// Of [`calibration::brier_terms`].
    Reliability,
    /// Likewise.
    Resolution,
    /// Likewise.
    Uncertainty,
    /// Of labels, scores and one group: [`GroupAuc::pseudo_values`].
    Group(GroupAuc),
    /// Of labels, scores and all groups: [`bias::power_mean`].
    OverGroups(GroupAuc),
    /// Of labels, scores and all groups: [`bias::combined`].
    AllGroups,
    /// Of labels and any values: [`binary::mean_at_prevalence`].
    MeanAt(Ppb),
    /// Of votes for and against: [`disagreement::krippendorff_alpha`].
    Agreement,
    /// Of votes for and against: [`disagreement::minority_share`].
    Minority,
    /// Of votes for and against: [`disagreement::single_rater_accuracy`].
    SingleRater,
}

impl Classification {
    /// One value an example, whose mean is the figure; all the same where it jumps. `None` where it is not defined.
    pub(super) fn pseudo_values(self, columns: &[Vec<f64>]) -> Option<Vec<f64>> {
        use Classification as C;
        let flags = |column: &Vec<f64>| -> Vec<bool> { column.iter().map(|v| *v > 0.5).collect() };
        let labels = flags(&columns[0]);
        let scores = &columns[1];
        let all = |value: f64| vec![value; labels.len()];
        let terms = || calibration::brier_terms(&labels, scores, BINS);
        let groups = || columns[2..].iter().map(flags).collect::<Vec<_>>();
        match self {
            C::Precision => binary::precision(&labels, &flags(scores)),
            C::Recall => binary::recall(&labels, &flags(scores)),
            C::FalsePositiveRate => binary::false_positive_rate(&labels, &flags(scores)),
            C::F1 => binary::f1(&labels, &flags(scores)),
            C::PrecisionAt(prevalence) => {
                binary::precision_at_prevalence(&labels, &flags(scores), prevalence.share())
            }
            C::AveragePrecisionAt(prevalence) => {
                binary::average_precision_at_prevalence(&labels, scores, prevalence.share())
            }
            C::Lift => binary::average_precision_lift(&labels, scores),
            C::FalsePositiveRateAtRecall(recall) => {
                binary::false_positive_rate_at_recall(&labels, scores, recall.share()).map(all)
            }
            C::RecallAtFalsePositiveRate(rate) => {
                binary::recall_at_false_positive_rate(&labels, scores, rate.share()).map(all)
            }
            C::CalibrationError => calibration::expected_calibration_error(&labels, scores, BINS),
            C::SquaredCalibrationError => calibration::debiased_square_error(&labels, scores, BINS),
            C::DebiasedCalibrationError => {
                calibration::debiased_calibration_error(&labels, scores, BINS).map(all)
            }
            C::Reliability => terms().map(|terms| all(terms.reliability)),
            C::Resolution => terms().map(|terms| all(terms.resolution)),
            C::Uncertainty => {
                // Of s (1 − s) the derivative is 1 − 2 s.
                let share = statistics::mean(&columns[0])?;
                let value =
                    |label: &f64| share * (1.0 - share) + (1.0 - 2.0 * share) * (label - share);
                Some(columns[0].iter().map(value).collect())
            }
            C::Group(kind) => kind.pseudo_values(&labels, scores, &flags(columns.get(2)?)),
            C::OverGroups(kind) => {
                bias::power_mean(kind, &labels, scores, &groups()).map(|all| all.pseudo_values)
            }
            C::AllGroups => bias::combined(&labels, scores, &groups()).map(|all| all.pseudo_values),
            C::MeanAt(prevalence) => {
                binary::mean_at_prevalence(&labels, scores, prevalence.share())
            }
            C::Agreement => disagreement::krippendorff_alpha(columns),
            C::Minority => disagreement::minority_share(columns),
            C::SingleRater => disagreement::single_rater_accuracy(columns),
        }
    }

    /// Why it may not be defined.
    pub(super) fn undefined(self) -> &'static str {
        use Classification as C;
        match self {
            C::Precision | C::PrecisionAt(_) => "nothing is decided to be of the category",
            C::Recall | C::Lift => "no example is of the category",
            C::FalsePositiveRate => "every example is of the category",
            C::F1 => "no example is of the category, and none is decided to be",
            C::Group(_) => "the group, or who it is held against, has one class only",
            C::OverGroups(_) | C::AllGroups => "no group has both classes",
            C::Agreement | C::SingleRater | C::Minority => {
                "no example has two votes, or all votes are the same"
            }
            _ => "all labels are the same",
        }
    }

    /// A figure with the same bounds, whose interval is computed likewise; `None` of those without bounds, or that jump.
    pub(super) fn bounded_like(self) -> Option<Pooled> {
        use Classification as C;
        match self {
            C::Lift | C::Uncertainty | C::SquaredCalibrationError | C::MeanAt(_) => None,
            C::Agreement => Some(Pooled::Kappa),
            _ => (!self.jumps()).then_some(Pooled::Auroc),
        }
    }

    /// Whether it jumps, so that its interval takes resamples.
    pub(super) fn jumps(self) -> bool {
        use Classification as C;
        self.is_biased()
            || matches!(
                self,
                C::FalsePositiveRateAtRecall(_) | C::RecallAtFalsePositiveRate(_)
            )
    }

    /// Whether no interval of it can be trusted: what labels scatter goes into it, and would once more into every resample. Of perfect probabilities neither
    /// resamples nor influences hold the truth.
    pub(super) fn is_biased(self) -> bool {
        use Classification as C;
        matches!(
            self,
            C::CalibrationError | C::DebiasedCalibrationError | C::Reliability | C::Resolution
        )
    }
}
