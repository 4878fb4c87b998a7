//! What is asked of a moderator beyond its metrics: what each layer does and takes, whether the usual claims hold, how many people review, what drifted and what slips past.

mod figures;

use std::collections::BTreeMap;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use self::figures::{claims, layers, queue, unknown, values};
use super::attack::{self, AttackRow};
use super::config::Config;
use super::drift::{DriftRow, Scored, drift};
use super::layers::Layer;
use super::metric::{ModerationMetric, OfCategory, OfLayer, OfPost};
use crate::data::Post;
use crate::report::Run;
use crate::whole_file::WholeFile;

/// The file of a run directory that holds it.
const SHEET: &str = "moderation.json";

/// All of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sheet {
    /// The layers of each variant.
    pub layers: Vec<LayerRow>,
    /// What is usually claimed of each variant.
    pub claims: Vec<ClaimRow>,
    /// People's queue behind each variant.
    pub queues: Vec<QueueRow>,
    /// What drifted between two periods, where the config names them.
    pub drift: Vec<DriftRow>,
    /// Groups of people whose posts, or whose background's, are of one class only: no figure is known of them, and means over groups leave them out.
    pub unknown_groups: Vec<UnknownGroups>,
    /// What slips past, where it was attacked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attacks: Vec<AttackRow>,
}

/// A layer of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerRow {
    /// The variant.
    pub variant: String,
    /// The layer.
    pub layer: String,
    /// The share of posts that come to it.
    pub reach: f64,
    /// The share of posts that it, as the last, keeps from being approved.
    pub stopped: f64,
    /// Of these the share that violates.
    pub precision: Option<f64>,
    /// Of violating posts the share that it, as the last, keeps from being approved.
    pub caught: Option<f64>,
    /// Of violating posts the share that would be approved without it and no other.
    pub caught_only_by: Option<f64>,
    /// What it costs for 1,000 posts, those that never reach it included.
    pub usd_per_1k: f64,
    /// Median latency of a post that comes to it; none of people.
    pub p50_ms: Option<f64>,
    /// 99th percentile; of the prefilter together with the normalisation before it.
    pub p99_ms: Option<f64>,
    /// The most posts that one call served: above 1 the latencies are shares of a call.
    pub batch_size: Option<u64>,
}

/// A claim, held against the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimRow {
    /// The variant.
    pub variant: String,
    /// What is claimed.
    pub claim: String,
    /// What was found.
    pub found: String,
    /// Whether it holds; unknown where the run cannot tell.
    pub met: Option<bool>,
}

/// What people have to review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The variant.
    pub variant: String,
    /// The share of posts that are violating, by which the others are weighed: that of deployment, or of the posts at hand.
    pub prevalence: f64,
    /// Whether that is the one of the posts at hand, for want of `deployment.prevalence.any`.
    pub of_sample: bool,
    /// The share of posts that are escalated, and of those that are removed and appealed.
    pub reviewed: f64,
    /// Items a day.
    pub items_per_day: f64,
    /// Of escalated posts the share that violates.
    pub precision: Option<f64>,
    /// The load in the busiest hour.
    pub load_erlangs: f64,
    /// The fewest seats that keep the service level.
    pub seats: Option<u64>,
    /// People that must be employed for them.
    pub people: Option<f64>,
    /// The 95th percentile of the time from arrival until it is decided.
    pub p95_age_s: Option<f64>,
}

/// Groups of which a figure is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnknownGroups {
    /// The variant.
    pub variant: String,
    /// The category.
    pub category: String,
    /// The figure.
    pub figure: String,
    /// The groups.
    pub groups: Vec<String>,
}

/// The metrics that it is computed from, which every run of a moderator keeps.
pub(super) fn needs(categories: &[String]) -> Vec<ModerationMetric> {
    let posts = [
        OfPost::Violates,
        OfPost::Escalated,
        OfPost::Removed,
        OfPost::ReviewPrecision,
    ];
    let layers = [
        OfLayer::Reach,
        OfLayer::Stopped,
        OfLayer::Precision,
        OfLayer::Caught,
        OfLayer::OnlyBy,
        OfLayer::CostPer1k,
    ];
    let columns = [OfCategory::Label, OfCategory::Score];
    let of_layer = |layer: Layer| layers.map(|kind| ModerationMetric::Layer(kind, layer));
    let of_category =
        |category: &String| columns.map(|kind| ModerationMetric::Category(kind, category.clone()));
    posts
        .map(ModerationMetric::Post)
        .into_iter()
        .chain(Layer::ALL.into_iter().flat_map(of_layer))
        .chain(categories.iter().flat_map(of_category))
        .collect()
}

impl Sheet {
    /// What a finished run tells, of which `posts` are the examples.
    ///
    /// # Errors
    /// Where the run cannot be read.
    pub fn of(
        run: &Run,
        config: &Config,
        categories: &[String],
        posts: &[Post],
    ) -> anyhow::Result<Self> {
        let mut sheet = Self::default();
        let by_id: BTreeMap<&str, &Post> =
            posts.iter().map(|post| (post.id.as_str(), post)).collect();
        let mut scored: Vec<(String, String, Vec<Option<f64>>)> = Vec::new();
        let mut in_order: Vec<&Post> = Vec::new();
        for variant in &run.manifest.identity.variants {
            let kept = run.scores(variant)?;
            in_order = kept
                .ids
                .iter()
                .filter_map(|id| by_id.get(id.as_str()).copied())
                .collect();
            let rows = layers(variant, &kept, run)?;
            sheet.claims.extend(claims(variant, &rows));
            sheet.layers.extend(rows);
            let queue = queue(variant, &kept, &config.deployment)?;
            sheet.queues.extend(queue);
            for category in categories {
                let score = ModerationMetric::Category(OfCategory::Score, category.clone());
                let own = values(&kept, &score)?.to_vec();
                sheet
                    .unknown_groups
                    .extend(unknown(variant, category, &kept, config)?);
                scored.push((variant.clone(), category.clone(), own));
            }
        }
        if let Some(periods) = &config.drift {
            let scored: Vec<Scored<'_>> = scored
                .iter()
                .map(|(variant, category, scores)| Scored {
                    variant,
                    category,
                    scores: scores.clone(),
                })
                .collect();
            sheet.drift = drift(&in_order, periods, &scored, run.manifest.identity.seed);
        }
        Ok(sheet)
    }

    /// Adds what attacks came to.
    pub fn add_attacks(&mut self, attacks: Vec<AttackRow>) {
        self.claims.extend(attack::claims(&attacks));
        self.attacks = attacks;
    }

    /// Writes it beside the other files of a run.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, run: &Run) -> anyhow::Result<()> {
        let mut file = WholeFile::create(run.path.file(SHEET))?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.finish()?;
        Ok(())
    }

    /// That of a run, where it has one.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(run: &Run) -> anyhow::Result<Option<Self>> {
        let path = run.path.file(SHEET);
        if !path.exists() {
            return Ok(None);
        }
        let read = serde_json::from_slice(&fs_err::read(&path)?);
        read.map(Some)
            .with_context(|| format!("`{}` is not whole", path.display()))
    }
}
