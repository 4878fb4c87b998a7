//! The hot paths of retrieval and scoring.
//!
//! Measured: exact dense search (10,000 × 384, in batches of 1 and 32), nDCG@10 of 10,000 rankings of 100, and the
//! bootstrap intervals of 18 columns of 300 values. Data are seeded; corpus text is
//! not needed. Run with `cargo bench`; compare ratios within one run, machines are noisy.

use divan::Bencher;
use divan::counter::ItemsCount;
use ragkit::indexes::{Flat, Visible};
use ragkit::metrics::statistics::intervals;
use ragkit::metrics::{Judgements, Metric, Rules};
use ragkit::models::Matrix;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const ROWS: usize = 10_000;
const DIM: usize = 384;

fn main() {
    divan::main();
}

fn uniform(count: usize, seed: u64) -> impl Iterator<Item = f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(move |_| f64::from(rng.next_u32()) / f64::from(u32::MAX))
}

fn matrix(rows: usize, seed: u64) -> Matrix {
    #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
    let values = uniform(rows * DIM, seed).map(|value| (value - 0.5) as f32);
    Matrix::new(DIM, values.collect())
}

#[divan::bench(args = [1, 32])]
fn flat_search(bencher: Bencher<'_, '_>, queries: usize) {
    let flat = Flat::new(matrix(ROWS, 1), (0..).take(ROWS).collect());
    let (batch, everything) = (matrix(queries, 2), Visible::everything());
    let visible = vec![&everything; queries];
    bencher
        .counter(ItemsCount::new(queries))
        .bench(|| flat.search(&batch, 100, &visible));
}

#[divan::bench]
fn ndcg_of_10_000_rankings(bencher: Bencher<'_, '_>) {
    let ids: Vec<String> = (0..100).map(|id| format!("d{id}")).collect();
    let metric: Metric = "nDCG@10".parse().expect("a metric");
    bencher.counter(ItemsCount::new(ROWS)).bench(|| {
        let score = |query: usize| {
            let judged = ids
                .iter()
                .skip(query % 50)
                .take(5)
                .map(|id| (id.as_str(), 1));
            let judgements = Judgements::new(ids.iter().map(String::as_str), judged);
            metric.score(&judgements, &Rules::default())
        };
        (0..ROWS).map(score).sum::<f64>()
    });
}

#[divan::bench]
fn intervals_of_18_columns(bencher: Bencher<'_, '_>) {
    let columns: Vec<Vec<f64>> = (0..18).map(|seed| uniform(300, seed).collect()).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    bencher.bench(|| intervals(&views, 17));
}
