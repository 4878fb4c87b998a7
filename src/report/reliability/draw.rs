//! The picture of reliability diagrams: a panel a category.

use std::fmt::{Error, Result, Write};

use quick_xml::escape::escape;

use super::{Picture, Reading, STEPS, interval};
use crate::report::svg::{LINE, SAMPLE, begin, colour, legend, points, stroke};

/// The most panels of a row.
const IN_A_ROW: usize = 4;
const LEFT: f64 = 64.0;
const TOP: f64 = 64.0;
/// From the panels to the legend.
const RIGHT: f64 = 28.0;
/// Between panels of a row.
const GAP: f64 = 30.0;
/// Between rows: numbers and name of the axis, and the name of the next category.
const BELOW: f64 = 76.0;
/// From a square to the counts below it.
const STRIP: f64 = 8.0;
/// For numbers and name of the last row's axis, and the notes.
const BOTTOM: f64 = 88.0;
/// About the width of a letter of a legend.
const LETTER: f64 = 8.0;
/// About the width of a letter of a category's name.
const BOLD_LETTER: f64 = 9.0;
/// Longer names of variants are cut.
const LETTERS: usize = 36;
const STYLE: &str = ".square{fill:none;stroke:currentColor;opacity:.35}.perfect{stroke:currentColor;stroke-dasharray:5 4;opacity:.6}.line{fill:none;stroke-width:1.5}.range{fill:none;opacity:.45}.small{font-size:11px}";

/// Where panels stand.
struct Layout {
    columns: usize,
    rows: usize,
    /// The side of a square.
    side: f64,
    /// The height of the bars of a variant, with the space above.
    bars: f64,
    variants: usize,
}

impl Layout {
    fn of(panels: usize, variants: usize) -> Self {
        let columns = panels.min(IN_A_ROW);
        // Few panels are large.
        let side = [360.0, 290.0, 240.0, 210.0][columns - 1];
        let bars = (48.0 / variants as f64).clamp(14.0, 32.0);
        Self {
            columns,
            rows: panels.div_ceil(IN_A_ROW),
            side,
            bars,
            variants,
        }
    }

    /// A square with the counts below it.
    fn height(&self) -> f64 {
        self.side + STRIP + self.bars * self.variants as f64
    }

    /// Where the panels of a row end.
    fn end(&self) -> f64 {
        LEFT + (self.side + GAP) * self.columns as f64 - GAP
    }

    /// Where the last row of panels ends.
    fn floor(&self) -> f64 {
        TOP + (self.height() + BELOW) * self.rows as f64 - BELOW
    }

    fn panel(&self, number: usize) -> Panel<'_> {
        let (row, column) = (number / IN_A_ROW, number % IN_A_ROW);
        Panel {
            layout: self,
            left: LEFT + (self.side + GAP) * column as f64,
            top: TOP + (self.height() + BELOW) * row as f64,
            is_first: column == 0,
        }
    }
}

/// A category's place on the picture.
struct Panel<'a> {
    layout: &'a Layout,
    left: f64,
    top: f64,
    /// Whether it is the first of its row.
    is_first: bool,
}

