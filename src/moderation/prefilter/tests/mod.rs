mod brute_force;
mod real_data;

use super::*;
use crate::data::PathText;

/// A folder with lists.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn list(&self, name: &str, category: &str, lines: impl AsRef<[u8]>) -> BlocklistConfig {
        let path = self.0.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, lines).unwrap();
        BlocklistConfig {
            path: PathText::literal(path.to_str().unwrap()),
            category: category.to_owned(),
            language: None,
            action: Action::Reject,
            whole_words: true,
        }
    }
}

fn pattern(name: &str, regex: &str) -> PatternConfig {
    PatternConfig {
        name: name.to_owned(),
        category: "spam".to_owned(),
        regex: regex.to_owned(),
        action: Action::Escalate,
    }
}

fn open(lists: Vec<BlocklistConfig>, patterns: Vec<PatternConfig>) -> anyhow::Result<Prefilter> {
    Prefilter::open(&PrefilterConfig { lists, patterns }, &str::to_lowercase)
}

/// The texts of the hits with their rules.
fn found<'a>(prefilter: &'a Prefilter, text: &'a str) -> Vec<(&'a str, &'a str)> {
    let hits = prefilter.hits(text, None).into_iter();
    hits.map(|hit| (&text[hit.range], hit.rule)).collect()
}

#[test]
fn terms_stand_between_the_bounds_of_words() {
    let folder = Folder::new();
    let lines = "\u{feff}# A comment.\r\n\r\nBad\r\nbad apple \n  apple\nkill  yourself\nc++\n\\#worst\nÄrger\n坏\nเลว\nतोता\n🖕";
    let prefilter = open(vec![folder.list("en.txt", "x", lines)], vec![]).unwrap();
    for (text, expected) in [
        ("bad", &["bad"][..]),
        ("a bad, (bad)", &["bad", "bad"]),
        ("badly unbad bad1 1bad", &[]),
        ("bad_ _bad bad's", &["bad", "bad", "bad"]),
        // The longest, and where it does not end a word the shorter.
        ("bad apple", &["bad apple"]),
        ("bad apples", &["bad"]),
        ("abad apple", &["apple"]),
        ("bad apple apple", &["bad apple", "apple"]),
        // Any whitespace is one space.
        ("kill yourself", &["kill yourself"]),
        (
            "kill \t\n yourself  bad \n  apple",
            &["kill \t\n yourself", "bad \n  apple"],
        ),
        ("killyourself", &[]),
        // A term that begins or ends with a sign needs no bound there.
        ("c++ c++x xc++", &["c++", "c++"]),
        ("##worst", &["#worst"]),
        ("x🖕y", &["🖕"]),
        // A mark changes the letter before it.
        ("bad\u{301} bad", &["bad"]),
        ("ärger ärgerlich", &["ärger"]),
        ("तोता तोताी", &["तोता"]),
        // No spaces, no bounds; and a word ends where such a script begins.
        ("他坏人", &["坏"]),
        ("คนเลวมาก", &["เลว"]),
        ("坏bad人", &["坏", "bad"]),
        ("", &[]),
    ] {
        let hits: Vec<&str> = found(&prefilter, text).iter().map(|hit| hit.0).collect();
        assert_eq!(hits, expected, "{text}");
    }
    assert_eq!(found(&prefilter, "bad"), [("bad", "en.txt:3")]);
    assert_eq!(found(&prefilter, "坏"), [("坏", "en.txt:10")]);
}

#[test]
fn what_lies_inside_an_exception_does_not_count() {
    let folder = Folder::new();
    let cock = "cock\ncoq au vin\n!cock au vin\n! cock robin\nau vin blanc";
    let inside = BlocklistConfig {
        whole_words: false,
        ..folder.list("inside.txt", "y", "cunt\n!scunthorpe\nhorpes")
    };
    let other = folder.list("other.txt", "x", "au vin");
    let prefilter = open(
        vec![folder.list("en.txt", "x", cock), inside, other],
        vec![],
    )
    .unwrap();
    for (text, expected) in [
        ("cock au vin", &[("au vin", "other.txt:1")][..]),
        ("cock robin and a cock", &[("cock", "en.txt:1")]),
        ("cock robins", &[("cock", "en.txt:1")]),
        // Only part of it lies inside.
        (
            "cock au vin blanc",
            &[("au vin blanc", "en.txt:5"), ("au vin", "other.txt:1")],
        ),
        ("scunthorpe", &[]),
        ("scunthorpes", &[("horpes", "inside.txt:3")]),
        ("xcuntx", &[("cunt", "inside.txt:1")]),
    ] {
        assert_eq!(found(&prefilter, text), expected, "{text}");
    }
}

