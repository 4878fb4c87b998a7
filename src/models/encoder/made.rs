//! Models with made-up weights, for tests: none are stored, `tests/golden/oracle/made_weights.py` makes the same.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor, safetensors};
use fs_err as fs;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a model in it, by its small files, its tokenizer and the shapes of its tensors.
pub(crate) fn folder(
    files: &BTreeMap<String, Value>,
    tokenizer: &Value,
    tensors: &BTreeMap<String, Vec<usize>>,
) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.to_string()).unwrap();
    }
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    write_weights(folder.path(), tensors, |tensor| tensor);
    folder
}

/// Writes weights with what is made of them.
pub(crate) fn write_weights(
    folder: &Path,
    tensors: &BTreeMap<String, Vec<usize>>,
    then: impl Fn(Tensor) -> Tensor,
) {
    let made = tensors.iter().map(|(name, shape)| {
        let values = weights(name, shape.iter().product());
        let tensor = Tensor::from_vec(values, shape.as_slice(), &Device::Cpu).unwrap();
        (name.clone(), then(tensor))
    });
    safetensors::save(&made.collect(), folder.join("model.safetensors")).unwrap();
}

fn weights(name: &str, count: usize) -> Vec<f32> {
    let start = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let (scale, shift) = if name.to_lowercase().ends_with("norm.weight") {
        (0.25, 1.0)
    } else {
        (0.5, 0.0)
    };
    let value = |place: u64| {
        let z = start.wrapping_add((place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = (z ^ (z >> 31)) >> 40;
        (bits as f32 / 8_388_608.0 - 1.0) * scale + shift
    };
    (0..count as u64).map(value).collect()
}
