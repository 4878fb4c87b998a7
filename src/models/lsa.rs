//! Latent semantic analysis: dense vectors fitted on the corpus itself, with nothing downloaded.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::sparse::Csr;
use super::svd::Sketch;
use super::{Embedder, Matrix, TermCounts, svd};
use crate::analysis::Analyser;

/// How LSA is fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LsaConfig {
    /// Dimensions, where the corpus has that many: `min(dim, rank)`.
    pub dim: usize,
    /// The most frequent terms to keep. Memory at fitting: about `16 · max_terms · dim` bytes.
    pub max_terms: usize,
    /// Documents to fit on, spread evenly over the corpus; all are embedded.
    pub fit_documents: usize,
    /// Columns of the random projection beyond `dim`.
    pub oversamples: usize,
    /// Passes over the corpus that refine the projection.
    ///
    /// scikit-learn's defaults (10 and 5) leave the last directions to the seed: on SciFact four seeds of 512 dimensions
    /// gave nDCG@10 .590 to .601 there, .592 to .596 with 64 and 8, .591 to .592 with 128 and 20 at twice the time.
    pub passes: usize,
    /// Seed of the random projection.
    pub seed: u64,
}

impl Default for LsaConfig {
    fn default() -> Self {
        Self {
            dim: 512,
            max_terms: 200_000,
            fit_documents: 50_000,
            oversamples: 64,
            passes: 8,
            seed: 17,
        }
    }
}

/// A fitted model: sublinear tf-idf, projected on the leading right singular vectors of the corpus.
///
/// Weight of a term in a text: `(1 + ln tf) · (ln((1 + n) / (1 + df)) + 1)`, rows scaled to length 1 (scikit-learn's
/// `TfidfVectorizer(sublinear_tf=True)`), then `TruncatedSVD`, scaled to length 1 again so that a dot product is a cosine.
/// Source: Deerwester et al. 1990.
pub struct Lsa {
    analyser: Analyser,
    terms: HashMap<String, u32>,
    idf: Vec<f64>,
    /// One row a term.
    components: Matrix,
}

impl Lsa {
    /// Fits on `counts` and embeds the counted documents, one row each.
    ///
    /// # Errors
    /// Where no document has any term.
    pub fn fit(
        counts: &TermCounts,
        config: &LsaConfig,
        analyser: Analyser,
    ) -> anyhow::Result<(Self, Matrix)> {
        ensure!(config.dim > 0, "lsa needs at least 1 dimension; set `dim`");
        let mut kept: Vec<usize> = (0..counts.terms.len()).collect();
        // Most frequent first; the sort is stable and the vocabulary sorted, so ties fall alphabetically.
        kept.sort_by_key(|&term| std::cmp::Reverse(counts.postings[term].len()));
        kept.truncate(config.max_terms);
        kept.sort_unstable();
        ensure!(
            !kept.is_empty(),
            "no document has a term to fit lsa on; index other documents or set `embedder = \"none\"` (`--embedder none`)"
        );

        let idf: Vec<f64> = kept
            .iter()
            .map(|&term| {
                ((1 + counts.documents) as f64 / (1 + counts.postings[term].len()) as f64).ln()
                    + 1.0
            })
            .collect();
        let columns = kept.iter().zip(&idf).map(|(&term, idf)| {
            counts.postings[term]
                .iter()
                .map(move |&(document, count)| (document, weight(count, *idf)))
        });
        let mut documents = Csr::from_rows(columns, counts.documents).transposed();
        documents.normalise_rows();

        let sketch = Sketch {
            oversamples: config.oversamples,
            passes: config.passes,
            seed: config.seed,
        };
        let sample = counts.documents.min(config.fit_documents);
        let (vectors, dim) = if sample < counts.documents {
            let spread = (0..sample).map(|place| place * counts.documents / sample);
            svd::right_singular_vectors(&documents.select(spread), config.dim, sketch)
        } else {
            svd::right_singular_vectors(&documents, config.dim, sketch)
        };
        #[expect(clippy::cast_possible_truncation, reason = "models are stored as f32")]
        let components = Matrix::new(dim, vectors.into_iter().map(|value| value as f32).collect());
        let terms = kept.iter().enumerate();
        let terms = terms.map(|(row, &term)| {
            (
                counts.terms[term].clone(),
                u32::try_from(row).expect("fewer than 2^32 terms"),
            )
        });
        let model = Self {
            analyser,
            terms: terms.collect(),
            idf,
            components,
        };

        let rows: Vec<Vec<f32>> = (0..documents.height())
            .into_par_iter()
            .map(|row| model.project(documents.row(row)))
            .collect();
        Ok((model, Matrix::new(dim, rows.concat())))
    }

