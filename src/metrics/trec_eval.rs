//! trec_eval's names: what `-m` takes, and which lines it makes trec_eval print, in its order.
//!
//! Source: trec_eval 9.0.8 and 10.0, `measures.c`, `meas_init.c` and the defaults in the `m_*.c` files.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::{Gain, Measure, Metric, RbpGain, UnknownMetric};

/// Whose measures there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// trec_eval 9.0.8
    V9,
    /// trec_eval 10.0
    V10,
}

/// A line of trec_eval's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The name as it is printed.
    pub name: String,
    /// What stands in its value column.
    pub shows: Shows,
}

/// What a line shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Shows {
    /// The run's tag; in the summary only.
    RunId,
    /// The grades of the first so many documents, a character each; for single queries only.
    Grades(usize),
    /// A metric, for single queries too unless it makes sense over all of them only.
    Value {
        /// Which.
        metric: Metric,
        /// Whether single queries have it.
        per_query: bool,
    },
}

impl Line {
    /// The metric that is shown, where it is one.
    pub fn into_metric(self) -> Option<Metric> {
        match self.shows {
            Shows::Value { metric, .. } => Some(metric),
            Shows::RunId | Shows::Grades(_) => None,
        }
    }
}

/// How the parameters of a measure are read, with their defaults.
#[derive(Clone, Copy)]
enum Shape {
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

const CUTOFFS: &[usize] = &[5, 10, 15, 20, 30, 100, 200, 500, 1000];
const RECALLS: &[f64] = &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
const MULTIPLES: &[f64] = &[0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0];
const UTILITY: &[f64] = &[1.0, -1.0, 0.0, 0.0];
const RBP_P: f64 = 0.9;

/// Every measure over judgements, in the order in which trec_eval prints them.
const MEASURES: &[(&str, Shape)] = &[
    ("runid", Shape::RunId),
    ("num_q", Shape::SummaryOnly(|| Measure::Queries)),
    ("num_ret", Shape::Plain(|| Measure::Retrieved)),
    ("num_rel", Shape::Plain(|| Measure::Relevant)),
    ("num_rel_ret", Shape::Plain(|| Measure::RelevantRetrieved)),
    ("map", Shape::Plain(|| Measure::AveragePrecision)),
    (
        "gm_map",
        Shape::SummaryOnly(|| Measure::GeometricAveragePrecision),
    ),
    ("Rprec", Shape::Plain(|| Measure::RPrecision)),
    ("bpref", Shape::Plain(|| Measure::Bpref)),
    ("recip_rank", Shape::Plain(|| Measure::ReciprocalRank)),
    (
        "iprec_at_recall",
        Shape::Points(RECALLS, Measure::InterpolatedPrecision),
    ),
    ("P", Shape::Cutoffs(CUTOFFS, || Measure::Precision)),
    ("relstring", Shape::Grades),
    ("recall", Shape::Cutoffs(CUTOFFS, || Measure::Recall)),
    ("infAP", Shape::Plain(|| Measure::InferredAp)),
    ("gm_bpref", Shape::SummaryOnly(|| Measure::GeometricBpref)),
    (
        "Rprec_mult",
        Shape::Points(MULTIPLES, Measure::PrecisionAtMultiple),
    ),
    (
        "utility",
        Shape::Numbers(UTILITY, |weights| {
            Some(Measure::Utility(weights.try_into().ok()?))
        }),
    ),
    (
        "11pt_avg",
        Shape::Numbers(RECALLS, |recalls| {
            Some(Measure::MeanInterpolatedPrecision(recalls.to_vec()))
        }),
    ),
    ("binG", Shape::Plain(|| Measure::BinaryG)),
    ("G", Shape::Gains(Measure::G)),
    ("dcg", Shape::Gains(Measure::Dcg)),
    ("ideal_dcg", Shape::Gains(Measure::IdealDcg)),
    ("ndcg", Shape::Gains(Measure::Ndcg)),
    ("ndcg_rel", Shape::Gains(Measure::NdcgAtRelevant)),
    ("Rndcg", Shape::Gains(Measure::NdcgAtLevels)),
    (
        "ndcg_cut",
        Shape::Cutoffs(CUTOFFS, || Measure::Ndcg(Gain::Linear)),
    ),
    (
        "map_cut",
        Shape::Cutoffs(CUTOFFS, || Measure::AveragePrecision),
    ),
    (
        "relative_P",
        Shape::Cutoffs(CUTOFFS, || Measure::RelativePrecision),
    ),
    ("success", Shape::Cutoffs(&[1, 5, 10], || Measure::Success)),
    ("set_P", Shape::Plain(|| Measure::SetPrecision)),
    (
        "set_relative_P",
        Shape::Plain(|| Measure::RelativeSetPrecision),
    ),
    ("set_recall", Shape::Plain(|| Measure::SetRecall)),
    ("set_map", Shape::Plain(|| Measure::SetAveragePrecision)),
    (
        "set_F",
        Shape::Numbers(&[1.0], |numbers| Some(Measure::SetF(*numbers.first()?))),
    ),
    (
        "num_nonrel_judged_ret",
        Shape::Plain(|| Measure::JudgedNotRelevantRetrieved),
    ),
    ("yaap", Shape::Plain(|| Measure::Yaap)),
    ("rbp", Shape::Rbp),
    ("rbp_resid", Shape::Plain(|| Measure::RbpResidual)),
    ("unj", Shape::Cutoffs(&[5, 10, 20], || Measure::Unjudged)),
];

/// What version 9 does not have.
const NEW_IN_10: [&str; 3] = ["rbp", "rbp_resid", "unj"];
/// What `-m all_trec` leaves out.
const NOT_IN_ALL: [&str; 3] = ["dcg", "ideal_dcg", "yaap"];
const OFFICIAL: [&str; 12] = [
    "runid",
    "num_q",
    "num_ret",
    "num_rel",
    "num_rel_ret",
    "map",
    "gm_map",
    "Rprec",
    "bpref",
    "recip_rank",
    "iprec_at_recall",
    "P",
];
const SET: [&str; 11] = [
    "runid",
    "num_q",
    "num_ret",
    "num_rel",
    "num_rel_ret",
    "utility",
    "set_P",
    "set_recall",
    "set_relative_P",
    "set_map",
    "set_F",
];

/// What `-m` asked of one measure.
#[derive(Default)]
struct Request {
    /// `measure.parameters`: as in trec_eval, the first counts.
    dotted: Option<String>,
    /// `measure_parameter`, the form in which trec_eval prints names: all count.
    printed: Vec<String>,
}

/// The lines that these `-m` make trec_eval print. Nicknames are `official`, `all_trec` and `set`.
pub fn lines<'a>(
    names: impl IntoIterator<Item = &'a str>,
    version: Version,
) -> Result<Vec<Line>, UnknownMetric> {
    let mut requests: BTreeMap<&str, Request> = BTreeMap::new();
    for name in names {
        mark(name, version, &mut requests)?;
    }
    let mut lines = Vec::new();
    for (measure, shape) in MEASURES {
        if let Some(request) = requests.get(measure) {
            let given = request
                .dotted
                .clone()
                .or_else(|| (!request.printed.is_empty()).then(|| request.printed.join(",")));
            let made = shape.lines(measure, given.as_deref());
            let asked = || format!("{measure}.{}", given.clone().unwrap_or_default());
            lines.extend(made.map_err(|reason| UnknownMetric::new(&asked(), reason))?);
        }
    }
    Ok(lines)
}

