//! A scorer, examined.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Case, Check, Expected, Form, LEAST_CASES, Limits};
use crate::claims::Claiming;
use crate::faithfulness::{self, Context, Scorer, Subject};
use crate::metrics::statistics::exact_share;

/// Subjects that a scorer is asked about at once.
const BATCH: usize = 64;

/// Supports that differ by no more are the same.
const MARGIN: f64 = 0.05;

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// What should come of it.
    pub expected: Expected,
    /// Cases to which it applies: for what should fall those whose answer the scorer supports as it is.
    pub cases: usize,
    /// Of these those that came out as they should.
    pub held: usize,
    /// Their share.
    pub rate: Option<f64>,
    /// The lower end of its exact 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The share whose support moved by more than 0.05, whatever was decided: fell where it should, moved either way where it should stay. `None` for `base`.
    pub moved: Option<f64>,
    /// The least rate that passes.
    pub limit: Option<f64>,
    /// Whether it does.
    pub verdict: Verdict,
    /// Cases of which the scorer gave an error; they count as not held.
    pub errors: usize,
    /// Cases of which it said that nothing is claimed; they count as not held.
    pub silent: usize,
    /// The cases that did not hold, in their order.
    pub failed: Vec<String>,
}

/// Whether a check is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The rate is at or above the limit.
    Pass,
    /// It is below, or the scorer left no case to look at.
    Fail,
    /// There are too few cases to say.
    Few,
    /// The check has no limit.
    Told,
}

/// What came of all checks.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Examination {
    /// Every check for which there are cases.
    pub findings: Vec<Finding>,
    /// Whether none failed and some passed.
    pub passed: bool,
    /// Answers that it was asked about.
    pub asked: usize,
    /// Completions that a language model was asked for.
    pub calls: u64,
    /// What they cost, by the prices of the config.
    pub cost_usd: f64,
    /// The first errors, each once.
    pub errors: Vec<String>,
}

/// Errors that are shown.
const SHOWN_ERRORS: usize = 3;

impl Examination {
    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.verdict == Verdict::Fail)
    }
}

/// What a scorer said of one form.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    /// How well its weakest claim is supported, and whether all are.
    Support(f64, bool),
    /// That nothing is claimed.
    Nothing,
    /// Not what it was asked.
    Error,
}

impl Said {
    fn of(verdict: &faithfulness::Verdict) -> Result<Self, String> {
        let supports = verdict.claims.iter().map(|claim| claim.support);
        let Some(weakest) = supports.reduce(f64::min) else {
            return Ok(Self::Nothing);
        };
        let is_share = |support: f64| (0.0..=1.0).contains(&support);
        if let Some(claim) = verdict.claims.iter().find(|claim| !is_share(claim.support)) {
            return Err(format!(
                "the support `{}` is no number from 0 to 1",
                claim.support
            ));
        }
        let all = verdict.claims.iter().all(|claim| claim.supported);
        Ok(Self::Support(weakest, all))
    }

    fn is_supported(self) -> Option<bool> {
        match self {
            Self::Support(_, supported) => Some(supported),
            Self::Nothing | Self::Error => None,
        }
    }
}

/// A case as it is and changed.
struct Pair<'a> {
    id: &'a str,
    base: Said,
    said: Said,
}

