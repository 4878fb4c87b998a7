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
    fixed: usize,
}

/// What letters look like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Font {
    pub(super) is_bold: bool,
    /// Whether all of them are equally wide, as in code.
    pub(super) is_fixed: bool,
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
        self.fixed += if font.is_fixed { characters } else { 0 };
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

    /// Whether nearly all of it is bold.
    pub(super) fn is_bold(&self) -> bool {
        self.characters > 0 && self.bold * 10 >= self.characters * 9
    }

    /// Whether nearly all of it has letters of one width.
    pub(super) fn is_fixed(&self) -> bool {
        self.characters > 0 && self.fixed * 10 >= self.characters * 9
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
