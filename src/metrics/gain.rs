//! Metrics over graded relevance.

use std::fmt;

use super::judgements::{Judgements, is_relevant, share};

/// What a grade is worth.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Gain {
    /// The grade itself; 0 for a negative one.
    #[default]
    Linear,
    /// 2^grade − 1; 0 for a negative one.
    Exponential,
    /// As listed, and the grade itself where it is not.
    Table(Vec<(i32, f64)>),
}

impl Gain {
    /// The gain of a document with this grade; of one without a judgement where `None`.
    fn of(&self, grade: Option<i32>) -> f64 {
        let Some(grade) = grade else { return 0.0 };
        match self {
            Self::Table(table) => {
                let listed = table.iter().find(|(listed, _)| *listed == grade);
                listed.map_or(f64::from(grade.max(0)), |(_, gain)| *gain)
            }
            Self::Linear => f64::from(grade.max(0)),
            Self::Exponential => 2_f64.powi(grade.max(0)) - 1.0,
        }
    }

    /// The gains of all judged documents that have one above 0, highest first: the best ranking there is.
    fn ideal(&self, judgements: &Judgements) -> Vec<f64> {
        let judged = judgements.judged().iter().filter(|grade| **grade >= 0);
        let gains = judged.map(|grade| self.of(Some(*grade)));
        let mut ideal: Vec<f64> = gains.filter(|gain| *gain > 0.0).collect();
        if matches!(self, Self::Table(_)) {
            ideal.sort_by(|a, b| b.total_cmp(a));
        }
        ideal
    }

    /// The gains by rank.
    fn ranked<'a>(&'a self, judgements: &'a Judgements) -> impl Iterator<Item = f64> + 'a {
        judgements.ranked().iter().map(|grade| self.of(*grade))
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear => f.write_str("linear gain (the grade)"),
            Self::Exponential => f.write_str("exponential gain (2^grade − 1)"),
            Self::Table(table) => {
                f.write_str("gain")?;
                let mut pairs = table.iter();
                pairs.try_for_each(|(grade, gain)| write!(f, " {gain} for grade {grade}"))?;
                f.write_str(", else the grade")
            }
        }
    }
}

/// The weight of a place from 0: 1 / log2(rank + 1).
pub(super) fn discount(place: usize) -> f64 {
    1.0 / ((place + 2) as f64).log2()
}

/// Discounted cumulative gain at `k`: Σ gain / log2(rank + 1) over the first `k`. Not bounded above.
///
/// Source: Järvelin and Kekäläinen 2002; Burges et al. 2005 for the exponential gain.
pub fn dcg(judgements: &Judgements, gain: &Gain, k: usize) -> f64 {
    discounted(gain.ranked(judgements).take(k))
}

/// The discounted cumulative gain of the best possible ranking of all judged documents, at `k`.
pub fn ideal_dcg(judgements: &Judgements, gain: &Gain, k: usize) -> f64 {
    discounted(gain.ideal(judgements).into_iter().take(k))
}

/// Normalised discounted cumulative gain at `k`: [`dcg`] divided by [`ideal_dcg`]. Range 0..=1 (below 0 only where a
/// gain is); 0 where no document has a gain.
///
/// Source: Järvelin and Kekäläinen 2002; trec_eval `m_ndcg.c`, `m_ndcg_cut.c`.
pub fn ndcg(judgements: &Judgements, gain: &Gain, k: usize) -> f64 {
    let ideal = ideal_dcg(judgements, gain, k);
    if ideal > 0.0 {
        dcg(judgements, gain, k) / ideal
    } else {
        0.0
    }
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    // Not `sum`: of nothing that is -0, and would be printed so. A division, not a product with the discount: its
    // rounding is that of trec_eval.
    let gains = gains.enumerate().filter(|(_, gain)| *gain != 0.0);
    gains.fold(0.0, |sum, (place, gain)| {
        sum + gain / ((place + 2) as f64).log2()
    })
}

/// nDCG averaged over the relevant documents: at the rank of each one retrieved, and at the end of the ranking for
/// each one missed. Relevant is what has a gain above 0. Range 0..=1.
///
/// Source: trec_eval `m_ndcg_rel.c` ("experimental").
pub fn ndcg_at_relevant(judgements: &Judgements, gain: &Gain) -> f64 {
    let ideal = gain.ideal(judgements);
    let (mut sum, mut found, mut results, mut best) = (0.0, 0, 0.0, 0.0);
    for (place, gain) in gain.ranked(judgements).enumerate() {
        let log = ((place + 2) as f64).log2();
        results += gain / log;
        best += ideal.get(place).map_or(0.0, |gain| gain / log);
        if gain > 0.0 {
            found += 1;
            sum += results / best;
        }
    }
    let all = discounted(ideal.iter().copied());
    if all > 0.0 {
        sum += (ideal.len().saturating_sub(found)) as f64 * results / all;
    }
    share(sum.max(0.0), ideal.len())
}

