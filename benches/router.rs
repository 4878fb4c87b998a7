//! The hot paths of routing, on one thread.
//!
//! Measured on the prompts of `datasets/router-demo`: decisions of whole pipelines (rules and a table; what ridge regression on LSA expects, text included),
//! predictions from vectors that are there already, and the curve of 7,000 prompts × 11 models. Run with `cargo bench --bench router`.

use divan::Bencher;
use divan::counter::ItemsCount;
use ragkit::data::RoutedPrompt;
use ragkit::experiment::{Experiment, SystemConfig};
use ragkit::learning::learners::{Learner, Ridge, Rows};
use ragkit::metrics::routing::{Curve, Routes};
use ragkit::systems::System;
use ragkit::systems::router::{Config, Division, Router};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn main() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("nothing ran before");
    divan::main();
}

fn uniform(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |_| f64::from(rng.next_u32()) / f64::from(u32::MAX);
    (0..count).map(draw).collect()
}

#[divan::bench(args = ["rules", "best-by-task", "ridge"])]
fn decisions(bencher: Bencher<'_, '_>, variant: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/router-demo.toml");
    let mut experiment = Experiment::load(path.as_ref()).expect("the demo's config");
    experiment
        .keep_variants(&[variant.to_owned()])
        .expect("a variant of the demo");
    let SystemConfig::Router(config) = &experiment.system else {
        panic!("the demo is a router");
    };
    let config: &Config = config;
    let matrix = experiment.outcomes().expect("the demo's outcomes");
    let division = Division::of(matrix, config.split.as_ref()).expect("two parts");
    let router = Router::open(&division, config, &[], experiment.seed).expect("a router");
    let prompts: Vec<&RoutedPrompt> = division.test.iter().collect();
    bencher
        .counter(ItemsCount::new(prompts.len()))
        .bench_local(|| router.run(&prompts));
}

#[divan::bench(args = [2, 11])]
fn ridge_from_vectors(bencher: Bencher<'_, '_>, models: usize) {
    const DIM: usize = 256;
    const PROMPTS: usize = 1_000;
    #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
    let values: Vec<f32> = uniform(PROMPTS * DIM, 1)
        .into_iter()
        .map(|one| one as f32)
        .collect();
    let rows = Rows {
        dim: DIM,
        values: &values,
    };
    let ridge = Learner::Ridge(Ridge { l2: 1.0 });
    let learned = ridge.fit(rows, &uniform(PROMPTS * models, 2), models, 17);
    bencher.counter(ItemsCount::new(PROMPTS)).bench_local(|| {
        let prompts = values.chunks(DIM).map(|row| learned.predict(row));
        prompts.map(|scores| scores[0]).sum::<f64>()
    });
}

#[divan::bench(args = [2, 11])]
fn curve(bencher: Bencher<'_, '_>, models: usize) {
    const PROMPTS: usize = 7_000;
    let columns: Vec<Vec<f64>> = (0..4).map(|seed| uniform(PROMPTS * models, seed)).collect();
    bencher.counter(ItemsCount::new(PROMPTS)).bench_local(|| {
        Curve::of(&Routes {
            models,
            quality: &columns[0],
            cost: &columns[1],
            predicted: &columns[2],
            predicted_cost: &columns[3],
        })
    });
}
