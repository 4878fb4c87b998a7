//! Small letters.

use super::characters::{Characters, UPPER};
use super::draft::{Draft, Edits};

/// Makes all letters small and returns how many were not. A letter whose small form has as many bytes stays where it is.
pub(super) fn lower(draft: &mut Draft, edits: &mut Edits) -> u32 {
    if draft.text.is_ascii() {
        let capitals = draft.text.bytes().filter(u8::is_ascii_uppercase).count();
        draft.text.make_ascii_lowercase();
        return u32::try_from(capitals).unwrap_or(u32::MAX);
    }
    let characters = Characters::get();
    let mut changed = 0;
    let mut text = String::with_capacity(draft.text.len());
    for (place, c) in draft.text.char_indices() {
        if c.is_ascii() {
            changed += u32::from(c.is_ascii_uppercase());
            text.push(c.to_ascii_lowercase());
            continue;
        }
        // `Ⓜ` is a sign of the underground, shown as an emoji
        if !characters.is(c, UPPER) || c == 'Ⓜ' {
            text.push(c);
            continue;
        }
        let mut small = c.to_lowercase();
        if small.len() == 1
            && let Some(small) = small.next()
            && small.len_utf8() == c.len_utf8()
        {
            changed += u32::from(small != c);
            text.push(small);
        } else {
            let small: String = c.to_lowercase().collect();
            edits.replace(place..place + c.len_utf8(), &small);
            text.push(c);
        }
    }
    draft.text = text;
    if !edits.is_empty() {
        changed += draft.apply(edits);
    }
    changed
}
