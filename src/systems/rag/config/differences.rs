//! In what one pipeline differs from another, in words.

use serde::Serialize;
use serde_json::Value;

use super::{Component, Retrieve, Variant};
use crate::comparison::{Change, Claim, Claimed};

impl Variant {
    /// In what this pipeline differs from `base`, stage by stage.
    pub fn differences_from(&self, base: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let of = |variant: &Self| {
            let understand = &variant.understand;
            [
                ("chunking", value(&variant.chunking)),
                ("analyser", value(&variant.analyser)),
                ("sections", value(&variant.sections)),
                ("rewriting", value(&understand.rewrite)),
                ("multi-query", value(&understand.multi_query)),
                ("HyDE", value(&understand.hyde)),
                ("feedback", value(&understand.prf)),
                ("retrieval", value(&variant.retrieve)),
                ("reranking", value(&variant.rerank)),
                ("answer", value(&variant.answer)),
            ]
        };
        for ((name, own), (_, of_base)) in of(self).into_iter().zip(of(base)) {
            match (&own, &of_base) {
                (Value::Null, Value::Null) => {}
                (_, Value::Null) => found.push(format!("with {name} ({})", plain(&own))),
                (Value::Null, _) => found.push(format!("without {name}")),
                _ => changed(name, &own, &of_base, &mut found),
            }
        }
        let outages = |of: &Self, than: &Self| -> Vec<Component> {
            let new = of.unavailable.iter();
            new.filter(|component| than.has(**component))
                .copied()
                .collect()
        };
        for component in outages(self, base) {
            found.push(format!("{} unavailable", plain(&value(&component))));
        }
        for component in outages(base, self) {
            found.push(format!("{} available", plain(&value(&component))));
        }
        found
    }

    /// What is claimed for the one stage that this pipeline has and `base` has not, or the other way round; nothing where they
    /// differ in more such stages than one, or in none.
    pub fn claimed_against(&self, base: &Self) -> Option<Claimed> {
        let is_hybrid = |variant: &Self| {
            let both = variant.has(Component::Lexical) && variant.has(Component::Dense);
            matches!(variant.retrieve, Retrieve::Hybrid(_)) && both
        };
        let searches_vectors =
            |variant: &Self| variant.retrieve.dense(0).is_some() && variant.has(Component::Dense);
        let stages = |variant: &Self| {
            let writes = variant.has(Component::LanguageModel);
            let reranks = variant.rerank.as_ref().is_some_and(|rerank| {
                variant.has(Component::Reranker) && (rerank.model().is_none() || writes)
            });
            [
                (Claim::Hybrid, is_hybrid(variant)),
                (Claim::Rerank, reranks),
                (Claim::Hyde, variant.understand.hyde.is_some() && writes),
            ]
        };
        let changed = stages(self).into_iter().zip(stages(base));
        let mut changed = changed.filter(|((_, own), (_, of_base))| own != of_base);
        let ((claim, own), _) = changed.next()?;
        // The claim for hybrid search is over search by vectors alone.
        let both_search = searches_vectors(self) && searches_vectors(base);
        let fits = claim != Claim::Hybrid || both_search;
        (fits && changed.next().is_none()).then_some(Claimed {
            claim,
            change: if own { Change::Added } else { Change::Removed },
        })
    }
}

/// As a config writes it.
fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// The smallest parts in which two values differ.
fn changed(path: &str, own: &Value, of_base: &Value, found: &mut Vec<String>) {
    if own == of_base {
        return;
    }
    let (Value::Object(fields), Value::Object(others)) = (own, of_base) else {
        found.push(format!(
            "{path}: {} instead of {}",
            plain(own),
            plain(of_base)
        ));
        return;
    };
    let choice = |fields: &serde_json::Map<String, Value>| match fields.iter().next() {
        Some((name, _)) if fields.len() == 1 => Some(name.clone()),
        _ => None,
    };
    // One of several kinds each, as a search by words and one by vectors.
    if let (Some(own), Some(of_base)) = (choice(fields), choice(others))
        && own != of_base
    {
        found.push(format!("{path}: {own} instead of {of_base}"));
        return;
    }
    let names = fields
        .keys()
        .chain(others.keys().filter(|name| !fields.contains_key(*name)));
    for name in names {
        let of =
            |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
        changed(&format!("{path} {name}"), &of(fields), &of(others), found);
    }
}

/// A value on one line.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match value {
                Value::Object(inner) if inner.is_empty() => name.clone(),
                Value::Object(_) => format!("{name}: {}", plain(value)),
                _ => format!("{name} {}", plain(value)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    }
}
