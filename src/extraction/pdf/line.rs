//! Lines of text with their places on a page.

/// Text without a wide gap.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// Text on one baseline. Places are in points from the left and from the top, as seen by who reads along the line.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// What wide gaps divide; never empty.
    pub(super) cells: Vec<Cell>,
    pub(super) base: f64,
    /// Its direction in tens of degrees; 0 is that of most of its page.
    pub(super) turn: i32,
    /// How many characters there are of each size.
    sizes: Vec<(f64, usize)>,
    characters: usize,
    bold: usize,
    letters: usize,
    /// The least and the greatest advance of its characters, in thousandths of their size.
    advances: Option<(f64, f64)>,
    /// Letters of known thickness, and the sum of their thicknesses.
    strokes: (usize, f64),
}

/// What letters look like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Font {
    pub(super) is_bold: bool,
    /// How far they advance, in thousandths of their size.
    pub(super) advance: f64,
    /// How thick their strokes are, if that is known.
    pub(super) stroke: Option<f64>,
}

impl Line {
    pub(super) fn new(left: f64, base: f64, turn: i32) -> Self {
        let mut line = Self {
            base,
            turn,
            ..Self::default()
        };
        line.begin_cell(left);
        line
    }

    pub(super) fn begin_cell(&mut self, left: f64) {
        self.cells.push(Cell {
            text: String::new(),
            left,
            right: left,
        });
    }

    /// Adds what is as large as this and reaches this far to the right.
    pub(super) fn push(&mut self, text: &str, right: f64, size: f64, font: Font) {
        if let Some(cell) = self.cells.last_mut() {
            cell.text.push_str(text);
            cell.right = cell.right.max(right);
        }
        let characters = text.chars().filter(|c| !c.is_whitespace()).count();
        self.characters += characters;
        self.bold += if font.is_bold { characters } else { 0 };
        if let Some(stroke) = font.stroke {
            self.strokes.0 += 1;
            self.strokes.1 += stroke;
        }
        self.letters += text.chars().filter(|c| c.is_alphabetic()).count();
        if characters > 0 {
            let (least, greatest) = self.advances.unwrap_or((f64::INFINITY, 0.0));
            self.advances = Some((least.min(font.advance), greatest.max(font.advance)));
        }
        match self
            .sizes
            .iter_mut()
            .find(|(known, _)| (known - size).abs() < 0.05 * size)
        {
            Some((_, count)) => *count += characters,
            None => self.sizes.push((size, characters)),
        }
    }

    /// The size of most of it.
    pub(super) fn size(&self) -> f64 {
        let most = self.sizes.iter().max_by_key(|(_, count)| *count);
        most.map_or(1.0, |(size, _)| *size)
    }

    /// The size of its largest characters.
    pub(super) fn largest(&self) -> f64 {
        self.sizes.iter().map(|(size, _)| *size).fold(0.1, f64::max)
    }

    /// How thick the strokes of its letters are, in the mean of a few at least.
    pub(super) fn stroke(&self) -> Option<f64> {
        let (letters, sum) = self.strokes;
        (letters > 2).then(|| sum / letters as f64)
    }

    pub(super) fn make_bold(&mut self) {
        self.bold = self.characters;
    }

    /// Whether nearly all of it is bold.
    pub(super) fn is_bold(&self) -> bool {
        self.characters > 0 && self.bold * 10 >= self.characters * 9
    }

    /// The advance of its characters if it is the same for all of them, as in code; digits and most signs of Chinese have one
    /// advance in other fonts too.
    pub(super) fn advance(&self) -> Option<f64> {
        let (least, greatest) = self.advances?;
        (greatest - least < 1.0 && (500.0..750.0).contains(&least)).then_some(least)
    }

    /// Whether it is surely in letters of one width.
    pub(super) fn is_fixed(&self) -> bool {
        self.letters > 3 && self.advance().is_some()
    }

    /// How many characters there are, but for blanks.
    pub(super) fn characters(&self) -> usize {
        self.characters
    }

    pub(super) fn left(&self) -> f64 {
        self.cells
            .iter()
            .map(|cell| cell.left)
            .fold(f64::INFINITY, f64::min)
    }

    pub(super) fn right(&self) -> f64 {
        self.cells
            .iter()
            .map(|cell| cell.right)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    pub(super) fn text(&self) -> String {
        let cells: Vec<&str> = self.cells.iter().map(|cell| cell.text.trim()).collect();
        cells.join(" ")
    }

    /// How wide its first word is, about.
    pub(super) fn first_word(&self) -> f64 {
        let Some(cell) = self.cells.first() else {
            return 0.0;
        };
        let characters = cell.text.chars().count().max(1);
        let word = cell
            .text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        (cell.right - cell.left) * word as f64 / characters as f64
    }
}
