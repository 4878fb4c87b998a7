//! The model that needs no weights: it answers by selecting the sentences of the sources that speak of what was asked, and cites them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::ensure;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Clock, Completion, Finish, LanguageModel, Prompt};
use crate::analysis::{Analyser, sentences};

/// How sentences are selected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExtractiveConfig {
    /// The most sentences of an answer, 1..=20.
    pub sentences: usize,
    /// The share of the question that the answer must speak of, 0..=1: below it says that it does not know.
    pub threshold: f64,
    /// The share of the question that each further sentence must add, 0..=1.
    pub gain: f64,
}

impl Default for ExtractiveConfig {
    fn default() -> Self {
        Self {
            sentences: 3,
            threshold: 0.3,
            gain: 0.1,
        }
    }
}

impl ExtractiveConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=20).contains(&self.sentences),
            "`extractive.sentences = {}` must be a whole number from 1 to 20",
            self.sentences
        );
        for (name, share) in [("threshold", self.threshold), ("gain", self.gain)] {
            ensure!(
                (0.0..=1.0).contains(&share),
                "`extractive.{name} = {share}` must lie between 0 and 1"
            );
        }
        Ok(())
    }
}

/// Selects and cites sentences.
///
/// A sentence is worth the terms of the question that it has, each by its weight, as a share of all terms of the question. The best is
/// taken, then the one that adds most to what is taken, up to the limit; of equals the one in the better source, then the earlier one.
pub struct Extractive<'a> {
    config: ExtractiveConfig,
    analyser: Analyser,
    /// What a term is worth, ≥ 0.
    weight: &'a (dyn Fn(&str) -> f64 + Sync),
    /// What it says where the sources do not answer.
    refusal: &'a str,
}

/// A sentence of a source, with the terms of the question that it has.
struct Candidate<'a> {
    /// From 1.
    source: usize,
    text: &'a str,
    has: BTreeSet<usize>,
}

impl<'a> Extractive<'a> {
    /// Terms are cut by `analyser` and weighed by `weight`.
    pub fn new(
        config: ExtractiveConfig,
        analyser: Analyser,
        weight: &'a (dyn Fn(&str) -> f64 + Sync),
        refusal: &'a str,
    ) -> Self {
        Self {
            config,
            analyser,
            weight,
            refusal,
        }
    }

    fn answer(&self, analyser: &mut Analyser, prompt: &Prompt) -> String {
        let asked: BTreeSet<String> = analyser.terms(&prompt.question).into_iter().collect();
        let place_of: BTreeMap<&str, usize> = asked.iter().map(String::as_str).zip(0..).collect();
        let worth: Vec<f64> = asked.iter().map(|term| (self.weight)(term)).collect();
        let whole: f64 = worth.iter().sum();
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        for (source, text) in (1..).zip(&prompt.sources) {
            for range in sentences(text, &(0..text.len())) {
                let text = text[range].trim_start_matches(['-', '*', '•', ' ']);
                // A question answers none.
                if text.ends_with('?') {
                    continue;
                }
                let terms = analyser.terms(text);
                let has = terms.iter().filter_map(|term| place_of.get(&**term));
                let has: BTreeSet<usize> = has.copied().collect();
                // What the sources say twice is said once.
                if !has.is_empty() && !candidates.iter().any(|known| known.text == text) {
                    candidates.push(Candidate { source, text, has });
                }
            }
        }
        let mut covered: BTreeSet<usize> = BTreeSet::new();
        let mut chosen: Vec<usize> = Vec::new();
        let share = |terms: &mut dyn Iterator<Item = &usize>| {
            terms.map(|term| worth[*term]).sum::<f64>() / whole
        };
        while chosen.len() < self.config.sentences {
            let gain = |place: &usize| {
                let new = &mut candidates[*place].has.difference(&covered);
                (share(new), share(&mut candidates[*place].has.iter()))
            };
            let left = (0..candidates.len()).filter(|place| !chosen.contains(place));
            // Of equals the first, which `max_by` would leave for the last.
            let best = left.rev().max_by(|a, b| {
                let (a, b) = (gain(a), gain(b));
                a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1))
            });
            let Some(best) = best else { break };
            if !chosen.is_empty() && gain(&best).0 < self.config.gain {
                break;
            }
            covered.extend(&candidates[best].has);
            chosen.push(best);
        }
        if chosen.is_empty() || share(&mut covered.iter()) < self.config.threshold {
            return self.refusal.to_owned();
        }
        let cited = chosen.into_iter().map(|place| {
            let Candidate { source, text, .. } = candidates[place];
            let text = unmarked(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            // A line of a list or table has no end of its own.
            let inside = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']']);
            let end = if inside.ends_with(['.', '!', ':', '…', '。']) {
                ""
            } else {
                "."
            };
            format!("{text}{end} [{source}]")
        });
        cited.collect::<Vec<_>>().join("\n")
    }
}

