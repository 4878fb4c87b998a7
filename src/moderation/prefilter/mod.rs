//! The first stage: lists of terms and regular expressions that tell obvious violations, in far less time than any model takes.
//!
//! Everything is searched for in normalised text, and terms are normalised by the same function, so that both meet in one form. All terms of all lists
//! are found in one pass (two for texts that are not ASCII), whatever their number.

mod automaton;
mod boundary;
mod config;
mod list;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context as _, ensure};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::policy::Action;
use crate::data::Digest;
use automaton::{Automata, Needle};

pub use config::{BlocklistConfig, PatternConfig, PrefilterConfig};

/// Lists and patterns that are ready.
pub struct Prefilter {
    lists: Vec<List>,
    terms: Vec<Term>,
    automata: Automata,
    patterns: Vec<Pattern>,
    /// Tells in one pass which patterns match.
    screen: RegexSet,
    digest: String,
    categories: Vec<String>,
}

struct List {
    config: BlocklistConfig,
    category: usize,
}

struct Term {
    list: usize,
    is_exception: bool,
    /// Such as `en.txt:12`.
    rule: String,
}

struct Pattern {
    name: String,
    regex: Regex,
    category: usize,
    action: Action,
}

/// A term or pattern found in a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'a> {
    /// Where it stands, in bytes of the text that was searched.
    pub range: Range<usize>,
    /// The number of its category in [`Prefilter::categories`].
    pub category: usize,
    /// What matched: the line of a list (`en.txt:12`) or the name of a pattern.
    pub rule: &'a str,
    /// What becomes of the post.
    pub action: Action,
}

/// An occurrence of a term or an exception.
struct Found {
    range: Range<usize>,
    term: usize,
}

/// How far the exceptions and the hits of a list reach in a text.
#[derive(Clone, Copy, Default)]
struct Reached {
    exceptions: usize,
    hits: usize,
}

impl Prefilter {
    /// Reads the lists and compiles the patterns. `normalise` gives terms the form in which posts are searched.
    ///
    /// # Errors
    /// Those of [`PrefilterConfig::validate`]; where a list cannot be read, is not UTF-8, has no term, has one twice or one of which `normalise` leaves
    /// nothing, with file and line; where a pattern is no regular expression or matches the empty text.
    pub fn open(
        config: &PrefilterConfig,
        normalise: &dyn Fn(&str) -> String,
    ) -> anyhow::Result<Self> {
        config.validate()?;
        let mut categories: Vec<String> = Vec::new();
        let mut number = |category: &String| {
            let known = categories.iter().position(|known| known == category);
            known.unwrap_or_else(|| {
                categories.push(category.clone());
                categories.len() - 1
            })
        };
        let mut digest = Digest::default();
        let (mut lists, mut terms, mut needles) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (list, label)) in config.lists.iter().zip(labels(&config.lists)).enumerate() {
            for term in list::read(&list.path.resolve()?, normalise)? {
                let facts = (
                    term.is_exception,
                    list.action,
                    &list.language,
                    list.whole_words,
                );
                digest = digest
                    .with(&list.category, &term.text)
                    .with("term", format!("{facts:?}"));
                terms.push(Term {
                    list: place,
                    is_exception: term.is_exception,
                    rule: format!("{label}:{}", term.line),
                });
                needles.push(Needle {
                    text: term.text,
                    whole_words: list.whole_words,
                });
            }
            lists.push(List {
                config: list.clone(),
                category: number(&list.category),
            });
        }
        let mut patterns = Vec::with_capacity(config.patterns.len());
        for pattern in &config.patterns {
            let facts = (&pattern.category, pattern.action);
            digest = digest
                .with("pattern", &pattern.regex)
                .with("pattern of", format!("{facts:?}"));
            patterns.push(Pattern {
                name: pattern.name.clone(),
                regex: pattern.compile()?,
                category: number(&pattern.category),
                action: pattern.action,
            });
        }
        let screen = RegexSetBuilder::new(config.patterns.iter().map(|pattern| &pattern.regex))
            .case_insensitive(true)
            .build()
            .context("the patterns are too large together")?;
        Ok(Self {
            digest: digest.finish(),
            automata: Automata::new(needles)?,
            lists,
            terms,
            patterns,
            screen,
            categories,
        })
    }

    /// Equal digests, equal hits: of the terms and patterns as they are searched for, in whatever files they lie.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The categories of lists and patterns, in the order in which the config first names them.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// All hits in a normalised text of this language (`None`: unknown), in the order of their places; at one place the longer one comes first, then
    /// lists and patterns in the order of the config.
    ///
    /// The hits of one list are the leftmost and of these the longest, without overlap, and so are those of one pattern. Hits of
    /// different lists and patterns may overlap: none hides what another one says. O(n) but for what is found.
    pub fn hits(&self, text: &str, language: Option<&str>) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        self.add_terms(text, language, &mut hits);
        if self.patterns.is_empty() {
            return hits;
        }
        for number in self.screen.matches(text) {
            let pattern = &self.patterns[number];
            let found = pattern.regex.find_iter(text).map(|found| found.range());
            // An empty match, as of `\b`, says nothing of the post.
            let found = found.filter(|range| !range.is_empty());
            hits.extend(found.map(|range| Hit {
                range,
                category: pattern.category,
                rule: &pattern.name,
                action: pattern.action,
            }));
        }
        // Stable: lists and patterns stay in their order.
        hits.sort_by_key(|hit| (hit.range.start, Reverse(hit.range.end)));
        hits
    }

    fn add_terms<'p>(&'p self, text: &str, language: Option<&str>, hits: &mut Vec<Hit<'p>>) {
        let mut found = Vec::new();
        self.automata.search(text, |term, range| {
            let list = &self.lists[self.terms[term].list];
            if list.config.applies_to(language) {
                found.push(Found { range, term });
            }
        });
        if found.is_empty() {
            return;
        }
        // The longest first; so an exception comes before the terms inside it.
        found.sort_by_key(|found| {
            let list = self.terms[found.term].list;
            (found.range.start, Reverse(found.range.end), list)
        });
        let mut reached = vec![Reached::default(); self.lists.len()];
        for Found { range, term } in found {
            let Term {
                list: place, rule, ..
            } = &self.terms[term];
            let reached = &mut reached[*place];
            if self.terms[term].is_exception {
                reached.exceptions = range.end.max(reached.exceptions);
            } else if range.end > reached.exceptions && range.start >= reached.hits {
                reached.hits = range.end;
                let list = &self.lists[*place];
                hits.push(Hit {
                    range,
                    category: list.category,
                    rule,
                    action: list.config.action,
                });
            }
        }
    }
}

