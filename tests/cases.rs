//! Cases of `score.json` (see `s8_score.py`, which holds the same generator in Python). Standard library only.
//!
//! `SplitMix64`: state += 0x9E3779B97F4A7C15; z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9;
//! z = (z ^ z >> 27) * 0x94D049BB133111EB; output z ^ z >> 31, all modulo 2^64. Seed: 20261124 + 2 * index + tied.
//! below(n) = output % n. Shuffle: for i from len - 1 down to 1, swap i with below(i + 1).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "small numbers, and the generator is the same in Python"
)]

pub struct Case {
    /// Query, document, grade; in file order.
    pub qrels: Vec<(String, String, i32)>,
    /// Query, document, score; in file order.
    pub run: Vec<(String, String, f64)>,
    /// The rank column of each row of `run`: a permutation of 1.. in each query that has nothing to do with the scores.
    pub ranks: Vec<u32>,
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }

    /// `size` different numbers of one to five digits.
    fn numbers(&mut self, size: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < size {
            let digits = 1 + self.below(4) as u32;
            let number = 1 + self.below(10u64.pow(digits));
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }
}

pub fn case(index: u64, tied: bool) -> Case {
    const BINARY: [i32; 8] = [0, 0, 0, 0, 0, 1, 1, 1];
    const GRADED: [i32; 8] = [0, 0, 0, 1, 1, 2, 3, 4];
    const NEGATIVE: [i32; 8] = [-1, -1, 0, 0, 1, 2, 3, 4];
    let mut r = SplitMix64(20_261_124 + 2 * index + u64::from(tied));
    let queries = 1 + r.below(4);
    let grades = match r.below(10) {
        0..=2 => BINARY,
        3..=7 => GRADED,
        _ => NEGATIVE,
    };
    let style = r.below(3);
    let constant = r.below(6) == 0;
    let drop = r.below(8) == 0;
    let dropped = r.below(queries);
    let extra = r.below(20) == 0;
    let first = 1 + r.below(300);
    let name = |number: u64| match style {
        0 => number.to_string(),
        1 => format!("d{number}"),
        _ => format!("doc-{number}"),
    };
    let mut qrels = Vec::new();
    let mut rows = Vec::new();
    for i in 0..queries {
        let query = (first + 45 * i).to_string();
        let retrieved = 3 + r.below(38) as usize;
        let judged = 2 + r.below(24) as usize;
        let size = retrieved.max(judged) + r.below(12) as usize;
        let mut pool = r.numbers(size);
        r.shuffle(&mut pool);
        let barren = r.below(12) == 0;
        for number in &pool[..judged] {
            let grade = grades[r.below(8) as usize];
            let grade = if barren { grade.min(0) } else { grade };
            qrels.push((query.clone(), name(*number), grade));
        }
        r.shuffle(&mut pool);
        let mut ranks: Vec<u32> = (1..=retrieved as u32).collect();
        r.shuffle(&mut ranks);
        let mut score = r.below(8192) as i64 - 4096;
        let levels = if constant { 1 } else { 1 + r.below(5) };
        let step = 1 + r.below(512);
        for (number, rank) in pool[..retrieved].iter().zip(ranks) {
            let value = if tied {
                score + (step * r.below(levels)) as i64
            } else {
                score += 1 + r.below(300) as i64;
                score
            };
            if !(drop && queries > 1 && i == dropped) {
                rows.push((query.clone(), name(*number), rank, value as f64 / 1024.0));
            }
        }
    }
    if extra {
        let query = (first + 45 * queries).to_string();
        let size = 3 + r.below(8) as usize;
        for (i, number) in r.numbers(size).into_iter().enumerate() {
            let score = (i as u64 * 512 + r.below(512)) as f64 / 1024.0;
            rows.push((query.clone(), name(number), i as u32 + 1, score));
        }
    }
    if qrels.iter().all(|(_, _, grade)| *grade < 1) {
        qrels[0].2 = 1;
    }
    r.shuffle(&mut qrels);
    r.shuffle(&mut rows);
    let ranks = rows.iter().map(|row| row.2).collect();
    let run = rows.into_iter().map(|(q, d, _, s)| (q, d, s)).collect();
    Case { qrels, run, ranks }
}
