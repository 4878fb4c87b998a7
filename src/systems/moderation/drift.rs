//! New patterns of violation: how far the posts of one period differ from those before, in what classifiers say of them and in their words.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use statrs::distribution::{DiscreteCDF, Hypergeometric};

use crate::data::Post;
use crate::metrics::drift::{
    PERMUTATIONS, Tested, kolmogorov_smirnov, population_stability, vocabulary_drift,
};
use crate::moderation::{Normaliser, NormaliserConfig};

/// Which posts are held against which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// The field of the posts that names their period.
    pub field: String,
    /// The periods before.
    pub before: Vec<String>,
    /// The periods that may differ.
    pub now: Vec<String>,
}

/// One thing that may have drifted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftRow {
    /// The variant whose scores they are; none where it is the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What: `score of hate`, `words`.
    pub of: String,
    /// The statistic.
    pub statistic: String,
    /// Its value.
    pub value: f64,
    /// How probable one at least as large is where nothing drifted.
    pub p: f64,
    /// Whether that is an alarm: the p-value, adjusted for the rows of the same variant, or for those of words (Holm), is below 0.05.
    pub alarm: bool,
    /// The terms that speak for it, with how many of the new posts have each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<(String, u64)>,
}

/// The level of an alarm.
pub const LEVEL: f64 = 0.05;
/// Bins of the population stability index.
const BINS: usize = 10;
/// Terms that are shown.
const SHOWN: usize = 12;
/// Posts of both periods that a term must be in to be looked at by itself.
const LEAST_POSTS: u64 = 5;

/// The scores of one variant for a category, by post; `None` where there is none.
pub(super) struct Scored<'a> {
    pub(super) variant: &'a str,
    pub(super) category: &'a str,
    pub(super) scores: Vec<Option<f64>>,
}

/// What drifted between the periods; nothing where one of them has no post.
pub(super) fn drift(
    posts: &[&Post],
    periods: &Periods,
    scored: &[Scored<'_>],
    seed: u64,
) -> Vec<DriftRow> {
    let of = |names: &[String]| -> Vec<usize> {
        let is_in = |place: &usize| {
            let period = posts[*place].field(&periods.field);
            period.is_some_and(|period| names.iter().any(|name| name == period))
        };
        (0..posts.len()).filter(is_in).collect()
    };
    let (before, now) = (of(&periods.before), of(&periods.now));
    let mut rows = Vec::new();
    for one in scored {
        let values = |places: &[usize]| -> Vec<f64> {
            places
                .iter()
                .filter_map(|place| one.scores[*place])
                .collect()
        };
        let (before, now) = (values(&before), values(&now));
        let tests = [
            ("PSI", population_stability(&before, &now, BINS)),
            ("KS", kolmogorov_smirnov(&before, &now)),
        ];
        for (statistic, tested) in tests {
            let of = format!("score of {}", one.category);
            rows.extend(tested.map(|tested| row(Some(one.variant), of, statistic, tested)));
        }
    }
    rows.extend(words(posts, &before, &now, seed));
    rows.chunk_by_mut(|a, b| a.variant == b.variant)
        .for_each(adjust);
    rows
}

fn row(variant: Option<&str>, of: String, statistic: &str, tested: Tested) -> DriftRow {
    DriftRow {
        variant: variant.map(str::to_owned),
        of,
        statistic: statistic.to_owned(),
        value: tested.value,
        p: tested.p,
        alarm: false,
        terms: Vec::new(),
    }
}

/// The drift of words, normalised, so that new ways of writing old words are no new words.
fn words(posts: &[&Post], before: &[usize], now: &[usize], seed: u64) -> Vec<DriftRow> {
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    let terms = |places: &[usize]| -> Vec<Vec<String>> {
        let of_post = |place: &usize| {
            let text = normaliser.normalise(&posts[*place].text).text;
            let words = text.split(|c: char| !c.is_alphanumeric());
            words
                .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
                .map(str::to_owned)
                .collect()
        };
        places.iter().map(of_post).collect()
    };
    let (before, now) = (terms(before), terms(now));
    let Some(found) = vocabulary_drift(&before, &now, PERMUTATIONS, seed) else {
        return Vec::new();
    };
    let mut novelty = row(None, "words".to_owned(), "novelty", found.novelty);
    let divergence = row(None, "words".to_owned(), "JS bits", found.divergence_bits);
    let (old, new) = (posts_by_term(&before), posts_by_term(&now));
    let only_new = |(term, count): (&&str, &u64)| {
        (*count > 1 && !old.contains_key(*term)).then(|| ((*term).to_owned(), *count))
    };
    novelty.terms = most_frequent(new.iter().filter_map(only_new).collect());
    let mut rows = vec![divergence, novelty];
    rows.extend(burst(&old, &new, before.len() as u64, now.len() as u64));
    rows
}

/// The term that is most surprisingly frequent in the new posts: how many times as frequent as before, and the probability of so many posts by chance, Fisher's exact test on
/// one side, times the number of terms that are looked at (Bonferroni).
fn burst(
    old: &BTreeMap<&str, u64>,
    new: &BTreeMap<&str, u64>,
    before: u64,
    now: u64,
) -> Option<DriftRow> {
    let of = |term: &str| {
        let count = |counts: &BTreeMap<&str, u64>| counts.get(term).copied().unwrap_or(0);
        (count(old), count(new))
    };
    let known: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let looked: Vec<&str> = known
        .into_iter()
        .filter(|term| of(term).0 + of(term).1 >= LEAST_POSTS)
        .collect();
    let chance = |term: &str| {
        let (was, is) = of(term);
        let drawn = Hypergeometric::new(before + now, was + is, now).ok()?;
        let p = is.checked_sub(1).map_or(1.0, |below| drawn.sf(below));
        Some((p * looked.len() as f64).min(1.0))
    };
    let tested = looked
        .iter()
        .filter_map(|term| Some((*term, chance(term)?)));
    let tested: Vec<(&str, f64)> = tested.collect();
    let (term, p) = tested.iter().min_by(|a, b| a.1.total_cmp(&b.1)).copied()?;
    let (was, is) = of(term);
    // Half a post more on either side, so that what is new is not infinitely more.
    let ratio =
        ((is as f64 + 0.5) / (now as f64 + 1.0)) / ((was as f64 + 0.5) / (before as f64 + 1.0));
    let mut found = row(
        None,
        "words".to_owned(),
        "burst",
        Tested { value: ratio, p },
    );
    let bursts = tested.iter().filter(|(_, p)| *p < LEVEL);
    let bursts = bursts.map(|(term, _)| ((*term).to_owned(), of(term).1));
    found.terms = most_frequent(bursts.collect());
    Some(found)
}

/// How many posts each term is in.
fn posts_by_term(posts: &[Vec<String>]) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for post in posts {
        let own: BTreeSet<&str> = post.iter().map(String::as_str).collect();
        for term in own {
            *counts.entry(term).or_default() += 1;
        }
    }
    counts
}

fn most_frequent(mut terms: Vec<(String, u64)>) -> Vec<(String, u64)> {
    terms.sort_by_key(|(_, count)| Reverse(*count));
    terms.truncate(SHOWN);
    terms
}

/// Marks the alarms after Holm 1979.
fn adjust(rows: &mut [DriftRow]) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| rows[*a].p.total_cmp(&rows[*b].p));
    let tests = rows.len();
    for (rank, place) in order.into_iter().enumerate() {
        if rows[place].p * (tests - rank) as f64 >= LEVEL {
            break;
        }
        rows[place].alarm = true;
    }
}
