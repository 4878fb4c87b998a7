//! Gold answers as stretches of documents, and how much of them a ranking of chunks covers.
//!
//! A gold character counts once, at the first chunk that holds it, so chunks that overlap gain nothing by that; and what is
//! gained is held against the tokens that it took, so large chunks gain nothing by their size alone. None of these figures
//! needs to know how documents were cut, so they can be compared between ways of cutting.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use super::{Better, MetricFacts};

/// A stretch of a document: characters from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch<'a> {
    /// The document.
    pub document: &'a str,
    /// The first character.
    pub start: usize,
    /// The character after the last.
    pub end: usize,
}

/// A chunk of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedChunk<'a> {
    /// What it holds.
    pub stretch: Stretch<'a>,
    /// Its length in tokens.
    pub tokens: usize,
}

/// A metric of how a ranking of chunks covers gold spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanMetric {
    /// `SpanNDCG@k`: discounted gain by rank.
    Ndcg(NonZeroUsize),
    /// `SpanR@k`: the share covered by the first chunks.
    Recall(NonZeroUsize),
    /// `SpanR@Ntok`: the share covered by the first chunks that fit in so many tokens.
    RecallWithin(NonZeroUsize),
    /// `SpanYield@k`: gold characters covered per token.
    Yield(NonZeroUsize),
}

/// How the gold spans of a query are covered, chunk by chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Gold characters by document, most first.
    by_document: Vec<usize>,
    /// For each chunk of the ranking the gold characters that no earlier one held, and its tokens.
    gained: Vec<(usize, usize)>,
}

impl Coverage {
    /// Looks for the gold characters in every ranked chunk. Gold spans that overlap are one.
    pub fn new<'a>(
        gold: impl IntoIterator<Item = Stretch<'a>>,
        ranked: impl IntoIterator<Item = RankedChunk<'a>>,
    ) -> Self {
        let mut left: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for Stretch {
            document,
            start,
            end,
        } in gold
        {
            left.entry(document).or_default().push((start, end));
        }
        left.values_mut().for_each(merge);
        let characters = |stretches: &Vec<(usize, usize)>| {
            stretches
                .iter()
                .map(|(start, end)| end - start)
                .sum::<usize>()
        };
        let mut by_document: Vec<usize> = left.values().map(characters).collect();
        by_document.sort_unstable_by(|a, b| b.cmp(a));
        let mut gain = |chunk: RankedChunk<'a>| {
            let Stretch {
                document,
                start,
                end,
            } = chunk.stretch;
            let gained = left
                .get_mut(document)
                .map_or(0, |stretches| take(stretches, start, end));
            (gained, chunk.tokens)
        };
        let gained = ranked.into_iter().map(&mut gain).collect();
        Self {
            by_document,
            gained,
        }
    }

    fn gold(&self) -> usize {
        self.by_document.iter().sum()
    }

    fn top(&self, k: NonZeroUsize) -> &[(usize, usize)] {
        &self.gained[..self.gained.len().min(k.get())]
    }

    fn share(&self, chunks: &[(usize, usize)]) -> f64 {
        let covered: usize = chunks.iter().map(|(gained, _)| gained).sum();
        covered as f64 / self.gold() as f64
    }
}

