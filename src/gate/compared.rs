//! The rules that compare with a baseline: `no_worse`, as one family over all variants.

use super::check::{Checks, about};
use super::config::{NoWorse, Rule};
use super::no_worse;
use super::verdict::{Answer, Check};
use crate::comparison::{
    Difference, Pairing, Question, Side, Sliced, adjust, differences, mismatches, waive,
};

/// The share of a baseline's examples that may have ended in an error. Each of them makes the baseline easier to reach.
const MOST_ERRORS: f64 = 0.01;

impl Checks<'_> {
    pub(super) fn is_waived(&self, name: &str) -> bool {
        self.waived.iter().any(|one| one == name) || self.gate.waive.contains_key(name)
    }

    /// The rules that compare, without their answers: those need the whole family.
    pub(super) fn comparisons(&mut self, side: &Side) {
        let gate = self.gate;
        let rules = gate.numbered().filter_map(|(rule, line)| match rule {
            Rule::NoWorse(rule) => Some((rule, line)),
            _ => None,
        });
        let rules: Vec<(&NoWorse, usize)> = rules.collect();
        let Some((_, first)) = rules.first() else {
            return;
        };
        let refuse = |this: &mut Self, because: String| {
            let check = about("no_worse", *first, &side.variant, "-");
            this.push(check, Answer::CannotCompare, because);
        };
        let before = match self.before(side) {
            Ok(before) => before,
            Err(because) => return refuse(self, because),
        };
        let pairing = Pairing::new(&before, side);
        if let Err(because) = self.comparable(&pairing, &rules) {
            return refuse(self, because);
        }
        for (rule, line) in rules {
            let question = Question {
                metrics: vec![rule.metric.clone()],
                slices: Sliced::By(rule.slices.clone()),
                alpha: gate.alpha,
                power: gate.power,
                min_effect: rule.min_effect,
                seed: gate.seed,
                patterns: self.patterns,
            };
            let check = || about("no_worse", line, &side.variant, &rule.metric);
            if let Some(because) = self.flattered(side, &rule.metric) {
                self.push(check(), Answer::CannotCompare, because);
                continue;
            }
            let rows = match differences(&pairing, &question) {
                Ok(rows) => rows,
                Err(error) => {
                    self.push(check(), Answer::CannotCompare, format!("{error:#}"));
                    continue;
                }
            };
            if rows.is_empty() {
                let because = "no example has a value on both sides";
                self.push(check(), Answer::CannotCompare, because);
            }
            for row in rows {
                let check = Check {
                    metric: row.metric.clone(),
                    slice: row.slice.clone(),
                    value: Some(row.difference),
                    ci_low: row.ci_low,
                    ci_high: row.ci_high,
                    ..check()
                };
                if row.unpaired > 0 && !self.is_waived("values") {
                    let because = format!(
                        "{} examples have a value on one side only; where that is as it should be, `--waive values`",
                        row.unpaired
                    );
                    self.push(check, Answer::CannotCompare, because);
                } else {
                    self.compared.push((check, row, rule.min_effect));
                }
            }
        }
    }

    /// The baseline of a variant; why there is none to compare with, where there is none.
    fn before(&self, side: &Side) -> Result<Side, String> {
        let baseline = self.baseline.ok_or_else(|| {
            format!(
                "there is no baseline: give one with `--baseline RUN`, or keep this run as one with `ragkit gate promote {} {}`",
                self.gate.path.display(),
                self.run.path.0.display()
            )
        })?;
        let before =
            Side::of(baseline, &side.variant).map_err(|error| format!("baseline: {error:#}"))?;
        let failed = before
            .scores
            .failed
            .iter()
            .filter(|failed| **failed)
            .count();
        let examples = before.scores.ids.len();
        let too_many = failed as f64 > MOST_ERRORS * examples as f64;
        if failed == examples || (too_many && !self.is_waived("errors")) {
            return Err(format!(
                "{failed} of {examples} examples of the baseline ended in an error and count as 0: it is no measure; promote a better one, or `--waive errors`"
            ));
        }
        Ok(before)
    }

    /// Why the two may not be compared, where they may not; what was waived is noted.
    fn comparable(
        &mut self,
        pairing: &Pairing<'_>,
        rules: &[(&NoWorse, usize)],
    ) -> Result<(), String> {
        let gate = self.gate;
        let metrics = pairing.candidate.scores.metrics.iter();
        let metrics = metrics.map(|(facts, _)| facts.name.as_str());
        let is_ruled = |metric: &&str| {
            let mut rules = rules.iter();
            rules.any(|(rule, _)| rule.metric.eq_ignore_ascii_case(metric))
        };
        let metrics: Vec<&str> = metrics.filter(is_ruled).collect();
        let found = mismatches(pairing, &metrics);
        for mut mismatch in waive(found, |name| self.is_waived(name))? {
            if let Some(reason) = gate.waive.get(&mismatch.name) {
                mismatch.detail = format!("{} ({reason})", mismatch.detail);
            }
            if !self.differs.contains(&mismatch) {
                self.differs.push(mismatch);
            }
        }
        if pairing.places.is_empty() {
            return Err("no example is in both".to_owned());
        }
        let one_sided = pairing.only_baseline.iter().chain(&pairing.only_candidate);
        self.left_out.extend(one_sided.cloned());
        Ok(())
    }

    /// Adjusts all comparisons as one family and lets the rules speak. Returns the size of the family.
    pub(super) fn decide(&mut self) -> usize {
        let gate = self.gate;
        let mut rows: Vec<Difference> = self
            .compared
            .iter()
            .map(|(_, row, _)| row.clone())
            .collect();
        adjust(&mut rows);
        let family = rows.iter().filter(|row| row.p_holm.is_some()).count();
        let compared = std::mem::take(&mut self.compared);
        for ((check, _, min_effect), row) in compared.into_iter().zip(rows) {
            let (answer, mut because) = no_worse(&row, min_effect, family, gate.alpha, gate.power);
            if row.unpaired > 0 {
                because = format!(
                    "{because}; {} examples with a value on one side only are left out",
                    row.unpaired
                );
            }
            let check = Check {
                difference: Some(row),
                ..check
            };
            self.push(check, answer, because);
        }
        family
    }
}
