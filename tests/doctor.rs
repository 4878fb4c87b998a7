//! `ragkit doctor`: the cases that come with it, the scorers that must fail, and what it says of scorers that err.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use ragkit::claims::{Numbers, numbers, words};
use ragkit::data::{Labelled, Metadata, Passage};
use ragkit::faithfulness::doctor::suite::{self, Authored};
use ragkit::faithfulness::doctor::{
    Case, Check, Examination, Expected, Limits, Verdict, cases_of, examine,
};
use ragkit::faithfulness::{self, BaselineConfig, Measure, Scorer, Subject};
use ragkit::outputs::Claim;
use serde_json::Value;

use crate::sandbox::Sandbox;

fn authored() -> Vec<Authored> {
    suite::read(suite::OWN, "own").unwrap()
}

fn own_cases() -> Vec<Case> {
    suite::cases(&authored(), None, 17, None).unwrap()
}

fn examined(scorer: &dyn Scorer) -> Examination {
    examine(scorer, &own_cases(), &Limits::default(), &mut |_| {})
}

fn failures(found: &Examination) -> Vec<&'static str> {
    found.failures().map(|one| one.check.name()).collect()
}

/// Words in small letters, each once.
fn vocabulary(text: &str) -> BTreeSet<String> {
    words(text).into_iter().map(|(word, _)| word).collect()
}

#[test]
fn the_suite_is_as_its_readme_says() {
    let cases = authored();
    let count = |has: &dyn Fn(&Authored) -> bool| cases.iter().filter(|case| has(case)).count();
    let german = count(&|case| case.language == "de");
    assert_eq!((cases.len(), german), (180, 30));
    let styles = ["verbatim", "reworded", "merged"];
    let styles = styles.map(|style| count(&|case| case.style == style));
    assert_eq!(styles, [53, 73, 54]);
    let forms = [
        count(&|case| case.number.is_some()),
        count(&|case| case.entity.is_some()),
        count(&|case| case.negation.is_some()),
        count(&|case| case.role.is_some()),
        count(&|case| case.paraphrase.is_some()),
    ];
    assert_eq!(forms, [132, 174, 166, 50, 180]);
    let domains: BTreeSet<&str> = cases.iter().map(|case| case.domain.as_str()).collect();
    assert_eq!(domains.len(), 15);
}

#[test]
fn forms_differ_from_the_answer_and_from_each_other() {
    for case in authored() {
        let mut forms: BTreeSet<&str> = case.answers().map(|(_, form)| form).collect();
        forms.insert(&case.answer);
        assert_eq!(forms.len(), case.answers().count() + 1, "{}", case.id);
        assert!(!case.contexts.contains(&case.unrelated), "{}", case.id);
    }
}

#[test]
fn numbers_of_an_answer_stand_in_its_contexts_and_swapped_ones_do_not() {
    let mut swapped = 0;
    for case in authored() {
        let mut known = Numbers::default();
        case.contexts.iter().for_each(|context| known.add(context));
        known.add(&case.question);
        let of_answer = numbers(&case.answer);
        assert!(
            of_answer.iter().all(|number| known.has(number)),
            "{}",
            case.id
        );
        let Some(changed) = &case.number else {
            continue;
        };
        let new: Vec<_> = numbers(changed)
            .into_iter()
            .filter(|number| !of_answer.contains(number))
            .collect();
        assert!(new.iter().all(|number| !known.has(number)), "{}", case.id);
        // A number in words changes one word, which no context has.
        let new_words: Vec<String> = vocabulary(changed)
            .difference(&vocabulary(&case.answer))
            .cloned()
            .collect();
        assert!(!new_words.is_empty(), "{}", case.id);
        if new.is_empty() {
            let all = vocabulary(&case.contexts.join(" "));
            assert!(
                new_words.iter().any(|word| !all.contains(word)),
                "{}",
                case.id
            );
        }
        swapped += 1;
    }
    assert_eq!(swapped, 132);
}

