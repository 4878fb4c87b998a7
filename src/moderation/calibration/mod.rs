//! From log-odds to chances that hold: fitted on texts that a classifier was not trained on.
//!
//! Every map rises or stays level, so that none changes an order: what is ranked higher stays higher, or becomes as high (by isotonic regression,
//! whose levels make ties).

#[cfg(test)]
mod tests;

use anyhow::{bail, ensure};
use serde::{Deserialize, Serialize};

use crate::learning::newton::{Design, Target, minimise, sigmoid};

/// How to calibrate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// Not at all: σ(logit).
    None,
    /// σ(logit / T), Guo et al. 2017. It cannot mend a model that is too high or too low on the whole, as one that was trained on other prevalences is.
    Temperature,
    /// σ(scale · logit + offset), Platt 1999.
    #[default]
    Platt,
    /// Any curve that rises; wants a thousand rows or so.
    Isotonic,
}

/// A fitted map from log-odds to a chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Calibrator {
    /// σ(logit).
    None {},
    /// σ(scale · logit).
    Temperature {
        /// 1 / T, 0 or more.
        scale: f64,
    },
    /// σ(scale · logit + offset).
    Platt {
        /// 0 or more.
        scale: f64,
        /// The log-odds where the logit is 0.
        offset: f64,
    },
    /// Straight lines between points; level before the first and after the last.
    Isotonic {
        /// Where the points are, ascending.
        logits: Vec<f64>,
        /// The chance at each, never falling.
        chances: Vec<f64>,
    },
}

/// What a calibration is fitted on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// The classifier's log-odds, finite.
    pub logit: f64,
    /// What is true.
    pub label: bool,
    /// What it counts for, 0 or more.
    pub weight: f64,
}

/// The greatest scale of a temperature: where the classes lie apart, no scale is the best one.
const GREATEST_SCALE: f64 = 100.0;

impl Calibration {
    /// Fits on rows that the classifier was not trained on.
    ///
    /// # Errors
    /// Where a number is out of range, or, unless nothing is to be fitted, one of both classes is missing.
    pub fn fit(self, rows: &[HeldOut]) -> anyhow::Result<Calibrator> {
        if self == Self::None {
            return Ok(Calibrator::None {});
        }
        ensure!(
            rows.iter().all(|row| row.logit.is_finite()),
            "a logit is no finite number; look at the classifier"
        );
        ensure!(
            rows.iter()
                .all(|row| row.weight.is_finite() && row.weight >= 0.0),
            "a weight is no number of 0 or more"
        );
        let rows: Vec<HeldOut> = rows
            .iter()
            .filter(|row| row.weight > 0.0)
            .copied()
            .collect();
        for (label, class) in [(true, "positive"), (false, "negative")] {
            if rows.iter().all(|row| row.label != label) {
                bail!(
                    "none of the {} rows to calibrate on is {class}; hold out more, or set `calibration = \"none\"`",
                    rows.len()
                );
            }
        }
        Ok(match self {
            Self::None => Calibrator::None {},
            Self::Temperature => temperature(&rows),
            Self::Platt => platt(&rows),
            Self::Isotonic => isotonic(&rows),
        })
    }
}

impl Calibrator {
    /// The chance of log-odds, 0 to 1.
    pub fn chance(&self, logit: f64) -> f64 {
        match self {
            Self::None {} => sigmoid(logit),
            Self::Temperature { scale } => sigmoid(scale * logit),
            Self::Platt { scale, offset } => sigmoid(scale * logit + offset),
            Self::Isotonic { logits, chances } => interpolate(logits, chances, logit),
        }
    }
}

/// A logit a row, and a constant where it has an offset.
struct Curve<'a> {
    rows: &'a [HeldOut],
    has_offset: bool,
}

impl Design for Curve<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> usize {
        1 + usize::from(self.has_offset)
    }

    fn dot(&self, row: usize, coefficients: &[f64]) -> f64 {
        let offset = coefficients[1..].iter().sum::<f64>();
        self.rows[row].logit * coefficients[0] + offset
    }

    fn add(&self, row: usize, factor: f64, sums: &mut [f64]) {
        sums[0] += self.rows[row].logit * factor;
        sums[1..].iter_mut().for_each(|sum| *sum += factor);
    }

    fn add_squares(&self, row: usize, factor: f64, sums: &mut [f64]) {
        sums[0] += self.rows[row].logit.powi(2) * factor;
        sums[1..].iter_mut().for_each(|sum| *sum += factor);
    }
}

