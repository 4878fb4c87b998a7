//! Why a file was not extracted, by a name that can be counted.

use serde::{Deserialize, Serialize};

/// Why nothing was extracted from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// There is no text in it: it is empty, or holds pictures only.
    #[error("it holds no text")]
    Empty,
    /// It needs a password.
    #[error("it is encrypted; save it without a password")]
    Encrypted,
    /// It is not what it says, or is cut off.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// No reader for this kind of file.
    #[error("{0} is not a format that ragkit reads")]
    Unknown(String),
    /// It is larger than `limits.file_mib`.
    #[error("it is larger than the {0} MiB of `limits.file_mib`")]
    TooLarge(u64),
    /// It unpacks to more than it may.
    #[error(
        "it unpacks to more than {0} bytes, as an archive bomb does; see `limits.unpacked_ratio` and `limits.unpacked_mib`"
    )]
    TooMuch(u64),
    /// It is nested more deeply than `limits.depth`.
    #[error("it is nested more than {0} deep")]
    TooDeep(u32),
    /// It took longer than `limits.seconds`.
    #[error("it took longer than the {0} s of processor time of `limits.seconds` (`--seconds`)")]
    TooSlow(u32),
    /// The process that read it died.
    #[error("its reader crashed: {0}")]
    Crashed(String),
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl Refusal {
    /// The name under which it is counted.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Encrypted => "encrypted",
            Self::Damaged(_) => "damaged",
            Self::Unknown(_) => "unknown",
            Self::TooLarge(_) => "too_large",
            Self::TooMuch(_) => "too_much",
            Self::TooDeep(_) => "too_deep",
            Self::TooSlow(_) => "too_slow",
            Self::Crashed(_) => "crashed",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// A file that is not what it says, in the words of whoever found out.
    pub(super) fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }
}
