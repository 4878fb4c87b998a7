//! The curves of routers: quality over cost, or over the share of prompts that the strong model gets, as a table and as a picture.

mod draw;

use arrow::array::BooleanArray;

use super::svg::{inside, write_picture};
use super::write::{batch, numbers, texts, write_file};
use super::{Evaluated, Identity, RunPath, files};
use crate::metrics::routing::{Curve, Kind, Routes, RoutingStatistic, envelope};
use crate::metrics::{MetricFacts, Statistic};

/// A policy of a router.
struct Row<'a> {
    variant: &'a str,
    x: f64,
    quality: f64,
    /// Whether it is a corner of the envelope.
    corner: bool,
}

/// What is drawn.
struct Picture<'a> {
    /// What the horizontal axis is.
    axis: &'static str,
    rows: Vec<Row<'a>>,
    /// Single models: name, x and quality.
    models: Vec<(String, f64, f64)>,
}

/// Writes `curves.parquet` and `curves.svg` where a metric is a figure of a router's curve, of all examples.
pub fn write_curves(
    run: &RunPath,
    identity: &Identity,
    metrics: &[MetricFacts],
    examples: &[Evaluated],
) -> anyhow::Result<()> {
    let Some(picture) = picture(identity, metrics, examples) else {
        return Ok(());
    };
    let rows = &picture.rows;
    let corners = rows
        .iter()
        .map(|row| Some(row.corner))
        .collect::<BooleanArray>();
    let columns = batch(vec![
        ("variant", texts(rows, |row| Some(row.variant))),
        (picture.axis, numbers(rows, |row| Some(row.x))),
        ("quality", numbers(rows, |row| Some(row.quality))),
        ("corner", std::sync::Arc::new(corners)),
    ]);
    write_file(
        &run.file(files::CURVES),
        &identity.to_json(),
        std::iter::once(columns),
    )?;
    let svg = picture.svg(&identity.name, &identity.variants)?;
    write_picture(run.file(files::CURVES_PICTURE), &svg)
}

fn picture<'a>(
    identity: &'a Identity,
    metrics: &[MetricFacts],
    examples: &[Evaluated],
) -> Option<Picture<'a>> {
    let routing = metrics.iter().filter_map(|facts| {
        let pooled = facts.pooled.as_ref()?;
        let Statistic::Routing(statistic) = pooled.statistic else {
            return None;
        };
        Some((statistic, &pooled.columns))
    });
    let by_cost = routing
        .clone()
        .find(|(statistic, _)| statistic.kinds().contains(&Kind::Cost));
    let by_share = || {
        let mut routing = routing.clone();
        routing.find(|(statistic, _)| {
            matches!(statistic, RoutingStatistic::Apgr | RoutingStatistic::Cpt(_))
        })
    };
    let (statistic, names) = by_cost.or_else(by_share)?;
    let kinds = statistic.kinds();
    let models = names.len() / kinds.len();
    let places: Option<Vec<usize>> = names
        .iter()
        .map(|name| metrics.iter().position(|facts| facts.name == *name))
        .collect();
    let places = places?;
    let is_by_cost = kinds.contains(&Kind::Cost);
    let mut picture = Picture {
        axis: if is_by_cost {
            "cost_usd"
        } else {
            "strong_share"
        },
        rows: Vec::new(),
        models: Vec::new(),
    };
    for (number, variant) in identity.variants.iter().enumerate() {
        let values = |example: &Evaluated| -> Option<Vec<f64>> {
            places
                .iter()
                .map(|place| example.scores[number][*place])
                .collect()
        };
        let known: Vec<Vec<f64>> = examples.iter().filter_map(values).collect();
        if known.is_empty() {
            continue;
        }
        // Of the pair the first is the strong one, which alone costs something here.
        let of_model = |row: &Vec<f64>, model: usize, wanted: Kind| {
            let place = kinds.iter().position(|kind| *kind == wanted);
            match place {
                Some(place) => row[model * kinds.len() + place],
                None => f64::from(u8::from(model == 0)),
            }
        };
        let column = |kind: Kind| -> Vec<f64> {
            let of_row = |row| (0..models).map(move |model| of_model(row, model, kind));
            known.iter().flat_map(of_row).collect()
        };
        let (quality, cost) = (column(Kind::Quality), column(Kind::Cost));
        let curve = Curve::of(&Routes {
            models,
            quality: &quality,
            cost: &cost,
            predicted: &column(Kind::Predicted),
            predicted_cost: &column(Kind::PredictedCost),
        });
        let coordinates = curve.coordinates();
        let corners = envelope(&coordinates);
        let rows = coordinates
            .iter()
            .enumerate()
            .map(|(place, (x, quality))| Row {
                variant,
                x: *x,
                quality: *quality,
                corner: corners.contains(&place),
            });
        picture.rows.extend(rows);
        if picture.models.is_empty() {
            let mean = |values: &[f64], model: usize| {
                values.iter().skip(model).step_by(models).sum::<f64>() / known.len() as f64
            };
            let singles = (0..models).map(|model| {
                let name = &names[model * kinds.len()];
                (
                    inside(name).to_owned(),
                    mean(&cost, model),
                    mean(&quality, model),
                )
            });
            picture.models = singles.collect();
        }
    }
    (!picture.rows.is_empty()).then_some(picture)
}
