//! Names in a text: words that their letters tell.

use super::negation::words;

/// The names of a text in lower case, in order, each once: words with a capital letter that do not begin a sentence, and anywhere words with two
/// capitals or with letters and digits (`VPN`, `iOS`, `K8s`), each without `'s`. In German every noun is one.
pub fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = 0;
    for (word, range) in words(text) {
        let gap = text[before..range.start].trim_end_matches(['"', '“', '(', ' ', '\'']);
        let begins = before == 0 || gap.ends_with(['.', '!', '?', ':', '\n']);
        before = range.end;
        let written = text[range].trim_end_matches("'s").trim_end_matches("’s");
        let name = word.trim_end_matches("'s");
        if is_name(written, begins) && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

fn is_name(word: &str, begins: bool) -> bool {
    // I, I'm, I'd
    let is_i = word == "I" || word.starts_with("I'") || word.starts_with("I’");
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let is_mixed = word.chars().any(char::is_alphabetic)
        && word.chars().any(char::is_numeric)
        && !word.starts_with(|c: char| c.is_ascii_digit());
    let is_capital = word.starts_with(char::is_uppercase) && !begins;
    !is_i && (capitals >= 2 || is_mixed || is_capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_their_letters() {
        for (text, expected) in [
            ("The VPN of Acme's office in Bonn.", "vpn acme bonn"),
            ("Berlin is large. Bonn is not. In Bonn I’m fine.", "bonn"),
            ("He said: \"Yes\". (Perhaps K8s, iOS 17, 3rd)", "k8s ios"),
            ("ANNA and Anna", "anna"),
            ("", ""),
        ] {
            assert_eq!(names(text).join(" "), expected, "{text}");
        }
    }
}
