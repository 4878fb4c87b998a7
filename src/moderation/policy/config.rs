//! A policy as it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Action;

/// A policy: rules in order, of which the first that matches says what becomes of a post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// Which policy this is, such as the day it came into force.
    pub version: String,
    /// What becomes of a post that no rule matches.
    pub default: Action,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// A rule; all that it asks for must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, which a decision records.
    pub name: String,
    /// The category whose probability it looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The same for several, one of which must lie in the band. Without `category` and `categories` these are all that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// The probability is at least so large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Bound>,
    /// The probability is smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Bound>,
    /// What must be known of the post besides: a condition for each field of its context.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, Condition>,
    /// What becomes of the post.
    pub action: Action,
}

/// One end of a band of probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Bound {
    /// A probability, in [0, 1].
    Number(f64),
    /// The name of a threshold that each category has its own of, such as `review` and `reject` where they are solved for.
    Named(String),
}

/// What a field of a post's context must be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// One of these texts, letter by letter.
    OneOf(Vec<String>),
    /// A number in this range.
    Number(Range),
}

/// A range of numbers; one end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The number is at least so large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The number is smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

impl PolicyConfig {
    /// Reads a policy; [`Self::validate`] is for when the categories are known.
    ///
    /// # Errors
    /// Where the file cannot be read or is no policy.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs_err::read_to_string(path).context("cannot read the policy")?;
        toml::from_str(&text).map_err(|error| {
            anyhow::anyhow!(
                "`{}` is not a policy: {}",
                path.display(),
                error.to_string().trim_end()
            )
        })
    }

    /// The fields of a post's context that rules ask for, sorted.
    pub fn context_fields(&self) -> BTreeSet<&str> {
        let fields = self.rules.iter().flat_map(|rule| rule.context.keys());
        fields.map(String::as_str).collect()
    }
}

impl Rule {
    /// The categories that it names.
    pub(super) fn named(&self) -> Option<&[String]> {
        let one = self.category.as_ref().map(std::slice::from_ref);
        one.or(self.categories.as_deref())
    }

    /// Whether it looks at probabilities at all.
    pub(super) fn has_band(&self) -> bool {
        self.at_least.is_some() || self.below.is_some()
    }
}

impl Condition {
    /// Whether a field with this value fulfils it. What should be a number and is none does not.
    pub(super) fn holds(&self, value: &str) -> bool {
        match self {
            Self::OneOf(texts) => texts.iter().any(|text| text == value),
            Self::Number(range) => value
                .trim()
                .parse()
                .is_ok_and(|number| range.contains(number)),
        }
    }
}

impl Range {
    /// Whether this number lies in it; NaN never does.
    pub(super) fn contains(self, number: f64) -> bool {
        !number.is_nan()
            && self.at_least.is_none_or(|least| number >= least)
            && self.below.is_none_or(|end| number < end)
    }
}

// serde's untagged enums say only that nothing fits; these say what is expected.

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;
        impl Visitor<'_> for Expected {
            type Value = Bound;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a probability, or the name of a threshold in quotes")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Bound, E> {
                Ok(Bound::Number(number))
            }

            // `at_least = 1` is a number as well.
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Bound, E> {
                i32::try_from(number)
                    .map(|number| Bound::Number(f64::from(number)))
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Bound, E> {
                i64::try_from(number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
                    .and_then(|number| self.visit_i64(number))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Bound, E> {
                Ok(Bound::Named(name.to_owned()))
            }
        }
        deserializer.deserialize_any(Expected)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;
        impl<'de> Visitor<'de> for Expected {
            type Value = Condition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or a table of `at_least` and `below`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Condition, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(texts)).map(Condition::OneOf)
            }

            fn visit_map<A: MapAccess<'de>>(self, range: A) -> Result<Condition, A::Error> {
                Range::deserialize(MapAccessDeserializer::new(range)).map(Condition::Number)
            }
        }
        deserializer.deserialize_any(Expected)
    }
}
