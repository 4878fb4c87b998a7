//! Trade-offs as people read them.

use super::{Ablation, Delta, Gain, Levels, Tradeoff};
use crate::report::{Style, plain, text_table};

/// Of so many queries the cost is shown: that of one is a row of zeros.
const QUERIES: f64 = 1000.0;

impl Ablation {
    /// A row for the baseline by itself and one for each variant, in each slice.
    pub fn table(&self, style: Style) -> String {
        let metrics: Vec<&str> = self.rows.first().map_or_else(Vec::new, |row| {
            let names = row.quality.iter();
            names.map(|gain| gain.difference.metric.as_str()).collect()
        });
        let has = |of: fn(&Tradeoff) -> bool| self.rows.iter().any(of);
        let optional = [
            (Optional::Slice, self.levels.len() > 1),
            (Optional::Tokens, has(|row| row.tokens_in.is_some())),
            (Optional::Cost, has(|row| row.cost_usd.is_some())),
            (Optional::Claim, has(|row| row.claimed.is_some())),
        ];
        let optional = optional.into_iter().filter(|(_, is_there)| *is_there);
        let shown = Shown {
            metrics,
            optional: optional.map(|(column, _)| column).collect(),
        };
        let mut rows = Vec::new();
        for level in &self.levels {
            rows.push(self.level_cells(level, &shown));
            let of_slice = self.rows.iter().filter(|row| row.slice == level.slice);
            rows.extend(of_slice.map(|row| cells(row, &shown)));
        }
        let header = shown.header();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let table = text_table(
            style,
            &header,
            rows,
            2 + usize::from(shown.has(Optional::Slice)),
        );
        format!("{table}\n\n{}", plain_lines(style, &self.notes(&shown)))
    }

    fn level_cells(&self, level: &Levels, shown: &Shown<'_>) -> Vec<String> {
        let mut cells = vec![self.baseline.clone(), "the baseline itself".to_owned()];
        cells.extend(shown.has(Optional::Slice).then(|| level.slice.clone()));
        cells.push(level.n.to_string());
        for metric in &shown.metrics {
            let value = level.quality.iter().find(|(name, _)| name == metric);
            let value = value.and_then(|(_, value)| *value);
            cells.push(or_dash(value, |value| format!("{value:.4}")));
        }
        for value in [level.latency_p50_ms, level.latency_p95_ms] {
            cells.push(or_dash(value, |ms| format!("{ms:.0$}", milliseconds(ms))));
        }
        if shown.has(Optional::Tokens) {
            let tokens = level.tokens_in.zip(level.tokens_out);
            cells.push(or_dash(tokens, |(tokens_in, tokens_out)| {
                format!("{tokens_in:.1} in\n{tokens_out:.1} out")
            }));
        }
        if shown.has(Optional::Cost) {
            cells.push(or_dash(level.cost_usd, |cost| {
                format!("{:.3}", QUERIES * cost)
            }));
        }
        cells.extend(shown.has(Optional::Claim).then(String::new));
        cells
    }

    fn notes(&self, shown: &Shown<'_>) -> Vec<String> {
        let mut notes = vec![format!(
            "below `{}`: variant − baseline over the same examples, in percent of the baseline, and its 95 % interval; p: two-sided, adjusted for the {} tests of this table (Holm)",
            self.baseline, self.tests
        )];
        notes.push(
            "latency: of a whole answer; intervals by a paired bootstrap of examples, or of batches where calls serve several"
                .to_owned(),
        );
        if shown.has(Optional::Claim) {
            notes.push(
                "claimed: relevance and latency as the usual design card has them; turned round where the variant leaves out what the baseline has"
                    .to_owned(),
            );
        }
        notes
    }
}

/// One below the other, in Markdown too.
fn plain_lines(style: Style, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| plain(style, line)).collect();
    lines.join(match style {
        Style::Terminal => "\n",
        Style::Markdown => "  \n",
    })
}

