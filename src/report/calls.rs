//! How long each answer took.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::read::{numbers, texts};
use super::{Run, files};

/// The latency of one answer: of one example, in one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The example.
    pub example: String,
    /// The batch of examples that it came in; of a run that alternated its variants, the batch and the round.
    pub block: u32,
    /// Which call of the block it was, where variants were alternated.
    pub call: Option<u32>,
    /// The most examples that one of its stages served at once.
    pub batch_size: u32,
    /// All stages together, or the one that was asked for.
    pub latency_ms: f64,
}

/// Example, block and call.
type Key<'a> = (&'a str, u32, Option<u32>);

impl Run {
    /// The latency of every answer of `variant`: of all its stages together, or of `stage`. What was measured beside the
    /// pipeline does not count. In the order of examples, blocks and calls.
    ///
    /// # Errors
    /// Where there is no such variant, nothing was timed, or a latency is no number from 0.
    pub fn calls(&self, variant: &str, stage: Option<&str>) -> anyhow::Result<Vec<Call>> {
        let path = self.path.file(files::TIMINGS);
        let frame = self.read(files::TIMINGS)?;
        let (variants, examples) = (texts(&frame, "variant")?, texts(&frame, "example_id")?);
        let stages = texts(&frame, "stage")?;
        let latencies = numbers(&frame, "latency_ms")?;
        let asides = frame.column("aside")?.bool()?.clone();
        let counts = |name: &str| anyhow::Ok(frame.column(name)?.u32()?.to_vec());
        let (batch_sizes, blocks, calls) =
            (counts("batch_size")?, counts("block")?, counts("call")?);
        let mut found: BTreeMap<Key<'_>, Vec<(f64, u32)>> = BTreeMap::new();
        for row in 0..frame.height() {
            let asked = stage.is_none_or(|stage| stages[row] == stage);
            if variants[row] != variant || asides.get(row) == Some(true) || !asked {
                continue;
            }
            let latency_ms = latencies[row].filter(|ms| ms.is_finite() && *ms >= 0.0);
            let latency_ms = latency_ms.with_context(|| {
                format!(
                    "`{}`: a latency of example `{}` is no number from 0",
                    path.display(),
                    examples[row]
                )
            })?;
            let block = blocks[row]
                .with_context(|| format!("`{}`: a row without its block", path.display()))?;
            let key = (examples[row].as_str(), block, calls[row]);
            found
                .entry(key)
                .or_default()
                .push((latency_ms, batch_sizes[row].unwrap_or(1)));
        }
        ensure!(
            !found.is_empty(),
            "`{}` has no latency of variant `{variant}`{}",
            path.display(),
            stage.map_or_else(String::new, |stage| format!(" and stage `{stage}`"))
        );
        let call = |((example, block, call), mut stages): (Key<'_>, Vec<(f64, u32)>)| {
            // The sum must not depend on the order of rows.
            stages.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            Call {
                example: example.to_owned(),
                block,
                call,
                batch_size: stages.iter().map(|(_, size)| *size).max().unwrap_or(1),
                latency_ms: stages.iter().map(|(ms, _)| ms).sum(),
            }
        };
        Ok(found.into_iter().map(call).collect())
    }
}