fn mark<'a>(
    name: &'a str,
    version: Version,
    requests: &mut BTreeMap<&'a str, Request>,
) -> Result<(), UnknownMetric> {
    let exists = |measure: &str| version == Version::V10 || !NEW_IN_10.contains(&measure);
    let known = |name: &str| {
        MEASURES
            .iter()
            .map(|(known, _)| *known)
            .find(|known| *known == name)
    };
    let (base, dotted) = match name.split_once('.') {
        Some((base, parameters)) => (base, Some(parameters)),
        None => (name, None),
    };
    let nicknamed: Vec<&str> = match base {
        "official" => OFFICIAL.to_vec(),
        "set" => SET.to_vec(),
        "all_trec" => MEASURES
            .iter()
            .map(|(measure, _)| *measure)
            .filter(|measure| !NOT_IN_ALL.contains(measure) && exists(measure))
            .collect(),
        _ => Vec::new(),
    };
    if !nicknamed.is_empty() {
        for measure in nicknamed {
            requests.entry(measure).or_default();
        }
        return Ok(());
    }
    let fault = |reason: &str| UnknownMetric::new(name, reason);
    if let Some(measure) = known(base) {
        if !exists(measure) {
            return Err(fault("trec_eval 9 does not have it"));
        }
        let request = requests.entry(measure).or_default();
        if dotted == Some("") {
            return Err(fault("its parameters are missing after the `.`"));
        }
        if request.dotted.is_none() {
            request.dotted = dotted.map(str::to_owned);
        }
        return Ok(());
    }
    // `ndcg_cut_10`: the longest measure that begins it, and a parameter.
    let begins = MEASURES.iter().filter_map(|(measure, _)| {
        let parameter = name.strip_prefix(measure)?.strip_prefix('_')?;
        let is_parameter = parameter.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        is_parameter.then_some((*measure, parameter))
    });
    match begins.max_by_key(|(measure, _)| measure.len()) {
        Some((measure, parameter)) if exists(measure) => {
            let request = requests.entry(measure).or_default();
            request.printed.push(parameter.to_owned());
            Ok(())
        }
        _ => Err(fault(
            "trec_eval has no such measure; its nicknames are `official`, `set` and `all_trec`",
        )),
    }
}

