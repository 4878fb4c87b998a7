//! Where a text says what was quoted of it.

use std::ops::Range;

/// The first stretch of `text` that says what `quote` says, in bytes: between words, with any case, white space, and form of quotation
/// marks and dashes. Marks and dots around the quote are not of it. `None` where there is none, or the quote has no word.
pub(super) fn find(text: &str, quote: &str) -> Option<Range<usize>> {
    let around = |(c, _): &(char, Range<usize>)| matches!(c, '"' | '\'' | '.' | '…' | ' ');
    let wanted = folded(quote);
    let start = wanted.iter().position(|sign| !around(sign))?;
    let end = wanted.iter().rposition(|sign| !around(sign))? + 1;
    let wanted: String = wanted[start..end].iter().map(|(sign, _)| *sign).collect();
    if !wanted.contains(char::is_alphanumeric) {
        return None;
    }
    let signs = folded(text);
    let (mut searched, mut places) = (String::new(), Vec::with_capacity(signs.len()));
    for (sign, _) in &signs {
        places.push(searched.len());
        searched.push(*sign);
    }
    let is_word = |place: Option<usize>| {
        let sign = place.and_then(|place| signs.get(place));
        sign.is_some_and(|(sign, _)| sign.is_alphanumeric())
    };
    searched.match_indices(&wanted).find_map(|(from, found)| {
        let first = places.binary_search(&from).ok()?;
        let last = places.partition_point(|place| *place < from + found.len()) - 1;
        let splits_start = is_word(Some(first)) && is_word(first.checked_sub(1));
        let splits_end = is_word(Some(last)) && is_word(Some(last + 1));
        (!splits_start && !splits_end).then(|| signs[first].1.start..signs[last].1.end)
    })
}

/// The signs of a text in lower case with the bytes that each stands for: one space for any white space, none for what takes no room.
fn folded(text: &str) -> Vec<(char, Range<usize>)> {
    let mut signs: Vec<(char, Range<usize>)> = Vec::with_capacity(text.len());
    for (place, sign) in text.char_indices() {
        let bytes = place..place + sign.len_utf8();
        if sign.is_whitespace() {
            match signs.last_mut() {
                Some((' ', space)) => space.end = bytes.end,
                _ => signs.push((' ', bytes)),
            }
            continue;
        }
        let plain = match sign {
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => continue,
            _ if sign.is_control() => continue,
            '‘' | '’' | '‚' | '‛' | '′' | '`' => '\'',
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' => '"',
            '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
            sign => sign,
        };
        signs.extend(plain.to_lowercase().map(|sign| (sign, bytes.clone())));
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, quote: &str) -> Option<&'a str> {
        find(text, quote).map(|range| &text[range])
    }

    #[test]
    fn a_quote_is_found_whatever_its_case_and_space() {
        let text = "Die Brücke\n  ist “rot” – seit 1990. İstanbul’s bridge";
        for (quote, expected) in [
            ("die brücke ist", Some("Die Brücke\n  ist")),
            (
                "\"... BRÜCKE   IST \"ROT\" - seit …\"",
                Some("Brücke\n  ist “rot” – seit"),
            ),
            ("1990", Some("1990")),
            ("istanbul's BRIDGE", None),
            ("İSTANBUL's BRIDGE", Some("İstanbul’s bridge")),
            ("199", None),
            ("rücke", None),
            ("it is blue", None),
            ("", None),
            (" … ", None),
            ("–", None),
        ] {
            assert_eq!(found(text, quote), expected, "{quote}");
        }
        assert_eq!(found("", "x"), None);
        assert_eq!(found("a-b a b", "a b"), Some("a b"));
        // The first that stands between words.
        assert_eq!(find("catch cat", "cat"), Some(6..9));
    }

    #[test]
    fn a_stretch_ends_between_characters() {
        // `İ` becomes two characters of lower case, of which the quote may have the first alone.
        assert_eq!(found("xİ", "xi"), Some("xİ"));
        assert_eq!(
            found("soft\u{ad}ware works", "software"),
            Some("soft\u{ad}ware")
        );
    }
}
