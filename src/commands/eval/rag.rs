//! A RAG system: its indexes and models are opened, then its queries run.

use std::num::NonZeroUsize;

use anyhow::ensure;

use super::{Arguments, alternation, evaluate};
use crate::cli::Global;
use crate::data::{Judged, Source};
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::rag::{self, Models, Rag, RagMetric};

pub(super) fn run(
    experiment: &Experiment,
    config: &rag::Config,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let (metrics, source) = (experiment.rag_metrics()?, experiment.source()?);
    let judged = judged(experiment, &metrics, &source, arguments.limit)?;
    let rounds = arguments.interleave.map_or(0, NonZeroUsize::get);
    let progress = global.progress("documents", None);
    let models = Models::open(config, &metrics, rounds == 0)?;
    let indexes =
        experiment.open_indexes(&source, rounds == 0, |text| global.say(text), &progress)?;
    progress.finish_and_clear();
    let rag = Rag::new(&indexes, &judged, config, &metrics, &models)?;
    let identity =
        experiment.rag_identity(&judged, &indexes, rag.digests(), rag.metrics(), rounds)?;
    if identity.dangling > 0 {
        global.say(&format!(
            "note: {} relevant documents are not in the index; they count as not found",
            identity.dangling
        ));
    }
    for note in rag.searches() {
        global.say(&note);
    }
    let single = config.single_variants();
    let alone = |config| Rag::new(&indexes, &judged, config, &metrics, &models);
    let alternation = alternation(arguments, &single, alone)?;
    let with = (experiment, arguments, global);
    evaluate(&rag, alternation.as_ref(), &judged.queries, identity, with)
}

/// The queries that the metrics can be asked of: those that are judged, and where answers are scored those with a gold answer too.
pub(super) fn judged(
    experiment: &Experiment,
    metrics: &[RagMetric],
    source: &Source,
    limit: Option<NonZeroUsize>,
) -> anyhow::Result<Judged> {
    let gold = RagMetric::gold(metrics);
    let mut judged = Judged::read(source, gold)?;
    for slice in experiment.slices.iter().chain(&experiment.cluster) {
        ensure!(
            judged
                .queries
                .iter()
                .any(|query| query.fact(slice).is_some()),
            "no query has the field `{slice}` that `slices` or `cluster` names; the fields are {}",
            judged.fields().join(", ")
        );
    }
    if let Some(limit) = limit {
        judged.queries.truncate(limit.get());
    }
    Ok(judged)
}
