//! The curves of routers: quality over cost, or over the share of prompts that the strong model gets, as a table and as a picture.

use std::fmt::Write as _;
use std::io::Write as _;

use arrow::array::BooleanArray;
use quick_xml::escape::escape;

use super::write::{batch, numbers, texts, write_file};
use super::{Evaluated, Identity, RunPath, files};
use crate::metrics::routing::{Curve, Kind, Routes, RoutingStatistic, envelope};
use crate::metrics::{MetricFacts, Statistic};
use crate::whole_file::WholeFile;

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
    let mut file = WholeFile::create(run.file(files::CURVES_PICTURE))?;
    file.write_all(picture.svg(&identity.name, &identity.variants)?.as_bytes())?;
    Ok(file.finish()?)
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
            let named = (0..models).map(|model| {
                let name = &names[model * kinds.len()];
                let inside = name
                    .split_once('(')
                    .map_or("", |(_, rest)| rest.trim_end_matches(')'));
                (inside.to_owned(), mean(&cost, model), mean(&quality, model))
            });
            picture.models = named.collect();
        }
    }
    (!picture.rows.is_empty()).then_some(picture)
}

/// The most policies of a variant that are drawn; the table has all.
const DRAWN: usize = 500;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 220.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;
/// Paul Tol's bright scheme, which readers with any colour vision tell apart.
const COLOURS: [&str; 7] = [
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#888888",
];
const STYLE: &str = "svg{font:13px system-ui,sans-serif;background:#fff;color:#222}.axis,.grid{stroke:currentColor}.grid{opacity:.12}text{fill:currentColor}.curve{fill:none;opacity:.3}.hull{fill:none;stroke-width:2}.zero{fill:none;stroke:currentColor;stroke-dasharray:5 4;opacity:.6}.model{fill:currentColor}@media(prefers-color-scheme:dark){svg{background:#181a1d;color:#ddd}}";

impl Picture<'_> {
    fn svg(&self, name: &str, variants: &[String]) -> anyhow::Result<String> {
        let points = self.rows.iter().map(|row| (row.x, row.quality));
        let points = points.chain(self.models.iter().map(|(_, x, quality)| (*x, *quality)));
        let ends = points.fold(
            (0.0_f64, f64::INFINITY, f64::NEG_INFINITY),
            |(x, low, high), point| (x.max(point.0), low.min(point.1), high.max(point.1)),
        );
        let (most, low, high) = (
            ends.0,
            ends.1,
            if ends.2 > ends.1 {
                ends.2
            } else {
                ends.1 + 1.0
            },
        );
        let most = if most > 0.0 { most } else { 1.0 };
        let x = |value: f64| LEFT + value / most * (WIDTH - LEFT - RIGHT);
        let y =
            |value: f64| HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM);
        let line = |points: &[(f64, f64)]| {
            let points = points
                .iter()
                .map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1)));
            points.collect::<Vec<_>>().join(" ")
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"quality over {}\"><style>{STYLE}</style><text x=\"{LEFT}\" y=\"22\" font-weight=\"600\">{}: quality over {}</text>",
            self.axis,
            escape(name),
            if self.axis == "cost_usd" {
                "USD per 1,000 prompts"
            } else {
                "the strong model's share of prompts"
            }
        );
        let scale = if self.axis == "cost_usd" { 1e3 } else { 1.0 };
        for step in 0..=5 {
            let share = f64::from(step) / 5.0;
            let (across, up) = (most * share, low + (high - low) * share);
            write!(
                svg,
                "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{1}\"/><text x=\"{0:.1}\" y=\"{2}\" text-anchor=\"middle\">{3}</text>",
                x(across),
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 20.0,
                number(across * scale)
            )?;
            write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{0}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/><text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{up:.3}</text>",
                WIDTH - RIGHT,
                y(up),
                LEFT - 8.0,
                y(up) + 4.0
            )?;
        }
        let models: Vec<(f64, f64)> = self
            .models
            .iter()
            .map(|(_, x, quality)| (*x, *quality))
            .collect();
        let zero: Vec<(f64, f64)> = envelope(&models)
            .into_iter()
            .map(|place| models[place])
            .collect();
        write!(
            svg,
            "<polyline class=\"zero\" points=\"{}\"><title>single models, drawn between at random</title></polyline>",
            line(&zero)
        )?;
        let drawn: Vec<&String> = variants
            .iter()
            .filter(|name| self.rows.iter().any(|row| row.variant == *name))
            .collect();
        for (number, variant) in drawn.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let dash = if number < COLOURS.len() {
                ""
            } else {
                " stroke-dasharray=\"2 3\""
            };
            let of_variant = self.rows.iter().filter(|row| row.variant == **variant);
            let all: Vec<(f64, f64)> = of_variant.clone().map(|row| (row.x, row.quality)).collect();
            let step = all.len().div_ceil(DRAWN);
            let all: Vec<(f64, f64)> = all.into_iter().step_by(step).collect();
            let corners = of_variant
                .filter(|row| row.corner)
                .map(|row| (row.x, row.quality));
            let mut corners: Vec<(f64, f64)> = corners.collect();
            corners.sort_by(|a, b| a.0.total_cmp(&b.0));
            write!(
                svg,
                "<polyline class=\"curve\" stroke=\"{colour}\" points=\"{}\"/><polyline class=\"hull\" stroke=\"{colour}\"{dash} points=\"{}\"><title>{}</title></polyline>",
                line(&all),
                line(&corners),
                escape(variant.as_str())
            )?;
            let top = TOP + 20.0 * number as f64;
            write!(
                svg,
                "<line x1=\"{0}\" x2=\"{1}\" y1=\"{top}\" y2=\"{top}\" stroke=\"{colour}\" stroke-width=\"3\"{dash}/><text x=\"{2}\" y=\"{3}\">{4}</text>",
                WIDTH - RIGHT + 16.0,
                WIDTH - RIGHT + 40.0,
                WIDTH - RIGHT + 48.0,
                top + 4.0,
                escape(variant.as_str())
            )?;
        }
        for (name, cost, quality) in &self.models {
            write!(
                svg,
                "<circle class=\"model\" cx=\"{0:.1}\" cy=\"{1:.1}\" r=\"3.5\"><title>{2}: {quality:.4}</title></circle><text x=\"{3:.1}\" y=\"{4:.1}\" font-size=\"11\">{2}</text>",
                x(*cost),
                y(*quality),
                escape(name),
                x(*cost) + 7.0,
                y(*quality) - 5.0
            )?;
        }
        write!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"11\">bold: envelope; faint: every policy; dashed: single models</text></svg>",
            LEFT,
            HEIGHT - 12.0
        )?;
        Ok(svg)
    }
}

/// A number of an axis, short.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 6"
    )]
    let text = format!("{value:.*}", digits as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