/// nDCG averaged over the ranks at which the gain of the best ranking changes, the end of a longer ranking included.
/// Range 0..=1; 0 without a document that is relevant at `level`.
///
/// Source: trec_eval `m_Rndcg.c` ("experimental").
pub fn ndcg_at_levels(judgements: &Judgements, gain: &Gain, level: i32) -> f64 {
    let ideal = gain.ideal(judgements);
    if judgements.relevant(level) == 0 || ideal.is_empty() {
        return 0.0;
    }
    let ranked: Vec<f64> = gain.ranked(judgements).collect();
    let results = |depth| discounted(ranked.iter().copied().take(depth));
    let best = |depth| discounted(ideal.iter().copied().take(depth));
    let ends_a_level = |place: &usize| {
        ideal
            .get(*place)
            .is_none_or(|gain| *gain < ideal[place - 1])
    };
    let (mut sum, mut count) = (0.0, 0);
    for place in (1..=ideal.len()).filter(ends_a_level) {
        sum += results(place) / best(place);
        count += 1;
    }
    // The place after the best ranking belongs to its last level: the end counts only beyond it.
    if ranked.len() > ideal.len() + 1 {
        sum += results(ranked.len()) / best(ideal.len());
        count += 1;
    }
    share(sum, count)
}

/// G: Σ gain / log2(2 + c − g) over the ranking, divided by the sum of all gains, with c the gain that the best
/// ranking has collected so far (at least 1 a rank) and g that of this one. Range about 0..=1.
///
/// Source: trec_eval `m_G.c` ("experimental").
pub fn g(judgements: &Judgements, gain: &Gain) -> f64 {
    let ideal = gain.ideal(judgements);
    let (mut sum, mut collected, mut cost) = (0.0, 0.0, 0.0);
    for (place, gain) in gain.ranked(judgements).enumerate() {
        collected += gain;
        cost += ideal.get(place).map_or(1.0, |gain| gain.max(1.0));
        if gain != 0.0 {
            sum += gain / (2.0 + cost - collected).log2();
        }
    }
    let all: f64 = ideal.iter().sum();
    if all > 0.0 { sum / all } else { 0.0 }
}

/// Binary G: the mean over the relevant documents of 1 / log2(2 + the not relevant documents above it). Range 0..=1.
///
/// Source: trec_eval `m_binG.c` ("experimental").
pub fn binary_g(judgements: &Judgements, level: i32) -> f64 {
    let (mut sum, mut above) = (0.0, 0);
    for grade in judgements.ranked() {
        if is_relevant(*grade, level) {
            sum += discount(above);
        } else {
            above += 1;
        }
    }
    share(sum, judgements.relevant(level))
}

/// Expected reciprocal rank at `k`: the expected 1 / rank at which a reader stops who is satisfied by a document of
/// grade g with probability (2^g − 1) / 2^`highest`, `highest` being the highest grade of the scale. Range 0..1.
///
/// Source: Chapelle et al. 2009; TREC's `gdeval.pl`, whose scale is fixed to 4.
pub fn expected_reciprocal_rank(judgements: &Judgements, highest: i32, k: usize) -> f64 {
    let (mut sum, mut reached) = (0.0, 1.0);
    for (place, grade) in judgements.top(k).iter().enumerate() {
        let stops = satisfaction(*grade, highest);
        sum += reached * stops / (place + 1) as f64;
        reached *= 1.0 - stops;
    }
    sum
}

/// The probability that a document of this grade satisfies a reader.
pub(super) fn satisfaction(grade: Option<i32>, highest: i32) -> f64 {
    let gain = Gain::Exponential.of(grade);
    gain / 2_f64.powi(highest.max(grade.unwrap_or(0)))
}

/// What a document contributes to rank-biased precision.
#[derive(Debug, Clone, PartialEq)]
pub enum RbpGain {
    /// 1 where it is relevant.
    Binary,
    /// Its grade where it is relevant: ranx.
    Grade,
    /// Its gain, divided by the highest of the query's judgements where that is above 1: trec_eval.
    Scaled(Gain),
}

