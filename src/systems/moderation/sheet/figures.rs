//! How the rows of a sheet are computed from the scores and latencies of a run.

use anyhow::Context;

use super::{ClaimRow, LayerRow, QueueRow, UnknownGroups};
use crate::metrics::bias::{self, GroupAuc};
use crate::metrics::statistics::mean;
use crate::queueing::Queue;
use crate::report::{Run, Scores};
use crate::systems::moderation::config::{Config, Deployment};
use crate::systems::moderation::layers::Layer;
use crate::systems::moderation::metric::{ModerationMetric, OfCategory, OfGroup, OfLayer, OfPost};
use crate::systems::moderation::stages;
use crate::systems::moderation::validate::ANY;

/// The values of one metric of a variant, by example.
pub(super) fn values<'s>(
    scores: &'s Scores,
    metric: &ModerationMetric,
) -> anyhow::Result<&'s [Option<f64>]> {
    let name = metric.to_string();
    let found = scores.metrics.iter().find(|(facts, _)| facts.name == name);
    let (_, values) = found.with_context(|| format!("the run does not keep `{name}`"))?;
    Ok(values)
}

fn mean_of(scores: &Scores, metric: &ModerationMetric) -> anyhow::Result<Option<f64>> {
    let known: Vec<f64> = values(scores, metric)?.iter().flatten().copied().collect();
    Ok(mean(&known))
}

pub(super) fn layers(variant: &str, scores: &Scores, run: &Run) -> anyhow::Result<Vec<LayerRow>> {
    let mut rows = Vec::new();
    for layer in Layer::ALL {
        let of = |kind: OfLayer| mean_of(scores, &ModerationMetric::Layer(kind, layer));
        let reach = of(OfLayer::Reach)?.unwrap_or(0.0);
        if reach <= 0.0 {
            continue;
        }
        let timed: &[&str] = match layer {
            Layer::Prefilter => &[stages::PREFILTER, stages::NORMALISE],
            Layer::Fast => &[stages::FAST],
            Layer::Slow => &[stages::SLOW],
            Layer::Review => &[],
        };
        let timed = run.latency_together(variant, timed)?;
        rows.push(LayerRow {
            variant: variant.to_owned(),
            layer: layer.name().to_owned(),
            reach,
            stopped: of(OfLayer::Stopped)?.unwrap_or(0.0),
            precision: of(OfLayer::Precision)?,
            caught: of(OfLayer::Caught)?,
            caught_only_by: of(OfLayer::OnlyBy)?,
            usd_per_1k: of(OfLayer::CostPer1k)?.unwrap_or(0.0),
            p50_ms: timed.as_ref().map(|row| row.p50_ms),
            p99_ms: timed.as_ref().map(|row| row.p99_ms),
            batch_size: timed.map(|row| row.batch_size),
        });
    }
    Ok(rows)
}

/// The claims of the design that ragkit started from: a prefilter under 1 ms that stops 10 to 15 %, a fast path that takes 95 % with a P99 under 50 ms, and a slow path with one
/// under 500 ms.
pub(super) fn claims(variant: &str, layers: &[LayerRow]) -> Vec<ClaimRow> {
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

pub(super) fn queue(
    variant: &str,
    scores: &Scores,
    deployment: &Deployment,
) -> anyhow::Result<Option<QueueRow>> {
    let Some(posts_per_day) = deployment.posts_per_day else {
        return Ok(None);
    };
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
    let deployed = deployment.prevalence_of(ANY);
    let prevalence = deployed.or(mean(&known)).unwrap_or(0.0);
    let weighed = |column: &[Option<f64>]| {
        let (bad, benign) = (share(column, 1.0), share(column, 0.0));
        prevalence * bad.unwrap_or(0.0) + (1.0 - prevalence) * benign.unwrap_or(0.0)
    };
    let review = &deployment.review;
    let asked = weighed(escalated);
    let reviewed = asked + review.appeals * weighed(removed);
    let items_per_day = reviewed * posts_per_day;
    let arrivals_per_s = items_per_day / 86_400.0 * deployment.peak;
    let queue = Queue::staffed(
        arrivals_per_s,
        review.handling_s,
        review.within_s,
        review.share,
    );
    let caught = share(escalated, 1.0).map(|bad| prevalence * bad);
    Ok(Some(QueueRow {
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
    }))
}

/// The groups that means over groups leave out.
pub(super) fn unknown(
    variant: &str,
    category: &str,
    scores: &Scores,
    config: &Config,
) -> anyhow::Result<Vec<UnknownGroups>> {
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
