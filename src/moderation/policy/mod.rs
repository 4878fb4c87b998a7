//! What becomes of a post: the first rule of a policy that matches the probabilities of its categories and its context.

mod action;
mod check;
mod config;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow, ensure};

use crate::data::Digest;

pub use action::Action;
pub use config::{Bound, Condition, PolicyConfig, Range, Rule};

/// Thresholds by category and name; infinity where no post reaches one.
pub type NamedThresholds = BTreeMap<(String, String), f64>;

/// A policy that is ready: its categories are numbers, its thresholds known.
#[derive(Debug)]
pub struct Policy {
    version: String,
    default: Action,
    rules: Vec<Opened>,
    digest: String,
}

/// A rule that is ready.
#[derive(Debug)]
struct Opened {
    rule: Rule,
    /// The bands of its categories; empty where it looks at the context alone.
    bands: Vec<Band>,
}

/// The probabilities of a category from `at_least` to before `below`; infinite ends are open.
#[derive(Debug)]
struct Band {
    category: usize,
    at_least: f64,
    below: f64,
}

/// What becomes of a post, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What becomes of it.
    pub action: Action,
    /// The name of the rule that matched; `None`: the policy's default.
    pub rule: Option<&'a str>,
    /// The category through which it matched; of several the one of the highest probability, of equal ones the first. `None` where the rule looks at
    /// the context alone.
    pub category: Option<usize>,
    /// The first rule that came before the one that matched, and could have matched instead if a probability were known: its context holds, none of its known
    /// probabilities lies in the band, and at least one is absent or NaN. `None`: action and rule are the same whatever the unknown ones are.
    pub unknown: Option<&'a str>,
}

impl PolicyConfig {
    /// The policy, ready to decide on probabilities in the order of `categories`.
    ///
    /// # Errors
    /// Those of [`Self::validate`], and where a rule names a threshold that a category has none of.
    pub fn open(
        &self,
        categories: &[String],
        thresholds: &NamedThresholds,
    ) -> anyhow::Result<Policy> {
        self.validate(categories)?;
        let mut used = BTreeMap::new();
        let mut rules = Vec::with_capacity(self.rules.len());
        for (number, rule) in (1..).zip(&self.rules) {
            let bands = rule
                .bands(categories, thresholds, &mut used)
                .with_context(|| format!("rule {number} (`{}`)", rule.name))?;
            rules.push(Opened {
                rule: rule.clone(),
                bands,
            });
        }
        let mut digest = Digest::default().with("policy", serde_json::to_vec(self)?);
        for category in categories {
            digest = digest.with("category", category);
        }
        for ((category, name), threshold) in used {
            digest = digest
                .with("threshold of", category)
                .with(name, threshold.to_bits().to_le_bytes());
        }
        Ok(Policy {
            version: self.version.clone(),
            default: self.default,
            rules,
            digest: digest.finish(),
        })
    }
}

impl Rule {
    /// The bands of its categories. What is taken from the thresholds is added to `used`.
    fn bands<'t>(
        &self,
        categories: &[String],
        thresholds: &'t NamedThresholds,
        used: &mut BTreeMap<(&'t str, &'t str), f64>,
    ) -> anyhow::Result<Vec<Band>> {
        if !self.has_band() {
            return Ok(Vec::new());
        }
        let mut end = |bound: Option<&Bound>, category: &str, open: f64| match bound {
            None => Ok(open),
            Some(Bound::Number(number)) => Ok(*number),
            Some(Bound::Named(name)) => {
                let key = (category.to_owned(), name.clone());
                let found = thresholds.get_key_value(&key);
                let ((category, name), threshold) =
                    found.ok_or_else(|| unknown_threshold(category, name, thresholds))?;
                ensure!(
                    !threshold.is_nan(),
                    "the threshold `{name}` of category `{category}` is NaN"
                );
                used.insert((category, name), *threshold);
                Ok(*threshold)
            }
        };
        let mut bands = Vec::new();
        for (number, category) in categories.iter().enumerate() {
            if self.named().is_none_or(|named| named.contains(category)) {
                bands.push(Band {
                    category: number,
                    at_least: end(self.at_least.as_ref(), category, f64::NEG_INFINITY)?,
                    below: end(self.below.as_ref(), category, f64::INFINITY)?,
                });
            }
        }
        Ok(bands)
    }
}

fn unknown_threshold(category: &str, name: &str, thresholds: &NamedThresholds) -> anyhow::Error {
    let known: BTreeSet<&str> = thresholds
        .keys()
        .filter(|(of, _)| of == category)
        .map(|(_, name)| name.as_str())
        .collect();
    if known.is_empty() {
        return anyhow!(
            "category `{category}` has no threshold `{name}`, nor any other; solve for its thresholds or write numbers"
        );
    }
    let known: Vec<&str> = known.into_iter().collect();
    anyhow!(
        "category `{category}` has no threshold `{name}`; take of `{}`",
        known.join("`, `")
    )
}

impl Policy {
    /// Decides on a post from the probabilities of its categories, in their order, and its context by the name of a field.
    ///
    /// A probability that is absent or NaN lies in no band, and a field that is absent fulfils no condition: so no rule matches for want of knowledge.
    /// A default of `approve` would let such posts through; [`Decision::unknown`] tells them, and whoever runs the policy says what becomes of them.
    ///
    /// # Panics
    /// Where there are fewer probabilities than categories.
    pub fn decide<'p, 'c>(
        &'p self,
        probabilities: &[Option<f64>],
        context: &dyn Fn(&str) -> Option<&'c str>,
    ) -> Decision<'p> {
        let mut unknown = None;
        for Opened { rule, bands } in &self.rules {
            let mut conditions = rule.context.iter();
            if !conditions.all(|(field, asked)| context(field).is_some_and(|v| asked.holds(v))) {
                continue;
            }
            let found = highest(bands, probabilities);
            if bands.is_empty() || found.is_some() {
                return Decision {
                    action: rule.action,
                    rule: Some(&rule.name),
                    category: found,
                    unknown,
                };
            }
            let is_unknown = |band: &Band| band.can_match() && known(band, probabilities).is_none();
            if unknown.is_none() && bands.iter().any(is_unknown) {
                unknown = Some(rule.name.as_str());
            }
        }
        Decision {
            action: self.default,
            rule: None,
            category: None,
            unknown,
        }
    }

    /// Which policy this is.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The SHA-256 of all that its decisions depend on: the policy without its layout, the categories and the thresholds that it took.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl Band {
    /// Whether any probability lies in it; between two thresholds that are solved for there may be none.
    fn can_match(&self) -> bool {
        self.at_least < self.below && self.at_least <= 1.0
    }
}

/// The category with the highest probability of those that lie in their bands.
fn highest(bands: &[Band], probabilities: &[Option<f64>]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for band in bands {
        let Some(probability) = known(band, probabilities) else {
            continue;
        };
        if probability >= band.at_least
            && probability < band.below
            && best.is_none_or(|(_, best)| probability > best)
        {
            best = Some((band.category, probability));
        }
    }
    best.map(|(category, _)| category)
}

fn known(band: &Band, probabilities: &[Option<f64>]) -> Option<f64> {
    probabilities[band.category].filter(|probability| !probability.is_nan())
}