#[test]
fn a_swapped_name_is_of_words_that_no_context_has() {
    for case in authored() {
        let Some(changed) = &case.entity else {
            continue;
        };
        let new = vocabulary(changed);
        let before = vocabulary(&case.answer);
        let new = new.difference(&before).cloned();
        let known = vocabulary(&case.contexts.join(" "));
        // `the main gate` for `the flagpole`: its first words may be anywhere.
        assert!(
            new.collect::<BTreeSet<String>>()
                .difference(&known)
                .next()
                .is_some(),
            "{}: {changed}",
            case.id
        );
    }
}

#[test]
fn turned_roles_and_denials_keep_the_words_of_the_answer() {
    for case in authored() {
        let own = vocabulary(&case.answer);
        for form in [&case.role, &case.negation].into_iter().flatten() {
            let new = vocabulary(form).difference(&own).count();
            assert!(new <= 4, "{}: {form}", case.id);
        }
    }
}

#[test]
fn a_case_has_a_form_for_every_check_that_applies_and_none_lacks_contexts() {
    for (authored, case) in authored().iter().zip(own_cases()) {
        for (check, form) in &case.forms {
            assert!(!form.contexts.is_empty(), "{}", case.id);
            let of_answer = form.answer != case.base.answer;
            let of_contexts = form.contexts != case.base.contexts;
            assert!(of_answer != of_contexts, "{} {check:?}", case.id);
        }
        let has = |check: Check| case.forms.iter().any(|(known, _)| *known == check);
        assert!(has(Check::Delete) && has(Check::Unrelated) && has(Check::Shuffle));
        assert_eq!(has(Check::Role), authored.role.is_some());
        let (_, deleted) = case
            .forms
            .iter()
            .find(|one| one.0 == Check::Delete)
            .unwrap();
        let left = deleted.contexts.len() + authored.evidence.len();
        assert_eq!(left, authored.contexts.len(), "{}", case.id);
    }
}

#[test]
fn scorers_that_look_at_nothing_fail_by_the_checks_that_show_it() {
    let of = |measure: Measure| {
        let scorer = BaselineConfig::by(measure).open().unwrap();
        examined(scorer.as_ref())
    };
    for measure in [Measure::Constant, Measure::Yes, Measure::Length] {
        let found = of(measure);
        assert!(!found.passed);
        assert_eq!(
            failures(&found),
            ["delete", "number", "entity", "negation"],
            "{measure:?}"
        );
    }
    // Constant and yes: every answer is supported, and none ever falls.
    let found = of(Measure::Yes);
    let rates: Vec<Option<f64>> = found.findings.iter().map(|one| one.rate).collect();
    let expected = found.findings.iter().map(|one| match one.expected {
        Expected::Falls => Some(0.0),
        Expected::Supported | Expected::Stays => Some(1.0),
    });
    assert_eq!(rates, expected.collect::<Vec<_>>());
    let found = of(Measure::Random);
    for check in ["base", "delete", "shuffle", "unrelated"] {
        assert!(failures(&found).contains(&check), "{check}");
    }
    for measure in Measure::KNOWN_WEAK {
        let found = of(measure);
        // What is in common with the contexts goes with them, and one word among many changes little.
        for check in ["number", "entity", "negation"] {
            assert!(failures(&found).contains(&check), "{measure:?} {check}");
        }
        assert!(!failures(&found).contains(&"delete"), "{measure:?}");
    }
}

/// Supports what its closure says, as one claim.
struct Says<F>(F);

