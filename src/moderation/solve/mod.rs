//! The thresholds of one category solved for: approve below the first, let people review between the two, reject from the second on.
//!
//! Sought is, over all pairs of cuts of the sorted probabilities, the least
//!
//! ```text
//! C_FP · FP + C_FN · FN + C_review · n_review    where n_review ≤ capacity and FP / negatives ≤ maximum
//! ```
//!
//! With the first cut at i and the second at j ≥ i the cost is A(i) + B(j), both from prefix sums; what the limits ask for is, for each j, that i be at
//! least some place. So j runs once over all cuts, and the best i of the stretch up to j is found in a stack of the running minima: O(n log n)
//! for the sort and the search in the stack.

#[cfg(test)]
mod tests;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

/// What mistakes and reviews cost, all in one unit (such as USD a post), and what must not be exceeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// `C_FP`: a harmless post is rejected.
    pub cost_false_positive: f64,
    /// `C_FN`: a violation is approved.
    pub cost_false_negative: f64,
    /// `C_review`: a post is reviewed.
    #[serde(default)]
    pub cost_review: f64,
    /// The share of posts that reviewers decide wrongly, violations or not, in [0, 0.5]; 0 where they are taken to be right. Their mistakes cost what others
    /// cost, and count among the false positives.
    #[serde(default)]
    pub reviewer_error: f64,
    /// How much can be reviewed; without it, everything can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_capacity: Option<Capacity>,
    /// The largest share of harmless posts that may be rejected, in [0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_false_positive_rate: Option<f64>,
}

/// How much can be reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capacity {
    /// A share of all posts, in [0, 1].
    Share(f64),
    /// So many posts of those at hand: the sum of their weights, where they have any.
    Count(f64),
}

/// Thresholds with what they come to on the posts that they were solved on. Where posts have weights, a count is the sum of these.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solved {
    /// Posts from this probability on are not approved. It lies between two probabilities at hand, or is 0 for all posts; `None`: all are approved.
    pub review_from: Option<f64>,
    /// Posts from this probability on are rejected; as large as `review_from` or larger. `None`: none is rejected.
    pub reject_from: Option<f64>,
    /// What mistakes and reviews cost in sum.
    pub cost: f64,
    /// Harmless posts that are rejected, by reviewers too.
    pub false_positives: f64,
    /// Violations that are approved, by reviewers too.
    pub false_negatives: f64,
    /// Posts that are reviewed.
    pub reviews: f64,
}

/// A limit is kept where it is exceeded by no more than this share of it: 0.29 · 100 is 28.999999999999996.
const SLACK: f64 = 1e-9;

/// The probability from which rejecting costs less than approving, where probabilities are calibrated and nobody reviews: `C_FP / (C_FP + C_FN)`.
/// `None` where both cost nothing, or a cost is negative or not finite.
///
/// Source: Elkan 2001, "The foundations of cost-sensitive learning", equation 2.
pub fn cost_threshold(cost_false_positive: f64, cost_false_negative: f64) -> Option<f64> {
    let is_cost = |cost: f64| cost.is_finite() && cost >= 0.0;
    // The quotient of the two cannot overflow as their sum can.
    let larger = cost_false_positive.max(cost_false_negative);
    (is_cost(cost_false_positive) && is_cost(cost_false_negative) && larger > 0.0).then(|| {
        let (positive, negative) = (cost_false_positive / larger, cost_false_negative / larger);
        positive / (positive + negative)
    })
}

impl Objective {
    /// What serde cannot check.
    ///
    /// # Errors
    /// Where a number cannot be what it stands for.
    pub fn validate(&self) -> anyhow::Result<()> {
        for (name, cost) in [
            ("cost_false_positive", self.cost_false_positive),
            ("cost_false_negative", self.cost_false_negative),
            ("cost_review", self.cost_review),
        ] {
            ensure!(
                cost.is_finite() && cost >= 0.0,
                "`{name}` is {cost}; a cost is 0 or more"
            );
        }
        ensure!(
            (0.0..=0.5).contains(&self.reviewer_error),
            "`reviewer_error` is {}; it is a share from 0 to 0.5 (a coin)",
            self.reviewer_error
        );
        match self.review_capacity {
            Some(Capacity::Share(share)) => ensure!(
                (0.0..=1.0).contains(&share),
                "`review_capacity.share` is {share}; it is a share from 0 to 1"
            ),
            Some(Capacity::Count(count)) => ensure!(
                count.is_finite() && count >= 0.0,
                "`review_capacity.count` is {count}; it is a number of posts, 0 or more"
            ),
            None => {}
        }
        if let Some(rate) = self.max_false_positive_rate {
            ensure!(
                (0.0..=1.0).contains(&rate),
                "`max_false_positive_rate` is {rate}; it is a share from 0 to 1"
            );
        }
        Ok(())
    }

