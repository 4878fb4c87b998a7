//! Another number.

use std::ops::Range;

use super::Draw;
use crate::claims::{Numbers, numbers};

/// English and German months: the number beside one is a day.
const MONTHS: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "dezember",
];

/// What makes a number a bound, before it or behind it: who answers within 48 hours does so within 72, so another bound may still be right.
const BOUNDS: [&str; 42] = [
    "than",
    "over",
    "above",
    "under",
    "below",
    "beyond",
    "exceeding",
    "least",
    "most",
    "within",
    "up",
    "until",
    "till",
    "by",
    "before",
    "after",
    "maximum",
    "minimum",
    "limited",
    "from",
    "onwards",
    "older",
    "longer",
    "more",
    "less",
    "fewer",
    "als",
    "über",
    "unter",
    "mindestens",
    "höchstens",
    "maximal",
    "minimal",
    "binnen",
    "innerhalb",
    "bis",
    "ab",
    "vor",
    "nach",
    "mehr",
    "weniger",
    "länger",
];

/// Words before a number among which a bound is looked for: `up to`, `no later than`, `more than about`.
const BOUND_WORDS: usize = 3;

/// What makes a number one of a row: `2nd`.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];

/// The answer with another number in place of one that the contexts have: as many digits, one of them different, and nowhere in what is `known`
/// (contexts, question, answer). Days stay below 29 and years within their decade's century. Times, dates of digits, versions, ordinals, bounds (`over 50`,
/// `within 48 hours`) and number words stay as they are. `None` where there is no number to swap.
pub fn swap_number(
    answer: &str,
    contexts: &[&str],
    question: &str,
    draw: &mut Draw,
) -> Option<String> {
    let (mut given, mut known) = (Numbers::default(), Numbers::default());
    for text in contexts {
        given.add(text);
        known.add(text);
    }
    known.add(question);
    known.add(answer);
    let runs = runs(answer);
    let once = |range: &Range<usize>| {
        let same = runs
            .iter()
            .filter(|other| answer[(*other).clone()] == answer[range.clone()]);
        same.count() == 1
    };
    let is_given = |range: &Range<usize>| {
        let number = numbers(&answer[range.clone()]);
        number.iter().all(|number| given.has(number))
    };
    let places = runs
        .iter()
        .filter(|range| once(range) && is_given(range) && !is_bound(answer, range));
    for range in draw.order(places) {
        for other in draw.order(others(answer, range)) {
            if numbers(&other).iter().all(|number| !known.has(number)) {
                let (before, behind) = (&answer[..range.start], &answer[range.end..]);
                return Some(format!("{before}{other}{behind}"));
            }
        }
    }
    None
}

/// The numbers of a text that are no part of a word, a date, a time or a version.
fn runs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()) {
        let start = from + start;
        let inside = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | ':' | '/');
        let length = text[start..]
            .find(|c| !inside(c))
            .unwrap_or(text.len() - start);
        let run = text[start..start + length].trim_end_matches(['.', ',', '\'', ':', '/']);
        from = start + run.len();
        let before = text[..start].chars().next_back();
        let word: String = text[from..]
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .collect();
        // A dash with a digit on each side may be a range, or a date of digits, or a telephone number.
        let dashed = before.is_some_and(|c| matches!(c, '-' | '–'))
            || text[from..].starts_with(['-', '–'])
                && text[from..]
                    .chars()
                    .nth(1)
                    .is_some_and(|c| c.is_ascii_digit());
        let is_part =
            before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '#' | '_'));
        let is_one = numbers(run).len() == 1 && !run.contains([':', '/']);
        if is_one && !is_part && !dashed && !ORDINALS.contains(&word.as_str()) {
            found.push(start..from);
        }
    }
    found
}

/// Numbers of the same kind as that at a place, one digit different.
fn others(text: &str, range: &Range<usize>) -> Vec<String> {
    let written = &text[range.clone()];
    let digits: Vec<usize> = written
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(place, _)| place)
        .collect();
    let value: u64 = written.parse().unwrap_or(u64::MAX);
    let is_year = digits.len() == 4 && (1800..2100).contains(&value);
    let is_day = value <= 31 && is_beside_month(text, range);
    let is_zero = |place: &&usize| written[**place..].starts_with('0');
    let changed = if is_year || (is_day && digits.len() == 2) {
        digits.last()
    } else {
        digits
            .iter()
            .find(|place| !is_zero(place))
            .or(digits.last())
    };
    let Some(&place) = changed else {
        return Vec::new();
    };
    let other = ('1'..='9').filter(|digit| !written[place..].starts_with(*digit));
    let numbers =
        other.map(|digit| format!("{}{digit}{}", &written[..place], &written[place + 1..]));
    let is_fit = |number: &String| !is_day || number.parse::<u64>().is_ok_and(|day| day <= 28);
    numbers.filter(is_fit).collect()
}

