//! Emoji and their names.

/// A joiner between the parts of an emoji.
const JOINER: char = '\u{200d}';

/// The longest sequence without skin tones and selectors, the flag of Scotland, has 28 bytes.
const MOST_BYTES: usize = 32;

/// The most characters of a sequence that are no skin tone and no selector: families have 7, as has the flag of Scotland.
const MOST_CHARACTERS: usize = 8;

/// An emoji at the beginning of a text.
pub(super) struct Found {
    /// Its bytes, with the skin tones, selectors and joiners that belong to it.
    pub(super) bytes: usize,
    /// As CLDR writes it; empty for a part that stands alone.
    pub(super) name: &'static str,
}

/// Whether a character may be the first of an emoji. Digits, `#` and `*` are of a keycap only.
pub(super) fn may_begin(c: char) -> bool {
    matches!(
        c,
        '0'..='9' | '#' | '*' | '©' | '®' | '\u{203c}'..='\u{2bff}' | '〰' | '〽' | '㊗' | '㊙' | '\u{1f000}'..='\u{1faff}'
    )
}

/// The longest emoji that a text begins with.
pub(super) fn find(text: &str) -> Option<Found> {
    let mut bare = Bare::default();
    let mut prefixes = [(0, 0); MOST_CHARACTERS];
    let mut count = 0;
    let mut before = None;
    let mut end = 0;
    for c in text.chars() {
        let goes_on = match before {
            None => may_begin(c),
            Some(_) if is_modifier(c) => {
                end += c.len_utf8();
                prefixes[count - 1].1 = end;
                continue;
            }
            Some(JOINER) => true,
            Some(last) => {
                matches!(c, JOINER | '\u{20e3}' | '\u{e0020}'..='\u{e007f}')
                    || (is_regional(last) && is_regional(c) && count == 1)
            }
        };
        if !goes_on || count == MOST_CHARACTERS || !bare.push(c) {
            break;
        }
        end += c.len_utf8();
        prefixes[count] = (bare.length, end);
        count += 1;
        before = Some(c);
    }
    prefixes[..count]
        .iter()
        .rev()
        .find_map(|&(bytes, end)| named(bare.up_to(bytes), &text[..end]))
        .or_else(|| lone_part(text))
        .map(|(end, name)| Found {
            // A joiner to what is named apart goes too.
            bytes: end
                + text[end..]
                    .chars()
                    .take_while(|&c| c == JOINER)
                    .map(char::len_utf8)
                    .sum::<usize>(),
            name,
        })
}

/// Skin tones, and the selectors of text and of emoji.
fn is_modifier(c: char) -> bool {
    is_tone(c) || matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

fn is_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// The bytes and the name of a whole text that is an emoji, whose name is that without a skin tone.
fn named(bare: &str, whole: &str) -> Option<(usize, &'static str)> {
    // People of two skin tones are parts with them and one sign without: so the whole is looked up first.
    let found = emojis::get(whole).or_else(|| emojis::get(bare))?;
    let mut characters = bare.chars();
    let is_sign =
        characters.next().is_some_and(|first| first < '\u{2600}') && characters.next().is_none();
    if is_sign && !whole.starts_with(found.as_str()) {
        return None;
    }
    let plain = found.with_skin_tone(emojis::SkinTone::Default);
    Some((whole.len(), plain.unwrap_or(found).name()))
}

/// A skin tone or the frame of a keycap around nothing.
fn lone_part(text: &str) -> Option<(usize, &'static str)> {
    let first = text
        .chars()
        .next()
        .filter(|&c| is_tone(c) || c == '\u{20e3}')?;
    Some((first.len_utf8(), ""))
}

/// A sequence without its skin tones and selectors.
#[derive(Default)]
struct Bare {
    bytes: [u8; MOST_BYTES],
    length: usize,
}

impl Bare {
    /// Adds a character; `false` if there is no room.
    fn push(&mut self, c: char) -> bool {
        let Some(room) = self.bytes.get_mut(self.length..self.length + c.len_utf8()) else {
            return false;
        };
        self.length += c.encode_utf8(room).len();
        true
    }

    fn up_to(&self, bytes: usize) -> &str {
        std::str::from_utf8(&self.bytes[..bytes]).expect("whole characters were pushed")
    }
}
