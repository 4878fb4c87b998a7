//! Scores of answers, against those of `rouge_score`, SQuAD's and MLQA's scripts and scikit-learn (`golden/README.md`).

use std::collections::BTreeMap;
use std::path::Path;

use ragkit::metrics::Better;
use ragkit::metrics::answer::{
    AnswerFacts, AnswerMetric, Normalisation, SentenceFacts, average_precision, exact_match,
    nugget_recall, relevance, rouge_l, rouge_n, token_f1,
};
use serde_json::Value;

use crate::golden::golden;
use crate::real_data::data_folder;

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter().map(|one| text(one).to_owned()).collect()
}

fn normalisation(case: &Value) -> Normalisation {
    serde_json::from_value(case["language"].clone()).unwrap()
}

#[track_caller]
pub fn same(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() < 1e-12,
        "{what}: {found}, the other tool says {expected}"
    );
}

pub fn metric(name: &str) -> AnswerMetric {
    name.parse().unwrap()
}

#[test]
fn words_and_overlaps_are_those_of_the_official_scripts() {
    let golden = golden("answers");
    let cases = golden["texts"].as_array().unwrap();
    assert!(cases.len() >= 200);
    for case in cases {
        let (answer, golds, normalisation) = (
            text(&case["answer"]),
            texts(&case["golds"]),
            normalisation(case),
        );
        let words = normalisation.words(answer);
        assert_eq!(words, texts(&case["words"]), "words of `{answer}`");
        for (gold, expected) in golds.iter().zip(case["pairs"].as_array().unwrap()) {
            let what = format!("`{answer}` against `{gold}`");
            let exact = f64::from(u8::from(exact_match(answer, gold, normalisation)));
            let f1 = token_f1(answer, gold, normalisation);
            same(exact, &expected["EM"], &what);
            same(f1, &expected["F1"], &what);
            // Version 1.1 gives two texts without words no F1, although they match.
            if !words.is_empty() || !normalisation.words(gold).is_empty() {
                same(f1, &expected["F1_v1"], &what);
            }
            same(
                rouge_n(answer, gold, 1, normalisation),
                &expected["ROUGE"][0],
                &what,
            );
            same(
                rouge_n(answer, gold, 2, normalisation),
                &expected["ROUGE"][1],
                &what,
            );
            same(
                rouge_l(answer, gold, normalisation),
                &expected["ROUGE"][2],
                &what,
            );
        }
        let facts = AnswerFacts {
            text: answer,
            golds: &golds,
            normalisation,
            ..AnswerFacts::default()
        };
        same(metric("EM").score(&facts).unwrap(), &case["EM"], answer);
        same(metric("F1").score(&facts).unwrap(), &case["F1"], answer);
        for (place, name) in ["ROUGE-1", "ROUGE-2", "ROUGE-L"].iter().enumerate() {
            match metric(name).score(&facts) {
                Some(score) => same(score, &case["ROUGE"][place], answer),
                None => assert!(case["ROUGE"].is_null(), "{name} of `{answer}`"),
            }
        }
    }
}

/// Texts of up to 10,000 tokens, by the formula in `answers.json`.
#[test]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small whole numbers"
)]
fn long_texts_are_scored_too() {
    let made = |shape: &Value| -> String {
        let [count, vocabulary, shift] =
            [0, 1, 2].map(|place| shape[place].as_u64().unwrap() as u32);
        let token = |i: u32| {
            let h = f64::from((i + shift).wrapping_mul(2_654_435_761)) / 4_294_967_296.0;
            format!("w{} ", (h * h * f64::from(vocabulary)) as u32)
        };
        (0..count).map(token).collect()
    };
    let golden = golden("answers");
    for case in golden["longs"].as_array().unwrap() {
        let found = rouge_l(
            &made(&case["answer"]),
            &made(&case["gold"]),
            Normalisation::En,
        );
        same(found, &case["ROUGE-L"], &case["answer"].to_string());
    }
}

