//! All rules of a gate, held against a run.

use std::collections::BTreeSet;

use anyhow::ensure;

use super::bound::{Limit, bound, estimates};
use super::config::{Bound, Completeness, Rule, quantile};
use super::ratio::ratio;
use super::verdict::{Answer, Check, Verdict};
use super::{Gate, Noise};
use crate::comparison::{Difference, Mismatch, Side, check_waiver, tested};
use crate::metrics::Better;
use crate::metrics::significance::{PATTERNS, patterns_for};
use crate::report::{ALL, Run};

/// Holds every rule against the variants of `run`, comparing with `baseline` where rules compare. `waived` adds to what the
/// gate waives, by name.
///
/// # Errors
/// Where a file cannot be read; what can be read and not compared is a check's answer.
pub fn check(
    gate: &Gate,
    run: &Run,
    only: Option<&str>,
    baseline: Option<&Run>,
    waived: &[String],
) -> anyhow::Result<Verdict> {
    waived.iter().try_for_each(|name| check_waiver(name))?;
    let mut variants: Vec<String> = match only {
        Some(variant) => vec![variant.to_owned()],
        None if gate.variants.is_empty() => all_variants(run, baseline),
        None => gate.variants.clone(),
    };
    ensure!(
        !variants.is_empty(),
        "`{}` has no variant",
        run.path.0.display()
    );
    let mut seen = BTreeSet::new();
    variants.retain(|variant| seen.insert(variant.clone()));
    if let Some(baseline) = baseline {
        let same = run.path.0.canonicalize()? == baseline.path.0.canonicalize()?;
        ensure!(
            !same,
            "a run is no worse than itself: `{}` is given as run and as baseline",
            run.path.0.display()
        );
    }
    let checks_with = |patterns: usize| {
        let mut checks = Checks {
            gate,
            run,
            baseline,
            waived,
            patterns,
            found: Vec::new(),
            compared: Vec::new(),
            left_out: BTreeSet::new(),
            differs: Vec::new(),
        };
        variants.iter().for_each(|variant| checks.variant(variant));
        checks
    };
    let mut checks = checks_with(PATTERNS);
    // A large family takes more patterns, or no p-value could survive its adjustment.
    let patterns = patterns_for(
        tested(checks.compared.iter().map(|(_, row, _)| row)),
        gate.alpha,
    );
    if patterns > PATTERNS {
        checks = checks_with(patterns);
    }
    checks.ratios()?;
    let family = checks.decide();
    let mut verdict = Verdict {
        answer: Answer::Ok,
        exit_code: 0,
        gate: gate.path.display().to_string(),
        run: run.path.0.display().to_string(),
        baseline: baseline.map(|run| run.path.0.display().to_string()),
        alpha: gate.alpha,
        family,
        waived: checks.differs,
        left_out: checks.left_out.into_iter().collect(),
        checks: checks.found,
    };
    verdict.checks.sort_by_key(|check| check.line);
    verdict.conclude(gate.on_inconclusive);
    Ok(verdict)
}

/// The variants of the run, and those of its baseline: one that is no longer there has not kept its rules.
fn all_variants(run: &Run, baseline: Option<&Run>) -> Vec<String> {
    let mut variants = run.manifest.identity.variants.clone();
    let before = baseline
        .iter()
        .flat_map(|baseline| &baseline.manifest.identity.variants);
    for variant in before {
        if !variants.contains(variant) {
            variants.push(variant.clone());
        }
    }
    variants
}

/// The checks of a run, as they come in.
pub(super) struct Checks<'a> {
    pub(super) gate: &'a Gate,
    pub(super) run: &'a Run,
    pub(super) baseline: Option<&'a Run>,
    pub(super) waived: &'a [String],
    found: Vec<Check>,
    /// Random sign patterns behind a p-value.
    pub(super) patterns: usize,
    /// Comparisons that wait for the rest of their family, with the smallest drop that matters to each.
    pub(super) compared: Vec<(Check, Difference, f64)>,
    pub(super) left_out: BTreeSet<String>,
    pub(super) differs: Vec<Mismatch>,
}

/// A check about nothing in particular yet.
pub(super) fn about(rule: &'static str, line: usize, variant: &str, metric: &str) -> Check {
    Check {
        rule,
        line,
        variant: variant.to_owned(),
        metric: metric.to_owned(),
        slice: ALL.to_owned(),
        answer: Answer::Ok,
        because: String::new(),
        value: None,
        ci_low: None,
        ci_high: None,
        difference: None,
    }
}

