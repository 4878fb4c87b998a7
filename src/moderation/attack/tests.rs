//! What was edited is counted by a checker that knows the families but not how edits are made.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

const SENTENCE: &str = "Yesterday somebody painted wonderful mountains beside beautiful rivers, quietly enjoying sunshine";

/// The fewest edits of a family that make one text of another; `None` where none do.
fn edits(original: &str, attacked: &str, family: Family) -> Option<usize> {
    let letters: Vec<&str> = original.graphemes(true).collect();
    // The cost of having read so many grapheme clusters and so many bytes.
    let mut costs = vec![vec![None; attacked.len() + 1]; letters.len() + 1];
    costs[0][0] = Some(0);
    for read in 0..=letters.len() {
        for at in 0..=attacked.len() {
            let Some(cost) = costs[read][at] else {
                continue;
            };
            let rest = &attacked[at..];
            let mut steps = Vec::new();
            if letters.get(read).is_some_and(|next| rest.starts_with(next)) {
                steps.push((1, letters[read].len(), 0));
            }
            let within = read > 0 && read < letters.len();
            let edits = ways(letters.get(read).copied(), rest, family, &letters[read..]);
            let legible =
                |(took, _): &(usize, usize)| *took > 0 || within || family == Family::Combining;
            steps.extend(
                edits
                    .into_iter()
                    .filter(legible)
                    .map(|(took, bytes)| (took, bytes, 1)),
            );
            for (took, bytes, price) in steps {
                let next = &mut costs[read + took][at + bytes];
                *next = Some(next.map_or(cost + price, |known: usize| known.min(cost + price)));
            }
        }
    }
    costs[letters.len()][attacked.len()]
}

/// The edits that may begin here: how many grapheme clusters they take, and how many bytes they wrote.
fn ways(next: Option<&str>, rest: &str, family: Family, following: &[&str]) -> Vec<(usize, usize)> {
    let Some(first) = rest.chars().next() else {
        return Vec::new();
    };
    let size = first.len_utf8();
    let letter = next.filter(|next| next.len() == 1 && next.as_bytes()[0].is_ascii_alphabetic());
    let written = &rest[..size];
    match (family, letter) {
        (Family::Homoglyph, Some(letter)) => {
            let alike = skeleton(written).eq(skeleton(letter)) || written.nfkc().eq(letter.chars());
            alike.then_some((1, size)).into_iter().collect()
        }
        (Family::Leet, Some(letter)) => {
            let table = [
                "a4@", "b8", "e3", "g9", "i1!", "l1|", "o0", "s5$", "t7+", "z2",
            ];
            let lower = letter.to_ascii_lowercase();
            let stands = |row: &&str| row.starts_with(&lower) && row[1..].contains(first);
            table
                .iter()
                .find(|row| stands(row))
                .map(|_| (1, size))
                .into_iter()
                .collect()
        }
        (Family::ZeroWidth, _) if skeleton(written).next().is_none() => vec![(0, size)],
        (Family::Spacing, _) if " .-_*".contains(first) => vec![(0, size)],
        (Family::Combining, _) => {
            let marks = rest
                .chars()
                .take_while(|mark| mark.general_category_group() == GeneralCategoryGroup::Mark);
            let mut bytes = 0;
            let sizes = marks.take(4).map(|mark| {
                bytes += mark.len_utf8();
                (0, bytes)
            });
            sizes.collect()
        }
        (Family::Emoji, letter) => {
            let shown = rest.graphemes(true).next().unwrap();
            // ℹ️ is a letter that is shown as an emoji.
            let of_letters = first.general_category_group() == GeneralCategoryGroup::Letter
                && !shown.contains('\u{FE0F}');
            let plain = of_letters || shown.is_ascii();
            match (plain, letter) {
                (true, _) => Vec::new(),
                (false, Some(_)) => vec![(0, shown.len()), (1, shown.len())],
                (false, None) => vec![(0, shown.len())],
            }
        }
        (Family::Bidi, _) => turned(rest, following),
        _ => Vec::new(),
    }
}

