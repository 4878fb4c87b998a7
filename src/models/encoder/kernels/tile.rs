//! The one loop that all matrix products run through: six rows times sixteen columns.
//!
//! Every element is summed in the order of the inner dimension with fused multiply-add, whatever the vector width, the
//! number of rows or the number of threads: a row's result is the same bits in every batch and on every machine.

#![expect(
    clippy::inline_always,
    reason = "compiled for the machine's vectors only where inlined into a dispatch"
)]

/// Rows of a tile. Six by sixteen sums fill twelve of the sixteen AVX2 registers.
pub(super) const ROWS: usize = 6;
/// Columns of a tile.
pub(super) const COLUMNS: usize = 16;
/// One step of the inner dimension in sixteen neighbouring columns.
pub(super) type Lane = [f32; COLUMNS];
/// Sums of six rows.
pub(super) type Tile = [Lane; ROWS];

/// `count` rows of `width` values that start `stride` apart; the first stands in where fewer than six are left.
#[inline(always)]
pub(super) fn rows(values: &[f32], stride: usize, width: usize, count: usize) -> [&[f32]; ROWS] {
    let mut rows = [&values[..width]; ROWS];
    for (place, row) in rows.iter_mut().enumerate().take(count).skip(1) {
        *row = &values[place * stride..][..width];
    }
    rows
}

/// `tile + left × right`, with as many steps as `right` has.
#[inline(always)]
pub(super) fn multiply(left: [&[f32]; ROWS], right: &[Lane], tile: Tile) -> Tile {
    let mut sums = tile;
    let [r0, r1, r2, r3, r4, r5] = left;
    let steps = r0.iter().zip(r1).zip(r2).zip(r3).zip(r4).zip(r5);
    for ((((((r0, r1), r2), r3), r4), r5), right) in steps.zip(right) {
        let left = [*r0, *r1, *r2, *r3, *r4, *r5];
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column] = left[row].mul_add(right[column], sums[row][column]);
            }
        }
    }
    sums
}