/// Whether a number of a text bounds something: a word for it stands shortly before it, or next but one behind it (`60 days or more`).
fn is_bound(text: &str, range: &Range<usize>) -> bool {
    let is_end = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')');
    let before = text[..range.start].rsplit(is_end).next();
    let behind = text[range.end..].split(is_end).next();
    let words = |text: Option<&str>| -> Vec<String> {
        let words = text.unwrap_or_default().split(|c: char| !c.is_alphabetic());
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (before, behind) = (words(before), words(behind));
    let near = before.iter().rev().take(BOUND_WORDS);
    let mut near = near.chain(behind.iter().take(BOUND_WORDS));
    near.any(|word| BOUNDS.contains(&word.as_str()))
}

fn is_beside_month(text: &str, range: &Range<usize>) -> bool {
    let letters = |c: char| !c.is_alphabetic();
    let before = text[..range.start].trim_end().rsplit(letters).next();
    let behind = text[range.end..]
        .trim_start_matches(['.', ' '])
        .split(letters)
        .next();
    [before, behind]
        .into_iter()
        .flatten()
        .any(|word| MONTHS.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swapped(answer: &str, context: &str) -> Vec<String> {
        let of = |seed| swap_number(answer, &[context], "", &mut Draw::of(seed, "x", "number"));
        let mut found: Vec<String> = (0..200).filter_map(of).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn one_digit_is_another_and_the_number_is_nowhere() {
        let context = "After 30 days, not 40 or 50, and 60 percent, seven of 80 or 90.";
        assert_eq!(
            swapped("It takes 30 days.", context),
            [
                "It takes 10 days.",
                "It takes 20 days.",
                "It takes 70 days."
            ]
        );
        assert_eq!(
            swapped(
                "It takes 3 of them.",
                "3 of 4, 5, 6, 8 and 9, two of seven."
            ),
            ["It takes 1 of them."]
        );
        let all = swapped("About 1,250.50 EUR.", "1250.5");
        assert_eq!(all.len(), 8);
        assert!(
            all.iter().all(|text| text.ends_with(",250.50 EUR.")),
            "{all:?}"
        );
        let years = swapped("Since 2019.", "2019");
        assert!(
            years.iter().all(|text| text.starts_with("Since 201")),
            "{years:?}"
        );
        let days = swapped("On 24 March.", "24 March");
        assert_eq!(days.first().unwrap(), "On 21 March.");
        assert!(
            days.iter().all(|text| text.as_str() <= "On 28 March."),
            "{days:?}"
        );
        assert_eq!(swapped("Am 9. Mai.", "9. Mai").len(), 8);
        let small = swapped("0.05 %", "0.05 %");
        assert!(
            small.iter().all(|text| text.starts_with("0.0")),
            "{small:?}"
        );
    }

    #[test]
    fn bounds_stay_as_another_may_still_be_right() {
        for text in [
            "Contracts over 50,000 euros are screened.",
            "Requests are answered within 48 hours.",
            "It is banned if the train takes less than 5 hours.",
            "Reports are due by 15 May.",
            "Gifts of up to 35 euros are fine.",
            "It takes no more than about 20 minutes.",
            "Keep it for 60 days or more.",
            "Archives older than 60 days go.",
            "Es wird binnen 48 Stunden geantwortet.",
            "Erlaubt sind höchstens 20 Tage.",
        ] {
            assert_eq!(swapped(text, text), [""; 0], "{text}");
        }
        // A bound of another sentence or clause is none of this number's.
        assert_eq!(swapped("It is over. 7 left.", "7").len(), 8);
        assert_eq!(swapped("The fleet has 118 vans.", "118").len(), 8);
        assert_eq!(swapped("Revenue rose to 84 million euros.", "84").len(), 8);
    }

    #[test]
    fn what_is_no_plain_number_stays() {
        for text in [
            "At 14:30.",
            "On 2024-03-01.",
            "On 1.3.2024.",
            "In v2 or K8s.",
            "The 2nd.",
            "5-7 days",
            "Version 2.1.3.",
            "None.",
            "1/2",
            "INC-4711 #12",
        ] {
            assert_eq!(swapped(text, text), [""; 0], "{text}");
        }
        // The contexts do not have it, or the answer has it twice.
        assert_eq!(swapped("It takes 30 days.", "Thirty."), [""; 0]);
        assert_eq!(swapped("30 or 30.", "30"), [""; 0]);
    }
}