    /// The thresholds of least cost for posts that are violations or not (`labels`), have a probability in [0, 1] of being one, and may have weights.
    ///
    /// Posts of one probability are treated alike. Of pairs of thresholds that cost the same, that with the fewest reviews is taken, of these that with
    /// the fewest rejections. Approving everything keeps every limit, so there always is a solution. Sums of counts are exact without
    /// weights; equal costs are recognised where the costs are such that their sums are exact, and are otherwise told apart by rounding. O(n log n).
    ///
    /// # Errors
    /// Where the columns differ in length, a number cannot be, or there is no violation or nothing else (by weight).
    pub fn solve(
        &self,
        labels: &[bool],
        probabilities: &[f64],
        weights: Option<&[f64]>,
    ) -> anyhow::Result<Solved> {
        self.validate()?;
        let cuts = Cuts::of(labels, probabilities, weights)?;
        Ok(self.best(&cuts))
    }

    /// The most that may be reviewed and the most false positives.
    fn limits(&self, cuts: &Cuts) -> (f64, f64) {
        let all = cuts.last();
        let capacity = match self.review_capacity {
            Some(Capacity::Share(share)) => share * (all.negatives + all.positives),
            Some(Capacity::Count(count)) => count,
            None => f64::INFINITY,
        };
        let rate = self.max_false_positive_rate;
        let false_positives = rate.map_or(f64::INFINITY, |rate| rate * all.negatives);
        (capacity * (1.0 + SLACK), false_positives * (1.0 + SLACK))
    }

    fn best(&self, cuts: &Cuts) -> Solved {
        let (capacity, most_false_positives) = self.limits(cuts);
        let keeps = |i: usize, j: usize| {
            let (mistakes, reviews) = self.mistakes(cuts, i, j);
            reviews <= capacity && mistakes.negatives <= most_false_positives
        };
        let mut best: Option<(Solved, usize, usize)> = None;
        // Places of cuts i with growing A(i): the first of them from some place on has the least A of all from there on.
        let mut minima: Vec<(usize, f64)> = Vec::new();
        for (j, mass) in cuts.below.iter().enumerate() {
            let first_part = self.first_part(*mass);
            // Of equal ones the later has fewer reviews.
            while minima.pop_if(|(_, part)| *part >= first_part).is_some() {}
            minima.push((j, first_part));
            // The more is approved, the fewer reviews and false positives there are: what keeps the limits does so from some i on.
            let least = minima.partition_point(|(i, _)| !keeps(*i, j));
            let Some((i, _)) = minima.get(least) else {
                continue;
            };
            let found = self.solved(cuts, *i, j);
            let is_better = best.as_ref().is_none_or(|(known, ..)| {
                let costs = found.cost.total_cmp(&known.cost);
                // Later cuts reject less, and win where nothing else tells.
                costs.then(found.reviews.total_cmp(&known.reviews)).is_le()
            });
            if is_better {
                best = Some((found, *i, j));
            }
        }
        let (solved, i, j) = best.expect("approving everything keeps every limit");
        Solved {
            review_from: cuts.threshold(i),
            reject_from: cuts.threshold(j),
            ..solved
        }
    }

    /// A(i): what the first cut adds to the cost, but for what does not depend on it.
    fn first_part(&self, below: Mass) -> f64 {
        let error = self.reviewer_error;
        let missed = (1.0 - error) * self.cost_false_negative - self.cost_review;
        missed * below.positives
            - (self.cost_review + error * self.cost_false_positive) * below.negatives
    }

