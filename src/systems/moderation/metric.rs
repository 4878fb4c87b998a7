//! The metrics of a moderator.

mod statistic;

use std::fmt;

use super::definitions::{OF_CATEGORIES, OF_GROUPS, OF_LAYERS, OF_POSTS};
use super::layers::Layer;
use crate::metrics::{Better, MetricFacts, PooledFrom};
use crate::moderation::Step;

/// A metric of a moderator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModerationMetric {
    /// Of posts and what becomes of them, as `Caught`.
    Post(OfPost),
    /// Of one layer, as `Reach(slow)`.
    Layer(OfLayer, Layer),
    /// Whether a step of normalisation changes the post, as `Normalised(leet)`.
    Normalised(Step),
    /// Of one category, as `AUROC(hate)`; `*` stands for each.
    Category(OfCategory, String),
    /// Of one category at so many percent of recall, or of false positives: `FPRAtRecall90(hate)`, `RecallAtFPR1(hate)`.
    At(OfPoint, u8, String),
    /// Of one category and one group, as `SubgroupAUC(hate,women)`; `*` stands for each.
    Group(OfGroup, String, String),
    /// What all layers cost for 1,000 posts.
    CostPer1k,
}

/// What is known of each post and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`definitions.rs` says what each is")]
pub enum OfPost {
    Violates,
    Approved,
    Gated,
    Escalated,
    Removed,
    Caught,
    CaughtBySeveral,
    CaughtJointly,
    Missed,
    WronglyRemoved,
    WronglyGated,
    WronglyEscalated,
    RemovalPrecision,
    ReviewPrecision,
    SlowUnreadable,
    DeployedEscalated,
    DeployedRemoved,
    DeployedReviewPrecision,
    DeployedCostPer1k,
}

/// What is known of each post and a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`definitions.rs` says what each is")]
pub enum OfLayer {
    Reach,
    Stopped,
    Precision,
    Caught,
    OnlyBy,
    CaughtWithout,
    WrongWithout,
    CostPer1k,
}

/// What is known of a category: of each post, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`definitions.rs` says what each is")]
pub enum OfCategory {
    Label,
    Score,
    Flag,
    YesVotes,
    NoVotes,
    Prevalence,
    AveragePrecision,
    Lift,
    Auroc,
    Accuracy,
    BalancedAccuracy,
    Precision,
    Recall,
    F1,
    FalsePositiveRate,
    Brier,
    Reliability,
    Resolution,
    Uncertainty,
    CalibrationError,
    SquaredCalibrationError,
    DebiasedCalibrationError,
    DeployedPrecision,
    DeployedAveragePrecision,
    SubgroupAuc,
    BpsnAuc,
    BnspAuc,
    BiasAuc,
    PairedDrop,
    Agreement,
    SingleRater,
    Minority,
}

/// What is known of a category and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`definitions.rs` says what each is")]
pub enum OfGroup {
    Member,
    Subgroup,
    Bpsn,
    Bnsp,
}

/// What is known of a category at a point of its curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfPoint {
    /// The false-positive rate at a recall.
    FalsePositiveRateAtRecall,
    /// The recall at a false-positive rate.
    RecallAtFalsePositiveRate,
}

impl OfPoint {
    const ALL: [(Self, &str, Better, &str); 2] = [
        (
            Self::FalsePositiveRateAtRecall,
            "FPRAtRecall",
            Better::Lower,
            "of other posts the share that is flagged from the highest threshold on that flags so many percent of the posts of the category",
        ),
        (
            Self::RecallAtFalsePositiveRate,
            "RecallAtFPR",
            Better::Higher,
            "of posts of the category the share that is flagged from the lowest threshold on that flags at most so many percent of the others",
        ),
    ];
}

/// Stands for every category, or group.
pub(super) const EACH: &str = "*";

/// The row of a name, whatever its letter case.
fn row<K: Copy>(table: &[(K, &str, Better, &str)], name: &str) -> Option<K> {
    let mut rows = table.iter();
    rows.find(|row| row.1.eq_ignore_ascii_case(name))
        .map(|row| row.0)
}

/// The row of a metric: name, direction and definition.
fn facts<K: PartialEq>(
    table: &'static [(K, &'static str, Better, &'static str)],
    key: &K,
) -> (&'static str, Better, &'static str) {
    let row = table.iter().find(|row| row.0 == *key);
    let row = row.expect("every metric has a row");
    (row.1, row.2, row.3)
}

