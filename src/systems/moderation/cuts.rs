//! Where probabilities become decisions: two thresholds for each category, which policies name.

use anyhow::{Context, ensure};

use super::config::{F1, Mistakes, Thresholds};
use crate::moderation::solve::cost_threshold;
use crate::moderation::{Action, Bound, NamedThresholds, PolicyConfig, Rule, Sample};

/// The names of the two thresholds, as policies write them.
const REVIEW: &str = "review";
const REJECT: &str = "reject";

/// The thresholds of a category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cuts {
    /// From here on it is to be looked at.
    pub(super) review: f64,
    /// From here on it is to go.
    pub(super) reject: f64,
}

impl Cuts {
    fn at(threshold: f64) -> Self {
        Self {
            review: threshold,
            reject: threshold,
        }
    }
}

/// The thresholds of categories under the names by which policies ask for them.
pub(super) fn named(categories: &[String], cuts: &[Cuts]) -> NamedThresholds {
    let both = categories.iter().zip(cuts).flat_map(|(category, cuts)| {
        [(REVIEW, cuts.review), (REJECT, cuts.reject)]
            .map(|(name, threshold)| ((category.clone(), name.to_owned()), threshold))
    });
    both.collect()
}

/// The policy of a variant that names none: reject from `reject` on in any category, escalate from `review` on.
pub(super) fn plain_policy() -> PolicyConfig {
    let rule = |name: &str, action: Action| Rule {
        name: name.to_owned(),
        category: None,
        categories: None,
        at_least: Some(Bound::Named(name.to_owned())),
        below: None,
        context: std::collections::BTreeMap::new(),
        action,
    };
    PolicyConfig {
        version: "plain".to_owned(),
        default: Action::Approve,
        rules: vec![rule(REJECT, Action::Reject), rule(REVIEW, Action::Escalate)],
    }
}

impl Mistakes {
    fn threshold(self) -> anyhow::Result<f64> {
        cost_threshold(self.false_positive, self.false_negative).with_context(|| {
            format!(
                "`thresholds.expected_costs` has the costs {} and {}; both must be 0 or more, and one above 0",
                self.false_positive, self.false_negative
            )
        })
    }
}

impl Thresholds {
    /// Checks what serde cannot.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let check = |name: &str, value: f64| {
            ensure!(
                (0.0..=1.0).contains(&value),
                "`{name} = {value}` must be a probability, 0 to 1"
            );
            Ok(())
        };
        match self {
            Self::Fixed(threshold) => check("thresholds.fixed", *threshold),
            Self::Given(given) => {
                let mut given = given.iter();
                given.try_for_each(|(name, value)| {
                    check(&format!("thresholds.given.{name}"), *value)
                })
            }
            Self::ExpectedCosts(mistakes) => mistakes.threshold().map(|_| ()),
            Self::BalancedAccuracy(_) => Ok(()),
            Self::F1(F1 {
                max_false_positive_rate,
            }) => max_false_positive_rate.map_or(Ok(()), |rate| {
                check("thresholds.f1.max_false_positive_rate", rate)
            }),
            Self::Costs(objective) => objective.validate().context("`thresholds.costs`"),
        }
    }

    /// Those that need no post to be chosen, by category; `None` where they do.
    ///
    /// # Errors
    /// Where a category is given none.
    pub(super) fn without_posts(&self, categories: &[String]) -> anyhow::Result<Option<Vec<Cuts>>> {
        let cut = |name: &String| match self {
            Self::Fixed(threshold) => Ok(Some(Cuts::at(*threshold))),
            Self::ExpectedCosts(mistakes) => Ok(Some(Cuts::at(mistakes.threshold()?))),
            Self::Given(given) => {
                let given = given.get(name).with_context(|| {
                    format!("`thresholds.given` says nothing of the category `{name}`")
                })?;
                Ok(Some(Cuts::at(*given)))
            }
            _ => Ok(None),
        };
        categories.iter().map(cut).collect()
    }

    /// The thresholds, chosen on posts that were held back and their probabilities, by post and category.
    ///
    /// # Errors
    /// Where a category cannot be told apart on these posts, or is given none.
    pub(super) fn chosen(
        &self,
        probabilities: &[Vec<f64>],
        held: &Sample<'_>,
        categories: &[String],
    ) -> anyhow::Result<Vec<Cuts>> {
        if let Some(cuts) = self.without_posts(categories)? {
            return Ok(cuts);
        }
        let cut = |(place, category): (usize, &String)| {
            let known = probabilities.iter().zip(&held.aims).zip(&held.sets);
            let posts: Vec<Scored> = known
                .filter_map(|((probabilities, aims), set)| {
                    Some(Scored {
                        probability: probabilities[place],
                        label: aims[place]?.truth,
                        set: *set,
                    })
                })
                .collect();
            let cuts = self.cut(&posts);
            cuts.with_context(|| format!("the thresholds of the category `{category}`"))
        };
        categories.iter().enumerate().map(cut).collect()
    }

    fn cut(&self, posts: &[Scored]) -> anyhow::Result<Cuts> {
        let all = [true, false].map(|label| posts.iter().filter(|p| p.label == label).count());
        let [positives, negatives] = all;
        ensure!(
            positives > 0 && negatives > 0,
            "of the {} posts that are held back {positives} are of it; both kinds are needed",
            posts.len()
        );
        match self {
            Self::Costs(objective) => {
                let labels: Vec<bool> = posts.iter().map(|post| post.label).collect();
                let probabilities: Vec<f64> = posts.iter().map(|post| post.probability).collect();
                let solved = objective.solve(&labels, &probabilities, None)?;
                Ok(Cuts {
                    review: solved.review_from.unwrap_or(f64::INFINITY),
                    reject: solved.reject_from.unwrap_or(f64::INFINITY),
                })
            }
            Self::F1(f1) => {
                let most = f1.max_false_positive_rate.unwrap_or(1.0);
                let value = |flagged: Flagged| {
                    let Flagged { found, wrong, .. } = flagged;
                    (wrong / negatives as f64 <= most)
                        .then(|| 2.0 * found / (found + wrong + positives as f64))
                };
                Ok(Cuts::at(best(posts, value)))
            }
            _ => Ok(Cuts::at(best(posts, |flagged| Some(flagged.gain)))),
        }
    }
}