    /// The vector of weighted terms, of length 1.
    fn project(&self, weights: impl Iterator<Item = (u32, f64)>) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.components.dim()];
        for (term, weight) in weights {
            for (sum, value) in sums.iter_mut().zip(self.components.row(term as usize)) {
                *sum += weight * f64::from(*value);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
        let mut vector: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
        Matrix::normalise(&mut vector);
        vector
    }

    fn embed_one(&self, analyser: &mut Analyser, text: &str) -> Vec<f32> {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for term in analyser.terms(text) {
            if let Some(&row) = self.terms.get(&term) {
                *counts.entry(row).or_default() += 1;
            }
        }
        let mut weights: Vec<(u32, f64)> = counts
            .into_iter()
            .map(|(row, count)| (row, weight(count, self.idf[row as usize])))
            .collect();
        // A fixed order of summation, whatever the order of the map.
        weights.sort_unstable_by_key(|&(row, _)| row);
        self.project(weights.into_iter())
    }

    /// Writes the model into the folder `path`.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let mut terms: Vec<(&str, u32)> = self
            .terms
            .iter()
            .map(|(term, &row)| (term.as_str(), row))
            .collect();
        terms.sort_unstable_by_key(|&(_, row)| row);
        let columns: [(&str, ArrayRef); 2] = [
            (
                "term",
                Arc::new(
                    terms
                        .iter()
                        .map(|(term, _)| Some(*term))
                        .collect::<StringArray>(),
                ),
            ),
            ("idf", Arc::new(Float64Array::from(self.idf.clone()))),
        ];
        let batch = RecordBatch::try_from_iter(columns)?;
        let mut writer = ArrowWriter::try_new(
            fs_err::File::create(path.join(TERMS))?,
            batch.schema(),
            None,
        )?;
        writer.write(&batch)?;
        writer.close()?;
        self.components.save(&path.join(COMPONENTS))
    }

    /// Reads what [`Self::save`] wrote.
    pub fn load(path: &Path, dim: usize, analyser: Analyser) -> anyhow::Result<Self> {
        let terms_path = path.join(TERMS);
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&terms_path)?.into_file())?
                .build()?;
        let (mut terms, mut idf) = (HashMap::new(), Vec::new());
        for batch in reader {
            let batch = batch
                .with_context(|| format!("`{}` is not a table of terms", terms_path.display()))?;
            idf.extend_from_slice(batch.column(1).as_primitive::<Float64Type>().values());
            for term in batch.column(0).as_string::<i32>().iter().flatten() {
                terms.insert(term.to_owned(), u32::try_from(terms.len())?);
            }
        }
        let components = Matrix::load(&path.join(COMPONENTS), dim)?;
        ensure!(
            components.rows() == idf.len() && terms.len() == idf.len(),
            "`{}` and its components differ in length",
            terms_path.display()
        );
        Ok(Self {
            analyser,
            terms,
            idf,
            components,
        })
    }
}

const TERMS: &str = "terms.parquet";
const COMPONENTS: &str = "components.f32";

/// Sublinear tf-idf.
fn weight(count: u32, idf: f64) -> f64 {
    (1.0 + f64::from(count).ln()) * idf
}

impl Embedder for Lsa {
    fn dim(&self) -> usize {
        self.components.dim()
    }

    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let rows: Vec<Vec<f32>> = texts
            .par_iter()
            .map_init(
                || self.analyser.clone(),
                |analyser, text| self.embed_one(analyser, text),
            )
            .collect();
        Ok(Matrix::new(self.dim(), rows.concat()))
    }
}
