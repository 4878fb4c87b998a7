//! Verdicts of small models with made-up weights; `tests/golden/oracle/s23_classifier.py` makes the golden figures.

mod config;

use std::collections::BTreeMap;
use std::ops::Range;

use fs_err as fs;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::faithfulness::Context;
use crate::models::made;

#[derive(Deserialize)]
struct Golden {
    models: Vec<Made>,
    subjects: Vec<Given>,
    template: String,
}

#[derive(Deserialize)]
struct Made {
    name: String,
    tokenizer: String,
    head: HeadKind,
    files: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    /// Support of each sentence of each subject, and the number of the best context.
    #[serde(default)]
    verdicts: Vec<Vec<(f64, u32)>>,
}

#[derive(Deserialize)]
struct Given {
    question: String,
    sentences: Vec<String>,
    /// Texts, and what stands with them.
    contexts: Vec<(String, String)>,
}

fn golden() -> (Golden, BTreeMap<String, Value>) {
    #[derive(Deserialize)]
    struct Tiny {
        tokenizers: BTreeMap<String, Value>,
    }
    let tiny = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/encoder_tiny.json"
    ));
    let golden = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/faithfulness_classifier.json"
    ));
    let tiny: Tiny = serde_json::from_str(tiny).unwrap();
    (serde_json::from_str(golden).unwrap(), tiny.tokenizers)
}

impl Golden {
    fn folder(&self, name: &str, tokenizers: &BTreeMap<String, Value>) -> TempDir {
        let model = self.models.iter().find(|one| one.name == name).unwrap();
        made::folder(&model.files, &tokenizers[&model.tokenizer], &model.tensors)
    }
}

/// An answer with the places of its sentences.
struct Written {
    answer: String,
    sentences: Vec<Range<usize>>,
}

impl Written {
    fn of(sentences: &[impl AsRef<str>]) -> Self {
        let mut written = Self {
            answer: String::new(),
            sentences: Vec::new(),
        };
        for sentence in sentences {
            if !written.answer.is_empty() {
                written.answer.push(' ');
            }
            let start = written.answer.len();
            written.answer.push_str(sentence.as_ref());
            written.sentences.push(start..written.answer.len());
        }
        written
    }

    fn subject<'a>(&'a self, question: &'a str, contexts: &[(&'a str, &'a str)]) -> Subject<'a> {
        let contexts = contexts.iter();
        Subject {
            question,
            answer: &self.answer,
            sentences: &self.sentences,
            contexts: contexts
                .map(|&(text, about)| Context { text, about })
                .collect(),
            set: None,
        }
    }
}

fn on(folder: &TempDir) -> ClassifierConfig {
    ClassifierConfig {
        device: Device::Cpu,
        ..ClassifierConfig::at(folder.path().to_str().unwrap())
    }
}

fn only(classifier: &Classifier, subject: &Subject<'_>) -> Verdict {
    let mut verdicts = classifier.score(std::slice::from_ref(subject));
    assert_eq!(verdicts.len(), 1);
    verdicts.remove(0).unwrap()
}

fn supports(verdict: &Verdict) -> Vec<f64> {
    verdict.claims.iter().map(|claim| claim.support).collect()
}

#[test]
fn claims_are_supported_as_the_reference_says() {
    let (golden, tokenizers) = golden();
    let written: Vec<Written> = golden
        .subjects
        .iter()
        .map(|given| Written::of(&given.sentences))
        .collect();
    let subjects: Vec<Subject<'_>> = golden
        .subjects
        .iter()
        .zip(&written)
        .map(|(given, written)| {
            let contexts = given.contexts.iter();
            let contexts: Vec<(&str, &str)> = contexts
                .map(|(text, about)| (text.as_str(), about.as_str()))
                .collect();
            written.subject(&given.question, &contexts)
        })
        .collect();
    let mut judged = 0;
    for model in golden.models.iter().filter(|one| !one.verdicts.is_empty()) {
        let folder = golden.folder(&model.name, &tokenizers);
        let config = ClassifierConfig {
            template: Some(golden.template.clone()),
            ..on(&folder)
        };
        config.validate().unwrap();
        let classifier = Classifier::open(&config).unwrap();
        let together = classifier.score(&subjects);
        for ((subject, verdict), expected) in subjects.iter().zip(together).zip(&model.verdicts) {
            let verdict = verdict.unwrap();
            assert_eq!(only(&classifier, subject), verdict, "{}", model.name);
            assert_eq!(verdict.degraded, None);
            assert_eq!(verdict.claims.len(), expected.len());
            for ((claim, range), (support, source)) in
                verdict.claims.iter().zip(subject.sentences).zip(expected)
            {
                let difference = (claim.support - support).abs();
                assert!(difference < 2e-5, "{}: {difference}", model.name);
                assert_eq!(claim.supported, claim.support >= 0.5);
                assert_eq!((claim.start, claim.end), (range.start, range.end));
                let evidence = claim.evidence.as_ref();
                assert_eq!(evidence.map_or(0, |evidence| evidence.source), *source);
                if let Some(evidence) = evidence {
                    let text = subject.contexts[evidence.source as usize - 1].text;
                    assert_eq!(evidence.start..evidence.end, 0..text.len());
                }
                judged += 1;
            }
        }
    }
    assert_eq!(judged, 24);
}

