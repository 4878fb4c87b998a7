//! `ragkit compare`: two runs, example by example.

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

use super::{Rendering, print, print_json};
use crate::cli::Global;
use crate::comparison::{
    Agreement, Changed, Difference, Mismatch, Pairing, Parting, Question, Side, Sliced,
    agreement_table, agreements, changed, changed_text, check_waiver, difference_list, family,
    metrics, mismatches, parting_table, partings, sides, some_of, tested, waive,
};
use crate::report::{Style, plain};

/// Compare two runs, example by example: is the candidate better, by how much, and could it be chance?
///
/// Each RUN is a run directory, or one variant of it as RUN:variant. Without a variant, those of the same name are compared.
/// For every metric and slice: the mean difference with its 95 % interval (BCa bootstrap; of whole clusters where the
/// examples come in clusters), the p-value of a sign-flip randomisation test (exact McNemar where all values are 0 or 1),
/// adjusted by Holm's method for all rows, wins, ties and losses, the smallest difference that these examples would show with
/// the power asked for, and how many examples the smallest difference that matters would take.
///
/// Runs over different corpora, queries, depths, conventions or judges are not compared, unless what differs is waived by name.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit compare reports/main reports/branch\n  \
    ragkit compare reports/scifact-20261124-101500:bm25 reports/scifact-20261124-101500:hybrid --metric nDCG@10\n  \
    ragkit compare RUN:model1 RUN:model2 --preference overall --slices ''   # do metrics prefer what people prefer?\n  \
    ragkit compare main branch --format json | jq '.differences[] | select(.p_holm < 0.05)'")]
pub struct Arguments {
    /// The run to compare with.
    #[arg(value_name = "BASELINE")]
    baseline: String,
    /// The run that may be better.
    #[arg(value_name = "CANDIDATE")]
    candidate: String,
    /// Compare by these metrics only; examples are shown by the first. All unless given.
    #[arg(short, long = "metric", value_name = "NAME", value_delimiter = ',')]
    metrics: Vec<String>,
    /// Compare all examples and the slices of these fields only; an empty text means no slice. Every slice unless given.
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    slices: Option<Vec<String>>,
    /// Hold every metric's difference against what people preferred: the numbers of this field of the examples, positive where the candidate
    /// is preferred. The runs must be sliced by it (`ragkit eval --slices FIELD`).
    #[arg(long, value_name = "FIELD")]
    preference: Option<String>,
    /// Level of the tests.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    alpha: f64,
    /// Power for the smallest difference that can be seen, and for the examples needed.
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = share)]
    power: f64,
    /// The smallest difference that matters.
    #[arg(long, value_name = "DELTA", default_value_t = 0.01)]
    min_effect: f64,
    /// Examples to show of those that lost most, and of those that gained most.
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// Compare although these differ: corpus, queries, k, convention, judge, clusters, slices. With other queries, those that both have are compared.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    waive: Vec<String>,
    /// Seed of flips and resamples.
    #[arg(long, value_name = "N", default_value_t = 17)]
    seed: u64,
    /// How to print; JSON has `differences` and, pair by pair, what was waived, left out and changed.
    #[arg(long, value_enum, default_value_t = Rendering::Table)]
    format: Rendering,
}

/// A number strictly between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    (value > 0.0 && value < 1.0)
        .then_some(value)
        .ok_or_else(|| "it must lie between 0 and 1".to_owned())
}

#[derive(Serialize)]
struct Outcome {
    alpha: f64,
    power: f64,
    min_effect: f64,
    seed: u64,
    differences: Vec<Difference>,
    pairs: Vec<Compared>,
}

