//! The error for the user's own files: it names the file, the place and what was expected.

use std::path::{Path, PathBuf};

/// A file of the user's that cannot be read as what it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{}`{}: {message}", path.display(), place.map_or_else(String::new, |p| format!(" {p}")))]
pub struct DataError {
    /// The file at fault.
    pub path: PathBuf,
    /// Where in the file, when known.
    pub place: Option<Place>,
    /// What is wrong, what was expected and what to do.
    pub message: String,
}

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of a text file.
    Line(u64),
    /// A row of a table without lines (Parquet, `.npy`).
    Row(u64),
}

impl Place {
    /// The number of the line or row.
    pub fn number(self) -> u64 {
        let (Self::Line(number) | Self::Row(number)) = self;
        number
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Row(n) => write!(f, "row {n}"),
        }
    }
}

impl DataError {
    /// An error about the file as a whole.
    pub fn file(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
            message: message.into(),
        }
    }

    /// An error at one place of the file.
    pub fn at(path: &Path, place: Place, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: Some(place),
            message: message.into(),
        }
    }
}