/// Sentences that differ, so that their windows do.
fn long_text() -> String {
    let sentences = (0..40).map(|place| {
        let ships = "ships ".repeat(1 + place * 5 % 7);
        format!("River {place} has {ships}and {} bridges.", place * 3)
    });
    sentences.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_best_window_of_a_long_context_supports_a_claim() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("deberta-v3", &tokenizers);
    let long = long_text();
    let written = Written::of(&["River 20 has bridges.", "The sea is in France."]);
    let subject = written.subject("", &[("A query is short.", ""), (&long, "Rivers")]);
    for window_tokens in [None, Some(40), Some(15)] {
        let classifier = Classifier::open(&ClassifierConfig {
            window_tokens,
            overlap_tokens: 12,
            ..on(&folder)
        })
        .unwrap();
        let verdict = only(&classifier, &subject);
        let Model::Sequences(model) = &classifier.model else {
            panic!("a model of sequences");
        };
        for (claim, sentence) in verdict.claims.iter().zip(&written.sentences) {
            let sentence = &written.answer[sentence.clone()];
            let evidence = claim.evidence.as_ref().unwrap();
            let of = |premise: &str| {
                let logits = model.logits_of_pairs(&[(premise, sentence)]).unwrap();
                classifier.meaning.support(logits.row(0), false)
            };
            // The evidence alone supports the claim as well, whatever else there is.
            let text = subject.contexts[evidence.source as usize - 1].text;
            let window = &text[evidence.start..evidence.end];
            assert!(window.len() < long.len() / 3 && window.ends_with('.'));
            let premise = match evidence.source {
                1 => window.to_owned(),
                _ => format!("Rivers\n{window}"),
            };
            assert!((of(&premise) - claim.support).abs() < 1e-12);
            let tokens = classifier.tokens.of(&premise).unwrap().len();
            let own = classifier.tokens.of(sentence).unwrap().len();
            assert!(tokens + own <= model.pair_tokens());
            assert!(claim.support >= of("A query is short."));
        }
        // Contexts are apart: more of them never support a claim less.
        let fewer = Subject {
            contexts: subject.contexts[..1].to_vec(),
            ..subject.clone()
        };
        for (claim, fewer) in verdict.claims.iter().zip(only(&classifier, &fewer).claims) {
            assert!(claim.support >= fewer.support);
        }
    }
}

#[test]
fn answers_and_contexts_of_any_length_are_read_by_a_model_of_tokens() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("modernbert-token", &tokenizers);
    let long = long_text();
    let sentences: Vec<String> = (0..30)
        .map(|place| format!("Ship {place} is at sea."))
        .collect();
    let written = Written::of(&sentences);
    let contexts = [
        (long.as_str(), "Rivers"),
        ("A query is short.", ""),
        (&long, ""),
    ];
    let subject = written.subject("Where are the ships?", &contexts);
    for template in [None, Some("{contexts}".to_owned())] {
        let classifier = Classifier::open(&ClassifierConfig {
            template,
            ..on(&folder)
        })
        .unwrap();
        let verdict = only(&classifier, &subject);
        assert_eq!(verdict.degraded, None);
        assert_eq!(verdict.claims.len(), 30);
        assert!(
            supports(&verdict)
                .iter()
                .all(|one| (0.0..=1.0).contains(one))
        );
        assert!(
            supports(&verdict)
                .iter()
                .any(|one| one.to_bits() != verdict.claims[0].support.to_bits())
        );
    }
}