/// Rank-biased precision at `k`: (1 − p) Σ gain · p^(rank − 1), `p` being the probability that a reader goes on to the next
/// document. Range 0..=1 unless the gain is the grade.
///
/// Source: Moffat and Zobel 2008; trec_eval `m_rbp.c` for the scaled gain, in closed form: that program reads a
/// maximum that it never set.
pub fn rank_biased_precision(
    judgements: &Judgements,
    gain: &RbpGain,
    level: i32,
    p: f64,
    k: usize,
) -> f64 {
    let highest = match gain {
        RbpGain::Scaled(gain) => gain
            .ideal(judgements)
            .first()
            .map_or(1.0, |gain| gain.max(1.0)),
        _ => 1.0,
    };
    let (mut sum, mut weight) = (0.0, 1.0);
    for grade in judgements.top(k) {
        let relevant = is_relevant(*grade, level);
        sum += weight
            * match gain {
                RbpGain::Scaled(gain) => gain.of(*grade) / highest,
                RbpGain::Grade if relevant => f64::from(grade.unwrap_or(0)),
                RbpGain::Binary if relevant => 1.0,
                RbpGain::Grade | RbpGain::Binary => 0.0,
            };
        weight *= p;
    }
    (1.0 - p) * sum
}

/// What the documents that nobody judged could add to rank-biased precision, those below the ranking included; 0 where
/// every retrieved document is judged.
///
/// Source: trec_eval `m_rbp_resid.c`.
pub fn rbp_residual(judgements: &Judgements, p: f64) -> f64 {
    let (mut sum, mut weight, mut any) = (0.0, 1.0, false);
    for grade in judgements.ranked() {
        if super::pool::is_unjudged(*grade) {
            sum += weight;
            any = true;
        }
        weight *= p;
    }
    if any { weight + (1.0 - p) * sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-12,
            "{value} is not {expected}"
        );
    }

    #[test]
    fn worked_by_hand() {
        // Grades 0, 2, unjudged, 1 in the ranking; a document of grade 3 was not found.
        let ranked = [Some(0), Some(2), None, Some(1)];
        let j = Judgements::from_grades(ranked.to_vec(), vec![0, 2, 1, 3]);
        let all = usize::MAX;
        let (log3, log5) = (3_f64.log2(), 5_f64.log2());
        let ideal = 3.0 + 2.0 / log3 + 1.0 / 2.0;
        close(
            ndcg(&j, &Gain::Linear, all),
            (2.0 / log3 + 1.0 / log5) / ideal,
        );
        close(ndcg(&j, &Gain::Linear, 2), 2.0 / log3 / (3.0 + 2.0 / log3));
        let ideal = 7.0 + 3.0 / log3 + 1.0 / 2.0;
        close(
            ndcg(&j, &Gain::Exponential, all),
            (3.0 / log3 + 1.0 / log5) / ideal,
        );
        let table = Gain::Table(vec![(0, 0.5), (3, 1.0)]);
        let ideal = 2.0 + 1.0 / log3 + 1.0 / 2.0 + 0.5 / log5;
        close(
            ndcg(&j, &table, all),
            (0.5 + 2.0 / log3 + 1.0 / log5) / ideal,
        );
        let (a, b) = (3.0 / 8.0, 1.0 / 8.0);
        close(
            expected_reciprocal_rank(&j, 3, all),
            a / 2.0 + (1.0 - a) * b / 4.0,
        );
        close(
            rank_biased_precision(&j, &RbpGain::Binary, 1, 0.8, all),
            0.2 * (0.8 + 0.512),
        );
        close(
            rank_biased_precision(&j, &RbpGain::Grade, 1, 0.8, all),
            0.2 * (1.6 + 0.512),
        );
        close(
            rank_biased_precision(&j, &RbpGain::Scaled(Gain::Linear), 1, 0.8, all),
            0.2 * (1.6 + 0.512) / 3.0,
        );
        close(rbp_residual(&j, 0.5), 1.0 / 16.0 + 0.5 * 0.25);
        close(binary_g(&j, 1), (1.0 / log3 + 1.0 / 2.0) / 3.0);
    }

    #[test]
    fn nothing_retrieved_or_nothing_relevant_is_zero() {
        for j in [
            Judgements::from_grades(vec![], vec![1]),
            Judgements::from_grades(vec![Some(0)], vec![0, -1]),
            Judgements::from_grades(vec![None], vec![]),
        ] {
            let values = [
                ndcg(&j, &Gain::Linear, 10),
                ndcg(&j, &Gain::Exponential, 10),
                ndcg_at_relevant(&j, &Gain::Linear),
                ndcg_at_levels(&j, &Gain::Linear, 1),
                g(&j, &Gain::Linear),
                binary_g(&j, 1),
                expected_reciprocal_rank(&j, 4, 10),
                rank_biased_precision(&j, &RbpGain::Binary, 1, 0.9, 10),
            ];
            assert!(values.iter().all(|&value| value == 0.0), "{values:?}");
        }
    }
}
