//! Scorers that a good one must beat: some that look at nothing, some that count what words are in common, one that compares vectors.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Context, Scorer, Subject, Verdict};
use crate::claims::{sentences_of, words};
use crate::data::Digest;
use crate::metrics::answer::{Normalisation, in_common};
use crate::models::{Embedder, EncoderConfig, Matrix};
use crate::outputs::Claim;

/// Words of an answer at which [`Measure::Length`] is half sure: about a sentence.
const WORDS: f64 = 25.0;

/// `baseline`: a scorer to compare others with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineConfig {
    /// What it looks at.
    pub by: Measure,
    /// An answer is supported from this on, 0..=1.
    #[serde(default = "half")]
    pub threshold: f64,
    /// The encoder of [`Measure::Cosine`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
}

/// What a baseline looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Nothing: 0.5 for every claim.
    Constant,
    /// Nothing: 1 for every claim.
    Yes,
    /// A number that the texts are hashed to: evenly spread over 0..1, the same for the same texts.
    Random,
    /// The answer's length alone: 25 / (25 + words). Answers that make things up are the longer ones in many collections.
    Length,
    /// The share of a claim's pairs of words that stand in its contexts, each as often as there: ROUGE-2 precision against all contexts, as Google's
    /// `rouge_score` counts without a stemmer, with words of any script. Of a claim of one word the share of its words.
    Rouge2,
    /// The share of a claim's words that stand in its contexts, each as often as there: ROUGE-1 precision.
    Tokens,
    /// The cosine of a claim and the sentence of the contexts that is most alike, as vectors of an encoder; 0 where it is negative.
    Cosine,
}

fn half() -> f64 {
    0.5
}

impl Measure {
    /// Those that do not look at the contexts: whatever examines scorers must find fault with each.
    pub const KNOWN_BAD: [Self; 4] = [Self::Constant, Self::Yes, Self::Random, Self::Length];

    /// Those that count words in common with the contexts, and cannot tell what a word changes.
    pub const KNOWN_WEAK: [Self; 2] = [Self::Rouge2, Self::Tokens];

    /// Its name, as a config writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Yes => "yes",
            Self::Random => "random",
            Self::Length => "length",
            Self::Rouge2 => "rouge2",
            Self::Tokens => "tokens",
            Self::Cosine => "cosine",
        }
    }
}

impl BaselineConfig {
    /// One without an encoder, at the threshold 0.5.
    pub fn by(measure: Measure) -> Self {
        Self {
            by: measure,
            threshold: half(),
            encoder: None,
        }
    }

    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            (0.0..=1.0).contains(&self.threshold),
            "`baseline.threshold = {}` must be a number from 0 to 1",
            self.threshold
        );
        let is_cosine = self.by == Measure::Cosine;
        ensure!(
            self.encoder.is_some() == is_cosine,
            "`baseline.by = \"{}\"` {} an encoder; {} `encoder`",
            self.by.name(),
            if is_cosine { "needs" } else { "has no use for" },
            if is_cosine { "name one in" } else { "drop" }
        );
        Ok(())
    }

    /// Checks that the encoder is there, without reading it.
    pub fn check(&self) -> anyhow::Result<()> {
        self.encoder.as_ref().map_or(Ok(()), EncoderConfig::check)
    }

    /// What it is, for reports.
    pub fn describe(&self) -> String {
        format!(
            "baseline ({}), threshold {}",
            self.by.name(),
            self.threshold
        )
    }

    /// The scorer.
    ///
    /// # Errors
    /// Where the encoder is missing or cannot be read.
    pub fn open(&self) -> anyhow::Result<Box<dyn Scorer + Send>> {
        if self.by != Measure::Cosine {
            return Ok(Box::new(Baseline(self.clone())));
        }
        let encoder = self.encoder.as_ref();
        let encoder = encoder.context("`baseline.by = \"cosine\"` needs an encoder")?;
        Ok(Box::new(Cosine {
            embedder: encoder.load()?,
            threshold: self.threshold,
        }))
    }
}

/// A baseline without a model.
struct Baseline(BaselineConfig);

impl Scorer for Baseline {
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        let verdicts = subjects.par_iter().map(|subject| {
            let supports = self.supports(subject);
            Ok(verdict(subject, &supports, self.0.threshold))
        });
        verdicts.collect()
    }
}