#[test]
fn another_window_never_takes_support_from_a_token() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("modernbert-token", &tokenizers);
    let classifier = Classifier::open(&ClassifierConfig {
        template: Some("{contexts}".to_owned()),
        window_tokens: Some(50),
        ..on(&folder)
    })
    .unwrap();
    let long = long_text();
    let cut = long.find("River 4 ").unwrap();
    let written = Written::of(&["River 1 has ships.", "Bridges are in Zürich."]);
    let few = supports(&only(
        &classifier,
        &written.subject("", &[(&long[..cut], "")]),
    ));
    let all = supports(&only(&classifier, &written.subject("", &[(&long, "")])));
    for (few, all) in few.iter().zip(&all) {
        assert!(all >= few, "{all} {few}");
    }
    assert_ne!(few, all);
}

#[test]
fn nothing_claimed_and_nothing_given() {
    let (golden, tokenizers) = golden();
    for name in ["deberta-v3", "modernbert-token"] {
        let folder = golden.folder(name, &tokenizers);
        let classifier = Classifier::open(&on(&folder)).unwrap();
        let nothing = Written::of(&[""; 0]);
        let verdict = only(&classifier, &nothing.subject("Q", &[("the sea", "")]));
        assert_eq!(verdict, Verdict::default());
        let written = Written::of(&["The sea.", "A river."]);
        for contexts in [&[][..], &[("", "")], &[(" \n", "title")]] {
            let verdict = only(&classifier, &written.subject("", contexts));
            assert_eq!(supports(&verdict), [0.0, 0.0], "{name}");
            assert_eq!(verdict.degraded, None);
            assert!(verdict.claims.iter().all(|claim| claim.evidence.is_none()));
        }
    }
}

#[test]
fn an_answer_can_be_one_claim() {
    let (golden, tokenizers) = golden();
    let written = Written::of(&["Ships pass.", "The river is in France!"]);
    let subject = written.subject("", &[("42 ships & the sea", "")]);
    for name in ["deberta-v3", "deberta-v3-token"] {
        let folder = golden.folder(name, &tokenizers);
        let sentences = Classifier::open(&on(&folder)).unwrap();
        let whole = Classifier::open(&ClassifierConfig {
            granularity: Granularity::Answer,
            threshold: 0.0,
            ..on(&folder)
        })
        .unwrap();
        let verdict = only(&whole, &subject);
        let [claim] = verdict.claims.as_slice() else {
            panic!("one claim");
        };
        assert_eq!((claim.start, claim.end), (0, written.answer.len()));
        assert!(claim.supported);
        assert_ne!(whole.digest().unwrap(), sentences.digest().unwrap());
        if name == "deberta-v3-token" {
            // The same tokens in the same window.
            let least = supports(&only(&sentences, &subject));
            let least = least.into_iter().reduce(f64::min).unwrap();
            assert!((claim.support - least).abs() < 1e-12);
        }
    }
}

#[test]
fn a_claim_that_is_too_long_is_cut_and_said_to_be() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("deberta-v3", &tokenizers);
    let classifier = Classifier::open(&on(&folder)).unwrap();
    let written = Written::of(&[long_text().as_str(), "The sea."]);
    let verdict = only(&classifier, &written.subject("", &[(&long_text(), "")]));
    assert_eq!(
        verdict.degraded.unwrap(),
        "1 of 2 claims are longer than the model reads, and lost their ends"
    );
}

#[test]
fn a_subject_that_fails_fails_alone() {
    let (golden, tokenizers) = golden();
    let folder = golden.folder("deberta-v3-binary", &tokenizers);
    // A tokenizer that knows a token which the model does not.
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer = tokenizers["wordpiece"].clone();
    tokenizer["model"]["vocab"]["zebra"] = json!(99_999);
    fs::write(path, tokenizer.to_string()).unwrap();
    let classifier = Classifier::open(&on(&folder)).unwrap();
    let (good, bad) = (Written::of(&["The sea."]), Written::of(&["A zebra."]));
    let contexts = [("the sea", "")];
    let subjects = [bad.subject("", &contexts), good.subject("", &contexts)];
    let [bad, good] = classifier.score(&subjects).try_into().unwrap();
    assert!(
        bad.unwrap_err()
            .contains("gives the token 99999, the model knows")
    );
    assert_eq!(good.unwrap().claims.len(), 1);
}
