//! Headings: what is larger than most of the document or bold, or is in its outline.

use std::collections::HashMap;

use super::Page;
use super::group::joined;
use super::label;
use super::line::Line;

/// How much larger than the rest a heading is.
const LARGER: f64 = 1.15;
/// The lowest level.
const LOWEST: u8 = 6;

/// What headings of a document look like.
pub(super) struct Style {
    /// The size of most of the text.
    body: f64,
    /// Whether most of the text is bold.
    is_bold: bool,
    /// Whether most of the text has letters of one width.
    is_fixed: bool,
    /// The sizes of larger headings, from the largest.
    sizes: Vec<f64>,
    /// How deep the numbers of the highest bold headings are.
    depth: usize,
    /// The titles of the outline with their levels.
    outline: HashMap<String, u8>,
}

impl Style {
    pub(super) fn of(pages: &[Page], groups: &[&[Line]], outline: &[(u8, String)]) -> Self {
        let mut counts: HashMap<u64, (f64, usize)> = HashMap::new();
        let (mut bold, mut fixed, mut all) = (0, 0, 0);
        for line in pages.iter().flat_map(|page| &page.lines) {
            let size = line.size();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "sizes are small and positive"
            )]
            let key = (size * 4.0).round() as u64;
            counts.entry(key).or_insert((size, 0)).1 += line.characters();
            all += line.characters();
            bold += if line.is_bold() { line.characters() } else { 0 };
            fixed += if line.is_fixed() {
                line.characters()
            } else {
                0
            };
        }
        // Of equally frequent sizes the smaller one, whatever the order of the map.
        let most = counts
            .iter()
            .max_by_key(|(key, (_, count))| (*count, std::cmp::Reverse(**key)));
        let mut style = Self {
            body: most.map_or(1.0, |(_, (size, _))| *size),
            is_bold: bold * 2 > all,
            is_fixed: fixed * 2 > all,
            sizes: Vec::new(),
            depth: 1,
            outline: outline
                .iter()
                .map(|(level, title)| (letters(title), *level))
                .filter(|(title, _)| !title.is_empty())
                .collect(),
        };
        let mut sizes: Vec<f64> = groups
            .iter()
            .filter(|lines| style.is_larger(lines))
            .map(|lines| size(lines))
            .collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        sizes.dedup_by(|smaller, larger| *smaller > 0.95 * *larger);
        style.sizes = sizes;
        let bold = groups
            .iter()
            .map(|lines| (lines, joined(lines)))
            .filter(|(lines, text)| !style.is_larger(lines) && style.is_bold_heading(lines, text));
        style.depth = bold
            .filter_map(|(_, text)| label::depth(&text))
            .min()
            .unwrap_or(1);
        style
    }

    /// Whether the lines are code: in letters of one width in a document that otherwise has others.
    pub(super) fn is_code(&self, lines: &[Line]) -> bool {
        !self.is_fixed
            && lines.len() > 1
            && lines.iter().any(Line::is_fixed)
            && lines.iter().all(|line| line.advance().is_some())
    }

    /// The level of a heading, if that is what the lines are.
    pub(super) fn level(&self, lines: &[Line]) -> Option<u8> {
        let text = joined(lines);
        if lines.len() <= 3
            && let Some(level) = self.outline.get(&letters(&text))
        {
            return Some(*level);
        }
        if self.is_larger(lines) {
            let place = self
                .sizes
                .iter()
                .position(|known| size(lines) > 0.95 * known);
            return Some(level(place.unwrap_or(self.sizes.len())));
        }
        self.is_bold_heading(lines, &text).then(|| {
            level(
                self.sizes.len()
                    + label::depth(&text).map_or(0, |depth| depth.saturating_sub(self.depth)),
            )
        })
    }

    /// Whether the lines are a heading as they are larger than the rest.
    pub(super) fn is_larger(&self, lines: &[Line]) -> bool {
        let text = joined(lines);
        let is_title = text.chars().filter(|c| c.is_alphabetic()).count() >= 2
            && !text.ends_with(['.', ',', ';']);
        let is_short = lines.len() <= 3
            && text.split_whitespace().count() <= 25
            && text.chars().count() <= 200;
        is_title && is_short && is_upright(lines) && size(lines) >= LARGER * self.body
    }

    fn is_bold_heading(&self, lines: &[Line], text: &str) -> bool {
        let is_title = text
            .chars()
            .next()
            .is_some_and(|c| c.is_numeric() || c.is_alphabetic() && !c.is_lowercase())
            && text.chars().any(char::is_alphabetic)
            && !text.ends_with(['.', ',', ';']);
        let is_bold = !self.is_bold
            && is_upright(lines)
            && lines.iter().all(Line::is_bold)
            && size(lines) >= 0.95 * self.body;
        let is_list = text.matches(',').count() > 2;
        is_bold && is_title && !is_list && lines.len() <= 2 && text.chars().count() <= 120
    }
}

/// Whether they are part of the text; along the edges of pages stands what is not.
fn is_upright(lines: &[Line]) -> bool {
    lines.iter().all(|line| line.turn == 0)
}

/// The size of a paragraph.
pub(super) fn size(lines: &[Line]) -> f64 {
    lines.iter().map(Line::size).fold(0.0, f64::max)
}

fn level(place: usize) -> u8 {
    u8::try_from(place + 1).map_or(LOWEST, |level| level.min(LOWEST))
}

/// What must be the same for a title of the outline to be that of a heading: numbers are often missing in one of them.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}
