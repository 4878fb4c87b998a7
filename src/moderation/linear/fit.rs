//! Training.

use anyhow::{Context, anyhow, ensure};
use rayon::prelude::*;

use super::rows::Rows;
use super::weights::Weights as Buckets;
use super::{ClassWeight, Linear, LinearConfig};
use crate::learning::newton::{Target, minimise};
use crate::moderation::ngrams::Ngrams;

/// What a text counts for in a category, by the numbers of both.
type Weights<'w> = &'w (dyn Fn(usize, usize) -> f64 + Sync);

impl Linear {
    /// Trains on texts that are normalised already. `labels[text][category]` is the chance that the category holds, from 0 to 1: 0 or 1, or a share of
    /// votes, which counts as a positive row of that weight and a negative one of the rest. An unknown label leaves the text out of that category alone.
    /// `weights` says what each text counts for in a category, by their numbers: 0 or more, 1 where there are none.
    ///
    /// The same input gives the same bits, whatever the number of threads.
    ///
    /// # Errors
    /// Where the config or a number is out of range, or a category has no text of one of its classes.
    pub fn fit(
        config: &LinearConfig,
        categories: &[String],
        texts: &[&str],
        labels: &[Vec<Option<f64>>],
        weights: Option<Weights<'_>>,
    ) -> anyhow::Result<Self> {
        config.validate().map_err(|message| anyhow!(message))?;
        ensure!(!categories.is_empty(), "there is no category to learn");
        ensure!(
            labels.len() == texts.len() && labels.iter().all(|row| row.len() == categories.len()),
            "each text needs one label, known or not, for each of the {} categories",
            categories.len()
        );
        let ngrams = Ngrams::new(&config.ngrams).map_err(|message| anyhow!(message))?;
        let rows = Rows::of_texts(&ngrams, texts);
        let models = fit_rows(config, categories, &rows, labels, weights)?;
        let (intercepts, weights) = pack(&rows, &models, config.ngrams.bits);
        Ok(Self {
            config: config.clone(),
            ngrams,
            categories: categories.to_vec(),
            intercepts,
            weights,
        })
    }
}

/// The coefficients of each category by column, the intercept last.
pub(super) fn fit_rows(
    config: &LinearConfig,
    categories: &[String],
    rows: &Rows,
    labels: &[Vec<Option<f64>>],
    weights: Option<Weights<'_>>,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let weights = weights.unwrap_or(&|_, _| 1.0);
    // Checked before the first is fitted, and in order, so that the message does not depend on threads.
    let wanted = (0..categories.len()).map(|category| {
        targets(labels, weights, category, config.class_weight)
            .with_context(|| format!("category `{}`", categories[category]))
    });
    let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
    let fitted = wanted
        .into_par_iter()
        .map(|(known, targets)| minimise(&rows.only(known), &targets, config.l2));
    Ok(fitted.collect())
}

/// The rows whose label is known and that count for something, with what is wanted of each.
fn targets(
    labels: &[Vec<Option<f64>>],
    weights: Weights<'_>,
    category: usize,
    class_weight: ClassWeight,
) -> anyhow::Result<(Vec<usize>, Vec<Target>)> {
    let (mut known, mut targets) = (Vec::new(), Vec::new());
    for (row, labels) in labels.iter().enumerate() {
        let Some(share) = labels[category] else {
            continue;
        };
        ensure!(
            (0.0..=1.0).contains(&share),
            "a label must be 0 to 1, and is {share}"
        );
        let weight = weights(row, category);
        ensure!(
            weight.is_finite() && weight >= 0.0,
            "each text needs a weight that is a number of 0 or more"
        );
        if weight > 0.0 {
            known.push(row);
            targets.push(Target { share, weight });
        }
    }
    ensure!(
        !known.is_empty(),
        "no text has a known label; leave the category out"
    );
    let sum = |of: &dyn Fn(&Target) -> f64| targets.iter().map(of).sum::<f64>();
    let positive = sum(&|target| target.weight * target.share);
    let negative = sum(&|target| target.weight * (1.0 - target.share));
    for (weight, class) in [(positive, "positive"), (negative, "negative")] {
        ensure!(
            weight > 0.0,
            "none of the {} texts with a known label is {class}; give it some, or leave the category out",
            known.len()
        );
    }
    if class_weight == ClassWeight::Balanced {
        let half = f64::midpoint(positive, negative);
        for target in &mut targets {
            // A share is two rows of different classes.
            let positive = target.weight * target.share * half / positive;
            let negative = target.weight * (1.0 - target.share) * half / negative;
            target.weight = positive + negative;
            target.share = positive / target.weight;
        }
    }
    Ok((known, targets))
}

/// Intercepts, and the weights by bucket. A bucket that means nothing for all categories is left out.
pub(super) fn pack(rows: &Rows, models: &[Vec<f64>], bits: u32) -> (Vec<f64>, Buckets) {
    let models = models.iter().map(|model| rows.weights(model));
    let (intercepts, by_category): (Vec<f64>, Vec<Vec<f32>>) = models.unzip();
    let (mut held, mut weights) = (Vec::new(), Vec::new());
    for (place, bucket) in rows.buckets().enumerate() {
        let begin = weights.len();
        weights.extend(by_category.iter().map(|of_category| of_category[place]));
        if weights[begin..].iter().all(|weight| *weight == 0.0) {
            weights.truncate(begin);
        } else {
            held.push(bucket);
        }
    }
    let weights = Buckets::new(bits, intercepts.len(), held, &weights);
    (intercepts, weights)
}