/// Sorted, and those that touch made one.
fn merge(stretches: &mut Vec<(usize, usize)>) {
    stretches.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(stretches.len());
    for &(start, end) in &*stretches {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    *stretches = merged;
}

/// Takes what lies between `start` and `end` out of the stretches; how many characters that were.
fn take(stretches: &mut Vec<(usize, usize)>, start: usize, end: usize) -> usize {
    let mut taken = 0;
    let mut left = Vec::with_capacity(stretches.len() + 1);
    for &(from, to) in &*stretches {
        let (inner_from, inner_to) = (from.max(start), to.min(end));
        if inner_from >= inner_to {
            left.push((from, to));
            continue;
        }
        taken += inner_to - inner_from;
        left.extend(
            [(from, inner_from), (inner_to, to)]
                .iter()
                .filter(|(from, to)| from < to),
        );
    }
    *stretches = left;
    taken
}

impl SpanMetric {
    /// How deep a ranking must be for it, where it has a cutoff.
    pub fn cutoff(self) -> Option<NonZeroUsize> {
        match self {
            Self::Ndcg(k) | Self::Recall(k) | Self::Yield(k) => Some(k),
            Self::RecallWithin(_) => None,
        }
    }

    /// The value for one query; `None` where it has no gold span.
    pub fn score(self, coverage: &Coverage) -> Option<f64> {
        if coverage.gold() == 0 {
            return None;
        }
        Some(match self {
            Self::Ndcg(k) => {
                let discount = |rank: usize| (rank as f64 + 2.0).log2();
                let gains = coverage.top(k).iter().enumerate();
                let dcg: f64 = gains
                    .map(|(rank, (gained, _))| *gained as f64 / discount(rank))
                    .sum();
                let best = coverage.by_document.iter().take(k.get()).enumerate();
                let ideal: f64 = best.map(|(rank, gold)| *gold as f64 / discount(rank)).sum();
                dcg / ideal
            }
            Self::Recall(k) => coverage.share(coverage.top(k)),
            Self::RecallWithin(budget) => {
                let mut left = budget.get();
                let fits = |(_, tokens): &&(usize, usize)| match left.checked_sub(*tokens) {
                    Some(rest) => {
                        left = rest;
                        true
                    }
                    None => false,
                };
                let fitting = coverage.gained.iter().take_while(fits).count();
                coverage.share(&coverage.gained[..fitting])
            }
            Self::Yield(k) => {
                let top = coverage.top(k);
                let tokens: usize = top.iter().map(|(_, tokens)| tokens).sum();
                let covered: usize = top.iter().map(|(gained, _)| gained).sum();
                if tokens == 0 {
                    0.0
                } else {
                    covered as f64 / tokens as f64
                }
            }
        })
    }

    /// What a report says about it; `tokens` says in words what a token is.
    pub fn facts(self, tokens: &str) -> MetricFacts {
        let (unit, definition) = match self {
            Self::Ndcg(_) => (
                "1",
                "Σ gold characters that no earlier chunk held / log2(rank + 1), divided by that of each document's gold in one chunk, most first".to_owned(),
            ),
            Self::Recall(_) => ("1", "the share of the gold characters that the first chunks hold".to_owned()),
            Self::RecallWithin(budget) => (
                "1",
                format!("the share of the gold characters in the first chunks that fit in {budget} tokens together; the first that does not fit ends it; tokens: {tokens}"),
            ),
            Self::Yield(_) => (
                "characters/token",
                format!("gold characters that the first chunks hold, each counted once, divided by the tokens of these chunks; tokens: {tokens}"),
            ),
        };
        MetricFacts {
            name: self.to_string(),
            unit: unit.to_owned(),
            better: Better::Higher,
            convention: format!(
                "{definition}; gold spans of a query that overlap are one; queries without one are left out"
            ),
            judge: None,
            pooled: None,
            aside: false,
            exact: false,
        }
    }
}

impl fmt::Display for SpanMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ndcg(k) => write!(f, "SpanNDCG@{k}"),
            Self::Recall(k) => write!(f, "SpanR@{k}"),
            Self::RecallWithin(tokens) => write!(f, "SpanR@{tokens}tok"),
            Self::Yield(k) => write!(f, "SpanYield@{k}"),
        }
    }
}

impl SpanMetric {
    /// The span metric of a name; `None` where it is the name of something else.
    pub fn named(name: &str) -> Option<Result<Self, String>> {
        let is_one = name
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("span"));
        is_one.then(|| name.parse())
    }
}

