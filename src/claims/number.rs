//! Numbers in a text, however they are written: `1,000` is `1000`, `5 %` is `5 percent`, `.5` is `0.5`.

use std::collections::HashSet;

/// A number, as digits × 10^exponent without zeros at either end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Value {
    digits: String,
    exponent: i32,
}

/// A number as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// What it may mean: `1.250` is 1250 in German and 1.25 in English.
    readings: Vec<Value>,
    /// Whether it is a percentage.
    percent: bool,
}

/// The numbers of a source.
#[derive(Debug, Default)]
pub struct Numbers {
    values: HashSet<Value>,
    percentages: HashSet<Value>,
}

/// Number words that a source may have for a sentence's digits; English and German.
const WORDS: [(&str, &str); 24] = [
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("eins", "1"),
    ("zwei", "2"),
    ("drei", "3"),
    ("vier", "4"),
    ("fünf", "5"),
    ("sechs", "6"),
    ("sieben", "7"),
    ("acht", "8"),
    ("neun", "9"),
    ("zehn", "10"),
    ("elf", "11"),
    ("zwölf", "12"),
];

const SCALES: [(&str, i32); 13] = [
    ("thousand", 3),
    ("tausend", 3),
    ("tsd", 3),
    ("million", 6),
    ("millions", 6),
    ("millionen", 6),
    ("mio", 6),
    ("billion", 9),
    ("billions", 9),
    ("bn", 9),
    ("milliarde", 9),
    ("milliarden", 9),
    ("mrd", 9),
];

const PERCENT: [&str; 3] = ["percent", "pct", "prozent"];

impl Value {
    /// The value of `whole.fraction` × 10^scale.
    fn new(whole: &str, fraction: &str, scale: i32) -> Self {
        let digits = format!("{whole}{fraction}");
        let exponent = scale - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        let short = digits.trim_end_matches('0');
        let zeros = i32::try_from(digits.len() - short.len()).unwrap_or(i32::MAX);
        let short = short.trim_start_matches('0');
        Self {
            exponent: if short.is_empty() {
                0
            } else {
                exponent.saturating_add(zeros)
            },
            digits: short.to_owned(),
        }
    }
}

impl Numbers {
    /// Adds those of a text, number words included.
    pub fn add(&mut self, text: &str) {
        for number in numbers(text) {
            if number.percent {
                self.percentages.extend(number.readings.iter().cloned());
            }
            self.values.extend(number.readings);
        }
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let word = word.to_lowercase();
            let value = WORDS.iter().find(|(name, _)| *name == word);
            self.values
                .extend(value.map(|(_, digits)| Value::new(digits, "", 0)));
        }
    }

    /// Whether a number is among them, in one of its readings. A percentage must be one.
    pub fn has(&self, number: &Number) -> bool {
        let among = if number.percent {
            &self.percentages
        } else {
            &self.values
        };
        number.readings.iter().any(|value| among.contains(value))
    }
}

/// The numbers of a text that are written with digits, in order, each once. One inside a word (`IL2`, `v2`) is of the word; a date or a version is
/// its parts.
pub fn numbers(text: &str) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut rest = text;
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        let digits = rest.trim_start_matches(['.', ',']);
        let is_fraction = first == '.' && rest.len() == digits.len() + 1;
        let begins = first.is_ascii_digit()
            || (is_fraction && digits.starts_with(|c: char| c.is_ascii_digit()));
        if in_word || !begins {
            in_word = first.is_alphanumeric() || (in_word && is_fraction && begins);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let written = run(rest);
        rest = &rest[written.len()..];
        for number in read(written, rest) {
            if !found.contains(&number) {
                found.push(number);
            }
        }
        in_word = rest.starts_with(char::is_alphabetic);
    }
    found
}

/// What may stand between the digits of one number.
fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '’') || is_thin(c)
}

fn is_thin(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// The digits and separators that a text begins with.
fn run(text: &str) -> &str {
    let mut end = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        let next_is_digit = characters
            .peek()
            .is_some_and(|(_, next)| next.is_ascii_digit());
        if character.is_ascii_digit() {
            end = place + 1;
        } else if !is_separator(character) || !next_is_digit {
            break;
        }
    }
    &text[..end]
}

