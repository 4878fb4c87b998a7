//! Sparse rows to fit on.

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::learning::newton::Design;
use crate::moderation::ngrams::{Ngrams, SparseRow, single};

/// Rows one after the other. Buckets that are alike in all rows (the n-grams of one rare word) are one column: under a penalty on squares they get the
/// same weight w, and one column of √m times their values gets √m · w for the same loss.
pub(super) struct Rows {
    /// Where each row begins in `columns` and `values`, and where the last ends.
    begins: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    /// Each bucket that is met, ascending, with its column.
    buckets: Vec<(u32, u32)>,
    /// How many buckets each column stands for. Those that most rows meet come first, so that what is read all the time lies close together.
    alike: Vec<u32>,
}

impl Rows {
    /// The features of texts.
    pub(super) fn of_texts(ngrams: &Ngrams, texts: &[&str]) -> Self {
        let rows: Vec<Vec<(u32, f32)>> = texts
            .par_iter()
            .map_init(SparseRow::default, |row, text| {
                ngrams.row(text, row);
                one_each(row.indices(), row.values())
            })
            .collect();
        Self::new(&rows, ngrams.config().bits)
    }

    /// Rows of buckets below 2^`bits`, ascending and once, with their values.
    pub(super) fn new(rows: &[Vec<(u32, f32)>], bits: u32) -> Self {
        let mut counts = vec![0_u32; 1 << bits];
        for (bucket, _) in rows.iter().flatten() {
            counts[*bucket as usize] += 1;
        }
        let classes = classes(rows, 1 << bits);
        let mut met: Vec<u32> = (0..1 << bits)
            .filter(|bucket| counts[*bucket as usize] > 0)
            .collect();
        met.sort_by_key(|bucket| (Reverse(counts[*bucket as usize]), classes[*bucket as usize]));
        let (mut buckets, mut alike, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for (column, class) in
            (0..).zip(met.chunk_by(|a, b| classes[*a as usize] == classes[*b as usize]))
        {
            buckets.extend(class.iter().map(|bucket| (*bucket, column)));
            alike.push(u32::try_from(class.len()).expect("a bucket is a u32"));
            firsts.push(class[0]);
        }
        buckets.sort_unstable();
        // What is not the first of its column is left out of the rows.
        let mut places = vec![None; 1 << bits];
        for (column, first) in (0_u32..).zip(firsts) {
            places[first as usize] = Some(column);
        }
        let mut found = Self {
            begins: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            buckets,
            alike,
        };
        for row in rows {
            for (bucket, value) in row {
                if let Some(column) = places[*bucket as usize] {
                    let scale = single(f64::from(found.alike[column as usize]).sqrt());
                    found.columns.push(column);
                    found.values.push(value * scale);
                }
            }
            found.begins.push(found.columns.len());
        }
        found
    }

    /// Some of them.
    pub(super) fn only(&self, rows: Vec<usize>) -> SomeRows<'_> {
        SomeRows { all: self, rows }
    }

    /// The intercept, and the weight of each bucket that is met, ascending, from what was fitted on these rows.
    pub(super) fn weights(&self, coefficients: &[f64]) -> (f64, Vec<f32>) {
        let weight = |(_, column): &(u32, u32)| {
            let column = *column as usize;
            single(coefficients[column] / f64::from(self.alike[column]).sqrt())
        };
        let weights = self.buckets.iter().map(weight).collect();
        (coefficients[self.alike.len()], weights)
    }

    /// The buckets that are met, ascending.
    pub(super) fn buckets(&self) -> impl Iterator<Item = u32> {
        self.buckets.iter().map(|(bucket, _)| *bucket)
    }
}

/// The entries of a row, ascending; the values of a bucket that stands there twice add up.
pub(super) fn one_each(buckets: &[u32], values: &[f32]) -> Vec<(u32, f32)> {
    let entries = buckets.iter().copied().zip(values.iter().copied());
    let mut entries: Vec<(u32, f32)> = entries.collect();
    entries.sort_by_key(|(bucket, _)| *bucket);
    entries.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            kept.1 += later.1;
        }
        is_same
    });
    entries
}

/// A number for each bucket, the same for those that are alike in all rows. Every row parts those that were alike so far: by whether it has them, and by
/// value.
fn classes(rows: &[Vec<(u32, f32)>], buckets: usize) -> Vec<u32> {
    let mut classes = vec![0_u32; buckets];
    let mut last = 0;
    let mut keys: Vec<(u32, u32, u32)> = Vec::new();
    for row in rows {
        keys.clear();
        let key =
            |(bucket, value): &(u32, f32)| (classes[*bucket as usize], value.to_bits(), *bucket);
        keys.extend(row.iter().map(key));
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            last += 1;
            for (_, _, bucket) in same {
                classes[*bucket as usize] = last;
            }
        }
    }
    classes
}

/// Those rows whose label is known, and, as the last column, the constant 1 of the intercept.
pub(super) struct SomeRows<'a> {
    all: &'a Rows,
    rows: Vec<usize>,
}

/// Sums that run beside each other, because each waits for the one before.
const LANES: usize = 4;

impl SomeRows<'_> {
    fn columns_and_values(&self, row: usize) -> (&[u32], &[f32]) {
        let row = self.rows[row];
        let range = self.all.begins[row]..self.all.begins[row + 1];
        (&self.all.columns[range.clone()], &self.all.values[range])
    }
}

impl Design for SomeRows<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> usize {
        self.all.alike.len() + 1
    }

    fn dot(&self, row: usize, coefficients: &[f64]) -> f64 {
        let (columns, values) = self.columns_and_values(row);
        let ((columns, last_columns), (values, last_values)) =
            (columns.as_chunks::<LANES>(), values.as_chunks::<LANES>());
        let product = |column: u32, value: f32| f64::from(value) * coefficients[column as usize];
        let mut sums = [0.0; LANES];
        for (columns, values) in columns.iter().zip(values) {
            for lane in 0..LANES {
                sums[lane] += product(columns[lane], values[lane]);
            }
        }
        for (column, value) in last_columns.iter().zip(last_values) {
            sums[0] += product(*column, *value);
        }
        sums.iter().sum::<f64>() + coefficients[self.all.alike.len()]
    }

    fn add(&self, row: usize, factor: f64, sums: &mut [f64]) {
        let (columns, values) = self.columns_and_values(row);
        for (column, value) in columns.iter().zip(values) {
            sums[*column as usize] += factor * f64::from(*value);
        }
        sums[self.all.alike.len()] += factor;
    }

    fn add_squares(&self, row: usize, factor: f64, sums: &mut [f64]) {
        let (columns, values) = self.columns_and_values(row);
        for (column, value) in columns.iter().zip(values) {
            sums[*column as usize] += factor * f64::from(*value).powi(2);
        }
        sums[self.all.alike.len()] += factor;
    }
}
