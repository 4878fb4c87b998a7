//! Models: from text to vectors, and from pairs of texts to scores. Plain data crosses the seam; no tensor type is visible above this folder.

mod config;
mod cross_encoder;
mod device;
mod encoder;
mod endpoint;
mod http;
pub mod language;
mod lsa;
mod matrix;
mod scorer;
mod sparse;
mod svd;
mod terms;
mod tokenizer;

pub(crate) use config::model_folder;
pub use config::{EmbedderConfig, EncoderConfig, OpenedEmbedder, models_folder};
pub use cross_encoder::CrossEncoder;
pub use device::Device;
#[cfg(test)]
pub(crate) use encoder::made;
pub use encoder::{
    Claimed, Encoder, HeadKind, LateInteraction, SequenceClassifier, TokenClassifier, TokenLogits,
};
pub use endpoint::{Endpoint, EndpointConfig};
pub use lsa::{Lsa, LsaConfig};
pub use matrix::Matrix;
pub use scorer::{CrossConfig, Label, LateConfig, OpenedScorer, Scorer, ScorerConfig};
pub use sparse::TermCounts;
pub use terms::{Terms, TermsConfig};
pub use tokenizer::{TokenizerConfig, Tokens};

/// Turns texts into vectors.
pub trait Embedder: Sync {
    /// The number of dimensions of every vector.
    fn dim(&self) -> usize;

    /// One row a text, in order, of length 1; a text in which the model knows nothing gets a row of zeros.
    ///
    /// A row depends on its own text only, never on the batch that it came in.
    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix>;

    /// As [`Self::embed`], in pieces: `done` gets the place of a piece's first text and its vectors as soon as they are
    /// there, in any order, so that none is lost where a later piece fails.
    fn embed_pieces(
        &self,
        texts: &[&str],
        done: &(dyn Fn(usize, Matrix) -> anyhow::Result<()> + Sync),
    ) -> anyhow::Result<()> {
        for (number, piece) in texts.chunks(PIECE).enumerate() {
            done(number * PIECE, self.embed(piece)?)?;
        }
        Ok(())
    }
}

/// Texts in a piece, unless the model has a better number.
const PIECE: usize = 256;