/// A pair of variants, beyond its numbers.
#[derive(Serialize)]
struct Compared {
    baseline: String,
    candidate: String,
    waived: Vec<Mismatch>,
    only_baseline: Vec<String>,
    only_candidate: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreements: Option<Vec<Agreement>>,
    partings: Vec<Parting>,
    regressed: Vec<Changed>,
    improved: Vec<Changed>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    arguments
        .waive
        .iter()
        .try_for_each(|name| check_waiver(name))?;
    ensure!(
        arguments.min_effect >= 0.0 && arguments.min_effect.is_finite(),
        "`--min-effect` must be a number from 0"
    );
    let question = Question {
        metrics: arguments.metrics.clone(),
        slices: match &arguments.slices {
            Some(fields) => Sliced::By(fields.clone()),
            None => Sliced::Every,
        },
        alpha: arguments.alpha,
        power: arguments.power,
        min_effect: arguments.min_effect,
        seed: arguments.seed,
        ..Question::default()
    };
    let mut outcome = Outcome {
        alpha: question.alpha,
        power: question.power,
        min_effect: question.min_effect,
        seed: question.seed,
        differences: Vec::new(),
        pairs: Vec::new(),
    };
    let sides = sides(&arguments.baseline, &arguments.candidate)?;
    let pairings = sides.iter().map(|(one, other)| Pairing::new(one, other));
    let pairings: Vec<Pairing<'_>> = pairings.collect();
    let waived: Vec<Vec<Mismatch>> = pairings
        .iter()
        .map(|pairing| comparable(pairing, arguments, global))
        .collect::<anyhow::Result<_>>()?;
    let rows = family(&pairings, &question)?;
    for row in rows.iter().flatten().filter(|row| row.unpaired > 0) {
        global.say(&format!(
            "note: {} on {}: {} examples have a value on one side only and are left out",
            row.metric, row.slice, row.unpaired
        ));
    }
    for ((pairing, rows), waived) in pairings.into_iter().zip(rows).zip(waived) {
        let compared = compared(pairing, &rows, waived, arguments)?;
        outcome.pairs.push(compared);
        outcome.differences.extend(rows);
    }
    match arguments.format.style() {
        Some(style) => print(render(&outcome, style)),
        None => print_json(&outcome),
    }
}

/// What differs between two sides and was waived.
///
/// # Errors
/// Where they cannot be compared.
fn comparable(
    pairing: &Pairing<'_>,
    arguments: &Arguments,
    global: &Global,
) -> anyhow::Result<Vec<Mismatch>> {
    let (common, one_sided) = metrics(pairing);
    ensure!(
        !common.is_empty(),
        "the two runs have no metric in common; the candidate has {}",
        one_sided.join(", ")
    );
    let asked = |metric: &&str| {
        let mut asked = arguments.metrics.iter();
        arguments.metrics.is_empty() || asked.any(|name| name.eq_ignore_ascii_case(metric))
    };
    let common: Vec<&str> = common.into_iter().filter(asked).collect();
    let found = mismatches(pairing, &common);
    let is_waived = |name: &str| arguments.waive.iter().any(|waived| waived == name);
    let waived = waive(found, is_waived).map_err(anyhow::Error::msg)?;
    ensure!(
        !pairing.places.is_empty(),
        "the two runs have no example in common: `{}` has {}, `{}` has {}",
        pairing.baseline.run.path.0.display(),
        pairing.baseline.scores.ids.len(),
        pairing.candidate.run.path.0.display(),
        pairing.candidate.scores.ids.len()
    );
    if !one_sided.is_empty() && arguments.metrics.is_empty() {
        global.say(&format!(
            "note: measured on one side only, and left out: {}",
            one_sided.join(", ")
        ));
    }
    for metric in &common {
        for side in [pairing.baseline, pairing.candidate] {
            let values = side.scores.values(metric);
            if values.is_some_and(|values| values.iter().all(Option::is_none)) {
                global.say(&format!(
                    "note: `{metric}` has no value in `{}:{}`, so nothing of it is compared",
                    side.run.path.0.display(),
                    side.variant
                ));
            }
        }
    }
    if !pairing.is_whole() {
        global.say(&format!(
            "note: {} examples are only in the baseline, {} only in the candidate; {} are compared",
            pairing.only_baseline.len(),
            pairing.only_candidate.len(),
            pairing.places.len()
        ));
    }
    Ok(waived)
}

