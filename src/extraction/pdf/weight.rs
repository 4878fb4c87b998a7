//! Bold by how thick the strokes of letters are: many fonts do not say their name or weight.

use std::cell::RefCell;
use std::collections::HashMap;

use hayro_interpret::font::OutlineGlyph;
use hayro_interpret::kurbo::Shape;

use super::Page;

/// How much thicker than most of the document the strokes of bold letters are.
const THICKER: f64 = 1.3;

/// The thickness of the strokes of each glyph, in thousandths of the font's size.
#[derive(Default)]
pub(super) struct Strokes(RefCell<HashMap<u128, f64>>);

impl Strokes {
    pub(super) fn of(&self, glyph: &OutlineGlyph) -> f64 {
        let mut known = self.0.borrow_mut();
        *known
            .entry(glyph.identifier().cache_key())
            .or_insert_with(|| {
                // A stroke's area is its length times its thickness, and its outline is twice its length.
                let outline = glyph.outline();
                let thickness = 2.0 * outline.area().abs() / outline.perimeter(1.0).max(1.0);
                if thickness.is_finite() {
                    thickness
                } else {
                    0.0
                }
            })
    }
}

/// Marks the lines as bold whose strokes are thicker than those of most of the document.
pub(super) fn mark(pages: &mut [Page]) {
    let lines = pages.iter().flat_map(|page| &page.lines);
    let mut strokes: Vec<(f64, usize)> = lines
        .filter_map(|line| Some((line.stroke()?, line.characters())))
        .collect();
    strokes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = strokes.iter().map(|(_, characters)| characters).sum();
    let mut below = 0;
    let usual = strokes.iter().find(|(_, characters)| {
        below += characters;
        below * 2 >= all
    });
    let Some(&(usual, _)) = usual else { return };
    for line in pages.iter_mut().flat_map(|page| &mut page.lines) {
        if line.stroke().is_some_and(|stroke| stroke > THICKER * usual) {
            line.make_bold();
        }
    }
}
