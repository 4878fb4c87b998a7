//! N-grams against scikit-learn's (`tests/golden/oracle/s26_linear.py`), and rows by hand.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::*;

type Counts = BTreeMap<String, u32>;

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    min: usize,
    max: usize,
    characters: Vec<Counts>,
    words: Vec<Counts>,
}

fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/moderation_ngrams.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn row(config: &NgramConfig, text: &str) -> SparseRow {
    let mut row = SparseRow::default();
    Ngrams::new(config).unwrap().row(text, &mut row);
    row
}

fn only(family: Family, lengths: Lengths) -> NgramConfig {
    let some = |wanted| (family == wanted).then_some(lengths);
    NgramConfig {
        characters: some(Family::Characters),
        words: some(Family::Words),
        bits: 24,
        values: NgramValues::Sublinear,
        ..NgramConfig::default()
    }
}

#[test]
fn ngrams_are_those_of_scikit_learn_each_as_often() {
    let golden = golden();
    let mut checked = 0;
    for case in &golden.cases {
        for (place, text) in golden.texts.iter().enumerate() {
            let mut found = Counts::new();
            let lengths = Lengths {
                min: case.min,
                max: case.max,
            };
            grams::characters(text, lengths, &mut Vec::new(), |_, ngram| {
                *found.entry(ngram.iter().collect()).or_default() += 1;
            });
            assert_eq!(found, case.characters[place], "{text:?} {lengths:?}");
            checked += found.len();

            let mut found = Counts::new();
            let lengths = Lengths {
                max: case.max.min(5),
                ..lengths
            };
            grams::words(text, lengths, &mut Vec::new(), |_, ngram| {
                let words: Vec<&str> = ngram.iter().map(|w| &text[w.begin..w.end]).collect();
                *found.entry(words.join(" ")).or_default() += 1;
            });
            assert_eq!(found, case.words[place], "{text:?} {lengths:?}");
            checked += found.len();
        }
    }
    assert!(checked > 2000, "{checked}");
}

#[test]
fn a_row_counts_what_scikit_learn_counts() {
    let golden = golden();
    let mut repeated = 0;
    for case in &golden.cases {
        for (place, text) in golden.texts.iter().enumerate() {
            let lengths = Lengths {
                min: case.min,
                max: case.max.min(5).max(case.min),
            };
            if lengths.max != case.max {
                continue;
            }
            let families = [
                (Family::Characters, &case.characters[place]),
                (Family::Words, &case.words[place]),
            ];
            for (family, counts) in families {
                let config = only(family, lengths);
                let row = row(&config, text);
                let names = Ngrams::new(&config).unwrap().names(text);
                let found: BTreeSet<&String> = names.values().flatten().collect();
                assert_eq!(found, counts.keys().collect());
                // 24 bits hold these few apart.
                assert!(names.values().all(|names| names.len() == 1));
                let buckets: Vec<u32> = names.keys().map(|(_, bucket)| *bucket).collect();
                assert_eq!(row.indices(), buckets);
                let square: f64 = counts.values().map(|c| value(*c).powi(2)).sum();
                for (names, found) in names.values().zip(row.values()) {
                    let count = counts[&names[0]];
                    repeated += usize::from(count > 1);
                    let wanted = value(count) / square.sqrt();
                    assert!((f64::from(*found) - wanted).abs() < 1e-6, "{text:?}");
                }
            }
        }
    }
    assert!(repeated > 100, "{repeated}");
}

fn value(count: u32) -> f64 {
    1.0 + f64::from(count).ln()
}

#[test]
fn families_are_normalised_each_for_itself_or_together() {
    let square = |values: &[f32]| -> f32 { values.iter().map(|value| value * value).sum() };
    let text = "no no never, said the raven";
    let mut config = NgramConfig::default();
    let family = row(&config, text);
    let of_words = Ngrams::new(&config)
        .unwrap()
        .names(text)
        .keys()
        .filter(|(family, _)| *family == Family::Words)
        .count();
    assert_eq!(of_words, 5 + 5);
    let (characters, words) = family.values().split_at(family.values().len() - of_words);
    assert!((square(characters) - 1.0).abs() < 1e-5);
    assert!((square(words) - 1.0).abs() < 1e-5);
    config.normalisation = Normalisation::Joint;
    let joint = row(&config, text);
    assert_eq!(joint.indices(), family.indices());
    assert!((square(joint.values()) - 1.0).abs() < 1e-5);
    // Binary values are alike.
    assert!(
        joint
            .values()
            .iter()
            .all(|v| (v - joint.values()[0]).abs() < 1e-7)
    );
    for normalisation in [Normalisation::Family, Normalisation::Joint] {
        config.normalisation = normalisation;
        assert!(row(&config, " \n ").indices().is_empty());
        // Characters but no word.
        assert!(
            row(&config, "!?")
                .values()
                .iter()
                .all(|value| value.is_finite())
        );
    }
}

