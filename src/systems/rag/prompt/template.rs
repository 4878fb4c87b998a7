//! The prompt's template: a TOML file with the two messages, the form of a source and the sentence of a refusal.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::data::{DataError, Digest};
use crate::prompts::{Pattern, tags};

/// The messages that a language model gets, with places for what is asked and found.
///
/// See `configs/prompts/enterprise.toml`, which is the one used unless another is named, for what a file may say.
#[derive(Debug, Clone)]
pub struct Template {
    path: PathBuf,
    system: Pattern,
    user: Pattern,
    source: Pattern,
    refusal: String,
    digest: String,
    /// Tags of the template's own, which no value may open or close.
    tags: Vec<String>,
}

/// What a file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    system: String,
    user: String,
    source: String,
    refusal: String,
}

/// What a source may be filled in with.
pub(super) struct SourceValues<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    /// Title, document and metadata by name, already fit for an attribute.
    pub(super) about: &'a [(String, String)],
}

/// The two messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Messages {
    pub(super) system: String,
    pub(super) user: String,
}

/// What the messages are filled in with, already quoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) context: &'a str,
    pub(super) question: &'a str,
    pub(super) history: &'a str,
}

impl Template {
    /// The one that comes with ragkit: the design document's, or the one that has the model reason first.
    pub fn built_in(chain_of_thought: bool) -> Self {
        let (name, text) = if chain_of_thought {
            (
                "configs/prompts/enterprise_cot.toml",
                include_str!("../../../../configs/prompts/enterprise_cot.toml"),
            )
        } else {
            (
                "configs/prompts/enterprise.toml",
                include_str!("../../../../configs/prompts/enterprise.toml"),
            )
        };
        Self::parse(Path::new(name), text).expect("a test reads the built-in templates")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read, lacks a message or has one too many, or has a placeholder that is unknown or lacks one that it needs:
    /// {context} and {question} once in the messages, {number} and {text} in a source. The error names the file and the placeholder.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        Ok(Self::parse(path, &fs_err::read_to_string(path)?)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, DataError> {
        let fault = |message: String| DataError::file(path, message);
        let written: Written = toml::from_str(text).map_err(|error| {
            fault(format!(
                "not a prompt template: {error}\ngive `system`, `user`, `source` and `refusal`, as `configs/prompts/enterprise.toml` does"
            ))
        })?;
        let pattern = |key: &str, text: &str| {
            Pattern::parse(text).map_err(|reason| fault(format!("in `{key}`, {reason}")))
        };
        let template = Self {
            path: path.to_owned(),
            system: pattern("system", &written.system)?,
            user: pattern("user", &written.user)?,
            source: pattern("source", &written.source)?,
            refusal: written.refusal,
            digest: Digest::default().with("template", text).finish(),
            tags: Vec::new(),
        };
        template.check().map_err(fault)?;
        let texts = [&template.system, &template.user, &template.source];
        let tags = tags(texts.into_iter().flat_map(Pattern::texts));
        Ok(Self { tags, ..template })
    }

    fn check(&self) -> Result<(), String> {
        let known = ["context", "question", "history"];
        for (key, pattern) in [("system", &self.system), ("user", &self.user)] {
            if let Some(name) = pattern.names().find(|name| !known.contains(name)) {
                return Err(format!(
                    "`{{{name}}}` in `{key}` is unknown; there are {{context}}, {{question}} and {{history}}, and `{{{{` and `}}}}` for braces"
                ));
            }
        }
        let times = |wanted: &str| {
            let names = self.system.names().chain(self.user.names());
            names.filter(|name| *name == wanted).count()
        };
        for name in ["context", "question"] {
            match times(name) {
                0 => {
                    return Err(format!(
                        "`{{{name}}}` stands neither in `user` nor in `system`; put it where it belongs"
                    ));
                }
                1 => {}
                many => {
                    return Err(format!(
                        "`{{{name}}}` stands {many} times in the messages; leave it once"
                    ));
                }
            }
        }
        for name in ["number", "text"] {
            if !self.source.names().any(|found| found == name) {
                return Err(format!(
                    "`{{{name}}}` does not stand in `source`; put it where it belongs"
                ));
            }
        }
        if self.refusal.trim().is_empty() {
            return Err("`refusal` is empty; give the sentence with which the model is to say that it does not know".to_owned());
        }
        Ok(())
    }

    /// Where it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sentence that says "I don't know".
    pub fn refusal(&self) -> &str {
        &self.refusal
    }

    /// Whether it asks the model to reason first, in a part of its own: whether it names the tag `<thinking>`.
    pub fn thinks(&self) -> bool {
        self.tags.iter().any(|tag| tag == "thinking")
    }

    /// Equal digests, equal files.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Tags that no value may open or close.
    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    /// What a source says of itself: the names in it beside number and text, each once.
    pub(super) fn facts(&self) -> Vec<&str> {
        let mut facts: Vec<&str> = Vec::new();
        for name in self.source.names() {
            if !["number", "text"].contains(&name) && !facts.contains(&name) {
                facts.push(name);
            }
        }
        facts
    }

    /// Appends one source.
    pub(super) fn write_source(&self, source: &SourceValues<'_>, out: &mut String) {
        let number = source.number.to_string();
        let value = |name: &str| match name {
            "number" => Some(number.as_str()),
            "text" => Some(source.text),
            name => {
                let known = source.about.iter().find(|(known, _)| known == name);
                known.map(|(_, value)| value.as_str())
            }
        };
        self.source.write(&value, out);
    }

    /// The messages.
    pub(super) fn messages(&self, values: Values<'_>) -> Messages {
        let value = |name: &str| match name {
            "context" => Some(values.context),
            "question" => Some(values.question),
            "history" => Some(values.history),
            _ => None,
        };
        let mut messages = Messages::default();
        self.system.write(&value, &mut messages.system);
        self.user.write(&value, &mut messages.user);
        messages
    }

    /// What every prompt begins with.
    pub(super) fn head(&self) -> Messages {
        let (system, is_all) = self.system.head();
        let user = if is_all { self.user.head().0 } else { "" };
        Messages {
            system: system.to_owned(),
            user: user.to_owned(),
        }
    }
}