impl Checks<'_> {
    pub(super) fn push(&mut self, check: Check, answer: Answer, because: impl Into<String>) {
        self.found.push(Check {
            answer,
            because: because.into(),
            ..check
        });
    }

    /// Every rule but the ratios, on one variant.
    fn variant(&mut self, variant: &str) {
        if !self
            .run
            .manifest
            .identity
            .variants
            .iter()
            .any(|known| known == variant)
        {
            let known = self.run.manifest.identity.variants.join(", ");
            let check = about("variants", 1, variant, "-");
            self.push(
                check,
                Answer::CannotCompare,
                format!("the run has no such variant; it has {known}"),
            );
            return;
        }
        let side = match Side::of(self.run, variant) {
            Ok(side) => side,
            Err(error) => {
                self.push(
                    about("scores", 1, variant, "-"),
                    Answer::CannotCompare,
                    format!("{error:#}"),
                );
                return;
            }
        };
        let all = about("answers", 1, variant, "-");
        if side.scores.ids.is_empty() {
            self.push(
                all,
                Answer::Regression,
                "the run has no example: nothing was evaluated",
            );
            return;
        }
        if side.scores.failed.iter().all(|failed| *failed) {
            let because = format!("all {} examples ended in an error", side.scores.ids.len());
            self.push(all, Answer::Regression, because);
            return;
        }
        let gate = self.gate;
        for (rule, line) in gate.numbered() {
            match rule {
                Rule::Floor(rule) => self.bound(&side, rule, Limit::Floor, "floor", line),
                Rule::Ceiling(rule) => self.bound(&side, rule, Limit::Ceiling, "ceiling", line),
                Rule::Completeness(rule) => self.completeness(&side, rule, line),
                Rule::NoWorse(_) | Rule::Ratio(_) => {}
            }
        }
        self.comparisons(&side);
    }

    fn bound(&mut self, side: &Side, rule: &Bound, limit: Limit, name: &'static str, line: usize) {
        let check = || {
            about(
                name,
                line,
                &side.variant,
                &match &rule.stage {
                    Some(stage) => format!("{} of {stage}", rule.metric),
                    None => rule.metric.clone(),
                },
            )
        };
        let found = match estimates(side, rule, self.gate.seed) {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => return self.push(check(), Answer::CannotCompare, "no example has a value"),
            Err(error) => return self.push(check(), Answer::CannotCompare, format!("{error:#}")),
        };
        if let Some(because) = self
            .other_hardware(&rule.metric)
            .or_else(|| self.flattered(side, &rule.metric))
        {
            return self.push(check(), Answer::CannotCompare, because);
        }
        for estimate in found {
            if estimate.without > 0 && !self.is_waived("values") {
                let because = format!(
                    "{} examples have no value; where that is as it should be, `--waive values`",
                    estimate.without
                );
                let check = Check {
                    slice: estimate.slice,
                    ..check()
                };
                self.push(check, Answer::CannotCompare, because);
                continue;
            }
            let (answer, because) = bound(&estimate, limit, rule.value);
            let check = Check {
                slice: estimate.slice,
                value: Some(estimate.value),
                ci_low: estimate.interval.map(|interval| interval.low),
                ci_high: estimate.interval.map(|interval| interval.high),
                ..check()
            };
            self.push(check, answer, because);
        }
    }

    /// Why a latency is not held against a value that was set on the machine of the baseline, where this is another one.
    fn other_hardware(&self, metric: &str) -> Option<String> {
        quantile(metric)?;
        let (before, now) = (
            self.baseline?.manifest.hardware(),
            self.run.manifest.hardware(),
        );
        (before != now && !self.is_waived("hardware")).then(|| {
            format!("the baseline ran on {before}, this run on {now}; where that is as it should be, `--waive hardware`")
        })
    }

    /// Why a metric of which less is better is not looked at: an error counts as 0, its best value.
    pub(super) fn flattered(&self, side: &Side, metric: &str) -> Option<String> {
        let (facts, _) = side
            .scores
            .metrics
            .iter()
            .find(|(facts, _)| facts.name.eq_ignore_ascii_case(metric))?;
        let failed = side.scores.failed.iter().filter(|failed| **failed).count();
        (facts.better == Better::Lower && failed > 0 && !self.is_waived("errors")).then(|| {
            format!("{failed} examples ended in an error and count as 0, the best value of `{metric}`; where that is as it should be, `--waive errors`")
        })
    }

    fn completeness(&mut self, side: &Side, rule: &Completeness, line: usize) {
        let name = rule.metric.clone().unwrap_or_else(|| "answers".to_owned());
        let check = about("completeness", line, &side.variant, &name);
        let values = rule
            .metric
            .as_ref()
            .map(|metric| side.scores.values(metric));
        if values == Some(None) {
            return self.push(check, Answer::CannotCompare, "the run has no such metric");
        }
        let values = values.flatten();
        let whole = |place: &usize| {
            !side.scores.failed[*place] && values.is_none_or(|values| values[*place].is_some())
        };
        let examples = side.scores.ids.len();
        let complete = (0..examples).filter(whole).count();
        let share = complete as f64 / examples as f64;
        // A count and no estimate: these are the examples, and each of them either has an answer or not.
        let answer = if share >= rule.min {
            Answer::Ok
        } else {
            Answer::Regression
        };
        let because = format!(
            "{complete} of {examples} examples, wanted {} of them",
            rule.min
        );
        let check = Check {
            value: Some(share),
            ..check
        };
        self.push(check, answer, because);
    }

    fn ratios(&mut self) -> anyhow::Result<()> {
        let gate = self.gate;
        let noise = gate
            .noise
            .as_ref()
            .map_or_else(|| Ok(Noise::default()), |path| Noise::load(path))?;
        for (rule, line) in gate.numbered() {
            let Rule::Ratio(rule) = rule else {
                continue;
            };
            let metric = match &rule.stage {
                Some(stage) => format!("{} of {stage} / {}", rule.metric, rule.to),
                None => format!("{} / {}", rule.metric, rule.to),
            };
            let check = about("ratio", line, &rule.variant, &metric);
            match ratio(self.run, rule, &noise, gate) {
                Ok(found) => self.found.push(Check {
                    answer: found.answer,
                    because: found.because,
                    value: found.value,
                    ci_low: found.interval.map(|interval| interval.low),
                    ci_high: found.interval.map(|interval| interval.high),
                    ..check
                }),
                Err(error) => self.push(check, Answer::CannotCompare, format!("{error:#}")),
            }
        }
        Ok(())
    }
}
