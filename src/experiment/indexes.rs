//! The indexes of an experiment: where each lies, and how one that the config owns is kept current.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use indicatif::ProgressBar;

use super::{Experiment, SystemConfig};
use crate::caches;
use crate::data::{Checksum, CorpusFrom, Digest, Source};
use crate::indexes::{self, Index, IndexConfig};
use crate::systems::rag::{self, Indexes, Variation, WantedIndex};

impl Experiment {
    /// The indexes that the variants search, where each lies.
    pub fn indexes(&self) -> anyhow::Result<Vec<PlacedIndex>> {
        let SystemConfig::Rag(config) = &self.system else {
            return Ok(Vec::new());
        };
        config
            .indexes()
            .into_iter()
            .map(|wanted| self.placed(wanted))
            .collect()
    }

    fn placed(&self, wanted: WantedIndex) -> anyhow::Result<PlacedIndex> {
        let path = match &wanted.path {
            Some(path) => path.resolve()?,
            None if wanted.variation.is_none() => {
                caches::folder().join("indexes").join(&self.name.0)
            }
            None => {
                let digest =
                    Digest::default().with("variation", serde_json::to_vec(&wanted.variation)?);
                let name = format!("{}-{}", self.name.0, &digest.finish()[..12]);
                caches::folder().join("indexes").join(name)
            }
        };
        let WantedIndex {
            variation,
            owned,
            variants,
            ..
        } = wanted;
        Ok(PlacedIndex {
            path,
            variation,
            owned,
            variants,
        })
    }

    /// Opens the indexes; those that the config owns are built first where they are missing or stale. Vectors of queries are looked
    /// up and kept in the cache if it is to `remember` them.
    pub fn open_indexes(
        &self,
        source: &Source,
        remember: bool,
        say: impl Fn(&str),
        progress: &ProgressBar,
    ) -> anyhow::Result<Indexes> {
        let mut opened = Vec::new();
        for wanted in self.indexes()? {
            let index = match &wanted.owned {
                Some(config) => self.open_owned(&wanted, config, source, remember, &say, progress),
                None => wanted.open_given(source, remember),
            };
            opened.push((wanted.variation, index?));
        }
        if let (CorpusFrom::Files(files), Some((_, index))) = (source.corpus(), opened.first()) {
            let refused = index.manifest.refused.len();
            files.check_refused(refused)?;
            if refused > 0 {
                say(&format!(
                    "note: {refused} files were refused; `ragkit extract {}` lists them",
                    files.path
                ));
            }
        }
        Ok(Indexes::new(opened))
    }

    fn open_owned(
        &self,
        wanted: &PlacedIndex,
        config: &IndexConfig,
        source: &Source,
        remember: bool,
        say: &impl Fn(&str),
        progress: &ProgressBar,
    ) -> anyhow::Result<Index> {
        let path = &wanted.path;
        let needed = wanted.needed_vectors();
        self.check_models(config, &needed)?;
        let needed: Vec<&str> = needed.iter().map(|(set, _)| *set).collect();
        let open = || Index::open(path, &|name| needed.contains(&name), remember);
        let current =
            |damaged| indexes::make_current(source, config, &needed, path, damaged, say, progress);
        current(false)?;
        match open() {
            Err(error) if error.is::<indexes::OpenError>() => {
                say(&error.to_string());
                current(true)?;
                open()
            }
            opened => opened,
        }
    }

    /// A model that is missing is told with the variant that wants it and those that run without it.
    fn check_models(&self, config: &IndexConfig, needed: &[(&str, &str)]) -> anyhow::Result<()> {
        let SystemConfig::Rag(rag) = &self.system else {
            return Ok(());
        };
        for (set, variant) in needed {
            let Err(error) = config.vectors[*set].embedder.check() else {
                continue;
            };
            let needs_it = |retrieve: &rag::Retrieve| {
                let dense = retrieve.dense(0);
                dense.is_some_and(|(dense, _)| {
                    config.vectors_named(dense.vectors.as_deref()) == Ok(set)
                })
            };
            let others: Vec<&str> = rag
                .variants
                .iter()
                .filter(|variant| !needs_it(&variant.retrieve))
                .map(|variant| variant.name.as_str())
                .collect();
            let hint = if others.is_empty() {
                String::new()
            } else {
                format!(
                    ", or run the variants that need none: `--variants {}`",
                    others.join(",")
                )
            };
            bail!("variant `{variant}`: {error:#}{hint}");
        }
        Ok(())
    }
}

/// An index that some variants search, and where it lies.
pub struct PlacedIndex {
    /// Its directory.
    pub path: PathBuf,
    /// In what it departs from the one that the config describes.
    pub variation: Variation,
    /// What it is to be, if the config owns it.
    pub owned: Option<IndexConfig>,
    variants: Vec<rag::Variant>,
}

impl PlacedIndex {
    /// The sets of vectors that the variants search, with the first variant that does; empty where the index is not owned by
    /// the config, which then does not know their names.
    fn needed_vectors(&self) -> Vec<(&str, &str)> {
        let mut needed: Vec<(&str, &str)> = Vec::new();
        let Some(owned) = &self.owned else {
            return needed;
        };
        for variant in &self.variants {
            let dense = variant.retrieve.dense(0);
            let set =
                dense.and_then(|(dense, _)| owned.vectors_named(dense.vectors.as_deref()).ok());
            if let Some(set) = set
                && !needed.iter().any(|(known, _)| *known == set)
            {
                needed.push((set, &variant.name));
            }
        }
        needed
    }

    /// Whether it is current for the variants to run; so is one that the user built.
    pub fn is_current(&self, source: &Source) -> anyhow::Result<bool> {
        let needed: Vec<&str> = self.needed_vectors().iter().map(|(set, _)| *set).collect();
        match &self.owned {
            Some(owned) => indexes::is_current(source, owned, &needed, &self.path),
            None => Ok(true),
        }
    }

    /// Opens one that the user built, which is never changed.
    fn open_given(&self, source: &Source, remember: bool) -> anyhow::Result<Index> {
        let searches_vectors = self
            .variants
            .iter()
            .any(|variant| variant.retrieve.dense(0).is_some());
        let index = Index::open(&self.path, &|_| searches_vectors, remember)?;
        let built_from: Vec<&Checksum> = index.manifest.source_files.values().collect();
        for found in source.corpus_checksums()?.values() {
            let corpus = source.corpus_path()?;
            ensure!(
                built_from.contains(&found),
                "the index `{}` was not built from `{}` as it is now; give another path or rebuild it with `ragkit index {} --out {}`",
                self.path.display(),
                corpus.display(),
                corpus.display(),
                self.path.display()
            );
        }
        Ok(index)
    }
}
