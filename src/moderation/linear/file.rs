//! A trained model as bytes: safetensors, so that other tools can read it too.

use std::collections::HashMap;

use anyhow::{Context, anyhow, ensure};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::weights::Weights;
use super::{Linear, LinearConfig};
use crate::moderation::ngrams::Ngrams;

/// What stands beside the weights. It is one value of the file's metadata, because a map of several has no order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// [`FORMAT`].
    format: u32,
    categories: Vec<String>,
    config: LinearConfig,
}

/// The name of the header.
const HEADER: &str = "ragkit_linear";
/// Counts up with what the file holds, and with how n-grams are found and hashed.
const FORMAT: u32 = 1;
const BUCKETS: &str = "buckets";
const INTERCEPTS: &str = "intercepts";
const WEIGHTS: &str = "weights";

impl Linear {
    /// The bytes of a safetensors file: `buckets` (u32, ascending), `weights` (f32, buckets × categories), `intercepts` (f64, categories), and the config
    /// and categories in its metadata. The same model gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            format: FORMAT,
            categories: self.categories.clone(),
            config: self.config.clone(),
        };
        let header = serde_json::to_string(&header).expect("a config is JSON");
        let little_endian = |words: &mut dyn Iterator<Item = [u8; 4]>| words.flatten().collect();
        let buckets: Vec<u8> =
            little_endian(&mut self.weights.buckets().iter().map(|b| b.to_le_bytes()));
        let weights: Vec<u8> = little_endian(&mut self.weights.rows().map(f32::to_le_bytes));
        let intercepts: Vec<u8> = self
            .intercepts
            .iter()
            .flat_map(|i| i.to_le_bytes())
            .collect();
        let (rows, categories) = (self.weights.buckets().len(), self.categories.len());
        let view = |kind, shape, bytes| {
            TensorView::new(kind, shape, bytes).expect("as many bytes as the shape says")
        };
        let tensors = [
            (BUCKETS, view(Dtype::U32, vec![rows], &buckets)),
            (WEIGHTS, view(Dtype::F32, vec![rows, categories], &weights)),
            (INTERCEPTS, view(Dtype::F64, vec![categories], &intercepts)),
        ];
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        safetensors::serialize(tensors, Some(metadata))
            .expect("three tensors with names of their own")
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where it is cut short, something else, or of another format.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let again = "train it again with `ragkit train moderation`";
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| anyhow!("no whole safetensors file ({error}); {again}"))?;
        let header = metadata.metadata().as_ref().and_then(|map| map.get(HEADER));
        let header = header.with_context(|| {
            format!("a safetensors file, but no linear model of ragkit's (it has no `{HEADER}` in its metadata); {again}")
        })?;
        let format = serde_json::from_str::<serde_json::Value>(header)?["format"].clone();
        ensure!(
            format == FORMAT,
            "a linear model of format {format}, and this ragkit reads format {FORMAT}; {again}"
        );
        let header: Header = serde_json::from_str(header)
            .with_context(|| format!("its header is not one of this ragkit; {again}"))?;
        header
            .config
            .validate()
            .map_err(|message| anyhow!("{message}; {again}"))?;
        let tensors = SafeTensors::deserialize(bytes)?;
        let tensor = |name, kind, shape: &[usize]| -> anyhow::Result<&[u8]> {
            let tensor = tensors.tensor(name)?;
            ensure!(
                tensor.dtype() == kind && tensor.shape() == shape,
                "`{name}` is {:?} {:?} and not {kind:?} {shape:?}; {again}",
                tensor.dtype(),
                tensor.shape()
            );
            Ok(tensor.data())
        };
        let rows = tensors.tensor(BUCKETS)?.shape().iter().product();
        let categories = header.categories.len();
        ensure!(categories > 0, "it has no category; {again}");
        let buckets = words(tensor(BUCKETS, Dtype::U32, &[rows])?, u32::from_le_bytes);
        let weights = words(
            tensor(WEIGHTS, Dtype::F32, &[rows, categories])?,
            f32::from_le_bytes,
        );
        let intercepts = words(
            tensor(INTERCEPTS, Dtype::F64, &[categories])?,
            f64::from_le_bytes,
        );
        let bits = header.config.ngrams.bits;
        ensure!(
            buckets.is_sorted_by(|a, b| a < b)
                && buckets.last().is_none_or(|last| *last < 1 << bits),
            "its buckets are not ascending numbers below 2^{bits}; {again}"
        );
        ensure!(
            weights.iter().all(|weight| weight.is_finite())
                && intercepts.iter().all(|intercept| intercept.is_finite()),
            "a weight is no finite number; {again}"
        );
        let ngrams = Ngrams::new(&header.config.ngrams).map_err(|message| anyhow!(message))?;
        Ok(Self {
            config: header.config,
            ngrams,
            weights: Weights::new(bits, categories, buckets, &weights),
            categories: header.categories,
            intercepts,
        })
    }
}

fn words<const N: usize, T>(bytes: &[u8], of: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (words, _) = bytes.as_chunks();
    words.iter().map(|word| of(*word)).collect()
}
