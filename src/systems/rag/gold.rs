//! Gold spans held against the documents of an index: a span that points elsewhere would make every figure wrong.

use std::collections::HashMap;

use anyhow::{bail, ensure};

use crate::data::{GoldSpan, Judged};
use crate::indexes::Index;

/// Checks that every gold span lies inside its document and, where it says what stands there, that this does. A document that
/// is not in the index is not looked at: it is counted elsewhere.
///
/// # Errors
/// With the first span that is not as it should be.
pub(super) fn check(index: &Index, judged: &Judged) -> anyhow::Result<()> {
    if judged.spans.is_empty() {
        return Ok(());
    }
    let mut rows_of: HashMap<&str, Vec<u32>> = HashMap::new();
    for row in 0..u32::try_from(index.documents.len())? {
        rows_of
            .entry(index.documents.origin(row).document)
            .or_default()
            .push(row);
    }
    let mut told: Vec<(u32, &str, &GoldSpan)> = Vec::new();
    for (query, spans) in &judged.spans {
        for span in spans {
            let Some(rows) = rows_of.get(span.document.as_str()) else {
                continue;
            };
            let end = rows
                .iter()
                .map(|row| index.documents.origin(*row).end)
                .max();
            let end = end.unwrap_or(0);
            ensure!(
                span.start < end,
                "query `{query}`: its gold span from {} to {} lies behind the {end} characters of `{}`; count Unicode code points of the extracted text (`ragkit extract` shows it)",
                span.start,
                span.end,
                span.document
            );
            let holds = |row: &&u32| {
                let origin = index.documents.origin(**row);
                origin.start <= span.start && span.end <= origin.end
            };
            if let (Some(_), Some(row)) = (&span.text, rows.iter().find(holds)) {
                told.push((*row, query, span));
            }
        }
    }
    let rows: Vec<u32> = told.iter().map(|(row, ..)| *row).collect();
    for ((row, query, span), shown) in told.iter().zip(index.documents.read(&rows)?) {
        let from = span.start - index.documents.origin(*row).start;
        let found: String = shown
            .text
            .chars()
            .skip(from)
            .take(span.end - span.start)
            .collect();
        let expected = span.text.as_deref().unwrap_or_default();
        if found != expected {
            bail!(
                "query `{query}`: its gold span from {} to {} of `{}` is `{found}` there and not `{expected}`; count Unicode code points of the extracted text (`ragkit extract` shows it)",
                span.start,
                span.end,
                span.document
            );
        }
    }
    Ok(())
}