/// A mark, or a pair around letters in either order, which a mark may stand beside on each side.
fn turned(rest: &str, following: &[&str]) -> Vec<(usize, usize)> {
    let marks = ['\u{200E}', '\u{200F}', '\u{61C}'];
    let openers = [
        '\u{202A}', '\u{202B}', '\u{202D}', '\u{202E}', '\u{2066}', '\u{2067}', '\u{2068}',
    ];
    let mut found = Vec::new();
    let behind_mark = rest.strip_prefix(marks);
    if let Some(behind) = behind_mark {
        found.push((0, rest.len() - behind.len()));
    }
    let Some(inside) = behind_mark.unwrap_or(rest).strip_prefix(openers) else {
        return found;
    };
    let Some((inside, behind)) = inside.split_once(['\u{202C}', '\u{2069}']) else {
        return found;
    };
    for count in 1..=following.len() {
        let letters = &following[..count];
        let backwards: String = letters.iter().rev().copied().collect();
        if inside == letters.concat() || inside == backwards {
            found.push((count, rest.len() - behind.len()));
            if let Some(behind) = behind.strip_prefix(marks) {
                found.push((count, rest.len() - behind.len()));
            }
        }
    }
    found
}

#[test]
fn the_checker_counts() {
    for (original, attacked, family, count) in [
        ("hate", "hate", Family::Leet, Some(0)),
        ("hate", "h4t3", Family::Leet, Some(2)),
        ("hate", "h5te", Family::Leet, None),
        ("hate", "h.a.t.e", Family::Spacing, Some(3)),
        ("hate", " hate", Family::Spacing, None),
        ("hate", "h\u{200B}ate", Family::ZeroWidth, Some(1)),
        ("hate", "h\u{430}te", Family::Homoglyph, Some(1)),
        ("hate", "h\u{431}te", Family::Homoglyph, None),
        (
            "hate",
            "ha\u{301}\u{301}te\u{301}",
            Family::Combining,
            Some(2),
        ),
        ("hate", "h🅰️te", Family::Emoji, Some(1)),
        ("hate", "h\u{202E}ta\u{202C}e", Family::Bidi, Some(1)),
        ("hate", "h\u{202D}ate\u{202C}", Family::Bidi, Some(1)),
        ("hate", "h\u{202E}at\u{202C}e\u{200E}", Family::Bidi, None),
    ] {
        assert_eq!(edits(original, attacked, family), count, "{attacked}");
    }
}

#[test]
fn a_budget_is_spent_where_there_is_place() {
    for family in Family::ALL {
        for seed in 0..60 {
            assert_eq!(attack(SENTENCE, family, 0, seed), None);
            for budget in 1..=6 {
                let attacked = attack(SENTENCE, family, budget, seed).unwrap();
                assert_eq!(
                    edits(SENTENCE, &attacked, family),
                    Some(budget),
                    "{attacked}"
                );
            }
        }
    }
}

#[test]
fn a_larger_budget_goes_on_from_a_smaller() {
    // Spaces that follow the same letters.
    let spaced = |attacked: &str| -> Vec<String> {
        attacked
            .split(['.', '-', '_', '*', ' '])
            .map(str::to_owned)
            .collect()
    };
    for seed in 0..50 {
        let two = spaced(&attack("wonderful", Family::Spacing, 2, seed).unwrap());
        let three = spaced(&attack("wonderful", Family::Spacing, 3, seed).unwrap());
        let merged = (0..3).any(|at| {
            let mut merged = three.clone();
            let next = merged.remove(at + 1);
            merged[at].push_str(&next);
            merged == two
        });
        assert!(merged, "{two:?} {three:?}");
    }
}

#[test]
fn each_word_is_edited_once_before_any_is_edited_twice() {
    for family in Family::ALL {
        if family == Family::Spacing {
            continue;
        }
        for seed in 0..30 {
            let attacked = attack("painted mountains quietly", family, 3, seed).unwrap();
            let words: Vec<&str> = attacked.split(' ').collect();
            for (word, original) in words.iter().zip(["painted", "mountains", "quietly"]) {
                assert_eq!(edits(original, word, family), Some(1), "{attacked}");
            }
        }
    }
}

#[test]
fn letters_are_spaced_out_word_by_word() {
    for seed in 0..30 {
        let attacked = attack("they hate it", Family::Spacing, 3, seed).unwrap();
        let spaced = [" ", ".", "-", "_", "*"]
            .map(|sign| format!("they {} it", ["h", "a", "t", "e"].join(sign)));
        assert!(spaced.contains(&attacked), "{attacked}");
    }
}

#[test]
fn short_words_are_spaced_out_in_full_as_readily_as_long_ones_in_part() {
    let text = "painted blue mountains";
    let blue = |seed| {
        let attacked = attack(text, Family::Spacing, 3, seed).unwrap();
        !attacked.contains("blue")
    };
    let count = (0..300).filter(|seed| blue(*seed)).count();
    assert!((70..150).contains(&count), "{count} of 300");
}

