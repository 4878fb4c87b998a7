//! An ensemble of classifiers: members that each give every category a logit, combined and calibrated on posts that they did not see.

use std::borrow::Cow;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, Calibrator, HeldOut};
use super::head::{Head, HeadConfig};
use super::linear::{Linear, LinearConfig};
use super::ngrams::SparseRow;
use super::reading::{Reading, ReadingConfig};
use super::sequence::{Sequence, SequenceConfig};
use crate::caches::Embeddings;
use crate::data::Digest;
use crate::learning::nonnegative::{self, Model};

/// Classifiers that are learned together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleConfig {
    /// The members; more than one are combined by stacking (Wolpert 1992): logistic regression on their logits, with coefficients of 0 or more.
    pub members: Vec<MemberConfig>,
    /// What members read of a post.
    #[serde(default)]
    pub reading: ReadingConfig,
    /// How the combined logits become probabilities.
    #[serde(default)]
    pub calibration: Calibration,
}

/// A classifier of an ensemble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberConfig {
    /// Logistic regression on n-grams of characters and words.
    Linear(LinearConfig),
    /// A learner on vectors of the posts.
    Head(HeadConfig),
    /// A transformer that was trained elsewhere.
    Classifier(SequenceConfig),
}

/// Posts to learn from.
#[derive(Debug, Clone, Default)]
pub struct Sample<'a> {
    /// Their texts, as the moderator sees them.
    pub texts: Vec<&'a str>,
    /// What is to be learned, by post and category; `None` where nothing is known, which counts as nothing.
    pub aims: Vec<Vec<Option<Aim>>>,
    /// The set of each post, by its number.
    pub sets: Vec<usize>,
}

/// What is to be learned of a post and a category.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// Whether the post is of the category.
    pub truth: bool,
    /// The chance that it is: 0, 1, or what votes say.
    pub share: f64,
    /// How much it counts, above 0.
    pub weight: f64,
}

impl Sample<'_> {
    /// The chances that are to be learned, by post and category.
    fn shares(&self) -> Vec<Vec<Option<f64>>> {
        let share = |aim: &Option<Aim>| aim.map(|aim| aim.share);
        let of_post = |aims: &Vec<Option<Aim>>| aims.iter().map(share).collect();
        self.aims.iter().map(of_post).collect()
    }

    /// The posts at these places.
    #[must_use]
    pub fn part(&self, places: &[usize]) -> Self {
        Self {
            texts: places.iter().map(|place| self.texts[*place]).collect(),
            aims: places
                .iter()
                .map(|place| self.aims[*place].clone())
                .collect(),
            sets: places.iter().map(|place| self.sets[*place]).collect(),
        }
    }
}

/// Classifiers, ready, with what combines them.
pub struct Ensemble {
    members: Members,
    /// By category.
    pub(super) combined: Vec<Combination>,
    /// Equal digests, equal probabilities.
    pub digest: String,
}

pub(super) enum Member {
    Linear(Linear),
    Head(Head),
    Sequence(Box<Sequence>),
}

/// How the members' logits for a category become its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Combination {
    /// A coefficient a member.
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) calibrator: Calibrator,
}

/// The penalty on the standardised logits of members.
const STACK_L2: f64 = 1e-3;

