//! How long each answer took.

use anyhow::{Context, ensure};

use super::read::{numbers, texts};
use super::{Run, files};

/// The latency of one answer: of one example, in one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    /// Block and call within the block, where variants were alternated.
    pub place: Option<(u32, u32)>,
    /// All stages together, or the one that was asked for.
    pub latency_ms: f64,
}

impl Run {
    /// The latency of every answer of `variant`: of all its stages together, or of `stage`. What was measured beside the
    /// pipeline does not count.
    pub fn calls(&self, variant: &str, stage: Option<&str>) -> anyhow::Result<Vec<Call>> {
        let frame = self.read(files::TIMINGS)?;
        let (variants, examples) = (texts(&frame, "variant")?, texts(&frame, "example_id")?);
        let stages = texts(&frame, "stage")?;
        let latencies = numbers(&frame, "latency_ms")?;
        let asides = frame.column("aside")?.bool()?.clone();
        let (blocks, calls) = (
            frame.column("block")?.u32()?.to_vec(),
            frame.column("call")?.u32()?.to_vec(),
        );
        let mut found: Vec<(&str, Call)> = Vec::new();
        for row in 0..frame.height() {
            let asked = stage.is_none_or(|stage| stages[row] == stage);
            if variants[row] != variant || asides.get(row) == Some(true) || !asked {
                continue;
            }
            let latency_ms = latencies[row].context("a stage without its latency")?;
            let place = blocks[row].zip(calls[row]);
            // The stages of one answer stand together.
            match found.last_mut() {
                Some((example, call))
                    if *example == examples[row] && call.place == place && stage.is_none() =>
                {
                    call.latency_ms += latency_ms;
                }
                _ => found.push((&examples[row], Call { place, latency_ms })),
            }
        }
        if let Some(stage) = stage {
            ensure!(
                !found.is_empty(),
                "`{}` has no stage `{stage}` of variant `{variant}`",
                self.path.file(files::TIMINGS).display()
            );
        }
        Ok(found.into_iter().map(|(_, call)| call).collect())
    }
}
