//! How far raters of the same items disagree, and what that leaves to be reached, from counts of votes.
//!
//! Votes are given as one column a category, with one count an item: whole numbers from 0. Items may have different numbers of votes. Each function gives one
//! value an item, whose mean is the figure, and which is the figure plus the item's influence on it ([`super::pooled`]).

use super::binary::ratio;

/// Krippendorff's α of categories without an order, 1 − the disagreement within items / that expected by chance. 1 where all agree, 0 by chance. Items with
/// fewer than two votes do not count. `None` where no item has two votes, or all votes are for one category.
///
/// With n votes, `n(c)` of them for category c, and m of an item with `m(c)` for c: `1 − (n − 1) · Σ over items of (m² − Σ m(c)²) / (m − 1) / (n² − Σ
/// n(c)²)`.
///
/// Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability". In the influences the factor (n − 1) / n, which corrects for few votes, is taken
/// as given.
///
/// # Panics
/// Where the columns differ in length.
pub fn krippendorff_alpha(votes: &[Vec<f64>]) -> Option<Vec<f64>> {
    let items: Vec<Item> = items(votes).collect();
    let is_paired = |item: &&Item| item.total() >= 2.0;
    let paired = || items.iter().filter(is_paired);
    let all: f64 = paired().map(Item::total).sum();
    let of_category = |category: usize| paired().map(move |item| item.0[category]).sum::<f64>();
    let of_categories: Vec<f64> = (0..votes.len()).map(of_category).collect();
    let expected = all * all - of_categories.iter().map(|count| count * count).sum::<f64>();
    if expected <= 0.0 {
        return None;
    }
    let within = |item: &Item| {
        let total = item.total();
        (total * total - item.0.iter().map(|count| count * count).sum::<f64>()) / (total - 1.0)
    };
    // α = 1 − k A n / E of sums over items A and n, E being of second order in such sums.
    let correction = (all - 1.0) / all;
    let observed: f64 = paired().map(within).sum();
    let share = correction * observed * all / expected;
    let of_item = |item: &Item| {
        if item.total() < 2.0 {
            return 1.0 - share;
        }
        let by_chance: f64 = item
            .0
            .iter()
            .zip(&of_categories)
            .map(|(own, all)| own * all)
            .sum();
        let of_observed = if observed > 0.0 {
            within(item) / observed
        } else {
            0.0
        };
        let of_expected = 2.0 * (all * item.total() - by_chance) / expected;
        let change = of_observed + item.total() / all - of_expected;
        1.0 - share - items.len() as f64 * share * change
    };
    Some(items.iter().map(of_item).collect())
}

/// The share of the votes, 0..1, that are not for the category with most votes of their item. Where several have most, one of them counts. `None` without a
/// vote.
///
/// # Panics
/// Where the columns differ in length.
pub fn minority_share(votes: &[Vec<f64>]) -> Option<Vec<f64>> {
    let parts = items(votes).map(|item| (item.total() - item.most(), item.total()));
    ratio(&parts.collect::<Vec<_>>())
}

/// The accuracy, 0..=1, that a single rater reaches where the truth is what most of the item's other raters say: about as much as a classifier can reach
/// whose labels are the votes of so few. Where k categories have most of the other votes, the rater is right with 1 / k by any of them. Items with fewer than
/// two votes do not count. `None` where no item has two.
///
/// # Panics
/// Where the columns differ in length.
pub fn single_rater_accuracy(votes: &[Vec<f64>]) -> Option<Vec<f64>> {
    let part = |item: Item| {
        let total = item.total();
        if total < 2.0 {
            return (0.0, 0.0);
        }
        let right: f64 = (0..item.0.len())
            .map(|own| item.0[own] * item.share_of_others(own))
            .sum();
        (right, total)
    };
    ratio(&items(votes).map(part).collect::<Vec<_>>())
}

/// The votes of an item, by category.
struct Item(Vec<f64>);

impl Item {
    fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// How right a vote for this category is by the others: 1 where most of them are for it, less where there are ties.
    fn share_of_others(&self, own: usize) -> f64 {
        let mut others = Self(self.0.clone());
        others.0[own] -= 1.0;
        let most = others.most();
        if others.0[own] < most {
            return 0.0;
        }
        1.0 / others.0.iter().filter(|count| **count >= most).count() as f64
    }
}

fn items(votes: &[Vec<f64>]) -> impl Iterator<Item = Item> {
    let count = votes.first().map_or(0, Vec::len);
    assert!(
        votes.iter().all(|column| column.len() == count),
        "columns of one length"
    );
    (0..count).map(|item| Item(votes.iter().map(|column| column[item]).collect()))
}

#[cfg(test)]
mod tests;