#[test]
fn content_words_are_looked_for_and_seeds_spread() {
    let mut edited = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let attacked = attack(
            "these people would really enjoy gardening",
            Family::Leet,
            1,
            seed,
        )
        .unwrap();
        let words = attacked
            .split(' ')
            .zip("these people would really enjoy gardening".split(' '));
        edited.extend(
            words
                .filter(|(now, was)| now != was)
                .map(|(_, was)| was.to_owned()),
        );
    }
    assert_eq!(
        edited.into_iter().collect::<Vec<_>>(),
        ["enjoy", "gardening", "people"]
    );
}

#[test]
fn links_names_and_short_words_are_left_alone() {
    for text in [
        "@somebody: see https://example.org/wonderful-mountains",
        "(@somebody) www.example.org",
        "&#8220;@somebody_2else: mail.me@example.org",
        "it is so far",
        "&quot;it&quot;",
        "12345 67890 🏳️‍🌈👨‍👩‍👧",
        "",
    ] {
        for family in Family::ALL {
            assert_eq!(attack(text, family, 3, 1), None, "{family}: {text}");
        }
    }
}

#[test]
fn other_scripts_are_attacked_between_their_letters() {
    for text in [
        "Сегодня прекрасная погода",
        "今日はとても良い天気です",
        "오늘은 날씨가 정말 좋아요",
        "วันนี้อากาศดีมาก",
        "आज मौसम बहुत सुहावना है",
        "الطقس جميل جدا اليوم",
        "מזג האוויר נפלא היום",
    ] {
        for family in Family::ALL {
            for seed in 0..40 {
                let attacked = attack(text, family, 2, seed);
                if matches!(family, Family::Homoglyph | Family::Leet) {
                    assert_eq!(attacked, None);
                    continue;
                }
                let count = edits(text, &attacked.unwrap(), family);
                // Controls around all letters of the only long word leave no place for more.
                let spent = count == Some(2) || family == Family::Bidi && count == Some(1);
                assert!(spent, "{family}: {text}");
            }
        }
    }
}

#[test]
fn homoglyphs_are_those_of_the_tables() {
    for (letter, expected) in [
        ('a', "аａ𝐚ɑα"),
        ('l', "1I|ӏ𝟏"),
        ('O', "0ОΟ"),
        ('I', "l1|"),
        ('m', "𝐦ⅿ"),
        ('s', "ѕſ"),
    ] {
        let found = homoglyphs(letter);
        assert!(
            expected.chars().all(|one| found.contains(&one)),
            "{letter}: {found:?}"
        );
    }
    let skeletons: Vec<(char, String)> = ('A'..='Z')
        .chain('a'..='z')
        .map(|letter| (letter, skeleton(&letter.to_string()).collect()))
        .collect();
    let mut count = 0;
    for other in '\0'..='\u{3FFFF}' {
        let written = other.to_string();
        let framed = ('Ⓐ'..='ⓩ').contains(&other) || ('🄰'..='🆉').contains(&other);
        let looks: String = skeleton(&written).collect();
        let folded: String = written.nfkc().collect();
        for (letter, skeleton) in &skeletons {
            let alike = *skeleton == looks || folded.chars().eq([*letter]);
            let expected = alike && other != *letter && !framed;
            count += usize::from(expected);
            let found = homoglyphs(*letter).binary_search(&other).is_ok();
            assert!(found == expected, "{letter} {other:?}");
        }
    }
    assert!(count > 1_500, "{count}");
    assert!(homoglyphs('ä').is_empty() && homoglyphs('7').is_empty());
}

#[test]
fn families_have_names() {
    for family in Family::ALL {
        assert_eq!(family.name().parse(), Ok(family));
        assert_eq!(serde_json::to_value(family).unwrap(), family.name());
    }
    let error = "typo".parse::<Family>().unwrap_err();
    assert!(
        error.starts_with("`typo` is no family of attacks: expected one of homoglyph, zero-width,"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_edited_within_the_budget(
        text in prop_oneof![
            ".{0,40}",
            r"[a-zA-Zé\u{301}\u{200D}\u{FE0F}äßאبकक्ษ한漢😀🇦 .@&;]{0,40}",
            r"([a-z]{1,9} ){0,6}",
        ],
        family in 0..7_usize,
        budget in 0..5_usize,
        seed in any::<u64>(),
    ) {
        let family = Family::ALL[family];
        let attacked = attack(&text, family, budget, seed);
        prop_assert_eq!(&attacked, &attack(&text, family, budget, seed));
        if let Some(attacked) = attacked {
            prop_assert_ne!(&attacked, &text);
            let count = edits(&text, &attacked, family);
            prop_assert!(count.is_some_and(|count| (1..=budget).contains(&count)), "{:?} {:?}", count, attacked);
        }
    }
}
