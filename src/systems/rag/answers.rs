//! What an answer scores: its facts are gathered from the output, the gold and the verifier.

use std::collections::BTreeMap;

use crate::analysis::{Analyser, Language};
use crate::claims::{CitationsConfig, ClaimWords, EvidenceWords, is_claim, said, support};
use crate::data::{self, Judged};
use crate::metrics::Better;
use crate::metrics::answer::{AnswerFacts, AnswerMetric, Normalisation, SentenceFacts, relevance};
use crate::metrics::statistics::mean;
use crate::outputs::{Answer, Output};

/// What is known to be right of one question, beside its gold answers.
pub(super) struct Evidence {
    /// For each source of the answer, whether it is relevant; empty where that is not known.
    pub(super) sources: Vec<bool>,
    /// For each relevant thing that there is to find, whether a source holds it.
    pub(super) relevant: Vec<bool>,
    /// Texts that say what is right.
    pub(super) gold: Vec<String>,
}

/// How answers were verified, and so what holds their sentences against the gold.
#[derive(Clone, Copy)]
pub(super) struct Verifier {
    pub(super) config: CitationsConfig,
    /// Whether the prompt asked the model to reason first.
    pub(super) thinks: bool,
}

/// What scoring an answer needs beside it.
pub(super) struct Scorer<'a> {
    pub(super) query: &'a data::Query,
    pub(super) evidence: Evidence,
    pub(super) verifier: Verifier,
    pub(super) analyser: Analyser,
    pub(super) weight: &'a dyn Fn(&str) -> f64,
    pub(super) normalisation: Normalisation,
}

/// How answers in the language of an analyser are made comparable.
pub(super) fn normalisation(language: Language) -> Normalisation {
    match language {
        Language::English => Normalisation::En,
        Language::German => Normalisation::De,
        Language::Spanish => Normalisation::Es,
        Language::Arabic => Normalisation::Ar,
        _ => Normalisation::None,
    }
}

impl Evidence {
    /// By the documents that the sources come from: those with a grade above 0 are relevant.
    pub(super) fn of_documents<'a>(
        judged: &Judged,
        query: &str,
        sources: &(impl Iterator<Item = &'a str> + Clone),
    ) -> Self {
        let relevant = judged.grades(query).filter(|(_, grade)| *grade > 0);
        let relevant: Vec<&str> = relevant.map(|(document, _)| document).collect();
        Self {
            sources: sources
                .clone()
                .map(|source| relevant.contains(&source))
                .collect(),
            relevant: relevant
                .iter()
                .map(|document| sources.clone().any(|source| source == *document))
                .collect(),
            gold: Vec::new(),
        }
    }
}

impl Scorer<'_> {
    /// A value a metric. What ended in an error scores 0, and has no value where less is better; where nothing was answered, only
    /// what was offered to the answer is scored.
    pub(super) fn score(mut self, output: &Output, metrics: &[AnswerMetric]) -> Vec<Option<f64>> {
        let nothing = Answer::default();
        let failed = output.error.is_some();
        let answer = output
            .answer
            .as_ref()
            .filter(|_| !failed)
            .unwrap_or(&nothing);
        let sentences = self.sentences(answer);
        let all = answer
            .sentences
            .iter()
            .flat_map(|sentence| &sentence.citations);
        let citations: Vec<bool> = all.clone().map(|citation| citation.verified).collect();
        let invented = all.filter(|citation| citation.support.is_none()).count();
        let text = said(&answer.text, self.verifier.thinks);
        let relevance = self.relevance(&text);
        let claims = answer.claims.as_ref();
        let claims = claims.map(|claims| claims.iter().map(|claim| claim.supported));
        let claims: Option<Vec<bool>> = claims.map(Iterator::collect);
        let agreements = answer.claims.iter().flatten();
        let agreements: Vec<f64> = agreements.filter_map(|claim| claim.agreement).collect();
        // Gold answers may cite too, as those of systems do.
        let golds = self.query.answers.iter().map(|gold| said(gold, false));
        let golds: Vec<String> = golds.collect();
        let facts = AnswerFacts {
            text: &text,
            refused: answer.refused,
            answerable: self.query.answerable,
            golds: &golds,
            nuggets: &self.query.nuggets,
            normalisation: self.normalisation,
            sources: &self.evidence.sources,
            relevant: &self.evidence.relevant,
            citations: &citations,
            invented,
            sentences: &sentences,
            relevance,
            claims: claims.as_deref(),
            agreement: mean(&agreements),
            confidence: Some(answer.confidence),
            review: Some(answer.review),
        };
        let score = |metric: &AnswerMetric| match metric.score(&facts) {
            _ if failed && metric.better() == Better::Lower => None,
            _ if failed && metric.is_of_citations() => Some(0.0),
            value if failed => value.map(|_| 0.0),
            _ if output.answer.is_none() && !metric.is_of_context() => None,
            value => value,
        };
        metrics.iter().map(score).collect()
    }

    fn sentences(&mut self, answer: &Answer) -> Vec<SentenceFacts> {
        let known = !self.evidence.relevant.is_empty();
        let mut facts = Vec::with_capacity(answer.sentences.len());
        for sentence in &answer.sentences {
            let text = &answer.text[sentence.start..sentence.end];
            let noise = sentence.best.filter(|_| known).map(|(number, support)| {
                let relevance = |number: u32| {
                    let place = (number as usize).checked_sub(1)?;
                    self.evidence.sources.get(place).copied()
                };
                let mut cited = sentence.citations.iter();
                let rests = cited.any(|one| one.verified && relevance(one.number) == Some(true));
                relevance(number) == Some(false)
                    && !rests
                    && support >= self.verifier.config.verify_at
                    && !self.is_gold(text)
            });
            facts.push(SentenceFacts {
                claims: is_claim(sentence),
                cited: sentence.citations.iter().any(|citation| citation.verified),
                noise,
            });
        }
        facts
    }

    /// Whether what is known to be right says what a sentence says.
    fn is_gold(&mut self, sentence: &str) -> bool {
        let texts = self.evidence.gold.iter().chain(&self.query.answers);
        let texts: Vec<&String> = texts.chain(&self.query.nuggets).collect();
        let claim = ClaimWords::new(&said(sentence, false), &mut self.analyser, self.weight);
        texts.into_iter().any(|gold| {
            let gold = EvidenceWords::new(gold, "", &mut self.analyser);
            support(&claim, &gold) >= self.verifier.config.verify_at
        })
    }

    fn relevance(&mut self, text: &str) -> Option<f64> {
        let mut weighted = |text: &str| {
            let mut terms: BTreeMap<String, f64> = BTreeMap::new();
            for term in self.analyser.terms(text) {
                let weight = (self.weight)(&term);
                *terms.entry(term).or_default() += weight;
            }
            terms
        };
        relevance(&weighted(&self.query.text), &weighted(text))
    }
}
