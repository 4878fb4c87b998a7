//! Reranking: the best of a list in a better order.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::config::{Component, OnFailure};
use super::listwise::{self, Listwise};
use super::models::Models;
use super::retrieve::Found;
use crate::indexes::Hit;
use crate::models::{CrossConfig, LateConfig, ScorerConfig};

/// What puts the best into a better order. What stands below keeps its order, and stays below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rerank {
    /// How many of the best are looked at, 2..=1000.
    #[serde(default = "default_from")]
    pub from: NonZeroUsize,
    /// What looks at them.
    pub by: By,
}

fn default_from() -> NonZeroUsize {
    const { NonZeroUsize::new(20).expect("20 is not 0") }
}

/// What reranks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A cross-encoder, which reads query and passage together.
    Cross(CrossConfig),
    /// Late interaction: every token of the query finds the token of the passage that is most like it.
    Late(LateConfig),
    /// A language model that is shown all of them at once.
    Listwise(Listwise),
}

impl By {
    /// The model that scores pairs, where it is one.
    pub(super) fn scorer(&self) -> Option<ScorerConfig> {
        match self {
            Self::Cross(config) => Some(ScorerConfig::Cross(config.clone())),
            Self::Late(config) => Some(ScorerConfig::Late(config.clone())),
            Self::Listwise(_) => None,
        }
    }
}

impl Rerank {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            (2..=1000).contains(&self.from.get()),
            "`rerank.from = {}` must be a whole number from 2 to 1000",
            self.from
        );
        ensure!(
            self.model() != Some(super::generate::AnswerConfig::EXTRACTIVE),
            "`rerank.by.listwise` asks `extractive` for an order, which only selects sentences; name a language model of `system.rag.models`"
        );
        match self.by.scorer() {
            Some(scorer) => scorer.validate(),
            None => Ok(()),
        }
    }

    /// About the tokens of the prompt that shows a language model all candidates, at four characters each.
    pub(super) fn prompt_tokens(&self) -> usize {
        match &self.by {
            By::Listwise(listwise) => self.from.get() * (listwise.characters / 4 + 15) + 150,
            By::Cross(_) | By::Late(_) => 0,
        }
    }

    /// The name of the language model that it asks.
    pub(super) fn model(&self) -> Option<&str> {
        match &self.by {
            By::Listwise(listwise) => Some(&listwise.model),
            By::Cross(_) | By::Late(_) => None,
        }
    }
}

/// A list that is to be reranked.
pub(super) struct Wanted<'a> {
    pub(super) question: &'a str,
    pub(super) hits: &'a [Hit],
}

/// Reranks lists, the texts of their passages being known by row. Pairs that several lists have in common are scored once; a list's
/// latency is that of its pairs.
pub(super) fn rerank(
    config: &Rerank,
    lists: &[Wanted<'_>],
    texts: &HashMap<u32, String>,
    models: &Models,
    outage: Option<Component>,
) -> Vec<Result<Found, String>> {
    if let Some(missing) = outage {
        return vec![Err(missing.outage()); lists.len()];
    }
    let wanted = match &config.by {
        By::Listwise(listwise) => {
            return listwise::rerank(listwise, config.from, lists, texts, models);
        }
        By::Cross(_) | By::Late(_) => config.by.scorer(),
    };
    let Some(model) = wanted.and_then(|wanted| models.scorer(&wanted)) else {
        return vec![Err("the reranker is not open".to_owned()); lists.len()];
    };
    let mut place_of: HashMap<(&str, u32), usize> = HashMap::new();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for list in lists {
        for hit in list.hits.iter().take(config.from.get()) {
            place_of.entry((list.question, hit.row)).or_insert_with(|| {
                pairs.push((list.question, &texts[&hit.row]));
                pairs.len() - 1
            });
        }
    }
    let started = Instant::now();
    let values = match model.score(&pairs) {
        Ok(values) => values,
        Err(error) => return vec![Err(format!("rerank: {error:#}")); lists.len()],
    };
    let pair_ms = started.elapsed().as_secs_f64() * 1000.0 / pairs.len().max(1) as f64;
    let questions: HashSet<&str> = lists.iter().map(|list| list.question).collect();
    let batch_size = u32::try_from(questions.len()).unwrap_or(u32::MAX);
    let one = |list: &Wanted<'_>| {
        let (head, tail) = list.hits.split_at(list.hits.len().min(config.from.get()));
        let value = |hit: &Hit| f64::from(values[place_of[&(list.question, hit.row)]]);
        let reranked = head.iter().map(|hit| Hit {
            score: value(hit),
            ..*hit
        });
        let mut reranked: Vec<Hit> = reranked.collect();
        reranked.sort_by(Hit::order);
        append_tail(&mut reranked, tail);
        let latency_ms = pair_ms * head.len() as f64;
        Ok(Found::new("rerank", reranked, latency_ms, batch_size))
    };
    lists.iter().map(one).collect()
}

/// What was not looked at stays below in its order: each a step below the one before.
pub(super) fn append_tail(scored: &mut Vec<Hit>, tail: &[Hit]) {
    let lowest = scored.last().map_or(0.0, |hit| hit.score);
    for (step, hit) in (1..).zip(tail) {
        let score = lowest - f64::from(step);
        scored.push(Hit { score, ..*hit });
    }
}

/// What becomes of a list where reranking failed.
pub(super) fn kept(reason: String, hits: &[Hit], on_failure: OnFailure) -> Result<Found, String> {
    match on_failure {
        OnFailure::Error => Err(reason),
        OnFailure::Degrade => Ok(Found {
            degraded: Some(reason),
            ..Found::new("rerank", hits.to_vec(), 0.0, 1)
        }),
    }
}
