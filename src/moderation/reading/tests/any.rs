//! Texts of any kind: read once and for all, in linear time.

use proptest::prelude::*;

use super::*;

/// Pieces that steps look at, put together at random.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "http://",
            "https:/",
            "www.",
            "@",
            "RT",
            "rt",
            " ",
            "  ",
            "\n",
            "\u{a0}",
            "a",
            "é",
            "_",
            "7",
            "٣",
            "&",
            "&amp;",
            "&#",
            "&#x1F602;",
            "x;",
            "😂",
            "❤",
            "\u{fe0f}",
            "\u{fe0e}",
            "\u{200d}",
            "🏽",
            "👩",
            "💻",
            "🇩",
            "🇪",
            "1",
            "#",
            "\u{20e3}",
            "\u{e0067}",
            "\u{e007f}",
            "🏴",
            "©",
            "↔",
            "teh",
            "gardne",
            "thegarden",
            "isopen",
            "gardn",
            "the",
            "Garden",
            "zzz",
            "\u{301}",
            ".",
            "-",
            "'",
            "$",
            "…",
            "ß",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_once_and_for_all(text in pieces(), digits: bool, emoji: bool, links: bool, mentions: bool) {
        let config = ReadingConfig { html: false, digits, emoji, links, mentions, ..repairing() };
        let reading = READING.with(|reading| Reading { config, lexicon: reading.lexicon.clone() });
        let once = reading.read(&text).into_owned();
        prop_assert_eq!(reading.read(&once), once.as_str());
        prop_assert_eq!(once.trim(), once.as_str());
        prop_assert!(!once.contains("  ") && !once.contains(|c: char| c.is_whitespace() && c != ' '));
        // With entities: no panic, and as if they had been written out.
        let html = Reading { config: ReadingConfig { html: true, ..reading.config.clone() }, lexicon: reading.lexicon.clone() };
        let written = entities::unescape(entities::unescape(Cow::Borrowed(&text)));
        prop_assert_eq!(html.read(&text), reading.read(&written));
    }
}

thread_local! {
    static READING: Reading = fitted(&repairing());
}

#[test]
fn long_texts_take_linear_time() {
    let reading = fitted(&ReadingConfig {
        digits: true,
        ..repairing()
    });
    for piece in [
        "&",
        "&amp",
        "&#",
        "&#x",
        "&CounterClockwiseContourIntegra",
        "@",
        "rt",
        "rt.",
        "RT ",
        "r",
        "h",
        "http://",
        "www.",
        "@http://",
        "rt@http://",
        "w",
        "\u{1f469}\u{200d}",
        "\u{200d}",
        "👩🏽",
        "🇩",
        "1\u{20e3}",
        "🏴\u{e0067}",
        "$",
        "'",
        "a",
        "teh ",
        "isopen",
        "isopen ",
        " ",
        "é",
        "a'",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        let start = std::time::Instant::now();
        reading.read(&text);
        // Quadratic would be minutes.
        assert!(start.elapsed().as_secs() < 20, "{piece}");
    }
}