/// A post that was held back.
struct Scored {
    probability: f64,
    label: bool,
    set: usize,
}

/// What is flagged from some probability on.
#[derive(Clone, Copy, Default)]
struct Flagged {
    /// Posts of the category.
    found: f64,
    /// Others.
    wrong: f64,
    /// Over all sets the sum of recall less false-positive rate: twice the balanced accuracies less 1.
    gain: f64,
}

/// The threshold of the highest value, midway between two probabilities; of those that are equally good the highest. Where nothing has a value, no post is flagged.
fn best(posts: &[Scored], value: impl Fn(Flagged) -> Option<f64>) -> f64 {
    let mut sizes: std::collections::BTreeMap<(usize, bool), f64> =
        std::collections::BTreeMap::new();
    for post in posts {
        *sizes.entry((post.set, post.label)).or_default() += 1.0;
    }
    // A set of one kind only says nothing of how the two are told apart.
    let weight = |post: &Scored| {
        let others = sizes.get(&(post.set, !post.label));
        others.map_or(0.0, |_| 1.0 / sizes[&(post.set, post.label)])
    };
    let mut order: Vec<&Scored> = posts.iter().collect();
    order.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let mut flagged = Flagged::default();
    let mut best: Option<(f64, f64)> = None;
    let levels = order.chunk_by(|a, b| a.probability.total_cmp(&b.probability).is_eq());
    let levels: Vec<&[&Scored]> = levels.collect();
    for (place, level) in levels.iter().enumerate() {
        for post in *level {
            if post.label {
                flagged.found += 1.0;
                flagged.gain += weight(post);
            } else {
                flagged.wrong += 1.0;
                flagged.gain -= weight(post);
            }
        }
        let own = level[0].probability;
        let below = levels
            .get(place + 1)
            .map_or(own, |next| next[0].probability);
        if let Some(value) = value(flagged)
            && best.is_none_or(|(known, _)| value > known)
        {
            best = Some((value, cut_between(below, own)));
        }
    }
    best.map_or(f64::INFINITY, |(_, threshold)| threshold)
}

/// A number above `low`, where there is one, and not above `high`.
fn cut_between(low: f64, high: f64) -> f64 {
    let cut = f64::midpoint(low, high);
    if cut > low { cut } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(rows: &[(f64, bool, usize)]) -> Vec<Scored> {
        let post = |(probability, label, set): &(f64, bool, usize)| Scored {
            probability: *probability,
            label: *label,
            set: *set,
        };
        rows.iter().map(post).collect()
    }

    #[test]
    fn sets_count_alike_whatever_their_size() {
        // By its many posts the first set wants 0.35, the mean of both wants 0.75.
        let mut rows = vec![
            (0.9, true, 1),
            (0.8, true, 1),
            (0.7, false, 1),
            (0.6, false, 1),
        ];
        rows.extend((0..10).map(|_| (0.4, true, 0)));
        rows.extend((0..10).map(|_| (0.3, false, 0)));
        let cut = |rows: &[(f64, bool, usize)]| best(&posts(rows), |flagged| Some(flagged.gain));
        assert!((cut(&rows[..4]) - 0.75).abs() < 1e-12);
        assert!((cut(&rows[4..]) - 0.35).abs() < 1e-12);
        // 0.75 is worth 1 of the one set and 0 of the other, 0.35 is worth 0 and 1: the higher one is taken.
        assert!((cut(&rows) - 0.75).abs() < 1e-12);
        rows[2] = (0.95, false, 1);
        assert!((cut(&rows) - 0.35).abs() < 1e-12);
    }

    #[test]
    fn f1_is_best_within_a_false_positive_rate() {
        let rows = [
            (0.9, true, 0),
            (0.8, false, 0),
            (0.7, true, 0),
            (0.6, true, 0),
            (0.5, false, 0),
        ];
        let cut = |max_false_positive_rate: Option<f64>| {
            let thresholds = Thresholds::F1(F1 {
                max_false_positive_rate,
            });
            thresholds.cut(&posts(&rows)).unwrap().reject
        };
        assert!((cut(None) - 0.55).abs() < 1e-12);
        assert!((cut(Some(0.4)) - 0.85).abs() < 1e-12);
        assert!(
            Thresholds::F1(F1::default())
                .cut(&posts(&rows[..1]))
                .is_err()
        );
    }
}