/// Asks a scorer about every form of every case: whether all that the answer claims is supported. That is what `Faithfulness` counts, claim by claim; the mean
/// over an answer, by which people's labels of whole answers are predicted, would hide one changed claim behind the others. `progress` is told of every batch how many
/// answers it had.
pub fn examine(
    scorer: &dyn Scorer,
    cases: &[Case],
    limits: &Limits,
    progress: &mut dyn FnMut(usize),
) -> Examination {
    let mut asking = Asking {
        scorer,
        progress,
        found: Examination::default(),
    };
    // All forms of a case one after another: a scorer that computes something of a text once a batch does so of its contexts.
    let forms = cases.iter().flat_map(|case| {
        let base = std::iter::once((case, Check::Base, &case.base));
        base.chain(
            case.forms
                .iter()
                .map(move |(check, form)| (case, *check, form)),
        )
    });
    let forms: Vec<(&Case, Check, &Form)> = forms.collect();
    let said = asking.ask(&forms);
    let mut base: Vec<Said> = Vec::new();
    let mut pairs: BTreeMap<Check, Vec<Pair<'_>>> = BTreeMap::new();
    for ((case, check, _), said) in forms.iter().zip(said) {
        if *check == Check::Base {
            base.push(said);
        }
        pairs.entry(*check).or_default().push(Pair {
            id: &case.id,
            base: base[base.len() - 1],
            said,
        });
    }
    // From the end, so that no answer comes in the batch that it came in before.
    let again = cases.iter().rev();
    let again: Vec<(&Case, Check, &Form)> = again
        .map(|case| (case, Check::Repeat, &case.base))
        .collect();
    let said = asking.ask(&again).into_iter().rev();
    let repeated = cases.iter().zip(base).zip(said);
    let repeated = repeated.map(|((case, base), said)| Pair {
        id: &case.id,
        base,
        said,
    });
    pairs.insert(Check::Repeat, repeated.collect());
    let findings = pairs.iter();
    asking.found.findings = findings
        .filter(|(_, pairs)| !pairs.is_empty())
        .map(|(check, pairs)| finding(*check, pairs, limits))
        .collect();
    let mut found = asking.found;
    let is = |verdict: Verdict| found.findings.iter().any(|one| one.verdict == verdict);
    found.passed = is(Verdict::Pass) && !is(Verdict::Fail);
    found
}

/// A scorer that is asked, and what is kept of its answers.
struct Asking<'a> {
    scorer: &'a dyn Scorer,
    progress: &'a mut dyn FnMut(usize),
    found: Examination,
}

impl Asking<'_> {
    fn ask(&mut self, forms: &[(&Case, Check, &Form)]) -> Vec<Said> {
        let mut said = Vec::with_capacity(forms.len());
        for batch in forms.chunks(BATCH) {
            let claiming: Vec<Claiming> = batch
                .iter()
                .map(|(_, _, form)| Claiming::whole(&form.answer))
                .collect();
            let subjects = batch.iter().zip(&claiming);
            let subjects: Vec<Subject<'_>> = subjects
                .map(|((case, _, form), claiming)| Subject {
                    question: &case.question,
                    answer: &claiming.words,
                    sentences: &claiming.sentences,
                    contexts: form.contexts.iter().map(Context::from).collect(),
                    set: case.set.as_deref(),
                })
                .collect();
            let mut verdicts = self.scorer.score(&subjects).into_iter();
            for _ in batch {
                let verdict = verdicts.next().unwrap_or_else(|| {
                    Err("the scorer gave fewer verdicts than it was asked for".to_owned())
                });
                said.push(self.take(verdict));
            }
            (self.progress)(batch.len());
        }
        said
    }

    fn take(&mut self, verdict: Result<faithfulness::Verdict, String>) -> Said {
        self.found.asked += 1;
        if let Some(usage) = verdict
            .as_ref()
            .ok()
            .and_then(|verdict| verdict.usage.as_ref())
        {
            self.found.calls += u64::from(usage.calls);
            self.found.cost_usd += usage.cost_usd.unwrap_or(0.0);
        }
        verdict
            .and_then(|verdict| Said::of(&verdict))
            .unwrap_or_else(|error| {
                let errors = &mut self.found.errors;
                if errors.len() < SHOWN_ERRORS && !errors.contains(&error) {
                    errors.push(error);
                }
                Said::Error
            })
    }
}

