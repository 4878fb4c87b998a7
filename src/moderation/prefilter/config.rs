//! What a prefilter is made of, as it is written.

use serde::{Deserialize, Serialize};

use crate::data::PathText;
use crate::moderation::policy::Action;

/// The first stage: lists of terms and patterns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrefilterConfig {
    /// Lists of terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<BlocklistConfig>,
    /// Regular expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<PatternConfig>,
}

/// A list of terms of one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlocklistConfig {
    /// One term a line, of one word or several; a line that begins with `#` is a comment. A line `!term` is an exception: a match of this list inside
    /// the longer `term` does not count. A backslash before a `#` or `!` makes it the first character of a term.
    pub path: PathText,
    /// What posts with these terms are.
    pub category: String,
    /// The language of the terms, such as `en` or `pt-BR`: the list is for posts of this language and of unknown language. `en` is for `en-GB` as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What becomes of posts with these terms.
    #[serde(default = "reject")]
    pub action: Action,
    /// Whether a term must stand between the bounds of words, where its script has any. Without it terms match inside words too.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub whole_words: bool,
}

/// A regular expression of one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternConfig {
    /// Its name, which a decision records.
    pub name: String,
    /// What posts are in which it matches.
    pub category: String,
    /// In the syntax of the crate `regex`. Letter case does not matter: posts are in lower case when they are searched.
    pub regex: String,
    /// What becomes of posts in which it matches.
    #[serde(default = "reject")]
    pub action: Action,
}

fn reject() -> Action {
    Action::Reject
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

impl BlocklistConfig {
    /// Whether the list is for posts of this language; `None` where it is unknown.
    pub(super) fn applies_to(&self, language: Option<&str>) -> bool {
        match (&self.language, language) {
            (Some(own), Some(post)) => is_variant(own, post) || is_variant(post, own),
            _ => true,
        }
    }
}

/// Whether one language tag is another one, or a variant of it (`pt-BR` of `pt`).
fn is_variant(tag: &str, of: &str) -> bool {
    let (Some(start), Some(rest)) = (tag.get(..of.len()), tag.get(of.len()..)) else {
        return false;
    };
    start.eq_ignore_ascii_case(of) && (rest.is_empty() || rest.starts_with(['-', '_']))
}
