//! Models against scikit-learn's on the same rows (`tests/golden/oracle/s26_linear.py`), and what is theirs alone.

use serde::Deserialize;

use super::rows::{Rows, one_each};
use super::*;
use crate::moderation::ngrams::{Lengths, NgramConfig};

#[derive(Deserialize)]
struct Problem {
    l2: f64,
    balanced: bool,
    weights: Option<Vec<f64>>,
    train: usize,
    indices: Vec<Vec<u32>>,
    values: Vec<Vec<f32>>,
    labels: Vec<Vec<Option<f64>>>,
    chances: Vec<Vec<f64>>,
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|place| format!("c{place}")).collect()
}

#[test]
fn chances_are_those_of_scikit_learn() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/moderation_linear.json"
    );
    let problems: Vec<Problem> =
        serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    assert_eq!(problems.len(), 5);
    for problem in problems {
        let rows: Vec<_> = problem.indices.into_iter().zip(problem.values).collect();
        let entries: Vec<_> = rows
            .iter()
            .map(|(indices, values)| one_each(indices, values))
            .collect();
        let config = LinearConfig {
            l2: problem.l2,
            class_weight: if problem.balanced {
                ClassWeight::Balanced
            } else {
                ClassWeight::None
            },
            ngrams: NgramConfig {
                bits: 8,
                ..NgramConfig::default()
            },
        };
        let trained = Rows::new(&entries[..problem.train], 8);
        let given = problem.weights.as_ref();
        let weigh = given.map(|all| move |row: usize, _: usize| all[row]);
        let weights = weigh
            .as_ref()
            .map(|weigh| weigh as &(dyn Fn(usize, usize) -> f64 + Sync));
        let labels = &problem.labels[..problem.train];
        let models = fit::fit_rows(&config, &names(3), &trained, labels, weights).unwrap();
        let (intercepts, weights) = fit::pack(&trained, &models, 8);
        for ((indices, values), wanted) in rows.iter().zip(&problem.chances) {
            let mut logits = intercepts.clone();
            weights.add(indices, values, &mut logits);
            for (logit, wanted) in logits.iter().zip(wanted) {
                let found = crate::learning::newton::sigmoid(*logit);
                assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
            }
        }
    }
}

/// Texts about two things, each said in many ways; the second is unknown for every third text.
fn said() -> (Vec<String>, Vec<Vec<Option<f64>>>) {
    let text = |number: usize| {
        let mood = ["lovely", "awful", "plain"][number % 3];
        let thing = ["cat", "dog", "house", "tree"][number / 3 % 4];
        format!("what a {mood} {thing} number {number}!")
    };
    let label = |number: usize| {
        let truth = |is: bool| Some(f64::from(u8::from(is)));
        let second = truth(number / 3 % 4 == 1);
        vec![
            truth(number % 3 == 1),
            second.filter(|_| !number.is_multiple_of(7)),
        ]
    };
    ((0..120).map(text).collect(), (0..120).map(label).collect())
}

fn trained(config: &LinearConfig) -> Linear {
    let (texts, labels) = said();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Linear::fit(config, &names(2), &texts, &labels, None).unwrap()
}

fn logits(model: &Linear, text: &str) -> Vec<f64> {
    let mut found = vec![0.0; model.categories().len()];
    model.logits(text, &mut SparseRow::default(), &mut found);
    found
}

#[test]
fn categories_learn_what_they_are_about() {
    let model = trained(&LinearConfig::default());
    let found = logits(&model, "an awful tree");
    assert!(found[0] > 0.0 && found[1] < 0.0, "{found:?}");
    let found = logits(&model, "a lovely dog");
    assert!(found[0] < 0.0 && found[1] > 0.0, "{found:?}");
    assert_eq!(logits(&model, ""), model.intercepts);
}

