//! From the searches that variants share to the list of one: cut, and fused where there are two.

use std::time::Instant;

use super::config::{Component, OnFailure, Retrieve, Variant};
use super::fuse::fuse;
use super::retrieve::{Found, Retrieved, milliseconds};

/// What one variant makes of the searches that it shares with the others.
pub(super) fn assemble(
    variant: &Variant,
    most: usize,
    lexical: impl Fn() -> Retrieved,
    dense: impl Fn() -> Retrieved,
) -> Retrieved {
    let there = |component: Component, search: &dyn Fn() -> Retrieved| {
        if variant.has(component) {
            search()
        } else {
            Err(component.outage())
        }
    };
    let lexical = || there(Component::Lexical, &lexical);
    let dense = || there(Component::Dense, &dense);
    let hybrid = match &variant.retrieve {
        Retrieve::Lexical(_) => return lexical().map(|found| cut(found, most)),
        Retrieve::Dense(_) => return dense().map(|found| cut(found, most)),
        Retrieve::Hybrid(hybrid) => hybrid,
    };
    let depth = hybrid.depth.get();
    let (words, vectors) = (lexical(), dense());
    let mut degraded = None;
    let (words, vectors) = match (words, vectors, variant.on_failure) {
        (Err(reason), Ok(there), OnFailure::Degrade) => {
            degraded = Some(reason);
            (Vec::new(), there)
        }
        (Ok(there), Err(reason), OnFailure::Degrade) => {
            degraded = Some(reason);
            (there, Vec::new())
        }
        (words, vectors, _) => (words?, vectors?),
    };
    let (mut stages, vectors) = (cut(words, depth), cut(vectors, depth));
    let started = Instant::now();
    let [by_words, by_vectors] =
        [&stages, &vectors].map(|list| list.last().map_or(&[][..], |found| &found.hits));
    // A list that is left alone counts, whatever it was to count beside the other.
    let [words, dense] = if degraded.is_some() {
        [1.0, 1.0]
    } else {
        hybrid.weights
    };
    let mut hits = fuse(&[(by_words, words), (by_vectors, dense)], hybrid.fusion);
    hits.truncate(most);
    stages.extend(vectors);
    stages.push(Found {
        degraded,
        ..Found::new("fuse", hits, milliseconds(started, 1), 1)
    });
    Ok(stages)
}

/// The stages with no list longer than `depth`.
fn cut(mut stages: Vec<Found>, depth: usize) -> Vec<Found> {
    stages
        .iter_mut()
        .for_each(|found| found.hits.truncate(depth));
    stages
}
