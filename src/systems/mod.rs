//! The systems that ragkit evaluates. A folder reads top to bottom as the stages of its pipeline.

pub mod rag;

use std::collections::HashMap;

use crate::metrics::MetricFacts;
use crate::outputs::Output;

/// A pipeline under evaluation, with all its variants, so that they can share the work that they have in common.
///
/// Used statically, never as `dyn`: the evaluation loop is compiled for each system.
pub trait System {
    /// One row of the dataset.
    type Example;

    /// The example's id, unique in the dataset.
    fn id<'a>(&self, example: &'a Self::Example) -> &'a str;

    /// A named fact about the example, by which a report can be sliced.
    fn fact<'a>(&self, example: &'a Self::Example, name: &str) -> Option<&'a str>;

    /// What must be known of each variant's answers to read its numbers, in the order of the config.
    fn notes(&self) -> Vec<String>;

    /// What every variant produces for every example of the batch: `outputs[example][variant]`.
    ///
    /// An output depends on its own example only, never on the batch that it came in.
    fn run(&self, batch: &[&Self::Example]) -> Vec<Vec<Output>>;

    /// The metrics of [`Self::score`].
    fn metrics(&self) -> Vec<MetricFacts>;

    /// The grades of the items that the variants chose, of those that were judged for the example.
    fn grades(&self, example: &Self::Example, outputs: &[Output]) -> HashMap<String, i32>;

    /// One value a metric of what a variant produced; `None` where it has no such value. Pure: no clock, no model, no
    /// file.
    fn score(&self, variant: usize, example: &Self::Example, output: &Output) -> Vec<Option<f64>>;
}
