//! What another system produced, scored.

use super::{Arguments, evaluate, rag};
use crate::cli::Global;
use crate::experiment::Experiment;
use crate::runner::Finished;
use crate::systems::System;
use crate::systems::rag::{Recorded, RecordedConfig};

pub(super) fn run(
    experiment: &Experiment,
    config: &RecordedConfig,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Finished> {
    let (metrics, source) = (experiment.rag_metrics()?, experiment.source()?);
    let judged = rag::judged(experiment, &metrics, &source, arguments.limit)?;
    let recorded = Recorded::open(&judged, &source, config, &metrics)?;
    if recorded.unknown() > 0 {
        global.say(&format!(
            "note: {} recorded answers are to queries that are not evaluated; they are left out",
            recorded.unknown()
        ));
    }
    let examples = judged.queries.len();
    let mut identity = experiment.identity(
        recorded.variants().to_vec(),
        examples,
        recorded.conditions(),
        recorded.metrics(),
    )?;
    identity.models = recorded.digests();
    let with = (experiment, arguments, global);
    evaluate(&recorded, None, &judged.queries, identity, with)
}
