//! Authored answers with the counts that a reader expects.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::analysis::AnalyserConfig;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[expect(dead_code, reason = "it is for the reader of the file")]
    about: String,
    /// Title and text by name.
    sources: BTreeMap<String, [String; 2]>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    sources: Vec<String>,
    answer: String,
    claims: usize,
    citations: usize,
    verified: usize,
    invented: usize,
    uncited: usize,
    refused: bool,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "what a reader would count where words alone cannot see it"
    )]
    should: BTreeMap<String, usize>,
    #[serde(default)]
    #[expect(dead_code, reason = "it is for the reader of the file")]
    note: String,
}

fn analyser() -> Analyser {
    Analyser::new(&AnalyserConfig::default()).unwrap()
}

fn read(completion: &str, sources: &[(&str, &str)]) -> Answer {
    let reading = Reading {
        config: CitationsConfig::default(),
        refusal: "I don't have enough information.",
        thinks: false,
        weight: &|_| 1.0,
    };
    let shown: Vec<Source> = sources
        .iter()
        .map(|(title, _)| Source {
            title: (*title).to_owned(),
            ..Source::default()
        })
        .collect();
    let texts = sources
        .iter()
        .zip(&shown)
        .map(|((about, text), source)| SourceText {
            source,
            text,
            about,
        });
    reading.read("", completion, &texts.collect::<Vec<_>>(), &mut analyser())
}

