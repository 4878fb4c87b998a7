//! The skeleton of Unicode Technical Standard 39, section 4.

/// The skeleton of a text: what it and all that looks like it have in common. Two texts are confusable if their skeletons are equal.
///
/// NFD, without default-ignorable characters, each character replaced by its prototype, NFD. The data are not closed under this (a prototype may be
/// composed or reordered to something that has a prototype itself), so it is done again until nothing changes: `skeleton(skeleton(x)) ==
/// skeleton(x)` for every text.
pub fn skeleton(text: &str) -> String {
    let mut last: String = prototypes(text).collect();
    // Each round but the last replaces a character by one further down a chain of prototypes; the chains are short.
    for _ in 0..MOST_ROUNDS {
        let next: String = prototypes(&last).collect();
        if next == last {
            break;
        }
        last = next;
    }
    last
}

/// More than any chain of prototypes is long; the tests look.
const MOST_ROUNDS: usize = 8;

/// One round of the skeleton.
pub(super) fn prototypes(text: &str) -> impl Iterator<Item = char> {
    unicode_security::skeleton(text)
}
