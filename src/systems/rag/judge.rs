//! Faithfulness: what each answer claims is held against the texts that it was to rest on, beside the pipeline.

use std::time::Instant;

use super::answers::Verifier;
use crate::claims::Claiming;
use crate::faithfulness::{Context, OpenedScorer, Subject, Verdict, quote};
use crate::outputs::{Answer, Stage};

/// The stage that says how long the judging took and what it asked of a language model.
const STAGE: &str = "faithfulness";

/// An answer with what it was to rest on.
pub(super) struct Judged<'a> {
    pub(super) question: &'a str,
    pub(super) answer: &'a mut Answer,
    pub(super) contexts: Vec<Context<'a>>,
}

/// Notes in every answer what it claims and whether that is supported, and returns a stage for each. An answer that could not be judged has
/// no claims, and its stage says why.
pub(super) fn judge(
    scorer: &OpenedScorer,
    verifier: Verifier,
    answers: &mut [Judged<'_>],
) -> Vec<Stage> {
    let read: Vec<Claiming> = answers
        .iter()
        .map(|judged| Claiming::of(judged.answer, verifier.thinks))
        .collect();
    let subjects: Vec<Subject<'_>> = answers
        .iter()
        .zip(&read)
        .map(|(judged, read)| Subject {
            question: judged.question,
            answer: &read.words,
            sentences: &read.sentences,
            contexts: judged.contexts.clone(),
            set: None,
        })
        .collect();
    let started = Instant::now();
    let verdicts = scorer.scorer.score(&subjects);
    let served = subjects.len();
    let latency_ms = started.elapsed().as_secs_f64() * 1e3 / served.max(1) as f64;
    let contexts = subjects.into_iter().map(|subject| subject.contexts);
    let contexts: Vec<Vec<Context<'_>>> = contexts.collect();
    let noted = |((judged, contexts), verdict): ((&mut Judged<'_>, _), Result<Verdict, String>)| {
        let mut stage = Stage {
            name: STAGE.to_owned(),
            aside: true,
            writes: true,
            latency_ms,
            batch_size: u32::try_from(served).unwrap_or(u32::MAX),
            ..Stage::default()
        };
        match verdict {
            Ok(mut verdict) => {
                quote(&mut verdict.claims, contexts);
                judged.answer.claims = Some(verdict.claims);
                stage.usage = verdict.usage;
                stage.degraded = verdict.degraded;
            }
            Err(reason) => stage.degraded = Some(format!("not judged: {reason}")),
        }
        stage
    };
    let together = answers.iter_mut().zip(&contexts).zip(verdicts);
    together
        .map(|((judged, contexts), verdict)| noted(((judged, contexts.as_slice()), verdict)))
        .collect()
}