    /// Harmless posts that are rejected and violations that are approved where posts are reviewed from cut i and rejected from cut j; and how
    /// many are reviewed.
    fn mistakes(&self, cuts: &Cuts, i: usize, j: usize) -> (Mass, f64) {
        let (first, second, all) = (cuts.below[i], cuts.below[j], cuts.last());
        let reviewed = Mass {
            negatives: second.negatives - first.negatives,
            positives: second.positives - first.positives,
        };
        let mistakes = Mass {
            negatives: all.negatives - second.negatives + self.reviewer_error * reviewed.negatives,
            positives: first.positives + self.reviewer_error * reviewed.positives,
        };
        (mistakes, reviewed.negatives + reviewed.positives)
    }

    /// What these cuts come to, without the thresholds.
    fn solved(&self, cuts: &Cuts, i: usize, j: usize) -> Solved {
        let (mistakes, reviews) = self.mistakes(cuts, i, j);
        Solved {
            review_from: None,
            reject_from: None,
            cost: self.cost_false_positive * mistakes.negatives
                + self.cost_false_negative * mistakes.positives
                + self.cost_review * reviews,
            false_positives: mistakes.negatives,
            false_negatives: mistakes.positives,
            reviews,
        }
    }
}

/// Posts by their label: their number, or the sum of their weights.
#[derive(Debug, Clone, Copy, Default)]
struct Mass {
    negatives: f64,
    positives: f64,
}

/// The places at which the sorted probabilities can be cut.
struct Cuts {
    /// The distinct probabilities, growing.
    probabilities: Vec<f64>,
    /// What lies below each of them, and at the end all: one more.
    below: Vec<Mass>,
}

impl Cuts {
    fn of(labels: &[bool], probabilities: &[f64], weights: Option<&[f64]>) -> anyhow::Result<Self> {
        ensure!(
            labels.len() == probabilities.len()
                && weights.is_none_or(|weights| weights.len() == labels.len()),
            "there are {} labels, {} probabilities and {} weights; each post has one of each",
            labels.len(),
            probabilities.len(),
            weights.map_or(labels.len(), <[f64]>::len)
        );
        let mut posts = Vec::with_capacity(labels.len());
        for (place, (label, probability)) in labels.iter().zip(probabilities).enumerate() {
            ensure!(
                (0.0..=1.0).contains(probability),
                "the probability of post {} is {probability}; it lies from 0 to 1",
                place + 1
            );
            let weight = weights.map_or(1.0, |weights| weights[place]);
            ensure!(
                weight.is_finite() && weight >= 0.0,
                "the weight of post {} is {weight}; it is 0 or more",
                place + 1
            );
            // A post without weight is no place for a cut.
            if weight > 0.0 {
                posts.push((*probability, *label, weight));
            }
        }
        // Stable, so that sums have the order of the posts. Minus zero is zero.
        posts.sort_by(|one, other| (one.0 + 0.0).total_cmp(&(other.0 + 0.0)));
        let mut cuts = Self {
            probabilities: Vec::new(),
            below: Vec::new(),
        };
        let mut sum = Mass::default();
        for (probability, label, weight) in posts {
            if cuts
                .probabilities
                .last()
                .is_none_or(|last| *last < probability)
            {
                cuts.probabilities.push(probability);
                cuts.below.push(sum);
            }
            let side = if label {
                &mut sum.positives
            } else {
                &mut sum.negatives
            };
            *side += weight;
        }
        cuts.below.push(sum);
        for (name, mass) in [("a violation", sum.positives), ("harmless", sum.negatives)] {
            ensure!(
                mass > 0.0,
                "none of the {} posts is {name}, so thresholds cannot be solved for; give their numbers",
                labels.len()
            );
            ensure!(mass.is_finite(), "the weights are too large to be added up");
        }
        Ok(cuts)
    }

    fn last(&self) -> Mass {
        *self.below.last().expect("there is a cut above all")
    }

    /// The threshold of a cut: half-way between the probabilities around it.
    fn threshold(&self, cut: usize) -> Option<f64> {
        let above = *self.probabilities.get(cut)?;
        let Some(before) = cut.checked_sub(1) else {
            return Some(0.0);
        };
        let below = self.probabilities[before];
        let middle = f64::midpoint(below, above);
        // Next to each other there is nothing between the two.
        Some(if middle > below { middle } else { above })
    }
}
