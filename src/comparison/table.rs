//! A comparison as people read it.

use super::{Changed, Difference, Parting, StageList};
use crate::report::{ALL, Cell, Ranked, Style, estimate, pivot, text_table};

/// Items of a list that are shown.
const SHOWN: usize = 10;

/// How far every variant is from the first one on the same examples: a row per metric and slice, a column per variant.
pub fn difference_table(style: Style, variants: &[String], differences: &[Difference]) -> String {
    let cells = differences.iter().map(|row| Cell {
        column: &row.variant,
        metric: &row.metric,
        slice: &row.slice,
        n: row.n,
        text: estimate(row.difference, row.ci_low, row.ci_high, true)
            + &row
                .p_holm
                .map_or_else(String::new, |p| format!(" p={p:.4}")),
    });
    let (baseline, others) = variants
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    pivot(style, others, &cells.collect::<Vec<_>>(), |variant| {
        format!("{variant} − {baseline}")
    })
}

/// Everything about every difference: a row each.
pub fn difference_list(style: Style, differences: &[Difference]) -> String {
    let sliced = differences.iter().any(|row| row.slice != ALL);
    let several = differences.iter().any(|row| {
        (&row.baseline, &row.variant) != (&differences[0].baseline, &differences[0].variant)
    });
    let judged = differences.iter().any(|row| row.judge.is_some());
    let scale = |metric: &str| {
        let ends = differences.iter().filter(|row| row.metric == metric);
        ends.flat_map(|row| [Some(row.difference), row.ci_low, row.ci_high])
            .flatten()
            .fold(0.0_f64, |most, end| most.max(end.abs()))
    };
    let mut header = Vec::new();
    header.extend(several.then_some("variant"));
    header.extend(sliced.then_some("slice"));
    let numbers_from = header.len() + 1;
    header.extend([
        "metric",
        "n",
        "baseline",
        "candidate",
        "difference",
        "worse ┆ better",
        "p (Holm)",
        "win/tie/loss",
        "detectable",
        "needed",
    ]);
    header.extend(judged.then_some("judge"));
    let rows = differences.iter().map(|row| {
        let mut cells = Vec::new();
        if several {
            cells.push(if row.baseline == row.variant {
                row.variant.clone()
            } else {
                format!("{} − {}", row.variant, row.baseline)
            });
        }
        cells.extend(sliced.then(|| row.slice.clone()));
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        cells.extend([
            row.metric.clone(),
            match row.clusters {
                Some(clusters) => format!("{} in {clusters}", row.n),
                None => row.n.to_string(),
            },
            format!("{:.4}", row.baseline_mean),
            format!("{:.4}", row.mean),
            estimate(row.difference, row.ci_low, row.ci_high, true),
            picture(row, scale(&row.metric)),
            or_dash(row.p_holm.map(|p| format!("{p:.4}"))),
            format!("{}/{}/{}", row.wins, row.ties, row.losses),
            or_dash(row.detectable.map(|least| format!("{least:.4}"))),
            or_dash(row.needed.map(|needed| format!("{needed:.0}"))),
        ]);
        if judged {
            let noise = row.judge.map(|judge| {
                format!(
                    "±{:.4} ({} of {} flip)",
                    judge.standard_error, judge.flipped, judge.repeated
                )
            });
            cells.push(or_dash(noise));
        }
        cells
    });
    text_table(style, &header, rows, numbers_from)
}

/// The interval on a scale from −`most` to `most`, for the better to the right: `   ├─●──┤  `.
fn picture(row: &Difference, most: f64) -> String {
    const HALF: f64 = 10.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place from 0 to 20"
    )]
    let place = |value: f64| {
        let share = if most > 0.0 {
            row.better.gain(value) / most
        } else {
            0.0
        };
        (HALF + (share * HALF).round()).clamp(0.0, 2.0 * HALF) as usize
    };
    let mut drawn = vec![' '; 21];
    drawn[10] = '┆';
    if let (Some(low), Some(high)) = (row.ci_low, row.ci_high) {
        let (left, right) = (place(low).min(place(high)), place(low).max(place(high)));
        drawn[left..=right].fill('─');
        (drawn[left], drawn[right]) = ('├', '┤');
        if left < 10 && right > 10 {
            drawn[10] = '┼';
        }
    }
    drawn[place(row.difference)] = '●';
    drawn.into_iter().collect()
}

/// Where two sides part, stage by stage.
pub fn parting_table(style: Style, metric: &str, partings: &[Parting]) -> String {
    let share = format!("part of Δ {metric}");
    let header = [
        "first stage that differs",
        "examples",
        "wins",
        "losses",
        &share,
    ];
    let rows = partings.iter().map(|parting| {
        vec![
            parting.stage.clone(),
            parting.examples.to_string(),
            parting.wins.to_string(),
            parting.losses.to_string(),
            format!("{:+.4}", parting.share),
        ]
    });
    text_table(style, &header, rows, 1)
}

/// An example that changed, with both lists of the stage at which they part, or of the last one.
pub fn changed_text(style: Style, changed: &Changed) -> String {
    let parts_at = changed
        .parts_at
        .as_ref()
        .map_or_else(String::new, |stage| format!(", first differs at {stage}"));
    let head = format!(
        "{}: {} {:.4} → {:.4} ({:+.4}){parts_at}",
        changed.example_id, changed.metric, changed.baseline, changed.candidate, changed.difference
    );
    let (Some(before), Some(after)) = (
        changed.baseline_lists.last(),
        changed.candidate_lists.last(),
    ) else {
        return head;
    };
    let ranks = before.items.len().max(after.items.len()).min(SHOWN);
    let shown = |list: &StageList, rank: usize| list.items.get(rank).map_or_else(String::new, item);
    let rows = (0..ranks).map(|rank| {
        vec![
            (rank + 1).to_string(),
            shown(before, rank),
            shown(after, rank),
        ]
    });
    let header = [
        "rank".to_owned(),
        format!("baseline ({})", before.stage),
        format!("candidate ({})", after.stage),
    ];
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    format!("{head}\n{}", text_table(style, &header, rows, 3))
}

/// An item with its grade, where it was judged.
fn item(ranked: &Ranked) -> String {
    match ranked.grade {
        Some(grade) => format!("{} (grade {grade})", ranked.item),
        None => ranked.item.clone(),
    }
}
