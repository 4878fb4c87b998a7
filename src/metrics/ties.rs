//! What a metric can be where scores are tied: the lowest, the expected and the highest value over all orders of
//! documents with equal scores.
//!
//! Expected values in closed form: McSherry and Najork 2008, "Computing information retrieval performance measures
//! efficiently in the presence of tied scores", for the classical measures; ERR by elementary symmetric polynomials.

use super::gain::{discount, satisfaction};
use super::judgements::{hits, is_relevant, share};
use super::pool::preference;
use super::{Gain, Judgements, Measure, Metric, RbpGain, Rules};

/// One query's ranking with its ties: groups of documents with equal scores, best first, in any order inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TiedRanking {
    /// The grade of each document, by group.
    pub groups: Vec<Vec<Option<i32>>>,
    /// The grades of all judged documents.
    pub judged: Vec<i32>,
}

/// The values over all orders of tied documents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The lowest.
    pub lowest: f64,
    /// The mean over all orders, where there is a closed form.
    pub expected: Option<f64>,
    /// The highest.
    pub highest: f64,
}

/// Whether a metric's bounds are known.
pub fn has_bounds(metric: &Metric) -> bool {
    !matches!(
        metric.measure,
        Measure::InferredAp
            | Measure::G(_)
            | Measure::NdcgAtRelevant(_)
            | Measure::NdcgAtLevels(_)
            | Measure::RankBiasedPrecision {
                gain: RbpGain::Scaled(_),
                ..
            }
            | Measure::Ndcg(Gain::Table(_))
            | Measure::Dcg(Gain::Table(_))
    )
}

/// The bounds of a metric for which [`has_bounds`] holds.
///
/// Lowest and highest are reached by the orders with the lowest and with the highest grades first: exchanging two tied
/// neighbours so that the better one comes first lowers none of these metrics.
pub fn bounds(metric: &Metric, ranking: &TiedRanking, rules: &Rules) -> Bounds {
    let mut ranking = ranking.clone();
    if metric.judged_only {
        for group in &mut ranking.groups {
            group.retain(|grade| grade.is_some_and(|grade| grade >= 0));
        }
    }
    ranking.groups.retain(|group| !group.is_empty());
    // Unjudged documents are better than none for `Judged` only, which counts them.
    let goodness = |grade: &Option<i32>| match metric.measure {
        Measure::Judged => i32::from(grade.is_some()),
        Measure::Unjudged | Measure::RbpResidual => i32::from(grade.is_none_or(|grade| grade < 0)),
        _ => grade.unwrap_or(-1),
    };
    let value = |best_first: bool| {
        let mut ranked = Vec::new();
        for group in &ranking.groups {
            let mut group = group.clone();
            group.sort_by_key(goodness);
            if best_first {
                group.reverse();
            }
            ranked.extend(group);
        }
        metric.score(
            &Judgements::from_grades(ranked, ranking.judged.clone()),
            rules,
        )
    };
    Bounds {
        lowest: value(false),
        expected: Expectation::new(metric, &ranking, rules).value(),
        highest: value(true),
    }
}

/// The pieces of an expected value.
struct Expectation<'a> {
    metric: &'a Metric,
    groups: &'a [Vec<Option<i32>>],
    all: Judgements,
    level: i32,
    rules: &'a Rules,
}

impl<'a> Expectation<'a> {
    fn new(metric: &'a Metric, ranking: &'a TiedRanking, rules: &'a Rules) -> Self {
        let in_any_order = ranking.groups.iter().flatten().copied().collect();
        Self {
            metric,
            groups: &ranking.groups,
            all: Judgements::from_grades(in_any_order, ranking.judged.clone()),
            level: metric.level.unwrap_or(rules.level),
            rules,
        }
    }

