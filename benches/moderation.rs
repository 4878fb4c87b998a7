//! The hot paths of moderation, on one thread: normalisation and prefilter by bytes, the fast path by posts, what training takes.
//!
//! Measured on Davidson's tweets where `$RAGKIT_DATA` has them, else on the posts of `datasets/moderation`. Run with `cargo bench --bench moderation`;
//! `benches/peers/sklearn_ngrams.py` measures scikit-learn's pipeline of the same features on the same tweets.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use ragkit::data::{Card, PathText, PostSources, Posts};
use ragkit::moderation::linear::{Linear, LinearConfig};
use ragkit::moderation::ngrams::SparseRow;
use ragkit::moderation::prefilter::BlocklistConfig;
use ragkit::moderation::{
    Action, Normaliser, NormaliserConfig, Prefilter, PrefilterConfig, ReadingConfig, RepairConfig,
};

/// Categories that a post is scored for at once.
const CATEGORIES: usize = 6;

fn main() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("nothing ran before");
    divan::main();
}

fn at_root(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn texts() -> Vec<String> {
    let davidson = Card::posts(&[PathText(at_root("datasets/davidson.toml"))]);
    let sources = davidson.expect("the card is there");
    let authored = || -> PostSources {
        let path = at_root("datasets/moderation/posts.jsonl");
        let source = serde_json::json!([{ "path": path }]);
        serde_json::from_value(source).expect("a source")
    };
    let posts = Posts::read(&sources).or_else(|_| Posts::read(&authored()));
    let posts = posts.expect("posts").posts;
    posts.into_iter().map(|post| post.text).collect()
}

fn prefilter(normaliser: &Normaliser) -> Prefilter {
    let lists = ["en-harassment", "en-spam", "de-harassment", "fr-harassment"];
    let list = |name: &str| BlocklistConfig {
        path: PathText(at_root(&format!(
            "datasets/moderation/blocklists/{name}.txt"
        ))),
        category: "harassment".to_owned(),
        language: None,
        action: Action::Reject,
        whole_words: true,
    };
    let config = PrefilterConfig {
        lists: lists.map(list).into(),
        patterns: Vec::new(),
    };
    let clean = |text: &str| normaliser.normalise(text).text;
    Prefilter::open(&config, &clean).expect("the authored lists")
}

fn normalised() -> Vec<String> {
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    let texts = texts();
    texts
        .iter()
        .map(|text| normaliser.normalise(text).text)
        .collect()
}

fn bytes(texts: &[String]) -> BytesCount {
    BytesCount::new(texts.iter().map(String::len).sum::<usize>())
}

#[divan::bench]
fn normalise(bencher: Bencher<'_, '_>) {
    let (texts, normaliser) = (texts(), Normaliser::new(&NormaliserConfig::default()));
    bencher.counter(bytes(&texts)).bench_local(|| {
        let lengths = texts
            .iter()
            .map(|text| normaliser.normalise(text).text.len());
        lengths.sum::<usize>()
    });
}

#[divan::bench]
fn normalise_and_prefilter(bencher: Bencher<'_, '_>) {
    let (texts, normaliser) = (texts(), Normaliser::new(&NormaliserConfig::default()));
    let prefilter = prefilter(&normaliser);
    bencher.counter(bytes(&texts)).bench_local(|| {
        let hits = texts.iter().map(|text| {
            let text = normaliser.normalise(text).text;
            prefilter.hits(&text, Some("en")).len()
        });
        hits.sum::<usize>()
    });
}

fn linear(texts: &[String]) -> Linear {
    let texts: Vec<&str> = texts.iter().map(String::as_str).take(2_000).collect();
    let label = |post: usize| {
        let of_category =
            |category: usize| Some(f64::from(u8::from(post.is_multiple_of(category + 2))));
        (0..CATEGORIES).map(of_category).collect()
    };
    let labels: Vec<Vec<Option<f64>>> = (0..texts.len()).map(label).collect();
    let categories: Vec<String> = (0..CATEGORIES).map(|number| format!("c{number}")).collect();
    Linear::fit(&LinearConfig::default(), &categories, &texts, &labels, None).expect("both classes")
}

/// Six categories of posts that are normalised and read already.
#[divan::bench]
fn linear_of_six_categories(bencher: Bencher<'_, '_>) {
    let texts = normalised();
    let linear = linear(&texts);
    let (mut row, mut logits) = (SparseRow::default(), vec![0.0; CATEGORIES]);
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| {
            for text in &texts {
                linear.logits(text, &mut row, &mut logits);
            }
            logits[0]
        });
}

/// All that the fast path does to a post: normalise, prefilter, read, score six categories.
#[divan::bench(args = [false, true])]
fn fast_path(bencher: Bencher<'_, '_>, repairs: bool) {
    let (texts, normaliser) = (texts(), Normaliser::new(&NormaliserConfig::default()));
    let prefilter = prefilter(&normaliser);
    let clean = normalised();
    let (linear, learned) = (linear(&clean), clean.iter().map(String::as_str));
    let reading = ReadingConfig {
        repair: repairs.then(RepairConfig::default),
        ..ReadingConfig::default()
    };
    let reading = reading.fit(&learned.collect::<Vec<_>>());
    let (mut row, mut logits) = (SparseRow::default(), vec![0.0; CATEGORIES]);
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| {
            let mut hits = 0;
            for text in &texts {
                let text = normaliser.normalise(text).text;
                hits += prefilter.hits(&text, Some("en")).len();
                linear.logits(&reading.read(&text), &mut row, &mut logits);
            }
            hits
        });
}