/// What a run of digits and separators may mean, `behind` which stands a scale or a per cent sign or neither.
fn read(written: &str, behind: &str) -> Vec<Number> {
    let parts: Vec<&str> = written.split(is_separator).collect();
    let separators: Vec<char> = written.chars().filter(|c| is_separator(*c)).collect();
    let word = behind.trim_start_matches(|c: char| c == ' ' || c == '-' || is_thin(c));
    let letters: String = word.chars().take_while(|c| c.is_alphabetic()).collect();
    let letters = letters.to_lowercase();
    let scale = SCALES
        .iter()
        .find(|(name, _)| *name == letters)
        .map_or(0, |(_, scale)| *scale);
    let percent = word.starts_with(['%', '％'])
        || PERCENT.contains(&letters.as_str())
        || word
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case("per cent"));
    let are_groups = |parts: &[&str]| {
        parts[0].len() <= 3 && !parts[0].is_empty() && parts[1..].iter().all(|part| part.len() == 3)
    };
    let is_point = |separator: char| matches!(separator, '.' | ',');
    let mut readings = Vec::new();
    if let Some((last, before)) = separators.split_last() {
        let (fraction, whole) = parts.split_last().expect("a separator has parts around it");
        if separators.iter().all(|other| other == last) && are_groups(&parts) {
            readings.push(Value::new(&parts.concat(), "", scale));
        }
        let are_alike = before
            .iter()
            .all(|other| Some(other) == before.first() && other != last);
        if is_point(*last) && are_alike && (before.is_empty() || are_groups(whole)) {
            readings.push(Value::new(&whole.concat(), fraction, scale));
        }
    } else {
        readings.push(Value::new(written, "", scale));
    }
    if !readings.is_empty() {
        return vec![Number { readings, percent }];
    }
    let part = |part: &&str| Number {
        readings: vec![Value::new(part, "", 0)],
        percent: false,
    };
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .map(part)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(sentence: &str, source: &str) -> bool {
        let mut known = Numbers::default();
        known.add(source);
        let wanted = numbers(sentence);
        assert!(!wanted.is_empty(), "{sentence}");
        wanted.iter().all(|number| known.has(number))
    }

    #[test]
    fn the_same_number_is_known_in_every_writing() {
        for (one, other) in [
            ("1,000", "1000"),
            ("1.000", "1000"),
            ("1'000", "1000"),
            ("1\u{202f}000", "1000"),
            ("1,250,000.5", "1250000.50"),
            ("1.250.000,5", "1,250,000.5"),
            ("5 %", "5%"),
            ("5 percent", "5%"),
            ("5 Prozent", "5\u{a0}%"),
            ("5 per cent", "5%"),
            (".5", "0.5"),
            ("0,5", "0.5"),
            ("3,50", "3.5"),
            ("007", "7"),
            ("1.25 million", "1,250,000"),
            ("1,25 Mio.", "1250000"),
            ("2 billion", "2000 million"),
            ("2024-03-01", "1.3.2024"),
            ("31.12.2024", "31/12/2024"),
            ("5kg", "5 kg"),
            ("0", "0.0"),
            ("7", "seven"),
            ("12", "zwölf"),
            ("v1 and 2.1.3", "2.1.3"),
            ("-5", "−5"),
            ("5", "5 %"),
        ] {
            assert!(agree(one, other), "{one} {other}");
        }
        assert_eq!(numbers("IL2, v2.5, Q3, x").len(), 0);
        assert_eq!(numbers("3 and 3.0 and 3").len(), 1);
    }

    #[test]
    fn other_numbers_are_others() {
        for (one, other) in [
            ("5%", "5"),
            ("5", "50"),
            ("1,000", "1001"),
            ("1.5", "15"),
            ("12.5", "1.25"),
            ("5 million", "5"),
            ("2024", "IL2024"),
            ("30", "3 and 0"),
            ("1,00", "100"),
            ("0.5", "5"),
        ] {
            assert!(!agree(one, other), "{one} {other}");
        }
    }
}
