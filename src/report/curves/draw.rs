//! The picture of curves, in SVG.

use std::fmt::{Result, Write};

use quick_xml::escape::escape;

use super::Picture;
use crate::metrics::routing::envelope;
use crate::report::svg::{LINE, begin, colour, legend, points, stroke};

/// The most policies of a variant that are drawn; the table has all.
const DRAWN: usize = 500;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 220.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;
const STYLE: &str = ".curve{fill:none;opacity:.3}.hull{fill:none;stroke-width:2}.zero{fill:none;stroke:currentColor;stroke-dasharray:5 4;opacity:.6}.model{fill:currentColor}";

/// From values to places on the picture.
struct Frame {
    most: f64,
    low: f64,
    high: f64,
}

impl Frame {
    fn of(picture: &Picture<'_>) -> Self {
        let policies = picture.rows.iter().map(|row| (row.x, row.quality));
        let models = picture.models.iter().map(|(_, x, quality)| (*x, *quality));
        let mut frame = Self {
            most: 0.0,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        for (x, quality) in policies.chain(models) {
            frame.most = frame.most.max(x);
            frame.low = frame.low.min(quality);
            frame.high = frame.high.max(quality);
        }
        if frame.most <= 0.0 {
            frame.most = 1.0;
        }
        if frame.high <= frame.low {
            frame.high = frame.low + 1.0;
        }
        frame
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.most * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)
    }

    fn line(&self, values: &[(f64, f64)]) -> String {
        points(values.iter().map(|(x, y)| (self.x(*x), self.y(*y))))
    }

    /// Lines across and up with their numbers; those across are shown times `scale`.
    fn axes(&self, svg: &mut String, scale: f64) -> Result {
        let (floor, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for step in 0..=5 {
            let share = f64::from(step) / 5.0;
            let (across, up) = (self.most * share, self.low + (self.high - self.low) * share);
            let (x, y) = (self.x(across), self.y(up));
            write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{floor}\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                floor + 20.0,
                number(across * scale)
            )?;
            write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{up:.3}</text>",
                LEFT - 8.0,
                y + 4.0
            )?;
        }
        Ok(())
    }
}

impl Picture<'_> {
    pub(super) fn svg(
        &self,
        name: &str,
        variants: &[String],
    ) -> std::result::Result<String, std::fmt::Error> {
        let frame = Frame::of(self);
        // A long legend makes the picture longer.
        let height = HEIGHT.max(TOP + LINE * (variants.len() as f64 + 1.0));
        let (axis, scale) = match self.axis {
            "cost_usd" => ("USD per 1,000 prompts", 1e3),
            _ => ("the strong model's share of prompts", 1.0),
        };
        let title = format!("{name}: quality over {axis}");
        let mut svg = begin((WIDTH, height), STYLE, LEFT, &title);
        frame.axes(&mut svg, scale)?;
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
            frame.line(&zero)
        )?;
        let has_curve = |name: &&String| self.rows.iter().any(|row| row.variant == name.as_str());
        for (number, variant) in variants.iter().filter(has_curve).enumerate() {
            self.curve(&mut svg, &frame, number, variant)?;
        }
        for (name, cost, quality) in &self.models {
            let (x, y) = (frame.x(*cost), frame.y(*quality));
            write!(
                svg,
                "<circle class=\"model\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"><title>{0}: {quality:.4}</title></circle><text x=\"{1:.1}\" y=\"{2:.1}\" font-size=\"11\">{0}</text>",
                escape(name.as_str()),
                x + 7.0,
                y - 5.0
            )?;
        }
        write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{}\" font-size=\"11\">bold: envelope; faint: every policy; dashed: single models</text></svg>",
            HEIGHT - 12.0
        )?;
        Ok(svg)
    }

    /// The policies of a variant, their envelope, and its line in the legend.
    fn curve(&self, svg: &mut String, frame: &Frame, number: usize, variant: &str) -> Result {
        let rows = self.rows.iter().filter(|row| row.variant == variant);
        let all: Vec<(f64, f64)> = rows.clone().map(|row| (row.x, row.quality)).collect();
        let drawn: Vec<(f64, f64)> = all
            .iter()
            .copied()
            .step_by(all.len().div_ceil(DRAWN))
            .collect();
        let mut corners: Vec<(f64, f64)> = rows
            .filter(|row| row.corner)
            .map(|row| (row.x, row.quality))
            .collect();
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        write!(
            svg,
            "<polyline class=\"curve\" stroke=\"{}\" points=\"{}\"/><polyline class=\"hull\" {} points=\"{}\"><title>{}</title></polyline>",
            colour(number),
            frame.line(&drawn),
            stroke(number),
            frame.line(&corners),
            escape(variant)
        )?;
        legend(svg, (WIDTH - RIGHT + 16.0, TOP), number, variant)
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
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