/// A pair of variants, beyond its rows: where they part, and the examples that changed most.
fn compared(
    pairing: Pairing<'_>,
    rows: &[Difference],
    waived: Vec<Mismatch>,
    arguments: &Arguments,
) -> anyhow::Result<Compared> {
    let first = arguments.metrics.first();
    let by = rows
        .iter()
        .find(|row| first.is_none_or(|metric| row.metric.eq_ignore_ascii_case(metric)));
    let (mut parts, mut regressed, mut improved) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(Difference { metric, better, .. }) = by {
        let count = arguments.examples;
        parts = partings(&pairing, metric, *better)?;
        [regressed, improved] = changed(&pairing, metric, *better, count)?;
    }
    let field = arguments.preference.as_deref();
    let agreements = field
        .map(|field| agreements(&pairing, field, &arguments.metrics, arguments.seed))
        .transpose()?;
    let name = |side: &Side| format!("{}:{}", side.run.path.0.display(), side.variant);
    Ok(Compared {
        baseline: name(pairing.baseline),
        candidate: name(pairing.candidate),
        waived,
        only_baseline: pairing.only_baseline,
        only_candidate: pairing.only_candidate,
        agreements,
        partings: parts,
        regressed,
        improved,
    })
}

/// Ids of a list that are shown; all stand in the JSON.
const SHOWN: usize = 20;

fn render(outcome: &Outcome, style: Style) -> String {
    let mut parts = Vec::new();
    for pair in &outcome.pairs {
        let mut lines = vec![
            format!("baseline  {}", pair.baseline),
            format!("candidate {}", pair.candidate),
        ];
        lines.extend(
            pair.waived
                .iter()
                .map(|waived| format!("waived: {}", waived.detail)),
        );
        for (what, ids) in [
            ("baseline", &pair.only_baseline),
            ("candidate", &pair.only_candidate),
        ] {
            if !ids.is_empty() {
                lines.push(format!(
                    "only in the {what}, and left out: {}",
                    some_of(ids, SHOWN)
                ));
            }
        }
        let lines: Vec<String> = lines.iter().map(|line| plain(style, line)).collect();
        parts.push(lines.join(if style == Style::Markdown {
            "  \n"
        } else {
            "\n"
        }));
    }
    parts.push(difference_list(style, &outcome.differences));
    let tests = tested(outcome.differences.iter());
    parts.push(format!(
        "difference: candidate − baseline over the same examples, with its 95 % interval; p: two-sided, adjusted for the {tests} tests of this table (Holm)\n\
         detectable: the smallest true difference that so many examples show with power {:.2} at level {}; needed: examples for a difference of {}",
        outcome.power, outcome.alpha, outcome.min_effect
    ));
    for agreements in outcome
        .pairs
        .iter()
        .filter_map(|pair| pair.agreements.as_ref())
    {
        parts.push(agreement_table(style, agreements));
        parts.push("agreement: the share of the examples with a preference in which the metric's difference has the same sign, a difference of 0 counting one half; the others: correlation of difference and preference; 95 % intervals (BCa bootstrap of clusters)".to_owned());
    }
    for pair in &outcome.pairs {
        let shown = pair.regressed.first().or(pair.improved.first());
        if let Some(first) = shown.filter(|_| !pair.partings.is_empty()) {
            parts.push(parting_table(style, &first.metric, &pair.partings));
        }
        for (title, list) in [
            ("lost most", &pair.regressed),
            ("gained most", &pair.improved),
        ] {
            if !list.is_empty() {
                parts.push(format!(
                    "examples that {title}, {} against {}:",
                    pair.candidate, pair.baseline
                ));
                parts.extend(list.iter().map(|changed| changed_text(style, changed)));
            }
        }
    }
    parts.join("\n\n")
}
