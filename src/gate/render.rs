//! A verdict as people read it.

use super::{Answer, Check, Verdict};
use crate::comparison::some_of;
use crate::report::{ALL, Style, plain, text_table};

/// The whole verdict: what was compared, every check, and what it comes to.
pub fn render(verdict: &Verdict, style: Style) -> String {
    let mut lines = Vec::new();
    let headline = headline(verdict);
    if style == Style::Markdown {
        lines.push(format!("### {headline}\n"));
    }
    lines.push(format!("run       {}", verdict.run));
    if let Some(baseline) = &verdict.baseline {
        lines.push(format!("baseline  {baseline}"));
    }
    for waived in &verdict.waived {
        lines.push(plain(style, &format!("waived: {}", waived.detail)));
    }
    if !verdict.left_out.is_empty() {
        let ids = some_of(&verdict.left_out, SHOWN);
        let line = format!("left out, being on one side only: {ids}");
        lines.push(plain(style, &line));
    }
    if style == Style::Markdown {
        // Two blanks at the end of a line break it.
        lines = lines.into_iter().map(|line| line + "  ").collect();
    }
    let mut parts = vec![lines.join("\n"), table(style, &verdict.checks)];
    if verdict.family > 0 {
        parts.push(format!(
            "no_worse: {} comparisons tested as one family (Holm), chance of any false alarm {}",
            verdict.family, verdict.alpha
        ));
    }
    if style == Style::Terminal {
        parts.push(headline);
    }
    parts.join("\n\n")
}

/// Ids of a list that are shown; all stand in the JSON.
const SHOWN: usize = 20;

/// What it comes to, in one line.
pub(super) fn headline(verdict: &Verdict) -> String {
    let counts = [
        Answer::CannotCompare,
        Answer::Regression,
        Answer::Inconclusive,
        Answer::NotTested,
        Answer::Ok,
    ];
    let counts = counts
        .into_iter()
        .filter(|answer| verdict.count(*answer) > 0);
    let counts: Vec<String> = counts
        .map(|answer| format!("{} {}", verdict.count(answer), answer.word().to_lowercase()))
        .collect();
    let gate = match verdict.exit_code {
        0 => "passed",
        1 => "failed",
        _ => "could not compare",
    };
    format!("gate {}: {gate} ({})", verdict.gate, counts.join(", "))
}

fn table(style: Style, checks: &[Check]) -> String {
    let sliced = checks.iter().any(|check| check.slice != ALL);
    let mut header = vec!["answer", "rule", "variant", "metric"];
    header.extend(sliced.then_some("slice"));
    header.push("because");
    let numbers_from = header.len();
    let rows = checks.iter().map(|check| {
        let mut cells = vec![
            check.answer.word().to_owned(),
            check.rule.to_owned(),
            check.variant.clone(),
            check.metric.clone(),
        ];
        cells.extend(sliced.then(|| check.slice.clone()));
        cells.push(because(check));
        cells
    });
    text_table(style, &header, rows, numbers_from)
}

/// Why, with the two means where there are two.
fn because(check: &Check) -> String {
    match &check.difference {
        Some(row) => format!(
            "{:.4} → {:.4}: {}",
            row.baseline_mean, row.mean, check.because
        ),
        None => check.because.clone(),
    }
}

/// A check in one line.
pub(super) fn one_line(check: &Check) -> String {
    let slice = if check.slice == ALL {
        String::new()
    } else {
        format!(" on {}", check.slice)
    };
    format!(
        "{}: {} of {}{slice}, {}",
        check.answer.word(),
        check.metric,
        check.variant,
        because(check)
    )
}
