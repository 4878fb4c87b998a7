//! Corrections against definitions that try everything, and counts at their limits.

use std::collections::BTreeMap;

use super::*;

/// `word` so often.
fn lexicon(config: &RepairConfig, words: &[(&str, u32)]) -> Lexicon {
    let mut by_count: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for &(word, count) in words {
        by_count.entry(count).or_default().push(word);
    }
    let joined = by_count
        .into_iter()
        .map(|(count, list)| (count, list.join(" ")));
    Lexicon::from_words(config, &joined.collect()).unwrap()
}

fn repaired(lexicon: &Lexicon, text: &str) -> String {
    lexicon.repair(text).unwrap_or_else(|| text.to_owned())
}

#[test]
fn words_are_letters_with_one_apostrophe_between() {
    let found: Vec<&str> = words::words("don't've 'tis it's' caf\u{e9}s x2y a''b '").collect();
    assert_eq!(
        found,
        ["don't", "ve", "tis", "it's", "caf", "s", "x", "y", "a", "b"]
    );
    let learned = Lexicon::learn(&RepairConfig::default(), ["The the", "THE x"].iter());
    let expected = [(1, "x".to_owned()), (3, "the".to_owned())];
    assert_eq!(learned.to_words(), expected.into());
}

#[test]
fn counts_at_their_limits() {
    let config = RepairConfig::default();
    let check = |words: &[(&str, u32)], text: &str, expected: &str| {
        assert_eq!(
            repaired(&lexicon(&config, words), text),
            expected,
            "{words:?}"
        );
    };
    // A target: three times, and five times as often as the unknown word.
    check(&[("garden", 3)], "gardn", "garden");
    check(&[("garden", 2)], "gardn", "gardn");
    check(&[("garden", 10), ("gardn", 2)], "gardn", "garden");
    check(&[("garden", 9), ("gardn", 2)], "gardn", "gardn");
    check(&[("garden", 100), ("gardn", 3)], "gardn", "gardn");
    // The most frequent, then the first by the alphabet, of all kinds of edits.
    check(&[("carts", 4), ("crats", 5)], "carst crtas", "carts crats");
    check(&[("plant", 9), ("plane", 9)], "plan plaen", "plane plane");
    check(
        &[("tale", 9), ("table", 9), ("tables", 9)],
        "tabel tabe tabless",
        "table table tables",
    );
    check(&[("trial", 9), ("trail", 8)], "trial trai", "trial trail");
    // Lengths, first letters, apostrophes.
    let words = [("the", 99), ("open", 9), ("hoped", 9), ("can't", 9)];
    check(&words, "teh thee oopen pen", "teh thee open pen");
    check(&words, "xopen poen oped cant", "xopen open oped cant");
    let long = "abcdefghijklmnopqrstuvwxy";
    check(
        &[(&long[..20], 9)],
        &format!("{} {}", &long[..19], &long[1..20]),
        &format!("{} {}", &long[..20], &long[1..20]),
    );
    check(&[(&long[..22], 9)], &long[..21], &long[..21]);
    // Parts: short ones from a list and often, others known, at most 16 letters.
    check(
        &[("the", 3), ("door", 3)],
        "thedoor doorthe thethe",
        "the door door the the the",
    );
    check(&[("is", 20), ("open", 3)], "isopen", "is open");
    check(&[("is", 19), ("open", 3)], "isopen", "isopen");
    check(&[("ox", 90), ("open", 3)], "oxopen openox", "oxopen openox");
    check(&[("the", 2), ("door", 3)], "thedoor", "thedoor");
    check(
        &[(&long[..16], 3), ("zzz", 3)],
        &format!("{}zzz", &long[..16]),
        &format!("{} zzz", &long[..16]),
    );
    check(
        &[(&long[..17], 3), ("zzz", 3)],
        &format!("{}zzz", &long[..17]),
        &format!("{}zzz", &long[..17]),
    );
    // The likeliest, then the first place.
    check(
        &[("hat", 5), ("ear", 5), ("hate", 6), ("arm", 6), ("earm", 5)],
        "hatearm",
        "hate arm",
    );
    check(
        &[("hat", 6), ("earm", 6), ("hate", 6), ("arm", 6)],
        "hatearm",
        "hat earm",
    );
}

#[test]
fn two_words_or_one_by_the_margin() {
    // N is 1,000: p(the) p(rein) = 100 * 20 / 1000 = 2 of 1000 against 10 * exp(-margin) of 1000.
    let words = [("the", 100), ("rein", 20), ("therein", 10), ("and", 870)];
    let with = |margin: f64, words: &[(&str, u32)]| {
        let config = RepairConfig {
            margin,
            ..RepairConfig::default()
        };
        repaired(&lexicon(&config, words), "therien")
    };
    assert_eq!(with(5.0, &words), "therein");
    let other = [("the", 100), ("rien", 20), ("therein", 10), ("and", 870)];
    assert_eq!(with(5.0, &other), "the rien");
    assert_eq!(with(5.0_f64.ln() + 1e-9, &other), "the rien");
    assert_eq!(with(5.0_f64.ln() - 1e-9, &other), "therein");
}

