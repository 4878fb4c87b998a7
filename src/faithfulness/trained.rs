//! Tier 1: a logistic regression over [`Feature`]s whose weights stand in a file, with where they come from and what they are worth.

use std::fmt;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::features::{Extractor, Feature, Features};
use super::{Scorer, Subject, Verdict};
use crate::analysis::{Analyser, AnalyserConfig};
use crate::data::{Digest, PathText};
use crate::models::{Device, Encoder, EncoderConfig};
use crate::outputs::Claim;

/// The weights that come with ragkit, for words alone.
const WORDS: &str = include_str!("../../configs/faithfulness/words.json");
/// The weights that come with ragkit, for words and the encoder all-MiniLM-L6-v2.
const MINILM: &str = include_str!("../../configs/faithfulness/minilm.json");

/// `trained`: a small classifier that `ragkit train faithfulness` trained.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainedConfig {
    /// The weights: a file of `ragkit train faithfulness`, or one of those that come with ragkit, `words` and `minilm`; `words` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathText>,
    /// Where the encoder runs, for weights that need one.
    pub device: Device,
    /// A claim is supported from this on, 0..=1; that of the weights where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The format of the file.
    pub format: u32,
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
    /// The encoder behind [`Feature::ENCODER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderFacts>,
    /// The features, in the order of [`Extractor::names`].
    pub features: Vec<Feature>,
    /// What is trained on all families.
    pub model: Trained,
    /// The threshold of tier 0 on the same answers.
    pub words: f64,
    /// What they were trained on.
    pub training: Training,
    /// The families of collections, each with what is trained on all others.
    pub families: Vec<Family>,
}

/// A model with its threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// What a whole of each feature adds to the log-odds, 0 or more.
    pub coefficients: Vec<f64>,
    /// The log-odds of a claim that has nothing of any feature.
    pub intercept: f64,
    /// From which support on an answer is supported, 0..=1; chosen on the answers that the model was trained on.
    pub threshold: f64,
}

/// An encoder that weights belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderFacts {
    /// Its folder, as a config names it.
    pub model: String,
    /// SHA-256 of its files.
    pub digest: String,
}

/// How weights were trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The penalty on squared coefficients of standardised features.
    pub l2: f64,
    /// Seed of the changes that were made to supported answers, to see whether weights notice them.
    pub seed: u64,
}

/// Collections of one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// A digest of its answers.
    pub digest: String,
    /// Its collections.
    pub sets: Vec<Set>,
    /// The same for supported answers of the family beside what was made of them by changing a number, a name or a denial or by taking away the evidence.
    pub changed: Set,
    /// What is trained on all other families: what answers of these collections are scored by, so that no figure is of answers that were
    /// trained on.
    pub left_out: Trained,
}

/// A collection, and what weights are worth on it that were trained on all other families.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Answers that people call supported.
    pub supported: usize,
    /// Answers that they do not.
    pub unsupported: usize,
    /// What the trained weights are worth.
    pub trained: Worth,
    /// What tier 0 is worth, which needs no training but for its threshold.
    pub words: Worth,
}

/// What a scorer is worth on a collection that had no part in its training; absent where a collection has one label only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// AUROC, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auroc: Option<f64>,
    /// Balanced accuracy at the threshold of the other families, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy: Option<f64>,
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        write!(f, "{}/{}", shown(self.auroc), shown(self.balanced_accuracy))
    }
}

impl Weights {
    /// The format that is written.
    pub const FORMAT: u32 = 1;

    /// Reads the weights that a config names.
    ///
    /// # Errors
    /// Where the file is not as it should be: another format, features in another order, a number that is none or out of range.
    pub fn read(config: &TrainedConfig) -> anyhow::Result<Self> {
        let named = |name: &str| match name {
            "words" => Some(WORDS),
            "minilm" => Some(MINILM),
            _ => None,
        };
        let (text, name) = match &config.weights {
            None => (WORDS.to_owned(), "words".to_owned()),
            Some(PathText(name)) if named(name).is_some() => {
                (named(name).unwrap_or_default().to_owned(), name.clone())
            }
            Some(path) => {
                let path = path.resolve()?;
                let text = fs_err::read_to_string(&path).context("cannot read the weights")?;
                (text, path.display().to_string())
            }
        };
        let weights: Self = serde_json::from_str(&text).with_context(|| {
            format!("`{name}` holds no weights of `ragkit train faithfulness`; train them anew")
        })?;
        weights
            .validate()
            .with_context(|| format!("the weights `{name}`"))?;
        Ok(weights)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            self.format == Self::FORMAT,
            "have format {}, this ragkit reads {}; train them anew",
            self.format,
            Self::FORMAT
        );
        let wanted = Feature::WORDS.iter();
        let of_encoder = self.encoder.iter().flat_map(|_| &Feature::ENCODER);
        let wanted = wanted.chain(of_encoder);
        ensure!(
            self.features.iter().eq(wanted),
            "have other features than this ragkit computes; train them anew"
        );
        let left_out = self.families.iter().map(|family| &family.left_out);
        for trained in left_out.chain([&self.model]) {
            let mut coefficients = trained.coefficients.iter();
            ensure!(
                trained.coefficients.len() == self.features.len()
                    && coefficients.all(|one| one.is_finite() && *one >= 0.0)
                    && trained.intercept.is_finite()
                    && (0.0..=1.0).contains(&trained.threshold),
                "have a model that is none: one coefficient a feature, each a number from 0, an intercept and a threshold from 0 to 1; train them anew"
            );
        }
        Ok(())
    }

    /// The model for answers of a collection: one that was not trained on any of its family.
    fn model_for(&self, set: Option<&str>) -> &Trained {
        let has = |family: &&Family| {
            let mut sets = family.sets.iter();
            sets.any(|known| Some(known.name.as_str()) == set)
        };
        let family = self.families.iter().find(has);
        family.map_or(&self.model, |family| &family.left_out)
    }

    /// The threshold of tier 0, and what it is worth, for reports.
    pub(super) fn of_words() -> anyhow::Result<(f64, String)> {
        let weights = Self::read(&TrainedConfig::default())?;
        let sets = weights.families.iter().flat_map(|family| &family.sets);
        let quality = sets.map(|set| format!("{} {}", set.name, set.words));
        Ok((weights.words, quality.collect::<Vec<_>>().join(", ")))
    }

    /// Tier, threshold and its origin, and what they are worth, for reports.
    fn describe(&self, threshold: Option<f64>) -> String {
        let families = self.families.iter();
        let families: Vec<&str> = families.map(|family| family.name.as_str()).collect();
        let sets = self.families.iter().flat_map(|family| &family.sets);
        let quality = sets.map(|set| format!("{} {}", set.name, set.trained));
        let encoder = self.encoder.as_ref();
        format!(
            "tier 1 ({}), trained on {}; threshold {}; AUROC/balanced accuracy without training on the set's family, which is also how answers of these sets are scored: {}",
            encoder.map_or("words alone", |encoder| encoder.model.as_str()),
            families.join(", "),
            match threshold {
                Some(threshold) => format!("{threshold} (the config's)"),
                None => format!(
                    "{:.4} (best balanced accuracy in training, families alike)",
                    self.model.threshold
                ),
            },
            quality.collect::<Vec<_>>().join(", ")
        )
    }
}

