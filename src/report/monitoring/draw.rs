//! Pictures in SVG. Their widths are in percent, so that they fit any screen without a script.

use std::fmt::{Result, Write};

use super::format::{escaped, milliseconds, percent, quality};

/// Colours that components take in turn.
pub(super) const COLOURS: usize = 10;

/// A linear scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From 0 to the largest of the values.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            low: 0.0,
            high: values.into_iter().fold(0.0, f64::max),
        }
    }

    /// From the smallest to the largest of the values.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = values.into_iter().fold(ends, |(low, high), value| {
            (f64::min(low, value), f64::max(high, value))
        });
        Self { low, high }
    }

    /// Where a value stands, in percent of the width.
    fn percent(self, value: f64) -> f64 {
        let width = self.high - self.low;
        if width > 0.0 {
            (100.0 * (value - self.low) / width).clamp(0.0, 100.0)
        } else {
            // Values that are all the same stand in the middle, and 0 at its place.
            if self.low > 0.0 { 50.0 } else { 0.0 }
        }
    }

    /// Round values on it, from 0 on: 3 to 6 of them.
    fn ticks(self) -> Vec<f64> {
        if self.high <= 0.0 || !self.high.is_finite() {
            return vec![0.0];
        }
        let unit = 10_f64.powf((self.high / 3.0).log10().floor());
        let steps = [5.0, 2.0, 1.0].map(|factor| factor * unit);
        let fits = |step: &f64| self.high / step >= 2.5;
        let step = steps.into_iter().find(fits).unwrap_or(unit);
        (0..10)
            .map(|number| f64::from(number) * step)
            .take_while(|tick| *tick <= self.high)
            .collect()
    }
}

/// P50, P95 and P99 as a bar in three tones, the narrower the rarer.
pub(super) fn latency_bar(page: &mut String, scale: Scale, quantiles: [f64; 3]) -> Result {
    let [p50, p95, p99] = quantiles.map(milliseconds);
    write!(
        page,
        "<svg class=\"bar\" role=\"img\" aria-label=\"P50 {p50} ms, P95 {p95} ms, P99 {p99} ms\">"
    )?;
    for tick in scale.ticks() {
        let x = scale.percent(tick);
        write!(
            page,
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"100%\"/>"
        )?;
    }
    for (class, value, y, height) in [
        ("p99", quantiles[2], 7, 6),
        ("p95", quantiles[1], 5, 10),
        ("p50", quantiles[0], 3, 14),
    ] {
        let width = scale.percent(value);
        write!(
            page,
            "<rect class=\"{class}\" y=\"{y}\" width=\"{width:.2}%\" height=\"{height}\" rx=\"2\"/>"
        )?;
    }
    page.write_str("</svg>")
}

/// The numbers below the bars of a scale, in milliseconds.
pub(super) fn axis(page: &mut String, scale: Scale) -> Result {
    page.write_str("<div class=\"axis\" aria-hidden=\"true\">")?;
    for tick in scale.ticks() {
        write!(
            page,
            "<span style=\"left:{:.2}%\">{}</span>",
            scale.percent(tick),
            if tick == 0.0 {
                "0".to_owned()
            } else {
                format_tick(tick)
            }
        )?;
    }
    page.write_str("</div>")
}

/// A round number without the zeros behind its point.
fn format_tick(tick: f64) -> String {
    let text = if tick < 10.0 {
        format!("{tick:.6}")
    } else {
        milliseconds(tick)
    };
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

/// Parts of a whole as one bar, each with its colour, its name and its share.
pub(super) fn shares(page: &mut String, parts: &[(usize, &str, f64)]) -> Result {
    let said = parts
        .iter()
        .map(|(_, name, share)| format!("{} {}", escaped(name), percent(*share)));
    let said = said.collect::<Vec<_>>().join(", ");
    write!(
        page,
        "<svg class=\"shares\" role=\"img\" aria-label=\"{said}\">"
    )?;
    let mut left = 0.0;
    for (colour, name, share) in parts {
        let width = 100.0 * share;
        write!(
            page,
            "<rect class=\"c{}\" x=\"{left:.3}%\" width=\"{width:.3}%\" height=\"100%\"><title>{} {}</title></rect>",
            colour % COLOURS,
            escaped(name),
            percent(*share)
        )?;
        left += width;
    }
    page.write_str("</svg>")
}

/// A mean with its interval, and a mark where the mean of all examples is.
pub(super) fn interval(
    page: &mut String,
    scale: Scale,
    mean: f64,
    ends: Option<(f64, f64)>,
    all: Option<f64>,
) -> Result {
    let x = scale.percent(mean);
    write!(
        page,
        "<svg class=\"interval\" role=\"img\" aria-label=\"{} on its scale\">",
        quality(mean)
    )?;
    page.write_str("<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"6\" y2=\"6\"/>")?;
    if let Some(all) = all {
        let x = scale.percent(all);
        write!(
            page,
            "<line class=\"all\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"12\"/>"
        )?;
    }
    if let Some((low, high)) = ends {
        let (low, high) = (scale.percent(low), scale.percent(high));
        write!(
            page,
            "<line class=\"range\" x1=\"{low:.2}%\" x2=\"{high:.2}%\" y1=\"6\" y2=\"6\"/>"
        )?;
    }
    write!(
        page,
        "<circle class=\"mean\" cx=\"{x:.2}%\" cy=\"6\" r=\"3.5\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (high, expected) in [
            (1.0, vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (2.4, vec![0.0, 0.5, 1.0, 1.5, 2.0]),
            (7.3, vec![0.0, 2.0, 4.0, 6.0]),
            (1830.0, vec![0.0, 500.0, 1000.0, 1500.0]),
            (0.0, vec![0.0]),
            (f64::NAN, vec![0.0]),
        ] {
            let ticks = Scale { low: 0.0, high }.ticks();
            assert_eq!(ticks.len(), expected.len(), "{high}: {ticks:?}");
            for (tick, expected) in ticks.iter().zip(expected) {
                assert!((tick - expected).abs() < 1e-9, "{high}: {ticks:?}");
            }
        }
    }

    #[test]
    fn round_numbers_have_no_empty_decimals() {
        let shown = [0.2, 2.0, 0.05, 20.0, 500.0].map(format_tick);
        assert_eq!(shown, ["0.2", "2", "0.05", "20", "500"]);
    }
}
