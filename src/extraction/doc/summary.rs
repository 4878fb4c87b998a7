//! The property set in which Office keeps title, author and dates.

use chrono::DateTime;

use super::super::draft::Draft;
use super::super::rtf::code_page;
use super::bytes::{u16_at, u32_at, u64_at};

const CODE_PAGE: u32 = 1;
const TITLE: u32 = 2;
const AUTHOR: u32 = 4;
const CREATED: u32 = 12;
const SAVED: u32 = 13;

/// 100 ns from 1601 to 1970.
const TO_1970: u64 = 116_444_736_000_000_000;

/// Adds what the property set says of a document.
pub(super) fn facts(draft: &mut Draft, set: &[u8]) {
    let section = u32_at(set, 44)
        .and_then(|at| set.get(at as usize..))
        .unwrap_or_default();
    let count = u32_at(section, 4).unwrap_or(0).min(1000) as usize;
    let value = |wanted: u32| {
        let mut entries = (0..count).map(|number| 8 + 8 * number);
        let entry = entries.find(|at| u32_at(section, *at) == Some(wanted))?;
        let place = u32_at(section, entry + 4)? as usize;
        Some((
            u16_at(section, place)?,
            section.get(place.checked_add(4)?..)?,
        ))
    };
    let page = value(CODE_PAGE)
        .and_then(|(_, value)| u16_at(value, 0))
        .map_or(1252, i32::from);
    let text = |wanted: u32| -> Option<String> {
        let (kind, value) = value(wanted)?;
        let length = u32_at(value, 0)? as usize;
        let text = match kind {
            30 => code_page(page)
                .decode_without_bom_handling(value.get(4..4_usize.checked_add(length)?)?)
                .0
                .into_owned(),
            31 => {
                let bytes = value.get(4..4_usize.checked_add(length.checked_mul(2)?)?)?;
                encoding_rs::UTF_16LE
                    .decode_without_bom_handling(bytes)
                    .0
                    .into_owned()
            }
            _ => return None,
        };
        Some(text.trim_end_matches('\0').to_owned())
    };
    draft.title(&text(TITLE).unwrap_or_default());
    draft.fact("author", &text(AUTHOR).unwrap_or_default());
    for wanted in [SAVED, CREATED] {
        let ticks = value(wanted)
            .filter(|(kind, _)| *kind == 64)
            .and_then(|(_, value)| u64_at(value, 0));
        let seconds = ticks
            .and_then(|ticks| ticks.checked_sub(TO_1970))
            .map(|ticks| ticks / 10_000_000);
        let moment =
            seconds.and_then(|seconds| DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0));
        draft.date(&moment.map(|moment| moment.to_rfc3339()).unwrap_or_default());
    }
}
