//! Means from few labels and a cheap scorer: against ppi-python and SciPy (`golden/README.md`), and whether intervals hold what they promise.

use std::path::Path;

use proptest::prelude::*;
use ragkit::metrics::Clusters;
use ragkit::metrics::prediction_powered::{Estimate, Label, Labelling, LabellingOrder, estimate};
use ragkit::metrics::statistics::below;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde_json::Value;

use crate::golden::{golden, numbers};
use crate::pooled::{begin, near, overlap};
use crate::real_data::data_folder;

fn places(list: &Value) -> Vec<usize> {
    let list = list.as_array().unwrap().iter();
    list.map(|place| usize::try_from(place.as_u64().unwrap()).unwrap())
        .collect()
}

#[track_caller]
fn same(found: &Estimate, expected: &Value, what: &str) {
    near(found.mean, expected["mean"].as_f64().unwrap(), 1e-9, what);
    near(
        found.standard_error,
        expected["standard_error"].as_f64().unwrap(),
        1e-9,
        what,
    );
    let (found, expected) = (found.interval.unwrap(), numbers(&expected["interval"]));
    near(found.low, expected[0], 1e-8, what);
    near(found.high, expected[1], 1e-8, what);
}

#[test]
fn estimates_are_those_of_others() {
    let golden = golden("prediction_powered");
    let mut of_package = 0;
    for case in golden["cases"].as_array().unwrap() {
        let (predictions, values) = (numbers(&case["predictions"]), numbers(&case["labels"]));
        let chances = numbers(&case["inclusion"]);
        let labels = places(&case["places"]).into_iter().zip(values).zip(chances);
        let labels: Vec<Label> = labels
            .map(|((place, value), inclusion)| Label {
                place,
                value,
                inclusion,
            })
            .collect();
        let names: Option<Vec<String>> = case["clusters"]
            .as_array()
            .map(|names| names.iter().map(Value::to_string).collect());
        let clusters =
            names.map(|names| Clusters::by_name(names.iter().map(|name| Some(name.as_str()))));
        let found = estimate(&predictions, &labels, clusters.as_ref()).unwrap();
        let kind = case["kind"].as_str().unwrap();
        near(found.tuning, case["tuning"].as_f64().unwrap(), 1e-9, kind);
        same(&found.powered, &case["powered"], kind);
        same(&found.labels_only, &case["labels_only"], kind);
        if let Some(package) = case["ppi"].as_object() {
            near(
                found.powered.mean,
                package["mean"].as_f64().unwrap(),
                1e-9,
                kind,
            );
            // Theirs takes the slope as given and divides by n: ours is larger, by about 1 in the number of labels.
            let error = package["standard_error"].as_f64().unwrap();
            let most = error * (1.0 + 4.0 / labels.len() as f64) + 1e-12;
            let found = found.powered.standard_error;
            assert!(
                found >= error - 1e-12 && found <= most,
                "{kind}: {found}, ppi-python says {error}"
            );
            of_package += 1;
        }
    }
    assert!(
        of_package > 5,
        "only {of_package} are held against the package"
    );
}