#[test]
fn authored_answers_have_the_counts_that_a_reader_expects() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../tests/golden/citations.json")).unwrap();
    assert!(golden.cases.len() >= 60);
    let mut wrong = Vec::new();
    for case in &golden.cases {
        let sources: Vec<(&str, &str)> = case
            .sources
            .iter()
            .map(|name| {
                let [title, text] = &golden.sources[name];
                (title.as_str(), text.as_str())
            })
            .collect();
        let answer = read(&case.answer, &sources);
        let citations = || {
            answer
                .sentences
                .iter()
                .flat_map(|sentence| &sentence.citations)
        };
        let claiming = || {
            answer
                .sentences
                .iter()
                .filter(|sentence| is_claim(sentence))
        };
        let found = [
            claiming().count(),
            citations().count(),
            citations().filter(|citation| citation.verified).count(),
            citations()
                .filter(|citation| citation.support.is_none())
                .count(),
            claiming()
                .filter(|sentence| sentence.citations.is_empty())
                .count(),
        ];
        let expected = [
            case.claims,
            case.citations,
            case.verified,
            case.invented,
            case.uncited,
        ];
        if found != expected || answer.refused != case.refused {
            wrong.push(format!(
                "{}: {found:?} and {}, expected {expected:?} and {}: {:?}",
                case.name, answer.refused, case.refused, answer.sentences
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        golden.cases.len(),
        wrong.join("\n")
    );
}

const LEAVE: (&str, &str) = (
    "Leave; 2024-03-01",
    "Employees have 30 days of annual leave. Up to 5 days may be carried over.",
);
const TRAVEL: (&str, &str) = ("Travel", "Trips are booked through the travel desk.");

#[test]
fn an_answer_is_taken_apart() {
    let text = "Answer: Employees have 30 days of leave [1][3]. Trips are booked early [1, 2]. Anything else?";
    let answer = read(text, &[LEAVE, TRAVEL]);
    assert_eq!(answer.text, text);
    let shown: Vec<&str> = answer
        .sentences
        .iter()
        .map(|sentence| &text[sentence.start..sentence.end])
        .collect();
    assert_eq!(
        shown,
        [
            "Employees have 30 days of leave [1][3].",
            "Trips are booked early [1, 2].",
            "Anything else?"
        ]
    );
    let citation = |number, support: Option<f64>, verified| Citation {
        number,
        support,
        verified,
    };
    assert_eq!(
        answer.sentences[0].citations,
        [citation(1, Some(1.0), true), citation(3, None, false)]
    );
    // Of `trip`, `book` and `earli` two stand in the second source.
    let share = 2.0 / 3.0;
    assert_eq!(
        answer.sentences[1].citations,
        [
            citation(1, Some(0.0), false),
            citation(2, Some(share), true)
        ]
    );
    let best: Vec<_> = answer
        .sentences
        .iter()
        .map(|sentence| sentence.best)
        .collect();
    assert_eq!(best, [Some((1, 1.0)), Some((2, share)), None]);
    assert!((answer.confidence - 5.0 / 6.0).abs() < 1e-12);
    assert!(!answer.review && !answer.refused);
    assert_eq!(answer.sources.len(), 2);
}

#[test]
fn doubtful_answers_are_for_review_and_refusals_are_not() {
    let reviewed = |text: &str| {
        let answer = read(text, &[LEAVE, TRAVEL]);
        (answer.confidence, answer.review, answer.refused)
    };
    assert_eq!(
        reviewed("Employees have 30 days of annual leave."),
        (0.0, true, false)
    );
    assert_eq!(
        reviewed("Employees have 30 days of annual leave [1]. Cats."),
        (0.5, false, false)
    );
    assert_eq!(
        reviewed("Employees have 30 days of annual leave [1]. Cats. Dogs [2]."),
        (1.0 / 3.0, true, false)
    );
    assert_eq!(
        reviewed("I'm sorry. I don't have enough information. Ask HR."),
        (0.0, false, true)
    );
    // Half of it is an answer, whether it is known or not.
    let mixed = "I could not find a rule on cats, but employees have 30 days of annual leave [1].";
    assert!(!reviewed(mixed).2);
    assert!(reviewed("I looked, but the sources do not mention cats [1].").2);
    assert_eq!(
        reviewed("Yes. Employees have 30 days of annual leave [1]."),
        (1.0, false, false)
    );
    assert_eq!(reviewed(""), (0.0, true, false));
    assert_eq!(reviewed("Which office do you mean?"), (0.0, true, false));
}

#[test]
fn support_is_the_product_of_coverage_and_numbers() {
    let supported = |claim: &str, weight: &dyn Fn(&str) -> f64| {
        let mut analyser = analyser();
        let evidence = EvidenceWords::new(LEAVE.1, LEAVE.0, &mut analyser);
        support(&ClaimWords::new(claim, &mut analyser, weight), &evidence)
    };
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    let even = |_: &str| 1.0;
    // employe, have, dai, leav, whole; then one of two numbers; then one of five terms missing.
    close(supported("Employees have 30 days of leave", &even), 1.0);
    close(
        supported("Employees have 30 or 31 days of leave", &even),
        0.5,
    );
    close(
        supported("Employees have 30 days of paid leave", &even),
        0.8,
    );
    close(
        supported("Employees don't have 30 days of paid leave", &even),
        0.4,
    );
    close(
        supported("Employees have 31 days of paid leave", &even),
        0.0,
    );
    // The title and the date stand with every window.
    close(supported("Leave, as of 2024", &even), 1.0);
    close(supported("30", &even), 1.0);
    close(supported("", &even), 0.0);
    close(supported("Of the", &even), 0.0);
    // The term that is missing tells four times as much as each of the four others, or nothing.
    close(
        supported("Employees have 30 days of paid leave", &|term| {
            if term == "paid" { 4.0 } else { 1.0 }
        }),
        0.5,
    );
    close(
        supported("Employees have 30 days of paid leave", &|term| {
            if term == "paid" { -1.0 } else { 1.0 }
        }),
        1.0,
    );
    close(
        supported("Employees have 30 days of paid leave", &|_| 0.0),
        0.8,
    );
    close(
        supported("Employees have 30 days of paid leave", &|_| f64::NAN),
        0.8,
    );
}

#[test]
fn a_window_is_three_sentences_long() {
    let text = "Ants run. Bees fly. Cats purr. Dogs bark.";
    let supported = |claim: &str| {
        let mut analyser = analyser();
        let evidence = EvidenceWords::new(text, "", &mut analyser);
        support(&ClaimWords::new(claim, &mut analyser, &|_| 1.0), &evidence)
    };
    assert!((supported("ants and cats") - 1.0).abs() < 1e-12);
    assert!((supported("bees and dogs") - 1.0).abs() < 1e-12);
    assert!((supported("ants and dogs") - 0.5).abs() < 1e-12);
}

#[test]
fn what_an_answer_says_is_without_marks_and_thinking() {
    for (completion, expected) in [
        (
            "<thinking>x [1]</thinking>\nAnswer: 30 days [1].",
            "30 days.",
        ),
        ("30 days [1][2]. And 5 more [3]", "30 days. And 5 more"),
        ("A.\n\n- b [1]\n- c", "A.\n\n- b\n- c"),
        ("A [1].\n\nSources:\n[1] b", "A."),
        ("`a[1]` and [sic]", "`a[1]` and [sic]"),
        ("[1]", ""),
        ("", ""),
    ] {
        assert_eq!(said(completion, false), expected, "{completion}");
    }
    assert_eq!(said("Because.\nAnswer: 5", true), "5");
}

#[test]
fn a_config_is_checked() {
    assert!(CitationsConfig::default().validate().is_ok());
    let config: CitationsConfig = toml::from_str("verify_at = 1.5").unwrap();
    assert_eq!(
        config.validate().unwrap_err().to_string(),
        "`verify_at = 1.5` must be a number from 0 to 1"
    );
    assert!(toml::from_str::<CitationsConfig>("verify = 1").is_err());
}

#[test]
fn whatever_a_model_writes_is_read() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let pieces = [
        "[1]",
        "[2, 3]",
        "[9]",
        "[1-3]",
        "【1†a】",
        "[",
        "]",
        "[1](http://x.y)",
        "(",
        ")",
        "`",
        "```",
        "\n",
        "\n\n",
        ". ",
        "! ",
        "? ",
        ": ",
        " ",
        "**",
        "# ",
        "- ",
        "1. ",
        "<thinking>",
        "</thinking>",
        "<think>",
        "</think>",
        "Answer:",
        "Sources:",
        "leave",
        "Employees",
        "30",
        "1,000.5",
        "5 %",
        "not",
        "n't",
        "don’t",
        "März",
        "日本語。",
        "é",
        "👩\u{200d}👧",
        "\u{0}",
        "\\",
        "Source",
        "I don't know",
        "context does not mention",
        "|",
        "\t",
        "'",
        "’",
    ];
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut below = |end: usize| usize::try_from(random.next_u64() % end as u64).unwrap();
    let (mut cited, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let text: String = (0..below(30))
            .map(|_| pieces[below(pieces.len())])
            .collect();
        let answer = read(&text, &[LEAVE, TRAVEL]);
        let mut end = 0;
        for sentence in &answer.sentences {
            assert!(
                end <= sentence.start && sentence.start < sentence.end,
                "{text:?}"
            );
            assert!(text.get(sentence.start..sentence.end).is_some(), "{text:?}");
            end = sentence.end;
            for (place, citation) in sentence.citations.iter().enumerate() {
                assert_eq!(
                    citation.support.is_some(),
                    (1..=2).contains(&citation.number),
                    "{text:?}"
                );
                assert!(
                    !sentence.citations[..place]
                        .iter()
                        .any(|other| other.number == citation.number)
                );
            }
            let supports = sentence
                .citations
                .iter()
                .filter_map(|citation| citation.support);
            let best = sentence.best.map(|(_, support)| support);
            assert!(
                supports
                    .chain(best)
                    .all(|support| (0.0..=1.0).contains(&support)),
                "{text:?}"
            );
            cited += sentence.citations.len();
        }
        assert!((0.0..=1.0).contains(&answer.confidence), "{text:?}");
        refused += usize::from(answer.refused);
        said(&text, true);
    }
    assert!(cited > 10_000 && refused > 100, "{cited} {refused}");
}

#[test]
fn long_answers_take_no_longer_than_they_are() {
    for piece in [
        "[", "`", "`` ` ", "[1](", "[1]", "<think>", "</think>", "1.", "a [1]. ", "\n[1]", "**",
        "- ", "Source: ", "not a, ", "\"", "30,",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        let begin = std::time::Instant::now();
        read(&text, &[LEAVE]);
        let seconds = begin.elapsed().as_secs_f64();
        assert!(seconds < 20.0, "{piece}: {seconds} s");
    }
}
