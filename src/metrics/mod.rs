//! Metrics: pure functions over slices, and the names by which a config, a report and a gate ask for them.
//!
//! Names are written as ir-measures writes them (`nDCG@10`, `P(rel=2)@5`, `RR`, `AP`, `Judged@10`) and read with the usual
//! aliases (`mrr`, `map`, `recall@100`) and by trec_eval's own names (`ndcg_cut_10`, `P.5`, `gm_map`). Nothing here knows
//! about indexes, models or files.

pub mod answer;
pub mod bias;
pub mod binary;
pub mod calibration;
mod classes;
mod classification;
mod clusters;
mod column;
pub mod correlation;
pub mod disagreement;
pub mod drift;
mod facts;
pub mod gain;
pub mod interpolated;
mod judgements;
mod measure;
mod name;
pub mod paired;
pub mod pool;
pub mod pooled;
pub mod power;
pub mod prediction_powered;
pub mod ranking;
pub mod routing;
pub mod significance;
pub mod spans;
pub mod statistics;
pub mod ties;
pub mod trec_eval;

pub use classes::macro_f1;
pub use classification::{Classification, Ppb};
pub use clusters::Clusters;
pub use column::{Column, PooledFrom, Side, Statistic, intervals};
pub use facts::{Better, Explanation, MetricFacts};
pub use gain::{Gain, RbpGain};
pub use interpolated::RecallPoint;
pub use judgements::Judgements;
pub use measure::{Aggregate, Measure, Metric, Rules};
pub use name::UnknownMetric;
pub use pooled::Pooled;
