//! Late interaction: a pair is scored by how well each token of the query is met in the passage.
//!
//! The operator is that of `ColBERT` (Khattab & Zaharia 2020, eq. 3): for each query token the largest cosine to any token of the
//! passage. Differences: the mean over the query's tokens instead of the sum, so that a score lies in -1..1 and queries of
//! different lengths compare; no `[MASK]` tokens are put behind a query, which only a model trained so can use; and
//! punctuation stays in.

use std::collections::HashMap;

use anyhow::ensure;
use candle_core::{Device as Place, Tensor};

use super::kernels::Activation;
use super::layers::Linear;
use super::tokens::Sequence;
use super::{Encoder, Matrix};
use crate::models::Scorer;

/// The mean over the query's tokens of the largest cosine to a token of the passage, by an encoder's token vectors.
///
/// The special tokens that the tokenizer adds (`[CLS]`, `[SEP]`) are left out on both sides; what is put before a text is
/// part of it. A text that is too long for the model loses its end. A pair of which one text has no tokens scores 0.
pub struct LateInteraction {
    encoder: Encoder,
    query_prefix: String,
    document_prefix: String,
}

impl LateInteraction {
    /// A scorer over this encoder, with what is put before a query and before a passage.
    pub fn new(encoder: Encoder, query_prefix: &str, document_prefix: &str) -> Self {
        Self {
            encoder,
            query_prefix: query_prefix.to_owned(),
            document_prefix: document_prefix.to_owned(),
        }
    }
}

impl Scorer for LateInteraction {
    fn score(&self, pairs: &[(&str, &str)]) -> anyhow::Result<Vec<f32>> {
        let queries = Distinct::of(&self.query_prefix, pairs.iter().map(|(query, _)| *query));
        let passages = Distinct::of(
            &self.document_prefix,
            pairs.iter().map(|(_, passage)| *passage),
        );
        let mut asked = vec![Vec::new(); passages.texts.len()];
        for (pair, passage) in passages.places.iter().enumerate() {
            asked[*passage].push(pair);
        }
        let encoder = &self.encoder;
        let readers = encoder.map(&queries.borrowed(), |_, sequence, tokens| {
            TokenQuery::new(&own_unit_vectors(sequence, tokens, encoder.hidden))
        })?;
        // The vectors of a passage are scored as soon as they are there and then dropped: those of all would fill the memory.
        let by_passage = encoder.map(&passages.borrowed(), |place, sequence, tokens| {
            let passage = own_unit_vectors(sequence, tokens, encoder.hidden);
            let score = |pair: &usize| readers[queries.places[*pair]].score(&passage);
            asked[place]
                .iter()
                .map(score)
                .collect::<anyhow::Result<Vec<f32>>>()
        })?;
        let mut scores = vec![0.0; pairs.len()];
        for (pair, score) in asked.iter().flatten().zip(by_passage.iter().flatten()) {
            scores[*pair] = *score;
        }
        Ok(scores)
    }
}

/// The texts that differ, in the order in which they first come, and which of them each pair has.
struct Distinct {
    texts: Vec<String>,
    places: Vec<usize>,
}

impl Distinct {
    fn of<'a>(prefix: &str, texts: impl Iterator<Item = &'a str>) -> Self {
        let mut known = HashMap::new();
        let mut distinct = Self {
            texts: Vec::new(),
            places: Vec::new(),
        };
        for text in texts {
            let place = *known.entry(text).or_insert_with(|| {
                distinct.texts.push(format!("{prefix}{text}"));
                distinct.texts.len() - 1
            });
            distinct.places.push(place);
        }
        distinct
    }

    fn borrowed(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }
}

/// The vectors of the text's own tokens, each of length 1.
pub(super) fn own_unit_vectors(sequence: &Sequence, tokens: &[f32], hidden: usize) -> Matrix {
    let mut own = Vec::with_capacity(tokens.len());
    for (row, special) in tokens.chunks_exact(hidden).zip(&sequence.special) {
        if !special {
            let start = own.len();
            own.extend_from_slice(row);
            Matrix::normalise(&mut own[start..]);
        }
    }
    Matrix::new(hidden, own)
}

/// A query, ready to be compared.
///
/// Its token vectors are the weights of a linear map: applied to a passage's token it gives the cosine to each of the
/// query's.
pub(super) struct TokenQuery {
    /// Without tokens, none.
    cosines: Option<Linear>,
}

impl TokenQuery {
    pub(super) fn new(tokens: &Matrix) -> anyhow::Result<Self> {
        let shape = (tokens.rows(), tokens.dim());
        if shape.0 == 0 {
            return Ok(Self { cosines: None });
        }
        let bias = Tensor::from_vec(vec![0.0_f32; shape.0], shape.0, &Place::Cpu)?;
        let weight = Tensor::from_vec(tokens.values().to_vec(), shape, &Place::Cpu)?;
        Ok(Self {
            cosines: Some(Linear::new(
                &weight,
                &bias,
                Activation::Identity,
                &Place::Cpu,
            )?),
        })
    }

    /// For each token of the query the largest cosine to any token of the passage; none where one of the two has no token.
    pub(super) fn best(&self, passage: &Matrix) -> anyhow::Result<Vec<f32>> {
        let Some(cosines) = self.cosines.as_ref().filter(|_| passage.rows() > 0) else {
            return Ok(Vec::new());
        };
        let shape = (passage.rows(), passage.dim());
        let passage = Tensor::from_vec(passage.values().to_vec(), shape, &Place::Cpu)?;
        let cosines: Vec<Vec<f32>> = cosines.forward(&passage)?.to_vec2()?;
        let mut best = vec![f32::NEG_INFINITY; cosines[0].len()];
        for row in &cosines {
            for (best, cosine) in best.iter_mut().zip(row) {
                *best = best.max(*cosine);
            }
        }
        Ok(best)
    }

    fn score(&self, passage: &Matrix) -> anyhow::Result<f32> {
        let best = self.best(passage)?;
        if best.is_empty() {
            return Ok(0.0);
        }
        let sum: f64 = best.iter().map(|cosine| f64::from(*cosine)).sum();
        #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
        let mean = (sum / best.len() as f64) as f32;
        ensure!(
            mean.is_finite(),
            "the encoder gives token vectors that are not numbers; fetch its weights again"
        );
        Ok(mean)
    }
}