#[test]
fn an_unknown_label_is_as_if_the_text_were_not_there() {
    let (texts, labels) = said();
    let pairs = texts.iter().zip(&labels);
    let known = pairs.filter(|(_, labels)| labels[1].is_some());
    let (texts, labels): (Vec<&str>, Vec<_>) = known
        .map(|(text, labels)| (text.as_str(), vec![labels[1]]))
        .unzip();
    let alone = Linear::fit(&LinearConfig::default(), &names(1), &texts, &labels, None).unwrap();
    let both = trained(&LinearConfig::default());
    for text in ["a dog", "what a plain house number 12!"] {
        let (one, other) = (logits(&alone, text)[0], logits(&both, text)[1]);
        assert!((one - other).abs() < 1e-5, "{one} {other}");
    }
}

#[test]
fn a_weight_of_two_is_two_rows_and_a_share_is_votes() {
    let config = LinearConfig {
        class_weight: ClassWeight::Balanced,
        ..LinearConfig::default()
    };
    let fit = |rows: &[(&str, f64, f64)]| {
        let texts: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let labels: Vec<_> = rows.iter().map(|row| vec![Some(row.1)]).collect();
        let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let model = Linear::fit(
            &config,
            &names(1),
            &texts,
            &labels,
            Some(&|row, _| weights[row]),
        )
        .unwrap();
        logits(&model, "good bad")[0]
    };
    let votes = fit(&[("good", 0.0, 2.0), ("bad", 0.75, 4.0), ("ugly", 1.0, 0.0)]);
    let rows = fit(&[
        ("good", 0.0, 1.0),
        ("good", 0.0, 1.0),
        ("bad", 1.0, 3.0),
        ("bad", 0.0, 1.0),
    ]);
    assert!((votes - rows).abs() < 1e-7, "{votes} {rows}");
}

#[test]
fn contributions_sum_up_to_the_log_odds_and_name_their_ngrams() {
    let model = trained(&LinearConfig::default());
    let text = "what an awful, awful dog!";
    for category in 0..2 {
        let all = model.contributions(text, category, usize::MAX);
        let sum: f64 = all.iter().map(|one| one.log_odds).sum();
        let wanted = logits(&model, text)[category] - model.intercepts[category];
        assert!((sum - wanted).abs() < 1e-5, "{sum} {wanted}");
        let top = model.contributions(text, category, 3);
        assert_eq!(top, all[..3]);
        let word = [" awful", "dog"][category];
        assert!(top.iter().all(|one| one.log_odds > 0.0), "{top:?}");
        assert!(
            top.iter().any(|one| word.contains(one.ngram.trim())),
            "{top:?}"
        );
    }
}

#[test]
fn bytes_bring_the_same_model_back_and_are_the_same_from_any_number_of_threads() {
    let config = LinearConfig {
        l2: 0.3,
        ngrams: NgramConfig {
            characters: None,
            words: Some(Lengths { min: 1, max: 3 }),
            ..NgramConfig::default()
        },
        ..LinearConfig::default()
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| trained(&config))
            .to_bytes()
    };
    let bytes = with(1);
    assert_eq!(bytes, with(3));
    let read = Linear::from_bytes(&bytes).unwrap();
    assert_eq!(read, trained(&config));
    assert_eq!(read.to_bytes(), bytes);
    assert!(bytes.len() < 30_000, "{}", bytes.len());
}

#[test]
fn more_categories_than_are_summed_together() {
    let (texts, labels) = said();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let many: Vec<_> = labels.iter().map(|row| row.repeat(10)).collect();
    let model = Linear::fit(&LinearConfig::default(), &names(20), &texts, &many, None).unwrap();
    let model = Linear::from_bytes(&model.to_bytes()).unwrap();
    let two = logits(&trained(&LinearConfig::default()), "an awful dog");
    assert_eq!(logits(&model, "an awful dog"), two.repeat(10));
    let bucket = model.weights.buckets()[0];
    assert!((model.weights.get(bucket, 17) - model.weights.get(bucket, 1)).abs() < 1e-9);
}

