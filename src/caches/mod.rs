//! What was computed once is not computed again: content-addressed, and whole whenever a process ends.

mod completion;
mod embedding;
mod exact;
mod guards;
mod prefix;
mod semantic;

use std::path::PathBuf;

pub use completion::{CachedModel, language_model};
pub use embedding::{CachedEmbedder, Embeddings};
pub use exact::{ExactCache, normalised};
pub use guards::Guard;
pub use prefix::{BlockKey, PrefixCache};
pub use semantic::{Nearest, SemanticCache};

/// Where indexes and caches live: `$RAGKIT_CACHE`, or `.ragkit` in the working directory.
pub fn folder() -> PathBuf {
    std::env::var_os("RAGKIT_CACHE")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| PathBuf::from(".ragkit"), PathBuf::from)
}
