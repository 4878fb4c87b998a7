//! Metrics that know that a pool of judgements is incomplete.

use super::judgements::{Judgements, share};

/// Binary preference: over the judged relevant documents retrieved, the mean of 1 − (judged non-relevant documents
/// above it, at most R) / min(R, N); documents that nobody judged are passed over. R and N count the judged relevant
/// and non-relevant documents, retrieved or not. Range 0..=1; 0 without a relevant document.
///
/// Source: Buckley and Voorhees 2004, with the normalisation of trec_eval 8.0 and later (`m_bpref.c`, `bpref_bug`).
pub fn bpref(judgements: &Judgements, level: i32) -> f64 {
    let relevant = judgements.relevant(level);
    let others = judgements.judged_not_relevant(level);
    let (mut above, mut sum) = (0, 0.0);
    for grade in judgements.ranked().iter().flatten() {
        if *grade >= level {
            sum += preference(above, relevant, others);
        } else if *grade >= 0 {
            above += 1;
        }
    }
    share(sum, relevant)
}

/// What [`bpref`] gives a relevant document with `above` judged non-relevant ones above it.
pub(super) fn preference(above: usize, relevant: usize, others: usize) -> f64 {
    if above == 0 {
        1.0
    } else {
        1.0 - above.min(relevant) as f64 / others.min(relevant) as f64
    }
}

/// Inferred average precision: average precision where only a sample of the pool was judged (the rest of the pool has a
/// negative grade): the precision above a relevant document is that of the judged ones, spread over those of the
/// pool. Equal to average precision, but for a smoothing of 0.00001, where all of the pool is judged and
/// every retrieved document is in it. Range 0..=1; 0 without a relevant document.
///
/// Source: Yilmaz and Aslam 2006; trec_eval `m_infap.c`.
pub fn inferred_ap(judgements: &Judgements, level: i32) -> f64 {
    const EPSILON: f64 = 0.000_01;
    let (mut found, mut others, mut unjudged, mut sum) = (0.0, 0.0, 0.0, 0.0);
    for (above, grade) in judgements.ranked().iter().enumerate() {
        match grade {
            None => {}
            Some(grade) if *grade >= level => {
                if above == 0 {
                    sum += 1.0;
                } else {
                    let above = above as f64;
                    let in_pool = (found + others + unjudged) / above;
                    let precision = (found + EPSILON) / (found + others + 2.0 * EPSILON);
                    sum += 1.0 / (above + 1.0) + above / (above + 1.0) * in_pool * precision;
                }
                found += 1.0;
            }
            Some(grade) if *grade < 0 => unjudged += 1.0,
            Some(_) => others += 1.0,
        }
    }
    share(sum, judgements.relevant(level))
}

/// The share of the first `k` documents that stand in the judgements; of all where fewer were retrieved. Range 0..=1;
/// 0 where nothing was retrieved.
///
/// Source: ir-measures `Judged`.
pub fn judged(judgements: &Judgements, k: usize) -> f64 {
    let top = judgements.top(k);
    share(top.iter().flatten().count() as f64, top.len())
}

/// The share of the first `k` places that hold a document that nobody judged. Range 0..=1.
///
/// Source: trec_eval `m_unjudged.c`.
pub fn unjudged(judgements: &Judgements, k: usize) -> f64 {
    share(
        judgements
            .top(k)
            .iter()
            .filter(|g| is_unjudged(**g))
            .count() as f64,
        k,
    )
}

/// How many retrieved documents are judged and not relevant at `level`.
///
/// Source: trec_eval `m_num_nonrel_judged_ret.c`.
pub fn judged_not_relevant_retrieved(judgements: &Judgements, level: i32) -> usize {
    let grades = judgements.ranked().iter().flatten();
    grades.filter(|grade| (0..level).contains(*grade)).count()
}

/// Whether nobody judged the document: it is not in the judgements, or with a negative grade.
pub(super) fn is_unjudged(grade: Option<i32>) -> bool {
    grade.is_none_or(|grade| grade < 0)
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
        // R = 2, N = 3. Above the first relevant document stands one of three non-relevant ones, above the second two.
        let ranked = [Some(0), None, Some(1), Some(-1), Some(0), Some(1)];
        let j = Judgements::from_grades(ranked.to_vec(), vec![1, 1, 0, 0, 0, -1]);
        close(bpref(&j, 1), f64::midpoint(0.5, 0.0));
        close(judged(&j, 4), 3.0 / 4.0);
        close(judged(&j, 100), 5.0 / 6.0);
        close(unjudged(&j, 10), 2.0 / 10.0);
        assert_eq!(judged_not_relevant_retrieved(&j, 1), 2);
        let e = 0.000_01;
        let first = 1.0 / 3.0 + 2.0 / 3.0 * (1.0 / 2.0) * (e / (1.0 + 2.0 * e));
        let second = 1.0 / 6.0 + 5.0 / 6.0 * (4.0 / 5.0) * ((1.0 + e) / (3.0 + 2.0 * e));
        close(inferred_ap(&j, 1), f64::midpoint(first, second));
    }

    #[test]
    fn without_a_judged_non_relevant_document_every_preference_holds() {
        let j = Judgements::from_grades(vec![None, Some(1)], vec![1, 2]);
        close(bpref(&j, 1), 0.5);
    }
}
