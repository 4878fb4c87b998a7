//! What can become of a post.

use serde::{Deserialize, Serialize};

/// What becomes of a post, from the mildest to the most severe; so the order of the variants is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Everybody sees it.
    Approve,
    /// Adults see it.
    AgeGate,
    /// People decide.
    Escalate,
    /// Nobody sees it.
    Reject,
}

impl Action {
    /// All of them, in the order of severity.
    pub const ALL: [Self; 4] = [Self::Approve, Self::AgeGate, Self::Escalate, Self::Reject];

    /// Its name, as a policy writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::AgeGate => "age-gate",
            Self::Escalate => "escalate",
            Self::Reject => "reject",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
