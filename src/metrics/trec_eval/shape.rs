//! How the parameters of a measure are read, and the lines that it then has.

use std::num::NonZeroUsize;

use super::measures::{RBP_P, RECALLS, UTILITY};
use super::{Line, Shows};
use crate::metrics::{Gain, Measure, Metric, RbpGain};

/// How the parameters of a measure are read, with their defaults.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    RunId,
    Grades,
    /// No parameters.
    Plain(fn() -> Measure),
    /// No parameters, and no value for single queries.
    SummaryOnly(fn() -> Measure),
    /// A line per cutoff.
    Cutoffs(&'static [usize], fn() -> Measure),
    /// A line per number.
    Points(&'static [f64], fn(f64) -> Measure),
    /// One line whose name repeats the numbers that were given.
    Numbers(&'static [f64], fn(&[f64]) -> Option<Measure>),
    /// One line; pairs `grade=gain`.
    Gains(fn(Gain) -> Measure),
    /// As [`Self::Gains`], and `p=persistence` among the pairs.
    Rbp,
}

impl Shape {
    /// The lines of `measure` with the parameters that were given.
    pub(super) fn lines(self, measure: &str, given: Option<&str>) -> Result<Vec<Line>, String> {
        let line = |name: String, measure: Measure| Line {
            name,
            shows: Shows::Value {
                metric: measure.into(),
                per_query: !matches!(self, Self::SummaryOnly(_)),
            },
        };
        let with_given = || given.map_or(measure.to_owned(), |given| format!("{measure}_{given}"));
        Ok(match self {
            Self::RunId => vec![Line {
                name: measure.into(),
                shows: Shows::RunId,
            }],
            Self::Grades => {
                let length = given.map_or(Ok(10), |given| {
                    given
                        .parse()
                        .map_err(|_| "its parameter is a number of documents")
                })?;
                vec![Line {
                    name: with_given(),
                    shows: Shows::Grades(length),
                }]
            }
            Self::Plain(make) | Self::SummaryOnly(make) => vec![line(measure.into(), make())],
            Self::Cutoffs(default, make) => {
                let cutoffs = match given {
                    None => default
                        .iter()
                        .copied()
                        .filter_map(NonZeroUsize::new)
                        .collect(),
                    Some(given) => cutoffs(given)?,
                };
                let at = |k: NonZeroUsize| {
                    let mut line = line(format!("{measure}_{k}"), make());
                    if let Shows::Value { metric, .. } = &mut line.shows {
                        metric.cutoff = Some(k);
                    }
                    line
                };
                cutoffs.into_iter().map(at).collect()
            }
            Self::Points(default, make) => {
                let mut points = given.map_or(Ok(default.to_vec()), numbers)?;
                points.sort_by(f64::total_cmp);
                if points.windows(2).any(|pair| pair[0] >= pair[1]) {
                    return Err("a parameter stands there twice".into());
                }
                let at = |point: f64| line(format!("{measure}_{point:.2}"), make(point));
                points.into_iter().map(at).collect()
            }
            Self::Numbers(default, make) => {
                let numbers = given.map_or(Ok(default.to_vec()), numbers)?;
                let of_numbers =
                    make(&numbers).ok_or("its parameters are too many, too few or out of range")?;
                vec![line(with_given(), of_numbers)]
            }
            Self::Gains(make) => {
                let gain = given.map_or(Ok(Gain::Linear), |given| pairs(given).map(Gain::Table))?;
                vec![line(with_given(), make(gain))]
            }
            Self::Rbp => {
                let (mut p, mut gain) = (RBP_P, Gain::Linear);
                if let Some(given) = given {
                    let (persistence, gains): (Vec<_>, Vec<_>) =
                        given.split(',').partition(|pair| pair.starts_with("p="));
                    if let Some(text) = persistence.first() {
                        let number = text["p=".len()..].parse::<f64>().ok();
                        p = number
                            .filter(|p| (0.0..1.0).contains(p))
                            .ok_or("`p` must be a number from 0 to below 1")?;
                    }
                    if !gains.is_empty() {
                        gain = Gain::Table(pairs(&gains.join(","))?);
                    }
                }
                let gain = RbpGain::Scaled(gain);
                vec![line(with_given(), Measure::RankBiasedPrecision { p, gain })]
            }
        })
    }
}

/// Parameters are no larger than this, so that no sum of them leaves all numbers.
const MOST: f64 = 1e12;

/// Whole numbers from 1, in increasing order. As in trec_eval, what follows a whole number is not looked at.
fn cutoffs(text: &str) -> Result<Vec<NonZeroUsize>, String> {
    let cutoff = |part: &str| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let number = part[..digits].parse::<NonZeroUsize>();
        number.map_err(|_| format!("the cutoff `{part}` must be a whole number from 1"))
    };
    let mut cutoffs = text.split(',').map(cutoff).collect::<Result<Vec<_>, _>>()?;
    cutoffs.sort_unstable();
    if cutoffs.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("a cutoff stands there twice".into());
    }
    Ok(cutoffs)
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let number = |part: &str| {
        let number = part
            .parse::<f64>()
            .ok()
            .filter(|number| number.abs() <= MOST);
        number.ok_or_else(|| format!("the parameter `{part}` must be a number"))
    };
    text.split(',').map(number).collect()
}

fn pairs(text: &str) -> Result<Vec<(i32, f64)>, String> {
    let pair = |part: &str| {
        let (grade, gain) = part.split_once('=')?;
        let gain = gain.parse::<f64>().ok().filter(|gain| gain.abs() <= MOST)?;
        Some((grade.parse().ok()?, gain))
    };
    let pairs = text.split(',').map(|part| {
        pair(part).ok_or_else(|| format!("the parameter `{part}` must be `grade=gain`"))
    });
    pairs.collect()
}

/// The parameters of a measure that only trec_eval has, as its names carry them; `None` for all others.
pub(in crate::metrics) fn shown_parameters(metric: &Metric) -> Option<String> {
    let gains = |gain: &Gain| match gain {
        Gain::Table(table) => {
            let pairs = table.iter().map(|(grade, gain)| format!("{grade}={gain}"));
            pairs.collect()
        }
        Gain::Linear | Gain::Exponential => Vec::new(),
    };
    let listed = |numbers: &[f64], default: &[f64]| {
        if numbers == default {
            Vec::new()
        } else {
            numbers.iter().map(f64::to_string).collect()
        }
    };
    let parameters: Vec<String> = match &metric.measure {
        Measure::RelativePrecision | Measure::Unjudged => {
            metric.cutoff.iter().map(NonZeroUsize::to_string).collect()
        }
        Measure::PrecisionAtMultiple(multiple) => vec![format!("{multiple:.2}")],
        Measure::MeanInterpolatedPrecision(recalls) => listed(recalls, RECALLS),
        Measure::Utility(weights) => listed(weights, UTILITY),
        Measure::G(gain)
        | Measure::Dcg(gain)
        | Measure::IdealDcg(gain)
        | Measure::NdcgAtRelevant(gain)
        | Measure::NdcgAtLevels(gain) => gains(gain),
        Measure::RankBiasedPrecision {
            p,
            gain: RbpGain::Scaled(gain),
        } => {
            let persistence = ((*p - RBP_P).abs() > 0.0).then(|| format!("p={p}"));
            persistence.into_iter().chain(gains(gain)).collect()
        }
        _ => return None,
    };
    Some(if parameters.is_empty() {
        String::new()
    } else {
        format!("_{}", parameters.join(","))
    })
}
