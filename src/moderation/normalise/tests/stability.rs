//! What holds of any text.

use proptest::prelude::*;

use super::super::*;

#[test]
fn every_character_alone_and_in_a_word_is_stable() {
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    // ideographs, syllables and hieroglyphs are all alike
    let is_plain = |c: char| matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{E000}'..='\u{F8FF}' | '\u{12000}'..='\u{167FF}' | '\u{17000}'..='\u{1BBFF}');
    let all = ('\0'..='\u{1FFFF}').chain('\u{E0000}'..='\u{E01FF}');
    for c in all.filter(|c| !is_plain(*c)) {
        for text in [
            c.to_string(),
            format!("the wo{c}rd"),
            format!("{c}hat it is"),
        ] {
            let once = normaliser.normalise(&text).text;
            let twice = normaliser.normalise(&once).text;
            assert_eq!(once, twice, "{text:?}");
        }
        let own = skeleton(c.encode_utf8(&mut [0; 4]));
        assert_eq!(skeleton(&own), own);
    }
}

#[test]
fn hard_texts_take_linear_time() {
    for piece in [
        "a\u{301}\u{336}",
        "\u{301}",
        "\u{202E}a",
        "\u{200B}",
        "|",
        "a!",
        "a ",
        "a.",
        "4a",
        "I",
        "aI",
        "аЖ",
        "@",
        "@s",
        "🇦",
        "l1",
        "1",
        "\u{200D}",
        "👩\u{200D}",
        "ﷺ",
        "ﾞ",
        "ⓐ",
        "a-",
        "b*",
        "b ",
        "ab ",
        "b😂",
        "yest erday ",
        "e\u{301} ",
        "aⁿ",
        "a❌",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        let normalised = Normaliser::new(&NormaliserConfig::default()).normalise(&text);
        assert!(normalised.original(0..normalised.text.len()).end <= text.len());
    }
}

/// Texts of what the steps look for.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "s",
        "h",
        "e",
        "I",
        "l",
        "k1ll",
        "h4te",
        "@ss",
        "1",
        "0",
        "4",
        "$",
        "!",
        "|",
        "+",
        " ",
        "  ",
        ".",
        "-",
        "_",
        "а",
        "е",
        "Ж",
        "α",
        "σ",
        "І",
        "Ⅰ",
        "𝐈",
        "é",
        "e\u{301}",
        "\u{301}",
        "\u{336}",
        "\u{200B}",
        "\u{200D}",
        "\u{200C}",
        "\u{202E}",
        "\u{202C}",
        "\u{200E}",
        "\u{FE0F}",
        "\u{20E3}",
        "🇭",
        "🇦",
        "👩",
        "🅰",
        "⭕",
        "م",
        "क",
        "्",
        "İ",
        "ı",
        "ß",
        "K",
        "ſ",
        "ﬁ",
        "½",
        "²",
        "가",
        "ᄀ",
        "ᅡ",
        "\u{1160}",
        "www.",
        "@",
        "aaa",
        "xxx",
        "http://",
        ".com",
        "'",
        "\n",
        "\u{0}",
        "yest",
        "erday",
        "*",
        "😂",
        "❌",
        "8",
        "9",
        "2",
        "th",
        "ing",
        "co",
        "the ",
        "ⁿ",
        "ₐ",
        "ℵ",
        "Ⓜ",
        "1\u{FE0F}\u{20E3}",
        "\u{2067}",
        "\u{2069}",
        "\u{202D}",
        "ate",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) {
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    let once = normaliser.normalise(text);
    let twice = normaliser.normalise(&once.text);
    assert_eq!(once.text, twice.text, "{text:?}");
    let mut last = 0;
    let places: Vec<usize> = once.text.char_indices().map(|(place, _)| place).collect();
    for (place, c) in once.text.char_indices() {
        let range = once.original(place..place + c.len_utf8());
        assert!(range.start <= range.end && range.end <= text.len());
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
        assert!(!range.is_empty());
        assert!(range.start >= last, "{text:?}");
        last = range.start;
        let point = once.original(place..place);
        assert!(point.is_empty() && text.is_char_boundary(point.start));
    }
    for pair in places.windows(3) {
        let (inner, outer) = (
            once.original(pair[0]..pair[1]),
            once.original(pair[0]..pair[2]),
        );
        assert!(inner.start == outer.start && inner.end <= outer.end);
    }
    let all = once.original(0..usize::MAX);
    assert!(all.end <= text.len());
    let own = skeleton(text);
    assert_eq!(skeleton(&own), own);
    if once.changed.iter().all(|count| *count == 0) {
        assert_eq!(once.text, text);
        assert_eq!(once.original(0..text.len()), 0..text.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_text_is_stable_and_leads_back(text in ".*") {
        check(&text);
    }

    #[test]
    fn any_disguise_is_stable_and_leads_back(text in texts()) {
        check(&text);
    }
}
