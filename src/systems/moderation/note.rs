//! What must be known of a variant to read its numbers, in one line.

use super::config::{Fast, Thresholds, Variant};
use super::cuts::Cuts;
use crate::moderation::{Policy, PolicyConfig};

/// Its layers, its thresholds and its policy.
pub(super) fn note(
    variant: &Variant,
    policy: &PolicyConfig,
    opened: &[(Policy, Vec<Cuts>)],
    categories: &[String],
) -> String {
    let mut parts = Vec::new();
    if variant.normalise.is_some() {
        parts.push("normalised".to_owned());
    }
    if let Some(prefilter) = &variant.prefilter {
        parts.push(format!(
            "prefilter of {} lists and {} patterns",
            prefilter.lists.len(),
            prefilter.patterns.len()
        ));
    }
    match &variant.fast {
        None => {}
        Some(Fast::Learned(ensemble)) => parts.push(ensemble.describe()),
        Some(Fast::Trained(path)) => parts.push(format!("trained `{path}`")),
        Some(Fast::Outputs(path)) => parts.push(format!("outputs of `{path}`")),
    }
    if let Some(slow) = &variant.slow {
        parts.push(format!(
            "`{}` from {} to {}",
            slow.model, slow.at_least, slow.below
        ));
    }
    let chosen = match &variant.thresholds {
        Thresholds::Fixed(_) | Thresholds::Given(_) => "given",
        Thresholds::ExpectedCosts(_) => "of the least expected costs",
        Thresholds::BalancedAccuracy(_) => "of the best balanced accuracy",
        Thresholds::F1(_) => "of the best F1",
        Thresholds::Costs(_) => "of the least costs",
    };
    if let [(_, cuts)] = opened {
        let each = categories.iter().zip(cuts).map(|(category, cuts)| {
            if cuts.review < cuts.reject {
                format!("{category} {:.3} to {:.3}", cuts.review, cuts.reject)
            } else {
                format!("{category} {:.3}", cuts.reject)
            }
        });
        let each: Vec<String> = each.collect();
        parts.push(format!("thresholds {chosen} ({})", each.join(", ")));
    } else {
        parts.push(format!(
            "thresholds {chosen}, one for each of {} folds",
            opened.len()
        ));
    }
    parts.push(format!("policy {}", policy.version));
    parts.join(", ")
}
