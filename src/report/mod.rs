//! The run directory: what an evaluation leaves behind, written as Parquet, read back with polars, shown as tables.
//!
//! `reports/README.md` documents every column.

mod calls;
mod curves;
mod directory;
mod manifest;
mod monitoring;
mod read;
mod reliability;
mod results;
mod scores;
mod spent;
mod summary;
mod svg;
mod table;
mod write;

pub use calls::Call;
pub use curves::write_curves;
pub use directory::{RunPath, reports_folder};
pub use manifest::{Host, Identity, IndexFacts, Manifest, VectorsSearched};
pub use monitoring::write_monitoring;
pub use read::{ClaimRow, Latency, Run};
pub use reliability::write_reliability;
pub use results::{Ranked, Steps};
pub use scores::Scores;
pub use spent::Spent;
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
    /// Answers in words, where there are any.
    pub const ANSWERS: &str = "answers.parquet";
    /// Their sentences with what these cite.
    pub const CITATIONS: &str = "citations.parquet";
    /// What answers claim, held against their sources, where that was measured.
    pub const CLAIMS: &str = "claims.parquet";
    /// What stages wrote and asked of language models.
    pub const TEXTS: &str = "texts.parquet";
    /// Quality, latency percentiles, tokens and cost by component and slice.
    pub const MONITORING: &str = "monitoring.parquet";
    /// The same as a page.
    pub const MONITORING_PAGE: &str = "monitoring.html";
    /// The policies of routers.
    pub const CURVES: &str = "curves.parquet";
    /// Their picture.
    pub const CURVES_PICTURE: &str = "curves.svg";
    /// The bins of reliability diagrams of classifiers.
    pub const RELIABILITY: &str = "reliability.parquet";
    /// Their picture.
    pub const RELIABILITY_PICTURE: &str = "reliability.svg";
    /// Judgements that were repeated, where a judge was asked more than once: `variant`, `example_id`, `metric`, `value`.
    pub const JUDGEMENTS: &str = "judgements.parquet";
    /// What the run is; written last: a directory that has it is finished.
    pub const MANIFEST: &str = "manifest.json";
}
