//! A run as people read it: tables for the terminal and for Markdown.

use comfy_table::{CellAlignment, Table, presets};

use super::summary::ALL;
use super::{Identity, IndexFacts, Latency, SummaryRow, VectorsSearched};

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Terminal,
    /// For a Markdown page.
    Markdown,
}

/// A table of texts; columns from `numbers_from` on are aligned to the right.
pub fn text_table(
    style: Style,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    numbers_from: usize,
) -> String {
    let header = header.iter().map(|&name| name.to_owned());
    let mut table = table(style, header, numbers_from);
    let fit = |row: Vec<String>| {
        row.into_iter()
            .map(|text| fitting(style, &text))
            .collect::<Vec<_>>()
    };
    table.add_rows(rows.into_iter().map(fit));
    table.to_string()
}

/// Text that stays one line, and text: what runs and data are called must not become Markdown or HTML.
pub fn plain(style: Style, text: &str) -> String {
    match style {
        Style::Terminal => text.to_owned(),
        Style::Markdown => text.replace('<', "&lt;").replace(['\r', '\n'], " "),
    }
}

/// Text of a cell that stays in its cell.
fn fitting(style: Style, text: &str) -> String {
    let text = plain(style, text);
    match style {
        Style::Terminal => text,
        Style::Markdown => text.replace('|', "\\|"),
    }
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
pub fn estimate(value: f64, low: Option<f64>, high: Option<f64>, signed: bool) -> String {
    let number = |value: f64| {
        // What rounds to 0 has no sign.
        let value = if value.abs() < 5e-5 { 0.0 } else { value };
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

/// The mean of every variant by metric and slice, with its interval. What is defined for no variant in a slice has no row there.
pub fn metric_table(style: Style, variants: &[String], summary: &[SummaryRow]) -> String {
    let is_told = |row: &&SummaryRow| {
        let mut others = summary.iter();
        let is_same = |other: &SummaryRow| other.slice == row.slice && other.metric == row.metric;
        row.slice == ALL
            || row.is_defined()
            || others.any(|other| is_same(other) && other.is_defined())
    };
    let cells = summary.iter().filter(is_told).map(|row| Cell {
        column: &row.variant,
        metric: &row.metric,
        slice: &row.slice,
        n: row.n,
        text: if row.is_defined() {
            estimate(row.mean, row.ci_low, row.ci_high, false)
        } else {
            "not defined".to_owned()
        },
    });
    pivot(style, variants, &cells.collect::<Vec<_>>(), String::clone)
}

/// A cell of [`pivot`].
pub struct Cell<'a> {
    /// The column that it stands in.
    pub column: &'a str,
    /// The metric of its row.
    pub metric: &'a str,
    /// The slice of its row.
    pub slice: &'a str,
    /// Examples behind it.
    pub n: u64,
    /// What it says.
    pub text: String,
}

/// A row per metric and slice in the order of their first cell, a column per variant.
pub fn pivot(
    style: Style,
    columns: &[String],
    cells: &[Cell<'_>],
    title: impl Fn(&String) -> String,
) -> String {
    let sliced = cells.iter().any(|cell| cell.slice != ALL);
    let lead = if sliced {
        vec!["slice", "metric", "n"]
    } else {
        vec!["metric", "n"]
    };
    let header = lead
        .iter()
        .map(|&name| name.to_owned())
        .chain(columns.iter().map(title));
    let mut table = table(style, header, lead.len() - 1);
    let mut rows: Vec<&Cell<'_>> = Vec::new();
    for cell in cells {
        if !rows
            .iter()
            .any(|row| row.metric == cell.metric && row.slice == cell.slice)
        {
            rows.push(cell);
        }
    }
    for row in rows {
        let mut texts = if sliced {
            vec![row.slice.to_owned()]
        } else {
            Vec::new()
        };
        let of_row = cells.iter();
        let of_row = of_row.filter(|c| c.metric == row.metric && c.slice == row.slice);
        let of_row: Vec<&Cell<'_>> = of_row.collect();
        // Variants may have values of different examples: means over these do not compare as they stand.
        let n = of_row.iter().map(|cell| cell.n);
        let (least, most) = (n.clone().min().unwrap_or(0), n.max().unwrap_or(0));
        let n = if least == most {
            least.to_string()
        } else {
            format!("{least}–{most}")
        };
        texts.extend([row.metric.to_owned(), n]);
        texts.extend(columns.iter().map(|column| {
            let found = of_row.iter().find(|cell| cell.column == column);
            found.map_or_else(String::new, |cell| cell.text.clone())
        }));
        table.add_row(texts.iter().map(|text| fitting(style, text)));
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
    let one = |index: &IndexFacts| index_line(index, identity.indexes.len() > 1);
    identity
        .indexes
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join("\n")
}

fn index_line(index: &IndexFacts, with_variants: bool) -> String {
    let set = |set: &VectorsSearched| {
        format!(
            "vectors `{}` by {} of {} dimensions",
            set.name, set.embedder, set.dim
        )
    };
    let vectors = if index.vectors.is_empty() {
        "no vectors".to_owned()
    } else {
        index.vectors.iter().map(set).collect::<Vec<_>>().join(", ")
    };
    let cut = match &index.cut {
        Some(cut) => format!(" as {} {cut}", index.passages),
        None => String::new(),
    };
    let refused = match index.refused_files {
        0 => String::new(),
        refused => format!(", {refused} files refused"),
    };
    let variants = if with_variants {
        format!(" of {}", index.variants.join(", "))
    } else {
        String::new()
    };
    format!(
        "index {}{variants}: {} documents{cut} ({} without a term){refused}, {} terms, {vectors}",
        &index.digest[..12.min(index.digest.len())],
        index.documents,
        index.empty_passages,
        index.terms
    )
}
