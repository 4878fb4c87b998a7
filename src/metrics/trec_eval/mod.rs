//! trec_eval's names: what `-m` takes, and which lines it makes trec_eval print, in its order.
//!
//! Source: trec_eval 9.0.8 and 10.0, `measures.c`, `meas_init.c` and the defaults in the `m_*.c` files.

mod measures;
mod shape;

use std::collections::BTreeMap;

use self::measures::{MEASURES, NEW_IN_10, NOT_IN_ALL, OFFICIAL, SET};
use super::{Metric, UnknownMetric};

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

pub(super) use shape::shown_parameters;

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
            let mut given: Vec<&str> = request.dotted.iter().map(String::as_str).collect();
            for printed in &request.printed {
                if !given
                    .iter()
                    .any(|given| given.split(',').any(|one| one == printed))
                {
                    given.push(printed);
                }
            }
            let given = (!given.is_empty()).then(|| given.join(","));
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
            "trec_eval has no such measure; its nicknames are `official`, `set` and `all_trec` (names of ir-measures, such as `P@5`, are for the other formats)",
        )),
    }
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
            "`prefs` is not a metric: trec_eval has no such measure; its nicknames are `official`, `set` and `all_trec` (names of ir-measures, such as `P@5`, are for the other formats)"
        );
        assert_eq!(
            message("P.0", Version::V10),
            "`P.0` is not a metric: the cutoff `0` must be a whole number from 1"
        );
    }
}