#[test]
fn lists_and_patterns_speak_for_themselves() {
    let folder = Folder::new();
    let german = BlocklistConfig {
        language: Some("de".to_owned()),
        action: Action::Escalate,
        ..folder.list("a/de.txt", "x", "die\nmut")
    };
    let british = BlocklistConfig {
        language: Some("en-GB".to_owned()),
        ..folder.list("a/en.txt", "y", "die")
    };
    let all = BlocklistConfig {
        action: Action::AgeGate,
        ..folder.list("b/en.txt", "z", "die hard\nhard")
    };
    let patterns = vec![
        pattern("shortener", r"\bBIT\.ly/\w+"),
        pattern("hard", r"har|\b"),
    ];
    let lists = vec![german, british, all];
    let prefilter = open(lists.clone(), patterns).unwrap();
    assert_eq!(prefilter.categories(), ["x", "y", "z", "spam"]);
    let hits = |text: &str, language: Option<&str>| -> Vec<(usize, Range<usize>)> {
        let hits = prefilter.hits(text, language);
        hits.iter()
            .map(|hit| (hit.category, hit.range.clone()))
            .collect()
    };
    let text = "die hard bit.ly/abc";
    let rest = [(2, 0..8), (0, 0..3), (1, 0..3), (3, 4..7), (3, 9..19)];
    assert_eq!(hits(text, None), rest);
    for (language, left_out) in [
        ("de", 1),
        ("de-AT", 1),
        ("DE", 1),
        ("en", 0),
        ("en-GB", 0),
        ("en_gb", 0),
    ] {
        let mut expected = rest.to_vec();
        expected.retain(|(category, _)| *category != left_out);
        if language == "en_gb" {
            expected.retain(|(category, _)| *category != 1);
        }
        assert_eq!(hits(text, Some(language)), expected, "{language}");
    }
    assert_eq!(hits(text, Some("d")).len(), 3);
    assert_eq!(hits(text, Some("deu")).len(), 3);
}

#[test]
fn what_is_wrong_with_a_list_is_told_with_its_line() {
    let folder = Folder::new();
    let fails = |lines: &[u8]| {
        let list = folder.list("l.txt", "x", lines);
        let normalise = |text: &str| text.to_lowercase().replace(['.', '*'], "");
        let config = PrefilterConfig {
            lists: vec![list],
            patterns: vec![],
        };
        let error = Prefilter::open(&config, &normalise).err().unwrap();
        format!("{error:#}")
    };
    for (lines, expected) in [
        (
            &b"one\ntwo\none"[..],
            "l.txt` line 3: `one` stands in line 1 already",
        ),
        (b"!a b\na\n! a b", "line 3: `a b` stands in line 1 already"),
        (b"one\n\n!", "line 3: `!` has no term"),
        (b"one\n\\", "line 2: `\\` has no term"),
        (b"one\n***", "line 2: nothing is left of `***` once"),
        (
            b"one\n!ONE",
            "line 2: `ONE` is the same as line 1 once both are normalised",
        ),
        (b"# None.\n\n", "l.txt`: the list has no term"),
        (b"!one", "the list has no term"),
        (b"", "the list has no term"),
        (b"one\ntwo\nt\xffo", "line 3: is not UTF-8"),
    ] {
        let error = fails(lines);
        assert!(error.contains(expected), "{error}");
    }
    // Written differently, the same once normalised: the first counts.
    let list = folder.list("m.txt", "x", "One\none\nONE");
    assert_eq!(
        found(&open(vec![list.clone()], vec![]).unwrap(), "one"),
        [("one", "m.txt:1")]
    );
    let gone = BlocklistConfig {
        path: PathText("/nowhere/l.txt".to_owned()),
        ..list
    };
    let error = open(vec![gone], vec![]).err().unwrap().to_string();
    assert_eq!(
        error,
        "`/nowhere/l.txt`: the list cannot be read: no such file"
    );
}

#[test]
fn what_is_wrong_with_a_config_is_told() {
    let folder = Folder::new();
    let list = folder.list("l.txt", "x", "one");
    let fails = |lists: Vec<BlocklistConfig>, patterns: Vec<PatternConfig>| {
        format!("{:#}", open(lists, patterns).err().unwrap())
    };
    let with = |change: fn(&mut BlocklistConfig)| {
        let mut list = list.clone();
        change(&mut list);
        fails(vec![list], vec![])
    };
    let approving = PatternConfig {
        action: Action::Approve,
        ..pattern("a", "x")
    };
    for (error, expected) in [
        (fails(vec![], vec![]), "neither `lists` nor `patterns`"),
        (
            fails(vec![list.clone(), list.clone()], vec![]),
            "given twice for category `x`",
        ),
        (with(|list| list.category.clear()), "has no `category`"),
        (
            with(|list| list.language = Some(" ".to_owned())),
            "`language` of the list",
        ),
        (with(|list| list.action = Action::Approve), "approves"),
        (
            fails(vec![], vec![pattern("a", "x"), pattern("a", "y")]),
            "have the name `a`",
        ),
        (fails(vec![], vec![pattern("", "x")]), "has no `name`"),
        (fails(vec![], vec![approving]), "pattern `a` approves"),
        (
            fails(vec![], vec![pattern("a", "(")]),
            "pattern `a`: `(` is no regular expression",
        ),
        (
            fails(vec![], vec![pattern("a", "b*")]),
            "pattern `a`: `b*` matches the empty text",
        ),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let written: PrefilterConfig = toml::from_str(
        "lists = [{ path = \"$X/en.txt\", category = \"a\", language = \"en\", action = \"age-gate\" }]\n\
         patterns = [{ name = \"p\", category = \"b\", regex = 'x+' }]",
    )
    .unwrap();
    assert_eq!(written.lists[0].action, Action::AgeGate);
    assert!(written.lists[0].whole_words);
    assert_eq!(written.patterns[0].action, Action::Reject);
    let again: PrefilterConfig = toml::from_str(&toml::to_string(&written).unwrap()).unwrap();
    assert_eq!(again, written);
}
