//! What tier 1 looks at: a few figures of a claim beside its sources, each from 0 to 1 and the larger the better supported. All are shares or means, so
//! that none grows with the length of the claim; a source that is longer only gives more to be found in.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Context, Subject};
use crate::analysis::Analyser;
use crate::claims::{ClaimWords, EvidenceWords, Window, names, sentences_of, words};
use crate::models::{Claimed, Encoder};
use crate::outputs::Evidence;

/// A figure of a claim beside its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// The share of the claim's distinct terms that stand in one window of up to three sentences of one source, or in what stands with that source.
    Coverage,
    /// The share of the claim's pairs of neighbouring words that stand side by side in a sentence of any source; of a claim of one word, whether it does.
    Pairs,
    /// The share of the claim's numbers that stand in any source; 1 without numbers.
    Numbers,
    /// The share of the claim's names that stand in any source, in any case; 1 without names.
    Names,
    /// 0 where the best window denies a term that the claim does not, or the other way round, else 1.
    Denial,
    /// The mean over the claim's tokens, read behind the question, of the largest cosine to a token of any source.
    Alignment,
}

impl Feature {
    /// Those that need no encoder.
    pub const WORDS: [Self; 5] = [
        Self::Coverage,
        Self::Pairs,
        Self::Numbers,
        Self::Names,
        Self::Denial,
    ];

    /// Those that an encoder gives.
    pub const ENCODER: [Self; 1] = [Self::Alignment];
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coverage => "coverage",
            Self::Pairs => "pairs",
            Self::Numbers => "numbers",
            Self::Names => "names",
            Self::Denial => "denial",
            Self::Alignment => "alignment",
        })
    }
}

/// What is known of one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// In the order of [`Feature::WORDS`], behind them those of [`Feature::ENCODER`] where there is one.
    pub values: Vec<f64>,
    /// What supports the claim best, by its words.
    pub evidence: Option<Evidence>,
}

/// Computes features. Cheap to clone; each thread needs its own.
#[derive(Clone)]
pub struct Extractor<'a> {
    analyser: Analyser,
    encoder: Option<&'a Encoder>,
}

/// The sources of an answer, read once for all its claims.
struct Sources {
    evidence: Vec<EvidenceWords>,
    /// All words in lower case, each with a number.
    words: HashMap<String, u32>,
    /// Words side by side.
    pairs: HashSet<(u32, u32)>,
}

impl<'a> Extractor<'a> {
    /// Features by words, and by an encoder if there is one.
    pub fn new(analyser: Analyser, encoder: Option<&'a Encoder>) -> Self {
        Self { analyser, encoder }
    }

    /// Which features it computes, in their order.
    pub fn names(&self) -> Vec<Feature> {
        let of_encoder = self.encoder.map(|_| Feature::ENCODER);
        let of_encoder = of_encoder.into_iter().flatten();
        Feature::WORDS.into_iter().chain(of_encoder).collect()
    }

