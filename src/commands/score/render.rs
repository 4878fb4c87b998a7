//! A scoring as text.

use serde_json::json;

use super::arguments::Format;
use super::outcome::{Outcome, Scored, names};
use crate::comparison::difference_table;
use crate::metrics::significance::PATTERNS;
use crate::metrics::ties::Bounds;
use crate::metrics::{Aggregate, Metric};
use crate::report::{Style, metric_table, text_table};
use crate::scoring::{Convention, Missing, QueryScores};

/// Definition, conventions and source of each metric.
pub(super) fn explanations(metrics: &[Metric], convention: &Convention) -> String {
    let one = |metric: &Metric| {
        let explanation = convention.reading(metric).explanation();
        let combined = match metric.aggregate() {
            Aggregate::Mean => "arithmetic mean over the queries",
            Aggregate::GeometricMean => "geometric mean over the queries",
            Aggregate::Sum => "sum over the queries",
        };
        format!(
            "{metric}\n  definition: {}\n  range: {}\n  nothing retrieved or relevant: {}\n  over queries: {combined}\n  conventions: {}\n  source: {}",
            explanation.definition,
            explanation.range,
            explanation.empty,
            convention.describe(metric),
            explanation.source
        )
    };
    metrics.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn style(format: Format) -> Style {
    match format {
        Format::Markdown => Style::Markdown,
        _ => Style::Terminal,
    }
}

/// Means, differences and, where asked for, the values of single queries.
pub(super) fn outcome(
    outcome: &Outcome,
    format: Format,
    per_query: bool,
) -> anyhow::Result<String> {
    if format == Format::Json {
        return Ok(serde_json::to_string_pretty(&as_json(outcome, per_query))?);
    }
    let style = style(format);
    let mut parts = Vec::new();
    if per_query {
        let mut header = vec!["run", "query"];
        header.extend(outcome.metrics.iter().map(String::as_str));
        let rows = outcome
            .names
            .iter()
            .zip(&outcome.runs)
            .flat_map(|(name, run)| {
                run.scores.queries.iter().map(move |query| {
                    let values = query.values.iter().map(|value| format!("{value:.4}"));
                    [name.clone(), query.query.clone()]
                        .into_iter()
                        .chain(values)
                        .collect()
                })
            });
        parts.push(text_table(style, &header, rows, 2));
    }
    parts.push(metric_table(style, &outcome.names, &outcome.summary));
    if !outcome.differences.is_empty() {
        parts.push(format!(
            "difference from the first run, paired by query; p by sign flips ({PATTERNS}, or all where they are fewer), adjusted for the {} tests (Holm):",
            outcome.differences.len()
        ));
        parts.push(difference_table(
            style,
            &outcome.names,
            &outcome.differences,
        ));
    }
    parts.push(conventions(&outcome.metrics, &outcome.conventions));
    Ok(parts.join("\n\n"))
}

/// The convention of every metric; once where it is the same for all.
fn conventions(metrics: &[String], conventions: &[String]) -> String {
    let lines = metrics.iter().zip(conventions);
    let lines = lines.map(|(metric, convention)| format!("{metric}: {convention}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn as_json(outcome: &Outcome, per_query: bool) -> serde_json::Value {
    let runs = outcome.names.iter().zip(&outcome.runs).map(|(name, run)| {
        let mut shown = json!({
            "name": name,
            "tag": run.tag,
            "path": run.path,
            "queries": run.scores.queries.len(),
            "missing": run.scores.missing(),
            "not_judged": run.scores.not_judged,
        });
        if per_query {
            let queries = run.scores.queries.iter().map(|query| {
                let values = outcome
                    .metrics
                    .iter()
                    .cloned()
                    .zip(query.values.iter().map(|value| json!(value)));
                (
                    query.query.clone(),
                    values.collect::<serde_json::Map<_, _>>().into(),
                )
            });
            shown["per_query"] = queries.collect::<serde_json::Map<_, _>>().into();
        }
        shown
    });
    let conventions = outcome
        .metrics
        .iter()
        .cloned()
        .zip(outcome.conventions.iter().map(|text| json!(text)));
    json!({
        "judged_queries": outcome.judged_queries,
        "seed": outcome.seed,
        "runs": runs.collect::<Vec<_>>(),
        "summary": outcome.summary,
        "differences": outcome.differences,
        "conventions": conventions.collect::<serde_json::Map<_, _>>(),
    })
}

/// What tied scores leave open.
pub(super) fn bounds(
    runs: &[Scored<Bounds>],
    metrics: &[Metric],
    convention: &Convention,
    format: Format,
) -> anyhow::Result<String> {
    let names = names(runs);
    let mut rows = Vec::new();
    for (place, metric) in metrics.iter().enumerate() {
        for (name, run) in names.iter().zip(runs) {
            rows.push((
                metric.to_string(),
                name.clone(),
                run.scores.queries.len(),
                mean_bounds(run, place, metric, convention.missing),
            ));
        }
    }
    if format == Format::Json {
        let row = |(metric, run, n, bounds): &(String, String, usize, Bounds)| {
            json!({
                "run": run, "metric": metric, "n": n,
                "lowest": bounds.lowest, "expected": bounds.expected, "highest": bounds.highest,
                "width": bounds.highest - bounds.lowest,
            })
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        return Ok(serde_json::to_string_pretty(&json!({ "ties": rows }))?);
    }
    let cells = rows.into_iter().map(|(metric, run, n, bounds)| {
        let number = |value: f64| format!("{value:.4}");
        vec![
            metric,
            run,
            n.to_string(),
            number(bounds.lowest),
            bounds.expected.map_or_else(|| "-".to_owned(), number),
            number(bounds.highest),
            number(bounds.highest - bounds.lowest),
        ]
    });
    let header = [
        "metric", "run", "n", "lowest", "expected", "highest", "width",
    ];
    let table = text_table(style(format), &header, cells, 2);
    let precision = if convention.order.single_precision {
        "f32"
    } else {
        "f64"
    };
    Ok(format!(
        "{table}\n\nover all orders of documents whose scores are equal in {precision}; a difference between runs that is smaller than the width may be due to the order alone"
    ))
}

/// The bounds of a metric over all queries: those of a mean are the means of the bounds.
fn mean_bounds(run: &Scored<Bounds>, place: usize, metric: &Metric, missing: Missing) -> Bounds {
    let aggregate = metric.aggregate();
    let over_queries = |of: &dyn Fn(&Bounds) -> f64| {
        // As in `Scores::total`: a sum may leave out what the run lacks.
        let counted = |query: &&QueryScores<Bounds>| {
            !(aggregate == Aggregate::Sum && query.missing && missing == Missing::ZeroInMeans)
        };
        let parts = run.scores.queries.iter().filter(counted);
        let parts = parts.map(|query| aggregate.part(of(&query.values[place])));
        let sum: f64 = parts.sum();
        match aggregate {
            Aggregate::Sum => sum,
            _ => aggregate.whole(sum / run.scores.queries.len() as f64),
        }
    };
    let known = run
        .scores
        .queries
        .iter()
        .all(|query| query.values[place].expected.is_some());
    Bounds {
        lowest: over_queries(&|bounds| bounds.lowest),
        expected: known.then(|| over_queries(&|bounds| bounds.expected.unwrap_or_default())),
        highest: over_queries(&|bounds| bounds.highest),
    }
}
