//! What is compared: one variant of a run.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};

use crate::report::{Run, RunPath, Scores};

/// One variant of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The run.
    pub run: Run,
    /// The variant.
    pub variant: String,
    /// What it scored.
    pub scores: Scores,
}

impl Side {
    /// A variant of a run.
    pub fn of(run: &Run, variant: &str) -> anyhow::Result<Self> {
        Ok(Self {
            run: run.clone(),
            variant: variant.to_owned(),
            scores: run.scores(variant)?,
        })
    }
}

/// What an argument `RUN` or `RUN:variant` names.
pub fn named(argument: &str) -> anyhow::Result<(Run, Option<String>)> {
    let whole = Path::new(argument);
    let (path, variant) = match argument.rsplit_once(':') {
        Some((path, variant)) if !whole.is_dir() => (PathBuf::from(path), Some(variant)),
        _ => (whole.to_owned(), None),
    };
    let run = Run::open(RunPath::finished(&path)?)?;
    Ok((run, variant.map(str::to_owned)))
}

/// The pairs of variants that `baseline` and `candidate` (each `RUN` or `RUN:variant`) stand for: one each, or those of the
/// same name.
pub fn sides(baseline: &str, candidate: &str) -> anyhow::Result<Vec<(Side, Side)>> {
    let ((before, one), (after, other)) = (named(baseline)?, named(candidate)?);
    let variants = |run: &Run, named: Option<String>| {
        named.map_or_else(
            || run.manifest.identity.variants.clone(),
            |named| vec![named],
        )
    };
    let (of_before, of_after) = (variants(&before, one), variants(&after, other));
    let pairs: Vec<(&String, &String)> = match (of_before.as_slice(), of_after.as_slice()) {
        ([one], [other]) => vec![(one, other)],
        ([one], many) | (many, [one]) if many.contains(one) => vec![(one, one)],
        (before, after) => before
            .iter()
            .filter_map(|variant| Some((variant, after.iter().find(|other| *other == variant)?)))
            .collect(),
    };
    if pairs.is_empty() {
        bail!(
            "no variant has the same name in both runs ({} and {}); name one of each, as in `{}:{}`",
            of_before.join(", "),
            of_after.join(", "),
            before.path.0.display(),
            of_before.first().map_or("variant", String::as_str)
        );
    }
    ensure!(
        before.path != after.path || pairs.iter().any(|(one, other)| one != other),
        "a run is always equal to itself; name two of its variants, as in `{0}:{1} {0}:{2}`",
        before.path.0.display(),
        before
            .manifest
            .identity
            .variants
            .first()
            .map_or("a", String::as_str),
        before
            .manifest
            .identity
            .variants
            .get(1)
            .map_or("b", String::as_str),
    );
    pairs
        .into_iter()
        .map(|(one, other)| Ok((Side::of(&before, one)?, Side::of(&after, other)?)))
        .collect()
}
