//! Rules that validation refuses.

use super::*;

fn rules(text: &str) -> anyhow::Result<()> {
    let text = format!("version = \"1\"\ndefault = \"approve\"\n{text}");
    toml::from_str::<PolicyConfig>(&text)?.validate(&categories())
}

#[test]
fn rules_that_cannot_be_are_refused() {
    for (rule, expected) in [
        (
            "category = \"hat\"\nat_least = 0.5",
            "no category `hat`; take of `hate`, `harassment`, `sexual`",
        ),
        ("category = \"hate\"", "names a category but no probability"),
        ("categories = []\nat_least = 0.5", "`categories` is empty"),
        (
            "categories = [\"hate\", \"hate\"]\nat_least = 0.5",
            "names `hate` twice",
        ),
        (
            "category = \"hate\"\ncategories = [\"hate\"]\nat_least = 0.5",
            "both `category` and",
        ),
        ("", "asks for nothing"),
        ("below = 0.5", "`below` holds of nearly every post"),
        (
            "categories = [\"hate\", \"sexual\"]\nbelow = 0.5",
            "`below` holds of nearly every post",
        ),
        ("at_least = 1.5", "`at_least` is 1.5"),
        ("at_least = nan", "`at_least` is NaN"),
        ("at_least = 0.1\nbelow = -1", "`below` is -1"),
        ("at_least = \"\"", "neither a probability nor the name"),
        ("at_least = 0.5\nbelow = 0.5", "at least 0.5 and below 0.5"),
        (
            "at_least = \"review\"\nbelow = \"review\"",
            "at least `review` and below it",
        ),
        (
            "at_least = true",
            "expected a probability, or the name of a threshold",
        ),
        (
            "where = { region = [] }",
            "`where.region`: the list is empty",
        ),
        ("where = { region = [\"de\", \"de\"] }", "names `de` twice"),
        (
            "where = { region = \"de\" }",
            "expected a list of texts, or a table",
        ),
        ("where = { age = {} }", "neither `at_least` nor `below`"),
        (
            "where = { age = { at_least = 3, below = 3 } }",
            "at least 3 and below 3",
        ),
        (
            "where = { age = { below = inf } }",
            "`below` is not a number",
        ),
        ("where = { age = { under = 3 } }", "unknown field `under`"),
        ("at_least = 0.5\nregion = \"de\"", "unknown field `region`"),
    ] {
        let error = rules(&format!(
            "[[rules]]\nname = \"x\"\naction = \"reject\"\n{rule}"
        ));
        let error = format!("{:#}", error.unwrap_err());
        assert!(error.contains(expected), "{rule}: {error}");
    }
    let two = "[[rules]]\nname = \"x\"\naction = \"reject\"\nat_least = 0.5\n".repeat(2);
    assert!(
        rules(&two)
            .unwrap_err()
            .to_string()
            .contains("two rules have the name `x`")
    );
    let unnamed = "[[rules]]\nname = \" \"\naction = \"reject\"\nat_least = 0.5";
    assert!(
        rules(unnamed)
            .unwrap_err()
            .to_string()
            .contains("rule 1 has no `name`")
    );
    let action = "[[rules]]\nname = \"x\"\naction = \"burn\"\nat_least = 0.5";
    assert!(
        rules(action)
            .unwrap_err()
            .to_string()
            .contains("`age-gate`")
    );
}

/// What validation says of rules named `a`, `b`, … that ask for these.
fn shadowed(asked: &[&str]) -> Option<String> {
    let written = asked.iter().zip('a'..).map(|(asked, name)| {
        format!("[[rules]]\nname = \"{name}\"\naction = \"reject\"\n{asked}\n")
    });
    rules(&written.collect::<String>())
        .err()
        .map(|error| format!("{error:#}"))
}

#[test]
fn a_rule_that_is_never_reached_is_told_with_what_shadows_it() {
    for asked in [
        ["at_least = 0.5", "at_least = 0.5"],
        ["at_least = 0.5", "category = \"hate\"\nat_least = 0.6"],
        ["at_least = 0.5\nbelow = 0.9", "at_least = 0.6\nbelow = 0.9"],
        [
            "at_least = \"review\"",
            "at_least = \"review\"\nbelow = \"reject\"",
        ],
        ["at_least = 0", "at_least = \"review\""],
        [
            "where = { age = { below = 18 } }",
            "at_least = 0.5\nwhere = { age = { below = 13 } }",
        ],
        [
            "where = { r = [\"x\", \"y\"] }",
            "where = { r = [\"y\"], s = [\"z\"] }",
        ],
        [
            "where = { age = { at_least = 10 } }",
            "where = { age = [\"11\", \"12\"] }",
        ],
        [
            "categories = [\"sexual\", \"hate\"]\nat_least = 0.5",
            "category = \"hate\"\nat_least = 0.7\nwhere = { r = [\"y\"] }",
        ],
    ] {
        let error = shadowed(&asked).unwrap_or_else(|| panic!("{asked:?}"));
        assert!(
            error.contains("rule 2 (`b`) is never reached: `a` before it"),
            "{error}"
        );
        assert_eq!(shadowed(&[asked[0]]), None);
    }
    for asked in [
        ["at_least = 0.6", "at_least = 0.5"],
        ["at_least = 0.5\nbelow = 0.9", "at_least = 0.5"],
        ["category = \"hate\"\nat_least = 0.5", "at_least = 0.5"],
        ["at_least = \"reject\"", "at_least = \"review\""],
        ["at_least = \"review\"", "at_least = 0.5"],
        ["at_least = 0.5", "at_least = \"review\""],
        ["at_least = 0", "where = { r = [\"x\"] }"],
        [
            "where = { age = { below = 18 } }",
            "where = { age = { below = 19 } }",
        ],
        [
            "where = { age = { below = 18 } }",
            "where = { other = { below = 18 } }",
        ],
        ["where = { r = [\"x\"] }", "where = { r = [\"x\", \"y\"] }"],
        [
            "where = { age = [\"11\"] }",
            "where = { age = { at_least = 11, below = 12 } }",
        ],
        [
            "where = { age = { at_least = 10 } }",
            "where = { age = [\"11\", \"x\"] }",
        ],
    ] {
        assert_eq!(shadowed(&asked), None, "{asked:?}");
    }
    let parts = [
        "category = \"hate\"\nat_least = 0.5",
        "categories = [\"harassment\", \"sexual\"]\nat_least = 0.4",
        "at_least = 0.5",
    ];
    assert!(
        shadowed(&parts)
            .unwrap()
            .contains("rule 3 (`c`) is never reached: `a` or `b` before")
    );
}
