//! The layers of a moderator, and what they decide together: with all of them, and without one.

use std::ops::Range;

use crate::moderation::{Action, Policy};

/// A layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Blocklists and patterns.
    Prefilter,
    /// Classifiers.
    Fast,
    /// A language model.
    Slow,
    /// People.
    Review,
}

impl Layer {
    /// All of them, in the order in which posts meet them.
    pub const ALL: [Self; 4] = [Self::Prefilter, Self::Fast, Self::Slow, Self::Review];

    /// Its name in configs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefilter => "prefilter",
            Self::Fast => "fast",
            Self::Slow => "slow",
            Self::Review => "review",
        }
    }

    /// The layer of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }
}

/// What stopped a post before classifiers saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) category: usize,
    pub(super) rule: String,
    pub(super) action: Action,
    /// Where it stands in the post as it was written, in bytes; unknown where it was found in a text that was made small without keeping count.
    pub(super) place: Option<Range<usize>>,
}

/// What the layers say of a post.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    pub(super) stop: Option<Stop>,
    /// The categories of all that the prefilter found.
    pub(super) hits: Vec<usize>,
    /// By category; empty where there are no classifiers.
    pub(super) fast: Vec<Option<f64>>,
    /// By category, of those that the language model spoke of; absent where it was not asked.
    pub(super) slow: Option<Vec<Option<f64>>>,
    /// Whether it was asked and what it said could not be read.
    pub(super) slow_failed: bool,
}

/// What becomes of a post.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    pub(super) action: Action,
    /// What decided it: the rule of the prefilter or of the policy.
    pub(super) rule: String,
    pub(super) category: Option<usize>,
    /// The layer that had the last word before people.
    pub(super) by: Layer,
}

/// The rule of posts of which the language model said nothing that could be read: people look at them.
pub(super) const UNREADABLE: &str = "slow-path-unreadable";

impl Said {
    /// The probabilities that count: those of the language model where it gave some, else those of the classifiers.
    pub(super) fn probabilities(
        &self,
        categories: usize,
        without: Option<Layer>,
    ) -> Vec<Option<f64>> {
        let fast = |category: usize| match without {
            Some(Layer::Fast) => None,
            _ => self.fast.get(category).copied().flatten(),
        };
        let slow = self.slow.as_ref().filter(|_| without != Some(Layer::Slow));
        let of = |category: usize| slow.and_then(|slow| slow[category]).or(fast(category));
        (0..categories).map(of).collect()
    }

    /// What becomes of the post, with all layers or without one: then what that layer would have stopped goes on to the others, what only a language model said is not known,
    /// and what people would look at is approved.
    pub(super) fn decide<'c>(
        &self,
        policy: &Policy,
        categories: usize,
        context: &dyn Fn(&str) -> Option<&'c str>,
        without: Option<Layer>,
    ) -> Decided {
        let mut decided = self.before_people(policy, categories, context, without);
        if without == Some(Layer::Review) && decided.action == Action::Escalate {
            decided.action = Action::Approve;
        }
        decided
    }

    fn before_people<'c>(
        &self,
        policy: &Policy,
        categories: usize,
        context: &dyn Fn(&str) -> Option<&'c str>,
        without: Option<Layer>,
    ) -> Decided {
        if let Some(stop) = self
            .stop
            .as_ref()
            .filter(|_| without != Some(Layer::Prefilter))
        {
            return Decided {
                action: stop.action,
                rule: stop.rule.clone(),
                category: Some(stop.category),
                by: Layer::Prefilter,
            };
        }
        let is_slow = without != Some(Layer::Slow);
        if self.slow_failed && is_slow {
            return Decided {
                action: Action::Escalate,
                rule: UNREADABLE.to_owned(),
                category: None,
                by: Layer::Slow,
            };
        }
        let probabilities = self.probabilities(categories, without);
        let decision = policy.decide(&probabilities, context);
        Decided {
            action: decision.action,
            rule: decision.rule.unwrap_or("default").to_owned(),
            category: decision.category,
            by: if self.slow.is_some() && is_slow {
                Layer::Slow
            } else {
                Layer::Fast
            },
        }
    }
}