#[test]
fn bytes_of_anything_else_are_refused() {
    let bytes = trained(&LinearConfig::default()).to_bytes();
    let message = |bytes: &[u8]| format!("{:#}", Linear::from_bytes(bytes).unwrap_err());
    for cut in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        let found = message(&bytes[..cut]);
        assert!(found.starts_with("no whole safetensors file"), "{found}");
    }
    let longer = [bytes.clone(), vec![0]].concat();
    assert!(message(&longer).starts_with("no whole safetensors file"));
    let data = [0_u8; 8];
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2], &data);
    let other = safetensors::serialize([("weight", view.unwrap())], None).unwrap();
    assert!(message(&other).contains("no linear model of ragkit's"));

    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let text = bytes.windows(from.len());
        let place = text.into_iter().position(|some| some == from.as_bytes());
        let place = place.unwrap_or_else(|| panic!("`{from}` stands in the file"));
        let mut bytes = bytes.clone();
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        message(&bytes)
    };
    assert!(replaced(r#"\"format\":1"#, r#"\"format\":2"#).contains("of format 2"));
    assert!(replaced(r#"\"bits\":20"#, r#"\"bits\":99"#).contains("`ngrams.bits`"));
    assert!(replaced(r#"\"bits\":20"#, r#"\"bits\":10"#).contains("ascending numbers below 2^10"));
    assert!(replaced(r#"\"l2\":1.0"#, r#"\"l3\":1.0"#).contains("unknown field `l3`"));
    assert!(replaced(r#""buckets""#, r#""buckens""#).contains("buckets"));
}

#[test]
fn a_category_that_cannot_be_learned_is_named() {
    let message = |labels: [[Option<f64>; 2]; 2], weights: Option<&[f64]>| {
        let labels = labels.map(|row| row.to_vec());
        let weigh = weights.map(|weights| move |row: usize, _: usize| weights[row]);
        let weights = weigh
            .as_ref()
            .map(|weigh| weigh as &(dyn Fn(usize, usize) -> f64 + Sync));
        let found = Linear::fit(
            &LinearConfig::default(),
            &names(2),
            &["a", "b"],
            &labels,
            weights,
        );
        format!("{:#}", found.unwrap_err())
    };
    let (yes, no) = (Some(1.0), Some(0.0));
    assert_eq!(
        message([[yes, None], [no, None]], None),
        "category `c1`: no text has a known label; leave the category out"
    );
    assert_eq!(
        message([[yes, no], [no, no]], None),
        "category `c1`: none of the 2 texts with a known label is positive; give it some, or leave the category out"
    );
    assert!(
        message([[yes, yes], [yes, no]], None)
            .contains("`c0`: none of the 2 texts with a known label is negative")
    );
    assert!(
        message([[yes, no], [no, Some(1.5)]], None).contains("a label must be 0 to 1, and is 1.5")
    );
    assert!(message([[yes, no], [no, Some(f64::NAN)]], None).contains("is NaN"));
    // A text that counts for nothing is none.
    assert!(message([[yes, no], [no, yes]], Some(&[0.0, 1.0])).contains("is positive"));
    assert!(message([[yes, no], [no, yes]], Some(&[-1.0, 1.0])).contains("a number of 0 or more"));
    let nothing = Linear::fit(&LinearConfig::default(), &[], &["a"], &[vec![]], None);
    assert!(nothing.unwrap_err().to_string().contains("no category"));
    let short = Linear::fit(&LinearConfig::default(), &names(1), &["a"], &[], None);
    assert!(short.unwrap_err().to_string().contains("each text needs"));
    let config = LinearConfig {
        l2: 0.0,
        ..LinearConfig::default()
    };
    let free = Linear::fit(&config, &names(1), &["a"], &[vec![yes]], None);
    assert!(free.unwrap_err().to_string().contains("`linear.l2`"));
}
