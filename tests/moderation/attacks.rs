//! `--attack`: tricks that normalisation undoes lose nothing, and without it they lose something.

use serde_json::Value;

use super::{demo, eval, fewer_folds};
use crate::sandbox::Sandbox;

const FAMILIES: [&str; 7] = [
    "homoglyph",
    "zero-width",
    "leet",
    "spacing",
    "bidi",
    "combining",
    "emoji",
];

/// The demo, with one attempt a post.
fn small(config: &str) -> String {
    fewer_folds(config).replace(
        "attacks.benign = [",
        "attacks.variants = 1\nattacks.budgets = [1, 3]\nattacks.benign = [",
    )
}

#[test]
fn normalisation_undoes_tricks_that_cost_recall_without_it() {
    let sandbox = demo(small);
    let run = eval(&sandbox, "config.toml --attack");
    let shown: Value = serde_json::from_str(&sandbox.ok("report --format json").stdout).unwrap();
    let rows = shown["moderation"]["attacks"].as_array().unwrap();
    assert_eq!(Some(rows), run.sheet()["attacks"].as_array());
    assert_eq!(rows.len(), 2 * (1 + FAMILIES.len() * 2));
    for variant in ["full", "unnormalised"] {
        let own = |family: &str, budget: u64| {
            let mut rows = rows.iter();
            let found = rows.find(|row| {
                row["variant"] == variant && row["family"] == family && row["budget"] == budget
            });
            found.unwrap_or_else(|| panic!("no row of {variant} {family} {budget}"))
        };
        let plain = rows
            .iter()
            .find(|row| row["variant"] == variant && row["family"].is_null())
            .unwrap();
        assert_eq!(
            (&plain["violating"], &plain["benign"]),
            (&435.into(), &482.into())
        );
        let caught = run.mean(variant, "Caught");
        for family in FAMILIES {
            for budget in [1, 3] {
                let row = own(family, budget);
                let attacked = row["attacked"].as_f64().unwrap();
                let number = |name: &str| row[name]["mean"].as_f64().unwrap();
                // What slips past is what recall loses, and nothing that was missed before is lost again.
                let lost = number("success") * attacked / 435.0;
                assert!((number("recall_drop") - lost).abs() < 1e-9, "{row}");
                assert!(
                    attacked > 0.0 && attacked <= (caught * 435.0).round(),
                    "{row}"
                );
                let rise = number("false_positive_rate")
                    - plain["false_positive_rate"]["mean"].as_f64().unwrap();
                assert!((number("false_positive_rise") - rise).abs() < 1e-9, "{row}");
                let is_undone =
                    variant == "full" && (family == "homoglyph" || family == "zero-width");
                if is_undone {
                    assert_eq!(
                        (number("recall_drop"), number("false_positive_rise")),
                        (0.0, 0.0),
                        "{row}"
                    );
                }
            }
            let drop = own(family, 3)["recall_drop"]["mean"].as_f64().unwrap();
            if variant == "unnormalised" {
                assert!(drop > 0.0, "{family}: {drop}");
            } else {
                assert!(drop < 0.06, "{family}: {drop}");
            }
        }
    }
    assert!(sandbox.ok("report").stdout.contains("homoglyph"));
}

#[test]
fn attacks_are_for_moderators() {
    Sandbox::with_dataset().fails(
        "eval config.toml --attack",
        "`--attack` is for configs of `system.moderation`",
    );
    let none = |config: &str| {
        config.replace(
            "attacks.benign = [",
            "attacks.budgets = [0]\nattacks.benign = [",
        )
    };
    demo(none).fails(
        "eval config.toml --attack",
        "`config.toml` is not a valid config: `attacks.budgets` has 0, which changes nothing",
    );
}
