//! The one evaluation loop: batches in, outputs out, each written down as soon as it is there.

mod journal;

use std::path::Path;
use std::time::Instant;

use indicatif::ProgressBar;

use self::journal::Journal;
use crate::outputs::{Output, Pass};
use crate::report::{
    self, Evaluated, Host, Identity, Manifest, RunPath, SummaryRow, files, summarise,
};
use crate::systems::System;
use crate::whole_file::WholeFile;

/// How to run, beyond what the numbers are a function of.
pub struct Options<'a> {
    /// Where runs go.
    pub reports: &'a Path,
    /// Examples that are run together.
    pub batch_size: usize,
    /// Start anew where an unfinished run of the same identity could be continued.
    pub fresh: bool,
    /// What computes the vectors.
    pub device: &'a str,
}

/// A finished evaluation.
pub struct Finished {
    /// Its directory.
    pub path: RunPath,
    /// What stands in its `summary.parquet`.
    pub summary: Vec<SummaryRow>,
    /// What stands in its `manifest.json`.
    pub manifest: Manifest,
}

/// How variants are timed one against the other: each as a system of its own, in turns.
pub struct Alternation<S> {
    /// A system for each variant, in the order of the variants.
    pub alone: Vec<S>,
    /// How often every batch is gone over.
    pub rounds: usize,
}

/// Runs `system` over `examples` and writes the run directory; continues an interrupted run of the same identity.
///
/// With an `alternation` the outputs come from the systems of the single variants, which take turns.
pub fn evaluate<S: System>(
    system: &S,
    alternation: Option<&Alternation<S>>,
    examples: &[S::Example],
    identity: Identity,
    options: &Options<'_>,
    progress: &ProgressBar,
) -> anyhow::Result<Finished> {
    let started = Instant::now();
    let (mut journal, mut done) = Journal::open(options.reports, &identity, options.fresh)?;
    let resumed_examples = done.len();
    let pending: Vec<&S::Example> = examples
        .iter()
        .filter(|example| !done.contains_key(system.id(example)))
        .collect();
    progress.set_position(resumed_examples as u64);
    for (number, batch) in pending.chunks(options.batch_size).enumerate() {
        let place = u32::try_from(done.len()).unwrap_or(u32::MAX);
        let mut outputs: Vec<(&str, Vec<Output>)> = batch
            .iter()
            .map(|example| system.id(example))
            .zip(match alternation {
                Some(alternation) => {
                    alternation.run(batch, number == 0, done.len(), options.batch_size)
                }
                None => system.run(batch),
            })
            .collect();
        for output in outputs.iter_mut().flat_map(|(_, outputs)| outputs) {
            output.batch = place;
        }
        journal.append(&outputs)?;
        done.extend(
            outputs
                .into_iter()
                .map(|(id, outputs)| (id.to_owned(), outputs)),
        );
        progress.inc(batch.len() as u64);
    }
    let evaluated: Vec<Evaluated> = examples
        .iter()
        .filter_map(|example| {
            let outputs = done.remove(system.id(example))?;
            Some(score(system, &identity, example, outputs))
        })
        .collect();

    let metrics = system.metrics();
    let summary = summarise(
        &evaluated,
        &identity.variants,
        &system.notes(),
        &metrics,
        identity.seed,
    );
    report::write(&journal.run, &identity, &metrics, &evaluated, &summary)?;
    report::write_monitoring(&journal.run, &identity, &metrics, &evaluated, &summary)?;
    report::write_curves(&journal.run, &identity, &metrics, &evaluated)?;
    report::write_reliability(&journal.run, &identity, &metrics, &evaluated)?;
    let errors = |variant: usize| {
        evaluated
            .iter()
            .filter(|example| example.outputs[variant].error.is_some())
            .count()
    };
    let manifest = Manifest {
        errors: identity
            .variants
            .iter()
            .cloned()
            .zip((0..).map(errors))
            .collect(),
        device: options.device.to_owned(),
        host: Host::current(),
        finished_utc: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: started.elapsed().as_secs_f64(),
        resumed_examples,
        identity,
    };
    let mut file = WholeFile::create(journal.run.file(files::MANIFEST))?;
    serde_json::to_writer_pretty(&mut file, &manifest)?;
    file.finish()?;
    let path = journal.finish()?;
    Ok(Finished {
        path,
        summary,
        manifest,
    })
}

impl<S: System> Alternation<S> {
    /// Every variant on the batch twice a round, in the order A B … B A, and the next time B A … A B: what drifts with time falls on
    /// all alike, and of two variants also what one call warms for the next. `cold` is the first batch of this process.
    fn run(
        &self,
        batch: &[&S::Example],
        cold: bool,
        done: usize,
        batch_size: usize,
    ) -> Vec<Vec<Output>> {
        if cold {
            // Once for nobody's clock.
            self.alone.iter().for_each(|system| drop(system.run(batch)));
        }
        let mut outputs: Vec<Vec<Output>> =
            vec![vec![Output::default(); self.alone.len()]; batch.len()];
        let there: Vec<usize> = (0..self.alone.len()).collect();
        let back: Vec<usize> = there.iter().copied().rev().collect();
        for round in 0..self.rounds {
            let order = if (done / batch_size + round).is_multiple_of(2) {
                [there.as_slice(), &back]
            } else {
                [back.as_slice(), &there]
            };
            let block = u32::try_from(done * self.rounds + round).unwrap_or(u32::MAX);
            for (call, &variant) in (0..).zip(order.concat().iter()) {
                let produced = self.alone[variant].run(batch);
                for (outputs, mut produced) in outputs.iter_mut().zip(produced) {
                    take(&mut outputs[variant], produced.swap_remove(0), block, call);
                }
            }
        }
        outputs
    }
}

/// Adds the clock of another call; what it produced is kept of the first.
fn take(output: &mut Output, produced: Output, block: u32, call: u32) {
    let timed = produced.stages.iter().filter(|stage| !stage.aside);
    let pass = Pass {
        block,
        call,
        batch_size: timed
            .clone()
            .map(|stage| stage.batch_size)
            .max()
            .unwrap_or(1),
        latencies_ms: timed
            .map(|stage| (stage.name.clone(), stage.latency_ms))
            .collect(),
    };
    if output.passes.is_empty() {
        *output = produced;
    } else if output.error.is_none() {
        // An answer that comes only sometimes is no answer.
        output.error = produced.error;
    }
    output.passes.push(pass);
}

fn score<S: System>(
    system: &S,
    identity: &Identity,
    example: &S::Example,
    outputs: Vec<Output>,
) -> Evaluated {
    let slices = identity.slices.iter().filter_map(|field| {
        let value = system.fact(example, field)?;
        Some(format!("{field}={value}"))
    });
    Evaluated {
        id: system.id(example).to_owned(),
        slices: slices.collect(),
        cluster: identity
            .cluster
            .as_ref()
            .and_then(|field| system.fact(example, field).map(str::to_owned)),
        grades: system.grades(example, &outputs),
        scores: outputs
            .iter()
            .enumerate()
            .map(|(variant, output)| system.score(variant, example, output))
            .collect(),
        outputs,
    }
}
