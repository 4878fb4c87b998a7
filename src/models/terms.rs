//! Vectors of letters: what two texts have in common in spelling, with nothing downloaded and nothing fitted.

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use super::{Embedder, Matrix};
use crate::data::Digest;

/// The lengths of the runs of characters that are counted.
const LENGTHS: [usize; 3] = [3, 4, 5];

/// How texts become counts of letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermsConfig {
    /// Dimensions; in few of them different runs of letters fall together.
    pub dim: usize,
}

impl Default for TermsConfig {
    fn default() -> Self {
        Self { dim: 4096 }
    }
}

impl TermsConfig {
    /// Equal digests, equal vectors.
    pub fn digest(&self) -> String {
        Digest::default()
            .with("terms", format!("char_wb {LENGTHS:?} murmur3"))
            .with("dim", self.dim.to_string())
            .finish()
    }
}

/// Counts of the runs of 3 to 5 characters of each word with a blank before and behind it, hashed into so many dimensions with a sign, scaled to
/// length 1.
///
/// The same as scikit-learn's `HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=dim)`. Source: Weinberger et al. 2009.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    dim: u32,
}

impl Terms {
    /// # Errors
    /// Where `dim` is 0, or too many.
    pub fn new(config: &TermsConfig) -> anyhow::Result<Self> {
        ensure!(
            (1..=1 << 24).contains(&config.dim),
            "`terms` with {} dimensions: `dim` must be 1 to {}; leave it out for {}",
            config.dim,
            1 << 24,
            TermsConfig::default().dim
        );
        Ok(Self {
            dim: u32::try_from(config.dim)?,
        })
    }

    fn count(&self, term: &[u8], row: &mut [f32]) {
        let hash = murmur3(term).cast_signed();
        let place = hash.unsigned_abs() % self.dim;
        row[place as usize] += if hash >= 0 { 1.0 } else { -1.0 };
    }
}

impl Embedder for Terms {
    fn dim(&self) -> usize {
        self.dim as usize
    }

    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let mut values = vec![0.0; texts.len() * self.dim()];
        for (text, row) in texts.iter().zip(values.chunks_exact_mut(self.dim())) {
            for word in text.to_lowercase().split_whitespace() {
                let word = format!(" {word} ");
                let ends: Vec<usize> = word
                    .char_indices()
                    .map(|(place, _)| place)
                    .chain([word.len()])
                    .collect();
                for length in LENGTHS {
                    // A word that is shorter than a run counts once, as a whole, for all lengths that it is short of.
                    if ends.len() <= length + 1 {
                        self.count(word.as_bytes(), row);
                        break;
                    }
                    for run in ends.windows(length + 1) {
                        self.count(&word.as_bytes()[run[0]..run[length]], row);
                    }
                }
            }
            Matrix::normalise(row);
        }
        Ok(Matrix::new(self.dim(), values))
    }
}

/// `MurmurHash3` of 32 bits with the seed 0. Source: Appleby, `MurmurHash3_x86_32`.
fn murmur3(bytes: &[u8]) -> u32 {
    let mixed = |word: u32| {
        word.wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = 0_u32;
    for word in words {
        hash ^= mixed(u32::from_le_bytes(*word));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    hash ^= mixed(u32::from_le_bytes(last));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the hash takes the length in 32 bits"
    )]
    let length = bytes.len() as u32;
    hash ^= length;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_murmur3() {
        // Of the reference implementation.
        for (text, hash) in [
            ("", 0),
            ("a", 0x3c25_69b2),
            ("hello", 0x248b_fa47),
            ("Hello, world!", 0xc036_3e43),
            ("The quick brown fox jumps over the lazy dog", 0x2e4f_f723),
        ] {
            assert_eq!(murmur3(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn a_row_depends_on_its_text_alone_and_has_length_1() {
        let terms = Terms::new(&TermsConfig { dim: 64 }).unwrap();
        let texts = ["", "Bring a dog?", " bring\tA  dog? ", "é東京🦀 x"];
        let rows = terms.embed(&texts).unwrap();
        assert!(rows.row(0).iter().all(|value| *value == 0.0));
        assert_eq!(rows.row(1), rows.row(2));
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(terms.embed(&[text]).unwrap().row(0), rows.row(place));
            let length: f32 = rows.row(place).iter().map(|value| value * value).sum();
            assert!(place == 0 || (length - 1.0).abs() < 1e-5);
        }
        assert!(Terms::new(&TermsConfig { dim: 0 }).is_err());
    }
}
