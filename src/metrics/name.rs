//! A metric's name: written as ir-measures writes it, read with aliases.
//!
//! `NAME`, `NAME@K`, `NAME(param=value,…)` or `NAME(param=value,…)@K`; `IPrec@0.1` is at a point of recall.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Gain, Measure, Metric, RbpGain, trec_eval};

/// A name that is no metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a metric: {reason}")]
pub struct UnknownMetric {
    name: String,
    reason: String,
}

impl UnknownMetric {
    pub(super) fn new(name: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Where a parameter of a name applies, and its value as text.
type Parameters<'a> = Vec<(&'a str, &'a str)>;

impl Metric {
    /// The metrics that a name stands for: more than one for trec_eval's families and nicknames, such as `P` or
    /// `all_trec`.
    pub fn family(name: &str) -> Result<Vec<Self>, UnknownMetric> {
        match name.parse() {
            Ok(metric) => Ok(vec![metric]),
            Err(error) => {
                let lines = trec_eval::lines([name], trec_eval::Version::V10).map_err(|_| error)?;
                Ok(lines
                    .into_iter()
                    .filter_map(trec_eval::Line::into_metric)
                    .collect())
            }
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = |reason: &str| UnknownMetric::new(text, reason);
        let (head, at) = match text.rsplit_once('@') {
            Some((head, at)) => (head, Some(at)),
            None => (text, None),
        };
        let (name, inside) = match head.split_once('(') {
            Some((name, inside)) => {
                let inside = inside.strip_suffix(')');
                (
                    name,
                    inside.ok_or_else(|| fault("the parameters end in `)`"))?,
                )
            }
            None => (head, ""),
        };
        let Some(measure) = named(name) else {
            // One of trec_eval's names, such as `ndcg_cut_10`, if it stands for one metric only.
            let metrics: Vec<Self> = trec_eval::lines([text], trec_eval::Version::V10)
                .map(|lines| {
                    lines
                        .into_iter()
                        .filter_map(trec_eval::Line::into_metric)
                        .collect()
                })
                .unwrap_or_default();
            return <[Self; 1]>::try_from(metrics)
                .map(|[metric]| metric)
                .map_err(|_| fault(EXPECTED));
        };
        let mut metric = Self::from(measure);
        if let Some(at) = at {
            metric.set_at(at).map_err(fault)?;
        }
        for (parameter, value) in parameters(inside).map_err(|reason| fault(&reason))? {
            metric
                .set(parameter, value)
                .map_err(|reason| fault(&reason))?;
        }
        metric.complete(at.is_some()).map_err(fault)?;
        Ok(metric)
    }
}

const EXPECTED: &str = "expected nDCG, AP, RR, P@k, R@k, Success@k, Rprec, Bpref, infAP, ERR, RBP, Judged, SetP, SetR, SetF, SetAP, IPrec@r, NumQ, NumRet, NumRel, NumRelRet or a name of trec_eval's, with `@k` where a cutoff is meant";

/// The measure of a name, with its parameters at their defaults.
fn named(name: &str) -> Option<Measure> {
    Some(match name.to_ascii_lowercase().as_str() {
        "ndcg" => Measure::Ndcg(Gain::Linear),
        "ndcg_burges" => Measure::Ndcg(Gain::Exponential),
        "ap" | "map" => Measure::AveragePrecision,
        "rr" | "mrr" => Measure::ReciprocalRank,
        "p" | "precision" => Measure::Precision,
        "r" | "recall" => Measure::Recall,
        "success" | "hit_rate" => Measure::Success,
        "rprec" | "r-precision" => Measure::RPrecision,
        "bpref" => Measure::Bpref,
        "infap" => Measure::InferredAp,
        "err" => Measure::ExpectedReciprocalRank,
        "rbp" if name != "rbp" => Measure::RankBiasedPrecision {
            p: 0.8,
            gain: RbpGain::Binary,
        },
        "judged" => Measure::Judged,
        "setp" => Measure::SetPrecision,
        "setrelp" => Measure::RelativeSetPrecision,
        "setr" => Measure::SetRecall,
        "setf" => Measure::SetF(1.0),
        "setap" => Measure::SetAveragePrecision,
        "iprec" => Measure::InterpolatedPrecision(f64::NAN),
        "numq" => Measure::Queries,
        "numret" => Measure::Retrieved,
        "numrel" => Measure::Relevant,
        "numrelret" => Measure::RelevantRetrieved,
        _ => return None,
    })
}

/// `a=1,b={1:2,3:4}` as pairs; a comma inside braces separates nothing.
fn parameters(text: &str) -> Result<Parameters<'_>, String> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (place, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    if start < text.len() {
        parts.push(&text[start..]);
    }
    let pair = |part: &'_ str| -> Result<(usize, usize), String> {
        let equals = part.find('=');
        equals
            .map(|equals| (equals, part.len()))
            .ok_or_else(|| format!("the parameter `{part}` has no `=`"))
    };
    parts
        .into_iter()
        .map(|part| {
            let (equals, end) = pair(part)?;
            Ok((part[..equals].trim(), part[equals + 1..end].trim()))
        })
        .collect()
}

