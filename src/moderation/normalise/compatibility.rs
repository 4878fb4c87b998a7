//! NFKC, but for what it would spoil: exponents, fractions, the spacing accents and emoji.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, is_nfkc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::characters::{COMPATIBLE, Characters, Look, MARK, WORD};
use super::draft::Edits;

/// A character that NFKC makes longer than this stays (`ﷺ` would become 18).
const MOST_CHARACTERS: usize = 4;

/// `is_bar_left` leaves to the step of confusables what it knows better: whether a character that becomes `I` is meant as `l`, and what beside Latin letters looks
/// like one.
pub(super) fn find(text: &str, characters: Characters, is_bar_left: bool, edits: &mut Edits) {
    let mut rest = text.char_indices().peekable();
    let mut before = None;
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        let mut is_touched = characters.is(c, COMPATIBLE);
        while let Some((place, next)) = rest.next_if(|(_, next)| continues(*next, characters)) {
            end = place + next.len_utf8();
            is_touched |= characters.is(next, COMPATIBLE);
        }
        let cluster = &text[start..end];
        if is_touched {
            let after = rest.peek().map(|(_, c)| *c);
            let beside = [before, after].into_iter().flatten();
            let is_bar = is_bar_left
                && (is_compatible_bar(c, characters)
                    || (beside.into_iter().any(|c| c.is_ascii_alphabetic())
                        && is_disguise(c, characters)));
            let is_kept = is_bar || keeps(c, &text[..start], after, characters);
            settle(cluster, start, is_kept, edits);
        }
        before = cluster.chars().next_back();
    }
}

/// Whether a character may be joined with what stands before it, or change places with it.
fn continues(c: char, characters: Characters) -> bool {
    if c.is_ascii() || !characters.is(c, COMPATIBLE | MARK) {
        return false;
    }
    canonical_combining_class(c) != 0 || is_nfkc_quick(std::iter::once(c)) == IsNormalized::Maybe
}

fn settle(cluster: &str, start: usize, is_kept: bool, edits: &mut Edits) {
    let normal: String = if is_kept {
        cluster.nfc().collect()
    } else {
        cluster.nfkc().collect()
    };
    if normal != cluster {
        edits.replace(start..start + cluster.len(), &normal);
    }
}

fn is_compatible_bar(c: char, characters: Characters) -> bool {
    characters.look(c) == Some(Look::Bar) && std::iter::once(c).nfkc().eq(std::iter::once('I'))
}

/// Whether a character looks like an ASCII letter and is another form of something else, such as the lunate sigma.
fn is_disguise(c: char, characters: Characters) -> bool {
    characters.look(c).is_some() && !std::iter::once(c).nfkc().all(|c| c.is_ascii())
}

/// Whether a character is more than another form of what NFKC makes of it.
fn keeps(c: char, written: &str, after: Option<char>, characters: Characters) -> bool {
    if c.is_ascii() || !characters.is(c, COMPATIBLE) {
        return false;
    }
    let before = written.chars().next_back();
    let is_letter =
        |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && characters.is(c, WORD));
    match c {
        // jamo that stand alone (`ㅋㅋㅋ`), marks of trade and of omission
        '\u{3131}'..='\u{318E}' | '™' | '℠' | '…' | '‥'
        // vowels of Thai, Lao and Tibetan that are typed as one, ligatures of Lao
        | 'ำ' | 'ຳ' | 'ໜ' | 'ໝ' | '\u{F77}' | '\u{F79}'
        // transfinite numbers, the Armenian for `and`
        | 'ℵ'..='ℸ' | 'և' => return true,
        // emoji, unless they stand for a letter or punctuation of a word
        'ℹ' | 'Ⓜ' | '№' | '‼' | '⁉' | '㊗' | '㊙' | '\u{1F200}'..='\u{1F265}' => {
            return !is_letter(before) && !is_letter(after);
        }
        _ => {}
    }
    let mut normal = std::iter::once(c).nfkc();
    let first = normal.next();
    let length = 1 + normal.count();
    let is_spacing_accent = first == Some(' ') && length > 1;
    let is_fraction = length > 1 && std::iter::once(c).nfkc().any(|c| c == '\u{2044}');
    if is_spacing_accent || is_fraction || length > MOST_CHARACTERS {
        return true;
    }
    // exponents and indices count, and numbers in circles order, unless they stand for a letter between letters
    let is_raised = match c {
        '²' | '³' | '¹' | '\u{2070}' | '\u{2074}'..='\u{207E}' | '\u{2080}'..='\u{208E}' => true,
        _ if is_index(c) => {
            let letters = written.chars().rev().skip_while(|c| is_index(*c));
            let letters = letters.take_while(|c| c.is_alphanumeric()).take(3).count();
            (1..=2).contains(&letters) && (!is_letter(after) || after.is_some_and(is_index))
        }
        _ => false,
    };
    if is_raised {
        return true;
    }
    let is_order = matches!(c, 'ª' | 'º') || c.general_category() == GeneralCategory::OtherNumber;
    is_order && !(is_letter(before) && is_letter(after))
}

/// Letters above and below the line that are used in formulas.
fn is_index(c: char) -> bool {
    matches!(c, 'ⁿ' | 'ⁱ' | 'ˣ' | 'ᵏ' | 'ᵐ' | 'ʲ' | 'ᵀ' | 'ᵢ'..='ᵥ' | '\u{2090}'..='\u{209C}' | 'ⱼ')
}