impl FromStr for SpanMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "`{name}` is not a metric: expected SpanNDCG@k, SpanR@k, SpanR@Ntok or SpanYield@k"
            )
        };
        let lower = name.to_ascii_lowercase();
        let (measure, at) = lower.split_once('@').ok_or_else(fault)?;
        let (number, in_tokens) = match at.strip_suffix("tok") {
            Some(number) => (number, true),
            None => (at, false),
        };
        let number: NonZeroUsize = number.parse().map_err(|_| fault())?;
        match (measure, in_tokens) {
            ("spanndcg", false) => Ok(Self::Ndcg(number)),
            ("spanr", false) => Ok(Self::Recall(number)),
            ("spanr", true) => Ok(Self::RecallWithin(number)),
            ("spanyield", false) => Ok(Self::Yield(number)),
            _ => Err(fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stretch(document: &str, start: usize, end: usize) -> Stretch<'_> {
        Stretch {
            document,
            start,
            end,
        }
    }

    fn value(name: &str, gold: &[Stretch<'_>], ranked: &[(Stretch<'_>, usize)]) -> f64 {
        let chunks = ranked
            .iter()
            .map(|&(stretch, tokens)| RankedChunk { stretch, tokens });
        let coverage = Coverage::new(gold.iter().copied(), chunks);
        name.parse::<SpanMetric>()
            .unwrap()
            .score(&coverage)
            .unwrap()
    }

    #[test]
    fn values_by_hand() {
        // 30 gold characters in `a`, 10 in `b`; the second chunk holds 20 of `a`, the third 5 of them again and the rest, the fourth all of `b`.
        let gold = [
            stretch("a", 100, 120),
            stretch("a", 110, 130),
            stretch("b", 0, 10),
        ];
        let ranked = [
            (stretch("c", 0, 500), 50),
            (stretch("a", 0, 120), 60),
            (stretch("a", 115, 300), 40),
            (stretch("b", 0, 90), 100),
        ];
        let log2 = f64::log2;
        let expected =
            (20.0 / log2(3.0) + 10.0 / log2(4.0) + 10.0 / log2(5.0)) / (30.0 + 10.0 / log2(3.0));
        assert!((value("SpanNDCG@10", &gold, &ranked) - expected).abs() < 1e-12);
        assert!((value("SpanR@2", &gold, &ranked) - 0.5).abs() < 1e-12);
        assert!((value("SpanR@150tok", &gold, &ranked) - 0.75).abs() < 1e-12);
        assert!((value("SpanR@249tok", &gold, &ranked) - 0.75).abs() < 1e-12);
        assert!((value("SpanR@250tok", &gold, &ranked) - 1.0).abs() < 1e-12);
        assert!((value("SpanYield@3", &gold, &ranked) - 30.0 / 150.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn nothing_is_won_by_overlap_or_size(
            gold in prop::collection::vec((0_usize..3, 0_usize..80, 1_usize..20), 1..5),
            ranked in prop::collection::vec((0_usize..3, 0_usize..80, 1_usize..40), 1..12),
            again in 0_usize..12,
        ) {
            let name = ["a", "b", "c"];
            let gold: Vec<Stretch<'_>> = gold.iter().map(|&(d, start, length)| stretch(name[d], start, start + length)).collect();
            let ranked: Vec<(Stretch<'_>, usize)> = ranked.iter().map(|&(d, start, length)| (stretch(name[d], start, start + length), length)).collect();
            // A chunk that comes again, or whose text another shares, adds tokens and no gold.
            let again = again % ranked.len();
            let mut repeated = ranked.clone();
            repeated.insert(again + 1, ranked[again]);
            for metric in ["SpanNDCG@5", "SpanR@5", "SpanYield@1000", "SpanR@50tok"] {
                prop_assert!(value(metric, &gold, &repeated) <= value(metric, &gold, &ranked) + 1e-12, "{metric}");
            }
            for metric in ["SpanNDCG@5", "SpanR@5", "SpanR@50tok"] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value(metric, &gold, &ranked)), "{metric}");
            }
            // Cut in two at any place, each half with its own tokens, a ranking covers as much by the end.
            let halves: Vec<(Stretch<'_>, usize)> = ranked.iter().flat_map(|&(s, tokens)| {
                let middle = usize::midpoint(s.start, s.end);
                [(Stretch { end: middle, ..s }, tokens / 2), (Stretch { start: middle, ..s }, tokens - tokens / 2)]
            }).collect();
            let everything = ["SpanR@1000", "SpanYield@1000"];
            for metric in everything {
                prop_assert!((value(metric, &gold, &ranked) - value(metric, &gold, &halves)).abs() < 1e-12);
            }
        }
    }
}
