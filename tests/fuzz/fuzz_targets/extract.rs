//! Any bytes under any ending: an answer or a named refusal, within the limits, and blocks that fit the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ragkit::data::Block;
use ragkit::extraction::{Limits, extract};

/// The endings by which a reader is chosen, where the bytes do not tell.
const ENDINGS: [&str; 12] = [
    "csv", "eml", "html", "md", "org", "rst", "txt", "xml", "docx", "doc", "pdf", "rtf",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    let name = format!("f.{}", ENDINGS[usize::from(*choice) % ENDINGS.len()]);
    if let Ok(documents) = extract(&name, bytes, &Limits::default()) {
        for document in documents {
            Block::check_all(&document.blocks, &document.text).unwrap();
        }
    }
});