    /// The features of every claim of every answer, in order. Answers that rest on the same contexts share the work of reading them.
    ///
    /// # Errors
    /// Of an answer, where the encoder fails.
    pub fn features(&self, subjects: &[Subject<'_>]) -> Vec<Result<Vec<Features>, String>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<&[Context<'_>], usize> = HashMap::new();
        for (place, subject) in subjects.iter().enumerate() {
            let group = *known.entry(&subject.contexts).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(place);
        }
        let of_group = |extractor: &mut Self, group: &Vec<usize>| {
            let subjects: Vec<&Subject<'_>> = group.iter().map(|place| &subjects[*place]).collect();
            match extractor.of_group(&subjects) {
                Ok(found) => found.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(format!("{error:#}")); group.len()],
            }
        };
        let found: Vec<Vec<Result<Vec<Features>, String>>> = groups
            .par_iter()
            .map_init(|| self.clone(), of_group)
            .collect();
        let mut placed: Vec<(usize, _)> = groups.concat().into_iter().zip(found.concat()).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, features)| features).collect()
    }

    /// Those of answers with the same contexts.
    fn of_group(&mut self, subjects: &[&Subject<'_>]) -> anyhow::Result<Vec<Vec<Features>>> {
        let contexts = &subjects[0].contexts;
        let sources = self.sources(contexts);
        let claims = subjects.iter().flat_map(|subject| {
            let claims = subject.sentences.iter();
            claims.map(|range| Claimed {
                before: subject.question,
                text: &subject.answer[range.clone()],
            })
        });
        let claims: Vec<Claimed<'_>> = claims.collect();
        let of_words = claims
            .iter()
            .map(|claim| self.of_words(claim.text, &sources));
        let mut found: Vec<Features> = of_words.collect();
        if let Some(encoder) = self.encoder {
            let passages: Vec<&str> = contexts.iter().flat_map(passages).collect();
            let alignments = encoder.align(&claims, &passages)?;
            for (features, alignment) in found.iter_mut().zip(alignments) {
                let cosines = alignment.iter().map(|cosine| f64::from(*cosine));
                features.values.push(mean(cosines).clamp(0.0, 1.0));
            }
        }
        let mut found = found.into_iter();
        let of_subject =
            |subject: &&Subject<'_>| found.by_ref().take(subject.sentences.len()).collect();
        Ok(subjects.iter().map(of_subject).collect())
    }

    fn sources(&mut self, contexts: &[Context<'_>]) -> Sources {
        let mut sources = Sources {
            evidence: Vec::new(),
            words: HashMap::new(),
            pairs: HashSet::new(),
        };
        for context in contexts {
            let read = EvidenceWords::new(context.text, context.about, &mut self.analyser);
            sources.evidence.push(read);
            passages(context)
                .into_iter()
                .for_each(|passage| sources.add(passage));
        }
        sources
    }

    fn of_words(&mut self, claim: &str, sources: &Sources) -> Features {
        let read = ClaimWords::new(claim, &mut self.analyser, &|_| 1.0);
        let windows = sources
            .evidence
            .iter()
            .zip(1..)
            .filter_map(|(source, number)| {
                let window = read.best_window(source, |window| window.coverage)?;
                Some((source, number, window))
            });
        // Of sources that cover as much the first.
        let best = windows.reduce(|best, other| {
            if other.2.coverage > best.2.coverage {
                other
            } else {
                best
            }
        });
        let window = best.as_ref().map(|(_, _, window)| window);
        let coverage = if read.has_terms() {
            window.map_or(0.0, |window| window.coverage)
        } else {
            NEUTRAL
        };
        let numbers = sources.evidence.iter();
        let numbers = numbers.filter_map(|source| source.known_numbers(&read));
        let denied = window.is_some_and(|window: &Window| window.is_denied);
        let evidence = best.as_ref().and_then(|(source, number, window)| {
            let stretch = source.stretch(window)?;
            Some(Evidence {
                source: *number,
                start: stretch.start,
                end: stretch.end,
                ..Evidence::default()
            })
        });
        let numbers =
            numbers
                .reduce(f64::max)
                .unwrap_or(if read.has_numbers() { 0.0 } else { 1.0 });
        Features {
            values: vec![
                coverage,
                sources.pairs_of(claim),
                numbers,
                sources.names_of(claim),
                f64::from(u8::from(!denied)),
            ],
            evidence,
        }
    }
}

/// What stands with a context, and its sentences.
fn passages<'c>(context: &Context<'c>) -> Vec<&'c str> {
    let about = Some(context.about).filter(|about| !about.is_empty());
    let sentences = sentences_of(context.text).into_iter();
    about
        .into_iter()
        .chain(sentences.map(|range| &context.text[range]))
        .collect()
}

/// The coverage of a claim without terms, which says neither.
const NEUTRAL: f64 = 0.5;

impl Sources {
    fn add(&mut self, sentence: &str) {
        let mut before = None;
        for (word, _) in words(sentence) {
            let next = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
            let number = *self.words.entry(word).or_insert(next);
            self.pairs.extend(before.map(|before| (before, number)));
            before = Some(number);
        }
    }

    fn pairs_of(&self, claim: &str) -> f64 {
        let numbers = words(claim).into_iter();
        let numbers: Vec<Option<u32>> = numbers
            .map(|(word, _)| self.words.get(&word).copied())
            .collect();
        match numbers.as_slice() {
            [] => NEUTRAL,
            [word] => f64::from(u8::from(word.is_some())),
            words => mean(words.windows(2).map(|pair| {
                let known = pair[0].zip(pair[1]);
                f64::from(u8::from(
                    known.is_some_and(|pair| self.pairs.contains(&pair)),
                ))
            })),
        }
    }

    fn names_of(&self, claim: &str) -> f64 {
        let has = |name: &String| {
            let possessive = format!("{name}'s");
            self.words.contains_key(name) || self.words.contains_key(&possessive)
        };
        let names = names(claim);
        if names.is_empty() {
            return 1.0;
        }
        mean(names.iter().map(|name| f64::from(u8::from(has(name)))))
    }
}

/// The mean; 0 of none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    sum / count.max(1) as f64
}
