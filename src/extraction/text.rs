//! Plain text in any encoding.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::Refusal;
use super::draft::Draft;
use super::guard::Guard;

/// Paragraphs are what blank lines separate.
pub(super) fn read(bytes: &[u8], guard: &Guard<'_>) -> Result<Draft, Refusal> {
    let text = decode(bytes)?;
    let mut draft = Draft::default();
    fill(&mut draft, &text, guard)?;
    Ok(draft)
}

/// Adds plain text to a draft: paragraphs and lists. A form feed begins a new page.
pub(super) fn fill(draft: &mut Draft, text: &str, guard: &Guard<'_>) -> Result<(), Refusal> {
    let pages = text.split('\u{c}').count();
    for (number, page) in (1..).zip(text.split('\u{c}')) {
        if pages > 1 {
            draft.page(number);
        }
        let mut open = Open::default();
        for line in page.split(['\n', '\u{2029}']) {
            guard.check()?;
            if line.trim().is_empty() {
                open.close(draft);
                continue;
            }
            if let Some(text) = item(line, open.text.is_empty() || open.is_item) {
                open.close(draft);
                open = Open {
                    text: text.to_owned(),
                    is_item: true,
                };
            } else {
                open.text.push_str(line);
            }
            open.text.push(' ');
        }
        open.close(draft);
    }
    Ok(())
}

/// The paragraph or item to which the next line may belong.
#[derive(Default)]
struct Open {
    text: String,
    is_item: bool,
}

impl Open {
    fn close(&mut self, draft: &mut Draft) {
        let Self { text, is_item } = std::mem::take(self);
        if is_item {
            draft.item(0, &text);
        } else {
            draft.paragraph(&text);
        }
    }
}

/// The text of a line that begins an item of a list. A number begins one only where no sentence may go on.
fn item(line: &str, may_be_numbered: bool) -> Option<&str> {
    let line = line.trim_start();
    let marks = ["- ", "* ", "• ", "· ", "– "];
    if let Some(text) = marks.iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some(text);
    }
    let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - after.len();
    let is_number = may_be_numbered
        && (1..=3).contains(&digits)
        && (after.starts_with(". ") || after.starts_with(") "));
    is_number.then_some(line)
}

/// The text of `bytes`: by its byte order mark, as UTF-8 where it is that, else as what its letters look like most.
///
/// # Errors
/// Where the bytes are not text.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    decode_as(bytes, None)
}

/// As [`decode`], but in the encoding that something outside the text names, unless a byte order mark says otherwise.
pub(super) fn decode_as(bytes: &[u8], label: Option<&str>) -> Result<String, Refusal> {
    let utf32 = |rest: &[u8], of: fn([u8; 4]) -> u32| -> Result<String, Refusal> {
        let units = rest
            .chunks_exact(4)
            .map(|unit| of([unit[0], unit[1], unit[2], unit[3]]));
        let characters: Option<String> = units.map(char::from_u32).collect();
        characters.ok_or_else(|| Refusal::Damaged("it begins as UTF-32 and is not".to_owned()))
    };
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE\0\0") {
        return utf32(rest, u32::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xFE\xFF") {
        return utf32(rest, u32::from_be_bytes);
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding
            .decode_without_bom_handling(&bytes[mark..])
            .0
            .into_owned());
    }
    if let Some(encoding) = label.and_then(|label| Encoding::for_label(label.as_bytes())) {
        return Ok(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Ok(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    if bytes.contains(&0) {
        return Err(Refusal::Unknown("binary data".to_owned()));
    }
    // ISO-2022-JP is ASCII to the eye: only its escapes tell.
    let escapes = bytes.windows(2).any(|pair| pair == b"\x1b$");
    if !escapes && let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Some(text) = utf8_with_faults(bytes) {
        return Ok(text);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Allow);
    let (text, _, _) = encoding.decode(bytes);
    let strange = text
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace())
        .count();
    if strange * 20 > text.chars().count() {
        return Err(Refusal::Unknown("binary data".to_owned()));
    }
    Ok(text.into_owned())
}

/// UTF-8 with a broken character here and there: where the characters beyond ASCII that are whole outnumber the broken ones by far.
fn utf8_with_faults(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let broken = text
        .chars()
        .filter(|c| *c == char::REPLACEMENT_CHARACTER)
        .count();
    let whole = text.chars().filter(|c| !c.is_ascii()).count() - broken;
    (broken > 0 && whole > 10 * broken).then(|| text.into_owned())
}

/// UTF-16 without a byte order mark, of a script whose characters share their high byte with the ASCII spaces and signs.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096) & !1];
    if sample.len() < 4 || bytes.len() % 2 == 1 {
        return None;
    }
    let zeros = |first: usize| {
        sample
            .iter()
            .skip(first)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    match (even * 10 > pairs * 3, odd * 10 > pairs * 3) {
        (true, false) if odd == 0 => Some(UTF_16BE),
        (false, true) if even == 0 => Some(UTF_16LE),
        _ => None,
    }
}
