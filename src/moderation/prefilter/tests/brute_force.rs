//! Hits against those of a search that tries every stretch of the text.

use super::*;

/// `SplitMix64`.
fn below(state: &mut u64, end: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
}

const LETTERS: [char; 8] = ['a', 'a', 'b', 'é', ' ', '-', '坏', '\u{301}'];

fn text(state: &mut u64, most: usize) -> String {
    let length = 1 + below(state, most);
    (0..length)
        .map(|_| LETTERS[below(state, LETTERS.len())])
        .collect()
}

fn is_word(c: char) -> bool {
    matches!(c, 'a' | 'b' | 'é' | '\u{301}')
}

/// Whether a word goes on at this place.
fn is_inside_word(text: &str, place: usize) -> bool {
    let before = text[..place].chars().next_back();
    before.is_some_and(is_word) && text[place..].starts_with(is_word)
}

fn brute_force(text: &str, lists: &[(Vec<String>, bool)]) -> Vec<(usize, Range<usize>)> {
    let places: Vec<usize> = (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .collect();
    let mut hits = Vec::new();
    for (number, (terms, whole_words)) in lists.iter().enumerate() {
        let stands = |start: usize, end: usize, is_exception: bool| {
            let inside = &text[start..end];
            let spaced = inside.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_free =
                !whole_words || !is_inside_word(text, start) && !is_inside_word(text, end);
            let asked = if is_exception {
                format!("!{spaced}")
            } else {
                spaced
            };
            inside.trim() == inside && is_free && terms.contains(&asked)
        };
        let mut from = 0;
        for &start in &places {
            if start < from {
                continue;
            }
            let is_excepted = |end: usize| {
                let befores = places.iter().filter(|place| **place <= start);
                befores.copied().any(|before| {
                    let afters = places.iter().filter(|place| **place >= end);
                    afters.copied().any(|after| stands(before, after, true))
                })
            };
            let ends = places.iter().rev().filter(|end| **end > start);
            let longest = ends
                .copied()
                .find(|end| stands(start, *end, false) && !is_excepted(*end));
            if let Some(end) = longest {
                hits.push((number, start..end));
                from = end;
            }
        }
    }
    hits.sort_by_key(|(number, range)| (range.start, Reverse(range.end), *number));
    hits
}

#[test]
fn every_stretch_that_counts_is_hit_and_no_other() {
    let (mut state, mut counts) = (26, (0, 0, 0));
    for _ in 0..400 {
        let folder = Folder::new();
        let (mut configs, mut lists) = (Vec::new(), Vec::new());
        for number in 0..2 {
            let mut terms: Vec<String> = Vec::new();
            for length in [2, 3, 3, 5, 5, 6] {
                let mut term = text(&mut state, length);
                if below(&mut state, 3) == 0 {
                    term = format!("a {}", text(&mut state, 2));
                }
                let term = term.split_whitespace().collect::<Vec<_>>().join(" ");
                let exception = format!("!{term}");
                let is_new = !terms.contains(&term) && !terms.contains(&exception);
                if !term.is_empty() && is_new {
                    let is_exception = !terms.is_empty() && below(&mut state, 3) == 0;
                    terms.push(if is_exception { exception } else { term });
                }
            }
            if terms.is_empty() {
                terms.push("a".to_owned());
            }
            let name = format!("{number}.txt");
            let whole_words = below(&mut state, 3) > 0;
            configs.push(BlocklistConfig {
                whole_words,
                ..folder.list(&name, &name, terms.join("\n"))
            });
            lists.push((terms, whole_words));
        }
        let prefilter = open(configs, vec![]).unwrap();
        for _ in 0..20 {
            let text = text(&mut state, 30);
            let hits = prefilter.hits(&text, None);
            let hits: Vec<_> = hits
                .iter()
                .map(|hit| (hit.category, hit.range.clone()))
                .collect();
            let expected = brute_force(&text, &lists);
            assert_eq!(hits, expected, "`{text}` {lists:?}");
            let plain: Vec<_> = lists
                .iter()
                .map(|(terms, whole)| {
                    let terms = terms.iter().filter(|term| !term.starts_with('!'));
                    (terms.cloned().collect(), *whole)
                })
                .collect();
            counts.0 += hits.len();
            counts.1 += usize::from(brute_force(&text, &plain) != expected);
            counts.2 += usize::from(
                hits.iter()
                    .any(|(_, range)| text[range.clone()].contains(' ')),
            );
        }
    }
    // All kinds occur: hits, exceptions that matter, terms of several words.
    assert!(
        counts.0 > 5_000 && counts.1 > 200 && counts.2 > 200,
        "{counts:?}"
    );
}
