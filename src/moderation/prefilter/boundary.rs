//! Where words begin and end, for terms of a list.

use unicode_properties::{GeneralCategoryGroup as Group, UnicodeGeneralCategory};

/// Whether a character belongs to a word that goes on with its neighbours: a letter, digit or mark of a script that puts spaces between words.
pub(super) fn is_of_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    let group = c.general_category_group();
    matches!(group, Group::Letter | Group::Number | Group::Mark) && !has_no_spaces(c)
}

/// Whether a character is of a script that puts no spaces between words: Han, Kana, Thai, Lao, Khmer or Myanmar. By the blocks of Unicode 17;
/// the iteration marks of Han and the length marks of Kana are among them.
fn has_no_spaces(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1000..=0x109F | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F | 0x116D0..=0x116FF // Myanmar
        | 0x1780..=0x17FF | 0x19E0..=0x19FF // Khmer
        | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3038..=0x303C // Han: radicals, marks, numerals
        | 0x3041..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F | 0x1AFF0..=0x1B16F // Kana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF // Han
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_of_letters_digits_and_marks_where_spaces_part_them() {
        for c in [
            'a', 'Z', '0', 'ä', 'ß', '\u{301}', 'ж', 'क', '\u{93f}', '시', '²', 'ﺀ',
        ] {
            assert!(is_of_word(c), "{c}");
        }
        for c in "'_-. \u{200b}\u{a0}🙂中国々〇豈𠀀あーカｶ꣸ก\u{e31}ກကꩠក។".chars()
        {
            assert!(!is_of_word(c), "{c}");
        }
    }
}