fn temperature(rows: &[HeldOut]) -> Calibrator {
    let curve = Curve {
        rows,
        has_offset: false,
    };
    let target = |row: &HeldOut| Target {
        share: f64::from(u8::from(row.label)),
        weight: row.weight,
    };
    let targets: Vec<Target> = rows.iter().map(target).collect();
    let scale = minimise(&curve, &targets, 0.0)[0];
    Calibrator::Temperature {
        // The loss is convex: where it falls below 0, 0 is the best that does not turn the order around.
        scale: scale.clamp(0.0, GREATEST_SCALE),
    }
}

/// With Platt's targets, (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2), so that it ends where the classes lie apart.
fn platt(rows: &[HeldOut]) -> Calibrator {
    let count = |label| -> f64 {
        let of_class = rows.iter().filter(|row| row.label == label);
        of_class.map(|row| row.weight).sum()
    };
    let (positive, negative): (f64, f64) = (count(true), count(false));
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let target = |row: &HeldOut| Target {
        share: if row.label { high } else { low },
        weight: row.weight,
    };
    let targets: Vec<Target> = rows.iter().map(target).collect();
    let curve = Curve {
        rows,
        has_offset: true,
    };
    let found = minimise(&curve, &targets, 0.0);
    if found[0] > 0.0 {
        return Calibrator::Platt {
            scale: found[0],
            offset: found[1],
        };
    }
    // Without the logits, what is left is the mean target.
    let wanted = positive * high + negative * low;
    Calibrator::Platt {
        scale: 0.0,
        offset: (wanted / (positive + negative - wanted)).ln(),
    }
}

/// Rows that share a chance.
struct Level {
    weight: f64,
    positive: f64,
    /// How many different logits.
    logits: usize,
}

impl Level {
    fn chance(&self) -> f64 {
        self.positive / self.weight
    }

    fn merge(&mut self, other: &Self) {
        self.weight += other.weight;
        self.positive += other.positive;
        self.logits += other.logits;
    }
}

/// Pool adjacent violators; equal logits are one. As scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
fn isotonic(rows: &[HeldOut]) -> Calibrator {
    let mut rows = rows.to_vec();
    // Adding 0 makes both zeros one.
    rows.iter_mut().for_each(|row| row.logit += 0.0);
    rows.sort_by(|a, b| a.logit.total_cmp(&b.logit));
    let mut logits = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    for same in rows.chunk_by(|a, b| a.logit >= b.logit) {
        logits.push(same[0].logit);
        let positive = same.iter().filter(|row| row.label);
        let mut level = Level {
            weight: same.iter().map(|row| row.weight).sum(),
            positive: positive.map(|row| row.weight).sum(),
            logits: 1,
        };
        while let Some(before) = levels.pop_if(|before| before.chance() >= level.chance()) {
            level.merge(&before);
        }
        levels.push(level);
    }
    let (mut points, mut chances) = (Vec::new(), Vec::new());
    let mut rest = logits.as_slice();
    for level in levels {
        let (of_level, after) = rest.split_at(level.logits);
        rest = after;
        // The first and the last of a level are all that a line needs.
        let ends = [of_level.first(), of_level[1..].last()];
        for point in ends.into_iter().flatten() {
            points.push(*point);
            chances.push(level.chance());
        }
    }
    Calibrator::Isotonic {
        logits: points,
        chances,
    }
}

fn interpolate(logits: &[f64], chances: &[f64], logit: f64) -> f64 {
    let after = logits.partition_point(|point| *point < logit);
    let (Some(last), true) = (chances.last(), after > 0) else {
        return chances.first().copied().unwrap_or(f64::NAN);
    };
    let Some(right) = logits.get(after) else {
        return *last;
    };
    let (left, low, high) = (logits[after - 1], chances[after - 1], chances[after]);
    low + (high - low) * ((logit - left) / (right - left))
}