/// What came of a check, of its cases as they are and changed.
fn finding(check: Check, pairs: &[Pair<'_>], limits: &Limits) -> Finding {
    let expected = check.expected();
    // What was not supported cannot fall; how many these are, `base` tells.
    let pairs = pairs.iter();
    let pairs: Vec<&Pair<'_>> = pairs
        .filter(|pair| expected != Expected::Falls || pair.base.is_supported() == Some(true))
        .collect();
    let held = |pair: &Pair<'_>| match expected {
        Expected::Supported => pair.said.is_supported() == Some(true),
        Expected::Falls => pair.said.is_supported() == Some(false),
        Expected::Stays => {
            pair.said.is_supported().is_some()
                && pair.said.is_supported() == pair.base.is_supported()
        }
    };
    let moved = |pair: &&&Pair<'_>| match (pair.base, pair.said) {
        (Said::Support(before, _), Said::Support(after, _)) if expected == Expected::Falls => {
            before - after > MARGIN
        }
        (Said::Support(before, _), Said::Support(after, _)) => (before - after).abs() > MARGIN,
        _ => false,
    };
    let count = |said: Said| pairs.iter().filter(|pair| pair.said == said).count();
    let failed: Vec<String> = pairs
        .iter()
        .filter(|pair| !held(pair))
        .map(|pair| pair.id.to_owned())
        .collect();
    let cases = pairs.len();
    let share = |count: usize| (cases > 0).then(|| count as f64 / cases as f64);
    let interval = (cases > 0).then(|| exact_share((cases - failed.len()) as u64, cases as u64));
    let rate = share(cases - failed.len());
    let limit = limits.of(check);
    let verdict = match (limit, rate) {
        (None, _) => Verdict::Told,
        (Some(_), Some(_)) if cases < LEAST_CASES => Verdict::Few,
        (Some(limit), Some(rate)) if rate >= limit => Verdict::Pass,
        // A rate below the limit, or none: there are cases, and the scorer supports none of them.
        _ => Verdict::Fail,
    };
    Finding {
        check,
        expected,
        cases,
        held: cases - failed.len(),
        rate,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        moved: share(pairs.iter().filter(moved).count()).filter(|_| check != Check::Base),
        limit,
        verdict,
        errors: count(Said::Error),
        silent: count(Said::Nothing),
        failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(base: Said, said: Said) -> Pair<'static> {
        Pair {
            id: "x",
            base,
            said,
        }
    }

    const HIGH: Said = Said::Support(0.9, true);
    const LOW: Said = Said::Support(0.1, false);

    #[test]
    fn errors_and_silence_never_hold() {
        let said = [HIGH, LOW, Said::Nothing, Said::Error];
        let pairs: Vec<Pair<'_>> = said.into_iter().map(|said| pair(HIGH, said)).collect();
        let of = |check: Check| {
            let found = finding(check, &pairs, &Limits::default());
            (found.cases, found.held, found.errors, found.silent)
        };
        assert_eq!(of(Check::Delete), (4, 1, 1, 1));
        assert_eq!(of(Check::Shuffle), (4, 1, 1, 1));
        assert_eq!(of(Check::Base), (4, 1, 1, 1));
    }

    #[test]
    fn only_what_was_supported_can_fall_and_all_can_stay() {
        let pairs = [
            pair(LOW, LOW),
            pair(HIGH, LOW),
            pair(Said::Error, Said::Error),
        ];
        let of = |check: Check| finding(check, &pairs, &Limits::default());
        assert_eq!((of(Check::Delete).cases, of(Check::Delete).held), (1, 1));
        assert_eq!((of(Check::Shuffle).cases, of(Check::Shuffle).held), (3, 1));
        assert_eq!(of(Check::Shuffle).verdict, Verdict::Few);
        // Nothing is supported: that is a failure, not a lack of cases.
        let none = finding(Check::Delete, &pairs[..1], &Limits::default());
        assert_eq!((none.rate, none.verdict), (None, Verdict::Fail));
        assert_eq!(of(Check::Role).verdict, Verdict::Told);
    }

    #[test]
    fn a_rate_at_its_limit_passes() {
        let of = |held: usize| {
            let pairs = (0..20).map(|n| pair(HIGH, if n < held { LOW } else { HIGH }));
            finding(
                Check::Delete,
                &pairs.collect::<Vec<_>>(),
                &Limits::default(),
            )
        };
        let found = of(18);
        assert_eq!((found.verdict, found.rate), (Verdict::Pass, Some(0.9)));
        // scipy.stats.beta: 18 of 20.
        assert!((found.low.unwrap() - 0.683_017).abs() < 1e-5);
        assert!((found.high.unwrap() - 0.987_651).abs() < 1e-5);
        assert_eq!((found.moved, of(17).verdict), (Some(0.9), Verdict::Fail));
    }
}
