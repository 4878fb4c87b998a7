//! The threshold of a semantic cache, fitted on pairs.

/// What a threshold promises and does on the half for fitting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// `None` where no similarity that occurs keeps the promise: the cache then never hits.
    pub(super) threshold: Option<f64>,
    /// Pairs with the same answer, and those of them that hit.
    pub(super) same: [usize; 2],
    /// Pairs with different answers, and those of them that hit.
    pub(super) different: [usize; 2],
}

/// The lowest of the similarities that occur from which on at most the share `max_false_hits` of the pairs with different answers hits.
///
/// `pairs` has for each pair its label and the similarity of what the cache would return, if it would return anything.
pub(super) fn fit(pairs: &[(bool, Option<f64>)], max_false_hits: f64) -> Fit {
    let count = |label: bool| pairs.iter().filter(|(same, _)| *same == label).count();
    let mut fit = Fit {
        threshold: None,
        same: [count(true), 0],
        different: [count(false), 0],
    };
    let mut found: Vec<(f64, bool)> = pairs
        .iter()
        .filter_map(|(same, similarity)| Some(((*similarity)?, *same)))
        .collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut same, mut different) = (0, 0);
    for level in found.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let hits = level.iter().filter(|(_, same)| *same).count();
        same += hits;
        different += level.len() - hits;
        // A quotient, so that a share such as .29 of 100 is 29.
        if different > 0 && different as f64 / fit.different[0] as f64 > max_false_hits {
            break;
        }
        fit.threshold = Some(level[0].0);
        (fit.same[1], fit.different[1]) = (same, different);
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_threshold_that_keeps_the_promise() {
        let pairs = [
            (true, Some(0.9)),
            (false, Some(0.8)),
            (true, Some(0.8)),
            (true, Some(0.7)),
            (false, Some(0.6)),
            (true, None),
            (false, Some(0.5)),
            (false, None),
            (true, Some(0.4)),
        ];
        for (share, threshold, same, different) in [
            (0.0, Some(0.9), 1, 0),
            (0.24, Some(0.9), 1, 0),
            (0.25, Some(0.7), 3, 1),
            (0.5, Some(0.6), 3, 2),
            // No lower one occurs.
            (0.75, Some(0.4), 4, 3),
            (1.0, Some(0.4), 4, 3),
        ] {
            let expected = Fit {
                threshold,
                same: [5, same],
                different: [4, different],
            };
            assert_eq!(fit(&pairs, share), expected, "{share}");
        }
    }

    #[test]
    fn a_share_is_met_exactly() {
        let pairs: Vec<_> = (0..100)
            .map(|place| (false, Some(1.0 - f64::from(place) / 100.0)))
            .collect();
        for percent in 1..100 {
            let fit = fit(&pairs, f64::from(percent) / 100.0);
            assert_eq!(fit.different, [100, usize::try_from(percent).unwrap()]);
        }
    }

    #[test]
    fn where_the_nearest_is_wrong_nothing_hits() {
        let pairs = [(false, Some(0.9)), (true, Some(0.8)), (false, None)];
        assert_eq!(fit(&pairs, 0.4).threshold, None);
        assert_eq!(fit(&pairs, 0.5).threshold, Some(0.8));
        assert_eq!(fit(&[(true, None), (false, None)], 1.0).threshold, None);
    }
}
