mod rules;

use super::*;

const POLICY: &str = r#"
version = "2026-11-01"
default = "approve"

[[rules]]
name = "minors"
category = "sexual"
at_least = 0.5
where = { author_age = { below = 18 } }
action = "reject"

[[rules]]
name = "clear"
at_least = "reject"
action = "reject"

[[rules]]
name = "comments"
categories = ["hate", "harassment"]
at_least = 0.25
below = 0.75
where = { surface = ["comments", "live"], region = ["de", "fr"], author_age = { at_least = 18, below = 99.5 } }
action = "age-gate"

[[rules]]
name = "doubtful"
at_least = "review"
below = "reject"
action = "escalate"

[[rules]]
name = "lost"
where = { region = ["atlantis"] }
action = "escalate"
"#;

fn categories() -> Vec<String> {
    ["hate", "harassment", "sexual"].map(str::to_owned).to_vec()
}

fn thresholds() -> NamedThresholds {
    let mut thresholds = NamedThresholds::new();
    for (category, review, reject) in [
        ("hate", 0.5, 0.9),
        ("harassment", 0.5, f64::INFINITY),
        ("sexual", 0.7, 0.7),
    ] {
        thresholds.insert((category.to_owned(), "review".to_owned()), review);
        thresholds.insert((category.to_owned(), "reject".to_owned()), reject);
    }
    thresholds
}

fn policy(text: &str) -> PolicyConfig {
    toml::from_str(text).unwrap()
}

type Case<'a> = (
    [Option<f64>; 3],
    &'a [(&'a str, &'a str)],
    (Action, Option<&'a str>, Option<usize>, Option<&'a str>),
);

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_first_rule_that_matches_decides() {
    let opened = policy(POLICY).open(&categories(), &thresholds()).unwrap();
    let adult = [("surface", "live"), ("region", "fr"), ("author_age", "18")];
    let p = |hate, harassment, sexual| [Some(hate), Some(harassment), Some(sexual)];
    let cases: &[Case] = &[
        (p(0.0, 0.0, 0.0), &[], (Action::Approve, None, None, None)),
        // At a bound, and below it.
        (
            p(0.9, 0.0, 0.0),
            &[],
            (Action::Reject, Some("clear"), Some(0), None),
        ),
        (
            p(0.89, 0.0, 0.0),
            &[],
            (Action::Escalate, Some("doubtful"), Some(0), None),
        ),
        (
            p(0.5, 0.0, 0.0),
            &[],
            (Action::Escalate, Some("doubtful"), Some(0), None),
        ),
        (p(0.49, 0.0, 0.0), &[], (Action::Approve, None, None, None)),
        // Where nothing is rejected, even a probability of 1 is not; a band may be empty.
        (
            p(0.0, 1.0, 0.0),
            &[],
            (Action::Escalate, Some("doubtful"), Some(1), None),
        ),
        (
            p(0.0, 0.0, 0.7),
            &[],
            (Action::Reject, Some("clear"), Some(2), None),
        ),
        (p(0.0, 0.0, 0.69), &[], (Action::Approve, None, None, None)),
        // The highest probability tells the category, and the first of equal ones.
        (
            p(0.91, 0.0, 0.95),
            &[],
            (Action::Reject, Some("clear"), Some(2), None),
        ),
        (
            p(0.6, 0.6, 0.0),
            &[],
            (Action::Escalate, Some("doubtful"), Some(0), None),
        ),
        // The context: all of it, as numbers and as texts.
        (
            p(0.0, 0.3, 0.0),
            &adult,
            (Action::AgeGate, Some("comments"), Some(1), None),
        ),
        (
            p(0.0, 0.75, 0.0),
            &adult,
            (Action::Escalate, Some("doubtful"), Some(1), None),
        ),
        (
            p(0.0, 0.3, 0.0),
            &adult[..2],
            (Action::Approve, None, None, None),
        ),
        (
            p(0.0, 0.0, 0.5),
            &[("author_age", "17.9")],
            (Action::Reject, Some("minors"), Some(2), None),
        ),
        (
            p(0.0, 0.0, 0.5),
            &[("author_age", "18")],
            (Action::Approve, None, None, None),
        ),
        (
            p(0.0, 0.0, 0.5),
            &[("author_age", "a child")],
            (Action::Approve, None, None, None),
        ),
        (
            p(0.0, 0.0, 0.5),
            &[("author_age", "NaN")],
            (Action::Approve, None, None, None),
        ),
        (
            p(0.0, 0.0, 0.0),
            &[("region", "atlantis")],
            (Action::Escalate, Some("lost"), None, None),
        ),
        (
            p(0.0, 0.0, 0.0),
            &[("region", "Atlantis")],
            (Action::Approve, None, None, None),
        ),
        // What is unknown matches nothing, and is told where it could have mattered.
        (
            [None, Some(0.0), Some(0.0)],
            &[],
            (Action::Approve, None, None, Some("clear")),
        ),
        // No harassment is clear, whatever its probability.
        (
            [Some(0.0), None, Some(0.0)],
            &[],
            (Action::Approve, None, None, Some("doubtful")),
        ),
        (
            [Some(0.9), None, Some(f64::NAN)],
            &[],
            (Action::Reject, Some("clear"), Some(0), None),
        ),
        (
            [Some(0.6), Some(0.0), Some(f64::NAN)],
            &[],
            (Action::Escalate, Some("doubtful"), Some(0), Some("clear")),
        ),
        (
            [Some(0.95), Some(0.0), None],
            &[("author_age", "12")],
            (Action::Reject, Some("clear"), Some(0), Some("minors")),
        ),
    ];
    for (probabilities, context, (action, rule, category, unknown)) in cases {
        let context = |field: &str| {
            let found = context.iter().find(|(name, _)| *name == field);
            found.map(|(_, value)| *value)
        };
        let expected = Decision {
            action: *action,
            rule: *rule,
            category: *category,
            unknown: *unknown,
        };
        let decision = opened.decide(probabilities, &context);
        assert_eq!(decision, expected, "{probabilities:?}");
    }
    assert_eq!(opened.version(), "2026-11-01");
    let config = policy(POLICY);
    let fields: Vec<&str> = config.context_fields().into_iter().collect();
    assert_eq!(fields, ["author_age", "region", "surface"]);
}

