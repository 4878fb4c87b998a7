//! What is known of a post and what became of it: the values of metrics, read from an output alone.

use super::config::Config;
use super::layers::Layer;
use super::metric::{ModerationMetric, OfCategory, OfGroup, OfLayer, OfPost};
use super::stages;
use crate::data::Post;
use crate::moderation::Action;
use crate::outputs::{Item, Output, Stage};

/// A post and what became of it.
pub(super) struct Facts<'a> {
    pub(super) post: &'a Post,
    pub(super) output: &'a Output,
    pub(super) config: &'a Config,
    pub(super) categories: &'a [String],
    /// The groups that the post names, of the config's.
    pub(super) groups: &'a [&'a str],
}

fn truth(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

impl Facts<'_> {
    fn stage(&self, name: &str) -> Option<&Stage> {
        self.output.stages.iter().find(|stage| stage.name == name)
    }

    fn item(&self, stage: &str, id: &str) -> Option<&Item> {
        let mut items = self.stage(stage)?.items.iter();
        items.find(|item| item.id == id)
    }

    /// What becomes of it. A post on which the moderator fails is not kept from anybody.
    fn action(&self) -> Option<Action> {
        if self.output.error.is_some() {
            return Some(Action::Approve);
        }
        action(&self.stage(stages::POLICY)?.items.first()?.id)
    }

    /// The layer that had the last word: people, where they look at it.
    fn last(&self) -> Option<Layer> {
        if self.action()? == Action::Escalate {
            return Some(Layer::Review);
        }
        Some(if self.is_stopped() {
            Layer::Prefilter
        } else if self
            .stage(stages::SLOW)
            .is_some_and(|stage| !stage.items.is_empty())
        {
            Layer::Slow
        } else {
            Layer::Fast
        })
    }

    fn is_stopped(&self) -> bool {
        let stage = self.stage(stages::PREFILTER);
        stage.is_some_and(|stage| !stage.items.is_empty())
    }

    fn reaches(&self, layer: Layer) -> bool {
        match layer {
            Layer::Prefilter => self.stage(stages::PREFILTER).is_some(),
            Layer::Fast => self.stage(stages::FAST).is_some(),
            Layer::Slow => self.stage(stages::SLOW).is_some(),
            Layer::Review => self.action() == Some(Action::Escalate),
        }
    }

    /// What would become of it without a layer.
    fn without(&self, layer: Layer) -> Option<Action> {
        if self.output.error.is_some() {
            return Some(Action::Approve);
        }
        let items = &self.stage(stages::WITHOUT)?.items;
        let of_layer = items.iter().filter_map(|item| item.id.split_once('/'));
        let mut of_layer = of_layer.filter(|(name, _)| *name == layer.name());
        action(of_layer.next()?.1)
    }

    /// The layers without any one of which a caught post would be approved.
    fn needed(&self) -> impl Iterator<Item = Layer> {
        let is_needed = |layer: &Layer| self.without(*layer) == Some(Action::Approve);
        Layer::ALL.into_iter().filter(is_needed)
    }

    /// The value; `None` where there is none.
    pub(super) fn value(&self, metric: &ModerationMetric) -> Option<f64> {
        match metric {
            ModerationMetric::Post(kind) => self.of_post(*kind),
            ModerationMetric::Layer(kind, layer) => self.of_layer(*kind, *layer),
            ModerationMetric::Normalised(step) => {
                self.stage(stages::NORMALISE)?;
                Some(truth(self.item(stages::NORMALISE, step.name()).is_some()))
            }
            ModerationMetric::Category(kind, category) => self.of_category(*kind, category),
            ModerationMetric::Group(OfGroup::Member, _, group) => {
                Some(truth(self.groups.contains(&group.as_str())))
            }
            ModerationMetric::CostPer1k => {
                self.action()?;
                Some(Layer::ALL.into_iter().map(|layer| self.cost(layer)).sum())
            }
            ModerationMetric::At(..) | ModerationMetric::Group(..) => None,
        }
    }

    fn of_post(&self, kind: OfPost) -> Option<f64> {
        use OfPost as P;
        let violates = self.post.violates();
        if kind == P::Violates {
            return violates.map(truth);
        }
        let action = self.action()?;
        let is = |wanted: Action| truth(action == wanted);
        let bad = || violates.filter(|violates| *violates);
        let benign = || violates.filter(|violates| !violates);
        match kind {
            P::Approved => Some(is(Action::Approve)),
            P::Gated => Some(is(Action::AgeGate)),
            P::Escalated => Some(is(Action::Escalate)),
            P::Removed => Some(is(Action::Reject)),
            P::Caught => bad().map(|_| 1.0 - is(Action::Approve)),
            P::Missed => bad().map(|_| is(Action::Approve)),
            P::CaughtBySeveral => {
                bad().map(|_| truth(action != Action::Approve && self.needed().count() == 0))
            }
            P::CaughtJointly => {
                bad().map(|_| truth(action != Action::Approve && self.needed().count() > 1))
            }
            P::WronglyRemoved => benign().map(|_| is(Action::Reject)),
            P::WronglyGated => benign().map(|_| is(Action::AgeGate)),
            P::WronglyEscalated => benign().map(|_| is(Action::Escalate)),
            P::SlowUnreadable => {
                let slow = self.stage(stages::SLOW)?;
                Some(truth(slow.degraded.is_some()))
            }
            // Told above, or of all posts together.
            P::Violates
            | P::RemovalPrecision
            | P::ReviewPrecision
            | P::DeployedEscalated
            | P::DeployedRemoved
            | P::DeployedReviewPrecision
            | P::DeployedCostPer1k => None,
        }
    }

    fn of_layer(&self, kind: OfLayer, layer: Layer) -> Option<f64> {
        use OfLayer as L;
        let action = self.action()?;
        let is_kept = action != Action::Approve;
        let is_last = is_kept && self.last() == Some(layer);
        let violates = self.post.violates();
        let bad = || violates.filter(|violates| *violates);
        let benign = || violates.filter(|violates| !violates);
        let is_kept_without = || Some(truth(self.without(layer)? != Action::Approve));
        match kind {
            L::Reach => Some(truth(self.reaches(layer))),
            L::Stopped => Some(truth(is_last)),
            L::Precision => None,
            L::Caught => bad().map(|_| truth(is_last)),
            L::OnlyBy => bad().map(|_| truth(is_kept && self.needed().eq([layer]))),
            L::CaughtWithout => bad().and_then(|_| is_kept_without()),
            L::WrongWithout => benign().and_then(|_| is_kept_without()),
            L::CostPer1k => Some(self.cost(layer)),
        }
    }

    /// What the layer costs for 1,000 such posts, in USD.
    fn cost(&self, layer: Layer) -> f64 {
        if !self.reaches(layer) {
            return 0.0;
        }
        let own = self
            .config
            .usd_per_1k
            .get(layer.name())
            .copied()
            .unwrap_or(0.0);
        let billed = self.stage(stages::SLOW).filter(|_| layer == Layer::Slow);
        let billed = billed.and_then(|stage| stage.usage.as_ref()?.cost_usd);
        own + billed.unwrap_or(0.0) * 1000.0
    }

    fn of_category(&self, kind: OfCategory, category: &str) -> Option<f64> {
        use OfCategory as C;
        let place = self.categories.iter().position(|known| known == category)?;
        let label = self.post.labels[place];
        let score = || Some(self.item(stages::SCORES, category)?.score);
        // Without a score nothing is said of the category, which is not the same as no; but a post on which the moderator fails is not flagged.
        let flag = || {
            let failed = self.output.error.as_ref().map(|_| 0.0);
            failed.or(score().map(|_| truth(self.item(stages::FLAGS, category).is_some())))
        };
        let votes = |which: usize| label.votes.map(|votes| f64::from(votes[which]));
        let positive = label.is_positive.map(truth);
        match kind {
            C::Label | C::Prevalence => positive,
            C::Score => score(),
            C::Flag => flag(),
            C::YesVotes => votes(0),
            C::NoVotes => votes(1),
            C::Accuracy => Some(1.0 - (positive? - flag()?).abs()),
            C::Brier => Some((score()? - positive?).powi(2)),
            C::PairedDrop => {
                let original = self.stage(stages::REFERENCE)?;
                let was = original.items.iter().any(|item| item.id == category);
                label.is_positive.filter(|positive| *positive)?;
                Some(truth(was) - flag()?)
            }
            _ => None,
        }
    }
}

fn action(name: &str) -> Option<Action> {
    Action::ALL.into_iter().find(|action| action.name() == name)
}
