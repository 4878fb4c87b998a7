//! Paths as they stand in a config or card: `$NAME` is replaced from the environment only when the file is opened.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A path in a config, kept as it was written so that a manifest reads the same on every machine.
///
/// A relative path is relative to the working directory; `$NAME` at a component's start is an environment variable, `$$` a dollar sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathText(pub String);

impl PathText {
    /// A path that means what it says, such as one of the command line.
    pub fn literal(path: &str) -> Self {
        let escape = |part: &str| {
            if part.starts_with('$') {
                format!("${part}")
            } else {
                part.to_owned()
            }
        };
        Self(path.split('/').map(escape).collect::<Vec<_>>().join("/"))
    }

    /// The path with its environment variables filled in.
    pub fn resolve(&self) -> anyhow::Result<PathBuf> {
        let mut path = PathBuf::new();
        for (position, part) in self.0.split('/').enumerate() {
            match part.strip_prefix('$') {
                Some(name) if name.starts_with('$') => path.push(name),
                Some(name) => {
                    let value = std::env::var(name).map_err(|_| {
                        anyhow::anyhow!(
                            "the path `{}` needs the environment variable `{name}`; set it, for example `{name}=/path/to/data ragkit …`",
                            self.0
                        )
                    })?;
                    path.push(value);
                }
                None if position == 0 && part.is_empty() => path.push("/"),
                None => path.push(part),
            }
        }
        Ok(path)
    }

    /// The path of an entry inside this folder.
    #[must_use]
    pub fn join(&self, entry: &str) -> Self {
        Self(format!("{}/{entry}", self.0.trim_end_matches('/')))
    }
}

impl std::fmt::Display for PathText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
