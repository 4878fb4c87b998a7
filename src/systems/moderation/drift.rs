//! New patterns of violation: how far the posts of one period differ from those before, in what classifiers say of them and in their words.

use serde::{Deserialize, Serialize};

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
    /// What: `score of hate`, `words`, `words of caught posts`.
    pub of: String,
    /// The statistic.
    pub statistic: String,
    /// Its value.
    pub value: f64,
    /// How probable one at least as large is where nothing drifted.
    pub p: f64,
    /// Whether that is an alarm: the p-value, adjusted for all rows (Holm), is below 0.01.
    pub alarm: bool,
    /// The terms that are new, the most frequent first, with their occurrences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<(String, usize)>,
}

/// The level of an alarm.
pub const LEVEL: f64 = 0.01;
/// Bins of the population stability index.
const BINS: usize = 10;
/// New terms that are shown.
const SHOWN: usize = 12;

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
    adjust(&mut rows);
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
                .filter(|word| word.chars().count() > 1)
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
    novelty.terms = new_terms(&before, &now);
    let divergence = row(None, "words".to_owned(), "JS bits", found.divergence_bits);
    vec![divergence, novelty]
}

/// The terms of which only new posts speak, at least two of them, the most frequent first.
fn new_terms(before: &[Vec<String>], now: &[Vec<String>]) -> Vec<(String, usize)> {
    let known: std::collections::HashSet<&String> = before.iter().flatten().collect();
    let mut counts: std::collections::BTreeMap<&String, usize> = std::collections::BTreeMap::new();
    for post in now {
        let mut own: Vec<&String> = post.iter().filter(|term| !known.contains(term)).collect();
        own.sort_unstable();
        own.dedup();
        for term in own {
            *counts.entry(term).or_default() += 1;
        }
    }
    let mut terms: Vec<(String, usize)> = counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(term, count)| (term.clone(), count))
        .collect();
    terms.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
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