impl EnsembleConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// Where there is no member, or a field of one is out of its range.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.members.is_empty(),
            "`members` is empty; name at least one, as in `members = [{{ linear = {{}} }}]`"
        );
        self.reading.validate().map_err(anyhow::Error::msg)?;
        for (number, member) in (1..).zip(&self.members) {
            let checked = match member {
                MemberConfig::Linear(linear) => linear.validate().map_err(anyhow::Error::msg),
                MemberConfig::Head(head) => head.validate(),
                MemberConfig::Classifier(classifier) => classifier.validate(),
            };
            checked.with_context(|| format!("member {number}"))?;
        }
        Ok(())
    }

    /// Checks that what the members need is there, without reading it.
    ///
    /// # Errors
    /// Where a model is missing.
    pub fn check(&self) -> anyhow::Result<()> {
        self.members.iter().try_for_each(|member| match member {
            MemberConfig::Linear(_) => Ok(()),
            MemberConfig::Head(head) => head.features.check(),
            MemberConfig::Classifier(classifier) => classifier.check(),
        })
    }

    /// `linear + head(encoder)`, for messages.
    pub fn describe(&self) -> String {
        let name = |member: &MemberConfig| match member {
            MemberConfig::Linear(_) => "linear".to_owned(),
            MemberConfig::Head(head) => format!("head on {}", head.features.name()),
            MemberConfig::Classifier(classifier) => format!("classifier `{}`", classifier.model),
        };
        let names: Vec<String> = self.members.iter().map(name).collect();
        names.join(" + ")
    }

    /// Whether every member is so fast that a post is better served alone than in a batch.
    pub fn is_light(&self) -> bool {
        let mut members = self.members.iter();
        members.all(|member| matches!(member, MemberConfig::Linear(_)))
    }

    /// Learns the members from posts.
    ///
    /// # Errors
    /// Where a model is missing, or a category has posts of one kind only.
    pub fn fit_members(
        &self,
        sample: &Sample<'_>,
        categories: &[String],
        seed: u64,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Members> {
        for (place, category) in categories.iter().enumerate() {
            for wanted in [true, false] {
                ensure!(
                    sample
                        .aims
                        .iter()
                        .any(|aims| aims[place].is_some_and(|aim| aim.truth == wanted)),
                    "of the {} posts to learn from none is known {} `{category}`; give more, or leave the category out of `categories`",
                    sample.texts.len(),
                    if wanted { "to be" } else { "not to be" }
                );
            }
        }
        let reading = self.reading.fit(&sample.texts);
        let read: Vec<Cow<'_, str>> = sample.texts.iter().map(|text| reading.read(text)).collect();
        let sample = &Sample {
            texts: read.iter().map(AsRef::as_ref).collect(),
            ..sample.clone()
        };
        let fit = |config: &MemberConfig| {
            Ok(match config {
                MemberConfig::Linear(config) => Member::Linear(Linear::fit(
                    config,
                    categories,
                    &sample.texts,
                    &sample.shares(),
                    Some(&|post, category| {
                        sample.aims[post][category].map_or(0.0, |aim| aim.weight)
                    }),
                )?),
                MemberConfig::Head(config) => Member::Head(Head::fit(
                    config,
                    sample,
                    categories.len(),
                    seed,
                    embeddings,
                )?),
                MemberConfig::Classifier(config) => {
                    Member::Sequence(Box::new(Sequence::open(config, categories)?))
                }
            })
        };
        let members: anyhow::Result<Vec<Member>> = self.members.iter().map(fit).collect();
        Ok(Members {
            reading,
            members: members?,
        })
    }
}

/// Members that are not combined yet, and what they read.
pub struct Members {
    pub(super) reading: Reading,
    pub(super) members: Vec<Member>,
}

impl Members {
    /// The logits of posts: `[post][category][member]`.
    ///
    /// # Errors
    /// Where a model fails.
    pub fn logits(&self, texts: &[&str]) -> anyhow::Result<Vec<Vec<Vec<f64>>>> {
        let read: Vec<Cow<'_, str>> = texts.iter().map(|text| self.reading.read(text)).collect();
        let texts: Vec<&str> = read.iter().map(AsRef::as_ref).collect();
        let mut all: Vec<Vec<Vec<f64>>> = Vec::new();
        for member in &self.members {
            let of_member = match member {
                Member::Linear(linear) => of_linear(linear, &texts),
                Member::Head(head) => head.logits(&texts)?,
                Member::Sequence(sequence) => sequence.logits(&texts)?,
            };
            if all.is_empty() {
                let empty =
                    |row: &Vec<f64>| vec![Vec::with_capacity(self.members.len()); row.len()];
                all = of_member.iter().map(empty).collect();
            }
            for (all, row) in all.iter_mut().zip(of_member) {
                for (all, logit) in all.iter_mut().zip(row) {
                    all.push(logit);
                }
            }
        }
        Ok(all)
    }