#[test]
fn nuggets_are_found_where_every_window_is_looked_at() {
    let golden = golden("answers");
    for case in golden["nuggets"].as_array().unwrap() {
        let (answer, nuggets) = (text(&case["answer"]), texts(&case["nuggets"]));
        let found = nugget_recall(
            answer,
            nuggets.iter().map(String::as_str),
            normalisation(case),
        );
        match found {
            Some(found) => same(found, &case["recall"], answer),
            None => assert!(case["recall"].is_null(), "{answer}"),
        }
    }
}

#[test]
fn cosines_and_average_precision_are_those_of_scikit_learn() {
    let golden = golden("answers");
    for case in golden["cosines"].as_array().unwrap() {
        let terms = |name: &str| -> BTreeMap<String, f64> {
            serde_json::from_value(case[name].clone()).unwrap()
        };
        let found = relevance(&terms("question"), &terms("answer")).unwrap();
        same(found, &case["cosine"], &case["question"].to_string());
    }
    for case in golden["average_precision"].as_array().unwrap() {
        let relevant: Vec<bool> = serde_json::from_value(case["relevant"].clone()).unwrap();
        same(
            average_precision(&relevant),
            &case["AP"],
            &case["relevant"].to_string(),
        );
    }
}

/// What is known of a good answer to a question that has one.
fn good<'a>(golds: &'a [String], nuggets: &'a [String]) -> AnswerFacts<'a> {
    const CLAIMS: [SentenceFacts; 3] = [
        SentenceFacts {
            claims: true,
            cited: true,
            noise: Some(false),
        },
        SentenceFacts {
            claims: true,
            cited: false,
            noise: Some(true),
        },
        SentenceFacts {
            claims: false,
            cited: false,
            noise: Some(true),
        },
    ];
    AnswerFacts {
        text: "Otters eat fish and 7 crabs.",
        answerable: Some(true),
        golds,
        nuggets,
        sources: &[false, true, false, true],
        relevant: &[true, false, false],
        citations: &[true, false, true, false, true],
        invented: 1,
        sentences: &CLAIMS,
        claims: Some(&[true, false, true]),
        agreement: Some(0.625),
        relevance: Some(0.25),
        confidence: Some(0.75),
        review: Some(true),
        ..AnswerFacts::default()
    }
}

/// Of a good answer, a refused one, both to a question without an answer, and one of which nothing is known. The good one
/// has six words, the gold answers three: three in common; two of the five pairs of words are those of a gold answer.
const VALUES: [&str; 21] = [
    "EM                  0     0     0    1    -",
    "F1                  2/3   0     0    1    -",
    "ROUGE-1             2/3   0     -    -    -",
    "ROUGE-2             4/7   0     -    -    -",
    "ROUGE-L             2/3   0     -    -    -",
    "NuggetRecall        1/2   0     -    -    -",
    "AnswerRelevance     1/4   0     1/4  -    -",
    "ContextPrecision    1/2   1/2   1/2  1/2  -",
    "ContextAP           1/2   1/2   1/2  1/2  -",
    "ContextRecall       1/3   1/3   1/3  1/3  -",
    "CitationPrecision   3/5   -     3/5  -    -",
    "CitationRecall      1/2   -     1/2  -    -",
    "InventedCitations   1     1     1    1    0",
    "RefusalAccuracy     1     0     0    1    -",
    "RefusalRate         0     1     0    1    0",
    "NoiseSensitivity    1/2   -     1/2  -    -",
    "Faithfulness        2/3   -     2/3  -    -",
    "ClaimlessRate       0     1     0    1    -",
    "JudgeAgreement      5/8   5/8   5/8  5/8  -",
    "ReviewRate          1     1     1    1    -",
    "Confidence          3/4   3/4   3/4  3/4  -",
];