#[test]
fn guarded_texts_stay() {
    let lexicon = lexicon(&RepairConfig::default(), &[("garden", 9), ("door", 9)]);
    for (text, expected) in [
        // 1 of 3, 2 of 7, 2 of 6: guarded from 6 words and above 30 %
        ("gardn garden door", "garden garden door"),
        (
            "gardn garden door door doro door door",
            "garden garden door door door door door",
        ),
        (
            "gardn garden door door doro door",
            "gardn garden door door doro door",
        ),
        // Words with digits and signs count as words; numbers do not.
        (
            "gardn garden door x2 doro door-door a1",
            "garden garden door x2 door door-door a1",
        ),
        (
            "gardn garden door 22 doro door !!",
            "garden garden door 22 door door !!",
        ),
        (
            "gardn garden door 22 doro door door",
            "gardn garden door 22 doro door door",
        ),
        // Letters beyond ASCII make a word strange.
        (
            "gardn garden door caf\u{e9} door door",
            "gardn garden door caf\u{e9} door door",
        ),
        (
            "gardn garden door caf\u{e9} door door door",
            "garden garden door caf\u{e9} door door door",
        ),
    ] {
        assert_eq!(repaired(&lexicon, text), expected);
    }
}

#[test]
fn what_is_no_word_stays() {
    let lexicon = lexicon(&RepairConfig::default(), &[("garden", 9)]);
    for text in [
        "gardn's",
        "gardn-gardn",
        "4gardn",
        "@gardn",
        "$gardn",
        "gardn2",
        "\u{fc}gardn",
        "gardn\u{e9}",
        "e\u{301}gardn",
        "&gardn;",
        "gardn_gardn",
        "",
        "  ",
        "@",
        "$$",
    ] {
        assert_eq!(lexicon.repair(text), None, "{text}");
    }
    for (text, expected) in [
        (
            "gardn@ #gardn (gardn) \u{201e}gardn\u{201c} gardn\u{1f602}",
            "garden@ #garden (garden) \u{201e}garden\u{201c} garden\u{1f602}",
        ),
        ("GaRdN Garden", "garden Garden"),
    ] {
        assert_eq!(repaired(&lexicon, text), expected);
    }
}

/// Every word that an unknown one may have been, by generating all edits of all targets.
#[test]
fn the_index_finds_what_a_search_of_all_words_finds() {
    let mut words: Vec<(String, u32)> = Vec::new();
    let mut state = 7_u32;
    let mut next = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % most
    };
    while words.len() < 300 {
        let length = 3 + next(4);
        let word: String = (0..length)
            .map(|_| ['a', 'b', 'c'][next(3) as usize])
            .collect();
        if words.iter().all(|(known, _)| *known != word) {
            words.push((word, 1 + next(12)));
        }
    }
    let borrowed: Vec<_> = words
        .iter()
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    let config = RepairConfig {
        known: 4,
        target: 5,
        ratio: 2.0,
        ..RepairConfig::default()
    };
    let lexicon = lexicon(&config, &borrowed);
    let count = |word: &str| {
        words
            .iter()
            .find(|(known, _)| known == word)
            .map_or(0, |(_, count)| *count)
    };
    let without = |word: &str, place: usize| [&word[..place], &word[place + 1..]].concat();
    let is_near = |word: &str, target: &str| {
        let is_swap = (1..word.len()).any(|place| {
            let mut bytes = word.as_bytes().to_vec();
            bytes.swap(place - 1, place);
            bytes == target.as_bytes()
        });
        let is_short = word.starts_with(&target[..1])
            && (0..target.len()).any(|place| without(target, place) == word);
        let is_long =
            word.len() >= 5 && (1..word.len()).any(|place| without(word, place) == target);
        is_swap || is_short || is_long
    };
    let mut found = 0;
    for _ in 0..3000 {
        let length = 4 + next(3);
        let word: String = (0..length)
            .map(|_| ['a', 'b', 'c'][next(3) as usize])
            .collect();
        if count(&word) >= 4 {
            continue;
        }
        let best = words
            .iter()
            .filter(|(target, count)| *count >= 5 && is_near(&word, target))
            .min_by_key(|(target, count)| (std::cmp::Reverse(*count), target.clone()))
            .filter(|(_, most)| f64::from(*most) >= 2.0 * f64::from(count(&word)).max(0.5));
        let expected = best.map(|(target, count)| (target.as_str(), *count));
        assert_eq!(lexicon.edited(&word), expected, "{word}");
        found += usize::from(best.is_some());
    }
    assert!(found > 500, "{found}");
}

#[test]
fn disguises_are_told_by_what_was_learned() {
    let counts = [
        ("hedgehogs", 9),
        ("garden", 9),
        ("the", 90),
        ("ha", 5),
        ("so", 30),
    ];
    let lexicon = lexicon(&RepairConfig::default(), &counts);
    let repaired = |text: &str| lexicon.repair(text).unwrap_or_else(|| text.to_owned());
    assert_eq!(repaired("the h3dg3h0g5"), "the hedgehogs");
    assert_eq!(repaired("the g@rden!"), "the garden!");
    assert_eq!(repaired("h3dgehog$, the"), "hedgehogs, the");
    assert_eq!(repaired("hedgehog$! the garden+"), "hedgehogs! the garden+");
    assert_eq!(repaired("the hedge*hogs, so"), "the hedgehogs, so");
    assert_eq!(repaired("the gar den"), "the garden");
    assert_eq!(repaired("the ga rden ha"), "the garden ha");
    // Two words that are known stay two, and so does what punctuation parts; what is no disguise stays as it is.
    assert_eq!(repaired("ha so the"), "ha so the");
    assert_eq!(repaired("the gar, den"), "the gar, den");
    for text in ["mp3 the 2nd", "c3po", "10:30 the", "1000000", "so 4pm"] {
        assert_eq!(repaired(text), text);
    }
    let plain = RepairConfig {
        disguises: false,
        ..RepairConfig::default()
    };
    let plain = self::lexicon(&plain, &counts);
    assert_eq!(plain.repair("the h3dg3h0g5"), None);
    assert_eq!(plain.repair("the hedge*hogs"), None);
}