impl Metric {
    /// What follows the `@`.
    fn set_at(&mut self, text: &str) -> Result<(), &'static str> {
        if let Measure::InterpolatedPrecision(recall) = &mut self.measure {
            *recall = text
                .parse()
                .ok()
                .filter(|recall| (0.0..=1.0).contains(recall))
                .ok_or("the recall after `@` must be a number from 0 to 1")?;
            return Ok(());
        }
        if !self.takes_a_cutoff() {
            return Err("it takes no cutoff");
        }
        let cutoff = text.parse();
        self.cutoff =
            Some(cutoff.map_err(|_| "the cutoff after `@` must be a whole number from 1")?);
        Ok(())
    }

    fn takes_a_cutoff(&self) -> bool {
        self.needs_a_cutoff()
            || matches!(
                self.measure,
                Measure::Ndcg(_)
                    | Measure::AveragePrecision
                    | Measure::ReciprocalRank
                    | Measure::ExpectedReciprocalRank
                    | Measure::RankBiasedPrecision { .. }
                    | Measure::Judged
            )
    }

    fn needs_a_cutoff(&self) -> bool {
        matches!(
            self.measure,
            Measure::Precision | Measure::Recall | Measure::Success
        )
    }

    /// Whether the metric asks what is relevant.
    fn takes_a_level(&self) -> bool {
        !matches!(
            self.measure,
            Measure::Ndcg(_) | Measure::ExpectedReciprocalRank | Measure::Judged | Measure::Queries
        )
    }

    fn set(&mut self, parameter: &str, value: &str) -> Result<(), String> {
        let whole = || -> Result<i32, String> {
            let value = value.parse::<i32>();
            value.map_err(|_| format!("`{parameter}` must be a whole number"))
        };
        let positive = || -> Result<f64, String> {
            let value = value.parse::<f64>().ok();
            let value = value.filter(|value| value.is_finite() && *value >= 0.0);
            value.ok_or_else(|| format!("`{parameter}` must be a number from 0"))
        };
        let truth = || match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("`{parameter}` must be True or False")),
        };
        let takes_a_level = self.takes_a_level();
        match (parameter, &mut self.measure) {
            ("rel", measure @ Measure::Retrieved) => {
                *measure = Measure::RelevantRetrieved;
                self.level = Some(whole()?);
            }
            ("rel", _) if takes_a_level => self.level = Some(whole()?),
            ("judged_only", _) => self.judged_only = truth()?,
            ("cutoff", _) => self.set_at(value)?,
            ("dcg", Measure::Ndcg(gain)) => match value.trim_matches(['\'', '"']) {
                "log2" => *gain = Gain::Linear,
                "exp-log2" => *gain = Gain::Exponential,
                _ => return Err("`dcg` must be 'log2' or 'exp-log2'".into()),
            },
            ("gains", Measure::Ndcg(gain)) => *gain = Gain::Table(table(value)?),
            ("p", Measure::RankBiasedPrecision { p, .. }) => {
                *p = positive()?;
                if *p >= 1.0 {
                    return Err("`p` must be a number from 0 to below 1".into());
                }
            }
            ("beta", Measure::SetF(beta)) => *beta = positive()?,
            ("relative", measure @ Measure::SetPrecision) => {
                if truth()? {
                    *measure = Measure::RelativeSetPrecision;
                }
            }
            _ => return Err(format!("it has no parameter `{parameter}`")),
        }
        Ok(())
    }

    /// Checks what must be there.
    fn complete(&self, has_at: bool) -> Result<(), &'static str> {
        if self.needs_a_cutoff() && self.cutoff.is_none() {
            return Err("it needs a cutoff, as in `P@10`");
        }
        if matches!(self.measure, Measure::InterpolatedPrecision(_)) && !has_at {
            return Err("it needs a recall, as in `IPrec@0.1`");
        }
        Ok(())
    }

    fn base_name(&self) -> &'static str {
        match &self.measure {
            Measure::Ndcg(_) => "nDCG",
            Measure::Dcg(_) => "dcg",
            Measure::IdealDcg(_) => "ideal_dcg",
            Measure::NdcgAtRelevant(_) => "ndcg_rel",
            Measure::NdcgAtLevels(_) => "Rndcg",
            Measure::G(_) => "G",
            Measure::BinaryG => "binG",
            Measure::ExpectedReciprocalRank => "ERR",
            Measure::RankBiasedPrecision {
                gain: RbpGain::Scaled(_),
                ..
            } => "rbp",
            Measure::RankBiasedPrecision { .. } => "RBP",
            Measure::RbpResidual => "rbp_resid",
            Measure::AveragePrecision => "AP",
            Measure::GeometricAveragePrecision => "gm_map",
            Measure::Yaap => "yaap",
            Measure::ReciprocalRank => "RR",
            Measure::Precision => "P",
            Measure::RelativePrecision => "relative_P",
            Measure::Recall => "R",
            Measure::Success => "Success",
            Measure::RPrecision => "Rprec",
            Measure::PrecisionAtMultiple(_) => "Rprec_mult",
            Measure::InterpolatedPrecision(_) => "IPrec",
            Measure::MeanInterpolatedPrecision(_) => "11pt_avg",
            Measure::Bpref => "Bpref",
            Measure::GeometricBpref => "gm_bpref",
            Measure::InferredAp => "infAP",
            Measure::Judged => "Judged",
            Measure::Unjudged => "unj",
            Measure::SetPrecision => "SetP",
            Measure::RelativeSetPrecision => "SetRelP",
            Measure::SetRecall => "SetR",
            Measure::SetF(_) => "SetF",
            Measure::SetAveragePrecision => "SetAP",
            Measure::Utility(_) => "utility",
            Measure::Queries => "NumQ",
            Measure::Retrieved => "NumRet",
            Measure::Relevant => "NumRel",
            Measure::RelevantRetrieved if self.level.is_some() => "NumRet",
            Measure::RelevantRetrieved => "NumRelRet",
            Measure::JudgedNotRelevantRetrieved => "num_nonrel_judged_ret",
        }
    }

    /// The parameters that are not at their defaults.
    fn shown_parameters(&self) -> Vec<String> {
        let mut shown = Vec::new();
        match &self.measure {
            Measure::Ndcg(Gain::Exponential) => shown.push("dcg='exp-log2'".to_owned()),
            Measure::Ndcg(Gain::Table(gains)) => {
                let pairs = gains.iter().map(|(grade, gain)| format!("{grade}:{gain}"));
                shown.push(format!("gains={{{}}}", pairs.collect::<Vec<_>>().join(",")));
            }
            Measure::RankBiasedPrecision {
                p,
                gain: RbpGain::Binary | RbpGain::Grade,
            } if (*p - 0.8).abs() > 0.0 => shown.push(format!("p={p}")),
            Measure::SetF(beta) if (*beta - 1.0).abs() > 0.0 => shown.push(format!("beta={beta}")),
            _ => {}
        }
        shown.extend(self.level.map(|level| format!("rel={level}")));
        shown.extend(self.judged_only.then(|| "judged_only=True".to_owned()));
        shown
    }
}

/// `{0:0,1:1,2:3}` as pairs.
fn table(text: &str) -> Result<Vec<(i32, f64)>, String> {
    let fault = || "`gains` must be whole grades with their gains, as in `{1:1,2:3}`".to_owned();
    let inside = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .ok_or_else(fault)?;
    let pair = |pair: &str| {
        let (grade, gain) = pair.split_once(':')?;
        let gain = gain
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|gain| gain.abs() <= 1e12)?;
        Some((grade.trim().parse().ok()?, gain))
    };
    let pairs = inside.split(',').map(|text| pair(text).ok_or_else(fault));
    pairs.collect()
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base_name())?;
        if let Some(parameters) = trec_eval::shown_parameters(self) {
            return f.write_str(&parameters);
        }
        let parameters = self.shown_parameters();
        if !parameters.is_empty() {
            write!(f, "({})", parameters.join(","))?;
        }
        match (&self.measure, self.cutoff) {
            (Measure::InterpolatedPrecision(recall), _) => write!(f, "@{recall}"),
            (_, Some(k)) => write!(f, "@{k}"),
            (_, None) => Ok(()),
        }
    }
}

impl Serialize for Metric {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
