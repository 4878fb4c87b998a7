//! What a system produces for one example: plain data between the systems, the runner and the report.

use serde::{Deserialize, Serialize};

/// What one variant of a system produced for one example.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Output {
    /// What each stage produced, in the order they ran; the last that chooses anything made the list.
    pub stages: Vec<Stage>,
    /// The answer in words, of a system that gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is no answer. An example with an error scores 0 and stays in every mean, but in those of which less is better: there
    /// it has no value.
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What it produced, best first; empty for a stage that only prepares the next.
    pub items: Vec<Item>,
    /// Wall time of the call divided by the examples that it served.
    pub latency_ms: f64,
    /// Examples that one call served, 0 where it was not timed: 1 means that `latency_ms` is what a single caller waits, with the
    /// other threads busy.
    pub batch_size: u32,
    /// Whether it is a measurement beside the pipeline, which no answer rests on and no caller waits for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// Whether it only writes or prepares: the list is that of a stage before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writes: bool,
    /// What it wrote, if anything: a rewritten query, a prompt, an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a language model was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it was not done as the config says, and what was done instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded: Option<String>,
}

/// What a stage asked of a language model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Completions.
    pub calls: u32,
    /// Tokens of the prompts, those that the server had cached included.
    pub tokens_in: u64,
    /// Tokens of the prompts that the server had cached.
    pub cached_tokens_in: u64,
    /// Tokens of the completions.
    pub tokens_out: u64,
    /// What they cost by the config's prices, also where they came from ragkit's own cache and nothing was paid; absent where
    /// the config names no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Time to the first token of the first completion, where it was streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Mean time between tokens, where they were streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter_token_ms: Option<f64>,
    /// Completions that came from ragkit's own cache.
    #[serde(default)]
    pub cached_calls: u32,
    /// Completions whose tokens ragkit counted itself, because the server did not.
    #[serde(default)]
    pub estimated_calls: u32,
}

/// An answer in words, with what it rests on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// As the model gave it.
    pub text: String,
    /// What it could rest on, by number from 1.
    pub sources: Vec<Source>,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// What it claims, held against its sources; absent where no scorer of faithfulness was asked, or it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<Claim>>,
    /// Whether it says that it does not know.
    pub refused: bool,
    /// How sure the system may be of it, 0..=1.
    pub confidence: f64,
    /// Whether a person should look at it.
    pub review: bool,
    /// Tokens of the prompt.
    #[serde(default)]
    pub prompt_tokens: usize,
    /// Of these the first, which are the same for every question: what a server's prefix cache can hold.
    #[serde(default)]
    pub prefix_tokens: usize,
    /// Of the passages that the prompt asks for those that had no room in it.
    #[serde(default)]
    pub dropped_sources: usize,
    /// Passages that were passed over because they say what a source says.
    #[serde(default)]
    pub duplicate_sources: usize,
    /// Lines of what was said before that had no room in the prompt.
    #[serde(default)]
    pub forgotten_lines: usize,
}

/// A text that an answer could rest on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Source {
    /// The passage's id.
    pub item: String,
    /// The document's id.
    pub document: String,
    /// What a reader is shown of it: its title, or its id where it has none.
    pub title: String,
    /// Whether it was cut to fit into the prompt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sentence {
    /// Its first byte in the answer's text.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// What it cites, in order, each number once.
    pub citations: Vec<Citation>,
    /// The source that supports it best, by number from 1, and how well; absent where there is none or it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<(u32, f64)>,
}

/// One thing that an answer claims, held against its sources.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Claim {
    /// What is claimed, where it is not said in the answer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The first byte of the stretch of the answer that claims it.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// How well the sources support it, 0..=1.
    pub support: f64,
    /// Whether that is enough.
    pub supported: bool,
    /// What supports it best, or comes nearest to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Of several votes the share that says what most say, 0..=1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
}

/// A stretch of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// The source, by number from 1.
    pub source: u32,
    /// Its first byte in the source's text.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// Its words, once they are put beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One citation of a sentence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Citation {
    /// The number as it is written.
    pub number: u32,
    /// How well the source supports the sentence, 0..=1; absent where there is no source of that number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<f64>,
    /// Whether that is enough.
    pub verified: bool,
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

    /// The list: what the last stage that chooses chose. What stands aside is not of the pipeline, and stages that write choose nothing.
    pub fn list(&self) -> &[Item] {
        let chooses = |stage: &&Stage| !stage.aside && !stage.writes;
        let last = self.stages.iter().rev().find(chooses);
        last.map_or(&[], |stage| &stage.items)
    }
}