impl<F> Scorer for Says<F>
where
    F: Fn(&Subject<'_>) -> Result<f64, String> + Sync,
{
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<faithfulness::Verdict, String>> {
        let claim = |support: f64| Claim {
            support,
            supported: support >= 0.5,
            ..Claim::default()
        };
        let verdicts = subjects.iter().map(|subject| {
            let support = (self.0)(subject)?;
            Ok(faithfulness::Verdict::by_mean(vec![claim(support)], 0.5))
        });
        verdicts.collect()
    }
}

/// Knows the suite by heart: supports what it calls supported.
fn oracle(subject: &Subject<'_>) -> f64 {
    let supported = authored().iter().any(|case| {
        let evidence = case
            .evidence
            .iter()
            .map(|number| &case.contexts[number - 1]);
        let mut evidence = evidence;
        let is_said =
            subject.answer == case.answer || case.paraphrase.as_deref() == Some(subject.answer);
        is_said && evidence.all(|text| subject.contexts.iter().any(|one| one.text == text))
    });
    f64::from(u8::from(supported))
}

#[test]
fn one_that_knows_passes_and_the_same_that_drifts_does_not() {
    let found = examined(&Says(|subject: &Subject<'_>| Ok(oracle(subject))));
    assert!(found.passed, "{:?}", failures(&found));
    assert!(found.findings.iter().all(|one| one.rate == Some(1.0)));
    assert_eq!(found.findings.len(), Check::ALL.len());
    let asked = AtomicUsize::new(0);
    let found = examined(&Says(|subject: &Subject<'_>| {
        // Every tenth call says the opposite.
        let drifts = asked.fetch_add(1, Ordering::Relaxed) % 10 == 9;
        let support = oracle(subject);
        Ok(if drifts { 1.0 - support } else { support })
    }));
    assert!(failures(&found).contains(&"repeat"));
}

#[test]
fn errors_and_numbers_that_are_none_count_against_a_scorer() {
    let found = examined(&Says(|subject: &Subject<'_>| {
        if subject.contexts.len() > 2 {
            return Err("too long".to_owned());
        }
        let is_odd = subject.answer.len() % 2 == 1;
        Ok(if is_odd { f64::NAN } else { oracle(subject) })
    }));
    let of = |check: Check| {
        found
            .findings
            .iter()
            .find(|one| one.check == check)
            .unwrap()
    };
    let unrelated = of(Check::Unrelated);
    assert_eq!(
        (unrelated.cases, unrelated.held, unrelated.errors),
        (180, 0, 180)
    );
    assert!(of(Check::Base).errors > 20 && of(Check::Base).cases == 180);
    assert!(found.errors.iter().any(|error| error == "too long"));
    assert!(found.errors.iter().any(|error| error.contains("NaN")));
}

fn labelled(id: &str, answer: &str, context: &str, document: &str) -> Labelled {
    Labelled {
        id: id.to_owned(),
        question: String::new(),
        answer: answer.to_owned(),
        contexts: vec![Passage {
            text: context.to_owned(),
            ..Passage::default()
        }],
        supported: true,
        metadata: Metadata::from([("document".to_owned(), document.to_owned())]),
    }
}

#[test]
fn answers_of_one_document_are_one_case() {
    let context = "The office in Bonn is open for 30 hours. It was moved by Acme in May.";
    let mut answers: Vec<Labelled> = (0..40)
        .map(|n| {
            let answer = format!("The office in Bonn is open for 30 hours, says {n}.");
            labelled(&n.to_string(), &answer, context, &(n % 4).to_string())
        })
        .collect();
    answers.push(labelled("x", "It is in Oslo.", "Dogs bark in Oslo.", "y"));
    answers[0].supported = false;
    let (cases, brought) = cases_of(&answers, "document", 1, None).unwrap();
    assert_eq!((cases.len(), brought.clusters), (5, 5));
    assert_eq!((brought.answers, brought.supported), (41, 40));
    let (again, _) = cases_of(&answers, "document", 1, None).unwrap();
    assert_eq!(cases, again, "the same seed");
    let (few, _) = cases_of(&answers, "document", 1, Some(2)).unwrap();
    assert_eq!(few, cases[..2], "a limit takes the first that were drawn");
    // Without the field those of the same contexts are one.
    let (cases, _) = cases_of(&answers, "none", 1, None).unwrap();
    assert_eq!(cases.len(), 2);
    assert!(cases_of(&answers[..1], "document", 1, None).is_err());
}

#[test]
fn rules_change_what_people_labelled() {
    let answers = [
        labelled(
            "a",
            "The office in Bonn is open for 30 hours [1].",
            "The office in Bonn is open for 30 hours a week. Dogs are welcome.",
            "a",
        ),
        labelled("b", "Cats sleep in Oslo.", "Cats sleep in Oslo.", "b"),
    ];
    let (cases, _) = cases_of(&answers, "document", 3, None).unwrap();
    let case = cases.iter().find(|case| case.id == "a").unwrap();
    let form = |check: Check| {
        case.forms
            .iter()
            .find(|one| one.0 == check)
            .map(|one| &one.1)
    };
    let answer = |check: Check| form(check).unwrap().answer.trim_end().to_owned();
    assert_eq!(
        answer(Check::Entity),
        "The office in Oslo is open for 30 hours    ."
    );
    assert_eq!(
        answer(Check::Negation),
        "The office in Bonn is not open for 30 hours    ."
    );
    let number = answer(Check::Number);
    assert!(
        number.ends_with("0 hours    .") && !number.contains("30"),
        "{number}"
    );
    let texts = |check: Check| {
        let contexts = form(check).unwrap().contexts.iter();
        contexts.map(|one| one.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(Check::Delete), ["Dogs are welcome."]);
    assert_eq!(texts(Check::Unrelated).len(), 2);
    // One context has no other order, and nobody said it in other words.
    assert!(form(Check::Shuffle).is_none() && form(Check::Paraphrase).is_none());
    // All evidence gone: the other's stands there.
    let other = cases.iter().find(|case| case.id == "b").unwrap();
    let (_, deleted) = other
        .forms
        .iter()
        .find(|one| one.0 == Check::Delete)
        .unwrap();
    assert_eq!(deleted.contexts[0].text, answers[0].contexts[0].text);
}

#[test]
fn suites_that_cannot_be_are_refused() {
    let line = suite::OWN.lines().next().unwrap();
    let with = |field: &str, value: Value| {
        let mut case: Value = serde_json::from_str(line).unwrap();
        case[field] = value;
        suite::read(&case.to_string(), "x").map(|_| ()).unwrap_err()
    };
    let both = format!("{line}\n{line}");
    let twice = suite::read(&both, "x").unwrap_err();
    for (error, part) in [
        (with("evidence", serde_json::json!([9])), "from 1 to 2"),
        (with("evidence", serde_json::json!([])), "from 1 to 2"),
        (
            with("evidence", serde_json::json!([1, 2])),
            "every context is evidence",
        ),
        (with("number", serde_json::json!(" ")), "must differ"),
        (with("colour", serde_json::json!("red")), "colour"),
        (twice, "line 2"),
        (suite::read("\n", "x").unwrap_err(), "no case"),
    ] {
        assert!(format!("{error:#}").contains(part), "{error:#}");
    }
}

#[test]
fn the_command_tells_by_its_exit_code_and_names_the_checks() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run("doctor --tier yes,length --format json");
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let found: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(found["cases"], 180);
    let delete = &found["scorers"][0]["findings"][1];
    assert_eq!(
        (&delete["check"], &delete["verdict"]),
        (&"delete".into(), &"fail".into())
    );
    assert_eq!(delete["failed"].as_array().unwrap().len(), 180);
    let shown = sandbox.ok("doctor --tier yes --require delete=0,number=0,entity=0,negation=0");
    assert!(
        shown.stdout.contains("│ yes    ┆ pass    ┆"),
        "{}",
        shown.stdout
    );
    // Ten cases tell nothing.
    let shown = sandbox.run("doctor --tier yes --limit 10 --language de");
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.stdout.contains("10 cases") && shown.stdout.contains("cannot be told"));
    for (arguments, part) in [
        ("--tier judge", "`judge` is no tier that needs no model"),
        ("--require number", "expected a check and a rate"),
        ("--require colour=0.5", "unknown variant `colour`"),
        ("--require base=2", "must be a number from 0 to 1"),
        ("--language fr", "there are de, en"),
    ] {
        let shown = sandbox.run(&format!("doctor {arguments}"));
        assert_eq!(shown.code, Some(2), "{arguments}");
        assert!(shown.stderr.contains(part), "{arguments}: {}", shown.stderr);
    }
}

#[test]
fn limits_hold_for_the_verdict() {
    let scorer = BaselineConfig::by(Measure::Yes).open().unwrap();
    let mut limits = Limits::default();
    limits.set(Check::Role, 0.1).unwrap();
    let found = examine(scorer.as_ref(), &own_cases(), &limits, &mut |_| {});
    let role = found
        .findings
        .iter()
        .find(|one| one.check == Check::Role)
        .unwrap();
    assert_eq!(role.verdict, Verdict::Fail);
}
