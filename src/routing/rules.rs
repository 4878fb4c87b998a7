//! Tasks told apart by key words and by the shape of a prompt.

use anyhow::{Context, ensure};
use regex::Regex;
use serde::{Deserialize, Serialize};

/// Rules in order: the first that holds says what kind of task a prompt is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRules {
    /// The rules.
    pub rules: Vec<Rule>,
    /// The task of a prompt that no rule holds of.
    pub otherwise: String,
}

/// A rule; all that it asks for must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// The task that it tells.
    pub task: String,
    /// One of these words or phrases occurs, in whatever letter case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// This regular expression matches somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The prompt has at least so many words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_words: Option<usize>,
    /// The prompt has at most so many words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_words: Option<usize>,
}

/// Rules that are ready.
pub struct Compiled<'a> {
    rules: Vec<(&'a Rule, Vec<Regex>)>,
    otherwise: &'a str,
}

impl TaskRules {
    /// The rules, ready.
    ///
    /// # Errors
    /// Where a rule names no task or asks for nothing, or a pattern is no regular expression.
    pub fn compile(&self) -> anyhow::Result<Compiled<'_>> {
        ensure!(
            !self.otherwise.is_empty(),
            "`otherwise` must name the task of a prompt that no rule holds of"
        );
        let mut compiled = Vec::with_capacity(self.rules.len());
        for (number, rule) in (1..).zip(&self.rules) {
            let regexes = rule.regexes();
            let regexes = regexes.with_context(|| format!("rule {number} (`{}`)", rule.task))?;
            compiled.push((rule, regexes));
        }
        Ok(Compiled {
            rules: compiled,
            otherwise: &self.otherwise,
        })
    }
}

impl Rule {
    fn regexes(&self) -> anyhow::Result<Vec<Regex>> {
        ensure!(!self.task.is_empty(), "it names no `task`");
        let mut patterns = Vec::new();
        if !self.words.is_empty() {
            ensure!(
                self.words.iter().all(|word| !word.trim().is_empty()),
                "one of its `words` is blank"
            );
            let words: Vec<String> = self.words.iter().map(|word| regex::escape(word)).collect();
            // A word ends where no letter follows; signs such as `++` may stand at its end.
            patterns.push(format!(r"(?i)(?:^|\W)(?:{})(?:\W|$)", words.join("|")));
        }
        patterns.extend(self.pattern.clone());
        ensure!(
            !patterns.is_empty() || self.min_words.is_some() || self.max_words.is_some(),
            "it asks for nothing; give `words`, `pattern`, `min_words` or `max_words`"
        );
        let compile = |pattern: &String| {
            Regex::new(pattern).with_context(|| format!("`{pattern}` is no regular expression"))
        };
        patterns.iter().map(compile).collect()
    }
}

impl Compiled<'_> {
    /// The task of a prompt.
    pub fn task(&self, prompt: &str) -> &str {
        let words = prompt.split_whitespace().count();
        let holds = |(rule, regexes): &&(&Rule, Vec<Regex>)| {
            rule.min_words.is_none_or(|least| words >= least)
                && rule.max_words.is_none_or(|most| words <= most)
                && regexes.iter().all(|regex| regex.is_match(prompt))
        };
        let found = self.rules.iter().find(holds);
        found.map_or(self.otherwise, |(rule, _)| &rule.task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_holds_tells_the_task() {
        let rule = |task: &str, words: &[&str]| Rule {
            task: task.to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            ..Rule::default()
        };
        let rules = TaskRules {
            rules: vec![
                rule("coding", &["python", "c++", "stack trace"]),
                Rule {
                    pattern: Some(r"\d+ .* \d+".to_owned()),
                    min_words: Some(5),
                    ..rule("reasoning", &[])
                },
                Rule {
                    max_words: Some(4),
                    ..rule("qa", &[])
                },
            ],
            otherwise: "chat".to_owned(),
        };
        let compiled = rules.compile().unwrap();
        for (prompt, task) in [
            ("Write it in Python, please, for 3 of 4 cases", "coding"),
            ("Why does C++ do this?", "coding"),
            ("Pythons are snakes that live where, and for long?", "chat"),
            ("I have 3 apples and 4 pears", "reasoning"),
            ("3 and 4", "qa"),
            ("What a lovely day it is", "chat"),
        ] {
            assert_eq!(compiled.task(prompt), task, "{prompt}");
        }
        let fails = |rule: Rule| {
            let rules = TaskRules {
                rules: vec![rule],
                otherwise: "chat".to_owned(),
            };
            let error = rules.compile().err().unwrap();
            format!("{error:#}")
        };
        assert!(fails(rule("x", &[])).contains("rule 1 (`x`): it asks for nothing"));
        assert!(fails(rule("", &["a"])).contains("names no `task`"));
        let broken = Rule {
            pattern: Some("(".to_owned()),
            ..rule("x", &[])
        };
        assert!(fails(broken).contains("`(` is no regular expression"));
    }
}
