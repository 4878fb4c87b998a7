//! The user's own vectors in a NumPy file beside the table.

use std::collections::HashMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use npyz::{DType, NpyFile, Order};
use serde::{Deserialize, Serialize};

use super::rows::{self, Lines};
use super::{DataError, Encoding, PathText, Place};

/// A two-dimensional `.npy` array of `f4` or `f8`, one row a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// The `.npy` file.
    pub npy: PathText,
    /// A text file with one id a line, in the order of the array's rows.
    pub ids: PathText,
}

/// The vectors of a [`VectorFile`], by id.
#[derive(Debug)]
pub(super) struct Vectors {
    path: PathBuf,
    rows: HashMap<String, usize>,
    values: Vec<f32>,
    dim: usize,
}

impl VectorFile {
    pub(super) fn load(&self) -> anyhow::Result<Vectors> {
        let (path, ids_path) = (self.npy.resolve()?, self.ids.resolve()?);
        let (values, shape) = read(&path)?;
        let [count, dim] = shape;
        let mut rows = HashMap::new();
        for line in Lines::open(&ids_path, Encoding::Utf8)? {
            let (number, id) = line?;
            let row = rows.len();
            if let Some(earlier) = rows.insert(id.trim().to_owned(), row) {
                let message = format!(
                    "the id `{}` stands already in line {}",
                    id.trim(),
                    earlier + 1
                );
                return Err(DataError::at(&ids_path, Place::Line(number), message).into());
            }
        }
        if rows.len() != count {
            let message = format!(
                "{} ids for the {count} rows of `{}`; expected one id a row",
                rows.len(),
                path.display()
            );
            return Err(DataError::file(&ids_path, message).into());
        }
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let message = format!(
                "dimension {} is not a finite number; mend or drop the row",
                position % dim + 1
            );
            return Err(
                DataError::at(&path, Place::Row((position / dim) as u64 + 1), message).into(),
            );
        }
        Ok(Vectors {
            path,
            rows,
            values,
            dim,
        })
    }
}

impl Vectors {
    /// The vector of the record `id`.
    pub(super) fn get(&self, id: &str) -> Result<Vec<f32>, DataError> {
        let row = self.rows.get(id).ok_or_else(|| {
            DataError::file(&self.path, format!("has no vector for the id `{id}`"))
        })?;
        Ok(self.values[row * self.dim..(row + 1) * self.dim].to_vec())
    }
}

/// The array of a `.npy` file in row-major order, with its shape.
fn read(path: &Path) -> Result<(Vec<f32>, [usize; 2]), DataError> {
    let fault = |message: String| DataError::file(path, message);
    let file = NpyFile::new(BufReader::new(rows::file(path)?))
        .map_err(|error| fault(format!("not a NumPy file: {error}")))?;
    let shape: Vec<usize> = file
        .shape()
        .iter()
        .map(|&n| usize::try_from(n).unwrap_or(usize::MAX))
        .collect();
    let &[count, dim] = shape.as_slice() else {
        return Err(fault(format!(
            "has {} dimensions; expected 2: records × dimensions",
            shape.len()
        )));
    };
    if count == 0 || dim == 0 {
        return Err(fault(format!("is empty: its shape is {count} × {dim}")));
    }
    if file.order() != Order::C {
        return Err(fault(
            "is in Fortran order; save it with `np.ascontiguousarray`".into(),
        ));
    }
    let code = match file.dtype() {
        DType::Plain(plain) => plain.to_string(),
        other => other.descr(),
    };
    // The header is believed only as far as the file goes: a huge one must not ask for the memory.
    let bytes = fs_err::metadata(path)
        .map_err(|error| fault(error.to_string()))?
        .len();
    let promised = shape
        .iter()
        .try_fold(4_u64, |product, &n| product.checked_mul(n as u64));
    if promised.is_none_or(|promised| promised > bytes) {
        return Err(fault(format!(
            "is cut short: its header promises {count} × {dim} numbers"
        )));
    }
    let cut = |error: std::io::Error| fault(format!("is cut short or damaged: {error}"));
    let values = match code.as_str() {
        "<f4" => file.into_vec::<f32>().map_err(cut)?,
        #[expect(clippy::cast_possible_truncation, reason = "vectors are stored as f32")]
        "<f8" => file
            .into_vec::<f64>()
            .map_err(cut)?
            .into_iter()
            .map(|value| value as f32)
            .collect(),
        other => {
            return Err(fault(format!(
                "has the type `{other}`; expected `<f4` or `<f8`, as `array.astype(\"float32\")` writes it"
            )));
        }
    };
    Ok((values, [count, dim]))
}
