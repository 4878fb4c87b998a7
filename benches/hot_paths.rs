//! The hot paths of retrieval and scoring.
//!
//! Measured: exact dense search (10,000 × 384, in batches of 1 and 32), the same by HNSW, nDCG@10 of 10,000 rankings of 100, a TREC run of
//! 1,000 queries × 100 documents read and scored by four metrics, the bootstrap intervals of 18 columns of 300 values, and
//! the randomisation test of 4 columns of 10,000. Data are seeded; corpus text is
//! not needed. Run with `cargo bench`; compare ratios within one run, machines are noisy.

use std::fmt::Write;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use ragkit::data::{PathText, QrelsFile, Rankings};
use ragkit::indexes::{Breadth, Flat, Hnsw, HnswConfig, Visible};
use ragkit::metrics::paired::{Pair, paired};
use ragkit::metrics::significance::{PATTERNS, sign_flip};
use ragkit::metrics::statistics::intervals;
use ragkit::metrics::{Judgements, Metric, Rules};
use ragkit::models::Matrix;
use ragkit::scoring::{Convention, score};
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
    let mut values: Vec<f32> = values.collect();
    values.chunks_mut(DIM).for_each(Matrix::normalise);
    Matrix::new(DIM, values)
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

#[divan::bench(args = [32, 128])]
fn hnsw_search(bencher: Bencher<'_, '_>, ef: i64) {
    let flat = Arc::new(Flat::new(matrix(ROWS, 1), (0..).take(ROWS).collect()));
    let parallel = HnswConfig {
        deterministic: false,
        ..HnswConfig::default()
    };
    let hnsw = Hnsw::build(flat, &parallel).expect("vectors of length 1");
    let (batch, everything) = (matrix(32, 2), Visible::everything());
    let visible = vec![&everything; 32];
    let ef = Breadth::try_from(ef).expect("in range");
    bencher.counter(ItemsCount::new(32_usize)).bench(|| {
        hnsw.search(&batch, 10, ef, &visible)
            .expect("of 384 dimensions")
    });
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
fn run_read_and_scored(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut qrels, mut run) = (String::new(), String::new());
    for query in 0..1000 {
        for document in 0..100 {
            let id = (query * 7919 + document * 104_729) % 100_000;
            let score = 100 - document;
            writeln!(run, "q{query} Q0 doc{id:05} {document} {score} bench").expect("a string");
            if document % 9 == 0 {
                writeln!(qrels, "q{query} 0 doc{id:05} {}", document % 3).expect("a string");
            }
        }
    }
    let path = |name: &str| folder.path().join(name);
    fs_err::write(path("qrels"), qrels).expect("writable");
    fs_err::write(path("run"), run).expect("writable");
    let metrics = ["nDCG@10", "RR", "AP", "R@100"].map(|name| name.parse().expect("a metric"));
    bencher.counter(ItemsCount::new(100_000_usize)).bench(|| {
        let judged = QrelsFile::at(PathText(path("qrels").display().to_string()));
        let (judged, run) = (
            judged.read().expect("whole"),
            Rankings::read(&path("run")).expect("whole"),
        );
        score(&run, &judged, &metrics, &Convention::of(None, Some(2))).expect("of one dataset")
    });
}

#[divan::bench]
fn sign_flips_of_4_columns(bencher: Bencher<'_, '_>) {
    let columns: Vec<Vec<f64>> = (0..4).map(|seed| uniform(ROWS, seed).collect()).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    bencher.bench(|| sign_flip(&views, None, 17, PATTERNS));
}

#[divan::bench]
fn intervals_of_18_columns(bencher: Bencher<'_, '_>) {
    let columns: Vec<Vec<f64>> = (0..18).map(|seed| uniform(300, seed).collect()).collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    bencher.bench(|| intervals(&views, None, 17));
}

/// A million examples × ten metrics, compared as `ragkit compare` does: sign flips with 10,000 patterns, intervals, standard errors.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn paired_a_million_by_ten(bencher: divan::Bencher) {
    let value = |place: u64| {
        let mixed = (place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let column = |number: u64| -> Vec<f64> {
        (0..1_000_000)
            .map(|i| value(number * 1_000_000 + i))
            .collect()
    };
    let columns: Vec<[Vec<f64>; 2]> = (0..10)
        .map(|metric| [column(2 * metric), column(2 * metric + 1)])
        .collect();
    let pairs: Vec<Pair<'_>> = columns
        .iter()
        .map(|[before, after]| Pair { before, after })
        .collect();
    bencher.bench(|| paired(&pairs, None, 17, PATTERNS));
}
