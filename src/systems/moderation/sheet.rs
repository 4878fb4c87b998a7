//! What is asked of a moderator beyond its metrics: what each layer does and takes, whether the usual claims hold, how many people review, what drifted and what slips past.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::attack::AttackRow;
use super::config::{Config, Deployment};
use super::drift::{DriftRow, Scored, drift};
use super::layers::Layer;
use super::metric::{ModerationMetric, OfCategory, OfLayer, OfPost};
use crate::data::Post;
use crate::metrics::bias::{self, GroupAuc};
use crate::metrics::statistics::mean;
use crate::queueing::Queue;
use crate::report::{Latency, Run, Scores};
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
    /// 99th percentile; of the prefilter and the normalisation before it the sum of both, which is no less than that of the sum.
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

/// The values of one metric of a variant, by example.
fn values<'s>(scores: &'s Scores, metric: &ModerationMetric) -> anyhow::Result<&'s [Option<f64>]> {
    let name = metric.to_string();
    let found = scores.metrics.iter().find(|(facts, _)| facts.name == name);
    let (_, values) = found.with_context(|| format!("the run does not keep `{name}`"))?;
    Ok(values)
}

fn mean_of(scores: &Scores, metric: &ModerationMetric) -> anyhow::Result<Option<f64>> {
    let known: Vec<f64> = values(scores, metric)?.iter().flatten().copied().collect();
    Ok(mean(&known))
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
        let latencies = run.latencies()?;
        let mut sheet = Self::default();
        let by_id: BTreeMap<&str, &Post> =
            posts.iter().map(|post| (post.id.as_str(), post)).collect();
        let mut scored: Vec<(String, String, Vec<Option<f64>>)> = Vec::new();
        let mut in_order: Vec<&Post> = Vec::new();
        for variant in &run.manifest.identity.variants {
            let scores = run.scores(variant)?;
            in_order = scores
                .ids
                .iter()
                .filter_map(|id| by_id.get(id.as_str()).copied())
                .collect();
            let rows = layers(variant, &scores, &latencies)?;
            sheet.claims.extend(claims(variant, &rows));
            sheet.layers.extend(rows);
            sheet
                .queues
                .push(queue(variant, &scores, &config.deployment)?);
            for category in categories {
                let score = ModerationMetric::Category(OfCategory::Score, category.clone());
                let own = values(&scores, &score)?.to_vec();
                sheet
                    .unknown_groups
                    .extend(unknown(variant, category, &scores, config)?);
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

fn layers(variant: &str, scores: &Scores, latencies: &[Latency]) -> anyhow::Result<Vec<LayerRow>> {
    let mut rows = Vec::new();
    for layer in Layer::ALL {
        let of = |kind: OfLayer| mean_of(scores, &ModerationMetric::Layer(kind, layer));
        let reach = of(OfLayer::Reach)?.unwrap_or(0.0);
        if reach <= 0.0 {
            continue;
        }
        let own = |stage: &str| {
            let mut all = latencies.iter();
            all.find(|row| row.variant == variant && row.stage == stage)
        };
        let timed = own(layer.name());
        let before = own(super::pipeline::stages::NORMALISE).filter(|_| layer == Layer::Prefilter);
        let with_before =
            |of: fn(&Latency) -> f64| timed.map(|row| of(row) + before.map_or(0.0, of));
        rows.push(LayerRow {
            variant: variant.to_owned(),
            layer: layer.name().to_owned(),
            reach,
            stopped: of(OfLayer::Stopped)?.unwrap_or(0.0),
            precision: of(OfLayer::Precision)?,
            caught: of(OfLayer::Caught)?,
            caught_only_by: of(OfLayer::OnlyBy)?,
            usd_per_1k: of(OfLayer::CostPer1k)?.unwrap_or(0.0),
            p50_ms: with_before(|row| row.p50_ms),
            p99_ms: with_before(|row| row.p99_ms),
            batch_size: timed.map(|row| row.batch_size),
        });
    }
    Ok(rows)
}

/// The claims of the design that ragkit started from: a prefilter under 1 ms that stops 10 to 15 %, a fast path that takes 95 % with a P99 under 50 ms, and a slow path with one
/// under 500 ms.
fn claims(variant: &str, layers: &[LayerRow]) -> Vec<ClaimRow> {
    let of = |layer: Layer| layers.iter().find(|row| row.layer == layer.name());
    let row = |claim: &str, found: String, met: Option<bool>| ClaimRow {
        variant: variant.to_owned(),
        claim: claim.to_owned(),
        found,
        met,
    };
    let within = |claim: &str, layer: &LayerRow, limit_ms: f64| {
        let alone = layer.batch_size == Some(1);
        let found = match layer.p99_ms {
            Some(p99) if alone => format!("P99 {p99:.3} ms"),
            Some(p99) => format!("P99 {p99:.3} ms as a share of a batch; `batch_size = 1` tells"),
            None => "not timed".to_owned(),
        };
        let met = layer.p99_ms.filter(|_| alone).map(|p99| p99 < limit_ms);
        row(claim, found, met)
    };
    let mut rows = Vec::new();
    if let Some(prefilter) = of(Layer::Prefilter) {
        let stopped = prefilter.stopped;
        rows.push(row(
            "the prefilter stops 10 to 15 % of posts",
            format!("{:.1} %", stopped * 100.0),
            Some((0.10..=0.15).contains(&stopped)),
        ));
        rows.push(within(
            "normalisation and prefilter take less than 1 ms",
            prefilter,
            1.0,
        ));
    }
    if let Some(fast) = of(Layer::Fast) {
        let slow = of(Layer::Slow).map_or(0.0, |slow| slow.reach);
        let share = (fast.reach - slow) / fast.reach;
        let met = of(Layer::Slow).map(|_| share >= 0.95);
        let found = match met {
            Some(_) => format!("{:.1} %", share * 100.0),
            None => "there is no slow path".to_owned(),
        };
        rows.push(row(
            "the fast path alone decides 95 % of what comes to it",
            found,
            met,
        ));
        rows.push(within("the fast path takes less than 50 ms", fast, 50.0));
    }
    if let Some(slow) = of(Layer::Slow) {
        rows.push(within("the slow path takes less than 500 ms", slow, 500.0));
    }
    rows
}

fn queue(variant: &str, scores: &Scores, deployment: &Deployment) -> anyhow::Result<QueueRow> {
    let of = |kind: OfPost| values(scores, &ModerationMetric::Post(kind));
    let (violates, escalated) = (of(OfPost::Violates)?, of(OfPost::Escalated)?);
    let removed = of(OfPost::Removed)?;
    let share = |column: &[Option<f64>], wanted: f64| {
        let both = column.iter().zip(violates);
        let own = both.filter(|(_, label)| **label == Some(wanted));
        let own: Vec<f64> = own.filter_map(|(value, _)| *value).collect();
        mean(&own)
    };
    let known: Vec<f64> = violates.iter().flatten().copied().collect();
    let deployed = deployment.prevalence.get("any").copied();
    let prevalence = deployed.or(mean(&known)).unwrap_or(0.0);
    let weighed = |column: &[Option<f64>]| {
        let (bad, benign) = (share(column, 1.0), share(column, 0.0));
        prevalence * bad.unwrap_or(0.0) + (1.0 - prevalence) * benign.unwrap_or(0.0)
    };
    let review = &deployment.review;
    let asked = weighed(escalated);
    let reviewed = asked + review.appeals * weighed(removed);
    let items_per_day = reviewed * deployment.posts_per_day;
    let arrivals_per_s = items_per_day / 86_400.0 * deployment.peak;
    let queue = Queue::staffed(
        arrivals_per_s,
        review.handling_s,
        review.within_s,
        review.share,
    );
    let caught = share(escalated, 1.0).map(|bad| prevalence * bad);
    Ok(QueueRow {
        variant: variant.to_owned(),
        prevalence,
        of_sample: deployed.is_none(),
        reviewed,
        items_per_day,
        precision: caught.filter(|_| asked > 0.0).map(|caught| caught / asked),
        load_erlangs: arrivals_per_s * review.handling_s,
        seats: queue.map(|queue| queue.servers()),
        people: queue.map(|queue| queue.servers() as f64 * review.people_per_seat),
        p95_age_s: queue.map(|queue| queue.age_quantile_s(0.95)),
    })
}

/// The groups that means over groups leave out.
fn unknown(
    variant: &str,
    category: &str,
    scores: &Scores,
    config: &Config,
) -> anyhow::Result<Vec<UnknownGroups>> {
    use super::metric::OfGroup;
    let column = |kind: OfCategory| {
        values(
            scores,
            &ModerationMetric::Category(kind, category.to_owned()),
        )
    };
    let names: Vec<&String> = config.groups.keys().collect();
    let member = |name: &String| {
        let metric = ModerationMetric::Group(OfGroup::Member, "*".to_owned(), name.clone());
        // Only where a metric of groups was asked for are members kept.
        values(scores, &metric).ok()
    };
    let Some(members) = names
        .iter()
        .map(|name| member(name))
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(Vec::new());
    };
    if members.is_empty() {
        return Ok(Vec::new());
    }
    let (labels, found) = (column(OfCategory::Label)?, column(OfCategory::Score)?);
    let known: Vec<usize> = (0..labels.len())
        .filter(|place| labels[*place].is_some() && found[*place].is_some())
        .collect();
    let flags = |column: &[Option<f64>]| -> Vec<bool> {
        known
            .iter()
            .map(|place| column[*place] > Some(0.5))
            .collect()
    };
    let scores: Vec<f64> = known.iter().filter_map(|place| found[*place]).collect();
    let groups: Vec<Vec<bool>> = members.iter().map(|column| flags(column)).collect();
    let labels = flags(labels);
    let kinds = [
        (GroupAuc::Subgroup, "SubgroupAUC"),
        (GroupAuc::BackgroundPositive, "BPSNAUC"),
        (GroupAuc::BackgroundNegative, "BNSPAUC"),
    ];
    let of_kind = |(kind, figure): (GroupAuc, &str)| {
        let unknown = match bias::power_mean(kind, &labels, &scores, &groups) {
            Some(mean) => mean.unknown,
            None => (0..groups.len()).collect(),
        };
        (!unknown.is_empty()).then(|| UnknownGroups {
            variant: variant.to_owned(),
            category: category.to_owned(),
            figure: figure.to_owned(),
            groups: unknown.iter().map(|place| names[*place].clone()).collect(),
        })
    };
    Ok(kinds.into_iter().filter_map(of_kind).collect())
}