impl ModerationMetric {
    /// The metric of this name, whatever its letter case; `None` where it is none of these.
    pub fn named(name: &str) -> Option<Self> {
        let Some((base, rest)) = name.split_once('(') else {
            if name.eq_ignore_ascii_case("CostPer1k") {
                return Some(Self::CostPer1k);
            }
            return row(&OF_POSTS, name).map(Self::Post);
        };
        let inside = rest.strip_suffix(')')?;
        if inside.is_empty() || inside.contains(['=', '(', ')']) {
            return None;
        }
        if base.eq_ignore_ascii_case("Normalised") {
            return Step::ALL
                .into_iter()
                .find(|step| step.name() == inside)
                .map(Self::Normalised);
        }
        if let Some((category, group)) = inside.split_once(',') {
            let (category, group) = (category.trim().to_owned(), group.trim().to_owned());
            return row(&OF_GROUPS, base).map(|kind| Self::Group(kind, category, group));
        }
        if let Some(kind) = row(&OF_LAYERS, base)
            && let Some(layer) = Layer::named(inside)
        {
            return Some(Self::Layer(kind, layer));
        }
        let digits = base.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let point = OfPoint::ALL
            .iter()
            .find(|point| point.1.eq_ignore_ascii_case(&base[..digits]));
        if let Some(point) = point {
            let percent = base[digits..]
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)?;
            return Some(Self::At(point.0, percent, inside.to_owned()));
        }
        row(&OF_CATEGORIES, base).map(|kind| Self::Category(kind, inside.to_owned()))
    }

    /// The metrics that it stands for, where it is one of each category or group.
    pub(super) fn expanded(&self, categories: &[String], groups: &[&str]) -> Vec<Self> {
        let of = |name: &String| -> Vec<String> {
            match name.as_str() {
                EACH => categories.to_vec(),
                _ => vec![name.clone()],
            }
        };
        match self {
            Self::Category(kind, name) => of(name)
                .into_iter()
                .map(|category| Self::Category(*kind, category))
                .collect(),
            Self::At(kind, percent, name) => of(name)
                .into_iter()
                .map(|category| Self::At(*kind, *percent, category))
                .collect(),
            Self::Group(kind, name, group) => {
                let groups = match group.as_str() {
                    EACH => groups.to_vec(),
                    group => vec![group],
                };
                let of_category = |category: String| {
                    let groups = groups.iter();
                    let of_group = move |group: &&str| {
                        Self::Group(*kind, category.clone(), (*group).to_owned())
                    };
                    groups.map(of_group).collect::<Vec<_>>()
                };
                of(name).into_iter().flat_map(of_category).collect()
            }
            other => vec![other.clone()],
        }
    }

    /// Its category and its group, where it is of one.
    pub(super) fn of(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Category(_, category) | Self::At(_, _, category) => (Some(category), None),
            Self::Group(_, category, group) => (Some(category), Some(group)),
            _ => (None, None),
        }
    }

    /// The metrics that it is computed from; none where it is a value of each post.
    pub(super) fn needs(&self, groups: &[&str]) -> Vec<Self> {
        self.pooled(groups, 0.5)
            .map_or_else(Vec::new, |(_, columns)| columns)
    }

    /// Whether it is computed over all groups.
    pub(super) fn is_over_groups(&self) -> bool {
        use OfCategory as C;
        matches!(
            self,
            Self::Category(C::SubgroupAuc | C::BpsnAuc | C::BnspAuc | C::BiasAuc, _)
        )
    }

    /// Whether the prevalence of deployment must be known.
    pub(super) fn needs_prevalence(&self) -> bool {
        use OfCategory as C;
        use OfPost as P;
        matches!(
            self,
            Self::Category(C::DeployedPrecision | C::DeployedAveragePrecision, _)
                | Self::Post(
                    P::DeployedReviewPrecision
                        | P::DeployedEscalated
                        | P::DeployedRemoved
                        | P::DeployedCostPer1k
                )
        )
    }

    /// What a report says of it; `aside` where it is only what others are computed from.
    pub(super) fn facts(&self, aside: bool, groups: &[&str], prevalence: f64) -> MetricFacts {
        let (_, better, definition) = self.row();
        let pooled = self.pooled(groups, prevalence);
        let pooled = pooled.map(|(statistic, columns)| PooledFrom {
            statistic,
            columns: columns.iter().map(ToString::to_string).collect(),
        });
        let is_cost = matches!(
            self,
            Self::CostPer1k
                | Self::Layer(OfLayer::CostPer1k, _)
                | Self::Post(OfPost::DeployedCostPer1k)
        );
        MetricFacts {
            name: self.to_string(),
            unit: if is_cost { "USD" } else { "1" }.to_owned(),
            better,
            convention: if self.needs_prevalence() {
                format!("{definition}, here {prevalence}")
            } else {
                definition.to_owned()
            },
            judge: None,
            pooled,
            aside,
            exact: false,
        }
    }

    fn row(&self) -> (&'static str, Better, &'static str) {
        match self {
            Self::Post(kind) => facts(&OF_POSTS, kind),
            Self::Layer(kind, _) => facts(&OF_LAYERS, kind),
            Self::Category(kind, _) => facts(&OF_CATEGORIES, kind),
            Self::Group(kind, ..) => facts(&OF_GROUPS, kind),
            Self::At(kind, ..) => facts(&OfPoint::ALL, kind),
            Self::Normalised(_) => (
                "Normalised",
                Better::Lower,
                "the share of posts that the step of normalisation changes",
            ),
            Self::CostPer1k => (
                "CostPer1k",
                Better::Lower,
                "what all layers cost for 1,000 posts",
            ),
        }
    }
}

impl fmt::Display for ModerationMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, ..) = self.row();
        match self {
            Self::Post(_) | Self::CostPer1k => f.write_str(name),
            Self::Layer(_, layer) => write!(f, "{name}({})", layer.name()),
            Self::Normalised(step) => write!(f, "{name}({})", step.name()),
            Self::Category(_, category) => write!(f, "{name}({category})"),
            Self::At(_, percent, category) => write!(f, "{name}{percent}({category})"),
            // Who is a member does not depend on the category.
            Self::Group(OfGroup::Member, _, group) => write!(f, "{name}({EACH},{group})"),
            Self::Group(_, category, group) => write!(f, "{name}({category},{group})"),
        }
    }
}