/// What hits of each list are called: the name of the file, or the path where several files have this name.
fn labels(lists: &[BlocklistConfig]) -> Vec<&str> {
    let has_namesake = |list: &BlocklistConfig| {
        let mut others = lists.iter().filter(|other| other.path != list.path);
        others.any(|other| file_name(other) == file_name(list))
    };
    let label = |list| {
        if has_namesake(list) {
            &list.path.0
        } else {
            file_name(list)
        }
    };
    lists.iter().map(label).collect()
}

fn file_name(list: &BlocklistConfig) -> &str {
    let path = list.path.0.as_str();
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

impl PatternConfig {
    fn compile(&self) -> anyhow::Result<Regex> {
        let built = RegexBuilder::new(&self.regex)
            .case_insensitive(true)
            .build();
        let regex = built.with_context(|| {
            format!(
                "pattern `{}`: `{}` is no regular expression",
                self.name, self.regex
            )
        })?;
        ensure!(
            !regex.is_match(""),
            "pattern `{}`: `{}` matches the empty text, and so every post",
            self.name,
            self.regex
        );
        Ok(regex)
    }
}

impl PrefilterConfig {
    /// What serde cannot check, without reading any file.
    ///
    /// # Errors
    /// Where there is nothing to search for, a name is blank, two patterns have one name, a list is given twice for one category, or the action is to
    /// approve.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.lists.is_empty() || !self.patterns.is_empty(),
            "the prefilter has neither `lists` nor `patterns`; give one, or leave it out"
        );
        let mut known = BTreeSet::new();
        for list in &self.lists {
            let path = &list.path;
            ensure!(
                !list.category.trim().is_empty(),
                "the list `{path}` has no `category`"
            );
            ensure!(
                known.insert((&path.0, &list.category)),
                "the list `{path}` is given twice for category `{}`",
                list.category
            );
            let language = list.language.as_deref();
            ensure!(
                language.is_none_or(|language| !language.trim().is_empty()),
                "the `language` of the list `{path}` is blank; leave it out where the list is for all"
            );
            ensure!(
                list.action != Action::Approve,
                "the list `{path}` approves; terms that are allowed are lines with `!` in the list that forbids them"
            );
        }
        let mut known = BTreeSet::new();
        for pattern in &self.patterns {
            let name = &pattern.name;
            ensure!(!name.trim().is_empty(), "a pattern has no `name`");
            ensure!(known.insert(name), "two patterns have the name `{name}`");
            ensure!(
                !pattern.category.trim().is_empty(),
                "pattern `{name}` has no `category`"
            );
            ensure!(
                pattern.action != Action::Approve,
                "pattern `{name}` approves; a prefilter only tells violations"
            );
        }
        Ok(())
    }
}