/// A column that is there where there is anything to show in it.
#[derive(Clone, Copy, PartialEq)]
enum Optional {
    Slice,
    Tokens,
    Cost,
    Claim,
}

/// What the table has columns for.
struct Shown<'a> {
    metrics: Vec<&'a str>,
    optional: Vec<Optional>,
}

impl Shown<'_> {
    fn has(&self, column: Optional) -> bool {
        self.optional.contains(&column)
    }

    fn header(&self) -> Vec<String> {
        let mut header = vec!["variant", "what differs"];
        header.extend(self.has(Optional::Slice).then_some("slice"));
        header.push("n");
        header.extend(&self.metrics);
        header.extend(["P50 ms", "P95 ms"]);
        header.extend(self.has(Optional::Tokens).then_some("tokens/query"));
        header.extend(self.has(Optional::Cost).then_some("USD/1000 queries"));
        header.extend(self.has(Optional::Claim).then_some("claimed"));
        header.into_iter().map(str::to_owned).collect()
    }
}

fn cells(row: &Tradeoff, shown: &Shown<'_>) -> Vec<String> {
    let mut cells = vec![row.variant.clone(), row.differs.clone()];
    cells.extend(shown.has(Optional::Slice).then(|| row.slice.clone()));
    cells.push(row.n.to_string());
    for metric in &shown.metrics {
        let gain = row
            .quality
            .iter()
            .find(|gain| gain.difference.metric == *metric);
        cells.push(or_dash(gain, gain_cell));
    }
    for delta in [row.latency_p50_ms, row.latency_p95_ms] {
        cells.push(or_dash(delta, |delta| milliseconds_cell(&delta)));
    }
    if shown.has(Optional::Tokens) {
        let tokens = row.tokens_in.zip(row.tokens_out);
        cells.push(or_dash(tokens, |(tokens_in, tokens_out)| {
            format!(
                "{:+.1} in\n{:+.1} out",
                tokens_in.difference, tokens_out.difference
            )
        }));
    }
    if shown.has(Optional::Cost) {
        cells.push(or_dash(row.cost_usd, |delta| {
            let ends = delta.ci_low.zip(delta.ci_high);
            let ends = ends.map(|(low, high)| (QUERIES * low, QUERIES * high));
            delta_cell(QUERIES * delta.difference, delta.relative_percent, ends, 3)
        }));
    }
    if shown.has(Optional::Claim) {
        let claimed = row
            .claimed
            .map(|claimed| claimed.to_string().replace(": ", ":\n"));
        cells.push(claimed.unwrap_or_default());
    }
    cells
}

fn or_dash<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

fn gain_cell(gain: &Gain) -> String {
    let row = &gain.difference;
    let ends = row.ci_low.zip(row.ci_high);
    let p = row.p_holm.map(|p| format!("\np={p:.4}"));
    delta_cell(row.difference, gain.relative_percent, ends, 4) + &p.unwrap_or_default()
}

fn milliseconds_cell(delta: &Delta) -> String {
    let ends = delta.ci_low.zip(delta.ci_high);
    delta_cell(
        delta.difference,
        delta.relative_percent,
        ends,
        milliseconds(delta.baseline),
    )
}

/// The difference, and below it its interval: `+12.3 (+4.5 %)`, `[+10.1, +14.5]`.
fn delta_cell(
    difference: f64,
    relative_percent: Option<f64>,
    ends: Option<(f64, f64)>,
    decimals: usize,
) -> String {
    let percent = relative_percent.map(|percent| format!(" ({percent:+.1} %)"));
    let percent = percent.unwrap_or_default();
    let ends = match ends {
        Some((low, high)) => format!("{low:+.decimals$}, {high:+.decimals$}"),
        None => "no interval".to_owned(),
    };
    format!("{difference:+.decimals$}{percent}\n[{ends}]")
}

/// Decimals that leave three digits or more of a latency.
fn milliseconds(level: f64) -> usize {
    if level < 10.0 { 3 } else { 1 }
}