    fn value(&self) -> Option<f64> {
        let relevant = self.all.relevant(self.level);
        let depth = self.metric.depth();
        Some(match &self.metric.measure {
            Measure::Precision => self.hits(depth) / depth as f64,
            Measure::RelativePrecision => share(self.hits(depth), relevant.min(depth)),
            Measure::Recall => share(self.hits(depth), relevant),
            Measure::RPrecision => share(self.hits(relevant), relevant),
            Measure::Success => self.success(depth),
            Measure::ReciprocalRank => self.reciprocal_rank(depth),
            Measure::AveragePrecision => share(self.precisions(depth), relevant),
            Measure::Ndcg(gain) => {
                let ideal = super::gain::ideal_dcg(&self.all, gain, depth);
                if ideal > 0.0 {
                    self.dcg(gain, depth) / ideal
                } else {
                    0.0
                }
            }
            Measure::Dcg(gain) => self.dcg(gain, depth),
            Measure::ExpectedReciprocalRank => self.expected_reciprocal_rank(depth),
            Measure::RankBiasedPrecision { p, gain } => {
                let worth = |grade: Option<i32>| match gain {
                    RbpGain::Grade => f64::from(grade.unwrap_or(0)),
                    _ => 1.0,
                };
                let gain = |grade: Option<i32>| {
                    if is_relevant(grade, self.level) {
                        worth(grade)
                    } else {
                        0.0
                    }
                };
                let mut next = 1.0 - p;
                let weight = |_| {
                    let this = next;
                    next *= p;
                    this
                };
                self.weighted(depth, gain, weight)
            }
            Measure::Bpref => share(self.preferences(relevant), relevant),
            Measure::Judged => {
                let judged = |grade: Option<i32>| f64::from(u8::from(grade.is_some()));
                let retrieved = self.all.ranked().len().min(depth);
                share(self.weighted(depth, judged, |_| 1.0), retrieved)
            }
            Measure::SetPrecision
            | Measure::RelativeSetPrecision
            | Measure::SetRecall
            | Measure::SetF(_)
            | Measure::SetAveragePrecision
            | Measure::Utility(_)
            | Measure::IdealDcg(_)
            | Measure::Queries
            | Measure::Retrieved
            | Measure::Relevant
            | Measure::RelevantRetrieved
            | Measure::JudgedNotRelevantRetrieved => self.metric.score(&self.all, self.rules),
            _ => return None,
        })
    }

    /// Each group with the number of documents above it, as long as that is below `depth`.
    fn groups(&self, depth: usize) -> impl Iterator<Item = (usize, &[Option<i32>])> {
        let starts = self.groups.iter().scan(0, |start, group| {
            let this = *start;
            *start += group.len();
            Some((this, group.as_slice()))
        });
        starts.take_while(move |(start, _)| *start < depth)
    }

    /// Σ over the first `depth` places of weight(place) · the mean gain of the group that the place belongs to.
    fn weighted(
        &self,
        depth: usize,
        gain: impl Fn(Option<i32>) -> f64,
        mut weight: impl FnMut(usize) -> f64,
    ) -> f64 {
        let mut sum = 0.0;
        for (start, group) in self.groups(depth) {
            let mean = group.iter().map(|grade| gain(*grade)).sum::<f64>() / group.len() as f64;
            let places = start..(start + group.len()).min(depth);
            sum += mean * places.map(&mut weight).sum::<f64>();
        }
        sum
    }

    fn dcg(&self, gain: &Gain, depth: usize) -> f64 {
        let gain = |grade: Option<i32>| match gain {
            Gain::Exponential => 2_f64.powi(grade.unwrap_or(0).max(0)) - 1.0,
            _ => f64::from(grade.unwrap_or(0).max(0)),
        };
        self.weighted(depth, gain, discount)
    }

    fn hits(&self, depth: usize) -> f64 {
        let hit = |grade| f64::from(u8::from(is_relevant(grade, self.level)));
        self.weighted(depth, hit, |_| 1.0)
    }

    fn success(&self, depth: usize) -> f64 {
        for (start, group) in self.groups(depth) {
            let found = hits(group, self.level);
            if found > 0 {
                let drawn = group.len().min(depth - start);
                return 1.0 - none_among(drawn, group.len(), found);
            }
        }
        0.0
    }

    fn reciprocal_rank(&self, depth: usize) -> f64 {
        for (start, group) in self.groups(depth) {
            let found = hits(group, self.level);
            if found > 0 {
                let places = group.len().min(depth - start);
                return (0..places)
                    .map(|place| {
                        let first_is_here = none_among(place, group.len(), found)
                            - none_among(place + 1, group.len(), found);
                        first_is_here / (start + place + 1) as f64
                    })
                    .sum();
            }
        }
        0.0
    }

    /// The expected sum of the precisions at the relevant documents.
    fn precisions(&self, depth: usize) -> f64 {
        let (mut sum, mut above) = (0.0, 0);
        for (start, group) in self.groups(depth) {
            let (size, found) = (group.len() as f64, hits(group, self.level));
            let here = found as f64 / size;
            // Of those before it in the group, so many are relevant where it is.
            let among_others = share((found.saturating_sub(1)) as f64, group.len() - 1);
            for place in 0..group.len().min(depth - start) {
                let expected = above as f64 + 1.0 + place as f64 * among_others;
                sum += here * expected / (start + place + 1) as f64;
            }
            above += found;
        }
        sum
    }