impl Panel<'_> {
    fn x(&self, score: f64) -> f64 {
        self.left + self.layout.side * score.clamp(0.0, 1.0)
    }

    fn y(&self, share: f64) -> f64 {
        self.top + self.layout.side * (1.0 - share)
    }

    /// The square with its diagonal, lines across and up, and their numbers.
    fn frame(&self, svg: &mut String, category: &str) -> Result {
        let (side, floor) = (self.layout.side, self.top + self.layout.height());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few tens"
        )]
        let letters = ((side + GAP) / BOLD_LETTER) as usize;
        write!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}<title>{}</title></text>",
            self.left,
            self.top - 10.0,
            escape(cut(category, letters).as_str()),
            escape(category)
        )?;
        for (share, number) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (0.5, "0.5"),
            (0.75, "0.75"),
            (1.0, "1"),
        ] {
            let (x, y) = (self.x(share), self.y(share));
            write!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {}V{floor:.1}M{} {y:.1}h{side}\"/><text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{number}</text>",
                self.top,
                self.left,
                floor + 16.0
            )?;
            if self.is_first {
                write!(
                    svg,
                    "<text class=\"small\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{number}</text>",
                    self.left - 7.0,
                    y + 4.0
                )?;
            }
        }
        let middle = (self.x(0.5), self.y(0.5));
        write!(
            svg,
            "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">score</text>",
            middle.0,
            floor + 32.0
        )?;
        if self.is_first {
            write!(
                svg,
                "<text class=\"small\" transform=\"translate({} {:.1})rotate(-90)\" text-anchor=\"middle\">share positive</text>",
                self.left - 42.0,
                middle.1
            )?;
        }
        write!(
            svg,
            "<rect class=\"square\" x=\"{0}\" y=\"{1}\" width=\"{side}\" height=\"{side}\"/><path class=\"perfect\" d=\"M{0} {2}l{side} -{side}\"/>",
            self.left,
            self.top,
            self.top + side
        )
    }

    /// The bins of a variant: intervals, a line, points.
    fn bins(&self, svg: &mut String, number: usize, reading: &Reading<'_>) -> Result {
        let stroke = stroke(number);
        write!(svg, "<path class=\"range\" {stroke} d=\"")?;
        for bin in &reading.bins {
            let interval = interval(bin);
            let ends = (self.y(interval.low), self.y(interval.high));
            let x = self.x(bin.mean_probability);
            write!(svg, "M{x:.1} {:.1}V{:.1}", ends.0, ends.1)?;
        }
        let place = |bin: &super::Bin| (self.x(bin.mean_probability), self.y(bin.share_positive));
        write!(
            svg,
            "\"/><polyline class=\"line\" {stroke} points=\"{}\"/><g fill=\"{}\">",
            points(reading.bins.iter().map(place)),
            colour(number)
        )?;
        for bin in &reading.bins {
            let (x, y) = place(bin);
            write!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"><title>{}: {} scores of {:.3} to {:.3}, mean {:.3}; positive {:.3}</title></circle>",
                escape(reading.variant),
                bin.count,
                bin.lower,
                bin.upper,
                bin.mean_probability,
                bin.share_positive
            )?;
        }
        svg.write_str("</g>")
    }

    /// How many scores a variant has in each step; `most` fill the height.
    fn counts(&self, svg: &mut String, number: usize, reading: &Reading<'_>, most: f64) -> Result {
        let (side, bars) = (self.layout.side, self.layout.bars);
        let floor = self.top + side + STRIP + bars * (number + 1) as f64;
        let width = side / STEPS as f64;
        write!(
            svg,
            "<path class=\"grid\" d=\"M{} {floor:.1}h{side}\"/><path fill=\"{}\" d=\"",
            self.left,
            colour(number)
        )?;
        for (step, count) in reading.counts.iter().enumerate() {
            if *count > 0 {
                let left = self.left + width * step as f64;
                let height = (bars - 2.0) * height(*count) / most;
                write!(
                    svg,
                    "M{:.1} {floor:.1}v-{height:.1}h{:.1}v{height:.1}z",
                    left + 0.5,
                    width - 1.0
                )?;
            }
        }
        svg.write_str("\"/>")
    }
}

impl Picture<'_> {
    pub(super) fn svg(&self, name: &str) -> std::result::Result<String, Error> {
        let mut variants: Vec<&str> = self.readings.iter().map(|r| r.variant).collect();
        variants.dedup();
        let has_reading = |category: &usize| self.readings.iter().any(|r| r.category == *category);
        let shown: Vec<usize> = (0..self.categories.len()).filter(has_reading).collect();
        let layout = Layout::of(shown.len(), variants.len());
        let names: Vec<String> = variants
            .iter()
            .map(|variant| cut(variant, LETTERS))
            .collect();
        let longest = names.iter().map(|name| name.chars().count()).max();
        let right = layout.end() + RIGHT;
        let size = (
            right + SAMPLE + LETTER * longest.unwrap_or_default() as f64 + 12.0,
            // A long legend makes the picture longer.
            (layout.floor() + BOTTOM).max(TOP + LINE * (variants.len() + 1) as f64),
        );
        let mut svg = begin(size, STYLE, LEFT, &format!("{name}: reliability"));
        for (number, variant) in names.iter().enumerate() {
            legend(&mut svg, (right, TOP + 4.0), number, variant)?;
        }
        let all = self.readings.iter().flat_map(|reading| &reading.counts);
        let most = all.copied().max().map_or(1.0, height);
        for (place, category) in shown.into_iter().enumerate() {
            let panel = layout.panel(place);
            panel.frame(&mut svg, self.categories[category])?;
            for (number, variant) in variants.iter().enumerate() {
                let mut readings = self.readings.iter();
                let is_its = |r: &&Reading<'_>| r.category == category && r.variant == *variant;
                if let Some(reading) = readings.find(is_its) {
                    panel.counts(&mut svg, number, reading, most)?;
                    panel.bins(&mut svg, number, reading)?;
                }
            }
        }
        let floor = layout.floor();
        write!(
            svg,
            "<text class=\"small\" x=\"{LEFT}\" y=\"{:.1}\">points: bins of equal mass, with 95 % intervals; dashed: perfect calibration</text><text class=\"small\" x=\"{LEFT}\" y=\"{:.1}\">bars: how many scores, in {STEPS} steps, on a logarithmic scale</text></svg>",
            floor + 58.0,
            floor + 74.0
        )?;
        Ok(svg)
    }
}

/// The height of a bar, before it is scaled.
fn height(count: usize) -> f64 {
    (count as f64).ln_1p()
}

/// A name of at most so many letters.
fn cut(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.to_owned();
    }
    let kept: String = name.chars().take(letters - 1).collect();
    kept + "…"
}