impl Shape {
    fn lines(self, measure: &str, given: Option<&str>) -> Result<Vec<Line>, String> {
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
                let of_numbers = make(&numbers).ok_or("it takes another number of parameters")?;
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
        let number = part.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("the parameter `{part}` must be a number"))
    };
    text.split(',').map(number).collect()
}

fn pairs(text: &str) -> Result<Vec<(i32, f64)>, String> {
    let pair = |part: &str| {
        let (grade, gain) = part.split_once('=')?;
        let gain = gain.parse::<f64>().ok().filter(|gain| gain.is_finite())?;
        Some((grade.parse().ok()?, gain))
    };
    let pairs = text.split(',').map(|part| {
        pair(part).ok_or_else(|| format!("the parameter `{part}` must be `grade=gain`"))
    });
    pairs.collect()
}

/// The parameters of a measure that only trec_eval has, as its names carry them; `None` for all others.
pub(super) fn shown_parameters(metric: &Metric) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(requests: &[&str], version: Version) -> Vec<String> {
        let lines = lines(requests.iter().copied(), version).unwrap();
        lines.into_iter().map(|line| line.name).collect()
    }

    #[test]
    fn parameters_are_sorted_and_the_first_of_two_counts() {
        assert_eq!(
            names(
                &[
                    "success.2",
                    "P.7,3",
                    "P.5",
                    "iprec_at_recall..50,.10",
                    "ndcg.1=3,2=9",
                    "utility.2,-1,0,0",
                    "ndcg_cut.10,23.4"
                ],
                Version::V10
            ),
            [
                "iprec_at_recall_0.10",
                "iprec_at_recall_0.50",
                "P_3",
                "P_7",
                "utility_2,-1,0,0",
                "ndcg_1=3,2=9",
                "ndcg_cut_10",
                "ndcg_cut_23",
                "success_2"
            ]
        );
        assert_eq!(
            names(&["P_10", "P_5", "map"], Version::V10),
            ["map", "P_5", "P_10"]
        );
    }

    #[test]
    fn versions_differ_in_what_all_is() {
        assert!(names(&["all_trec"], Version::V10).contains(&"unj_20".to_owned()));
        assert!(!names(&["all_trec"], Version::V9).contains(&"rbp".to_owned()));
        let message = |request, version| lines([request], version).unwrap_err().to_string();
        assert_eq!(
            message("rbp", Version::V9),
            "`rbp` is not a metric: trec_eval 9 does not have it"
        );
        assert_eq!(
            message("prefs", Version::V10),
            "`prefs` is not a metric: trec_eval has no such measure; its nicknames are `official`, `set` and `all_trec`"
        );
        assert_eq!(
            message("P.0", Version::V10),
            "`P.0` is not a metric: the cutoff `0` must be a whole number from 1"
        );
    }
}