#[test]
fn every_metric_says_when_it_applies() {
    let (golds, nuggets) = (
        ["fish and crabs".to_owned(), "Otters eat fish.".to_owned()],
        ["otters eat fish".to_owned(), "eat 8 crabs".to_owned()],
    );
    let good = good(&golds, &nuggets);
    let refused = AnswerFacts {
        refused: true,
        text: "I don't know whether otters eat fish and crabs.",
        ..good
    };
    let hopeless = AnswerFacts {
        answerable: Some(false),
        ..good
    };
    let rightly_refused = AnswerFacts {
        answerable: Some(false),
        ..refused
    };
    let nothing = AnswerFacts {
        text: "Otters.",
        ..AnswerFacts::default()
    };
    let all: Vec<AnswerMetric> = VALUES
        .iter()
        .map(|row| metric(row.split_once(' ').unwrap().0))
        .collect();
    assert_eq!(all, AnswerMetric::ALL);
    for row in VALUES {
        let mut row = row.split_whitespace();
        let name = row.next().unwrap();
        let answers = [good, refused, hopeless, rightly_refused, nothing];
        for (place, (facts, expected)) in answers.iter().zip(row).enumerate() {
            let (above, below) = expected.split_once('/').unwrap_or((expected, "1"));
            let close = match metric(name).score(facts) {
                Some(found) => above.parse().is_ok_and(|above: f64| {
                    (found - above / below.parse::<f64>().unwrap()).abs() < 1e-12
                }),
                None => expected == "-",
            };
            let found = metric(name).score(facts);
            assert!(
                close,
                "{name} of answer {place}: {found:?} and not {expected}"
            );
        }
    }
    // An empty answer refuses as SQuAD has it, and a gold answer without a word asks for that.
    let empty = AnswerFacts {
        text: " … ",
        answerable: Some(false),
        ..good
    };
    let no_gold = [String::new()];
    assert_eq!(
        metric("EM").score(&AnswerFacts {
            normalisation: Normalisation::De,
            ..empty
        }),
        Some(1.0)
    );
    assert_eq!(
        metric("F1").score(&AnswerFacts {
            answerable: None,
            golds: &no_gold,
            ..good
        }),
        Some(0.0)
    );
    assert_eq!(
        metric("F1").score(&AnswerFacts {
            answerable: None,
            golds: &no_gold,
            ..refused
        }),
        Some(1.0)
    );
    assert_eq!(
        metric("ContextPrecision").score(&AnswerFacts {
            sources: &[],
            ..good
        }),
        Some(0.0)
    );
    assert_eq!(
        metric("CitationPrecision").score(&AnswerFacts {
            citations: &[],
            ..good
        }),
        None
    );
}

#[test]
fn names_are_read_in_any_case_and_written_in_one() {
    for (given, name) in [
        ("em", "EM"),
        ("exact_match", "EM"),
        ("f1", "F1"),
        ("rouge-l", "ROUGE-L"),
        ("rougeL", "ROUGE-L"),
        ("ROUGE_1", "ROUGE-1"),
        ("nuggetrecall", "NuggetRecall"),
        ("context_ap", "ContextAP"),
        ("INVENTEDCITATIONS", "InventedCitations"),
    ] {
        assert_eq!(metric(given).to_string(), name);
    }
    assert_eq!(AnswerMetric::named("nDCG@10"), None);
    assert_eq!(
        AnswerMetric::named("faithfulness"),
        Some(AnswerMetric::Faithfulness)
    );
    let message = "BLEU".parse::<AnswerMetric>().unwrap_err();
    assert!(
        message.contains("expected one of EM, F1, ROUGE-1,"),
        "{message}"
    );
    for metric in AnswerMetric::ALL {
        let facts = metric.facts(Normalisation::De);
        assert_eq!(facts.name.parse(), Ok(metric));
        let lower = [
            "InventedCitations",
            "RefusalRate",
            "NoiseSensitivity",
            "ClaimlessRate",
            "ReviewRate",
        ];
        assert_eq!(
            facts.better == Better::Lower,
            lower.contains(&facts.name.as_str())
        );
        assert!(facts.convention.len() > 20, "{}", facts.name);
    }
    let convention = metric("F1").facts(Normalisation::De).convention;
    assert!(
        convention.contains("punctuation and ein, eine, einen, "),
        "{convention}"
    );
}

