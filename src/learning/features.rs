//! From prompts to vectors that learners look at.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::analysis::{Analyser, AnalyserConfig};
use crate::caches::Embeddings;
use crate::data::Digest;
use crate::models::{Embedder, EmbedderConfig, EncoderConfig, Lsa, LsaConfig, Matrix, TermCounts};

/// What makes vectors of prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeaturesConfig {
    /// Latent semantic analysis, fitted on the prompts that are learned from; nothing is downloaded.
    Lsa(PromptLsa),
    /// A transformer from a local folder.
    Encoder(EncoderConfig),
}

/// Latent semantic analysis of prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptLsa {
    /// Dimensions, where the prompts have that many.
    pub dim: usize,
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
}

impl Default for PromptLsa {
    fn default() -> Self {
        Self {
            dim: 256,
            analyser: AnalyserConfig::default(),
        }
    }
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self::Lsa(PromptLsa::default())
    }
}

/// What makes vectors, ready.
#[derive(Clone)]
pub struct Features {
    /// The model.
    pub embedder: Arc<dyn Embedder + Send + Sync>,
    /// Its digest.
    pub digest: String,
    /// What was fitted on prompts.
    fitted: Option<Arc<Lsa>>,
}

impl FeaturesConfig {
    /// The kind's name, as a config writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lsa(_) => "lsa",
            Self::Encoder(_) => "encoder",
        }
    }

    /// Checks that the model is there, without reading it.
    ///
    /// # Errors
    /// Where it is not, with what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::Lsa(_) => Ok(()),
            Self::Encoder(encoder) => EmbedderConfig::Encoder(encoder.clone()).check(),
        }
    }

    /// The model, fitted on these prompts if it is one that is.
    ///
    /// # Errors
    /// Where no prompt has a word, or the model is missing.
    pub fn fit(&self, prompts: &[&str], embeddings: &mut Embeddings) -> anyhow::Result<Features> {
        match self {
            Self::Lsa(config) => {
                let analyser = || Analyser::new(&config.analyser);
                let counts = count(prompts, &mut analyser()?);
                ensure!(
                    !counts.terms.is_empty(),
                    "no prompt that is learned from has a word; give others, or `features.encoder`"
                );
                let lsa = LsaConfig {
                    dim: config.dim,
                    ..LsaConfig::default()
                };
                let (lsa, _) = Lsa::fit(&counts, &lsa, analyser()?)?;
                let digest = Digest::default().with("lsa", serde_json::to_vec(config)?);
                let with = |digest: Digest, text: &&str| digest.with("prompt", text);
                let fitted = Arc::new(lsa);
                Ok(Features {
                    embedder: Arc::clone(&fitted) as _,
                    digest: prompts.iter().fold(digest, with).finish(),
                    fitted: Some(fitted),
                })
            }
            Self::Encoder(encoder) => {
                let opened = EmbedderConfig::Encoder(encoder.clone()).open()?;
                let opened = opened.ok_or_else(|| anyhow::anyhow!("an encoder is a model"))?;
                let digest = opened.digest.clone();
                Ok(Features {
                    embedder: embeddings.of(opened)?,
                    digest,
                    fitted: None,
                })
            }
        }
    }

    /// The model again that was fitted before, or is looked up; `digest` is the one that it must have.
    ///
    /// # Errors
    /// Where it is missing, cannot be read, or is another one.
    pub fn load(
        &self,
        folder: &Path,
        digest: &str,
        embeddings: &mut Embeddings,
    ) -> anyhow::Result<Features> {
        match self {
            Self::Lsa(config) => {
                let dim = fs_err::read_to_string(folder.join(DIM))?;
                let dim: usize = dim.trim().parse().context("the number of dimensions")?;
                let fitted = Arc::new(Lsa::load(folder, dim, Analyser::new(&config.analyser)?)?);
                Ok(Features {
                    embedder: Arc::clone(&fitted) as _,
                    digest: digest.to_owned(),
                    fitted: Some(fitted),
                })
            }
            Self::Encoder(_) => {
                let found = self.fit(&[], embeddings)?;
                ensure!(
                    found.digest == digest,
                    "the encoder is another one than at the training; train again with this one"
                );
                Ok(found)
            }
        }
    }
}

/// The file that says how many dimensions there are.
const DIM: &str = "dim";

impl Features {
    /// Writes what was fitted to a folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        if let Some(lsa) = &self.fitted {
            fs_err::create_dir_all(folder)?;
            lsa.save(folder)?;
            fs_err::write(folder.join(DIM), lsa.dim().to_string())?;
        }
        Ok(())
    }

    /// One row a prompt.
    ///
    /// # Errors
    /// Where the model fails.
    pub fn of(&self, prompts: &[&str]) -> anyhow::Result<Matrix> {
        self.embedder.embed(prompts)
    }
}

/// How often each term occurs in each prompt.
fn count(prompts: &[&str], analyser: &mut Analyser) -> TermCounts {
    let mut postings: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    for (number, prompt) in (0..).zip(prompts) {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for term in analyser.terms(prompt) {
            *counts.entry(term).or_default() += 1;
        }
        for (term, count) in counts {
            postings.entry(term).or_default().push((number, count));
        }
    }
    let (terms, postings) = postings.into_iter().unzip();
    TermCounts {
        terms,
        postings,
        documents: prompts.len(),
    }
}
