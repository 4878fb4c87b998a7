//! `no_worse`: a regression, no regression, or not enough examples to tell.

use super::Answer;
use crate::comparison::Difference;
use crate::metrics::{power, significance};
use crate::report::ALL;

/// Fewer examples than this that were judged more than once do not tell the judge's noise.
const KNOWN_FROM: u64 = 20;

/// What a comparison says about a drop of `min_effect` or more, its p-value being adjusted for the `family` of comparisons.
///
/// * Regression: the adjusted p-value is below `alpha`, the drop is `min_effect` or more, and it is larger than what the
///   judge's own noise could make, where that is known.
/// * Ok: nothing changed, or the 95 % interval lies above −`min_effect` (non-inferiority).
/// * Inconclusive: neither.
/// * Cannot compare, or not tested in a slice: so few examples or clusters that no drop could ever be significant.
pub fn no_worse(
    row: &Difference,
    min_effect: f64,
    family: usize,
    alpha: f64,
    at_power: f64,
) -> (Answer, String) {
    let numbers = [
        Some(row.baseline_mean),
        Some(row.mean),
        Some(row.difference),
        row.ci_low,
        row.ci_high,
    ];
    if numbers
        .into_iter()
        .flatten()
        .any(|number| !number.is_finite())
    {
        return (
            Answer::CannotCompare,
            "the values are too large to be added".to_owned(),
        );
    }
    if row.wins + row.losses == 0 {
        return (Answer::Ok, format!("the same on all {} examples", row.n));
    }
    let (units, of) = units(row);
    let fewest = significance::fewest(family, alpha) as u64;
    if row.p_holm.is_some() && units < fewest {
        let answer = if row.slice == ALL {
            Answer::CannotCompare
        } else {
            Answer::NotTested
        };
        let because =
            format!("{units} {of} can never show a drop at level {alpha}: {fewest} are needed");
        return (answer, because);
    }
    let Some(p) = row.p_holm else {
        return (
            Answer::NotTested,
            format!("{} examples are too few for a test", row.n),
        );
    };
    let drop = -row.gain();
    if p < alpha && drop >= min_effect && drop > 0.0 {
        let known = row.judge.filter(|judge| judge.repeated >= KNOWN_FROM);
        let noise = known.map(|judge| power::critical(alpha) * judge.standard_error);
        if let Some(noise) = noise.filter(|noise| drop <= *noise) {
            return (
                Answer::Inconclusive,
                format!(
                    "worse by {drop:.4}, but the judge alone makes up to {noise:.4}; let it judge more often"
                ),
            );
        }
        return (
            Answer::Regression,
            format!("worse by {drop:.4} (p = {p:.4} of {family} tests)"),
        );
    }
    // The end of the interval that is for the worse, as a gain; a difference that is the same everywhere has no interval.
    let ends = [row.ci_low, row.ci_high];
    let worst = ends
        .iter()
        .flatten()
        .map(|end| row.better.gain(*end))
        .reduce(f64::min);
    let same_everywhere = row.standard_error == Some(0.0);
    let worst = worst.or(same_everywhere.then_some(row.gain()));
    if worst.is_some_and(|worst| worst > -min_effect) {
        return (
            Answer::Ok,
            format!("no drop of {min_effect} or more (95 % interval)"),
        );
    }
    let change = if drop > 0.0 { "worse" } else { "better" };
    let shown = detectability(row, min_effect, alpha / family.max(1) as f64, at_power);
    (
        Answer::Inconclusive,
        format!("{change} by {:.4}, p = {p:.4}: {shown}", drop.abs()),
    )
}

/// What these examples would have shown, and how many it takes. With Holm's method the first of a family must pass `alpha`
/// divided by its size.
fn detectability(row: &Difference, min_effect: f64, alpha: f64, at_power: f64) -> String {
    let Some(error) = row.standard_error.filter(|error| *error > 0.0) else {
        return "too few examples to tell".to_owned();
    };
    let detectable = power::minimum_detectable(error, alpha, at_power);
    let shown = format!("these examples show a drop of {detectable:.4} or more");
    if min_effect == 0.0 {
        return shown;
    }
    let (units, of) = units(row);
    let units = usize::try_from(units).unwrap_or(usize::MAX);
    let needed = power::examples_needed(units, error, min_effect, alpha, at_power);
    let needed = needed.max(significance::fewest(1, alpha) as f64);
    format!("{shown}; one of {min_effect} takes about {needed:.0} {of}")
}

/// What is drawn and flipped, and how many there are.
fn units(row: &Difference) -> (u64, &'static str) {
    match row.clusters {
        Some(clusters) => (clusters, "clusters"),
        None => (row.n, "examples"),
    }
}
