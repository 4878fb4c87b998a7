//! The order in which the lines of a page are read.

use super::line::Line;

/// More blocks than this stay in the order in which they were drawn.
const MOST: usize = 200;

/// Lines that were drawn one below the other.
struct Block {
    lines: Vec<Line>,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// The lines in reading order: that in which they were drawn, unless something was drawn after what stands below it.
pub(super) fn sorted(lines: Vec<Line>) -> Vec<Line> {
    let blocks = blocks(lines);
    let pairs = blocks.iter().zip(blocks.iter().skip(1));
    let is_upwards =
        |(first, second): (&Block, &Block)| second.bottom <= first.top && overlaps(first, second);
    if blocks.len() > MOST || !pairs.into_iter().any(is_upwards) {
        return blocks.into_iter().flat_map(|block| block.lines).collect();
    }
    let order = topological(&blocks);
    let mut blocks: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    let mut lines = Vec::new();
    for at in order {
        let block = blocks.get_mut(at).and_then(Option::take);
        lines.extend(block.into_iter().flat_map(|block| block.lines));
    }
    lines
}

fn blocks(lines: Vec<Line>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in lines {
        let (left, right, top, bottom) = (
            line.left(),
            line.right(),
            line.base - line.size(),
            line.base,
        );
        let goes_on = |block: &&mut Block| {
            let rise = line.base - block.bottom;
            rise > -0.1 * line.size()
                && rise < 2.2 * line.size()
                && left < block.right
                && right > block.left
        };
        match blocks.last_mut().filter(goes_on) {
            Some(block) => {
                block.left = block.left.min(left);
                block.right = block.right.max(right);
                block.bottom = bottom;
                block.lines.push(line);
            }
            None => blocks.push(Block {
                lines: vec![line],
                left,
                right,
                top,
                bottom,
            }),
        }
    }
    blocks
}

/// Whether they stand above each other.
fn overlaps(a: &Block, b: &Block) -> bool {
    let common = a.right.min(b.right) - a.left.max(b.left);
    common > 0.3 * (a.right - a.left).min(b.right - b.left)
}

/// Breuel's order: what is above comes before what it overlaps, and what is left before what is right of it unless something
/// between them in height spans both.
fn topological(blocks: &[Block]) -> Vec<usize> {
    let middle = |block: &Block| f64::midpoint(block.top, block.bottom);
    let is_before = |a: &Block, b: &Block| {
        if overlaps(a, b) {
            return middle(a) < middle(b);
        }
        let (upper, lower) = (middle(a).min(middle(b)), middle(a).max(middle(b)));
        let divides =
            |c: &Block| (upper..lower).contains(&middle(c)) && overlaps(a, c) && overlaps(b, c);
        a.left < b.left && !blocks.iter().any(divides)
    };
    let mut left: Vec<usize> = (0..blocks.len()).collect();
    let mut order = Vec::new();
    let mut waits: Vec<Vec<bool>> = Vec::new();
    for b in blocks {
        waits.push(
            blocks
                .iter()
                .map(|a| !std::ptr::eq(a, b) && is_before(a, b))
                .collect(),
        );
    }
    while !left.is_empty() {
        let is_free = |at: &usize| {
            waits
                .get(*at)
                .is_none_or(|waits| !left.iter().any(|other| waits.get(*other) == Some(&true)))
        };
        // In a circle, the first that was drawn.
        let place = left.iter().position(is_free).unwrap_or(0);
        order.push(left.remove(place));
    }
    order
}
