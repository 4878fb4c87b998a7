//! Regression verdicts that a team can trust in CI: rules of a gate file, held against a run and its baseline.
//!
//! A rule has three answers and not two: it was broken, it was kept, or these examples cannot tell. All rules that compare
//! form one family, so that a gate of twenty checks alarms on identical systems no more often than a gate of one.

mod annotations;
mod baseline;
mod bound;
mod check;
mod compared;
mod config;
mod junit;
mod latency;
mod no_worse;
mod ratio;
mod render;
mod verdict;

pub use annotations::annotations;
pub use baseline::{Ledger, Promotion};
pub use check::check;
pub use config::{Gate, OnInconclusive};
pub use junit::junit;
pub use no_worse::no_worse;
pub use ratio::{Noise, NoiseOf, calibrate};
pub use render::render;
pub use verdict::{Answer, Check, Verdict};