    fn preferences(&self, relevant: usize) -> f64 {
        let others = self.all.judged_not_relevant(self.level);
        let (mut sum, mut above) = (0.0, 0);
        for group in self.groups {
            let judged = group.iter().flatten().filter(|grade| **grade >= 0);
            let here = judged.filter(|grade| **grade < self.level).count();
            // A relevant document stands after 0, 1, … all of them with equal probability.
            let each = (0..=here).map(|before| preference(above + before, relevant, others));
            sum += hits(group, self.level) as f64 * each.sum::<f64>() / (here + 1) as f64;
            above += here;
        }
        sum
    }

    /// For a group in random order, the expected product of (1 − r) over the first t others is the t-th elementary
    /// symmetric polynomial of their (1 − r), divided by the number of such subsets.
    #[expect(clippy::float_cmp, reason = "equal grades give equal numbers")]
    fn expected_reciprocal_rank(&self, depth: usize) -> f64 {
        let (mut sum, mut reached) = (0.0, 1.0);
        for (start, group) in self.groups(depth) {
            let stops: Vec<f64> = group
                .iter()
                .map(|grade| satisfaction(*grade, self.rules.highest()))
                .collect();
            let places = group.len().min(depth - start);
            // Documents of one grade have the same expectation: it is worked out once for each grade.
            let mut distinct: Vec<(f64, usize)> = Vec::new();
            for stop in stops.iter().filter(|stop| **stop > 0.0) {
                match distinct.iter_mut().find(|(known, _)| known == stop) {
                    Some((_, count)) => *count += 1,
                    None => distinct.push((*stop, 1)),
                }
            }
            for (stop, count) in distinct {
                let mut others = stops.clone();
                if let Some(one) = others.iter().position(|other| *other == stop) {
                    others.swap_remove(one);
                }
                let passes = means_of_products(others.iter().map(|stop| 1.0 - stop), places);
                for (place, pass) in passes.iter().enumerate() {
                    let here = count as f64 * stop * pass / group.len() as f64;
                    sum += reached * here / (start + place + 1) as f64;
                }
            }
            reached *= stops.iter().map(|stop| 1.0 - stop).product::<f64>();
        }
        sum
    }
}

/// The probability that none of `found` among `size` things in random order stands among the first `drawn`.
fn none_among(drawn: usize, size: usize, found: usize) -> f64 {
    if drawn + found > size {
        return 0.0;
    }
    let left = |i: usize| (size - found - i) as f64 / (size - i) as f64;
    (0..drawn).map(left).product()
}

/// For t = 0, 1, … below `count`: the mean product over all subsets of t of the factors.
fn means_of_products(factors: impl Iterator<Item = f64>, count: usize) -> Vec<f64> {
    // With n factors so far, mean[t] over n + 1 of them: a subset holds the new one with probability t / (n + 1).
    let mut means = vec![1.0];
    for (seen, factor) in factors.enumerate() {
        let total = (seen + 1) as f64;
        if means.len() < count {
            means.push(0.0);
        }
        for size in (1..means.len()).rev() {
            let with = size as f64 / total;
            means[size] = (1.0 - with) * means[size] + with * factor * means[size - 1];
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_scorer_can_be_anything() {
        let mut group = vec![None; 20];
        group[3] = Some(1);
        let ranking = TiedRanking {
            groups: vec![group],
            judged: vec![1],
        };
        for name in ["RR@10", "nDCG@10", "R@10", "Success@10"] {
            let metric = name.parse().unwrap();
            let bounds = bounds(&metric, &ranking, &Rules::default());
            assert_eq!((bounds.lowest, bounds.highest), (0.0, 1.0), "{name}");
        }
        let expected = |name: &str| {
            let bounds = bounds(&name.parse().unwrap(), &ranking, &Rules::default());
            bounds.expected.unwrap()
        };
        assert!((expected("Success@10") - 0.5).abs() < 1e-12);
        let harmonic: f64 = (1..=10).map(|rank| 1.0 / f64::from(rank)).sum();
        assert!((expected("RR@10") - harmonic / 20.0).abs() < 1e-12);
    }
}
