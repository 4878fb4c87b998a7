//! A text that is being rewritten, with where each of its bytes stood in the original.

use std::ops::Range;

/// Replacements that a step wants, in ascending order and without overlap.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Bytes of the text, and of `fill` what stands there instead.
    list: Vec<(Range<usize>, Range<usize>)>,
    fill: String,
}

impl Edits {
    /// Bytes `at` become `with`. `at` lies on character boundaries, behind all that was replaced before.
    pub(super) fn replace(&mut self, at: Range<usize>, with: &str) {
        let start = self.fill.len();
        self.fill.push_str(with);
        self.list.push((at, start..self.fill.len()));
    }

    /// The same with one character.
    pub(super) fn put(&mut self, at: Range<usize>, with: char) {
        self.replace(at, with.encode_utf8(&mut [0; 4]));
    }

    /// Bytes `at` go.
    pub(super) fn remove(&mut self, at: Range<usize>) {
        self.replace(at, "");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn clear(&mut self) {
        self.list.clear();
        self.fill.clear();
    }
}

/// A stretch of the rewritten text that came from one stretch of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its first byte in the rewritten text; it ends where the next piece begins.
    at: usize,
    /// Bytes of the original.
    from: usize,
    to: usize,
    /// Whether it stands byte for byte as it stood; else all of it came from all of `from..to`.
    is_verbatim: bool,
}

/// A text between two steps.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: String,
    /// Ascending; empty while every byte stands where it stood.
    pieces: Vec<Piece>,
}

impl Draft {
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            pieces: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> (String, Vec<Piece>) {
        (self.text, self.pieces)
    }

    /// Does what a step wants, empties the list and returns how many characters were replaced. Linear in text, pieces and edits.
    pub(super) fn apply(&mut self, edits: &mut Edits) -> u32 {
        let text = std::mem::take(&mut self.text);
        let mut pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            pieces.push(Piece {
                at: 0,
                from: 0,
                to: text.len(),
                is_verbatim: true,
            });
        }
        let mut next = Rewriting {
            before: &pieces,
            length: text.len(),
            cursor: 0,
            text: String::with_capacity(text.len()),
            pieces: Vec::with_capacity(pieces.len() + 2 * edits.list.len()),
        };
        let (mut done, mut changed) = (0, 0);
        for (at, with) in &edits.list {
            next.keep(&text, done..at.start);
            next.write(at.clone(), &edits.fill[with.clone()]);
            changed += text[at.clone()].chars().count();
            done = at.end;
        }
        next.keep(&text, done..text.len());
        if next.pieces.is_empty() {
            let to = pieces.last().map_or(0, |piece| piece.to);
            next.push(0, to, false);
        }
        (self.text, self.pieces) = (next.text, next.pieces);
        edits.clear();
        u32::try_from(changed).unwrap_or(u32::MAX)
    }
}

/// A text in the making, from the one before it.
struct Rewriting<'a> {
    before: &'a [Piece],
    /// Of the text before, in bytes.
    length: usize,
    /// The piece before that was looked at last.
    cursor: usize,
    text: String,
    pieces: Vec<Piece>,
}

impl Rewriting<'_> {
    fn end_of(&self, piece: usize) -> usize {
        self.before
            .get(piece + 1)
            .map_or(self.length, |next| next.at)
    }

    /// Moves on to the piece with byte `place` of the text before.
    fn find(&mut self, place: usize) {
        while self.cursor + 1 < self.before.len() && self.end_of(self.cursor) <= place {
            self.cursor += 1;
        }
    }

    fn keep(&mut self, text: &str, mut range: Range<usize>) {
        self.text.reserve(range.len());
        while !range.is_empty() {
            self.find(range.start);
            let piece = self.before[self.cursor];
            let end = range.end.min(self.end_of(self.cursor));
            if piece.is_verbatim {
                let from = piece.from + (range.start - piece.at);
                self.push(from, from + (end - range.start), true);
            } else {
                self.push(piece.from, piece.to, false);
            }
            self.text.push_str(&text[range.start..end]);
            range.start = end;
        }
    }

    fn write(&mut self, at: Range<usize>, with: &str) {
        if with.is_empty() || at.is_empty() {
            return;
        }
        self.find(at.start);
        let first = self.before[self.cursor];
        let from = first.from
            + if first.is_verbatim {
                at.start - first.at
            } else {
                0
            };
        self.find(at.end - 1);
        let last = self.before[self.cursor];
        let to = if last.is_verbatim {
            last.from + (at.end - last.at)
        } else {
            last.to
        };
        self.push(from, to, false);
        self.text.push_str(with);
    }

    /// What follows in the text comes from these bytes of the original.
    fn push(&mut self, from: usize, to: usize, is_verbatim: bool) {
        if let Some(last) = self.pieces.last_mut()
            && last.is_verbatim
            && is_verbatim
            && last.to == from
        {
            last.to = to;
            return;
        }
        self.pieces.push(Piece {
            at: self.text.len(),
            from,
            to,
            is_verbatim,
        });
    }
}

/// Bytes of the original from which bytes `range` of the rewritten text came. `range` lies on character boundaries.
pub(super) fn original(pieces: &[Piece], range: Range<usize>) -> Range<usize> {
    if pieces.is_empty() {
        return range;
    }
    let holding = |place: usize| {
        let after = pieces.partition_point(|piece| piece.at <= place);
        pieces[after.saturating_sub(1)]
    };
    let first = holding(range.start);
    let from = if first.is_verbatim {
        first.from + (range.start - first.at)
    } else {
        first.from
    };
    if range.is_empty() {
        return from..from;
    }
    let last = holding(range.end - 1);
    let to = if last.is_verbatim {
        last.from + (range.end - last.at)
    } else {
        last.to
    };
    from..to
}
