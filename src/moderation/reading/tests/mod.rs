//! Reading against the recipe's Python (`tests/golden/oracle/s26_reading.py`), and what differs from it by choice.

mod any;
mod emoji_names;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    train: Vec<String>,
    repeated: usize,
    cases: Vec<Case>,
    entities: Vec<(String, String)>,
    emoji: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    read: String,
    digits: String,
    repaired: String,
}

/// Leaves a step out.
type Leave = fn(&mut ReadingConfig);

fn golden() -> Golden {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/moderation_reading.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn repairing() -> ReadingConfig {
    ReadingConfig {
        repair: Some(RepairConfig {
            // What Python's recipe leaves to a normaliser.
            disguises: false,
            ..RepairConfig::default()
        }),
        ..ReadingConfig::default()
    }
}

/// Fitted to the authored texts.
fn fitted(config: &ReadingConfig) -> Reading {
    let golden = golden();
    let texts: Vec<&str> = golden.train.iter().map(String::as_str).collect();
    config.fit(&texts.repeat(golden.repeated))
}

fn read(text: &str) -> String {
    ReadingConfig::default().fit(&[]).read(text).into_owned()
}

#[test]
fn texts_are_read_as_by_the_recipe() {
    let golden = golden();
    let plain = ReadingConfig::default().fit(&[]);
    let digits = ReadingConfig {
        digits: true,
        ..ReadingConfig::default()
    };
    let (digits, repairing) = (digits.fit(&[]), fitted(&repairing()));
    assert!(golden.cases.len() >= 200);
    // An emoji between two letters is a word for the recipe, and vanishes here.
    let parted = "party\u{1f389}party";
    for case in golden.cases.iter().filter(|case| case.text != parted) {
        assert_eq!(plain.read(&case.text), case.read, "{}", case.text);
        assert_eq!(digits.read(&case.text), case.digits, "{}", case.text);
        let small = case.read.to_lowercase();
        assert_eq!(repairing.read(&small), case.repaired, "{}", case.text);
        // Capitals keep no word from being repaired.
        let repaired = repairing.read(&case.text);
        assert_eq!(repaired.to_lowercase(), case.repaired, "{}", case.text);
    }
    let changed = golden
        .cases
        .iter()
        .filter(|case| case.repaired != case.read.to_lowercase());
    assert!(changed.count() >= 60);
}

#[test]
fn entities_are_those_of_html() {
    let golden = golden();
    assert!(golden.entities.len() >= 300);
    for (text, meant) in &golden.entities {
        let found = entities::unescape(Cow::Borrowed(text));
        assert_eq!(&found, meant, "{text}");
    }
}

#[test]
fn emoji_have_the_names_of_cldr() {
    let golden = golden();
    assert!(golden.emoji.len() >= 100);
    for (emoji, name) in &golden.emoji {
        assert_eq!(&read(emoji), name, "{emoji}");
    }
}

#[test]
fn links_mentions_and_quotes_differ_from_the_recipe_where_they_should() {
    for (text, expected) in [
        ("mail me@there.org or @me", "mail me@there.org or user"),
        ("h@te", "h@te"),
        ("awww.so nice", "awww.so nice"),
        ("WWW.example.org x", "x"),
        ("RT@anna RT“@bob: rt @eve", "user “ user : user"),
        ("!! rt the rt", "!! the rt"),
        ("the RT button RT @a", "the RT button user"),
        ("rt rt rt", ""),
        ("rt_ art rtx", "rt_ art rtx"),
        ("@http://x.y z", "@ z"),
        ("@annahttp://x.y z", "user z"),
        ("RThttp://x.y z", "z"),
        ("RTwww.x.y z", "RTwww.x.y z"),
        ("RT7\u{20e3} @a7\u{20e3}", "keycap 7 user keycap 7"),
        ("rt @http://x.y z", "@ z"),
        ("so rt @http://x.y z", "so rt @ z"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn each_step_can_be_left_out() {
    let text = "RT @anna:  5 &amp; 6 😂 www.example.org";
    let all = ReadingConfig {
        digits: true,
        ..ReadingConfig::default()
    };
    assert_eq!(
        all.fit(&[]).read(text),
        "user : 0 & 0 face with tears of joy"
    );
    let cases: [(Leave, &str); 5] = [
        (
            |all| all.html = false,
            "user : 0 &amp; 0 face with tears of joy",
        ),
        (
            |all| all.links = false,
            "user : 0 & 0 face with tears of joy www.example.org",
        ),
        (
            |all| all.mentions = false,
            "RT @anna: 0 & 0 face with tears of joy",
        ),
        (|all| all.emoji = false, "user : 0 & 0 😂"),
        (
            |all| all.digits = false,
            "user : 5 & 6 face with tears of joy",
        ),
    ];
    for (leave, expected) in cases {
        let mut config = all.clone();
        leave(&mut config);
        assert_eq!(config.fit(&[]).read(text), expected);
    }
    let nothing = "what is clean stays where it is, e.g. 5 r/s: no copy.";
    assert!(matches!(
        ReadingConfig::default().fit(&[]).read(nothing),
        Cow::Borrowed(_)
    ));
}

#[test]
fn a_config_says_what_is_wrong_with_it() {
    let parse = |text: &str| serde_json::from_str::<ReadingConfig>(text);
    assert_eq!(parse("{}").unwrap(), ReadingConfig::default());
    assert_eq!(
        parse(r#"{"repair": {}}"#).unwrap(),
        ReadingConfig {
            repair: Some(RepairConfig::default()),
            ..ReadingConfig::default()
        }
    );
    assert!(parse(r#"{"repairs": {}}"#).is_err());
    for (text, message) in [
        (r#"{"known": 0}"#, "`known` is `0`"),
        (
            r#"{"target": 2}"#,
            "`target` is `2`, less than `known` (`3`)",
        ),
        (r#"{"short": 1}"#, "`short` is `1`"),
        (r#"{"ratio": -1}"#, "`ratio` is `-1`"),
        (r#"{"guard": 1.5}"#, "`guard` is `1.5`"),
    ] {
        let config = ReadingConfig {
            repair: serde_json::from_str(text).unwrap(),
            ..ReadingConfig::default()
        };
        let error = config.validate().unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    let margin = RepairConfig {
        margin: f64::NAN,
        ..RepairConfig::default()
    };
    assert!(
        margin
            .validate()
            .unwrap_err()
            .starts_with("`margin` is `NaN`")
    );
    assert_eq!(repairing().validate(), Ok(()));
}

#[test]
fn what_is_stored_reads_the_same() {
    let golden = golden();
    for config in [ReadingConfig::default(), repairing()] {
        let reading = fitted(&config);
        let stored = serde_json::to_string(&reading).unwrap();
        let loaded: Reading = serde_json::from_str(&stored).unwrap();
        assert_eq!(serde_json::to_string(&loaded).unwrap(), stored);
        assert_eq!(loaded.digest(), reading.digest());
        assert_eq!(loaded.config(), &config);
        for case in &golden.cases {
            assert_eq!(loaded.read(&case.text), reading.read(&case.text));
        }
    }
    let one = repairing().fit(&["one word"]);
    assert_eq!(
        serde_json::to_value(&one).unwrap()["words"],
        serde_json::json!({"1": "one word"})
    );
    assert_ne!(one.digest(), repairing().fit(&["two words"]).digest());
    assert_ne!(
        one.digest(),
        ReadingConfig::default().fit(&["one word"]).digest()
    );
    let (with, without) = (r#"{"config": {"repair": {}}"#, r#"{"config": {}"#);
    for (text, message) in [
        (format!("{with}}}"), "has `repair` and no words"),
        (
            format!(r#"{without}, "words": {{}}}}"#),
            "has words and no `repair`",
        ),
        (
            format!(r#"{with}, "words": {{"1": "a b", "2": "b"}}}}"#),
            "the word `b` twice",
        ),
        (
            format!(r#"{with}, "words": {{"0": "a"}}}}"#),
            "`a` with a count of `0`",
        ),
        (
            format!(r#"{with}, "words": {{"1": "a  b"}}}}"#),
            "has `` with",
        ),
        (
            format!(r#"{with}, "words": {{"1": "a B"}}}}"#),
            "has `B` with",
        ),
        (
            format!(r#"{with}, "words": {{"1": "a-b"}}}}"#),
            "has `a-b` with",
        ),
    ] {
        let error = serde_json::from_str::<Reading>(&text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn an_emoji_between_letters_vanishes() {
    assert_eq!(read("при\u{1f525}вет, hai\u{1f602}r"), "привет, hair");
    assert_eq!(read("\u{1f525}hair \u{1f525}"), "fire hair fire");
    assert_eq!(read("1\u{1f525}a"), "1 fire a");
}
