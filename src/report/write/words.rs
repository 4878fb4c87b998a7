//! What a run said in words: answers with what they rest on, and what stages wrote on the way.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringBuilder, UInt32Array,
};

use super::{Evaluated, Row, batch, numbers, rows, texts};
use crate::metrics::MetricFacts;
use crate::outputs::{Answer, Citation, Sentence, Source, Stage, Usage};

/// One answer of one variant.
struct Answered<'a> {
    of: &'a Row<'a>,
    answer: &'a Answer,
}

fn answered<'a>(rows: &'a [Row<'a>]) -> Vec<Answered<'a>> {
    let answer = |of: &'a Row<'a>| {
        let answer = of.output.answer.as_ref()?;
        Some(Answered { of, answer })
    };
    rows.iter().filter_map(answer).collect()
}

/// A row an answer.
pub(super) fn answer_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let rows = answered(&rows);
    let flags = |of: fn(&Answer) -> bool| -> ArrayRef {
        let flag = |row: &Answered<'_>| Some(of(row.answer));
        Arc::new(rows.iter().map(flag).collect::<BooleanArray>())
    };
    let counts = |of: fn(&Answer) -> usize| -> ArrayRef {
        let count = |row: &Answered<'_>| i64::try_from(of(row.answer)).ok();
        Arc::new(rows.iter().map(count).collect::<Int64Array>())
    };
    let lists = |of: fn(&Source) -> &str| -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in &rows {
            lists.append_value(row.answer.sources.iter().map(|source| Some(of(source))));
        }
        Arc::new(lists.finish())
    };
    batch(vec![
        ("variant", texts(&rows, |row| Some(row.of.variant))),
        ("example_id", texts(&rows, |row| Some(&row.of.example.id))),
        ("answer", texts(&rows, |row| Some(&row.answer.text))),
        ("refused", flags(|answer| answer.refused)),
        (
            "confidence",
            numbers(&rows, |row| Some(row.answer.confidence)),
        ),
        ("review", flags(|answer| answer.review)),
        ("sources", lists(|source| &source.item)),
        ("source_titles", lists(|source| &source.title)),
        ("prompt_tokens", counts(|answer| answer.prompt_tokens)),
        ("prefix_tokens", counts(|answer| answer.prefix_tokens)),
        (
            "truncated_sources",
            counts(|answer| {
                answer
                    .sources
                    .iter()
                    .filter(|source| source.truncated)
                    .count()
            }),
        ),
        ("dropped_sources", counts(|answer| answer.dropped_sources)),
        (
            "duplicate_sources",
            counts(|answer| answer.duplicate_sources),
        ),
        ("forgotten_lines", counts(|answer| answer.forgotten_lines)),
    ])
}

/// One sentence of an answer, with one of its citations where it has any.
struct Cited<'a> {
    of: &'a Answered<'a>,
    number: u32,
    sentence: &'a Sentence,
    citation: Option<&'a Citation>,
}

/// A row a citation, and one for each sentence without any.
pub(super) fn citation_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let answers = answered(&rows);
    let mut cited: Vec<Cited<'_>> = Vec::new();
    for of in &answers {
        for (number, sentence) in (1..).zip(&of.answer.sentences) {
            let row = |citation| Cited {
                of,
                number,
                sentence,
                citation,
            };
            if sentence.citations.is_empty() {
                cited.push(row(None));
            }
            cited.extend(sentence.citations.iter().map(Some).map(row));
        }
    }
    let counts = |of: fn(&Cited<'_>) -> Option<u32>| -> ArrayRef {
        Arc::new(cited.iter().map(of).collect::<UInt32Array>())
    };
    let verified = cited.iter().map(|row| Some(row.citation?.verified));
    batch(vec![
        ("variant", texts(&cited, |row| Some(row.of.of.variant))),
        (
            "example_id",
            texts(&cited, |row| Some(&row.of.of.example.id)),
        ),
        ("sentence", counts(|row| Some(row.number))),
        (
            "text",
            texts(&cited, |row| {
                row.of.answer.text.get(row.sentence.start..row.sentence.end)
            }),
        ),
        ("cites", counts(|row| Some(row.citation?.number))),
        (
            "item",
            texts(&cited, |row| {
                let place = (row.citation?.number as usize).checked_sub(1)?;
                Some(&row.of.answer.sources.get(place)?.item)
            }),
        ),
        ("support", numbers(&cited, |row| row.citation?.support)),
        ("verified", Arc::new(verified.collect::<BooleanArray>())),
        ("best_source", counts(|row| Some(row.sentence.best?.0))),
        (
            "best_support",
            numbers(&cited, |row| Some(row.sentence.best?.1)),
        ),
    ])
}

/// Whether a stage wrote anything, asked a language model, or was not done as the config says.
pub(super) fn is_worded(stage: &Stage) -> bool {
    stage.text.is_some() || stage.usage.is_some() || stage.degraded.is_some()
}

/// One stage that wrote.
struct Worded<'a> {
    of: &'a Row<'a>,
    step: u32,
    stage: &'a Stage,
}

/// A row a stage that wrote anything, asked a language model, or was not done as the config says.
pub(super) fn text_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let mut worded: Vec<Worded<'_>> = Vec::new();
    for of in &rows {
        let stages = (0..).zip(&of.output.stages);
        let wrote = stages.filter(|(_, stage)| is_worded(stage));
        worded.extend(wrote.map(|(step, stage)| Worded { of, step, stage }));
    }
    let counts = |of: fn(&Usage) -> u64| -> ArrayRef {
        let count = |row: &Worded<'_>| i64::try_from(of(row.stage.usage.as_ref()?)).ok();
        Arc::new(worded.iter().map(count).collect::<Int64Array>())
    };
    let steps: UInt32Array = worded.iter().map(|row| Some(row.step)).collect();
    batch(vec![
        ("variant", texts(&worded, |row| Some(row.of.variant))),
        ("example_id", texts(&worded, |row| Some(&row.of.example.id))),
        ("step", Arc::new(steps)),
        ("stage", texts(&worded, |row| Some(&row.stage.name))),
        ("text", texts(&worded, |row| row.stage.text.as_deref())),
        (
            "degraded",
            texts(&worded, |row| row.stage.degraded.as_deref()),
        ),
        ("calls", counts(|usage| usage.calls.into())),
        (
            "estimated_calls",
            counts(|usage| usage.estimated_calls.into()),
        ),
        ("tokens_in", counts(|usage| usage.tokens_in)),
        ("cached_tokens_in", counts(|usage| usage.cached_tokens_in)),
        ("tokens_out", counts(|usage| usage.tokens_out)),
        (
            "cost_usd",
            numbers(&worded, |row| row.stage.usage.as_ref()?.cost_usd),
        ),
    ])
}
