//! Answers that were given before: which prompt's answer each prompt is served with, if any.
//!
//! Prompts come in the order of the data. A tenant's cache holds the prompts of that tenant that it had no answer to, and no other's.

use std::collections::HashMap;

use anyhow::{Context, ensure};

use super::config::CacheStage;
use super::division::SAME_AS;
use crate::caches::{Embeddings, ExactCache, SemanticCache};
use crate::data::RoutedPrompt;
use crate::systems::cache::Threshold;

/// A prompt that is served with the answer to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// The place of the earlier prompt.
    pub(super) of: usize,
    /// How near it is: 1 where the words are the same.
    pub(super) similarity: f64,
    /// Whether the words are the same.
    pub(super) exact: bool,
}

/// For each prompt what it is served with; `answered` says which are answered by a model, and so can be held.
pub(super) fn hits(
    prompts: &[RoutedPrompt],
    answered: &[bool],
    config: &CacheStage,
    embeddings: &mut Embeddings,
) -> anyhow::Result<Vec<Option<Hit>>> {
    let vectors = match &config.semantic {
        None => None,
        Some(semantic) => {
            ensure!(
                prompts
                    .iter()
                    .any(|prompt| prompt.metadata.contains_key(SAME_AS)),
                "`cache.semantic` serves prompts with answers to others, and nothing says which of these are right: name in the field `{SAME_AS}` of a prompt the earlier one whose answer serves as well"
            );
            let Threshold::Fixed(threshold) = semantic.threshold else {
                anyhow::bail!(
                    "`cache.semantic.threshold` must be `fixed` here: fit it on labelled pairs with `system.cache`, and give what it found"
                );
            };
            let opened = semantic
                .embedder
                .open()
                .context("`cache.semantic.embedder`")?;
            let embedder = embeddings.of(opened)?;
            let prefix = semantic.embedder.prefix();
            let texts: Vec<String> = prompts
                .iter()
                .map(|prompt| format!("{prefix}{}", prompt.text))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let vectors = crate::models::Embedder::embed(&*embedder, &texts)?;
            Some((
                SemanticCache::new(Some(threshold), &semantic.guards),
                vectors,
            ))
        }
    };
    let mut caches: HashMap<Option<&str>, TenantCache> = HashMap::new();
    let mut hits = Vec::with_capacity(prompts.len());
    for (place, prompt) in prompts.iter().enumerate() {
        let empty = || TenantCache {
            exact: ExactCache::default(),
            semantic: vectors.as_ref().map(|(empty, _)| empty.clone()),
            places: Vec::new(),
        };
        let cache = caches.entry(prompt.tenant()).or_insert_with(empty);
        let vector = vectors.as_ref().map(|(_, vectors)| vectors.row(place));
        let hit = cache.get(&prompt.text, vector);
        if hit.is_none() && answered[place] {
            cache.insert(&prompt.text, vector, place);
        }
        hits.push(hit);
    }
    Ok(hits)
}

/// The cache of one tenant.
struct TenantCache {
    exact: ExactCache,
    semantic: Option<SemanticCache>,
    /// The prompts that it holds.
    places: Vec<usize>,
}

impl TenantCache {
    fn get(&self, text: &str, vector: Option<&[f32]>) -> Option<Hit> {
        if let Some(inside) = self.exact.get(text) {
            return Some(Hit {
                of: self.places[inside],
                similarity: 1.0,
                exact: true,
            });
        }
        let nearest = self.semantic.as_ref()?.get(text, vector?)?;
        Some(Hit {
            of: self.places[nearest.place],
            similarity: nearest.similarity,
            exact: false,
        })
    }

    fn insert(&mut self, text: &str, vector: Option<&[f32]>, place: usize) {
        self.exact.insert(text, self.places.len());
        if let (Some(semantic), Some(vector)) = (&mut self.semantic, vector) {
            semantic.insert(text, vector);
        }
        self.places.push(place);
    }
}