    /// Combines them, by what they say of posts that they did not see: `logits[post][category][member]`.
    ///
    /// # Errors
    /// Where a category has posts of one kind only among these.
    pub fn combine(
        self,
        calibration: Calibration,
        logits: &[Vec<Vec<f64>>],
        held: &Sample<'_>,
        categories: &[String],
    ) -> anyhow::Result<Ensemble> {
        let combination = |(place, category): (usize, &String)| {
            let known =
                (0..held.texts.len()).filter_map(|post| Some((post, held.aims[post][place]?)));
            let rows: Vec<nonnegative::Row> = known
                .map(|(post, aim)| nonnegative::Row {
                    values: logits[post][place].clone(),
                    label: aim.truth,
                    weight: aim.weight,
                })
                .collect();
            Combination::fit(calibration, &rows)
                .with_context(|| format!("the posts that are held back, category `{category}`"))
        };
        let combined: anyhow::Result<Vec<Combination>> =
            categories.iter().enumerate().map(combination).collect();
        Ensemble::new(self, combined?)
    }
}

/// By post and category.
fn of_linear(linear: &Linear, texts: &[&str]) -> Vec<Vec<f64>> {
    let mut row = SparseRow::default();
    let logits = |text: &&str| {
        let mut logits = vec![0.0; linear.categories().len()];
        linear.logits(text, &mut row, &mut logits);
        logits
    };
    texts.iter().map(logits).collect()
}

impl Combination {
    /// One member's logits are taken as they are; of several the weighted sum is learned. What comes out is calibrated on the same posts: a few numbers
    /// are learned here from all of them.
    fn fit(calibration: Calibration, rows: &[nonnegative::Row]) -> anyhow::Result<Self> {
        ensure!(
            [true, false]
                .iter()
                .all(|wanted| rows.iter().any(|row| row.label == *wanted)),
            "all of the {} posts have the same label; hold back more",
            rows.len()
        );
        let members = rows.first().map_or(0, |row| row.values.len());
        let Model {
            coefficients,
            intercept,
        } = if members == 1 {
            Model {
                coefficients: vec![1.0],
                intercept: 0.0,
            }
        } else {
            nonnegative::fit(rows, STACK_L2)
        };
        let mut combination = Self {
            coefficients,
            intercept,
            calibrator: Calibrator::None {},
        };
        let held = rows.iter().map(|row| HeldOut {
            logit: combination.logit(&row.values),
            label: row.label,
            weight: row.weight,
        });
        combination.calibrator = calibration.fit(&held.collect::<Vec<_>>())?;
        Ok(combination)
    }

    fn logit(&self, logits: &[f64]) -> f64 {
        let terms = self.coefficients.iter().zip(logits);
        terms.fold(self.intercept, |sum, (coefficient, logit)| {
            sum + coefficient * logit
        })
    }

    /// The probability of the category.
    pub(super) fn probability(&self, logits: &[f64]) -> f64 {
        self.calibrator.chance(self.logit(logits))
    }
}

impl Ensemble {
    pub(super) fn new(members: Members, combined: Vec<Combination>) -> anyhow::Result<Self> {
        let mut digest = Digest::default().with("combined", serde_json::to_vec(&combined)?);
        digest = digest.with("reading", members.reading.digest());
        for member in &members.members {
            digest = match member {
                Member::Linear(linear) => digest.with("linear", linear.to_bytes()),
                Member::Head(head) => digest.with("head", head.digest()?),
                Member::Sequence(sequence) => digest.with("classifier", sequence.digest()),
            };
        }
        Ok(Self {
            members,
            combined,
            digest: digest.finish(),
        })
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    /// The probabilities of posts, by post and category.
    ///
    /// # Errors
    /// Where a model fails.
    pub fn probabilities(&self, texts: &[&str]) -> anyhow::Result<Vec<Vec<f64>>> {
        Ok(self.of_logits(&self.members.logits(texts)?))
    }

    /// The probabilities that members' logits come to: `logits[post][category][member]`.
    pub fn of_logits(&self, logits: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
        let of_post = |logits: &Vec<Vec<f64>>| {
            let categories = self.combined.iter().zip(logits);
            categories
                .map(|(combination, logits)| combination.probability(logits))
                .collect()
        };
        logits.iter().map(of_post).collect()
    }
}
