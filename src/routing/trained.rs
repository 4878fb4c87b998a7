//! A trained router in a folder: what was learned, from what, and what it needs to look at prompts again.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::caches::Embeddings;
use crate::learning::{Predictor, Stored};
use crate::whole_file::WholeFile;

/// The file of a trained router, `router.json`; vectors that were fitted lie beside it in `choose/` and `classify/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedRouter {
    /// The version of ragkit that trained it.
    pub ragkit: String,
    /// The models, in the order of what is predicted.
    pub models: Vec<String>,
    /// What an answer of each costs, in USD, in the mean over the training part; 0 where it is not known.
    pub cost_usd: Vec<f64>,
    /// What predicts scores.
    pub choose: Option<Stored>,
    /// What tells tasks, and their names.
    pub classify: Option<(Stored, Vec<String>)>,
    /// What it was trained on.
    pub training: Training,
}

/// What a router was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Digest of all outcomes.
    pub outcomes: String,
    /// How they were divided.
    pub split: String,
    /// The seed.
    pub seed: u64,
    /// A name for the text of each prompt that was learned from: none of these may be evaluated.
    pub prompts: Vec<String>,
}

const FILE: &str = "router.json";
const CHOOSE: &str = "choose";
const CLASSIFY: &str = "classify";

impl TrainedRouter {
    /// Writes it to a new or empty folder, which appears whole or not at all, with the predictors that were learned.
    ///
    /// # Errors
    /// Where the folder holds something, or cannot be written.
    pub fn save(
        &self,
        out: &Path,
        choose: Option<&Predictor>,
        classify: Option<&Predictor>,
    ) -> anyhow::Result<()> {
        Self::check_new(out)?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        fs_err::create_dir_all(parent)?;
        let folder = tempfile::Builder::new()
            .prefix(".ragkit-")
            .tempdir_in(parent)?;
        for (name, predictor) in [(CHOOSE, choose), (CLASSIFY, classify)] {
            if let Some(predictor) = predictor {
                predictor.save_features(&folder.path().join(name))?;
            }
        }
        let mut file = WholeFile::create(folder.path().join(FILE))?;
        serde_json::to_writer(&mut file, self)?;
        file.finish()?;
        if out.exists() {
            fs_err::remove_dir(out)?;
        }
        fs_err::rename(folder.keep(), out)?;
        Ok(())
    }

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

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// Where it is no trained router.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs_err::read(&path).with_context(|| {
            format!(
                "`{}` is no trained router; make one with `ragkit train router`",
                folder.display()
            )
        })?;
        serde_json::from_slice(&text).with_context(|| {
            format!("`{}` is no trained router of this ragkit; train it again with `ragkit train router`", path.display())
        })
    }

    /// What predicts scores, ready.
    ///
    /// # Errors
    /// Where it learned none, or what makes vectors is missing or another one.
    pub fn predictor(
        &self,
        folder: &Path,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Predictor> {
        let stored = self
            .choose
            .as_ref()
            .with_context(|| format!("`{}` learned no scores, only tasks", folder.display()))?;
        stored.open(&folder.join(CHOOSE), embeddings)
    }

    /// What tells tasks, ready, with their names.
    ///
    /// # Errors
    /// As [`Self::predictor`].
    pub fn classifier(
        &self,
        folder: &Path,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<(Predictor, Vec<String>)> {
        let (stored, tasks) = self
            .classify
            .as_ref()
            .with_context(|| format!("`{}` learned no tasks, only scores", folder.display()))?;
        Ok((
            stored.open(&folder.join(CLASSIFY), embeddings)?,
            tasks.clone(),
        ))
    }

    /// Checks that none of these prompts, by the names of their texts, was learned from.
    ///
    /// # Errors
    /// Where some were.
    pub fn check_unseen<'p>(
        &self,
        folder: &Path,
        evaluated: impl Iterator<Item = &'p str>,
    ) -> anyhow::Result<()> {
        let learned: HashSet<&str> = self.training.prompts.iter().map(String::as_str).collect();
        let seen = evaluated.filter(|name| learned.contains(name)).count();
        ensure!(
            seen == 0,
            "`{}` was trained on {seen} of the prompts that are evaluated; divide them as at its training ({})",
            folder.display(),
            self.training.split
        );
        Ok(())
    }
}
