//! What a page is drawn on: of all that is drawn, the text is kept, as lines.

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::kurbo::{Affine, BezPath, Point};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};

use super::super::Refusal;
use super::super::guard::Guard;
use super::line::{Font, Line};
use super::weight::Strokes;

/// Glyphs are described on a grid of so many units.
const UNITS: f64 = 1000.0;
/// Glyphs among which the same one at the same place is looked for.
const RECENT: usize = 200;

/// Gathers the text of a page.
pub(super) struct Canvas<'g> {
    guard: &'g Guard<'g>,
    strokes: &'g Strokes,
    width: f64,
    height: f64,
    lines: Vec<Line>,
    recent: Vec<(f64, f64, char)>,
    /// Whether a blank was drawn after the last glyph.
    is_after_blank: bool,
    /// Why nothing more is gathered, if so: a device cannot stop its interpreter.
    refusal: Option<Refusal>,
}

/// A glyph along its baseline.
struct Placed {
    left: f64,
    right: f64,
    base: f64,
    size: f64,
    turn: i32,
    font: Font,
}

impl<'g> Canvas<'g> {
    pub(super) fn new(width: f64, height: f64, guard: &'g Guard<'g>, strokes: &'g Strokes) -> Self {
        Self {
            guard,
            strokes,
            width,
            height,
            lines: Vec::new(),
            recent: Vec::new(),
            is_after_blank: false,
            refusal: None,
        }
    }

    /// The lines in the order in which they were drawn.
    pub(super) fn finish(self) -> Result<Vec<Line>, Refusal> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(self
                .lines
                .into_iter()
                .filter(|line| line.characters() > 0)
                .collect()),
        }
    }

    /// Where a glyph stands, unless that is outside of the page.
    fn place(&self, transform: Affine, font: Font, is_vertical: bool) -> Option<Placed> {
        let point = transform * Point::ZERO;
        let is_inside = (-1.0..=self.width + 1.0).contains(&point.x)
            && (-1.0..=self.height + 1.0).contains(&point.y);
        if !is_inside {
            return None;
        }
        let [xx, xy, yx, yy, ..] = transform.as_coeffs();
        let stretch = xx.hypot(xy) * UNITS;
        let size = (yx.hypot(yy) * UNITS).clamp(0.1, 1e4);
        let mut degrees = xy.atan2(xx).to_degrees();
        if is_vertical {
            degrees += 90.0;
        }
        // Nearly upright text, as scans have it, counts as upright.
        let quarters = (degrees / 90.0).round();
        if (degrees - quarters * 90.0).abs() < 3.0 {
            degrees = quarters * 90.0;
        }
        let (rise, run) = degrees.to_radians().sin_cos();
        let left = point.x * run + point.y * rise;
        let advance = if is_vertical {
            size
        } else {
            font.advance / UNITS * stretch
        };
        #[expect(clippy::cast_possible_truncation, reason = "36 at most")]
        let turn = (degrees / 10.0).round().rem_euclid(36.0) as i32;
        Some(Placed {
            left,
            right: left + advance,
            base: point.y * run - point.x * rise,
            size,
            turn,
            font,
        })
    }

    fn glyph(&mut self, text: &str, placed: &Placed) {
        let Some(first) = text.chars().next() else {
            return;
        };
        if text.trim().is_empty() {
            self.is_after_blank = true;
            return;
        }
        let Placed {
            left,
            right,
            base,
            size,
            turn,
            font,
        } = *placed;
        // Bold and shadowed text is often made by drawing it again next to itself.
        let near = 0.12 * size;
        let is_same = |&(x, y, known): &(f64, f64, char)| {
            known == first && (x - left).abs() < near && (y - base).abs() < near
        };
        if self.recent.iter().any(is_same) {
            return;
        }
        if self.recent.len() > 2 * RECENT {
            self.recent.drain(..RECENT);
        }
        self.recent.push((left, base, first));

        let is_after_blank = std::mem::take(&mut self.is_after_blank);
        let continued = self.lines.last_mut().filter(|line| continues(line, placed));
        let Some(line) = continued else {
            let mut line = Line::new(left, base, turn);
            line.push(text, right, size, font);
            self.lines.push(line);
            return;
        };
        let gap = left - line.cells.last().map_or(left, |cell| cell.right);
        let wide = if is_after_blank { 2.0 } else { 1.5 };
        if gap > wide * size {
            line.begin_cell(left);
        } else if gap > 0.18 * size || is_after_blank {
            line.push(" ", left, size, font);
        }
        if size > 1.1 * line.largest() {
            line.base = base;
        }
        line.push(text, right, size, font);
    }
}

