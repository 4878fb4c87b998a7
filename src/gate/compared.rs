//! The rules that compare with a baseline: `no_worse`, as one family over all variants.

use super::check::{Checks, about};
use super::config::{NoWorse, Rule};
use super::no_worse;
use super::verdict::{Answer, Check};
use crate::comparison::{
    Difference, Joined, Question, Side, Sliced, adjust, differences, mismatches, waive,
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
        let (before, joined) = match self.comparable(side, &rules) {
            Ok(comparable) => comparable,
            Err(because) => {
                let check = about("no_worse", *first, &side.variant, "-");
                return self.push(check, Answer::CannotCompare, because);
            }
        };
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
            let rows = match differences(&before, side, &joined, &question) {
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

    /// The baseline of a variant and the examples in common, where the two may be compared; why not, where they may not.
    fn comparable(
        &mut self,
        side: &Side,
        rules: &[(&NoWorse, usize)],
    ) -> Result<(Side, Joined), String> {
        let gate = self.gate;
        let baseline = self.baseline.ok_or_else(|| {
            format!(
                "there is no baseline: give one with `--baseline RUN`, or keep this run as one with `ragkit gate promote {} {}`",
                gate.path.display(),
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
        if failed == examples
            || (failed as f64 > MOST_ERRORS * examples as f64 && !self.is_waived("errors"))
        {
            return Err(format!(
                "{failed} of {examples} examples of the baseline ended in an error and count as 0: it is no measure; promote a better one, or `--waive errors`"
            ));
        }
        let joined = Joined::new(&before.scores, &side.scores);
        let metrics = side
            .scores
            .metrics
            .iter()
            .map(|(facts, _)| facts.name.as_str());
        let is_ruled = |metric: &&str| {
            let mut rules = rules.iter();
            rules.any(|(rule, _)| rule.metric.eq_ignore_ascii_case(metric))
        };
        let metrics: Vec<&str> = metrics.filter(is_ruled).collect();
        let found = mismatches(&before, side, &joined, &metrics);
        for mut mismatch in waive(found, |name| self.is_waived(name))? {
            if let Some(reason) = gate.waive.get(&mismatch.name) {
                mismatch.detail = format!("{} ({reason})", mismatch.detail);
            }
            if !self.differs.contains(&mismatch) {
                self.differs.push(mismatch);
            }
        }
        if joined.places.is_empty() {
            return Err("no example is in both".to_owned());
        }
        let one_sided = joined.only_baseline.iter().chain(&joined.only_candidate);
        self.left_out.extend(one_sided.cloned());
        Ok((before, joined))
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
