//! The one evaluation loop: batches in, outputs out, each written down as soon as it is there.

mod journal;

use std::path::Path;
use std::time::Instant;

use indicatif::ProgressBar;

use self::journal::Journal;
use crate::outputs::Output;
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

/// Runs `system` over `examples` and writes the run directory; continues an interrupted run of the same identity.
pub fn evaluate<S: System>(
    system: &S,
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
    for batch in pending.chunks(options.batch_size) {
        let outputs: Vec<(&str, Vec<Output>)> = batch
            .iter()
            .map(|example| system.id(example))
            .zip(system.run(batch))
            .collect();
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
        scores: outputs
            .iter()
            .map(|output| system.score(example, output))
            .collect(),
        outputs,
    }
}
