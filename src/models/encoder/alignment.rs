//! How a claim is met in passages, token by token.

use anyhow::ensure;

use super::Encoder;
use super::late_interaction::{TokenQuery, own_unit_vectors};
use crate::models::Matrix;

/// A claim with what it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed<'a> {
    /// What stands before it; may be empty.
    pub before: &'a str,
    /// The claim.
    pub text: &'a str,
}

impl Encoder {
    /// For each token of each claim the largest cosine to any token of any passage; of a claim nothing where it or all passages have no token.
    ///
    /// The tokens of a claim are read behind what stands `before` it, such as the question that it answers. Special tokens are left out.
    /// What is too long for the model loses its end; a claim for which `before` leaves no room is read by itself. What is found of a claim depends
    /// on it and the passages only.
    ///
    /// # Errors
    /// Where the weights give no finite numbers.
    pub fn align(
        &self,
        claims: &[Claimed<'_>],
        passages: &[&str],
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        let alone: Vec<&str> = claims.iter().map(|claim| claim.text).collect();
        let alone = self.map(&alone, |_, sequence, tokens| {
            Ok(own_unit_vectors(sequence, tokens, self.hidden))
        })?;
        let behind: Vec<String> = claims
            .iter()
            .map(|claim| {
                format!("{} {}", claim.before, claim.text)
                    .trim_start()
                    .to_owned()
            })
            .collect();
        let behind: Vec<&str> = behind.iter().map(String::as_str).collect();
        let queries = self.map(&behind, |place, sequence, tokens| {
            let own = own_unit_vectors(sequence, tokens, self.hidden);
            let (all, wanted) = (own.rows(), alone[place].rows());
            // A cut sequence does not end with the claim.
            let is_cut = sequence.ids.len() >= self.tokeniser.longest();
            if all < wanted || is_cut {
                return TokenQuery::new(&alone[place]);
            }
            let from = (all - wanted) * self.hidden;
            TokenQuery::new(&Matrix::new(self.hidden, own.values()[from..].to_vec()))
        })?;
        let met = self.map(passages, |_, sequence, tokens| {
            let own = own_unit_vectors(sequence, tokens, self.hidden);
            let met = queries.iter().map(|query| query.best(&own));
            met.collect::<anyhow::Result<Vec<Vec<f32>>>>()
        })?;
        let mut best: Vec<Vec<f32>> = vec![Vec::new(); claims.len()];
        for (claim, met) in met.iter().flat_map(|met| met.iter().enumerate()) {
            let best = &mut best[claim];
            if best.is_empty() {
                best.clone_from(met);
            }
            for (known, cosine) in best.iter_mut().zip(met) {
                *known = known.max(*cosine);
            }
        }
        ensure!(
            best.iter().flatten().all(|cosine| cosine.is_finite()),
            "the encoder gives token vectors that are not numbers; fetch its weights again"
        );
        Ok(best)
    }
}
