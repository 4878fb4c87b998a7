//! Learning a router from the training part, to be kept: `ragkit train router`.

use anyhow::{Context, bail};
use serde::Serialize;

use super::choose::{cross, scores};
use super::classify::learn;
use super::config::{Choose, Classify, Config};
use super::division::Division;
use super::known::Known;
use crate::caches::Embeddings;
use crate::data::RoutedPrompt;
use crate::learning::Predictor;
use crate::metrics::routing::{Curve, Routes, envelope};
use crate::routing::{TrainedRouter, Training};

/// A router that was trained.
pub struct Trained {
    /// As it is kept.
    pub router: TrainedRouter,
    choose: Option<Predictor>,
    classify: Option<Predictor>,
    /// What can be had for what, on the training part, by a router that learned from the other half of it; empty where costs are not known or no scores are learned.
    pub tradeoffs: Vec<Tradeoff>,
}

/// One corner of the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tradeoff {
    /// The price of quality to give as `trade.quality_per_usd`.
    pub quality_per_usd: f64,
    /// What 1,000 prompts then cost.
    pub usd_per_1k: f64,
    /// The quality of the answers.
    pub quality: f64,
}

impl Trained {
    /// Writes it to a new folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, out: &std::path::Path) -> anyhow::Result<()> {
        self.router
            .save(out, self.choose.as_ref(), self.classify.as_ref())
    }
}

/// Learns what the variant `name` of a config learns.
///
/// # Errors
/// Where there is no such variant, it learns nothing, or a model is missing.
pub fn train(
    division: &Division,
    config: &Config,
    name: &str,
    seed: u64,
) -> anyhow::Result<Trained> {
    let known = Known::new(division, config)?;
    let variant = config.variants.iter().find(|variant| variant.name == name);
    let variant = variant.with_context(|| {
        let names: Vec<&str> = config
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .collect();
        format!(
            "there is no variant `{name}`; the config has {}",
            names.join(", ")
        )
    })?;
    let learned = division.learned();
    let models = division.models.len();
    let mut embeddings = Embeddings::default();
    let (mut choose, mut classify, mut tradeoffs) = (None, None, Vec::new());
    if let Choose::Predict(predictor) = &variant.choose {
        let texts: Vec<&str> = learned.iter().map(|prompt| prompt.text.as_str()).collect();
        let targets = scores(&learned, models);
        let fitted = predictor.fit(&texts, &targets, models, seed, &mut embeddings)?;
        if known.costs.are_known() {
            let crossed = cross(predictor, &learned, models, seed, &mut embeddings)?;
            tradeoffs = corners(&crossed.concat(), &targets, &learned, &known);
        }
        choose = Some((predictor, fitted));
    }
    if let Some(Classify::Learned(predictor)) = &variant.classify {
        let (fitted, names) = learn(predictor, division, seed, &mut embeddings)?;
        classify = Some((predictor, fitted, names));
    }
    if choose.is_none() && classify.is_none() {
        bail!(
            "the variant `{name}` learns nothing that can be kept; it needs `choose.predict` or `classify.learned`"
        );
    }
    let router = TrainedRouter {
        ragkit: crate::version().to_owned(),
        models: division.models.clone(),
        cost_usd: known.costs.means(&learned, models),
        choose: choose
            .as_ref()
            .map(|(config, fitted)| config.stored(fitted)),
        classify: classify
            .as_ref()
            .map(|(config, fitted, names)| (config.stored(fitted), names.clone())),
        training: Training {
            outcomes: division.digest.clone(),
            split: division.how.clone(),
            seed,
            prompts: division
                .train
                .iter()
                .map(|prompt| prompt.name().to_owned())
                .collect(),
        },
    };
    Ok(Trained {
        router,
        choose: choose.map(|(_, fitted)| fitted),
        classify: classify.map(|(_, fitted, _)| fitted),
        tradeoffs,
    })
}

/// The corners of the envelope on the training part.
fn corners(
    predicted: &[f64],
    quality: &[f64],
    learned: &[&RoutedPrompt],
    known: &Known<'_>,
) -> Vec<Tradeoff> {
    let models = known.division.models.len();
    let cost = learned.iter().flat_map(|prompt| {
        (0..models).map(|model| {
            known
                .costs
                .of(model, &prompt.outcomes[model])
                .unwrap_or_default()
        })
    });
    let cost: Vec<f64> = cost.collect();
    let predicted_cost = known.costs.means(learned, models).repeat(learned.len());
    let curve = Curve::of(&Routes {
        models,
        quality,
        cost: &cost,
        predicted,
        predicted_cost: &predicted_cost,
    });
    let places = envelope(&curve.coordinates());
    let corner = |place: &usize| {
        let point = curve.points[*place];
        Tradeoff {
            quality_per_usd: curve.price_at(*place),
            usd_per_1k: point.cost * 1e3,
            quality: point.quality,
        }
    };
    places.iter().map(corner).collect()
}
