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
            stages: Vec::new(),
            error: Some(error.into()),
        }
    }

    /// The answer: what the last stage chose.
    pub fn answer(&self) -> &[Item] {
        self.stages.last().map_or(&[], |stage| &stage.items)
    }
}
