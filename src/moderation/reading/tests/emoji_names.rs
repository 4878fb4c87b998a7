//! All emoji, and what is none.

use super::*;

#[test]
fn every_emoji_is_read_whole_with_any_skin_tone_and_without_selectors() {
    for emoji in emojis::iter() {
        let name = read(emoji.as_str());
        assert!(
            !name.is_empty() && !name.contains(emoji.as_str()),
            "{emoji}"
        );
        let bare = emoji.as_str().replace('\u{fe0f}', "");
        let is_sign =
            bare.chars().count() == 1 && bare.as_str() < "\u{2600}" && bare != emoji.as_str();
        assert_eq!(
            read(&bare),
            if is_sign { bare.clone() } else { name.clone() }
        );
        for toned in emoji.skin_tones().into_iter().flatten() {
            let around = format!("so{toned} so");
            assert_eq!(read(&around), format!("so {name} so"), "{toned}");
        }
    }
}

#[test]
fn parts_of_unknown_sequences_and_lone_parts() {
    for (text, expected) in [
        // a technologist of no kind that Unicode recommends
        ("🐻\u{200d}💻", "bear laptop"),
        ("😀\u{200d}x", "grinning face x"),
        ("😀\u{fe0e}\u{fe0f}🏽!", "grinning face !"),
        ("so 🏽 so", "so so"),
        (
            "© ©\u{fe0f} ↔ ↔\u{fe0f} ⌚",
            "© copyright ↔ left-right arrow watch",
        ),
        ("1\u{20e3}1\u{fe0f}1", "keycap 1 1\u{fe0f}1"),
        // one regional indicator; three
        ("🇩", "🇩"),
        ("🇩🇪🇫", "flag germany 🇫"),
        // Persian and Devanagari with joiners
        ("می\u{200c}خواهم क्\u{200d}ष", "می\u{200c}خواهم क्\u{200d}ष"),
        (
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "flag england",
        ),
        ("👨\u{200d}🦰 👨\u{200d}", "man red hair man"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}
