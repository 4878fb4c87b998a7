//! Sets of vectors in the making.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;

use crate::analysis::Analyser;
use crate::caches::{CachedEmbedder, Embeddings};
use crate::chunking::Passage;
use crate::data::{Digest, Document};
use crate::indexes::flat::Flat;
use crate::indexes::hnsw::Hnsw;
use crate::indexes::manifest::{VectorFacts, VectorsConfig};
use crate::indexes::store;
use crate::models::{Embedder, EmbedderConfig, Lsa, Matrix, OpenedEmbedder, TermCounts};

/// A set of vectors that is to be made.
pub(super) struct Set {
    pub(super) name: String,
    config: VectorsConfig,
    /// Its model, where that is not made of the corpus.
    model: Option<OpenedEmbedder>,
    pub(super) digest: String,
}

/// A set of vectors in the making.
pub(super) struct Filling {
    pub(super) name: String,
    config: VectorsConfig,
    embedder: Option<Arc<CachedEmbedder>>,
    vectors: Matrix,
    model: Option<String>,
    pub(super) digest: String,
}

impl Set {
    pub(super) fn new(name: &str, config: &VectorsConfig) -> anyhow::Result<Self> {
        let opened = config.embedder.open()?;
        let digest = Digest::default()
            .with("embedder", config.embedder.digest(opened.as_ref())?)
            .with("hnsw", serde_json::to_vec(&config.hnsw)?)
            .finish();
        Ok(Self {
            name: name.to_owned(),
            config: config.clone(),
            model: opened,
            digest,
        })
    }

    pub(super) fn begin(self, embeddings: &mut Embeddings) -> anyhow::Result<Filling> {
        let model = self.model.as_ref().map(|model| model.digest.clone());
        let embedder = self.model.map(|model| embeddings.of(model));
        Ok(Filling {
            name: self.name,
            config: self.config,
            embedder: embedder.transpose()?,
            vectors: Matrix::default(),
            model,
            digest: self.digest,
        })
    }
}

impl Filling {
    /// The vectors of some more passages, where they are not made of all of them together.
    pub(super) fn add(&mut self, passages: &[Passage]) -> anyhow::Result<()> {
        if self.config.embedder == EmbedderConfig::Own {
            for passage in passages {
                self.vectors.push(&unit_vector(&passage.document)?);
            }
        } else if let Some(embedder) = &self.embedder {
            let [_, prefix] = self.config.embedder.prefixes();
            let texts: Vec<String> = passages
                .iter()
                .map(|passage| format!("{prefix}{}", passage.document.searched()))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let vectors = embedder.embed(&texts)?;
            (0..vectors.rows()).for_each(|row| self.vectors.push(vectors.row(row)));
        }
        Ok(())
    }

    /// Writes the set into its folder.
    pub(super) fn finish(
        self,
        counts: &TermCounts,
        analyser: &Analyser,
        folder: &Path,
    ) -> anyhow::Result<VectorFacts> {
        let folder = store::set_in(folder, &self.name);
        fs_err::create_dir_all(&folder)?;
        let vectors = match &self.config.embedder {
            EmbedderConfig::Lsa(lsa) => {
                let (model, vectors) = Lsa::fit(counts, lsa, analyser.clone())?;
                model.save(&folder)?;
                vectors
            }
            _ => self.vectors,
        };
        vectors.save(&store::vectors_in(&folder))?;
        let dim = vectors.dim();
        if let Some(hnsw) = &self.config.hnsw {
            let ties = vec![0; vectors.rows()].into();
            let graph = Hnsw::build(Arc::new(Flat::new(vectors, ties)), hnsw)?;
            graph.save(&store::graph_in(&folder))?;
        }
        Ok(VectorFacts {
            dim,
            digest: self.digest,
            model: self.model,
        })
    }
}

fn unit_vector(document: &Document) -> anyhow::Result<Vec<f32>> {
    let Some(vector) = &document.vector else {
        bail!(
            "document `{}` has no vector; name its column in `fields.vector` or a file in `vectors`, or choose another `embedder`",
            document.id
        );
    };
    let mut vector = vector.clone();
    Matrix::normalise(&mut vector);
    Ok(vector)
}
