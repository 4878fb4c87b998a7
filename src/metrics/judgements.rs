//! One query's ranking seen through its judgements: all that a ranking metric needs.

use std::collections::HashMap;

/// The grade of every ranked document, and the grades of all judged ones.
///
/// A grade of 1 or more is relevant (unless a metric names another level), 0 is not. A negative grade marks a document
/// that was in the pool but not judged, which [`inferred_ap`](super::pool::inferred_ap) makes use of; everything else
/// treats it as it treats a document without a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgements {
    /// By rank, best first; `None` where the document is not in the judgements.
    ranked: Vec<Option<i32>>,
    /// Of all documents in the judgements, retrieved or not, highest first.
    judged: Vec<i32>,
}

impl Judgements {
    /// Looks up every ranked document. A document that is ranked twice counts at its first rank only.
    pub fn new<'a>(
        ranked: impl IntoIterator<Item = &'a str>,
        judged: impl IntoIterator<Item = (&'a str, i32)>,
    ) -> Self {
        let mut grades: HashMap<&str, i32> = judged.into_iter().collect();
        let judged = grades.values().copied().collect();
        let ranked = ranked
            .into_iter()
            .map(|document| grades.remove(document))
            .collect();
        Self::from_grades(ranked, judged)
    }

    /// From the grades by rank and the grades of all judged documents in any order.
    pub fn from_grades(ranked: Vec<Option<i32>>, mut judged: Vec<i32>) -> Self {
        judged.sort_unstable_by(|a, b| b.cmp(a));
        Self { ranked, judged }
    }

    /// The grades by rank.
    pub fn ranked(&self) -> &[Option<i32>] {
        &self.ranked
    }

    /// The grades of the first `k` documents.
    pub fn top(&self, k: usize) -> &[Option<i32>] {
        &self.ranked[..k.min(self.ranked.len())]
    }

    /// The grades of all documents in the judgements, highest first.
    pub fn judged(&self) -> &[i32] {
        &self.judged
    }

    /// How many documents are relevant at `level`, retrieved or not.
    pub fn relevant(&self, level: i32) -> usize {
        self.judged.partition_point(|&grade| grade >= level)
    }

    /// How many documents are judged and not relevant at `level`, retrieved or not.
    pub fn judged_not_relevant(&self, level: i32) -> usize {
        self.judged
            .partition_point(|&grade| grade >= 0)
            .saturating_sub(self.relevant(level))
    }

    /// The ranking without the documents that nobody judged.
    #[must_use]
    pub fn judged_only(&self) -> Self {
        let is_judged = |grade: &Option<i32>| grade.is_some_and(|grade| grade >= 0);
        Self {
            ranked: self.ranked.iter().copied().filter(is_judged).collect(),
            judged: self.judged.clone(),
        }
    }
}

/// Whether a grade is relevant at `level`.
pub(super) fn is_relevant(grade: Option<i32>, level: i32) -> bool {
    grade.is_some_and(|grade| grade >= level)
}

/// How many of the grades are relevant at `level`.
pub(super) fn hits(grades: &[Option<i32>], level: i32) -> usize {
    grades
        .iter()
        .filter(|grade| is_relevant(**grade, level))
        .count()
}

/// `part / whole`, and 0 where the whole is 0.
pub(super) fn share(part: f64, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part / whole as f64 }
}
