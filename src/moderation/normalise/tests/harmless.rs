//! Texts that nobody disguised: what may change in them.

use unicode_normalization::UnicodeNormalization;

use super::super::*;

/// What changes in the benign texts beyond small letters, NFKC and letters that are drawn out, by their ids.
const MAY_CHANGE: [(&str, &str); 18] = [
    ("benign-024", "a word is spelt out"),
    ("benign-027", "a word is spelt out"),
    ("benign-192", "a word is spelt out"),
    ("benign-126", "a letter of mathematics beside an exponent"),
    ("benign-207", "a small letter in a circle"),
    ("benign-276", "İ has a small letter of two characters"),
    ("benign-469", "soft hyphens go"),
    ("benign-470", "soft hyphens go"),
    ("benign-471", "a non-joiner between Latin letters goes"),
    ("benign-472", "zero-width spaces go"),
    ("benign-473", "zero-width spaces go"),
    ("benign-474", "zero-width spaces go"),
    ("benign-475", "zero-width spaces and word joiners go"),
    ("benign-476", "marks of direction beside Latin letters go"),
    ("benign-477", "isolates go"),
    ("benign-478", "isolates go"),
    ("benign-479", "isolates go"),
    ("benign-346", "a joiner beside no letter goes"),
];

#[derive(Deserialize)]
struct Benign {
    id: String,
    text: String,
}

fn small(text: &str) -> Vec<char> {
    let text: String = text.nfkc().collect();
    text.to_lowercase().nfkc().collect()
}

/// A text in small letters, with at most one of each letter in a row.
fn plain(text: &str) -> String {
    let mut text = small(text);
    text.dedup_by(|next, last| next == last && next.is_alphabetic());
    text.into_iter().collect()
}

#[test]
fn benign_texts_stay() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/datasets/moderation/benign.jsonl"
    );
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    let mut changed = Vec::new();
    for line in fs_err::read_to_string(path).unwrap().lines() {
        let benign: Benign = serde_json::from_str(line).unwrap();
        let text = normaliser.normalise(&benign.text).text;
        let may = MAY_CHANGE.iter().any(|(id, _)| *id == benign.id);
        if !may && plain(&text) != plain(&benign.text) {
            changed.push(format!("{}: {text}", benign.id));
        }
        // letters in a row go only if they are three
        let drawn = |text: &str| {
            small(text)
                .windows(3)
                .any(|three| three[0].is_alphabetic() && three.iter().all(|c| *c == three[0]))
        };
        let stays = small(&text) == small(&benign.text);
        if !may && !stays && !drawn(&benign.text) {
            changed.push(format!("{}: {text}", benign.id));
        }
    }
    assert_eq!(changed, Vec::<String>::new());
}

/// The words of a text and how many of them are gone from another.
fn gone(text: &str, normalised: &str) -> (usize, usize) {
    let left: std::collections::BTreeSet<&str> = normalised.split_whitespace().collect();
    let words = text.split_whitespace();
    (
        words.clone().count(),
        words.filter(|word| !left.contains(word)).count(),
    )
}

#[test]
fn paragraphs_of_encyclopedias_stay() {
    let Some(data) = std::env::var_os("RAGKIT_DATA") else {
        return super::eprint_skipped();
    };
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    for language in ["de", "en"] {
        let path = std::path::Path::new(&data).join(format!("rag/xquad/xquad.{language}.json"));
        let Ok(text) = fs_err::read_to_string(path) else {
            return super::eprint_skipped();
        };
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let (mut all, mut changed) = (0, 0);
        let paragraphs =
            |article: &serde_json::Value| article["paragraphs"].as_array().unwrap().clone();
        for paragraph in file["data"].as_array().unwrap().iter().flat_map(paragraphs) {
            let questions = paragraph["qas"].as_array().unwrap().iter();
            let texts = questions.map(|question| &question["question"]);
            for text in texts.chain([&paragraph["context"]]) {
                let text: String = text.as_str().unwrap().nfc().collect();
                let (words, lost) = gone(&text.to_lowercase(), &normaliser.normalise(&text).text);
                all += words;
                changed += lost;
            }
        }
        assert!(
            all > 30_000 && 1_000 * changed < all,
            "{language}: {changed} of {all}"
        );
    }
}
