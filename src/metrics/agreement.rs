//! How far raters, or the votes of one, say the same.

/// Of two votes on the same item, drawn by chance, the probability that they say the same: the mean over items, 0..=1. Items have their votes
/// by category, as many categories each; one of fewer than two votes tells nothing and is passed over. `None` where all are.
///
/// This is P̄ of Fleiss 1971, "Measuring nominal scale agreement among many raters".
pub fn pairwise_agreement(items: &[Vec<u32>]) -> Option<f64> {
    let mut sum = 0.0;
    let mut counted = 0_u32;
    for item in items {
        let pairs = |votes: f64| votes * (votes - 1.0);
        let votes: u32 = item.iter().sum();
        if votes > 1 {
            let same: f64 = item.iter().map(|votes| pairs(f64::from(*votes))).sum();
            sum += same / pairs(f64::from(votes));
            counted += 1;
        }
    }
    (counted > 0).then(|| sum / f64::from(counted))
}

/// Fleiss' κ, at most 1: how far [`pairwise_agreement`] is above what chance gives, (P̄ − Pₑ) / (1 − Pₑ), with Pₑ the sum of the squared
/// shares of the categories among all votes that count. `None` where no item has two votes, or all votes say one thing: chance agrees
/// then as well.
///
/// Fleiss has as many votes for every item. Where some were lost, each item counts once in P̄ and each vote once in Pₑ.
pub fn fleiss_kappa(items: &[Vec<u32>]) -> Option<f64> {
    let observed = pairwise_agreement(items)?;
    let mut totals: Vec<u64> = Vec::new();
    for item in items.iter().filter(|item| item.iter().sum::<u32>() > 1) {
        totals.resize(totals.len().max(item.len()), 0);
        for (total, votes) in totals.iter_mut().zip(item) {
            *total += u64::from(*votes);
        }
    }
    let all = totals.iter().sum::<u64>();
    if totals.contains(&all) {
        return None;
    }
    let share = |total: &u64| *total as f64 / all as f64;
    let chance: f64 = totals.iter().map(|total| share(total).powi(2)).sum();
    Some((observed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 1 of Fleiss 1971: six psychiatrists put each of 30 patients into one of five categories.
    const DIAGNOSES: [[u32; 5]; 30] = [
        [0, 0, 0, 6, 0],
        [0, 3, 0, 0, 3],
        [0, 1, 4, 0, 1],
        [0, 0, 0, 0, 6],
        [0, 3, 0, 3, 0],
        [2, 0, 4, 0, 0],
        [0, 0, 4, 0, 2],
        [2, 0, 3, 1, 0],
        [2, 0, 0, 4, 0],
        [0, 0, 0, 0, 6],
        [1, 0, 0, 5, 0],
        [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0],
        [1, 0, 0, 5, 0],
        [0, 2, 0, 3, 1],
        [0, 0, 5, 0, 1],
        [3, 0, 0, 1, 2],
        [5, 1, 0, 0, 0],
        [0, 2, 0, 4, 0],
        [1, 0, 2, 0, 3],
        [0, 0, 0, 0, 6],
        [0, 1, 0, 5, 0],
        [0, 2, 0, 1, 3],
        [2, 0, 0, 4, 0],
        [1, 0, 0, 4, 1],
        [0, 5, 0, 1, 0],
        [4, 0, 0, 0, 2],
        [0, 2, 0, 4, 0],
        [1, 0, 5, 0, 0],
        [0, 0, 0, 0, 6],
    ];

    #[test]
    fn the_example_of_fleiss_comes_out() {
        let items: Vec<Vec<u32>> = DIAGNOSES.iter().map(|item| item.to_vec()).collect();
        let agreement = pairwise_agreement(&items).unwrap();
        let kappa = fleiss_kappa(&items).unwrap();
        assert!((agreement - 5.0 / 9.0).abs() < 1e-12, "{agreement}");
        assert!((kappa - 0.430_244_520_060_14).abs() < 1e-12, "{kappa}");
    }

    #[test]
    fn what_tells_nothing_has_no_figure() {
        for items in [vec![], vec![vec![1, 0], vec![0, 0], vec![]]] {
            assert_eq!(pairwise_agreement(&items), None);
            assert_eq!(fleiss_kappa(&items), None);
        }
        // All votes say one thing: so would chance.
        let one = [vec![3, 0], vec![2]];
        assert_eq!(pairwise_agreement(&one), Some(1.0));
        assert_eq!(fleiss_kappa(&one), None);
        // One vote alone counts nowhere.
        let (some, more) = (
            [vec![2, 0], vec![1, 1]],
            [vec![2, 0], vec![1, 1], vec![0, 1]],
        );
        assert_eq!(fleiss_kappa(&some), fleiss_kappa(&more));
    }

    #[test]
    fn votes_that_contradict_are_below_chance() {
        let split = [vec![1, 1], vec![1, 1]];
        assert_eq!(pairwise_agreement(&split), Some(0.0));
        assert_eq!(fleiss_kappa(&split), Some(-1.0));
        let whole = [vec![3, 0], vec![0, 3]];
        assert_eq!(fleiss_kappa(&whole), Some(1.0));
    }
}