impl Baseline {
    /// How well each sentence is supported.
    fn supports(&self, subject: &Subject<'_>) -> Vec<f64> {
        let of_all = |support: f64| vec![support; subject.sentences.len()];
        let of_each = |n: usize| {
            let contexts: Vec<Vec<String>> = subject
                .contexts
                .iter()
                .map(|context| tokens(context.text))
                .collect();
            let sentences = subject.sentences.iter();
            let claims = sentences.map(|range| tokens(&subject.answer[range.clone()]));
            claims
                .map(|claim| precision(&claim, &contexts, n))
                .collect()
        };
        match self.0.by {
            // Cosine has a scorer of its own.
            Measure::Constant | Measure::Cosine => of_all(0.5),
            Measure::Yes => of_all(1.0),
            Measure::Random => of_all(random(subject)),
            Measure::Length => of_all(WORDS / (WORDS + words(subject.answer).len() as f64)),
            Measure::Rouge2 => of_each(2),
            Measure::Tokens => of_each(1),
        }
    }
}

/// An answer whose sentences are supported so well.
fn verdict(subject: &Subject<'_>, supports: &[f64], threshold: f64) -> Verdict {
    let claims = subject.sentences.iter().zip(supports);
    let claims = claims.map(|(range, support)| Claim {
        start: range.start,
        end: range.end,
        support: *support,
        supported: *support >= threshold,
        ..Claim::default()
    });
    Verdict::by_mean(claims.collect(), threshold)
}

/// Words of any script, lower-cased.
fn tokens(text: &str) -> Vec<String> {
    Normalisation::None.rouge_tokens(text)
}

/// The share of a claim's n-grams that stand in the contexts, each as often as in all of them together; of shorter ones where the claim has fewer
/// than `n` tokens, 0 where it has none.
fn precision(claim: &[String], contexts: &[Vec<String>], n: usize) -> f64 {
    let n = n.min(claim.len());
    if n == 0 {
        return 0.0;
    }
    let grams = claim.windows(n);
    let all = grams.len();
    let known = contexts.iter().flat_map(|context| context.windows(n));
    in_common(grams, known) as f64 / all as f64
}

/// Evenly spread over 0..1 by the texts.
fn random(subject: &Subject<'_>) -> f64 {
    let digest = Digest::default()
        .with("question", subject.question)
        .with("answer", subject.answer);
    let with = |digest: Digest, context: &Context<'_>| digest.with("context", context.text);
    let digest = subject.contexts.iter().fold(digest, with).finish();
    // 13 hexadecimal digits are 52 bits, which a float holds.
    let bits = u64::from_str_radix(&digest[..13], 16).unwrap_or_default();
    bits as f64 / 2_f64.powi(52)
}

/// [`Measure::Cosine`].
struct Cosine<E> {
    embedder: E,
    threshold: f64,
}

impl<E: Embedder> Scorer for Cosine<E> {
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        // Every text once: subjects of a batch share contexts.
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let sides: Vec<[Vec<&str>; 2]> = subjects.iter().map(sides).collect();
        for text in sides.iter().flatten().flatten() {
            let next = places.len();
            places.entry(text).or_insert(next);
        }
        let mut texts = vec![""; places.len()];
        places.iter().for_each(|(text, place)| texts[*place] = text);
        let vectors = match self.embedder.embed(&texts) {
            Ok(vectors) => vectors,
            Err(error) => return vec![Err(format!("{error:#}")); subjects.len()],
        };
        let scored = subjects
            .iter()
            .zip(&sides)
            .map(|(subject, [claims, known])| {
                let best = |claim: &&str| {
                    let cosines = known
                        .iter()
                        .map(|text| cosine(&vectors, places[claim], places[text]));
                    cosines.fold(0.0, f64::max)
                };
                let supports: Vec<f64> = claims.iter().map(best).collect();
                Ok(verdict(subject, &supports, self.threshold))
            });
        scored.collect()
    }
}

/// The claims of a subject, and the sentences of its contexts.
fn sides<'a>(subject: &Subject<'a>) -> [Vec<&'a str>; 2] {
    let claims = subject.sentences.iter();
    let claims = claims.map(|range| &subject.answer[range.clone()]);
    let known = subject.contexts.iter().flat_map(|context| {
        let sentences = sentences_of(context.text).into_iter();
        sentences.map(|range| &context.text[range])
    });
    [claims.collect(), known.collect()]
}

