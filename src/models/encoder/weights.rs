//! Weights by name, from safetensors files.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::Value;

use super::settings::json;

/// The tensors of a model on the CPU, as `f32` on request.
pub(super) struct Weights {
    path: PathBuf,
    tensors: HashMap<String, Tensor>,
    prefix: String,
}

impl Weights {
    /// The files that hold the weights of the model in a folder.
    pub(super) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let whole = folder.join("model.safetensors");
        if whole.is_file() {
            return Ok(vec![whole]);
        }
        let index = folder.join("model.safetensors.index.json");
        ensure!(
            index.is_file(),
            "`{}` is missing; give a folder with a Hugging Face model in it, saved with `safe_serialization=True`",
            whole.display()
        );
        let listed = json(&index)?;
        let names: Option<BTreeSet<&str>> = listed
            .get("weight_map")
            .and_then(Value::as_object)
            .map(|names| names.values().filter_map(Value::as_str).collect());
        match names {
            Some(names) if !names.is_empty() => {
                Ok(names.into_iter().map(|name| folder.join(name)).collect())
            }
            _ => bail!(
                "`{}` has no `weight_map` that names a file; fetch it again",
                index.display()
            ),
        }
    }

    /// Reads files, given with their contents. Every family has a table of `words`; what stands before its name stands before every name.
    pub(super) fn read(files: &[(PathBuf, Vec<u8>)], words: &str) -> anyhow::Result<Self> {
        let mut tensors = HashMap::new();
        for (path, bytes) in files {
            let read = safetensors::load_buffer(bytes, &Device::Cpu).with_context(|| {
                format!(
                    "`{}` is not a whole safetensors file; fetch it again",
                    path.display()
                )
            })?;
            tensors.extend(read);
        }
        let path = files
            .first()
            .map(|(path, _)| path.clone())
            .unwrap_or_default();
        let prefix = tensors
            .keys()
            .filter_map(|name| name.strip_suffix(words))
            .min_by_key(|prefix| (prefix.len(), *prefix));
        match prefix.map(str::to_owned) {
            Some(prefix) => Ok(Self {
                path,
                tensors,
                prefix,
            }),
            None => bail!(
                "`{}` has no tensor `{words}`; take the weights of an encoder",
                path.display()
            ),
        }
    }

    /// The whole name of a part of the transformer: under the prefix, if there is one.
    pub(super) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A tensor of the transformer, of this shape, as `f32`.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> anyhow::Result<Tensor> {
        self.whole(&self.prefixed(name), shape)
    }

    /// Weights `[to, from]` and bias `[to]` of a linear map of the transformer.
    pub(super) fn linear(
        &self,
        name: &str,
        from: usize,
        to: usize,
    ) -> anyhow::Result<(Tensor, Tensor)> {
        self.whole_linear(&self.prefixed(name), from, to)
    }

    /// As [`Self::linear`], by its whole name: a head stands beside the transformer.
    pub(super) fn whole_linear(
        &self,
        name: &str,
        from: usize,
        to: usize,
    ) -> anyhow::Result<(Tensor, Tensor)> {
        Ok((
            self.whole(&format!("{name}.weight"), &[to, from])?,
            self.whole(&format!("{name}.bias"), &[to])?,
        ))
    }

    /// As [`Self::whole_linear`], with a bias of zeros where there is to be none.
    pub(super) fn whole_linear_if(
        &self,
        name: &str,
        from: usize,
        to: usize,
        has_bias: bool,
    ) -> anyhow::Result<(Tensor, Tensor)> {
        if has_bias {
            return self.whole_linear(name, from, to);
        }
        let weight = self.whole(&format!("{name}.weight"), &[to, from])?;
        Ok((weight, Tensor::zeros(to, DType::F32, &Device::Cpu)?))
    }

    /// The rows of a tensor by its whole name, where there is one.
    pub(super) fn rows(&self, name: &str) -> Option<usize> {
        self.tensors.get(name)?.dims().first().copied()
    }

    /// Where the weights come from: the first of their files.
    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    fn whole(&self, name: &str, shape: &[usize]) -> anyhow::Result<Tensor> {
        let Some(tensor) = self.tensors.get(name) else {
            bail!(
                "`{}` has no tensor `{name}`; take the weights that belong to `config.json`",
                self.path.display()
            );
        };
        ensure!(
            tensor.dims() == shape,
            "tensor `{name}` of `{}` has the shape {:?}, `config.json` asks for {shape:?}; take files that belong together",
            self.path.display(),
            tensor.dims()
        );
        ensure!(
            matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16),
            "tensor `{name}` of `{}` holds `{}`; take weights in f32, f16 or bf16",
            self.path.display(),
            tensor.dtype().as_str()
        );
        Ok(tensor.to_dtype(DType::F32)?)
    }

    /// Scale and shift of a layer norm by its whole name, `[2, hidden]`, with a shift of zeros where there is to be none.
    pub(super) fn whole_norm_if(
        &self,
        name: &str,
        hidden: usize,
        has_bias: bool,
    ) -> anyhow::Result<Tensor> {
        let scale = self.whole(&format!("{name}.weight"), &[hidden])?;
        let shift = if has_bias {
            self.whole(&format!("{name}.bias"), &[hidden])?
        } else {
            Tensor::zeros(hidden, DType::F32, &Device::Cpu)?
        };
        Ok(Tensor::stack(&[scale, shift], 0)?)
    }

    /// Scale and shift of a layer norm, `[2, hidden]`; old files call them gamma and beta.
    pub(super) fn norm(&self, name: &str, hidden: usize) -> anyhow::Result<Tensor> {
        let either = |new: &str, old: &str| {
            let old = format!("{name}.{old}");
            if self.tensors.contains_key(&self.prefixed(&old)) {
                self.get(&old, &[hidden])
            } else {
                self.get(&format!("{name}.{new}"), &[hidden])
            }
        };
        let (scale, shift) = (either("weight", "gamma")?, either("bias", "beta")?);
        Ok(Tensor::stack(&[scale, shift], 0)?)
    }
}