pub fn json(data: &Path, file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(data.join(file)).unwrap()).unwrap()
}

/// Holds the means of a golden section against those of answers and their gold answers.
fn means_are(expected: &Value, rows: &[(String, Vec<String>)], normalisation: Normalisation) {
    for (name, expected) in expected.as_object().unwrap() {
        let score = |(answer, golds): &(String, Vec<String>)| {
            let facts = AnswerFacts {
                text: answer,
                golds,
                normalisation,
                ..AnswerFacts::default()
            };
            metric(name).score(&facts).unwrap()
        };
        same(
            rows.iter().map(score).sum::<f64>() / rows.len() as f64,
            expected,
            name,
        );
    }
}

#[test]
fn pubmedqa_scores_as_the_other_tools_say() {
    let Some(data) = data_folder() else { return };
    let rows = json(&data, "rag/pubmedqa/ori_pqal.json");
    let rows: Vec<(String, Vec<String>)> = rows
        .as_object()
        .unwrap()
        .values()
        .map(|row| {
            let context = text(row["CONTEXTS"].as_array().unwrap().last().unwrap());
            let sentence = context.rsplit(". ").next().unwrap();
            (
                sentence.to_owned(),
                vec![text(&row["LONG_ANSWER"]).to_owned()],
            )
        })
        .collect();
    assert_eq!(rows.len(), 1000);
    means_are(&golden("answers")["pubmedqa"], &rows, Normalisation::En);
}

#[test]
#[expect(clippy::cast_possible_truncation, reason = "places in a text")]
fn german_answers_score_as_mlqa_has_it() {
    let Some(data) = data_folder() else { return };
    let mut rows = Vec::new();
    for article in json(&data, "rag/xquad/xquad.de.json")["data"]
        .as_array()
        .unwrap()
    {
        for paragraph in article["paragraphs"].as_array().unwrap() {
            let context: Vec<char> = text(&paragraph["context"]).chars().collect();
            for question in paragraph["qas"].as_array().unwrap() {
                let golds = question["answers"].as_array().unwrap();
                let golds: Vec<String> = golds
                    .iter()
                    .map(|gold| text(&gold["text"]).to_owned())
                    .collect();
                let start = question["answers"][0]["answer_start"].as_u64().unwrap() as usize;
                let end = context.len().min(start + golds[0].chars().count() + 8);
                rows.push((
                    context[start.saturating_sub(8)..end].iter().collect(),
                    golds,
                ));
            }
        }
    }
    assert_eq!(rows.len(), 1190);
    means_are(&golden("answers")["xquad_de"], &rows, Normalisation::De);
}

/// Without nuggets the gold answers stand for them, each by itself: any of them will do.
#[test]
fn a_gold_answer_stands_for_nuggets_that_are_not_there() {
    let golds = ["nine million".to_owned(), "a lot of money".to_owned()];
    let value = |text: &str, nuggets: &[String], refused: bool| {
        AnswerMetric::NuggetRecall.score(&AnswerFacts {
            text,
            refused,
            golds: &golds,
            nuggets,
            answerable: Some(true),
            ..AnswerFacts::default()
        })
    };
    assert_eq!(value("It is worth nine million.", &[], false), Some(1.0));
    assert_eq!(value("It is worth ten million.", &[], false), Some(0.0));
    assert_eq!(value("It is worth nine million.", &[], true), Some(0.0));
    let nuggets = ["in March".to_owned(), "nine million".to_owned()];
    assert_eq!(
        value("It is worth nine million.", &nuggets, false),
        Some(0.5)
    );
}