/// The cosine of two rows of length 1, at most 1.
fn cosine(vectors: &Matrix, one: usize, other: usize) -> f64 {
    let products = vectors.row(one).iter().zip(vectors.row(other));
    let cosine: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    cosine.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Claiming;

    fn support(measure: Measure, answer: &str, contexts: &[&str]) -> f64 {
        let claiming = Claiming::whole(answer);
        let contexts = contexts.iter().map(|text| Context { text, about: "" });
        let subject = Subject {
            question: "",
            answer: &claiming.words,
            sentences: &claiming.sentences,
            contexts: contexts.collect(),
            set: None,
        };
        let scorer = Baseline(BaselineConfig::by(measure));
        let verdict = scorer.score(&[subject]).remove(0).unwrap();
        verdict.whole.unwrap().support
    }

    #[test]
    fn words_in_common_are_counted_as_often_as_they_are_there() {
        let of = |measure, answer, contexts| support(measure, answer, contexts);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        near(of(Measure::Tokens, "a b c d", &["a b", "c x"]), 0.75);
        near(of(Measure::Tokens, "a a a b", &["a", "A b"]), 0.75);
        near(
            of(Measure::Rouge2, "a b c d", &["a b c", "c x d"]),
            2.0 / 3.0,
        );
        // No pair of words reaches over two contexts.
        near(of(Measure::Rouge2, "a b", &["a", "b"]), 0.0);
        near(of(Measure::Rouge2, "Über", &["über"]), 1.0);
        near(of(Measure::Tokens, "a", &[]), 0.0);
        // The mean of two sentences.
        near(
            of(Measure::Tokens, "Dogs bark. Cats sleep.", &["dogs bark"]),
            0.5,
        );
    }

    #[test]
    fn some_look_at_nothing_that_matters() {
        let long = "A b c d e f g h i j k l m n o p q r s t u v w x y.";
        for measure in [Measure::Constant, Measure::Yes, Measure::Length] {
            let with = support(measure, long, &[long]);
            let without = support(measure, long, &["Other."]);
            assert!((with - without).abs() < 1e-15, "{measure:?}");
        }
        assert!((support(Measure::Length, long, &[]) - 0.5).abs() < 1e-12);
        assert!(support(Measure::Length, "Short.", &[]) > 0.9);
        let random = |context: &str| support(Measure::Random, "A.", &[context]);
        assert!((random("x") - random("x")).abs() < 1e-15);
        let drawn: Vec<f64> = (0..1000).map(|n| random(&n.to_string())).collect();
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        // Four standard errors of a mean of 1,000.
        assert!(
            (mean - 0.5).abs() < 4.0 * (1.0_f64 / 12_000.0).sqrt(),
            "{mean}"
        );
    }

    /// Letters of the first word.
    struct Letters;

    impl Embedder for Letters {
        fn dim(&self) -> usize {
            2
        }

        fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
            let mut vectors = Matrix::new(2, Vec::new());
            for text in texts {
                vectors.push(match text.chars().next() {
                    Some('a') => &[1.0, 0.0],
                    Some('b') => &[0.6, 0.8],
                    _ => &[-1.0, 0.0],
                });
            }
            Ok(vectors)
        }
    }

    #[test]
    fn the_sentence_that_is_most_alike_counts() {
        let answer = Claiming::whole("a.");
        let scorer = Cosine {
            embedder: Letters,
            threshold: 0.6,
        };
        let of = |contexts: &[&str]| {
            let contexts = contexts.iter().map(|text| Context { text, about: "" });
            let subject = Subject {
                question: "",
                answer: &answer.words,
                sentences: &answer.sentences,
                contexts: contexts.collect(),
                set: None,
            };
            let found = scorer.score(&[subject]).remove(0).unwrap();
            found.whole.unwrap().support
        };
        assert!((of(&["x y.", "x. B b.\n\nb c."]) - 0.6).abs() < 1e-6);
        assert!(of(&["x y."]).abs() < 1e-12 && of(&[]).abs() < 1e-12);
    }

    #[test]
    fn configs_are_checked() {
        let read = |text: &str| toml::from_str::<BaselineConfig>(text).unwrap();
        assert!(read("by = \"rouge2\"").validate().is_ok());
        for (text, part) in [
            ("by = \"tokens\"\nthreshold = 1.5", "from 0 to 1"),
            ("by = \"cosine\"", "needs an encoder"),
            (
                "by = \"yes\"\nencoder.model = \"x\"",
                "no use for an encoder",
            ),
        ] {
            let error = read(text).validate().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