#[test]
fn buffers_keep_nothing_of_the_text_before() {
    let ngrams = Ngrams::new(&NgramConfig::default()).unwrap();
    let mut used = SparseRow::default();
    ngrams.row("a much longer text came first, with more words", &mut used);
    ngrams.row("short one", &mut used);
    let fresh = row(&NgramConfig::default(), "short one");
    assert_eq!(used.indices(), fresh.indices());
    assert_eq!(used.values(), fresh.values());
}

/// Trained models hold buckets: where this fails, models of earlier versions are useless, and `FORMAT` of their files has to count up.
#[test]
fn the_hash_does_not_change() {
    let config = NgramConfig {
        characters: Some(Lengths { min: 3, max: 3 }),
        words: Some(Lengths { min: 1, max: 2 }),
        ..NgramConfig::default()
    };
    let names = Ngrams::new(&config).unwrap().names("né ab");
    let found: Vec<(u32, &str)> = names
        .iter()
        .map(|((_, bucket), names)| (*bucket, names[0].as_str()))
        .collect();
    let characters = [
        (217_898, "ab "),
        (657_395, " ab"),
        (668_256, "né "),
        (885_797, " né"),
    ];
    let words = [(13_131, "né"), (43_508, "né ab"), (372_272, "ab")];
    assert_eq!(found, [&characters[..], &words[..]].concat());
}

/// As many buckets are shared as chance has it, for strings that differ little.
#[test]
fn the_hash_spreads_as_chance_does() {
    let numbers: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    let text = numbers.join(" ");
    let config = NgramConfig {
        words: Some(Lengths { min: 1, max: 2 }),
        characters: Some(Lengths { min: 4, max: 7 }),
        bits: 16,
        ..NgramConfig::default()
    };
    for family in [Family::Characters, Family::Words] {
        let names = Ngrams::new(&config).unwrap().names(&text);
        let of_family = names.iter().filter(|((found, _), _)| *found == family);
        let (mut met, mut ngrams) = (0.0, 0.0);
        for (_, names) in of_family {
            met += 1.0;
            ngrams += names.len() as f64;
        }
        let buckets = f64::from(1 << 16);
        let empty = (-ngrams / buckets).exp();
        let expected = buckets * (1.0 - empty);
        let deviation = (buckets * empty * (1.0 - empty)).sqrt();
        assert!(
            f64::abs(met - expected) < 4.0 * deviation,
            "{family:?}: {ngrams} n-grams in {met} buckets, expected {expected} ± {deviation}"
        );
    }
}

#[test]
fn settings_have_defaults_and_are_checked() {
    let read = |text: &str| toml::from_str::<NgramConfig>(text);
    let words = read("words = { min = 1, max = 1 }\nvalues = \"sublinear\"").unwrap();
    assert_eq!(words.characters, None);
    assert_eq!((words.bits, words.values), (20, NgramValues::Sublinear));
    assert!(read("word = 1").is_err());
    assert_eq!(NgramConfig::default().validate(), Ok(()));
    let whole = toml::to_string(&NgramConfig::default()).unwrap();
    assert_eq!(read(&whole).unwrap(), NgramConfig::default());
    for (text, field) in [
        ("bits = 18", "`ngrams` has no family"),
        ("words = { min = 0, max = 1 }", "`ngrams.words`"),
        ("words = { min = 1, max = 6 }", "`ngrams.words`"),
        ("characters = { min = 3, max = 2 }", "`ngrams.characters`"),
        ("words = { min = 1, max = 2 }\nbits = 25", "`ngrams.bits`"),
    ] {
        let message = Ngrams::new(&read(text).unwrap()).unwrap_err();
        assert!(message.contains(field), "{message}");
    }
}
