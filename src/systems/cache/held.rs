//! What the caches of a variant hold.

use std::collections::HashMap;

use super::config::Holds;
use crate::caches::{ExactCache, SemanticCache};
use crate::data::QuestionPair;

/// The caches of a variant: one that holds all questions, or one for each.
pub(super) enum Caches {
    Exact(Vec<ExactCache>),
    Semantic {
        /// Its place among the models.
        model: usize,
        caches: Vec<SemanticCache>,
    },
}

/// The cached questions and the caches that they are in.
pub(super) struct Held<'a> {
    holds: Holds,
    /// Id and question.
    pub(super) questions: &'a [(String, String)],
    places: HashMap<&'a str, usize>,
}

impl<'a> Held<'a> {
    pub(super) fn new(questions: &'a [(String, String)], holds: Holds) -> Self {
        let places = questions.iter().zip(0..);
        Self {
            holds,
            questions,
            places: places
                .map(|((_, question), place)| (question.as_str(), place))
                .collect(),
        }
    }

    pub(super) fn texts(&self) -> Vec<&'a str> {
        self.questions
            .iter()
            .map(|(_, question)| question.as_str())
            .collect()
    }

    /// The place of the pair's own cached question.
    pub(super) fn own(&self, pair: &QuestionPair) -> usize {
        self.places[pair.cached.as_str()]
    }

    /// The cache that a pair is looked up in, and the place of the first question that it holds.
    pub(super) fn cache(&self, pair: &QuestionPair) -> (usize, usize) {
        match self.holds {
            Holds::Own => (self.own(pair), self.own(pair)),
            Holds::All => (0, 0),
        }
    }

    /// Fills caches, as many as there are to be.
    pub(super) fn fill<C: Clone>(
        &self,
        empty: &C,
        insert: impl Fn(&mut C, usize, usize),
    ) -> Vec<C> {
        let (caches, size) = match self.holds {
            Holds::Own => (self.questions.len(), 1),
            Holds::All => (1, self.questions.len()),
        };
        let fill = |cache: usize| {
            let mut filled = empty.clone();
            (0..size).for_each(|inside| insert(&mut filled, inside, cache + inside));
            filled
        };
        (0..caches).map(fill).collect()
    }
}
