//! A moderator's sheet as people read it.

use crate::report::{Style, estimate, text_table};
use crate::systems::moderation::{AttackRow, Estimate, LEVEL, Sheet};

/// The tables that have rows, each with a line that says what it is.
pub(super) fn tables(sheet: &Sheet, style: Style) -> Vec<String> {
    let parts = [
        layers(sheet, style),
        claims(sheet, style),
        queues(sheet, style),
        drift(sheet, style),
        attacks(sheet, style),
        unknown(sheet),
    ];
    parts.into_iter().flatten().collect()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), text)
}

fn milliseconds(value: f64) -> String {
    format!("{value:.3}")
}

fn layers(sheet: &Sheet, style: Style) -> Option<String> {
    let header = [
        "variant",
        "layer",
        "reach",
        "stops",
        "precision",
        "catches",
        "only it",
        "USD/1k",
        "P50 ms",
        "P99 ms",
    ];
    let rows = sheet.layers.iter().map(|row| {
        vec![
            row.variant.clone(),
            row.layer.clone(),
            percent(row.reach),
            percent(row.stopped),
            or_dash(row.precision, percent),
            or_dash(row.caught, percent),
            or_dash(row.caught_only_by, percent),
            format!("{:.4}", row.usd_per_1k),
            or_dash(row.p50_ms, milliseconds),
            or_dash(row.p99_ms, milliseconds),
        ]
    });
    let table = text_table(style, &header, rows, 2);
    (!sheet.layers.is_empty()).then(|| {
        format!("layers, on the posts at hand: the share of posts that comes to each, that it as the last keeps from being approved, how many of these violate; of violating posts the share that it catches as the last, and that no other layer would:\n{table}")
    })
}

fn claims(sheet: &Sheet, style: Style) -> Option<String> {
    let rows = sheet.claims.iter().map(|row| {
        let met = match row.met {
            Some(true) => "met",
            Some(false) => "not met",
            None => "not known",
        };
        vec![
            row.variant.clone(),
            row.claim.clone(),
            met.to_owned(),
            row.found.clone(),
        ]
    });
    let table = text_table(style, &["variant", "claim", "", "found"], rows, 4);
    (!sheet.claims.is_empty()).then(|| format!("what is usually claimed, on this run:\n{table}"))
}

fn queues(sheet: &Sheet, style: Style) -> Option<String> {
    let header = [
        "variant",
        "violating",
        "reviewed",
        "items/day",
        "precision",
        "Erlang",
        "seats",
        "people",
        "P95 age",
    ];
    let minutes = |seconds: f64| format!("{:.1} min", seconds / 60.0);
    let whole = |value: f64| format!("{value:.0}");
    let rows = sheet.queues.iter().map(|row| {
        let note = if row.of_sample { " (sample)" } else { "" };
        vec![
            row.variant.clone(),
            format!("{:.2} %{note}", row.prevalence * 100.0),
            format!("{:.2} %", row.reviewed * 100.0),
            whole(row.items_per_day),
            or_dash(row.precision, percent),
            format!("{:.1}", row.load_erlangs),
            or_dash(row.seats, |seats| seats.to_string()),
            or_dash(row.people, whole),
            or_dash(row.p95_age_s, minutes),
        ]
    });
    let table = text_table(style, &header, rows, 1);
    (!sheet.queues.is_empty()).then(|| {
        format!("people's queue at the config's load and prevalence, by Erlang C:\n{table}")
    })
}

fn drift(sheet: &Sheet, style: Style) -> Option<String> {
    let rows = sheet.drift.iter().map(|row| {
        let terms: Vec<String> = row
            .terms
            .iter()
            .map(|(term, count)| format!("{term} {count}"))
            .collect();
        vec![
            row.variant.clone().unwrap_or_default(),
            row.of.clone(),
            row.statistic.clone(),
            format!("{:.4}", row.value),
            format!("{:.4}", row.p),
            if row.alarm { "alarm" } else { "" }.to_owned(),
            terms.join(", "),
        ]
    });
    let header = [
        "variant",
        "of",
        "statistic",
        "value",
        "p",
        "",
        "terms (new posts)",
    ];
    let table = text_table(style, &header, rows, 7);
    (!sheet.drift.is_empty()).then(|| {
        format!("drift between the two periods; an alarm where p, adjusted for the rows of one variant or of words (Holm), is below {LEVEL}:\n{table}")
    })
}

fn attacks(sheet: &Sheet, style: Style) -> Option<String> {
    let points = |value: Option<Estimate>, is_signed: bool| {
        or_dash(value, |value| {
            let scaled = |number: f64| number * 100.0;
            estimate(
                scaled(value.mean),
                value.low.map(scaled),
                value.high.map(scaled),
                is_signed,
            )
        })
    };
    let row = |row: &AttackRow| {
        vec![
            row.variant.clone(),
            row.family.map_or("none", |family| family.name()).to_owned(),
            row.budget.to_string(),
            row.attacked.to_string(),
            points(row.recall_drop, false),
            points(row.success, false),
            row.benign.to_string(),
            points(row.false_positive_rate, false),
            points(row.false_positive_rise, true),
        ]
    };
    let header = [
        "variant",
        "attack",
        "edits",
        "attacked",
        "recall drop",
        "success",
        "benign",
        "caught",
        "rise",
    ];
    let table = text_table(style, &header, sheet.attacks.iter().map(row), 2);
    (!sheet.attacks.is_empty()).then(|| {
        format!("attacks, in points (%): how far recall drops, how many attacked posts slip past; how many benign posts are caught then, and how many more than without:\n{table}")
    })
}

fn unknown(sheet: &Sheet) -> Option<String> {
    let line = |row: &crate::systems::moderation::UnknownGroups| {
        format!(
            "{}: no {}({}) of {}: one class only; means over groups leave them out",
            row.variant,
            row.figure,
            row.category,
            row.groups.join(", ")
        )
    };
    let lines: Vec<String> = sheet.unknown_groups.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
