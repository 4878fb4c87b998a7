//! Run directories as the tests want them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ragkit::metrics::{Better, MetricFacts};
use ragkit::outputs::{Item, Output, Pass, Stage};
use ragkit::report::{
    self, Evaluated, Host, Identity, IndexFacts, Manifest, RunPath, files, summarise,
};

/// A run about to be written: one or more variants with scores that the test chooses.
#[derive(Debug)]
pub struct Crafted {
    pub identity: Identity,
    pub examples: Vec<Evaluated>,
    pub host: Host,
}

/// A number from 0 to 1 that looks random (`SplitMix64`).
pub fn noise(place: usize) -> f64 {
    let mixed = (place as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn metric(name: &str) -> MetricFacts {
    MetricFacts {
        name: name.to_owned(),
        unit: "1".to_owned(),
        better: Better::Higher,
        convention: "as the tests have it".to_owned(),
        judge: None,
        pooled: None,
        aside: false,
        exact: false,
    }
}

impl Crafted {
    /// `count` examples under the variants; `score` gives the value of a variant on an example.
    pub fn new(variants: &[&str], count: usize, score: impl Fn(usize, usize) -> f64) -> Self {
        let example = |place: usize| {
            let output = |variant: usize| Output {
                stages: vec![
                    stage("retrieve", &["d1", "d2", "d3"]),
                    stage(
                        "fuse",
                        if score(variant, place) < 0.5 {
                            &["d2", "d1"]
                        } else {
                            &["d1", "d2"]
                        },
                    ),
                ],
                ..Output::default()
            };
            Evaluated {
                id: format!("q{place:05}"),
                slices: vec![format!("kind={}", ["long", "short"][place % 2])],
                cluster: None,
                outputs: (0..variants.len()).map(output).collect(),
                scores: (0..variants.len())
                    .map(|variant| vec![Some(score(variant, place))])
                    .collect(),
                grades: HashMap::from([("d1".to_owned(), 1)]),
            }
        };
        Self {
            identity: Identity {
                name: "crafted".to_owned(),
                ragkit: "test".to_owned(),
                config: serde_json::Value::Null,
                seed: 17,
                conditions: BTreeMap::from([
                    ("corpus".to_owned(), "c0ffee".to_owned()),
                    ("queries".to_owned(), "beef".to_owned()),
                    ("k".to_owned(), "10".to_owned()),
                ]),
                metrics: vec![metric("nDCG@10")],
                indexes: vec![IndexFacts {
                    variants: variants.iter().map(|name| (*name).to_owned()).collect(),
                    digest: "index".to_owned(),
                    cut: None,
                    documents: 3,
                    passages: 3,
                    empty_passages: 0,
                    refused_files: 0,
                    terms: 5,
                    tokens: 15,
                    vectors: Vec::new(),
                }],
                models: BTreeMap::new(),
                variants: variants
                    .iter()
                    .map(|variant| (*variant).to_owned())
                    .collect(),
                slices: vec!["kind".to_owned()],
                cluster: None,
                interleaved_rounds: 0,
                examples: count,
                unjudged: 0,
                dangling: 0,
            },
            examples: (0..count).map(example).collect(),
            host: Host {
                name: "host".to_owned(),
                platform: "linux-x86_64".to_owned(),
                processors: 2,
                threads: 2,
            },
        }
    }

    /// Writes it, and gives it back.
    pub fn write(mut self, path: &Path) -> Self {
        self.identity.examples = self.examples.len();
        std::fs::create_dir_all(path).unwrap();
        let identity = &self.identity;
        let notes = vec![String::new(); identity.variants.len()];
        let summary = summarise(
            &self.examples,
            &identity.variants,
            &notes,
            &identity.metrics,
            17,
        );
        let run = RunPath(path.to_owned());
        report::write(&run, identity, &identity.metrics, &self.examples, &summary).unwrap();
        let manifest = Manifest {
            errors: BTreeMap::new(),
            device: "cpu".to_owned(),
            host: self.host.clone(),
            finished_utc: "2026-11-24T00:00:00Z".to_owned(),
            seconds: 1.0,
            resumed_examples: 0,
            identity: identity.clone(),
        };
        let text = serde_json::to_string_pretty(&manifest).unwrap();
        std::fs::write(run.file(files::MANIFEST), text).unwrap();
        self
    }

    /// Gives every example the clock of `rounds` alternated blocks of one example; `latency` of variant, place and call.
    pub fn timed(mut self, latency: impl Fn(usize, usize, u32) -> f64) -> Self {
        self.identity.interleaved_rounds = 1;
        for (place, example) in self.examples.iter_mut().enumerate() {
            for (variant, output) in example.outputs.iter_mut().enumerate() {
                output.passes = (0..2)
                    .map(|call| Pass {
                        block: u32::try_from(place).unwrap(),
                        call: call * 2 + u32::try_from(variant).unwrap(),
                        latencies_ms: vec![("retrieve".to_owned(), latency(variant, place, call))],
                        batch_size: 1,
                    })
                    .collect();
            }
        }
        self
    }
}

fn stage(name: &str, items: &[&str]) -> Stage {
    let item = |(place, id): (usize, &&str)| Item {
        id: (*id).to_owned(),
        score: 1.0 / (place + 1) as f64,
    };
    Stage {
        name: name.to_owned(),
        items: items.iter().enumerate().map(item).collect(),
        latency_ms: 1.0,
        batch_size: 1,
        ..Stage::default()
    }
}