/// A sentence whose own references in brackets, such as `[12]` or `[3, 5-7]`, stand in parentheses: they cite what its document cites, and
/// would be read as citations of the sources.
fn unmarked(sentence: &str) -> String {
    let mut parts = sentence.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let marks = part.split_once(']').filter(|(marks, _)| {
            let is_mark = |c: char| c.is_ascii_digit() || matches!(c, ',' | '-' | '–' | ' ');
            marks.contains(|c: char| c.is_ascii_digit()) && marks.chars().all(is_mark)
        });
        match marks {
            Some((marks, rest)) => text.extend(["(", marks, ")", rest]),
            None => text.extend(["[", part]),
        }
    }
    text
}

impl LanguageModel for Extractive<'_> {
    fn complete(&self, prompts: &[Prompt]) -> Vec<Result<Completion, String>> {
        let one = |analyser: &mut Analyser, prompt: &Prompt| {
            let started = Instant::now();
            let text = self.answer(analyser, prompt);
            Ok(Completion {
                text,
                finish: Finish::Stop,
                tokens_in: 0,
                cached_tokens_in: 0,
                tokens_out: 0,
                estimated: false,
                clock: Clock {
                    latency_ms: started.elapsed().as_secs_f64() * 1000.0,
                    attempts: 1,
                    ..Clock::default()
                },
            })
        };
        let prompts = prompts.par_iter();
        prompts.map_init(|| self.analyser.clone(), one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::AnalyserConfig;

    fn answer(question: &str, sources: &[&str]) -> String {
        let analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        let weight = |term: &str| if term == "parent" { 3.0 } else { 1.0 };
        let model = Extractive::new(ExtractiveConfig::default(), analyser, &weight, "No.");
        let prompt = Prompt {
            question: question.to_owned(),
            sources: sources.iter().map(|text| (*text).to_owned()).collect(),
            ..Prompt::default()
        };
        model.complete(&[prompt])[0].as_ref().unwrap().text.clone()
    }

    #[test]
    fn the_sentences_that_speak_of_the_question_are_cited() {
        let sources = [
            "Leave is granted by the office. It opens at nine.",
            "Parental leave lasts 16 weeks.\nIt is paid in full.",
        ];
        assert_eq!(
            answer("How long is parental leave?", &sources),
            "Parental leave lasts 16 weeks. [2]"
        );
        assert_eq!(
            answer("When does the office grant parental leave?", &sources),
            "Parental leave lasts 16 weeks. [2]\nLeave is granted by the office. [1]"
        );
    }

    #[test]
    fn references_of_a_source_do_not_become_citations() {
        assert_eq!(
            answer(
                "parental leave age",
                &["Age at parental leave [SD] is 74 [14] years [2, 3]."]
            ),
            "Age at parental leave [SD] is 74 (14) years (2, 3). [1]"
        );
    }

    #[test]
    fn what_the_sources_do_not_speak_of_is_not_answered() {
        assert_eq!(answer("Who won the cup?", &["Leave is granted."]), "No.");
        assert_eq!(
            answer("leave of the parental ward?", &["Leave is granted."]),
            "No."
        );
        assert_eq!(answer("", &["Leave is granted."]), "No.");
        assert_eq!(answer("leave", &[]), "No.");
    }
}