#[test]
fn chances_are_those_of_bisection() {
    for case in golden("prediction_powered")["inclusions"]
        .as_array()
        .unwrap()
    {
        let predictions = numbers(&case["predictions"]);
        let ids: Vec<String> = (0..predictions.len()).map(|i| format!("q{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let order = LabellingOrder::new(&ids, &predictions, Labelling::Uncertain, 17);
        let n = usize::try_from(case["n"].as_u64().unwrap()).unwrap();
        for (found, expected) in order.inclusion(n).iter().zip(numbers(&case["inclusion"])) {
            near(*found, expected, 1e-9, "inclusion");
        }
    }
}

#[test]
fn an_order_is_a_function_of_ids_and_seed() {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let predictions = [0.1, 0.5, 0.9, 0.5, 1.0, 0.0, 0.3];
    let order = LabellingOrder::new(&ids, &predictions, Labelling::Uniform, 17);
    let named: Vec<&str> = order.places.iter().map(|place| ids[*place]).collect();
    // By Python's hashlib. It must never change: labels that people gave depend on it.
    assert_eq!(named, ["g", "d", "a", "f", "b", "c", "e"]);
    let (mut turned, mut scores) = (ids, predictions);
    turned.reverse();
    scores.reverse();
    let again = LabellingOrder::new(&turned, &scores, Labelling::Uniform, 17);
    let again: Vec<&str> = again.places.iter().map(|place| turned[*place]).collect();
    assert_eq!(again, named);
    let other = LabellingOrder::new(&ids, &predictions, Labelling::Uniform, 18);
    assert_ne!(other.places, order.places);
    assert_eq!(order.inclusion(3), [3.0 / 7.0; 7]);
}

#[test]
fn the_first_of_an_order_come_with_their_chances() {
    let predictions: Vec<f64> = (0..30_u32).map(|i| f64::from(i * i) / 900.0).collect();
    let n = 9;
    let mut drawn = vec![0.0; 30];
    let rounds = 5_000_u32;
    let order = |seed: u32| {
        let ids: Vec<String> = (0..30).map(|i| format!("q{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        LabellingOrder::new(&ids, &predictions, Labelling::Uncertain, u64::from(seed))
    };
    for seed in 0..rounds {
        for place in &order(seed).places[..n] {
            drawn[*place] += 1.0 / f64::from(rounds);
        }
    }
    for (found, expected) in drawn.iter().zip(order(0).inclusion(n)) {
        // Sequential Poisson sampling has its chances nearly; 5,000 draws scatter by 0.007.
        near(*found, expected, 0.03, "share of the draws");
    }
}

/// A population of documents with examples: label and score.
struct Population(Vec<Vec<(f64, f64)>>);

impl Population {
    fn of(rows: impl IntoIterator<Item = (String, bool, f64)>) -> Self {
        let mut documents = std::collections::BTreeMap::<String, Vec<(f64, f64)>>::new();
        for (document, label, score) in rows {
            documents
                .entry(document)
                .or_default()
                .push((f64::from(u8::from(label)), score));
        }
        Self(documents.into_values().collect())
    }

    /// Every example a document of its own.
    fn flat(&self) -> Self {
        Self(
            self.0
                .iter()
                .flatten()
                .map(|example| vec![*example])
                .collect(),
        )
    }

    fn map(&self, f: impl Fn(usize, (f64, f64)) -> (f64, f64)) -> Self {
        let mut place = 0;
        let mut next = |example: &(f64, f64)| {
            place += 1;
            f(place - 1, *example)
        };
        Self(
            self.0
                .iter()
                .map(|document| document.iter().map(&mut next).collect())
                .collect(),
        )
    }

    fn mean(&self) -> f64 {
        let examples = self.0.iter().flatten();
        examples.clone().map(|(label, _)| label).sum::<f64>() / examples.count() as f64
    }
}

/// Coverage and mean width, with scores and with labels alone.
#[derive(Debug)]
struct Held {
    powered: (f64, f64),
    labels_only: (f64, f64),
}

const RUN: usize = 600;
const ROUNDS: u64 = 1_000;
/// Uniform orders that are used in turn: runs are drawn at random, so it does not matter which of their places are labelled.
const ORDERS: u64 = 25;

/// Runs of 600 examples are drawn from the population, in documents; `n` of each are labelled.
fn hold(population: &Population, n: usize, labelling: Labelling) -> Held {
    let truth = population.mean();
    let ids: Vec<String> = (0..RUN).map(|i| format!("q{i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let uniform =
        (0..ORDERS).map(|seed| LabellingOrder::new(&ids, &[0.5; RUN], Labelling::Uniform, seed));
    let uniform: Vec<LabellingOrder> = uniform.collect();
    let one = |round: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(1000 + round);
        let (mut examples, mut names) = (Vec::new(), Vec::new());
        while examples.len() < RUN {
            let document = &population.0[below(&mut rng, population.0.len())];
            let name = examples.len().to_string();
            names.extend(document.iter().map(|_| name.clone()));
            examples.extend_from_slice(document);
        }
        examples.truncate(RUN);
        names.truncate(RUN);
        let predictions: Vec<f64> = examples.iter().map(|(_, score)| *score).collect();
        let order = match labelling {
            Labelling::Uniform => uniform[usize::try_from(round % ORDERS).unwrap()].clone(),
            Labelling::Uncertain => LabellingOrder::new(&ids, &predictions, labelling, round),
        };
        let chances = order.inclusion(n);
        let label = |place: &usize| Label {
            place: *place,
            value: examples[*place].0,
            inclusion: chances[*place],
        };
        let labels: Vec<Label> = order.places[..n].iter().map(label).collect();
        let clusters = Clusters::by_name(names.iter().map(|name| Some(name.as_str())));
        let clusters = population
            .0
            .iter()
            .any(|document| document.len() > 1)
            .then_some(clusters);
        let found = estimate(&predictions, &labels, clusters.as_ref()).unwrap();
        [found.powered, found.labels_only].map(|estimate| {
            let interval = estimate.interval.unwrap();
            let covers = interval.low <= truth && truth <= interval.high;
            (f64::from(u8::from(covers)), interval.high - interval.low)
        })
    };
    let rounds: Vec<[(f64, f64); 2]> = (0..ROUNDS).into_par_iter().map(one).collect();
    let of = |side: usize| {
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| {
            rounds.iter().map(|round| f(&round[side])).sum::<f64>() / rounds.len() as f64
        };
        (mean(&|found| found.0), mean(&|found| found.1))
    };
    Held {
        powered: of(0),
        labels_only: of(1),
    }
}

/// The promise: at least 93 %, and as wide as `most` times what the labels give alone.
#[track_caller]
fn promise(what: &str, population: &Population, labelling: Labelling, most: f64) {
    for n in [40, 80, 160] {
        let held = hold(population, n, labelling);
        println!(
            "{what}, {n} labels: coverage {:.3}, width {:.4}; labels alone {:.3}, {:.4}",
            held.powered.0, held.powered.1, held.labels_only.0, held.labels_only.1
        );
        assert!(held.powered.0 >= 0.93, "{what}, {n} labels: {held:?}");
        let ratio = held.powered.1 / held.labels_only.1;
        assert!(
            ratio <= most,
            "{what}, {n} labels: {ratio:.3} times as wide, {held:?}"
        );
    }
}

/// Shares of two claims, a scorer that has something to say, one document in three with several answers.
fn made_up() -> Population {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut uniform = || below(&mut rng, 1_000_000) as f64 / 1e6;
    let document = |_| {
        let shift = 0.3 * (uniform() - 0.5);
        let examples = if uniform() < 0.33 { 4 } else { 1 };
        let example = |_| {
            let score = (uniform().sqrt() + shift).clamp(0.0, 1.0);
            let claims = [(); 2].map(|()| {
                if uniform() < 0.1 + 0.85 * score {
                    0.5
                } else {
                    0.0
                }
            });
            (claims.iter().sum(), score)
        };
        (0..examples).map(example).collect()
    };
    Population((0..1_500).map(document).collect())
}

#[test]
fn intervals_hold_on_made_up_shares() {
    promise("made up, clusters", &made_up(), Labelling::Uniform, 0.93);
    promise(
        "made up, unsure ones first",
        &made_up().flat(),
        Labelling::Uncertain,
        0.95,
    );
    let useless = made_up()
        .flat()
        .map(|place, (label, _)| (label, (place * 7919 % 1000) as f64 / 1e3));
    promise(
        "made up, useless scores",
        &useless,
        Labelling::Uniform,
        1.04,
    );
}

#[test]
fn intervals_hold_on_real_labels() {
    let Some(data) = data_folder() else { return };
    let begin = Population::of(begin(&data));
    promise("BEGIN", &begin.flat(), Labelling::Uniform, 0.85);
    promise("BEGIN, clusters", &begin, Labelling::Uniform, 0.88);
    promise(
        "BEGIN, unsure ones first",
        &begin.flat(),
        Labelling::Uncertain,
        0.88,
    );
    let audit = Population::of(audit(&data));
    promise("FaithDial audit", &audit.flat(), Labelling::Uniform, 0.90);
    promise(
        "FaithDial audit, clusters",
        &audit,
        Labelling::Uniform,
        0.95,
    );
    let expert = Population::of(expert_qa(&data));
    promise("ExpertQA", &expert.flat(), Labelling::Uniform, 1.03);
    // Nearly all answers are right: 95 %.
    let kept = begin.0.iter().flatten().copied();
    let mut wrong = 0;
    let rare = kept.filter(|(label, _)| {
        wrong += usize::from(*label <= 0.0);
        *label > 0.0 || wrong % 55 == 0
    });
    let rare = Population(rare.map(|example| vec![example]).collect());
    promise("BEGIN, 95 % right", &rare, Labelling::Uniform, 1.02);
}

fn audit(data: &Path) -> Vec<(String, bool, f64)> {
    let mut rows = Vec::new();
    for model in ["ctrl", "doha", "gpt2"] {
        for set in ["cmu", "topicalchat", "topical", "wow"] {
            let file = format!("rag/faithdial_audit/{model}_processed_{set}__");
            let folder = data.join("rag/faithdial_audit");
            let names = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let is_it = |path: &std::path::PathBuf| {
                path.strip_prefix(data)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with(&file)
            };
            let Some(path) = names.into_iter().find(is_it) else {
                continue;
            };
            for row in csv::Reader::from_path(path).unwrap().records() {
                let row = row.unwrap();
                let label = row[3].trim().to_lowercase();
                if label.is_empty() {
                    continue;
                }
                let entailed = label.starts_with("entail") && !label.contains("halluc");
                rows.push((row[0].to_owned(), entailed, overlap(&row[2], &row[0])));
            }
        }
    }
    assert!(rows.len() > 1_700, "{} rows", rows.len());
    rows
}

fn expert_qa(data: &Path) -> Vec<(String, bool, f64)> {
    let text = std::fs::read_to_string(data.join("rag/expertqa/rand_val.jsonl")).unwrap();
    let mut rows = Vec::new();
    for line in text.lines() {
        let question: Value = serde_json::from_str(line).unwrap();
        for answer in question["answers"].as_object().unwrap().values() {
            for claim in answer["claims"].as_array().unwrap() {
                let evidence = claim["evidence"].as_array().unwrap().iter();
                let evidence =
                    evidence.filter_map(|text| Some(text.as_str()?.split_once("\n\n")?.1));
                let evidence: Vec<&str> = evidence.collect();
                let support = claim["support"].as_str().unwrap_or_default();
                if evidence.is_empty() || ["", "N/A"].contains(&support) {
                    continue;
                }
                let score = overlap(claim["claim_string"].as_str().unwrap(), &evidence.join(" "));
                rows.push((
                    question["question"].to_string(),
                    support == "Complete",
                    score,
                ));
            }
        }
    }
    assert!(rows.len() > 700, "{} rows", rows.len());
    rows
}

#[test]
fn too_few_labels_have_no_interval() {
    let label = |place: usize| Label {
        place,
        value: 1.0,
        inclusion: 0.1,
    };
    assert_eq!(estimate(&[0.5; 9], &[], None), None);
    let two = estimate(&[0.5; 9], &[label(0), label(1)], None).unwrap();
    assert_eq!((two.powered.mean, two.powered.interval), (1.0, None));
    let three = estimate(&[0.5; 9], &[label(0), label(1), label(2)], None).unwrap();
    let interval = three.powered.interval.unwrap();
    assert!(
        interval.high == 1.0 && interval.low > 0.2 && interval.low < 0.4,
        "{interval:?}"
    );
    // Examples of one cluster are one unit.
    let clusters = Clusters::by_name([Some("a"); 9]);
    let one = estimate(&[0.5; 9], &[label(0), label(1), label(2)], Some(&clusters)).unwrap();
    assert_eq!((one.units, one.powered.interval), (1, None));
}

proptest! {
    #[test]
    fn a_scorer_is_worth_the_same_on_any_scale(
        examples in prop::collection::vec((0_u8..=10, 0_u8..=1), 12..60), scale in 0.1_f64..50.0, shift in -20.0_f64..20.0
    ) {
        let labels: Vec<Label> = examples
            .iter()
            .enumerate()
            .take(10)
            .map(|(place, (_, label))| Label { place, value: f64::from(*label), inclusion: 0.2 })
            .collect();
        let predictions: Vec<f64> = examples.iter().map(|(score, _)| f64::from(*score) / 10.0).collect();
        let scaled: Vec<f64> = predictions.iter().map(|score| shift - scale * score).collect();
        let (one, other) = (estimate(&predictions, &labels, None).unwrap(), estimate(&scaled, &labels, None).unwrap());
        prop_assert!((one.powered.mean - other.powered.mean).abs() < 1e-7, "{one:?} {other:?}");
        prop_assert!((one.powered.standard_error - other.powered.standard_error).abs() < 1e-6, "{one:?} {other:?}");
        prop_assert!((0.0..=1.0).contains(&one.powered.mean));
        if let Some(interval) = one.powered.interval {
            prop_assert!(interval.low >= 0.0 && interval.low <= one.powered.mean && one.powered.mean <= interval.high && interval.high <= 1.0);
        }
    }
}
