//! The indexes of a run: one, unless variants cut or analyse the documents in ways of their own.

use super::config::{Config, IndexChoice, Variant, Variation};
use crate::data::PathText;
use crate::indexes::{Index, IndexConfig};

/// An index that some variants search.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedIndex {
    /// In what it departs from `system.rag.index`.
    pub variation: Variation,
    /// Where it is, if the user built it.
    pub path: Option<PathText>,
    /// What it is to be, if the config owns it.
    pub owned: Option<IndexConfig>,
    /// The variants that search it.
    pub variants: Vec<Variant>,
}

impl Config {
    /// The indexes that the variants search, in the order in which they first do.
    pub fn indexes(&self) -> Vec<WantedIndex> {
        let mut wanted: Vec<WantedIndex> = Vec::new();
        for variant in &self.variants {
            let variation = variant.variation();
            if let Some(known) = wanted.iter_mut().find(|known| known.variation == variation) {
                known.variants.push(variant.clone());
                continue;
            }
            let (path, owned) = match &self.index {
                IndexChoice::Path(path) => (Some(path.clone()), None),
                IndexChoice::Build(config) => (None, Some(variation.of(config))),
            };
            wanted.push(WantedIndex {
                variation,
                path,
                owned,
                variants: vec![variant.clone()],
            });
        }
        wanted
    }
}

/// The open indexes of a run.
pub struct Indexes(Vec<(Variation, Index)>);

impl Indexes {
    /// Each with what it is to be.
    pub fn new(opened: Vec<(Variation, Index)>) -> Self {
        Self(opened)
    }

    /// The index that a variant searches; `None` where it was not opened.
    pub fn of(&self, variant: &Variant) -> Option<&Index> {
        let variation = variant.variation();
        let found = self.0.iter().find(|(known, _)| *known == variation);
        found.map(|(_, index)| index)
    }

    /// The index that the first variant searches.
    pub fn first(&self) -> Option<&Index> {
        self.0.first().map(|(_, index)| index)
    }
}
