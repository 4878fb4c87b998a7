//! A trained moderator in a folder: its classifiers, what combines them, its thresholds, and what it was trained on.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::ensemble::{Combination, Ensemble, EnsembleConfig, Member, MemberConfig, Members};
use super::head::Head;
use super::linear::Linear;
use super::normalise::NormaliserConfig;
use super::reading::Reading;
use super::sequence::Sequence;
use crate::caches::Embeddings;
use crate::learning::Learned;
use crate::whole_file::WholeFile;

/// What a trained moderator is, beside its classifiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The version of ragkit that trained it.
    pub ragkit: String,
    /// The categories, in the order of what is predicted.
    pub categories: Vec<String>,
    /// How texts were normalised before it saw them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalise: Option<NormaliserConfig>,
    /// The ensemble.
    pub ensemble: EnsembleConfig,
    /// How thresholds were chosen, as the config says it.
    pub thresholds: serde_json::Value,
    /// The thresholds `review` and `reject` of each category; absent where no post reaches one.
    pub cuts: Vec<[Option<f64>; 2]>,
    /// A digest of the posts that it was trained on.
    pub posts: String,
    /// A name for the text of each of them: none of these may be evaluated.
    pub names: Vec<String>,
}

/// The file `moderator.json`; the weights of linear members lie beside it as safetensors, vectors that were fitted in folders.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    facts: Facts,
    /// That of the ensemble: what is not whole, or of another one, is found out.
    ensemble: String,
    reading: Reading,
    combined: Vec<Combination>,
    heads: Vec<StoredHead>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHead {
    /// Which member it is, from 0.
    member: usize,
    features: String,
    learned: Vec<Learned>,
}

/// A trained moderator.
pub struct TrainedModerator {
    /// What it is.
    pub facts: Facts,
    /// Its classifiers.
    pub ensemble: Ensemble,
}

const FILE: &str = "moderator.json";

fn weights(member: usize) -> String {
    format!("member-{member}.safetensors")
}

fn features(member: usize) -> String {
    format!("member-{member}")
}

impl TrainedModerator {
    /// Checks that nothing lies where it is to go.
    ///
    /// # Errors
    /// Where something does.
    pub fn check_new(out: &Path) -> anyhow::Result<()> {
        ensure!(
            !out.exists() || fs_err::read_dir(out)?.next().is_none(),
            "`{}` is not empty; give `--out` a new path",
            out.display()
        );
        Ok(())
    }

    /// Writes it to a new or empty folder, which appears whole or not at all.
    ///
    /// # Errors
    /// Where the folder holds something, or cannot be written.
    pub fn save(&self, out: &Path) -> anyhow::Result<()> {
        Self::check_new(out)?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        fs_err::create_dir_all(parent)?;
        let folder = tempfile::Builder::new()
            .prefix(".ragkit-")
            .tempdir_in(parent)?;
        let mut heads = Vec::new();
        for (number, member) in self.ensemble.members().members.iter().enumerate() {
            match member {
                Member::Linear(linear) => {
                    fs_err::write(folder.path().join(weights(number)), linear.to_bytes())?;
                }
                Member::Head(head) => {
                    head.features.save(&folder.path().join(features(number)))?;
                    heads.push(StoredHead {
                        member: number,
                        features: head.features.digest.clone(),
                        learned: head.learned.clone(),
                    });
                }
                Member::Sequence(_) => {}
            }
        }
        let stored = Stored {
            facts: self.facts.clone(),
            ensemble: self.ensemble.digest.clone(),
            reading: self.ensemble.members().reading.clone(),
            combined: self.ensemble.combined.clone(),
            heads,
        };
        let mut file = WholeFile::create(folder.path().join(FILE))?;
        serde_json::to_writer(&mut file, &stored)?;
        file.finish()?;
        if out.exists() {
            fs_err::remove_dir(out)?;
        }
        fs_err::rename(folder.keep(), out)?;
        Ok(())
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// Where it is no trained moderator, or a model that it rests on is missing or another one.
    pub fn load(folder: &Path, embeddings: &mut Embeddings) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs_err::read(&path).with_context(|| {
            format!(
                "`{}` is no trained moderator; make one with `ragkit train moderation`",
                folder.display()
            )
        })?;
        let stored: Stored = serde_json::from_slice(&text).with_context(|| {
            format!("`{}` is no trained moderator of this ragkit; train it again with `ragkit train moderation`", path.display())
        })?;
        let facts = stored.facts;
        let mut heads = stored.heads.into_iter();
        let mut open = |(number, config): (usize, &MemberConfig)| {
            Ok(match config {
                MemberConfig::Linear(_) => {
                    let path = folder.join(weights(number));
                    let linear = Linear::from_bytes(&fs_err::read(&path).context(
                        "a member of the trained moderator; train it again with `ragkit train moderation`",
                    )?);
                    Member::Linear(linear.with_context(|| format!("`{}`", path.display()))?)
                }
                MemberConfig::Head(config) => {
                    let stored = heads.next().filter(|head| head.member == number);
                    let stored = stored.with_context(|| {
                        format!(
                            "`{}` lacks the head of member {}",
                            path.display(),
                            number + 1
                        )
                    })?;
                    let place = folder.join(features(number));
                    Member::Head(Head {
                        features: config.features.load(&place, &stored.features, embeddings)?,
                        learned: stored.learned,
                    })
                }
                MemberConfig::Classifier(config) => {
                    Member::Sequence(Box::new(Sequence::open(config, &facts.categories)?))
                }
            })
        };
        let members = facts.ensemble.members.iter().enumerate().map(&mut open);
        let members: anyhow::Result<Vec<Member>> = members.collect();
        let categories = facts.categories.len();
        ensure!(
            stored.combined.len() == categories && facts.cuts.len() == categories,
            "`{}` is not whole; train it again with `ragkit train moderation`",
            path.display()
        );
        let members = Members {
            reading: stored.reading,
            members: members?,
        };
        let ensemble = Ensemble::new(members, stored.combined)?;
        ensure!(
            ensemble.digest == stored.ensemble,
            "`{}` and the files beside it are not of one trained moderator, or were changed; train it again with `ragkit train moderation`",
            path.display()
        );
        Ok(Self { facts, ensemble })
    }

    /// Checks that it tells these categories, in this order, of texts that are normalised so.
    ///
    /// # Errors
    /// Where it does not.
    pub fn check_fits(
        &self,
        folder: &Path,
        categories: &[String],
        normalise: Option<&NormaliserConfig>,
    ) -> anyhow::Result<()> {
        ensure!(
            self.facts.categories == categories,
            "`{}` was trained to tell {}, and here {} are moderated; say so in `categories`, or train another one",
            folder.display(),
            self.facts.categories.join(", "),
            categories.join(", ")
        );
        ensure!(
            self.facts.normalise.as_ref() == normalise,
            "`{}` was trained on texts that were normalised otherwise; take over its `normalise`, which stands in `{FILE}` there",
            folder.display()
        );
        Ok(())
    }

    /// Checks that none of these posts, by the names of their texts, was learned from.
    ///
    /// # Errors
    /// Where some were.
    pub fn check_unseen<'p>(
        &self,
        folder: &Path,
        evaluated: impl Iterator<Item = &'p String>,
    ) -> anyhow::Result<()> {
        let learned: HashSet<&String> = self.facts.names.iter().collect();
        let seen = evaluated.filter(|name| learned.contains(name)).count();
        ensure!(
            seen == 0,
            "`{}` was trained on {seen} of the posts that are evaluated; leave them out, or learn anew with `fast.learned`",
            folder.display()
        );
        Ok(())
    }
}
