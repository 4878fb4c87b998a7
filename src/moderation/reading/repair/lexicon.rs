//! Which words there are and how often, and what an unknown one may have been.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::RepairConfig;
use super::words::words;

/// Words of one and two letters that may be a part of two words written as one.
const SHORT: [&str; 27] = [
    "a", "am", "an", "as", "at", "be", "by", "do", "go", "he", "i", "if", "in", "is", "it", "me",
    "my", "no", "of", "on", "or", "so", "to", "u", "up", "us", "we",
];

/// Words with a letter too few have at least so many, as have words whose letters changed places.
const LEAST_EDITED: usize = 4;
/// Words with a letter too many have at least so many.
const LEAST_EXTENDED: usize = 5;
/// The longest words that are replaced by a single one.
const MOST_EDITED: usize = 20;
/// The shortest words that are parted.
const LEAST_PARTED: usize = 5;
/// The longest part of a word that is parted.
const MOST_PART: usize = 16;

type Map<K, V> = HashMap<K, V, FixedState>;

/// The words of training texts.
#[derive(Debug, Clone)]
pub(in super::super) struct Lexicon {
    pub(super) config: RepairConfig,
    /// How often each word stands in the training texts.
    counts: Map<Box<str>, u32>,
    /// The sum of all counts.
    total: u64,
    /// By what is left of it when one letter is taken away, the most frequent word from which that may be.
    shortened: Map<Box<str>, Box<str>>,
}

/// What an unknown word was meant to be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meant<'l> {
    One(&'l str),
    Two(&'l str, &'l str),
}

impl Lexicon {
    /// Counts the words of texts.
    pub(in super::super) fn learn<T: AsRef<str>>(
        config: &RepairConfig,
        texts: impl Iterator<Item = T>,
    ) -> Self {
        let mut counts: Map<Box<str>, u32> = Map::default();
        for text in texts {
            for word in words(&text.as_ref().to_ascii_lowercase()) {
                match counts.get_mut(word) {
                    Some(count) => *count = count.saturating_add(1),
                    None => {
                        counts.insert(word.into(), 1);
                    }
                }
            }
        }
        Self::of(config, counts)
    }

    fn of(config: &RepairConfig, counts: Map<Box<str>, u32>) -> Self {
        let mut lexicon = Self {
            config: config.clone(),
            total: counts.values().map(|&count| u64::from(count)).sum(),
            counts,
            shortened: Map::default(),
        };
        lexicon.shortened = lexicon.shorten();
        lexicon
    }

    /// The deletion index of `SymSpell` (Garbe 2012) for one letter, which is not the first; of each entry only the best is kept.
    fn shorten(&self) -> Map<Box<str>, Box<str>> {
        let mut shortened: Map<Box<str>, Box<str>> = Map::default();
        for (word, &count) in &self.counts {
            if count < self.config.target || word.len() < LEAST_EDITED || word.contains('\'') {
                continue;
            }
            for place in 1..word.len() {
                let key = [&word[..place], &word[place + 1..]].concat();
                let best = shortened.entry(key.into()).or_insert_with(|| word.clone());
                if is_better((word, count), (best, self.count(best))) {
                    best.clone_from(word);
                }
            }
        }
        shortened
    }

    /// By count, the words in their order with spaces between them.
    pub(in super::super) fn to_words(&self) -> BTreeMap<u32, String> {
        let mut sorted: Vec<_> = self.counts.iter().collect();
        sorted.sort_unstable();
        let mut by_count: BTreeMap<u32, String> = BTreeMap::new();
        for (word, &count) in sorted {
            let list = by_count.entry(count).or_default();
            if !list.is_empty() {
                list.push(' ');
            }
            list.push_str(word);
        }
        by_count
    }

    /// From what [`Self::to_words`] made.
    ///
    /// # Errors
    /// Where something is no word, stands there twice, or has a count of 0.
    pub(in super::super) fn from_words(
        config: &RepairConfig,
        by_count: &BTreeMap<u32, String>,
    ) -> Result<Self, String> {
        let mut counts: Map<Box<str>, u32> = Map::default();
        for (&count, list) in by_count {
            for word in list.split(' ') {
                if count == 0 || !words(word).eq([word]) {
                    return Err(format!(
                        "the reading has `{word}` with a count of `{count}` among its words; train it again"
                    ));
                }
                if counts.insert(word.into(), count).is_some() {
                    return Err(format!(
                        "the reading has the word `{word}` twice; train it again"
                    ));
                }
            }
        }
        Ok(Self::of(config, counts))
    }

    fn count(&self, word: &str) -> u32 {
        self.counts.get(word).copied().unwrap_or(0)
    }