#[test]
fn the_digest_is_of_what_decides() {
    let digest = |config: &PolicyConfig, thresholds: &NamedThresholds| {
        let opened = config.open(&categories(), thresholds).unwrap();
        opened.digest().to_owned()
    };
    let plain = digest(&policy(POLICY), &thresholds());
    // Layout, and thresholds that no rule names.
    let mut more = thresholds();
    more.insert(("hate".to_owned(), "other".to_owned()), 0.1);
    let laid_out = POLICY.replace('\n', "\n\n# A comment.\n");
    assert_eq!(digest(&policy(&laid_out), &more), plain);
    let written = toml::to_string(&policy(POLICY)).unwrap();
    assert_eq!(policy(&written), policy(POLICY));
    // What matters.
    let mut moved = thresholds();
    moved.insert(("hate".to_owned(), "reject".to_owned()), 0.91);
    assert_ne!(digest(&policy(POLICY), &moved), plain);
    for (from, to) in [("2026-11", "2026-12"), ("0.25", "0.26"), ("atlantis", "mu")] {
        assert_ne!(
            digest(&policy(&POLICY.replace(from, to)), &thresholds()),
            plain
        );
    }
}

#[test]
fn a_threshold_that_is_not_known_is_refused() {
    let fails = |thresholds: &NamedThresholds| {
        let error = policy(POLICY).open(&categories(), thresholds).unwrap_err();
        format!("{error:#}")
    };
    let mut without = thresholds();
    without.remove(&("harassment".to_owned(), "reject".to_owned()));
    assert_eq!(
        fails(&without),
        "rule 2 (`clear`): category `harassment` has no threshold `reject`; take of `review`"
    );
    assert!(fails(&NamedThresholds::new()).contains("`hate` has no threshold `reject`, nor any"));
    let mut nan = thresholds();
    nan.insert(("sexual".to_owned(), "review".to_owned()), f64::NAN);
    assert!(
        fails(&nan)
            .contains("rule 4 (`doubtful`): the threshold `review` of category `sexual` is NaN")
    );
}

#[test]
fn actions_are_ordered_by_severity() {
    assert!(Action::ALL.is_sorted());
    for action in Action::ALL {
        let json = serde_json::to_string(&action).unwrap();
        assert_eq!(json, format!("\"{action}\""));
    }
}

#[test]
fn a_file_that_is_no_policy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let fails = || format!("{:#}", PolicyConfig::load(&path).unwrap_err());
    assert!(fails().contains("cannot read the policy"));
    fs_err::write(&path, "version = 3\ndefault = \"approve\"").unwrap();
    assert!(fails().contains("policy.toml` is not a policy") && fails().contains("version"));
    fs_err::write(&path, POLICY).unwrap();
    assert_eq!(PolicyConfig::load(&path).unwrap(), policy(POLICY));
}
