//! What answers claim, held against their sources.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, UInt32Array};

use super::{Evaluated, Row, batch, numbers, rows, texts};
use crate::metrics::MetricFacts;
use crate::outputs::{Answer, Claim};

/// One claim of an answer of one variant.
struct Claimed<'a> {
    of: &'a Row<'a>,
    answer: &'a Answer,
    number: u32,
    claim: &'a Claim,
}

impl Claimed<'_> {
    /// What is claimed: in the judge's words, or in the answer's.
    fn text(&self) -> Option<&str> {
        let own = || self.answer.text.get(self.claim.start..self.claim.end);
        self.claim.text.as_deref().or_else(own)
    }
}

/// A row a claim.
pub(super) fn claim_rows(
    examples: &[Evaluated],
    variants: &[String],
    _: &[MetricFacts],
) -> anyhow::Result<RecordBatch> {
    let rows = rows(examples, variants);
    let mut claimed: Vec<Claimed<'_>> = Vec::new();
    for of in &rows {
        let answers = of.output.answer.iter();
        for (answer, claims) in answers.filter_map(|answer| Some((answer, answer.claims.as_ref()?)))
        {
            claimed.extend((1..).zip(claims).map(|(number, claim)| Claimed {
                of,
                answer,
                number,
                claim,
            }));
        }
    }
    let places = |of: fn(&Claim) -> usize| -> ArrayRef {
        let place = |row: &Claimed<'_>| i64::try_from(of(row.claim)).ok();
        Arc::new(claimed.iter().map(place).collect::<Int64Array>())
    };
    let counts = |of: fn(&Claimed<'_>) -> Option<u32>| -> ArrayRef {
        Arc::new(claimed.iter().map(of).collect::<UInt32Array>())
    };
    let supported = claimed.iter().map(|row| Some(row.claim.supported));
    batch(vec![
        ("variant", texts(&claimed, |row| Some(row.of.variant))),
        (
            "example_id",
            texts(&claimed, |row| Some(&row.of.example.id)),
        ),
        ("claim", counts(|row| Some(row.number))),
        ("text", texts(&claimed, Claimed::text)),
        ("start", places(|claim| claim.start)),
        ("end", places(|claim| claim.end)),
        ("support", numbers(&claimed, |row| Some(row.claim.support))),
        ("supported", Arc::new(supported.collect::<BooleanArray>())),
        (
            "evidence_source",
            counts(|row| Some(row.claim.evidence.as_ref()?.source)),
        ),
        (
            "evidence_item",
            texts(&claimed, |row| {
                let place = (row.claim.evidence.as_ref()?.source as usize).checked_sub(1)?;
                Some(&row.answer.sources.get(place)?.item)
            }),
        ),
        (
            "evidence",
            texts(&claimed, |row| Some(&row.claim.evidence.as_ref()?.text)),
        ),
        ("agreement", numbers(&claimed, |row| row.claim.agreement)),
    ])
}