impl TrainedConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        if let Some(threshold) = self.threshold {
            ensure!(
                (0.0..=1.0).contains(&threshold),
                "`trained.threshold = {threshold}` must be a number from 0 to 1"
            );
        }
        Ok(())
    }

    /// Checks that weights and encoder are there.
    pub fn check(&self) -> anyhow::Result<()> {
        match Weights::read(self)?.encoder {
            Some(encoder) => EncoderConfig::at(&encoder.model).check(),
            None => Ok(()),
        }
    }
}

/// Tier 1.
pub struct Classifying {
    weights: Weights,
    threshold: Option<f64>,
    analyser: Analyser,
    encoder: Option<Encoder>,
}

impl Classifying {
    /// Opens the scorer of weights.
    ///
    /// # Errors
    /// Where they cannot be read, or the encoder is missing or another than they were trained with.
    pub fn open(config: &TrainedConfig) -> anyhow::Result<Self> {
        let weights = Weights::read(config)?;
        let encoder = weights.encoder.as_ref();
        let encoder = encoder.map(|facts| open_encoder(facts, config.device));
        Ok(Self {
            analyser: Analyser::new(&weights.analyser)?,
            threshold: config.threshold,
            encoder: encoder.transpose()?,
            weights,
        })
    }

    /// Tier, threshold and its origin, and what it is worth, for reports.
    pub(super) fn describe(&self) -> String {
        self.weights.describe(self.threshold)
    }

    /// Equal digests, equal scores.
    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let threshold = self
            .threshold
            .map_or_else(String::new, |value| value.to_string());
        Ok(Digest::default()
            .with("weights", serde_json::to_vec(&self.weights)?)
            .with("threshold", threshold)
            .finish())
    }

    fn verdict(&self, subject: &Subject<'_>, found: Vec<Features>) -> Verdict {
        let trained = self.weights.model_for(subject.set);
        let threshold = self.threshold.unwrap_or(trained.threshold);
        let claims = subject
            .sentences
            .iter()
            .zip(found)
            .map(|(range, features)| {
                let support = trained.support(&features.values);
                Claim {
                    start: range.start,
                    end: range.end,
                    support,
                    supported: support >= threshold,
                    evidence: features.evidence,
                    ..Claim::default()
                }
            });
        Verdict::by_mean(claims.collect(), threshold)
    }
}

impl Trained {
    /// The support of a claim, 0..=1.
    pub(super) fn support(&self, values: &[f64]) -> f64 {
        let terms = self.coefficients.iter().zip(values);
        let log_odds = terms.fold(self.intercept, |sum, (coefficient, value)| {
            sum + coefficient * value
        });
        1.0 / (1.0 + (-log_odds).exp())
    }
}

impl Scorer for Classifying {
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        let extractor = Extractor::new(self.analyser.clone(), self.encoder.as_ref());
        let found = extractor.features(subjects).into_iter();
        let verdicts = subjects.iter().zip(found);
        verdicts
            .map(|(subject, found)| Ok(self.verdict(subject, found?)))
            .collect()
    }
}

fn open_encoder(facts: &EncoderFacts, device: Device) -> anyhow::Result<Encoder> {
    let config = EncoderConfig {
        device,
        ..EncoderConfig::at(&facts.model)
    };
    let encoder = config.load()?;
    ensure!(
        encoder.digest() == facts.digest,
        "the weights belong to another version of the encoder `{}` (digest {}, here it is {}); train them anew with `ragkit train faithfulness`",
        facts.model,
        facts.digest,
        encoder.digest()
    );
    Ok(encoder)
}
