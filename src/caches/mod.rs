//! What was computed once is not computed again: content-addressed, and whole whenever a process ends.

mod embedding;

use std::path::PathBuf;

pub use embedding::{CachedEmbedder, Embeddings};

/// Where indexes and caches live: `$RAGKIT_CACHE`, or `.ragkit` in the working directory.
pub fn folder() -> PathBuf {
    std::env::var_os("RAGKIT_CACHE")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| PathBuf::from(".ragkit"), PathBuf::from)
}
