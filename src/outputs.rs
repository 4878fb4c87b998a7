//! What a system produces for one example: plain data between the systems, the runner and the report.

use serde::{Deserialize, Serialize};

/// What one variant of a system produced for one example.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Output {
    /// What each stage produced, in the order they ran; the last is the system's answer.
    pub stages: Vec<Stage>,
    /// Why there is no answer. An example with an error scores 0 and stays in every mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The batch that it came in, by the examples that were done before it.
    #[serde(default)]
    pub batch: u32,
    /// The clock of every call, where variants were alternated; the stages then carry that of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<Pass>,
}

/// What one stage produced, and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What it produced, best first; empty for a stage that only prepares the next.
    pub items: Vec<Item>,
    /// Wall time of the call divided by the examples that it served.
    pub latency_ms: f64,
    /// Examples that one call served: 1 means that `latency_ms` is what a single caller waits, with the
    /// other threads busy.
    pub batch_size: u32,
    /// Whether it is a measurement beside the pipeline, which no answer rests on and no caller waits for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
}

/// The clock of one call in a run that alternates its variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    /// The block of examples that was served, from 0. In each block every variant is called twice.
    pub block: u32,
    /// Which call of the block it was, from 0.
    pub call: u32,
    /// Name and latency of each stage, in the order they ran, those aside left out.
    pub latencies_ms: Vec<(String, f64)>,
    /// Examples that the call served.
    pub batch_size: u32,
}

/// One thing that a stage chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What: a document's id.
    pub id: String,
    /// How strongly; more is better, comparable within one stage of one example.
    pub score: f64,
}

impl Output {
    /// An output that is an error.
    pub fn failed(error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..Self::default()
        }
    }

    /// The answer: what the last stage chose.
    pub fn answer(&self) -> &[Item] {
        self.stages.last().map_or(&[], |stage| &stage.items)
    }
}