/// Whether a glyph stands on the line.
fn continues(line: &Line, placed: &Placed) -> bool {
    let Placed {
        left,
        base,
        size,
        turn,
        ..
    } = *placed;
    let largest = size.max(line.largest());
    let rise = (base - line.base).abs();
    let right = line.cells.last().map_or(left, |cell| cell.right);
    let is_on_it = turn == line.turn && rise <= 0.6 * largest && left >= right - 1.5 * largest;
    // Far away it is the next cell of a table, which stands on exactly the same baseline.
    is_on_it && (left - right <= 3.0 * size || rise <= 0.15 * size)
}

impl Device<'_> for Canvas<'_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        if self.refusal.is_some() {
            return;
        }
        let is_vertical = run.writing_mode() == WritingMode::Vertical;
        let is_bold = run.glyphs().first().is_some_and(|glyph| is_bold(glyph));
        for glyph in run.glyphs() {
            let text = text_of(glyph);
            if let Err(refusal) = self.guard.spend(text.len()) {
                self.refusal = Some(refusal);
                return;
            }
            let is_letter = text.chars().all(char::is_alphabetic);
            let (advance, stroke) = match &**glyph {
                Glyph::Outline(outline) => (
                    outline.advance_width(),
                    is_letter.then(|| self.strokes.of(outline)),
                ),
                Glyph::Type3(drawing) => (drawing.advance_width(), None),
            };
            let advance = f64::from(advance.unwrap_or(500.0));
            let font = Font {
                is_bold,
                advance,
                stroke,
            };
            if let Some(placed) = self.place(props.transform * glyph.transform(), font, is_vertical)
            {
                self.glyph(&text, &placed);
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
}

/// Whether the file says that the glyph's font is bold.
fn is_bold(glyph: &Glyph<'_>) -> bool {
    let Glyph::Outline(outline) = glyph else {
        return false;
    };
    outline.font_data().is_some_and(|font| {
        let name = font.postscript_name.unwrap_or_default().to_lowercase();
        font.weight.is_some_and(|weight| weight >= 600)
            || ["bold", "black", "heavy"]
                .iter()
                .any(|part| name.contains(part))
    })
}

/// What a glyph means, with ligatures as letters. One of which the file does not say it means nothing.
fn text_of(glyph: &Glyph<'_>) -> String {
    let text = match glyph.as_unicode() {
        Some(BfString::Char(c)) => c.to_string(),
        Some(BfString::String(text)) => text,
        None => String::new(),
    };
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => plain.push_str("ff"),
            '\u{fb01}' => plain.push_str("fi"),
            '\u{fb02}' => plain.push_str("fl"),
            '\u{fb03}' => plain.push_str("ffi"),
            '\u{fb04}' => plain.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => plain.push_str("st"),
            // Fonts draw a hyphen for it.
            '\u{ad}' => plain.push('-'),
            // The bullets of Symbol and Wingdings.
            '\u{f0b7}' | '\u{f0a7}' | '\u{f0d8}' | '\u{f076}' | '\u{f0fc}' | '\u{f06c}'
            | '\u{f06e}' => plain.push('•'),
            '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => {}
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}
