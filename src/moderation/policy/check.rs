//! What serde cannot check of a policy: that its rules can match, and that each can be reached.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};

use super::config::{Bound, Condition, PolicyConfig, Range, Rule};

impl PolicyConfig {
    /// What serde cannot check, for the categories that a classifier tells.
    ///
    /// # Errors
    /// Where names are blank or used twice, a category is unknown, a rule asks for nothing or for what cannot be, or a rule is never reached because
    /// earlier ones match whatever it would: the message says which.
    pub fn validate(&self, categories: &[String]) -> anyhow::Result<()> {
        ensure!(!self.version.trim().is_empty(), "`version` is blank");
        let mut names = BTreeSet::new();
        for (number, rule) in (1..).zip(&self.rules) {
            ensure!(!rule.name.trim().is_empty(), "rule {number} has no `name`");
            let name = &rule.name;
            ensure!(names.insert(name), "two rules have the name `{name}`");
            rule.validate(categories)
                .with_context(|| format!("rule {number} (`{name}`)"))?;
        }
        for (place, rule) in self.rules.iter().enumerate() {
            let by = rule.shadows(&self.rules[..place], categories);
            ensure!(
                by.is_empty(),
                "rule {} (`{}`) is never reached: `{}` before it matches every post that it would; put it first or drop it",
                place + 1,
                rule.name,
                by.join("` or `")
            );
        }
        Ok(())
    }
}

impl Rule {
    fn validate(&self, categories: &[String]) -> anyhow::Result<()> {
        ensure!(
            self.category.is_none() || self.categories.is_none(),
            "it has both `category` and `categories`; give one"
        );
        if let Some(named) = self.named() {
            ensure!(!named.is_empty(), "`categories` is empty");
            let mut known = BTreeSet::new();
            for category in named {
                ensure!(known.insert(category), "it names `{category}` twice");
                ensure!(
                    categories.contains(category),
                    "there is no category `{category}`; take of `{}`",
                    categories.join("`, `")
                );
            }
            ensure!(
                self.has_band(),
                "it names a category but no probability; give `at_least` or `below`"
            );
        }
        ensure!(
            self.has_band() || !self.context.is_empty(),
            "it asks for nothing, so it matches every post; make its action the `default`"
        );
        ensure!(
            self.at_least.is_some() || !self.has_band() || self.category.is_some(),
            "that one of several categories lies `below` holds of nearly every post; name one `category`, or give `at_least`"
        );
        for (name, bound) in [("at_least", &self.at_least), ("below", &self.below)] {
            match bound {
                Some(Bound::Number(number)) => ensure!(
                    (0.0..=1.0).contains(number),
                    "`{name}` is {number}; a probability lies from 0 to 1"
                ),
                Some(Bound::Named(threshold)) => ensure!(
                    !threshold.is_empty(),
                    "`{name}` is neither a probability nor the name of a threshold"
                ),
                None => {}
            }
        }
        match (&self.at_least, &self.below) {
            (Some(Bound::Number(least)), Some(Bound::Number(end))) if least >= end => {
                bail!("no probability is at least {least} and below {end}")
            }
            (Some(Bound::Named(least)), Some(Bound::Named(end))) if least == end => {
                bail!("no probability is at least `{least}` and below it")
            }
            _ => {}
        }
        for (field, condition) in &self.context {
            condition
                .validate()
                .with_context(|| format!("`where.{field}`"))?;
        }
        Ok(())
    }

    /// The rules among these earlier ones that together match whatever this one would; none where a post can reach it.
    ///
    /// A post matches through one category, so each category must be covered by one earlier rule: of the same or more categories, a band as wide and
    /// a context that asks for no more. Bands that only together are as wide are not seen.
    fn shadows<'a>(&self, earlier: &'a [Self], categories: &[String]) -> Vec<&'a str> {
        let covers = |rule: &Self, category: &String| {
            !rule.has_band()
                || (self.has_band()
                    && rule.named().is_none_or(|named| named.contains(category))
                    && starts_no_later(rule.at_least.as_ref(), self.at_least.as_ref())
                    && ends_no_earlier(rule.below.as_ref(), self.below.as_ref()))
        };
        let mut by = Vec::new();
        for category in self.named().unwrap_or(categories) {
            let found = earlier
                .iter()
                .find(|rule| rule.asks_no_more_of_context(self) && covers(rule, category));
            match found {
                Some(rule) if by.contains(&rule.name.as_str()) => {}
                Some(rule) => by.push(rule.name.as_str()),
                None => return Vec::new(),
            }
        }
        by
    }

    fn asks_no_more_of_context(&self, other: &Self) -> bool {
        self.context.iter().all(|(field, condition)| {
            let narrower = other.context.get(field);
            narrower.is_some_and(|narrower| condition.includes(narrower))
        })
    }
}

/// Whether whatever reaches `other` reaches `bound`. A named threshold is known to be itself only, but every probability is at least 0.
fn starts_no_later(bound: Option<&Bound>, other: Option<&Bound>) -> bool {
    match (bound, other) {
        (None, _) => true,
        (Some(Bound::Number(bound)), Some(Bound::Number(other))) => bound <= other,
        (Some(Bound::Named(bound)), Some(Bound::Named(other))) => bound == other,
        (Some(Bound::Number(bound)), _) => *bound <= 0.0,
        (Some(Bound::Named(_)), _) => false,
    }
}

/// Whether whatever is below `other` is below `bound`.
fn ends_no_earlier(bound: Option<&Bound>, other: Option<&Bound>) -> bool {
    match (bound, other) {
        (None, _) => true,
        (Some(Bound::Number(bound)), Some(Bound::Number(other))) => bound >= other,
        (Some(Bound::Named(bound)), Some(Bound::Named(other))) => bound == other,
        _ => false,
    }
}

impl Condition {
    fn validate(&self) -> anyhow::Result<()> {
        match self {
            Self::OneOf(texts) => {
                ensure!(!texts.is_empty(), "the list is empty, so no post matches");
                let mut known = BTreeSet::new();
                for text in texts {
                    ensure!(known.insert(text), "it names `{text}` twice");
                }
            }
            Self::Number(Range { at_least, below }) => {
                ensure!(
                    at_least.is_some() || below.is_some(),
                    "it has neither `at_least` nor `below`"
                );
                for (name, end) in [("at_least", at_least), ("below", below)] {
                    ensure!(
                        end.is_none_or(f64::is_finite),
                        "`{name}` is not a number; leave it out where there is no bound"
                    );
                }
                if let (Some(least), Some(end)) = (at_least, below) {
                    ensure!(least < end, "no number is at least {least} and below {end}");
                }
            }
        }
        Ok(())
    }

    /// Whether whatever fulfils `narrower` fulfils this.
    fn includes(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (_, Self::OneOf(texts)) => texts.iter().all(|text| self.holds(text)),
            (Self::OneOf(_), Self::Number(_)) => false,
            (Self::Number(wide), Self::Number(narrow)) => {
                let starts = wide
                    .at_least
                    .is_none_or(|wide| narrow.at_least.is_some_and(|narrow| wide <= narrow));
                let ends = wide
                    .below
                    .is_none_or(|wide| narrow.below.is_some_and(|narrow| wide >= narrow));
                starts && ends
            }
        }
    }
}
