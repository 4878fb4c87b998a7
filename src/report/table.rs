//! A run as people read it: tables for the terminal and for Markdown.

use comfy_table::{CellAlignment, Table, presets};

use super::{Difference, Identity, Latency, SummaryRow};

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Terminal,
    /// For a Markdown page.
    Markdown,
}

fn table(style: Style, header: impl IntoIterator<Item = String>, numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(match style {
        Style::Terminal => presets::UTF8_FULL_CONDENSED,
        Style::Markdown => presets::ASCII_MARKDOWN,
    });
    table.set_header(header);
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `0.6791 [0.6412, 0.7150]`; without an interval where the data cannot tell.
fn estimate(value: f64, low: Option<f64>, high: Option<f64>, signed: bool) -> String {
    let number = |value: f64| {
        if signed {
            format!("{value:+.4}")
        } else {
            format!("{value:.4}")
        }
    };
    match (low, high) {
        (Some(low), Some(high)) => format!("{} [{}, {}]", number(value), number(low), number(high)),
        _ => format!("{} [no interval]", number(value)),
    }
}

/// Variant × metric × slice with intervals, and below each variant but the first its difference from the first.
pub fn metric_table(
    style: Style,
    identity: &Identity,
    summary: &[SummaryRow],
    differences: &[Difference],
) -> String {
    let sliced = summary.iter().any(|row| row.slice != "all");
    let (baseline, others) = identity
        .variants
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut header = vec!["metric".to_owned()];
    if sliced {
        header.push("slice".into());
    }
    header.push("n".into());
    header.extend(identity.variants.iter().cloned());
    header.extend(others.iter().map(|other| format!("{other} − {baseline}")));
    let mut table = table(style, header, 1 + usize::from(sliced));
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for row in summary {
        let key = (row.metric.as_str(), row.slice.as_str());
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    for (metric, slice) in seen {
        let mut cells = vec![metric.to_owned()];
        if sliced {
            cells.push(slice.to_owned());
        }
        let of = |variant: &str| {
            summary
                .iter()
                .find(|r| r.variant == variant && r.metric == metric && r.slice == slice)
        };
        cells.push(of(baseline).map_or_else(String::new, |row| row.n.to_string()));
        for variant in &identity.variants {
            cells.push(of(variant).map_or_else(String::new, |row| {
                estimate(row.mean, row.ci_low, row.ci_high, false)
            }));
        }
        for other in others {
            let found = differences
                .iter()
                .find(|d| d.variant == *other && d.metric == metric && d.slice == slice);
            cells.push(found.map_or_else(String::new, |d| {
                estimate(d.difference, d.ci_low, d.ci_high, true)
            }));
        }
        table.add_row(cells);
    }
    table.to_string()
}

/// Latency per variant and stage.
pub fn latency_table(style: Style, latencies: &[Latency]) -> String {
    let header = [
        "variant",
        "stage",
        "P50 ms",
        "P95 ms",
        "P99 ms",
        "queries/call",
    ]
    .map(str::to_owned);
    let mut table = table(style, header, 2);
    for row in latencies {
        let milliseconds = |value: f64| format!("{value:.3}");
        table.add_row([
            row.variant.clone(),
            row.stage.clone(),
            milliseconds(row.p50_ms),
            milliseconds(row.p95_ms),
            milliseconds(row.p99_ms),
            row.batch_size.to_string(),
        ]);
    }
    table.to_string()
}

/// What was searched, in one line.
pub fn index_facts(identity: &Identity) -> String {
    let index = &identity.index;
    let vectors = index.dim.map_or_else(
        || "no vectors".to_owned(),
        |dim| format!("{} vectors of {dim} dimensions", index.embedder),
    );
    format!(
        "index {}: {} documents ({} without a term), {} terms, {vectors}",
        &index.digest[..12.min(index.digest.len())],
        index.documents,
        index.empty_documents,
        index.terms
    )
}