    /// Whether a word in small letters is known.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.count(word) >= self.config.known
    }

    /// Whether a word in small letters may be what was meant.
    pub(super) fn is_target(&self, word: &str) -> bool {
        self.count(word) >= self.config.target
    }

    /// The word behind digits and signs that stand for letters, or with signs between its letters: of all readings the most frequent target.
    pub(super) fn undisguised(&self, word: &str) -> Option<String> {
        let word = word.to_ascii_lowercase();
        let letters = word.bytes().filter(u8::is_ascii_lowercase).count();
        if word.len() < LEAST_EDITED || 2 * letters < word.len() || word.len() > MOST_EDITED {
            return None;
        }
        let is_between = |c: char| matches!(c, '.' | '-' | '_' | '*' | '\'' | '|');
        let bare: String = word.chars().filter(|c| !is_between(*c)).collect();
        let mut best: Option<(String, u32)> = None;
        for form in [word.as_str(), bare.as_str()] {
            for reading in readings(form) {
                let count = self.count(&reading);
                let is_next = best
                    .as_ref()
                    .is_none_or(|(known, most)| is_better((&reading, count), (known, *most)));
                if count >= self.config.target && is_next {
                    best = Some((reading, count));
                }
            }
        }
        best.map(|(reading, _)| reading)
    }

    /// Writes what an unknown word in small letters was meant to be; `false` if there is no telling.
    pub(super) fn write_meant(&self, word: &str, out: &mut String) -> bool {
        match self.meant(word) {
            None => return false,
            Some(Meant::One(one)) => out.push_str(one),
            Some(Meant::Two(first, second)) => {
                out.push_str(first);
                out.push(' ');
                out.push_str(second);
            }
        }
        true
    }

    fn meant<'l>(&'l self, word: &'l str) -> Option<Meant<'l>> {
        let edited = self.edited(word);
        let Some((first, second, product)) = self.parted(word) else {
            return edited.map(|(one, _)| Meant::One(one));
        };
        match edited {
            // ln(c1/N) + ln(c2/N) > ln(c/N) - margin
            Some((one, count))
                if product as f64 / self.total as f64
                    <= f64::from(count) * (-self.config.margin).exp() =>
            {
                Some(Meant::One(one))
            }
            _ => Some(Meant::Two(first, second)),
        }
    }

    /// The known word that this is but for one letter, with its count.
    pub(super) fn edited(&self, word: &str) -> Option<(&str, u32)> {
        let length = word.len();
        if !(LEAST_EDITED..=MOST_EDITED).contains(&length) {
            return None;
        }
        let mut best: Option<(&str, u32)> = None;
        let mut consider = |candidate: &str| {
            if let Some((candidate, &count)) = self.counts.get_key_value(candidate)
                && count >= self.config.target
                && best.is_none_or(|best| is_better((candidate, count), best))
            {
                best = Some((candidate, count));
            }
        };
        if let Some(longer) = self.shortened.get(word) {
            consider(longer);
        }
        let mut buffer = [0; MOST_EDITED];
        let buffer = &mut buffer[..length];
        buffer.copy_from_slice(word.as_bytes());
        for place in 1..length {
            buffer.swap(place - 1, place);
            consider(ascii(buffer));
            buffer.swap(place - 1, place);
        }
        if length >= LEAST_EXTENDED {
            // From the end: `buffer` holds the word without the letter at `place`.
            for place in (1..length).rev() {
                buffer[place..length - 1].copy_from_slice(&word.as_bytes()[place + 1..]);
                consider(ascii(&buffer[..length - 1]));
            }
        }
        let least = self.config.ratio * f64::from(self.count(word)).max(0.5);
        best.filter(|&(_, count)| f64::from(count) >= least)
    }

    /// The two words that were written as one, with the product of their counts.
    fn parted<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str, u64)> {
        let length = word.len();
        if !(LEAST_PARTED..=2 * MOST_PART).contains(&length) {
            return None;
        }
        let mut best: Option<(&str, &str, u64)> = None;
        for place in length.saturating_sub(MOST_PART).max(1)..=MOST_PART.min(length - 1) {
            let (first, second) = word.split_at(place);
            let Some(product) = self
                .part(first)
                .and_then(|one| Some(one * self.part(second)?))
            else {
                continue;
            };
            if best.is_none_or(|(_, _, most)| product > most) {
                best = Some((first, second, product));
            }
        }
        best
    }

    /// The count of a word that may be a part of two.
    fn part(&self, word: &str) -> Option<u64> {
        let least = if word.len() >= 3 {
            self.config.known
        } else if SHORT.contains(&word) {
            self.config.short
        } else {
            return None;
        };
        Some(self.count(word))
            .filter(|&count| count >= least)
            .map(u64::from)
    }
}

/// Readings of a word at most, of those with several.
const MOST_READINGS: usize = 64;

/// The words that its digits and signs may stand for; none where one of them stands for nothing, or there are too many.
fn readings(word: &str) -> Vec<String> {
    let mut readings = vec![String::new()];
    for sign in word.chars() {
        let letters = match sign {
            'a'..='z' => {
                readings.iter_mut().for_each(|reading| reading.push(sign));
                continue;
            }
            '0' => "o",
            '1' | '|' | '!' => "il",
            '2' => "z",
            '3' => "e",
            '4' | '@' => "a",
            '5' | '$' => "s",
            '6' => "gb",
            '7' | '+' => "t",
            '8' => "b",
            '9' => "g",
            _ => return Vec::new(),
        };
        let next = readings.iter().flat_map(|reading| {
            letters
                .chars()
                .map(move |letter| format!("{reading}{letter}"))
        });
        readings = next.collect();
        if readings.len() > MOST_READINGS {
            return Vec::new();
        }
    }
    readings
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("words are ASCII")
}

/// Whether a word with its count is more frequent than another, or as frequent and before it by the alphabet.
fn is_better((word, count): (&str, u32), (other, most): (&str, u32)) -> bool {
    count > most || (count == most && word < other)
}
