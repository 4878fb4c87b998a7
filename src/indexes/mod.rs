//! Indexes on disk: BM25 over tantivy's postings, exact and approximate dense search, and the store that keeps them whole.

mod bm25;
mod build;
mod documents;
mod flat;
mod hnsw;
mod intake;
mod manifest;
mod open;
mod store;
mod top;

pub use bm25::{Bm25, Bm25Params, Bm25Scorer, Term};
pub use build::{Built, build, is_current, make_current};
pub use documents::{Documents, Origin, Shown, Visible};
pub use flat::Flat;
pub use hnsw::{Breadth, GRAPH_PAYS_FROM, Hnsw, HnswConfig};
pub use manifest::{IndexConfig, Manifest, OpenError, VectorFacts, VectorsConfig};
pub use open::{Index, Vectors};
pub use top::Hit;
