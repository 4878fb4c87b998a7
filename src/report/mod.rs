//! The run directory: what an evaluation leaves behind, written as Parquet, read back with polars, shown as tables.
//!
//! `reports/README.md` documents every column.

mod calls;
mod directory;
mod manifest;
mod read;
mod results;
mod scores;
mod summary;
mod table;
mod write;

pub use calls::Call;
pub use directory::{RunPath, reports_folder};
pub use manifest::{Host, Identity, IndexFacts, Manifest, VectorsSearched};
pub use read::{Latency, Run};
pub use results::{Ranked, Steps};
pub use scores::Scores;
pub use summary::{ALL, SummaryRow, field_of, summarise};
pub use table::{
    Cell, Style, estimate, index_facts, latency_table, metric_table, pivot, plain, text_table,
};
pub use write::{Evaluated, ScoreRow, write, write_scores};

/// Names of the files of a run directory.
pub mod files {
    /// One row per example and variant.
    pub const EXAMPLES: &str = "examples.parquet";
    /// What the system produced, in long form.
    pub const RESULTS: &str = "results.parquet";
    /// Metric × slice.
    pub const SUMMARY: &str = "summary.parquet";
    /// Latency per example and stage.
    pub const TIMINGS: &str = "timings.parquet";
    /// Judgements that were repeated, where a judge was asked more than once: `variant`, `example_id`, `metric`, `value`.
    pub const JUDGEMENTS: &str = "judgements.parquet";
    /// What the run is; written last: a directory that has it is finished.
    pub const MANIFEST: &str = "manifest.json";
}
