//! How differently scores treat the texts that mention a group: areas under the receiver operating characteristic over parts of the examples.
//!
//! Source: Borkan, Dixon, Sorensen, Thain and Vasserman 2019, "Nuanced metrics for measuring unintended bias with real data for text classification". The
//! generalised mean and the final combination are those of Jigsaw's competition on unintended bias of the same year, with the power −5 and equal weights.
//!
//! A figure has one value an example, over all examples, whose mean is the figure, and which is the figure plus the example's influence on it
//! ([`super::pooled`]). Examples that take no part have none. Where a part has examples of one class only, a figure is `None`: it says nothing of the group,
//! good or bad.

use serde::{Deserialize, Serialize};

use super::Pooled;
use super::statistics::mean;

/// The power of the generalised mean over groups: low values count most.
pub const POWER: f64 = -5.0;

/// Which examples are compared with which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupAuc {
    /// Positives and negatives of the group. Low where the scores cannot tell them apart.
    Subgroup,
    /// Positives of the background, which is everybody else, and negatives of the group (BPSN). Low where harmless texts about the group score too high.
    BackgroundPositive,
    /// Negatives of the background and positives of the group (BNSP). Low where harmful texts about the group score too low.
    BackgroundNegative,
}

impl GroupAuc {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::Subgroup,
        Self::BackgroundPositive,
        Self::BackgroundNegative,
    ];

    /// The chance, 0..=1, that a random positive of the part scores above a random negative of it, ties one half, as one value for each of all examples.
    /// `None` where the part does not have both. O(n log n).
    ///
    /// # Panics
    /// Where the columns differ in length.
    pub fn pseudo_values(
        self,
        labels: &[bool],
        scores: &[f64],
        members: &[bool],
    ) -> Option<Vec<f64>> {
        Some(Part::of(self, labels, scores, members)?.spread_over(labels.len()))
    }

    fn takes(self, label: bool, member: bool) -> bool {
        match self {
            Self::Subgroup => member,
            Self::BackgroundPositive => label != member,
            Self::BackgroundNegative => label == member,
        }
    }
}

/// The figure of some of the examples.
struct Part {
    value: f64,
    /// The places of the examples, and what each adds to the figure beyond its value.
    influences: Vec<(usize, f64)>,
}

impl Part {
    fn of(kind: GroupAuc, labels: &[bool], scores: &[f64], members: &[bool]) -> Option<Self> {
        assert!(
            labels.len() == scores.len() && labels.len() == members.len(),
            "columns of one length"
        );
        let is_in = |place: &usize| kind.takes(labels[*place], members[*place]);
        let places: Vec<usize> = (0..labels.len()).filter(is_in).collect();
        let of_part: Vec<bool> = places.iter().map(|place| labels[*place]).collect();
        let scores: Vec<f64> = places.iter().map(|place| scores[*place]).collect();
        let values = Pooled::Auroc.pseudo_values(&of_part, &scores, &[])?;
        let value = mean(&values)?;
        // An influence is a derivative times the number of examples, which is that of all here.
        let scale = labels.len() as f64 / places.len() as f64;
        let influences = places.into_iter().zip(values);
        Some(Self {
            value,
            influences: influences
                .map(|(place, of_part)| (place, scale * (of_part - value)))
                .collect(),
        })
    }

    fn spread_over(&self, examples: usize) -> Vec<f64> {
        let mut values = vec![self.value; examples];
        self.add_to(&mut values, 1.0);
        values
    }

    fn add_to(&self, values: &mut [f64], slope: f64) {
        for (place, influence) in &self.influences {
            values[*place] += slope * influence;
        }
    }
}

/// A generalised mean over the groups of which a figure is known.
#[derive(Debug, Clone, PartialEq)]
pub struct OverGroups {
    /// One value for each of all examples, whose mean is the generalised mean.
    pub pseudo_values: Vec<f64>,
    /// The places of the groups that have no figure, and are left out.
    pub unknown: Vec<usize>,
}

/// The generalised mean `((Σ mᵖ) / G)^(1/p)` of a figure over G groups, p = [`POWER`]; for each group whether an example is of it. `None` where no group
/// has the figure. It is 0 where a group's figure is.
///
/// # Panics
/// Where the columns differ in length.
pub fn power_mean(
    kind: GroupAuc,
    labels: &[bool],
    scores: &[f64],
    groups: &[Vec<bool>],
) -> Option<OverGroups> {
    let mut unknown = Vec::new();
    let mut parts = Vec::with_capacity(groups.len());
    for (place, members) in groups.iter().enumerate() {
        match Part::of(kind, labels, scores, members) {
            Some(part) => parts.push(part),
            None => unknown.push(place),
        }
    }
    let lowest = parts.iter().map(|part| part.value).reduce(f64::min)?;
    // Measured in the lowest figure, no power is too large for a float.
    let powers = |power: f64| {
        let power = move |part: &Part| (part.value / lowest).powf(power);
        parts.iter().map(power)
    };
    let mean_power = powers(POWER).sum::<f64>() / parts.len() as f64;
    let relative = mean_power.powf(1.0 / POWER);
    let is_zero = lowest <= 0.0;
    let value = if is_zero { 0.0 } else { lowest * relative };
    let mut values = vec![value; labels.len()];
    // A figure of 0 is one at its bound: none of its examples has an influence.
    if !is_zero {
        // dM / dm = (m / M)^(p − 1) / G.
        let scale = relative.powf(1.0 - POWER) / parts.len() as f64;
        for (part, power) in parts.iter().zip(powers(POWER - 1.0)) {
            part.add_to(&mut values, scale * power);
        }
    }
    Some(OverGroups {
        pseudo_values: values,
        unknown,
    })
}

/// A quarter each of the AUROC over all examples and of the [`power_mean`]s of the three figures of [`GroupAuc`]. Groups without a figure are left out of the
/// mean of that figure, and named once. `None` where one of the four is not known.
///
/// # Panics
/// Where the columns differ in length.
pub fn combined(labels: &[bool], scores: &[f64], groups: &[Vec<bool>]) -> Option<OverGroups> {
    let mut values = Pooled::Auroc.pseudo_values(labels, scores, &[])?;
    let mut unknown = Vec::new();
    for kind in GroupAuc::ALL {
        let of_kind = power_mean(kind, labels, scores, groups)?;
        for (value, part) in values.iter_mut().zip(&of_kind.pseudo_values) {
            *value += part;
        }
        unknown.extend(of_kind.unknown);
    }
    values.iter_mut().for_each(|value| *value /= 4.0);
    unknown.sort_unstable();
    unknown.dedup();
    Some(OverGroups {
        pseudo_values: values,
        unknown,
    })
}

#[cfg(test)]
mod tests;
